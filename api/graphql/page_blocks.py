"""The blocks of homepages, each with what it shows to whoever asks."""

import asyncio
from collections.abc import Awaitable, Sequence
from typing import Annotated, Any
from uuid import UUID

import strawberry

import models
from api.graphql import bodies, fields, refs
from api.graphql.context import Info
from api.graphql.directives import at_most
from api.graphql.fields import FirstOnes, column
from api.graphql.formats import RankedEntry
from api.graphql.rows import shape, shapes
from models import formats, page_blocks
from models.page_blocks import MOST_AT_ONCE, Selection
from services import assets, contents, homepages, products

TITLE = "The heading. May be empty."
# the parts of a page are counted together, so that one that is a block, a tab or a block in a tab counts once
ONE_PART = at_most(1)


def _up_to(count: int) -> Any:
    return at_most(count, slicing="first")


async def content_of(info: Info, uid: UUID | None) -> models.Content | None:
    """The content with this uid as everybody sees it; None when there is none to see."""
    found = None if uid is None else await info.context.load(contents.by_uids, uid)
    return found if found is not None and found.is_live else None


async def _asset(info: Info, uid: UUID | None) -> Any:
    return shape(None if uid is None else await info.context.load(assets.by_uids, uid))


async def _selected(info: Info, creator_id: int, selection: Selection, first: Any = None) -> list[models.Content]:
    """What a selection shows now: the named contents in their order, else the newest that match."""
    most = fields.bounded(first, MOST_AT_ONCE)
    if selection.contents:
        named = await info.context.load_many(contents.by_uids, selection.contents)
        return [row for row in named if row is not None and row.is_live][: selection.limit][:most]
    key = homepages.selection_key(creator_id, selection)
    return (await info.context.load(homepages.selected, key) or [])[:most]


def _questions(block: page_blocks.Questions) -> Selection:
    return Selection(formats=(homepages.QUESTION,), limit=block.limit)


NEWEST_RANKING = Selection(formats=(homepages.RANKING,), limit=1)


async def fetch(info: Info, creator_id: int, blocks: Sequence[page_blocks.PageBlock]) -> None:
    """Read what these blocks select, all at once: so the number of statements does not depend on how many there are, and
    what they show arrives together.
    """
    wanted: list[Awaitable[Any]] = []
    for block in page_blocks.flat(blocks):
        match block:
            case page_blocks.ContentList():
                wanted.append(_selected(info, creator_id, block.selection))
            case page_blocks.Tabs():
                wanted.extend(_selected(info, creator_id, tab.selection) for tab in block.tabs if tab.selection)
            case page_blocks.Questions():
                wanted.append(_selected(info, creator_id, _questions(block)))
            case page_blocks.RankedList() if block.content is None:
                wanted.append(_selected(info, creator_id, NEWEST_RANKING))
            case page_blocks.Products() if block.recommended is not None:
                key = homepages.recommendation_key(creator_id, block.recommended)
                wanted.append(info.context.load(homepages.recommended, key))
            case page_blocks.LiveSlot():
                wanted.append(info.context.load(homepages.lives_of, creator_id))
            case _:
                pass
    await asyncio.gather(*wanted)


@strawberry.type(description="The head of a page.")
class PageHero:
    row: strawberry.Private[page_blocks.Hero]

    title: str = column("title", description="The large words.")
    text: str = column("text", description="The smaller words below. May be empty.")
    href: str | None = column("href", description="The address that it links to; null if there is none.")

    @strawberry.field(description="The picture behind; null if there is none.")
    async def image(self, info: Info) -> refs.AssetRef | None:
        return await _asset(info, self.row.image)  # type: ignore[no-any-return]  # an Asset by registration

    @strawberry.field(description="The content that it leads to; null if there is none, or it cannot be seen.")
    async def content(self, info: Info) -> refs.ContentRef | None:
        return shape(await content_of(info, self.row.content))  # type: ignore[no-any-return]  # a Content by registration


@strawberry.type(description="Text with structure.")
class PageRichText:
    row: strawberry.Private[page_blocks.RichText]

    title: str = column("title", description=TITLE)

    @strawberry.field(description="The text.")
    def body(self) -> bodies.Body:
        return bodies.Body(body=self.row.body)


