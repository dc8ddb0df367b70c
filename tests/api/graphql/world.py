"""A small world in which everything that must stay hidden says SECRET, reachable from all that is public."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

import models
from models import Format
from search.backends.embedded import EmbeddedBackend
from search.documents import Change, ContentDocument, document
from search.indexing import rebuild
from tests import make

THEN = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
SECRET = "SECRET"


@dataclass
class World:
    creator: models.Creator
    suspended: models.Creator
    tag: models.Tag
    taxonomy: models.Taxonomy
    product: models.Product
    asset: models.Asset
    channel: models.Channel
    public: list[models.Content] = field(default_factory=list)
    hidden: dict[str, models.Content] = field(default_factory=dict)
    # versions of the first that is public: the live one, and the one being written
    versions: list[UUID] = field(default_factory=list)


def details(world: World, format_: Format, *, content: models.Content | None = None) -> dict[str, Any]:
    """The own part of a format, with everything in it that can be."""
    product, asset = str(world.product.uid), str(world.asset.uid)
    anchor = {"product": product, "x": 0.5, "y": 0.5, "label": "here"}
    entries = [{"rank": 1, "product": product, "reason": "good"}]
    if content is not None:
        entries.append({"rank": 2, "content": str(content.uid), "reason": "to read"})
    own: dict[Format, dict[str, Any]] = {
        Format.ARTICLE: {},
        Format.QNA: {"question": "Which one?"},
        Format.LIVE: {"running_order": [{"title": "Start", "at_ms": 0, "product": product}]},
        Format.GALLERY: {"pictures": [{"asset": asset, "caption": "c", "alternative_text": "a", "anchors": [anchor]}]},
        Format.SHORT_VIDEO: {
            "video": asset,
            "video_url": "https://films.example/1",
            "chapters": [{"at_ms": 0, "title": "One"}],
            "subtitles": [
                {"language": "en", "url": "https://films.example/1.vtt"},
                {"language": "zh", "asset": asset},
            ],
            "products": [{"product": product, "from_ms": 0, "to_ms": 5}],
        },
        Format.RANKED_LIST: {"criteria": "taste", "entries": entries},
        Format.ITEM_NOTE: {"product": product, "highlights": ["light"], "verdict": "yes"},
        Format.COLLOCATION: {"scene": asset, "anchors": [anchor], "pieces": [{"product": product, "note": "n"}]},
    }
    return own[format_]


async def build(session: AsyncSession) -> World:
    """The world: every format published; and drafts, withdrawn, taken down, erased and a suspended creator's."""
    taxonomy = await make.taxonomy(session, "scene", is_tree=True)
    tag = await make.tag(session, taxonomy, "camping")
    ada = await make.creator(session, name="Ada")
    eve = await make.creator(session, name=f"{SECRET} Eve", handle="eve")
    shop, brand = await make.shop(session), models.Brand(name="Northlight")
    session.add(brand)
    await session.flush()
    product = await make.product(
        session, shop_id=shop.id, brand_id=brand.id, category_id=tag.id, attributes={"size": "M"}
    )
    asset = await make.asset(
        session,
        creator_id=ada.id,
        facts_source=models.AssetFactsSource.DECLARED,
        facts={"frame_count": 1, "dominant_colours": [{"colour": "#ffffff", "percent": 90}]},
        focal_x=500,
        focal_y=250,
        file_name=f"{SECRET} file name",
        origin=f"{SECRET} origin",
        folder_id=(await _folder(session, ada)).id,
    )
    session.add(models.AssetTag(asset_id=asset.id, tag_id=tag.id, position=0))
    session.add(models.ProductAsset(product_id=product.id, position=0, asset_id=asset.id))
    world = World(ada, eve, tag, taxonomy, product, asset, await make.channel(session, "test.all"))
    await _hidden(session, world)
    await _public(session, world)
    await _homepage(session, world)
    await _feeds(session, world)
    await _readers(session, world)
    eve.suspended_at, eve.suspended_because = THEN, f"{SECRET} reason"
    await session.flush()
    return world


async def _folder(session: AsyncSession, creator: models.Creator) -> models.AssetFolder:
    """A folder in another one, whose names are nobody's business."""
    above = models.AssetFolder(creator_id=creator.id, name=f"{SECRET} folder")
    session.add(above)
    await session.flush()
    within = models.AssetFolder(creator_id=creator.id, name=f"{SECRET} folder within", parent_id=above.id)
    session.add(within)
    await session.flush()
    return within


def _around(world: World) -> dict[str, Any]:
    return {"tags": (world.tag,), "products": (world.product,), "covers": (world.asset,), "summary": "In short."}


async def _public(session: AsyncSession, world: World) -> None:
    for format_ in Format:
        own = details(world, format_, content=world.hidden["withdrawn"])
        row = await make.content(
            session, world.creator, format=format_, title=f"A {format_.value}", details=own, **_around(world)
        )
        world.public.append(row)
        await _secret_edit(session, world, row)
        if format_ is Format.QNA:
            await _answers(session, world, row)
        if format_ is Format.LIVE:
            session.add(models.LiveRoom(content_id=row.id, starts_at=THEN))
    await session.flush()


