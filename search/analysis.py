"""Text to tokens, once for every backend: folding, characters, bigrams over all characters, words with English stems."""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple

import rjieba
import snowballstemmer

TOKEN_LIMIT = 255
"""The longest token, in characters: what every engine accepts as one term."""

# Scripts written without spaces: every character of them is a token of its own.
_UNSPACED = (
    "\u2e80-\u2fdf\u3005-\u3007\u3021-\u3029\u3040-\u312f\u31a0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uac00-\ud7a3\uf900-\ufaff\U00020000-\U0003ffff"
)
_CHARACTERS = re.compile(f"[{_UNSPACED}]|[^\\W_{_UNSPACED}]+")
_STRETCHES = re.compile(f"[{_UNSPACED}]+|[^\\W_{_UNSPACED}]+")
_UNSPACED_CHARACTER = re.compile(f"[{_UNSPACED}]")
_PARTS = re.compile(r"[a-z]+|[0-9]+")
_RUNS = re.compile(r"[^\W_]+")
_STEMMED = re.compile(r"[a-z]{3,}")
_STEMMER = snowballstemmer.stemmer("english")


class Analysis(NamedTuple):
    """The tokens of one text, in order and with repetitions, each a word character run of 1 to 255 characters."""

    characters: list[str]
    bigrams: list[str]
    words: list[str]


def analyse(text: str) -> Analysis:
    """All three readings of a text. Any string is accepted; one without a letter or digit gives no tokens."""
    folded = fold(text)
    return Analysis(characters(folded), bigrams(folded), words(folded))


class _Folding(dict[int, str]):
    """What `str.translate` replaces each code point by, worked out at first sight; bounded by the size of Unicode."""

    def __missing__(self, code: int) -> str:
        folded = self[code] = _fold_character(chr(code))
        return folded


def _fold_character(character: str) -> str:
    category = unicodedata.category(character)
    if category in ("Cs", "Cc", "Zs", "Zl", "Zp", "Co", "Cn"):
        return " "
    if category == "Cf" or "\u0300" <= character <= "\u036f":
        # Joiners, soft hyphens, direction marks, and accents that had nothing to compose with.
        return ""
    lowered = character.casefold()
    if not unicodedata.name(character, "").startswith(("LATIN", "GREEK", "CYRILLIC")):
        # Elsewhere a mark is part of the letter: a kana without its voicing is another kana.
        return lowered
    return "".join(part for part in unicodedata.normalize("NFKD", lowered) if not unicodedata.combining(part))


_FOLDING = _Folding()


def fold(text: str) -> str:
    """One spelling of what readers take for the same: width, case, accents, invisible characters."""
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFKC", text).translate(_FOLDING)


def characters(folded: str) -> list[str]:
    """Single characters of unspaced scripts; whole runs of letters and digits of the others."""
    return [token[:TOKEN_LIMIT] for token in _CHARACTERS.findall(folded)]


def bigrams(folded: str) -> list[str]:
    """Every two neighbouring characters, Latin letters and digits too, within what stands between spaces and signs.

    They find parts of words and of model numbers. A character that stands alone is kept alone.
    """
    return [pair for run in _RUNS.findall(folded) for pair in _pairs(run)]


def _pairs(run: str) -> list[str]:
    return [first + second for first, second in itertools.pairwise(run)] or [run]


def words(folded: str) -> list[str]:
    """Dictionary words in search mode (long words and their parts), English ones as stems.

    Where letters meet digits ("iphone15") the whole is kept and its parts are added.
    """
    found: list[str] = []
    for stretch in _STRETCHES.findall(folded):
        if _UNSPACED_CHARACTER.match(stretch):
            found += rjieba.cut_for_search(stretch)
        else:
            found += [stem(stretch), *(stem(part[0]) for part in _parts(stretch))]
    return [word[:TOKEN_LIMIT] for word in found]


def word_spans(folded: str) -> Iterator[tuple[str, int, int]]:
    """The same words with the place of each in the text."""
    for stretch in _STRETCHES.finditer(folded):
        start, end = stretch.span()
        if _UNSPACED_CHARACTER.match(stretch[0]):
            for word, first, last in rjieba.tokenize(stretch[0], "search"):
                yield word[:TOKEN_LIMIT], start + first, start + last
        else:
            yield stem(stretch[0]), start, end
            for part in _parts(stretch[0]):
                yield stem(part[0]), start + part.start(), start + part.end()


def units(folded: str) -> Iterator[tuple[str, str]]:
    """The least that a text can be taken apart into, each with the reading that has it as a token.

    Characters of unspaced scripts; stems of other words, and of their parts where letters meet digits.
    """
    for token in characters(folded):
        if _UNSPACED_CHARACTER.match(token):
            yield "characters", token
        else:
            parts = [part[0] for part in _parts(token)] or [token]
            yield from (("words", stem(part)) for part in parts)


def _parts(word: str) -> Iterable[re.Match[str]]:
    """The runs of letters and of digits in a word that has both."""
    return () if word.isalpha() or word.isdecimal() else _PARTS.finditer(word)


@lru_cache(maxsize=65_536)
def stem(word: str) -> str:
    """The stem of an English word; anything with a digit or another letter is left as it is."""
    return _STEMMER.stemWord(word)[:TOKEN_LIMIT] if _STEMMED.fullmatch(word) else word[:TOKEN_LIMIT]
