"""What is in a file of subtitles, WebVTT or SubRip: how many cues, and when the last one ends.

What stands in a cue is kept as it is, marks of HTML as well: players show the few they know, and it is served as text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from services.media.facts import Flaw, Refused, SubtitlesFacts
from services.media.timelines import LONGEST_MS

MOST_BYTES = 5_000_000
"""A film of three hours has about 100 kB of them."""
LONGEST_TIME = len("999:59:59.999")

WEBVTT, SUBRIP = "text/vtt", "application/x-subrip"
ARROW = "-->"
# an hour may be left out in WebVTT only; SubRip is written with a comma, and by some programs with a point
TIMES = {
    WEBVTT: re.compile(r"(?:([0-9]{2,3}):)?([0-5][0-9]):([0-5][0-9])\.([0-9]{3})", re.ASCII),
    SUBRIP: re.compile(r"([0-9]{1,3}):([0-5][0-9]):([0-5][0-9])[,.]([0-9]{3})", re.ASCII),
}
LINE_END = re.compile(r"\r\n|\r|\n")
# a cue is a name or a number, if it has one, and then its times
HEAD_OF_CUE = 2


def probe(path: Path, media_type: str) -> SubtitlesFacts:
    """Refused for what is not UTF-8, has no cue, or has one whose times cannot be read: its line is told."""
    if media_type not in TIMES:
        raise Refused(Flaw.UNSUPPORTED_FILE, f"{media_type} is not subtitles")
    ends = [end for _, end in _cues(_lines(path, media_type), TIMES[media_type])]
    if not ends:
        raise Refused(Flaw.BROKEN_FILE, "there is no cue in it")
    return SubtitlesFacts(media_type=media_type, cue_count=len(ends), duration_ms=max(ends))


def _lines(path: Path, media_type: str) -> Iterator[str]:
    text = _text(path)
    lines = LINE_END.split(text)
    if media_type == WEBVTT and not (lines[0] == "WEBVTT" or lines[0].startswith(("WEBVTT ", "WEBVTT\t"))):
        raise Refused(Flaw.BROKEN_FILE, "it does not begin with WEBVTT")
    return iter(lines)


def _text(path: Path) -> str:
    byte_count = path.stat().st_size
    if not byte_count:
        raise Refused(Flaw.EMPTY_FILE, "the file has no bytes")
    if byte_count > MOST_BYTES:
        raise Refused(Flaw.FILE_TOO_LARGE, f"subtitles have {byte_count:,} bytes; {MOST_BYTES:,} are taken")
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Refused(Flaw.BROKEN_FILE, "it is not UTF-8") from None
    if "\0" in text:
        raise Refused(Flaw.BROKEN_FILE, "it is not text")
    return text


def _cues(lines: Iterator[str], times: re.Pattern[str]) -> Iterator[tuple[int, int]]:
    """When each cue begins and ends. An arrow further down in a cue belongs to what is said."""
    in_block = 0
    for number, line in enumerate(lines, 1):
        in_block = in_block + 1 if line.strip(" \t") else 0
        if 0 < in_block <= HEAD_OF_CUE and ARROW in line:
            in_block = HEAD_OF_CUE
            yield _between(line, times, number)


def _between(line: str, times: re.Pattern[str], number: int) -> tuple[int, int]:
    first, _, rest = line.partition(ARROW)
    # settings for where the words stand may follow
    begin = _milliseconds(first, times)
    end = _milliseconds(rest.split(maxsplit=1)[0] if rest.strip() else "", times)
    if begin is None or end is None:
        raise Refused(Flaw.BROKEN_FILE, f"the times in line {number:,} cannot be read")
    if end < begin or end > LONGEST_MS:
        raise Refused(Flaw.BROKEN_FILE, f"the cue in line {number:,} ends before it begins, or days later")
    return begin, end


def _milliseconds(time: str, times: re.Pattern[str]) -> int | None:
    time = time.strip(" \t")
    found = times.fullmatch(time) if len(time) <= LONGEST_TIME else None
    if found is None:
        return None
    hours, minutes, seconds, rest = (int(part or 0) for part in found.groups())
    return ((hours * 60 + minutes) * 60 + seconds) * 1_000 + rest