async def _secret_edit(session: AsyncSession, world: World, row: models.Content) -> None:
    """A new version of a published content that is still being written."""
    text = {"type": "paragraph", "spans": [{"text": f"{SECRET} text", "marks": [], "href": None}]}
    draft = models.Revision(
        content_id=row.id, number=2, title=f"{SECRET} edit", summary=f"{SECRET} summary", body=[text]
    )
    session.add(draft)
    await session.flush()
    row.draft_revision_id = draft.id
    live = await session.get_one(models.Revision, row.live_revision_id)
    world.versions = world.versions or [live.uid, draft.uid]


async def _decided(session: AsyncSession, world: World) -> None:
    """What an organisation and operators were asked about contents."""
    agency = models.Organisation(handle="north", name="North")
    session.add(agency)
    await session.flush()
    drafted, removed = world.hidden["draft"], world.hidden["taken down"]
    review = {"organisation_id": agency.id, "content_id": drafted.id, "revision_id": drafted.draft_revision_id}
    over = {"state": models.ReviewState.RETURNED, "decided_at": THEN, "note": f"{SECRET} note"}
    session.add(models.Review(**review, **over))
    session.add(models.Appeal(content_id=removed.id, text=f"{SECRET} appeal"))
    session.add(models.Erasure(creator_id=world.suspended.id, asked_at=THEN))
    await session.flush()


async def _answers(session: AsyncSession, world: World, question: models.Content) -> None:
    def answer(creator: models.Creator, text: str, **values: Any) -> models.Answer:
        body = [{"type": "paragraph", "spans": [{"text": text, "marks": [], "href": None}]}]
        return models.Answer(content_id=question.id, creator_id=creator.id, body=body, published_at=THEN, **values)

    session.add_all(
        [
            answer(world.creator, "This one."),
            answer(world.suspended, f"{SECRET} answer of a suspended creator"),
            answer(world.creator, f"{SECRET} withdrawn answer", state=models.AnswerState.WITHDRAWN, is_accepted=True),
        ]
    )


async def _readers(session: AsyncSession, world: World) -> None:
    """Who follows and comments; what may be seen of it hangs on what may not, and the other way round."""
    shown = models.Account(name=f"{SECRET}@readers.example")  # an address is no name for strangers
    suspended = models.Account(name=f"{SECRET} suspended", suspended_at=THEN)
    session.add_all([shown, suspended])
    await session.flush()
    row = next(one for one in world.public if one.format is Format.QNA)

    async def say(text: str, content: models.Content = row, by: models.Account = shown, **more: Any) -> models.Comment:
        return await make.comment(session, content, account_id=by.id, text=text, **more)

    above = await say("Well said.")
    await say("Indeed.", parent_id=above.id, creator_id=world.creator.id)
    hidden = await say(f"{SECRET} hidden", state=models.CommentState.HIDDEN)
    await say(f"{SECRET} under what is hidden", parent_id=hidden.id)
    for parent_id in (None, above.id):
        for state in (models.CommentState.WITHDRAWN, models.CommentState.TAKEN_DOWN, models.CommentState.ERASED):
            await say(f"{SECRET} {state}", state=state, state_because=f"{SECRET} because", parent_id=parent_id)
        await say(f"{SECRET} suspended", by=suspended, parent_id=parent_id)
        await say(f"{SECRET} as Eve", creator_id=world.suspended.id, parent_id=parent_id)
    for content in world.hidden.values():
        await say(f"{SECRET} under {content.id}", content)
        session.add(models.Save(account_id=shown.id, content_id=content.id))
    session.add_all(models.Follow(account_id=one.id, creator_id=world.creator.id) for one in (shown, suspended))
    await session.flush()


async def _hidden(session: AsyncSession, world: World) -> None:
    around = _around(world) | {"summary": f"{SECRET} summary", "text": f"{SECRET} text"}
    states = {
        "withdrawn": models.ContentState.WITHDRAWN,
        "taken down": models.ContentState.TAKEN_DOWN,
        "erased": models.ContentState.ERASED,
    }
    for name, state in states.items():
        world.hidden[name] = await make.content(
            session, world.creator, title=f"{SECRET} {name}", state=state, state_because=f"{SECRET} because", **around
        )
    world.hidden["draft"] = await make.content(session, world.creator, title=f"{SECRET} draft", live=False, **around)
    world.hidden["suspended"] = await make.content(session, world.suspended, title=f"{SECRET} suspended", **around)
    # a translation of something public that is not published itself
    world.hidden["of a live"] = await make.content(
        session, world.creator, title=f"{SECRET} live", format=Format.LIVE, live=False, **around
    )
    session.add(models.LiveRoom(content_id=world.hidden["of a live"].id, starts_at=THEN))
    await _decided(session, world)


