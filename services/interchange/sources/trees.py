"""Large XML files element by element: bounded memory, no DTD, no entities."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, BinaryIO
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException  # type: ignore[import-untyped]  # it ships no types
from defusedxml.ElementTree import iterparse  # type: ignore[import-untyped]

from services.interchange.sources.base import Unreadable


def elements(file: BinaryIO, names: frozenset[str]) -> Iterator[Element]:
    """The elements of these names, whole, one after the other; Unreadable where the XML breaks."""
    parents: list[Element] = []
    try:
        for event, element in iterparse(file, events=("start", "end"), forbid_dtd=True):
            if event == "start":
                parents.append(element)
                continue
            parents.pop()
            if element.tag in names:
                yield element
            if element.tag in names or (parents and len(parents) <= 2 and not _inside(parents, names)):
                # what was handed out, or is of no interest, must not pile up below its parent
                element.clear()
                if parents:
                    parents[-1].remove(element)
    except ParseError as error:
        raise Unreadable(f"This XML breaks off or is malformed: {error}.") from error
    except DefusedXmlException as error:
        raise Unreadable(f"This XML holds what is not accepted: {error}.") from error


def _inside(parents: list[Any], names: frozenset[str]) -> bool:
    return any(parent.tag in names for parent in parents)


def text(element: Element, name: str) -> str:
    found = element.find(name)
    return ("".join(found.itertext()) if found is not None else "").strip()
