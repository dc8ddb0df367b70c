"""The blocks that a body is made of: validated when written, stored as JSON."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter

from models.texts import Line, Link, Prose

Mark = Literal["strong", "em", "code", "strike"]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Span(Strict):
    """A run of text with the same marks; `href` makes it a link."""

    text: Prose
    marks: tuple[Mark, ...] = ()
    href: Link | None = None


class Paragraph(Strict):
    type: Literal["paragraph"] = "paragraph"
    spans: tuple[Span, ...]


class Heading(Strict):
    type: Literal["heading"] = "heading"
    level: Annotated[int, Field(ge=1, le=6)]
    text: Line


class Image(Strict):
    type: Literal["image"] = "image"
    asset: UUID
    caption: Prose = ""
    alternative_text: Prose = ""


class GalleryBlock(Strict):
    type: Literal["gallery"] = "gallery"
    images: Annotated[tuple[Image, ...], Field(min_length=1, max_length=100)]


class Video(Strict):
    type: Literal["video"] = "video"
    asset: UUID
    caption: Prose = ""


class ProductBlock(Strict):
    type: Literal["product"] = "product"
    product: UUID
    note: Prose = ""


class Quote(Strict):
    type: Literal["quote"] = "quote"
    spans: tuple[Span, ...]
    source: Line = ""


class ListBlock(Strict):
    type: Literal["list"] = "list"
    ordered: bool = False
    items: Annotated[tuple[tuple[Span, ...], ...], Field(min_length=1, max_length=500)]


class Table(Strict):
    type: Literal["table"] = "table"
    header: tuple[Prose, ...] = ()
    rows: Annotated[tuple[tuple[Prose, ...], ...], Field(max_length=500)]


class Code(Strict):
    type: Literal["code"] = "code"
    language: Annotated[str, StringConstraints(max_length=40)] = ""
    text: Prose


class Divider(Strict):
    type: Literal["divider"] = "divider"


class Embed(Strict):
    """Something from elsewhere, shown as a link with a title: foreign frames are the frontend's decision."""

    type: Literal["embed"] = "embed"
    url: Link
    title: Line = ""


Block = Annotated[
    Paragraph
    | Heading
    | Image
    | GalleryBlock
    | Video
    | ProductBlock
    | Quote
    | ListBlock
    | Table
    | Code
    | Divider
    | Embed,
    Field(discriminator="type"),
]

MOST_SHOWN = 500


def _few_shown(given: tuple[Block, ...]) -> tuple[Block, ...]:
    """What a body may cost to answer rests on this: how many files and products it shows."""
    if len(asset_uids(given)) + len(product_uids(given)) > MOST_SHOWN:
        raise ValueError(f"a body shows at most {MOST_SHOWN} pictures, films and products")
    return given


Blocks = Annotated[tuple[Block, ...], Field(max_length=2_000), AfterValidator(_few_shown)]

# what people wrote stays out of messages, and so out of logs
Body = TypeAdapter(Blocks, config=ConfigDict(hide_input_in_errors=True))


def dump(blocks: tuple[Block, ...]) -> list[dict[str, Any]]:
    """The JSON form in which a body is stored."""
    stored: list[dict[str, Any]] = Body.dump_python(blocks, mode="json", exclude_defaults=False)
    return stored


def load(stored: list[Any]) -> tuple[Block, ...]:
    return Body.validate_python(stored)


def asset_uids(blocks: tuple[Block, ...]) -> list[tuple[Literal["PICTURE", "VIDEO"], UUID]]:
    """The assets that a body shows, in order."""
    found: list[tuple[Literal["PICTURE", "VIDEO"], UUID]] = []
    for block in blocks:
        match block:
            case Image():
                found.append(("PICTURE", block.asset))
            case GalleryBlock():
                found.extend(("PICTURE", image.asset) for image in block.images)
            case Video():
                found.append(("VIDEO", block.asset))
            case _:
                pass
    return found


def product_uids(blocks: tuple[Block, ...]) -> list[UUID]:
    """The products that a body names, in order."""
    return [block.product for block in blocks if isinstance(block, ProductBlock)]


def paragraphs(blocks: tuple[Block, ...]) -> list[str]:
    """The body as plain paragraphs, in order: what rules count and search reads."""
    found: list[str] = []
    for block in blocks:
        match block:
            case Paragraph() | Quote():
                found.append("".join(span.text for span in block.spans))
            case Heading() | Code():
                found.append(block.text)
            case ListBlock():
                found.extend("".join(span.text for span in item) for item in block.items)
            case Table():
                found.extend(" ".join(row) for row in (block.header, *block.rows) if row)
            case Image() | Video():
                found.append(block.caption)
            case GalleryBlock():
                found.extend(image.caption for image in block.images)
            case ProductBlock():
                found.append(block.note)
            case Embed():
                found.append(block.title)
            case _:
                pass
    return [text for text in found if text.strip()]


def links(blocks: tuple[Block, ...]) -> list[str]:
    """The addresses that a body links to, in order."""
    found: list[str] = []
    for block in blocks:
        match block:
            case Paragraph() | Quote():
                found.extend(span.href for span in block.spans if span.href)
            case ListBlock():
                found.extend(span.href for item in block.items for span in item if span.href)
            case Embed():
                found.append(block.url)
            case _:
                pass
    return found
