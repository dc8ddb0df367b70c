"""What each format has of its own: validated when written, stored as JSON in a revision's `details`."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter, model_validator

from models.contents import Format
from models.texts import Line, Link, Prose, clean

Shown = Literal["PICTURE", "VIDEO", "SUBTITLES"]
Share = Annotated[float, Field(ge=0, le=1)]
MOST_ANCHORS = 200
Milliseconds = Annotated[int, Field(ge=0, le=7 * 24 * 3_600_000)]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Anchor(Strict):
    """A product at a point of a picture: `x` from the left, `y` from the top, as shares of its size."""

    product: UUID
    x: Share
    y: Share
    label: Line = ""


FormName = Annotated[str, StringConstraints(pattern="^[a-z][a-z_]{0,39}$")]
FormValue = Annotated[str, StringConstraints(max_length=2_000), AfterValidator(clean)] | int | bool


class Own(Strict):
    """`form` holds what the forms of channels ask beyond the format itself, by name: subject, owner_line, push_line."""

    form: Annotated[dict[FormName, FormValue], Field(max_length=40)] = {}


class ArticleDetails(Own):
    format: Literal["ARTICLE"] = "ARTICLE"


class QnaDetails(Own):
    format: Literal["QNA"] = "QNA"
    question: Prose = ""


class RunningOrderItem(Strict):
    """What happens at a point of a live, and the product that is pushed there."""

    title: Line
    at_ms: Milliseconds | None = None
    product: UUID | None = None


class LiveDetails(Own):
    format: Literal["LIVE"] = "LIVE"
    running_order: Annotated[tuple[RunningOrderItem, ...], Field(max_length=500)] = ()


class Picture(Strict):
    asset: UUID
    caption: Prose = ""
    alternative_text: Prose = ""
    anchors: Annotated[tuple[Anchor, ...], Field(max_length=50)] = ()


class GalleryDetails(Own):
    format: Literal["GALLERY"] = "GALLERY"
    pictures: Annotated[tuple[Picture, ...], Field(max_length=200)] = ()

    @model_validator(mode="after")
    def _few_anchors(self) -> GalleryDetails:
        # what a gallery may cost to answer rests on this
        if sum(len(picture.anchors) for picture in self.pictures) > MOST_ANCHORS:
            raise ValueError(f"a gallery has at most {MOST_ANCHORS} anchors in all its pictures")
        return self


class Chapter(Strict):
    at_ms: Milliseconds
    title: Line


class TimedProduct(Strict):
    product: UUID
    from_ms: Milliseconds
    to_ms: Milliseconds | None = None

    @model_validator(mode="after")
    def _in_order(self) -> TimedProduct:
        if self.to_ms is not None and self.to_ms < self.from_ms:
            raise ValueError("to_ms is before from_ms")
        return self


class Subtitles(Strict):
    """The words of a film in a language: a file of ours, or one that lies elsewhere."""

    language: Line
    url: Link | None = None
    asset: UUID | None = None

    @model_validator(mode="after")
    def _one_file(self) -> Subtitles:
        if (self.url is None) == (self.asset is None):
            raise ValueError("subtitles name either an asset or a url")
        return self


class ShortVideoDetails(Own):
    """`video` may be missing in what an import brings; `video_url` is where it plays elsewhere."""

    format: Literal["SHORT_VIDEO"] = "SHORT_VIDEO"
    video: UUID | None = None
    video_url: Link | None = None
    chapters: Annotated[tuple[Chapter, ...], Field(max_length=200)] = ()
    subtitles: Annotated[tuple[Subtitles, ...], Field(max_length=50)] = ()
    products: Annotated[tuple[TimedProduct, ...], Field(max_length=200)] = ()


class RankedEntry(Strict):
    """Exactly one of `product` and `content` stands at a rank."""

    rank: Annotated[int, Field(ge=1, le=1000)]
    product: UUID | None = None
    content: UUID | None = None
    reason: Prose = ""

    @model_validator(mode="after")
    def _one_subject(self) -> RankedEntry:
        if (self.product is None) == (self.content is None):
            raise ValueError("an entry names either a product or a content")
        return self


class RankedListDetails(Own):
    format: Literal["RANKED_LIST"] = "RANKED_LIST"
    criteria: Prose = ""
    entries: Annotated[tuple[RankedEntry, ...], Field(max_length=200)] = ()

    @model_validator(mode="after")
    def _ranks_once(self) -> RankedListDetails:
        ranks = [entry.rank for entry in self.entries]
        if ranks != sorted(set(ranks)):
            raise ValueError("entries stand in the order of their ranks, each rank once")
        return self


class ItemNoteDetails(Own):
    format: Literal["ITEM_NOTE"] = "ITEM_NOTE"
    product: UUID
    highlights: Annotated[tuple[Line, ...], Field(max_length=20)] = ()
    verdict: Prose = ""


class Piece(Strict):
    product: UUID
    note: Prose = ""


class CollocationDetails(Own):
    format: Literal["COLLOCATION"] = "COLLOCATION"
    scene: UUID | None = None
    anchors: Annotated[tuple[Anchor, ...], Field(max_length=50)] = ()
    pieces: Annotated[tuple[Piece, ...], Field(max_length=50)] = ()


Details = Annotated[
    ArticleDetails
    | QnaDetails
    | LiveDetails
    | GalleryDetails
    | ShortVideoDetails
    | RankedListDetails
    | ItemNoteDetails
    | CollocationDetails,
    Field(discriminator="format"),
]

# what people wrote stays out of messages, and so out of logs
_details: TypeAdapter[Details] = TypeAdapter(Details, config=ConfigDict(hide_input_in_errors=True))


def load(format_: Format, stored: dict[str, Any]) -> Details:
    """The typed details of a stored revision."""
    return _details.validate_python({**stored, "format": format_.value})


def dump(details: Details) -> dict[str, Any]:
    """The JSON form in which details are stored; the format itself stands on the content."""
    return details.model_dump(mode="json", exclude={"format"})


def asset_uids(details: Details) -> list[tuple[Shown, UUID]]:
    """The assets that the format's own part shows, in order."""
    match details:
        case GalleryDetails():
            return [("PICTURE", picture.asset) for picture in details.pictures]
        case ShortVideoDetails():
            film: list[tuple[Shown, UUID]] = [("VIDEO", details.video)] if details.video else []
            return [*film, *(("SUBTITLES", one.asset) for one in details.subtitles if one.asset)]
        case CollocationDetails() if details.scene:
            return [("PICTURE", details.scene)]
        case _:
            return []


def product_uids(details: Details) -> list[UUID]:  # noqa: PLR0911  (one return a format)
    """The products that the format's own part names, in order, with repeats."""
    match details:
        case LiveDetails():
            return [item.product for item in details.running_order if item.product]
        case GalleryDetails():
            return [anchor.product for picture in details.pictures for anchor in picture.anchors]
        case ShortVideoDetails():
            return [timed.product for timed in details.products]
        case RankedListDetails():
            return [entry.product for entry in details.entries if entry.product]
        case ItemNoteDetails():
            return [details.product]
        case CollocationDetails():
            return [*(anchor.product for anchor in details.anchors), *(piece.product for piece in details.pieces)]
        case _:
            return []


class Live(Strict):
    """The moving part of a live, as it is created or imported."""

    starts_at: datetime
    started_at: datetime | None = None
    ended_at: datetime | None = None
    state: Literal["SCHEDULED", "LIVE", "ENDED", "REPLAY", "CANCELLED"] = "SCHEDULED"
    stream_url: Link | None = None
    replay_url: Link | None = None
