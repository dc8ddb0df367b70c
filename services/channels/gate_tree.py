"""The gates of an entry judged to the last arm, also those that are passed: why a creator is in or out, and how far away.

An evaluation only tells what keeps somebody out (services/channels/admission.py); the two never disagree on whether.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from services.channels import admission, departing
from services.channels.arms import Applicant, Arm
from services.channels.facts import CreatorFacts
from services.channels.findings import Finding, Words
from services.channels.gates import Gate
from services.channels.packs import Pack
from services.channels.terms import Source


class GateStatus(StrEnum):
    """Whether a condition holds for a creator."""

    MET = "MET"
    MISSING = "MISSING"
    UNKNOWN = "UNKNOWN"


@dataclass(frozen=True, slots=True)
class GateNode:
    """One node of a tree of gates with the answer for one creator.

    `place` and `code` are those of the findings ("gates.all.2", "creator.level"; a joint is "gate.all", "gate.any" or
    "gate.not"). `actual` and `wanted` are JSON values. `distance` is by how much a number has to grow (below zero: to
    shrink) to be accepted: 0 where it is, None where it is not known or nothing is counted. `blocks` says that the entry
    would be nearer if this were otherwise: a node that is missing beside one that is enough stands in nobody's way.
    """

    place: str
    code: str
    status: GateStatus
    words: Words
    actual: Any = None
    wanted: Any = None
    distance: int | None = None
    note: str | None = None
    source: Source | None = None
    arms: tuple[GateNode, ...] = ()
    blocks: bool = False

    def walk(self, depth: int = 0) -> Iterator[tuple[int, GateNode]]:
        """The node and all below it, each before its arms, with its depth."""
        yield depth, self
        for arm in self.arms:
            yield from arm.walk(depth + 1)


def judged(pack: Pack, creator: CreatorFacts, *, at: datetime) -> GateNode | None:
    """The gates of this entry as they stand for this creator, on this day of the channel's zone; None without gates.

    A right that was ended stands before them, and alone where there are none.
    """
    applicant = Applicant(creator, pack.key, at.astimezone(pack.zone).date())
    ended = departing.kept_out(applicant)
    gates = None if pack.gates is None else _node(pack.gates, applicant, "gates")
    if ended is not None:
        out = _ended(ended)
        gates = out if gates is None else _all((out, gates), "entry")
    return None if gates is None else _marked(gates, GateStatus.MET)


def distance(arm: Arm, actual: Any) -> int | None:
    """By how much the number has to change to lie within what the arm asks for; None where nothing is counted."""
    least, most = getattr(arm, "min", None), getattr(arm, "max", None)
    if isinstance(actual, bool) or not isinstance(actual, int) or (least is None and most is None):
        return None
    if least is not None and actual < least:
        return int(least - actual)
    return int(most - actual) if most is not None and actual > most else 0


def _ended(found: Finding) -> GateNode:
    words = Words(found.message_en, found.message_zh)
    return GateNode(found.place, found.code, GateStatus.MISSING, words, found.actual, found.allowed)


def _node(gate: Gate, applicant: Applicant, place: str) -> GateNode:
    if gate.arm is not None:
        found = _arm(gate.arm, applicant, place)
    elif gate.not_ is not None:
        found = _not(gate.not_, _node(gate.not_, applicant, f"{place}.not"), place)
    elif gate.all is not None:
        found = _all(tuple(_node(arm, applicant, f"{place}.all.{index}") for index, arm in enumerate(gate.all)), place)
    else:
        arms = enumerate(gate.any or ())
        found = _any(tuple(_node(arm, applicant, f"{place}.any.{index}") for index, arm in arms), place)
    return replace(found, note=gate.note, source=gate.source)


def _arm(arm: Arm, applicant: Applicant, place: str) -> GateNode:
    actual, wants = arm.actual(applicant), arm.wants()
    code, wanted = f"creator.{arm.fact}", arm.allowed()
    if actual is None:
        words = Words(f"{_head(wants.en)}: not known of this creator.", f"{wants.zh}：该创作者情况未知。")
        return GateNode(place, code, GateStatus.UNKNOWN, words, wanted=wanted)
    shown, far = arm.shown(actual), distance(arm, actual)
    if arm.accepts(actual):
        words = Words(f"{_head(wants.en)}: yes ({shown.en}).", f"{wants.zh}：已满足（{shown.zh}）。")
        return GateNode(place, code, GateStatus.MET, words, actual, wanted, far)
    en, zh = _far(far)
    words = Words(f"{_head(wants.en)}: no ({shown.en}{en}).", f"{wants.zh}：未满足（{shown.zh}{zh}）。")
    return GateNode(place, code, GateStatus.MISSING, words, actual, wanted, far)


def _far(distance: int | None) -> Words:
    if not distance:
        return Words("", "")
    if distance < 0:
        return Words(f", {-distance:,} too many", f"，超出 {-distance:,}")
    return Words(f", {distance:,} short", f"，还差 {distance:,}")


def _head(text: str) -> str:
    """The first letter in capitals, whatever follows as it is."""
    return text[:1].upper() + text[1:]


def _all(arms: tuple[GateNode, ...], place: str) -> GateNode:
    met, of = _met(arms), len(arms)
    words = Words(f"All of these: {met} of {of} hold.", f"以下条件须全部满足：已满足 {met}/{of}。")
    return GateNode(place, "gate.all", _worst(arms), words, met, of, of - met, arms=arms)


def _any(arms: tuple[GateNode, ...], place: str) -> GateNode:
    met, of = _met(arms), len(arms)
    words = Words(f"At least one of these {of}: {met} hold.", f"以下 {of} 项满足其一即可：已满足 {met} 项。")
    return GateNode(place, "gate.any", _best(arms), words, met, 1, 0 if met else 1, arms=arms)


_OPPOSITE = {
    GateStatus.MET: GateStatus.MISSING,
    GateStatus.MISSING: GateStatus.MET,
    GateStatus.UNKNOWN: GateStatus.UNKNOWN,
}
_DENIED = {
    GateStatus.MET: Words("it does not", "未出现"),
    GateStatus.MISSING: Words("it does", "已出现"),
    GateStatus.UNKNOWN: Words("not known of this creator", "该创作者情况未知"),
}


def _not(gate: Gate, inner: GateNode, place: str) -> GateNode:
    status, excluded = _OPPOSITE[inner.status], admission.described(gate)
    said = _DENIED[status]
    words = Words(f"This must not hold: {excluded.en}; {said.en}.", f"不得符合：{excluded.zh}；{said.zh}。")
    return GateNode(place, "gate.not", status, words, arms=(inner,))


def _met(arms: tuple[GateNode, ...]) -> int:
    return sum(arm.status is GateStatus.MET for arm in arms)


def _worst(arms: tuple[GateNode, ...]) -> GateStatus:
    """All of them hold, one is missing, or it cannot be told."""
    found = {arm.status for arm in arms}
    return next((one for one in (GateStatus.MISSING, GateStatus.UNKNOWN) if one in found), GateStatus.MET)


def _best(arms: tuple[GateNode, ...]) -> GateStatus:
    """One of them holds, none does, or it cannot be told."""
    found = {arm.status for arm in arms}
    return next((one for one in (GateStatus.MET, GateStatus.UNKNOWN) if one in found), GateStatus.MISSING)


def _marked(node: GateNode, wanted: GateStatus) -> GateNode:
    """The node with a mark on all below it that stand in the way of its being as it is wanted."""
    if node.status is wanted:
        return node
    inner = _OPPOSITE[wanted] if node.code == "gate.not" else wanted
    return replace(node, blocks=True, arms=tuple(_marked(arm, inner) for arm in node.arms))
