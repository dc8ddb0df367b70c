"""Likes and saves: once an account, counted exactly, and listed for whoever left them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.caller import Caller, Scope
from core.clock import FixedClock
from core.ids import global_id, new_uid
from services import engagement
from tests import make
from tests.api.graphql.asking import Asking

PROBLEMS = "... on Refused { problems { code path } }"
SHOWN = "title likesCount savesCount commentsCount isLikedByViewer isSavedByViewer"
READ = f"query ($id: ID!) {{ content(id: $id) {{ {SHOWN} }} }}"
LISTS = """{ viewer {
  liked(first: 10) { totalCount nodes { title } }
  saved(first: 10) { totalCount nodes { title } }
} }"""


def mutation(name: str) -> str:
    payload = f"{name[0].upper()}{name[1:]}Payload"
    return f"""mutation ($id: ID!, $key: String) {{
      {name}(input: {{contentId: $id, idempotencyKey: $key}}) {{ ... on {payload} {{ content {{ {SHOWN} }} }} {PROBLEMS} }}
    }}"""


LIKE, UNLIKE, SAVE, UNSAVE = map(mutation, ("likeContent", "unlikeContent", "saveContent", "unsaveContent"))


def id_of(content: models.Content) -> str:
    return global_id("Content", content.uid)


async def marks(session: AsyncSession) -> list[int | None]:
    return [await session.scalar(select(func.count()).select_from(table)) for table in (models.Like, models.Save)]


async def test_likes_and_saves_count_once_an_account(api: Asking, session: AsyncSession) -> None:
    tea = await make.content(session, await make.creator(session), title="Tea")
    rio, kim = await make.reader(session), await make.reader(session)
    reader, other = api.as_(rio), api.as_(kim)
    nothing = {"title": "Tea", "likesCount": 0, "savesCount": 0, "commentsCount": 0}
    nobody = {"isLikedByViewer": None, "isSavedByViewer": None}

    assert (await api.data(READ, id=id_of(tea)))["content"] == nothing | nobody
    for _ in range(2):
        liked = (await reader.data(LIKE, id=id_of(tea)))["likeContent"]["content"]
        assert liked == nothing | {"likesCount": 1, "isLikedByViewer": True, "isSavedByViewer": False}
    await other.data(LIKE, id=id_of(tea))
    for _ in range(2):
        saved = (await reader.data(SAVE, id=id_of(tea)))["saveContent"]["content"]
        assert saved == nothing | {"likesCount": 2, "savesCount": 1, "isLikedByViewer": True, "isSavedByViewer": True}
    for _ in range(2):
        unliked = (await reader.data(UNLIKE, id=id_of(tea)))["unlikeContent"]["content"]
        assert unliked["likesCount"] == 1
        unsaved = (await reader.data(UNSAVE, id=id_of(tea)))["unsaveContent"]["content"]
        assert unsaved == nothing | {"likesCount": 1, "isLikedByViewer": False, "isSavedByViewer": False}
    assert await marks(session) == [1, 0]


async def test_a_viewer_lists_what_they_liked_and_saved_the_latest_first(api: Asking, session: AsyncSession) -> None:
    ada = await make.creator(session)
    rows = [await make.content(session, ada, title=title) for title in ("One", "Two", "Three")]
    # what is withdrawn is hidden in lists from whoever may see it elsewhere, too
    reader = api.as_(await make.author(session, ada, Scope.ENGAGEMENT_WRITE))
    for row in rows:
        await reader.data(LIKE, id=id_of(row))
        api.clock.move(timedelta(seconds=1))
    for row in reversed(rows):
        await reader.data(SAVE, id=id_of(row))
        api.clock.move(timedelta(seconds=1))

    async def lists(asking: Asking) -> dict[str, Any]:
        viewer = (await asking.data(LISTS))["viewer"]
        return {name: (one["totalCount"], [node["title"] for node in one["nodes"]]) for name, one in viewer.items()}

    assert await lists(reader) == {"liked": (3, ["Three", "Two", "One"]), "saved": (3, ["One", "Two", "Three"])}
    assert await lists(api.as_(await make.reader(session))) == {"liked": (0, []), "saved": (0, [])}

    rows[1].state = models.ContentState.WITHDRAWN
    await session.flush()
    assert await lists(reader) == {"liked": (2, ["Three", "One"]), "saved": (2, ["One", "Three"])}
    rows[1].state = models.ContentState.VISIBLE
    await session.flush()
    assert (await lists(reader))["saved"] == (3, ["One", "Two", "Three"])


async def test_a_mark_can_be_taken_back_from_what_is_no_longer_seen(api: Asking, session: AsyncSession) -> None:
    tea = await make.content(session, await make.creator(session))
    reader, other = api.as_(await make.reader(session)), api.as_(await make.reader(session))
    await reader.data(SAVE, id=id_of(tea))
    await reader.data(LIKE, id=id_of(tea))
    tea.state = models.ContentState.TAKEN_DOWN
    await session.flush()

    unknown = {"problems": [{"code": "NO_SUCH_CONTENT", "path": ["input", "contentId"]}]}
    assert (await other.data(UNSAVE, id=id_of(tea)))["unsaveContent"] == unknown
    for _ in range(2):  # sent again it answers the same
        assert (await reader.data(UNSAVE, id=id_of(tea), key="k"))["unsaveContent"] == {"content": None}
    assert (await reader.data(UNLIKE, id=id_of(tea)))["unlikeContent"] == {"content": None}
    assert (await reader.data(UNLIKE, id=id_of(tea)))["unlikeContent"] == unknown
    assert await marks(session) == [0, 0]


async def test_only_accounts_that_may_mark_what_is_published(api: Asking, session: AsyncSession) -> None:
    ada = await make.creator(session)
    eve = await make.creator(session, name="Eve", suspended_at=make.EARLY)
    tea = await make.content(session, ada)
    hidden = [
        await make.content(session, ada, live=False),
        await make.content(session, ada, state=models.ContentState.WITHDRAWN),
        await make.content(session, eve),
    ]
    rio, author = await make.reader(session), await make.author(session, ada, Scope.ENGAGEMENT_WRITE)
    narrow = await make.reader(session, scopes=(Scope.CONTENT_WRITE,))

    async def refused(caller: Caller | None, id_: str, document: str) -> list[str]:
        asking = api if caller is None else api.as_(caller)
        (answer,) = (await asking.data(document, id=id_)).values()
        return [problem["code"] for problem in answer["problems"]]

    for document in (LIKE, SAVE, UNLIKE, UNSAVE):
        assert await refused(None, id_of(tea), document) == ["NOT_SIGNED_IN"]
        assert await refused(narrow, id_of(tea), document) == ["MISSING_SCOPE"]
        assert await refused(rio, global_id("Content", new_uid()), document) == ["NO_SUCH_CONTENT"]
        assert await refused(rio, id_of(hidden[1]), document) == ["NO_SUCH_CONTENT"]
    for row in hidden:
        assert await refused(rio, id_of(row), LIKE) == ["NO_SUCH_CONTENT"]
        # its author sees it, and it is not published all the same
        assert await refused(author, id_of(row), SAVE) == ["NO_SUCH_CONTENT"]
    assert await marks(session) == [0, 0]
    assert (await session.scalars(select(models.ContentCount.content_id))).all() == []


async def test_counts_and_marks_of_a_list_cost_one_statement_each(api: Asking, session: AsyncSession) -> None:
    ada, rio = await make.creator(session), await make.reader(session)
    for _ in range(5):
        await make.content(session, ada)
    query = f"{{ contents(first: 10) {{ nodes {{ {SHOWN} }} }} }}"

    with api.statements() as seen:
        await api.as_(rio).data(query)

    assert len(seen) == 4  # contents, counts, likes, saves


async def test_erasing_a_person_undoes_what_they_liked_and_saved(session: AsyncSession, clock: FixedClock) -> None:
    ada, rio, kim = await make.creator(session), await make.reader(session), await make.reader(session)
    tea, ink = await make.content(session, ada), await make.content(session, ada)
    for caller, row in ((rio, tea), (rio, ink), (kim, tea)):
        await engagement.like(session, caller, row.uid, clock=clock)
        await engagement.save(session, caller, row.uid, clock=clock)
    assert rio.account_id is not None

    await engagement.forget(session, [rio.account_id])

    count = models.ContentCount
    rows = await session.execute(
        select(count.content_id, count.likes_count, count.saves_count).order_by(count.content_id)
    )
    assert [tuple(row) for row in rows] == [(tea.id, 1, 1), (ink.id, 0, 0)]
    assert await marks(session) == [1, 1]
