"""Contents with their revisions, tags, answers and live rooms."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from models import (
    Answer,
    Content,
    ContentState,
    DirtyKind,
    LiveRoom,
    Revision,
    RevisionAsset,
    RevisionProduct,
    RevisionState,
    Tagging,
)
from services.interchange import tables
from services.interchange.kinds import revisions
from services.interchange.kinds.base import SOURCED, Change, Desk, Expressions, Kind, Need, References, table
from services.interchange.records import AnswerRecord, ContentRecord, Record, RevisionRecord
from services.interchange.refusals import Refused

KEPT_WITH_STATE = ("state", "state_because", "state_at", "published_at", "changed_at", "group", "channels")


def _sql_object(alias: str, columns: Sequence[str], **others: str) -> str:
    pairs = [f"'{name}', {alias}.{name}" for name in columns] + [f"'{name}', {sql}" for name, sql in others.items()]
    return f"json_build_object({', '.join(pairs)})"


REVISION_COLUMNS = (
    "uid", "number", "state", "edition", "title", "summary", "body", "details", "is_original", "created_at",
    "sealed_at", "published_at", "scheduled_for", "schedule_zone", "fired_late_ms",
)  # fmt: skip
ANSWER_COLUMNS = (*SOURCED, "body", "state", "votes_count", "is_accepted", "published_at", "edited_at")
_REWRITE_ANSWER = "ON CONFLICT (uid) DO UPDATE SET " + ", ".join(
    f"{name} = excluded.{name}" for name in ANSWER_COLUMNS if name not in {"uid", "created_at"}
)
LIVE_COLUMNS = ("state", "starts_at", "started_at", "ended_at", "stream_url", "replay_url", "viewers_peak")


class Contents(Kind[ContentRecord]):
    record, model, what = ContentRecord, Content, "contents"
    columns = (
        *SOURCED, "format", "language", "state", "state_because", "state_at", "published_at", "changed_at",
        "is_history",
    )  # fmt: skip
    references: ClassVar[References] = {
        "creator": ("creators", "creator_id"),
        "organisation": ("organisations", "organisation_id"),
    }
    dirty, has_version = DirtyKind.CONTENT, True
    expressions: ClassVar[Expressions] = {
        "group": "nullif(t.group_uid, t.uid)",
        "channels": "CASE WHEN t.channel_ids IS NOT NULL THEN (SELECT coalesce(json_agg(k.key ORDER BY c.place), '[]')"
        " FROM unnest(t.channel_ids) WITH ORDINALITY AS c(id, place) JOIN channels k ON k.id = c.id) END",
        "tags": "(SELECT json_agg("  # noqa: S608  (names of our own)
        + _sql_object("g", ("source", "confidence", "is_confirmed"), tag="x.code || ':' || w.code")
        + " ORDER BY g.position) FROM taggings g JOIN tags w ON w.id = g.tag_id"
        " JOIN taxonomies x ON x.id = w.taxonomy_id WHERE g.content_id = t.id)",
        "revisions": "(SELECT json_agg("  # noqa: S608
        + _sql_object(
            "r",
            REVISION_COLUMNS,
            covers="ARRAY(SELECT a.uid FROM revision_assets u JOIN assets a ON a.id = u.asset_id"
            " WHERE u.revision_id = r.id AND u.use = 'COVER' ORDER BY u.position)",
            products="ARRAY(SELECT p.uid FROM revision_products u JOIN products p ON p.id = u.product_id"
            " WHERE u.revision_id = r.id ORDER BY u.position)",
        )
        + " ORDER BY r.number) FROM revisions r WHERE r.content_id = t.id AND t.state <> 'ERASED')",
        "answers": "(SELECT json_agg("  # noqa: S608
        + _sql_object("a", ANSWER_COLUMNS, creator="(SELECT o.uid FROM creators o WHERE o.id = a.creator_id)")
        + " ORDER BY a.uid) FROM answers a WHERE a.content_id = t.id)",
        "live": "(SELECT " + _sql_object("l", LIVE_COLUMNS) + " FROM live_rooms l WHERE l.content_id = t.id)",  # noqa: S608
    }

    def fields(self, row: Mapping[str, Any]) -> dict[str, Any]:
        found = super().fields(row)
        for name in ("revisions", "answers"):
            found[name] = [
                {key: value for key, value in one.items() if value is not None} for one in found.get(name, ())
            ]
        return found

    # comparing

    def prepare(self, record: ContentRecord) -> ContentRecord:
        completed = tuple(
            revisions.complete(one, record.format, f"revisions.{place}") for place, one in enumerate(record.revisions)
        )
        answers = tuple(revisions.complete_answer(one, f"answers.{place}") for place, one in enumerate(record.answers))
        answers = tuple(sorted(answers, key=lambda one: one.uid))
        return record.model_copy(update={"revisions": completed, "answers": answers})

    def brings(self, record: ContentRecord) -> Iterator[Record]:
        yield from revisions.pictures([*record.revisions, *record.answers])

    def needs(self, record: ContentRecord) -> Iterator[Need]:
        yield from super().needs(record)
        yield from (Need(f"tags.{place}", "tags", one.tag) for place, one in enumerate(record.tags))
        yield from (Need("channels", "channels", key) for key in record.channels or ())
        for place, one in enumerate(record.revisions):
            yield from revisions.needs(one, record.format, f"revisions.{place}")
        yield from (Need(f"answers.{place}", "creators", one.creator) for place, one in enumerate(record.answers))

    async def ready(self, desk: Desk) -> None:
        rows = await desk.connection.fetch(
            "SELECT code, most_per_content FROM taxonomies WHERE most_per_content IS NOT NULL"
        )
        desk.learn("limits", {row["code"]: row["most_per_content"] for row in rows})

    def create(self, given: ContentRecord, desk: Desk) -> ContentRecord:
        _within_limits(given, desk)
        numbered = revisions.numbered(given.revisions, desk.now)
        published = given.published_at or _first_published(numbered)
        return given.model_copy(
            update={
                "revisions": numbered,
                "group": given.group or given.uid,
                "published_at": published,
                "changed_at": given.changed_at or published,
                "created_at": given.created_at or published,
            }
        )

    def merge(self, stored: ContentRecord, given: ContentRecord, desk: Desk) -> ContentRecord:
        if stored.state is ContentState.ERASED and given.state is not ContentState.ERASED:
            raise Refused("uid", "this content was erased, and an erasure is final")
        if stored.format is not given.format:
            raise Refused("format", f"this content is a {stored.format}; a format does not change")
        _within_limits(given, desk)
        said = given.model_fields_set
        kept = {name: getattr(stored, name) for name in KEPT_WITH_STATE if name not in said}
        after = super().merge(stored, given, desk).model_copy(update=kept)
        after = after.model_copy(
            update={
                "revisions": revisions.merged(stored.revisions, given.revisions, desk.now),
                "answers": _merged_answers(stored.answers, given.answers),
            }
        )
        if after == stored:
            return stored
        published = after.published_at or _first_published(after.revisions)
        changed = given.changed_at or desk.now
        return after.model_copy(update={"published_at": published, "changed_at": changed})

    # writing

    def row(self, desk: Desk, record: ContentRecord) -> dict[str, Any]:
        tag_ids = [desk.id("tags", one.tag) for one in record.tags if one.is_confirmed]
        channels = record.channels
        return super().row(desk, record) | {
            "group_uid": record.group or record.uid,
            "tag_ids": list(dict.fromkeys(tag_ids)),
            "channel_ids": None if channels is None else [desk.id("channels", key) for key in channels],
            "live_revision_id": _revision_id(desk, record, RevisionState.LIVE),
            "draft_revision_id": _revision_id(desk, record, RevisionState.DRAFT),
            "waiting_revision_id": _revision_id(desk, record, RevisionState.SCHEDULED)
            or _revision_id(desk, record, RevisionState.IN_REVIEW),
        }

    async def insert(self, desk: Desk, records: Sequence[ContentRecord]) -> None:
        ids = await tables.new_ids(desk.connection, table(Content), len(records))
        desk.learn("contents", {record.uid: id_ for record, id_ in zip(records, ids, strict=True)})
        fresh = [(record, one) for record in records for one in record.revisions]
        await _number_revisions(desk, fresh)
        await tables.insert_together(
            desk.connection,
            (table(Content), [{"id": desk.id("contents", one.uid)} | self.row(desk, one) for one in records]),
            (table(Revision), [_revision_row(desk, record, one) for record, one in fresh]),
        )
        await _write_revision_parts(desk, fresh)
        await self.write_parts(desk, records, fresh=True)
        self.mark(desk, records, fresh=True)

    async def update(self, desk: Desk, changes: Sequence[Change[ContentRecord]]) -> None:
        before = {one.uid: one for change in changes for one in change.before.revisions}
        pairs = [(change.after, one) for change in changes for one in change.after.revisions]
        fresh = [pair for pair in pairs if pair[1].uid not in before]
        changed = [pair for pair in pairs if pair[1].uid in before and before[pair[1].uid] != pair[1]]
        await desk.connection.execute(
            "UPDATE contents SET draft_revision_id = NULL WHERE id = ANY($1::bigint[])",
            [desk.id("contents", change.after.uid) for change in changes],
        )
        known = await desk.connection.fetch("SELECT uid, id FROM revisions WHERE uid = ANY($1::uuid[])", list(before))
        desk.learn("revisions", {row["uid"]: row["id"] for row in known})
        # what stops being live goes first: at most one is live at any moment
        for live in (False, True):
            rows = [
                _revision_row(desk, record, one) for record, one in changed if (one.state is RevisionState.LIVE) == live
            ]
            await tables.update(desk.connection, table(Revision), rows)
        await _number_revisions(desk, fresh)
        await tables.insert(desk.connection, table(Revision), [_revision_row(desk, *pair) for pair in fresh])
        rewritten = [pair for pair in changed if revisions.words(before[pair[1].uid]) != revisions.words(pair[1])]
        ids = [desk.id("revisions", one.uid) for _, one in rewritten]
        for part in (RevisionAsset, RevisionProduct):
            await tables.clear(desk.connection, table(part), "revision_id", ids)
        await _write_revision_parts(desk, [*fresh, *rewritten])
        await super().update(desk, changes)

    async def write_parts(self, desk: Desk, records: Sequence[ContentRecord], *, fresh: bool) -> None:
        ids = {record.uid: desk.id("contents", record.uid) for record in records}
        if not fresh:
            for part in (Tagging, LiveRoom):
                await tables.clear(desk.connection, table(part), "content_id", list(ids.values()))
            # at most one is accepted at any moment
            await desk.connection.execute(
                "UPDATE answers SET is_accepted = false WHERE content_id = ANY($1::bigint[]) AND is_accepted",
                list(ids.values()),
            )
        await tables.insert(desk.connection, table(Tagging), list(_tagging_rows(desk, records)))
        answers = [_answer_row(desk, record, one) for record in records for one in record.answers]
        # none ever goes, and votes hang on those that are there
        await tables.insert(desk.connection, table(Answer), answers, otherwise=_REWRITE_ANSWER)
        rooms = [
            {"content_id": ids[record.uid]} | {name: getattr(record.live, name) for name in LIVE_COLUMNS}
            for record in records
            if record.live
        ]
        await tables.insert(desk.connection, table(LiveRoom), rooms)


def _within_limits(given: ContentRecord, desk: Desk) -> None:
    """Refused when a content has more tags of a taxonomy than that allows."""
    counts = Counter(one.tag.partition(":")[0] for one in given.tags if one.is_confirmed)
    for taxonomy, count in counts.items():
        most = desk.ids["limits"].get(taxonomy)
        if most is not None and count > most:
            raise Refused("tags", f"at most {most} tags of {taxonomy}; {count} are given")


def _first_published(given: Sequence[RevisionRecord]) -> datetime | None:
    """When a content with these revisions appeared; None while nothing of it is published."""
    return min((one.published_at for one in given if one.published_at), default=None)


def _merged_answers(stored: Sequence[AnswerRecord], given: Sequence[AnswerRecord]) -> tuple[AnswerRecord, ...]:
    """The given answers in place of those with the same uid; the others stay, and one that was moderated stays so."""
    standing = {one.uid: one for one in stored}
    accepted = next((one.uid for one in given if one.is_accepted), None)
    if accepted:
        standing = {uid: one.model_copy(update={"is_accepted": uid == accepted}) for uid, one in standing.items()}
    for one in given:
        known = standing.get(one.uid)
        # what readers and operators made of it here stays, unless the record says otherwise
        kept = ("state", "created_at", "votes_count", "edited_at") if known else ()
        standing[one.uid] = one.model_copy(
            update={name: getattr(known, name) for name in kept if name not in one.model_fields_set}
        )
    return tuple(standing[uid] for uid in sorted(standing))


def _revision_id(desk: Desk, record: ContentRecord, state: RevisionState) -> int | None:
    found = next((one.uid for one in record.revisions if one.state is state), None)
    return None if found is None else int(desk.id("revisions", found))


async def _number_revisions(desk: Desk, pairs: Sequence[tuple[ContentRecord, RevisionRecord]]) -> None:
    ids = await tables.new_ids(desk.connection, table(Revision), len(pairs))
    desk.learn("revisions", {one.uid: id_ for (_, one), id_ in zip(pairs, ids, strict=True)})


def _revision_row(desk: Desk, record: ContentRecord, one: RevisionRecord) -> dict[str, Any]:
    ids = {"id": desk.id("revisions", one.uid), "content_id": desk.id("contents", record.uid)}
    return ids | {name: getattr(one, name) for name in REVISION_COLUMNS}


async def _write_revision_parts(desk: Desk, pairs: Sequence[tuple[ContentRecord, RevisionRecord]]) -> None:
    assets: list[dict[str, Any]] = []
    products: list[dict[str, Any]] = []
    for record, one in pairs:
        found, id_ = revisions.parts(one, record.format), desk.id("revisions", one.uid)
        assets += [
            {"revision_id": id_, "position": place, "use": use, "asset_id": desk.id("assets", uid)}
            for place, (use, uid) in enumerate(found.assets)
        ]
        products += [
            {"revision_id": id_, "position": place, "product_id": desk.id("products", uid)}
            for place, uid in enumerate(found.products)
        ]
    await tables.insert(desk.connection, table(RevisionAsset), assets)
    await tables.insert(desk.connection, table(RevisionProduct), products)


def _tagging_rows(desk: Desk, records: Sequence[ContentRecord]) -> Iterator[dict[str, Any]]:
    for record in records:
        seen: set[UUID] = set()
        for place, one in enumerate(record.tags):
            # two tags may have been merged into one since the record was written
            if (tag_id := desk.id("tags", one.tag)) in seen:
                continue
            seen.add(tag_id)
            yield {
                "content_id": desk.id("contents", record.uid),
                "tag_id": tag_id,
                "position": place,
                "source": one.source,
                "confidence": one.confidence,
                "is_confirmed": one.is_confirmed,
            }


def _answer_row(desk: Desk, record: ContentRecord, one: AnswerRecord) -> dict[str, Any]:
    found = {name: getattr(one, name) for name in ANSWER_COLUMNS}
    return found | {
        "content_id": desk.id("contents", record.uid),
        "creator_id": desk.id("creators", one.creator),
    }
