"""Texts that were signed here for one purpose: whoever holds one may do that one thing, and nobody can make another."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

import models

FORM = b"\x01"
SIGNATURE_BYTES = 32
INSTANT_BYTES = 8


def signed(secret: bytes, purpose: bytes, said: bytes) -> str:
    """What is said, with a signature that this installation's secret makes for this purpose, fit for an address."""
    whole = FORM + said
    return base64.urlsafe_b64encode(whole + _signature(secret, purpose, whole)).rstrip(b"=").decode()


def opened(secret: bytes, purpose: bytes, token: str, *, length: int) -> bytes | None:
    """What a text says whose `length` in bytes is known; None when it was not signed here for this, or was changed."""
    try:
        raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    whole, signature = raw[:-SIGNATURE_BYTES], raw[-SIGNATURE_BYTES:]
    if len(whole) != len(FORM) + length or not whole.startswith(FORM):
        return None
    # several texts decode to the same bytes: only the one that we wrote is ours
    if base64.urlsafe_b64encode(raw).rstrip(b"=").decode() != token:
        return None
    return whole[len(FORM) :] if hmac.compare_digest(_signature(secret, purpose, whole), signature) else None


async def secret_of(session: AsyncSession) -> bytes:
    """What this installation signs with."""
    secret: bytes | None = await session.scalar(select(models.Instance.secret))
    assert secret is not None, "an installation has its one row"
    return secret


def instant(at: datetime) -> bytes:
    """An instant, to the second, as it stands in what is signed."""
    return int(at.timestamp()).to_bytes(INSTANT_BYTES, "big")


def instant_of(said: bytes) -> datetime:
    return datetime.fromtimestamp(int.from_bytes(said, "big"), UTC)


def _signature(secret: bytes, purpose: bytes, whole: bytes) -> bytes:
    # what is signed for one purpose is worth nothing for another
    return hmac.digest(hmac.digest(secret, purpose, hashlib.sha256), whole, hashlib.sha256)
