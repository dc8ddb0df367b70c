"""How large a document may be, measured in one linear pass: each fragment once, fields counted as they would be expanded."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from graphql import (
    DocumentNode,
    ExecutableDefinitionNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    Node,
    OperationDefinitionNode,
    StringValueNode,
)

from api.graphql.repeats import comparisons
from core.errors import Invalid
from core.settings import Settings

INTROSPECTION = frozenset({"__schema", "__type", "_service"})
NESTING = 4
"""How many selections may stand within each other for each level of depth: a field, and fragments around it."""


class DocumentRefused(Invalid):
    """The document is larger than this API answers, or holds what it cannot."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code  # type: ignore[misc]  # one class, a code for each limit


@dataclass(frozen=True, slots=True)
class Limits:
    """Each is the most that is allowed. Depth, fields, aliases, directives and repeats are counted after fragments are
    expanded. An operation that asks for the schema alone has a depth and a number of fields of its own.
    """

    length: int = 100_000
    tokens: int = 2_000
    depth: int = 12
    fields: int = 500
    aliases: int = 15
    directives: int = 8
    operations: int = 5
    definitions: int = 30
    variables: int = 100
    repeats: int = 20_000
    introspection_depth: int = 15
    introspection_fields: int = 250
    errors: int = 10
    cost: int = 10_000
    page: int = 100

    @classmethod
    def of(cls, settings: Settings) -> "Limits":
        return cls(
            length=settings.graphql_length,
            tokens=settings.graphql_tokens,
            depth=settings.graphql_depth,
            fields=settings.graphql_fields,
            aliases=settings.graphql_aliases,
            directives=settings.graphql_directives,
            operations=settings.graphql_operations,
            definitions=settings.graphql_definitions,
            variables=settings.graphql_variables,
            repeats=settings.graphql_repeats,
            introspection_depth=settings.graphql_introspection_depth,
            introspection_fields=settings.graphql_introspection_fields,
            errors=settings.graphql_errors,
            cost=settings.graphql_cost,
            page=settings.page_limit,
        )


@dataclass(frozen=True, slots=True)
class Size:
    """What was measured: the most that an operation has, fragments expanded."""

    depth: int
    fields: int
    aliases: int
    directives: int
    # whether any operation asks for the schema, and whether all ask for nothing else
    is_introspection: bool
    is_schema_alone: bool


@dataclass(slots=True)
class _Part:
    """One operation or fragment: what it has, and which fragments it spreads at which depth and nesting."""

    depth: int = 0
    nesting: int = 0
    fields: int = 0
    aliases: int = 0
    directives: int = 0
    # of the fields at its top: whether one asks for the schema, whether one asks for anything else
    introspects: bool = False
    asks: bool = False
    spreads: list[tuple[str, int, int]] = field(default_factory=list)

    def take(self, other: "_Part", depth: int = 0, nesting: int = 0) -> None:
        """Count another part in, which is spread at this depth."""
        self.depth = max(self.depth, depth + other.depth)
        self.nesting = max(self.nesting, nesting + other.nesting)
        self.fields += other.fields
        self.aliases += other.aliases
        self.directives += other.directives
        self.introspects = self.introspects or other.introspects
        self.asks = self.asks or (depth == 0 and other.asks)


def measure(document: DocumentNode, limits: Limits) -> Size:
    """The size of a document; DocumentRefused when it is beyond a limit."""
    definitions = [one for one in document.definitions if isinstance(one, ExecutableDefinitionNode)]
    operations = [one for one in definitions if isinstance(one, OperationDefinitionNode)]
    _within("definitions", len(document.definitions), limits.definitions)
    _within("operations", len(operations), limits.operations)
    _within("variables", max((len(one.variable_definitions or ()) for one in operations), default=0), limits.variables)
    fragments = {one.name.value: one for one in definitions if isinstance(one, FragmentDefinitionNode)}
    whole = _expanded({name: _part(one) for name, one in fragments.items()})
    sizes = [_sum(_part(one), whole) for one in operations]
    for size in sizes:
        _check(size, limits)
    for fragment in whole.values():  # validation looks at those too that no operation spreads
        _check_fragment(fragment, limits)
    for definition in definitions:
        _within("repeats", comparisons(definition, fragments, limits.repeats), limits.repeats)
    return Size(
        depth=max((one.depth for one in sizes), default=0),
        fields=max((one.fields for one in sizes), default=0),
        aliases=max((one.aliases for one in sizes), default=0),
        directives=max((one.directives for one in sizes), default=0),
        is_introspection=any(one.introspects for one in sizes),
        is_schema_alone=bool(sizes) and all(one.introspects and not one.asks for one in sizes),
    )


