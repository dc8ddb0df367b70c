"""Prints of what is published, kept: made anew when words or pictures change, each with a place that says who was first."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from sqlalchemy import ARRAY, BigInteger, LargeBinary, Row, Text, bindparam, func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.db import Database
from core.reads import any_of
from services import revision_facts
from services.channels.engine import CompiledPack
from services.channels.facts import ContentFacts
from services.duplicates import prints
from services.duplicates.prints import TextPrint

SHOWN = (models.AssetUse.COVER, models.AssetUse.PICTURE)
_LOCK = 7_315_226_001
"""The advisory lock of those who write prints: so places follow commits, and whoever has a later place sees all earlier ones."""

_SAID_IN_DETAILS = ("question", "criteria", "verdict")


class Print(NamedTuple):
    """What a content says and shows; `place` of the text and of each picture, None where nothing is kept of it yet."""

    text: TextPrint | None
    text_place: int | None = None
    pictures: dict[int, int | None] = {}  # noqa: RUF012  (a NamedTuple's default, never changed)


def words(content: ContentFacts) -> str:
    """All that a content says beneath its title and summary: the body, what the format has of its own, notes on products."""
    details = (content.details.get(name) for name in _SAID_IN_DETAILS)
    return "\n\n".join([content.text, *(one for one in details if isinstance(one, str)), *content.notes.values()])


def kept(row: models.ContentPrint | Row[Any]) -> Print:
    """A row, of the mapping or of a statement, as a print."""
    said = None if row.text_digest is None else TextPrint(row.text_digest, row.text_sketch, tuple(row.text_bands))
    return Print(said, row.text_place, dict(zip(row.picture_hashes, row.picture_places, strict=True)))


def placed(new: Print, old: Print | None) -> Print:
    """The new print with the places that its content has already: of a text that is still much the same, of its pictures."""
    if old is None:
        return new
    place = old.text_place if _goes_on(new.text, old.text) else None
    return Print(new.text, place, {one: _place(one, old.pictures) for one in new.pictures})


def _goes_on(new: TextPrint | None, old: TextPrint | None) -> bool:
    if new is None or old is None:
        return new is old
    return prints.percent(new, old) > prints.LEAST_PERCENT


def _place(picture: int, known: dict[int, int | None]) -> int | None:
    places = [
        place
        for one, place in known.items()
        if place is not None and prints.bits_apart(one, picture) <= prints.MOST_BITS
    ]
    return min(places, default=None)


async def keep_where_asked(db: Database, content_ids: Sequence[int], judges: Iterable[CompiledPack]) -> int:
    """Bring prints up to date where one of these packs asks for likenesses; else nobody needs them."""
    return await keep(db, content_ids) if any(judge.compared_among for judge in judges) else 0


async def keep(db: Database, content_ids: Sequence[int]) -> int:
    """Bring the prints of the live revisions of these contents up to date, and how many were not; in a transaction of its own.

    Two statements when all are as they should be.
    """
    async with db.session() as session:
        rows = await _live(session, content_ids)
        pictures = await _pictures(session, [row.live_revision_id for row in rows])
        stale = [row for row in rows if _is_stale(row, pictures[row.live_revision_id])]
        if stale:
            await _write(session, stale, pictures)
    return len(stale)


async def _live(session: AsyncSession, content_ids: Sequence[int]) -> list[Any]:
    """Contents with a live revision, and what is kept of them, the longest published first."""
    content = models.Content
    rows = await session.execute(
        select(content.id, content.live_revision_id, content.format, models.ContentPrint)
        .outerjoin(models.ContentPrint, models.ContentPrint.content_id == content.id)
        .where(
            content.id == any_of(content_ids),
            content.live_revision_id.is_not(None),
            content.state != models.ContentState.ERASED,
        )
        .order_by(content.published_at, content.id)
        .execution_options(populate_existing=True)
    )
    return list(rows)


async def _pictures(session: AsyncSession, revision_ids: Iterable[int]) -> dict[int, tuple[int, ...]]:
    """What the measured pictures of these revisions look like, each once, in their order."""
    link = models.RevisionAsset
    rows = await session.execute(
        select(link.revision_id, models.Asset.facts["perceptual_hash"].astext)
        .join(models.Asset, models.Asset.id == link.asset_id)
        .where(
            link.revision_id == any_of(revision_ids),
            link.use.in_(SHOWN),
            models.Asset.facts_source == models.AssetFactsSource.PROBED,
        )
        .order_by(link.revision_id, link.position)
    )
    found: dict[int, dict[int, None]] = defaultdict(dict)
    for revision_id, looks in rows:
        if looks is not None and (picture := prints.of_picture(looks)) is not None:
            found[revision_id][picture] = None
    return defaultdict(tuple, {revision_id: tuple(pictures) for revision_id, pictures in found.items()})


def _is_stale(row: Any, pictures: tuple[int, ...]) -> bool:
    known: models.ContentPrint | None = row.ContentPrint
    return (
        known is None
        or known.revision_id != row.live_revision_id
        or known.version != prints.VERSION
        or tuple(known.picture_hashes) != pictures
    )


async def _write(session: AsyncSession, stale: Sequence[Any], pictures: dict[int, tuple[int, ...]]) -> None:
    found = await session.scalars(
        select(models.Revision).where(models.Revision.id == any_of([row.live_revision_id for row in stale]))
    )
    revisions = {revision.id: revision for revision in found}
    texts = [_said(row.format, revisions[row.live_revision_id]) for row in stale]
    # a page of texts is tens of milliseconds, which others should not wait for
    made = await asyncio.to_thread(lambda: [prints.of_text(said) for said in texts])
    await session.execute(select(func.pg_advisory_xact_lock(_LOCK)))
    places = await session.scalars(
        text("SELECT nextval('content_print_places') FROM generate_series(1, :count)"), {"count": len(stale)}
    )
    values = [
        _values(row, said, pictures[row.live_revision_id], place)
        for row, said, place in zip(stale, made, sorted(places), strict=True)
    ]
    columns = [bindparam(name, [one[at] for one in values], type_=ARRAY(_TYPES[at])) for at, name in enumerate(_NAMES)]
    await session.execute(_UPSERT.bindparams(*columns, print_version=prints.VERSION))


def _said(format_: models.Format, revision: models.Revision) -> str:
    body, details = revision_facts.read_parts(format_, revision)
    said = revision_facts.words(revision, body, details)
    return words(ContentFacts(uid="", format=format_.value, language="", **said))


def _values(row: Any, said: TextPrint | None, pictures: tuple[int, ...], place: int) -> tuple[Any, ...]:
    old = None if row.ContentPrint is None or row.ContentPrint.version != prints.VERSION else kept(row.ContentPrint)
    new = placed(Print(said, None, dict.fromkeys(pictures)), old)
    bands = {band for picture in pictures for band in prints.picture_bands(picture)}
    return (
        row.id,
        row.live_revision_id,
        said.digest if said else None,
        said.sketch if said else None,
        array(said.bands if said else ()),
        new.text_place or place,
        array(pictures),
        array(new.pictures[picture] or place for picture in pictures),
        array(sorted(bands)),
    )


def array(numbers: Iterable[int]) -> str:
    """Numbers as PostgreSQL writes an array: for one column of many rows, each with its own."""
    return f"{{{','.join(map(str, numbers))}}}"


_NAMES = ("ids", "revisions", "digests", "sketches", "bands", "places", "pictures", "picture_places", "picture_bands")
_TYPES = (BigInteger, BigInteger, LargeBinary, LargeBinary, Text, BigInteger, Text, Text, Text)
_UPSERT = text(
    """
    INSERT INTO content_prints (content_id, revision_id, version, text_digest, text_sketch, text_bands, text_place,
                                picture_hashes, picture_places, picture_bands)
    SELECT content_id, revision_id, :print_version, digest, sketch, bands::int[], place, pictures::bigint[],
           picture_places::bigint[], picture_bands::int[]
    FROM unnest(:ids, :revisions, :digests, :sketches, :bands, :places, :pictures, :picture_places, :picture_bands)
         AS given(content_id, revision_id, digest, sketch, bands, place, pictures, picture_places, picture_bands)
    ON CONFLICT (content_id) DO UPDATE SET
        revision_id = excluded.revision_id, version = excluded.version, text_digest = excluded.text_digest,
        text_sketch = excluded.text_sketch, text_bands = excluded.text_bands, text_place = excluded.text_place,
        picture_hashes = excluded.picture_hashes, picture_places = excluded.picture_places,
        picture_bands = excluded.picture_bands
    """
)
