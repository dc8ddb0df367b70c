"""Stills and short previews of films, upright and with square pixels."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from av.container import InputContainer
from av.filter import Graph

from services.media import opening, recipes, remuxing
from services.media.facts import Flaw, Refused

LOOKED_THROUGH = Fraction(1, 10)
"""A still is looked for in this share of a film: what comes later gives away how it ends."""
EACH_FRAME = 60
"""So many frames are looked at one by one; after that only those that stand for themselves, which is far cheaper."""
MOST_FRAMES = 400

SEEN_AT = 32
"""Pixels on each side of the small picture in which black is told from something."""
VARIANCE = 36
"""Of the luminance (0-255): noise on black stays below, the darkest scene in which something can be made out is above."""

BITS_A_SECOND = 800_000
"""What the short video form of the catalogue asks of its intro clip at most (channel-facts.md §1.4.1): 800 kbit/s, 5 s."""
PREVIEW_SECONDS = 5
MOST_FRAMES_A_SECOND = 30


def still(path: Path, target: Path, at_ms: int | None = None) -> None:
    """Write a frame as a PNG: the one shown at `at_ms` (the last one when the film is shorter), else the first that is not
    black or of one colour in the first tenth, else the first. Refused when there is no picture in it.
    """
    with opening.opened(path) as film:
        stream = _picture_of(film)
        frame = _first_telling(film, stream) if at_ms is None else _shown_at(film, stream, at_ms)
    if frame is None:
        raise Refused(Flaw.BROKEN_FILE, "no picture of it can be decoded")
    graph = _graph(frame, stream, opening.upright(frame.width, frame.height, 0, stream.sample_aspect_ratio), "rgb24")
    graph.push(frame)
    target.write_bytes(_png(graph.vpull()))


def preview(path: Path, target: Path, width: int, height: int, seconds: int = PREVIEW_SECONDS) -> None:
    """Write the first `seconds` as an MP4 (H.264, no sound, index in front) that fits into width x height: never larger than
    the film, sides even, as H.264 wants them, of no more than BITS_A_SECOND. Refused when there is no picture in it.
    """
    with ExitStack() as stack:
        film = stack.enter_context(opening.opened(path))
        frames = _beginning(film, _picture_of(film), (width, height), seconds)
        first = next(frames, None)
        if first is None:
            raise Refused(Flaw.BROKEN_FILE, "no picture of it can be decoded")
        options = remuxing.SAME_BYTES | remuxing.FAST_START
        made = stack.enter_context(av.open(f"file:{target}", "w", format="mp4", container_options=options))
        stream = _encoder(made, first)
        made.mux(stream.encode(first))
        for frame in frames:
            made.mux(stream.encode(frame))
        made.mux(stream.encode(None))


def _picture_of(film: InputContainer) -> av.VideoStream:
    stream = opening.film_in(film)
    if stream is None:
        raise Refused(Flaw.UNSUPPORTED_FILE, "there is no picture in it")
    return stream


def _frames(film: InputContainer, stream: av.VideoStream) -> Iterator[av.VideoFrame]:
    """As they are shown; packets that cannot be decoded are left out."""
    for packet in film.demux(stream):
        with opening.broken_is_told():
            yield from packet.decode()


def _first_telling(film: InputContainer, stream: av.VideoStream) -> av.VideoFrame | None:
    first: av.VideoFrame | None = None
    begins = Fraction(0)
    until = Fraction(film.duration or 0, av.time_base) * LOOKED_THROUGH
    for number, frame in enumerate(_frames(film, stream)):
        if first is None:
            first, begins = frame, _time(frame)
        if number >= MOST_FRAMES or (number and _time(frame) - begins > until):
            break
        if _is_telling(frame):
            return frame
        if number == EACH_FRAME:
            stream.codec_context.skip_frame = "NONKEY"
    return first


def _is_telling(frame: av.VideoFrame) -> bool:
    small = frame.reformat(width=SEEN_AT, height=SEEN_AT, format="gray").planes[0]
    # lines in memory may be longer than the picture is wide
    content, stride = bytes(small), small.line_size
    seen = b"".join(content[start : start + SEEN_AT] for start in range(0, SEEN_AT * stride, stride))
    mean = sum(seen) / len(seen)
    return sum((one - mean) ** 2 for one in seen) / len(seen) > VARIANCE


def _shown_at(film: InputContainer, stream: av.VideoStream, at_ms: int) -> av.VideoFrame | None:
    at = Fraction(at_ms, 1_000) + Fraction(film.start_time or 0, av.time_base)
    film.seek(round(at * av.time_base))
    shown = None
    for frame in _frames(film, stream):
        if shown is not None and _time(frame) > at:
            break
        shown = frame
    return shown


def _time(frame: av.VideoFrame) -> Fraction:
    return (frame.pts or 0) * (frame.time_base or Fraction(0))


def _beginning(
    film: InputContainer, stream: av.VideoStream, within: tuple[int, int], seconds: int
) -> Iterator[av.VideoFrame]:
    """The frames of the preview: scaled, turned, at an even rate."""
    rate = min(stream.average_rate or MOST_FRAMES_A_SECOND, Fraction(MOST_FRAMES_A_SECOND))
    graph, begins = None, Fraction(0)
    for frame in _frames(film, stream):
        if graph is None:
            begins = _time(frame)
            graph = _graph(frame, stream, _fitting(frame, stream, within), "yuv420p", f"fps={rate}")
        if _time(frame) - begins >= seconds:
            break
        graph.push(frame)
        yield from _pulled(graph)
    if graph is not None:
        graph.push(None)
        yield from _pulled(graph)


def _pulled(graph: Graph) -> Iterator[av.VideoFrame]:
    while True:
        try:
            frame = graph.vpull()
        except (av.error.BlockingIOError, av.error.EOFError):
            return
        # what kind of frame it was in the film says nothing of the preview
        frame.pict_type = av.video.frame.PictureType.NONE
        yield frame


def _fitting(frame: av.VideoFrame, stream: av.VideoStream, within: tuple[int, int]) -> tuple[int, int]:
    """Width and height before turning."""
    rotation = opening.rotation_of(frame)
    seen = opening.upright(frame.width, frame.height, rotation, stream.sample_aspect_ratio)
    width, height = (max(2, side // 2 * 2) for side in recipes.inside(*seen, within))
    return (height, width) if rotation in {90, 270} else (width, height)


TURNS = {0: (), 90: ("transpose=clock",), 180: ("hflip", "vflip"), 270: ("transpose=cclock",)}


def _graph(frame: av.VideoFrame, stream: av.VideoStream, size: tuple[int, int], pixels: str, *more: str) -> Graph:
    """Scales to `size` and turns upright. Frames of another size on the way are scaled to the same."""
    graph = Graph()
    nodes = [
        graph.add_buffer(
            width=frame.width, height=frame.height, format=frame.format, time_base=frame.time_base or stream.time_base
        )
    ]
    steps = [f"scale={size[0]}:{size[1]}", *TURNS[opening.rotation_of(frame)], "setsar=1", *more, f"format={pixels}"]
    nodes.extend(graph.add(*step.split("=", 1)) for step in [*steps, "buffersink"])
    graph.link_nodes(*nodes).configure()
    return graph


def _encoder(made: Any, first: av.VideoFrame) -> Any:
    """H.264 of good quality as long as that fits, of as much as fits otherwise: with a buffer of a fifth of a second, no
    length of film goes over what is allowed.
    """
    options = {
        "preset": "veryfast",
        "crf": "24",
        "maxrate": str(BITS_A_SECOND * 4 // 5),
        "bufsize": str(BITS_A_SECOND // 5),
    }
    time_base = first.time_base or Fraction(1, MOST_FRAMES_A_SECOND)
    stream = made.add_stream("libx264", rate=1 / time_base, options=options, width=first.width, height=first.height)
    stream.pix_fmt = "yuv420p"
    stream.codec_context.time_base = time_base
    stream.codec_context.thread_count = 1
    return stream


def _png(frame: av.VideoFrame) -> bytes:
    context = av.CodecContext.create("png", "w")
    context.width, context.height, context.pix_fmt = frame.width, frame.height, "rgb24"
    context.time_base = Fraction(1, 1)
    # it is read once, to be scaled
    context.options = {"compression_level": "1"}
    frame.pict_type = av.video.frame.PictureType.NONE
    return b"".join(bytes(packet) for packet in [*context.encode(frame), *context.encode(None)])
