"""Every code that a caller can be told stands in docs/errors.md, with its status, and no other does."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
from collections.abc import Container, Iterator, Mapping
from pathlib import Path

import pytest

from core import errors
from tests.house import tree

PAGE = tree.ROOT / "docs" / "errors.md"
CODE = re.compile(r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+|INVALID|CONFLICT|GONE|FORBIDDEN|INTERNAL|UNAVAILABLE|MISCONFIGURED")
ROW = re.compile(r"^\| `([A-Z0-9_]+)` \| ([^|]*) \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)
# Whose arguments are codes, wherever they are called.
TELLING = {
    "Problem",
    "problem",
    "leave_out",
    "BadRequest",
    "DocumentRefused",
    "Prepared",
    "_failed",
    "_refused",
    "failure",
    "formatted",
}
# Made from a name at run time: the limits of a document, and what the shape of a value can be wrong in.
MADE = {
    "api/graphql/limits.py": {f"TOO_MANY_{what}" for what in ("DEFINITIONS", "OPERATIONS", "VARIABLES", "FIELDS")}
    | {"TOO_MANY_ALIASES", "TOO_MANY_DIRECTIVES"},
}
# A family's own code is told where nothing more exact is known; these never are.
NEVER_TOLD = {"DOMAIN_ERROR", "NOT_FOUND"}


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


def expected(path: Path, codes: Container[str], names: Mapping[str, str]) -> set[str]:
    """The codes that a test module names, each alone in a text or by a class in `pytest.raises`."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Constant) and (text := _text(node)) in codes:
            found.add(text)
        elif isinstance(node, ast.Call) and _called(node.func) == "raises":
            called = {
                _called(each) for argument in node.args for each in ast.walk(argument) if isinstance(each, ast.expr)
            }
            found |= {names[name] for name in called if name in names}
    return found


@pytest.fixture(scope="module")
def names() -> dict[str, str]:
    """Codes by the names of their classes."""
    import_everything()
    return {each.__name__: each.code for each in subclasses(errors.DomainError)}


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


def test_every_code_is_produced_by_a_test(documented, names):
    tests = [path for path in tree.modules("tests") if path != Path(__file__)]

    shown = set().union(*(expected(path, documented, names) for path in tests))

    assert sorted(documented.keys() - shown) == []


def test_a_code_that_no_test_expects_is_noticed(tmp_path):
    module = tmp_path / "test_one.py"
    program = (
        "def test():",
        "    # of NO_SUCH_TEA and its 'HOT' friends",
        "    with raises((errors.TeaGone, Cold)):",
        "        assert 'HOT' in 'all that is TEPID'",
    )
    module.write_text("\n".join(program))
    codes = {"NO_SUCH_TEA", "HOT", "TEPID", "TEA_GONE", "OTHER"}

    assert expected(module, codes, {"TeaGone": "TEA_GONE", "Other": "OTHER"}) == {"HOT", "TEA_GONE"}


def test_the_page_is_sorted_within_its_tables(documented):
    tables = re.split(r"^## ", PAGE.read_text("utf-8"), flags=re.MULTILINE)

    for table in tables:
        codes = [code for code, *_ in ROW.findall(table)]
        assert codes == sorted(codes)
