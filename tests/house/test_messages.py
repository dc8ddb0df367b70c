"""Every code has a Chinese sentence, and the sentences that are paired with English ones are those of the code."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from api import messages
from tests.house import tree
from tests.house.test_errors import PAGE, ROW

# what pydantic and graphql-core say themselves
FOREIGN = {
    "{}",
    "String should have at most {} characters",
    "string should have at most {} characters",
    "String should have at least {} character",
    "string should have at least {} character",
}
# the checks of pydantic that inputs are measured by
SHAPES = {
    "GREATER_THAN_EQUAL",
    "LESS_THAN_EQUAL",
    "LITERAL_ERROR",
    "STRING_PATTERN_MISMATCH",
    "STRING_TOO_LONG",
    "STRING_TOO_SHORT",
    "TOO_LONG",
}
# what clients look for by itself, in whatever language
FOR_PROGRAMS = {"PERSISTED_QUERY_NOT_FOUND", "PERSISTED_QUERY_NOT_SUPPORTED"}
CHINESE = re.compile(r"[\u4e00-\u9fff]")


@pytest.fixture(scope="module")
def held() -> dict[str, Any]:
    return tomllib.loads(messages.FILE.read_text("utf-8"))


@pytest.fixture(scope="module")
def sentences() -> set[str]:
    """Every text in the code, its values as {}."""
    found: set[str] = set()
    for path in tree.modules("api", "core", "models", "search", "services"):
        nodes = list(ast.walk(ast.parse(path.read_text("utf-8"))))
        found |= {bare(text) for node in nodes if (text := template(node))}
        named = states(nodes)
        found |= named | {text.lower() for text in named}
    return found


def template(node: ast.AST) -> str:
    match node:
        case ast.Constant(str(text)):
            return text
        case ast.JoinedStr(values):
            return "".join(part.value if isinstance(part, ast.Constant) else "{}" for part in values)
    return ""


def states(nodes: Sequence[ast.AST]) -> set[str]:
    """The values of enumerations."""
    values = [
        one.value
        for node in nodes
        if isinstance(node, ast.ClassDef)
        for one in node.body
        if isinstance(one, ast.Assign)
    ]
    return {value.value for value in values if isinstance(value, ast.Constant) and isinstance(value.value, str)}


def bare(text: str) -> str:
    """A sentence without the names of its values, however it begins and ends: pydantic's begin small, ours do not."""
    plain = re.sub(r"(\{\})+", "{}", messages.PLACE.sub("{}", text))
    return (plain[:1].lower() + plain[1:]).removesuffix(".")


def pairs(held: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    for code, sentences in [*held["said"].items(), ("words", held["words"])]:
        for english, chinese in sentences.items():
            yield code, english, chinese


def test_every_documented_code_has_a_chinese_sentence_and_no_other(held):
    documented = {code for code, *_ in ROW.findall(PAGE.read_text("utf-8"))}

    assert held["plain"].keys() - SHAPES == documented
    assert held["plain"].keys() >= SHAPES
    assert held["said"].keys() <= held["plain"].keys()


def test_the_codes_stand_in_order(held):
    documented = [code for code in held["plain"] if code not in SHAPES]
    assert documented == sorted(documented)


def test_plain_sentences_are_chinese_and_name_no_values(held):
    wrong = [code for code, text in held["plain"].items() if messages.PLACE.search(text)]
    foreign = {code for code, text in held["plain"].items() if not (CHINESE.search(text) and text.endswith("。"))}

    assert wrong == []
    assert foreign == FOR_PROGRAMS


def test_every_paired_sentence_stands_in_the_code(held, sentences):
    lost = [
        (code, english)
        for code, english, _ in pairs(held)
        if bare(english) not in sentences
        and english not in sentences
        and messages.PLACE.sub("{}", english) not in FOREIGN
    ]

    assert lost == []


def test_a_chinese_sentence_takes_its_values_from_the_english_one(held):
    wrong = [
        (code, english)
        for code, english, chinese in pairs(held)
        if not set(messages.PLACE.findall(chinese)) <= set(messages.PLACE.findall(english))
        or not CHINESE.search(chinese)
    ]

    assert wrong == []


def test_every_paired_sentence_is_found_again_with_its_values_filled_in(held):
    catalogue = messages.chinese()
    phrase, told = "no object", held["words"]["no object"]
    lost = []
    for code, english, chinese in pairs({**held, "words": {}}):
        values = {name: phrase if name in messages.PHRASES else "7" for name in messages.PLACE.findall(english)}
        expected = chinese.format_map({name: told if value == phrase else value for name, value in values.items()})
        if catalogue.sentence(code, english.format_map(values)) != expected:
            lost.append((code, english))

    assert lost == []
