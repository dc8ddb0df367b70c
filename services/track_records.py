"""What became of what creators submitted: the pass rate and the samples that gates ask for, counted only where one asks."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import ARRAY, BigInteger, Text, bindparam, text
from sqlalchemy.ext.asyncio import AsyncSession

import models
from services import pass_rates
from services.channels.arms import COUNTED_SAMPLES
from services.channels.engine import CompiledPack
from services.channels.facts import CreatorFacts
from services.pass_rates import ACCEPTED, PassRates

FACT = "samples"


@dataclass(frozen=True, slots=True)
class Samples:
    """By creator and format the newest public contents that a channel accepted, as many as are counted and one more."""

    found: Mapping[tuple[int, str], Sequence[int]]

    def of(self, creator_id: int, content_id: int | None = None) -> dict[str, int]:
        """How many of each format. A content does not count for itself."""
        counts = {}
        for (whose, form), ids in self.found.items():
            if whose == creator_id:
                counts[form] = min(COUNTED_SAMPLES, sum(one != content_id for one in ids))
        return {form: count for form, count in sorted(counts.items()) if count}


@dataclass(frozen=True, slots=True)
class TrackRecords:
    """What was counted of some creators; None where no gate asks for it."""

    rates: PassRates | None = None
    samples: Samples | None = None

    def told(self, facts: CreatorFacts, creator_id: int, content_id: int | None = None) -> CreatorFacts:
        """The facts of a creator with what was counted, but for this content of theirs."""
        if self.rates is not None:
            facts = replace(facts, pass_rate=self.rates.of(creator_id, content_id))
        if self.samples is not None:
            facts = replace(facts, accepted_by_format=self.samples.of(creator_id, content_id))
        return facts


async def track_records(
    session: AsyncSession,
    judges: Collection[CompiledPack],
    creator_ids: Iterable[int],
    content_ids: Sequence[int],
    at: datetime,
) -> TrackRecords:
    """What these packs ask for, of these creators and apart for these contents of theirs: a statement for each, or none."""
    ids = sorted(creator_ids)
    rates = await pass_rates.pass_rates(session, ids, content_ids, at) if pass_rates.are_asked(judges) else None
    is_asked = any(FACT in pack.asked_of_creators for pack in judges)
    return TrackRecords(rates, await samples(session, ids) if is_asked else None)


async def samples(session: AsyncSession, creator_ids: Sequence[int]) -> Samples:
    """In one statement, that looks no further than what is counted."""
    asked = {"ids": list(creator_ids), "formats": [one.value for one in models.Format], "states": list(ACCEPTED)}
    rows = await session.execute(_SAMPLES, {**asked, "most": COUNTED_SAMPLES + 1})
    found: dict[tuple[int, str], list[int]] = {}
    for creator_id, form, content_id in rows:
        found.setdefault((creator_id, form), []).append(content_id)
    return Samples(found)


_SAMPLES = text(
    "SELECT creator.id, form.name, found.id FROM unnest(:ids) AS creator(id) CROSS JOIN unnest(:formats) AS form(name)"
    " CROSS JOIN LATERAL (SELECT contents.id FROM contents WHERE contents.creator_id = creator.id"
    " AND contents.format = form.name AND contents.state = 'VISIBLE' AND contents.live_revision_id IS NOT NULL"
    " AND EXISTS (SELECT FROM submissions WHERE submissions.content_id = contents.id AND submissions.state = ANY(:states))"
    " ORDER BY contents.published_at DESC, contents.id DESC LIMIT :most) AS found"
).bindparams(
    bindparam("ids", type_=ARRAY(BigInteger)),
    bindparam("formats", type_=ARRAY(Text)),
    bindparam("states", type_=ARRAY(Text)),
)
