"""When a rule holds, as JSON Schema: what a draft fulfils to which the rule applies, or of which nobody can tell."""

from __future__ import annotations

from typing import Any

from services.channels.forms.drafts import Draft, Place
from services.channels.forms.schemas import NOTHING, Schema, at, bounds, either, everything
from services.channels.rules.base import Condition, within


def applies(condition: Condition | None, draft: Draft) -> Schema | None:
    """The condition on a draft of this format; {} where the rule applies to all of them, None where it applies to none.

    As in the engine a value that is not known keeps a rule in force: it is then the finding that cannot be told.
    """
    if condition is None:
        return {}
    if condition.format and draft.form not in condition.format:
        return None
    if condition.field is None:
        return {}
    place = draft.place(condition.field)
    return everything([*_presence(condition, place), *_value(condition, place)])


def sized(place: Place, minimum: int | None, maximum: int | None) -> Schema:
    """A value of this field whose size (of a text its code points, of a list its items, a number itself) keeps the bounds."""
    if place.sort == "text":
        return bounds(minimum, maximum, "Length")
    if place.sort in {"list", "count"}:
        return bounds(minimum, maximum, "Items")
    if place.sort == "number":
        return bounds(minimum, maximum, "imum")
    # An answer may be of several types; each keyword looks at its own. To the engine true is 1 and false is 0.
    refused = [value for value in (False, True) if not within(value, minimum, maximum)]
    return (
        bounds(minimum, maximum, "Length")
        | bounds(minimum, maximum, "imum")
        | ({"not": {"enum": refused}} if refused else {})
    )


def _presence(condition: Condition, place: Place) -> list[Schema]:
    if condition.present is None:
        return []
    if place.sort in {"count", "number"}:
        # of these the engine always knows a number, and a number says something
        return [] if condition.present else [NOTHING]
    filled = at(place.path, {"not": {"enum": ["", []]}}, needed=True)
    return [filled if condition.present else {"not": filled}]


def _value(condition: Condition, place: Place) -> list[Schema]:
    if not condition.equals and condition.min is None and condition.max is None:
        return []
    needed = place.is_told and not _is_met(condition, place.empty)
    asked = everything([_equals(condition.equals, place), sized(place, condition.min, condition.max)])
    return [at(place.path, asked, needed=needed)]


def _equals(values: tuple[str | int | bool, ...], place: Place) -> Schema:
    if not values:
        return {}
    if place.sort == "list":
        return NOTHING
    if place.sort == "count":
        counts = sorted({int(value) for value in values if isinstance(value, int)})
        return either([bounds(count, count, "Items") for count in counts]) if counts else NOTHING
    alike: list[Any] = []
    for value in values:
        # to the engine true is 1 and false is 0; to JSON Schema they are not
        alike += [value, bool(value), int(value)] if value in (0, 1) else [value]
    seen = {(type(value), value): value for value in alike}
    return {"enum": list(seen.values())}


def _is_met(condition: Condition, value: Any) -> bool:
    """What the engine says of a value that is known."""
    if condition.equals and value not in condition.equals:
        return False
    return within(value if isinstance(value, int) else len(value), condition.min, condition.max)
