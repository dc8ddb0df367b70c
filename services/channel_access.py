"""Why not here? Every channel with its gates as they stand for one creator, before anything is written for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.caller import Caller
from core.clock import Clock
from core.errors import Forbidden
from services import access, clean_outs, quotas
from services.channels import gate_tree, installing, quota
from services.channels.facts import CreatorFacts
from services.channels.findings import QuotaLeft
from services.channels.gate_tree import GateNode, GateStatus
from services.gathering import facts_of_creators
from services.planning import shown_entries
from services.track_records import track_records


class AccessState(StrEnum):
    """Whether a channel lets a creator in, whatever the content."""

    OPEN = "OPEN"
    CLOSED = "CLOSED"
    UNKNOWN = "UNKNOWN"


STATES = {
    GateStatus.MET: AccessState.OPEN,
    GateStatus.MISSING: AccessState.CLOSED,
    GateStatus.UNKNOWN: AccessState.UNKNOWN,
}
ORDER = (AccessState.OPEN, AccessState.UNKNOWN, AccessState.CLOSED)


@dataclass(frozen=True, slots=True)
class ChannelAccess:
    """One channel for one creator: the gates (None: it has none), whether they belong to it, what its quota leaves, and what
    its last clean-out said of them (None: nothing).
    """

    channel: models.Channel
    gates: GateNode | None
    is_member: bool
    quota: tuple[QuotaLeft, ...]
    clean_out: clean_outs.Said | None

    @property
    def state(self) -> AccessState:
        return AccessState.OPEN if self.gates is None else STATES[self.gates.status]

    @property
    def quota_left(self) -> int | None:
        """How many the tightest limit takes now; None when there is no limit."""
        return min((limit.left for limit in self.quota), default=None)


async def channel_access(
    session: AsyncSession,
    caller: Caller,
    creator_uid: UUID,
    channels: Sequence[str] | None = None,
    *,
    clock: Clock,
) -> list[ChannelAccess]:
    """Where the creator may go: the open channels first, then by key; in a number of statements that channels do not change.

    For those who may look into the creator. NoSuchCreator, Forbidden; UnknownChannel for keys that name no entry.
    """
    creator = await _looked_into(session, caller, creator_uid)
    catalogue = (await installing.catalogue(session)).seen_by(creator.uid)
    entries = await shown_entries(session, caller, catalogue, channels)
    now = clock.now()
    facts = (await facts_of_creators(session, {creator.id: creator}, now))[creator.id]
    records = await track_records(session, [entry.compiled for _, entry in entries], [creator.id], (), now)
    facts = records.told(facts, creator.id)
    used = await quotas.used_by(session, catalogue, [creator.id], now)
    said = await clean_outs.last_said(session, creator.id)
    seen = [
        _at(channel, entry, facts, used.of(entry, creator.id, is_history=False), now, said.get(channel.id))
        for channel, entry in entries
    ]
    return sorted(seen, key=lambda one: (ORDER.index(one.state), one.channel.key))


def _at(
    channel: models.Channel,
    entry: installing.Installed,
    facts: CreatorFacts,
    used: dict[str, int],
    at: datetime,
    said: clean_outs.Said | None,
) -> ChannelAccess:
    pack = entry.compiled.pack
    is_member = any(f"{channel.key}.".startswith(f"{key}.") for key in facts.invited_channels)
    return ChannelAccess(
        channel, gate_tree.judged(pack, facts, at=at), is_member, quota.left(pack, facts.level, used, at), said
    )


async def _looked_into(session: AsyncSession, caller: Caller, uid: UUID) -> models.Creator:
    row = models.Creator
    statement = select(row).where(row.uid == uid, row.erased_at.is_(None), access.creators(caller))
    creator = (await session.execute(statement)).scalar_one_or_none()
    if creator is None:
        raise access.NoSuchCreator("There is no such creator, or you may not see it.")
    if not access.may_look_into(caller, creator.id):
        raise Forbidden("Only the creator, an organisation under contract, or an operator may ask for this.")
    return creator
