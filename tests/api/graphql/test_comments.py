"""Comments: who may say what where, who takes it away, who sees it then, and that the counts add up."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.caller import Caller, Scope
from core.ids import global_id, new_uid
from models import CommentState
from services import accounts, comments, publishing
from tests import make
from tests.api.graphql.asking import Asking

PROBLEMS = "... on Refused { problems { code message path } }"
ADD = f"""mutation ($input: AddCommentInput!) {{
  addComment(input: $input) {{
    ... on AddCommentPayload {{
      comment {{ id text state createdAt isByViewer author {{ name creator {{ handle }} }} parent {{ text }} }}
    }}
    {PROBLEMS}
  }}
}}"""
READ = """query ($id: ID!, $order: CommentOrder) {
  content(id: $id) {
    commentsCount
    comments(first: 10, order: $order) {
      totalCount
      nodes { id text repliesCount replies(first: 10) { totalCount nodes { text } } }
    }
    hiddenComments(first: 10) { nodes { text state } }
  }
}"""
NODE = "query ($id: ID!) { node(id: $id) { id ... on Comment { text state stateReason isByViewer } } }"


def change(name: str) -> str:
    payload = f"{name[0].upper()}{name[1:]}"
    return f"""mutation ($input: {payload}Input!) {{
      {name}(input: $input) {{ ... on {payload}Payload {{ comment {{ text state stateReason }} }} {PROBLEMS} }}
    }}"""


@dataclass
class Talk:
    """A content with two comments, the first of which has two replies; all counted."""

    api: Asking
    content: models.Content
    host: Caller
    rio: Caller
    kim: Caller
    first: models.Comment
    second: models.Comment
    replies: list[models.Comment]

    @property
    def id(self) -> str:
        return global_id("Content", self.content.uid)

    async def shown(self, caller: Caller | None = None) -> tuple[int, dict[str, list[str]]]:
        """The count, and the comments with their replies; that these agree is checked here."""
        asking = self.api if caller is None else self.api.as_(caller)
        content = (await asking.data(READ, id=self.id))["content"]
        listed = {
            one["text"]: [reply["text"] for reply in one["replies"]["nodes"]] for one in content["comments"]["nodes"]
        }
        assert content["comments"]["totalCount"] == len(listed)
        for one in content["comments"]["nodes"]:
            assert one["repliesCount"] == one["replies"]["totalCount"] == len(one["replies"]["nodes"])
        assert content["commentsCount"] == len(listed) + sum(map(len, listed.values()))
        return content["commentsCount"], listed

    async def change(self, caller: Caller, name: str, comment: models.Comment, **more: Any) -> dict[str, Any]:
        sent = {"commentId": global_id("Comment", comment.uid), **more}
        answer: dict[str, Any] = (await self.api.as_(caller).data(change(name), input=sent))[name]
        return answer

    async def codes(self, caller: Caller, name: str, comment: models.Comment, **more: Any) -> list[str]:
        return [problem["code"] for problem in (await self.change(caller, name, comment, **more))["problems"]]


WHOLE = (4, {"second": [], "first": ["one", "two"]})


@pytest.fixture
async def talk(api: Asking, session: AsyncSession) -> Talk:
    ada = await make.creator(session)
    tea = await make.content(session, ada, title="Tea")
    host = await make.author(session, ada, Scope.CONTENT_PUBLISH)
    rio, kim = await make.reader(session), await make.reader(session, name="Kim")
    first = await comments.add(session, rio, tea.uid, "first", clock=api.clock)
    second = await comments.add(session, kim, tea.uid, "second", clock=api.clock)
    replies = [await comments.add(session, one, tea.uid, text, parent=first.uid, clock=api.clock)
               for one, text in ((kim, "one"), (rio, "two"))]  # fmt: skip
    return Talk(api, tea, host, rio, kim, first, second, replies)


async def test_readers_and_creators_comment_and_reply(api: Asking, session: AsyncSession) -> None:
    ada = await make.creator(session)
    tea = global_id("Content", (await make.content(session, ada)).uid)
    rio, author = await make.reader(session), await make.author(session, ada, Scope.ENGAGEMENT_WRITE)

    sent = {"contentId": tea, "text": "  Which tea?\nمرحبا 👩‍👩‍👧‍👦 𠮷 \u200f "}
    said = (await api.as_(rio).data(ADD, input=sent))["addComment"]["comment"]
    assert said.pop("id")
    assert said == {
        "text": "Which tea?\nمرحبا 👩‍👩‍👧‍👦 𠮷 \u200f",
        "state": "VISIBLE",
        "createdAt": "2026-11-24T08:00:00+00:00",
        "isByViewer": True,
        "author": {"name": "Rio", "creator": None},
        "parent": None,
    }
    first = (await api.data(READ, id=tea))["content"]["comments"]["nodes"][0]["id"]
    reply = {"contentId": tea, "text": "Green.", "parentId": first, "asCreatorId": global_id("Creator", ada.uid)}
    answered = (await api.as_(author).data(ADD, input=reply))["addComment"]["comment"]
    assert answered["author"] == {"name": "Ada", "creator": {"handle": ada.handle}}
    assert answered["parent"] == {"text": said["text"]}


async def test_comments_come_newest_or_oldest_first_and_replies_in_the_order_of_talk(talk: Talk) -> None:
    assert await talk.shown() == WHOLE
    oldest = (await talk.api.data(READ, id=talk.id, order="OLDEST"))["content"]["comments"]["nodes"]
    assert [node["text"] for node in oldest] == ["first", "second"]


BAD_TEXTS = ["", "   \n ", "\u200b\u200d\u2060", "\u202e\u202c", "x" * 2_001, "bell\x07", "broken\ufffe"]


async def test_a_text_that_cannot_be_shown_is_refused(talk: Talk) -> None:
    for text in BAD_TEXTS:
        answer = await talk.api.as_(talk.rio).data(ADD, input={"contentId": talk.id, "text": text})

        (problem,) = answer["addComment"]["problems"]
        assert (problem["code"], problem["path"]) == ("MALFORMED_COMMENT", ["input", "text"]), text[:20]
        assert text.strip() == "" or text[:20] not in problem["message"]
    assert await talk.shown() == WHOLE

    # as long as may be, however many bytes that is
    longest = await talk.api.as_(talk.rio).data(ADD, input={"contentId": talk.id, "text": "𠮷" * 2_000})
    assert len(longest["addComment"]["comment"]["text"]) == 2_000


async def test_everything_wrong_with_a_comment_is_told_at_once(talk: Talk) -> None:
    sent = {"contentId": "x", "text": " ", "parentId": talk.id, "asCreatorId": talk.id}

    problems = (await talk.api.as_(talk.rio).data(ADD, input=sent))["addComment"]["problems"]

    assert [(one["code"], one["path"][-1]) for one in problems] == [
        ("MALFORMED_ID", "contentId"),
        ("MALFORMED_COMMENT", "text"),
        ("WRONG_ID_TYPE", "parentId"),
        ("WRONG_ID_TYPE", "asCreatorId"),
    ]


async def test_who_cannot_say_what_where(talk: Talk, session: AsyncSession) -> None:
    other = await make.content(session, await make.creator(session, name="Bob"))
    draft = await make.content(session, await session.get_one(models.Creator, talk.content.creator_id), live=False)
    narrow = replace(talk.rio, scopes=frozenset())
    stranger, operator = replace(talk.rio, account_id=None), replace(make.operator(), account_id=None, is_system=True)
    foreign = global_id("Creator", (await session.get_one(models.Creator, other.creator_id)).uid)
    reply = {"parentId": global_id("Comment", talk.replies[0].uid)}
    nowhere = {"parentId": global_id("Comment", new_uid())}
    elsewhere = {"contentId": global_id("Content", other.uid), "parentId": global_id("Comment", talk.first.uid)}
    tries: list[tuple[Caller, dict[str, Any], str, str]] = [
        (stranger, {}, "NOT_SIGNED_IN", ""),
        (narrow, {}, "MISSING_SCOPE", ""),
        (operator, {}, "FORBIDDEN", ""),
        (talk.rio, {"contentId": global_id("Content", draft.uid)}, "NO_SUCH_CONTENT", "contentId"),
        (talk.rio, {"contentId": global_id("Content", new_uid())}, "NO_SUCH_CONTENT", "contentId"),
        (talk.rio, {"asCreatorId": foreign}, "FORBIDDEN", ""),
        (talk.rio, {"asCreatorId": global_id("Creator", new_uid())}, "NO_SUCH_CREATOR", "asCreatorId"),
        (talk.rio, reply, "REPLY_TO_REPLY", "parentId"),
        (talk.rio, nowhere, "NO_SUCH_COMMENT", "parentId"),
        (talk.rio, elsewhere, "NO_SUCH_COMMENT", "parentId"),
    ]
    for caller, sent, code, place in tries:
        problems = (await talk.api.as_(caller).data(ADD, input={"contentId": talk.id, "text": "hm"} | sent))[
            "addComment"
        ]["problems"]
        assert [(one["code"], one["path"][-1:]) for one in problems] == [(code, [place] if place else [])], sent
    assert await talk.shown() == WHOLE
    assert len((await session.scalars(select(models.Comment.id))).all()) == 4


async def test_a_suspended_account_adds_nothing_though_its_key_was_accepted(talk: Talk, session: AsyncSession) -> None:
    (await session.get_one(models.Account, talk.rio.account_id)).suspended_at = make.EARLY
    await session.flush()

    answer = await talk.api.as_(talk.rio).data(ADD, input={"contentId": talk.id, "text": "hm"})

    assert [one["code"] for one in answer["addComment"]["problems"]] == ["SUSPENDED_ACCOUNT"]


async def test_whoever_wrote_a_comment_withdraws_it_with_its_replies(talk: Talk) -> None:
    assert await talk.codes(talk.kim, "withdrawComment", talk.first) == ["FORBIDDEN"]
    assert await talk.codes(replace(talk.host, scopes=frozenset(Scope)), "withdrawComment", talk.first) == ["FORBIDDEN"]
    assert await talk.shown() == WHOLE

    done = await talk.change(talk.rio, "withdrawComment", talk.first)
    assert done == {"comment": {"text": "first", "state": "WITHDRAWN", "stateReason": None}}
    assert await talk.shown() == (1, {"second": []})
    assert await talk.shown(talk.rio) == (1, {"second": []})
    assert await talk.codes(talk.rio, "withdrawComment", talk.first) == ["COMMENT_NOT_SHOWN"]
    sent = {"contentId": talk.id, "text": "late", "parentId": global_id("Comment", talk.first.uid)}
    late = (await talk.api.as_(talk.kim).data(ADD, input=sent))["addComment"]
    assert [one["code"] for one in late["problems"]] == ["NO_SUCH_COMMENT"]


async def test_the_creator_of_the_content_hides_and_shows(talk: Talk, session: AsyncSession) -> None:
    bob = await make.author(session, await make.creator(session, name="Bob"), Scope.CONTENT_PUBLISH)
    for name in ("hideComment", "showComment"):
        assert await talk.codes(bob, name, talk.first) == ["FORBIDDEN"]
        assert await talk.codes(talk.rio, name, talk.first) == ["MISSING_SCOPE"]
    assert await talk.codes(talk.host, "showComment", talk.first) == ["COMMENT_NOT_HIDDEN"]

    assert (await talk.change(talk.host, "hideComment", talk.first))["comment"]["state"] == "HIDDEN"
    assert await talk.shown() == (1, {"second": []})
    assert await talk.codes(talk.host, "hideComment", talk.first) == ["COMMENT_NOT_SHOWN"]
    # a reply changes behind what hides it, and counts when that is shown again
    assert (await talk.change(talk.kim, "withdrawComment", talk.replies[0]))["comment"]["state"] == "WITHDRAWN"
    hidden = (await talk.api.as_(talk.host).data(READ, id=talk.id))["content"]["hiddenComments"]["nodes"]
    assert hidden == [{"text": "first", "state": "HIDDEN"}]
    assert (await talk.api.as_(bob).data(READ, id=talk.id))["content"]["hiddenComments"] is None

    assert (await talk.change(talk.host, "showComment", talk.first))["comment"]["state"] == "VISIBLE"
    assert await talk.shown() == (3, {"second": [], "first": ["two"]})


async def test_an_operator_takes_down_with_a_reason_and_brings_back_what_was(talk: Talk) -> None:
    operator = replace(make.operator(), account_id=talk.host.account_id)
    reason = {"reason": "abuse"}
    assert await talk.codes(talk.host, "takeDownComment", talk.first, **reason) == ["OPERATORS_ONLY"]
    assert await talk.codes(talk.host, "restoreComment", talk.first) == ["OPERATORS_ONLY"]
    assert await talk.codes(operator, "takeDownComment", talk.first, reason=" ") == ["REASON_OUT_OF_RANGE"]
    assert await talk.codes(operator, "restoreComment", talk.first) == ["NOT_TAKEN_DOWN"]
    await talk.change(talk.host, "hideComment", talk.first)

    taken = await talk.change(operator, "takeDownComment", talk.first, **reason)
    assert taken == {"comment": {"text": "first", "state": "TAKEN_DOWN", "stateReason": "abuse"}}
    assert await talk.codes(operator, "takeDownComment", talk.first, **reason) == ["COMMENT_NOT_SHOWN"]
    assert await talk.codes(talk.rio, "withdrawComment", talk.first) == ["COMMENT_NOT_SHOWN"]
    own = await talk.api.as_(talk.rio).data(NODE, id=global_id("Comment", talk.first.uid))
    assert own["node"]["stateReason"] == "abuse"
    assert (await talk.change(operator, "restoreComment", talk.first))["comment"]["state"] == "HIDDEN"
    assert await talk.shown() == (1, {"second": []})
    await talk.change(talk.host, "showComment", talk.first)
    assert await talk.shown() == WHOLE


async def test_what_moderators_did_stands_on_record(talk: Talk, session: AsyncSession) -> None:
    operator = replace(make.operator(), account_id=talk.host.account_id)
    await talk.change(talk.host, "hideComment", talk.second)
    await talk.change(operator, "takeDownComment", talk.second, reason="abuse")

    entry = models.AuditEntry
    rows = await session.execute(
        select(entry.action, entry.actor, entry.reason)
        .where(entry.object_type == "Comment", entry.object_id == talk.second.id)
        .order_by(entry.id)
    )
    assert [tuple(row) for row in rows] == [
        ("comment.added", "Kim", None),
        ("comment.hidden", talk.host.name, None),
        ("comment.taken_down", "operator", "abuse"),
    ]


async def test_what_hides_an_author_hides_and_uncounts_what_they_said(talk: Talk, session: AsyncSession) -> None:
    rio = await session.get_one(models.Account, talk.rio.account_id)
    clock, operator = talk.api.clock, replace(make.operator(), account_id=talk.host.account_id)
    await accounts.suspend(session, operator, rio.uid, reason="spam", clock=clock)
    assert await talk.shown() == (1, {"second": []})
    await accounts.reinstate(session, operator, rio.uid)
    assert await talk.shown() == WHOLE

    bob = await make.creator(session, name="Bob")
    speaker = await make.author(session, bob, Scope.ENGAGEMENT_WRITE)
    as_bob = {"as_creator": bob.uid, "parent": talk.second.uid}
    await comments.add(session, speaker, talk.content.uid, "as Bob", clock=clock, **as_bob)
    assert await talk.shown() == (5, {"second": ["as Bob"], "first": ["one", "two"]})
    await publishing.suspend(session, operator, bob.uid, reason="spam", clock=clock)
    assert await talk.shown() == WHOLE
    await publishing.reinstate(session, operator, bob.uid)
    assert (await talk.shown())[0] == 5


async def test_erasing_a_person_leaves_none_of_their_words(talk: Talk, session: AsyncSession) -> None:
    operator = replace(make.operator(), account_id=talk.host.account_id)
    await talk.change(operator, "takeDownComment", talk.replies[1], reason="quotes a name")
    assert talk.rio.account_id is not None

    assert await comments.erase(session, account_ids=[talk.rio.account_id]) == 2

    assert await talk.shown() == (1, {"second": []})
    rows = await session.execute(select(models.Comment.text, models.Comment.state, models.Comment.state_because))
    assert sorted(tuple(row) for row in rows) == sorted(
        [
            ("", CommentState.ERASED, None),
            ("", CommentState.ERASED, None),
            ("one", CommentState.VISIBLE, None),
            ("second", CommentState.VISIBLE, None),
        ]
    )
    answer = await talk.api.as_(talk.rio).data(NODE, id=global_id("Comment", talk.first.uid))
    assert answer == {"node": None}
    assert await talk.codes(operator, "restoreComment", talk.first) == ["NO_SUCH_COMMENT"]


async def test_a_comment_is_found_by_its_id_by_those_who_see_it(talk: Talk, session: AsyncSession) -> None:
    first = global_id("Comment", talk.first.uid)
    stranger = {"text": "first", "state": "VISIBLE", "stateReason": None, "isByViewer": None}
    assert (await talk.api.data(NODE, id=first))["node"] == {"id": first} | stranger
    assert (await talk.api.as_(talk.kim).data(NODE, id=first))["node"]["isByViewer"] is False

    await talk.change(talk.host, "hideComment", talk.first)
    reply = global_id("Comment", talk.replies[0].uid)
    for seen, id_, caller in (
        (False, first, None),
        (False, reply, None),
        (False, first, talk.kim),
        (True, reply, talk.kim),
        (True, first, talk.rio),
        (True, first, talk.host),
        (False, reply, talk.host),
        (True, first, make.operator()),
    ):
        asking = talk.api if caller is None else talk.api.as_(caller)
        assert ((await asking.data(NODE, id=id_))["node"] is not None) is seen, (id_, caller)

    talk.content.state = models.ContentState.WITHDRAWN
    await session.flush()
    for caller in (talk.rio, talk.kim):
        answer = await talk.api.as_(caller).data(NODE, id=global_id("Comment", talk.second.uid))
        assert answer == {"node": None}
    for name in ("withdrawComment", "hideComment"):
        code = "NO_SUCH_COMMENT" if name == "withdrawComment" else "MISSING_SCOPE"
        assert await talk.codes(talk.kim, name, talk.second) == [code]


async def test_an_address_as_a_name_is_not_shown(api: Asking, session: AsyncSession) -> None:
    tea = await make.content(session, await make.creator(session))
    rio = await make.reader(session, name="rio@example.org")

    answer = await api.as_(rio).data(ADD, input={"contentId": global_id("Content", tea.uid), "text": "Hello."})

    assert answer["addComment"]["comment"]["author"] == {"name": None, "creator": None}
    assert "example.org" not in json.dumps(answer)


async def test_comments_with_replies_and_authors_cost_the_same_however_many(talk: Talk, session: AsyncSession) -> None:
    query = """query ($id: ID!) { content(id: $id) { commentsCount comments(first: 20) { nodes {
      text author { name creator { name } } isByViewer replies(first: 20) { nodes { author { name } content { title } } }
    } } } }"""

    async def cost() -> int:
        with talk.api.statements() as seen:
            await talk.api.data(query, id=talk.id)
        return len(seen)

    few = await cost()
    for _ in range(5):
        above = await comments.add(session, talk.rio, talk.content.uid, "more", clock=talk.api.clock)
        await comments.add(session, talk.kim, talk.content.uid, "yes", clock=talk.api.clock, parent=above.uid)
    assert (few, await cost()) == (5, 5)  # content, count, comments, replies, their content
