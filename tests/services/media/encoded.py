"""Films and sounds for tests: encoded when asked for, tiny, and the same each time.

A film shows a grey that grows lighter frame by frame on its left half, so that frames differ and a still can be told from
another by its colour; the upper left corner is white, so that one sees which way is up.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import av

CANARY = "+48.8577+002.295/"
"""Where these films were made, as a telephone writes it."""

CODECS = {"mp4": "libx264", "mov": "libx264", "webm": "libvpx-vp9", "matroska": "libx264"}
SAMPLE_RATE = 8000


@dataclass(frozen=True, kw_only=True)
class Film:
    """How a film is to be. `frames` at `rate` a second; `rotation` in degrees clockwise, as the container says it."""

    frames: int = 10
    rate: Fraction | int = 5
    width: int = 32
    height: int = 32
    container: str = "mp4"
    codec: str | None = None
    codec_tag: str | None = None
    bit_rate: int = 0
    rotation: int = 0
    sample_aspect_ratio: Fraction | None = None
    sound_frames: int = 0
    is_black: bool = False
    black_frames: int = 0
    times: Sequence[int] | None = None
    # a line of subtitles, and a packet of a track of data
    words: str = ""
    data: bytes = b""
    metadata: dict[str, str] = field(default_factory=dict)
    options: dict[str, str] = field(default_factory=dict)


def film(path: Path, wanted: Film) -> Path:
    """Encode a film; with sound when `sound_frames` says how many times 1024 samples of 8 kHz."""
    movflags = {"movflags": "+use_metadata_tags"} if "com." in "".join(wanted.metadata) else {}
    with av.open(str(path), "w", format=wanted.container, container_options={**movflags, **wanted.options}) as made:
        made.flags |= av.container.Flags.bitexact.value
        made.metadata.update(wanted.metadata)
        stream = _stream(made, wanted)
        sound = _sound_stream(made, wanted.container) if wanted.sound_frames else None
        beside = [(made.add_mux_stream("subrip"), wanted.words.encode())] if wanted.words else []
        beside += [(made.add_data_stream("bin_data"), wanted.data)] if wanted.data else []
        for frame in _frames(wanted):
            made.mux(stream.encode(frame))
        made.mux(stream.encode(None))
        for other, content in beside:
            _add(made, other, content)
        if sound is not None:
            _hum(made, sound, wanted.sound_frames)
    return path


def _add(made: Any, stream: Any, content: bytes) -> None:
    """One packet, at the beginning."""
    packet = av.Packet(content)
    packet.stream, packet.time_base = stream, Fraction(1, 1000)
    packet.pts, packet.dts, packet.duration = 0, 0, 500
    made.mux(packet)


def _stream(made: Any, wanted: Film) -> Any:
    codec = wanted.codec or CODECS[wanted.container]
    quick = {
        "libx264": {"preset": "ultrafast", "tune": "zerolatency"},
        "libvpx-vp9": {"cpu-used": "8", "deadline": "realtime"},
    }
    stream = made.add_stream(
        codec, rate=wanted.rate, options=quick.get(codec, {}), width=wanted.width, height=wanted.height
    )
    stream.pix_fmt = "yuv420p"
    stream.codec_context.thread_count = 1
    stream.codec_context.time_base = Fraction(1, 1000) if wanted.times else 1 / Fraction(wanted.rate)
    if wanted.codec_tag:
        stream.codec_context.codec_tag = wanted.codec_tag
    if wanted.bit_rate:
        stream.codec_context.bit_rate = wanted.bit_rate
    if wanted.sample_aspect_ratio:
        stream.codec_context.sample_aspect_ratio = wanted.sample_aspect_ratio
    if wanted.rotation:
        stream.set_display_rotation(-wanted.rotation)
    return stream


def _frames(wanted: Film) -> Iterable[av.VideoFrame]:
    dark = wanted.frames if wanted.is_black else wanted.black_frames
    for number in range(wanted.frames):
        frame = av.VideoFrame(wanted.width, wanted.height, "yuv420p")
        _paint(frame, None if number < dark else 60 + number % 100)
        frame.pts = wanted.times[number] if wanted.times else number
        yield frame


def _paint(frame: av.VideoFrame, grey: int | None) -> None:
    luminance, *colours = frame.planes
    for plane in colours:
        plane.update(bytes([128]) * plane.buffer_size)
    wide, high, stride = frame.width, frame.height, luminance.line_size
    if grey is None:
        luminance.update(bytes([16]) * luminance.buffer_size)
        return
    row = bytes([grey]) * (wide // 2) + bytes([200]) * (stride - wide // 2)
    top = bytes([235]) * (wide // 4) + row[wide // 4 :]
    luminance.update(top * (high // 4) + row * (high - high // 4))


def _sound_stream(made: Any, container: str) -> Any:
    codec = {"webm": "libopus", "ogg": "libopus", "mp3": "libmp3lame", "wav": "pcm_s16le", "flac": "flac"}.get(
        container, "aac"
    )
    stream = made.add_stream(codec, rate=48000 if codec == "libopus" else SAMPLE_RATE)
    stream.codec_context.layout = "mono"
    return stream


def _hum(made: Any, stream: Any, count: int) -> None:
    """A deep saw tooth."""
    fifo = av.AudioFifo()
    rate = stream.codec_context.sample_rate
    saw = struct.pack("<1024h", *(((place * 40) % 8000) - 4000 for place in range(1024)))
    resampler = av.AudioResampler(format=stream.codec_context.format, layout="mono", rate=rate)
    for number in range(count):
        frame = av.AudioFrame(format="s16", layout="mono", samples=1024)
        frame.planes[0].update(saw)
        frame.sample_rate, frame.pts, frame.time_base = rate, number * 1024, Fraction(1, rate)
        for ready in resampler.resample(frame):
            fifo.write(ready)
    stream.codec_context.open(strict=False)
    size = stream.codec_context.frame_size or 1024
    while (part := fifo.read(size) or fifo.read()) is not None:
        made.mux(stream.encode(part))
    made.mux(stream.encode(None))


def sound(
    path: Path,
    container: str,
    frames: int = 8,
    *,
    metadata: dict[str, str] | None = None,
    cover: bytes = b"",
    cover_codec: str = "png",
) -> Path:
    """A sound of `frames` times 1024 samples; `cover` is a picture that it carries."""
    with av.open(str(path), "w", format=container) as made:
        made.flags |= av.container.Flags.bitexact.value
        made.metadata.update(metadata or {})
        stream = _sound_stream(made, container)
        picture = made.add_mux_stream(cover_codec, width=1, height=1) if cover else None
        if picture is not None:
            picture.disposition = av.stream.Disposition.attached_pic.value
            packet = av.Packet(cover)
            packet.stream = picture
            made.mux(packet)
        _hum(made, stream, frames)
    return path


def box_at(content: bytes, *names: str) -> int:
    """Where the content of a box of an MP4 begins, by the names of those around it: box_at(film, "moov", "mvhd")."""
    start, end = 0, len(content)
    for name in names:
        while content[start + 4 : start + 8] != name.encode():
            start += int.from_bytes(content[start : start + 4], "big")
            if start >= end:
                raise LookupError(name)
        end = start + int.from_bytes(content[start : start + 4], "big")
        start += 8
    return start
