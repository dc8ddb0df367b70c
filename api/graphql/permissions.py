"""Coarse gates at the door: signed in, a scope, an operator. What belongs to whom is the business of services/access.py."""

from core.caller import Caller, Scope
from core.errors import Forbidden, Unauthenticated
from services import access


class NotSignedIn(Unauthenticated):
    code = "NOT_SIGNED_IN"


class OperatorsOnly(Forbidden):
    code = "OPERATORS_ONLY"


def signed_in(caller: Caller) -> None:
    if caller.is_anonymous:
        raise NotSignedIn("This needs an API key: send it as `Authorization: Bearer KEY`.")


def scope(caller: Caller, needed: Scope) -> None:
    """A missing scope says its name; a missing key says so first."""
    signed_in(caller)
    access.require(caller, needed)


def operator(caller: Caller) -> None:
    signed_in(caller)
    if not caller.is_operator:
        raise OperatorsOnly("Only an operator may do this: it needs a key with the scope operate.")
