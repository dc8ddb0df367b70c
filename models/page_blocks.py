"""The blocks that a homepage is made of: validated when written, stored as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter, model_validator

from models.blocks import Block
from models.contents import Format
from models.texts import Line, Link, Prose

MOST_PARTS = 40
"""The most parts of a page: blocks, tabs, and the blocks in tabs, each counted."""
MOST_LINKS = 30
MOST_AT_ONCE = 50
"""The most things that one block lists."""

# a schema says by this of what kind an id is
CONTENT, PRODUCT, ASSET = ({"x-id-of": name} for name in ("Content", "Product", "Asset"))

Title = Annotated[Line, Field(description="The heading. May be empty.")]
Image = Annotated[UUID | None, Field(description="The picture: the uid of an asset.", json_schema_extra=ASSET)]
Limit = Annotated[int, Field(ge=1, le=MOST_AT_ONCE, description="How many are listed at most.")]
Href = Annotated[Link | None, Field(description="An address that it leads to.")]
Named = Annotated[UUID | None, Field(description="A content that it leads to, by uid.", json_schema_extra=CONTENT)]
Contents = Annotated[
    tuple[UUID, ...],
    Field(max_length=MOST_AT_ONCE, description="Contents by uid, in this order.", json_schema_extra=CONTENT),
]
Goods = Annotated[
    tuple[UUID, ...],
    Field(max_length=MOST_AT_ONCE, description="Products by uid, in this order.", json_schema_extra=PRODUCT),
]
TagNames = Annotated[
    tuple[Annotated[str, Field(max_length=160)], ...],
    Field(max_length=20, description="Tags as taxonomy:code: any of them, or of what lies under them."),
]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Selection(Strict):
    """Contents of the creator: those named, in that order; else the newest that match."""

    contents: Contents = ()
    formats: Annotated[tuple[Format, ...], Field(max_length=len(Format), description="Any of these; none: all.")] = ()
    tags: TagNames = ()
    limit: Limit = 12


class Recommended(Strict):
    """Products that the creator's published contents lead to, the latest recommended first."""

    categories: TagNames = ()
    on_shelf_only: Annotated[bool, Field(description="Whether products that are off the shelf are left out.")] = True
    limit: Limit = 12


class Target(Strict):
    """Something that can be followed: to a content or to an address, not both."""

    content: Named = None
    href: Href = None

    @model_validator(mode="after")
    def _one_target(self) -> Target:
        if self.content is not None and self.href is not None:
            raise ValueError("it leads to a content or to an address, not to both")
        return self


class Hero(Target):
    """The head of a page."""

    type: Literal["hero"] = "hero"
    title: Annotated[Line, Field(description="The large words.")]
    text: Annotated[Prose, Field(description="The smaller words below.")] = ""
    image: Image = None


class RichText(Strict):
    """Text with structure."""

    type: Literal["rich_text"] = "rich_text"
    title: Title = ""
    body: Annotated[tuple[Block, ...], Field(max_length=100, description="The text, block by block.")]


class ContentList(Strict):
    """Contents of the creator, chosen by hand or by what they are."""

    type: Literal["contents"] = "contents"
    title: Title = ""
    selection: Annotated[Selection, Field(description="Which contents.")] = Selection()


class LiveSlot(Strict):
    """The live that runs now, else the next one."""

    type: Literal["live"] = "live"
    title: Title = ""


class Products(Strict):
    """Products, chosen by hand or among those that the creator recommends."""

    type: Literal["products"] = "products"
    title: Title = ""
    products: Goods = ()
    recommended: Annotated[Recommended | None, Field(description="In place of `products`: by what they are.")] = None

    @model_validator(mode="after")
    def _one_choice(self) -> Products:
        if bool(self.products) == (self.recommended is not None):
            raise ValueError("give either products or recommended")
        return self


class Questions(Strict):
    """The creator's newest questions with their answers."""

    type: Literal["questions"] = "questions"
    title: Title = ""
    limit: Limit = 6


