"""From the headers of a request to the caller behind it: a key, a token of the issuer, or nobody; or an operator as somebody."""

from __future__ import annotations

import dataclasses
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.datastructures import Headers

import models
from core.caller import ANONYMOUS, Caller, Scope
from core.errors import Forbidden, Invalid, Unauthenticated
from services import callers, keys, tokens
from services.runtime import Runtime

ON_BEHALF = "headwater-on-behalf-of"


class MalformedCredentials(Unauthenticated):
    """There is an Authorization header, and it is not one bearer key or token."""

    code = "MALFORMED_CREDENTIALS"


class OnlyOperatorsActForOthers(Forbidden):
    code = "ONLY_OPERATORS_ACT_FOR_OTHERS"


class MalformedOnBehalf(Invalid):
    """The header names no account."""

    code = "MALFORMED_ON_BEHALF"


async def caller_from(headers: Headers, runtime: Runtime) -> Caller:
    """Who asks. No answer is cached, so a key that was revoked is refused from the next request on.

    Credentials come in the header alone: what stands in an address ends up in logs and histories.
    """
    return await caller_of(_bearer(headers.getlist("authorization")), headers.getlist(ON_BEHALF), runtime)


async def caller_of(presented: str | None, on_behalf_of: list[str], runtime: Runtime) -> Caller:
    """The caller of a key or token (None: nobody), acting for the account that `on_behalf_of` names, if it names one."""
    if presented is None:
        if on_behalf_of:
            raise OnlyOperatorsActForOthers("Acting for an account needs the key of an operator.")
        return ANONYMOUS
    claims = await _claims(presented, runtime)
    async with runtime.db.session() as session:
        if claims is None:
            caller = await keys.caller_of(session, presented, at=runtime.clock.now())
        else:
            assert runtime.issuer is not None
            caller = await tokens.caller_of(session, runtime.issuer, claims, clock=runtime.clock)
        return await _instead(session, caller, on_behalf_of, runtime) if on_behalf_of else caller


async def _claims(presented: str, runtime: Runtime) -> dict[str, object] | None:
    """The claims of a token; None for a key. Outside of any session: the issuer may have to be asked."""
    if keys.FORM.fullmatch(presented):
        return None
    if runtime.issuer is None or not tokens.FORM.fullmatch(presented):
        raise MalformedCredentials("Send one header, Authorization: Bearer <key>, with the key as it was shown.")
    return await runtime.issuer.claims_of(presented)


async def _instead(session: AsyncSession, operator: Caller, named: list[str], runtime: Runtime) -> Caller:
    """The account's caller, with the operator behind it: what is done stands in both names. It may do what the account
    may, and nothing that only operators may.
    """
    if not operator.is_operator:
        raise OnlyOperatorsActForOthers("Acting for an account needs the key of an operator.")
    try:
        (text,) = named
        uid = UUID(text)
    except ValueError as error:
        raise MalformedOnBehalf("Name one account, by its UUID, in Headwater-On-Behalf-Of.") from error
    account_id = await session.scalar(select(models.Account.id).where(models.Account.uid == uid))
    scopes = frozenset(Scope) - {Scope.OPERATE}
    # an id that no account has
    known = -1 if account_id is None else account_id
    on = runtime.clock.now().date()
    caller = await callers.of_account(session, known, name=f"account:{uid}", scopes=scopes, on=on)
    return dataclasses.replace(caller, acted_by=operator)


def _bearer(given: list[str]) -> str | None:
    if not given:
        return None
    scheme, _, credentials = given[0].partition(" ")
    if len(given) > 1 or scheme.lower() != "bearer" or not credentials.strip():
        raise MalformedCredentials("Send one header, Authorization: Bearer <key>, with the key as it was shown.")
    return credentials.strip()
