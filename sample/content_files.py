"""The files of contents: what every format says in its front matter, and what each says of its own."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar, Literal

from pydantic import Field

from models import Format
from sample.known import Known
from sample.naming import Key, Part
from sample.reading import BadSample, Page, shaped

CLOCK = re.compile(r"^(?:(\d+):)?(\d{1,2}):(\d{2})$")


def milliseconds(clock: str) -> int:
    """`[h:]mm:ss` from the start, in milliseconds."""
    found = CLOCK.match(clock)
    if not found:
        raise BadSample(f"write {clock!r} as mm:ss or h:mm:ss")
    hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return ((hours * 60 + minutes) * 60 + seconds) * 1000


class AnchorPart(Part):
    product: Key
    x: float
    y: float
    label: str = ""


class ContentFile(Part):
    format: ClassVar[Format]

    creator: str
    language: str
    title: str
    summary: str = ""
    tags: tuple[str, ...] = ()
    covers: tuple[str, ...] = ()
    products: tuple[Key, ...] = ()
    is_original: bool = True
    published_at: datetime | None = None
    group: Key | None = None
    channels: tuple[str, ...] | None = None
    state: Literal["LIVE", "DRAFT", "SCHEDULED", "WITHDRAWN", "TAKEN_DOWN"] = "LIVE"
    state_because: str | None = None
    state_at: datetime | None = None
    scheduled_for: datetime | None = None
    schedule_zone: str | None = None
    is_history: bool = True

    def details(self, known: Known) -> dict[str, Any]:  # noqa: ARG002  (a format without a part of its own)
        return {}


class ArticleFile(ContentFile):
    format = Format.ARTICLE


class AnswerPart(Part):
    creator: str
    published_at: datetime
    votes_count: int = 0
    is_accepted: bool = False
    body: str


class QnaFile(ContentFile):
    format = Format.QNA
    question: str
    answers: tuple[AnswerPart, ...] = ()

    def details(self, known: Known) -> dict[str, Any]:  # noqa: ARG002  (a question refers to nothing)
        return {"question": self.question.strip()}


class RoomPart(Part):
    state: Literal["SCHEDULED", "LIVE", "ENDED", "REPLAY", "CANCELLED"]
    starts_at: datetime
    started_at: datetime | None = None
    ended_at: datetime | None = None
    stream_url: str | None = None
    replay_url: str | None = None


class RunningPart(Part):
    title: str
    at: str | None = None
    product: Key | None = None


class LiveFile(ContentFile):
    format = Format.LIVE
    live: RoomPart
    running_order: tuple[RunningPart, ...] = ()

    def details(self, known: Known) -> dict[str, Any]:
        return {
            "running_order": [
                {
                    "title": item.title,
                    "at_ms": milliseconds(item.at) if item.at else None,
                    "product": known.product(item.product) if item.product else None,
                }
                for item in self.running_order
            ]
        }


class PicturePart(Part):
    asset: str
    caption: str = ""
    alternative_text: str = ""
    anchors: tuple[AnchorPart, ...] = ()


class GalleryFile(ContentFile):
    format = Format.GALLERY
    pictures: tuple[PicturePart, ...]

    def details(self, known: Known) -> dict[str, Any]:
        return {
            "pictures": [
                {
                    "asset": known.picture(picture.asset),
                    "caption": picture.caption,
                    "alternative_text": picture.alternative_text,
                    "anchors": _anchors(picture.anchors, known),
                }
                for picture in self.pictures
            ]
        }


class VideoPart(Part):
    """A video that lives elsewhere, with the facts that its maker declares."""

    url: str
    duration: str
    width: int
    height: int
    byte_count: int
    bitrate: int
    media_type: str = "video/mp4"


class ChapterPart(Part):
    at: str
    title: str


class TimedPart(Part):
    product: Key
    from_: str = Field(alias="from")
    to: str | None = None


class ShortVideoFile(ContentFile):
    """`video` is made an asset by whoever builds the record; the details name it by the content's key."""

    format = Format.SHORT_VIDEO
    video: VideoPart | None = None
    chapters: tuple[ChapterPart, ...] = ()
    timed_products: tuple[TimedPart, ...] = ()

    def details(self, known: Known) -> dict[str, Any]:
        return {
            "chapters": [{"at_ms": milliseconds(one.at), "title": one.title} for one in self.chapters],
            "products": [
                {
                    "product": known.product(one.product),
                    "from_ms": milliseconds(one.from_),
                    "to_ms": milliseconds(one.to) if one.to else None,
                }
                for one in self.timed_products
            ],
        }


class EntryPart(Part):
    product: Key | None = None
    content: Key | None = None
    reason: str = ""


class RankedListFile(ContentFile):
    format = Format.RANKED_LIST
    criteria: str
    entries: tuple[EntryPart, ...]

    def details(self, known: Known) -> dict[str, Any]:
        return {
            "criteria": self.criteria,
            "entries": [
                {
                    "rank": rank,
                    "product": known.product(entry.product) if entry.product else None,
                    "content": known.content(entry.content) if entry.content else None,
                    "reason": entry.reason,
                }
                for rank, entry in enumerate(self.entries, 1)
            ],
        }


class ItemNoteFile(ContentFile):
    format = Format.ITEM_NOTE
    product: Key
    highlights: tuple[str, ...] = ()
    verdict: str = ""

    def details(self, known: Known) -> dict[str, Any]:
        return {"product": known.product(self.product), "highlights": self.highlights, "verdict": self.verdict}


class PiecePart(Part):
    product: Key
    note: str = ""


class CollocationFile(ContentFile):
    format = Format.COLLOCATION
    scene: str | None = None
    anchors: tuple[AnchorPart, ...] = ()
    pieces: tuple[PiecePart, ...]

    def details(self, known: Known) -> dict[str, Any]:
        return {
            "scene": known.picture(self.scene) if self.scene else None,
            "anchors": _anchors(self.anchors, known),
            "pieces": [{"product": known.product(piece.product), "note": piece.note} for piece in self.pieces],
        }


FORMATS: dict[str, type[ContentFile]] = {
    kind.format.value.lower().replace("_", "-"): kind
    for kind in (
        ArticleFile,
        QnaFile,
        LiveFile,
        GalleryFile,
        ShortVideoFile,
        RankedListFile,
        ItemNoteFile,
        CollocationFile,
    )
}


def read(page: Page, front: dict[str, Any] | None = None) -> ContentFile:
    """The front matter of a page in the shape of the format whose folder it stands in."""
    kind = FORMATS.get(page.path.parent.name)
    if kind is None:
        raise BadSample(f"{page.path.parent.name}: no format has this name")
    return shaped(kind, page.front if front is None else front, page.path)


def pages(folder: Path) -> dict[str, Path]:
    """The files of contents by key, without the drafts that stand beside them."""
    found: dict[str, Path] = {}
    for path in sorted(folder.glob("*/*.md")):
        if path.name.endswith(".draft.md"):
            continue
        if path.stem in found:
            raise BadSample(f"two contents are called {path.stem}")
        found[path.stem] = path
    return found


def _anchors(anchors: tuple[AnchorPart, ...], known: Known) -> list[dict[str, Any]]:
    return [{"product": known.product(one.product), "x": one.x, "y": one.y, "label": one.label} for one in anchors]
