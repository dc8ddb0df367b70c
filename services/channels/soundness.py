"""What is wrong with a pack although each of its parts is well: parts that contradict each other, or that nothing can reach."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from itertools import combinations
from typing import NamedTuple

from services.channels.packs import Pack
from services.channels.rules.base import Rule
from services.channels.rules.tags import ExactlyN
from services.channels.terms import Unit

Path = tuple[str | int, ...]
_SUBJECTS = ("field", "of", "taxonomy", "measure", "match", "score")
# of each unit, those in which no text is shorter
_NO_SHORTER: dict[Unit, set[Unit]] = {
    "graphemes": {"code_points", "utf16", "bytes"},
    "code_points": {"utf16", "bytes"},
    "utf16": {"bytes"},
}
_BOUNDS = (("min", "max"), ("min_seconds", "max_seconds"))


class _Range(NamedTuple):
    """Between what a rule wants a number to be; None where it does not mind."""

    place: int
    rule: Rule
    least: int | None
    most: int | None


def contradictions(pack: Pack) -> Iterator[tuple[Path, str]]:
    """Rules that stop every content, because another wants more of the same than they allow; told at the later one."""
    ranges = [found for index, rule in enumerate(pack.rules) if (found := _range(index, rule)) is not None]
    for one, other in combinations(ranges, 2):
        if not _meet(one.rule, other.rule, pack):
            continue
        for high, low in ((one, other), (other, one)):
            if (
                _counts_as_much(high.rule, low.rule)
                and high.least is not None
                and low.most is not None
                and high.least > low.most
            ):
                wants = f"rules.{high.place} wants at least {high.least:,}, rules.{low.place} at most {low.most:,}"
                yield ("rules", other.place), f"contradicts rules.{one.place}: {wants}"


def unreachable(pack: Pack) -> Iterator[tuple[Path, str]]:
    """Formats that rules and the order of the audit speak of, and the selector never lets in."""
    taken = pack.selector.formats
    if not taken:
        return
    named: list[tuple[Path, tuple[str, ...]]] = [(("audit", "priority"), pack.audit.priority)]
    for index, rule in enumerate(pack.rules):
        named.append((("rules", index, "formats"), rule.formats))
        named.append((("rules", index, "when", "format"), rule.when.format if rule.when else ()))
    for path, formats in named:
        for at, form in enumerate(formats):
            if form not in taken:
                yield (*path, at), f"the selector never takes {form}: it takes {', '.join(taken)}"


def endless(pack: Pack) -> Iterator[tuple[Path, str]]:
    """Stages of the audit that nothing ends by itself: a trial passes when its hours are over."""
    if "trial" in pack.audit.path and pack.audit.trial_hours is None:
        yield ("audit", "path", pack.audit.path.index("trial")), "a trial needs trial_hours: without them it never ends"


def _range(index: int, rule: Rule) -> _Range | None:
    if rule.severity != "block":
        return None
    if isinstance(rule, ExactlyN):
        return _Range(index, rule, rule.n, rule.n)
    allowed = getattr(rule, "allowed", ())
    if allowed and not callable(allowed):
        return _Range(index, rule, min(allowed), max(allowed))
    for least, most in _BOUNDS:
        bounds = getattr(rule, least, None), getattr(rule, most, None)
        if all(bound is None or isinstance(bound, int) for bound in bounds) and bounds != (None, None):
            return _Range(index, rule, *bounds)
    return None


def _counts_as_much(high: Rule, low: Rule) -> bool:
    """Whether what is too much for the unit of the one is too much for that of the other as well."""
    wanted, allowed = getattr(high, "unit", None), getattr(low, "unit", None)
    return wanted == allowed or (wanted is not None and allowed in _NO_SHORTER.get(wanted, ()))


def _meet(one: Rule, other: Rule, pack: Pack) -> bool:
    """Whether some content is judged by both, about the same thing."""
    if _subject(one) != _subject(other):
        return False
    if one.when is not None and other.when is not None and one.when != other.when:
        return False
    formats = [
        set(rule.formats or pack.selector.formats) for rule in (one, other) if rule.formats or pack.selector.formats
    ]
    return len(formats) < 2 or bool(formats[0] & formats[1])


def _subject(rule: Rule) -> Hashable:
    given = rule.model_dump(mode="json", include=set(_SUBJECTS))
    return rule.kind, tuple(str(given.get(name)) for name in _SUBJECTS)
