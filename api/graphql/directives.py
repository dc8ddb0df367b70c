"""The directives of the schema that tell what a field costs: `@cost` and `@listSize`, as gateways and linters read them."""

from typing import Any

import strawberry
from strawberry.schema_directive import Location


def _argument(description: str, default: object = strawberry.UNSET) -> Any:
    return strawberry.field(description=description, default=default)


@strawberry.schema_directive(
    name="cost",
    locations=[Location.FIELD_DEFINITION, Location.OBJECT],
    description="How much one object of this type counts, or what this field answers. Without it an object counts 1,"
    " a scalar or an enum nothing.",
)
class Cost:
    weight: int = _argument("What it counts.")


@strawberry.schema_directive(
    name="listSize",
    locations=[Location.FIELD_DEFINITION],
    description="How many objects a list may hold, for reckoning what a query costs before it is run.",
)
class ListSize:
    # Sorted, as everything in the printed schema: Strawberry's printer would print it twice otherwise.
    assumed_size: int | None = _argument("The most that the list can hold.")
    require_one_slicing_argument: bool = _argument("Whether exactly one of these arguments must be given.", True)
    sized_fields: list[str] | None = _argument(
        "The lists below that have this size, where the field itself answers one object."
    )
    slicing_arguments: list[str] | None = _argument(
        "The arguments that say how many are wanted; where one takes a list, its length."
    )


DIRECTIVES: list[type] = [Cost, ListSize]


def at_most(count: int, *, slicing: str | None = None) -> ListSize:
    """A list that never holds more; with `slicing` the name of the argument by which fewer can be asked for."""
    if slicing is None:
        return ListSize(assumed_size=count, require_one_slicing_argument=strawberry.UNSET)
    return ListSize(assumed_size=count, slicing_arguments=[slicing], require_one_slicing_argument=False)


def sized_by(*arguments: str, fields: tuple[str, ...] = ()) -> ListSize:
    """A list as long as exactly one of these arguments says; with `fields` the lists below that are."""
    sized = list(fields) or strawberry.UNSET
    return ListSize(
        slicing_arguments=list(arguments), sized_fields=sized, require_one_slicing_argument=strawberry.UNSET
    )
