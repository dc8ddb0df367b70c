"""Documents walked through the schema: fields at random below a root, with fragments, aliases, directives and variables."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    get_named_type,
    is_leaf_type,
)

from bench.fuzz_values import Choosing, literal

DEEPEST = 6
WIDEST = 5
MOST_FIELDS = 45
MOST_ALIASES = 12
ROOTS = ("query",) * 6 + ("mutation",) * 3 + ("subscription",)
TOLD = "__typename problems { __typename code message path }"
BROKEN = (
    "", "{", "}", "(", ")", '"', '"""', "\\", ":", "$", "@", "...", "!", "#", "|", "&", "[", "]", "\0", "\ufeff", "\u202e", "\U0001f388", "\ud800",
    "@include", "on", "fragment F on F { ...F }", "...F", "$x", "{ __schema { types { name } } }", "__type(name: 1)", "1e9", "\r", "query", "é",
)  # fmt: skip


@dataclass
class Document:
    """What a client asks: a text, its variables and, where there are several operations, which of them."""

    text: str
    variables: dict[str, Any]
    operation: str
    name: str | None = None


@dataclass
class Walk:
    """One document in the making."""

    schema: GraphQLSchema
    choosing: Choosing
    variables: dict[str, tuple[str, Any]] = field(default_factory=dict)
    fragments: list[str] = field(default_factory=list)
    left: int = MOST_FIELDS
    aliases: int = 0
    directives: int = 0

    def document(self) -> Document:
        operation = self.choosing.pick(ROOTS)
        roots = {
            "query": self.schema.query_type,
            "mutation": self.schema.mutation_type,
            "subscription": self.schema.subscription_type,
        }
        root = roots[operation]
        assert root is not None, "the schema has all three"
        names = list(root.fields)
        count = 1 if operation == "subscription" else self.choosing.pick((1, 1, 2, 3))
        asked = dict.fromkeys(self.choosing.pick(names) for _ in range(count))
        body = " ".join(self._field(name, root.fields[name], DEEPEST, is_bare=True) for name in asked)
        return self._finished(operation, body)

    def _finished(self, operation: str, body: str) -> Document:
        declared = ", ".join(f"${name}: {type_}" for name, (type_, _) in self.variables.items())
        text = f"{operation} Asked{f'({declared})' if declared else ''} {{ {body} }}"
        name = None
        if self.choosing.once_in(12):
            text, name = f"{text} query Other {{ rateLimit {{ __typename }} }}", self.choosing.pick(("Asked", "Other"))
        text = " ".join([text, *self.fragments])
        given = {name: value for name, (_, value) in self.variables.items()}
        if self.choosing.harm and self.choosing.once_in(8):
            text = self.mutated(text)
        if given and self.choosing.is_harmful():
            given.pop(self.choosing.pick(list(given)))
        return Document(text, given, operation, name)

    def mutated(self, text: str) -> str:
        """The text with something missing, or something in it that does not belong there."""
        for _ in range(self.choosing.pick((1, 2, 5))):
            place = self.choosing.below(len(text) + 1)
            text = text[:place] + self.choosing.pick(BROKEN) + text[place + self.choosing.pick((0, 1, 7)) :]
        return text

    def _selection(self, named: GraphQLNamedType, depth: int) -> str:
        """What is asked of an object, in braces."""
        if named.name == "Refused":
            return f"{{ {TOLD} }}"
        if isinstance(named, GraphQLObjectType | GraphQLInterfaceType) and self.choosing.once_in(9):
            name = f"F{len(self.fragments)}"
            self.fragments.append("")
            place = len(self.fragments) - 1
            self.fragments[place] = f"fragment {name} on {named.name} {{ {' '.join(self._parts(named, depth))} }}"
            return f"{{ ...{name}{self._directive()} }}"
        return f"{{ {' '.join(self._parts(named, depth))} }}"

    def _parts(self, named: GraphQLNamedType, depth: int) -> Iterator[str]:
        yield "__typename"
        if isinstance(named, GraphQLObjectType | GraphQLInterfaceType):
            yield from self._fields(named, depth, is_bare=True)
        if isinstance(named, GraphQLInterfaceType | GraphQLUnionType):
            yield from self._possible(named, depth)

    def _possible(self, named: GraphQLInterfaceType | GraphQLUnionType, depth: int) -> Iterator[str]:
        possible = list(self.schema.get_possible_types(named))
        is_result = any(one.name == "Refused" for one in possible)
        chosen = possible if is_result else [self.choosing.pick(possible) for _ in range(self.choosing.below(3))]
        for one in dict.fromkeys(chosen):
            if one.name == "Refused":
                yield f"... on Refused {{ {TOLD} }}"
            else:
                inner = " ".join(["__typename", *self._fields(one, depth, is_bare=is_result)])
                yield f"... on {one.name}{self._directive()} {{ {inner} }}"

    def _fields(self, named: GraphQLObjectType | GraphQLInterfaceType, depth: int, *, is_bare: bool) -> Iterator[str]:
        """Some of its fields: leaves rather than objects when the document is long or deep enough."""
        names = list(named.fields)
        asked = [self.choosing.pick(names) for _ in range(1 + self.choosing.below(WIDEST))]
        if "nodes" in names:  # else most connections would be asked for nothing but their pages
            asked.append("nodes")
        for name in dict.fromkeys(asked):
            one = named.fields[name]
            if is_leaf_type(get_named_type(one.type)) or (depth > 1 and self.left > 0):
                yield self._field(name, one, depth - 1, is_bare=is_bare)

    def _field(self, name: str, one: GraphQLField, depth: int, *, is_bare: bool) -> str:
        """`is_bare`: there is no sibling fragment in which the same name may mean something else."""
        self.left -= 1
        named = get_named_type(one.type)
        given = self._arguments(name, one)
        below = "" if is_leaf_type(named) else f" {self._selection(named, depth)}"
        alias = ""
        if self.aliases < MOST_ALIASES and (not is_bare or self.choosing.once_in(12)):
            self.aliases += 1
            alias = f"a{self.aliases}: "
        return f"{alias}{name}{given}{self._directive()}{below}"

    def _arguments(self, name: str, one: GraphQLField) -> str:
        given = []
        left_out = self._other_way(one)
        for key, argument in one.args.items():
            wanted = key in {"first", "last"} and "first" in one.args and not self.choosing.is_harmful()
            if key in left_out or not (wanted or self.choosing.is_given(argument)):
                continue
            if key in {"after", "before", "filter"} and not self.choosing.once_in(3):
                continue
            value = self.choosing.argument(key, argument, name)
            given.append(f"{key}: {self._placed(value, str(argument.type))}")
        return f"({', '.join(given)})" if given else ""

    def _other_way(self, one: GraphQLField) -> set[str]:
        """A list is walked forward or backward; both at once only by those who mean harm."""
        if "last" not in one.args or self.choosing.is_harmful():
            return set()
        return {"first", "after"} if self.choosing.once_in(4) else {"last", "before"}

    def _placed(self, value: Any, type_: str) -> str:
        """A value where it is used, or a variable in its place."""
        if self.choosing.once_in(2) or (isinstance(value, str) and len(value) > 2_000):
            name = f"v{len(self.variables)}"
            self.variables[name] = (type_, value)
            return f"${name}"
        return literal(value)

    def _directive(self) -> str:
        if self.directives >= 6 or not self.choosing.once_in(16):
            return ""
        self.directives += 1
        kind = self.choosing.pick(("include", "skip"))
        return f" @{kind}(if: {self._placed(self.choosing.pick((True, False)), 'Boolean!')})"
