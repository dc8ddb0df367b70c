"""What an author sends, as the schema has it: drafts with their blocks, details and times."""

from datetime import datetime
from typing import Annotated, Any, TypeVar

import strawberry

import models
from api.graphql.bodies import Mark

Input = TypeVar("Input")

Sent = Annotated[Input, strawberry.argument(description="What to do.")]
"""The one argument of a mutation: `input: Sent[PublishContentInput]`."""


def given(description: str, **how: Any) -> Any:
    """A field that may be left out."""
    return strawberry.field(default=strawberry.UNSET, description=description, **how)


def needed(description: str) -> Any:
    return strawberry.field(description=description)


def idempotency() -> Any:
    """The key that every mutation takes."""
    return given(
        "A text of yours, such as a UUID, that names this request: sent again with the same input it is not done again, and "
        "answers the same. Remembered for 48 hours; a refusal is not."
    )


def ref(type_name: str, stored_as: str, description: str, *, optional: bool = False) -> Any:
    """The id of an object, stored as its uid under another name."""
    metadata = {"id_of": type_name, "stored_as": stored_as}
    if optional:
        return strawberry.field(default=strawberry.UNSET, description=description, metadata=metadata)
    return strawberry.field(description=description, metadata=metadata)


@strawberry.input(description="A run of text that is marked in the same way.")
class TextSpanInput:
    text: str = needed("The words.")
    marks: list[Mark] | None = given("How it is set.")
    href: str | None = given("Where it links to: http, https or mailto.")


@strawberry.input(description="A paragraph of text.")
class ParagraphInput:
    spans: list[TextSpanInput] = needed("Its text, run by run.")


@strawberry.input(description="A heading within the body.")
class HeadingInput:
    level: int = needed("From 1, the highest, to 6.")
    text: str = needed("The words of the heading.")


@strawberry.input(description="A picture.")
class ImageInput:
    asset_id: strawberry.ID = ref("Asset", "asset", "The file.")
    caption: str | None = given("What stands below it.")
    alternative_text: str | None = given("What it shows, for those who do not see it.")


@strawberry.input(description="Several pictures that belong together.")
class GalleryBlockInput:
    images: list[ImageInput] = needed("The pictures, in order: 1 to 100.")


@strawberry.input(description="A film.")
class VideoInput:
    asset_id: strawberry.ID = ref("Asset", "asset", "The file.")
    caption: str | None = given("What stands below it.")


@strawberry.input(description="A product that is recommended at this place.")
class ProductBlockInput:
    product_id: strawberry.ID = ref("Product", "product", "The product.")
    note: str | None = given("What the author says of it.")


@strawberry.input(description="Somebody's words.")
class QuoteInput:
    spans: list[TextSpanInput] = needed("What was said, run by run.")
    source: str | None = given("Who said it, or where.")


@strawberry.input(description="A list of points.")
class ListInput:
    ordered: bool | None = given("Whether the points are numbered.")
    items: list[list[TextSpanInput]] = needed("The points, each run by run: 1 to 500.")


@strawberry.input(description="A table of texts.")
class TableInput:
    header: list[str] | None = given("The names of the columns.")
    rows: list[list[str]] = needed("The cells, row by row: at most 500 rows.")


@strawberry.input(description="Text to be shown exactly as it stands.")
class CodeInput:
    language: str | None = given("The language it is written in, such as python.")
    text: str = needed("The text, line breaks and all.")


@strawberry.input(description="A line between two parts.")
class DividerInput:
    divides: bool = strawberry.field(
        default=True, description="Always true; an input needs a field.", metadata={"is_only_sent": True}
    )


@strawberry.input(description="Something from elsewhere.")
class EmbedInput:
    url: str = needed("Where it lives.")
    title: str | None = given("What it is called.")


@strawberry.input(one_of=True, description="A part of a body: exactly one of these.")
class BlockInput:
    paragraph: ParagraphInput | None = given("A paragraph of text.")
    heading: HeadingInput | None = given("A heading.")
    image: ImageInput | None = given("A picture.")
    gallery: GalleryBlockInput | None = given("Several pictures.")
    video: VideoInput | None = given("A film.")
    product: ProductBlockInput | None = given("A product.")
    quote: QuoteInput | None = given("Somebody's words.")
    list: ListInput | None = given("A list of points.")
    table: TableInput | None = given("A table of texts.")
    code: CodeInput | None = given("Text as it stands.")
    divider: DividerInput | None = given("A line between two parts.")
    embed: EmbedInput | None = given("Something from elsewhere.")


@strawberry.input(description="A product at a point of a picture.")
class AnchorInput:
    product_id: strawberry.ID = ref("Product", "product", "The product.")
    x: float = needed("From the left, as a share of the width: 0 to 1.")
    y: float = needed("From the top, as a share of the height: 0 to 1.")
    label: str | None = given("What stands beside it.")


@strawberry.input(description="The own part of a question.")
class QnaInput:
    question: str = needed("What is asked, at length. May be empty: then the title is the question.")


@strawberry.input(description="What happens at a point of a live.")
class RunningOrderItemInput:
    title: str = needed("What happens.")
    at_ms: int | None = given("When, in milliseconds from the start.")
    product_id: strawberry.ID | None = ref("Product", "product", "The product that is shown then.", optional=True)


@strawberry.input(description="The own part of a live.")
class LiveInput:
    running_order: list[RunningOrderItemInput] = needed("What happens when: at most 500 points.")


