"""Rows for tests: plain typed functions with sensible defaults; a test sets only what it is about."""

from __future__ import annotations

import dataclasses
import hashlib
import itertools
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.caller import Caller, Scope
from core.ids import new_uid
from core.store import Store
from services import assets

EARLY = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)
_numbers = itertools.count(1)


async def _added(session: AsyncSession, row: Any) -> Any:
    session.add(row)
    await session.flush()
    return row


async def creator(session: AsyncSession, *, name: str = "Ada", **facts: Any) -> models.Creator:
    """A creator; `roles` and `fields` take codes that exist."""
    roles, fields = facts.pop("roles", ()), facts.pop("fields", ())
    values = {"handle": f"{name.lower()}-{next(_numbers)}", "kind": models.CreatorKind.SELF_MEDIA, "level": 3} | facts
    row: models.Creator = await _added(session, models.Creator(name=name, **values))
    session.add_all(models.CreatorRole(creator_id=row.id, role_code=code) for code in roles)
    session.add_all(models.CreatorField(creator_id=row.id, field_code=code) for code in fields)
    await session.flush()
    return row


async def account(session: AsyncSession, *, name: str = "Ada") -> models.Account:
    return await _added(session, models.Account(name=name))  # type: ignore[no-any-return]


def acting_as(creator: models.Creator, *scopes: Scope) -> Caller:
    """A caller who may act as this creator; with the usual scopes of an author unless others are named."""
    usual = (Scope.CONTENT_WRITE, Scope.CONTENT_PUBLISH, Scope.CREATOR_WRITE)
    return Caller(
        name=creator.handle, account_id=-1, creator_ids=frozenset({creator.id}), scopes=frozenset(scopes or usual)
    )


def operator() -> Caller:
    return Caller(name="operator", account_id=-2, scopes=frozenset({Scope.OPERATE}))


async def taxonomy(session: AsyncSession, code: str = "topic", **values: Any) -> models.Taxonomy:
    known = {"is_tree": False, "labels": {"en": code.title(), "zh": code}} | values
    return await _added(session, models.Taxonomy(code=code, **known))  # type: ignore[no-any-return]


async def tag(
    session: AsyncSession, taxonomy: models.Taxonomy, code: str, *, parent: models.Tag | None = None, **values: Any
) -> models.Tag:
    known = {"labels": {"en": code.title(), "zh": code}} | values
    row: models.Tag = await _added(
        session,
        models.Tag(taxonomy_id=taxonomy.id, code=code, parent_id=parent.id if parent else None, **known),
    )
    row.path = [*(parent.path if parent else []), row.id]
    await session.flush()
    return row


async def asset(
    session: AsyncSession, *, kind: models.AssetKind = models.AssetKind.IMAGE, **facts: Any
) -> models.Asset:
    values = {"width": 1200, "height": 800, "media_type": "image/jpeg", "byte_count": 200_000} | facts
    values.setdefault("url", f"https://pictures.example/{next(_numbers)}.jpg")
    return await _added(session, models.Asset(kind=kind, **values))  # type: ignore[no-any-return]


async def shop(session: AsyncSession, *, name: str = "Corner shop", **values: Any) -> models.Shop:
    known = {"description_score": 480, "service_score": 480, "logistics_score": 480} | values
    return await _added(session, models.Shop(name=name, **known))  # type: ignore[no-any-return]


async def product(session: AsyncSession, *, title: str = "Kettle", **values: Any) -> models.Product:
    known = {"price_minor": 19_900, "currency": "CNY"} | values
    return await _added(session, models.Product(title=title, **known))  # type: ignore[no-any-return]


