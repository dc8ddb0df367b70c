"""From what people type to what engines are asked: weighted terms that score, and gates that say what is close; pure."""

from __future__ import annotations

import math
from dataclasses import dataclass

from search import analysis

ENOUGH_CLOSE = 50
"""With fewer close matches than this, whatever shares any token is shown too."""

_TOKENS_ASKED = 64
"""The most tokens of each reading that are asked for: more make a query slow and its answer no better."""

_CLOSE = 0.75
"""The share of its tokens that a long text must have in common with a document to be close."""

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
    """The score is the sum over all terms. A document is close when it passes the gate."""

    terms: tuple[Term, ...]
    gate: Gate
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
    return TextQuery(terms, _gate(folded)) if terms else None


def _gate(folded: str) -> Gate:
    found = dict.fromkeys((f"all_{reading}", token) for reading, token in analysis.units(folded))
    tokens = tuple(found)[:_TOKENS_ASKED]
    count = len(tokens)
    return Gate(tokens, count if count <= 2 else max(2, math.ceil(count * _CLOSE)))
