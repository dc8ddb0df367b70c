"""Answers: given, edited and withdrawn by creators, accepted by the asker, voted for by readers, moderated by operators."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.caller import Caller, Scope
from core.ids import global_id, new_uid
from services import answers
from tests import make
from tests.api.graphql.asking import Asking

PROBLEMS = "... on Refused { problems { code path } }"
SHOWN = "id state stateReason votesCount isAccepted isVotedForByViewer editedAt body { markdown } creator { name }"
READ = """query ($id: ID!, $order: AnswerOrder) { content(id: $id) { version ... on Qna {
  acceptedAnswer { body { text } }
  answers(first: 10, order: $order) { totalCount nodes { body { text } votesCount isAccepted } }
} } }"""
NODE = f"query ($id: ID!) {{ node(id: $id) {{ ... on Answer {{ {SHOWN} question {{ title }} }} }} }}"


def mutation(name: str) -> str:
    payload = f"{name[0].upper()}{name[1:]}"
    return f"""mutation ($input: {payload}Input!) {{
      {name}(input: $input) {{ ... on {payload}Payload {{ answer {{ {SHOWN} }} }} {PROBLEMS} }}
    }}"""


@dataclass
class Ask:
    """A question of Ada's, with an answer by Bob and one by Cleo."""

    api: Asking
    session: AsyncSession
    question: models.Content
    ada: Caller
    bob: Caller
    reader: Caller
    operator: Caller
    creators: dict[str, models.Creator]
    by_bob: models.Answer
    by_cleo: models.Answer

    async def do(self, caller: Caller | None, name: str, **sent: Any) -> dict[str, Any]:
        asking = self.api if caller is None else self.api.as_(caller)
        answer: dict[str, Any] = (await asking.data(mutation(name), input=sent))[name]
        return answer

    async def to(self, caller: Caller, name: str, answer: models.Answer, **more: Any) -> dict[str, Any]:
        return await self.do(caller, name, answerId=global_id("Answer", answer.uid), **more)

    async def codes(self, caller: Caller | None, name: str, answer: models.Answer, **more: Any) -> list[str]:
        done = await self.do(caller, name, answerId=global_id("Answer", answer.uid), **more)
        return [problem["code"] for problem in done["problems"]]

    async def shown(self, caller: Caller | None = None, **order: str) -> list[str]:
        asking = self.api if caller is None else self.api.as_(caller)
        content = (await asking.data(READ, id=global_id("Content", self.question.uid), **order))["content"]
        assert content["answers"]["totalCount"] == len(content["answers"]["nodes"])
        accepted = content["acceptedAnswer"]["body"]["text"] if content["acceptedAnswer"] else None
        assert [node["body"]["text"] for node in content["answers"]["nodes"] if node["isAccepted"]] == (
            [accepted] if accepted else []
        )
        return [f"{node['body']['text']} {node['votesCount']}" for node in content["answers"]["nodes"]]

    async def version(self) -> tuple[int, int]:
        """Of the question, and of the mark that consumers still have to look at."""
        content = await self.session.scalar(select(models.Content.version).where(models.Content.id == self.question.id))
        mark = models.DirtyMark
        marked = select(func.max(mark.version)).where(
            mark.kind == models.DirtyKind.CONTENT, mark.object_id == self.question.id
        )
        return content or 0, await self.session.scalar(marked) or 0


@pytest.fixture
async def ask(api: Asking, session: AsyncSession) -> Ask:
    creators = {name: await make.creator(session, name=name) for name in ("Ada", "Bob", "Cleo")}
    question = await make.content(session, creators["Ada"], title="Which tea?", format=models.Format.QNA)
    scopes = (Scope.CONTENT_PUBLISH, Scope.ENGAGEMENT_WRITE)
    ada, bob = [await make.author(session, creators[name], *scopes) for name in ("Ada", "Bob")]
    operator = replace(make.operator(), account_id=ada.account_id)
    first = await make.answer(session, question, creators["Bob"], text="Green")
    second = await make.answer(session, question, creators["Cleo"], text="Black", votes_count=1)
    return Ask(api, session, question, ada, bob, await make.reader(session), operator, creators, first, second)


def ids(ask: Ask, creator: str = "Bob") -> dict[str, Any]:
    return {
        "contentId": global_id("Content", ask.question.uid),
        "creatorId": global_id("Creator", ask.creators[creator].uid),
    }


