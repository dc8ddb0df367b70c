"""Writing a homepage through the API: saved whole or refused with everything at once, previewed, published, rolled back."""

from __future__ import annotations

import base64
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.caller import Scope
from core.ids import global_id
from services import homepages
from tests import make
from tests.api.graphql.asking import Asking
from tests.api.graphql.pages import PAGE, Furnished, furnish
from tests.api.graphql.world import SECRET

RESULT = "__typename ... on Refused { problems { code path } } ... on %sPayload { homepage { %s } }"
FACTS = "id number state stamp template publishedAt"


def mutation(verb: str, asked: str = FACTS) -> str:
    name = f"{verb[0].upper()}{verb[1:]}"
    return f"mutation ($input: {name}Input!) {{ {verb}(input: $input) {{ {RESULT % (name, asked)} }} }}"


@pytest.fixture
async def ada(session: AsyncSession) -> Furnished:
    return await furnish(session)


@pytest.fixture
async def author(api: Asking, session: AsyncSession, ada: Furnished) -> Asking:
    return api.as_(await make.author(session, ada.creator))


async def do(api: Asking, verb: str, ada: Furnished, **sent: Any) -> Any:
    """The homepage that a mutation answered with, or its problems as (code, path)."""
    given = {"creatorId": global_id("Creator", ada.creator.uid), **sent}
    answer = (await api.data(mutation(verb), input=given))[verb]
    if "problems" in answer:
        return [(one["code"], ".".join(one["path"])) for one in answer["problems"]]
    return answer["homepage"]


def everything(ada: Furnished) -> dict[str, Any]:
    """A draft with every kind of block and everything that can be said of it."""
    picture, article = global_id("Asset", ada.picture.uid), global_id("Content", ada.article.uid)
    kettle, ranking = global_id("Product", ada.kettle.uid), global_id("Content", ada.ranking.uid)
    by_tag = {"tags": ["topic:tea"], "formats": ["ARTICLE"], "limit": 5}
    return {
        "theme": {"accent": "#1f5fbf", "layout": "STREAM", "radius": "LARGE", "density": "AIRY", "font": "SERIF",
                  "dark": {"background": "#000000"}},
        "blocks": [
            {"hero": {"title": "Hello", "text": "Come in.", "imageId": picture, "contentId": article}},
            {"richText": {"title": "About", "markdown": "**Welcome.**\n\n---\n"}},
            {"richText": {"body": [{"image": {"assetId": picture}}, {"divider": {}}, {"product": {"productId": kettle}}]}},
            {"contents": {"title": "Chosen", "selection": {"contentIds": [article]}}},
            {"contents": {}},
            {"tabs": {"title": "Both", "tabs": [
                {"title": "A list", "selection": by_tag},
                {"title": "Blocks", "blocks": [{"products": {"recommended": {"categories": ["topic:tea"], "onShelfOnly": False}}},
                                               {"questions": {"limit": 3}}]}]}},
            {"live": {"title": "On air"}},
            {"products": {"title": "By hand", "productIds": [kettle]}},
            {"questions": {}},
            {"rankedList": {"contentId": ranking, "limit": 1}},
            {"banner": {"imageId": picture, "title": "Look", "alternativeText": "A pot", "href": "https://shop.example/"}},
            {"links": {"links": [{"title": "Shop", "href": "https://shop.example/"},
                                 {"title": "Read", "text": "it", "contentId": article, "imageId": picture}]}},
        ],
    }  # fmt: skip


async def stored(session: AsyncSession, ada: Furnished) -> list[tuple[int, str]]:
    version = models.HomepageVersion
    rows = await session.execute(
        select(version.number, version.state)
        .where(version.homepage_id == ada.version.homepage_id)
        .order_by(version.number)
        .execution_options(populate_existing=True)
    )
    return [(number, state.value) for number, state in rows]


