"""One batch of lines: read, compared with what stands, written; what cannot be taken is set aside with its reasons."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import asyncpg
from pydantic import ValidationError

from services.interchange import bodies, reasons, references, tables
from services.interchange.kinds import KINDS, Desk, Kind, Need
from services.interchange.kinds.base import Change, table
from services.interchange.records import HeaderRecord, Record, Sourced, parse
from services.interchange.refusals import Line, Refused, Reject, mended, object_of, of_database, type_of

OUTCOMES = ("new", "changed", "unchanged", "rejected")
# what the database may say of a single record; anything else is an accident and stops the import
REFUSALS = (asyncpg.IntegrityConstraintViolationError, asyncpg.DataError, Refused)


@dataclass(frozen=True, slots=True)
class Item:
    """A record, with its whole form and the line it came from."""

    line: Line
    record: Any
    needs: tuple[Need, ...]
    is_carried: bool = False  # within another record; made if it is not there, else left as it is


@dataclass(slots=True)
class Seen:
    """What a preview would have written by now: records further down may refer to it."""

    names: dict[str, set[Any]] = field(default_factory=dict)

    def add(self, what: str, name: Any) -> None:
        self.names.setdefault(what, set()).add(name)
        if what == "tags":
            self.names.setdefault("exact_tags", set()).add(name)

    def has(self, what: str, name: Any) -> bool:
        return name in self.names.get(what, ())


@dataclass(slots=True)
class Outcome:
    """What became of the lines of a batch."""

    counts: dict[str, dict[str, int]] = field(default_factory=dict)
    rejects: list[Reject] = field(default_factory=list)
    marks: dict[tuple[Any, bool], set[int]] = field(default_factory=dict)
    notes: Counter[str] = field(default_factory=Counter)
    measured: set[int] = field(default_factory=set)

    def count(self, type_: str, outcome: str, by: int = 1) -> None:
        counts = self.counts.setdefault(type_, dict.fromkeys(OUTCOMES, 0))
        counts[outcome] += by

    def reject(self, reject: Reject, type_: str) -> None:
        self.count(type_ or "unreadable", "rejected")
        self.rejects.append(reject)

    def add(self, other: Outcome) -> None:
        for type_, counts in other.counts.items():
            for outcome, by in counts.items():
                self.count(type_, outcome, by)
        self.rejects += other.rejects
        self.notes += other.notes
        self.measured |= other.measured
        for mark, ids in other.marks.items():
            self.marks.setdefault(mark, set()).update(ids)


@dataclass(slots=True)
class Reading:
    """The lines of a batch as records, and what could not be read: all that goes without a database."""

    input_name: str
    lines: Sequence[Line]
    items: list[Item] = field(default_factory=list)
    outcome: Outcome = field(default_factory=Outcome)

    def set_aside(self, item: Item, problem: tuple[str, str]) -> None:
        """Refuse a record that was read after all."""
        self.items.remove(item)
        self.outcome.reject(Reject(item.line, [problem], self.input_name), item.record.type)


def read(lines: Sequence[Line], input_name: str) -> Reading:
    reading = Reading(input_name, lines)
    for line in lines:
        reading.items += _read(line, reading)
    return reading


def _read(line: Line, reading: Reading) -> list[Item]:
    """The record of a line, whole, and what it carries; nothing for a header and for what is set aside here."""
    type_, problems, given = "", list(line.problems), mended(line.text)
    try:
        if problems:
            raise Refused.because(problems)
        record = parse.validate_json(given)
        if isinstance(record, HeaderRecord):
            return []
        type_ = getattr(record, "type", "")
        carried = KINDS[type(record)].brings(record)
        return [*(_item(line, one, is_carried=True) for one in carried), _item(line, record)]
    except ValidationError as error:
        problems = reasons.of_record(error, object_of(given))
    except Refused as refused:
        problems = refused.problems
    except bodies.TooLong as refused:
        problems = [("", refused.message)]
    reading.outcome.reject(Reject(line, problems, reading.input_name), type_ or type_of(line.text))
    return []


def _item(line: Line, record: Record, *, is_carried: bool = False) -> Item:
    kind = KINDS[type(record)]
    whole = kind.prepare(record)
    return Item(line, whole, tuple(kind.needs(whole)), is_carried)


@dataclass(slots=True)
class Batch:
    """How the records of a batch are worked through; `seen` makes it a preview, which writes nothing."""

    connection: tables.Connection
    now: datetime
    input_name: str
    seen: Seen | None = None

    async def write(self, reading: Reading) -> Outcome:
        """What came of the batch; the rejects stand in the order of their lines."""
        outcome = Outcome()
        outcome.add(reading.outcome)
        for kind, group in _grouped(reading.items):
            outcome.add(await self._group(kind, group))
        outcome.rejects.sort(key=lambda reject: reject.line.number)
        return outcome

    def _reject(self, outcome: Outcome, line: Line, problems: Sequence[tuple[str, str]], *, type_: str) -> None:
        outcome.reject(Reject(line, problems, self.input_name), type_)

    async def _group(self, kind: Kind[Any], items: Sequence[Item]) -> Outcome:
        """Write records of one kind in a savepoint. If the database refuses, halve until the culprit stands alone."""
        try:
            async with self.connection.transaction():
                return await self._attempt(kind, items)
        except REFUSALS as error:
            if len(items) > 1:
                half = len(items) // 2
                outcome = await self._group(kind, items[:half])
                outcome.add(await self._group(kind, items[half:]))
                return outcome
            problems = error.problems if isinstance(error, Refused) else of_database(error)
            outcome = Outcome()
            self._reject(outcome, items[0].line, problems, type_=items[0].record.type)
            return outcome

    async def _attempt(self, kind: Kind[Any], items: Sequence[Item]) -> Outcome:
        outcome = Outcome()
        desk = Desk(self.connection, self.now)
        desk.ids = await references.find(self.connection, (need for item in items for need in item.needs))
        if self.seen is not None:
            desk.learn("blobs", dict.fromkeys(self.seen.names.get("blobs", ())))
        known = [item for item in items if self._may_stand(desk, item, outcome)]
        known = await self._alone(kind, known, outcome)
        stored = await kind.stored(desk, [kind.name(item.record) for item in known])
        desk.learn(kind.what, {name: id_ for name, (id_, _) in stored.items()})
        await kind.ready(desk)
        fresh, changes = self._compare(kind, desk, known, stored, outcome)
        if self.seen is not None:
            for item in known:
                self.seen.add(kind.what, kind.name(item.record))
            outcome.notes = desk.notes
            return outcome
        if fresh:
            await kind.insert(desk, fresh)
        if changes:
            await kind.update(desk, changes)
        outcome.marks, outcome.notes, outcome.measured = desk.marks, desk.notes, desk.measured
        return outcome

    def _may_stand(self, desk: Desk, item: Item, outcome: Outcome) -> bool:
        """Whether all that the record refers to is there."""
        missing = [
            (
                need.where,
                f"there is no {references.singular(need.what)} {references.as_said(need.name, item.line.text)}",
            )
            for need in item.needs
            if need.is_required
            and need.name not in desk.ids[need.what]
            and not (self.seen and self.seen.has(need.what, need.name))
        ]
        if missing:
            self._reject(outcome, item.line, missing[:10], type_=item.record.type)
        return not missing

    async def _alone(self, kind: Kind[Any], items: Sequence[Item], outcome: Outcome) -> list[Item]:
        """The records whose handles, addresses and keys nobody else holds."""
        # several records may come of one line, so they are told apart by themselves
        taken: dict[int, list[tuple[str, str]]] = {}
        for name in kind.unique:
            for item, value in await self._held_by_others(kind, name, items):
                taken.setdefault(id(item), []).append((name, f"{value} belongs to another {item.record.type}"))
        for item, uid in await self._keyed_otherwise(kind, items):
            taken.setdefault(id(item), []).append(("external_key", f"this key is already that of {uid}"))
        for item in items:
            if problems := taken.get(id(item)):
                self._reject(outcome, item.line, problems, type_=item.record.type)
        return [item for item in items if id(item) not in taken]

    async def _held_by_others(self, kind: Kind[Any], name: str, items: Sequence[Item]) -> list[tuple[Item, Any]]:
        values = [value.lower() for item in items if (value := getattr(item.record, name))]
        rows = await self.connection.fetch(
            f'SELECT lower("{name}") AS held, uid FROM "{table(kind.model).name}"'  # noqa: S608  (our own names)
            f' WHERE lower("{name}") = ANY($1::text[])',
            values,
        )
        held = {row["held"]: row["uid"] for row in rows}
        found = []
        for item in items:
            value = getattr(item.record, name)
            if value and held.setdefault(value.lower(), item.record.uid) != item.record.uid:
                found.append((item, value))
        return found

    async def _keyed_otherwise(self, kind: Kind[Any], items: Sequence[Item]) -> list[tuple[Item, Any]]:
        if not issubclass(kind.record, Sourced):
            return []
        keyed = [item for item in items if item.record.source is not None and item.record.external_key is not None]
        rows = await self.connection.fetch(
            f'SELECT t.source, t.external_key, t.uid FROM "{table(kind.model).name}" t'  # noqa: S608  (our own names)
            " JOIN unnest($1::text[], $2::text[]) AS w(source, external_key)"
            " ON t.source = w.source AND t.external_key = w.external_key",
            [item.record.source for item in keyed],
            [item.record.external_key for item in keyed],
        )
        held = {(row["source"], row["external_key"]): row["uid"] for row in rows}
        pairs = [(item, held.get((item.record.source, item.record.external_key))) for item in keyed]
        return [(item, uid) for item, uid in pairs if uid is not None and uid != item.record.uid]

    def _compare(
        self,
        kind: Kind[Any],
        desk: Desk,
        items: Sequence[Item],
        stored: dict[Any, tuple[int, Any]],
        outcome: Outcome,
    ) -> tuple[list[Any], list[Change[Any]]]:
        fresh: list[Any] = []
        changes: list[Change[Any]] = []
        for item in items:
            standing = stored.get(kind.name(item.record))
            try:
                if standing is None:
                    fresh.append(kind.create(item.record, desk))
                    again = self.seen is not None and self.seen.has(kind.what, kind.name(item.record))
                    outcome.count(item.record.type, "changed" if again else "new")
                    continue
                after = standing[1] if item.is_carried else kind.merge(standing[1], item.record, desk)
                if _equal(standing[1], after):
                    outcome.count(item.record.type, "unchanged")
                else:
                    changes.append(Change(standing[1], after))
                    outcome.count(item.record.type, "changed")
            except Refused as refused:
                self._reject(outcome, item.line, refused.problems, type_=item.record.type)
        return fresh, changes


def _equal(one: Record, other: Record) -> bool:
    return one is other or one.model_dump() == other.model_dump()


def _grouped(items: Sequence[Item]) -> Iterator[tuple[Kind[Any], list[Item]]]:
    """The items by kind, in the order of the kinds; of one kind, what names another of the group comes after it."""
    for of, kind in KINDS.items():
        waiting = [item for item in items if type(item.record) is of]
        while waiting:
            group, waiting = _independent(kind, waiting)
            yield kind, group


def _independent(kind: Kind[Any], items: Sequence[Item]) -> tuple[list[Item], list[Item]]:
    """Those that can be written at once, and the rest: each name once, and nothing that refers to one of the rest."""
    names = {kind.name(item.record) for item in items}
    own = {kind.what, f"exact_{kind.what}"}
    group: list[Item] = []
    rest: list[Item] = []
    taken: set[Any] = set()
    for item in items:
        name = kind.name(item.record)
        leans = any(need.what in own and need.name in names and need.name != name for need in item.needs)
        if item.is_carried and name in taken:
            continue
        if name in taken or leans:
            rest.append(item)
        else:
            taken.add(name)
            group.append(item)
    # a circle: let the database say that what they lean on is not there
    return (group, rest) if group else (list(rest), [])
