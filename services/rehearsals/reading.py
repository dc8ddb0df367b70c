"""Rehearsals as operators read them: how far they came, and what would change, with samples."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import BigInteger, select
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.caller import Caller
from core.reads import OneRead, Order, PageRead, any_of
from services import access
from services.channels.findings import Outcome
from services.channels.rehearsal import Change

MOST_SAMPLES = 20

by_ids = OneRead(models.Rehearsal, models.Rehearsal.id, access.only_operators)
by_uids = OneRead(models.Rehearsal, models.Rehearsal.uid, access.only_operators)
# one list of all: its key is always 0
listed = PageRead(
    "rehearsals.listed",
    models.Rehearsal,
    match=lambda key: key == 0,
    key_type=BigInteger(),
    visible=access.only_operators,
    orders=(Order("newest", (models.Rehearsal.id,)),),
)


@dataclass(frozen=True, slots=True)
class Sample:
    """One content for which something would change, by ids: what it says now is read when it is asked for."""

    content_id: int
    submission_id: int | None
    before: Outcome | None
    after: Outcome
    new_codes: tuple[str, ...]
    gone_codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Changed:
    """How many contents a change would befall, and the first of them."""

    change: Change
    count: int
    samples: tuple[Sample, ...]


def changed(row: models.Rehearsal) -> list[Changed]:
    """Every kind of change as it was counted so far, also those that befell nothing."""
    return [
        Changed(change, row.counts.get(change.value, 0), tuple(map(_sample, row.samples.get(change.value, ()))))
        for change in Change
    ]


@dataclass(frozen=True, slots=True)
class Titled:
    """What people know a content by."""

    uid: UUID
    title: str


async def titles(session: AsyncSession, caller: Caller, rows: Iterable[models.Rehearsal]) -> dict[int, Titled]:
    """What the samples of these rehearsals are called now, by id; those that the caller may not see are absent."""
    ids = {sample.content_id for row in rows for one in changed(row) for sample in one.samples}
    if not ids:
        return {}
    content = models.Content
    found = await session.execute(
        select(content.id, content.uid, models.Revision.title)
        .join(models.Revision, models.Revision.id == content.live_revision_id)
        .where(content.id == any_of(ids), access.contents(caller))
    )
    return {id_: Titled(uid, title) for id_, uid, title in found}


def _sample(stored: dict[str, object]) -> Sample:
    before = stored["before"]
    return Sample(
        content_id=int(str(stored["content"])),
        submission_id=None if stored["submission"] is None else int(str(stored["submission"])),
        before=None if before is None else Outcome(str(before)),
        after=Outcome(str(stored["after"])),
        new_codes=tuple(stored["new"]),  # type: ignore[arg-type]  # a list, as it was written
        gone_codes=tuple(stored["gone"]),  # type: ignore[arg-type]  # a list, as it was written
    )
