"""The asset centre: files with what is known and said of them, and the folders they lie in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

from models import Asset, AssetFactsSource, AssetFolder, AssetTag, DirtyKind, ProbeState
from services.interchange import tables
from services.interchange.kinds.base import SOURCED, Change, Desk, Expressions, Kind, Need, References, table
from services.interchange.records import AssetFolderRecord, AssetRecord
from services.interchange.refusals import Refused
from services.media.facts import COLUMNS

WITHOUT_BYTES = (
    "{count} assets came without their bytes: they stay links, and what was measured elsewhere is declared here"
)
FACTS = ("kind", "media_type", "byte_count", "width", "height", "duration_ms", "bitrate", "facts_source", "facts")
HERE = ("folder", "file_name", "origin", "focal_x", "focal_y", "expires_at", "retired_at", "tags")
"""What is arranged in the asset centre: a feed that does not know of it undoes none of it by keeping silent."""


class AssetFolders(Kind[AssetFolderRecord]):
    record, model, what = AssetFolderRecord, AssetFolder, "asset_folders"
    columns = ("uid", "name", "created_at")
    references: ClassVar[References] = {"creator": ("creators", "creator_id"), "parent": ("asset_folders", "parent_id")}

    def leans_on(self, row: Mapping[str, Any]) -> set[Any]:
        return {row["parent"]} - {None}


class Assets(Kind[AssetRecord]):
    record, model, what = AssetRecord, Asset, "assets"
    columns = (
        *SOURCED, *FACTS, "url", "file_name", "alternative_text", "credit", "licence", "origin", "focal_x", "focal_y",
        "expires_at", "retired_at",
    )  # fmt: skip
    references: ClassVar[References] = {"creator": ("creators", "creator_id"), "folder": ("asset_folders", "folder_id")}
    expressions: ClassVar[Expressions] = {
        "sha256": "encode(t.sha256, 'hex')",
        # of a tag and one merged into it, whose uses are still to be moved, one is told
        "tags": "(SELECT array_agg(code ORDER BY place) FROM (SELECT x.code || ':' || g.code AS code, min(w.position) AS place"
        " FROM asset_tags w JOIN tags o ON o.id = w.tag_id JOIN tags g ON g.id = coalesce(o.merged_into_id, o.id)"
        " JOIN taxonomies x ON x.id = g.taxonomy_id WHERE w.asset_id = t.id GROUP BY 1) AS worn)",
    }

    def prepare(self, record: AssetRecord) -> AssetRecord:
        if record.url is None and record.sha256 is None:
            raise Refused("url", "an asset has an address, or bytes that are known by their sha256")
        for one, other in (("width", "height"), ("focal_x", "focal_y")):
            if (getattr(record, one) is None) != (getattr(record, other) is None):
                raise Refused(one, f"give both {one} and {other}, or neither")
        if record.folder is not None and record.creator is None:
            raise Refused("folder", "a folder is a creator's: name the creator")
        return record

    def needs(self, record: AssetRecord) -> Iterator[Need]:
        yield from super().needs(record)
        yield from (Need("tags", "tags", code) for code in record.tags)
        if record.sha256:
            yield Need("sha256", "blobs", record.sha256, is_required=record.url is None)

    async def stored(self, desk: Desk, names: Sequence[Any]) -> dict[Any, tuple[int, AssetRecord]]:
        found = await super().stored(desk, names)
        # where they lie already, which a record need not say
        folders = {record.folder for _, record in found.values() if record.folder}
        rows = await desk.connection.fetch(
            "SELECT uid, id FROM asset_folders WHERE uid = ANY($1::uuid[])", list(folders)
        )
        desk.learn("asset_folders", dict(rows))
        return found

    async def ready(self, desk: Desk) -> None:
        """What our own probes found in the bytes that the records name."""
        rows = await desk.connection.fetch(
            "SELECT encode(sha256, 'hex') AS name, probe_state, probe_failure, byte_count, facts FROM blobs"
            " WHERE sha256 = ANY(SELECT decode(h, 'hex') FROM unnest($1::text[]) h) AND probe_state <> 'WAITING'",
            list(desk.ids.get("blobs", ())),
        )
        desk.learn("looked into", {row["name"]: row for row in rows})

    def create(self, given: AssetRecord, desk: Desk) -> AssetRecord:
        if given.sha256 is not None and given.sha256 not in desk.ids.get("blobs", {}):
            desk.notes[WITHOUT_BYTES] += 1
            given = given.model_copy(update={"sha256": None})
        return _believed(given, desk)

    def merge(self, stored: AssetRecord, given: AssetRecord, desk: Desk) -> AssetRecord:
        """What we measured of bytes that we hold stands, whatever is said of them."""
        if given.sha256 is None and given.url == stored.url:
            given = given.model_copy(update={"sha256": stored.sha256})
        holds = given.sha256 is not None and given.sha256 == stored.sha256
        given = given if holds and given.sha256 not in desk.ids.get("blobs", {}) else self.create(given, desk)
        after = super().merge(stored, given, desk)
        kept = [name for name in HERE if name not in given.model_fields_set]
        if holds and stored.facts_source is AssetFactsSource.PROBED:
            kept += FACTS
        return after.model_copy(update={name: getattr(stored, name) for name in kept})

    def row(self, desk: Desk, record: AssetRecord) -> dict[str, Any]:
        return super().row(desk, record) | {"sha256": bytes.fromhex(record.sha256) if record.sha256 else None}

    async def update(self, desk: Desk, changes: Sequence[Change[AssetRecord]]) -> None:
        await super().update(desk, changes)
        ids = [desk.id("assets", change.after.uid) for change in changes]
        for kind, shown in _SHOWN.items():
            desk.mark(kind, [row[0] for row in await desk.connection.fetch(shown, ids)], fresh=False)
        desk.measured.update(desk.id("assets", change.after.uid) for change in changes if _is_news(change))
        tagged = [change.after for change in changes if change.after.tags != change.before.tags]
        worn = [desk.id("assets", record.uid) for record in tagged]
        await tables.clear(desk.connection, table(AssetTag), "asset_id", worn)
        await _tag(desk, tagged)

    async def write_parts(self, desk: Desk, records: Sequence[AssetRecord], *, fresh: bool) -> None:
        if fresh:
            await _tag(desk, records)


async def _tag(desk: Desk, records: Sequence[AssetRecord]) -> None:
    # two tags may have been merged into one since the record was written
    worn = {record.uid: dict.fromkeys(desk.id("tags", code) for code in record.tags) for record in records}
    rows = [
        {"asset_id": desk.id("assets", uid), "tag_id": tag_id, "position": position}
        for uid, tag_ids in worn.items()
        for position, tag_id in enumerate(tag_ids)
    ]
    await tables.insert(desk.connection, table(AssetTag), rows)


def _believed(given: AssetRecord, desk: Desk) -> AssetRecord:
    """The record with the facts that count: what our own probe found in the bytes, else what is said."""
    known = desk.ids["looked into"].get(given.sha256)
    if known is not None and known["probe_state"] == ProbeState.REFUSED:
        raise Refused("sha256", f"these bytes were looked into before, and refused: {known['probe_failure']}")
    if known is not None:
        return given.model_copy(update=_measured(known["byte_count"], known["facts"]))
    if given.sha256 is not None and given.facts_source is AssetFactsSource.PROBED:
        return given
    said = (given.media_type, given.byte_count, given.width, given.duration_ms, given.bitrate)
    is_something_said = bool(given.facts) or any(fact is not None for fact in said)
    source = AssetFactsSource.DECLARED if is_something_said else AssetFactsSource.NONE
    return given.model_copy(update={"facts_source": source})


def _is_news(change: Change[AssetRecord]) -> bool:
    """Whether something was measured that was not before, or was otherwise."""
    is_measured = change.after.facts_source is AssetFactsSource.PROBED
    return is_measured and any(getattr(change.before, name) != getattr(change.after, name) for name in FACTS)


def _measured(byte_count: int, facts: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **{name: facts.get(name) for name in COLUMNS},
        "byte_count": byte_count,
        "facts": {name: value for name, value in facts.items() if name not in COLUMNS},
        "facts_source": AssetFactsSource.PROBED,
    }


_SHOWN = {
    DirtyKind.CONTENT: "SELECT DISTINCT c.id FROM contents c JOIN revision_assets u ON u.revision_id = c.live_revision_id"
    " WHERE u.asset_id = ANY($1::bigint[])",
    DirtyKind.PRODUCT: "SELECT DISTINCT product_id FROM product_assets WHERE asset_id = ANY($1::bigint[])",
}