class RankedList(Strict):
    """The places of a ranked list, from the first down."""

    type: Literal["ranked_list"] = "ranked_list"
    title: Title = ""
    content: Annotated[
        UUID | None,
        Field(description="The ranked list, by uid; null: the creator's newest.", json_schema_extra=CONTENT),
    ] = None
    limit: Limit = 10


class Banner(Target):
    """A picture across the page."""

    type: Literal["banner"] = "banner"
    title: Annotated[Line, Field(description="Words on it. May be empty.")] = ""
    image: Annotated[UUID, Field(description="The picture: the uid of an asset.", json_schema_extra=ASSET)]
    alternative_text: Annotated[Line, Field(description="What it shows, for those who do not see it.")] = ""


class LinkItem(Target):
    """One of several links."""

    title: Annotated[Line, Field(min_length=1, description="What stands on it.")]
    text: Annotated[Line, Field(description="A line below. May be empty.")] = ""
    image: Image = None

    @model_validator(mode="after")
    def _has_target(self) -> LinkItem:
        if self.content is None and self.href is None:
            raise ValueError("give a content or href that it leads to")
        return self


class Links(Strict):
    """Links, side by side."""

    type: Literal["links"] = "links"
    title: Title = ""
    links: Annotated[
        tuple[LinkItem, ...], Field(min_length=1, max_length=MOST_LINKS, description="The links, in order.")
    ]


InnerBlock = Annotated[
    Hero | RichText | ContentList | LiveSlot | Products | Questions | RankedList | Banner | Links,
    Field(discriminator="type"),
]


class Tab(Strict):
    """What is seen while its tab is chosen: contents, or blocks of any kind but tabs."""

    title: Annotated[Line, Field(description="What stands on the tab.")]
    selection: Annotated[Selection | None, Field(description="Which contents.")] = None
    blocks: Annotated[tuple[InnerBlock, ...], Field(max_length=8, description="In place of contents: blocks.")] = ()

    @model_validator(mode="after")
    def _one_filling(self) -> Tab:
        if (self.selection is not None) == bool(self.blocks):
            raise ValueError("a tab holds either a selection or blocks")
        return self


class Tabs(Strict):
    """Several fillings of which one is seen at a time."""

    type: Literal["tabs"] = "tabs"
    title: Title = ""
    tabs: Annotated[tuple[Tab, ...], Field(min_length=1, max_length=8, description="The tabs, in order.")]


PageBlock = Annotated[
    Hero | RichText | ContentList | Tabs | LiveSlot | Products | Questions | RankedList | Banner | Links,
    Field(discriminator="type"),
]


def parts(block: PageBlock) -> int:
    """How many parts of its page a block is: itself, its tabs, and the blocks in them."""
    return 1 + sum(1 + len(tab.blocks) for tab in block.tabs) if isinstance(block, Tabs) else 1


def _few_parts(blocks: tuple[PageBlock, ...]) -> tuple[PageBlock, ...]:
    """What a page may cost to answer rests on this."""
    found = sum(map(parts, blocks))
    if found > MOST_PARTS:
        raise ValueError(f"a page has at most {MOST_PARTS} blocks, tabs and blocks in tabs together; these are {found}")
    return blocks


Blocks = Annotated[
    tuple[PageBlock, ...],
    Field(
        max_length=MOST_PARTS,
        description=f"The page, from the top down: at most {MOST_PARTS} blocks, tabs and blocks in tabs together.",
    ),
    AfterValidator(_few_parts),
]
PageBlocks = TypeAdapter(Blocks, config=ConfigDict(hide_input_in_errors=True))


def dump(blocks: tuple[PageBlock, ...]) -> list[dict[str, Any]]:
    stored: list[dict[str, Any]] = PageBlocks.dump_python(blocks, mode="json")
    return stored


def flat(blocks: Iterable[PageBlock]) -> Iterator[PageBlock]:
    """Every block of a page, those in tabs behind their block."""
    for block in blocks:
        yield block
        if isinstance(block, Tabs):
            yield from (inner for tab in block.tabs for inner in tab.blocks)