async def test_a_page_is_drafted_previewed_published_and_rolled_back(
    api: Asking, author: Asking, session: AsyncSession, ada: Furnished
) -> None:
    draft = await do(author, "saveHomepage", ada, draft=everything(ada))
    again = await do(author, "saveHomepage", ada, draft=everything(ada), expectedRevision=draft["stamp"])
    assert (draft["number"], draft["state"], draft["stamp"]) == (2, "DRAFT", "2.1")
    assert (again["id"], again["stamp"]) == (draft["id"], "2.2")

    query = f"query ($token: String!) {{ homepagePreview(token: $token) {{ ...page }} }} {PAGE}"
    token = await preview_token(author, ada)
    seen = (await api.data(query, token=token))["homepagePreview"]
    assert seen["problems"] == []
    assert [block["__typename"].removeprefix("Page") for block in seen["blocks"]] == [
        "Hero", "RichText", "RichText", "Contents", "Contents", "Tabs", "Live", "Products", "Questions", "RankedList",
        "Banner", "Links",
    ]  # fmt: skip
    assert seen["theme"] == {
        "accent": "#1f5fbf", "onAccent": "#ffffff", "background": "#ffffff", "surface": "#ffffff", "text": "#1b1b1b",
        "dark": {"background": "#000000"}, "font": "SERIF", "layout": "STREAM", "radius": "LARGE", "density": "AIRY",
    }  # fmt: skip

    live = await do(author, "publishHomepage", ada, expectedRevision="2.2")
    assert (live["number"], live["state"], live["publishedAt"]) == (2, "LIVE", "2026-11-24T08:00:00+00:00")
    back = await do(author, "rollbackHomepage", ada, to=1)
    assert (back["number"], back["state"], back["stamp"]) == (3, "LIVE", "3.1")
    shown = await api.data(
        f"query ($h: String!) {{ creator(handle: $h) {{ homepage {{ {FACTS} }} }} }}", h=ada.creator.handle
    )
    assert shown["creator"]["homepage"] == back
    assert await stored(session, ada) == [(1, "SUPERSEDED"), (2, "SUPERSEDED"), (3, "LIVE")]
    third = await session.scalar(select(models.HomepageVersion).where(models.HomepageVersion.number == 3))
    assert third is not None
    assert third.blocks == ada.version.blocks
    entry = models.AuditEntry
    actions = await session.scalars(select(entry.action).where(entry.object_type == "Homepage").order_by(entry.id))
    assert list(actions) == ["homepage.saved", "homepage.saved", "homepage.published", "homepage.rolled_back"]


async def preview_token(author: Asking, ada: Furnished, hours: int = 24) -> str:
    query = (
        "query ($h: String!, $n: Int!) { creator(handle: $h) { homepageDraft { preview(hours: $n) { token url } } } }"
    )
    data = await author.data(query, h=ada.creator.handle, n=hours)
    found = data["creator"]["homepageDraft"]["preview"]
    assert found["token"] in found["url"]
    return str(found["token"])


