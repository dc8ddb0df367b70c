"""Which contents come near to these, among those that were there before them: at a channel, of the same creator, anywhere."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, LargeBinary, Text, Uuid, bindparam, null, or_, select, text, union_all
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.reads import any_of
from models import SubmissionState
from services import access
from services.channels.engine import CompiledPack
from services.channels.facts import Among, ContentFacts, Likeness
from services.duplicates import prints
from services.duplicates.keeping import Print, array, kept, placed, words

MOST = 200
"""Of more contents that share a band with a text or a picture, those that were here first are looked at."""

STANDING = (
    SubmissionState.HUMAN_AUDIT,
    SubmissionState.TRIAL,
    SubmissionState.ACCEPTED,
    SubmissionState.DELIVERED,
    SubmissionState.CONFIRMED,
)
"""The channel has it, or people are looking at it."""


class Looked(NamedTuple):
    """A content to find copies of, by one of its revisions. It is none of itself, nor of its translations."""

    content_id: int
    group_uid: UUID
    creator_id: int
    revision_id: int
    facts: ContentFacts


@dataclass(frozen=True, slots=True)
class Asked:
    """What packs want to know: by the keys of the entries that compare with their own, of the creator, of everybody."""

    channels: frozenset[str] = frozenset()
    wider: frozenset[Among] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.channels or self.wider)

    @classmethod
    def by(cls, judges: Iterable[CompiledPack]) -> Asked:
        asking = [judge for judge in judges if judge.compared_among]
        channels = frozenset(judge.pack.key for judge in asking if "channel" in judge.compared_among)
        wider = frozenset(among for judge in asking for among in judge.compared_among if among != "channel")
        return cls(channels, wider)


class Near(NamedTuple):
    """Another content that comes near to a text or a picture; `is_earlier` when it said or showed it before."""

    content_id: int
    path: str
    place: int
    is_earlier: bool
    percent: int | None = None
    bits: int | None = None
    uid: str = ""
    is_own: bool = False

    @property
    def nearest_first(self) -> tuple[int, int]:
        return (self.bits if self.percent is None else -self.percent) or 0, self.place


@dataclass(slots=True)
class Found:
    """What is near to a content, and by id who stands at which of the channels asked about (one mapping for all that were
    looked at together); `private` are keys of channels that not everybody may see.
    """

    content_id: int
    near: list[Near] = field(default_factory=list)
    standing: dict[int, set[str]] = field(default_factory=dict)
    private: frozenset[str] = frozenset()

    def likenesses(self, asked: Asked) -> tuple[Likeness, ...]:
        """The nearest to each text and picture for everything that is asked."""
        ordered = sorted(self.near, key=lambda one: (one.path, *one.nearest_first))
        found: dict[tuple[str, Among, str | None], Likeness] = {}
        for one in ordered:
            for among, channel in self._counts(one, asked):
                uid = None if channel in self.private else one.uid
                likeness = Likeness(one.path, among, one.percent, one.bits, channel, uid)
                found.setdefault((one.path, among, channel), likeness)
        return tuple(sorted(found.values(), key=lambda one: one.order))

    def _counts(self, one: Near, asked: Asked) -> Iterator[tuple[Among, str | None]]:
        if one.is_earlier and "all" in asked.wider:
            yield "all", None
        if one.is_earlier and one.is_own and "creator" in asked.wider:
            yield "creator", None
        here = self.standing.get(self.content_id, set())
        for channel in self.standing.get(one.content_id, set()) & asked.channels:
            # what has its place there already keeps it against whoever came after it
            if one.is_earlier or channel not in here:
                yield "channel", channel


async def look(session: AsyncSession, looked: Sequence[Looked], asked: Asked) -> dict[int, Found]:
    """By content id, in at most four statements; two where nothing is near."""
    own = await _own(session, looked)
    candidates = await _candidates(session, looked, own)
    near = {
        one.content_id: [
            found
            for content_id, other in candidates[one.content_id]
            for found in _compared(one.facts, own[one.content_id], content_id, other)
        ]
        for one in looked
    }
    found = {one.content_id: Found(one.content_id) for one in looked}
    ids = {each.content_id for several in near.values() for each in several}
    if not ids:
        return found
    public = await _public(session, ids)
    standing, private = await _standing(session, [*public, *found], asked.channels)
    for one in looked:
        shown = [
            _told(each, one, *public[each.content_id]) for each in near[one.content_id] if each.content_id in public
        ]
        found[one.content_id] = Found(one.content_id, shown, standing, private)
    return found


def _told(near: Near, looked: Looked, uid: UUID, creator_id: int) -> Near:
    return near._replace(uid=str(uid), is_own=creator_id == looked.creator_id)


async def _own(session: AsyncSession, looked: Sequence[Looked]) -> dict[int, Print]:
    """What these contents say and show in the revisions that are looked at, with the places that are theirs already."""
    rows = await session.scalars(
        select(models.ContentPrint)
        .where(
            models.ContentPrint.content_id == any_of([one.content_id for one in looked]),
            models.ContentPrint.version == prints.VERSION,
        )
        .execution_options(populate_existing=True)
    )
    known = {row.content_id: row for row in rows}
    said = {one.content_id: row for one in looked if (row := _of_revision(known, one)) is not None}
    new = [one for one in looked if one.content_id not in said]
    # a page of texts is tens of milliseconds, which others should not wait for
    made = await asyncio.to_thread(lambda: {one.content_id: prints.of_text(words(one.facts)) for one in new})
    texts = {**made, **{content_id: kept(row).text for content_id, row in said.items()}}
    return {
        one.content_id: placed(
            Print(texts[one.content_id], None, {picture: None for _, picture in pictures(one.facts)}),
            kept(known[one.content_id]) if one.content_id in known else None,
        )
        for one in looked
    }


def _of_revision(known: Mapping[int, models.ContentPrint], one: Looked) -> models.ContentPrint | None:
    row = known.get(one.content_id)
    return row if row is not None and row.revision_id == one.revision_id else None


def pictures(facts: ContentFacts) -> Iterator[tuple[str, int]]:
    """The measured pictures of a content that are not plain surfaces, each with its path."""
    for name, several in (("covers", facts.covers), ("pictures", facts.pictures)):
        for index, asset in enumerate(several):
            picture = None if asset.perceptual_hash is None else prints.of_picture(asset.perceptual_hash)
            if picture is not None:
                yield f"{name}.{index}", picture


async def _candidates(
    session: AsyncSession, looked: Sequence[Looked], own: Mapping[int, Print]
) -> dict[int, list[tuple[int, Print]]]:
    """Contents that share a band, or all their words, with these; whose they are and whether they are shown is not asked."""
    probes = [
        sorted({probe for picture in own[one.content_id].pictures for probe in prints.picture_probes(picture)})
        for one in looked
    ]
    texts = [own[one.content_id].text for one in looked]
    rows = await session.execute(
        _NEAR.bindparams(
            bindparam("ids", [one.content_id for one in looked], type_=ARRAY(BigInteger)),
            bindparam("groups", [one.group_uid for one in looked], type_=ARRAY(Uuid)),
            bindparam("digests", [said and said.digest for said in texts], type_=ARRAY(LargeBinary)),
            bindparam("bands", [array(said.bands if said else ()) for said in texts], type_=ARRAY(Text)),
            bindparam("probes", [array(several) for several in probes], type_=ARRAY(Text)),
            most=MOST,
            print_version=prints.VERSION,
        )
    )
    found: dict[int, list[tuple[int, Print]]] = defaultdict(list)
    seen: dict[int, Print] = {}
    for row in rows:
        if row.content_id not in seen:
            seen[row.content_id] = kept(row)
        found[row.looked_id].append((row.content_id, seen[row.content_id]))
    return found


def _compared(facts: ContentFacts, own: Print, content_id: int, other: Print) -> Iterator[Near]:
    if own.text is not None and other.text is not None and other.text_place is not None:
        percent = prints.percent(own.text, other.text)
        if percent > prints.LEAST_PERCENT:
            is_earlier = own.text_place is None or other.text_place < own.text_place
            yield Near(content_id, "text", other.text_place, is_earlier, percent=percent)
    for path, picture in pictures(facts):
        alike = [(prints.bits_apart(picture, one), place) for one, place in other.pictures.items() if place is not None]
        bits, place = min(alike, default=(64, 0))
        if bits <= prints.MOST_BITS:
            own_place = own.pictures[picture]
            yield Near(content_id, path, place, own_place is None or place < own_place, bits=bits)


async def _public(session: AsyncSession, ids: Iterable[int]) -> dict[int, tuple[UUID, int]]:
    """Of these contents those that everybody may see now, with uid and creator: what was taken back counts no more."""
    content = models.Content
    rows = await session.execute(
        select(content.id, content.uid, content.creator_id).where(content.id == any_of(ids), access.public_contents())
    )
    return {content_id: (uid, creator_id) for content_id, uid, creator_id in rows}


async def _standing(
    session: AsyncSession, content_ids: Iterable[int], keys: Iterable[str]
) -> tuple[dict[int, set[str]], frozenset[str]]:
    """At which of these channels each content stands: in the channel or before people, or there until it was opened again.
    And which of them are private.
    """
    submission, channel, event = models.Submission, models.Channel, models.SubmissionEvent
    # one that is opened again after an edit has not left: its last state before that says where it stood
    before = (
        select(event.to_state)
        .where(event.submission_id == submission.id, event.to_state != SubmissionState.MACHINE_AUDIT)
        .order_by(event.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    is_open = submission.state == SubmissionState.MACHINE_AUDIT
    asked = channel.key.in_(sorted(keys))
    there = (
        select(submission.content_id, channel.key)
        .join(channel, channel.id == submission.channel_id)
        .where(
            asked,
            submission.content_id == any_of(content_ids),
            or_(submission.state.in_(STANDING), is_open & before.in_(STANDING)),
        )
    )
    rows: Any = await session.execute(union_all(there, select(null(), channel.key).where(asked, channel.is_private)))
    standing: dict[int, set[str]] = {}
    private = set()
    for content_id, key in rows:
        if content_id is None:
            private.add(key)
        else:
            standing.setdefault(content_id, set()).add(key)
    return standing, frozenset(private)


_NEAR = text(
    """
    WITH given AS MATERIALIZED (
        SELECT id, group_uid, digest, bands::int[] AS bands, probes::int[] AS probes
        FROM unnest(:ids, :groups, :digests, :bands, :probes) AS given(id, group_uid, digest, bands, probes)
    )
    SELECT given.id AS looked_id, p.*
    FROM given
    CROSS JOIN LATERAL (
        (SELECT content_id FROM content_prints WHERE text_digest = given.digest ORDER BY text_place LIMIT :most)
        UNION
        (SELECT content_id FROM content_prints WHERE text_bands && given.bands ORDER BY text_place LIMIT :most)
        UNION
        (SELECT content_id FROM content_prints WHERE picture_bands && given.probes ORDER BY content_id LIMIT :most)
    ) AS near
    JOIN content_prints p ON p.content_id = near.content_id AND p.version = :print_version
    JOIN contents c ON c.id = near.content_id AND c.group_uid <> given.group_uid
    """
)
