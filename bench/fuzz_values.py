"""Values for arguments and inputs of the schema: such as a good client sends, and such as mean harm."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, TypeVar

from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    is_required_argument,
    is_required_input_field,
)
from hypothesis import strategies as st

from bench.fuzz_world import Known
from tests.api.graphql.sending import TEXTS

T = TypeVar("T")
Given = GraphQLArgument | GraphQLInputField

DEEP_LIST: Any = []
for _ in range(60):
    DEEP_LIST = [DEEP_LIST]

HOSTILE_TEXTS = (
    "", " ", "\0", "a\0b", "\ud800", "\udc00\ud800", "\u202etxet\u2066", "\U0001f9ff" * 3, "é" * 7, "ﷺ" * 40, "\x1b[31m", "\ufeff", "\uffff",
    "x" * 300, "x" * 100_000, "字" * 35_000, "%", "_%\\", "'; --", "\\", '"', '"""', "{}", "null", "0", "-1", "../../x", "\r\n", "\t",
    "javascript:alert(1)", "http://127.0.0.1/", "https://[::1]:99999/", "https://exa mple/", "<script>", "scene:", ":", ":camping",
    "a:b:c", "en-" + "x" * 40, "und", "EN_us", "0000-01-01", "9999-12-31T23:59:59.999999Z", "2026-02-30", "2026-11-24T25:00",
    "T", "2026-01-01T00:00:00+99:00", "Asia/../etc/passwd", "UTC\n", "sha256:", "sha256:" + "f" * 64, "1.1", "1.99999999999999999999",
    "-1.-1", "#zzzzzz", "1e400", "NaN", "{ viewer { name } }", "query { a", "![x](y)" * 200, "[" * 5_000, "> " * 2_000, "* " * 2_000,
    "İ", "ß" * 64, "Straße", "١٢٣", "²", "1_000", "+1", "0x10", "infinity",
)  # fmt: skip
HOSTILE_NUMBERS = (
    0, -1, 1, 2**31 - 1, 2**31, -(2**31) - 1, 2**53 + 1, 2**63 - 1, 2**63, -(2**63) - 1, 2**64, 10**400, 0.5, -0.0, 1e308, 5e-324,
    math.nan, math.inf, -math.inf,
)  # fmt: skip
HOSTILE_OTHERS: tuple[Any, ...] = (
    None,
    True,
    [],
    {},
    [None],
    DEEP_LIST,
    {"a": 1},
    {"": None},
    [1, "a", None],
    {"__proto__": {}},
)
HOSTILE_TIMES = (
    "0000-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59Z", "9999-12-31T23:59:59-14:00",
    "2026-11-24", "2026-11-24T08:00:00", "2026-11-24T24:00:00Z", "2026-11-24T08:00:60Z", "-2026-01-01T00:00:00Z", "+12026-01-01T00:00:00Z",
    "2026-W48-2", "2026-11-24T08:00:00,5Z", "20261124T080000Z", "2026-11-24T08:00:00.1234567890Z", "",
)  # fmt: skip
HOSTILE: dict[str, tuple[Any, ...]] = {
    "String": HOSTILE_TEXTS, "ID": HOSTILE_TEXTS, "DateTime": HOSTILE_TIMES, "Date": HOSTILE_TIMES,
    "Int": (0, -1, 1, 99, 101, 2**31 - 1, 2**31, -(2**31)), "BigInt": (0, -1, 2**53 - 1, 2**53 + 1, 2**63 - 1, 2**63, -(2**63) - 1, "1", 1.5),
    "Float": (0, -1, 2, 1e308, -0.0, 5e-324, 10**400, math.nan),
}  # fmt: skip
KINDS = {
    "avatarId": "Asset", "imageId": "Asset", "coverIds": "Asset", "sceneId": "Asset", "videoId": "Asset", "assetId": "Asset",
    "beforeId": "Revision", "afterId": "Revision", "revisionId": "Revision", "memberId": "OrganisationMember",
    "messageId": "LiveMessage", "translationOfId": "Content", "parentId": "Comment", "asCreatorId": "Creator", "identityId": "Account",
}  # fmt: skip
WORDS = {
    "timeZone": ("Asia/Shanghai", "Europe/Berlin"), "language": ("en", "zh", "fr"), "languages": ("en", "zh"), "among": ("zh", "en"),
    "tags": ("scene:camping",), "taxonomies": ("scene",), "categories": ("scene:camping",), "parents": ("scene:camping",),
    "scopes": ("content:write", "feed:read"), "role": ("OWNER",), "roles": ("nutritionist",), "fields": ("outdoor", "food"),
    "startsWith": ("a", "no"), "expectedRevision": ("1.1", "2.1", "1"), "idempotencyKey": ("k1", "k2"), "fromTemplate": ("media-front-page",),
    "accent": ("#112233",), "background": ("#ffffff",), "currency": ("CNY",), "email": ("new@example.org",), "token": ("A" * 97,),
    "markdown": ("# Title\n\nWords *and* more.\n\n- one\n- two\n",),
}  # fmt: skip
ENTITIES = ("Creator", "Product", "Tag", "Revision", "Account", "Comment", "Application", "Article")
SIZES = (1, 2, 3, 5, 20)


class Name(str):
    """A name of an enum: in a document it stands without quotes."""

    __slots__ = ()


@lru_cache
def _below(count: int) -> st.SearchStrategy[int]:
    return st.integers(0, count - 1)


