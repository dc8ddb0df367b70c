"""Near copies at channels: who is found to be one, who is not, and that a plan says what the decision will say."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

import models
from core.caller import SYSTEM
from core.clock import FixedClock
from core.db import Database
from models import SubmissionState
from services import deliveries, publishing, verifying
from services.erasure import parts
from services.erasure.working import ERASING
from tests.services.duplicates.places import KEY, ONCE, PICTURES, TEXT, Place, submission_of
from tests.services.duplicates.texts import CHINESE, ENGLISH, HASH, OTHER, changed, flipped, picture, turned
from tests.services.packs import pack

DELIVERED, REJECTED = SubmissionState.DELIVERED, SubmissionState.REJECTED


@pytest.fixture
async def place(db: Database, clock: FixedClock) -> Place:
    return Place(db, clock)


async def test_near_copies_are_told_so_before_and_after_they_are_submitted(place: Place):
    await place.begin()
    first = await place.published(ENGLISH)
    texts = {
        ENGLISH: 100,
        ENGLISH.upper().replace(" ", "  "): 100,
        changed(ENGLISH, every=10): 71,
        turned(ENGLISH): 97,
        "Seen elsewhere, and too good to keep it to myself. " + ENGLISH: 94,
    }
    copies = [await place.draft(said, by=place.bob) for said in texts]

    planned = [await place.planned(copy) for copy in copies]
    await place.publish(copies[2])

    assert [[found["actual"] for found in each] for each in planned] == [[percent] for percent in texts.values()]
    (found,) = planned[2]
    assert (found["code"], found["path"], found["status"]) == ("content.not_duplicate", "text", "failed")
    assert found["evidence"] == {"content": str(first.uid)}
    assert (
        found["message_en"]
        == "About 71 % of the text is that of a content that this channel has already; asked for: at most 50 %."
    )
    assert await place.decided(copies[2]) == planned[2]
    assert (await place.state(first), await place.state(copies[2])) == (DELIVERED, REJECTED)


async def test_other_words_about_the_same_are_no_copy(place: Place):
    await place.begin()
    await place.published(ENGLISH)

    assert await place.planned(await place.draft(OTHER)) == []


async def test_a_chinese_copy_is_found_by_its_characters(place: Place):
    await place.begin()
    await place.published(CHINESE, language="zh")
    copy = await place.draft(CHINESE.replace("湖面", "水面").replace("竹林", "林间"), language="zh", by=place.bob)

    (found,) = await place.planned(copy)

    assert (found["actual"], found["message_zh"]) == (
        94,
        "正文约 94% 与本频道已有的内容相同；要求：至多 50%。",
    )


async def test_short_texts_are_the_same_or_are_not(place: Place):
    await place.begin()
    short = "A light scarf for cool mornings, soft and easy to wash."
    await place.published(short)
    again, nearly = await place.draft(short.upper()), await place.draft(short.replace("cool", "cold"))
    nothing = [await place.published("", by=by) for by in (place.ada, place.bob)]

    assert [found["actual"] for found in await place.planned(again)] == [100]
    assert await place.planned(nearly) == []
    # no words at all are no words in common
    assert [await place.state(one) for one in nothing] == [DELIVERED, DELIVERED]


async def test_a_content_is_no_copy_of_itself_nor_of_its_translations(place: Place):
    await place.begin()
    first = await place.published(ENGLISH)
    sibling = await place.published(ENGLISH, language="fr", group_uid=first.group_uid)
    await place.edit(first, ENGLISH + " And tomorrow again.")

    planned = await place.planned(first)
    await place.publish(first)
    assert (planned, await place.decided(first)) == ([], [])

    async with place.db.session() as session:
        row = (await session.scalars(submission_of(first, KEY))).one()
        await deliveries.withdraw(session, SYSTEM, row.uid, reason="A pause.", clock=place.clock)
        await deliveries.resubmit(session, SYSTEM, row.uid, clock=place.clock)
    await place.distribute()
    assert [await place.state(one) for one in (first, sibling)] == [DELIVERED, DELIVERED]


async def test_what_is_taken_back_counts_no_more_at_once(place: Place):
    await place.begin()
    first = await place.published(ENGLISH)
    copy = await place.draft(ENGLISH, by=place.bob)
    assert len(await place.planned(copy)) == 1

    async with place.db.session() as session:
        await publishing.withdraw(session, SYSTEM, first.uid, reason="Not mine.", clock=place.clock)

    # nothing was distributed since
    assert await place.planned(copy) == []


async def test_an_edit_that_takes_over_anothers_words_is_found(place: Place):
    await place.begin()
    mine = await place.published(OTHER)
    theirs = await place.published(ENGLISH, by=place.bob)
    await place.edit(mine, ENGLISH)

    planned = await place.planned(mine)
    await place.publish(mine)

    assert [found["evidence"] for found in planned] == [{"content": str(theirs.uid)}]
    assert await place.decided(mine) == planned
    assert (await place.state(mine), await place.state(theirs)) == (REJECTED, DELIVERED)


async def test_who_stood_there_first_is_no_copy_of_who_came_after(place: Place):
    await place.begin(pack(KEY, rules=[TEXT | {"severity": "warn"}]))
    first, copy = await place.published(ENGLISH), await place.published(ENGLISH, by=place.bob)
    assert ([len(await place.decided(one)) for one in (first, copy)]) == [0, 1]

    for one in (first, copy):
        await place.edit(one, ENGLISH + " And tomorrow again.")
        planned = await place.planned(one)
        await place.publish(one)
        assert await place.decided(one) == planned

    assert ([len(await place.decided(one)) for one in (first, copy)]) == [0, 1]


async def test_a_channel_compares_with_what_it_has_itself(place: Place):
    await place.begin(ONCE, pack("test.other", rules=[TEXT]))
    first = await place.draft(ENGLISH)
    await place.publish(first, channels=["test.other"])
    copy = await place.draft(ENGLISH, by=place.bob)

    assert await place.planned(copy) == []
    assert len(await place.planned(copy, "test.other")) == 1

    await place.publish(copy, channels=[KEY])
    # the channel has it, whoever wrote it first
    assert [found["evidence"]["content"] for found in await place.planned(first)] == [str(copy.uid)]


async def test_a_rule_may_compare_with_the_creators_own_or_with_everything(place: Place):
    packs = [pack(f"test.{among}", rules=[TEXT | {"among": among}]) for among in ("creator", "all")]
    await place.begin(*packs)
    first = await place.draft(ENGLISH)
    await place.publish(first, channels=[])
    own, copy = await place.draft(ENGLISH), await place.draft(ENGLISH, by=place.bob)

    found = {
        (one.id, key): await place.planned(one, key) for one in (own, copy) for key in ("test.creator", "test.all")
    }
    assert {place_: len(several) for place_, several in found.items()} == {
        (own.id, "test.creator"): 1,
        (own.id, "test.all"): 1,
        (copy.id, "test.creator"): 0,
        (copy.id, "test.all"): 1,
    }
    assert found[own.id, "test.creator"][0]["message_en"] == (
        "About 100 % of the text is that of an earlier content of the same creator; asked for: at most 50 %."
    )
    await place.publish(copy)
    assert await place.decided(copy, "test.all") == found[copy.id, "test.all"]
    # whose words were here first is never the copy
    assert await place.planned(first, "test.all") == []


async def test_a_private_channel_does_not_say_what_it_has(place: Place):
    await place.begin()
    async with place.db.session() as session:
        channel = (await session.scalars(select(models.Channel).where(models.Channel.key == KEY))).one()
        channel.is_private = True
    await place.published(ENGLISH)

    (found,) = await place.planned(await place.draft(ENGLISH, by=place.bob))

    assert (found["actual"], found["evidence"]) == (100, {})


async def test_a_picture_that_was_saved_anew_is_found_by_what_it_looks_like(place: Place):
    await place.begin(pack(KEY, rules=[PICTURES]))
    async with place.db.session() as session:
        original, plain, unlike = [await picture(session, looks) for looks in (HASH, "0" * 16, "0123456789abcdef")]
        saved_anew = await picture(
            session, flipped(HASH, 0, 17, 34, 63), media_type="image/webp", width=400, height=267
        )
        other_five = await picture(session, flipped(HASH, 0, 1, 2, 3, 4))
        never_measured = await picture(session, None)
    first = await place.published(ENGLISH, covers=(original, plain))
    copy = await place.draft(OTHER, by=place.bob, covers=(unlike, plain, saved_anew, other_five, never_measured))

    planned = await place.planned(copy)
    await place.publish(copy)

    told = [(found["path"], found["status"], found["actual"], found["evidence"]) for found in planned]
    assert told == [
        (
            "covers.2",
            "failed",
            4,
            {"content": str(first.uid), "asset": str(saved_anew.uid), "source": "probed"},
        ),
        ("covers.4", "unknown", None, {"asset": str(never_measured.uid), "source": "declared"}),
    ]
    assert await place.decided(copy) == planned


async def test_a_decision_on_a_copy_is_the_same_when_it_is_judged_again(place: Place):
    await place.begin()
    first, copy = await place.published(ENGLISH), await place.published(ENGLISH, by=place.bob)
    async with place.db.session() as session:
        await publishing.withdraw(session, SYSTEM, first.uid, reason="Gone.", clock=place.clock)
        row = (await session.scalars(submission_of(copy, KEY))).one()
        (verified,) = await verifying.of_submission(session, SYSTEM, row.uid)

    assert verified.agreement is verifying.Agreement.SAME


async def test_an_erased_content_leaves_no_print(place: Place):
    await place.begin()
    await place.published(ENGLISH)
    async with place.db.session() as session:
        await session.execute(ERASING)
        await parts.contents(session, place.ada.id, place.clock)
        left = await session.scalar(select(func.count()).select_from(models.ContentPrint))

    assert left == 0
    assert await place.planned(await place.draft(ENGLISH, by=place.bob)) == []