async def test_a_page_is_refused_with_everything_that_is_wrong_and_nothing_is_saved(
    author: Asking, session: AsyncSession, ada: Furnished
) -> None:
    nobody, tag = global_id("Content", uuid4()), global_id("Tag", ada.tag.uid)
    article, foreign = global_id("Content", ada.article.uid), await make.asset(session, creator_id=None)
    bob = await make.creator(session, name="Bob")
    foreign.creator_id = bob.id
    secret = await make.content(session, bob, title=SECRET, live=False)
    await session.flush()
    draft = {
        "theme": {"accent": "red", "dark": {"text": "#000000"}},
        "blocks": [
            {"hero": {"title": "x" * 1_001, "contentId": tag, "href": "https://a.example/"}},
            {"hero": {"title": "x", "contentId": article, "href": "https://a.example/"}},
            {"tabs": {"tabs": [
                {"title": "neither"},
                {"title": "tabs in tabs", "blocks": [{"tabs": {"tabs": []}}]},
                {"title": "deep", "blocks": [{"contents": {"selection": {"limit": 0, "tags": ["topic:nowhere"]}}}]}]}},
            {"products": {}},
            {"rankedList": {"contentId": article}},
            {"banner": {"imageId": global_id("Asset", foreign.uid), "href": "javascript:alert(1)"}},
            {"links": {"links": [{"title": "x", "contentId": nobody}, {"title": "y", "contentId": global_id("Content", secret.uid)}]}},
            {"links": {"links": [{"title": "nowhere"}]}},
            {"richText": {"markdown": "![a](https://a.example/a.png)"}},
            {"richText": {"body": [{"heading": {"level": 9, "text": "h"}}]}},
        ],
    }  # fmt: skip

    problems = await do(author, "saveHomepage", ada, expectedRevision="7.7", draft=draft)

    at = "input.draft.blocks"
    assert problems == [
        ("STALE_REVISION", "input.expectedRevision"),
        ("STRING_PATTERN_MISMATCH", "input.draft.theme.accent"),
        ("INVALID_VALUE", "input.draft.theme.dark"),
        ("STRING_TOO_LONG", f"{at}.0.hero.title"),
        ("WRONG_ID_TYPE", f"{at}.0.hero.contentId"),
        ("INVALID_VALUE", f"{at}.1.hero"),
        ("INVALID_VALUE", f"{at}.2.tabs.tabs.0"),
        ("UNION_TAG_INVALID", f"{at}.2.tabs.tabs.1.blocks.0"),
        ("UNKNOWN_TAG", f"{at}.2.tabs.tabs.2.blocks.0.contents.selection.tags.0"),
        ("GREATER_THAN_EQUAL", f"{at}.2.tabs.tabs.2.blocks.0.contents.selection.limit"),
        ("INVALID_VALUE", f"{at}.3.products"),
        ("UNKNOWN_CONTENT", f"{at}.4.rankedList.contentId"),
        ("UNKNOWN_ASSET", f"{at}.5.banner.imageId"),
        ("INVALID_VALUE", f"{at}.5.banner.href"),
        ("UNKNOWN_CONTENT", f"{at}.6.links.links.0.contentId"),
        ("UNKNOWN_CONTENT", f"{at}.6.links.links.1.contentId"),
        ("INVALID_VALUE", f"{at}.7.links.links.0"),
        ("PICTURES_IN_MARKDOWN", f"{at}.8.richText.markdown"),
        ("LESS_THAN_EQUAL", f"{at}.9.richText.body.0.heading.level"),
    ]
    assert await stored(session, ada) == [(1, "LIVE")]


async def test_a_page_holds_forty_parts_and_not_one_more(author: Asking, ada: Furnished) -> None:
    tab = {"title": "t", "blocks": [{"questions": {}}]}
    full = [{"tabs": {"tabs": [tab] * 8}}, *[{"live": {}}] * 23]

    assert await do(author, "saveHomepage", ada, draft={"blocks": [*full, {"live": {}}]}) == [
        ("INVALID_VALUE", "input.draft.blocks")
    ]
    assert (await do(author, "saveHomepage", ada, draft={"blocks": full}))["number"] == 2


async def test_who_saves_on_top_of_what_they_did_not_see_is_told(author: Asking, ada: Furnished) -> None:
    stale = [("STALE_REVISION", "input.expectedRevision")]
    draft: dict[str, Any] = {"blocks": [{"live": {}}]}
    assert await do(author, "saveHomepage", ada, draft=draft, expectedRevision="1.1") == stale

    await do(author, "saveHomepage", ada, draft=draft)

    assert await do(author, "saveHomepage", ada, draft=draft) == stale
    assert await do(author, "createHomepageDraft", ada, fromTemplate="media-front-page") == stale
    assert await do(author, "publishHomepage", ada, expectedRevision="2.2") == stale
    assert await do(author, "discardHomepageDraft", ada, expectedRevision="1.1") == stale
    assert (await do(author, "discardHomepageDraft", ada, expectedRevision="2.1"))["state"] == "DROPPED"
    assert await do(author, "publishHomepage", ada) == [("NO_HOMEPAGE_DRAFT", "input.creatorId")]
    assert (await do(author, "saveHomepage", ada, draft=draft))["stamp"] == "3.1"


