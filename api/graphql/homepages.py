"""Homepages: a creator's public page as typed blocks; what is broken is left out and reported, never the page."""

import enum
from datetime import datetime
from functools import cached_property
from typing import Annotated, Any
from uuid import UUID

import strawberry

from api.graphql import bodies, refs
from api.graphql.context import Info
from api.graphql.fields import column
from api.graphql.problems import Problem
from api.graphql.rows import shape, shapes, shows
from api.graphql.words import described
from models import page_blocks
from models.page_blocks import Selection
from services import assets, contents, homepages, products


class Font(enum.StrEnum):
    SANS = "sans"
    SERIF = "serif"
    ROUNDED = "rounded"


class Layout(enum.StrEnum):
    MAGAZINE = "magazine"
    CARDS = "cards"
    STREAM = "stream"


described(
    Font,
    "The kind of letters a page is set in.",
    {"SANS": "Without serifs.", "SERIF": "With serifs.", "ROUNDED": "With round ends."},
    name="ThemeFont",
)
described(
    Layout,
    "How a page lays out its lists.",
    {"MAGAZINE": "Large and small side by side.", "CARDS": "In a grid.", "STREAM": "One below the other."},
    name="ThemeLayout",
)


@strawberry.type(description="Design tokens that a frontend paints the page with.")
class Theme:
    row: strawberry.Private[page_blocks.Theme]

    accent: str = column("accent", description="The colour of links and buttons, as #rrggbb.")
    background: str = column("background", description="The colour behind everything, as #rrggbb.")
    font: Font = column("font", convert=Font, description="The kind of letters.")
    layout: Layout = column("layout", convert=Layout, description="How lists are laid out.")


async def _selected(info: Info, creator_id: int, selection: Selection) -> list[Any]:
    """What a selection shows now: the named contents in their order, else the newest that match."""
    if selection.contents:
        named = await info.context.load_many(contents.by_uids, selection.contents)
        return shapes([row for row in named if row is not None and row.is_live][: selection.limit])
    key = homepages.selection_key(creator_id, selection)
    return shapes(await info.context.load(homepages.selected, key) or [])


async def _live_content(info: Info, uid: UUID | None) -> Any:
    found = None if uid is None else await info.context.load(contents.by_uids, uid)
    return shape(found) if found is not None and found.is_live else None


@strawberry.type(description="The head of a page.")
class PageHero:
    row: strawberry.Private[page_blocks.Hero]

    title: str = column("title", description="The large words.")
    text: str = column("text", description="The smaller words below. May be empty.")
    href: str | None = column("href", description="Where it links to.")

    @strawberry.field(description="The picture behind; null if there is none.")
    async def image(self, info: Info) -> refs.AssetRef | None:
        uid = self.row.image
        return shape(None if uid is None else await info.context.load(assets.by_uids, uid))  # type: ignore[no-any-return]  # by registration

    @strawberry.field(description="The content that it leads to; null if there is none, or it cannot be seen.")
    async def content(self, info: Info) -> refs.ContentRef | None:
        return await _live_content(info, self.row.content)  # type: ignore[no-any-return]  # a Content by registration


@strawberry.type(description="Text with structure.")
class PageRichText:
    row: strawberry.Private[page_blocks.RichText]

    title: str = column("title", description="The heading. May be empty.")

    @strawberry.field(description="The text.")
    def body(self) -> bodies.Body:
        return bodies.Body(body=self.row.body)


@strawberry.type(description="Contents of the creator: chosen by hand, or the newest that match.")
class PageContents:
    row: strawberry.Private[page_blocks.ContentList]
    creator_id: strawberry.Private[int]

    title: str = column("title", description="The heading. May be empty.")

    @strawberry.field(description="The contents, at most 50.")
    async def contents(self, info: Info) -> list[refs.ContentRef]:
        return await _selected(info, self.creator_id, self.row.selection)


@strawberry.type(description="One of several lists of which one is seen at a time.")
class PageTab:
    row: strawberry.Private[page_blocks.Tab]
    creator_id: strawberry.Private[int]

    title: str = column("title", description="What stands on the tab.")

    @strawberry.field(description="The contents, at most 50.")
    async def contents(self, info: Info) -> list[refs.ContentRef]:
        return await _selected(info, self.creator_id, self.row.selection)