@strawberry.input(description="A picture of a gallery.")
class GalleryPictureInput:
    asset_id: strawberry.ID = ref("Asset", "asset", "The file.")
    caption: str | None = given("What stands below it.")
    alternative_text: str | None = given("What it shows, for those who do not see it.")
    anchors: list[AnchorInput] | None = given("The products in it: at most 50.")


@strawberry.input(description="The own part of a gallery.")
class GalleryInput:
    pictures: list[GalleryPictureInput] = needed("The pictures, in order: at most 200.")


@strawberry.input(description="A named point of a film.")
class ChapterInput:
    at_ms: int = needed("Where it starts, in milliseconds.")
    title: str = needed("What it is about.")


@strawberry.input(description="The words of a film as text in one language: either an asset or an address.")
class SubtitlesInput:
    language: str = needed("The language of the text.")
    url: str | None = given("Where a file that lies elsewhere can be fetched.")
    asset_id: strawberry.ID | None = ref("Asset", "asset", "The file, as WebVTT or SubRip.", optional=True)


@strawberry.input(description="A product that is in the picture for a time.")
class TimedProductInput:
    product_id: strawberry.ID = ref("Product", "product", "The product.")
    from_ms: int = needed("From when, in milliseconds.")
    to_ms: int | None = given("Until when, in milliseconds.")


@strawberry.input(description="The own part of a short film.")
class ShortVideoInput:
    video_id: strawberry.ID | None = ref("Asset", "video", "The film.", optional=True)
    video_url: str | None = given("Where it plays elsewhere.")
    chapters: list[ChapterInput] | None = given("Its named points, in order.")
    subtitles: list[SubtitlesInput] | None = given("Its words as text.")
    products: list[TimedProductInput] | None = given("The products in it.")


@strawberry.input(description="A place on a ranked list: either a product or a content.")
class RankedEntryInput:
    rank: int = needed("The place, from 1.")
    product_id: strawberry.ID | None = ref("Product", "product", "The product at this place.", optional=True)
    content_id: strawberry.ID | None = ref("Content", "content", "The content at this place.", optional=True)
    reason: str | None = given("Why it stands there.")


@strawberry.input(description="The own part of a ranked list.")
class RankedListInput:
    criteria: str | None = given("What the order follows.")
    entries: list[RankedEntryInput] = needed("The places in order, each rank once: at most 200.")


@strawberry.input(description="The own part of a note on one product.")
class ItemNoteInput:
    product_id: strawberry.ID = ref("Product", "product", "The product.")
    highlights: list[str] | None = given("What is good about it, in short: at most 20.")
    verdict: str | None = given("What the author thinks in the end.")


@strawberry.input(description="One of the things that go together.")
class PieceInput:
    product_id: strawberry.ID = ref("Product", "product", "The product.")
    note: str | None = given("What the author says of it.")


@strawberry.input(description="The own part of a collocation.")
class CollocationInput:
    scene_id: strawberry.ID | None = ref("Asset", "scene", "The picture of the scene.", optional=True)
    anchors: list[AnchorInput] | None = given("Where in the scene the products are: at most 50.")
    pieces: list[PieceInput] = needed("The things that go together, in order: at most 50.")


@strawberry.input(
    one_of=True, description="What the format has of its own: exactly one, and that of the draft's format."
)
class DetailsInput:
    qna: QnaInput | None = given("Of a question.")
    live: LiveInput | None = given("Of a live.")
    gallery: GalleryInput | None = given("Of a gallery.")
    short_video: ShortVideoInput | None = given("Of a short film.")
    ranked_list: RankedListInput | None = given("Of a ranked list.")
    item_note: ItemNoteInput | None = given("Of a note on one product.")
    collocation: CollocationInput | None = given("Of a collocation.")


@strawberry.input(description="An answer to a question on the forms of channels.")
class FormEntryInput:
    name: str = needed("What is asked, as packs name it: such as subject, owner_line or push_line.")
    value: str = needed("The answer: at most 2,000 characters.")


@strawberry.input(description="A version of a content, whole: what is left out is empty.")
class DraftInput:
    format: models.Format = needed("Its form. It cannot change later.")
    title: str = needed("What a reader sees first: 1 to 500 characters in one line.")
    summary: str | None = given("What it is about, in short.")
    body: list[BlockInput] | None = given("Its text as blocks, in order: at most 2,000.")
    markdown: str | None = given(
        "Its text as CommonMark with tables, in place of `body`: at most 100,000 characters, without pictures."
    )
    details: DetailsInput | None = given("What its format has of its own. An article has nothing.")
    form: list[FormEntryInput] | None = given(
        "What the forms of channels ask beyond the format, each name once: at most 40."
    )
    cover_ids: list[strawberry.ID] | None = ref("Asset", "covers", "Its cover pictures: at most 20.", optional=True)
    product_ids: list[strawberry.ID] | None = ref(
        "Product", "products", "Products it leads to, besides those in the body: at most 200.", optional=True
    )
    tags: list[str] | None = given("Its tags in order, each taxonomy:code.")
    is_original: bool | None = given("Whether the author says that it is their own work.")


@strawberry.input(description="The times and addresses of a live.")
class LiveRoomInput:
    starts_at: datetime = needed("When it is to start.")
    stream_url: str | None = given("Where it can be watched while it runs.")
    replay_url: str | None = given("Where it can be watched again.")
