"""Texts in the shape of a channel: put together of fields, and shortened in the unit that the channel counts."""

from __future__ import annotations

from collections.abc import Mapping

from services.channels import units
from services.channels.facts import Facts, TagFacts
from services.channels.shapes import TextShape

GIVEN = ("hashtags", "link", "disclosure")
"""What is never cut: it goes as a whole, in this order, when nothing else can give way."""


def shaped(shape: TextShape | None, plain: str, facts: Facts, given: Mapping[str, str]) -> str:
    """The plain text of this shape; the field of that name, as it is, without one."""
    if shape is None:
        return field_text(plain, facts)
    parts = {field: given[field] if field in given else field_text(field, facts) for field in shape.fields}
    if shape.max is None:
        return _joined(parts, shape)
    whole = _fitted(parts, shape, shape.max, given)
    if shape.max_bytes is None or units.fits(whole, shape.max_bytes, "bytes"):
        return whole
    return _fitted(parts, shape.model_copy(update={"unit": "bytes"}), shape.max_bytes, given)


def _joined(parts: Mapping[str, str], shape: TextShape) -> str:
    return shape.separator.join(part for part in parts.values() if part)


def _fitted(parts: dict[str, str], shape: TextShape, maximum: int, given: Mapping[str, str]) -> str:
    """The parts joined within the maximum: texts give way from the last one backwards, then what is never cut goes."""
    whole = _joined(parts, shape)
    for field in reversed([field for field in parts if field not in given]):
        if units.fits(whole, maximum, shape.unit):
            return whole
        surplus = units.length(whole, shape.unit) - maximum
        parts[field] = _shortened(parts[field], units.length(parts[field], shape.unit) - surplus, shape)
        whole = _joined(parts, shape)
    for field in GIVEN:
        if not units.fits(whole, maximum, shape.unit):
            parts.pop(field, None)
            whole = _joined(parts, shape)
    return units.truncate(whole, maximum, shape.unit, shape.ellipsis)


def _shortened(text: str, room: int, shape: TextShape) -> str:
    """The beginning of the text that has room; nothing, rather than an ellipsis alone."""
    shortened = units.truncate(text, room, shape.unit, shape.ellipsis) if room > 0 else ""
    return "" if shortened == shape.ellipsis else shortened


def field_text(path: str, facts: Facts) -> str:
    """The field at this path as text: labels of tags, titles of products; empty when there is nothing to say."""
    content = facts.content
    if path in {"title", "summary", "text", "language"}:
        return str(getattr(content, path))
    head, _, name = path.partition(".")
    if head == "products":
        return "\n".join(product.title for product in facts.products)
    if head == "paragraphs":
        return "\n".join(content.paragraphs)
    if head == "tags":
        return " ".join(label(tag, content.language) for tag in content.tags.get(name, ()))
    value = content.details.get(name) if head == "details" else None
    return "" if value is None or isinstance(value, bool) else str(value)


def label(tag: TagFacts, language: str) -> str:
    """The tag's name in the language, in the one it is a variety of, in English, in any, or else its code."""
    for wanted in (language, language.partition("-")[0], "en"):
        if tag.labels.get(wanted):
            return tag.labels[wanted]
    return next((tag.labels[language] for language in sorted(tag.labels)), tag.code)
