"""Vocabularies over GraphQL: tended by operators, proposed to by authors, and suggested by texts."""

from __future__ import annotations

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from core.caller import Scope
from core.ids import global_id, new_uid
from models import DirtyKind, TagState
from services import proposing
from tests import make
from tests.api.graphql.asking import Asking
from tests.api.graphql.doing import do, id_of, marked, operator, recorded

BOTH = {"DISTRIBUTION", "INDEX"}
TAG = "tag { id name state labels { language text } parent { code } }"


def label(text: str, language: str = "en") -> list[dict[str, str]]:
    return [{"language": language, "text": text}]


async def test_operators_make_a_vocabulary_and_its_tags(api: Asking, session: AsyncSession):
    asking = api.as_(await operator(session))
    shows = "taxonomy { code isTree leastPerContent mostPerContent labels { text } }"
    scene = {"code": "scene", "labels": label("Scene"), "isTree": True, "mostPerContent": 3, "idempotencyKey": "k"}

    made, again = [await do(asking, "createTaxonomy", shows, **scene) for _ in range(2)]
    taken = await do(asking, "createTaxonomy", shows, code="scene", labels=[*label("\n"), *label("x", "English")])
    wrong = await do(asking, "createTaxonomy", shows, code="1!", labels=[], leastPerContent=2, mostPerContent=1)
    tag = await do(asking, "createTag", TAG, taxonomy="scene", code="home", labels=label("At home"))
    below = await do(asking, "createTag", TAG, taxonomy="scene", code="bath", labels=label("Bath"), parentId=tag["id"])
    bad = await do(
        asking, "createTag", TAG, taxonomy="scene", code="home", labels=[*label(" "), *label("Ü", "?")],
        parentId=global_id("Tag", new_uid()),
    )  # fmt: skip

    assert made == again
    assert made == {
        "code": "scene", "isTree": True, "leastPerContent": 0, "mostPerContent": 3, "labels": [{"text": "Scene"}]
    }  # fmt: skip
    assert taken == [
        ("TAXONOMY_EXISTS", "code"), ("MALFORMED_NAME", "labels.en"), ("MALFORMED_LANGUAGE", "labels.English")
    ]  # fmt: skip
    assert wrong == [("INVALID", "code"), ("INVALID", "labels"), ("INVALID", "leastPerContent")]
    assert (tag["name"], tag["state"], tag["parent"]) == ("scene:home", "ACTIVE", None)
    assert below["parent"] == {"code": "home"}
    assert bad == [
        ("TAG_EXISTS", "code"), ("MALFORMED_NAME", "labels.en"), ("INVALID", "labels.?"), ("NO_SUCH_TAG", "parentId")
    ]  # fmt: skip
    twice = await do(asking, "createTag", TAG, taxonomy="scene", code="x", labels=[*label("A"), *label("B")])
    assert twice == [("NAMED_TWICE", "labels.1.language")]
    nowhere = await do(asking, "createTag", TAG, taxonomy="nowhere", code="x", labels=label("A"))
    assert nowhere == [("NO_SUCH_TAXONOMY", "taxonomy")]
    author = api.as_(await make.author(session, await make.creator(session)))
    assert await do(author, "createTag", TAG, taxonomy="scene", code="x", labels=label("A")) == [("OPERATORS_ONLY", "")]
    assert list((await marked(session, DirtyKind.TAG)).values()) == [BOTH, BOTH]


async def test_a_tag_is_renamed_moved_given_up_and_taken_up_again(api: Asking, session: AsyncSession):
    scene = await make.taxonomy(session, "scene", is_tree=True)
    home, bath = await make.tag(session, scene, "home"), await make.tag(session, scene, "bath")
    asking, sent = api.as_(await operator(session)), {"tagId": id_of(bath)}
    aliases = "tag { aliases(first: 5) { nodes { alias language } } }"

    renamed = await do(asking, "renameTag", TAG, **sent, labels=label("Bathroom"), keepsOld=False)
    known = await do(asking, "addTagAlias", aliases, **sent, alias="Tub", language="en")
    gone = await do(asking, "removeTagAlias", aliases, **sent, alias="tub")
    moved = await do(asking, "moveTag", TAG, **sent, parentId=id_of(home))
    cycle = await do(asking, "moveTag", TAG, tagId=id_of(home), parentId=id_of(bath))
    root = await do(asking, "moveTag", TAG, **sent)
    over = await do(asking, "deprecateTag", TAG, **sent, reason="Nobody says so.")
    back = await do(asking, "activateTag", TAG, **sent)

    assert renamed["labels"] == [{"language": "en", "text": "Bathroom"}]
    assert known == {"aliases": {"nodes": [{"alias": "Tub", "language": "en"}]}}
    assert gone == {"aliases": {"nodes": []}}
    assert (moved["parent"], cycle, root["parent"]) == ({"code": "home"}, [("TAG_CYCLE", "parentId")], None)
    assert (over["state"], back["state"]) == ("DEPRECATED", "ACTIVE")
    assert (await marked(session, DirtyKind.TAG))[bath.id] == BOTH
    unknown = {"tagId": global_id("Tag", new_uid())}
    assert await do(asking, "activateTag", TAG, **unknown) == [("NO_SUCH_TAG", "tagId")]
    assert await do(asking, "renameTag", TAG, tagId="zzz", labels=[*label("A"), *label("B")]) == [
        ("MALFORMED_ID", "tagId"),
        ("NAMED_TWICE", "labels.1.language"),
    ]


