"""Rules about pictures beside each other and about size and shape of one picture together."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from services.channels import wording
from services.channels.dossiers import Dossier
from services.channels.facts import AssetFacts
from services.channels.findings import Flaw, Words
from services.channels.rules.base import AboutFiles, ImagesOf, within
from services.channels.rules.images import SIZE, AboutImageSizes, sides, size
from services.channels.rules.ratios import Ratio, has_ratio
from services.channels.terms import Positive


class ImageShape(AboutImageSizes):
    """A picture has one of these `ratios`, give or take `tolerance_percent`, and at least this width and height at once."""

    kind: Literal["image.shape"]
    ratios: tuple[Ratio, ...] = Field(min_length=1)
    tolerance_percent: int = Field(default=0, ge=0, le=50)
    width: Positive
    height: Positive

    def accepts(self, asset: AssetFacts) -> bool:
        width, height = sides(asset)
        is_large = width >= self.width and height >= self.height
        return is_large and any(has_ratio(width, height, ratio, self.tolerance_percent) for ratio in self.ratios)

    def asked(self) -> Any:
        return {
            "ratios": list(self.ratios),
            "tolerance_percent": self.tolerance_percent,
            "width": self.width,
            "height": self.height,
        }

    def words(self) -> Words:
        ratios = wording.either(self.ratios)
        return Words(
            f"width to height {ratios.en}, at least {self.width}x{self.height} pixels",
            f"宽高比 {ratios.zh}，且至少 {self.width}x{self.height} 像素",
        )


class ImageMaxSize(AboutImageSizes):
    """A picture is at most `width` wide, `height` high and `shorter_side` on its shorter side, in pixels."""

    kind: Literal["image.max_size"]
    width: Positive | None = None
    height: Positive | None = None
    shorter_side: Positive | None = None

    @model_validator(mode="after")
    def _has_side(self) -> Self:
        if self.width is None and self.height is None and self.shorter_side is None:
            raise ValueError("needs `width`, `height` or `shorter_side`")
        return self

    def accepts(self, asset: AssetFacts) -> bool:
        width, height = sides(asset)
        return (
            within(width, None, self.width)
            and within(height, None, self.height)
            and within(min(width, height), None, self.shorter_side)
        )

    def asked(self) -> Any:
        return {"width": self.width, "height": self.height, "shorter_side": self.shorter_side}

    def words(self) -> Words:
        parts = [
            (self.width, "wide", "宽"),
            (self.height, "high", "高"),
            (self.shorter_side, "on the shorter side", "短边"),
        ]
        named = [(side, en, zh) for side, en, zh in parts if side is not None]
        return Words(
            "at most " + " and ".join(f"{side} pixels {en}" for side, en, _ in named),
            "、".join(f"{zh}至多 {side} 像素" for side, _, zh in named),
        )


class ImageSameSize(AboutFiles):
    """Of several pictures each is as large as the first."""

    fact: ClassVar[Words] = SIZE
    remedy: ClassVar[Words] = Words("Crop them to one size.", "请裁剪为同一尺寸。")

    kind: Literal["image.same_size"]
    of: ImagesOf

    def flaws(self, dossier: Dossier) -> Iterator[Flaw]:
        pictures = dossier.images(self.of)
        if len(pictures) < 2:
            return
        unsure = [flaw for flaw in (self.judge(path, asset) for path, asset in pictures) if flaw is not None]
        if unsure:
            yield from unsure
            return
        known = [(path, asset, size(asset)) for path, asset in pictures if asset is not None]
        first = known[0][2]
        for path, asset, own in known[1:]:
            if own != first:
                yield self._differs(path, asset, own, first)

    def _differs(self, path: str, asset: AssetFacts, own: str | None, first: str | None) -> Flaw:
        thing = wording.place(path)
        return Flaw(
            path,
            own,
            {"size": first},
            Words(
                f"{wording.sentence(thing.en)} measures {own}; the first measures {first}, and all are to be alike.",
                f"{thing.zh}的尺寸为 {own}，与第一张（{first}）不一致。",
            ),
            self.remedy,
            evidence={"asset": asset.uid, "source": asset.source},
        )

    def measure(self, asset: AssetFacts) -> str | None:
        return size(asset)

    def accepts(self, asset: AssetFacts) -> bool:  # noqa: ARG002  (no size is wrong by itself)
        return True

    def asked(self) -> Any:
        return {"size": "the same"}

    def words(self) -> Words:
        return Words("the same size", "同一尺寸")


RULES = (ImageShape, ImageMaxSize, ImageSameSize)
