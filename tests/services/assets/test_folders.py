"""Folders of assets: a tree for each creator, in which nothing lies twice, in itself, or too deep."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.caller import Caller
from core.clock import FixedClock
from core.db import Database
from core.errors import DomainError
from core.ids import new_uid
from services.assets import folders
from tests import make


@pytest.fixture
async def ada(session: AsyncSession) -> models.Creator:
    return await make.creator(session)


@pytest.fixture
async def author(session: AsyncSession, ada: models.Creator) -> Caller:
    return await make.author(session, ada)


async def tree(
    session: AsyncSession, creator: models.Creator, *names: str, under: models.AssetFolder | None = None
) -> list[models.AssetFolder]:
    """Folders that lie in each other."""
    made: list[models.AssetFolder] = []
    for name in names:
        above = made[-1] if made else under
        made.append(models.AssetFolder(creator_id=creator.id, name=name, parent_id=above.id if above else None))
        session.add(made[-1])
        await session.flush()
    return made


def told(refused: pytest.ExceptionInfo[DomainError]) -> list[tuple[str, tuple[str | int, ...]]]:
    return [(one.code, one.path) for one in refused.value.problems]


async def test_a_folder_is_made_at_the_top_or_in_another(
    session: AsyncSession, ada: models.Creator, author: Caller, clock: FixedClock
):
    top = await folders.create(session, author, ada.uid, " 2026 ", clock=clock)
    within = await folders.create(session, author, ada.uid, "Spring", parent=top.uid, clock=clock)

    assert (top.name, top.parent_id, within.parent_id) == ("2026", None, top.id)
    assert await folders.paths(session, author, [top.id, within.id]) == {
        top.id: ["2026"],
        within.id: ["2026", "Spring"],
    }
    assert await folders.paths(session, make.acting_as(await make.creator(session)), [top.id]) == {}
    actions = await session.scalars(select(models.AuditEntry.action))
    assert list(actions) == ["asset_folder.created", "asset_folder.created"]


async def test_all_that_is_wrong_with_a_new_folder_is_told_at_once(
    session: AsyncSession, ada: models.Creator, author: Caller, clock: FixedClock
):
    deep = await tree(session, ada, *"abcdefgh")
    (foreign,) = await tree(session, await make.creator(session), "Theirs")

    async def refused(name: str, parent: models.AssetFolder | None) -> list[tuple[str, tuple[str | int, ...]]]:
        with pytest.raises(DomainError) as error:
            await folders.create(session, author, ada.uid, name, parent=parent.uid if parent else None, clock=clock)
        return told(error)

    assert await refused("a", None) == [("FOLDER_EXISTS", ("name",))]
    assert await refused("h", deep[6]) == [("FOLDER_EXISTS", ("name",))]
    assert await refused("", deep[7]) == [("MALFORMED_NAME", ("name",)), ("FOLDER_TOO_DEEP", ("parent",))]
    assert await refused("x", foreign) == [("NO_SUCH_FOLDER", ("parent",))]
    assert len((await session.scalars(select(models.AssetFolder))).all()) == 9


async def test_a_creator_has_a_thousand_folders_at_most(
    session: AsyncSession, ada: models.Creator, author: Caller, clock: FixedClock
):
    await session.execute(
        models.AssetFolder.__table__.insert(),  # type: ignore[attr-defined]  # the table, for many at once
        [{"creator_id": ada.id, "name": f"{number}", "uid": new_uid()} for number in range(999)],
    )

    await folders.create(session, author, ada.uid, "the last", clock=clock)
    with pytest.raises(DomainError) as refused:
        await folders.create(session, author, ada.uid, "one more", clock=clock)

    assert told(refused) == [("TOO_MANY_FOLDERS", ())]


async def test_a_folder_gets_another_name_but_none_that_lies_beside_it(
    session: AsyncSession, ada: models.Creator, author: Caller
):
    (one,), (other,) = await tree(session, ada, "one"), await tree(session, ada, "other")

    await folders.rename(session, author, one.uid, "one")
    assert (await folders.rename(session, author, one.uid, "first")).name == "first"
    with pytest.raises(DomainError) as taken:
        await folders.rename(session, author, other.uid, "first")
    with pytest.raises(DomainError) as foreign:
        await folders.rename(session, make.acting_as(await make.creator(session)), one.uid, "mine")
    with pytest.raises(DomainError) as unknown:
        await folders.rename(session, author, new_uid(), "mine")

    assert told(taken) == [("FOLDER_EXISTS", ("name",))]
    assert told(foreign) == told(unknown) == [("NO_SUCH_FOLDER", ())]
    assert str(foreign.value) == str(unknown.value)


async def test_a_folder_moves_with_what_lies_in_it_and_never_into_itself(
    session: AsyncSession, ada: models.Creator, author: Caller
):
    first = await tree(session, ada, *"abcd")
    second = await tree(session, ada, *"vwxyz")

    async def refused(folder: models.AssetFolder, into: models.AssetFolder) -> list[tuple[str, tuple[str | int, ...]]]:
        with pytest.raises(DomainError) as error:
            await folders.move(session, author, folder.uid, into.uid)
        return told(error)

    assert await refused(first[0], first[0]) == [("FOLDER_CYCLE", ("parent",))]
    assert await refused(first[0], first[3]) == [("FOLDER_CYCLE", ("parent",))]
    assert await refused(first[0], second[4]) == [("FOLDER_TOO_DEEP", ("parent",))]
    # four below four is as deep as they go
    moved = await folders.move(session, author, first[0].uid, second[3].uid)
    assert await folders.paths(session, author, [first[3].id]) == {first[3].id: list("vwxyabcd")}
    await tree(session, ada, "a")
    with pytest.raises(DomainError) as taken:
        await folders.move(session, author, moved.uid, None)
    assert told(taken) == [("FOLDER_EXISTS", ("parent",))]


async def test_a_folder_goes_when_it_is_empty_or_its_content_goes_elsewhere(
    session: AsyncSession, ada: models.Creator, author: Caller
):
    top, middle, within = await tree(session, ada, "top", "middle", "within")
    picture = await make.asset(session, creator_id=ada.id, folder_id=middle.id)

    with pytest.raises(DomainError) as full:
        await folders.remove(session, author, middle.uid)
    with pytest.raises(DomainError) as inside:
        await folders.remove(session, author, middle.uid, move_content=True, into=within.uid)
    with pytest.raises(DomainError) as itself:
        await folders.remove(session, author, middle.uid, move_content=True, into=middle.uid)
    await folders.remove(session, author, middle.uid, move_content=True, into=top.uid)

    assert told(full) == [("FOLDER_NOT_EMPTY", ())]
    assert told(inside) == told(itself) == [("FOLDER_CYCLE", ("move_content_to",))]
    await session.refresh(picture)
    await session.refresh(within)
    assert (picture.folder_id, within.parent_id) == (top.id, top.id)
    await folders.remove(session, author, within.uid)
    await folders.remove(session, author, top.uid, move_content=True)
    await session.refresh(picture)
    assert picture.folder_id is None
    assert (await session.scalars(select(models.AssetFolder))).all() == []


async def test_what_lies_in_a_folder_keeps_it_where_its_name_is_taken(
    session: AsyncSession, ada: models.Creator, author: Caller
):
    top, _ = await tree(session, ada, "top", "same")
    await tree(session, ada, "same")

    with pytest.raises(DomainError) as refused:
        await folders.remove(session, author, top.uid, move_content=True)

    assert told(refused) == [("FOLDER_EXISTS", ("move_content_to",))]


async def test_an_asset_lies_in_folders_of_its_own_creator_only(
    session: AsyncSession, ada: models.Creator, author: Caller
):
    (mine,), eve = await tree(session, ada, "mine"), await make.creator(session, name="Eve")
    (theirs,) = await tree(session, eve, "theirs")
    picture, of_house = await make.asset(session, creator_id=ada.id), await make.asset(session)
    operator = make.operator()

    assert (await folders.put(session, author, picture.uid, mine.uid)).folder_id == mine.id
    assert (await folders.put(session, author, picture.uid, None)).folder_id is None
    for caller, asset, folder, code in (
        (author, picture, theirs, "NO_SUCH_FOLDER"),
        (operator, picture, theirs, "FOLDER_OF_ANOTHER_CREATOR"),
        (operator, of_house, mine, "FOLDER_OF_ANOTHER_CREATOR"),
        (author, of_house, mine, "NO_SUCH_ASSET"),
        (make.acting_as(eve), picture, theirs, "NO_SUCH_ASSET"),
    ):
        with pytest.raises(DomainError) as refused:
            await folders.put(session, caller, asset.uid, folder.uid)
        assert refused.value.code == code


async def test_two_who_move_folders_into_each_other_make_no_circle(committed: Database):
    async with committed.session() as session:
        creator = await make.creator(session)
        author = await make.author(session, creator)
        pairs = [[(await tree(session, creator, f"{number}{side}"))[0] for side in "ab"] for number in range(4)]

    async def move(folder: models.AssetFolder, into: models.AssetFolder) -> str:
        try:
            async with committed.session() as session:
                await folders.move(session, author, folder.uid, into.uid)
        except DomainError as error:
            return error.code
        return "moved"

    done = await asyncio.gather(*(move(*way) for one, other in pairs for way in ((one, other), (other, one))))

    assert [sorted(done[place : place + 2]) for place in range(0, 8, 2)] == [["FOLDER_CYCLE", "moved"]] * 4
