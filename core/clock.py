"""What time it is: passed in, so that a test can say."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    def now(self) -> datetime:
        """The present instant, with its zone (UTC)."""


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)


@dataclass
class FixedClock:
    """A clock for tests and replays: it stands until moved."""

    at: datetime

    def now(self) -> datetime:
        return self.at

    def move(self, step: timedelta) -> None:
        self.at += step
