"""The eight formats: each the Content interface with its own part."""

from collections.abc import Sequence
from typing import Any, cast

import strawberry

import models
from api.graphql import refs
from api.graphql.answers import AnsweredQuestion
from api.graphql.assets import address
from api.graphql.bodies import asset_of, product_of
from api.graphql.contents import Content
from api.graphql.context import Info
from api.graphql.directives import at_most
from api.graphql.fields import column, one
from api.graphql.rows import shape
from models import blocks, formats
from services import assets, contents
from services.bodies import extent, headings


@strawberry.type(description="A heading of the body, for a table of contents.")
class TocEntry:
    row: strawberry.Private[blocks.Heading]

    level: int = column("level", description="From 1, the highest, to 6.")
    text: str = column("text", description="The words of the heading.")


@strawberry.type(description="A text to read.")
class Article(Content):
    @strawberry.field(description="How many words it has; each Chinese character counts as one.")
    async def word_count(self, info: Info) -> int:
        return extent((await self.parts(info))[0]).words

    @strawberry.field(description="How many minutes it takes to read, rounded up.")
    async def reading_minutes(self, info: Info) -> int:
        return extent((await self.parts(info))[0]).minutes

    @strawberry.field(description="Its headings, in order: at most 2,000.")
    async def table_of_contents(self, info: Info) -> list[TocEntry]:
        return [TocEntry(row=heading) for heading in headings((await self.parts(info))[0])]


@strawberry.type(description="A question with answers.")
class Qna(Content, AnsweredQuestion):
    @strawberry.field(description="What is asked, at length. May be empty: then the title is the question.")
    async def question(self, info: Info) -> str:
        own = await self.own(info, formats.QnaDetails)
        return own.question if own else ""


@strawberry.type(description="What happens at a point of a live.")
class RunningOrderItem:
    row: strawberry.Private[formats.RunningOrderItem]

    title: str = column("title", description="What happens.")
    at_ms: int | None = column("at_ms", description="When, in milliseconds from the start; null if not yet set.")

    @strawberry.field(description="The product that is shown then; null if there is none.")
    async def product(self, info: Info) -> refs.ProductRef | None:
        return await product_of(info, self.row.product)  # type: ignore[no-any-return]  # a Product by registration


@strawberry.type(description="A live room.")
class Live(Content):
    room: refs.LiveRoomRef | None = one(
        contents.live_rooms, key="id", description="Its state and times; null if unknown."
    )

    @strawberry.field(description="What happens when, with the products that are shown.", directives=[at_most(500)])
    async def running_order(self, info: Info) -> list[RunningOrderItem]:
        own = await self.own(info, formats.LiveDetails)
        return [RunningOrderItem(row=item) for item in (own.running_order if own else ())]


@strawberry.type(description="A product at a point of a picture.")
class Anchor:
    row: strawberry.Private[formats.Anchor]

    x: float = column("x", description="From the left, as a share of the width: 0 to 1.")
    y: float = column("y", description="From the top, as a share of the height: 0 to 1.")
    label: str = column("label", description="What stands beside it. May be empty.")

    @strawberry.field(description="The product; null if it is gone.")
    async def product(self, info: Info) -> refs.ProductRef | None:
        return await product_of(info, self.row.product)  # type: ignore[no-any-return]  # a Product by registration


def _anchors(anchors: Sequence[formats.Anchor]) -> list[Anchor]:
    return [Anchor(row=anchor) for anchor in anchors]


@strawberry.type(description="A picture of a gallery.")
class GalleryPicture:
    row: strawberry.Private[formats.Picture]

    caption: str = column("caption", description="What stands below it. May be empty.")
    alternative_text: str = column("alternative_text", description="What it shows, for those who do not see it.")
    # the size of `Gallery.pictures` is that of all anchors of a gallery too
    anchors: list[Anchor] = column("anchors", convert=_anchors, size=at_most(1), description="The products in it.")

    @strawberry.field(description="The file; null if it is gone.")
    async def asset(self, info: Info) -> refs.AssetRef | None:
        return await asset_of(info, self.row.asset)  # type: ignore[no-any-return]  # an Asset by registration


