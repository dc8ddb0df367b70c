"""Opening films and sounds: one file, only the readers and decoders that we mean to use, and nothing that it refers to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import NoReturn

import av
from av.container import InputContainer
from av.error import FFmpegError

from services.media import location
from services.media.facts import Flaw, Limits, Refused

# how FFmpeg calls the reader of each media type
FORMATS = {
    "video/mp4": "mov",
    "video/quicktime": "mov",
    "video/webm": "matroska",
    "video/x-matroska": "matroska",
    "audio/mpeg": "mp3",
    "audio/mp4": "mov",
    "audio/aac": "aac",
    "audio/ogg": "ogg",
    "audio/wav": "wav",
    "audio/flac": "flac",
}

# by the names of decoders, and, where theirs is another, of the codecs themselves
PICTURE_CODECS = frozenset(
    ("h264", "hevc", "av1", "libdav1d", "vp8", "vp9", "mpeg4", "mpeg2video", "mjpeg", "prores"),
)
SOUND_CODECS = frozenset(
    (
        *("aac", "mp3", "mp3float", "opus", "libopus", "vorbis", "flac", "alac", "ac3", "eac3", "amrnb", "amr_nb"),
        *("pcm_u8", "pcm_s16le", "pcm_s16be", "pcm_s24le", "pcm_s24be", "pcm_s32le", "pcm_s32be"),
        *("pcm_f32le", "pcm_f32be", "pcm_f64le", "pcm_alaw", "pcm_mulaw"),
    ),
)

MOST_STREAMS = 20
# decoders count the pixels of lines that are filled up to 64
ROUNDED_UP = 64 * 16_384
# several reads of a disk at once: the file is read through Python
READ_AT_ONCE = 1 << 18


@contextmanager
def opened(path: Path, media_type: str | None = None, pixels: int = Limits().pixels) -> Iterator[InputContainer]:
    """A film or a sound to read, as `media_type` says it is, or as whichever of ours it looks like.

    Playlists, lists of files and tracks that lie in other files are not followed: what is read is this open file and nothing
    else. A frame of more than `pixels` is not decoded. Refused for whatever goes wrong while the block runs.
    """
    with path.open("rb") as file, broken_is_told():
        if not file.read(1):
            raise Refused(Flaw.EMPTY_FILE, "the file has no bytes")
        file.seek(0)
        with av.open(
            file,
            "r",
            format=None if media_type is None else _format(media_type),
            # these reach the decoders too, which look at a few frames while the file is opened
            options={"max_pixels": str(pixels + ROUNDED_UP), "threads": "1"},
            container_options={
                "format_whitelist": "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,mp3,aac,ogg,wav,flac",
                "codec_whitelist": ",".join(sorted(PICTURE_CODECS | SOUND_CODECS)),
                "enable_drefs": "0",
                "export_xmp": "1",
            },
            metadata_errors="replace",
            buffer_size=READ_AT_ONCE,
            io_open=_no_other_file,
        ) as container:
            if len(container.streams) > MOST_STREAMS:
                detail = f"it has {len(container.streams)} streams; {MOST_STREAMS} are taken"
                raise Refused(Flaw.UNSUPPORTED_FILE, detail)
            yield container


def film_in(container: InputContainer, pixels: int = Limits().pixels) -> av.VideoStream | None:
    """The moving picture, ready to be decoded; None when there is at most a cover of a sound.

    Refused for a codec that we do not take, and for frames that are too large.
    """
    moving = (one for one in container.streams.video if not location.is_cover(one))
    stream = next(moving, None)
    if stream is None:
        return None
    _check_codec(stream, PICTURE_CODECS, "the picture")
    context = stream.codec_context
    if context.width * context.height > pixels:
        raise Refused(Flaw.TOO_MANY_PIXELS, f"a frame has {context.width} x {context.height} pixels")
    # one thread: a frame comes out as soon as it is there, and memory holds few of them
    context.thread_count = 1
    context.options = {"max_pixels": str(pixels + ROUNDED_UP)}
    return stream


def sound_in(container: InputContainer) -> av.AudioStream | None:
    """The first sound; Refused for a codec that we do not take."""
    stream = next(iter(container.streams.audio), None)
    if stream is not None:
        _check_codec(stream, SOUND_CODECS, "the sound")
    return stream


def codec_of(stream: av.VideoStream | av.AudioStream) -> str:
    """How the codec is called, whichever decoder reads it."""
    return str(stream.codec_context.codec.canonical_name)


def upright(width: int, height: int, rotation: int, pixels_are: Fraction | None) -> tuple[int, int]:
    """Width and height as seen: with pixels that are not square stretched, and turned by `rotation`."""
    if pixels_are:
        width = max(1, round(width * pixels_are))
    return (height, width) if rotation in {90, 270} else (width, height)


def rotation_of(frame: av.VideoFrame) -> int:
    """How far the frame is to be turned clockwise to stand upright: 0, 90, 180 or 270 degrees."""
    return round(-frame.rotation / 90) % 4 * 90


def _format(media_type: str) -> str:
    try:
        return FORMATS[media_type]
    except KeyError:
        raise Refused(Flaw.UNSUPPORTED_FILE, f"{media_type} is neither a film nor a sound") from None


def _check_codec(stream: av.VideoStream | av.AudioStream, taken: frozenset[str], what: str) -> None:
    # without a decoder there is no context, and FFmpeg may not be asked anything of it
    name = None if stream.codec_context is None else codec_of(stream)
    if name not in taken:
        raise Refused(Flaw.UNSUPPORTED_FILE, f"{what} is encoded as {name or 'something unknown'}, which is not taken")


@contextmanager
def broken_is_told() -> Iterator[None]:
    """What FFmpeg finds wrong with a file, in our words: its own name our files and may change."""
    try:
        yield
    except FFmpegError as error:
        # the classes of its errors are named after what happened: InvalidDataError, EOFError
        raise Refused(
            Flaw.BROKEN_FILE, f"the file cannot be read as a film or a sound ({type(error).__name__})"
        ) from error


def _no_other_file(_address: str, _flags: int, _options: dict[str, str]) -> NoReturn:
    raise Refused(Flaw.UNSUPPORTED_FILE, "the file refers to others")
