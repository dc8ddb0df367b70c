"""Global ids: the `id` of every object, and reading them back from arguments."""

from collections.abc import Sequence
from functools import partial
from typing import Annotated, Any
from uuid import UUID

import strawberry

from api.graphql.fields import column
from core.errors import Invalid, Problem
from core.ids import MalformedId, global_id, parse_global_id


class WrongIdType(Invalid):
    """A genuine id, but of another kind of object than the argument takes."""

    code = "WRONG_ID_TYPE"


Id = Annotated[strawberry.ID, strawberry.argument(description="Its id, as this API returned it.")]


def identity(type_name: str) -> Any:
    """The field `id`, made of the type's name and the object's uid: it never changes, whatever the database or host."""
    return column("uid", convert=partial(global_id, type_name), description="Its global id. It never changes.")


def uid_of(text: str, type_name: str, *path: str | int) -> UUID:
    """The uid inside an id of this type; MalformedId or WrongIdType, at this path, when it is none."""
    try:
        name, uid = parse_global_id(text)
    except MalformedId as error:
        raise MalformedId(error.message, path=path) from error
    if name != type_name:
        raise WrongIdType(f"This is the id of a {name}; the id of a {type_name} is needed here.", path=path)
    return uid


def uids_of(texts: Sequence[str], type_name: str, *path: str | int) -> tuple[UUID, ...]:
    """The uids inside ids of this type, in order; every bad one is a problem."""
    found: list[UUID] = []
    problems: list[Problem] = []
    for place, text in enumerate(texts):
        try:
            found.append(uid_of(text, type_name, *path, place))
        except Invalid as error:
            problems.extend(error.problems)
    if problems:
        raise Invalid("Some of the ids cannot be used here.", problems=problems)
    return tuple(found)
