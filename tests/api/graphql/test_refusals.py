"""What a refused mutation tells: everything at once, in the order of the input, each where the client wrote it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

import models
from api.graphql import places
from api.graphql.inputs import DraftInput
from core.ids import global_id, new_uid
from services import contents, references
from tests import make
from tests.api.graphql.asking import Asking

START = {"startsAt": "2026-12-01T20:00:00+08:00"}
Told = list[tuple[str, str]]


@pytest.fixture
async def ada(session: AsyncSession) -> models.Creator:
    return await make.creator(session)


@pytest.fixture
async def author(api: Asking, session: AsyncSession, ada: models.Creator) -> Asking:
    account = await make.account(session)
    return api.as_(replace(make.acting_as(ada), account_id=account.id))


def new(creator: models.Creator, **draft: Any) -> dict[str, Any]:
    known = {"format": "ARTICLE", "title": "Tea"}
    return {"creatorId": global_id("Creator", creator.uid), "language": "en", "draft": known | draft}


async def refused(asking: Asking, name: str, sent: dict[str, Any]) -> list[dict[str, Any]]:
    """The problems of a mutation that must be refused."""
    verb = name[0].upper() + name[1:]
    query = (
        f"mutation ($input: {verb}Input!)"
        f" {{ {name}(input: $input) {{ ... on Refused {{ problems {{ code message path }} }} }} }}"
    )
    problems: list[dict[str, Any]] = (await asking.data(query, input=sent))[name]["problems"]
    return problems


def told(problems: list[dict[str, Any]]) -> Told:
    return [(problem["code"], ".".join(problem["path"])) for problem in problems]


async def count(session: AsyncSession, model: type[models.Base]) -> int:
    return await session.scalar(select(func.count()).select_from(model)) or 0


# everything at once


def wrong(creator: models.Creator) -> dict[str, Any]:
    return {
        "title": "  ",
        "summary": "x" * 100_001,
        "body": [
            {"heading": {"level": 9, "text": "x"}},
            {"product": {"productId": global_id("Product", new_uid())}},
            {"image": {"assetId": global_id("Creator", creator.uid)}},
        ],
        "details": {"qna": {"question": "x" * 100_001}},
        "form": [{"name": "Owner Line", "value": "x"}, {"name": "subject", "value": "x" * 2_001}],
        "coverIds": ["zzz", global_id("Asset", new_uid())],
        "productIds": [global_id("Creator", creator.uid)],
        "tags": ["nope", "scene:nowhere"],
    }


WRONG: Told = [
    ("STRING_TOO_SHORT", "input.draft.title"),
    ("STRING_TOO_LONG", "input.draft.summary"),
    ("LESS_THAN_EQUAL", "input.draft.body.0.heading.level"),
    ("UNKNOWN_PRODUCT", "input.draft.body.1.product.productId"),
    ("WRONG_ID_TYPE", "input.draft.body.2.image.assetId"),
    ("DETAILS_OF_ANOTHER_FORMAT", "input.draft.details.qna"),
    ("STRING_TOO_LONG", "input.draft.details.qna.question"),
    ("STRING_PATTERN_MISMATCH", "input.draft.form.0.name"),
    ("STRING_TOO_LONG", "input.draft.form.1.value"),
    ("MALFORMED_ID", "input.draft.coverIds.0"),
    ("UNKNOWN_ASSET", "input.draft.coverIds.1"),
    ("WRONG_ID_TYPE", "input.draft.productIds.0"),
    ("MALFORMED_TAG_CODE", "input.draft.tags.0"),
    ("UNKNOWN_TAG", "input.draft.tags.1"),
]


async def test_a_refused_creation_names_everything_at_once(
    author: Asking, session: AsyncSession, ada: models.Creator
) -> None:
    sent = new(ada, **wrong(ada)) | {
        "language": "klingon!!",
        "translationOfId": "zzz",
        "live": START | {"streamUrl": "ftp://x"},
    }

    problems = await refused(author, "createContent", sent)

    assert told(problems) == [
        ("MALFORMED_LANGUAGE", "input.language"),
        *WRONG,
        ("MALFORMED_ID", "input.translationOfId"),
        ("DETAILS_OF_ANOTHER_FORMAT", "input.live"),
        ("INVALID_VALUE", "input.live.streamUrl"),
    ]
    assert await count(session, models.Content) == 0


async def test_a_refused_save_names_everything_at_once(
    author: Asking, session: AsyncSession, ada: models.Creator
) -> None:
    row = await make.content(session, ada, format=models.Format.QNA, title="Which?", live=False)
    sent = {
        "contentId": global_id("Content", row.uid),
        "expectedRevision": "1.7",
        "draft": new(ada, **wrong(ada))["draft"],
    }

    problems = await refused(author, "editContent", sent)

    assert told(problems) == [
        ("STALE_REVISION", "input.expectedRevision"),
        ("INVALID", "input.draft.format"),
        *WRONG,
    ]
    draft = await session.get_one(models.Revision, row.draft_revision_id, populate_existing=True)
    assert (draft.title, draft.edition) == ("Which?", 1)


async def test_an_id_that_cannot_be_read_hides_nothing_else(
    author: Asking, session: AsyncSession, ada: models.Creator
) -> None:
    draft = new(ada, title="", tags=["scene:nowhere"])["draft"]
    expected = [("STRING_TOO_SHORT", "input.draft.title"), ("UNKNOWN_TAG", "input.draft.tags.0")]

    created = await refused(author, "createContent", {"creatorId": "zzz", "language": "en", "draft": draft})
    edited = await refused(author, "editContent", {"contentId": "zzz", "draft": draft})
    withdrawn = await refused(author, "withdrawContent", {"contentId": "zzz", "reason": " "})

    assert told(created) == [("MALFORMED_ID", "input.creatorId"), *expected]
    assert told(edited) == [("MALFORMED_ID", "input.contentId"), *expected]
    assert told(withdrawn) == [("MALFORMED_ID", "input.contentId"), ("REASON_OUT_OF_RANGE", "input.reason")]


async def test_who_may_not_write_does_not_learn_what_is_there(
    api: Asking, session: AsyncSession, ada: models.Creator
) -> None:
    eve = api.as_(make.acting_as(await make.creator(session, name="Eve")))
    picture = await make.asset(session, creator_id=ada.id)
    sent = new(ada, title="", coverIds=[global_id("Asset", picture.uid), global_id("Asset", new_uid())])

    problems = await refused(eve, "createContent", sent)

    assert told(problems) == [("FORBIDDEN", ""), ("STRING_TOO_SHORT", "input.draft.title")]


async def test_a_language_that_is_taken_is_told_with_the_rest(
    author: Asking, session: AsyncSession, ada: models.Creator
) -> None:
    original = await make.content(session, ada, language="en")
    sent = new(ada, tags=["nope"]) | {"translationOfId": global_id("Content", original.uid)}

    problems = await refused(author, "createContent", sent)

    assert told(problems) == [("TRANSLATION_EXISTS", "input.language"), ("MALFORMED_TAG_CODE", "input.draft.tags.0")]


# where it is


async def test_what_is_not_there_is_told_with_its_place(
    author: Asking, session: AsyncSession, ada: models.Creator
) -> None:
    scene = await make.taxonomy(session, "scene", most_per_content=1)
    await make.tag(session, scene, "home")
    await make.tag(session, scene, "office")
    await make.tag(session, scene, "old", state=models.TagState.DEPRECATED)
    asset, product = global_id("Asset", new_uid()), global_id("Product", new_uid())
    anchor = {"productId": product, "x": 0.1, "y": 0.9}
    sent = new(
        ada,
        format="GALLERY",
        body=[{"gallery": {"images": [{"assetId": asset}]}}, {"video": {"assetId": asset}}],
        details={"gallery": {"pictures": [{"assetId": asset, "anchors": [anchor]}]}},
        coverIds=[asset],
        productIds=[product],
        tags=["scene:home", "scene:moon", "scene:office", "scene:old", "scene:moon"],
    )

    problems = await refused(author, "createContent", sent)

    assert told(problems) == [
        ("UNKNOWN_ASSET", "input.draft.body.0.gallery.images.0.assetId"),
        ("UNKNOWN_ASSET", "input.draft.body.1.video.assetId"),
        ("UNKNOWN_ASSET", "input.draft.details.gallery.pictures.0.assetId"),
        ("UNKNOWN_PRODUCT", "input.draft.details.gallery.pictures.0.anchors.0.productId"),
        ("UNKNOWN_ASSET", "input.draft.coverIds.0"),
        ("UNKNOWN_PRODUCT", "input.draft.productIds.0"),
        ("TOO_MANY_TAGS", "input.draft.tags"),
        ("UNKNOWN_TAG", "input.draft.tags.1"),
        ("TAG_NOT_ACTIVE", "input.draft.tags.3"),
        ("UNKNOWN_TAG", "input.draft.tags.4"),
    ]


@pytest.mark.parametrize(
    ("name", "sent", "expected"),
    [
        ("publishContent", {"contentId": "Content"}, ("NO_SUCH_CONTENT", "input.contentId")),
        ("withdrawContent", {"contentId": "Content", "reason": "r"}, ("NO_SUCH_CONTENT", "input.contentId")),
        ("editContent", {"contentId": "Content", "draft": {}}, ("NO_SUCH_CONTENT", "input.contentId")),
        ("createContent", {"creatorId": "Creator", "language": "en", "draft": {}}, ("NO_SUCH_CREATOR", "input.creatorId")),
        ("createContent", {"translationOfId": "Content"}, ("NO_SUCH_CONTENT", "input.translationOfId")),
    ],
)  # fmt: skip
async def test_an_object_that_is_not_there_is_told_where_its_id_stands(
    author: Asking, ada: models.Creator, name: str, sent: dict[str, Any], expected: tuple[str, str]
) -> None:
    ids = {key: global_id(value, new_uid()) for key, value in sent.items() if key.endswith("Id")}
    draft = {"draft": new(ada)["draft"]} if "draft" in sent else {}
    whole = (new(ada) if name == "createContent" else {}) | sent | ids | draft

    assert told(await refused(author, name, whole)) == [expected]


async def test_channels_that_do_not_exist_are_told_by_their_place(
    author: Asking, session: AsyncSession, ada: models.Creator
) -> None:
    draft = await make.content(session, ada, live=False)
    nothing = await make.content(session, ada, live=False)
    nothing.draft_revision_id = None
    await session.flush()
    channels = ["test.none", "test.nowhere"]

    one = await refused(author, "publishContent", {"contentId": global_id("Content", draft.uid), "channels": channels})
    two = await refused(
        author, "publishContent", {"contentId": global_id("Content", nothing.uid), "channels": channels}
    )

    unknown = [("UNKNOWN_CHANNEL", "input.channels.0"), ("UNKNOWN_CHANNEL", "input.channels.1")]
    assert told(one) == unknown
    assert told(two) == [("NOTHING_TO_PUBLISH", ""), *unknown]
    assert draft.live_revision_id is None


async def test_what_is_wrong_with_markdown_is_told_of_the_markdown(author: Asking, ada: models.Creator) -> None:
    text = "\n\n".join("a" for _ in range(2_001))

    problems = await refused(author, "createContent", new(ada, title="", markdown=text))

    assert told(problems) == [("STRING_TOO_SHORT", "input.draft.title"), ("BODY_TOO_LONG", "input.draft.markdown")]


def test_every_reference_that_a_draft_can_hold_has_a_place_in_the_input() -> None:
    uid = new_uid()
    anchor = {"product": uid, "x": 0, "y": 0}
    own: list[dict[str, Any]] = [
        {"format": "LIVE", "running_order": [{"title": "t", "product": uid}]},
        {"format": "GALLERY", "pictures": [{"asset": uid, "anchors": [anchor]}]},
        {
            "format": "SHORT_VIDEO",
            "video": uid,
            "subtitles": [{"language": "en", "asset": uid}],
            "products": [{"product": uid, "from_ms": 0}],
        },
        {"format": "RANKED_LIST", "entries": [{"rank": 1, "product": uid}]},
        {"format": "ITEM_NOTE", "product": uid},
        {"format": "COLLOCATION", "scene": uid, "anchors": [anchor], "pieces": [{"product": uid}]},
    ]

    for details in own:
        draft = contents.Draft.model_validate({"title": "t", "details": details, "covers": [uid], "products": [uid]})
        named = references.named(draft)
        for place, _ in (*named.assets, *named.products):
            way = [*places.steps(DraftInput, place)]
            assert way[0][1] in {"details", "coverIds", "productIds"}
            assert all(field is not None or isinstance(name, int) for _, name, field in way), place


# the format's own part


async def test_the_start_of_a_live_belongs_to_a_live(
    author: Asking, session: AsyncSession, ada: models.Creator
) -> None:
    given = await refused(author, "createContent", new(ada) | {"live": START})
    missing = await refused(author, "createContent", new(ada, format="LIVE"))
    missing_and_more = await refused(author, "createContent", new(ada, format="LIVE", title=""))

    assert told(given) == [("DETAILS_OF_ANOTHER_FORMAT", "input.live")]
    assert told(missing) == [("START_MISSING", "input.live")]
    assert told(missing_and_more) == [("STRING_TOO_SHORT", "input.draft.title"), ("START_MISSING", "input.live")]
    assert await count(session, models.Content) == 0


@pytest.mark.parametrize("code", ["BAD_VARIABLES", "VALIDATION_FAILED"])
async def test_an_instant_without_a_zone_is_the_clients_mistake(author: Asking, ada: models.Creator, code: str) -> None:
    sent = new(ada, format="LIVE") | {"live": {"startsAt": "2026-12-01T20:00:00"}}
    id_ = sent["creatorId"]
    as_variable = "mutation ($input: CreateContentInput!) { createContent(input: $input) { __typename } }"
    in_document = (
        f'mutation {{ createContent(input: {{creatorId: "{id_}", language: "en", draft: {{format: LIVE, title: "T"}},'
        ' live: {startsAt: "2026-12-01T20:00:00"}}) { __typename } }'
    )

    answer = await (author.send(as_variable, input=sent) if code == "BAD_VARIABLES" else author.send(in_document))

    assert [error["extensions"]["code"] for error in answer["errors"]] == [code]
    assert "an instant says its zone" in answer["errors"][0]["message"]


# what to do


@pytest.mark.parametrize(
    ("draft", "message", "path"),
    [
        ({"format": "ITEM_NOTE"}, "Give `productId`: the id of a Product.", "details.itemNote.productId"),
        ({"tags": ["nope"]}, "Write a tag as taxonomy:code, such as scene:camping.", "tags.0"),
        ({"tags": ["scene:"]}, "Write a tag as taxonomy:code, such as scene:camping.", "tags.0"),
        ({"tags": ["scene:no"]}, "There is no tag scene:no: see the query taxonomies.", "tags.0"),
        ({"title": " "}, "Write something here: this may not be empty.", "title"),
        ({"title": "x" * 501}, "Shorten this to at most 500 characters.", "title"),
        ({"tags": ["a:b"] * 101}, "List at most 100 here.", "tags"),
        ({"body": [{"gallery": {"images": []}}]}, "List at least 1 here.", "body.0.gallery.images"),
        (
            {"body": [{"heading": {"level": 0, "text": "x"}}]},
            "Give a number that is 1 or more.",
            "body.0.heading.level",
        ),
        (
            {"form": [{"name": "Subject", "value": "x"}]},
            "Write the name as packs do: small Latin letters and underscores, at most 40, such as owner_line.",
            "form.0.name",
        ),
        (
            {"form": [{"name": f"{a}{b}", "value": "x"} for a in "abcdef" for b in "abcdefg"]},
            "List at most 40 here.",
            "form",
        ),
        (
            {
                "format": "SHORT_VIDEO",
                "details": {
                    "shortVideo": {"products": [{"productId": global_id("Product", new_uid()), "fromMs": 2, "toMs": 1}]}
                },
            },
            "`toMs` is before `fromMs`: swap them.",
            "details.shortVideo.products.0",
        ),
    ],
)
async def test_a_message_says_what_to_do(
    author: Asking, ada: models.Creator, draft: dict[str, Any], message: str, path: str
) -> None:
    problems = await refused(author, "createContent", new(ada, **draft))

    assert (problems[0]["message"], ".".join(problems[0]["path"])) == (message, f"input.draft.{path}")
