"""What an example of a pack may say of a content, a creator and products: whatever sets them apart from the base."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AwareDatetime, Field, StringConstraints

from services.channels.facts import Among
from services.channels.terms import Code, Count, CreatorKind, Days, Format, Part, Positive, ScoreName

AssetFact = Literal[
    "media_type", "bytes", "width", "height", "duration_ms", "bitrate", "has_alt_text", "is_animated",
    "has_transparency", "white_background", "perceptual_hash",
]  # fmt: skip
CreatorFact = Literal[
    "kind",
    "level",
    "scores",
    "followers_count",
    "certified_days",
    "published_30d_count",
    "pass_rate",
    "is_seller",
    "accepted",
]
DetailPath = Annotated[str, StringConstraints(pattern=r"^(is_original|details\.[a-z][a-z0-9_]*)$")]
ProductFact = Literal["shop", "shop_scores", "categories", "is_on_shelf", "price_minor", "image"]


class GivenAsset(Part):
    """What sets a file apart from the base's; `unknown` takes facts of the base away."""

    media_type: str | None = None
    bytes: Count | None = None
    width: Positive | None = None
    height: Positive | None = None
    duration_ms: Count | None = None
    bitrate: Count | None = None
    has_alt_text: bool | None = None
    is_animated: bool | None = None
    has_transparency: bool | None = None
    white_background: Annotated[int, Field(ge=0, le=100)] | None = None
    source: Literal["probed", "declared"] | None = None
    unknown: tuple[AssetFact, ...] = ()


GivenAssets = Count | tuple[GivenAsset, ...]


class GivenLikeness(Part):
    """What is nearest to the text or a picture: how many percent of the text are the same, how many bits differ."""

    path: Annotated[str, StringConstraints(pattern=r"^(text|(covers|pictures)\.[0-9]{1,3})$")]
    among: Among = "channel"
    percent: Annotated[int, Field(ge=0, le=100)] | None = None
    bits: Annotated[int, Field(ge=0, le=64)] | None = None


class GivenContent(Part):
    """`title_length`, `summary_length` and `text_length` stand for a made-up text of so many graphemes."""

    title: str | None = None
    title_length: Count | None = None
    summary: str | None = None
    summary_length: Count | None = None
    text: str | None = None
    text_length: Count | None = None
    paragraphs: tuple[str, ...] | None = None
    format: Format | None = None
    language: str | None = None
    headings: Count | None = None
    links: tuple[str, ...] | None = None
    covers: GivenAssets | None = None
    pictures: GivenAssets | None = None
    videos: GivenAssets | None = None
    anchors: tuple[Count, ...] | None = None
    tags: dict[Code, tuple[Code, ...]] = Field(default_factory=dict)
    details: dict[str, str | int | bool] = Field(default_factory=dict)
    is_original: bool | None = None
    duplicates: tuple[GivenLikeness, ...] = ()
    unknown: tuple[DetailPath, ...] = ()


class GivenCreator(Part):
    kind: CreatorKind | None = None
    level: int | None = Field(default=None, ge=0, le=6)
    fields: tuple[Code, ...] | None = None
    roles: tuple[Code, ...] | None = None
    scores: dict[ScoreName, int] = Field(default_factory=dict)
    followers_count: Count | None = None
    certified_days: Days | None = None
    published_30d_count: Count | None = None
    pass_rate: int | None = Field(default=None, ge=0, le=100)
    is_seller: bool | None = None
    is_invited: bool | None = None
    is_connected: bool | None = None
    accepted: dict[Format, Count] | None = None
    is_cleaned_out: bool | None = None
    unknown: tuple[CreatorFact, ...] = ()


class GivenProduct(Part):
    title: str | None = None
    shop: str | None = None
    shop_scores: dict[Code, int] | None = None
    pools: tuple[Code, ...] | None = None
    categories: tuple[Code, ...] | None = None
    is_on_shelf: bool | None = None
    price_minor: Count | None = None
    image: GivenAsset | None = None
    unknown: tuple[ProductFact, ...] = ()


class Given(Part):
    content: GivenContent = GivenContent()
    creator: GivenCreator = GivenCreator()
    products: Count | tuple[GivenProduct, ...] | None = None
    at: AwareDatetime | None = None
    quota_used: dict[str, Count] = Field(default_factory=dict)
