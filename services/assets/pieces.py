"""Bytes of an upload as they come, put aside in the store in pieces: never more than one of them is held in memory."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from uuid import UUID

from core.store import Store

PIECE = 4 * 1024 * 1024
"""Bytes of a piece: what a killed process loses at most of an upload, and what one holds in memory."""

HEAD = 65_536
"""Bytes by which a file is recognised."""

UPLOADS = "uploads"

Put = Callable[[str, bytes], Awaitable[None]]
"""Told of each piece once it is in the store: its key, its bytes."""


def folder(uid: UUID) -> str:
    """Where in the store the pieces of an upload lie."""
    return f"{UPLOADS}/{uid}"


def key(uid: UUID, offset: int) -> str:
    """A key for the piece that begins at this byte: no two writers have the same."""
    return f"{folder(uid)}/{offset}-{secrets.token_hex(6)}"


@dataclass(slots=True)
class Pieces:
    """Takes bytes of any length and puts whole pieces of them into the store; `keep` puts what is left."""

    store: Store
    uid: UUID
    offset: int
    put: Put
    _waiting: bytearray = field(default_factory=bytearray)

    @property
    def seen_count(self) -> int:
        """The bytes of the upload up to here, with what was not put yet."""
        return self.offset + len(self._waiting)

    async def take(self, chunk: bytes) -> None:
        view = memoryview(chunk)
        while view:
            room = PIECE - len(self._waiting)
            self._waiting += view[:room]
            view = view[room:]
            if len(self._waiting) == PIECE:
                await self.keep()

    async def keep(self) -> None:
        if not self._waiting:
            return
        piece, self._waiting = bytes(self._waiting), bytearray()
        name = key(self.uid, self.offset)
        await self.store.put(name, piece)
        self.offset += len(piece)
        await self.put(name, piece)


async def drop(store: Store, names: list[str]) -> None:
    """Take pieces out of the store; those that are gone already do not matter."""
    for name in names:
        await store.delete(name)
