"""Homepages of creators with their versions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar
from uuid import UUID

from pydantic import ValidationError

from core.ids import new_uid
from models import Homepage, HomepageState, HomepageVersion, page_blocks
from models.page_themes import Theme
from services.interchange import reasons, tables
from services.interchange.kinds.base import Change, Desk, Expressions, Kind, Need, References, table
from services.interchange.kinds.revisions import named
from services.interchange.records import HomepageRecord, PageVersionRecord, uid_for
from services.interchange.refusals import Refused

COLUMNS = ("uid", "number", "state", "edition", "theme", "blocks", "template", "published_at", "scheduled_for",
           "schedule_zone", "fired_late_ms", "created_at")  # fmt: skip
SHOWN = frozenset({HomepageState.LIVE, HomepageState.SUPERSEDED})


class Homepages(Kind[HomepageRecord]):
    record, model, what = HomepageRecord, Homepage, "homepages"
    columns = ("uid", "created_at")
    references: ClassVar[References] = {"creator": ("creators", "creator_id")}
    joins = "JOIN creators c ON c.id = t.creator_id"
    name_sql = "c.uid"
    expressions: ClassVar[Expressions] = {
        "versions": "(SELECT json_agg(json_build_object("  # noqa: S608  (names of our own)
        + ", ".join(f"'{name}', v.{name}" for name in COLUMNS)
        + ") ORDER BY v.number) FROM homepage_versions v WHERE v.homepage_id = t.id)",
    }

    def name(self, record: HomepageRecord) -> Any:
        return record.creator

    def prepare(self, record: HomepageRecord) -> HomepageRecord:
        for state in (HomepageState.LIVE, HomepageState.DRAFT):
            if sum(version.state is state for version in record.versions) > 1:
                raise Refused("versions", f"at most one version is {state.value}")
        versions = tuple(_complete(version, f"versions.{place}") for place, version in enumerate(record.versions))
        return record.model_copy(update={"versions": versions})

    def needs(self, record: HomepageRecord) -> Iterator[Need]:
        yield from super().needs(record)
        for place, version in enumerate(record.versions):
            yield from _named_in(version.blocks, f"versions.{place}.blocks")

    def create(self, given: HomepageRecord, desk: Desk) -> HomepageRecord:
        uid = given.uid or uid_for("headwater", f"homepage:{given.creator}")
        return given.model_copy(update={"uid": uid, "versions": _merged((), given.versions, desk)})

    def merge(self, stored: HomepageRecord, given: HomepageRecord, desk: Desk) -> HomepageRecord:
        return stored.model_copy(update={"versions": _merged(stored.versions, given.versions, desk)})

    async def insert(self, desk: Desk, records: Sequence[HomepageRecord]) -> None:
        await super().insert(desk, records)
        await self._write(desk, [(record, one) for record in records for one in record.versions], update=False)

    async def update(self, desk: Desk, changes: Sequence[Change[HomepageRecord]]) -> None:
        before = {one.uid: one for change in changes for one in change.before.versions}
        pairs = [(change.after, one) for change in changes for one in change.after.versions]
        changed = [pair for pair in pairs if pair[1].uid in before and before[pair[1].uid] != pair[1]]
        # what stops being live goes first: at most one is live at any moment
        for live in (False, True):
            await self._write(desk, [p for p in changed if (p[1].state is HomepageState.LIVE) == live], update=True)
        await self._write(desk, [pair for pair in pairs if pair[1].uid not in before], update=False)

    async def _write(
        self, desk: Desk, pairs: Sequence[tuple[HomepageRecord, PageVersionRecord]], *, update: bool
    ) -> None:
        rows = [
            {"homepage_id": desk.id("homepages", record.creator)} | {name: getattr(one, name) for name in COLUMNS}
            for record, one in pairs
        ]
        if update:
            await tables.update(desk.connection, table(HomepageVersion), rows, key="uid")
        else:
            await tables.insert(desk.connection, table(HomepageVersion), rows)


def _complete(given: PageVersionRecord, where: str) -> PageVersionRecord:
    try:
        blocks = page_blocks.dump(page_blocks.PageBlocks.validate_python(named(given.blocks)))
    except ValidationError as error:
        raise Refused.because(reasons.of_value(error, given.blocks, f"{where}.blocks")) from error
    try:
        theme = Theme.model_validate(given.theme).model_dump(mode="json")
    except ValidationError as error:
        raise Refused.because(reasons.of_value(error, given.theme, f"{where}.theme")) from error
    return given.model_copy(update={"blocks": tuple(blocks), "theme": theme})


def _named_in(value: Any, where: str) -> Iterator[Need]:
    """Pictures and products that blocks name. Contents they name may come and go: a broken block drops out when shown."""
    whats = {"asset": "assets", "image": "assets", "product": "products", "products": "products"}
    if isinstance(value, list | tuple):
        for inner in value:
            yield from _named_in(inner, where)
    elif isinstance(value, dict):
        for name, inner in value.items():
            uids = inner if isinstance(inner, list) else [inner]
            if name in whats and all(isinstance(uid, str) for uid in uids):
                yield from (Need(where, whats[name], UUID(uid)) for uid in uids)
            else:
                yield from _named_in(inner, where)


def _merged(
    stored: Sequence[PageVersionRecord], given: Sequence[PageVersionRecord], desk: Desk
) -> tuple[PageVersionRecord, ...]:
    """All versions as they shall stand: given ones find theirs by uid, else by state; what differs is new."""
    standing = {one.uid: one for one in stored}
    last = max((one.number or 0 for one in stored), default=0)
    for one in given:
        found = _counterpart(list(standing.values()), one)
        if found is not None and _same(found, one):
            continue
        if found is not None and (one.uid is not None or one.state is HomepageState.DRAFT):
            # whoever edits the draft meanwhile learns that it is another now
            kept = {"uid": found.uid, "number": found.number, "edition": max(found.edition + 1, one.edition)}
            standing[found.uid] = _dated(one.model_copy(update=kept), desk, found)
            continue
        last = one.number if one.number is not None and one.number > last else last + 1
        fresh = _dated(one.model_copy(update={"uid": one.uid or new_uid(), "number": last}), desk, None)
        if fresh.state is HomepageState.LIVE:
            standing = {uid: _superseded(other) for uid, other in standing.items()}
        standing[fresh.uid] = fresh
    return tuple(sorted(standing.values(), key=lambda one: one.number or 0))


def _counterpart(standing: Sequence[PageVersionRecord], one: PageVersionRecord) -> PageVersionRecord | None:
    if one.uid is not None:
        return next((other for other in standing if other.uid == one.uid), None)
    return next((other for other in standing if other.state is one.state), None)


def _same(stored: PageVersionRecord, given: PageVersionRecord) -> bool:
    return all(getattr(stored, name) == getattr(given, name) for name in ("state", "theme", "blocks", "scheduled_for"))


def _superseded(one: PageVersionRecord) -> PageVersionRecord:
    return one.model_copy(update={"state": HomepageState.SUPERSEDED}) if one.state is HomepageState.LIVE else one


def _dated(one: PageVersionRecord, desk: Desk, before: PageVersionRecord | None) -> PageVersionRecord:
    created = one.created_at or (before and before.created_at) or one.published_at or desk.now
    published = (one.published_at or (before and before.published_at) or desk.now) if one.state in SHOWN else None
    return one.model_copy(update={"created_at": created, "published_at": published})
