"""A pack as people read it: sections of short tables, the same on a terminal and on the page of the catalogue."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from services.channels import wording
from services.channels.admission import described
from services.channels.changes import Changes
from services.channels.clean_out import RATE_DAYS, CleanOut
from services.channels.gates import Gate
from services.channels.packs import Audit, Pack, Quota, Selector
from services.channels.rules.base import Condition, Rule
from services.channels.shapes import Rendering, TextShape
from services.channels.showing import Showing
from services.channels.terms import Source

_SUBJECTS = ("field", "fields", "of", "about", "taxonomy")
_BOUNDS = ("min", "max", "allowed", "unit", "unit_stated")
_SHARED = {*Rule.model_fields}
_QUOTAS = {
    "per_creator_per_day": "a creator a day",
    "per_creator_per_week": "a creator a week",
    "per_channel_per_day": "the channel a day",
    "total": "altogether",
}
_DEADLINES = ("machine_hours", "human_hours", "trial_hours", "delivery_hours", "confirmation_hours")

_CHANGES = {
    "edit": "a new revision goes live",
    "off_shelf": "a product goes off the shelf",
    "out_of_pool": "a product leaves the pools",
    "price": "a product changes its price",
}


@dataclass(frozen=True, slots=True)
class Section:
    """One table of a pack: a title, the names of its columns, its rows. One without rows says that there is nothing."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def sheet(pack: Pack) -> tuple[Section, ...]:
    """All that a pack says, in the order of its file; sections about which it says nothing are left out."""
    sections = (
        Section("Entry", ("", ""), tuple(_head(pack))),
        Section("Takes", ("what", "which"), tuple(_takes(pack.selector))),
        Section("Gates", ("condition", "source"), tuple(_gates(pack.gates))),
        Section("Rules", ("rule", "asks", "severity", "only for", "source"), tuple(_rules(pack))),
        Section("Quota", ("for", "how many"), tuple(_quota(pack.quota))),
        Section("Audit", ("what", "how"), tuple(_audit(pack.audit))),
        Section("Changes", ("when", "what"), tuple(_changes(pack.changes))),
        Section("Rendering", ("part", "how"), tuple(_rendering(pack.rendering))),
        Section("After it is taken", ("what", "how"), tuple(_showing(pack.showing))),
        Section("Clean-out", ("what", "how"), tuple(_clean_out(pack.clean_out))),
        Section("Facts", ("fact", "value", "source"), tuple(_facts(pack))),
        Section("Examples", ("example", "must", "because of"), tuple(_examples(pack))),
    )
    return tuple(section for section in sections if section.rows)


def asked(rule: Rule) -> str:
    """What a rule asks for: its own parameters, those left at their default only where they are units."""
    given = rule.model_dump(mode="json", by_alias=True, exclude=_SHARED, exclude_defaults=True)
    subject = ", ".join(plain(given[name]) for name in _SUBJECTS if name in given)
    unit = rule.model_dump(include={"unit"}).get("unit")
    parts = list(_bounds(given, unit))
    parts += [f"{_name(name)} {plain(value)}" for name, value in given.items() if name not in {*_SUBJECTS, *_BOUNDS}]
    return f"{subject}: {', '.join(parts)}" if subject and parts else subject or ", ".join(parts)


def scope(rule: Rule) -> str:
    """For which contents a rule holds; empty for all."""
    parts = [", ".join(rule.formats)] if rule.formats else []
    if rule.when is not None:
        parts.append(_condition(rule.when))
    return "; ".join(parts)


def sourced(source: Source | None) -> str:
    """Where a fact comes from, how far to trust it, when it was seen, and what is noted."""
    if source is None:
        return ""
    seen = f" ({source.observed_on})" if source.observed_on else ""
    note = f": {source.note}" if source.note else ""
    return f"{source.provenance} {source.confidence}{seen}{note}"


def severity(rule: Rule) -> str:
    return f"score −{rule.weight}" if rule.severity == "score" else str(rule.severity)


