"""Names of tags found in text: all labels and aliases of all active tags in one pass."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import NamedTuple

import ahocorasick
import regex
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

import models
from search import analysis

# What folds to exactly one character whatever stands beside it: ASCII, Chinese characters and punctuation, full width.
_PLAIN = "\x00-\x7f\u00b7\u2013-\u2016\u2018-\u201f\u3000-\u3029\u4e00-\u9fff\uff01-\uff5e"
# What melts into the character before it: marks, the voicing signs of half-width kana, the later parts of a Hangul syllable.
_MELTING = r"\p{M}\uff9e\uff9f\u1160-\u11ff"
_PIECES = regex.compile(rf"[{_PLAIN}]+|.[{_MELTING}]*", regex.DOTALL)
_ALL_PLAIN = regex.compile(rf"[{_PLAIN}]*")

_FIRST_UNSPACED = "\u2e80"
"""From here on (the Chinese radicals) scripts are written without spaces: a name is found anywhere among them."""


class Name(NamedTuple):
    """A name of a tag, folded as `search.analysis.fold` does. Labels go before aliases where two tags share a name."""

    folded: str
    tag_id: int
    taxonomy_id: int
    is_label: bool


class Match(NamedTuple):
    """A tag's name in a text: from `start` to before `end` in characters of the text, and how it was written there."""

    tag_id: int
    start: int
    end: int
    surface: str


class Matcher:
    """Finds names in any number of texts. Built once for a vocabulary, never changed."""

    def __init__(self, names: Iterable[Name]) -> None:
        self._automaton = ahocorasick.Automaton()
        for folded, tag_ids in _by_surface(names).items():
            self._automaton.add_word(folded, (len(folded), tag_ids))
        self.names_count = len(self._automaton)
        if self.names_count:
            self._automaton.make_automaton()

    @classmethod
    async def of(cls, session: AsyncSession) -> Matcher:
        """The matcher of the vocabulary as it is now."""
        tag, alias = models.Tag, models.TagAlias
        is_active = tag.state == models.TagState.ACTIVE
        labelled = (await session.execute(select(tag.id, tag.taxonomy_id, tag.labels).where(is_active))).all()
        aliased = (
            await session.execute(
                select(alias.folded, alias.tag_id, alias.taxonomy_id).join(tag, tag.id == alias.tag_id).where(is_active)
            )
        ).all()
        labels = (
            Name(analysis.fold(label), tag_id, taxonomy_id, is_label=True)
            for tag_id, taxonomy_id, labels in labelled
            for label in labels.values()
        )
        aliases = (Name(folded, tag_id, taxonomy_id, is_label=False) for folded, tag_id, taxonomy_id in aliased)
        # a large vocabulary takes a second: not on the event loop
        return await asyncio.to_thread(cls, chain(labels, aliases))

    def find(self, text: str) -> list[Match]:
        """All names in the text, in its order. Names of Latin letters and digits are whole words; where names overlap the
        longest stands, of equally long ones the first. A name that several tags bear counts for each.
        """
        if not self.names_count:
            return []
        folded, places = _folded(text)
        return [
            Match(tag_id, start, end, text[start:end])
            for first, last, tag_ids in _longest(len(folded), self._whole(folded))
            for start, end in (_original(first, last, places),)
            for tag_id in tag_ids
        ]

    def _whole(self, folded: str) -> Iterator[tuple[int, int, tuple[int, ...]]]:
        for last, (length, tag_ids) in self._automaton.iter(folded):
            first, end = last + 1 - length, last + 1
            if not (_inside_word(folded, first) or _inside_word(folded, end)):
                yield first, end, tag_ids


class CurrentMatcher:
    """The matcher of a process: built anew when a tag has changed, at the price of one small statement each time."""

    def __init__(self) -> None:
        self._seen: tuple[int, int, int] | None = None
        self._matcher = Matcher(())

    async def get(self, session: AsyncSession) -> Matcher:
        tag = models.Tag
        counted = select(
            func.count(), func.coalesce(func.sum(tag.version), 0), func.coalesce(func.max(tag.id), 0)
        ).select_from(tag)
        count, versions, newest = (await session.execute(counted)).one()
        # every change of a tag or its aliases adds to its version, and one that takes a rejected one's place has a new id
        if self._seen != (count, versions, newest):
            self._matcher = await Matcher.of(session)
            self._seen = (count, versions, newest)
        return self._matcher


def _by_surface(names: Iterable[Name]) -> dict[str, tuple[int, ...]]:
    found: defaultdict[str, list[Name]] = defaultdict(list)
    for name in names:
        surface = name.folded.strip()
        if any(character.isalnum() for character in surface):
            found[surface].append(name)
    return {surface: _owners(bearers) for surface, bearers in found.items()}


def _owners(bearers: list[Name]) -> tuple[int, ...]:
    """Of each taxonomy the tags whose label it is, else those whose alias it is."""
    labelled = {name.taxonomy_id for name in bearers if name.is_label}
    return tuple(sorted({name.tag_id for name in bearers if name.is_label or name.taxonomy_id not in labelled}))


def _inside_word(folded: str, place: int) -> bool:
    """Whether the place between two characters lies within a word of a script that separates words."""
    return 0 < place < len(folded) and _is_of_word(folded[place - 1]) and _is_of_word(folded[place])


def _is_of_word(character: str) -> bool:
    return character < _FIRST_UNSPACED and character.isalnum()


def _longest(size: int, found: Iterable[tuple[int, int, tuple[int, ...]]]) -> list[tuple[int, int, tuple[int, ...]]]:
    taken = bytearray(size)
    kept = []
    for match in sorted(found, key=lambda match: (match[0] - match[1], match[0])):
        first, end, _ = match
        if taken.find(1, first, end) == -1:
            taken[first:end] = b"\x01" * (end - first)
            kept.append(match)
    return sorted(kept)


def _folded(text: str) -> tuple[str, list[tuple[int, int]] | None]:
    """The folded text, and for each of its characters the part of the text it came from; None: the one at its place."""
    if _ALL_PLAIN.fullmatch(text):
        return analysis.fold(text), None
    parts: list[str] = []
    places: list[tuple[int, int]] = []
    for piece in _PIECES.finditer(text):
        start, end = piece.span()
        part = analysis.fold(piece[0])
        parts.append(part)
        if len(part) == end - start:
            places.extend(zip(range(start, end), range(start + 1, end + 1), strict=True))
        else:
            places.extend([(start, end)] * len(part))
    return "".join(parts), places


def _original(first: int, end: int, places: list[tuple[int, int]] | None) -> tuple[int, int]:
    return (first, end) if places is None else (places[first][0], places[end - 1][1])
