"""The form of an entry for one format: a JSON Schema (2020-12) of a draft, with what only the engine can say named in it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import orjson

from core.errors import Invalid
from services.channels.forms import files  # noqa: F401  (adds the rules about files to what can be expressed)
from services.channels.forms.asking import asked, cut, places
from services.channels.forms.conditions import applies
from services.channels.forms.drafts import Draft
from services.channels.forms.expressing import Said, Setting, express
from services.channels.forms.hints import Language, chosen, note, ui
from services.channels.forms.schemas import Schema, at, conjoin, either, literally
from services.channels.packs import Pack, Selector, TagClause
from services.channels.rules.base import Rule
from services.channels.shapes import TextShape
from services.channels.terms import Format

FORM_VERSION = 1
"""Counts changes of what a form means: of its annotations, and of the shape of a draft."""

DIALECT = "https://json-schema.org/draft/2020-12/schema"


class FormatNotTaken(Invalid):
    """A form is asked for contents of a format that the entry does not take."""

    code = "FORMAT_NOT_TAKEN"


@dataclass(frozen=True, slots=True)
class Form:
    """A form with the name of its bytes: SHA-256 of its canonical JSON, in hexadecimal."""

    schema: Schema
    digest: str


class Placed(NamedTuple):
    """A rule that can hold for a draft of the format: where it stands in its pack, and the drafts that it applies to."""

    where: str
    rule: Rule
    applies: Schema


def form(pack: Pack, format_: Format, language: Language = "en") -> Form:
    """The form with its digest; equal packs give equal bytes."""
    schema = channel_form(pack, format_, language)
    return Form(schema, hashlib.sha256(written(schema)).hexdigest())


def written(schema: Schema) -> bytes:
    """The canonical bytes of a form."""
    return orjson.dumps(schema, option=orjson.OPT_SORT_KEYS)


def channel_form(pack: Pack, format_: Format, language: Language = "en") -> Schema:
    """The schema of a draft of this format for the entry; its words are in the language. FormatNotTaken when there is none.

    What blocks and can be said in JSON Schema is a constraint; a condition becomes `if` and `then`. All rules are annotations
    of their fields (`x-headwater`), those for eyes a checklist.
    """
    if pack.selector.formats and format_ not in pack.selector.formats:
        taken = ", ".join(pack.selector.formats)
        raise FormatNotTaken(f"{pack.key} takes no {format_}: it takes {taken}.", path=("format",))
    placed = list(_placed(pack, format_))
    draft = Draft(format_, sorted(_asked_paths(pack, placed)))
    setting = Setting(draft, pack.accepts_declared)
    schema = _constrained(pack, placed, setting)
    for where, rule, _ in placed:
        schema = _noted(schema, pack, where, rule, language)
    schema = _hinted(schema, draft, [(where, rule) for where, rule, _ in placed], language)
    return _head(pack, format_, language) | schema | _rest(pack, placed, setting, language)


def _placed(pack: Pack, format_: Format) -> Iterator[Placed]:
    draft = Draft(format_)
    for index, rule in enumerate(pack.rules):
        when = applies(rule.when, draft)
        if when is not None and (not rule.formats or format_ in rule.formats):
            yield Placed(f"rules.{index}", rule, when)


def _asked_paths(pack: Pack, placed: list[Placed]) -> set[str]:
    """The fields besides a draft's own that anything in the pack looks at."""
    paths = {path for _, rule, _ in placed for path in places(rule)}
    paths |= {rule.when.field for _, rule, _ in placed if rule.when and rule.when.field}
    shapes = (pack.rendering.title, pack.rendering.summary, pack.rendering.text)
    paths |= {path for shape in shapes if shape for path in shape.fields}
    taxonomies = [clause.taxonomy for clause in pack.selector.tags]
    taxonomies += pack.rendering.hashtags.taxonomies if pack.rendering.hashtags else ()
    return {path for path in paths if path.startswith(("details.", "tags."))} | {f"tags.{one}" for one in taxonomies}


def _constrained(pack: Pack, placed: list[Placed], setting: Setting) -> Schema:
    schema = conjoin(setting.draft.schema(), selected(pack.selector))
    conditional = []
    for where, rule, applies_to in placed:
        said = constraint(rule, setting).schema
        if said and applies_to:
            conditional.append({"$comment": where, "if": applies_to, "then": said})
        elif said:
            schema = conjoin(schema, said)
    return conjoin(schema, {"allOf": conditional}) if conditional else schema


def constraint(rule: Rule, setting: Setting) -> Said:
    """What the rule, where it applies, keeps out: only one that blocks does."""
    if rule.kind == "manual" or rule.severity != "block":
        return Said({}, is_whole=False)
    return express(rule, setting)


