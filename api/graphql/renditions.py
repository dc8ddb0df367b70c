"""Renditions of assets: addresses of sizes, crops and formats, and what sizes there are to choose from."""

import enum
from typing import Annotated
from urllib.parse import quote

import strawberry

import models
from api.graphql.context import Context, Info
from api.graphql.directives import at_most
from api.graphql.fields import bounded
from api.graphql.words import described
from services.assets import renditions, signing, sizes
from services.channels.rendering import RenderedPicture
from services.media.recipes import MEDIA_TYPES, Fit, Format

described(
    Fit,
    "How a picture comes to have the size that is asked for.",
    {
        "COVER": "It fills exactly this size: what is over is cut off, around the focal point or else what draws the eye,"
        " and a smaller picture is made larger.",
        "INSIDE": "It is as large as fits into this size, whole, and never larger than it is.",
    },
    name="RenditionFit",
)


class RenditionFormat(enum.StrEnum):
    """A format, or the choice of the client."""

    AUTO = "auto"
    AVIF = Format.AVIF.value
    JPEG = Format.JPEG.value
    MP4 = Format.MP4.value
    PNG = Format.PNG.value
    WEBP = Format.WEBP.value

    @property
    def chosen(self) -> Format | None:
        """The format; None where `Accept` decides."""
        return None if self is RenditionFormat.AUTO else Format(self.value)


described(
    RenditionFormat,
    "What a rendition is written as.",
    {
        "AUTO": "AVIF, WebP, or else JPEG or PNG: the first of them that the client names in `Accept`.",
        "AVIF": "AVIF: the smallest, and the slowest to make.",
        "JPEG": "JPEG, which everything can show; what is transparent becomes white.",
        "MP4": "Of films: the first five seconds, moving, without sound. Only INSIDE.",
        "PNG": "PNG: without loss, and large.",
        "WEBP": "WebP.",
    },
)


@strawberry.type(description="An asset in a size and a format. It is made when its address is first asked for.")
class AssetRendition:
    url: str = strawberry.field(description="Where it can be fetched, by whoever may see the asset.")
    width: int = strawberry.field(description="Width in pixels.")
    height: int = strawberry.field(description="Height in pixels.")
    media_type: str | None = strawberry.field(
        description="The media type; null for AUTO, where the client's `Accept` decides."
    )


@strawberry.type(description="A size in which renditions are offered, and what for.")
class RenditionSize:
    width: int = strawberry.field(description="Width in pixels.")
    height: int = strawberry.field(description="Height in pixels.")
    reasons: list[str] = strawberry.field(
        description='What asks for it: a channel, such as "weitao.article covers", or a part of a page.'
    )


Width = Annotated[int, strawberry.argument(description="Width in pixels; with the height one of `renditionSizes`.")]
Height = Annotated[int, strawberry.argument(description="Height in pixels.")]
FitTo = Annotated[Fit, strawberry.argument(description="How it comes to have this size.")]
WrittenAs = Annotated[RenditionFormat, strawberry.argument(description="What it is written as.")]
FirstOnes = Annotated[
    int | None, strawberry.argument(description="Only the first so many, from 1; all of them without it.")
]
Minutes = Annotated[int, strawberry.argument(description="How long the address leads there: 1 to 10,080, a week.")]
SomeWidth = Annotated[
    int | None,
    strawberry.argument(description="The width of a rendition, with a height; without both the file itself."),
]
SomeHeight = Annotated[int | None, strawberry.argument(description="The height of a rendition, with a width.")]


