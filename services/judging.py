"""What becomes of contents as they are seen without locks: which entries judge them, and what each says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

import models
from services import outbox, product_changes, quotas, submissions
from services.channels import installing
from services.channels.dossiers import Dossier
from services.channels.engine import evaluate
from services.channels.findings import Evaluation, NextState
from services.channels.installing import Catalogue, Installed
from services.channels.packs import Pack
from services.gathering import Gathered
from services.submission_rows import SubmissionRow


@dataclass(slots=True)
class Prepared:
    """A content as it was seen without locks, and everything worked out for it, by channel."""

    claim: outbox.Claim
    gathered: Gathered | None
    is_public: bool
    judged: dict[int, submissions.Judged] = field(default_factory=dict)
    news: dict[int, product_changes.Seen] = field(default_factory=dict)
    is_named: bool = False

    @property
    def version(self) -> int | None:
        return self.gathered.content.version if self.gathered else None


@dataclass(frozen=True, slots=True)
class Known:
    """What judging goes by beside the facts: the packs in force and those pinned, what is used of quotas, which submissions
    have paid, what earlier decisions saw of products.
    """

    now: datetime
    catalogue: Catalogue
    packs: Mapping[int, Pack]
    used: quotas.Used
    paid: quotas.Paid
    products: dict[int, product_changes.Pinned]

    def used_by(self, content: models.Content, entry: Installed, last: SubmissionRow | None) -> dict[str, int]:
        is_paid = quotas.is_paid(self.paid, entry, last)
        return self.used.of(entry, content.creator_id, is_history=content.is_history, is_paid=is_paid)


async def known(
    session: AsyncSession,
    gathered: Mapping[int, Gathered],
    standing: Mapping[int, Mapping[int, SubmissionRow]],
    *,
    catalogue: Catalogue,
    packs: dict[int, Pack],
    at: datetime,
) -> Known:
    """What is known of these contents and their submissions by channel; what is about nobody is not asked for.

    `packs` are those read before, by version: what is missing is added.
    """
    before = [(one, found) for content_id, found in gathered.items() for one in standing[content_id].values()]
    watched = [one for one, found in before if product_changes.is_watched(one, found)]
    products = await product_changes.pinned(session, watched)
    await load(session, packs, (one for one in watched if one.decision_id in products))
    used = await quotas.used(session, catalogue, gathered.values(), at)
    paid = await quotas.paid(session, catalogue, [(one, found.revision.id) for one, found in before])
    return Known(at, catalogue, packs, used, paid, products)


async def load(session: AsyncSession, packs: dict[int, Pack], of: Iterable[SubmissionRow]) -> None:
    """Add the packs that these submissions are pinned to."""
    packs |= await installing.pinned(session, {one.pack_version_id for one in of} - packs.keys())


def judge(prepared: Prepared, standing: Mapping[int, SubmissionRow], known: Known) -> None:
    """Ask every entry that is concerned: those whose selector matches, or that were named, and those that have it."""
    gathered = prepared.gathered
    if gathered is None or not prepared.is_public:
        return
    content, catalogue = gathered.content, known.catalogue.seen_by(gathered.creator.uid)
    dossier = Dossier(gathered.facts, known.now)
    prepared.is_named = content.channel_ids is not None
    if content.channel_ids is not None:
        wanted = set(content.channel_ids)
    else:
        wanted = {catalogue.by_key[key].channel_id for key in catalogue.index.matching(dossier)}
    wanted |= {channel_id for channel_id, one in standing.items() if one.state in submissions.STANDING}
    for channel_id in sorted(wanted & catalogue.by_channel.keys()):
        _ask(prepared, gathered, dossier, catalogue.by_channel[channel_id], standing.get(channel_id), known)


def _ask(
    prepared: Prepared,
    gathered: Gathered,
    dossier: Dossier,
    entry: Installed,
    last: SubmissionRow | None,
    known: Known,
) -> None:
    news = _news(last, gathered, dossier, known)
    if not submissions.needs_judging(last, gathered.revision.id) and not (news and news.judges_anew):
        if news is not None:
            prepared.news[entry.channel_id] = news
        return
    if last is None and not prepared.is_named and entry.compiled.gate_findings(dossier):
        return  # nobody asked for this channel, and it is closed to the creator: no row, no rules
    used = known.used_by(gathered.content, entry, last)
    evaluation = evaluate(entry.compiled, dossier, at=known.now, quota_used=used)
    if news is not None and news.is_refused and evaluation.next_state is NextState.REJECTED:
        return  # what its products became is no better
    if last is not None:
        evaluation = _spared(evaluation, entry.compiled.pack, last, gathered, news)
    prepared.judged[entry.channel_id] = submissions.Judged(entry, evaluation)


def is_free(paid: quotas.Paid, entry: Installed, last: SubmissionRow | None) -> bool:
    """Whether what comes next of a submission costs nothing at the entry: a resubmission may count, what the engine opens
    does not.
    """
    if last is None or not quotas.is_paid(paid, entry, last):
        return False
    opens_by_itself = (
        last.state in submissions.STANDING or submissions.is_hidden(last) or product_changes.is_taken_back(last)
    )
    return opens_by_itself or not entry.compiled.pack.quota.resubmission_counts


def _news(
    last: SubmissionRow | None, gathered: Gathered, dossier: Dossier, known: Known
) -> product_changes.Seen | None:
    if last is None or last.decision_id not in known.products or not product_changes.is_watched(last, gathered):
        return None
    return product_changes.seen(last, gathered, dossier, known.packs[last.pack_version_id], known.products)


def _spared(
    evaluation: Evaluation,
    pack: Pack,
    last: SubmissionRow,
    gathered: Gathered,
    news: product_changes.Seen | None,
) -> Evaluation:
    """The machine's word alone, where the pack asks nobody again after an edit, or where only a product was away."""
    is_edit = last.revision_id != gathered.revision.id and pack.changes.edit == "render"
    if not is_edit and (news is None or news.asks_people):
        return evaluation
    stood = product_changes.held(last)
    return replace(evaluation, next_state=product_changes.without_people(pack, stood, evaluation.next_state))