async def test_one_returns_to_what_was_once_seen_and_to_nothing_else(author: Asking, ada: Furnished) -> None:
    await do(author, "saveHomepage", ada, draft={"blocks": []})

    assert await do(author, "rollbackHomepage", ada, to=1) == [("ALREADY_LIVE", "input.to")]
    assert await do(author, "rollbackHomepage", ada, to=2) == [("NEVER_PUBLISHED", "input.to")]
    for nowhere in (0, -1, 3, 2**31 - 1):
        assert await do(author, "rollbackHomepage", ada, to=nowhere) == [("NO_SUCH_HOMEPAGE_VERSION", "input.to")]


async def test_a_page_begins_from_a_template_in_the_language_of_its_creator(
    author: Asking, session: AsyncSession, ada: Furnished
) -> None:
    ada.creator.language = "zh-Hans"
    await session.flush()
    query = 'query ($k: CreatorKind) { homepageTemplates(kind: $k) { code kind name(language: "zh") outline(language: "en") theme { accent } } }'
    every = (await author.data(query))["homepageTemplates"]
    assert {one["kind"] for one in every} == {kind.value for kind in models.CreatorKind}
    [counter] = (await author.data(query, k="MERCHANT"))["homepageTemplates"]
    assert (counter["name"], counter["outline"][1]) == ("柜台", "products: On the shelf")

    stamp = None
    for number, one in enumerate(every, 1):
        sent = {"expectedRevision": stamp} if stamp else {}
        draft = await do(author, "createHomepageDraft", ada, fromTemplate=one["code"], **sent)
        assert (draft["number"], draft["template"], draft["stamp"]) == (2, one["code"], f"2.{number}")
        stamp = draft["stamp"]

    assert await do(author, "createHomepageDraft", ada, fromTemplate="nothing", expectedRevision=stamp) == [
        ("UNKNOWN_TEMPLATE", "input.fromTemplate")
    ]
    version = await session.scalar(select(models.HomepageVersion).where(models.HomepageVersion.number == 2))
    assert version is not None
    assert version.blocks[0]["title"] == "本店"


async def test_only_those_who_tend_a_page_change_it(api: Asking, session: AsyncSession, ada: Furnished) -> None:
    when = {"at": "2026-12-01T20:00", "timeZone": "Asia/Shanghai"}
    sent: dict[str, dict[str, Any]] = {
        "saveHomepage": {"draft": {"blocks": []}},
        "createHomepageDraft": {"fromTemplate": "media-front-page"},
        "discardHomepageDraft": {"expectedRevision": "1.1"},
        "publishHomepage": {},
        "rollbackHomepage": {"to": 1},
        "scheduleHomepage": when,
        "rescheduleHomepage": when | {"number": 1},
        "cancelHomepageSchedule": {"number": 1},
    }
    bob = await make.creator(session, name="Bob")
    narrow = await make.author(session, ada.creator, Scope.CONTENT_WRITE)
    callers = {
        "NOT_SIGNED_IN": api,
        "MISSING_SCOPE": api.as_(narrow),
        "FORBIDDEN": api.as_(await make.author(session, bob)),
    }

    for verb, given in sent.items():
        for code, caller in callers.items():
            [(told, _)] = await do(caller, verb, ada, **given)
            assert (verb, told) == (verb, code)
    ada.creator.suspended_at = make.EARLY
    await session.flush()
    for verb, given in sent.items():
        assert await do(callers["FORBIDDEN"], verb, ada, **given) == [("NO_SUCH_CREATOR", "input.creatorId")]
    assert await stored(session, ada) == [(1, "LIVE")]


async def test_the_same_key_saves_a_page_once(author: Asking, session: AsyncSession, ada: Furnished) -> None:
    sent: dict[str, Any] = {"draft": {"blocks": [{"live": {}}]}, "idempotencyKey": "once"}

    first = await do(author, "saveHomepage", ada, **sent)

    assert await do(author, "saveHomepage", ada, **sent) == first
    assert await do(author, "saveHomepage", ada, **sent | {"draft": {"blocks": []}}) == [
        ("IDEMPOTENCY_CONFLICT", "input.idempotencyKey")
    ]
    assert await session.scalar(select(func.count()).select_from(models.HomepageVersion)) == 2


