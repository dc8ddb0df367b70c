"""Vocabularies: fields, roles, taxonomies, tags with their aliases, pools."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

from core.ids import new_uid
from models import DirtyKind, Field, Pool, Role, Tag, TagAlias, TagState, Taxonomy
from search import analysis
from services.interchange import tables
from services.interchange.kinds.base import Change, Desk, Expressions, Kind, Need, table
from services.interchange.records import (
    FieldRecord,
    PoolRecord,
    RoleRecord,
    TagRecord,
    TaxonomyRecord,
    uid_for,
)
from services.interchange.refusals import Refused

OWN = "headwater"


class _Coded(Kind[Any]):
    """Named by a code; the code is the key of the table as well."""

    name_sql = "t.code"
    name_type = "text"
    order_sql = 't.code COLLATE "C"'

    def name(self, record: Any) -> str:
        return str(record.code)

    def query(self, where: str = "", *, ordered: bool = False) -> str:
        return super().query(where, ordered=ordered).replace("t.id", "t.code", 1)

    async def insert(self, desk: Desk, records: Sequence[Any]) -> None:
        await tables.insert(desk.connection, table(self.model), [self.row(desk, record) for record in records])

    async def update(self, desk: Desk, changes: Sequence[Change[Any]]) -> None:
        rows = [self.row(desk, change.after) for change in changes]
        await tables.update(desk.connection, table(self.model), rows, key="code")


class Fields(_Coded):
    record, model, what = FieldRecord, Field, "fields"
    columns = ("code", "name_en", "name_zh")


class Roles(_Coded):
    record, model, what = RoleRecord, Role, "roles"
    columns = ("code", "domain", "calling", "name_en", "name_zh")


class Taxonomies(Kind[TaxonomyRecord]):
    record, model, what = TaxonomyRecord, Taxonomy, "taxonomies"
    columns = ("uid", "code", "is_tree", "least_per_content", "most_per_content", "labels")
    name_sql, name_type = "t.code", "text"

    def name(self, record: TaxonomyRecord) -> str:
        return record.code

    def create(self, given: TaxonomyRecord, desk: Desk) -> TaxonomyRecord:  # noqa: ARG002  (others need it)
        return given.model_copy(update={"uid": given.uid or uid_for(OWN, f"taxonomy:{given.code}")})


class Pools(Kind[PoolRecord]):
    record, model, what = PoolRecord, Pool, "pools"
    columns = ("uid", "code", "name")
    name_sql, name_type = "t.code", "text"

    def name(self, record: PoolRecord) -> str:
        return record.code

    def create(self, given: PoolRecord, desk: Desk) -> PoolRecord:  # noqa: ARG002  (others need it)
        return given.model_copy(update={"uid": given.uid or uid_for(OWN, f"pool:{given.code}")})


class Tags(Kind[TagRecord]):
    record, model, what = TagRecord, Tag, "tags"
    columns = ("uid", "code", "labels", "state")
    joins = "JOIN taxonomies x ON x.id = t.taxonomy_id"
    name_sql, name_type = "(x.code || ':' || t.code)", "text"
    dirty, has_version = DirtyKind.TAG, True
    expressions: ClassVar[Expressions] = {
        "taxonomy": "x.code",
        "parent": "(SELECT o.code FROM tags o WHERE o.id = t.parent_id)",
        "merged_into": "(SELECT o.code FROM tags o WHERE o.id = t.merged_into_id)",
        "aliases": "(SELECT json_agg(json_build_object('alias', a.alias, 'language', a.language)"
        ' ORDER BY a.folded COLLATE "C") FROM tag_aliases a WHERE a.tag_id = t.id)',
    }

    def name(self, record: TagRecord) -> str:
        return f"{record.taxonomy}:{record.code}"

    def leans_on(self, row: Mapping[str, Any]) -> set[Any]:
        return {f"{row['taxonomy']}:{code}" for code in (row["parent"], row["merged_into"]) if code}

    def prepare(self, record: TagRecord) -> TagRecord:
        if (record.state is TagState.MERGED) != (record.merged_into is not None):
            raise Refused("merged_into", "a tag names what it was merged into exactly when its state is MERGED")
        if record.code in {record.parent, record.merged_into}:
            raise Refused("parent", "a tag stands neither under itself nor merged into itself")
        by_folded = {analysis.fold(alias.alias): alias for alias in reversed(record.aliases)}
        aliases = tuple(by_folded[folded] for folded in sorted(by_folded) if folded)
        return record.model_copy(update={"aliases": aliases})

    def needs(self, record: TagRecord) -> Iterator[Need]:
        yield Need("taxonomy", "taxonomies", record.taxonomy)
        for where in ("parent", "merged_into"):
            if code := getattr(record, where):
                yield Need(where, "exact_tags", f"{record.taxonomy}:{code}")

    def create(self, given: TagRecord, desk: Desk) -> TagRecord:  # noqa: ARG002  (others need it)
        return given.model_copy(update={"uid": given.uid or uid_for(OWN, f"tag:{given.taxonomy}:{given.code}")})

    def row(self, desk: Desk, record: TagRecord) -> dict[str, Any]:
        def other(code: str | None) -> Any:
            return desk.maybe("exact_tags", code and f"{record.taxonomy}:{code}")

        return super().row(desk, record) | {
            "taxonomy_id": desk.id("taxonomies", record.taxonomy),
            "parent_id": other(record.parent),
            "merged_into_id": other(record.merged_into),
        }

    async def insert(self, desk: Desk, records: Sequence[TagRecord]) -> None:
        await super().insert(desk, records)
        named = {self.name(record): desk.id("tags", self.name(record)) for record in records}
        desk.learn("exact_tags", named)
        await _draw_paths(desk, _taxonomies(desk, records))

    async def update(self, desk: Desk, changes: Sequence[Change[TagRecord]]) -> None:
        await super().update(desk, changes)
        await _draw_paths(desk, _taxonomies(desk, [change.after for change in changes]))

    async def write_parts(self, desk: Desk, records: Sequence[TagRecord], *, fresh: bool) -> None:
        if not fresh:
            ids = [desk.id("tags", self.name(record)) for record in records]
            await tables.clear(desk.connection, table(TagAlias), "tag_id", ids)
        aliases = [
            {
                "uid": new_uid(),
                "tag_id": desk.id("tags", self.name(record)),
                "taxonomy_id": desk.id("taxonomies", record.taxonomy),
                "language": alias.language,
                "alias": alias.alias,
                "folded": analysis.fold(alias.alias),
            }
            for record in records
            for alias in record.aliases
        ]
        await tables.insert(desk.connection, table(TagAlias), aliases)


def _taxonomies(desk: Desk, records: Sequence[TagRecord]) -> set[int]:
    return {desk.id("taxonomies", record.taxonomy) for record in records}


async def _draw_paths(desk: Desk, taxonomy_ids: set[int]) -> None:
    """Write anew the ways from the roots to the tags of these taxonomies, where they changed."""
    row = await desk.connection.fetchrow(
        "WITH RECURSIVE down(id, path) AS ("
        " SELECT id, ARRAY[id] FROM tags WHERE parent_id IS NULL AND taxonomy_id = ANY($1::bigint[])"
        " UNION ALL SELECT t.id, down.path || t.id FROM down JOIN tags t ON t.parent_id = down.id),"
        " drawn AS (UPDATE tags SET path = down.path FROM down WHERE tags.id = down.id"
        "  AND tags.path IS DISTINCT FROM down.path)"
        " SELECT (SELECT count(*) FROM down) = (SELECT count(*) FROM tags WHERE taxonomy_id = ANY($1::bigint[])) AS ok",
        sorted(taxonomy_ids),
    )
    if row is None or not row["ok"]:
        raise Refused("parent", "a tag would stand under itself")
