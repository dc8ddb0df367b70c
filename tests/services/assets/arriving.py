"""Files on their way in, for tests: small pictures, bodies that break off, and blobs as the prober leaves them."""

from __future__ import annotations

import hashlib
import io
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

from PIL import Image
from sqlalchemy import update

import models
from core.clock import Clock
from core.db import Database
from core.store import Store
from models import ProbeState
from services.assets import settling
from services.assets.receiving import BrokenOff


def picture(shade: int = 0) -> bytes:
    """A PNG of 16x16."""
    into = io.BytesIO()
    Image.new("RGB", (16, 16), (shade, 100, 100)).save(into, "PNG")
    return into.getvalue()


PICTURE = picture()
HASH = hashlib.sha256(PICTURE).digest()
FACTS = {
    "kind": "IMAGE",
    "media_type": "image/png",
    "width": 16,
    "height": 16,
    "has_location": False,
    "colour_space": "srgb",
    "bit_depth": 8,
    "white_background": 0,
    "sharpness": 0,
    "perceptual_hash": "0" * 16,
}


async def body(*chunks: bytes) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk


async def broken(*chunks: bytes) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk
    raise BrokenOff


async def looked_at(db: Database, store: Store, clock: Clock, sha256: bytes = HASH, **values: Any) -> None:
    """What the prober does with a blob, without looking."""
    at: datetime = clock.now()
    known = {"probe_state": ProbeState.PROBED, "probed_at": at, "facts": FACTS} | values
    async with db.session() as session:
        await session.execute(update(models.Blob).where(models.Blob.sha256 == sha256).values(**known))
        blob = await session.get_one(models.Blob, sha256, populate_existing=True)
        await settling.settle(session, store, blob, clock=clock)


async def keys(store: Store) -> list[str]:
    """All that lies in a store."""
    return sorted([entry.key async for entry in store.entries("")])


def in_store(sha256: bytes = HASH) -> str:
    return f"{sha256.hex()[:2]}/{sha256.hex()}"
