"""The blocks that a body is made of, as typed objects; and the body as HTML, Markdown and text."""

import enum
from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID

import strawberry

from api.graphql import refs
from api.graphql.assets import address
from api.graphql.context import Info
from api.graphql.directives import at_most
from api.graphql.fields import column
from api.graphql.rows import shape
from api.graphql.words import described
from models import blocks
from services import assets, bodies, products


class Mark(enum.StrEnum):
    STRONG = "strong"
    EM = "em"
    CODE = "code"
    STRIKE = "strike"


described(
    Mark,
    "How a run of text is set apart.",
    {"STRONG": "Important.", "EM": "Emphasised.", "CODE": "Typed as in a program.", "STRIKE": "Struck out."},
    name="TextMark",
)


@strawberry.type(description="A run of text that is marked in the same way.")
class TextSpan:
    row: strawberry.Private[blocks.Span]

    text: str = column("text", description="The words.")
    marks: list[Mark] = column(
        "marks", convert=lambda marks: [Mark(mark) for mark in marks], description="How it is set."
    )
    href: str | None = column("href", description="Where it links to: http, https or mailto.")


def _spans(spans: Sequence[blocks.Span]) -> list[TextSpan]:
    return [TextSpan(row=span) for span in spans]


async def asset_of(info: Info, uid: UUID | None) -> Any:
    """The asset with this uid, as the object that shows it; null when it is gone."""
    return None if uid is None else shape(await info.context.load(assets.by_uids, uid))


async def product_of(info: Info, uid: UUID | None) -> Any:
    return None if uid is None else shape(await info.context.load(products.by_uids, uid))


@strawberry.type(description="A paragraph of text.")
class ParagraphBlock:
    row: strawberry.Private[blocks.Paragraph]

    spans: list[TextSpan] = column("spans", convert=_spans, description="Its text, run by run.")


@strawberry.type(description="A heading within the body.")
class HeadingBlock:
    row: strawberry.Private[blocks.Heading]

    level: int = column("level", description="From 1, the highest, to 6.")
    text: str = column("text", description="The words of the heading.")


@strawberry.type(description="A picture.")
class ImageBlock:
    row: strawberry.Private[blocks.Image]

    caption: str = column("caption", description="What stands below it. May be empty.")
    alternative_text: str = column("alternative_text", description="What it shows, for those who do not see it.")

    @strawberry.field(description="The file; null if it is gone.")
    async def asset(self, info: Info) -> refs.AssetRef | None:
        return await asset_of(info, self.row.asset)  # type: ignore[no-any-return]  # an Asset by registration


def _images(images: Sequence[blocks.Image]) -> list[ImageBlock]:
    return [ImageBlock(row=image) for image in images]


@strawberry.type(description="Several pictures that belong together.")
class GalleryBlock:
    row: strawberry.Private[blocks.GalleryBlock]

    # the size of `Body.blocks` counts these pictures too
    images: list[ImageBlock] = column("images", convert=_images, size=at_most(1), description="The pictures, in order.")


@strawberry.type(description="A film.")
class VideoBlock:
    row: strawberry.Private[blocks.Video]

    caption: str = column("caption", description="What stands below it. May be empty.")

    @strawberry.field(description="The file; null if it is gone.")
    async def asset(self, info: Info) -> refs.AssetRef | None:
        return await asset_of(info, self.row.asset)  # type: ignore[no-any-return]  # an Asset by registration


@strawberry.type(description="A product that is recommended at this place.")
class ProductBlock:
    row: strawberry.Private[blocks.ProductBlock]

    note: str = column("note", description="What the author says of it. May be empty.")

    @strawberry.field(description="The product; null if it is gone.")
    async def product(self, info: Info) -> refs.ProductRef | None:
        return await product_of(info, self.row.product)  # type: ignore[no-any-return]  # a Product by registration


@strawberry.type(description="Somebody's words.")
class QuoteBlock:
    row: strawberry.Private[blocks.Quote]

    spans: list[TextSpan] = column("spans", convert=_spans, description="What was said, run by run.")
    source: str = column("source", description="Who said it, or where. May be empty.")


@strawberry.type(description="One point of a list.")
class ListItem:
    row: strawberry.Private[tuple[blocks.Span, ...]]

    @strawberry.field(description="Its text, run by run.")
    def spans(self) -> list[TextSpan]:
        return _spans(self.row)