@strawberry.type(description="Contents of the creator: chosen by hand, or the newest that match.")
class PageContents:
    row: strawberry.Private[page_blocks.ContentList]
    creator_id: strawberry.Private[int]

    title: str = column("title", description=TITLE)

    @strawberry.field(description="The contents, at most 50.", directives=[_up_to(MOST_AT_ONCE)])
    async def contents(self, info: Info, first: FirstOnes = strawberry.UNSET) -> list[refs.ContentRef]:
        return shapes(await _selected(info, self.creator_id, self.row.selection, first))


@strawberry.type(description="One of several fillings of which one is seen at a time: contents, or blocks.")
class PageTab:
    row: strawberry.Private[page_blocks.Tab]
    creator_id: strawberry.Private[int]

    title: str = column("title", description="What stands on the tab.")

    @strawberry.field(
        description="The contents, at most 50; empty where the tab holds blocks.", directives=[_up_to(MOST_AT_ONCE)]
    )
    async def contents(self, info: Info, first: FirstOnes = strawberry.UNSET) -> list[refs.ContentRef]:
        selection = self.row.selection
        return shapes(await _selected(info, self.creator_id, selection, first)) if selection else []

    @strawberry.field(
        description="The blocks, at most 8 and never tabs again; empty where the tab holds contents.",
        directives=[ONE_PART],
    )
    def blocks(self) -> list["PageBlock"]:
        return shown(self.row.blocks, self.creator_id)


@strawberry.type(description="Contents or blocks behind tabs.")
class PageTabs:
    row: strawberry.Private[page_blocks.Tabs]
    creator_id: strawberry.Private[int]

    title: str = column("title", description=TITLE)

    @strawberry.field(description="The tabs, in order, at most 8.", directives=[ONE_PART])
    def tabs(self) -> list[PageTab]:
        return [PageTab(row=tab, creator_id=self.creator_id) for tab in self.row.tabs]


@strawberry.type(description="The place of the live that runs now, else of the next one.")
class PageLive:
    row: strawberry.Private[page_blocks.LiveSlot]
    creator_id: strawberry.Private[int]

    title: str = column("title", description=TITLE)

    @strawberry.field(description="The live; null while none runs and none is announced.")
    async def content(self, info: Info) -> refs.ContentRef | None:
        return shape(await info.context.load(homepages.lives_of, self.creator_id))  # type: ignore[no-any-return]  # by registration


@strawberry.type(
    description="Products: chosen by hand, or those that the creator's contents lead to, the latest first."
)
class PageProducts:
    row: strawberry.Private[page_blocks.Products]
    creator_id: strawberry.Private[int]

    title: str = column("title", description=TITLE)

    @strawberry.field(description="The products, in order, at most 50.", directives=[_up_to(MOST_AT_ONCE)])
    async def products(self, info: Info, first: FirstOnes = strawberry.UNSET) -> list[refs.ProductRef]:
        most = fields.bounded(first, MOST_AT_ONCE)
        if self.row.recommended is None:
            return shapes(await info.context.load_many(products.by_uids, self.row.products[:most]))
        key = homepages.recommendation_key(self.creator_id, self.row.recommended)
        return shapes((await info.context.load(homepages.recommended, key) or [])[:most])


@strawberry.type(description="The creator's newest questions.")
class PageQuestions:
    row: strawberry.Private[page_blocks.Questions]
    creator_id: strawberry.Private[int]

    title: str = column("title", description=TITLE)

    @strawberry.field(
        description="The questions, at most 50; each is a Qna with its answers.", directives=[_up_to(MOST_AT_ONCE)]
    )
    async def contents(self, info: Info, first: FirstOnes = strawberry.UNSET) -> list[refs.ContentRef]:
        return shapes(await _selected(info, self.creator_id, _questions(self.row), first))