async def test_a_preview_shows_the_page_and_never_what_is_not_published(
    api: Asking, author: Asking, session: AsyncSession, ada: Furnished
) -> None:
    hidden = await make.content(session, ada.creator, title=SECRET, live=False)
    ids = [global_id("Content", row.uid) for row in (hidden, ada.article)]
    blocks = [{"hero": {"title": "Next"}}, {"contents": {"selection": {"contentIds": ids}}}]
    await do(author, "saveHomepage", ada, draft={"blocks": blocks})
    token = await preview_token(author, ada)
    query = """query ($token: String!) { homepagePreview(token: $token) {
      state preview { token } versions(first: 5) { nodes { number } } problems { code }
      blocks { ... on PageHero { title } ... on PageContents { contents { title } } } } }"""

    for reader in (api, author):
        page = (await reader.data(query, token=token))["homepagePreview"]
        assert page["blocks"] == [{"title": "Next"}, {"contents": [{"title": "An article"}]}]
        assert page["problems"] == [{"code": "BLOCK_INCOMPLETE"}]
    stranger = (await api.data(query, token=token))["homepagePreview"]
    assert (stranger["preview"], stranger["versions"]) == (None, {"nodes": [{"number": 1}]})

    await do(author, "saveHomepage", ada, draft={"blocks": [{"hero": {"title": "Later"}}]}, expectedRevision="2.1")
    assert (await api.data(query, token=token))["homepagePreview"]["blocks"] == [{"title": "Later"}]


async def test_the_pictures_of_a_preview_are_fetched_with_its_token(
    api: Asking, author: Asking, session: AsyncSession, ada: Furnished
) -> None:
    session.add(models.Blob(sha256=bytes(32), media_type="image/png", byte_count=1))
    await session.flush()
    picture = await make.asset(session, creator_id=ada.creator.id, sha256=bytes(32))
    image = {"assetId": global_id("Asset", picture.uid)}
    blocks = [{"banner": {"imageId": image["assetId"]}}, {"richText": {"body": [{"image": image}]}}]
    await do(author, "saveHomepage", ada, draft={"blocks": blocks})
    token = await preview_token(author, ada)
    query = """query ($token: String!) { homepagePreview(token: $token) {
      blocks { ... on PageBanner { image { url } } ... on PageRichText { body { html } } } } }"""

    banner, text = (await api.data(query, token=token))["homepagePreview"]["blocks"]

    address = f"https://content.example/assets/{picture.uid}?preview={token}"
    assert banner["image"]["url"] == address
    assert f'src="{address}"' in text["body"]["html"]


async def test_a_preview_ends_by_time_by_publishing_and_with_its_creator(
    api: Asking, author: Asking, session: AsyncSession, ada: Furnished
) -> None:
    draft: dict[str, Any] = {"blocks": [{"live": {}}]}
    query = "query ($token: String!) { homepagePreview(token: $token) { number } }"
    await do(author, "saveHomepage", ada, draft=draft)
    hour, day = await preview_token(author, ada, 1), await preview_token(author, ada)

    api.clock.move(timedelta(minutes=59, seconds=59))
    assert await api.codes(query, token=hour) == []
    api.clock.move(timedelta(seconds=1))
    assert await api.codes(query, token=hour) == ["PREVIEW_EXPIRED"]
    assert await api.codes(query, token=day) == []
    ada.creator.suspended_at = make.EARLY
    await session.flush()
    assert await api.codes(query, token=day) == ["PREVIEW_OVER"]
    ada.creator.suspended_at = None
    await session.flush()
    await do(author, "publishHomepage", ada)
    assert await api.codes(query, token=day) == ["PREVIEW_OVER"]

    await do(author, "saveHomepage", ada, draft=draft)
    token = await preview_token(author, ada)
    await do(author, "discardHomepageDraft", ada, expectedRevision="3.1")
    assert await api.codes(query, token=token) == ["PREVIEW_OVER"]


