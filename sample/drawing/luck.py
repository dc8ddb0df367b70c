"""Numbers that look like chance and are always the same for the same word."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


class Luck:
    def __init__(self, word: str) -> None:
        self._word = word
        self._count = 0

    def share(self) -> float:
        """The next number from 0 up to 1."""
        self._count += 1
        digest = hashlib.sha256(f"{self._word}\x00{self._count}".encode()).digest()
        return int.from_bytes(digest[:4], "big") / 2**32

    def between(self, low: float, high: float) -> float:
        return low + (high - low) * self.share()

    def one_of(self, choices: Sequence[T]) -> T:
        return choices[int(self.share() * len(choices))]
