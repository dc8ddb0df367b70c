"""Vocabularies: trees, names, merges, and the tags on contents that follow them."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.caller import ANONYMOUS, SYSTEM
from core.clock import FixedClock
from core.db import Database
from core.errors import DomainError
from core.reads import Page, Window
from models import Consumer, DirtyKind, TaggingSource, TagState, caps
from services import content_lists, indexing, merging, outbox, publishing, tagging, tags, vocabularies
from services.access import MissingScope
from services.distribution import Distributor
from services.gathering import gather
from tests import make
from tests.services.packs import install, pack


@pytest.fixture
async def food(session: AsyncSession) -> models.Taxonomy:
    return await make.taxonomy(session, "category", is_tree=True, most_per_content=3)


async def created(session: AsyncSession, code: str, under: models.Tag | None = None, **values: Any) -> models.Tag:
    asked = {"labels": {"en": code.title()}, "under": under.uid if under else None} | values
    return await vocabularies.create(session, SYSTEM, "category", code, **asked)


async def fresh(session: AsyncSession, *rows: Any) -> None:
    for row in rows:
        await session.refresh(row)


async def dirty(session: AsyncSession, kind: DirtyKind, consumer: Consumer = Consumer.DISTRIBUTION) -> set[int]:
    mark = models.DirtyMark
    return set(await session.scalars(select(mark.object_id).where(mark.kind == kind, mark.consumer == consumer)))


async def taggings(session: AsyncSession, content: models.Content) -> list[tuple[int, int, bool]]:
    """(tag, position, confirmed) by position."""
    tagging = models.Tagging
    rows = await session.execute(
        select(tagging.tag_id, tagging.position, tagging.is_confirmed)
        .where(tagging.content_id == content.id)
        .order_by(tagging.position, tagging.tag_id)
    )
    return [tuple(row) for row in rows]


async def listed(session: AsyncSession, tag: models.Tag) -> set[int]:
    pages = await content_lists.of_tags(session, ANONYMOUS, [tag.id], window=Window(first=50))
    return {row.id for row in pages[tag.id].rows}


async def test_a_tag_knows_the_way_from_its_root(session: AsyncSession, food: models.Taxonomy):
    root = await created(session, "food")
    tea = await created(session, "tea", root)
    oolong = await created(session, "oolong", tea, state=TagState.PROPOSED)

    assert [tag.path for tag in (root, tea, oolong)] == [
        [root.id],
        [root.id, tea.id],
        [root.id, tea.id, oolong.id],
    ]
    assert (oolong.state, oolong.version, oolong.parent_id) == (TagState.PROPOSED, 1, tea.id)
    assert await dirty(session, DirtyKind.TAG) == {root.id, tea.id, oolong.id}


async def test_only_operators_tend_vocabularies(session: AsyncSession, food: models.Taxonomy, clock: FixedClock):
    tag = await make.tag(session, food, "tea")
    author = make.acting_as(await make.creator(session))

    for refused in (
        vocabularies.create(session, author, "category", "coffee", {"en": "Coffee"}),
        vocabularies.rename(session, author, tag.uid, {"en": "Coffee"}),
        vocabularies.add_alias(session, author, tag.uid, "coffee"),
        vocabularies.remove_alias(session, author, tag.uid, "coffee"),
        vocabularies.deprecate(session, author, tag.uid, reason="spite"),
        vocabularies.activate(session, author, tag.uid),
        vocabularies.move(session, author, tag.uid, None),
        merging.merge(session, author, tag.uid, tag.uid, clock=clock),
    ):
        with pytest.raises(MissingScope):
            await refused

    await fresh(session, tag)
    assert (tag.labels, tag.state, tag.version) == ({"en": "Tea", "zh": "tea"}, TagState.ACTIVE, 1)


async def test_a_tag_that_cannot_be_made_is_refused_with_a_code(session: AsyncSession, food: models.Taxonomy):
    tea = await created(session, "tea")
    flat = await make.taxonomy(session, "style")
    modern = await make.tag(session, flat, "modern")

    async def code_of(taxonomy: str = "category", code: str = "new", **asked: Any) -> tuple[str, tuple[Any, ...]]:
        values = {"labels": {"en": "New"}} | asked
        with pytest.raises(DomainError) as refused:
            await vocabularies.create(session, SYSTEM, taxonomy, code, **values)
        return refused.value.code, refused.value.path

    assert await code_of("nowhere") == ("NO_SUCH_TAXONOMY", ("taxonomy",))
    assert await code_of(code="tea") == ("TAG_EXISTS", ("code",))
    assert await code_of(code="Tea!") == ("INVALID", ("code",))
    assert await code_of(labels={}) == ("INVALID", ("labels",))
    assert await code_of(labels={"English": "Tea"}) == ("INVALID", ("labels", "English"))
    assert await code_of(labels={"en": " "}) == ("MALFORMED_NAME", ("labels", "en"))
    assert await code_of(state=TagState.MERGED) == ("INVALID", ("state",))
    assert await code_of(under=uuid4()) == ("NO_SUCH_TAG", ("under",))
    assert await code_of(under=modern.uid) == ("OTHER_TAXONOMY", ("under",))
    assert await code_of("style", under=modern.uid) == ("NOT_A_TREE", ("under",))
    assert set(await session.scalars(select(models.Tag.id))) == {tea.id, modern.id}


async def aliases_of(session: AsyncSession, *asked: models.Tag) -> dict[int, list[models.TagAlias]]:
    """The aliases of each tag, in order."""
    found = await tags.aliases_of(session, ANONYMOUS, [tag.id for tag in asked], window=Window(first=50))
    return {key: page.rows for key, page in found.items() if isinstance(page, Page)}


async def test_a_renamed_tag_is_still_found_by_its_old_labels(session: AsyncSession, food: models.Taxonomy):
    tea = await make.tag(session, food, "tea", labels={"en": "Tea", "zh": "茶"})

    await vocabularies.rename(session, SYSTEM, tea.uid, {"en": "Teas", "zh": "茶"})

    aliases = (await aliases_of(session, tea))[tea.id]
    assert [(alias.alias, alias.folded, alias.language) for alias in aliases] == [("Tea", "tea", "en")]
    assert (tea.code, tea.labels, tea.version) == ("tea", {"en": "Teas", "zh": "茶"}, 2)
    assert await dirty(session, DirtyKind.TAG, Consumer.INDEX) == {tea.id}

    await vocabularies.rename(session, SYSTEM, tea.uid, {"en": "Brews"}, keeps_old=False)
    assert len((await aliases_of(session, tea))[tea.id]) == 1


async def test_an_alias_belongs_to_one_tag_of_a_taxonomy(session: AsyncSession, food: models.Taxonomy):
    tea, coffee = await make.tag(session, food, "tea"), await make.tag(session, food, "coffee")
    first = await vocabularies.add_alias(session, SYSTEM, tea.uid, "Cuppa", language="en")

    again = await vocabularies.add_alias(session, SYSTEM, tea.uid, "ＣＵＰＰＡ")
    with pytest.raises(vocabularies.AliasTaken):
        await vocabularies.add_alias(session, SYSTEM, coffee.uid, "cuppa")

    assert again.id == first.id
    assert (tea.version, coffee.version) == (2, 1)
    await vocabularies.remove_alias(session, SYSTEM, tea.uid, "cuppa")
    await vocabularies.remove_alias(session, SYSTEM, tea.uid, "cuppa")
    moved = await vocabularies.add_alias(session, SYSTEM, coffee.uid, "cuppa")
    assert (moved.tag_id, tea.version, coffee.version) == (coffee.id, 3, 2)


async def test_a_deprecated_tag_stays_where_it_is_and_is_offered_no_more(session: AsyncSession, food: models.Taxonomy):
    tea = await make.tag(session, food, "tea")
    content = await make.content(session, await make.creator(session), tags=(tea,))

    await vocabularies.deprecate(session, SYSTEM, tea.uid, reason="too broad")

    _, problems = await tagging.resolve(session, ["category:tea"])
    assert [problem.code for problem in problems] == ["TAG_NOT_ACTIVE"]
    assert content.tag_ids == [tea.id]
    await vocabularies.activate(session, SYSTEM, tea.uid)
    assert await tagging.resolve(session, ["category:tea"]) == ([tea], [])
    assert tea.version == 3


async def test_moving_a_tag_takes_everything_below_along(session: AsyncSession, food: models.Taxonomy):
    drinks, food_root = await created(session, "drinks"), await created(session, "food")
    tea = await created(session, "tea", food_root)
    green = await created(session, "green-tea", tea)
    longjing, rice = await created(session, "longjing", green), await created(session, "rice", food_root)
    content = await make.content(session, await make.creator(session), tags=(longjing,))

    await vocabularies.move(session, SYSTEM, tea.uid, drinks.uid)

    await fresh(session, tea, green, longjing, rice)
    assert [tag.path for tag in (tea, green, longjing, rice)] == [
        [drinks.id, tea.id],
        [drinks.id, tea.id, green.id],
        [drinks.id, tea.id, green.id, longjing.id],
        [food_root.id, rice.id],
    ]
    assert (tea.parent_id, green.parent_id, longjing.parent_id) == (drinks.id, tea.id, green.id)
    assert [tag.version for tag in (tea, green, longjing, rice)] == [2, 2, 2, 1]
    assert (await listed(session, drinks), await listed(session, food_root)) == ({content.id}, set())

    await vocabularies.move(session, SYSTEM, green.uid, None)
    await fresh(session, green, longjing)
    assert (green.parent_id, green.path, longjing.path) == (None, [green.id], [green.id, longjing.id])


async def test_a_tag_never_stands_under_itself(session: AsyncSession, food: models.Taxonomy):
    root = await created(session, "food")
    tea = await created(session, "tea", root)

    for below in (root, tea):
        with pytest.raises(vocabularies.TagCycle):
            await vocabularies.move(session, SYSTEM, root.uid, below.uid)

    await fresh(session, root, tea)
    assert (root.path, tea.path, root.version) == ([root.id], [root.id, tea.id], 1)


async def test_a_tree_has_no_more_levels_than_a_path_holds(session: AsyncSession, food: models.Taxonomy):
    deepest = None
    for level in range(caps.MOST_TAG_LEVELS - 1):
        deepest = await make.tag(session, food, f"level-{level}", parent=deepest)
    root = await created(session, "root")
    leaf = await created(session, "leaf", root)

    with pytest.raises(vocabularies.TagTooDeep):
        await vocabularies.move(session, SYSTEM, root.uid, deepest.uid)
    await vocabularies.move(session, SYSTEM, leaf.uid, deepest.uid)
    with pytest.raises(vocabularies.TagTooDeep):
        await created(session, "lower", leaf)

    await fresh(session, root, leaf)
    assert (root.path, len(leaf.path)) == ([root.id], caps.MOST_TAG_LEVELS)


async def test_a_merge_moves_the_uses_and_keeps_the_order(
    session: AsyncSession, food: models.Taxonomy, clock: FixedClock
):
    cha, tea, rice = [await make.tag(session, food, code) for code in ("cha", "tea", "rice")]
    creator = await make.creator(session)
    first = await make.content(session, creator, tags=(rice, cha))
    both = await make.content(session, creator, tags=(cha, rice, tea))
    neither = await make.content(session, creator, tags=(rice, tea))
    product = await make.product(session, category_id=cha.id)

    merged = await merging.merge(session, SYSTEM, cha.uid, tea.uid, clock=clock)

    await fresh(session, first, both, neither, product, cha)
    assert (merged.tag.id, merged.moved_count, merged.is_complete) == (tea.id, 3, True)
    assert [row.tag_ids for row in (first, both, neither)] == [
        [rice.id, tea.id],
        [tea.id, rice.id],
        [rice.id, tea.id],
    ]
    assert await taggings(session, both) == [(tea.id, 0, True), (rice.id, 1, True)]
    assert [row.version for row in (first, both, neither)] == [2, 2, 1]
    assert (first.changed_at, neither.changed_at) == (clock.now(), make.EARLY)
    assert (product.category_id, product.version) == (tea.id, 2)
    assert (cha.state, cha.merged_into_id) == (TagState.MERGED, tea.id)
    assert await dirty(session, DirtyKind.CONTENT) == {first.id, both.id}
    assert await dirty(session, DirtyKind.PRODUCT, Consumer.INDEX) == {product.id}
    assert await session.scalar(select(func.min(models.DirtyMark.urgency))) == outbox.BULK
    assert await tagging.disagreements(session) == 0


async def test_a_confirmed_tag_wins_over_a_proposed_one(
    session: AsyncSession, food: models.Taxonomy, clock: FixedClock
):
    cha, tea, rice = [await make.tag(session, food, code) for code in ("cha", "tea", "rice")]
    creator = await make.creator(session)
    confirmed = await make.content(session, creator, tags=(rice, cha))
    proposed = await make.content(session, creator, tags=(rice,))
    session.add_all(
        models.Tagging(content_id=row.id, tag_id=tag.id, position=0, source=TaggingSource.RULE, is_confirmed=False)
        for row, tag in ((confirmed, tea), (proposed, cha))
    )
    await session.flush()

    await merging.merge(session, SYSTEM, cha.uid, tea.uid, clock=clock)

    await fresh(session, confirmed, proposed)
    assert await taggings(session, confirmed) == [(rice.id, 0, True), (tea.id, 1, True)]
    assert await taggings(session, proposed) == [(tea.id, 0, False), (rice.id, 0, True)]
    # a proposal is not shown, so nothing of what is shown changed
    assert [(row.tag_ids, row.version) for row in (confirmed, proposed)] == [([rice.id, tea.id], 2), ([rice.id], 1)]
    assert await tagging.disagreements(session) == 0


async def test_a_merge_takes_over_names_and_children(session: AsyncSession, food: models.Taxonomy, clock: FixedClock):
    drinks, old_root = await created(session, "drinks"), await created(session, "old")
    tea = await created(session, "tea", drinks, labels={"en": "Tea", "zh": "茶"})
    cha = await created(session, "cha", old_root, labels={"en": "Cha", "zh": "茶"})
    oolong = await created(session, "oolong", cha)
    dongding = await created(session, "dongding", oolong)
    other = await created(session, "other")
    await vocabularies.add_alias(session, SYSTEM, cha.uid, "chai")
    await vocabularies.add_alias(session, SYSTEM, other.uid, "cha")

    await merging.merge(session, SYSTEM, cha.uid, tea.uid, clock=clock)

    await fresh(session, cha, oolong, dongding)
    assert (cha.parent_id, cha.path) == (None, [cha.id])
    assert (oolong.parent_id, oolong.path) == (tea.id, [drinks.id, tea.id, oolong.id])
    assert dongding.path == [drinks.id, tea.id, oolong.id, dongding.id]
    aliases = await aliases_of(session, cha, tea, other)
    # "cha" belongs to another tag already, "茶" is the target's own label
    assert {key: [alias.alias for alias in rows] for key, rows in aliases.items()} == {
        cha.id: [],
        tea.id: ["chai"],
        other.id: ["cha"],
    }


async def test_labels_of_what_was_merged_become_aliases(
    session: AsyncSession, food: models.Taxonomy, clock: FixedClock
):
    tea = await make.tag(session, food, "tea", labels={"en": "Tea"})
    cha = await make.tag(session, food, "cha", labels={"en": "Cha", "zh": "茶"})

    await merging.merge(session, SYSTEM, cha.uid, tea.uid, clock=clock)

    aliases = (await aliases_of(session, tea))[tea.id]
    assert [(alias.alias, alias.language) for alias in aliases] == [("Cha", "en"), ("茶", "zh")]


async def test_one_step_follows_every_chain_of_merges(session: AsyncSession, food: models.Taxonomy, clock: FixedClock):
    a, b, c, d = [await make.tag(session, food, code) for code in "abcd"]

    await merging.merge(session, SYSTEM, a.uid, b.uid, clock=clock)
    await merging.merge(session, SYSTEM, b.uid, c.uid, clock=clock)
    merged = await merging.merge(session, SYSTEM, d.uid, a.uid, clock=clock)

    await fresh(session, a, b, d)
    assert merged.tag.id == c.id
    assert [tag.merged_into_id for tag in (a, b, d)] == [c.id] * 3
    names = [("category", code) for code in "abcd"]
    assert {tag.id for tag in (await tags.by_codes(session, ANONYMOUS, names)).values()} == {c.id}
    assert await tagging.resolve(session, [f"category:{code}" for code in "abcd"]) == ([c], [])


async def test_merging_again_changes_nothing(session: AsyncSession, food: models.Taxonomy, clock: FixedClock):
    cha, tea = await make.tag(session, food, "cha"), await make.tag(session, food, "tea")
    await merging.merge(session, SYSTEM, cha.uid, tea.uid, clock=clock)
    versions = (cha.version, tea.version)

    again = await merging.merge(session, SYSTEM, cha.uid, tea.uid, clock=clock)

    await fresh(session, cha, tea)
    assert (again.tag.id, again.moved_count, again.is_complete) == (tea.id, 0, True)
    assert (cha.version, tea.version) == versions == (2, 2)


async def test_what_cannot_be_merged_is_refused_with_a_code(
    session: AsyncSession, food: models.Taxonomy, clock: FixedClock
):
    tea, cha = await created(session, "tea"), await created(session, "cha")
    green, old = await created(session, "green", tea), await created(session, "old")
    await vocabularies.deprecate(session, SYSTEM, old.uid, reason="unused")
    foreign = await make.tag(session, await make.taxonomy(session, "style"), "modern")
    await merging.merge(session, SYSTEM, cha.uid, tea.uid, clock=clock)
    other = await created(session, "other")

    async def code_of(tag: models.Tag, into: models.Tag) -> str:
        with pytest.raises(DomainError) as refused:
            await merging.merge(session, SYSTEM, tag.uid, into.uid, clock=clock)
        return refused.value.code

    assert await code_of(tea, tea) == "TAG_CYCLE"
    assert await code_of(tea, cha) == "TAG_CYCLE"
    assert await code_of(tea, green) == "TAG_CYCLE"
    assert await code_of(tea, foreign) == "OTHER_TAXONOMY"
    assert await code_of(tea, old) == "TAG_NOT_ACTIVE"
    assert await code_of(cha, other) == "TAG_IS_MERGED"
    with pytest.raises(vocabularies.NoSuchTag):
        await merging.merge(session, SYSTEM, tea.uid, uuid4(), clock=clock)
    with pytest.raises(vocabularies.TagIsMerged):
        await vocabularies.rename(session, SYSTEM, cha.uid, {"en": "Cha"})
    with pytest.raises(vocabularies.TagIsMerged):
        await vocabularies.move(session, SYSTEM, other.uid, cha.uid)
    await fresh(session, tea)
    assert (tea.state, tea.merged_into_id, tea.path) == (TagState.ACTIVE, None, [tea.id])


async def test_reads_follow_a_merge_whose_uses_are_still_to_be_moved(
    session: AsyncSession, food: models.Taxonomy, clock: FixedClock
):
    drinks, old_root = await created(session, "drinks"), await created(session, "old")
    tea, cha = await created(session, "tea", drinks), await created(session, "cha", old_root)
    creator = await make.creator(session)
    rows = [await make.content(session, creator, tags=(cha,)) for _ in range(3)]
    both = await make.content(session, creator, tags=(tea, cha))
    everything = {row.id for row in (*rows, both)}

    merged = await merging.merge(session, SYSTEM, cha.uid, tea.uid, clock=clock, moved_at_once=2)

    assert (merged.moved_count, merged.is_complete) == (0, False)
    await fresh(session, rows[0])
    assert (rows[0].tag_ids, rows[0].version) == ([cha.id], 1)
    assert [await listed(session, tag) for tag in (tea, cha, drinks, old_root)] == [everything] * 3 + [set()]
    under = await tags.under_codes(session, ANONYMOUS, [("category", code) for code in ("cha", "drinks", "old")])
    assert {code: set(ids) for (_, code), ids in under.items()} == {
        "cha": {tea.id, cha.id},
        "drinks": {drinks.id, tea.id, cha.id},
        "old": {old_root.id},
    }
    facts = await gather(session, [both.id], at=clock.now(), base_url="https://headwater.example")
    assert [tag.code for tag in facts[both.id].facts.content.tags["category"]] == ["tea"]
    (change,) = await indexing._contents(session, [rows[0].id], clock.now())
    assert change.fields["tag_ids"] == [drinks.id, tea.id]
    assert await dirty(session, DirtyKind.TAG) >= {cha.id}


async def test_a_worker_moves_the_uses_of_a_much_used_tag_in_batches(
    session: AsyncSession, food: models.Taxonomy, clock: FixedClock
):
    tea, cha = await make.tag(session, food, "tea"), await make.tag(session, food, "cha")
    creator = await make.creator(session)
    rows = [await make.content(session, creator, tags=(cha,)) for _ in range(5)]
    product = await make.product(session, category_id=cha.id)
    await merging.merge(session, SYSTEM, cha.uid, tea.uid, clock=clock, moved_at_once=0)

    steps = [await merging.move_uses(session, 2, clock=clock) for _ in range(4)]

    await fresh(session, product, *rows)
    assert steps == [2, 2, 2, 0]
    assert [(row.tag_ids, row.version) for row in rows] == [([tea.id], 2)] * 5
    assert product.category_id == tea.id
    assert await dirty(session, DirtyKind.CONTENT) == {row.id for row in rows}
    assert await tagging.disagreements(session) == 0


async def test_a_draft_written_before_a_merge_is_published_with_what_its_tag_means_now(
    session: AsyncSession, food: models.Taxonomy, clock: FixedClock
):
    tea, cha, rice = [await make.tag(session, food, code) for code in ("tea", "cha", "rice")]
    creator = await make.creator(session)
    content = await make.content(session, creator, live=False)
    revision = await session.get_one(models.Revision, content.draft_revision_id)
    revision.tag_ids = [cha.id, rice.id, tea.id]
    await session.flush()
    await merging.merge(session, SYSTEM, cha.uid, tea.uid, clock=clock)

    published = await publishing.publish(session, SYSTEM, content.uid, clock=clock)

    assert published.tag_ids == [tea.id, rice.id]
    assert await taggings(session, content) == [(tea.id, 0, True), (rice.id, 1, True)]
    assert await tagging.disagreements(session) == 0


async def test_a_disagreement_of_array_and_taggings_is_counted(session: AsyncSession, food: models.Taxonomy):
    tea, rice = await make.tag(session, food, "tea"), await make.tag(session, food, "rice")
    creator = await make.creator(session)
    sound, swapped, missing, surplus = [await make.content(session, creator, tags=(tea, rice)) for _ in range(4)]
    await make.content(session, creator)
    assert await tagging.disagreements(session) == 0

    swapped.tag_ids, missing.tag_ids, surplus.tag_ids = [rice.id, tea.id], [], [tea.id, rice.id, 1]
    await session.flush()

    assert await tagging.disagreements(session) == 3
    assert sound.tag_ids == [tea.id, rice.id]


async def test_two_moves_at_once_never_close_a_circle(committed: Database):
    async with committed.session() as session:
        await make.taxonomy(session, "category", is_tree=True)
        one, other = await created(session, "one"), await created(session, "other")

    async def hang_other_under_one() -> None:
        async with committed.session() as session:
            await vocabularies.move(session, SYSTEM, other.uid, one.uid)

    async with committed.session() as session:
        await vocabularies.move(session, SYSTEM, one.uid, other.uid)
        second = asyncio.create_task(hang_other_under_one())
        done, _ = await asyncio.wait({second}, timeout=0.3)
        assert done == set()

    with pytest.raises(vocabularies.TagCycle):
        await second
    async with committed.session() as session:
        paths = {tag.code: tag.path for tag in await session.scalars(select(models.Tag))}
    assert paths == {"other": [other.id], "one": [other.id, one.id]}


async def test_a_tag_that_is_published_while_it_is_merged_follows_with_the_next_batch(
    committed: Database, clock: FixedClock
):
    async with committed.session() as session:
        topic = await make.taxonomy(session, "topic")
        tea, cha = await make.tag(session, topic, "tea"), await make.tag(session, topic, "cha")
        content = await make.content(session, await make.creator(session), live=False)
        (await session.get_one(models.Revision, content.draft_revision_id)).tag_ids = [cha.id]

    async def merge() -> None:
        async with committed.session() as session:
            await merging.merge(session, SYSTEM, cha.uid, tea.uid, clock=clock)

    async with committed.session() as session:
        await publishing.publish(session, SYSTEM, content.uid, clock=clock)
        # neither waits for the other: publishing holds the content, merging the vocabulary
        await merge()

    async with committed.session() as session:
        assert await listed(session, tea) == {content.id}
        assert await merging.move_uses(session, 100, clock=clock) == 1
    async with committed.session() as session:
        assert (await session.get_one(models.Content, content.id)).tag_ids == [tea.id]
        assert await tagging.disagreements(session) == 0


async def test_a_pack_that_names_a_merged_tag_goes_on_as_before(committed: Database, clock: FixedClock):
    db = committed
    await install(db, pack("test.cha", selector={"tags": [{"taxonomy": "topic", "any": ["cha"]}]}))
    async with db.session() as session:
        topic = await make.taxonomy(session, "topic")
        tea, cha = await make.tag(session, topic, "tea"), await make.tag(session, topic, "cha")
        await merging.merge(session, SYSTEM, cha.uid, tea.uid, clock=clock)
        content = await make.content(session, await make.creator(session), live=False, tags=(tea,))
        await publishing.publish(session, SYSTEM, content.uid, clock=clock)

    await Distributor(db, clock=clock, base_url="https://headwater.example").drain()

    async with db.session() as session:
        states = await session.execute(select(models.Submission.content_id, models.Submission.state))
        assert [tuple(row) for row in states] == [(content.id, models.SubmissionState.DELIVERED)]
