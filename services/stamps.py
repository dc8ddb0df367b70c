"""Stamps: which saving of which version somebody saw, as an opaque text; what is written on top of it says so."""

from __future__ import annotations

from typing import Protocol

from core.errors import Conflict


class Versioned(Protocol):
    """A version that counts its savings."""

    @property
    def number(self) -> int: ...

    @property
    def edition(self) -> int: ...


class StaleRevision(Conflict):
    """It was saved since; nothing of either is lost. Read it again, and save on top of that."""

    code = "STALE_REVISION"

    def __init__(self, current: Versioned | None) -> None:
        self.current = None if current is None else of(current)
        said = "There is no draft any more: leave the expected revision out to begin one."
        if current is not None:
            said = (
                f"The draft was saved since: it stands at revision {self.current}. Read it, then save on top of that."
            )
        super().__init__(said, path=("expected_revision",))


def of(version: Versioned) -> str:
    """The stamp of a version as it is now: it changes with each saving."""
    return f"{version.number}.{version.edition}"


def differs(version: Versioned | None, expected: str | None) -> bool:
    """Whether this is not what was seen. Nothing seen (None) means that there was nothing yet."""
    return (None if version is None else of(version)) != expected
