"""What is in a film or a sound: its shape, its length, its codecs, from its packets and its first frame."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
from av.container import InputContainer
from av.error import FFmpegError

from services.media import location, opening, wholeness
from services.media.facts import FilmFacts, Flaw, Limits, Refused, SoundFacts
from services.media.timelines import LONGEST_MS, Timelines

# a film whose first picture cannot be made out in so many packets is none
TRIED_PACKETS = 300
# streams of a sound or a film may end at different times; only more than this says that the header is wrong
HEADER_SLACK_MS = 1_000

CONTAINERS = {
    "video/mp4": "mp4",
    "video/quicktime": "mov",
    "video/webm": "webm",
    "video/x-matroska": "matroska",
    "audio/mpeg": "mp3",
    "audio/mp4": "mp4",
    "audio/aac": "adts",
    "audio/ogg": "ogg",
    "audio/wav": "wav",
    "audio/flac": "flac",
}
# what the same container is called when it holds a film, or nothing but sound
AS_FILM = {"audio/mp4": "video/mp4"}
AS_SOUND = {"video/mp4": "audio/mp4"}


@dataclass(slots=True)
class _Seen:
    """What reading a file through told."""

    timelines: Timelines
    first: Any = None
    tried: int = 0
    tells_where: bool = False


def probe(path: Path, media_type: str, limits: Limits) -> FilmFacts | SoundFacts:
    """What is in the file, whatever its name says: a film in a container of sounds is a film. Refused for what is not.

    Every packet is read, none but the first pictures (or sounds) are decoded: durations and rates are those of what is there.
    """
    with opening.opened(path, media_type, limits.pixels) as container:
        film = opening.film_in(container, limits.pixels)
        sound = opening.sound_in(container)
        main = film or sound
        if main is None:
            raise Refused(Flaw.BROKEN_FILE, "there is neither a picture nor a sound in it")
        wholeness.check(path, container)
        seen = _read(path, container, [one for one in (film, sound) if one is not None], main)
        told = _told(container, main, seen, path.stat().st_size)
        if film is None:
            return _of_sound(media_type, main, told)
        if seen.first.width * seen.first.height > limits.pixels:
            raise Refused(Flaw.TOO_MANY_PIXELS, f"a frame has {seen.first.width} x {seen.first.height} pixels")
        return _of_film(media_type, film, sound, seen, told)


def _of_film(media_type: str, film: Any, sound: Any, seen: _Seen, told: dict[str, Any]) -> FilmFacts:
    media_type = _as_what(media_type, "video/", AS_FILM)
    rotation = opening.rotation_of(seen.first)
    width, height = opening.upright(seen.first.width, seen.first.height, rotation, film.sample_aspect_ratio)
    has_sound = sound is not None and seen.timelines.streams[sound.index].count > 0
    return FilmFacts(
        media_type=media_type,
        container=CONTAINERS[media_type],
        video_codec=opening.codec_of(film),
        audio_codec=opening.codec_of(sound) if has_sound else None,
        has_sound=has_sound,
        width=width,
        height=height,
        rotation=rotation,
        frame_rate=_rate(film, seen.timelines),
        **told,
    )


def _of_sound(media_type: str, sound: Any, told: dict[str, Any]) -> SoundFacts:
    media_type = _as_what(media_type, "audio/", AS_SOUND)
    context = sound.codec_context
    return SoundFacts(
        media_type=media_type,
        container=CONTAINERS[media_type],
        audio_codec=opening.codec_of(sound),
        sample_rate=context.sample_rate,
        channel_count=context.channels,
        **told,
    )


def _as_what(media_type: str, family: str, other: dict[str, str]) -> str:
    """The media type by what is in it; Refused where that has none which we take, such as a WebM with nothing but sound."""
    if media_type.startswith(family):
        return media_type
    if media_type not in other:
        what = "a film" if family == "video/" else "nothing but sound"
        raise Refused(Flaw.UNSUPPORTED_FILE, f"it says {media_type} and has {what} in it")
    return other[media_type]


def _read(path: Path, container: InputContainer, streams: list[Any], main: Any) -> _Seen:
    seen = _Seen(Timelines.of(streams), tells_where=location.is_said_of(container) or location.is_said_beside(path))
    for packet in container.demux():
        seen.timelines.note(packet)
        seen.tells_where = seen.tells_where or location.tells(packet)
        if seen.first is None and packet.stream_index == main.index:
            _try(packet, seen)
    if seen.first is None:
        raise Refused(Flaw.BROKEN_FILE, "nothing in it can be decoded")
    return seen


def _try(packet: av.Packet[Any], seen: _Seen) -> None:
    """Decode one packet; a film may begin with some that cannot be, where it was cut out of a longer one."""
    seen.tried += 1
    try:
        decoded = packet.decode()
    except FFmpegError:
        decoded = []
    seen.first = next(iter(decoded), None)
    if seen.first is None and seen.tried >= TRIED_PACKETS:
        raise Refused(Flaw.BROKEN_FILE, "nothing in it can be decoded")


def _told(container: InputContainer, main: Any, seen: _Seen, byte_count: int) -> dict[str, Any]:
    duration_ms = seen.timelines.duration_ms(main.index)
    # what a header does not know is no claim; what it claims may be any number
    header_ms = duration_ms if container.duration is None else min(max(0, container.duration // 1_000), LONGEST_MS)
    return {
        "has_location": seen.tells_where,
        "duration_ms": duration_ms,
        "header_duration_ms": header_ms if abs(header_ms - duration_ms) > HEADER_SLACK_MS else None,
        "bitrate": byte_count * 8_000 // duration_ms if duration_ms else 0,
    }


def _rate(film: Any, timelines: Timelines) -> float:
    """Frames a second as the header says, where the packets agree: their times may be rounded to milliseconds."""
    counted = timelines.streams[film.index].rate
    said = float(film.average_rate or 0)
    return round(said if abs(said - counted) <= counted / 100 else counted, 3)
