"""The indexer: keeps the search index equal to the database, from dirty marks; the only writer of the index."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import datetime, timedelta

import structlog
from sqlalchemy import ARRAY, BigInteger, bindparam, func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession
from sqlalchemy.orm import joinedload

import models
from core.clock import Clock
from core.db import Database
from core.reads import any_of
from models import Consumer, DirtyKind, blocks
from search.backend import IndexNeedsRebuild, SearchBackend
from search.documents import Change, ContentDocument, ProductDocument, Tombstone, document
from search.indexing import rebuild
from search.query import Kind
from services import access, outbox

log = structlog.get_logger()

# any fixed number: one indexer writes, the others wait for its place
LOCK = 4_711_002
LEASE = timedelta(minutes=5)
KINDS = {DirtyKind.CONTENT: Kind.CONTENT, DirtyKind.PRODUCT: Kind.PRODUCT}
# by then no older version of a document can still be on its way
TOMBSTONES_KEPT = timedelta(hours=1)


class Indexer:
    """One loop's worth of state. Without the advisory lock it only waits for it."""

    def __init__(self, db: Database, backend: SearchBackend, *, clock: Clock, batch: int = 1_000) -> None:
        self.db = db
        self.backend = backend
        self.clock = clock
        self.batch = batch
        self._place: AsyncConnection | None = None

    async def step(self) -> bool:
        """Write what is dirty, up to a batch; True when there may be more."""
        if not await self._take_place():
            return False
        async with self.db.session() as session:
            claims = await outbox.claim(session, Consumer.INDEX, limit=self.batch, lease=LEASE)
        if not claims:
            return False
        try:
            await self._write(await self._changes(claims))
        except BaseException:
            async with self.db.session() as session:
                await outbox.release(session, Consumer.INDEX, claims)
            raise
        async with self.db.session() as session:
            await outbox.finish(session, Consumer.INDEX, claims)
        return True

    async def _write(self, changes: Sequence[Change]) -> None:
        try:
            await self.backend.write(changes)
            await self.backend.commit()
        except IndexNeedsRebuild as error:
            # damaged, or removed by somebody: the new one is made from the database, so it has these changes too
            log.warning("index.rebuild", because=error.message)
            await self.rebuild()

    async def rebuild(self) -> int:
        """A new index from the database, in place of the one in use; how many objects it took."""
        return await rebuild(self.backend, self._everything())

    async def close(self) -> None:
        if self._place is not None:
            await _let_go(self._place)
            self._place = None

    @property
    def has_place(self) -> bool:
        """Whether this is the one indexer that writes."""
        return self._place is not None and not self._place.closed

    async def _take_place(self) -> bool:
        if self.has_place:
            return True
        connection = await self.db.engine.connect()
        await connection.execution_options(isolation_level="AUTOCOMMIT")
        got = await connection.scalar(text("SELECT pg_try_advisory_lock(:key)"), {"key": LOCK})
        if not got:
            await connection.close()
            return False
        try:
            await self._open()
        except BaseException:
            await _let_go(connection)  # another indexer may have more luck
            raise
        self._place = connection
        return True

    async def _open(self) -> None:
        try:
            await self.backend.open_for_writing()
        except IndexNeedsRebuild as error:
            log.info("index.rebuild", because=error.message)
            await self.rebuild()
        await self.backend.purge(buried_before=self.clock.now() - TOMBSTONES_KEPT)

    async def _changes(self, claims: Sequence[outbox.Claim]) -> list[Change]:
        by_kind: dict[DirtyKind, list[int]] = defaultdict(list)
        for claim in claims:
            by_kind[claim.kind].append(claim.object_id)
        async with self.db.session() as session:
            for kind in (DirtyKind.CREATOR, DirtyKind.TAG):
                if by_kind[kind]:
                    await _spread(session, kind, by_kind[kind])
        async with self.db.session() as session:
            now = self.clock.now()
            return [
                *await _contents(session, by_kind[DirtyKind.CONTENT], now),
                *await _products(session, by_kind[DirtyKind.PRODUCT], now),
            ]

    async def _everything(self) -> AsyncIterator[list[Change]]:
        for model, read in ((models.Content, _contents), (models.Product, _products)):
            after = 0
            while True:
                async with self.db.session() as session:
                    ids = list(
                        await session.scalars(
                            select(model.id).where(model.id > after).order_by(model.id).limit(self.batch)
                        )
                    )
                    if not ids:
                        break
                    yield await read(session, ids, self.clock.now())
                after = ids[-1]


async def _let_go(connection: AsyncConnection) -> None:
    """End the connection itself: one that only went back to the pool would keep the lock."""
    await connection.invalidate()
    await connection.close()


async def _contents(session: AsyncSession, ids: Sequence[int], now: datetime) -> list[Change]:
    """A document for each public content, a tombstone for the others."""
    if not ids:
        return []
    content = models.Content
    rows = list(
        await session.execute(
            select(content, access.public_contents().label("is_public"), models.Creator.name)
            .join(models.Creator, models.Creator.id == content.creator_id)
            .where(content.id == any_of(ids))
            .options(joinedload(content.live_revision))
            .execution_options(populate_existing=True)
        )
    )
    tags = await _tags(session, {tag_id for row, _, _ in rows for tag_id in row.tag_ids})
    return [_content(row, name, tags) if public else _buried(Kind.CONTENT, row, now) for row, public, name in rows]


