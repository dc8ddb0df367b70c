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

from core.errors import Invalid
from core.settings import Settings

INTROSPECTION = frozenset({"__schema", "__type"})


class DocumentRefused(Invalid):
    """The document is larger than this API answers, or holds what it cannot."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code  # type: ignore[misc]  # one class, a code for each limit


@dataclass(frozen=True, slots=True)
class Limits:
    """Each is the most that is allowed. Depth and fields are counted after fragments are expanded."""

    tokens: int = 2_000
    depth: int = 15
    fields: int = 500
    aliases: int = 15
    directives: int = 8
    operations: int = 5
    definitions: int = 30
    variables: int = 100

    @classmethod
    def of(cls, settings: Settings) -> "Limits":
        return cls(tokens=settings.graphql_tokens, depth=settings.graphql_depth, fields=settings.graphql_fields)


@dataclass(frozen=True, slots=True)
class Size:
    """What was measured: the largest operation's depth, and its fields, aliases and directives after expansion."""

    depth: int
    fields: int
    aliases: int
    directives: int
    is_introspection: bool


@dataclass(slots=True)
class _Part:
    """One operation or fragment by itself, and which fragments it spreads at which depth."""

    depth: int = 0
    fields: int = 0
    aliases: int = 0
    directives: int = 0
    introspects: bool = False
    spreads: list[tuple[str, int]] = field(default_factory=list)


def measure(document: DocumentNode, limits: Limits) -> Size:
    """The size of a document; DocumentRefused when it is beyond a limit."""
    definitions = [one for one in document.definitions if isinstance(one, ExecutableDefinitionNode)]
    operations = [one for one in definitions if isinstance(one, OperationDefinitionNode)]
    _within("definitions", len(document.definitions), limits.definitions)
    _within("operations", len(operations), limits.operations)
    _within("variables", max((len(one.variable_definitions or ()) for one in operations), default=0), limits.variables)
    fragments = {one.name.value: _part(one) for one in definitions if isinstance(one, FragmentDefinitionNode)}
    whole = _expanded(fragments)
    sizes = [_sum(_part(one), whole) for one in operations]
    largest = _Part(
        depth=max((one.depth for one in sizes), default=0),
        fields=max((one.fields for one in sizes), default=0),
        aliases=max((one.aliases for one in sizes), default=0),
        directives=max((one.directives for one in sizes), default=0),
    )
    for name in ("depth", "fields", "aliases", "directives"):
        _within(name, getattr(largest, name), getattr(limits, name))
    introspects = any(one.introspects for one in sizes)
    return Size(largest.depth, largest.fields, largest.aliases, largest.directives, introspects)


def _within(what: str, found: int, most: int) -> None:
    if found <= most:
        return
    shown = str(found) if found < 1_000_000 else "more than a million"
    if what == "depth":
        raise DocumentRefused("TOO_DEEP", f"This document is {shown} levels deep; at most {most} are answered.")
    raise DocumentRefused(
        f"TOO_MANY_{what.upper()}", f"This document has {shown} {what}; at most {most} are answered. Ask in several."
    )


def _part(definition: ExecutableDefinitionNode) -> _Part:
    part = _Part(directives=len(definition.directives or ()))
    stack: list[tuple[Node, int]] = [(one, 1) for one in definition.selection_set.selections]
    while stack:
        node, depth = stack.pop()
        _check_texts(node)
        part.directives += len(getattr(node, "directives", None) or ())
        if isinstance(node, FragmentSpreadNode):
            part.spreads.append((node.name.value, depth - 1))
            continue
        below = depth
        if isinstance(node, FieldNode):
            part.fields += 1
            part.aliases += node.alias is not None
            part.depth = max(part.depth, depth)
            part.introspects = part.introspects or node.name.value in INTROSPECTION
            below = depth + 1
        if isinstance(node, FieldNode | InlineFragmentNode) and node.selection_set:
            stack.extend((one, below) for one in node.selection_set.selections)
    return part


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
            missing = [spread for spread, _ in fragments[name].spreads if spread in fragments and spread not in whole]
            if not missing:
                whole[name] = _sum(fragments[name], whole)
                stack.pop()
            elif set(missing) & set(stack):
                raise DocumentRefused("FRAGMENT_CYCLE", f"The fragment {name} leads back to itself.")
            else:
                stack.append(missing[0])
    return whole


def _sum(part: _Part, whole: dict[str, _Part]) -> _Part:
    total = _Part(part.depth, part.fields, part.aliases, part.directives, part.introspects)
    for name, depth in part.spreads:
        spread = whole.get(name)  # an unknown fragment is for validation to report
        if spread is not None:
            total.depth = max(total.depth, depth + spread.depth)
            total.fields += spread.fields
            total.aliases += spread.aliases
            total.directives += spread.directives
            total.introspects = total.introspects or spread.introspects
    return total
