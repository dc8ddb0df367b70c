"""Rules about pictures: how many, how large, which shape, how heavy, which file format."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from services.channels import wording
from services.channels.dossiers import Dossier
from services.channels.facts import AssetFacts
from services.channels.findings import Flaw, Words
from services.channels.rules.base import AboutImages, Counted, ImagesOf, Pixels, check_bounds, within
from services.channels.rules.ratios import Ratio, has_ratio, lies_between
from services.channels.terms import Count, Positive

SIZE = Words("size in pixels", "像素尺寸")
BYTES = Words("file size", "文件大小")
EXPORT = Words("Export the file again within these bounds.", "请在此范围内重新导出文件。")
MediaType = Annotated[str, StringConstraints(pattern=r"^[a-z]+/[a-z0-9.+-]+$")]


def size(asset: AssetFacts) -> str | None:
    """Width and height in pixels, as "750x422"; None unless both are known."""
    return f"{asset.width}x{asset.height}" if asset.width and asset.height else None


def sides(asset: AssetFacts) -> tuple[int, int]:
    """Width and height of a picture whose size is known."""
    return asset.width or 0, asset.height or 0


class ImageCount(Counted):
    """So many pictures are there."""

    kind: Literal["image.count"]
    of: ImagesOf

    def flaws(self, dossier: Dossier) -> Iterator[Flaw]:
        present = [asset for _, asset in dossier.images(self.of) if asset is not None]
        yield from self.count_flaws(len(present), self.of)


class AboutImageSizes(AboutImages):
    """A rule about width and height."""

    fact: ClassVar[Words] = SIZE
    remedy: ClassVar[Words] = Words("Use another file, or crop this one.", "请更换文件，或重新裁剪。")

    def measure(self, asset: AssetFacts) -> str | None:
        return size(asset)


class ImageMinSize(AboutImageSizes):
    """A picture is at least `width` wide and `height` high, in pixels."""

    kind: Literal["image.min_size"]
    width: Positive | None = None
    height: Positive | None = None

    @model_validator(mode="after")
    def _has_side(self) -> Self:
        if self.width is None and self.height is None:
            raise ValueError("needs `width` or `height`")
        return self

    def accepts(self, asset: AssetFacts) -> bool:
        width, height = sides(asset)
        return within(width, self.width, None) and within(height, self.height, None)

    def asked(self) -> Any:
        return {"width": self.width, "height": self.height}

    def words(self) -> Words:
        parts = [(self.width, "wide", "宽"), (self.height, "high", "高")]
        named = [(side, en, zh) for side, en, zh in parts if side is not None]
        return Words(
            "at least " + " and ".join(f"{side} pixels {en}" for side, en, _ in named),
            "、".join(f"{zh}至少 {side} 像素" for side, _, zh in named),
        )


class ImageExactSize(AboutImageSizes):
    """A picture has exactly one of these sizes, in pixels."""

    kind: Literal["image.exact_size"]
    sizes: tuple[Pixels, ...] = Field(min_length=1)

    def accepts(self, asset: AssetFacts) -> bool:
        return size(asset) in self.sizes

    def asked(self) -> Any:
        return list(self.sizes)

    def words(self) -> Words:
        return wording.either(self.sizes)


class ImageRatio(AboutImageSizes):
    """Width to height is one of `ratios`, give or take `tolerance_percent`, or lies `between` two."""

    kind: Literal["image.ratio"]
    ratios: tuple[Ratio, ...] = ()
    between: tuple[Ratio, Ratio] | None = None
    tolerance_percent: int = Field(default=0, ge=0, le=50)

    @model_validator(mode="after")
    def _has_shape(self) -> Self:
        if bool(self.ratios) == (self.between is not None):
            raise ValueError("needs either `ratios` or `between`")
        return self

    def accepts(self, asset: AssetFacts) -> bool:
        width, height = sides(asset)
        if self.between is not None:
            return lies_between(width, height, *self.between)
        return any(has_ratio(width, height, ratio, self.tolerance_percent) for ratio in self.ratios)

    def asked(self) -> Any:
        if self.between is not None:
            return {"between": list(self.between)}
        return {"ratios": list(self.ratios), "tolerance_percent": self.tolerance_percent}

    def words(self) -> Words:
        if self.between is not None:
            low, high = self.between
            return Words(f"width to height between {low} and {high}", f"宽高比在 {low} 与 {high} 之间")
        asked = wording.either(self.ratios)
        return Words(f"width to height {asked.en}", f"宽高比 {asked.zh}")


class ImageOrientation(AboutImageSizes):
    """A picture lies, stands, or is square."""

    kind: Literal["image.orientation"]
    any: tuple[Literal["landscape", "square", "portrait"], ...] = Field(min_length=1)

    def accepts(self, asset: AssetFacts) -> bool:
        width, height = sides(asset)
        shape = "square" if width == height else "landscape" if width > height else "portrait"
        return shape in self.any

    def asked(self) -> Any:
        return list(self.any)

    def words(self) -> Words:
        names = {"landscape": "横图", "square": "方图", "portrait": "竖图"}
        return Words(wording.either(self.any).en, wording.either([names[shape] for shape in self.any]).zh)


class ImageBytes(AboutImages):
    """The file is not lighter than `min` and not heavier than `max`, in bytes."""

    fact: ClassVar[Words] = BYTES
    unit: ClassVar[Words] = Words(" bytes", " 字节")
    remedy: ClassVar[Words] = EXPORT

    kind: Literal["image.bytes_between"]
    min: Count | None = None
    max: Count | None = None

    @model_validator(mode="after")
    def _has_bounds(self) -> Self:
        check_bounds(self.min, self.max)
        return self

    def measure(self, asset: AssetFacts) -> int | None:
        return asset.bytes

    def accepts(self, asset: AssetFacts) -> bool:
        return within(asset.bytes or 0, self.min, self.max)

    def asked(self) -> Any:
        return {"min": self.min, "max": self.max}

    def words(self) -> Words:
        asked = wording.bounds(self.min, self.max)
        return Words(f"{asked.en} bytes", f"{asked.zh} 字节")


class ImageFormatNot(AboutImages):
    """The file has none of these media types."""

    fact: ClassVar[Words] = Words("file type", "文件格式")
    remedy: ClassVar[Words] = Words("Use a file of another type.", "请更换为其他格式的文件。")

    kind: Literal["image.format_not"]
    refused: tuple[MediaType, ...] = Field(min_length=1)

    def measure(self, asset: AssetFacts) -> str | None:
        return asset.media_type

    def accepts(self, asset: AssetFacts) -> bool:
        return asset.media_type not in self.refused

    def asked(self) -> Any:
        return {"not": list(self.refused)}

    def words(self) -> Words:
        refused = wording.either(self.refused)
        return Words(f"not {refused.en}", f"不可为 {refused.zh}")


class AboutImageKinds(AboutImages):
    """A rule about what a picture is not to be; `is_so` and `is_not` name both."""

    is_so: ClassVar[Words]
    is_not: ClassVar[Words]

    def accepts(self, asset: AssetFacts) -> bool:
        return self.measure(asset) is False

    def asked(self) -> Any:
        return False

    def words(self) -> Words:
        return self.is_not

    def shown(self, value: Any) -> Words:
        return self.is_so if value else self.is_not


class ImageNotAnimated(AboutImageKinds):
    """The picture does not move."""

    version: ClassVar[int] = 1
    fact: ClassVar[Words] = Words("kind", "类型")
    remedy: ClassVar[Words] = Words("Use a picture that does not move.", "请更换为静态图片。")
    is_so: ClassVar[Words] = Words("moving", "动图")
    is_not: ClassVar[Words] = Words("still", "静态图")

    kind: Literal["image.not_animated"]

    def measure(self, asset: AssetFacts) -> bool | None:
        return asset.is_animated


class ImageNotTransparent(AboutImageKinds):
    """Nothing shines through the picture."""

    version: ClassVar[int] = 1
    fact: ClassVar[Words] = Words("ground", "背景")
    remedy: ClassVar[Words] = Words("Put the picture on a ground, and export it again.", "请为图片加上底色后重新导出。")
    is_so: ClassVar[Words] = Words("transparent", "透明")
    is_not: ClassVar[Words] = Words("opaque", "不透明")

    kind: Literal["image.not_transparent"]

    def measure(self, asset: AssetFacts) -> bool | None:
        return asset.has_transparency


class ImageWhiteBackground(AboutImages):
    """At least so many percent of the picture's border are white or nearly so."""

    version: ClassVar[int] = 1
    fact: ClassVar[Words] = Words("white share of the border", "边缘白色占比")
    unit: ClassVar[Words] = Words(" %", "%")
    remedy: ClassVar[Words] = Words("Put the subject on white.", "请将主体置于白底上。")

    kind: Literal["image.white_background"]
    min_percent: Annotated[int, Field(ge=1, le=100)]

    def measure(self, asset: AssetFacts) -> int | None:
        return asset.white_background

    def accepts(self, asset: AssetFacts) -> bool:
        return (asset.white_background or 0) >= self.min_percent

    def asked(self) -> Any:
        return {"min_percent": self.min_percent}

    def words(self) -> Words:
        return Words(f"at least {self.min_percent} %", f"至少 {self.min_percent}%")


RULES = (
    ImageCount,
    ImageMinSize,
    ImageExactSize,
    ImageRatio,
    ImageOrientation,
    ImageBytes,
    ImageFormatNot,
    ImageNotAnimated,
    ImageNotTransparent,
    ImageWhiteBackground,
)
