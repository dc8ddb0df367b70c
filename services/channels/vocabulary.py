"""The words that packs take from elsewhere: tags, subjects, callings and pools; and which of a pack's nobody knows."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from services.channels.arms import FieldArm, RoleArm
from services.channels.complaints import did_you_mean
from services.channels.gates import Gate
from services.channels.packs import Pack
from services.channels.rules.base import Rule
from services.channels.rules.products import CategoryIn, CategoryNotIn, ProductPool

Path = tuple[str | int, ...]
CATEGORY = "category"


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """All codes there are: of tags by their taxonomy, of the creators' fields and roles, and of pools."""

    tags: Mapping[str, Collection[str]]
    fields: Collection[str]
    roles: Collection[str]
    pools: Collection[str]
    # of tags that no content gets any more: what became of each, as a sentence goes on after its name
    former: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


class Word(NamedTuple):
    """A code that a pack names, where, and of which list: "field", "role", "pool", "taxonomy" or a taxonomy's code."""

    path: Path
    code: str
    of: str


def unknown_words(pack: Pack, known: Vocabulary) -> Iterator[tuple[Path, str]]:
    """Where a pack names what is not there, and a sentence about it."""
    lists: dict[str, Collection[str]] = {"field": known.fields, "role": known.roles, "pool": known.pools}
    there: Collection[str]
    for word in words(pack):
        if word.of == "taxonomy":
            there, what = known.tags.keys(), "taxonomy"
        elif word.of in lists:
            there, what = lists[word.of], word.of
        elif word.of in known.tags:
            there, what = known.tags[word.of], f"{word.of} tag"
        else:  # the taxonomy is told where it stands
            continue
        if word.code in known.former.get(word.of, ()):
            yield word.path, f"the {what} {word.code} {known.former[word.of][word.code]}"
        elif word.code not in there:
            yield word.path, f"there is no {what} {word.code}.{did_you_mean(word.code, there)}"


def words(pack: Pack) -> Iterator[Word]:
    """Every code that a pack names, in the order of its parts."""
    for index, code in enumerate(pack.selector.creator_fields):
        yield Word(("selector", "creator_fields", index), code, "field")
    for index, clause in enumerate(pack.selector.tags):
        place: Path = ("selector", "tags", index)
        yield Word((*place, "taxonomy"), clause.taxonomy, "taxonomy")
        for name in ("any", "all", "none"):
            for at, code in enumerate(getattr(clause, name)):
                yield Word((*place, name, at), code, clause.taxonomy)
    yield from _of_gate(pack.gates, ("gates",))
    for index, rule in enumerate(pack.rules):
        yield from _of_rule(rule, ("rules", index))
    if pack.rendering.hashtags is not None:
        for index, code in enumerate(pack.rendering.hashtags.taxonomies):
            yield Word(("rendering", "hashtags", "taxonomies", index), code, "taxonomy")


def _of_gate(gate: Gate | None, place: Path) -> Iterator[Word]:
    if gate is None:
        return
    if isinstance(gate.arm, FieldArm | RoleArm):
        for index, code in enumerate(gate.arm.any):
            yield Word((*place, gate.arm.fact, "any", index), code, gate.arm.fact)
    yield from _of_gate(gate.not_, (*place, "not"))
    for name, arms in (("all", gate.all), ("any", gate.any)):
        for index, arm in enumerate(arms or ()):
            yield from _of_gate(arm, (*place, name, index))


def _of_rule(rule: Rule, place: Path) -> Iterator[Word]:
    taxonomy = getattr(rule, "taxonomy", None)
    if isinstance(taxonomy, str):
        yield Word((*place, "taxonomy"), taxonomy, "taxonomy")
    if isinstance(rule, ProductPool | CategoryIn | CategoryNotIn):
        of = "pool" if isinstance(rule, ProductPool) else CATEGORY
        for index, code in enumerate(rule.any):
            yield Word((*place, "any", index), code, of)
    asked = {("field",): getattr(rule, "field", None), ("when", "field"): rule.when.field if rule.when else None}
    for step, named in asked.items():
        if isinstance(named, str) and named.startswith("tags."):
            yield Word((*place, *step), named.removeprefix("tags."), "taxonomy")
