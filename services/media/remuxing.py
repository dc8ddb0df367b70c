"""Writes a film or a sound anew without what tells where it was made: the streams as they are, none of what is said of them."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Any

import av
from av.container import InputContainer, OutputContainer

from services.media import location, opening
from services.media.facts import Flaw, Refused

# how FFmpeg calls the writer of each media type
WRITERS = {
    "video/mp4": "mp4",
    "video/quicktime": "mov",
    "video/webm": "webm",
    "video/x-matroska": "matroska",
    "audio/mpeg": "mp3",
    "audio/mp4": "ipod",
    "audio/aac": "adts",
    "audio/ogg": "ogg",
    "audio/wav": "wav",
    "audio/flac": "flac",
}
STREAMS = ("video", "audio", "subtitle")
# the index in front, so that a film plays while it is still being fetched
FAST_START = {"movflags": "+faststart"}
# no version of ours, no random number: the same film in gives the same bytes out
SAME_BYTES = {"fflags": "+bitexact"}


def without_location(path: Path, media_type: str, target: Path) -> None:
    """Copy pictures, sounds and subtitles, packet by packet and in their order, without labels, covers and tracks of data.

    Nothing is encoded again, and the picture stays as it is turned. Subtitles that say where they were made are left out.
    Refused for a file that breaks on the way.
    """
    telling = _telling(path, media_type)
    writer = WRITERS[media_type]
    options = SAME_BYTES | (FAST_START if writer in {"mp4", "mov", "ipod"} else {})
    with ExitStack() as stack:
        source = stack.enter_context(opening.opened(path, media_type))
        made = stack.enter_context(av.open(f"file:{target}", "w", format=writer, container_options=options))
        copies = _copies(source, made, telling)
        for packet in source.demux(*(source.streams[index] for index in copies)):
            # the last ones are empty: they would flush a decoder
            if packet.dts is not None:
                packet.stream = copies[packet.stream_index]
                made.mux(packet)


def _telling(path: Path, media_type: str) -> set[int]:
    """The streams that say where they were made, which only their packets show."""
    with opening.opened(path, media_type) as source:
        return {packet.stream_index for packet in source.demux() if packet.size and location.tells(packet)}


def _copies(source: InputContainer, made: OutputContainer, telling: set[int]) -> dict[int, Any]:
    """The stream to write to for each that stays, by its index."""
    copies: dict[int, Any] = {}
    for stream in source.streams:
        if stream.type not in STREAMS or location.is_cover(stream) or stream.index in telling:
            continue
        try:
            copies[stream.index] = _copy(stream, made)
        except ValueError as error:
            # the writer has no name for it: rare subtitles may go, a picture or a sound may not
            if stream.type != "subtitle":
                raise Refused(Flaw.UNSUPPORTED_FILE, "it cannot be written without saying where it was made") from error
    return copies


def _copy(stream: Any, made: OutputContainer) -> Any:
    copy = made.add_stream_from_template(stream, opaque=True)
    copy.disposition = stream.disposition.value
    if stream.type == "video" and stream.codec_tag == "hvc1":
        # the writer's other name for the same pictures is one that Apple's players do not know
        copy.codec_tag = "hvc1"
    return copy
