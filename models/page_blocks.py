"""The blocks that a homepage is made of: validated when written, stored as JSON."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from models.blocks import Block
from models.contents import Format
from models.texts import Line, Link, Prose


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Selection(Strict):
    """Which contents of the creator a block lists: those named, in that order; else the newest that match. `tags` are
    written taxonomy:code; a content with any of them, or of what lies under them, matches.
    """

    contents: Annotated[tuple[UUID, ...], Field(max_length=50)] = ()
    formats: tuple[Format, ...] = ()
    tags: Annotated[tuple[str, ...], Field(max_length=20)] = ()
    limit: Annotated[int, Field(ge=1, le=50)] = 12


class Hero(Strict):
    type: Literal["hero"] = "hero"
    title: Line
    text: Prose = ""
    image: UUID | None = None
    content: UUID | None = None
    href: Link | None = None


class RichText(Strict):
    type: Literal["rich_text"] = "rich_text"
    title: Line = ""
    body: Annotated[tuple[Block, ...], Field(max_length=100)]


class ContentList(Strict):
    type: Literal["contents"] = "contents"
    title: Line = ""
    selection: Selection = Selection()


class Tab(Strict):
    title: Line
    selection: Selection = Selection()


class Tabs(Strict):
    type: Literal["tabs"] = "tabs"
    title: Line = ""
    tabs: Annotated[tuple[Tab, ...], Field(min_length=1, max_length=8)]


class LiveSlot(Strict):
    """The live that runs now, else the next one."""

    type: Literal["live"] = "live"
    title: Line = ""


class Products(Strict):
    type: Literal["products"] = "products"
    title: Line = ""
    products: Annotated[tuple[UUID, ...], Field(min_length=1, max_length=50)]


class Questions(Strict):
    """The creator's newest questions with their answers."""

    type: Literal["questions"] = "questions"
    title: Line = ""
    limit: Annotated[int, Field(ge=1, le=50)] = 6


PageBlock = Annotated[
    Hero | RichText | ContentList | Tabs | LiveSlot | Products | Questions, Field(discriminator="type")
]
PageBlocks = TypeAdapter(
    Annotated[tuple[PageBlock, ...], Field(max_length=40)], config=ConfigDict(hide_input_in_errors=True)
)


class Theme(Strict):
    """Design tokens that a frontend paints with. Colours are #rrggbb."""

    accent: Annotated[str, Field(pattern="^#[0-9a-f]{6}$")] = "#1f6f5c"
    background: Annotated[str, Field(pattern="^#[0-9a-f]{6}$")] = "#ffffff"
    font: Literal["sans", "serif", "rounded"] = "sans"
    layout: Literal["magazine", "cards", "stream"] = "cards"


def dump(blocks: tuple[PageBlock, ...]) -> list[dict[str, Any]]:
    stored: list[dict[str, Any]] = PageBlocks.dump_python(blocks, mode="json")
    return stored
