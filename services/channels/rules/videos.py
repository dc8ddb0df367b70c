"""Rules about videos: how many, how long, which shape, how heavy, how fine."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from services.channels import wording
from services.channels.dossiers import Dossier
from services.channels.facts import AssetFacts
from services.channels.findings import Flaw, Words
from services.channels.rules.base import AboutVideos, Counted, check_bounds, within
from services.channels.rules.images import BYTES, EXPORT, SIZE, sides, size
from services.channels.rules.ratios import Ratio, has_ratio
from services.channels.terms import Count, Positive


class VideoCount(Counted):
    """So many videos are there."""

    kind: Literal["video.count"]

    def flaws(self, dossier: Dossier) -> Iterator[Flaw]:
        yield from self.count_flaws(len(dossier.facts.content.videos), "videos")


class VideoDuration(AboutVideos):
    """Each video runs from `min_seconds` to `max_seconds`."""

    fact: ClassVar[Words] = Words("duration", "时长")
    remedy: ClassVar[Words] = Words("Cut the video to this length.", "请将视频剪辑到此时长。")

    kind: Literal["video.duration"]
    min_seconds: Count | None = None
    max_seconds: Count | None = None

    @model_validator(mode="after")
    def _has_bounds(self) -> Self:
        check_bounds(self.min_seconds, self.max_seconds, ("min_seconds", "max_seconds"))
        return self

    def measure(self, asset: AssetFacts) -> str | None:
        return None if asset.duration_ms is None else f"{asset.duration_ms / 1000:g} s"

    def accepts(self, asset: AssetFacts) -> bool:
        low, high = (bound and bound * 1000 for bound in (self.min_seconds, self.max_seconds))
        return within(asset.duration_ms or 0, low, high)

    def asked(self) -> Any:
        return {"min_seconds": self.min_seconds, "max_seconds": self.max_seconds}

    def words(self) -> Words:
        asked = wording.bounds(self.min_seconds, self.max_seconds)
        return Words(f"{asked.en} seconds", f"{asked.zh} 秒")


class VideoRatio(AboutVideos):
    """Width to height of each video is one of `ratios`, give or take `tolerance_percent`."""

    fact: ClassVar[Words] = SIZE
    remedy: ClassVar[Words] = EXPORT

    kind: Literal["video.ratio_in"]
    ratios: tuple[Ratio, ...] = Field(min_length=1)
    tolerance_percent: int = Field(default=0, ge=0, le=50)

    def measure(self, asset: AssetFacts) -> str | None:
        return size(asset)

    def accepts(self, asset: AssetFacts) -> bool:
        return any(has_ratio(*sides(asset), ratio, self.tolerance_percent) for ratio in self.ratios)

    def asked(self) -> Any:
        return {"ratios": list(self.ratios), "tolerance_percent": self.tolerance_percent}

    def words(self) -> Words:
        asked = wording.either(self.ratios)
        return Words(f"width to height {asked.en}", f"宽高比 {asked.zh}")


class AboutVideoAmounts(AboutVideos):
    """A rule about one number of each video, between bounds."""

    remedy: ClassVar[Words] = EXPORT

    min: Count | None = None
    max: Count | None = None

    @model_validator(mode="after")
    def _has_bounds(self) -> Self:
        check_bounds(self.min, self.max)
        return self

    def accepts(self, asset: AssetFacts) -> bool:
        return within(self.measure(asset), self.min, self.max)

    def asked(self) -> Any:
        return {"min": self.min, "max": self.max}


class VideoBytes(AboutVideoAmounts):
    """Each video's file is not lighter than `min` and not heavier than `max`, in bytes."""

    fact: ClassVar[Words] = BYTES
    unit: ClassVar[Words] = Words(" bytes", " 字节")

    kind: Literal["video.bytes"]

    def measure(self, asset: AssetFacts) -> int | None:
        return asset.bytes

    def words(self) -> Words:
        asked = wording.bounds(self.min, self.max)
        return Words(f"{asked.en} bytes", f"{asked.zh} 字节")


class VideoBitrate(AboutVideoAmounts):
    """Each video's bit rate is between `min` and `max`, in bits per second."""

    fact: ClassVar[Words] = Words("bit rate", "码率")
    unit: ClassVar[Words] = Words(" bits per second", " 比特每秒")

    kind: Literal["video.bitrate"]

    def measure(self, asset: AssetFacts) -> int | None:
        return asset.bitrate

    def words(self) -> Words:
        asked = wording.bounds(self.min, self.max)
        return Words(f"{asked.en} bits per second", f"{asked.zh} 比特每秒")


class VideoMinHeight(AboutVideos):
    """Each video is at least so many pixels high, or so many on its shorter side."""

    fact: ClassVar[Words] = SIZE
    remedy: ClassVar[Words] = EXPORT

    kind: Literal["video.min_height"]
    min: Positive
    measure_of: Literal["height", "shorter_side"] = Field(default="height", alias="measure")

    def measure(self, asset: AssetFacts) -> str | None:
        return size(asset)

    def accepts(self, asset: AssetFacts) -> bool:
        width, height = sides(asset)
        return (height if self.measure_of == "height" else min(width, height)) >= self.min

    def asked(self) -> Any:
        return {"min": self.min, "measure": self.measure_of}

    def words(self) -> Words:
        if self.measure_of == "height":
            return Words(f"at least {self.min} pixels high", f"高至少 {self.min} 像素")
        return Words(f"at least {self.min} pixels on the shorter side", f"短边至少 {self.min} 像素")


RULES = (VideoCount, VideoDuration, VideoRatio, VideoBytes, VideoBitrate, VideoMinHeight)
