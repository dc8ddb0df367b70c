"""Revisions of a content: their words checked and completed, and merged with the revisions that stand already."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import ValidationError

from core.ids import new_uid
from models import AssetFactsSource, AssetKind, Format, RevisionState, blocks, formats
from models.contents import AssetUse
from services.interchange import bodies, reasons
from services.interchange.kinds.base import Need
from services.interchange.records import AnswerRecord, AssetRecord, RevisionRecord, reference
from services.interchange.refusals import Refused

# The words of a revision: what its seal protects.
WORDS = ("title", "summary", "body", "details", "covers", "products", "is_original")
NAMED = frozenset({"asset", "image", "product", "products", "video", "scene", "content", "contents"})
# their own part shows no assets
BARE = frozenset({Format.ARTICLE, Format.QNA, Format.LIVE, Format.RANKED_LIST, Format.ITEM_NOTE})
SEALED = frozenset(RevisionState) - {RevisionState.DRAFT}
PUBLISHED = frozenset({RevisionState.LIVE, RevisionState.SUPERSEDED})


@dataclass(frozen=True, slots=True)
class Parts:
    """What a revision shows and leads to, in order: covers first, then what its body and its own part name."""

    assets: tuple[tuple[AssetUse, UUID], ...]
    products: tuple[UUID, ...]


def named(value: Any) -> Any:
    """References written `source:key` within a body or details, as uids."""
    if isinstance(value, dict):
        return {name: _reference(inner) if name in NAMED else named(inner) for name, inner in value.items()}
    return [named(inner) for inner in value] if isinstance(value, list | tuple) else value


def _reference(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_reference(inner) for inner in value]
    return reference(value) if isinstance(value, str) else named(value)


def _body(given: RevisionRecord | AnswerRecord, where: str) -> list[dict[str, Any]]:
    try:
        if given.markdown is not None:
            return blocks.dump(bodies.of_markdown(given.markdown).blocks)
        if given.html is not None:
            return blocks.dump(bodies.of_html(given.html).blocks)
        return blocks.dump(blocks.load(named(given.body)))
    except ValidationError as error:
        raise Refused.because(reasons.of_value(error, given.body, where)) from error
    except bodies.TooLong as error:
        raise Refused(where, error.message) from error


def pictures(given: Sequence[RevisionRecord | AnswerRecord]) -> Iterator[AssetRecord]:
    """The pictures that Markdown and HTML bodies show, as assets that stay links."""
    for one in given:
        converted = (
            bodies.of_markdown(one.markdown) if one.markdown is not None
            else bodies.of_html(one.html) if one.html is not None
            else None
        )  # fmt: skip
        for picture in converted.pictures if converted else ():
            yield AssetRecord(
                uid=picture.uid,
                kind=AssetKind.IMAGE,
                url=picture.url,
                facts_source=AssetFactsSource.NONE,
                alternative_text=picture.alternative_text,
            )


def complete(given: RevisionRecord, format_: Format, where: str) -> RevisionRecord:
    """The revision with its body as blocks and its details whole; products from all places, each once."""
    body = _body(given, f"{where}.body")
    try:
        details = formats.load(format_, named(given.details))
    except ValidationError as error:
        said = {**given.details, "format": format_.value}
        raise Refused.because(reasons.of_value(error, said, f"{where}.details")) from error
    inside = [*blocks.product_uids(blocks.load(body)), *formats.product_uids(details)]
    return given.model_copy(
        update={
            "body": tuple(body),
            "markdown": None,
            "html": None,
            "details": formats.dump(details),
            "products": tuple(dict.fromkeys([*given.products, *inside])),
        }
    )


def complete_answer(given: AnswerRecord, where: str) -> AnswerRecord:
    body = tuple(_body(given, f"{where}.body"))
    return given.model_copy(update={"body": body, "markdown": None, "html": None})


def parts(revision: RevisionRecord, format_: Format) -> Parts:
    if not revision.body and format_ in BARE:
        return Parts(tuple((AssetUse.COVER, uid) for uid in revision.covers), revision.products)
    body, details = blocks.load(list(revision.body)), formats.load(format_, revision.details)
    inside = [*blocks.asset_uids(body), *formats.asset_uids(details)]
    return Parts(
        assets=(
            *((AssetUse.COVER, uid) for uid in revision.covers),
            *((AssetUse(use), uid) for use, uid in inside),
        ),
        products=revision.products,
    )


def needs(revision: RevisionRecord, format_: Format, where: str) -> Iterator[Need]:
    found = parts(revision, format_)
    for use, uid in found.assets:
        yield Need(f"{where}.covers" if use is AssetUse.COVER else f"{where}.body", "assets", uid)
    yield from (Need(f"{where}.products", "products", uid) for uid in found.products)


def dated(given: RevisionRecord, now: datetime) -> RevisionRecord:
    """A new revision with the dates that its state calls for."""
    at = given.published_at or given.sealed_at or given.created_at or now
    return given.model_copy(
        update={
            "uid": given.uid or new_uid(),
            "created_at": given.created_at or at,
            "published_at": given.published_at or (at if given.state in PUBLISHED else None),
            "sealed_at": (given.sealed_at or at) if given.state in SEALED else None,
        }
    )


def numbered(given: Sequence[RevisionRecord], now: datetime) -> tuple[RevisionRecord, ...]:
    """The revisions of a new content: numbers grow from 1, those that are given count."""
    return tuple(_appended([], given, now))


def _appended(
    stored: Sequence[RevisionRecord], fresh: Sequence[RevisionRecord], now: datetime
) -> Iterator[RevisionRecord]:
    last = max((revision.number or 0 for revision in stored), default=0)
    for revision in fresh:
        number = revision.number if revision.number is not None and revision.number > last else last + 1
        last = number
        yield dated(revision, now).model_copy(update={"number": number})


def words(revision: RevisionRecord) -> tuple[Any, ...]:
    return tuple(getattr(revision, name) for name in WORDS)


def merged(
    stored: Sequence[RevisionRecord], given: Sequence[RevisionRecord], now: datetime
) -> tuple[RevisionRecord, ...]:
    """All revisions as they shall stand. Given ones find theirs by uid, else by state and words; what finds none is
    new; a live one that is replaced is superseded. Refused where sealed words would change.
    """
    standing = list(stored)
    fresh: list[RevisionRecord] = []
    for place, one in enumerate(given):
        found = _counterpart(standing, one)
        if found is None:
            fresh.append(one)
        else:
            standing[found] = _moved(standing[found], one, now, f"revisions.{place}")
    lives = [one for one in given if one.state is RevisionState.LIVE]
    if lives:
        live_uid = next((one.uid for one in standing if one.state is RevisionState.LIVE and _same(one, lives[0])), None)
        standing = [_superseded(one) if one.uid != live_uid else one for one in standing]
    if any(one.state is RevisionState.DRAFT for one in fresh):
        _no_second_draft(standing)
    return (*standing, *_appended(standing, fresh, now))


def _counterpart(standing: Sequence[RevisionRecord], one: RevisionRecord) -> int | None:
    for place, candidate in enumerate(standing):
        if one.uid is not None:
            if candidate.uid == one.uid:
                return place
        elif one.state is RevisionState.DRAFT:
            if candidate.state is RevisionState.DRAFT:
                return place
        elif candidate.state is one.state and words(candidate) == words(one):
            return place
    return None


def _same(candidate: RevisionRecord, one: RevisionRecord) -> bool:
    return candidate.uid == one.uid or (one.uid is None and words(candidate) == words(one))


def _moved(stored: RevisionRecord, given: RevisionRecord, now: datetime, where: str) -> RevisionRecord:
    """A standing revision as the record has it; a draft may change its words, a sealed one only its state."""
    if words(stored) == words(given) and stored.state is given.state:
        said = {name: getattr(given, name) for name in ("published_at", "scheduled_for", "schedule_zone")}
        return stored.model_copy(update={name: value for name, value in said.items() if value is not None})
    if stored.state in SEALED:
        if words(stored) != words(given):
            raise Refused(where, f"revision {stored.uid} is sealed and its words differ; give it as a new revision")
        if given.state is RevisionState.DRAFT:
            raise Refused(where, f"revision {stored.uid} is sealed and cannot become a draft again")
    changed = {name: getattr(given, name) for name in (*WORDS, "state", "scheduled_for", "schedule_zone")}
    if words(stored) != words(given):
        changed["edition"] = max(stored.edition + 1, given.edition)
    at = given.published_at or now
    changed["published_at"] = stored.published_at or (at if given.state in PUBLISHED else given.published_at)
    changed["sealed_at"] = stored.sealed_at or ((given.sealed_at or at) if given.state in SEALED else None)
    return stored.model_copy(update=changed)


def _superseded(one: RevisionRecord) -> RevisionRecord:
    return one.model_copy(update={"state": RevisionState.SUPERSEDED}) if one.state is RevisionState.LIVE else one


def _no_second_draft(standing: Sequence[RevisionRecord]) -> None:
    if any(one.state is RevisionState.DRAFT for one in standing):
        raise Refused("revisions", "there is another draft already; name it by its uid, or leave the uid out")
