"""The entries in force at one moment, and as one creator sees them where canaries run beside the versions in force."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from uuid import UUID

from services.channels.engine import CompiledPack
from services.channels.selectors import SelectorIndex

PLACES = 100
"""Into so many equal parts the creators of a channel are divided: a canary holds some of them, one for each percent."""
VIEWS_KEPT = 256


@dataclass(frozen=True, slots=True)
class Installed:
    """One channel entry in force: its row, its version, its pack made ready."""

    channel_id: int
    pack_version_id: int
    compiled: CompiledPack


Shares = Mapping[str, tuple[Installed | None, ...]]
"""By key of a channel with canaries, which of them holds each of its places; None where the version in force does."""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All entries in force at one moment. `stamp` tells whether it is still so. What is asked for one creator is asked of
    what they see of it (`seen_by`).
    """

    stamp: str
    by_key: dict[str, Installed]
    by_channel: dict[int, Installed]
    index: SelectorIndex
    shares: Shares = field(default_factory=dict)
    # by the versions that differ: many creators see the same
    _views: dict[tuple[int, ...], Catalogue] = field(default_factory=dict, repr=False, compare=False)

    def every(self) -> Iterator[Installed]:
        """The entries in force and all canaries: whatever any creator may meet."""
        yield from self.by_key.values()
        for places in self.shares.values():
            yield from {held.pack_version_id: held for held in places if held is not None}.values()

    def seen_by(self, creator_uid: UUID) -> Catalogue:
        """The entries by which this creator is judged: a canary in the place of the version in force where it has them."""
        chosen = [
            held for key, places in self.shares.items() if (held := places[place_of(creator_uid, key)]) is not None
        ]
        if not chosen:
            return self
        versions = tuple(sorted(held.pack_version_id for held in chosen))
        if versions not in self._views:
            if len(self._views) >= VIEWS_KEPT:
                self._views.clear()
            self._views[versions] = self._with(chosen)
        return self._views[versions]

    def _with(self, chosen: list[Installed]) -> Catalogue:
        return replace(
            self,
            by_key=self.by_key | {held.compiled.pack.key: held for held in chosen},
            by_channel=self.by_channel | {held.channel_id: held for held in chosen},
            index=self.index.with_instead(held.compiled.pack for held in chosen),
            shares={},
            _views={},
        )


def place_of(creator_uid: UUID, channel: str) -> int:
    """The place of a creator at a channel, from 0: always the same one, another one at another channel, and all equally
    often. SHA-256 of the channel's key, a line feed and the uid, as a number, modulo the number of places.
    """
    digest = hashlib.sha256(f"{channel}\n{creator_uid}".encode()).digest()
    return int.from_bytes(digest) % PLACES
