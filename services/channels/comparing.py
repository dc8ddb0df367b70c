"""What two versions of a pack say differently: by meaning, not by line."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

import orjson

from services.channels.admission import described
from services.channels.gates import Gate
from services.channels.packs import Pack
from services.channels.rules.base import Rule
from services.channels.sheets import asked, plain, scope, severity, sourced
from services.channels.terms import Part

Sort = Literal["added", "removed", "changed"]
Item = TypeVar("Item")
_LISTED = {"rules", "gates", "facts", "examples"}
_SUBJECTS = ("field", "fields", "of", "about", "check", "taxonomy", "measure", "score")


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that is otherwise. `part` is a place in the pack, `what` names the thing there; `before` and `after` are
    in words, and empty where there was or is nothing.
    """

    sort: Sort
    part: str
    what: str
    before: str
    after: str

    def __str__(self) -> str:
        sign = {"added": "+", "removed": "-", "changed": "~"}[self.sort]
        name = " ".join(part for part in (self.part, self.what) if part)
        return f"{sign} {name}: {' → '.join(part for part in (self.before or _NOTHING, self.after or _NOTHING))}"


_NOTHING = "(nothing)"


def changes(before: Pack, after: Pack) -> tuple[Change, ...]:
    """All that `after` says otherwise than `before`, in the order of a pack; none exactly when the two are one version."""
    found = (
        *_values(before, after),
        *_gates(before.gates, after.gates),
        *_rules(before.rules, after.rules),
        *_named("facts", {one.text: one for one in before.facts}, {one.text: one for one in after.facts}),
        *_named("examples", {one.name: one for one in before.examples}, {one.name: one for one in after.examples}),
    )
    if not found and before.digest != after.digest:
        return (Change("changed", "order", "", "the same, in another order", "the same, in this order"),)
    return found


def _values(before: Pack, after: Pack) -> Iterator[Change]:
    old, new = (
        dict(_leaves(one.model_dump(mode="json", by_alias=True, exclude_defaults=True, exclude=_LISTED)))
        for one in (before, after)
    )
    for place in dict.fromkeys((*old, *new)):
        was, now = old.get(place), new.get(place)
        if _weighed(place, was) != _weighed(place, now):
            yield Change(_sort(was, now), place, "", plain(was), plain(now))


def _weighed(place: str, value: Any) -> Any:
    """What a selector lists has no order."""
    return sorted(value) if place.startswith("selector.") and isinstance(value, list) else value


def _sort(was: object, now: object) -> Sort:
    return "added" if was is None else "removed" if now is None else "changed"


def _leaves(value: Any, place: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for name, one in value.items():
            yield from _leaves(one, f"{place}.{name}" if place else name)
    elif isinstance(value, list) and value and isinstance(value[0], dict):
        for index, one in enumerate(value):
            yield from _leaves(one, f"{place}.{_label(one, index)}")
    else:
        yield place, value


def _label(item: Mapping[str, Any], index: int) -> str:
    """What tells one table of a list from its neighbours, whatever their order."""
    if "per_creator_per_day" in item:
        return f"L{item.get('min', 0)}-L{item.get('max', 6)}"
    return str(item.get("code") or item.get("taxonomy") or index)


def _gates(before: Gate | None, after: Gate | None) -> Iterator[Change]:
    pairs = _paired(_arms(before), _arms(after), [_written, _asks_about])
    for was, now in pairs:
        if was is None or now is None or _written(was) != _written(now):
            yield Change(_sort(was, now), "gates", "", _gate(was), _gate(now))


def _arms(gate: Gate | None) -> Sequence[Gate]:
    """The conditions that must all hold."""
    return () if gate is None else gate.all if gate.all is not None else (gate,)


def _asks_about(gate: Gate) -> Hashable:
    return gate.arm.fact if gate.arm is not None else ("any" if gate.any is not None else "not")


def _gate(gate: Gate | None) -> str:
    if gate is None:
        return ""
    return " · ".join(part for part in (described(gate).en, gate.note, sourced(gate.source)) if part)


def _rules(before: Sequence[Rule], after: Sequence[Rule]) -> Iterator[Change]:
    same = [_written, lambda rule: (_subject(rule), rule.formats, rule.severity), _subject]
    for was, now in _paired(before, after, same):
        one = was or now
        if was is None or now is None:
            yield Change(_sort(was, now), "rules", one.kind if one else "", _rule(was), _rule(now))
        elif _written(was) != _written(now):
            old, new = _facets(was), _facets(now)
            differing = [name for name in old if old[name] != new[name]]
            told = [", ".join(each[name] or _NOTHING for name in differing) for each in (old, new)]
            yield Change("changed", "rules", _called(was), *(told if differing else (_written(was), _written(now))))


def _subject(rule: Rule) -> Hashable:
    return rule.kind, tuple(str(getattr(rule, name, "")) for name in _SUBJECTS)


def _called(rule: Rule) -> str:
    subjects = [plain(getattr(rule, name)) for name in _SUBJECTS if getattr(rule, name, None)]
    return " ".join((rule.kind, *subjects[:2]))


def _facets(rule: Rule) -> dict[str, str]:
    return {"asks": asked(rule), "severity": severity(rule), "for": scope(rule), "source": sourced(rule.source)}


def _rule(rule: Rule | None) -> str:
    return "" if rule is None else ", ".join(part for part in _facets(rule).values() if part)


def _named(part: str, before: Mapping[str, Part], after: Mapping[str, Part]) -> Iterator[Change]:
    for name in dict.fromkeys((*before, *after)):
        was, now = before.get(name), after.get(name)
        if was != now:
            yield Change(_sort(was, now), part, f"“{name}”", _body(was), _body(now))


def _body(part: Part | None) -> str:
    if part is None:
        return ""
    said = part.model_dump(mode="json", by_alias=True, exclude_defaults=True, exclude={"text", "name"})
    return plain(said) or "yes"


def _written(part: Part) -> str:
    return orjson.dumps(
        part.model_dump(mode="json", by_alias=True, exclude_defaults=True), option=orjson.OPT_SORT_KEYS
    ).decode()


def _paired(
    before: Sequence[Item], after: Sequence[Item], likenesses: Sequence[Callable[[Item], Hashable]]
) -> list[tuple[Item | None, Item | None]]:
    """Each item with its counterpart, by the first likeness that finds one; those without stand alone, in their order."""
    pairs: dict[int, int] = {}
    for likeness in likenesses:
        free = {index: likeness(item) for index, item in enumerate(after) if index not in pairs.values()}
        for index, item in enumerate(before):
            match = next((one for one, like in free.items() if index not in pairs and like == likeness(item)), None)
            if match is not None:
                pairs[index] = match
                del free[match]
    taken = set(pairs.values())
    old = [(item, after[pairs[index]] if index in pairs else None) for index, item in enumerate(before)]
    return [*old, *((None, item) for index, item in enumerate(after) if index not in taken)]
