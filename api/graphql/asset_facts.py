"""What is known of a file, by its kind: read from its bytes, or said by an import."""

from collections.abc import Callable, Mapping
from typing import Any

import strawberry

import models
from api.graphql.context import Info
from api.graphql.directives import at_most
from api.graphql.fields import column
from services import access

MOST_COLOURS = 16

FORMATS = {
    "image/jpeg": "JPEG", "image/png": "PNG", "image/gif": "GIF", "image/webp": "WebP", "image/avif": "AVIF",
    "image/tiff": "TIFF", "video/mp4": "MP4", "video/quicktime": "QuickTime", "video/webm": "WebM",
    "video/x-matroska": "Matroska", "audio/mpeg": "MP3", "audio/mp4": "MP4", "audio/aac": "AAC", "audio/ogg": "Ogg",
    "audio/wav": "WAV", "audio/flac": "FLAC", "text/vtt": "WebVTT", "application/x-subrip": "SubRip",
}  # fmt: skip
"""What people call the media types that we take."""


def _fact(name: str, *types: type) -> Callable[[Mapping[str, Any]], Any]:
    """What `facts` says under this name; None when it says nothing, or (an import may say anything) no such value."""

    def value(facts: Mapping[str, Any]) -> Any:
        found = facts.get(name)
        is_true = isinstance(found, bool)
        return found if isinstance(found, types) and (is_true is (bool in types)) else None

    return value


def fact(name: str, *types: type, description: str) -> Any:
    return column("facts", convert=_fact(name, *types), description=description)


@strawberry.interface(description="What is known of a file. What nobody knows is null.")
class AssetFacts:
    row: strawberry.Private[models.Asset]

    source: models.AssetFactsSource = column(
        "facts_source", description="Whether we read it from the bytes, or somebody said so."
    )
    media_type: str | None = column("media_type", description="The media type, such as image/jpeg.")

    @strawberry.field(description="What people call that, such as JPEG or WebM; null for what we do not know.")
    def format(self) -> str | None:
        return FORMATS.get(self.row.media_type or "")

    @strawberry.field(
        description="Whether the bytes that were uploaded tell where they were made. What is served never does. Null for"
        " those who may not use the asset."
    )
    def has_location(self, info: Info) -> bool | None:
        if not access.may_look_into_asset(info.context.caller, self.row.creator_id):
            return None
        found: bool | None = _fact("has_location", bool)(self.row.facts)
        return found


@strawberry.type(description="A colour of a picture.")
class DominantColour:
    colour: str = strawberry.field(description="The colour as #rrggbb.")
    percent: int = strawberry.field(description="How much of the picture it covers, in percent.")


def _colours(facts: Mapping[str, Any]) -> list[DominantColour]:
    found = facts.get("dominant_colours")
    colours = found if isinstance(found, list) else []
    return [
        DominantColour(colour=one["colour"], percent=one["percent"])
        for one in colours[:MOST_COLOURS]
        if isinstance(one, dict) and isinstance(one.get("colour"), str) and isinstance(one.get("percent"), int)
    ]


@strawberry.type(description="What is known of a picture. Width and height are those of the upright one.")
class ImageFacts(AssetFacts):
    width: int | None = column("width", description="Width in pixels, after the orientation was heeded.")
    height: int | None = column("height", description="Height in pixels, after the orientation was heeded.")
    orientation: int | None = fact(
        "orientation", int, description="How the camera was held, as EXIF counts it: 1 is upright."
    )
    has_transparency: bool | None = fact(
        "has_transparency", bool, description="Whether one can see through it somewhere."
    )
    frame_count: int | None = fact(
        "frame_count", int, description="How many pictures it is made of: 1 unless it moves."
    )
    duration_ms: int | None = column("duration_ms", description="How long a moving one takes, in milliseconds.")
    colour_space: str | None = fact("colour_space", str, description="How its colours are written, such as srgb.")
    bit_depth: int | None = fact("bit_depth", int, description="Bits of one colour of a pixel.")
    dominant_colours: list[DominantColour] = column(
        "facts",
        convert=_colours,
        size=at_most(MOST_COLOURS),
        description="The colours that make up most of it, the largest first.",
    )
    white_background_percent: int | None = fact(
        "white_background", int, description="How much of its border is near white, in percent."
    )
    sharpness: int | None = fact(
        "sharpness",
        int,
        description="How much detail its edges have: the higher, the sharper. To compare pictures with.",
    )
    perceptual_hash: str | None = fact(
        "perceptual_hash", str, description="64 bits in hexadecimal that are alike for pictures that look alike."
    )

    @strawberry.field(description="Whether it moves.")
    def is_animated(self) -> bool | None:
        frames = _fact("frame_count", int)(self.row.facts)
        return None if frames is None else bool(frames > 1)


@strawberry.type(description="What is known of a film. Width and height are those of the upright one.")
class VideoFacts(AssetFacts):
    width: int | None = column("width", description="Width in pixels, after the rotation was heeded.")
    height: int | None = column("height", description="Height in pixels, after the rotation was heeded.")
    duration_ms: int | None = column("duration_ms", description="How long it is, in milliseconds.")
    bitrate: int | None = column("bitrate", description="Bits per second, of the whole file.")
    container: str | None = fact("container", str, description="The form of the file, such as mp4.")
    video_codec: str | None = fact("video_codec", str, description="How its pictures are encoded, such as h264.")
    audio_codec: str | None = fact(
        "audio_codec", str, description="How its sound is encoded, such as aac; null if it has none."
    )
    has_sound: bool | None = fact("has_sound", bool, description="Whether there is sound in it.")
    frame_rate: float | None = fact("frame_rate", float, int, description="Pictures per second.")
    rotation: int | None = fact(
        "rotation", int, description="By how many degrees players turn it clockwise: 0, 90, 180 or 270."
    )
    header_duration_ms: int | None = fact(
        "header_duration_ms", int, description="What its header says of the duration, where that is not so."
    )


@strawberry.type(description="What is known of a sound recording.")
class AudioFacts(AssetFacts):
    duration_ms: int | None = column("duration_ms", description="How long it is, in milliseconds.")
    bitrate: int | None = column("bitrate", description="Bits per second, of the whole file.")
    container: str | None = fact("container", str, description="The form of the file, such as mp3.")
    audio_codec: str | None = fact("audio_codec", str, description="How it is encoded, such as aac.")
    sample_rate: int | None = fact("sample_rate", int, description="Samples per second.")
    channel_count: int | None = fact("channel_count", int, description="How many channels: 2 for stereo.")
    header_duration_ms: int | None = fact(
        "header_duration_ms", int, description="What its header says of the duration, where that is not so."
    )


@strawberry.type(description="What is known of the words to a film.")
class SubtitlesFacts(AssetFacts):
    duration_ms: int | None = column("duration_ms", description="When the last of them ends, in milliseconds.")
    cue_count: int | None = fact("cue_count", int, description="How many times words come up.")


OF_KIND: dict[models.AssetKind, type[AssetFacts]] = {
    models.AssetKind.IMAGE: ImageFacts,
    models.AssetKind.VIDEO: VideoFacts,
    models.AssetKind.AUDIO: AudioFacts,
    models.AssetKind.SUBTITLES: SubtitlesFacts,
}


def facts_of(row: models.Asset) -> AssetFacts | None:
    """What is known of a file; None where nothing is."""
    is_known = row.facts_source is not models.AssetFactsSource.NONE
    return OF_KIND[row.kind](row=row) if is_known else None
