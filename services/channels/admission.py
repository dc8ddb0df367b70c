"""Whether a creator passes the gates of an entry, and what every failing arm says, with "not known" as a third answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from services.channels.arms import Applicant, Arm
from services.channels.findings import Finding, Flaw, Words, finding
from services.channels.gates import Gate


class Verdict(NamedTuple):
    """Whether the gate is passed (None: it cannot be told), and the findings that say why not."""

    passed: bool | None
    findings: tuple[Finding, ...] = ()


Judge = Callable[[Applicant], Verdict]
_PASSED = Verdict(passed=True)


def compiled(gate: Gate, place: str = "gates") -> Judge:
    """A function that judges applicants at this gate, which stands at this place in its pack."""
    if gate.all is not None:
        return _all([compiled(arm, f"{place}.all.{index}") for index, arm in enumerate(gate.all)])
    if gate.any is not None:
        return _any([compiled(arm, f"{place}.any.{index}") for index, arm in enumerate(gate.any)])
    if gate.not_ is not None:
        return _not(compiled(gate.not_, f"{place}.not"), gate.not_, place)
    arm = gate.arm
    if arm is None:
        raise AssertionError("a gate without a condition is no pack")
    return _one(arm, _known_of(gate), place)


def asked(gate: Gate | None) -> frozenset[str]:
    """The facts of a creator that the conditions of a tree are about."""
    if gate is None:
        return frozenset()
    if gate.arm is not None:
        return frozenset({gate.arm.fact})
    below = [*(gate.all or ()), *(gate.any or ()), *([gate.not_] if gate.not_ is not None else [])]
    return frozenset(fact for arm in below for fact in asked(arm))


def _one(arm: Arm, known: dict[str, Any], place: str) -> Judge:
    code = f"creator.{arm.fact}"

    def judge(applicant: Applicant) -> Verdict:
        flaw = arm.flaw(applicant, known)
        if flaw is None:
            return _PASSED
        found = finding(flaw, code=code, place=place)
        return Verdict(None if flaw.status == "unknown" else False, (found,))

    return judge


def _all(judges: list[Judge]) -> Judge:
    def judge(applicant: Applicant) -> Verdict:
        verdicts = [each(applicant) for each in judges]
        findings = tuple(found for verdict in verdicts for found in verdict.findings)
        if any(verdict.passed is False for verdict in verdicts):
            return Verdict(False, findings)
        return Verdict(None if findings else True, findings)

    return judge


def _any(judges: list[Judge]) -> Judge:
    def judge(applicant: Applicant) -> Verdict:
        verdicts = [each(applicant) for each in judges]
        if any(verdict.passed for verdict in verdicts):
            return _PASSED
        findings = tuple(found for verdict in verdicts for found in verdict.findings)
        return Verdict(None if any(verdict.passed is None for verdict in verdicts) else False, findings)

    return judge


def _not(inner: Judge, gate: Gate, place: str) -> Judge:
    excluded, known = described(gate), _known_of(gate)

    def judge(applicant: Applicant) -> Verdict:
        passed = inner(applicant).passed
        if passed is False:
            return _PASSED
        flaw = Flaw(
            "creator",
            passed,
            {"not": gate.model_dump(mode="json", by_alias=True, exclude_defaults=True)},
            Words(f"This entry asks that this does not hold: {excluded.en}.", f"本入口不接受：{excluded.zh}。"),
            status="unknown" if passed is None else "failed",
            evidence=known,
        )
        return Verdict(None if passed is None else False, (finding(flaw, code="gate.not", place=place),))

    return judge


def described(gate: Gate) -> Words:
    """The condition of a gate in words, however deep the tree."""
    if gate.arm is not None:
        return gate.arm.wants()
    if gate.not_ is not None:
        inner = described(gate.not_)
        return Words(f"anything but {inner.en}", f"非（{inner.zh}）")
    arms, (en, zh) = (gate.all, (" and ", "且")) if gate.all is not None else (gate.any or (), (" or ", "或"))
    inner_words = [described(arm) for arm in arms]
    return Words(en.join(words.en for words in inner_words), zh.join(words.zh for words in inner_words))


def _known_of(gate: Gate) -> dict[str, Any]:
    """What the pack knows about where this gate comes from."""
    known: dict[str, Any] = {} if gate.note is None else {"note": gate.note}
    if gate.source is not None:
        known["source"] = gate.source.model_dump(mode="json", exclude_none=True)
    return known
