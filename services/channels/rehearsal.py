"""What one content would be told otherwise if another version of a pack ruled: the change that the pack alone makes.

Both versions judge the same facts at the same instant, and as if no quota were used: every submission had its place when it
was decided on, and would else be told that it took that itself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

import orjson

from services.channels import rendering
from services.channels.dossiers import Dossier
from services.channels.engine import CompiledPack, evaluate
from services.channels.findings import Evaluation, Finding, Outcome
from services.channels.selectors import mismatches


class Change(StrEnum):
    """What would become of a content. One that newly fails or passes is nothing else; the others may come together."""

    NEWLY_FAILING = "NEWLY_FAILING"
    NEWLY_PASSING = "NEWLY_PASSING"
    RENDERED_DIFFERENTLY = "RENDERED_DIFFERENTLY"
    AUDITED_DIFFERENTLY = "AUDITED_DIFFERENTLY"
    FINDINGS_CHANGED = "FINDINGS_CHANGED"
    NEWLY_MATCHING = "NEWLY_MATCHING"
    UNCHANGED = "UNCHANGED"
    UNREADABLE = "UNREADABLE"


@dataclass(frozen=True, slots=True)
class Compared:
    """What would change for one content: outcomes by both versions, the codes of findings that only the new one or only
    the old one has, each once. `before` is None where nothing was submitted.
    """

    changes: tuple[Change, ...]
    before: Outcome | None
    after: Outcome
    new_codes: tuple[str, ...]
    gone_codes: tuple[str, ...]


def compared(before: CompiledPack, after: CompiledPack, dossier: Dossier) -> Compared:
    """What would change for a content that is submitted."""
    old, new = (evaluate(pack, dossier, at=dossier.at, quota_used={}) for pack in (before, after))
    said, unsaid = _told(old, new)
    changes = tuple(_changes(before, after, dossier, old, new)) or (Change.UNCHANGED,)
    return Compared(changes, old.outcome, new.outcome, said, unsaid)


def matched(before: CompiledPack, after: CompiledPack, dossier: Dossier) -> Compared | None:
    """What would become of a content that nobody submitted, if only the new version takes it by itself; None if it does
    not, or the old one does too.
    """
    if not takes(after, dossier) or takes(before, dossier):
        return None
    new = evaluate(after, dossier, at=dossier.at, quota_used={})
    codes = tuple(sorted({found.code for found in new.findings}))
    return Compared((Change.NEWLY_MATCHING,), None, new.outcome, codes, ())


def takes(pack: CompiledPack, dossier: Dossier) -> bool:
    """Whether a content comes to this entry without anybody asking for it."""
    return next(mismatches(pack.pack.selector, dossier), None) is None and not pack.gate_findings(dossier)


def may_widen(before: CompiledPack, after: CompiledPack) -> bool:
    """Whether contents may come that did not before."""
    return (before.pack.selector, before.pack.gates) != (after.pack.selector, after.pack.gates)


def _changes(
    before: CompiledPack, after: CompiledPack, dossier: Dossier, old: Evaluation, new: Evaluation
) -> Iterator[Change]:
    passed, passes = (one.outcome is Outcome.ELIGIBLE for one in (old, new))
    if passed != passes:
        yield Change.NEWLY_PASSING if passes else Change.NEWLY_FAILING
        return
    if passes:
        # what does not pass is not shown either
        shown, shows = (rendering.render(pack.pack, dossier.facts).digest for pack in (before, after))
        if shown != shows:
            yield Change.RENDERED_DIFFERENTLY
        if old.next_state is not new.next_state:
            yield Change.AUDITED_DIFFERENTLY
    if old.outcome is not new.outcome or _counted(old) != _counted(new):
        yield Change.FINDINGS_CHANGED


def _counted(evaluation: Evaluation) -> Counter[bytes]:
    """Its findings by what they say, not by how it is worded, nor by where in the pack the rule stands."""
    return Counter(_said(found) for found in evaluation.findings)


def _said(found: Finding) -> bytes:
    said = (found.code, found.severity, found.status, found.path, found.actual, found.allowed)
    return orjson.dumps(said, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS)


def _told(old: Evaluation, new: Evaluation) -> tuple[tuple[str, ...], tuple[str, ...]]:
    had, has = ({_said(found): found.code for found in one.findings} for one in (old, new))
    said = {code for key, code in has.items() if key not in had}
    unsaid = {code for key, code in had.items() if key not in has}
    return tuple(sorted(said)), tuple(sorted(unsaid))
