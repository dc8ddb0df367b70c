"""From the headers of a request to the caller behind it: a bearer key, or nobody."""

from __future__ import annotations

from starlette.datastructures import Headers

from core.caller import ANONYMOUS, Caller
from core.clock import Clock
from core.db import Database
from core.errors import Unauthenticated
from services import keys


class MalformedCredentials(Unauthenticated):
    """There is an Authorization header, and it is not one bearer key."""

    code = "MALFORMED_CREDENTIALS"


async def caller_from(headers: Headers, db: Database, clock: Clock) -> Caller:
    """Who asks. Nobody is cached, so a key that was revoked is refused from the next request on.

    Keys come in the header alone: what stands in an address ends up in logs and histories.
    """
    presented = _bearer(headers.getlist("authorization"))
    if presented is None:
        return ANONYMOUS
    async with db.session() as session:
        return await keys.caller_of(session, presented, at=clock.now())


def _bearer(given: list[str]) -> str | None:
    if not given:
        return None
    scheme, _, key = given[0].partition(" ")
    if len(given) > 1 or scheme.lower() != "bearer" or not keys.FORM.fullmatch(key.strip()):
        raise MalformedCredentials("Send one header, Authorization: Bearer <key>, with the key as it was shown.")
    return key.strip()
