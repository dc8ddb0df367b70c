"""Channels with the pack that rules each, and whom they invited."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

import orjson
from pydantic import ValidationError

from core.ids import new_uid
from models import Channel, ChannelMember, DirtyKind, Feed, FeedKind, PackInstall, PackVersion
from services.channels import packs
from services.interchange import reasons, tables
from services.interchange.kinds.base import Change, Desk, Expressions, Kind, Need, table
from services.interchange.records import ChannelRecord, uid_for
from services.interchange.refusals import Refused


def _read(pack: dict[str, Any]) -> packs.Pack:
    try:
        return packs.read_canonical(orjson.dumps(pack))
    except ValidationError as error:
        raise Refused.because(reasons.of_value(error, pack, "pack")) from error


class Channels(Kind[ChannelRecord]):
    record, model, what = ChannelRecord, Channel, "channels"
    columns = ("uid", "key", "external_id", "kind", "names", "time_zone", "is_private")
    name_sql, name_type = "t.key", "text"
    dirty = DirtyKind.CHANNEL
    expressions: ClassVar[Expressions] = {
        "parent": "(SELECT o.key FROM channels o WHERE o.id = t.parent_id)",
        "pack": "(SELECT v.body FROM pack_versions v WHERE v.id = t.pack_version_id)",
        "members": "ARRAY(SELECT c.uid FROM channel_members m JOIN creators c ON c.id = m.creator_id"
        " WHERE m.channel_id = t.id ORDER BY 1)",
    }

    def name(self, record: ChannelRecord) -> str:
        return record.key

    def leans_on(self, row: Mapping[str, Any]) -> set[Any]:
        return {row["parent"]} - {None}

    def prepare(self, record: ChannelRecord) -> ChannelRecord:
        if record.parent == record.key:
            raise Refused("parent", "a channel does not stand under itself")
        pack = record.pack
        if pack is not None:
            read = _read(pack)
            if read.key != record.key:
                raise Refused("pack.key", f"the pack is for {read.key}")
            pack = orjson.loads(read.canonical())
        return record.model_copy(update={"members": tuple(sorted(set(record.members))), "pack": pack})

    def needs(self, record: ChannelRecord) -> Iterator[Need]:
        if record.parent:
            yield Need("parent", "channels", record.parent)
        yield from (Need("members", "creators", uid) for uid in record.members)

    def create(self, given: ChannelRecord, desk: Desk) -> ChannelRecord:  # noqa: ARG002  (others need it)
        return given.model_copy(update={"uid": given.uid or uid_for("headwater", f"channel:{given.key}")})

    def row(self, desk: Desk, record: ChannelRecord) -> dict[str, Any]:
        return super().row(desk, record) | {"parent_id": desk.maybe("channels", record.parent)}

    async def update(self, desk: Desk, changes: Sequence[Change[ChannelRecord]]) -> None:
        await super().update(desk, changes)
        gone = [change.after for change in changes if change.before.pack and not change.after.pack]
        rows = [{"id": desk.id("channels", record.key), "pack_version_id": None} for record in gone]
        await tables.update(desk.connection, table(Channel), rows)

    async def write_parts(self, desk: Desk, records: Sequence[ChannelRecord], *, fresh: bool) -> None:
        ids = {record.key: desk.id("channels", record.key) for record in records}
        if not fresh:
            await tables.clear(desk.connection, table(ChannelMember), "channel_id", list(ids.values()))
        members = [
            {"channel_id": ids[record.key], "creator_id": desk.id("creators", uid)}
            for record in records
            for uid in record.members
        ]
        await tables.insert(desk.connection, table(ChannelMember), members)
        await self._install(desk, {ids[record.key]: _read(record.pack) for record in records if record.pack})
        await self._open_feeds(desk, {ids[record.key]: record.key for record in records if record.pack})

    async def _install(self, desk: Desk, chosen: dict[int, packs.Pack]) -> None:
        """Let these packs rule from now on; the history of installs says so where that is new."""
        versions = [
            {"uid": new_uid(), "channel_id": id_, "digest": pack.digest, "body": orjson.loads(pack.canonical())}
            for id_, pack in chosen.items()
        ]
        kept = "ON CONFLICT (channel_id, digest) DO NOTHING"
        await tables.insert(desk.connection, table(PackVersion), versions, otherwise=kept)
        rows = await desk.connection.fetch(
            "SELECT v.id, v.channel_id FROM pack_versions v JOIN channels c ON c.id = v.channel_id"
            " JOIN unnest($1::bigint[], $2::text[]) AS w(channel_id, digest)"
            " ON v.channel_id = w.channel_id AND v.digest = w.digest WHERE c.pack_version_id IS DISTINCT FROM v.id",
            list(chosen),
            [pack.digest for pack in chosen.values()],
        )
        moves = [{"id": row["channel_id"], "pack_version_id": row["id"]} for row in rows]
        await tables.update(desk.connection, table(Channel), moves)
        installs = [
            {"uid": new_uid(), "channel_id": row["channel_id"], "pack_version_id": row["id"], "installed_by": "import"}
            for row in rows
        ]
        await tables.insert(desk.connection, table(PackInstall), installs)

    async def _open_feeds(self, desk: Desk, keys: Mapping[int, str]) -> None:
        """A channel that a pack rules has a feed to deliver to, as when the pack is installed by command."""
        feeds = [
            {"uid": new_uid(), "key": key, "kind": FeedKind.CHANNEL, "channel_id": id_} for id_, key in keys.items()
        ]
        await tables.insert(desk.connection, table(Feed), feeds, otherwise="ON CONFLICT DO NOTHING")
        await desk.connection.execute(
            "INSERT INTO feed_heads (feed_id) SELECT id FROM feeds WHERE channel_id = ANY($1::bigint[])"
            " ON CONFLICT DO NOTHING",
            list(keys),
        )