async def test_a_question_is_answered_as_markdown_or_as_blocks(ask: Ask) -> None:
    before = await ask.version()
    given = (await ask.do(ask.bob, "answerQuestion", **ids(ask), markdown="Try **white**."))["answer"]
    block = {"paragraph": {"spans": [{"text": "Or none 🫖"}]}}
    await ask.do(ask.bob, "answerQuestion", **ids(ask), body=[block])

    assert given.pop("id")
    assert given == {
        "state": "VISIBLE",
        "stateReason": None,
        "votesCount": 0,
        "isAccepted": False,
        "isVotedForByViewer": False,
        "editedAt": None,
        "body": {"markdown": "Try **white**."},
        "creator": {"name": "Bob"},
    }
    assert await ask.shown() == ["Black 1", "Or none 🫖 0", "Try white. 0", "Green 0"]
    assert await ask.shown(order="NEWEST") == ["Or none 🫖 0", "Try white. 0", "Black 1", "Green 0"]
    assert await ask.version() == (before[0] + 2, 2)


async def test_everything_wrong_with_an_answer_is_told_at_once(ask: Ask, session: AsyncSession) -> None:
    product = {"product": {"productId": global_id("Product", new_uid())}}
    article = await make.content(session, ask.creators["Ada"])
    sent = ids(ask) | {"contentId": global_id("Content", article.uid), "body": [{"heading": {"level": 9, "text": "x"}}]}

    async def problems(caller: Caller | None, **sent: Any) -> list[tuple[str, str]]:
        done = await ask.do(caller, "answerQuestion", **sent)
        return [(one["code"], ".".join(one["path"][1:])) for one in done["problems"]]

    sent["body"].append(product)
    assert await problems(ask.bob, **sent) == [
        ("NOT_A_QUESTION", "contentId"),
        ("LESS_THAN_EQUAL", "body.0.heading.level"),
        ("UNKNOWN_PRODUCT", "body.1.product.productId"),
    ]
    assert await problems(ask.bob, **ids(ask)) == [("TOO_SHORT", "body")]
    empty = {"paragraph": {"spans": [{"text": " "}]}}
    assert await problems(ask.bob, **ids(ask), body=[empty]) == [("TOO_SHORT", "body")]
    assert await problems(ask.bob, **ids(ask), body=[empty] * 501) == [("TOO_LONG", "body")]
    assert await problems(ask.bob, **ids(ask), markdown="![](https://x.example/1.jpg)") == [
        ("PICTURES_IN_MARKDOWN", "markdown"),
        ("TOO_SHORT", "markdown"),
    ]
    assert await problems(ask.bob, **ids(ask), body=[empty], markdown="x") == [("BODY_TWICE", "markdown")]
    assert await problems(ask.bob, **ids(ask, "Cleo"), markdown="x") == [("FORBIDDEN", "")]
    assert await problems(ask.reader, **ids(ask), markdown="x") == [("MISSING_SCOPE", "")]
    assert await problems(None, **ids(ask), markdown="x") == [("NOT_SIGNED_IN", "")]
    for nothing in ({"contentId": global_id("Content", new_uid())}, {"contentId": "zz"}):
        code = "MALFORMED_ID" if nothing["contentId"] == "zz" else "NO_SUCH_CONTENT"
        assert await problems(ask.bob, **ids(ask) | nothing, markdown="x") == [(code, "contentId")]
    assert await ask.shown() == ["Black 1", "Green 0"]


async def test_an_answer_is_edited_by_whoever_gave_it(ask: Ask) -> None:
    await ask.to(ask.ada, "acceptAnswer", ask.by_bob)
    before = await ask.version()
    for caller, code in ((ask.ada, "FORBIDDEN"), (ask.reader, "MISSING_SCOPE")):
        assert await ask.codes(caller, "editAnswer", ask.by_bob, markdown="x") == [code]
    assert await ask.codes(ask.bob, "editAnswer", ask.by_bob, markdown="x" * 100_001) == ["TEXT_TOO_LONG", "TOO_SHORT"]

    edited = (await ask.to(ask.bob, "editAnswer", ask.by_bob, markdown="Green, *cold*"))["answer"]

    assert edited["body"] == {"markdown": "Green, *cold*"}
    assert edited["editedAt"] == "2026-11-24T08:00:00+00:00"
    assert edited["isAccepted"] is True
    assert await ask.shown() == ["Black 1", "Green, cold 0"]
    assert await ask.version() == (before[0] + 1, before[1] + 1)


