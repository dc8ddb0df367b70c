"""How often a document asks for the same fields again: validation compares them pair by pair, which a document can abuse."""

from collections import defaultdict, deque
from collections.abc import Iterator, Mapping

from graphql import (
    ExecutableDefinitionNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    SelectionSetNode,
)

OBJECTS = 10
"""A pair of objects counts as this many pairs of plain values: what lies below them is compared too."""

Fragments = Mapping[str, FragmentDefinitionNode]


def comparisons(definition: ExecutableDefinitionNode, fragments: Fragments, most: int) -> int:
    """How many pairs of fields stand at one place of the answer under one name; counting stops beyond `most`.

    Each field of the expanded document is met once. Fragments may not lead back to themselves.
    """
    found = 0
    places = deque([[definition.selection_set]])
    while places and found <= most:
        by_name: dict[str, list[FieldNode]] = defaultdict(list)
        for field in _fields(places.popleft(), fragments):
            by_name[(field.alias or field.name).value].append(field)
        for same in by_name.values():
            below = [field.selection_set for field in same if field.selection_set]
            found += len(same) * (len(same) - 1) // 2 * (OBJECTS if below else 1)
            if below:
                places.append(below)
    return found


def _fields(asked: list[SelectionSetNode], fragments: Fragments) -> Iterator[FieldNode]:
    """The fields at one place, through all fragments, each fragment once."""
    stack = list(asked)
    seen: set[str] = set()
    while stack:
        for one in stack.pop().selections:
            if isinstance(one, FieldNode):
                yield one
            elif isinstance(one, InlineFragmentNode):
                stack.append(one.selection_set)
            elif isinstance(one, FragmentSpreadNode) and one.name.value not in seen:
                seen.add(one.name.value)
                if one.name.value in fragments:
                    stack.append(fragments[one.name.value].selection_set)
