"""The packs that come with Headwater, read once, and what tests ask of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from services.channels.gates import Gate
from services.channels.packs import Pack
from services.channels.shapes import TextShape
from tests.channels.catalogue import group, read_packs

PACKS = read_packs()
BY_KEY = {pack.key: pack for pack in PACKS.values()}


def in_group(*names: str) -> list[Pack]:
    return [pack for pack in PACKS.values() if group(pack) in names]


def rules_of(pack: Pack) -> list[dict[str, Any]]:
    """The rules as they were written: what is left at its default is absent."""
    return [
        {"kind": rule.kind, **rule.model_dump(mode="json", by_alias=True, exclude_defaults=True)} for rule in pack.rules
    ]


def shapes_of(pack: Pack) -> list[TextShape]:
    shapes = (pack.rendering.title, pack.rendering.summary, pack.rendering.text)
    return [shape for shape in shapes if shape is not None]


def arms(gate: Gate | None) -> Iterator[dict[str, Any]]:
    """Every condition of a tree, as it was written."""
    if gate is None:
        return
    below = [*(gate.all or ()), *(gate.any or ()), *([gate.not_] if gate.not_ else [])]
    if not below:
        written = gate.model_dump(mode="json", by_alias=True, exclude_none=True, exclude={"note", "source"})
        yield written
    for node in below:
        yield from arms(node)
