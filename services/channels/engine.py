"""The one judgement behind editor hints, plans, submissions and publishing: facts in, findings and an outcome out.

Pure: the time and the quota used are among the inputs, so equal inputs give equal bytes, today and when a decision is
verified years later.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Literal

from services.channels import admission, departing, quota
from services.channels.arms import Applicant
from services.channels.dossiers import Dossier
from services.channels.facts import Facts
from services.channels.findings import Evaluation, Finding, Flaw, NextState, Outcome, Words, finding
from services.channels.packs import FULL_SCORE, Pack, Stage
from services.channels.rules.base import AboutFiles, Rule
from services.channels.rules.duplicates import NotDuplicate, compared_among, keep_out
from services.channels.rules.schedules import ScheduleWindow
from services.channels.selectors import mismatches

ENGINE_VERSION = 2


class CompiledPack:
    """A pack made ready to judge many contents: its gates as one function, its rules by format."""

    __slots__ = (
        "_by_format",
        "_judge",
        "_placed",
        "_zone",
        "asked_of_creators",
        "compared_among",
        "digest",
        "keeps_duplicates_out",
        "pack",
    )

    def __init__(self, pack: Pack) -> None:
        self.pack = pack
        self.digest = pack.digest
        self._judge = None if pack.gates is None else admission.compiled(pack.gates)
        self.asked_of_creators = admission.asked(pack.gates)
        self.compared_among = compared_among(pack.rules)
        self.keeps_duplicates_out = keep_out(pack.rules)
        self._zone = pack.zone
        self._placed = tuple(
            _PlacedRule(_decided(rule, pack), f"rules.{index}") for index, rule in enumerate(pack.rules)
        )
        self._by_format: dict[str, tuple[_PlacedRule, ...]] = {}

    def gate_findings(self, dossier: Dossier) -> tuple[Finding, ...]:
        """What keeps this creator out, on this day of the channel's zone."""
        creator = dossier.facts.creator
        if self._judge is None and not creator.departed_channels:
            return ()
        applicant = Applicant(creator, self.pack.key, dossier.at.astimezone(self._zone).date())
        ended = departing.kept_out(applicant)
        findings = () if self._judge is None else self._judge(applicant).findings
        return findings if ended is None else (ended, *findings)

    def rule_findings(self, dossier: Dossier) -> Iterator[Finding]:
        """Everything that the rules for this format have to say of the content."""
        form = dossier.facts.content.format
        if form not in self._by_format:
            self._by_format[form] = tuple(rule for rule in self._placed if rule.is_for(form))
        for rule in self._by_format[form]:
            yield from rule.findings(dossier)


def _decided(rule: Rule, pack: Pack) -> Rule:
    """The rule with what it leaves to its pack."""
    if isinstance(rule, AboutFiles) and rule.accepts_declared is None:
        return rule.model_copy(update={"accepts_declared": pack.accepts_declared})
    if isinstance(rule, ScheduleWindow) and rule.time_zone is None:
        return rule.model_copy(update={"time_zone": pack.time_zone})
    if isinstance(rule, NotDuplicate):
        return rule.at(pack.key)
    return rule


class _PlacedRule:
    """A rule where it stands in its pack."""

    __slots__ = ("_known", "_place", "_severity", "rule")

    def __init__(self, rule: Rule, place: str) -> None:
        self.rule = rule
        self._place = place
        self._severity: Literal["block", "warn", "score", "manual"] = (
            "manual" if rule.kind == "manual" else rule.severity
        )
        self._known: dict[str, Any] = {}
        if rule.source is not None:
            self._known["source"] = rule.source.model_dump(mode="json", exclude_none=True)
        if getattr(rule, "unit_stated", True) is False:
            self._known["unit_stated"] = False

    def is_for(self, form: str) -> bool:
        return not self.rule.formats or form in self.rule.formats

    def findings(self, dossier: Dossier) -> Iterator[Finding]:
        rule = self.rule
        holds = True if rule.when is None else rule.when.holds(dossier)
        if holds is False:
            return
        for flaw in rule.flaws(dossier):
            yield self._found(flaw, is_conditional=holds is None)

    def _found(self, flaw: Flaw, *, is_conditional: bool) -> Finding:
        known = {**self._known, **flaw.evidence}
        if is_conditional and self.rule.when is not None:
            # Whether the rule holds at all cannot be told: so neither can it be said that the content passes it.
            known["condition_unknown"] = self.rule.when.field
        return finding(
            flaw,
            code=self.rule.kind,
            place=self._place,
            severity=self._severity,
            version=self.rule.version,
            status="unknown" if is_conditional else None,
            evidence=known,
        )


