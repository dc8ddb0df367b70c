"""How long a text is, in the unit that a channel counts, and how to shorten it without breaking a character."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from functools import lru_cache

import regex

from services.channels.terms import Unit

URL_WEIGHT = 23
LIGHT_RANGES = ((0x0, 0x10FF), (0x2000, 0x200D), (0x2010, 0x201F), (0x2032, 0x2037))

# An address with its scheme, or a bare domain of a common ending. X links every registered ending; one that is missing
# here is counted by its letters.
_URL = regex.compile(
    r"https?://[^\s<>\"'…，。；！？、（）《》「」]+"
    r"|(?<![\w@.-])(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+"
    r"(?:com|org|net|edu|gov|info|biz|io|co|ai|app|dev|me|tv|cn|uk|de|jp|fr|eu|us)"
    r"(?![\w-])(?:/[^\s<>\"'…，。；！？、（）《》「」]*)?",
    regex.IGNORECASE,
)
_CLUSTER = regex.compile(r"\X")
_EMOJI = regex.compile(r"\p{Extended_Pictographic}|\p{Regional_Indicator}{2}|[0-9#*]\uFE0F?\u20E3")
_ONE_EACH: frozenset[Unit] = frozenset({"code_points", "graphemes", "utf16"})
# Characters that always stand alone (the standard library is ten times as fast at these ranges): basic Latin without control characters, Chinese, kana, common punctuation.
_PLAIN = re.compile(r"[\n\x20-\x7e\u2010-\u2027\u3001-\u3029\u3041-\u3096\u30a0-\u30ff\u4e00-\u9fff\uff01-\uff9d]*+")


def clusters(text: str) -> list[str]:
    """The grapheme clusters of the text: what a reader takes for one character each (UAX #29)."""
    found: list[str] = list(text) if _PLAIN.fullmatch(text) else _CLUSTER.findall(text)
    return found


def length(text: str, unit: Unit) -> int:
    """The length of the text in this unit."""
    match unit:
        case "code_points":
            return len(text)
        case "graphemes":
            return len(text) if _PLAIN.fullmatch(text) else len(_CLUSTER.findall(text))
        case "bytes":
            return _utf8(text)
        case _:
            return sum(map(_WEIGHTS[unit], _pieces(text, unit)))


def fits(text: str, maximum: int, unit: Unit) -> bool:
    """Whether the text is not longer than the maximum in this unit."""
    if unit in {"code_points", "graphemes"} and len(text) <= maximum:
        return True
    return length(text, unit) <= maximum


def truncate(text: str, maximum: int, unit: Unit, ellipsis: str = "…") -> str:
    """The text if it fits, else its longest beginning that fits together with the ellipsis.

    It never ends within a grapheme cluster nor, where addresses have a weight of their own, within an address.
    """
    ellipsis = ellipsis if length(ellipsis, unit) <= maximum else ""
    weight, budget = _WEIGHTS[unit], maximum - length(ellipsis, unit)
    if unit in _ONE_EACH and _PLAIN.fullmatch(text, 0, maximum + 1):
        return text if len(text) <= maximum else text[:budget].rstrip() + ellipsis
    total = 0
    kept: list[str] = []
    for piece in _pieces(text, unit):
        total += weight(piece)
        if total > maximum:
            return _closed(kept, maximum, unit, ellipsis)
        if total <= budget:
            kept.append(piece)
    return text


def _closed(kept: list[str], maximum: int, unit: Unit, ellipsis: str) -> str:
    """What is kept, with the ellipsis. What counts is the whole: a cut may have made an address out of mere letters."""
    whole = "".join(kept).rstrip() + ellipsis
    while kept and length(whole, unit) > maximum:
        kept.pop()
        whole = "".join(kept).rstrip() + ellipsis
    return whole


def _pieces(text: str, unit: Unit) -> Iterator[str]:
    if unit != "x_weighted":
        yield from clusters(text)
        return
    end = 0
    for match in _URL.finditer(text):
        yield from clusters(text[end : match.start()])
        yield match.group()
        end = match.end()
    yield from clusters(text[end:])


def _one(_cluster: str) -> int:
    return 1


def _utf16(text: str) -> int:
    return len(text) + sum(character > "\uffff" for character in text)


def _utf8(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))


@lru_cache(maxsize=8192)
def _full_width(cluster: str) -> int:
    """Wide and full-width characters and emoji are 2; a character of ambiguous width counts as half.

    A half-width voicing mark is of the letter before it, yet has a column of its own.
    """
    if len(cluster) > 1 and _EMOJI.search(cluster):
        return 2
    widths = [unicodedata.east_asian_width(character) for character in cluster]
    return 2 if "W" in widths or "F" in widths else max(1, widths.count("H"))


@lru_cache(maxsize=8192)
def _x_weighted(piece: str) -> int:
    """As X counts (twitter-text configuration 3): after NFC, an address 23, an emoji 2, light code points 1, others 2."""
    if len(piece) > 1 and _URL.fullmatch(piece):
        return URL_WEIGHT
    composed = unicodedata.normalize("NFC", piece)
    if len(composed) > 1 and _EMOJI.search(composed):
        return 2
    return sum(1 if any(low <= ord(c) <= high for low, high in LIGHT_RANGES) else 2 for c in composed)


_WEIGHTS: dict[Unit, Callable[[str], int]] = {
    "code_points": len,
    "graphemes": _one,
    "utf16": _utf16,
    "bytes": _utf8,
    "x_weighted": _x_weighted,
    "full_width": _full_width,
}