async def test_only_the_asker_accepts_and_one_answer_at_a_time(ask: Ask) -> None:
    before = await ask.version()
    for name in ("acceptAnswer", "unacceptAnswer"):
        assert await ask.codes(ask.bob, name, ask.by_bob) == ["FORBIDDEN"]
        assert await ask.codes(ask.reader, name, ask.by_bob) == ["MISSING_SCOPE"]
    assert await ask.version() == before

    accepted = []
    for name, answer in (
        ("acceptAnswer", ask.by_bob),
        ("acceptAnswer", ask.by_bob),
        ("acceptAnswer", ask.by_cleo),
        ("unacceptAnswer", ask.by_bob),
        ("unacceptAnswer", ask.by_cleo),
    ):
        done = await ask.to(ask.ada, name, answer)
        assert done["answer"]["isAccepted"] is (name == "acceptAnswer")
        shown = await ask.api.data(READ, id=global_id("Content", ask.question.uid))
        found = shown["content"]["acceptedAnswer"]
        accepted.append((found and found["body"]["text"], (await ask.version())[0] - before[0]))
        await ask.shown()
    assert accepted == [("Green", 1), ("Green", 1), ("Black", 2), ("Black", 2), (None, 3)]


async def test_a_withdrawn_answer_is_gone_and_no_longer_accepted(ask: Ask) -> None:
    await ask.to(ask.ada, "acceptAnswer", ask.by_bob)
    assert await ask.codes(ask.ada, "withdrawAnswer", ask.by_bob) == ["FORBIDDEN"]

    done = await ask.to(ask.bob, "withdrawAnswer", ask.by_bob)

    assert (done["answer"]["state"], done["answer"]["isAccepted"]) == ("WITHDRAWN", False)
    assert await ask.shown() == await ask.shown(ask.bob) == ["Black 1"]
    for name, caller, more in (
        ("withdrawAnswer", ask.bob, {}),
        ("editAnswer", ask.bob, {"markdown": "x"}),
        ("takeDownAnswer", ask.operator, {"reason": "r"}),
    ):
        assert await ask.codes(caller, name, ask.by_bob, **more) == ["ANSWER_NOT_SHOWN"]
    for name, caller in (("acceptAnswer", ask.ada), ("voteForAnswer", ask.reader)):
        assert await ask.codes(caller, name, ask.by_bob) == ["NO_SUCH_ANSWER"]


async def test_an_operator_takes_an_answer_down_and_brings_it_back(ask: Ask) -> None:
    await ask.to(ask.ada, "acceptAnswer", ask.by_bob)
    for caller in (ask.ada, ask.bob):
        assert await ask.codes(caller, "takeDownAnswer", ask.by_bob, reason="r") == ["OPERATORS_ONLY"]
        assert await ask.codes(caller, "restoreAnswer", ask.by_bob) == ["OPERATORS_ONLY"]
    assert await ask.codes(ask.operator, "takeDownAnswer", ask.by_bob, reason="") == ["REASON_OUT_OF_RANGE"]
    assert await ask.codes(ask.operator, "restoreAnswer", ask.by_bob) == ["NOT_TAKEN_DOWN"]
    before = await ask.version()

    taken = (await ask.to(ask.operator, "takeDownAnswer", ask.by_bob, reason="an advertisement"))["answer"]
    assert (taken["state"], taken["stateReason"]) == ("TAKEN_DOWN", "an advertisement")
    assert await ask.shown() == ["Black 1"]
    own = await ask.api.as_(ask.bob).data(NODE, id=global_id("Answer", ask.by_bob.uid))
    assert own["node"]["stateReason"] == "an advertisement"
    back = (await ask.to(ask.operator, "restoreAnswer", ask.by_bob))["answer"]
    assert (back["state"], back["stateReason"], back["isAccepted"]) == ("VISIBLE", None, True)
    assert await ask.shown() == ["Black 1", "Green 0"]
    assert await ask.version() == (before[0] + 2, before[1] + 2)

    entry = models.AuditEntry
    done = select(entry.action, entry.reason).where(entry.object_type == "Answer").order_by(entry.id)
    assert [tuple(row) for row in await ask.session.execute(done)] == [
        ("answer.accepted", None),
        ("answer.taken_down", "an advertisement"),
        ("answer.restored", None),
    ]


