"""Plans: what would become of a content at these channels, if it were submitted now. The same engine as distribution."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.caller import Caller
from core.clock import Clock
from core.errors import Forbidden, Invalid, Problem
from core.reads import any_of
from services import access, judging, quotas, submissions
from services.channels import installing, rendering
from services.channels.dossiers import Dossier
from services.channels.engine import evaluate
from services.channels.findings import Evaluation, Outcome
from services.channels.packs import Pack
from services.channels.rendering import Rendition
from services.gathering import Gathered, Which, gather

ORDER = (Outcome.ELIGIBLE, Outcome.FIXABLE, Outcome.IMPOSSIBLE, Outcome.NOT_FOR_THIS)


@dataclass(frozen=True)
class ChannelPlan:
    """One channel's part of a plan: the engine's word, and what the channel would be given (where the content is for it)."""

    channel: models.Channel
    evaluation: Evaluation
    pack: Pack = field(repr=False)
    renderer: rendering.Renderer = field(repr=False, compare=False)

    @cached_property
    def rendition(self) -> Rendition | None:
        """What the channel would be given, made when it is first asked for: many want to know of outcomes alone."""
        return self.renderer.render(self.pack) if self._is_for_it else None

    @property
    def expected_hours(self) -> int | None:
        """By when its audits should be over; None where its pack does not say."""
        return self.pack.audit.expected_hours if self._is_for_it else None

    @property
    def _is_for_it(self) -> bool:
        return self.evaluation.outcome is not Outcome.NOT_FOR_THIS

    @property
    def expected_at(self) -> datetime | None:
        """When its audits should be over, if it were submitted now."""
        return None if self.expected_hours is None else self.evaluation.at + timedelta(hours=self.expected_hours)


class UnknownChannel(Invalid):
    code = "UNKNOWN_CHANNEL"


async def plan(
    session: AsyncSession,
    caller: Caller,
    content_uid: UUID,
    channels: Sequence[str] | None = None,
    *,
    clock: Clock,
    base_url: str,
) -> list[ChannelPlan]:
    """The plan for the draft of a content, else for what waits, else for its live revision: eligible channels first, then by key.

    It reserves nothing: time and quota used are among the inputs, and for the same inputs the decision is the same.
    """
    content = await access.editable_content(session, caller, content_uid)
    catalogue = await installing.catalogue_of(session, content.creator_id)
    entries = await shown_entries(session, caller, catalogue, channels)
    now = clock.now()
    waits = content.waiting_revision_id is not None
    which: Which = "draft" if content.draft_revision_id is not None else "waiting" if waits else "live"
    judges = [entry.compiled for _, entry in entries]
    found = await gather(session, [content.id], at=now, base_url=base_url, which=which, judges=judges)
    gathered = found.get(content.id)
    if gathered is None:
        raise Forbidden("This content has no revision that could be planned.")
    return await planned(session, catalogue, entries, gathered, now)


async def planned(
    session: AsyncSession,
    catalogue: installing.Catalogue,
    entries: Sequence[tuple[models.Channel, installing.Installed]],
    gathered: Gathered,
    now: datetime,
) -> list[ChannelPlan]:
    """The plan for these facts at these entries."""
    content = gathered.content
    # what is published from here is news, whatever its content was before
    is_history = content.is_history and gathered.revision.id == content.live_revision_id
    used = await quotas.used(session, catalogue, [gathered], now)
    standing = (await submissions.of_contents(session, [content.id]))[content.id]
    paid = await quotas.paid(session, catalogue, [(one, gathered.revision.id) for one in standing.values()])
    dossier, renderer = Dossier(gathered.facts, now), rendering.Renderer(gathered.facts)
    plans = []
    for channel, entry in entries:
        is_free = judging.is_free(paid, entry, standing.get(channel.id))
        quota_used = used.of(entry, content.creator_id, is_history=is_history, is_paid=is_free)
        evaluation = evaluate(entry.compiled, dossier, at=now, quota_used=quota_used)
        plans.append(ChannelPlan(channel, evaluation, entry.compiled.pack, renderer))
    return sorted(plans, key=lambda one: (ORDER.index(one.evaluation.outcome), one.channel.key))


async def shown_entries(
    session: AsyncSession, caller: Caller, catalogue: installing.Catalogue, keys: Sequence[str] | None
) -> list[tuple[models.Channel, installing.Installed]]:
    """The entries with these keys, each once; all of them without keys. What the caller may not see is not there.

    UnknownChannel names every key of an entry that is not there.
    """
    wanted = list(catalogue.by_key) if keys is None else list(dict.fromkeys(keys))
    known = {catalogue.by_key[key].channel_id for key in wanted if key in catalogue.by_key}
    rows = await session.scalars(
        select(models.Channel).where(models.Channel.id == any_of(known), access.channels(caller))
    )
    by_key = {channel.key: channel for channel in rows}
    problems = [
        Problem("UNKNOWN_CHANNEL", f"There is no channel {key[:80]}: see the query channels.", ("channels", place))
        for place, key in enumerate(keys or ())
        if key not in by_key
    ]
    if problems:
        raise UnknownChannel("Some of the channels do not exist.", problems=problems)
    return [(by_key[key], catalogue.by_key[key]) for key in wanted if key in by_key]
