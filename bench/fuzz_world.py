"""The world that generated operations meet: tests' small one, in which what must stay hidden says SECRET, with keys to it."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

import models
from core.caller import Scope
from core.clock import FixedClock
from core.db import Database, DatabaseAway
from core.ids import global_id, new_uid
from services import comments, feeds
from tests import make
from tests.api.graphql import world as worlds

STRANGERS = ("anonymous", "stranger", "scoped")
"""Those who have no right to what is hidden."""

ALL_BUT_OPERATE = [scope for scope in Scope if scope is not Scope.OPERATE]
SHOWN = (
    models.Account, models.Answer, models.ApiKey, models.Appeal, models.Application, models.Asset, models.Brand,
    models.Channel, models.Comment, models.Content, models.Contract, models.Creator, models.Erasure, models.Homepage,
    models.LiveMessage, models.Organisation, models.OrganisationMember, models.Product, models.Review, models.Revision,
    models.Shop, models.Submission, models.Tag, models.Taxonomy,
)  # fmt: skip


@dataclass
class Known:
    """What a client may have been told: ids by type, texts by the name of the argument that takes them, keys by caller."""

    ids: dict[str, list[str]] = field(default_factory=dict)
    texts: dict[str, list[str]] = field(default_factory=dict)
    keys: dict[str, str | None] = field(default_factory=dict)


_OWN: ContextVar[AsyncConnection] = ContextVar("own")


class OneConnection(Database):
    """Sessions of a request take turns as savepoints on its connection: what it did can be undone behind it."""

    def __init__(self, base: Database) -> None:  # it has all that the base made
        self.server, self.url, self.engine = base.server, base.url, base.engine
        self._open: AsyncConnection | None = None
        self._turn = asyncio.Lock()

    @asynccontextmanager
    async def undone(self) -> AsyncIterator[None]:
        """What is done meanwhile, by who is called from here, is undone."""
        async with self.engine.connect() as connection:
            outer = await connection.begin()
            _OWN.set(connection)
            self._open = connection
            try:
                yield
            finally:
                async with self._turn:
                    self._open = None
                    # whoever is cancelled within a statement takes the connection along: the pool makes another
                    with suppress(DBAPIError):
                        await outer.rollback()

    @asynccontextmanager
    async def session(self) -> AsyncIterator[AsyncSession]:
        own = _OWN.get()
        async with self._turn:
            if own is not self._open:
                # a load that nobody waits for any more, since its request is over
                raise DatabaseAway("The request is over.")
            async with (
                AsyncSession(own, expire_on_commit=False, join_transaction_mode="create_savepoint") as session,
                session.begin(),
            ):
                yield session


async def build(session: AsyncSession, clock: FixedClock) -> tuple[Known, worlds.World]:
    """What is known of the world, and the world as it is written."""
    world = await worlds.build(session)
    await make.instance(session)
    await worlds.submit(session, world, world.public[0])
    author = await make.account(session, name="Author")
    session.add(models.Identity(account_id=author.id, kind=models.IdentityKind.CREATOR, creator_id=world.creator.id))
    await _beside(session, world, author)
    known = Known(keys={"anonymous": None, "author": await _key(session, author, 1, clock, ALL_BUT_OPERATE)})
    known.keys["stranger"] = await _stranger(session, clock)
    scoped, operator = await make.account(session, name="Scoped"), await make.account(session, name="Operator")
    session.add(models.Identity(account_id=operator.id, kind=models.IdentityKind.OPERATOR))
    known.keys["scoped"] = await _key(session, scoped, 3, clock, ALL_BUT_OPERATE)
    known.keys["operator"] = await _key(session, operator, 4, clock, list(Scope))
    await session.flush()
    await _count(session)
    await _learn(session, known, world)
    return known, world


async def _beside(session: AsyncSession, world: worlds.World, author: models.Account) -> None:
    """One of each of what the small world has none of."""
    live = next(row for row in world.public if row.format is models.Format.LIVE)
    period = Range(make.day("2026-01-01"), None)
    organisation = models.Organisation(handle="lotus", name="Lotus")
    session.add(organisation)
    await session.flush()
    of = {"organisation_id": organisation.id, "period": period}
    row = await session.get_one(models.Revision, live.live_revision_id)
    session.add_all(
        [
            models.OrganisationMember(**of, account_id=author.id, role=models.OrganisationRole.OWNER),
            models.Contract(**of, creator_id=world.creator.id, share_basis_points=0),
            models.Application(key="app", name="App", account_id=author.id),
            models.LiveMessage(content_id=live.id, account_id=author.id, text="Hi."),
            models.Review(organisation_id=organisation.id, content_id=live.id, revision_id=row.id),
            models.Like(account_id=author.id, content_id=live.id),
        ]
    )
    await session.flush()


async def _count(session: AsyncSession) -> None:
    """The counts of what was written as rows, as if it had been done."""
    for table, column in ((models.Like, "likes_count"), (models.Save, "saves_count")):
        each = select(table.content_id, func.count()).group_by(table.content_id)
        for content_id, count in (await session.execute(each)).all():
            await _counted(session, content_id, **{column: count})
    for content_id in await session.scalars(select(models.Comment.content_id).distinct()):
        await _counted(session, content_id)
    follows = select(func.count()).where(models.Follow.creator_id == models.Creator.id).scalar_subquery()
    await session.execute(update(models.Creator).values(followers_count=follows))
    accounts = await session.scalars(select(models.Account.id))
    await comments.recount(session, account_ids=accounts.all())


async def _counted(session: AsyncSession, content_id: int, **counts: int) -> None:
    await session.merge(models.ContentCount(content_id=content_id, **counts))
    await session.flush()


async def _stranger(session: AsyncSession, clock: FixedClock) -> str:
    """Another author, with an organisation of their own."""
    account, creator = await make.account(session, name="Bob"), await make.creator(session, name="Bob")
    organisation = models.Organisation(handle="other", name="Other")
    session.add(organisation)
    await session.flush()
    session.add_all(
        [
            models.Identity(account_id=account.id, kind=models.IdentityKind.CREATOR, creator_id=creator.id),
            models.OrganisationMember(
                organisation_id=organisation.id,
                account_id=account.id,
                role=models.OrganisationRole.OWNER,
                period=Range(make.day("2026-01-01"), None),
            ),
        ]
    )
    await make.content(session, creator, title="Bob's own")
    await make.content(session, creator, title="Bob's draft", live=False)
    return await _key(session, account, 2, clock, ALL_BUT_OPERATE)


async def _key(
    session: AsyncSession, account: models.Account, number: int, clock: FixedClock, scopes: Sequence[Scope]
) -> str:
    """A key whose secret is known beforehand."""
    prefix, secret = f"{number:012x}", f"{number}" * 43
    row = models.ApiKey(
        account_id=account.id,
        name="fuzz",
        prefix=prefix,
        secret_hash=hashlib.sha256(secret.encode()).digest(),
        scopes=[str(scope) for scope in scopes],
        last_used_at=clock.now(),
    )
    session.add(row)
    await session.flush()
    return f"hw_{prefix}.{secret}"


async def _learn(session: AsyncSession, known: Known, world: worlds.World) -> None:
    for table in SHOWN:
        rows = await session.scalars(select(table.uid).order_by(table.id).limit(20))
        known.ids[table.__name__] = [global_id(table.__name__, uid) for uid in rows]
    known.ids["unknown"] = [global_id(table.__name__, new_uid()) for table in SHOWN]
    handles = [world.creator.handle, world.suspended.handle, "lotus", "nobody-at-all"]
    feed = feeds.encode("test.all", 1, 3)
    known.texts |= {
        "handle": handles,
        "key": ["test.all", "app", "weitao.article"],
        "channels": ["test.all", "weitao.article"],
        "after": [feed],
        "before": [feed],
        "code": ["scene:camping", "scene", "media-front-page", "camping"],
        "Tag.code": ["scene:camping"],
        "Taxonomy.code": ["scene"],
        "Creator.handle": handles[:1],
        "Channel.key": ["test.all"],
        "Feed.key": ["test.all"],
        "FeedItems.key": ["test.all"],
    }


async def learn_cursors(known: Known, ask: Any) -> None:
    """The first cursors of the public lists, as a client gets them; `ask` answers a document with its data."""
    lists = ("contents", "creators", "products", "shops", "brands", "tags", "taxonomies", "organisations", "channels")
    data = await ask(f"{{ {' '.join(f'{name}(first: 1) {{ pageInfo {{ endCursor }} }}' for name in lists)} }}")
    found = [data[name]["pageInfo"]["endCursor"] for name in lists]
    cursors = [cursor for cursor in found if cursor]
    known.texts["after"] += cursors
    known.texts["before"] += cursors
