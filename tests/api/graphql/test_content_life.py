"""The life of a content over GraphQL: versions, schedules, reviews, translations, many at once, takedowns, erasures."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.caller import Caller, Scope
from core.clock import FixedClock
from core.db import Database
from core.ids import global_id, new_uid
from models import ContentState
from tests import make
from tests.api.graphql.asking import Asking

PROBLEMS = "... on Refused { problems { code message path } }"
VERSIONS = """query ($id: ID!) { content(id: $id) {
  state stateReason
  draft { stamp title }
  waiting { number state schedule { at timeZone localTime lateByMs failure { code } } review { state } }
  revisions(first: 10) { totalCount nodes { id number state stamp title content { id } } }
} }"""


def mutation(name: str, asked: str) -> str:
    """The mutation with its input, asking for this of its payload."""
    verb = name[0].upper() + name[1:]
    return f"mutation ($input: {verb}Input!) {{ {name}(input: $input) {{ ... on {verb}Payload {{ {asked} }} {PROBLEMS} }} }}"


async def done(api: Asking, name: str, asked: str, **sent: Any) -> dict[str, Any]:
    answer: dict[str, Any] = (await api.data(mutation(name, asked), input=sent))[name]
    assert "problems" not in answer, answer
    return answer


async def problems(api: Asking, name: str, **sent: Any) -> list[tuple[str, str]]:
    answer = (await api.data(mutation(name, "__typename"), input=sent))[name]
    return [(one["code"], ".".join(one["path"])) for one in answer["problems"]]


async def test_versions_are_listed_named_and_brought_back(api: Asking, session: AsyncSession) -> None:
    ada = await make.creator(session)
    lamp = await make.product(session, title="Lamp")
    row = await make.content(session, ada, title="First", products=(lamp,))
    author, id_ = api.as_(await make.author(session, ada)), global_id("Content", row.uid)
    draft = {"format": "ARTICLE", "title": "Second"}

    saved = await done(author, "editContent", "revision { stamp }", contentId=id_, draft=draft)
    assert saved == {"revision": {"stamp": "2.1"}}
    assert await problems(author, "editContent", contentId=id_, draft=draft) == [
        ("STALE_REVISION", "input.expectedRevision")
    ]
    seen = (await author.data(VERSIONS, id=id_))["content"]
    assert [(one["number"], one["state"], one["stamp"], one["title"]) for one in seen["revisions"]["nodes"]] == [
        (2, "DRAFT", "2.1", "Second"),
        (1, "LIVE", "1.1", "First"),
    ]
    assert (seen["revisions"]["totalCount"], seen["revisions"]["nodes"][0]["content"]) == (2, {"id": id_})
    old = seen["revisions"]["nodes"][1]["id"]

    assert await problems(author, "restoreRevision", revisionId=old) == [("STALE_REVISION", "input.expectedRevision")]
    back = await done(
        author,
        "restoreRevision",
        "content { title } revision { number stamp title products(first: 5) { nodes { title } } }",
        revisionId=old,
        expectedRevision="2.1",
    )
    assert back["revision"] == {
        "number": 2,
        "stamp": "2.2",
        "title": "First",
        "products": {"nodes": [{"title": "Lamp"}]},
    }
    # what strangers see has not changed, and versions are none of their business
    node = "query ($id: ID!) { node(id: $id) { ... on Revision { title } } }"
    assert (await author.data(node, id=old))["node"] == {"title": "First"}
    assert (await api.data(node, id=old))["node"] is None
    assert (await api.data(VERSIONS, id=id_))["content"] == {
        "state": "VISIBLE", "stateReason": None, "draft": None, "waiting": None, "revisions": None
    }  # fmt: skip
    assert await problems(author, "restoreRevision", revisionId=global_id("Revision", new_uid())) == [
        ("NO_SUCH_REVISION", "input.revisionId")
    ]


DIFF = """query ($a: ID!, $b: ID!, $after: String) { revisionDiff(beforeId: $a, afterId: $b) {
  before { number } after { number }
  title { change text }
  summary { change }
  blocks(first: 1, after: $after) { totalCount pageInfo { hasNextPage hasPreviousPage endCursor } nodes {
    change placeBefore placeAfter text { change text } before { __typename } after { __typename ... on HeadingBlock { text } }
  } }
  details(last: 5) { nodes { path before after } }
  productsAdded(first: 5) { title } productsRemoved(first: 5) { title } tagsAdded(first: 5) { code }
} }"""


async def test_two_versions_are_compared(api: Asking, session: AsyncSession) -> None:
    ada = await make.creator(session)
    topic = await make.taxonomy(session)
    await make.tag(session, topic, "tea")
    lamp, kettle = await make.product(session, title="Lamp"), await make.product(session, title="Kettle")
    row = await make.content(session, ada, title="A cup of tea", products=(lamp,))
    other = await make.content(session, ada)
    author = api.as_(await make.author(session, ada))
    draft = {
        "format": "ARTICLE",
        "title": "A pot of tea",
        "body": [
            {"heading": {"level": 2, "text": "Tea"}},
            {"paragraph": {"spans": [{"text": "Tea, then the park."}]}},
        ],
        "form": [{"name": "subject", "value": "tea"}],
        "productIds": [global_id("Product", kettle.uid)],
        "tags": ["topic:tea"],
    }
    await done(author, "editContent", "revision { id }", contentId=global_id("Content", row.uid), draft=draft)
    ids = dict(
        (
            await session.execute(
                select(models.Revision.number, models.Revision.uid).where(models.Revision.content_id == row.id)
            )
        ).all()
    )
    asked = {"a": global_id("Revision", ids[1]), "b": global_id("Revision", ids[2])}

    found = (await author.data(DIFF, **asked))["revisionDiff"]
    cursor = found["blocks"]["pageInfo"].pop("endCursor")
    more = (await author.data(DIFF, after=cursor, **asked))["revisionDiff"]["blocks"]

    assert found == {
        "before": {"number": 1},
        "after": {"number": 2},
        "title": [
            {"change": "SAME", "text": "A "},
            {"change": "REMOVED", "text": "cup"},
            {"change": "ADDED", "text": "pot"},
            {"change": "SAME", "text": " of tea"},
        ],
        "summary": [],
        "blocks": {
            "totalCount": 2,
            "pageInfo": {"hasNextPage": True, "hasPreviousPage": False},
            "nodes": [
                {
                    "change": "ADDED",
                    "placeBefore": None,
                    "placeAfter": 0,
                    "text": [],
                    "before": None,
                    "after": {"__typename": "HeadingBlock", "text": "Tea"},
                }
            ],
        },
        "details": {"nodes": [{"path": "form.subject", "before": None, "after": "tea"}]},
        "productsAdded": [{"title": "Kettle"}],
        "productsRemoved": [{"title": "Lamp"}],
        "tagsAdded": [{"code": "tea"}],
    }
    assert more["pageInfo"]["hasNextPage"] is False
    (second,) = more["nodes"]
    assert (second["change"], second["placeBefore"], second["placeAfter"]) == ("CHANGED", 0, 1)
    assert [run["text"] for run in second["text"]] == ["Tea, then the ", "lake", "park", "."]
    assert (await api.data(DIFF, **asked))["revisionDiff"] is None
    foreign = global_id("Revision", (await session.get_one(models.Revision, other.live_revision_id)).uid)
    assert await author.codes(DIFF, **(asked | {"b": foreign})) == ["OTHER_CONTENTS"]


async def test_a_content_is_scheduled_moved_and_cancelled(api: Asking, session: AsyncSession) -> None:
    ada = await make.creator(session)
    row = await make.content(session, ada, title="Soon", live=False)
    author, id_ = api.as_(await make.author(session, ada)), global_id("Content", row.uid)
    schedule = "revision { number state schedule { at timeZone localTime lateByMs failure { code } } }"

    refused = await problems(author, "scheduleContent", contentId=id_, at="soon", timeZone="Paris")
    assert refused == [("MALFORMED_TIME", "input.at"), ("UNKNOWN_TIME_ZONE", "input.timeZone")]
    known = {"contentId": id_, "timeZone": "Asia/Shanghai"}
    assert await problems(author, "scheduleContent", at="2026-12-01T20:00", expectedRevision="1.3", **known) == [
        ("STALE_REVISION", "input.expectedRevision")
    ]
    set_ = await done(author, "scheduleContent", schedule, at="2026-12-01T20:00", expectedRevision="1.1", **known)
    assert set_["revision"] == {
        "number": 1,
        "state": "SCHEDULED",
        "schedule": {
            "at": "2026-12-01T12:00:00+00:00",
            "timeZone": "Asia/Shanghai",
            "localTime": "2026-12-01T20:00+08:00",
            "lateByMs": None,
            "failure": None,
        },
    }
    # what has neither a live version nor a draft is shown to its editors by what waits
    assert (await author.data("query ($id: ID!) { content(id: $id) { title } }", id=id_))["content"] == {
        "title": "Soon"
    }
    assert (await api.data("query ($id: ID!) { content(id: $id) { title } }", id=id_))["content"] is None

    moved = await done(
        author, "rescheduleContent", schedule, contentId=id_, at="2026-12-02T08:00", timeZone="Europe/Paris"
    )
    assert moved["revision"]["schedule"]["localTime"] == "2026-12-02T08:00+01:00"
    await session.execute(
        text("UPDATE revisions SET schedule_failure = 'CREATOR_SUSPENDED: The creator is suspended.'")
    )
    session.expire_all()
    waiting = (await author.data(VERSIONS, id=id_))["content"]["waiting"]
    assert waiting["schedule"]["failure"] == {"code": "CREATOR_SUSPENDED"}

    cancelled = await done(
        author, "cancelSchedule", "content { waiting { number } } revision { number state title }", contentId=id_
    )
    assert cancelled == {
        "content": {"waiting": None},
        "revision": {"number": 2, "state": "DRAFT", "title": "Soon"},
    }
    assert await problems(author, "cancelSchedule", contentId=id_) == [("NOT_SCHEDULED", "")]


async def test_an_organisation_reviews_what_goes_out(api: Asking, session: AsyncSession) -> None:
    ada = await make.creator(session)
    north = models.Organisation(handle="north", name="North", demands_review=True)
    session.add(north)
    await session.flush()
    always = Range(make.day("2026-01-01"), None)
    session.add(models.Contract(organisation_id=north.id, creator_id=ada.id, period=always, share_basis_points=0))
    row = await make.content(session, ada, title="Checked", live=False)
    caller = await make.author(session, ada)
    boss = await make.account(session, name="Boss")
    member = {
        "organisation_id": north.id,
        "account_id": boss.id,
        "role": models.OrganisationRole.OWNER,
        "period": always,
    }
    session.add(models.OrganisationMember(**member))
    await session.flush()
    author, id_ = api.as_(caller), global_id("Content", row.uid)
    manager = api.as_(
        replace(
            caller,
            account_id=boss.id,
            organisation_ids=frozenset({north.id}),
            scopes=caller.scopes | {Scope.ORGANISATION_WRITE},
        )
    )
    asked = "review { id state note publishes revision { number title } content { id } organisation { handle } }"

    assert await problems(author, "publishContent", contentId=id_) == [("REVIEW_REQUIRED", "")]
    first = (await done(author, "submitContentForReview", asked, contentId=id_))["review"]
    assert first | {"id": ""} == {
        "id": "",
        "state": "WAITING",
        "note": None,
        "publishes": False,
        "revision": {"number": 1, "title": "Checked"},
        "content": {"id": id_},
        "organisation": {"handle": "north"},
    }
    assert await problems(manager, "returnReview", reviewId=first["id"], note=" ") == [
        ("REASON_OUT_OF_RANGE", "input.note")
    ]
    returned = (await done(manager, "returnReview", "review { state note }", reviewId=first["id"], note="Shorter."))[
        "review"
    ]
    assert returned == {"state": "RETURNED", "note": "Shorter."}
    second = (await done(author, "submitContentForReview", asked, contentId=id_, publishes=True))["review"]
    third = (await done(author, "cancelReview", "review { state }", reviewId=second["id"]))["review"]
    assert third == {"state": "CANCELLED"}
    fourth = (await done(author, "submitContentForReview", asked, contentId=id_, publishes=True))["review"]
    approved = await done(
        manager, "approveReview", "review { state content { title publishedAt } }", reviewId=fourth["id"]
    )
    assert approved["review"] == {
        "state": "APPROVED",
        "content": {"title": "Checked", "publishedAt": "2026-11-24T08:00:00+00:00"},
    }
    assert await problems(manager, "approveReview", reviewId=fourth["id"]) == [("REVIEW_OVER", "")]

    listed = "query ($id: ID!) { content(id: $id) { reviews(first: 5, filter: {states: [RETURNED, CANCELLED]}) { nodes { state } } } }"
    assert (await author.data(listed, id=id_))["content"]["reviews"]["nodes"] == [
        {"state": "CANCELLED"},
        {"state": "RETURNED"},
    ]
    assert (await api.data(listed, id=id_))["content"]["reviews"] is None
    inbox = "query ($id: ID!) { node(id: $id) { ... on Organisation { reviews(first: 5) { nodes { state } } } } }"
    asked_of = global_id("Organisation", north.uid)
    for who, count in ((manager, 3), (author, 3), (api, 0)):
        assert len((await who.data(inbox, id=asked_of))["node"]["reviews"]["nodes"]) == count


async def test_a_content_is_translated_beside_itself(api: Asking, session: AsyncSession) -> None:
    ada = await make.creator(session)
    topic = await make.taxonomy(session)
    tea = await make.tag(session, topic, "tea")
    lamp = await make.product(session, title="Lamp")
    row = await make.content(session, ada, title="Tea", tags=(tea,), products=(lamp,))
    other = await make.content(session, ada, title="Thé", language="fr")
    author = api.as_(await make.author(session, ada))
    id_, other_id = global_id("Content", row.uid), global_id("Content", other.uid)
    asked = """content { id language translationOf { id } draft { title tags { code } products(first: 5) { nodes { title } } }
      missingLanguages(among: ["en", "zh", "fr"]) }"""

    chinese = (await done(author, "translateContent", asked, contentId=id_, language="zh"))["content"]
    assert chinese | {"id": ""} == {
        "id": "",
        "language": "zh",
        "translationOf": {"id": id_},
        "draft": {"title": "Tea", "tags": [{"code": "tea"}], "products": {"nodes": [{"title": "Lamp"}]}},
        "missingLanguages": ["fr"],
    }
    for sent, told in (
        ({"contentId": id_, "language": "zh"}, [("TRANSLATION_EXISTS", "input.language")]),
        (
            {"contentId": "x", "language": "Z"},
            [("MALFORMED_ID", "input.contentId"), ("MALFORMED_LANGUAGE", "input.language")],
        ),
    ):
        assert await problems(author, "translateContent", **sent) == told

    link = {"contentId": other_id, "translationOfId": id_}
    group = "content { translationOf { id } translations(first: 5) { nodes { language } } }"
    linked = (await done(author, "linkTranslation", group, **link))["content"]
    assert linked == {"translationOf": {"id": id_}, "translations": {"nodes": [{"language": "en"}, {"language": "fr"}]}}
    # strangers know nothing of the translation that is being written
    missing = 'query ($id: ID!) { content(id: $id) { missingLanguages(among: ["en", "zh", "fr"]) } }'
    assert (await api.data(missing, id=id_))["content"] == {"missingLanguages": ["zh"]}
    many = "query ($id: ID!, $all: [String!]!) { content(id: $id) { missingLanguages(among: $all) } }"
    assert await api.codes(many, id=id_, all=["zh"] * 51) == ["TOO_MANY_LANGUAGES"]
    unlinked = (await done(author, "unlinkTranslation", group, contentId=id_))["content"]
    assert unlinked == {"translationOf": None, "translations": {"nodes": [{"language": "en"}]}}
    gallery = await make.content(session, ada, format=models.Format.GALLERY, language="de")
    wrong = {"contentId": global_id("Content", gallery.uid), "translationOfId": id_}
    assert await problems(author, "linkTranslation", **wrong) == [("OTHER_FORMAT", "input.translationOfId")]


async def test_many_contents_are_changed_at_once_with_an_answer_for_each(api: Asking, session: AsyncSession) -> None:
    ada, eve = await make.creator(session), await make.creator(session, name="Eve")
    rows = [await make.content(session, ada, title=f"Piece {number}", live=False) for number in range(3)]
    foreign, live = await make.content(session, eve), await make.content(session, ada, title="Live")
    author = api.as_(await make.author(session, ada))
    ids = [global_id("Content", row.uid) for row in (rows[1], foreign, rows[0], live)]
    nowhere = global_id("Content", new_uid())
    asked = "results { id content { title state } problems { code } }"

    def told(answer: dict[str, Any]) -> list[Any]:
        assert [one["id"] for one in answer["results"]][:4] == ids[: len(answer["results"])]
        return [(one["content"] or {}).get("title") or one["problems"][0]["code"] for one in answer["results"]]

    published = await done(author, "publishContents", asked, contentIds=[*ids, nowhere])
    assert told(published) == ["Piece 1", "FORBIDDEN", "Piece 0", "Live", "NO_SUCH_CONTENT"]
    withdrawn = await done(author, "withdrawContents", asked, contentIds=[*ids, nowhere], reason="Sale over.")
    assert told(withdrawn) == ["Piece 1", "FORBIDDEN", "Piece 0", "Live", "NO_SUCH_CONTENT"]
    again = await done(author, "withdrawContents", asked, contentIds=[*ids, nowhere], reason="Sale over.")
    assert told(again) == ["NOT_LIVE", "FORBIDDEN", "NOT_LIVE", "NOT_LIVE", "NO_SUCH_CONTENT"]
    taken = await done(
        api.as_(await _operator(session)), "takeDownContents", asked, contentIds=[*ids, nowhere], reason="Law."
    )
    assert told(taken) == ["Piece 1", "A morning in Hangzhou", "Piece 0", "Live", "NO_SUCH_CONTENT"]
    states = await session.execute(text("SELECT state, count(*) FROM contents GROUP BY 1 ORDER BY 1"))
    assert states.all() == [("TAKEN_DOWN", 4), ("VISIBLE", 1)]

    when = {"at": "2026-12-01T20:00", "timeZone": "Asia/Shanghai"}
    ids = [global_id("Content", row.uid) for row in (rows[2], rows[0])]
    scheduled = await done(author, "scheduleContents", asked, contentIds=ids, **when)
    assert told(scheduled) == ["Piece 2", "TAKEN_DOWN"]
    assert await problems(author, "scheduleContents", contentIds=["x"], at="now", timeZone="UTC") == [
        ("MALFORMED_ID", "input.contentIds.0"),
        ("MALFORMED_TIME", "input.at"),
    ]
    assert await problems(author, "publishContents", contentIds=ids, channels=["a", "b"]) == [
        ("UNKNOWN_CHANNEL", "input.channels.0"),
        ("UNKNOWN_CHANNEL", "input.channels.1"),
    ]
    for none in ([], [nowhere] * 101):
        assert await problems(author, "publishContents", contentIds=none) == [("TOO_MANY_ITEMS", "input.contentIds")]


async def test_two_who_change_the_same_contents_at_once_do_not_wait_for_each_other(
    committed: Database, clock: FixedClock
) -> None:
    async with committed.session() as session:
        ada = await make.creator(session)
        rows = [await make.content(session, ada, live=False) for _ in range(12)]
        caller = await make.author(session, ada)
    author, ids = Asking(committed, clock, caller), [global_id("Content", row.uid) for row in rows]

    both = await asyncio.gather(
        *(done(author, "publishContents", "results { content { id } }", contentIds=way) for way in (ids, ids[::-1]) * 2)
    )

    told = [[one["content"]["id"] for one in answer["results"]] for answer in both]
    assert told == [ids, ids[::-1]] * 2


async def test_a_takedown_is_appealed_and_decided(api: Asking, session: AsyncSession) -> None:
    ada = await make.creator(session)
    row = await make.content(session, ada, title="Seen", state=ContentState.TAKEN_DOWN, state_because="Law.")
    author, operator = api.as_(await make.author(session, ada)), api.as_(await _operator(session))
    id_ = global_id("Content", row.uid)
    because = "query ($id: ID!) { content(id: $id) { state stateReason appeals(first: 5) { nodes { state note } } } }"
    waiting = "{ appeals(first: 5, filter: {states: [WAITING]}) { totalCount nodes { text content { title } } } }"

    assert (await author.data(because, id=id_))["content"] == {
        "state": "TAKEN_DOWN",
        "stateReason": "Law.",
        "appeals": {"nodes": []},
    }
    made = (await done(author, "appealTakedown", "appeal { id state }", contentId=id_, text="It is a quotation."))[
        "appeal"
    ]
    assert await problems(author, "appealTakedown", contentId=id_, text="Again.") == [("ALREADY_APPEALED", "")]
    assert (await operator.data(waiting))["appeals"] == {
        "totalCount": 1,
        "nodes": [{"text": "It is a quotation.", "content": {"title": "Seen"}}],
    }
    assert await author.codes(waiting) == ["OPERATORS_ONLY"]
    decided = await done(
        operator, "decideAppeal", "appeal { state }", appealId=made["id"], grants=False, note="It is not."
    )
    assert decided == {"appeal": {"state": "REFUSED"}}
    assert await problems(operator, "decideAppeal", appealId=made["id"], grants=True) == [("APPEAL_OVER", "")]
    again = (await done(author, "appealTakedown", "appeal { id }", contentId=id_, text="Look again."))["appeal"]
    await done(operator, "decideAppeal", "appeal { state }", appealId=again["id"], grants=True)

    shown = (await author.data(because, id=id_))["content"]
    assert (shown["state"], shown["appeals"]["nodes"]) == (
        "VISIBLE",
        [{"state": "GRANTED", "note": None}, {"state": "REFUSED", "note": "It is not."}],
    )
    assert await problems(author, "appealTakedown", contentId=id_, text="t") == [("NOT_TAKEN_DOWN", "")]
    assert await problems(operator, "decideAppeal", appealId=global_id("Appeal", new_uid()), grants=True) == [
        ("NO_SUCH_APPEAL", "input.appealId")
    ]


async def test_operators_suspend_and_erase_accounts_with_their_creators(api: Asking, session: AsyncSession) -> None:
    ada = await make.creator(session)
    row = await make.content(session, ada, title="Seen")
    owner = await make.account(session)
    session.add(models.Identity(account_id=owner.id, kind=models.IdentityKind.CREATOR, creator_id=ada.id))
    await session.flush()
    operator, account = api.as_(await _operator(session)), global_id("Account", owner.uid)
    seen, asked = "query ($id: ID!) { content(id: $id) { title } }", {"id": global_id("Content", row.uid)}

    await done(operator, "suspendAccount", "account { id }", accountId=account, reason="Spam.")
    assert (await api.data(seen, **asked))["content"] is None
    await done(operator, "reinstateAccount", "account { id }", accountId=account)
    assert (await api.data(seen, **asked))["content"] == {"title": "Seen"}

    preview = "query ($id: ID) { erasurePreview(accountId: $id) { what count } }"
    counts = {one["what"]: one["count"] for one in (await operator.data(preview, id=account))["erasurePreview"]}
    assert (counts["creators"], counts["contents"], counts["revisions"]) == (1, 1, 1)
    assert await api.codes(preview, id=account) == ["NOT_SIGNED_IN"]
    assert await operator.codes("{ erasurePreview { what } }") == ["WHOM_TO_ERASE"]
    erased = await done(
        operator, "eraseAccount", "erasures { finishedAt creator { handle } account { id } }", accountId=account
    )
    assert erased["erasures"] == [
        {"finishedAt": None, "creator": None, "account": {"id": account}},
        {"finishedAt": None, "creator": {"handle": f"erased-{ada.uid.hex}"}, "account": None},
    ]
    assert (await api.data(seen, **asked))["content"] is None
    assert await problems(operator, "suspendAccount", accountId=account, reason="r") == [
        ("NO_SUCH_ACCOUNT", "input.accountId")
    ]
    creator = global_id("Creator", ada.uid)
    same = await done(operator, "eraseCreator", "erasure { removed { what count } }", creatorId=creator)
    assert same == {"erasure": {"removed": []}}
    listed = "{ erasures(first: 5) { totalCount } }"
    assert (await operator.data(listed))["erasures"]["totalCount"] == 2
    assert await api.codes(listed) == ["NOT_SIGNED_IN"]
    assert await session.scalar(select(func.count()).select_from(models.Erasure)) == 2


async def _operator(session: AsyncSession) -> Caller:
    return replace(make.operator(), account_id=(await make.account(session, name="Operator")).id)