async def content(
    session: AsyncSession,
    creator: models.Creator,
    *,
    title: str = "A morning in Hangzhou",
    format: models.Format = models.Format.ARTICLE,  # noqa: A002  (the word of the domain)
    live: bool = True,
    text: str = "Tea, then the lake.",
    published_at: datetime = EARLY,
    tags: tuple[models.Tag, ...] = (),
    products: tuple[models.Product, ...] = (),
    covers: tuple[models.Asset, ...] = (),
    **values: Any,
) -> models.Content:
    """A content with one revision: live from `published_at`, or a draft."""
    uid = new_uid()
    known = {"language": "en", "group_uid": uid, "tag_ids": [tag.id for tag in tags]} | values
    summary, details = known.pop("summary", ""), known.pop("details", {})
    row: models.Content = await _added(session, models.Content(uid=uid, creator_id=creator.id, format=format, **known))
    revision = await _added(
        session,
        models.Revision(
            content_id=row.id,
            number=1,
            title=title,
            summary=summary,
            body=[{"type": "paragraph", "spans": [{"text": text, "marks": [], "href": None}]}] if text else [],
            details=details,
            state=models.RevisionState.LIVE if live else models.RevisionState.DRAFT,
            sealed_at=published_at if live else None,
            published_at=published_at if live else None,
        ),
    )
    if live:
        row.live_revision_id, row.published_at, row.changed_at = revision.id, published_at, published_at
    else:
        row.draft_revision_id = revision.id
    session.add_all(
        models.Tagging(content_id=row.id, tag_id=tag.id, position=place, source=models.TaggingSource.AUTHOR)
        for place, tag in enumerate(tags)
    )
    session.add_all(
        models.RevisionProduct(revision_id=revision.id, position=place, product_id=product.id)
        for place, product in enumerate(products)
    )
    session.add_all(
        models.RevisionAsset(revision_id=revision.id, position=place, use=models.AssetUse.COVER, asset_id=cover.id)
        for place, cover in enumerate(covers)
    )
    await session.flush()
    return row


async def channel(
    session: AsyncSession, key: str = "house.test", *, body: dict[str, Any] | None = None, **values: Any
) -> models.Channel:
    """A channel; with `body` (a pack's canonical form) also the installed version of its pack."""
    known = {
        "kind": models.ChannelKind.PLATFORM,
        "names": {"en": key, "zh": key},
        "time_zone": "Asia/Shanghai",
    } | values
    row: models.Channel = await _added(session, models.Channel(key=key, **known))
    if body is not None:
        digest = hashlib.sha256(repr(sorted(body.items())).encode()).hexdigest()
        version = await _added(session, models.PackVersion(channel_id=row.id, digest=digest, body=body))
        row.pack_version_id = version.id
        await session.flush()
    return row


def day(text: str) -> date:
    return date.fromisoformat(text)


async def author(session: AsyncSession, creator: models.Creator, *scopes: Scope) -> Caller:
    """A caller with an account of its own who may act as this creator: what it does can be put on record."""
    owner = await account(session, name=creator.name)
    return dataclasses.replace(acting_as(creator, *scopes), account_id=owner.id)


async def reader(session: AsyncSession, *, name: str = "Rio", scopes: tuple[Scope, ...] = ()) -> Caller:
    """A caller with an account of its own that acts as nobody: it follows, likes, comments and votes."""
    row = await account(session, name=name)
    return Caller(name=name, account_id=row.id, scopes=frozenset(scopes or (Scope.ENGAGEMENT_WRITE,)))


async def comment(
    session: AsyncSession, content: models.Content, *, account_id: int, text: str = "Well said.", **values: Any
) -> models.Comment:
    """A comment as a row, which is not counted."""
    row = models.Comment(content_id=content.id, account_id=account_id, text=text, **values)
    return await _added(session, row)  # type: ignore[no-any-return]


async def answer(
    session: AsyncSession, question: models.Content, creator: models.Creator, *, text: str = "This one.", **values: Any
) -> models.Answer:
    body = [{"type": "paragraph", "spans": [{"text": text, "marks": [], "href": None}]}]
    known = {"published_at": EARLY, "body": body} | values
    row = models.Answer(content_id=question.id, creator_id=creator.id, **known)
    return await _added(session, row)  # type: ignore[no-any-return]


async def instance(session: AsyncSession) -> models.Instance:
    """The one row of an installation, which its first process makes."""
    row = models.Instance(id=1, authority="content.example", authority_on=day("2026-11-24"))
    return await _added(session, row)  # type: ignore[no-any-return]


async def held(
    session: AsyncSession, store: Store, content: bytes, media_type: str = "image/jpeg", **values: Any
) -> models.Asset:
    """An asset whose bytes we hold and have looked at; `found` are the facts of its blob, `state` how far looking has come."""
    state, found = values.pop("state", models.ProbeState.PROBED), values.pop("found", {})
    digest = await assets.keep(session, store, content, media_type)
    blob = await session.get_one(models.Blob, digest)
    blob.probe_state, blob.facts = state, {"media_type": media_type, **found}
    blob.probed_at = EARLY if state is models.ProbeState.PROBED else None
    blob.probe_failure = "BROKEN_FILE" if state is models.ProbeState.REFUSED else None
    known: dict[str, Any] = {"media_type": media_type, "byte_count": len(content), "url": None} | values
    return await asset(session, sha256=digest, **known)