@strawberry.type(description="Pictures in order, with products in them.")
class Gallery(Content):
    @strawberry.field(
        description="The pictures, in order: at most 200, with at most 200 anchors in all.", directives=[at_most(200)]
    )
    async def pictures(self, info: Info) -> list[GalleryPicture]:
        own = await self.own(info, formats.GalleryDetails)
        return [GalleryPicture(row=picture) for picture in (own.pictures if own else ())]


@strawberry.type(description="A named point of a film.")
class Chapter:
    row: strawberry.Private[formats.Chapter]

    at_ms: int = column("at_ms", description="Where it starts, in milliseconds.")
    title: str = column("title", description="What it is about.")


@strawberry.type(description="The words of a film as text in one language.")
class Subtitles:
    row: strawberry.Private[formats.Subtitles]
    file: strawberry.Private[models.Asset | None]

    language: str = column("language", description="The language of the text.")

    @strawberry.field(description="The file; null where it lies elsewhere.")
    def asset(self) -> refs.AssetRef | None:
        return shape(self.file)  # type: ignore[no-any-return]  # an Asset by registration

    @strawberry.field(description="Where the file can be fetched, wherever it lies.")
    def url(self, info: Info) -> str:
        at = address(self.file, info.context) if self.file else self.row.url
        assert at is not None, "subtitles have a file or an address"
        return at


@strawberry.type(description="A product that is in the picture for a time.")
class TimedProduct:
    row: strawberry.Private[formats.TimedProduct]

    from_ms: int = column("from_ms", description="From when, in milliseconds.")
    to_ms: int | None = column("to_ms", description="Until when, in milliseconds; null for the rest of the film.")

    @strawberry.field(description="The product; null if it is gone.")
    async def product(self, info: Info) -> refs.ProductRef | None:
        return await product_of(info, self.row.product)  # type: ignore[no-any-return]  # a Product by registration


@strawberry.type(description="A short film.")
class ShortVideo(Content):
    async def film(self, info: Info) -> formats.ShortVideoDetails:
        return await self.own(info, formats.ShortVideoDetails) or formats.ShortVideoDetails()

    @strawberry.field(description="The film with its duration and size; null where an import could not bring it.")
    async def video(self, info: Info) -> refs.AssetRef | None:
        return await asset_of(info, (await self.film(info)).video)  # type: ignore[no-any-return]  # an Asset by registration

    @strawberry.field(description="Where it plays elsewhere; null if it does not.")
    async def video_url(self, info: Info) -> str | None:
        return (await self.film(info)).video_url

    @strawberry.field(description="Its named points, in order: at most 200.")
    async def chapters(self, info: Info) -> list[Chapter]:
        return [Chapter(row=chapter) for chapter in (await self.film(info)).chapters]

    @strawberry.field(
        description="Its words as text, by language: at most 50. Those whose file is gone are left out.",
        directives=[at_most(50)],
    )
    async def subtitles(self, info: Info) -> list[Subtitles]:
        said = (await self.film(info)).subtitles
        found = await info.context.load_many(assets.by_uids, [one.asset for one in said if one.asset])
        files = {file.uid: file for file in found if file}
        return [Subtitles(row=one, file=files.get(one.asset)) for one in said if one.url or one.asset in files]

    @strawberry.field(description="The products in it, with the time when they are seen.", directives=[at_most(200)])
    async def timed_products(self, info: Info) -> list[TimedProduct]:
        return [TimedProduct(row=timed) for timed in (await self.film(info)).products]


