"""What a probe finds in a file, and why it refuses one: plain values, the same for a worker, a command and a test."""

from __future__ import annotations

import enum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

PROBE_VERSION = 1
"""Grows with what a probe can tell, or tells otherwise: bytes that an older one looked at are looked at again."""

Percent = Annotated[int, Field(ge=0, le=100)]
Pixels = Annotated[int, Field(gt=0)]
Milliseconds = Annotated[int, Field(ge=0)]


class Flaw(enum.StrEnum):
    """Why a file is refused: the codes that callers see (docs/errors.md)."""

    EMPTY_FILE = "EMPTY_FILE"
    FILE_TOO_LARGE = "FILE_TOO_LARGE"
    UNSUPPORTED_FILE = "UNSUPPORTED_FILE"
    BROKEN_FILE = "BROKEN_FILE"
    TOO_MANY_PIXELS = "TOO_MANY_PIXELS"
    TOO_MANY_FRAMES = "TOO_MANY_FRAMES"
    PROBE_TOO_SLOW = "PROBE_TOO_SLOW"
    PROBE_FAILED = "PROBE_FAILED"


class Refused(Exception):  # noqa: N818  (named after what happened)
    """The file is not what we take; `detail` says in English what was found, without paths or traces."""

    def __init__(self, flaw: Flaw, detail: str) -> None:
        super().__init__(detail)
        self.flaw = flaw
        self.detail = detail


class Limits(BaseModel):
    """How far a probe goes. `pixels` counts width times height times frames of a picture."""

    model_config = ConfigDict(frozen=True)

    pixels: int = 80_000_000
    frames: int = 2_000


class Found(BaseModel):
    """What every file has. `has_location` says that the bytes tell where they were made: those are not what we serve."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    media_type: str
    has_location: bool = False


class Colour(BaseModel):
    """A colour ("#rrggbb") and how much of the picture it covers."""

    model_config = ConfigDict(frozen=True)

    colour: Annotated[str, Field(pattern="^#[0-9a-f]{6}$")]
    percent: Percent


class PictureFacts(Found):
    """A picture, upright: width and height are those after `orientation` (EXIF 1-8) was heeded.

    `duration_ms` and `frame_count` are of a moving one. `white_background` is the share of the border that is near white;
    `sharpness` is the variance of the Laplacian of the grey picture at 512 pixels on its longer side, `perceptual_hash` 64
    bits of the DCT in hexadecimal: both as services/media/likeness.py describes. `colour_space` is one of the words in
    services/media/pictures.py.
    """

    kind: Literal["IMAGE"] = "IMAGE"
    width: Pixels
    height: Pixels
    orientation: Annotated[int, Field(ge=1, le=8)] = 1
    has_transparency: bool = False
    frame_count: Annotated[int, Field(ge=1)] = 1
    duration_ms: Milliseconds | None = None
    colour_space: str
    bit_depth: int
    dominant_colours: tuple[Colour, ...] = ()
    white_background: Percent
    sharpness: Annotated[int, Field(ge=0)]
    perceptual_hash: Annotated[str, Field(pattern="^[0-9a-f]{16}$")]


class FilmFacts(Found):
    """A film, upright: width and height are those after `rotation` (degrees clockwise: 0, 90, 180, 270) was heeded.

    `bitrate` in bits per second, of the whole file; `frame_rate` in frames per second. `duration_ms` is counted from what is
    in the file; `header_duration_ms` is what its header says, where that is more than a second beside.
    """

    kind: Literal["VIDEO"] = "VIDEO"
    container: str
    video_codec: str
    audio_codec: str | None = None
    has_sound: bool
    width: Pixels
    height: Pixels
    rotation: Literal[0, 90, 180, 270] = 0
    duration_ms: Milliseconds
    header_duration_ms: Milliseconds | None = None
    bitrate: Annotated[int, Field(ge=0)]
    frame_rate: float


class SoundFacts(Found):
    """A sound recording; `bitrate` in bits per second, of the whole file, `sample_rate` in hertz. Durations as of films."""

    kind: Literal["AUDIO"] = "AUDIO"
    container: str
    audio_codec: str
    duration_ms: Milliseconds
    header_duration_ms: Milliseconds | None = None
    bitrate: Annotated[int, Field(ge=0)]
    sample_rate: int
    channel_count: int


class SubtitlesFacts(Found):
    """Words to a film: how many cues, and when the last one ends."""

    kind: Literal["SUBTITLES"] = "SUBTITLES"
    cue_count: Annotated[int, Field(ge=1)]
    duration_ms: Milliseconds


Facts = PictureFacts | FilmFacts | SoundFacts | SubtitlesFacts

COLUMNS = ("kind", "media_type", "width", "height", "duration_ms", "bitrate")
"""The facts that assets have columns for; the others stand in `assets.facts`."""
