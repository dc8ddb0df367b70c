"""The shapes in which a channel is given a content: texts, pictures, hashtags, links, products, disclosure."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from services.channels.rules.base import FieldPath
from services.channels.rules.ratios import Ratio
from services.channels.terms import Code, Count, Localised, Part, Positive, Source, Unit

Markup = Literal["html", "markdown", "chat_html", "mrkdwn"]
CardPart = Literal["price", "shop", "brand", "picture", "link", "reason"]


class TextShape(Part):
    """How a text is put together and shortened, in the unit that the channel counts and, with `max_bytes`, in UTF-8 too.

    `format` is what the channel reads: "plain"; "html"; "markdown"; "chat_html" (tags within a line only, empty lines between
    paragraphs); "mrkdwn" (*bold*, _italic_, <address|words>). Of markup `counted` says what the limit is of: the "whole" text,
    or the "words" that are seen. `separator` stands between the parts of plain text. `unit_stated` is false where the source
    of `max` gives a number without a unit.
    """

    fields: tuple[FieldPath | Literal["link", "hashtags", "disclosure"], ...] = Field(min_length=1)
    format: Literal["plain"] | Markup = "plain"
    separator: str = "\n\n"
    max: Positive | None = None
    unit: Unit = "graphemes"
    unit_stated: bool = True
    counted: Literal["whole", "words"] = "whole"
    max_bytes: Positive | None = None
    ellipsis: str = "…"
    source: Source | None = None

    @model_validator(mode="after")
    def _has_a_limit_of_its_own(self) -> Self:
        if self.max_bytes is not None and self.max is None:
            raise ValueError('max_bytes goes with `max`; for bytes alone give `max` with unit = "bytes"')
        return self

    @model_validator(mode="after")
    def _counts_words_of_markup(self) -> Self:
        if self.counted == "words" and self.format == "plain":
            raise ValueError(
                'counted = "words" tells the words of markup from the whole: name the format, or leave it out'
            )
        return self


class PictureShape(Part):
    """Which pictures go along: taken in order from these places, the nearest to the first ratio leading.

    Each is given in the first of the ratios that it has, else in the first of all, `width` pixels wide: filled and cut around
    its focal point (`cover`), or whole within that size (`inside`); without ratios as it is. `format` is what it is written
    as; "auto" leaves it to whoever fetches it.
    """

    from_: tuple[Literal["covers", "pictures", "products"], ...] = Field(default=("covers", "pictures"), alias="from")
    ratios: tuple[Ratio, ...] = ()
    max: Count = 1
    width: Annotated[int, Field(ge=16, le=4_096)] = 1_080
    fit: Literal["cover", "inside"] = "cover"
    format: Literal["auto", "avif", "jpeg", "png", "webp"] = "auto"
    source: Source | None = None


class Hashtags(Part):
    """Labels of tags as words; one of more than `max_length` graphemes is left out."""

    taxonomies: tuple[Code, ...] = Field(min_length=1)
    max: Positive
    max_length: Positive | None = None
    source: Source | None = None
    style: Literal["hash", "hash_pair", "plain"] = "hash"


class LinkShape(Part):
    params: dict[str, str] = Field(default_factory=dict)


class ProductShape(Part):
    """The cards of products: how many, how long their titles may be, and what else stands on them. Their pictures are cut to
    `ratio`, 1,080 pixels wide, and without one go as they are.
    """

    max: Count
    title_max: Positive | None = None
    title_unit: Unit = "graphemes"
    ellipsis: str = "…"
    ratio: Ratio | None = None
    parts: tuple[CardPart, ...] = ("price", "shop", "brand", "picture", "link", "reason")
    source: Source | None = None


class Disclosure(Part):
    when: Literal["products", "always"] = "products"
    text: Localised


class Rendering(Part):
    """What the channel is given of a content."""

    title: TextShape | None = None
    summary: TextShape | None = None
    text: TextShape | None = None
    picture: PictureShape | None = None
    hashtags: Hashtags | None = None
    link: LinkShape | None = None
    products: ProductShape | None = None
    disclosure: Disclosure | None = None
    source: Source | None = None

    @model_validator(mode="after")
    def _has_markup_in_the_text_alone(self) -> Self:
        marked = [name for name in ("title", "summary") if (shape := getattr(self, name)) and shape.format != "plain"]
        if marked:
            raise ValueError(f"only the text has markup, so {marked[0]} has the format plain")
        return self
