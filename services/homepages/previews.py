"""Links to a homepage that is not published yet: signed, so that whoever holds one sees the page until it expires."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import quote
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import contains_eager

import models
from core.caller import Caller
from core.clock import Clock
from core.errors import Gone, Invalid
from core.settings import Settings
from models import HomepageState
from services import access, signatures

LONGEST_HOURS = 24 * 30
PURPOSE = b"homepage preview"
_ANSWERED = '{homepagePreview(token:"%s"){state number problems{message} blocks{__typename}}}'
_LENGTH = 16 + 16 + signatures.INSTANT_BYTES
UNPUBLISHED = (HomepageState.DRAFT, HomepageState.SCHEDULED)


class MalformedPreview(Invalid):
    """The text was not signed here, or was changed on the way."""

    code = "MALFORMED_PREVIEW"


class PreviewTooLong(Invalid):
    code = "PREVIEW_TOO_LONG"


class PreviewExpired(Gone):
    code = "PREVIEW_EXPIRED"


class PreviewOver(Gone):
    """The version was published or put away since, so there is nothing left to preview."""

    code = "PREVIEW_OVER"


@dataclass(frozen=True, slots=True)
class Preview:
    """A way to see a version before it is published, and until when it leads there."""

    token: str
    expires_at: datetime

    def url(self, settings: Settings) -> str:
        """The address to hand out: where the operator's frontend shows it, else an answer of GraphQL."""
        if settings.preview_url:
            return settings.preview_url.replace("{token}", self.token)
        return f"{settings.base_url}/graphql?query={quote(_ANSWERED % self.token)}"


async def preview(
    session: AsyncSession, caller: Caller, version_ids: Sequence[int], *, hours: int, now: datetime
) -> dict[int, Preview]:
    """For each of these versions that is not published a token for so many hours: none but those who tend a page see them."""
    if not 1 <= hours <= LONGEST_HOURS:
        raise PreviewTooLong(f"A preview lasts 1 to {LONGEST_HOURS} hours.", path=("hours",))
    version, page, creator = models.HomepageVersion, models.Homepage, models.Creator
    statement = (
        select(version.id, version.uid, creator.uid, models.Instance.secret)
        .join(page, page.id == version.homepage_id)
        .join(creator, creator.id == page.creator_id)
        .join(models.Instance, models.Instance.id == 1)
        .where(version.id.in_(version_ids), version.state.in_(UNPUBLISHED), access.homepages(caller))
    )
    # to the second, so that asking twice within one gives the same text
    expires_at = now.replace(microsecond=0) + timedelta(hours=hours)
    return {
        id_: Preview(_signed(secret, creator_uid, uid, expires_at), expires_at)
        for id_, uid, creator_uid, secret in await session.execute(statement)
    }


async def previewed(session: AsyncSession, caller: Caller, token: str, *, clock: Clock) -> models.HomepageVersion:
    """The version that a token leads to, as it stands now: later saves are seen, publishing and discarding end it.

    What its blocks list passes the reader's own visibility: the token opens the page, no content.
    """
    said = signatures.opened(await signatures.secret_of(session), PURPOSE, token, length=_LENGTH)
    if said is None:
        raise MalformedPreview(
            "This preview link was not made here, or was changed: copy it whole, or ask its author for a new one."
        )
    creator_uid, version_uid = UUID(bytes=said[:16]), UUID(bytes=said[16:32])
    if signatures.instant_of(said[32:]) <= clock.now():
        raise PreviewExpired("This preview link has expired: ask its author for a new one.")
    version, page, creator = models.HomepageVersion, models.Homepage, models.Creator
    statement = (
        select(version)
        .join(page, page.id == version.homepage_id)
        .join(creator, creator.id == page.creator_id)
        .where(version.uid == version_uid, creator.uid == creator_uid, version.state.in_(UNPUBLISHED))
        .where(access.creators(caller))
        .options(contains_eager(version.homepage))
    )
    found = (await session.execute(statement)).scalar_one_or_none()
    if found is None:
        raise PreviewOver("This version was published or put away since: look at the page itself.")
    return found


def _signed(secret: bytes, creator_uid: UUID, version_uid: UUID, expires_at: datetime) -> str:
    said = creator_uid.bytes + version_uid.bytes + signatures.instant(expires_at)
    return signatures.signed(secret, PURPOSE, said)
