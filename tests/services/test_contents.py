"""Drafts: created, saved, refused with everything wrong at once, and never overwritten unseen."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

import pytest
from pydantic import ValidationError
from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.caller import SYSTEM, Caller, Scope
from core.clock import FixedClock
from core.db import Database
from core.errors import Forbidden, Invalid
from core.ids import new_uid
from models import AssetKind, Format, RevisionState, blocks, formats
from services import access, contents, references, stamps
from services.contents import Draft
from tests import make

START = formats.Live.model_validate({"starts_at": "2026-12-01T12:00:00+08:00"})


def words(title: str = "Tea", **values: Any) -> Draft:
    return Draft.model_validate({"title": title, "details": {"format": "ARTICLE"}} | values)


@pytest.fixture
async def ada(session: AsyncSession) -> models.Creator:
    return await make.creator(session, name="Ada")


@pytest.fixture
async def author(session: AsyncSession, ada: models.Creator) -> Caller:
    return await make.author(session, ada)


async def count(session: AsyncSession, table: str) -> int:
    return await session.scalar(text(f"SELECT count(*) FROM {table}")) or 0


async def revision_of(session: AsyncSession, content: models.Content) -> models.Revision:
    return await session.get_one(models.Revision, content.draft_revision_id)


async def test_a_new_content_is_a_draft_and_nothing_waits_for_it(
    session: AsyncSession, ada: models.Creator, author: Caller, clock: FixedClock
):
    body = (blocks.Paragraph(spans=(blocks.Span(text="First the water."),)),)

    content = await contents.create(
        session, author, ada.uid, words(summary="How", body=body, is_original=True), language="en", clock=clock
    )

    revision = await revision_of(session, content)
    assert (content.format, content.language, content.group_uid) == (Format.ARTICLE, "en", content.uid)
    assert (content.live_revision_id, content.published_at) == (None, None)
    assert (revision.number, revision.state, revision.edition) == (1, RevisionState.DRAFT, 1)
    assert (revision.title, revision.summary, revision.is_original) == ("Tea", "How", True)
    assert blocks.load(revision.body) == body
    assert await count(session, "dirty_marks") == 0


@pytest.mark.parametrize("form", list(Format))
async def test_every_format_can_be_written_and_read_back(
    session: AsyncSession, ada: models.Creator, author: Caller, clock: FixedClock, form: Format
):
    kettle, picture = await make.product(session), await make.asset(session)
    film = await make.asset(session, kind=AssetKind.VIDEO, media_type="video/mp4", duration_ms=60_000)
    words_of_film = await make.asset(session, kind=AssetKind.SUBTITLES, media_type="text/vtt")
    own = details_of(str(kettle.uid), str(picture.uid), str(film.uid), str(words_of_film.uid))[form]

    content = await contents.create(
        session,
        author,
        ada.uid,
        words(details={"format": form.value} | own),
        language="en",
        clock=clock,
        live=START if form is Format.LIVE else None,
    )

    revision = await revision_of(session, content)
    assert content.format is form
    assert formats.load(form, revision.details) == words(details={"format": form.value} | own).details
    assert await count(session, "revision_products") == ("product" in str(own))
    shown = {Format.GALLERY: ["PICTURE"], Format.SHORT_VIDEO: ["VIDEO", "SUBTITLES"], Format.COLLOCATION: ["PICTURE"]}
    uses = select(models.RevisionAsset.use).order_by(models.RevisionAsset.position)
    assert list(await session.scalars(uses)) == shown.get(form, [])
    assert await count(session, "live_rooms") == (form is Format.LIVE)


def details_of(product: str, picture: str, film: str, words_of_film: str) -> dict[Format, dict[str, Any]]:
    return {
        Format.ARTICLE: {"form": {"subject": "tea"}},
        Format.QNA: {"question": "Which water?"},
        Format.LIVE: {"running_order": [{"title": "The kettle", "at_ms": 1, "product": product}]},
        Format.GALLERY: {"pictures": [{"asset": picture, "anchors": [{"product": product, "x": 0.5, "y": 1}]}]},
        Format.SHORT_VIDEO: {
            "video": film,
            "chapters": [{"at_ms": 0, "title": "Water"}],
            "subtitles": [
                {"language": "en", "asset": words_of_film},
                {"language": "zh", "url": "https://a.example/1.vtt"},
            ],
        },
        Format.RANKED_LIST: {"criteria": "taste", "entries": [{"rank": 1, "product": product, "reason": "it is hot"}]},
        Format.ITEM_NOTE: {"product": product, "highlights": ["quiet"], "verdict": "keep"},
        Format.COLLOCATION: {"scene": picture, "pieces": [{"product": product}]},
    }


async def test_an_asset_of_another_kind_cannot_stand_where_a_picture_a_film_or_subtitles_do(
    session: AsyncSession, ada: models.Creator, author: Caller, clock: FixedClock
):
    picture, sound = await make.asset(session), await make.asset(session, kind=AssetKind.AUDIO)
    film = await make.asset(session, kind=AssetKind.VIDEO)
    draft = words(
        covers=[picture.uid, film.uid],
        body=(blocks.Video(asset=picture.uid), blocks.Video(asset=film.uid), blocks.Image(asset=sound.uid)),
        details={
            "format": "SHORT_VIDEO",
            "video": sound.uid,
            "subtitles": [{"language": "en", "asset": picture.uid}],
        },
    )

    with pytest.raises(Invalid) as refused:
        await contents.create(session, author, ada.uid, draft, language="en", clock=clock)

    assert [(problem.code, problem.path) for problem in refused.value.problems] == [
        ("WRONG_ASSET_KIND", ("body", 0, "video", "asset")),
        ("WRONG_ASSET_KIND", ("body", 2, "image", "asset")),
        ("WRONG_ASSET_KIND", ("details", "SHORT_VIDEO", "video")),
        ("WRONG_ASSET_KIND", ("details", "SHORT_VIDEO", "subtitles", 0, "asset")),
        ("WRONG_ASSET_KIND", ("covers", 1)),
    ]
    assert await count(session, "contents") == 0


@pytest.mark.parametrize("named", [{}, {"url": "https://a.example/1.vtt", "asset": new_uid()}])
def test_subtitles_name_either_an_asset_or_an_address(named: dict[str, Any]):
    with pytest.raises(ValidationError, match="subtitles name either an asset or a url"):
        formats.Subtitles.model_validate({"language": "en", **named})


async def test_a_live_needs_its_start(session: AsyncSession, ada: models.Creator, author: Caller, clock: FixedClock):
    with pytest.raises(Invalid) as refused:
        await contents.create(session, author, ada.uid, words(details={"format": "LIVE"}), language="en", clock=clock)

    assert refused.value.path == ("live",)


async def test_only_a_live_starts_at_a_time(
    session: AsyncSession, ada: models.Creator, author: Caller, clock: FixedClock
):
    with pytest.raises(contents.DetailsOfAnotherFormat) as refused:
        await contents.create(session, author, ada.uid, words(), language="en", clock=clock, live=START)

    assert (refused.value.code, refused.value.path) == ("DETAILS_OF_ANOTHER_FORMAT", ("live",))
    assert await count(session, "contents") == 0


@pytest.mark.parametrize("form", list(Format))
def test_every_reference_of_a_draft_has_its_place(form: Format):
    kettle, picture, film, words_of_film = new_uid(), new_uid(), new_uid(), new_uid()
    shown = blocks.GalleryBlock(images=(blocks.Image(asset=picture),))
    draft = words(
        details={"format": form.value} | details_of(str(kettle), str(picture), str(film), str(words_of_film))[form],
        body=(shown, blocks.Video(asset=film), blocks.ProductBlock(product=kettle)),
        covers=[picture],
        products=[kettle],
    )

    named = references.named(draft)

    assert sorted(uid for _, uid in named.assets) == sorted(
        [picture, *(uid for _, uid in (*formats.asset_uids(draft.details), *blocks.asset_uids(draft.body)))]
    )
    assert sorted(uid for _, uid in named.products) == sorted(
        [kettle, *formats.product_uids(draft.details), *blocks.product_uids(draft.body)]
    )
    places = {place for place, _ in (*named.assets, *named.products)}
    assert {("body", 0, "gallery", "images", 0, "asset"), ("body", 2, "product", "product"), ("covers", 0)} <= places


async def test_a_stale_save_is_told_together_with_what_is_not_there(
    session: AsyncSession, ada: models.Creator, author: Caller, clock: FixedClock
):
    content = await contents.create(session, author, ada.uid, words(), language="en", clock=clock)
    draft = words("Mine", details={"format": "QNA"}, tags=["scene:moon"])

    with pytest.raises(Invalid) as refused:
        await contents.edit(session, author, content.uid, draft, expected_revision="1.7", clock=clock)

    assert [(problem.code, problem.path) for problem in refused.value.problems] == [
        ("STALE_REVISION", ("expected_revision",)),
        ("INVALID", ("format",)),
        ("UNKNOWN_TAG", ("tags", 0)),
    ]
    assert (await revision_of(session, content)).title == "Tea"


async def test_everything_that_is_not_there_is_named_at_once(
    session: AsyncSession, ada: models.Creator, author: Caller, clock: FixedClock
):
    scene, style = await make.taxonomy(session, "scene", most_per_content=1), await make.taxonomy(session, "style")
    for code in ("home", "office"):
        await make.tag(session, scene, code)
    await make.tag(session, style, "old", state=models.TagState.DEPRECATED)
    foreign = await make.asset(session, creator_id=(await make.creator(session, name="Eve")).id)
    nobody = new_uid()
    draft = words(
        covers=[foreign.uid, nobody],
        products=[nobody],
        tags=["scene:home", "scene:office", "scene:moon", "style:old", "nonsense"],
    )

    with pytest.raises(Invalid) as refused:
        await contents.create(session, author, ada.uid, draft, language="en", clock=clock)

    assert sorted((problem.code, problem.path) for problem in refused.value.problems) == [
        ("MALFORMED_TAG_CODE", ("tags", 4)),
        ("TAG_NOT_ACTIVE", ("tags", 3)),
        ("TOO_MANY_TAGS", ("tags",)),
        ("UNKNOWN_ASSET", ("covers", 0)),
        ("UNKNOWN_ASSET", ("covers", 1)),
        ("UNKNOWN_PRODUCT", ("products", 0)),
        ("UNKNOWN_TAG", ("tags", 2)),
    ]


async def test_a_refused_draft_leaves_nothing(committed: Database, clock: FixedClock):
    async with committed.session() as session:
        ada = await make.creator(session)

    with pytest.raises(Invalid):
        async with committed.session() as session:
            await contents.create(session, SYSTEM, ada.uid, words(products=[new_uid()]), language="en", clock=clock)

    async with committed.session() as session:
        assert [await count(session, table) for table in ("contents", "revisions", "audit_entries")] == [0, 0, 0]


async def test_a_taxonomy_may_ask_for_a_tag(
    session: AsyncSession, ada: models.Creator, author: Caller, clock: FixedClock
):
    await make.taxonomy(session, "category", least_per_content=1, most_per_content=2)

    with pytest.raises(Invalid) as refused:
        await contents.create(session, author, ada.uid, words(), language="en", clock=clock)

    assert [problem.code for problem in refused.value.problems] == ["TOO_FEW_TAGS"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("title", ""),
        ("title", "   "),
        ("title", "two\nlines"),
        ("title", "bell\x07"),
        ("title", "nul\x00"),
        ("title", "\ufffe"),
        ("title", "lone \ud800 surrogate"),
        ("title", "x" * 501),
        ("summary", "escape \x1b[31m"),
        ("summary", "x" * 100_001),
        ("body", [{"type": "paragraph", "spans": [{"text": "unit \x1f separator"}]}]),
        ("body", [{"type": "paragraph", "spans": [{"text": "x", "href": "javascript:alert(1)"}]}]),
        ("body", [{"type": "riddle"}]),
        ("body", [{"type": "heading", "level": 7, "text": "x"}]),
        ("body", [{"type": "divider"}] * 2_001),
        ("details", {"format": "POEM"}),
        ("details", {"format": "ARTICLE", "unknown": 1}),
        ("details", {"format": "ARTICLE", "form": {"subject": "bell\x07"}}),
        ("details", {"format": "ITEM_NOTE"}),
        ("covers", [str(new_uid())] * 21),
        ("tags", ["topic:tea"] * 101),
        ("author", "Eve"),
    ],
)
def test_what_cannot_be_published_cannot_be_written(field: str, value: Any):
    with pytest.raises(ValidationError) as refused:
        words(**{"title": "Tea", field: value})

    assert {error["loc"][0] for error in refused.value.errors()} == {field}


async def test_saving_a_draft_counts_its_editions(
    session: AsyncSession, ada: models.Creator, author: Caller, clock: FixedClock
):
    kettle, lamp = await make.product(session), await make.product(session, title="Lamp")
    content = await contents.create(session, author, ada.uid, words(products=[kettle.uid]), language="en", clock=clock)

    _, saved = await contents.edit(
        session, author, content.uid, words("Green tea", products=[lamp.uid]), expected_revision="1.1", clock=clock
    )

    assert (saved.number, saved.edition, saved.title) == (1, 2, "Green tea")
    shown = await session.scalars(select(models.RevisionProduct.product_id))
    assert list(shown) == [lamp.id]


@pytest.mark.parametrize("seen", [None, "", "1", "1.1", "1.3", "2.2"])
async def test_a_stale_save_is_refused_and_loses_nothing(
    session: AsyncSession, ada: models.Creator, author: Caller, clock: FixedClock, seen: str | None
):
    content = await contents.create(session, author, ada.uid, words(), language="en", clock=clock)
    await contents.edit(session, author, content.uid, words("Newer"), expected_revision="1.1", clock=clock)

    with pytest.raises(stamps.StaleRevision) as refused:
        await contents.edit(session, author, content.uid, words("Mine"), expected_revision=seen, clock=clock)

    assert (refused.value.code, refused.value.current) == ("STALE_REVISION", "1.2")
    assert (await revision_of(session, content)).title == "Newer"


async def test_beside_a_live_revision_a_new_draft_begins(
    session: AsyncSession, ada: models.Creator, author: Caller, clock: FixedClock
):
    content = await make.content(session, ada, title="Live")

    with pytest.raises(stamps.StaleRevision):
        await contents.edit(session, author, content.uid, words("Next"), expected_revision="1.1", clock=clock)
    _, revision = await contents.edit(session, author, content.uid, words("Next"), expected_revision=None, clock=clock)

    assert (revision.number, revision.state, revision.edition) == (2, RevisionState.DRAFT, 1)
    live = await session.get_one(models.Revision, content.live_revision_id)
    assert (live.title, live.state) == ("Live", RevisionState.LIVE)
    assert content.version == 1  # nothing of what is shown has changed


async def test_a_format_stays(session: AsyncSession, ada: models.Creator, author: Caller, clock: FixedClock):
    content = await contents.create(session, author, ada.uid, words(), language="en", clock=clock)

    with pytest.raises(Invalid) as refused:
        await contents.edit(
            session, author, content.uid, words(details={"format": "QNA"}), expected_revision="1.1", clock=clock
        )

    assert refused.value.path == ("format",)


async def test_of_two_who_save_at_once_one_is_told(committed: Database, clock: FixedClock):
    async with committed.session() as session:
        ada = await make.creator(session)
        content = await contents.create(session, SYSTEM, ada.uid, words(), language="en", clock=clock)

    async def save(title: str) -> str:
        try:
            async with committed.session() as session:
                await contents.edit(session, SYSTEM, content.uid, words(title), expected_revision="1.1", clock=clock)
        except stamps.StaleRevision:
            return "stale"
        return title

    outcomes = await asyncio.gather(*(save(str(number)) for number in range(5)))

    (winner,) = [outcome for outcome in outcomes if outcome != "stale"]
    async with committed.session() as session:
        revision = await revision_of(session, content)
    assert (revision.title, revision.edition) == (winner, 2)


# rights


async def test_strangers_neither_write_nor_learn(
    session: AsyncSession, ada: models.Creator, author: Caller, clock: FixedClock
):
    eve = await make.author(session, await make.creator(session, name="Eve"))
    draft = await contents.create(session, author, ada.uid, words(), language="en", clock=clock)
    live = await make.content(session, ada)

    with pytest.raises(Forbidden):
        await contents.create(session, eve, ada.uid, words(), language="en", clock=clock)
    with pytest.raises(access.NoSuchContent):
        await contents.edit(session, eve, draft.uid, words(), expected_revision="1.1", clock=clock)
    with pytest.raises(access.NoSuchContent):
        await contents.edit(session, eve, UUID(int=1), words(), expected_revision="1.1", clock=clock)
    with pytest.raises(Forbidden):
        await contents.edit(session, eve, live.uid, words(), expected_revision=None, clock=clock)


async def test_writing_needs_its_scope(session: AsyncSession, ada: models.Creator, clock: FixedClock):
    reader = await make.author(session, ada, Scope.FEED_READ)

    with pytest.raises(access.MissingScope):
        await contents.create(session, reader, ada.uid, words(), language="en", clock=clock)


# translations


async def test_a_translation_stands_beside_its_original(
    session: AsyncSession, ada: models.Creator, author: Caller, clock: FixedClock
):
    original = await contents.create(session, author, ada.uid, words(), language="en", clock=clock)

    chinese = await contents.create(
        session, author, ada.uid, words("茶"), language="zh", clock=clock, translation_of=original.uid
    )
    french = await contents.create(
        session, author, ada.uid, words("Thé"), language="fr", clock=clock, translation_of=chinese.uid
    )

    assert chinese.group_uid == french.group_uid == original.uid


async def test_a_language_stands_once_in_a_group(
    session: AsyncSession, ada: models.Creator, author: Caller, clock: FixedClock
):
    original = await contents.create(session, author, ada.uid, words(), language="en", clock=clock)

    with pytest.raises(contents.TranslationExists) as refused:
        await contents.create(
            session, author, ada.uid, words(), language="en", clock=clock, translation_of=original.uid
        )

    assert refused.value.path == ("language",)
    assert await session.scalar(select(func.count()).select_from(models.Content)) == 1


async def test_only_what_one_may_edit_is_translated(session: AsyncSession, ada: models.Creator, clock: FixedClock):
    eve = await make.creator(session, name="Eve")
    theirs = await make.content(session, ada)

    with pytest.raises(Forbidden):
        await contents.create(
            session,
            await make.author(session, eve),
            eve.uid,
            words(),
            language="zh",
            clock=clock,
            translation_of=theirs.uid,
        )
