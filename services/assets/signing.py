"""Addresses of assets that nothing visible shows yet: signed, so that whoever holds one sees the file until it expires."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.caller import Caller
from core.clock import Clock
from core.errors import Gone, Invalid
from services import access, signatures

LONGEST_MINUTES = 7 * 24 * 60
PURPOSE = b"asset address"
_LENGTH = 16 + signatures.INSTANT_BYTES


class SignedUrlTooLong(Invalid):
    code = "SIGNED_URL_TOO_LONG"


class MalformedSignedUrl(Invalid):
    """The address was not signed here, was changed on the way, or is another asset's."""

    code = "MALFORMED_SIGNED_URL"


class SignedUrlExpired(Gone):
    code = "SIGNED_URL_EXPIRED"


@dataclass(frozen=True, slots=True)
class Signed:
    """What opens an asset in any size, and until when."""

    token: str
    expires_at: datetime


async def sign(
    session: AsyncSession, caller: Caller, asset_ids: Sequence[int], *, minutes: int, now: datetime
) -> dict[int, Signed]:
    """For each of these assets whose bytes we hold a token for so many minutes: none but those who look into its creator's
    files get one.
    """
    if not 1 <= minutes <= LONGEST_MINUTES:
        raise SignedUrlTooLong(f"An address is signed for 1 to {LONGEST_MINUTES} minutes.", path=("minutes",))
    asset = models.Asset
    statement = (
        select(asset.id, asset.uid, models.Instance.secret)
        .join(models.Instance, models.Instance.id == 1)
        .where(asset.id.in_(asset_ids), asset.sha256.is_not(None), access.assets(caller))
    )
    # to the minute, so that a page that is painted twice finds its pictures in the browser's cache
    expires_at = now.replace(second=0, microsecond=0) + timedelta(minutes=minutes + 1)
    return {
        id_: Signed(
            signatures.signed(secret, PURPOSE, uid.bytes + signatures.instant(expires_at)), expires_at=expires_at
        )
        for id_, uid, secret in await session.execute(statement)
    }


async def check(session: AsyncSession, token: str, uid: UUID, *, clock: Clock) -> None:
    """MalformedSignedUrl unless the token was signed here for this asset; SignedUrlExpired when its time is over."""
    said = signatures.opened(await signatures.secret_of(session), PURPOSE, token, length=_LENGTH)
    if said is None or said[:16] != uid.bytes:
        raise MalformedSignedUrl(
            "This address was not signed here, or was changed: copy it whole, or ask for a new one."
        )
    if signatures.instant_of(said[16:]) <= clock.now():
        raise SignedUrlExpired("This address has expired: ask for a new one.")