@strawberry.type(description="What has renditions.")
class Rendered:
    row: strawberry.Private[models.Asset]

    @strawberry.field(
        description="The picture, or a still of the film, in a size that is offered; SIZE_NOT_OFFERED names the nearest"
        " ones. Null for sound, for subtitles, and for a file that lives elsewhere: we make nothing of what we do not hold."
    )
    async def rendition(
        self,
        info: Info,
        width: Width,
        height: Height,
        fit: FitTo = Fit.COVER,
        format: WrittenAs = RenditionFormat.AUTO,
    ) -> AssetRendition | None:
        offer = await _offer(info)
        return _rendition(self.row, info.context, offer.check(width, height), fit, format)

    @strawberry.field(
        description="The sizes that are offered and not larger than the asset, each size that comes out once, from the"
        " narrowest: what `srcset` takes. Empty where `rendition` is null.",
        directives=[at_most(sizes.MOST, slicing="first")],
    )
    async def renditions(
        self,
        info: Info,
        fit: FitTo = Fit.INSIDE,
        format: WrittenAs = RenditionFormat.AUTO,
        first: FirstOnes = strawberry.UNSET,
    ) -> list[AssetRendition]:
        count = bounded(first, sizes.MOST)
        if not (self.row.width and self.row.height):
            return []
        offer = await _offer(info)
        fitting = offer.within(self.row.width, self.row.height, fit)
        found = [_rendition(self.row, info.context, size, fit, format) for size in fitting]
        return [one for one in found if one is not None][:count]

    @strawberry.field(
        description="An address that leads there for a while, whoever asks, though nothing visible shows the asset: for"
        " drafts. Null for those who may not look into its creator's files, for a file that lives elsewhere, and where"
        " there is no such rendition."
    )
    async def signed_url(
        self,
        info: Info,
        minutes: Minutes = 60,
        width: SomeWidth = strawberry.UNSET,
        height: SomeHeight = strawberry.UNSET,
        fit: FitTo = Fit.COVER,
        format: WrittenAs = RenditionFormat.AUTO,
    ) -> str | None:
        context = info.context
        signed = await context.load(signing.sign, self.row.id, minutes=minutes, now=context.clock.now())
        if signed is None:
            return None
        if not width and not height:
            return f"{_base(self.row, context)}?signed={signed.token}"
        size = (await _offer(info)).check(width or 0, height or 0)
        found = _rendition(self.row, context, size, fit, format, opener=f"?signed={signed.token}")
        return found.url if found else None


@strawberry.type
class RenditionQuery:
    @strawberry.field(
        description="The sizes in which renditions are offered: those that channels ask for, that pages use, and that the"
        " operator adds.",
        directives=[at_most(sizes.MOST)],
    )
    async def rendition_sizes(self, info: Info) -> list[RenditionSize]:
        found = (await _offer(info)).sizes
        return [RenditionSize(width=size.width, height=size.height, reasons=list(size.reasons)) for size in found]


async def sized(info: Info, asset: models.Asset, picture: RenderedPicture) -> AssetRendition | None:
    """A picture as a channel wants it; null where it goes as it is, or where its size is not offered any more."""
    size = (await _offer(info)).by_sides.get(picture.size) if picture.size is not None else None
    if size is None:
        return None
    return _rendition(asset, info.context, size, Fit(picture.fit), RenditionFormat(picture.format))


async def _offer(info: Info) -> sizes.Offer:
    offer: sizes.Offer = await info.context.load(sizes.offers, info.context.settings.rendition_sizes)
    return offer


def _base(asset: models.Asset, context: Context) -> str:
    return f"{context.settings.base_url}/assets/{asset.uid}"


def _rendition(
    asset: models.Asset,
    context: Context,
    size: sizes.Size,
    fit: Fit,
    written_as: RenditionFormat,
    *,
    opener: str | None = None,
) -> AssetRendition | None:
    # every asset that has a still has a JPEG: that of AUTO comes out in the same size
    recipe = renditions.recipe_for(asset, size.width, size.height, fit, written_as.chosen or Format.JPEG)
    outcome = renditions.outcome(asset, recipe) if recipe else None
    if recipe is None or outcome is None:
        return None
    if opener is None:
        opener = f"?preview={quote(context.preview)}" if context.preview is not None else ""
    return AssetRendition(
        url=f"{_base(asset, context)}/{size.width}x{size.height}-{fit}.{written_as.value}{opener}",
        width=outcome[0],
        height=outcome[1],
        media_type=MEDIA_TYPES[written_as.chosen] if written_as.chosen else None,
    )
