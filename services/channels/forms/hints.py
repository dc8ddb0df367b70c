"""How a form may look: for each field its component, its place in the order, its name, and what helps to fill it in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Literal

from services.channels import wording
from services.channels.findings import Words
from services.channels.forms.asking import asked, only_when, places
from services.channels.forms.drafts import DERIVED, Place
from services.channels.rules.base import AboutFiles, Rule

Language = Literal["en", "zh"]

_COMPONENTS = {
    "title": "line",
    "summary": "lines",
    "text": "editor",
    "language": "language",
    "covers": "pictures",
    "pictures": "pictures",
    "videos": "videos",
    "products": "products",
    "is_original": "checkbox",
    "details.video_url": "line",
}
_BY_SORT = {"text": "lines", "list": "tags", "count": "entries", "number": "number", "answer": "line"}
_NAMES = {
    "is_original": Words("original work", "原创声明"),
    "details.video_url": Words("address of the video", "视频地址"),
    "details.running_order": Words("running order", "直播流程"),
    "details.pictures": Words("pictures with their captions and anchors", "图片及其说明与锚点"),
    "details.products": Words("products by their time in the video", "视频内商品"),
    "details.subtitles": Words("subtitles", "字幕"),
    "details.anchors": Words("anchors in the scene", "场景锚点"),
}
# What every rule has is told apart from what its kind asks.
_COMMON = {"kind", "severity", "weight", "formats", "when", "source", "text"}


def chosen(words: Words, language: Language) -> str:
    return words.zh if language == "zh" else words.en


def name(path: str, language: Language) -> str:
    """What people call the field, as a label."""
    return wording.sentence(chosen(_NAMES.get(path) or wording.field(path), language))


def note(rule: Rule, where: str, language: Language, *, source: Any) -> dict[str, Any]:
    """A rule as an annotation: what it asks in words and in data, how much it weighs, and where it comes from."""
    said: dict[str, Any] = {
        "place": where,
        "code": rule.kind,
        "severity": "manual" if rule.kind == "manual" else rule.severity,
        "says": chosen(asked(rule), language),
        "asks": _parameters(rule),
        "provenance": source.provenance,
        "confidence": source.confidence,
    }
    if rule.severity == "score":
        said["weight"] = rule.weight
    if rule.when is not None:
        when = only_when(rule.when)
        said["when"] = rule.when.model_dump(mode="json", exclude_defaults=True)
        said |= {"only": chosen(when, language)} if when else {}
    return said


def _parameters(rule: Rule) -> dict[str, Any]:
    known = rule.model_dump(mode="json", by_alias=True, exclude=_COMMON, exclude_none=True)
    return {key: value for key, value in known.items() if value not in ([], {})}


def ui(place: Place, order: int, rules: Sequence[tuple[str, Rule]], language: Language) -> dict[str, Any]:
    """The hints of one field, from the rules that are about it."""
    about = [(where, rule) for where, rule in rules if place.path in places(rule)]
    sentences = dict.fromkeys(chosen(asked(rule), language) for _, rule in about if rule.kind != "manual")
    hints: dict[str, Any] = {
        "component": "derived" if place.path in DERIVED else _component(place),
        "order": order,
        "label": name(place.path, language),
        "help": (" " if language == "en" else "").join(sentences),
    }
    files = [
        {"place": where, "code": rule.kind, "severity": rule.severity, "asks": rule.asked()}
        for where, rule in about
        if isinstance(rule, AboutFiles)
    ]
    units = {rule.model_dump(include={"unit"}).get("unit"): None for _, rule in about}
    hints |= {"files": files} if files else {}
    hints |= {"units": [unit for unit in units if unit]} if any(units) else {}
    choices = _choices(place.path, (rule for _, rule in rules))
    return hints | ({"component": "choice", "choices": choices} if choices else {})


def _component(place: Place) -> str:
    return _COMPONENTS.get(place.path) or _BY_SORT[place.sort]


def _choices(path: str, rules: Iterable[Rule]) -> list[Any]:
    """Answers that make a difference to a rule: others may be given as well."""
    conditions = [rule.when for rule in rules if rule.when is not None and rule.when.field == path]
    return list(dict.fromkeys(value for condition in conditions for value in condition.equals))
