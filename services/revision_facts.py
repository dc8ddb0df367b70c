"""What a revision says itself: its words, and what it says of pictures and products, as the engine of channels sees them."""

from __future__ import annotations

from collections import defaultdict
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from pydantic import ValidationError

import models
from models import blocks, formats
from services.channels.facts import AssetFacts, Detail, Link


def read_parts(
    format_: models.Format, revision: models.Revision
) -> tuple[tuple[blocks.Block, ...], formats.Details | None]:
    """The typed body and details of a stored revision; without the details where an import could not give them."""
    try:
        details: formats.Details | None = formats.load(format_, revision.details)
    except ValidationError:
        details = None
    return blocks.load(revision.body), details


def words(revision: models.Revision, body: tuple[blocks.Block, ...], details: formats.Details | None) -> dict[str, Any]:
    """What a revision itself says, by the fields of ContentFacts: no snapshot repeats it, since sealed words stay."""
    paragraphs = tuple(blocks.paragraphs(body))
    headings = sum(block.type == "heading" for block in body)
    return {
        "title": revision.title,
        "summary": revision.summary,
        "text": "\n\n".join(paragraphs),
        "paragraphs": paragraphs,
        "headings_count": headings,
        "links": tuple(_link(url, place) for place, url in enumerate(blocks.links(body))),
        "details": _detail_facts(details, headings),
        "body": body,
        "notes": _notes(body, details),
    }


def _link(url: str, place: int) -> Link:
    parts = urlsplit(url)
    return Link(url=url, host=(parts.hostname or "").lower(), path=f"links.{place}")


def anchors(details: formats.Details | None, pictures: list[AssetFacts]) -> tuple[int, ...]:
    """How many products are anchored in each picture, in the pictures' order."""
    counts: dict[str, int] = defaultdict(int)
    match details:
        case formats.GalleryDetails():
            for picture in details.pictures:
                counts[str(picture.asset)] += len(picture.anchors)
        case formats.CollocationDetails() if details.scene:
            counts[str(details.scene)] = len(details.anchors)
        case _:
            pass
    return tuple(counts[picture.uid] for picture in pictures)


def _detail_facts(details: formats.Details | None, headings: int) -> dict[str, Detail]:
    """The format's own part as texts and counts, and what channels' forms asked."""
    if details is None:
        return {}
    stored = details.model_dump(exclude={"format", "form"})
    told = {name: len(value) if isinstance(value, tuple) else value for name, value in stored.items()}
    known = {name: value for name, value in told.items() if isinstance(value, str | int)}
    return {**known, "sections": headings, **details.form}


def _notes(body: tuple[blocks.Block, ...], details: formats.Details | None) -> dict[str, str]:
    """What the author says of each product, by uid: the format's own word for it before that of the body; the first counts."""
    said = [*_of_details(details), *((block.product, block.note) for block in body if block.type == "product")]
    notes: dict[str, str] = {}
    for product, note in said:
        if product is not None and note.strip():
            notes.setdefault(str(product), note)
    return notes


def _of_details(details: formats.Details | None) -> list[tuple[UUID | None, str]]:
    match details:
        case formats.GalleryDetails():
            return [(anchor.product, anchor.label) for picture in details.pictures for anchor in picture.anchors]
        case formats.RankedListDetails():
            return [(entry.product, entry.reason) for entry in details.entries]
        case formats.ItemNoteDetails():
            return [(details.product, details.verdict)]
        case formats.CollocationDetails():
            pieces = [(piece.product, piece.note) for piece in details.pieces]
            return [*pieces, *((anchor.product, anchor.label) for anchor in details.anchors)]
        case _:
            return []
