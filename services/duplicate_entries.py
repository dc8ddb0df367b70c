"""Contents that are alike and come to a channel at the same moment: the first of them enters, the others see it there.

What was found before the contents were locked may be out of date: another distributor may have let one in meanwhile, or one
of the same batch comes first. So those that would enter an entry with such a rule are compared once more, one distributor at a
time where the rule keeps contents out, in the order in which they were published.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.channels.engine import evaluate
from services.channels.findings import Evaluation, Outcome
from services.channels.installing import Installed
from services.duplicates.looking import Asked, Found, look
from services.gathering import Gathered, compared, looked
from services.submission_rows import SubmissionRow
from services.submissions import Judged

_LOCK = 1_947_320_644
"""The first half of the advisory locks of channels that keep duplicates out; the second is the channel."""

Entering = tuple[SubmissionRow, Gathered, Judged]


async def settle(session: AsyncSession, entering: Sequence[Entering]) -> list[Entering]:
    """The same, in the same order: judged again where somebody nearly the same is there first."""
    open_ = [at for at, one in enumerate(entering) if _may_enter(one)]
    if not open_:
        return list(entering)
    await _take_turns(session, (entering[at][2].entry for at in open_))
    judges = {entering[at][2].entry.pack_version_id: entering[at][2].entry.compiled for at in open_}
    contents = {entering[at][1].content.id: entering[at][1] for at in open_}
    asked = Asked.by(judges.values())
    # where each of them stands until now is what counts: nothing of this is written yet
    found = await look(session, [looked(one) for one in contents.values()], asked)
    settled = list(entering)
    for at in sorted(open_, key=lambda at: _turn(entering[at])):
        near = found[entering[at][1].content.id]
        settled[at] = _judged(entering[at], near, asked)
        _note(settled[at], near)
    return settled


def _may_enter(one: Entering) -> bool:
    _, _, judged = one
    return "channel" in judged.entry.compiled.compared_among and judged.evaluation.outcome is Outcome.ELIGIBLE


def _turn(one: Entering) -> tuple[object, ...]:
    content = one[1].content
    return content.published_at, content.id, one[2].entry.channel_id


async def _take_turns(session: AsyncSession, entries: Iterable[Installed]) -> None:
    """Hold the channels that keep duplicates out until this is committed, always in the same order."""
    for channel_id in sorted({entry.channel_id for entry in entries if entry.compiled.keeps_duplicates_out}):
        await session.execute(select(func.pg_advisory_xact_lock(_LOCK, channel_id)))


def _judged(one: Entering, found: Found, asked: Asked) -> Entering:
    """The same content at the same entry, by what is near to it now."""
    submission, gathered, judged = one
    key, known = judged.entry.compiled.pack.key, gathered.facts.content.duplicates or ()
    here = [each for each in found.likenesses(asked) if each.channel == key]
    if here != [each for each in known if each.channel == key]:
        others = [each for each in known if each.channel != key]
        gathered = compared(gathered, tuple(sorted((*others, *here), key=lambda each: each.order)))
        judged = Judged(judged.entry, _again(gathered, judged))
    return submission, gathered, judged


def _again(gathered: Gathered, judged: Judged) -> Evaluation:
    last = judged.evaluation
    used = {limit.name: limit.used for limit in last.quota}
    now = evaluate(judged.entry.compiled, gathered.facts, at=last.at, quota_used=used)
    # where it goes from here is not the engine's word alone: after some edits no people are asked
    return replace(now, next_state=last.next_state) if now.outcome is last.outcome else now


def _note(one: Entering, found: Found) -> None:
    """Let those who come after it see whether it is in the channel now."""
    _, gathered, judged = one
    stands_at = found.standing.setdefault(gathered.content.id, set())
    if judged.evaluation.outcome is Outcome.ELIGIBLE:
        stands_at.add(judged.entry.compiled.pack.key)
    else:
        stands_at.discard(judged.entry.compiled.pack.key)
