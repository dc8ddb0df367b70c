"""What goes wrong is said in English or Chinese, as the request's Accept-Language wishes, at every door."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

import models
from api import languages, messages
from core.clock import FixedClock
from core.db import Database
from core.ids import global_id, new_uid
from tests import make
from tests.api.door import opened
from tests.api.graphql.asking import Asking
from tests.api.graphql.live import served

PUBLISH = """
mutation ($input: PublishContentInput!) {
  publishContent(input: $input) { ... on Refused { problems { code message path } } }
}
"""
SAVE = """
mutation ($input: CreateContentInput!) {
  createContent(input: $input) { ... on Refused { problems { code message path } } }
}
"""
WITHDRAW = """
mutation ($input: WithdrawContentsInput!) {
  withdrawContents(input: $input) { ... on WithdrawContentsPayload { results { problems { code message } } } }
}
"""


async def heard(api: Asking, language: str | None, query: str, **variables: Any) -> dict[str, Any]:
    """The whole answer to somebody who reads this."""
    headers = {"accept-language": language} if language else {}
    async with api.client() as client:
        response = await client.post("/graphql", json={"query": query, "variables": variables}, headers=headers)
    answer: dict[str, Any] = response.json()
    return answer


def said(answer: dict[str, Any]) -> list[tuple[str, str]]:
    return [(error["extensions"]["code"], error["message"]) for error in answer["errors"]]


@pytest.fixture
async def ada(session: AsyncSession) -> models.Creator:
    return await make.creator(session)


@pytest.fixture
async def author(api: Asking, session: AsyncSession, ada: models.Creator) -> Asking:
    return api.as_(await make.author(session, ada))


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (None, "en"),
        ("", "en"),
        ("zh", "zh"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("zh-Hans", "zh"),
        ("zh-TW", "zh"),
        ("ZH-hant-HK", "zh"),
        ("en-GB, zh", "en"),
        ("en;q=0.5, zh;q=0.9", "zh"),
        ("en ; q=0.5 , zh ; Q=0.9", "zh"),
        ("zh;q=0.3, en;q=0.4", "en"),
        ("zh;q=0", "en"),
        ("fr", "en"),
        ("fr, zh;q=0.1", "zh"),
        ("*", "en"),
        ("zhuang", "en"),
        ("zh;q=much, zh;q=..", "en"),
        ("fr,de,it,es,pt,ja,ko,ru,zh", "en"),
    ],
)
def test_the_most_wanted_of_the_two_languages_is_spoken(header: str | None, language: str):
    assert messages.spoken(languages.accepted(header)) == language


async def test_a_refusal_speaks_the_language_of_who_asks(author: Asking, session: AsyncSession, ada: models.Creator):
    content = await make.content(session, ada, live=False)
    sent = {
        "contentId": global_id("Content", content.uid),
        "expectedRevision": "0.7",
        "channels": ["nowhere.tea"],
    }

    english, chinese, other = [
        (await heard(author, language, PUBLISH, input=sent))["data"]["publishContent"]["problems"]
        for language in ("en", "zh-CN", "fr")
    ]

    assert [(one["code"], one["message"], one["path"]) for one in english] == [
        (
            "UNKNOWN_CHANNEL",
            "There is no channel nowhere.tea: see the query channels.",
            ["input", "channels", "0"],
        ),
        (
            "STALE_REVISION",
            "The draft was saved since: it stands at revision 1.1. Read it, then save on top of that.",
            ["input", "expectedRevision"],
        ),
    ]
    assert other == english
    assert [(one["code"], one["path"]) for one in chinese] == [(one["code"], one["path"]) for one in english]
    assert [one["message"] for one in chinese] == [
        "没有渠道 nowhere.tea，请用 `channels` 查询。",
        "你读取之后草稿又被保存过，现在的版本戳是 1.1：请重新读取，在它之上修改后再保存。",
    ]


async def test_the_shape_of_a_draft_is_measured_in_chinese_too(author: Asking, ada: models.Creator):
    long = "x" * 501
    entries = [{"rank": 2, "productId": "tea"}, {"rank": 1}]
    sent = {
        "creatorId": global_id("Creator", ada.uid),
        "language": "ein bisschen",
        "draft": {
            "format": "RANKED_LIST",
            "title": long,
            "tags": ["tea"],
            "markdown": "![A lamp](https://example.org/lamp.png)",
            "details": {"rankedList": {"criteria": "Taste", "entries": entries}},
        },
    }

    answer = await heard(author, "zh", SAVE, input=sent)

    told = [(one["code"], one["message"]) for one in answer["data"]["createContent"]["problems"]]
    assert told == [
        ("MALFORMED_LANGUAGE", "语言请按 BCP 47 书写，例如 zh 或 en-GB。"),
        ("STRING_TOO_LONG", "请缩短到最多 500 个字符。"),
        ("PICTURES_IN_MARKDOWN", "图片在这里是素材：请从 Markdown 中去掉，并用素材 id 放进 `body`。"),
        ("MALFORMED_ID", "'tea' 不是一个 id，请使用接口返回的 id。"),
        ("INVALID_VALUE", "榜单的每一项须指定商品或内容之一。"),
        ("MALFORMED_TAG_CODE", "标签请写成“标签体系:代码”，例如 scene:camping。"),
    ]


async def test_what_a_key_remembers_is_told_again_in_another_language(
    author: Asking, session: AsyncSession, ada: models.Creator
):
    content = await make.content(session, ada, live=False)
    ids = [global_id("Content", content.uid), global_id("Content", new_uid())]
    sent = {"contentIds": ids, "reason": "Sale over.", "idempotencyKey": "once"}

    first = (await heard(author, "en", WITHDRAW, input=sent))["data"]["withdrawContents"]["results"]
    again = (await heard(author, "zh", WITHDRAW, input=sent))["data"]["withdrawContents"]["results"]

    assert [one["problems"][0]["message"] for one in first] == [
        "This content is not published, so there is nothing to withdraw.",
        "There is no such content, or you may not see it.",
    ]
    assert [one["problems"] for one in again] == [
        [{"code": "NOT_LIVE", "message": "该内容尚未发布，无需撤回。"}],
        [{"code": "NO_SUCH_CONTENT", "message": "没有这篇内容，或你无权查看：它可能尚未发布、已撤回或已删除。"}],
    ]


async def test_errors_of_queries_speak_it_too(api: Asking):
    ids = "{ nodes(ids: %s) { id } }"
    asked = {
        "{ contents(first: 500) { nodes { id } } }": [
            ("PAGE_SIZE_OUT_OF_RANGE", "每页为 1 到 100 条，请求的是 500 条，请调整数量。")
        ],
        "{ contents { nodes { id } } }": [("PAGE_SIZE_REQUIRED", "请写明数量：`first` 或 `last` 之一，1 到 100。")],
        '{ contents(first: 1, after: "tea") { nodes { id } } }': [
            ("UNKNOWN_CURSOR", "这不是接口给出的游标，请原样使用返回结果中的游标。")
        ],
        "{ viewer { name }": [
            (
                "SYNTAX_ERROR",
                "文档不是有效的 GraphQL，请修改 `locations` 所指的位置。详情：Syntax Error: Expected Name, found <EOF>.",
            )
        ],
        "{ tea }": [
            (
                "VALIDATION_FAILED",
                "文档与 schema 不符，请对照 schema 修改。详情：Cannot query field 'tea' on type 'Query'.",
            )
        ],
        "query A { rateLimit { cost } } query B { rateLimit { cost } }": [
            ("UNKNOWN_OPERATION", "文档中有多个操作，请在 `operationName` 中写明一个。")
        ],
        "{ " + "a { " * 12 + "a" + " }" * 13: [("TOO_DEEP", "文档有 13 层，最多 12 层，请分几步查询。")],
        "{ " + " ".join(f"a{number}: rateLimit {{ cost }}" for number in range(16)) + " }": [
            ("TOO_MANY_ALIASES", "文档有 16 个别名，最多 15 个，请分成几个文档。")
        ],
        ids % ('["x"' + ', "x"' * 100 + "]"): [("TOO_MANY_IDS", "一次最多 100 个 id，收到 101 个，请分几次查询。")],
        ids % '["tea", "dGVh"]': [("MALFORMED_ID", "其中有些不是 id，请使用接口返回的 id。")],
    }

    found = {query: await heard(api, "zh", query) for query in asked}

    assert {query: said(answer) for query, answer in found.items()} == asked
    details = found[ids % '["tea", "dGVh"]']["errors"][0]["extensions"]["problems"]
    assert [one["message"] for one in details] == [
        "'tea' 不是一个 id，请使用接口返回的 id。",
        "'dGVh' 不是一个 id，请使用接口返回的 id。",
    ]
    missing = await heard(api, "zh", "query ($id: ID!) { content(id: $id) { title } }")
    assert [(code, message.partition("：")[0]) for code, message in said(missing)] == [
        ("BAD_VARIABLES", "变量有误，请对照操作开头声明的变量修改。详情")
    ]


async def test_requests_that_are_refused_whole_say_their_language(db: Database, clock: FixedClock):
    zh = {"accept-language": "zh-Hans, en;q=0.5", "accept": "application/graphql-response+json"}
    ask = {"query": "{ rateLimit { cost } }"}
    dear = {"query": "{ creators(first: 30) { nodes { contents(first: 30) { nodes { id } } } } }"}

    async with opened(db, clock, anonymous_bucket=1_000, graphql_cost=1_000) as door:
        at = door.client
        answers = {
            "malformed": await at.post("/graphql", content=b"{", headers=zh | {"content-type": "application/json"}),
            "of many": await at.post("/graphql", json=[ask], headers=zh),
            "by key": await at.post("/graphql", json=ask, headers=zh | {"authorization": "Bearer tea"}),
            "unknown": await at.post("/graphql", json={"documentId": f"sha256:{'0' * 64}"}, headers=zh),
            "handshake": await at.post(
                "/graphql",
                json={"extensions": {"persistedQuery": {"version": 1, "sha256Hash": "0" * 64}}},
                headers=zh,
            ),
            "by PUT": await at.put("/graphql", json=ask, headers=zh),
            "paid": await at.post("/graphql", json=dear, headers=zh),
            "spent": await at.post("/graphql", json=dear, headers=zh),
        }
        english = await at.post("/graphql", json=[ask], headers={"accept-language": "fr"})
        feeds = await at.get("/feeds/nowhere.json", headers=zh)
        limit = await at.get("/feeds/nowhere.json", params={"limit": "0"}, headers=zh)
        page = await at.get("/nowhere", headers=zh)
        plain = await at.get("/nowhere")

    assert answers.pop("paid").json()["data"] == {"creators": {"nodes": []}}
    told = {name: (answer.status_code, *said(answer.json())[0]) for name, answer in answers.items()}
    json_error = told.pop("malformed")
    assert json_error[:2] == (400, "NOT_JSON")
    assert json_error[2].startswith("请求体不是有效的 JSON（")
    assert told == {
        "of many": (
            400,
            "BAD_REQUEST_SHAPE",
            "请求体是一个列表（不支持批量请求），请发送一个包含 `query` 的 JSON 对象。",
        ),
        "by key": (
            401,
            "MALFORMED_CREDENTIALS",
            "请只发送一个请求头 Authorization: Bearer <密钥>，密钥须与显示时完全一致。",
        ),
        "unknown": (404, "UNKNOWN_DOCUMENT", "没有注册过这个编号的文档，请先注册。"),
        # a word for programs
        "handshake": (404, "PERSISTED_QUERY_NOT_FOUND", "PersistedQueryNotFound"),
        "by PUT": (405, "METHOD_NOT_ALLOWED", "这个地址不接受这种请求方法，可用的方法见 `Allow` 头。"),
        "spent": (
            429,
            "RATE_LIMITED",
            "这次请求需要 961 额度，目前还剩 29（上限 1000）：请在 1 秒后重试，或减少查询的内容。",
        ),
    }
    for name, answer in answers.items():
        assert answer.headers["content-language"] == "zh", name
        assert "Accept-Language" in answer.headers["vary"], name
    assert (english.headers["content-language"], english.json()["errors"][0]["message"]) == (
        "en",
        "The body is a list: requests are not batched. Send one JSON object with a query.",
    )
    assert feeds.json()["detail"] == "没有信息流 'nowhere'，或你无权读取：请查看 /feeds 目录。"
    assert limit.json()["detail"] == "limit 应为 1 到 200 的整数。"
    assert (page.status_code, page.json()["code"], page.json()["detail"]) == (
        404,
        "NO_SUCH_PAGE",
        "这个地址下没有内容，请查看 /feeds 和 /graphql。",
    )
    assert (page.headers["content-language"], page.headers["vary"]) == ("zh", "Accept-Language")
    assert (plain.headers["content-language"], plain.json()["detail"]) == (
        "en",
        "There is nothing at this address: see /feeds and /graphql.",
    )


async def test_those_who_follow_live_hear_it(db: Database, clock: FixedClock):
    nowhere = global_id("Content", new_uid())
    room = f'subscription {{ liveRoom(contentId: "{nowhere}") {{ cursor }} }}'

    async with served(db, clock) as server:
        socket = await server.socket(accept_language="zh").introduced()
        await socket.subscribe("1", room)
        refused = await socket.next()
        await socket.say({"id": "2", "type": "subscribe", "payload": {"query": "{ a }", "variables": {"a": "\0"}}})
        shapeless = await socket.next()
        stream = server.events(b"nothing", accept_language="zh")
        status, headers = await stream.open()
        malformed = await stream.whole()
        events = server.events({"query": room}, accept_language="zh")
        await events.open()
        told = await events.next()

    assert refused["payload"][0]["message"] == "没有这个直播间，或你无权查看。"
    assert shapeless["payload"][0]["message"] == "文本中含有字符 U+0000，请删除。"
    assert (status, headers["content-language"]) == (400, "zh")
    assert malformed["errors"][0]["message"].startswith("请求体不是有效的 JSON（")
    assert "没有这个直播间，或你无权查看。" in told["data"]


def test_no_sentence_is_half_filled_or_half_english():
    told = [
        # another sentence than those that are known: plain
        ("PAGE_SIZE_OUT_OF_RANGE", "Too many.", "每页数量超出范围，请调整数量。"),
        # a phrase that has no Chinese: plain
        (
            "MALFORMED_NAME",
            "This cannot be a name: it is silly.",
            "这个名称不可用：名称不能为空、过长或含有控制字符，请换一个。",
        ),
        (
            "MALFORMED_NAME",
            "This cannot be a name: this is one line; remove the line break.",
            "这个名称不可用：这里只能写一行，请去掉换行。",
        ),
        # values of strangers stay what they are, be they words of ours or our signs
        (
            "TAG_NOT_ACTIVE",
            "The tag approved is merged: choose an active one.",
            "标签 approved 已合并，请选择已启用的标签。",
        ),
        (
            "UNKNOWN_TAG",
            "There is no tag {code}: see the query taxonomies.",
            "没有标签 {code}，请用 `taxonomies` 查询。",
        ),
        ("UNKNOWN_CHANNEL", "There is no channel a\nb.", "没有渠道 a\nb，请用 `channels` 查询。"),
        # too long to be looked at
        ("UNKNOWN_CHANNEL", f"There is no channel {'x' * 1_000}.", "没有这个渠道，请用 `channels` 查询。"),
        # a check of pydantic's that has no words of its own
        ("INT_PARSING", "Input should be a valid integer.", "这里的值缺失或不符合要求，请修改后重试。"),
    ]

    for code, english, chinese in told:
        assert messages.told(code, english, ("zh",)) == chinese
        assert messages.told(code, english, ("de", "en")) == english
