"""What went wrong, said in the language of who asked: English as it was raised, Chinese from `messages.zh.toml`.

The file pairs English sentences as they stand in the code, their values in braces, with Chinese ones; a code that is
raised with another sentence has a plain one, which names no values. So no sentence is ever half filled.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FILE = Path(__file__).with_name("messages.zh.toml")
PLACE = re.compile(r"\{(\w+)\}")
PHRASES = frozenset({"allowed", "both", "said", "state", "what", "where", "whom"})
"""Places whose values are words of ours, which need a language too; values of all others stand as they are."""

LONGEST = 1_000
"""Characters of a message that is looked at closely; a longer one is told in the plain words of its code."""


def spoken(wanted: Iterable[str]) -> str:
    """The first of these languages in which messages are told, by its primary part: en or zh. English, where there is none."""
    primaries = (language.partition("-")[0].lower() for language in wanted)
    return next((primary for primary in primaries if primary in {"en", "zh"}), "en")


def told(code: str, message: str, wanted: Sequence[str]) -> str:
    """The message of a code for somebody who reads these languages, the most wanted first."""
    return message if spoken(wanted) == "en" else chinese().sentence(code, message)


@dataclass(frozen=True, slots=True)
class Pair:
    """A sentence in both languages: a pattern of the English one, and the Chinese one with places for its values."""

    english: re.Pattern[str]
    chinese: str

    @classmethod
    def of(cls, english: str, chinese: str) -> Pair:
        # what stands between places is taken literally: split has put their names in between
        parts = PLACE.split(english)
        pattern = "".join(f"(?P<{part}>.+?)" if place % 2 else re.escape(part) for place, part in enumerate(parts))
        return cls(re.compile(pattern, re.DOTALL), chinese)


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All sentences: plain ones by code, pairs by code, and pairs of what stands within a sentence."""

    plain: Mapping[str, str]
    said: Mapping[str, Sequence[Pair]]
    words: Sequence[Pair]

    def sentence(self, code: str, message: str) -> str:
        """The Chinese sentence for a message. A code of pydantic's that is not listed is an invalid value like others."""
        exact = None if len(message) > LONGEST else self._exactly(self.said.get(code, ()), message)
        return exact or self.plain.get(code) or self.plain["INVALID_VALUE"]

    def _exactly(self, pairs: Sequence[Pair], message: str) -> str | None:
        """The sentence that fits word by word; None where there is none, or a phrase in it has no Chinese."""
        for pair in pairs:
            found = pair.english.fullmatch(message)
            if found is not None:
                values = {name: self._value(name, text) for name, text in found.groupdict().items()}
                return None if None in values.values() else pair.chinese.format_map(values)
        return None

    def _value(self, place: str, text: str) -> str | None:
        return self._phrase(text) if place in PHRASES else text

    def _phrase(self, text: str) -> str | None:
        for pair in self.words:
            found = pair.english.fullmatch(text)
            if found is not None:
                return pair.chinese.format_map(
                    {name: self._phrase(part) or part for name, part in found.groupdict().items()}
                )
        return None


@cache
def chinese() -> Catalogue:
    """The catalogue, read when somebody first asks for it."""
    held = tomllib.loads(FILE.read_text("utf-8"))
    said = {code: _pairs(pairs) for code, pairs in held["said"].items()}
    return Catalogue(held["plain"], said, _pairs(held["words"]))


def _pairs(given: Mapping[str, str]) -> tuple[Pair, ...]:
    # those that say more come first: the others would take their words for a value
    exact = sorted(given.items(), key=lambda pair: -len(PLACE.sub("", pair[0])))
    return tuple(Pair.of(english, chinese) for english, chinese in exact)
