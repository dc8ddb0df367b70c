"""How long a film or a sound really is: from its packets, since headers may say anything."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import av

from services.media.facts import Flaw, Refused

MOST_PACKETS = 2_000_000
"""Five hours at 60 frames a second with sound: reading that many takes some seconds."""

LONGEST_MS = 48 * 3_600_000
"""Two days: beyond, time stamps are broken ones."""


@dataclass(slots=True)
class Timeline:
    """When a stream begins and ends, in units of its time base."""

    time_base: Fraction
    count: int = 0
    first: int | None = None
    last: int = 0
    end: int = 0

    def note(self, packet: av.Packet[Any]) -> None:
        at = packet.pts if packet.pts is not None else packet.dts
        if at is None or not packet.size:
            return
        self.count += 1
        self.first = at if self.first is None else min(self.first, at)
        self.last = max(self.last, at) if self.count > 1 else at
        self.end = max(self.end, at + (packet.duration or 0))

    @property
    def begins(self) -> Fraction:
        """In seconds; what lies before zero, such as the run-in of a sound codec or what was trimmed away, is not played."""
        return max(Fraction(0), (self.first or 0) * self.time_base)

    @property
    def ends(self) -> Fraction:
        """In seconds. Where the last packet does not say how long it lasts, as long as the others on average."""
        end = self.end if self.end > self.last else self.last + self._gap()
        return max(Fraction(0), end * self.time_base)

    @property
    def rate(self) -> float:
        """Packets a second."""
        seconds = self.ends - self.begins
        return float(self.count / seconds) if seconds > 0 else 0.0

    def _gap(self) -> Fraction:
        return Fraction(self.last - (self.first or 0), self.count - 1) if self.count > 1 else Fraction(0)


@dataclass(slots=True)
class Timelines:
    """The streams of a file, by index, while their packets are read."""

    streams: dict[int, Timeline] = field(default_factory=dict)
    packet_count: int = 0

    @classmethod
    def of(cls, streams: Iterable[av.VideoStream | av.AudioStream]) -> Timelines:
        return cls({stream.index: Timeline(stream.time_base or Fraction(1, 1000)) for stream in streams})

    def note(self, packet: av.Packet[Any]) -> None:
        self.packet_count += 1
        if self.packet_count > MOST_PACKETS:
            raise Refused(Flaw.TOO_MANY_FRAMES, f"it has more than {MOST_PACKETS:,} packets")
        if packet.stream_index in self.streams:
            self.streams[packet.stream_index].note(packet)

    def duration_ms(self, main: int) -> int:
        """From the earliest beginning to the latest end. Refused when that cannot be.

        A sound codec fills up its last packet: what of it lies beyond the end of the picture (`main`) is silence that nobody
        recorded. A film of exactly ten minutes is one, also with sound.
        """
        filled = [one for one in self.streams.values() if one.count]
        if not filled:
            raise Refused(Flaw.BROKEN_FILE, "there is nothing in it")
        end = self.streams[main].ends
        end = max([end, *(one.ends for one in filled if one.last * one.time_base >= end)])
        duration = round((end - min(one.begins for one in filled)) * 1000)
        if duration > LONGEST_MS:
            raise Refused(Flaw.BROKEN_FILE, "its time stamps are days apart")
        return max(0, duration)
