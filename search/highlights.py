"""Where a text shows what was searched for: spans in the text as written, never through the middle of a character."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import regex

from search import analysis

_CLUSTERS = regex.compile(r"\X")

# Chinese function characters: part of a question, but marking each of them in a text would hide what matters.
_FUNCTION_CHARACTERS = frozenset("的了吗呢吧啊么是在和与及或也都就不我你他她它们有这那个上下里怎什要会能把被让对从到")


class Span(NamedTuple):
    """Code points `start` up to, not including, `end` of the original text."""

    start: int
    end: int


def sought(text: str) -> frozenset[str]:
    """What of a search text is worth marking: stems and dictionary words without bare function characters."""
    return frozenset(analysis.words(analysis.fold(text))) - _FUNCTION_CHARACTERS


def highlight(text: str, words: frozenset[str]) -> tuple[Span, ...]:
    """Spans to mark, in order and apart from each other. `words` come from `sought`."""
    folded, origins = _folded_with_origins(text)
    spans = sorted({*_as_words(folded, words), *_as_parts(folded, words)})
    return tuple(_merged(Span(origins[start].start, origins[end - 1].end) for start, end in spans))


def _folded_with_origins(text: str) -> tuple[str, list[Span]]:
    """The folded text, and for each of its characters the user-perceived character it came from."""
    folded: list[str] = []
    origins: list[Span] = []
    for match in _CLUSTERS.finditer(text):
        part = analysis.fold(match[0])
        folded.append(part)
        origins += [Span(*match.span())] * len(part)
    return "".join(folded), origins


def _as_words(folded: str, words: frozenset[str]) -> Iterator[tuple[int, int]]:
    for word, start, end in analysis.word_spans(folded):
        if word in words:
            yield start, end


def _as_parts(folded: str, words: frozenset[str]) -> Iterator[tuple[int, int]]:
    """Words of unspaced scripts wherever they stand: their borders depend on the sentence around them."""
    for word in words:
        if not word.isascii():
            start = folded.find(word)
            while start >= 0:
                yield start, start + len(word)
                start = folded.find(word, start + 1)


def _merged(spans: Iterator[Span]) -> Iterator[Span]:
    first = next(spans, None)
    if first is None:
        return
    start, end = first
    for span in spans:
        if span.start > end:
            yield Span(start, end)
            start = span.start
        end = max(end, span.end)
    yield Span(start, end)
