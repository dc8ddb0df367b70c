"""What every kind of record has: how it is read from the tables, compared with what stands there, and written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, Generic, TypeVar, cast
from uuid import UUID

from sqlalchemy import Table

import models
from models import DirtyKind
from models.texts import scrub
from services.interchange import tables
from services.interchange.records import Record
from services.interchange.refusals import Refused

R = TypeVar("R", bound=Record)

# What a record leaves unsaid about these stays as it is: an import undoes no suspension and gives nobody a new identity.
KEPT = frozenset({"uid", "source", "external_key", "created_at", "suspended_at", "suspended_because", "erased_at"})


@dataclass(frozen=True, slots=True)
class Need:
    """Something a record refers to: the field that says so, the kind of thing, its name there, and whether the record can
    stand without it.
    """

    where: str
    what: str
    name: Any
    is_required: bool = True


@dataclass(frozen=True, slots=True)
class Change(Generic[R]):
    """An object as it stands and as it shall be."""

    before: R
    after: R


@dataclass(slots=True)
class Desk:
    """What writing a batch needs at hand: the connection, the time, and the ids of what the records refer to."""

    connection: tables.Connection
    now: datetime
    ids: dict[str, dict[Any, Any]] = field(default_factory=dict)
    marks: dict[tuple[DirtyKind, bool], set[int]] = field(default_factory=dict)
    measured: set[int] = field(default_factory=set)
    """Assets of which more is known than before."""
    notes: Counter[str] = field(default_factory=Counter)
    """How often something was taken otherwise than it was said: by the sentence that tells it, with {count} in it."""

    def id(self, what: str, name: Any) -> Any:
        return self.ids[what][name]

    def maybe(self, what: str, name: Any) -> Any:
        return None if name is None else self.ids[what][name]

    def learn(self, what: str, named: Mapping[Any, Any]) -> None:
        self.ids.setdefault(what, {}).update(named)

    def mark(self, kind: DirtyKind, ids: Sequence[int], *, fresh: bool) -> None:
        self.marks.setdefault((kind, fresh), set()).update(ids)


def table(of: Any) -> Table:
    return cast("Table", of.__table__)


def clean(value: Any) -> Any:
    """What an older database may hold, as it can be published."""
    match value:
        case str():
            return scrub(value)
        case dict():
            return {clean(name): clean(inner) for name, inner in value.items()}
        case list():
            return [clean(inner) for inner in value]
        case _:
            return value


References = dict[str, tuple[str, str]]
Expressions = dict[str, str]


class Kind(Generic[R]):
    """A kind of record. The simple ones are all data; the others override what differs."""

    record: ClassVar[type[Record]]
    model: ClassVar[Any]
    what: ClassVar[str]  # under which name others refer to it, in Desk.ids
    columns: ClassVar[tuple[str, ...]] = ()  # fields that stand in a column of the same name
    references: ClassVar[References] = {}  # field: (what it names, column); by uid
    expressions: ClassVar[Expressions] = {}  # fields that are read by SQL of their own
    unique: ClassVar[tuple[str, ...]] = ()  # fields that no two objects share
    dirty: ClassVar[DirtyKind | None] = None
    has_version: ClassVar[bool] = False
    name_sql: ClassVar[str] = "t.uid"
    name_type: ClassVar[str] = "uuid"
    order_sql: ClassVar[str] = "t.uid"
    joins: ClassVar[str] = ""
    condition: ClassVar[str] = ""  # which rows of the table are such records

    def name(self, record: R) -> Any:
        return record.uid  # type: ignore[attr-defined]  # those without override this

    # reading

    def query(self, where: str = "", *, ordered: bool = False) -> str:
        """SELECT of id, name and all fields of the record."""
        parts = ["t.id AS _id", f"{self.name_sql} AS _name", *(f't."{name}"' for name in self.columns)]
        parts += [
            f'(SELECT o.uid FROM "{what}" o WHERE o.id = t.{column}) AS "{name}"'  # noqa: S608  (names of our own)
            for name, (what, column) in self.references.items()
        ]
        parts += [f'{sql} AS "{name}"' for name, sql in self.expressions.items()]
        order = f" ORDER BY {self.order_sql}" if ordered else ""
        return f'SELECT {", ".join(parts)} FROM "{table(self.model).name}" t {self.joins} {where}{order}'  # noqa: S608

    def fields(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """The fields of the record from a row of the query; what is null is left out."""
        given = {name: value for name, value in row.items() if value is not None and name not in {"_id", "_name"}}
        return cast("dict[str, Any]", clean(given))

    def read(self, row: Mapping[str, Any]) -> R:
        """The record of a row; ValidationError for what the format cannot carry."""
        return cast("R", self.record.model_validate(self.fields(row)))

    def leans_on(self, row: Mapping[str, Any]) -> set[Any]:  # noqa: ARG002  (others need it)
        """The names of objects of the same kind that a row refers to."""
        return set()

    def whole(self, row: Mapping[str, Any]) -> R:
        """The record of a row in the form in which given ones are compared with it."""
        return self.prepare(self.read(row))

    async def stored(self, desk: Desk, names: Sequence[Any]) -> dict[Any, tuple[int, R]]:
        """What stands in the tables under these names."""
        named = f"{self.name_sql} = ANY($1::{self.name_type}[])"
        where = f"{self.condition} AND {named}" if self.condition else f"WHERE {named}"
        rows = await desk.connection.fetch(self.query(where), list(names))
        return {row["_name"]: (row["_id"], self.whole(row)) for row in rows}

    # comparing

    def prepare(self, record: R) -> R:
        """The record in its whole form, checked as far as that goes without a database; Refused."""
        return record

    def brings(self, record: R) -> Iterator[Record]:  # noqa: ARG002  (others need it)
        """Records that this one, as given, carries within it: made if they are not there."""
        yield from ()

    def needs(self, record: R) -> Iterator[Need]:
        for name, (what, _) in self.references.items():
            if (uid := getattr(record, name)) is not None:
                yield Need(name, what, uid)

    async def ready(self, desk: Desk) -> None:
        """Learn what else is needed to compare records of this kind."""

    def create(self, given: R, desk: Desk) -> R:  # noqa: ARG002  (others need it)
        """A new object: what is not said is decided here."""
        return given

    def merge(self, stored: R, given: R, desk: Desk) -> R:  # noqa: ARG002  (others need it)
        """The object as it shall stand; Refused when it cannot become that."""
        if getattr(stored, "erased_at", None) and not getattr(given, "erased_at", None):
            raise Refused("uid", "this was erased, and an erasure is final")
        said = given.model_fields_set
        changes = {name: value for name, value in given if name != "uid" and (name in said or name not in KEPT)}
        return stored.model_copy(update=changes)

    # writing

    def row(self, desk: Desk, record: R) -> dict[str, Any]:
        """The columns of an object, without its id."""
        found = {name: getattr(record, name) for name in self.columns}
        for name, (what, column) in self.references.items():
            found[column] = desk.maybe(what, getattr(record, name))
        return found

    async def insert(self, desk: Desk, records: Sequence[R]) -> None:
        ids = await tables.new_ids(desk.connection, table(self.model), len(records))
        rows = [{"id": id_} | self.row(desk, record) for id_, record in zip(ids, records, strict=True)]
        await tables.insert(desk.connection, table(self.model), rows)
        desk.learn(self.what, {self.name(record): id_ for id_, record in zip(ids, records, strict=True)})
        await self.write_parts(desk, records, fresh=True)
        self.mark(desk, records, fresh=True)

    async def update(self, desk: Desk, changes: Sequence[Change[R]]) -> None:
        records = [change.after for change in changes]
        rows = [self.changed_row(desk, record) for record in records]
        await tables.update(desk.connection, table(self.model), rows, bump=self.has_version)
        await self.write_parts(desk, records, fresh=False)
        self.mark(desk, records, fresh=False)

    def changed_row(self, desk: Desk, record: R) -> dict[str, Any]:
        row = self.row(desk, record)
        row.pop("uid", None)
        return row | {"id": desk.id(self.what, self.name(record))}

    def mark(self, desk: Desk, records: Sequence[R], *, fresh: bool) -> None:
        if self.dirty:
            desk.mark(self.dirty, [desk.id(self.what, self.name(record)) for record in records], fresh=fresh)

    async def write_parts(self, desk: Desk, records: Sequence[R], *, fresh: bool) -> None:
        """Rows of other tables that belong to these objects."""


SOURCED = ("uid", "source", "external_key", "created_at")


def uid_of(record: Any) -> UUID:
    uid = record.uid
    assert uid is not None
    return cast("UUID", uid)


__all__ = ["KEPT", "SOURCED", "Change", "Desk", "Kind", "Need", "models", "table", "uid_of"]
