"""Gates of fields, as data: signed in, a scope, an operator. What belongs to whom is the business of services/access.py.

    @strawberry.mutation(description="…", extensions=[needs(Scope.CONTENT_WRITE)])

A gate stands in the schema as `@requiresScopes`; it is asked before anything of the input is looked at, so whoever lacks the
scope learns its name and nothing else.
"""

from typing import Any

import strawberry
from strawberry.extensions import FieldExtension
from strawberry.extensions.field_extension import AsyncExtensionResolver, SyncExtensionResolver
from strawberry.schema_directive import Location
from strawberry.types.field import StrawberryField

from api.graphql.context import Info
from core.caller import Caller, Scope
from core.errors import Forbidden, Unauthenticated
from services import access


class NotSignedIn(Unauthenticated):
    code = "NOT_SIGNED_IN"


class OperatorsOnly(Forbidden):
    code = "OPERATORS_ONLY"


@strawberry.schema_directive(
    name="requiresScopes",
    locations=[Location.FIELD_DEFINITION],
    description="What a key or token must allow to use this field: all scopes of one of the lists. An empty list asks for any"
    " signed-in caller.",
)
class RequiresScopes:
    scopes: list[list[str]] = strawberry.field(description="The alternatives, each a list of scopes.")


class Gate(FieldExtension):
    """Lets nobody pass without one of these scopes; without any, nobody who is not signed in."""

    def __init__(self, *scopes: Scope) -> None:
        self.scopes = scopes

    def apply(self, field: StrawberryField) -> None:
        if any(isinstance(one, RequiresScopes) for one in field.directives):
            return  # a field is in every schema that is built of it
        alternatives = [[str(scope)] for scope in self.scopes] or [[]]
        field.directives = [*field.directives, RequiresScopes(scopes=alternatives)]

    def resolve(self, next_: SyncExtensionResolver, source: Any, info: Info, **given: Any) -> Any:
        self.check(info.context.caller)
        return next_(source, info, **given)

    async def resolve_async(self, next_: AsyncExtensionResolver, source: Any, info: Info, **given: Any) -> Any:
        self.check(info.context.caller)
        return await next_(source, info, **given)

    def check(self, caller: Caller) -> None:
        """A missing key is told before a missing scope, which is told by its name."""
        if caller.is_anonymous:
            raise NotSignedIn("This needs an API key or a token: send it as `Authorization: Bearer …`.")
        if self.scopes == (Scope.OPERATE,) and not caller.is_operator:
            raise OperatorsOnly("Only an operator may do this: it needs a key with the scope operate.")
        if self.scopes and not any(caller.has(scope) for scope in self.scopes):
            access.require(caller, self.scopes[0])


def needs(*scopes: Scope) -> Gate:
    """A gate for any of these scopes; the refusal names the first."""
    return Gate(*scopes)


SIGNED_IN = Gate()
OPERATORS = Gate(Scope.OPERATE)