async def test_a_merged_tag_takes_its_contents_along_and_only_once(api: Asking, session: AsyncSession):
    scene = await make.taxonomy(session, "scene")
    tub, bath = await make.tag(session, scene, "tub"), await make.tag(session, scene, "bath")
    content = await make.content(session, await make.creator(session), tags=(tub,))
    asking = api.as_(await operator(session))
    sent = {"tagId": id_of(tub), "intoId": id_of(bath), "idempotencyKey": "k"}
    document = "mutation ($input: MergeTagInput!) { mergeTag(input: $input) { ... on MergeTagPayload {"
    document += " tag { code } movedCount isComplete } ... on Refused { problems { code } } } }"

    done, again = [(await asking.data(document, input=sent))["mergeTag"] for _ in range(2)]

    assert done == again == {"tag": {"code": "bath"}, "movedCount": 1, "isComplete": True}
    await session.refresh(content)
    assert content.tag_ids == [bath.id]
    assert (await marked(session, DirtyKind.CONTENT))[content.id] == BOTH
    itself = (await asking.data(document, input={"tagId": id_of(bath), "intoId": id_of(tub)}))["mergeTag"]
    assert itself == {"problems": [{"code": "TAG_CYCLE"}]}


async def test_authors_propose_and_operators_accept_or_reject(
    api: Asking, session: AsyncSession, monkeypatch: pytest.MonkeyPatch
):
    scene = await make.taxonomy(session, "scene")
    ada = await make.creator(session)
    author, asking = api.as_(await make.author(session, ada)), api.as_(await operator(session))
    waiting = "{ proposedTags(first: 5) { nodes { code } } }"
    monkeypatch.setattr(proposing, "MOST_PROPOSED", 2)

    async def propose(code: str) -> object:
        return await do(author, "proposeTag", TAG, taxonomy="scene", code=code, labels=label(code.title()))

    attic, loft = await propose("attic"), await propose("loft")
    many = await propose("shed")
    listed = (await asking.data(waiting))["proposedTags"]
    hidden = await author.codes(waiting)
    public = (await api.data("{ tags(first: 5) { nodes { code } } }"))["tags"]
    accepted = await do(asking, "activateTag", TAG, tagId=attic["id"])  # type: ignore[index]  # a tag
    rejected = await do(asking, "rejectTag", "taxonomy { code }", tagId=loft["id"], reason="Say attic.")  # type: ignore[index]
    gone = await do(asking, "rejectTag", "taxonomy { code }", tagId=loft["id"], reason="Twice.")  # type: ignore[index]

    assert many == [("TOO_MANY_PROPOSALS", "")]
    assert listed == {"nodes": [{"code": "attic"}, {"code": "loft"}]}
    assert (hidden, public) == (["OPERATORS_ONLY"], {"nodes": []})
    assert (accepted["state"], rejected, gone) == ("ACTIVE", {"code": "scene"}, [("NO_SUCH_TAG", "tagId")])
    assert await recorded(session) == ["tag.proposed", "tag.proposed", "tag.activated", "tag.rejected"]
    assert await do(asking, "rejectTag", "taxonomy { code }", tagId=attic["id"], reason="No.") == [("NOT_PROPOSED", "")]  # type: ignore[index]
    used = await make.tag(session, scene, "used", state=TagState.PROPOSED)
    await make.product(session, category_id=used.id)
    assert await do(asking, "rejectTag", "taxonomy { code }", tagId=id_of(used), reason="No.") == [("TAG_IN_USE", "")]
    narrow = api.as_(await make.author(session, ada, Scope.CREATOR_WRITE))
    assert await do(narrow, "proposeTag", TAG, taxonomy="scene", code="x", labels=label("X")) == [("MISSING_SCOPE", "")]


async def test_a_text_suggests_the_tags_it_names_and_follows_changes(api: Asking, session: AsyncSession):
    scene = await make.taxonomy(session, "scene")
    await make.tag(session, scene, "camping", labels={"en": "Camping", "zh": "露营"})
    author = api.as_(await make.author(session, await make.creator(session)))
    document = """query ($text: String!, $title: String!) { suggestTags(text: $text, title: $title) {
      tag { code } confidence count matches { start end text } } }"""

    before = await author.data(document, text="We went camping; 露营 is fun, and hiking.", title="Camping")
    hiking = await make.tag(session, scene, "hiking")
    after = await author.data(document, text="Hiking.", title="")

    assert before["suggestTags"] == [
        {
            "tag": {"code": "camping"},
            "confidence": 90,
            "count": 3,
            "matches": [{"start": 8, "end": 15, "text": "camping"}, {"start": 17, "end": 19, "text": "露营"}],
        }
    ]
    assert [one["tag"]["code"] for one in after["suggestTags"]] == ["hiking"]
    # another tag in the place of one that is gone, with the same number of changes
    await session.delete(hiking)
    await session.flush()
    await make.tag(session, scene, "rowing")
    assert [one["tag"]["code"] for one in (await author.data(document, text="Rowing.", title=""))["suggestTags"]] == [
        "rowing"
    ]
    assert await author.codes(document, text="x" * 50_001, title="") == ["TOO_LONG_TO_READ"]
    assert await api.codes(document, text="x", title="") == ["NOT_SIGNED_IN"]
