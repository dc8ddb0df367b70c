"""Assets: pictures, video and audio with what is known of them."""

import strawberry

import models
from api.graphql.context import Context, Info
from api.graphql.fields import column
from api.graphql.ids import identity
from api.graphql.rows import shows
from api.graphql.words import BigInt, described

described(
    models.AssetKind,
    "What kind of file an asset is.",
    {
        "IMAGE": "A picture.",
        "VIDEO": "A film.",
        "AUDIO": "A sound recording.",
        "SUBTITLES": "The words of a film, as WebVTT or SubRip.",
    },
)
described(
    models.AssetFactsSource,
    "Where size, duration and type of an asset come from.",
    {
        "PROBED": "Read from the bytes by us.",
        "DECLARED": "Said by whoever imported it; nobody checked.",
        "NONE": "Nothing is known yet.",
    },
)


def address(asset: models.Asset, context: Context) -> str:
    """Where the file can be fetched: from here when we hold its bytes, else where it lives."""
    if asset.sha256 is None and asset.url:
        return asset.url
    here = f"{context.settings.base_url}/assets/{asset.uid}"
    return here if context.preview is None else f"{here}?preview={context.preview}"


def _ratio(asset: models.Asset) -> float | None:
    return round(asset.width / asset.height, 4) if asset.width and asset.height else None


@shows(models.Asset)
@strawberry.type(description="A picture, video or audio file with what is known of it. Reached from what shows it.")
class Asset:
    row: strawberry.Private[models.Asset]

    id: strawberry.ID = identity("Asset")
    kind: models.AssetKind = column("kind", description="Picture, film or sound.")
    media_type: str | None = column("media_type", description="The media type, such as image/jpeg; null if unknown.")
    byte_count: BigInt | None = column("byte_count", description="Size of the file in bytes.")
    width: int | None = column("width", description="Width in pixels.")
    height: int | None = column("height", description="Height in pixels.")
    duration_ms: int | None = column("duration_ms", description="Duration in milliseconds, of films and sound.")
    facts_source: models.AssetFactsSource = column(
        "facts_source", description="Where size, type and duration come from."
    )
    alternative_text: str = column(
        "alternative_text", description="What the picture shows, for those who do not see it. May be empty."
    )
    credit: str = column("credit", description="Whom to name as its maker. May be empty.")
    licence: str = column("licence", description="Under which licence it may be used. May be empty.")

    @strawberry.field(description="Where the file can be fetched.")
    def url(self, info: Info) -> str:
        return address(self.row, info.context)

    @strawberry.field(description="Width divided by height; null if the size is unknown.")
    def ratio(self) -> float | None:
        return _ratio(self.row)
