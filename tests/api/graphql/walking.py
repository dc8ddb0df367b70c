"""Documents made from the schema: each asks, from one root field, for everything that can be reached from there.

Every field of every type is asked once, at its shortest path from the root. Where a content, a version of one or a body
is met again, what it says itself is asked again: a path that leads round to a draft shows up whichever way it takes.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

from graphql import (
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    get_named_type,
    is_leaf_type,
    is_required_argument,
)

# what tells of a content, and is asked wherever it is met; a connection is only the way to its rows
TOLD_AGAIN = {"Body", "Revision"}
TELLING = {"id", "title", "summary", "name", "text", "html", "handle", "reason"}
SIZES = {"first": "20", "among": '["zh"]', "width": "320", "height": "320"}
REQUIRED = {"outcome": "ELIGIBLE", "state": "CLOSED"}


@dataclass
class Selection:
    """What is asked of one object: lines, and the places where more is asked below them."""

    named: GraphQLNamedType
    level: int = 1
    lines: list[str] = field(default_factory=list)
    below: list[tuple[str, Selection]] = field(default_factory=list)

    def text(self) -> str:
        inner = [*self.lines, *(f"{head} {{ {selection.text()} }}" for head, selection in self.below)]
        return " ".join(["__typename", *inner])


@dataclass
class Walk:
    """What is asked from one root field, the types of its variables, and which fields that asks for."""

    operation: str
    root: str
    variables: dict[str, str]
    inner: str
    asked: set[str]

    @property
    def document(self) -> str:
        return _document(self.operation, self.variables, self.selection(""))

    def selection(self, prefix: str) -> str:
        """The root field, with a prefix before the names of its variables."""
        return f"{self.root}{_call({name: f'${prefix}{name}' for name in self.variables})} {self.inner}"


def together(walks: Mapping[str, Walk]) -> str:
    """One query of several walks, each by a name of its own, which is also before the names of its variables."""
    variables = {f"{name}_{one}": type_ for name, walked in walks.items() for one, type_ in walked.variables.items()}
    selections = (f"{name}: {walked.selection(f'{name}_')}" for name, walked in walks.items())
    return _document("query", variables, " ".join(selections))


def _document(operation: str, variables: Mapping[str, str], selection: str) -> str:
    declared = ", ".join(f"${name}: {type_}" for name, type_ in variables.items())
    return f"{operation} {f'({declared})' if declared else ''} {{ {selection} }}"


def walk(schema: GraphQLSchema, root: str, operation: str = "query", *, levels: int = 100) -> Walk:
    """Everything below `root` to so many levels, its arguments all taken from variables of the same names."""
    top_type = schema.query_type if operation == "query" else schema.subscription_type
    assert top_type is not None
    start = top_type.fields[root]
    asked = {f"{top_type.name}.{root}"}
    top = Selection(get_named_type(start.type))
    is_plain = is_leaf_type(top.named)
    waiting = deque([] if is_plain else [top])
    seen: set[str] = set()
    while waiting:
        selection = waiting.popleft()
        _expand(schema, selection, waiting, seen, asked, levels)
    # an argument with a default may be left out, and then its variable too
    types = {
        name: str(argument.type) if is_required_argument(argument) else str(argument.type).removesuffix("!")
        for name, argument in start.args.items()
    }
    inner = "" if is_plain else f"{{ {top.text()} }}"
    return Walk(operation, root, types, inner, asked)


def _expand(
    schema: GraphQLSchema,
    selection: Selection,
    waiting: deque[Selection],
    seen: set[str],
    asked: set[str],
    levels: int,
) -> None:
    named = selection.named
    is_first = named.name not in seen
    seen.add(named.name)
    if isinstance(named, GraphQLUnionType) or (isinstance(named, GraphQLInterfaceType) and is_first):
        for possible in schema.get_possible_types(named):
            if possible.name not in seen:
                inner = Selection(possible, selection.level)
                selection.below.append((f"... on {possible.name}", inner))
                waiting.append(inner)
        return
    assert isinstance(named, GraphQLObjectType | GraphQLInterfaceType)
    for name, one in named.fields.items():
        if selection.level < levels or is_leaf_type(get_named_type(one.type)):
            _ask(selection, name, one, waiting, asked, is_first=is_first)


def _ask(
    selection: Selection, name: str, one: GraphQLField, waiting: deque[Selection], asked: set[str], *, is_first: bool
) -> None:
    named, target = selection.named, get_named_type(one.type)
    # the same name may have another type in another format: each gets a name of its own
    head = f"{named.name}_{name}: {name}{_call(_sizes(one))}"
    if is_leaf_type(target):
        if is_first or name in TELLING:
            selection.lines.append(head)
            asked.add(f"{named.name}.{name}")
    elif is_first or target.name in TOLD_AGAIN or (named.name.endswith("Connection") and name == "nodes"):
        asked.add(f"{named.name}.{name}")
        inner = Selection(target, selection.level + 1)
        selection.below.append((head, inner))
        waiting.append(inner)


def _sizes(one: GraphQLField) -> dict[str, str]:
    given = {name: SIZES[name] for name in one.args if name in SIZES}
    missing = [name for name, argument in one.args.items() if is_required_argument(argument) and name not in given]
    return given | {name: REQUIRED[name] for name in missing}


def _call(arguments: Mapping[str, str]) -> str:
    return f"({', '.join(f'{name}: {value}' for name, value in arguments.items())})" if arguments else ""