async def _homepage(session: AsyncSession, world: World) -> None:
    hidden = [str(row.uid) for row in world.hidden.values()]
    by_hand = {"contents": [*hidden, str(world.public[0].uid)], "formats": [], "tags": [], "limit": 50}
    newest = {"contents": [], "formats": [], "tags": ["scene:camping"], "limit": 50}
    text = [{"type": "paragraph", "spans": [{"text": "Welcome."}]}]
    blocks: list[dict[str, Any]] = [
        {"type": "hero", "title": "Hello", "image": str(world.asset.uid), "content": hidden[0]},
        {"type": "rich_text", "title": "About", "body": text},
        {"type": "contents", "title": "Chosen", "selection": by_hand},
        {"type": "tabs", "tabs": [{"title": "New", "selection": newest}, {"title": "Chosen", "selection": by_hand}]},
        {"type": "live"},
        {"type": "products", "products": [str(world.product.uid)]},
        {"type": "questions"},
        {"type": "hologram", "title": "nobody knows this one"},
        *_leading_to(world, hidden),
    ]
    page = models.Homepage(creator_id=world.creator.id)
    session.add(page)
    await session.flush()
    secret = [{"type": "hero", "title": f"{SECRET} next page"}]
    states = models.HomepageState
    session.add_all(
        [
            models.HomepageVersion(
                homepage_id=page.id, number=1, state=models.HomepageState.LIVE, blocks=blocks, published_at=THEN
            ),
            models.HomepageVersion(homepage_id=page.id, number=2, blocks=secret),
            models.HomepageVersion(
                homepage_id=page.id, number=3, state=states.SUPERSEDED, blocks=secret, published_at=THEN
            ),
            models.HomepageVersion(
                homepage_id=page.id,
                number=4,
                state=states.SCHEDULED,
                blocks=secret,
                scheduled_for=THEN,
                schedule_zone="UTC",
                schedule_failure=f"REVIEW_REQUIRED: {SECRET} failure",
            ),
        ]
    )


def _leading_to(world: World, hidden: list[str]) -> list[dict[str, Any]]:
    """Blocks that lead to what is hidden in every way that there is."""
    picture = str(world.asset.uid)
    links = [{"title": "here", "content": uid, "image": picture} for uid in (*hidden, str(world.public[0].uid))]
    inner = [{"type": "ranked_list"}, {"type": "links", "links": links}]
    return [
        *[{"type": "banner", "image": picture, "content": uid} for uid in hidden],
        *[{"type": "ranked_list", "content": uid} for uid in hidden],
        {"type": "products", "recommended": {"on_shelf_only": False}},
        {"type": "tabs", "tabs": [{"title": "All", "blocks": inner}]},
    ]


async def _feeds(session: AsyncSession, world: World) -> None:
    """A feed that has not heard of anything being hidden: it still calls everything live."""
    feed = models.Feed(key="test.all", kind=models.FeedKind.CHANNEL, channel_id=world.channel.id)
    session.add(feed)
    await session.flush()
    rows = [*world.hidden.values(), *world.public]
    session.add(models.FeedHead(feed_id=feed.id, position=len(rows)))
    for position, row in enumerate(rows, 1):
        revision_id = row.live_revision_id or row.draft_revision_id
        assert revision_id is not None
        session.add(
            models.FeedItem(
                feed_id=feed.id,
                position=position,
                epoch=1,
                event=models.FeedEvent.PUBLISHED,
                content_id=row.id,
                version=1,
            )
        )
        session.add(
            models.FeedContent(
                feed_id=feed.id,
                content_id=row.id,
                position=position,
                version=1,
                is_live=True,
                revision_id=revision_id,
                fingerprint=b"",
                appeared_at=THEN,
                changed_at=THEN,
            )
        )


async def stale_index(folder: Path, world: World) -> EmbeddedBackend:
    """An index that still names everything that was ever seen."""

    async def seen() -> AsyncIterator[list[Change]]:
        yield [_indexed(world, row) for row in (*world.hidden.values(), *world.public)]

    index = EmbeddedBackend(folder)
    await rebuild(index, seen())
    return index


def _indexed(world: World, row: models.Content) -> Change:
    return document(
        ContentDocument(
            id=row.id,
            version=1,
            format=row.format.value,
            language="en",
            title="camping",
            summary="",
            body="",
            tag_ids=(world.tag.id,),
            tag_words=(),
            creator_id=row.creator_id,
            creator_name="Ada",
            published_at=THEN,
        )
    )


async def submit(session: AsyncSession, world: World, row: models.Content) -> models.Submission:
    """A decided submission of a content, which is its creator's business."""
    version = models.PackVersion(channel_id=world.channel.id, digest="0" * 64, body={})
    snapshot = models.FactSnapshot(digest=bytes(32), body={})
    session.add_all([version, snapshot])
    await session.flush()
    assert row.live_revision_id is not None
    submission = models.Submission(
        content_id=row.id,
        channel_id=world.channel.id,
        state=models.SubmissionState.REJECTED,
        revision_id=row.live_revision_id,
        pack_version_id=version.id,
        reason=f"{SECRET} reason",
    )
    session.add(submission)
    await session.flush()
    return submission