def _check(size: _Part, limits: Limits) -> None:
    is_schema = size.introspects and not size.asks
    depth = limits.introspection_depth if is_schema else limits.depth
    _within("depth", size.depth, depth)
    if size.nesting > depth * NESTING:
        message = (
            f"This document nests {size.nesting} selections in each other; at most {depth * NESTING} are answered."
        )
        raise DocumentRefused("TOO_DEEP", message)
    _within("fields", size.fields, limits.introspection_fields if is_schema else limits.fields)
    _within("aliases", size.aliases, limits.aliases)
    _within("directives", size.directives, limits.directives)


def _check_fragment(size: _Part, limits: Limits) -> None:
    """One that is part of an introspection does not show it by itself: the wider limits count."""
    depth = max(limits.depth, limits.introspection_depth)
    _within("depth", max(size.depth, size.nesting // NESTING), depth)
    _within("fields", size.fields, max(limits.fields, limits.introspection_fields))


def _within(what: str, found: int, most: int) -> None:
    if found <= most:
        return
    shown = str(found) if found < 1_000_000 else "more than a million"
    if what == "depth":
        raise DocumentRefused("TOO_DEEP", f"This document is {shown} levels deep; at most {most} are answered.")
    if what == "repeats":
        message = "This document asks for the same fields too often, each time to be merged: ask for each once."
        raise DocumentRefused("TOO_MANY_REPEATS", message)
    raise DocumentRefused(
        f"TOO_MANY_{what.upper()}", f"This document has {shown} {what}; at most {most} are answered. Ask in several."
    )


def _part(definition: ExecutableDefinitionNode) -> _Part:
    part = _Part(directives=len(definition.directives or ()))
    stack: list[tuple[Node, int, int]] = [(one, 1, 1) for one in definition.selection_set.selections]
    while stack:
        node, depth, nesting = stack.pop()
        _check_texts(node)
        part.directives += len(getattr(node, "directives", None) or ())
        if isinstance(node, FragmentSpreadNode):
            part.spreads.append((node.name.value, depth - 1, nesting))
            continue
        part.nesting = max(part.nesting, nesting)
        below = depth
        if isinstance(node, FieldNode):
            _count(part, node, depth)
            below = depth + 1
        if isinstance(node, FieldNode | InlineFragmentNode) and node.selection_set:
            stack.extend((one, below, nesting + 1) for one in node.selection_set.selections)
    return part


def _count(part: _Part, node: FieldNode, depth: int) -> None:
    part.fields += 1
    part.aliases += node.alias is not None
    part.depth = max(part.depth, depth)
    is_schema = node.name.value in INTROSPECTION
    part.introspects = part.introspects or is_schema
    part.asks = part.asks or (depth == 1 and not is_schema)


def _check_texts(node: Node) -> None:
    """No argument may hold a NUL: PostgreSQL cannot store one, and no text needs one."""
    if isinstance(node, FieldNode):
        for text in _texts(node):
            if "\0" in text:
                raise DocumentRefused(
                    "INVALID_CHARACTER", "A text in this document holds the character U+0000; remove it."
                )


def _texts(field_node: FieldNode) -> Iterator[str]:
    stack: list[Node] = [argument.value for argument in field_node.arguments or ()]
    while stack:
        value = stack.pop()
        if isinstance(value, StringValueNode):
            yield value.value
        stack.extend(getattr(value, "values", ()))
        stack.extend(one.value for one in getattr(value, "fields", ()))


def _expanded(fragments: dict[str, _Part]) -> dict[str, _Part]:
    """Each fragment with what it spreads counted in, each worked out once, those it needs first."""
    whole: dict[str, _Part] = {}
    for start in fragments:
        stack = [start]
        while stack:
            name = stack[-1]
            if name in whole:
                stack.pop()
                continue
            missing = [one[0] for one in fragments[name].spreads if one[0] in fragments and one[0] not in whole]
            if not missing:
                whole[name] = _sum(fragments[name], whole)
                stack.pop()
            elif set(missing) & set(stack):
                raise DocumentRefused("FRAGMENT_CYCLE", f"The fragment {name} leads back to itself.")
            else:
                stack.append(missing[0])
    return whole


def _sum(part: _Part, whole: dict[str, _Part]) -> _Part:
    total = _Part()
    total.take(part)
    for name, depth, nesting in part.spreads:
        spread = whole.get(name)  # an unknown fragment is for validation to report
        if spread is not None:
            total.take(spread, depth, nesting)
    return total