@strawberry.type(description="Lists of contents behind tabs.")
class PageTabs:
    row: strawberry.Private[page_blocks.Tabs]
    creator_id: strawberry.Private[int]

    title: str = column("title", description="The heading. May be empty.")

    @strawberry.field(description="The tabs, in order, at most 8.")
    def tabs(self) -> list[PageTab]:
        return [PageTab(row=tab, creator_id=self.creator_id) for tab in self.row.tabs]


@strawberry.type(description="The place of the live that runs now, else of the next one.")
class PageLive:
    row: strawberry.Private[page_blocks.LiveSlot]
    creator_id: strawberry.Private[int]

    title: str = column("title", description="The heading. May be empty.")

    @strawberry.field(description="The live; null while none runs and none is announced.")
    async def content(self, info: Info) -> refs.ContentRef | None:
        return shape(await info.context.load(homepages.lives_of, self.creator_id))  # type: ignore[no-any-return]  # by registration


@strawberry.type(description="Products that the creator put on the page.")
class PageProducts:
    row: strawberry.Private[page_blocks.Products]

    title: str = column("title", description="The heading. May be empty.")

    @strawberry.field(description="The products, in order, at most 50.")
    async def products(self, info: Info) -> list[refs.ProductRef]:
        return shapes(await info.context.load_many(products.by_uids, self.row.products))


@strawberry.type(description="The creator's newest questions.")
class PageQuestions:
    row: strawberry.Private[page_blocks.Questions]
    creator_id: strawberry.Private[int]

    title: str = column("title", description="The heading. May be empty.")

    @strawberry.field(description="The questions, at most 50; each is a Qna with its answers.")
    async def contents(self, info: Info) -> list[refs.ContentRef]:
        selection = Selection(formats=(homepages.QUESTION,), limit=self.row.limit)
        return await _selected(info, self.creator_id, selection)


PageBlock = Annotated[
    PageHero | PageRichText | PageContents | PageTabs | PageLive | PageProducts | PageQuestions,
    strawberry.union(
        "PageBlock", description="A block of a homepage. The list is open: ignore types that you do not know."
    ),
]


def _shown(block: page_blocks.PageBlock, creator_id: int) -> Any:  # noqa: PLR0911  (one case a block)
    match block:
        case page_blocks.Hero():
            return PageHero(row=block)
        case page_blocks.RichText():
            return PageRichText(row=block)
        case page_blocks.ContentList():
            return PageContents(row=block, creator_id=creator_id)
        case page_blocks.Tabs():
            return PageTabs(row=block, creator_id=creator_id)
        case page_blocks.LiveSlot():
            return PageLive(row=block, creator_id=creator_id)
        case page_blocks.Products():
            return PageProducts(row=block)
        case page_blocks.Questions():
            return PageQuestions(row=block, creator_id=creator_id)


@shows(homepages.Shown)
@strawberry.type(description="A creator's public page: a theme and blocks, in one version.")
class Homepage:
    row: strawberry.Private[homepages.Shown]

    number: int = column("version.number", description="Counts the versions of the page from 1.")
    published_at: datetime | None = column("version.published_at", description="When this version went live.")
    theme: Theme = column(
        "version.theme",
        convert=lambda stored: Theme(row=homepages.read_theme(stored)),
        description="Its design tokens.",
    )

    @cached_property
    def sorted_out(self) -> tuple[list[tuple[int, page_blocks.PageBlock]], list[homepages.Broken]]:
        """The good blocks and the broken ones, sorted once an object."""
        return homepages.read_blocks(self.row.version.blocks)

    @strawberry.field(description="Its blocks, in order, at most 40. Those in `problems` are left out.")
    def blocks(self) -> list[PageBlock]:
        return [_shown(block, self.row.creator_id) for _, block in self.sorted_out[0]]

    @strawberry.field(description="The blocks that had to be left out, and why. Empty on a sound page.")
    def problems(self) -> list[Problem]:
        return [Problem.of(broken.problem) for broken in self.sorted_out[1]]