@strawberry.type(description="A place on a ranked list: a product or a content.")
class RankedEntry:
    row: strawberry.Private[formats.RankedEntry]

    rank: int = column("rank", description="The place, from 1.")
    reason: str = column("reason", description="Why it stands there. May be empty.")

    @strawberry.field(description="The product at this place; null if a content stands there, or it is gone.")
    async def product(self, info: Info) -> refs.ProductRef | None:
        return await product_of(info, self.row.product)  # type: ignore[no-any-return]  # a Product by registration

    @strawberry.field(description="The content at this place; null if a product stands there, or it cannot be seen.")
    async def content(self, info: Info) -> refs.ContentRef | None:
        uid = self.row.content
        found = None if uid is None else await info.context.load(contents.by_uids, uid)
        return shape(found)  # type: ignore[no-any-return]  # a Content by registration


@strawberry.type(description="Products or contents in an order, with reasons.")
class RankedList(Content):
    async def ranking(self, info: Info) -> formats.RankedListDetails:
        return await self.own(info, formats.RankedListDetails) or formats.RankedListDetails()

    @strawberry.field(description="What the order follows. May be empty.")
    async def criteria(self, info: Info) -> str:
        return (await self.ranking(info)).criteria

    @strawberry.field(description="The places, from the first down.", directives=[at_most(200)])
    async def entries(self, info: Info) -> list[RankedEntry]:
        return [RankedEntry(row=entry) for entry in (await self.ranking(info)).entries]


@strawberry.type(description="A note on exactly one product.")
class ItemNote(Content):
    async def note(self, info: Info) -> formats.ItemNoteDetails | None:
        return await self.own(info, formats.ItemNoteDetails)

    @strawberry.field(description="The product; null if it is gone.")
    async def product(self, info: Info) -> refs.ProductRef | None:
        note = await self.note(info)
        return await product_of(info, note.product if note else None)  # type: ignore[no-any-return]  # a Product by registration

    @strawberry.field(description="What is good about it, in short.")
    async def highlights(self, info: Info) -> list[str]:
        note = await self.note(info)
        return list(note.highlights) if note else []

    @strawberry.field(description="What the author thinks in the end. May be empty.")
    async def verdict(self, info: Info) -> str:
        note = await self.note(info)
        return note.verdict if note else ""


@strawberry.type(description="One of the things that go together.")
class Piece:
    row: strawberry.Private[formats.Piece]

    note: str = column("note", description="What the author says of it. May be empty.")

    @strawberry.field(description="The product; null if it is gone.")
    async def product(self, info: Info) -> refs.ProductRef | None:
        return await product_of(info, self.row.product)  # type: ignore[no-any-return]  # a Product by registration


@strawberry.type(description="Products that go together, in one scene.")
class Collocation(Content):
    async def scenery(self, info: Info) -> formats.CollocationDetails:
        return await self.own(info, formats.CollocationDetails) or formats.CollocationDetails()

    @strawberry.field(description="The picture of the scene; null where there is none.")
    async def scene(self, info: Info) -> refs.AssetRef | None:
        return await asset_of(info, (await self.scenery(info)).scene)  # type: ignore[no-any-return]  # an Asset by registration

    @strawberry.field(description="Where in the scene the products are.", directives=[at_most(50)])
    async def anchors(self, info: Info) -> list[Anchor]:
        return _anchors((await self.scenery(info)).anchors)

    @strawberry.field(description="The things that go together, in order.", directives=[at_most(50)])
    async def pieces(self, info: Info) -> list[Piece]:
        return [Piece(row=piece) for piece in (await self.scenery(info)).pieces]


TYPES = cast(
    "dict[models.Format, Any]",
    {
        models.Format.ARTICLE: Article,
        models.Format.QNA: Qna,
        models.Format.LIVE: Live,
        models.Format.GALLERY: Gallery,
        models.Format.SHORT_VIDEO: ShortVideo,
        models.Format.RANKED_LIST: RankedList,
        models.Format.ITEM_NOTE: ItemNote,
        models.Format.COLLOCATION: Collocation,
    },
)