def plain(value: Any) -> str:
    """A JSON value without brackets and quotes, as far as it can be read without them."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, Mapping):
        if value.keys() == {"en", "zh"}:
            return f"{value['en']} · {value['zh']}"
        return ", ".join(f"{_name(name)} {plain(one)}" for name, one in value.items())
    if isinstance(value, Iterable) and not isinstance(value, str):
        return ", ".join(plain(one) for one in value)
    return "" if value is None else str(value)


def _name(name: str) -> str:
    return name.replace("_", " ")


def _head(pack: Pack) -> Iterator[tuple[str, str]]:
    yield "name", pack.name.en if pack.name.en == pack.name.zh else f"{pack.name.en} · {pack.name.zh}"
    yield "for", f"{pack.description.en} · {pack.description.zh}"
    yield "kind", pack.kind if pack.parent is None else f"{pack.kind}, an entry of {pack.parent}"
    if pack.external_id is not None:
        yield "the platform's id", pack.external_id
    yield "time zone", pack.time_zone
    yield "source", sourced(pack.source)
    if pack.accepts_declared:
        yield "files", "an import's word is enough"
    if pack.min_score is not None:
        yield "least score", f"{pack.min_score} of 100"


def _takes(selector: Selector) -> Iterator[tuple[str, str]]:
    yield "formats", ", ".join(selector.formats) or "all"
    yield "languages", ", ".join(selector.languages) or "all"
    if selector.creator_fields:
        yield "fields of the creator", wording.either(selector.creator_fields).en
    for clause in selector.tags:
        said = (("one of", clause.any), ("all of", clause.all), ("none of", clause.none))
        yield f"{clause.taxonomy} tags", "; ".join(f"{word} {', '.join(codes)}" for word, codes in said if codes)


def _gates(gate: Gate | None, depth: int = 0) -> Iterator[tuple[str, str]]:
    if gate is None:
        return
    arms = gate.all if gate.all is not None else gate.any or (() if gate.not_ is None else (gate.not_,))
    word = "all of" if gate.all is not None else "one of" if gate.any is not None else "not"
    said = described(gate).en if gate.arm is not None else f"{word}:"
    known = [part for part in (gate.note, sourced(gate.source)) if part]
    yield "› " * depth + said, " · ".join(known)
    for arm in arms:
        yield from _gates(arm, depth + 1)


def _rules(pack: Pack) -> Iterator[tuple[str, ...]]:
    for rule in pack.rules:
        # a rule without a source of its own goes by the pack's, whose note is about the whole
        source = rule.source or pack.source.model_copy(update={"note": None})
        yield rule.kind, asked(rule), severity(rule), scope(rule), sourced(source)


def _quota(quota: Quota) -> Iterator[tuple[str, str]]:
    for name, words in _QUOTAS.items():
        if (most := getattr(quota, name)) is not None:
            yield words, f"{most:,}"
    for level in quota.by_level:
        yield f"a creator a day, L{level.min} to L{level.max}", f"{level.per_creator_per_day:,}"
    if quota.resubmission_counts:
        yield "a returned piece", "counts again when it is submitted again"
    if quota.source is not None:
        yield "source", sourced(quota.source)


def _audit(audit: Audit) -> Iterator[tuple[str, str]]:
    yield "path", " → ".join(audit.path) or "none: the rules alone decide"
    for name in _DEADLINES:
        if (hours := getattr(audit, name)) is not None:
            yield name.removesuffix("_hours"), f"within {hours:,} hours"
    if audit.auditors != "operator":
        yield "auditors", f"of the {audit.auditors}"
    if audit.priority:
        yield "first", ", ".join(audit.priority)
    for reason in audit.reasons:
        yield f"reason {reason.code}", f"{reason.text.en} · {reason.text.zh}"
    if audit.source is not None:
        yield "source", sourced(audit.source)


def _changes(part: Changes) -> Iterator[tuple[str, str]]:
    """What differs from what every entry does."""
    for name, words in _CHANGES.items():
        if name in part.model_fields_set and (reaction := getattr(part, name)) is not None:
            yield words, reaction
    if part.source is not None:
        yield "source", sourced(part.source)


def _rendering(rendering: Rendering) -> Iterator[tuple[str, str]]:
    for name in type(rendering).model_fields:
        part = getattr(rendering, name)
        if isinstance(part, TextShape):
            yield name, _shape(part)
        elif isinstance(part, Source):
            yield name, sourced(part)
        elif part is not None:
            said = plain(part.model_dump(mode="json", by_alias=True, exclude_none=True, exclude={"source"}))
            yield name, f"{said} · {sourced(part.source)}" if getattr(part, "source", None) else said


def _shape(shape: TextShape) -> str:
    parts = [" + ".join(shape.fields)]
    parts += _bounds({"max": shape.max, "unit_stated": shape.unit_stated}, shape.unit) if shape.max else []
    parts += [f"cut with “{shape.ellipsis}”"] if shape.max and shape.ellipsis != "…" else []
    return ", ".join(parts)


def _showing(showing: Showing | None) -> Iterator[tuple[str, str]]:
    if showing is None:
        return
    if showing.also_in:
        yield "also shown in", ", ".join(showing.also_in)
    if showing.events:
        yield "counts", ", ".join(showing.events)
    if showing.new_followers:
        yield "counts", "whether a reader became a follower"
    if showing.picks:
        yield "shows", "what it picks from what it accepted"
    if showing.source is not None:
        yield "source", sourced(showing.source)


def _clean_out(part: CleanOut | None) -> Iterator[tuple[str, str]]:
    """When a right ends; shared with the page of what is known."""
    if part is None:
        return
    over = "this entry" if part.counted == "entry" else "all entries of the platform"
    yield "looked at", f"every {part.every}, over {over}"
    for _, words in ends(part):
        yield ("warns" if words.startswith("warned: ") else "ends the right"), words.removeprefix("warned: ")
    back = f"{part.wait_months} months" if part.wait_months else "until an operator lets them in again"
    yield "comes back after", back
    if part.source is not None:
        yield "source", sourced(part.source)


def ends(part: CleanOut) -> Iterator[tuple[str, str]]:
    """Each condition under which a right ends or somebody is warned: where it stands in the part, and in words."""
    if part.below_gates:
        yield "below_gates", "below the gates"
    for index, floor in enumerate(part.floors):
        words = f"fewer than {floor.min} {floor.counts} in {floor.days} days"
        yield f"floors.{index}", words if floor.then == "out" else f"warned: {words}"
    if part.pass_rate_min is not None:
        yield "pass_rate_min", f"a pass rate under {part.pass_rate_min} % in {RATE_DAYS} days"
    for index, cause in enumerate(part.causes):
        yield f"causes.{index}", f"{cause.text.en} · {cause.text.zh} (`{cause.code}`, by an operator)"


def _facts(pack: Pack) -> Iterator[tuple[str, ...]]:
    for fact in pack.facts:
        seen = f" ({fact.observed_on})" if fact.observed_on else ""
        source = f"{fact.provenance or pack.source.provenance} {fact.confidence}{seen}"
        value = "" if fact.value is None else orjson.dumps(fact.value).decode()
        yield fact.text, value, source if fact.note is None else f"{source}: {fact.note}"


def _examples(pack: Pack) -> Iterator[tuple[str, ...]]:
    for example in pack.examples:
        yield example.name, example.must, ", ".join(example.codes)


def _bounds(given: Mapping[str, Any], unit: str | None) -> Iterator[str]:
    counted = f" {wording.unit(unit).en}" if unit else ""
    unstated = " (the unit is not stated)" if given.get("unit_stated") is False else ""
    if given.get("allowed"):
        yield wording.either(given["allowed"]).en + counted + unstated
    elif given.get("min") is not None or given.get("max") is not None:
        least, most = (None if given.get(name) is None else plain(given[name]) for name in ("min", "max"))
        yield wording.bounds(least, most).en + counted + unstated


def _condition(when: Condition) -> str:
    parts = [", ".join(when.format)] if when.format else []
    if when.field is not None:
        if when.present is not None:
            parts.append(f"{when.field} is {'given' if when.present else 'not given'}")
        if when.equals:
            parts.append(f"{when.field} is {wording.either(when.equals).en}")
        if when.min is not None or when.max is not None:
            parts.append(f"{when.field} is {wording.bounds(when.min, when.max).en}")
    return "when " + " and ".join(parts)