async def test_readers_vote_once_and_not_for_themselves(ask: Ask) -> None:
    before = await ask.version()
    assert await ask.codes(ask.bob, "voteForAnswer", ask.by_bob) == ["OWN_CREATOR"]
    assert await ask.codes(None, "voteForAnswer", ask.by_bob) == ["NOT_SIGNED_IN"]
    assert await ask.codes(replace(ask.reader, scopes=frozenset()), "unvoteForAnswer", ask.by_bob) == ["MISSING_SCOPE"]

    for _ in range(2):
        voted = (await ask.to(ask.reader, "voteForAnswer", ask.by_bob))["answer"]
        assert (voted["votesCount"], voted["isVotedForByViewer"]) == (1, True)
    await ask.to(ask.ada, "voteForAnswer", ask.by_bob)
    assert await ask.shown() == ["Green 2", "Black 1"]
    for _ in range(2):
        voted = (await ask.to(ask.reader, "unvoteForAnswer", ask.by_bob))["answer"]
        assert (voted["votesCount"], voted["isVotedForByViewer"]) == (1, False)
    # equal votes: the later answer first
    assert await ask.shown() == ["Black 1", "Green 1"]
    assert await ask.version() == before
    assert ask.ada.account_id is not None
    await answers.forget_votes(ask.session, [ask.ada.account_id])
    assert await ask.shown() == ["Black 1", "Green 0"]


async def test_an_answer_is_found_by_its_id_by_those_who_see_it(ask: Ask) -> None:
    id_ = global_id("Answer", ask.by_bob.uid)

    async def found(*callers: Caller | None) -> list[bool]:
        asking = [ask.api if caller is None else ask.api.as_(caller) for caller in callers]
        return [(await one.data(NODE, id=id_))["node"] is not None for one in asking]

    node = (await ask.api.data(NODE, id=id_))["node"]
    assert (node["isVotedForByViewer"], node["question"]) == (None, {"title": "Which tea?"})
    assert await found(None, ask.reader, ask.bob, ask.operator) == [True] * 4
    ask.creators["Bob"].suspended_at = make.EARLY
    await ask.session.flush()
    assert await found(None, ask.reader, ask.ada, ask.bob, ask.operator) == [False, False, False, True, True]
    ask.creators["Bob"].suspended_at = None
    ask.question.state = models.ContentState.WITHDRAWN
    await ask.session.flush()
    assert await found(None, ask.bob, ask.ada, ask.operator) == [False, False, True, True]
    assert await ask.codes(ask.bob, "editAnswer", ask.by_bob, markdown="x") == ["NO_SUCH_ANSWER"]
    assert await ask.codes(ask.reader, "voteForAnswer", ask.by_bob) == ["NO_SUCH_ANSWER"]


async def test_a_picture_in_an_answer_is_served_while_the_answer_is_shown(ask: Ask) -> None:
    from services import assets

    now = datetime(2026, 11, 24, tzinfo=UTC)
    blob = models.Blob(
        sha256=bytes(range(32)),
        media_type="image/png",
        byte_count=1,
        probe_state=models.ProbeState.PROBED,
        probed_at=now,
    )
    ask.session.add(blob)
    await ask.session.flush()
    picture = await make.asset(ask.session, creator_id=ask.creators["Bob"].id, sha256=blob.sha256)
    image = {"assetId": global_id("Asset", picture.uid)}
    stranger = make.acting_as(ask.creators["Cleo"])
    with pytest.raises(assets.NoSuchAsset):
        await assets.shown(ask.session, stranger, picture.uid, now=now)

    for body in ([{"image": image}], [{"gallery": {"images": [image]}}]):
        given = (await ask.do(ask.bob, "answerQuestion", **ids(ask), body=body))["answer"]
        assert (await assets.shown(ask.session, stranger, picture.uid, now=now)).blob.sha256 == blob.sha256
        await ask.do(ask.bob, "withdrawAnswer", answerId=given["id"])
        with pytest.raises(assets.NoSuchAsset):
            await assets.shown(ask.session, stranger, picture.uid, now=now)
    foreign = await make.asset(ask.session, creator_id=ask.creators["Cleo"].id)
    body = [{"image": {"assetId": global_id("Asset", foreign.uid)}}]
    refused = await ask.do(ask.bob, "answerQuestion", **ids(ask), body=body)
    assert refused["problems"] == [{"code": "UNKNOWN_ASSET", "path": ["input", "body", "0", "image", "assetId"]}]