def selected(selector: Selector) -> Schema:
    """What the selector asks of a draft of a format that it takes."""
    schema: Schema = {}
    if selector.languages:
        taken = "|".join(literally(language) for language in selector.languages)
        schema = at("language", {"pattern": f"^({taken})(-|$)"}, needed=True)
    for clause in selector.tags:
        schema = conjoin(schema, _tagged(clause))
    return schema


def _tagged(clause: TagClause) -> Schema:
    """Tags that agree with the clause; a descendant counts as its ancestor."""
    path = f"tags.{clause.taxonomy}"
    asked_for = [clause.any] if clause.any else []
    schema: Schema = {}
    for codes in (*asked_for, *((code,) for code in clause.all)):
        schema = conjoin(schema, at(path, {"contains": _carries(codes)}, needed=True))
    if clause.none:
        schema = conjoin(schema, at(path, {"not": {"contains": _carries(clause.none)}}, needed=False))
    return schema


def _carries(codes: tuple[str, ...]) -> Schema:
    one: Schema = {"enum": list(codes)}
    itself = {"properties": {"code": one}, "required": ["code"]}
    above = {"properties": {"ancestors": {"contains": one}}, "required": ["ancestors"]}
    return either([itself, above])


def _noted(schema: Schema, pack: Pack, where: str, rule: Rule, language: Language) -> Schema:
    annotation: Schema = {"x-headwater": [note(rule, where, language, source=rule.source or pack.source)]}
    for path in places(rule):
        schema = conjoin(schema, at(path, annotation, needed=False))
    return schema if places(rule) else conjoin(schema, annotation)


def _hinted(schema: Schema, draft: Draft, rules: list[tuple[str, Rule]], language: Language) -> Schema:
    for order, place in enumerate(draft, 1):
        hints = ui(place, order, rules, language)
        schema = conjoin(schema, at(place.path, {"title": hints["label"], "x-headwater-ui": hints}, needed=False))
    return schema


def _head(pack: Pack, format_: Format, language: Language) -> Schema:
    return {
        "$schema": DIALECT,
        "$id": f"urn:headwater:form:{pack.key}:{format_}:{language}:{pack.digest}",
        "title": getattr(pack.name, language),
        "description": getattr(pack.description, language),
        "x-headwater-form": {
            "version": FORM_VERSION,
            "channel": pack.key,
            "format": format_,
            "language": language,
            "pack": pack.digest,
        },
    }


def _rest(pack: Pack, placed: list[Placed], setting: Setting, language: Language) -> Schema:
    manual = [(where, rule) for where, rule, _ in placed if rule.kind == "manual"]
    checklist = [
        {"place": where, "says": chosen(asked(rule), language), "fields": list(places(rule)), "severity": rule.severity}
        | rule.model_dump(include={"check"})
        for where, rule in manual
    ]
    shapes = {"title": pack.rendering.title, "summary": pack.rendering.summary, "text": pack.rendering.text}
    cuts = [
        {"field": name, "of": list(shape.fields), "says": chosen(cut(name, shape), language)}
        | shape.model_dump(exclude={"fields", "separator", "ellipsis", "source", *_unsaid(shape)}, exclude_none=True)
        for name, shape in shapes.items()
        if shape is not None and shape.max is not None
    ]
    return {
        "x-headwater-checklist": checklist,
        "x-headwater-cuts": cuts,
        "x-headwater-only-rules": list(_only_rules(pack, placed, setting)),
    }


def _unsaid(shape: TextShape) -> set[str]:
    """Of plain text it goes without saying what is counted."""
    return {"format", "counted"} if shape.format == "plain" else set()


def _only_rules(pack: Pack, placed: list[Placed], setting: Setting) -> Iterator[dict[str, Any]]:
    """Everything that a draft can fulfil the schema and still be told by the engine, with where it stands in the pack."""
    if pack.selector.creator_fields:
        yield {"place": "selector.creator_fields", "code": "selector.creator_fields", "severity": "block"}
    if pack.gates is not None:
        yield {"place": "gates", "code": "creator", "severity": "block"}
    for where, rule, _ in placed:
        said = constraint(rule, setting)
        if rule.kind != "manual" and not said.is_whole:
            known = {"place": where, "code": rule.kind, "severity": rule.severity}
            yield known | ({"partly": True} if said.schema else {})
    if pack.min_score is not None:
        yield {"place": "min_score", "code": "score.min", "severity": "block"}
    limits = pack.quota.model_dump(exclude={"resubmission_counts", "source"}, exclude_defaults=True)
    if limits:
        yield {"place": "quota", "code": "quota.spent", "severity": "block"}