def _content(row: models.Content, creator: str, tags: dict[int, _Tag]) -> Change:
    revision = row.live_revision
    assert revision is not None
    assert row.published_at is not None
    return document(
        ContentDocument(
            id=row.id,
            version=row.version,
            format=row.format.value,
            language=row.language,
            title=revision.title,
            summary=revision.summary,
            body="\n".join(blocks.paragraphs(blocks.load(revision.body))),
            tag_ids=_with_ancestors(row.tag_ids, tags),
            tag_words=tuple(word for tag_id in row.tag_ids if tag_id in tags for word in tags[tag_id][1]),
            creator_id=row.creator_id,
            creator_name=creator,
            published_at=row.published_at,
        )
    )


async def _products(session: AsyncSession, ids: Sequence[int], now: datetime) -> list[Change]:
    """A document for each product on the shelf, a tombstone for the others."""
    if not ids:
        return []
    rows = list(
        await session.execute(
            select(models.Product, models.Brand.name)
            .outerjoin(models.Brand, models.Brand.id == models.Product.brand_id)
            .where(models.Product.id == any_of(ids))
            .execution_options(populate_existing=True)
        )
    )
    tags = await _tags(session, {row.category_id for row, _ in rows if row.category_id})
    return [_product(row, brand, tags) if row.is_on_shelf else _buried(Kind.PRODUCT, row, now) for row, brand in rows]


def _product(row: models.Product, brand: str | None, tags: dict[int, _Tag]) -> Change:
    category = [row.category_id] if row.category_id else []
    return document(
        ProductDocument(
            id=row.id,
            version=row.version,
            language=row.language,
            title=row.title,
            description=row.description,
            brand=brand or "",
            tag_ids=_with_ancestors(category, tags),
            tag_words=tuple(word for tag_id in category if tag_id in tags for word in tags[tag_id][1]),
            published_at=row.created_at,
            price=row.price_minor,
            currency=row.currency,
        )
    )


def _buried(kind: Kind, row: models.Content | models.Product, now: datetime) -> Change:
    return Tombstone(kind, row.id, row.version, now)


_Tag = tuple[list[int], list[str]]
"""A tag's path from the root, and the words it is known by."""


async def _tags(session: AsyncSession, ids: Iterable[int]) -> dict[int, _Tag]:
    """The way from the root, and every name, by id; of a merged tag those of the tag it was merged into."""
    wanted = sorted(set(ids))
    if not wanted:
        return {}
    asked = models.Tag.__table__.alias("asked")
    rows = await session.execute(
        select(asked.c.id, models.Tag.id, models.Tag.path, models.Tag.labels)
        .join(models.Tag, models.Tag.id == func.coalesce(asked.c.merged_into_id, asked.c.id))
        .where(asked.c.id == any_of(wanted))
    )
    current: dict[int, int] = {}
    tags: dict[int, _Tag] = {}
    for asked_id, tag_id, path, labels in rows:
        current[asked_id] = tag_id
        tags[tag_id] = (path, list(labels.values()))
    aliases = await session.execute(
        select(models.TagAlias.tag_id, models.TagAlias.alias).where(models.TagAlias.tag_id == any_of(tags))
    )
    for tag_id, alias in aliases:
        tags[tag_id][1].append(alias)
    return {asked_id: tags[tag_id] for asked_id, tag_id in current.items()}


def _with_ancestors(tag_ids: Sequence[int], tags: dict[int, _Tag]) -> tuple[int, ...]:
    """The tags and all above them: a filter by a parent finds what is tagged below it."""
    return tuple(sorted({above for tag_id in tag_ids if tag_id in tags for above in tags[tag_id][0]}))


async def _spread(session: AsyncSession, kind: DirtyKind, ids: Sequence[int]) -> None:
    """A creator or tag that changed makes the documents that show it dirty; their versions grow with it."""
    showing = {
        DirtyKind.CREATOR: "creator_id = ANY(:ids)",
        DirtyKind.TAG: "tag_ids && :ids",
    }
    touched = (
        await session.scalars(
            text(
                # the condition is one of our own, above; sorted, as everyone locks contents
                f"WITH shown AS (SELECT id FROM contents WHERE {showing[kind]} AND published_at IS NOT NULL"  # noqa: S608
                " ORDER BY id FOR NO KEY UPDATE)"
                " UPDATE contents SET version = version + 1 FROM shown WHERE contents.id = shown.id"
                " RETURNING contents.id"
            ).bindparams(bindparam("ids", list(ids), type_=ARRAY(BigInteger)))
        )
    ).all()
    await outbox.mark(session, DirtyKind.CONTENT, touched, consumers=(Consumer.INDEX,))
    if kind is DirtyKind.TAG:
        products = await session.scalars(
            text(
                "UPDATE products SET version = version + 1 WHERE category_id IN"
                " (SELECT id FROM tags WHERE path && :ids) RETURNING id"
            ).bindparams(bindparam("ids", list(ids), type_=ARRAY(BigInteger)))
        )
        await outbox.mark(session, DirtyKind.PRODUCT, products.all(), consumers=(Consumer.INDEX,))