@strawberry.type(description="The places of a ranked list: of one chosen by hand, else of the creator's newest.")
class PageRankedList:
    row: strawberry.Private[page_blocks.RankedList]
    creator_id: strawberry.Private[int]

    title: str = column("title", description=TITLE)

    @strawberry.field(description="The ranked list itself; null while the creator has published none.")
    async def content(self, info: Info) -> refs.ContentRef | None:
        return shape(await self._ranking(info))  # type: ignore[no-any-return]  # a Content by registration

    @strawberry.field(description="Its places from the first down, at most 50.", directives=[_up_to(MOST_AT_ONCE)])
    async def entries(self, info: Info, first: FirstOnes = strawberry.UNSET) -> list[RankedEntry]:
        most = fields.bounded(first, MOST_AT_ONCE)
        ranking = await self._ranking(info)
        details = await shape(ranking).own(info, formats.RankedListDetails) if ranking is not None else None
        places = details.entries[: self.row.limit] if details is not None else ()
        return [RankedEntry(row=entry) for entry in places[:most]]

    async def _ranking(self, info: Info) -> models.Content | None:
        if self.row.content is not None:
            return await content_of(info, self.row.content)
        return next(iter(await _selected(info, self.creator_id, NEWEST_RANKING)), None)


@strawberry.type(description="A picture across the page.")
class PageBanner:
    row: strawberry.Private[page_blocks.Banner]

    title: str = column("title", description="Words on it. May be empty.")
    alternative_text: str = column(
        "alternative_text", description="What it shows, for those who do not see it. May be empty."
    )
    href: str | None = column("href", description="The address that it links to; null if there is none.")

    @strawberry.field(description="The picture.")
    async def image(self, info: Info) -> refs.AssetRef | None:
        return await _asset(info, self.row.image)  # type: ignore[no-any-return]  # an Asset by registration

    @strawberry.field(description="The content that it leads to; null if there is none, or it cannot be seen.")
    async def content(self, info: Info) -> refs.ContentRef | None:
        return shape(await content_of(info, self.row.content))  # type: ignore[no-any-return]  # a Content by registration


@strawberry.type(description="One of several links.")
class PageLink:
    row: strawberry.Private[page_blocks.LinkItem]

    title: str = column("title", description="What stands on it.")
    text: str = column("text", description="A line below. May be empty.")
    href: str | None = column("href", description="The address that it leads to; null where it leads to a content.")

    @strawberry.field(description="The picture on it; null if there is none.")
    async def image(self, info: Info) -> refs.AssetRef | None:
        return await _asset(info, self.row.image)  # type: ignore[no-any-return]  # an Asset by registration

    @strawberry.field(description="The content that it leads to; null where it leads to an address.")
    async def content(self, info: Info) -> refs.ContentRef | None:
        return shape(await content_of(info, self.row.content))  # type: ignore[no-any-return]  # a Content by registration


@strawberry.type(description="Links, side by side.")
class PageLinks:
    row: strawberry.Private[page_blocks.Links]

    title: str = column("title", description=TITLE)

    @strawberry.field(description="The links, in order, at most 30.", directives=[_up_to(page_blocks.MOST_LINKS)])
    def links(self, first: FirstOnes = strawberry.UNSET) -> list[PageLink]:
        most = fields.bounded(first, page_blocks.MOST_LINKS)
        return [PageLink(row=link) for link in self.row.links[:most]]


PageBlock = Annotated[
    PageHero
    | PageRichText
    | PageContents
    | PageTabs
    | PageLive
    | PageProducts
    | PageQuestions
    | PageRankedList
    | PageBanner
    | PageLinks,
    strawberry.union(
        "PageBlock", description="A block of a homepage. The list is open: ignore types that you do not know."
    ),
]

# those that show what belongs to the creator need to know which one
_OWN: dict[type, type] = {
    page_blocks.ContentList: PageContents,
    page_blocks.Tabs: PageTabs,
    page_blocks.LiveSlot: PageLive,
    page_blocks.Products: PageProducts,
    page_blocks.Questions: PageQuestions,
    page_blocks.RankedList: PageRankedList,
}
_PLAIN: dict[type, type] = {
    page_blocks.Hero: PageHero,
    page_blocks.RichText: PageRichText,
    page_blocks.Banner: PageBanner,
    page_blocks.Links: PageLinks,
}


def shown(blocks: Sequence[page_blocks.PageBlock], creator_id: int) -> list[Any]:
    """The blocks as the objects that show them."""
    return [
        _OWN[type(block)](row=block, creator_id=creator_id) if type(block) in _OWN else _PLAIN[type(block)](row=block)
        for block in blocks
    ]
