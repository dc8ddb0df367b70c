"""What an answer may cost: the objects it may hold at most, reckoned from the document and its variables before it is run.

The formula, with examples: docs/graphql/cost.md. What each field counts is published with the schema (api/graphql/tariff.py).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    BooleanValueNode,
    DirectiveNode,
    DocumentNode,
    ExecutableDefinitionNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    IntValueNode,
    ListValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    ValueNode,
    VariableNode,
)

from api.graphql.directives import ListSize
from api.graphql.tariff import Price, Tariff

KEPT = 200
"""The costs that are remembered of one document, one for each set of sizes."""

Values = Mapping[str, Any]
Spread = InlineFragmentNode | FragmentDefinitionNode


@dataclass(frozen=True, slots=True)
class Sized:
    """The lists of a connection, and how long they are."""

    fields: frozenset[str]
    length: int


class Bill:
    """The costs of one document: each operation reckoned once for each set of sizes that its variables ask for."""

    def __init__(self, tariff: Tariff, document: DocumentNode, page: int) -> None:
        """`page` is the most that a page may hold: what asks for more is refused before anything is read."""
        self.tariff = tariff
        self.document = document
        self.page = page
        parts = [one for one in document.definitions if isinstance(one, ExecutableDefinitionNode)]
        self.fragments = {one.name.value: one for one in parts if isinstance(one, FragmentDefinitionNode)}
        self.deciding = tuple(sorted({name for part in parts for name in _deciding(part, tariff.slicing)}))
        self._known: dict[tuple[Any, ...], int] = {}

    def cost(self, operation: OperationDefinitionNode, root: str, values: Values) -> int:
        """The cost of an operation of the document with these coerced variables: at least 1."""
        key = (id(operation), *(_length(values.get(name)) for name in self.deciding))
        found = self._known.get(key)
        if found is None:
            if len(self._known) >= KEPT:
                self._known.clear()
            reckoning = _Reckoning(self.tariff, self.fragments, values, self.page)
            found = self._known[key] = max(1, reckoning.below(operation.selection_set, root, None, weight=0))
        return found


def _deciding(part: ExecutableDefinitionNode, slicing: frozenset[str]) -> Iterator[str]:
    """The variables on which the cost depends: sizes of lists, and whether something is asked for at all."""
    stack = [part.selection_set]
    while stack:
        for one in stack.pop().selections:
            given = [argument for directive in one.directives or () for argument in directive.arguments or ()]
            if isinstance(one, FieldNode):
                given += [argument for argument in one.arguments or () if argument.name.value in slicing]
            for argument in given:
                yield from _variables(argument.value)
            if isinstance(one, FieldNode | InlineFragmentNode) and one.selection_set:
                stack.append(one.selection_set)


def _variables(value: ValueNode) -> Iterator[str]:
    """The variable that a value is; those within a list do not change its length."""
    if isinstance(value, VariableNode):
        yield value.name.value


def _length(value: Any) -> Any:
    """What of a value decides: a list counts by its length."""
    return len(value) if isinstance(value, list | tuple) else value if isinstance(value, int) else None


@dataclass(slots=True)
class _Reckoning:
    """One operation with one set of variables. Each selection is looked at once for each type and size it is met with.

    It calls itself no deeper than the document nests, which api/graphql/limits.py bounds before.
    """

    tariff: Tariff
    fragments: Mapping[str, FragmentDefinitionNode]
    values: Values
    page: int
    known: dict[tuple[int, str, Sized | None, int | None], int] = field(default_factory=dict)

    def below(self, asked: SelectionSetNode, type_name: str, sized: Sized | None, *, weight: int | None) -> int:
        """What an object of a type costs with what is asked of it; one of an abstract type as much as the dearest that it
        may be. `weight` is what the object itself counts, None for what its type does.
        """
        key = (id(asked), type_name, sized, weight)
        found = self.known.get(key)
        if found is None:
            found = self.known[key] = self._below(asked, type_name, sized, weight)
        return found

    def _below(self, asked: SelectionSetNode, type_name: str, sized: Sized | None, weight: int | None) -> int:
        own: int = 0
        spreads: list[Spread] = []
        for one in asked.selections:
            if one.directives and self._is_left_out(one.directives):
                continue
            if isinstance(one, FieldNode):
                own += self._field(one, type_name, sized)
            elif isinstance(one, FragmentSpreadNode):
                spreads.append(self.fragments[one.name.value])
            elif isinstance(one, InlineFragmentNode):
                spreads.append(one)
        if not spreads:
            return own + (self.tariff.weights[type_name] if weight is None else weight)
        return own + max(self._as(possible, spreads, sized, weight) for possible in self.tariff.possible[type_name])

    def _as(self, type_name: str, spreads: list[Spread], sized: Sized | None, weight: int | None) -> int:
        """What an object counts when it turns out to be of this type, and what the fragments ask of it then."""
        itself = self.tariff.weights[type_name] if weight is None else weight
        return itself + sum(self._spread(one, type_name, sized) for one in spreads)

    def _spread(self, spread: Spread, type_name: str, sized: Sized | None) -> int:
        condition = spread.type_condition
        if condition is not None and type_name not in self.tariff.possible[condition.name.value]:
            return 0
        return self.below(spread.selection_set, type_name, sized, weight=0)

    def _field(self, one: FieldNode, type_name: str, sized: Sized | None) -> int:
        name = one.name.value
        price = self.tariff.prices.get((type_name, name))
        if price is None:  # introspection, which holds none of our objects
            return 0
        times, inner = 1, None
        if sized is not None and name in sized.fields:
            times = sized.length
        elif price.size is not None:
            length = self._length(price.size, one)
            if price.size.sized_fields:
                inner = Sized(frozenset(price.size.sized_fields), length)
            else:
                times = length
        return times * self._each(one, price, inner)

    def _each(self, one: FieldNode, price: Price, sized: Sized | None) -> int:
        """What one object of a field costs with all that is asked of it."""
        if price.below is None or one.selection_set is None:
            return price.weight or 0
        return self.below(one.selection_set, price.below, sized, weight=price.weight)

    def _length(self, size: ListSize, one: FieldNode) -> int:
        wanted = size.slicing_arguments or ()
        given = [self._value(argument.value) for argument in one.arguments or () if argument.name.value in wanted]
        lengths: list[int] = [_length(value) for value in given if _length(value) is not None]
        known: int | None = size.assumed_size or None
        if lengths:
            return min(max(0, *lengths), known or self.page)
        return known or 1  # without a size such a list is refused

    def _value(self, value: ValueNode) -> Any:
        if isinstance(value, VariableNode):
            return self.values.get(value.name.value)
        if isinstance(value, IntValueNode):
            return int(value.value)
        if isinstance(value, BooleanValueNode):
            return value.value
        return value.values if isinstance(value, ListValueNode) else None

    def _is_left_out(self, directives: tuple[DirectiveNode, ...]) -> bool:
        said = {one.name.value: self._value(one.arguments[0].value) for one in directives if one.arguments}
        return said.get("skip") is True or said.get("include") is False
