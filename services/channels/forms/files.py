"""What rules about files ask, as JSON Schema of each file, of one of them, or of the pictures of products."""

from __future__ import annotations

from functools import singledispatch

from services.channels.forms.expressing import UNSAID, Said, Setting, express
from services.channels.forms.schemas import Schema, at, bounds, conjoin, either, everything, having
from services.channels.rules import images, shapes, videos
from services.channels.rules.base import AboutFiles, AboutImages, AboutVideos

SIZED: Schema = {"required": ["width", "height"]}
PROBED: Schema = {"properties": {"source": {"const": "probed"}}}


@singledispatch
def one_file(rule: AboutFiles) -> Said:  # noqa: ARG001  (the kinds below look at it)
    """What the rule asks of one file. Of a kind that is not known here at least whose word of it counts."""
    return UNSAID


def _asked(rule: AboutFiles, setting: Setting) -> Said:
    """With whose word counts: a rule that blocks wants it measured, unless it or its pack says otherwise."""
    said = one_file(rule)
    takes_words = setting.accepts_declared if rule.accepts_declared is None else rule.accepts_declared
    return said if takes_words or rule.severity != "block" else Said(conjoin(said.schema, PROBED), said.is_whole)


@express.register(AboutImages)
def _(rule: AboutImages, setting: Setting) -> Said:
    said = _asked(rule, setting)
    file = having(image=said.schema) if rule.of == "products" else said.schema
    lists = ("covers", "pictures") if rule.of == "images" else (rule.of,)
    if rule.match == "every":
        return Said(everything(at(name, {"items": file}, needed=False) for name in lists), said.is_whole)
    return Said(either([at(name, {"contains": file}, needed=True) for name in lists]), said.is_whole)


@express.register(AboutVideos)
def _(rule: AboutVideos, setting: Setting) -> Said:
    said = _asked(rule, setting)
    return Said(at("videos", {"items": said.schema}, needed=False), said.is_whole)


@one_file.register(images.AboutImageSizes)
@one_file.register(videos.VideoRatio)
def _(rule: AboutFiles) -> Said:  # noqa: ARG001  (how its sides relate cannot be said)
    return Said(SIZED, is_whole=False)


@one_file.register(images.ImageMinSize)
def _(rule: images.ImageMinSize) -> Said:
    return Said(having(width=bounds(rule.width, None, "imum"), height=bounds(rule.height, None, "imum")), is_whole=True)


@one_file.register(shapes.ImageShape)
def _(rule: shapes.ImageShape) -> Said:
    large = having(width=bounds(rule.width, None, "imum"), height=bounds(rule.height, None, "imum"))
    return Said(large, is_whole=False)


@one_file.register(shapes.ImageMaxSize)
def _(rule: shapes.ImageMaxSize) -> Said:
    small = having(width=bounds(None, rule.width, "imum"), height=bounds(None, rule.height, "imum"))
    if rule.shorter_side is None:
        return Said(small, is_whole=True)
    short = bounds(None, rule.shorter_side, "imum")
    return Said(small | either([{"properties": {side: short}} for side in ("width", "height")]), is_whole=True)


@one_file.register(images.ImageExactSize)
def _(rule: images.ImageExactSize) -> Said:
    sizes = [tuple(map(int, size.split("x"))) for size in rule.sizes]
    return Said(
        either([having(width={"const": width}, height={"const": height}) for width, height in sizes]), is_whole=True
    )


@one_file.register(images.ImageBytes)
def _(rule: images.ImageBytes) -> Said:
    return Said(having(bytes=bounds(rule.min, rule.max, "imum")), is_whole=True)


@one_file.register(images.ImageFormatNot)
def _(rule: images.ImageFormatNot) -> Said:
    return Said(having(media_type={"not": {"enum": list(rule.refused)}}), is_whole=True)


@one_file.register(images.ImageNotAnimated)
def _(rule: images.ImageNotAnimated) -> Said:  # noqa: ARG001  (it has no parameters)
    return Said(having(is_animated={"const": False}), is_whole=True)


@one_file.register(images.ImageNotTransparent)
def _(rule: images.ImageNotTransparent) -> Said:  # noqa: ARG001  (it has no parameters)
    return Said(having(has_transparency={"const": False}), is_whole=True)


@one_file.register(images.ImageWhiteBackground)
def _(rule: images.ImageWhiteBackground) -> Said:
    return Said(having(white_background={"minimum": rule.min_percent}), is_whole=True)


@one_file.register(videos.VideoDuration)
def _(rule: videos.VideoDuration) -> Said:
    low, high = (None if seconds is None else seconds * 1000 for seconds in (rule.min_seconds, rule.max_seconds))
    return Said(having(duration_ms=bounds(low, high, "imum")), is_whole=True)


@one_file.register(videos.VideoBytes)
def _(rule: videos.VideoBytes) -> Said:
    return Said(having(bytes=bounds(rule.min, rule.max, "imum")), is_whole=True)


@one_file.register(videos.VideoBitrate)
def _(rule: videos.VideoBitrate) -> Said:
    return Said(having(bitrate=bounds(rule.min, rule.max, "imum")), is_whole=True)


@one_file.register(videos.VideoMinHeight)
def _(rule: videos.VideoMinHeight) -> Said:
    enough = bounds(rule.min, None, "imum")
    return Said(having(width={} if rule.measure_of == "height" else enough, height=enough), is_whole=True)