def evaluate(
    pack: Pack | CompiledPack, facts: Facts | Dossier, *, at: datetime, quota_used: Mapping[str, int]
) -> Evaluation:
    """What becomes of this content at this entry at this instant.

    `quota_used` counts by the names of the limits (absent: none used). When many packs are asked about one content, or
    one pack about many, pass what was made once: a CompiledPack, a Dossier (of the same instant).
    """
    compiled = pack if isinstance(pack, CompiledPack) else CompiledPack(pack)
    dossier = facts if isinstance(facts, Dossier) else Dossier(facts, at)
    if dossier.at != at:
        raise ValueError(f"the dossier is of {dossier.at}, the evaluation of {at}")
    limits = quota.left(compiled.pack, dossier.facts.creator.level, quota_used, at)
    outcome, findings = _judged(compiled, dossier, tuple(quota.spent(limits)))
    return Evaluation(
        channel=compiled.pack.key,
        pack_digest=compiled.digest,
        engine_version=ENGINE_VERSION,
        at=at,
        outcome=outcome,
        next_state=_next_state(compiled.pack, outcome),
        score=_score(compiled.pack, findings),
        findings=findings,
        quota=limits,
    )


def _judged(
    compiled: CompiledPack, dossier: Dossier, quota_findings: tuple[Finding, ...]
) -> tuple[Outcome, tuple[Finding, ...]]:
    not_for_this = tuple(mismatches(compiled.pack.selector, dossier))
    if not_for_this:
        # Rules written for another kind of content would only be noise.
        return Outcome.NOT_FOR_THIS, not_for_this
    gates = compiled.gate_findings(dossier)
    of_rules = tuple(compiled.rule_findings(dossier))
    others = (*of_rules, *_too_low(compiled.pack, of_rules), *quota_findings)
    if gates:
        return Outcome.IMPOSSIBLE, (*gates, *others)
    return (Outcome.FIXABLE if any(found.stops for found in others) else Outcome.ELIGIBLE), others


def _next_state(pack: Pack, outcome: Outcome) -> NextState:
    return state_after(pack, "machine") if outcome is Outcome.ELIGIBLE else NextState.REJECTED


def state_after(pack: Pack, stage: Stage) -> NextState:
    """Where a submission goes that has passed this stage of the pack's audit path."""
    if stage == "machine" and "human" in pack.audit.path:
        return NextState.HUMAN_AUDIT
    if stage != "trial" and "trial" in pack.audit.path:
        return NextState.TRIAL
    return NextState.ACCEPTED


def _score(pack: Pack, findings: tuple[Finding, ...]) -> int:
    """100, less the weight of every `score` rule that has something to say, however often it says it."""
    return max(0, FULL_SCORE - sum(_lost(pack, findings).values()))


def _lost(pack: Pack, findings: tuple[Finding, ...]) -> dict[int, int]:
    """The points that each `score` rule takes, by its index."""
    failed = {found.rule_index for found in findings if found.severity == "score"}
    return {index: pack.rules[index].weight for index in sorted(index for index in failed if index is not None)}


def _too_low(pack: Pack, findings: tuple[Finding, ...]) -> Iterator[Finding]:
    """The finding of a score below the one that the pack asks for, with the rules that took the points."""
    score = _score(pack, findings)
    if pack.min_score is None or score >= pack.min_score:
        return
    lost = {f"rules.{index}": weight for index, weight in _lost(pack, findings).items()}
    flaw = Flaw(
        "score",
        score,
        {"min": pack.min_score},
        Words(
            f"The score is {score}; asked for: at least {pack.min_score} of {FULL_SCORE}.",
            f"得分为 {score}；要求：满分 {FULL_SCORE}，至少 {pack.min_score}。",
        ),
        Words(
            f"Win back {pack.min_score - score} points: mend what the findings that cost points name.",
            f"还差 {pack.min_score - score} 分：请改进各项扣分提示所指之处。",
        ),
        evidence={"lost": lost},
    )
    yield finding(flaw, code="score.min", place="min_score")
