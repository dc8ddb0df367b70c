"""How long an answer may be kept by others: the operator's setting, less where a field that is asked for says so.

A field says it in its metadata, `strawberry.field(…, metadata=cached(max_age=0))`; of all fields asked for, the least counts.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    get_named_type,
)

from services import documents

KEPT = 512
"""Documents whose hint is remembered."""


@dataclass(frozen=True, slots=True)
class CacheHint:
    """Seconds that an answer may be used unasked, None for as long as the operator allows; and whether only by who asked."""

    max_age: int | None = None
    is_private: bool = False

    def __and__(self, other: "CacheHint") -> "CacheHint":
        ages = [age for age in (self.max_age, other.max_age) if age is not None]
        return CacheHint(min(ages, default=None), self.is_private or other.is_private)

    def age(self, longest: int) -> int:
        return longest if self.max_age is None else min(longest, self.max_age)


FREE = CacheHint()


def cached(*, max_age: int | None = None, private: bool = False) -> dict[str, Any]:
    """Metadata for a field whose answer is stale sooner than others', or meant for who asks alone."""
    return {"cache": CacheHint(max_age, private)}


class CacheHints:
    """The hints of a schema, and what they make of a document: one look at each selection, fragments where they stand."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self.schema = schema
        self._of_fields = dict(_hints(schema))
        self._known: OrderedDict[bytes, CacheHint] = OrderedDict()

    def of(self, text: str, read: Callable[[], DocumentNode | None]) -> CacheHint:
        """The hint of a valid document, which is only read where its text is not remembered; whatever is skipped, or
        left out with the operations that are not run, counts too.
        """
        key = documents.digest(text)
        found = self._known.get(key)
        if found is None:
            document = read()
            assert document is not None, "it was executed"
            found = self._known[key] = self._measured(document)
            if len(self._known) > KEPT:
                self._known.popitem(last=False)
        return found

    def _measured(self, document: DocumentNode) -> CacheHint:
        least = FREE
        stack = [start for definition in document.definitions if (start := self._start(definition)) is not None]
        while stack:
            selections, parent = stack.pop()
            for node in selections.selections:
                below = parent
                if isinstance(node, FieldNode):
                    least &= self._of_fields.get((parent, node.name.value), FREE)
                    below = self._below(parent, node)
                elif isinstance(node, InlineFragmentNode) and node.type_condition is not None:
                    below = node.type_condition.name.value
                if isinstance(node, FieldNode | InlineFragmentNode) and node.selection_set is not None:
                    stack.append((node.selection_set, below))
        return least

    def _start(self, definition: Any) -> tuple[SelectionSetNode, str] | None:
        if isinstance(definition, FragmentDefinitionNode):
            return definition.selection_set, definition.type_condition.name.value
        if isinstance(definition, OperationDefinitionNode):
            root = self.schema.get_root_type(definition.operation)
            return (definition.selection_set, root.name) if root else None
        return None

    def _below(self, parent: str, node: FieldNode) -> str:
        """The name of the type that a field leads to; introspection, which holds no hints, leads nowhere."""
        owner = self.schema.get_type(parent)
        fields = getattr(owner, "fields", {})
        field = fields.get(node.name.value)
        return get_named_type(field.type).name if field is not None else ""


def _hints(schema: GraphQLSchema) -> Iterator[tuple[tuple[str, str], CacheHint]]:
    """By type and field; of an interface's field, all that its implementations say."""
    for name, named in schema.type_map.items():
        if not isinstance(named, GraphQLObjectType | GraphQLInterfaceType):
            continue
        owners = [named]
        if isinstance(named, GraphQLInterfaceType):
            owners += [one for one in schema.get_possible_types(named) if isinstance(one, GraphQLObjectType)]
        for field_name in named.fields:
            hint = FREE
            for owner in owners:
                hint &= _hint(owner.fields[field_name])
            if hint != FREE:
                yield (name, field_name), hint


def _hint(field: Any) -> CacheHint:
    definition = (field.extensions or {}).get("strawberry-definition")
    found = (getattr(definition, "metadata", None) or {}).get("cache", FREE)
    assert isinstance(found, CacheHint)
    return found