async def test_no_part_of_a_preview_token_can_be_changed(
    api: Asking, author: Asking, session: AsyncSession, ada: Furnished
) -> None:
    query = "query ($token: String!) { homepagePreview(token: $token) { number } }"
    await do(author, "saveHomepage", ada, draft={"blocks": []})
    token = await preview_token(author, ada)
    raw = bytearray(base64.urlsafe_b64decode(token + "=="))

    tampered = []
    for place in range(0, len(raw), 3):
        changed = bytearray(raw)
        changed[place] ^= 1
        tampered.append(base64.urlsafe_b64encode(changed).rstrip(b"=").decode())
    for text in (*tampered, "", "é", "\0", token[:-1], token + "A", token + "=", "x" * 5_000):
        async with api.db.session() as inner:
            with pytest.raises(homepages.MalformedPreview):
                await homepages.previewed(inner, api.caller, text, clock=api.clock)
    assert await api.codes(query, token=tampered[0]) == ["MALFORMED_PREVIEW"]
    assert await api.codes(query, token=token) == []
    instance = await session.get_one(models.Instance, 1)
    instance.secret = bytes(32)
    await session.flush()
    assert await api.codes(query, token=token) == ["MALFORMED_PREVIEW"]
    codes = await author.codes(
        "query ($h: String!) { creator(handle: $h) { homepageDraft { preview(hours: 721) { token } } } }",
        h=ada.creator.handle,
    )
    assert codes == ["PREVIEW_TOO_LONG"]


async def test_a_preview_link_leads_where_the_operator_says(author: Asking, ada: Furnished) -> None:
    await do(author, "saveHomepage", ada, draft={"blocks": []})
    query = "query ($h: String!) { creator(handle: $h) { homepageDraft { preview { token url } } } }"
    elsewhere = author.set(preview_url="https://shop.example/preview/{token}?x=1")

    found = (await elsewhere.data(query, h=ada.creator.handle))["creator"]["homepageDraft"]["preview"]

    assert found["url"] == f"https://shop.example/preview/{found['token']}?x=1"


async def test_an_operator_tends_every_page(api: Asking, session: AsyncSession, ada: Furnished) -> None:
    account = await make.account(session, name="Op")
    operator = api.as_(replace(make.operator(), account_id=account.id))

    assert (await do(operator, "saveHomepage", ada, draft=everything(ada)))["stamp"] == "2.1"


async def test_a_page_is_scheduled_moved_and_taken_back(author: Asking, ada: Furnished) -> None:
    when = {"at": "2026-12-01T20:00", "timeZone": "Asia/Shanghai"}
    asked = "number state stamp schedule { at timeZone failure lateByMs }"
    await do(author, "saveHomepage", ada, draft={"blocks": [{"live": {}}]})

    assert await do(author, "scheduleHomepage", ada, at="soon", timeZone="Mars", expectedRevision="9.9") == [
        ("MALFORMED_TIME", "input.at"),
        ("UNKNOWN_TIME_ZONE", "input.timeZone"),
        ("STALE_REVISION", "input.expectedRevision"),
    ]
    given = {"creatorId": global_id("Creator", ada.creator.uid)}
    scheduled = await author.data(mutation("scheduleHomepage", asked), input=given | when | {"expectedRevision": "2.1"})
    assert scheduled["scheduleHomepage"]["homepage"] == {
        "number": 2,
        "state": "SCHEDULED",
        "stamp": "2.1",
        "schedule": {"at": "2026-12-01T12:00:00+00:00", "timeZone": "Asia/Shanghai", "failure": None, "lateByMs": None},
    }
    assert await do(author, "scheduleHomepage", ada, **when) == [("NO_HOMEPAGE_DRAFT", "input.creatorId")]
    assert await do(author, "rescheduleHomepage", ada, **when, number=1) == [("NOT_SCHEDULED", "input.number")]
    later = {"at": "2026-12-02T09:00", "timeZone": "UTC", "number": 2}
    moved = await author.data(mutation("rescheduleHomepage", asked), input=given | later)
    assert moved["rescheduleHomepage"]["homepage"]["schedule"]["at"] == "2026-12-02T09:00:00+00:00"
    back = await do(author, "cancelHomepageSchedule", ada, number=2)
    assert (back["state"], back["stamp"]) == ("DRAFT", "2.1")
    assert await do(author, "cancelHomepageSchedule", ada, number=9) == [("NO_SUCH_HOMEPAGE_VERSION", "input.number")]
