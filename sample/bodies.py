"""Markdown of the sample as blocks: the importer's own reading, and lines of ours for products and drawn pictures."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby
from typing import Any

from models import blocks
from sample.known import Known
from services.interchange import bodies

PRODUCT = re.compile(r"^\[\[product (?P<key>[a-z0-9-]+)(?:\s*\|\s*(?P<note>.*?))?\s*\]\]$")
PICTURE = re.compile(r'^!\[(?P<alternative>[^\]]*)\]\((?P<key>[^\s)]+)(?:\s+"(?P<caption>[^"]*)")?\)$')
SOURCE = re.compile(r"^>\s*— (?P<name>.+)$")


def of_markdown(text: str, known: Known) -> list[dict[str, Any]]:
    """The blocks of a body, as they are stored."""
    found: list[dict[str, Any]] = []
    for kind, lines in groupby(_lines(text), key=lambda line: line[0]):
        run = [line for _, line in lines]
        if kind == "product":
            found += [_product(line, known) for line in run]
        elif kind == "picture":
            found += _pictures(run, known)
        elif kind == "source":
            found[-1]["source"] = run[-1]
        else:
            found += blocks.dump(bodies.of_markdown("\n".join(run)).blocks)
    return blocks.dump(blocks.load(found))


def _lines(text: str) -> Iterator[tuple[str, str]]:
    """Each line with what it is; inside a fenced code block everything is text. The last line of a quote that begins
    with a dash names the quote's source.
    """
    is_code, before = False, ""
    for line in text.splitlines():
        is_code ^= line.startswith("```")
        source = SOURCE.match(line) if before.startswith(">") else None
        before = line
        if not is_code and PRODUCT.match(line.strip()):
            yield "product", line.strip()
        elif not is_code and PICTURE.match(line.strip()):
            yield "picture", line.strip()
        elif not is_code and source:
            yield "source", source["name"].replace("*", "")
        else:
            yield "text", line


def _product(line: str, known: Known) -> dict[str, Any]:
    found = PRODUCT.match(line)
    assert found
    return {"type": "product", "product": known.product(found["key"]), "note": found["note"] or ""}


def _pictures(lines: list[str], known: Known) -> list[dict[str, Any]]:
    """One picture stands alone; pictures without an empty line between them are a gallery."""
    images = [_image(line, known) for line in lines]
    return images if len(images) == 1 else [{"type": "gallery", "images": images}]


def _image(line: str, known: Known) -> dict[str, Any]:
    found = PICTURE.match(line)
    assert found
    return {
        "type": "image",
        "asset": known.picture(found["key"]),
        "alternative_text": found["alternative"],
        "caption": found["caption"] or "",
    }