class Choosing:
    """Choices, each small, so that hypothesis can shrink them: towards what comes first."""

    def __init__(self, draw: Callable[[st.SearchStrategy[Any]], Any], known: Known) -> None:
        self._draw = draw
        self.known = known
        # once in so many values one means harm; never for a third of all operations
        self.harm = self.pick((0, 0, 12, 3))

    def pick(self, choices: Sequence[T]) -> T:
        return choices[self.below(len(choices))]

    def below(self, count: int) -> int:
        return int(self._draw(_below(count))) if count > 1 else 0

    def once_in(self, count: int) -> bool:
        return self.below(count) == count - 1

    def is_harmful(self) -> bool:
        return bool(self.harm) and self.once_in(self.harm)

    # values

    def argument(self, name: str, given: Given, where: str) -> Any:
        """A value for an argument or a field of an input; `where` is the name of the field or type that takes it."""
        return self._value(given.type, name, _kind(name, given, where), 0)

    def is_given(self, given: Given) -> bool:
        required = is_required_argument(given) if isinstance(given, GraphQLArgument) else is_required_input_field(given)
        return not self.is_harmful() if required else self.once_in(4)

    def _value(self, type_: GraphQLInputType, name: str, kind: str, depth: int) -> Any:
        if isinstance(type_, GraphQLNonNull):
            return self._value(type_.of_type, name, kind, depth)
        if self.is_harmful():
            return self.hostile(str(type_))
        if isinstance(type_, GraphQLList):
            return self._list(type_.of_type, name, kind, depth)
        if isinstance(type_, GraphQLEnumType):
            return Name(self.pick(list(type_.values)))
        if isinstance(type_, GraphQLInputObjectType):
            return self._object(type_, depth)
        return self._scalar(type_.name, name, kind)

    def _list(self, inner: GraphQLInputType, name: str, kind: str, depth: int) -> Any:
        if self.is_harmful():
            return [self._value(inner, name, kind, depth + 1)] * self.pick((101, 0, 1_000))
        return [self._value(inner, name, kind, depth + 1) for _ in range(self.pick((1, 2, 0)))]

    def _object(self, type_: GraphQLInputObjectType, depth: int) -> dict[str, Any]:
        fields = list(type_.fields.items())
        if type_.is_one_of:
            fields = [self.pick(fields)]
        made: dict[str, Any] = {}
        for name, one in fields:
            required = is_required_input_field(one) or type_.is_one_of
            if required or (depth < 4 and self.once_in(3)):
                made[name] = self._value(one.type, name, _kind(name, one, type_.name), depth + 1)
        if self.is_harmful():
            made["unheardOf"] = 1
        return made

    def _scalar(self, type_name: str, name: str, kind: str) -> Any:
        if type_name == "ID":
            return self.id(kind)
        if type_name == "Boolean":
            return self.pick((False, True))
        if type_name == "_Any":
            kind = self.pick(ENTITIES)
            return {"__typename": kind, "id": self.id(kind)}
        if type_name in {"DateTime", "Date"}:
            return self._time(type_name)
        if type_name in {"Int", "BigInt", "Float"}:
            return self._number(name)
        return self._text(name, kind)

    def id(self, kind: str) -> str:
        """An id: nearly always of the kind that is wanted."""
        if self.harm and self.once_in(6):
            genuine = self.pick(self.known.ids[self.pick(sorted(self.known.ids))] or ["x"])
            return self.pick((genuine, genuine[:-1], genuine + "=", genuine[::-1], genuine.swapcase(), "Q29udGVudDox"))
        wanted = self.known.ids.get("Content" if kind == "Article" else kind)
        return self.pick(wanted or self.known.ids[self.pick(sorted(self.known.ids))] or ["x"])

    def _number(self, name: str) -> Any:
        if name in {"first", "last", "limit"}:
            return self.pick(SIZES)
        return self.pick((1, 2, 0, 5, 100)) if name not in {"x", "y"} else self.pick((0.5, 0, 1))

    def _time(self, type_name: str) -> str:
        if self.is_harmful():
            return self.pick(HOSTILE_TIMES)
        day = self.pick(("2026-12-01", "2027-03-28", "2026-11-01"))
        return day if type_name == "Date" else f"{day}T09:00:00Z"

    def _text(self, name: str, kind: str) -> str:
        known: Sequence[str] = (
            self.known.texts.get(f"{kind}.{name}") or self.known.texts.get(name) or WORDS.get(name) or ()
        )
        if known:
            return self.pick(known)
        snake = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)
        return TEXTS.get(snake, self.pick(("Some words.", "camping", "一些字")))

    def hostile(self, type_name: str) -> Any:
        """Mostly of the right kind, so that it is looked at more closely than that."""
        fitting = HOSTILE.get(type_name)
        if fitting is not None and not self.once_in(6):
            return self.pick(fitting)
        return self.pick(self.pick((HOSTILE_TEXTS, HOSTILE_NUMBERS, HOSTILE_OTHERS, HOSTILE_TIMES)))


def _kind(name: str, given: Given, where: str) -> str:
    """The type whose ids are wanted."""
    declared = (given.extensions or {}).get("strawberry-definition")
    wanted = (getattr(declared, "metadata", None) or {}).get("id_of")
    if wanted:
        return str(wanted)
    if name in {"id", "ids", "code", "key", "handle"}:
        return where[0].upper() + where[1:]
    stem = KINDS.get(name) or name.removesuffix("Ids").removesuffix("Id")
    return stem[0].upper() + stem[1:]


def literal(value: Any) -> str:
    """A value as it stands in a document."""
    if isinstance(value, Name):
        return str(value)
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key or '_'}: {literal(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(literal(one) for one in value) + "]"
    return json.dumps(value)
