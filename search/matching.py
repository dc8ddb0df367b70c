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
_READING_WEIGHTS = {"characters": 1.0, "bigrams": 1.0, "words": 1.0}


@dataclass(frozen=True, slots=True)
class Term:
    """One token in one field, and what its BM25 score is multiplied by."""

    field: str
    token: str
    weight: float


@dataclass(frozen=True, slots=True)
class Gate:
    """Open to documents that have at least `needed` of these tokens in the field."""

    field: str
    tokens: tuple[str, ...]
    needed: int


@dataclass(frozen=True, slots=True)
class TextQuery:
    """The score is the sum over all terms. A document is close when it passes one of the gates."""

    terms: tuple[Term, ...]
    gates: tuple[Gate, ...]
    enough: int = ENOUGH_CLOSE


def text_query(text: str) -> TextQuery | None:
    """The question to the engine; None when the text has no letter, digit or character to look for."""
    read = {
        name: tuple(dict.fromkeys(tokens))[:_TOKENS_ASKED] for name, tokens in analysis.analyse(text)._asdict().items()
    }
    if not read["characters"]:
        return None
    terms = tuple(
        Term(f"{zone}_{reading}", token, zone_weight * _READING_WEIGHTS[reading])
        for zone, zone_weight in _ZONE_WEIGHTS.items()
        for reading, tokens in read.items()
        for token in tokens
    )
    # The second gate finds in titles what was typed with other spaces or with parts of words.
    return TextQuery(terms, (_gate("all_characters", read["characters"]), _gate("title_bigrams", read["bigrams"])))


def _gate(field: str, tokens: tuple[str, ...]) -> Gate:
    count = len(tokens)
    return Gate(field, tokens, count if count <= 2 else max(2, math.ceil(count * _CLOSE)))