def _items(items: Sequence[tuple[blocks.Span, ...]]) -> list[ListItem]:
    return [ListItem(row=item) for item in items]


@strawberry.type(description="A list of points.")
class ListBlock:
    row: strawberry.Private[blocks.ListBlock]

    ordered: bool = column("ordered", description="Whether the points are numbered.")
    items: list[ListItem] = column("items", convert=_items, description="The points, in order: at most 500.")


def _rows(rows: Sequence[Sequence[str]]) -> list[list[str]]:
    return [list(row) for row in rows]


@strawberry.type(description="A table of texts.")
class TableBlock:
    row: strawberry.Private[blocks.Table]

    header: list[str] = column("header", convert=list, description="The names of the columns. May be empty.")
    rows: list[list[str]] = column("rows", convert=_rows, description="The cells, row by row.")


@strawberry.type(description="Text to be shown exactly as it stands, such as a program.")
class CodeBlock:
    row: strawberry.Private[blocks.Code]

    language: str = column("language", description="The language it is written in, such as python. May be empty.")
    text: str = column("text", description="The text, line breaks and all.")


@strawberry.type(description="A line between two parts.")
class DividerBlock:
    row: strawberry.Private[blocks.Divider]

    @strawberry.field(description="Always true; a type needs a field.")
    def divides(self) -> bool:
        return True


@strawberry.type(
    description="Something from elsewhere, given as a link: whether to frame it is the frontend's decision."
)
class EmbedBlock:
    row: strawberry.Private[blocks.Embed]

    url: str = column("url", description="Where it lives.")
    title: str = column("title", description="What it is called. May be empty.")


Block = Annotated[
    ParagraphBlock
    | HeadingBlock
    | ImageBlock
    | GalleryBlock
    | VideoBlock
    | ProductBlock
    | QuoteBlock
    | ListBlock
    | TableBlock
    | CodeBlock
    | DividerBlock
    | EmbedBlock,
    strawberry.union("Block", description="A part of a body. The list is open: ignore types that you do not know."),
]

_SHOWN: dict[type, type] = {
    blocks.Paragraph: ParagraphBlock,
    blocks.Heading: HeadingBlock,
    blocks.Image: ImageBlock,
    blocks.GalleryBlock: GalleryBlock,
    blocks.Video: VideoBlock,
    blocks.ProductBlock: ProductBlock,
    blocks.Quote: QuoteBlock,
    blocks.ListBlock: ListBlock,
    blocks.Table: TableBlock,
    blocks.Code: CodeBlock,
    blocks.Divider: DividerBlock,
    blocks.Embed: EmbedBlock,
}


def shown(body: tuple[blocks.Block, ...]) -> list[Any]:
    """The blocks as the objects that show them."""
    return [_SHOWN[type(block)](row=block) for block in body]


@strawberry.type(description="A text with structure: as typed blocks, or whole as HTML, Markdown or plain text.")
class Body:
    body: strawberry.Private[tuple[blocks.Block, ...]]

    @strawberry.field(
        description="Its blocks, in order: at most 2,000, and at most 500 of them, each picture of a gallery counted, show a"
        " file or a product.",
        directives=[at_most(blocks.MOST_SHOWN)],
    )
    def blocks(self) -> list[Block]:
        return shown(self.body)

    @strawberry.field(
        description="The body as safe HTML: escaped, links marked as written by users. Headings start at h2."
    )
    async def html(self, info: Info) -> str:
        files, goods = await _addresses(info, self.body)
        return bodies.html(self.body, asset=files.get, product=goods.get)

    @strawberry.field(description="The body as CommonMark with tables.")
    async def markdown(self, info: Info) -> str:
        files, goods = await _addresses(info, self.body)
        return bodies.markdown(self.body, asset=files.get, product=goods.get)

    @strawberry.field(description="The body as plain text, paragraphs with an empty line between.")
    def text(self) -> str:
        return bodies.text(self.body)


async def _addresses(info: Info, body: tuple[blocks.Block, ...]) -> tuple[dict[str, str], dict[str, str]]:
    """Where the files and products that a body names are found, by uid."""
    files = await info.context.load_many(assets.by_uids, [uid for _, uid in blocks.asset_uids(body)])
    goods = await info.context.load_many(products.by_uids, blocks.product_uids(body))
    return (
        {str(asset.uid): address(asset, info.context) for asset in files if asset},
        {str(product.uid): product.url for product in goods if product and product.url},
    )
