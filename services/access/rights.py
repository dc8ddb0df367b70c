"""What credentials allow, before it is asked what they are used on."""

from __future__ import annotations

from sqlalchemy import ColumnElement, false, true

from core.caller import Caller, Scope
from core.errors import Forbidden


class MissingScope(Forbidden):
    """The credentials are good, but not for this."""

    code = "MISSING_SCOPE"


def require(caller: Caller, scope: Scope) -> None:
    if not caller.has(scope):
        raise MissingScope(f"This needs a key with the scope {scope.value}; ask an operator for one.")


# what a key must allow, one of them, for its holder to see what is not published: a key without a scope sees what strangers do
WRITING = (Scope.CONTENT_WRITE, Scope.CONTENT_PUBLISH, Scope.CREATOR_WRITE)


TENDING = (*WRITING, Scope.ENGAGEMENT_WRITE)


def has_any(caller: Caller, scopes: tuple[Scope, ...]) -> bool:
    return any(caller.has(scope) for scope in scopes)


def tended_creators(caller: Caller, scopes: tuple[Scope, ...] = WRITING) -> frozenset[int]:
    """The creators of whom this caller may see more than everybody: those that it acts for, with a key that may do so."""
    return caller.creator_ids if has_any(caller, scopes) else frozenset()


def tended_organisations(caller: Caller) -> frozenset[int]:
    """The organisations that this caller may look into, with a key for organisations or for what they decide on."""
    return caller.organisation_ids if has_any(caller, (Scope.ORGANISATION_WRITE, *WRITING)) else frozenset()


def may_edit(caller: Caller, creator_id: int) -> bool:
    return caller.is_operator or creator_id in caller.creator_ids


def may_look_into(caller: Caller, creator_id: int, scopes: tuple[Scope, ...] = WRITING) -> bool:
    """Whether it sees of this creator what is not published."""
    return caller.is_operator or creator_id in tended_creators(caller, scopes)


def own_creator_ids(caller: Caller) -> frozenset[int]:
    """The creators that the caller is, without those that it only acts for by contract."""
    return caller.creator_ids - caller.contracted_ids


def only_operators(caller: Caller) -> ColumnElement[bool]:
    """What nobody else may see."""
    return true() if caller.is_operator else false()
