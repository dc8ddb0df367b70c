"""Every code that a caller can be told stands in docs/errors.md, with its status, and no other does."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from core import errors
from tests.house import tree

PAGE = tree.ROOT / "docs" / "errors.md"
CODE = re.compile(r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+|INVALID|CONFLICT|GONE|FORBIDDEN|INTERNAL|UNAVAILABLE|MISCONFIGURED")
ROW = re.compile(r"^\| `([A-Z0-9_]+)` \| ([^|]*) \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)
# Whose arguments are codes, wherever they are called.
TELLING = {"Problem", "leave_out", "BadRequest", "DocumentRefused", "Prepared", "_failed", "_refused", "failure", "formatted"}
# Made from a name at run time: the limits of a document, and what the shape of a value can be wrong in.
MADE = {
    "api/graphql/limits.py": {f"TOO_MANY_{what}" for what in ("DEFINITIONS", "OPERATIONS", "VARIABLES", "FIELDS")}
    | {"TOO_MANY_ALIASES", "TOO_MANY_DIRECTIVES"},
}
# A family's own code is told where nothing more exact is known; this one never is.
NEVER_TOLD = {"DOMAIN_ERROR"}


def import_everything() -> None:
    for floor in ("api", "core", "search", "services", "scripts", "sample"):
        package = importlib.import_module(floor)
        for module in pkgutil.walk_packages(package.__path__, f"{floor}."):
            if module.name != "scripts.bootstrap":  # a program of its own, without our packages
                importlib.import_module(module.name)


def subclasses(family: type[errors.DomainError]) -> Iterator[type[errors.DomainError]]:
    yield family
    for each in family.__subclasses__():
        yield from subclasses(each)


def told(path: Path) -> set[str]:
    """The codes that a module gives to problems and refusals, not by a class."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call) and _called(node.func) in TELLING:
            found |= _codes(node)
        elif isinstance(node, ast.Return) and node.value is not None and path.parent.name == "graphql":
            found |= _codes(node.value)
        elif isinstance(node, ast.Dict):
            pairs = zip(node.keys, node.values, strict=True)
            found |= {code for key, value in pairs if _text(key) == "code" for code in _codes(value)}
    return found


def _called(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def _text(node: ast.expr | None) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def _codes(node: ast.expr) -> set[str]:
    return {text for part in ast.walk(node) if isinstance(part, ast.Constant) and CODE.fullmatch(text := _text(part))}


@pytest.fixture(scope="module")
def classes() -> dict[str, set[int]]:
    """Statuses by code, of all classes of errors."""
    import_everything()
    found: dict[str, set[int]] = {}
    for each in subclasses(errors.DomainError):
        if each.__module__.partition(".")[0] in tree.FLOORS:  # not those that tests make
            found.setdefault(each.code, set()).add(each.status)
    return found


@pytest.fixture(scope="module")
def problems() -> set[str]:
    found = {code for path in tree.modules(*tree.FLOORS) for code in told(path)}
    return found.union(*MADE.values())


@pytest.fixture(scope="module")
def documented() -> dict[str, str]:
    """Status cells by code."""
    rows = ROW.findall(PAGE.read_text("utf-8"))
    assert len(rows) == len({code for code, *_ in rows}), "a code stands twice"
    return {code: status.strip() for code, status, *_ in rows}


def test_every_code_is_documented_and_no_other(classes, problems, documented):
    assert (classes.keys() | problems) - NEVER_TOLD == documented.keys()


def test_the_statuses_are_those_of_the_classes(classes, documented):
    wrong = {
        code: (documented[code], statuses)
        for code, statuses in classes.items()
        if code in documented and not {str(status) for status in statuses} <= set(documented[code].split(" or "))
    }

    assert wrong == {}


def test_a_code_belongs_to_one_status(classes):
    assert {code: statuses for code, statuses in classes.items() if len(statuses) > 1} == {}


def test_the_page_is_sorted_within_its_tables(documented):
    tables = re.split(r"^## ", PAGE.read_text("utf-8"), flags=re.MULTILINE)

    for table in tables:
        codes = [code for code, *_ in ROW.findall(table)]
        assert codes == sorted(codes)
