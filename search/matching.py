"""From what people type to what engines are asked: weighted terms that score, and gates that say what is close; pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from search import analysis

ENOUGH_CLOSE = 50
"""With fewer close matches than this, whatever shares a word or is spelled alike is shown too."""

_TOKENS_ASKED = 64
"""The most tokens of each reading that are asked for: more make a query slow and its answer no better."""

_CLOSE = 0.75
"""The share of its tokens that a long text must have in common with a document to be close."""

_ALIKE = 0.5
"""The share of its pairs of letters that must stand in a title for it to be the same in another spelling."""

# Tuned on the development halves of the judged sets; docs/search.md has the table.
_ZONE_WEIGHTS = {"title": 0.5, "all": 1.0}
_READINGS = {"characters": analysis.characters, "bigrams": analysis.bigrams, "words": analysis.words}
_READING_WEIGHTS = {"characters": 1.0, "bigrams": 1.0, "words": 1.0}


@dataclass(frozen=True, slots=True)
class Term:
    """One token in one field, and what its BM25 score is multiplied by."""

    field: str
    token: str
    weight: float


@dataclass(frozen=True, slots=True)
class Gate:
    """Open to documents that have at least `needed` of these tokens, each in its field."""

    tokens: tuple[tuple[str, str], ...]
    needed: int


@dataclass(frozen=True, slots=True)
class TextQuery:
    """The score is the sum over all terms. Close is what passes that gate; what passes one of the others matches too,
    where fewer than `enough` documents are close.
    """

    terms: tuple[Term, ...]
    close: Gate
    loose: tuple[Gate, ...]
    enough: int = ENOUGH_CLOSE


def text_query(text: str) -> TextQuery | None:
    """The question to the engine; None when the text has no letter, digit or character to look for."""
    folded = analysis.fold(text)
    terms = tuple(
        Term(f"{zone}_{reading}", token, zone_weight * _READING_WEIGHTS[reading])
        for reading, read in _READINGS.items()
        for token in tuple(dict.fromkeys(read(folded)))[:_TOKENS_ASKED]
        for zone, zone_weight in _ZONE_WEIGHTS.items()
    )
    if not terms:
        return None
    # Without the second gate, pairs of letters would make almost every English text a match for any other.
    units = _distinct((f"all_{reading}", token) for reading, token in analysis.units(folded))
    return TextQuery(terms, Gate(units, _most_of(len(units))), (Gate(units, 1), *_spelled_otherwise(folded)))


def _spelled_otherwise(folded: str) -> Iterator[Gate]:
    """Titles with enough of the pairs of letters: other spaces, parts of words. Few pairs tell something only together."""
    pairs = _distinct(("title_bigrams", pair) for pair in analysis.bigrams(folded) if pair.isascii())
    if pairs:
        yield Gate(pairs, max(min(len(pairs), 3), math.ceil(len(pairs) * _ALIKE)))


def _distinct(tokens: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    return tuple(dict.fromkeys(tokens))[:_TOKENS_ASKED]


def _most_of(count: int) -> int:
    return count if count <= 2 else max(2, math.ceil(count * _CLOSE))
