"""Writing contents over GraphQL: from a draft to what readers see and back, and every refusal with all its problems."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.caller import Caller
from core.ids import global_id, new_uid
from tests import make
from tests.api.graphql.asking import Asking

PROBLEMS = "... on Refused { problems { code message path } }"
CREATE = f"""
mutation ($input: CreateContentInput!) {{
  createContent(input: $input) {{
    ... on CreateContentPayload {{
      content {{ __typename id title state publishedAt draft {{ number edition state title body {{ text }} }} }}
    }}
    {PROBLEMS}
  }}
}}"""
EDIT = f"""
mutation ($input: EditContentInput!) {{
  editContent(input: $input) {{
    ... on EditContentPayload {{ content {{ title }} revision {{ number edition title }} }}
    {PROBLEMS}
  }}
}}"""
PUBLISH = f"""
mutation ($input: PublishContentInput!) {{
  publishContent(input: $input) {{
    ... on PublishContentPayload {{ content {{ id title state publishedAt draft {{ number }} }} }}
    {PROBLEMS}
  }}
}}"""
WITHDRAW = f"""
mutation ($input: WithdrawContentInput!) {{
  withdrawContent(input: $input) {{ ... on WithdrawContentPayload {{ content {{ state }} }} {PROBLEMS} }}
}}"""
READ = "query ($id: ID!) { content(id: $id) { title body { html text } } }"


async def known(session: AsyncSession, caller: Caller) -> Caller:
    """The caller with an account that exists: what it does is recorded."""
    return replace(caller, account_id=(await make.account(session, name=caller.name)).id)


def paragraph(text: str) -> dict[str, Any]:
    return {"paragraph": {"spans": [{"text": text, "marks": ["STRONG"]}]}}


def article(creator: models.Creator, **draft: Any) -> dict[str, Any]:
    known = {"format": "ARTICLE", "title": "Tea", "body": [paragraph("Boil water.")]}
    return {"creatorId": global_id("Creator", creator.uid), "language": "en", "draft": known | draft}


def codes(answer: dict[str, Any], name: str) -> list[str]:
    return [problem["code"] for problem in answer[name]["problems"]]


async def test_a_content_goes_from_draft_to_readers_and_back(api: Asking, session: AsyncSession) -> None:
    ada = await make.creator(session)
    author = api.as_(await known(session, make.acting_as(ada)))

    made = (await author.data(CREATE, input=article(ada)))["createContent"]["content"]
    assert made["__typename"] == "Article"
    assert made["publishedAt"] is None
    assert made["draft"] == {
        "number": 1,
        "edition": 1,
        "state": "DRAFT",
        "title": "Tea",
        "body": {"text": "Boil water."},
    }
    assert (await api.data(READ, id=made["id"]))["content"] is None

    published = (await author.data(PUBLISH, input={"contentId": made["id"]}))["publishContent"]["content"]
    assert published["publishedAt"] == "2026-11-24T08:00:00+00:00"
    assert published["draft"] is None
    assert (await api.data(READ, id=made["id"]))["content"] == {
        "title": "Tea",
        "body": {"html": "<p><strong>Boil water.</strong></p>", "text": "Boil water."},
    }

    edit = {"contentId": made["id"], "draft": {"format": "ARTICLE", "title": "Better tea"}}
    edited = (await author.data(EDIT, input=edit))["editContent"]
    assert edited == {"content": {"title": "Tea"}, "revision": {"number": 2, "edition": 1, "title": "Better tea"}}
    assert (await api.data(READ, id=made["id"]))["content"]["title"] == "Tea"

    withdrawn = await author.data(WITHDRAW, input={"contentId": made["id"], "reason": "wrong"})
    assert withdrawn["withdrawContent"] == {"content": {"state": "WITHDRAWN"}}
    assert (await api.data(READ, id=made["id"]))["content"] is None


async def test_every_format_can_be_written(api: Asking, session: AsyncSession) -> None:
    ada = await make.creator(session)
    product = global_id("Product", (await make.product(session)).uid)
    asset = global_id("Asset", (await make.asset(session, creator_id=ada.id)).uid)
    film = global_id("Asset", (await make.asset(session, kind=models.AssetKind.VIDEO, creator_id=ada.id)).uid)
    anchor = {"productId": product, "x": 0.1, "y": 0.9}
    own: dict[str, tuple[str, dict[str, Any]]] = {
        "QNA": ("qna", {"question": "Which?"}),
        "LIVE": ("live", {"runningOrder": [{"title": "Start", "atMs": 0, "productId": product}]}),
        "GALLERY": ("gallery", {"pictures": [{"assetId": asset, "anchors": [anchor]}]}),
        "SHORT_VIDEO": ("shortVideo", {"videoId": film, "products": [{"productId": product, "fromMs": 5}]}),
        "RANKED_LIST": ("rankedList", {"entries": [{"rank": 1, "productId": product}]}),
        "ITEM_NOTE": ("itemNote", {"productId": product, "highlights": ["light"]}),
        "COLLOCATION": ("collocation", {"sceneId": asset, "pieces": [{"productId": product}]}),
    }
    author = api.as_(await known(session, make.acting_as(ada)))

    seen = set()
    for format_, (name, details) in own.items():
        sent = article(ada, format=format_, details={name: details}, coverIds=[asset])
        if format_ == "LIVE":
            sent["live"] = {"startsAt": "2026-12-01T20:00:00+08:00"}
        answer = (await author.data(CREATE, input=sent))["createContent"]
        assert "problems" not in answer, (format_, answer)
        seen.add(answer["content"]["__typename"])

    assert seen == {"Qna", "Live", "Gallery", "ShortVideo", "RankedList", "ItemNote", "Collocation"}


async def test_subtitles_of_a_film_are_a_file_of_ours_or_an_address(api: Asking, session: AsyncSession) -> None:
    ada = await make.creator(session)
    film = await make.asset(session, kind=models.AssetKind.VIDEO, creator_id=ada.id)
    here = await make.asset(
        session, kind=models.AssetKind.SUBTITLES, creator_id=ada.id, url="https://words.example/en.vtt"
    )
    author = api.as_(await known(session, make.acting_as(ada)))
    words = [
        {"language": "en", "assetId": global_id("Asset", here.uid)},
        {"language": "zh", "url": "https://words.example/zh.vtt"},
    ]
    video = global_id("Asset", film.uid)
    read = """query ($id: ID!) { content(id: $id) { ... on ShortVideo {
        subtitles { language url asset { kind } }
    } } }"""

    sent = article(ada, format="SHORT_VIDEO", details={"shortVideo": {"videoId": video, "subtitles": words}})
    made = (await author.data(CREATE, input=sent))["createContent"]["content"]
    await author.data(PUBLISH, input={"contentId": made["id"]})

    found = (await api.data(read, id=made["id"]))["content"]["subtitles"]
    assert found == [
        {"language": "en", "url": "https://words.example/en.vtt", "asset": {"kind": "SUBTITLES"}},
        {"language": "zh", "url": "https://words.example/zh.vtt", "asset": None},
    ]
    both = [words[0] | words[1], {"language": "fr"}, {"language": "de", "assetId": video}]
    sent["draft"]["details"] = {"shortVideo": {"videoId": video, "subtitles": both}}
    refused = (await author.data(CREATE, input=sent))["createContent"]["problems"]
    at = "input.draft.details.shortVideo.subtitles"
    assert [(problem["code"], ".".join(problem["path"])) for problem in refused] == [
        ("INVALID_VALUE", f"{at}.0"),
        ("INVALID_VALUE", f"{at}.1"),
        ("WRONG_ASSET_KIND", f"{at}.2.assetId"),
    ]


async def test_a_refused_draft_names_everything_wrong_and_leaves_nothing_behind(
    api: Asking, session: AsyncSession
) -> None:
    ada = await make.creator(session)
    sent = article(
        ada,
        title="two\nlines",
        body=[paragraph("fine"), {"embed": {"url": "javascript:alert(1)"}}, {"heading": {"level": 9, "text": "x"}}],
    )

    answer = (await api.as_(await known(session, make.acting_as(ada))).data(CREATE, input=sent))["createContent"]

    assert [(problem["code"], ".".join(problem["path"])) for problem in answer["problems"]] == [
        ("INVALID_VALUE", "input.draft.title"),
        ("INVALID_VALUE", "input.draft.body.1.embed.url"),
        ("LESS_THAN_EQUAL", "input.draft.body.2.heading.level"),
    ]
    assert await session.scalar(select(func.count()).select_from(models.Content)) == 0


async def test_bad_ids_are_named_with_their_place(api: Asking, session: AsyncSession) -> None:
    ada = await make.creator(session)
    creator = global_id("Creator", ada.uid)
    sent = article(ada, coverIds=["nonsense"], body=[{"image": {"assetId": creator}}])

    answer = (await api.as_(await known(session, make.acting_as(ada))).data(CREATE, input=sent))["createContent"]

    assert sorted((problem["code"], ".".join(problem["path"])) for problem in answer["problems"]) == [
        ("MALFORMED_ID", "input.draft.coverIds.0"),
        ("WRONG_ID_TYPE", "input.draft.body.0.image.assetId"),
    ]


async def test_what_a_draft_names_must_be_there(api: Asking, session: AsyncSession) -> None:
    ada = await make.creator(session)
    nowhere = global_id("Product", new_uid())
    sent = article(ada, productIds=[nowhere], tags=["scene:nowhere"])

    answer = await api.as_(await known(session, make.acting_as(ada))).data(CREATE, input=sent)

    assert codes(answer, "createContent") == ["UNKNOWN_PRODUCT", "UNKNOWN_TAG"]


async def test_a_text_may_be_sent_as_markdown(api: Asking, session: AsyncSession) -> None:
    ada = await make.creator(session)
    author = api.as_(await known(session, make.acting_as(ada)))

    made = await author.data(CREATE, input=article(ada, body=None, markdown="# Tea\n\nBoil **soft** water."))
    picture = await author.data(CREATE, input=article(ada, body=None, markdown="![](https://x.example/1.jpg)"))
    twice = await author.data(CREATE, input=article(ada, markdown="x" * 100_001))

    assert made["createContent"]["content"]["draft"]["body"]["text"] == "Tea\n\nBoil soft water."
    assert codes(picture, "createContent") == ["PICTURES_IN_MARKDOWN"]
    assert codes(twice, "createContent") == ["BODY_TWICE", "TEXT_TOO_LONG"]


async def test_details_of_another_format_are_refused(api: Asking, session: AsyncSession) -> None:
    ada = await make.creator(session)
    sent = article(ada, details={"qna": {"question": "?"}})

    answer = await api.as_(await known(session, make.acting_as(ada))).data(CREATE, input=sent)

    assert codes(answer, "createContent") == ["DETAILS_OF_ANOTHER_FORMAT"]


async def test_a_language_is_written_as_the_standard_has_it(api: Asking, session: AsyncSession) -> None:
    ada = await make.creator(session)

    answer = await api.as_(await known(session, make.acting_as(ada))).data(
        CREATE, input=article(ada) | {"language": "English"}
    )

    assert codes(answer, "createContent") == ["MALFORMED_LANGUAGE"]


async def test_a_save_over_a_newer_one_is_refused_and_loses_nothing(api: Asking, session: AsyncSession) -> None:
    ada = await make.creator(session)
    row = await make.content(session, ada, title="First", live=False)
    author = api.as_(await known(session, make.acting_as(ada)))
    save = {"contentId": global_id("Content", row.uid), "expectedRevision": "1.1"}

    first = await author.data(EDIT, input=save | {"draft": {"format": "ARTICLE", "title": "Second"}})
    stale = await author.data(EDIT, input=save | {"draft": {"format": "ARTICLE", "title": "Third"}})

    assert first["editContent"]["revision"] == {"number": 1, "edition": 2, "title": "Second"}
    assert codes(stale, "editContent") == ["STALE_REVISION"]
    assert (await author.data(READ, id=save["contentId"]))["content"]["title"] == "Second"


async def test_two_saves_in_one_request_answer_with_what_each_saved(api: Asking, session: AsyncSession) -> None:
    ada = await make.creator(session)
    row = await make.content(session, ada, live=False)
    query = """mutation ($id: ID!) {
      a: editContent(input: {contentId: $id, expectedRevision: "1.1", draft: {format: ARTICLE, title: "A"}}) { ...saved }
      b: editContent(input: {contentId: $id, expectedRevision: "1.2", draft: {format: ARTICLE, title: "B"}}) { ...saved }
    }
    fragment saved on EditContentResult { ... on EditContentPayload { content { title } revision { edition } } }"""

    data = await api.as_(await known(session, make.acting_as(ada))).data(query, id=global_id("Content", row.uid))

    assert data == {
        "a": {"content": {"title": "A"}, "revision": {"edition": 2}},
        "b": {"content": {"title": "B"}, "revision": {"edition": 3}},
    }


def call(name: str) -> str:
    verb = name[0].upper() + name[1:]
    return f"mutation ($input: {verb}Input!) {{ {name}(input: $input) {{ {PROBLEMS} }} }}"


async def test_an_operator_takes_down_and_restores_a_content(api: Asking, session: AsyncSession) -> None:
    ada = await make.creator(session)
    row = await make.content(session, ada, title="Seen")
    operator, id_ = api.as_(await known(session, make.operator())), global_id("Content", row.uid)

    assert await operator.data(call("takeDownContent"), input={"contentId": id_, "reason": "law"}) == {
        "takeDownContent": {}
    }
    assert (await api.data(READ, id=id_))["content"] is None
    publish = await api.as_(await known(session, make.acting_as(ada))).data(
        call("publishContent"), input={"contentId": id_}
    )
    assert codes(publish, "publishContent") == ["TAKEN_DOWN"]
    await operator.data(call("restoreContent"), input={"contentId": id_})
    assert (await api.data(READ, id=id_))["content"]["title"] == "Seen"


async def test_a_suspended_creator_takes_everything_with_them_until_reinstated(
    api: Asking, session: AsyncSession
) -> None:
    ada = await make.creator(session)
    row = await make.content(session, ada, title="Seen")
    operator, id_ = api.as_(await known(session, make.operator())), global_id("Creator", ada.uid)
    query = "query ($h: String!, $c: ID!) { creator(handle: $h) { name } content(id: $c) { title } }"
    asked = {"h": ada.handle, "c": global_id("Content", row.uid)}

    await operator.data(call("suspendCreator"), input={"creatorId": id_, "reason": "spam"})
    assert await api.data(query, **asked) == {"creator": None, "content": None}
    await operator.data(call("reinstateCreator"), input={"creatorId": id_})
    assert await api.data(query, **asked) == {"creator": {"name": "Ada"}, "content": {"title": "Seen"}}


@pytest.mark.parametrize("reason", ["", "   ", "x" * 1_001])
async def test_a_reason_has_bounds(api: Asking, session: AsyncSession, reason: str) -> None:
    ada = await make.creator(session)
    row = await make.content(session, ada)
    sent = {"contentId": global_id("Content", row.uid), "reason": reason}

    answer = await api.as_(await known(session, make.acting_as(ada))).data(WITHDRAW, input=sent)

    assert codes(answer, "withdrawContent") == ["REASON_OUT_OF_RANGE"]


async def test_what_channels_forms_ask_is_kept_with_the_draft(api: Asking, session: AsyncSession) -> None:
    ada = await make.creator(session)
    author = api.as_(await known(session, make.acting_as(ada)))
    form = [{"name": "subject", "value": "person"}, {"name": "owner_line", "value": "Thirty years at one loom"}]

    created = (await author.data(CREATE, input=article(ada, form=form)))["createContent"]["content"]
    again = "query ($id: ID!) { content(id: $id) { draft { form { name value } } } }"
    read = (await author.data(again, id=created["id"]))["content"]

    assert read["draft"]["form"] == sorted(form, key=lambda entry: entry["name"])


async def test_an_answer_given_twice_is_refused_with_its_place(api: Asking, session: AsyncSession) -> None:
    ada = await make.creator(session)
    author = api.as_(await known(session, make.acting_as(ada)))
    form = [{"name": "subject", "value": "person"}, {"name": "subject", "value": "shop"}]

    answer = await author.data(CREATE, input=article(ada, form=form))

    assert answer["createContent"]["problems"][0]["code"] == "NAMED_TWICE"
    assert answer["createContent"]["problems"][0]["path"] == ["input", "draft", "form", "1", "name"]
