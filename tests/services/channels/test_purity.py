"""The engine is pure: what it imports can neither ask a database, nor the network, nor the clock."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[3] / "services/channels"
# Packs in force and the reads about them live in the database; checking and scaffolding know files; two pages are written.
WITH_SESSIONS = {"canaries.py", "installing.py", "known.py", "reading.py", "versions.py"}
WITH_FILES = {"checking.py", "parity.py", "reference.py", "scaffolding.py"}
ALLOWED = {
    "__future__",
    "abc",
    "bisect",
    "collections",
    "contextlib",
    "core.errors",
    "dataclasses",
    "datetime",
    "difflib",
    "enum",
    "functools",
    "html",
    "hashlib",
    "itertools",
    "models.blocks",
    "models.texts",
    "nh3",
    "orjson",
    "pydantic",
    "pydantic_core",
    "re",
    "regex",
    "services.bodies",
    "services.channels",
    "services.commonmark",
    "services.commonmark_spans",
    "tomllib",
    "typing",
    "unicodedata",
    "urllib.parse",
    "uuid",
    "zoneinfo",
}
PACKAGES = {"models", "services"}
# What the engine leans on outside its folder.
BELOW = [
    FOLDER.parents[1] / name
    for name in (
        "models/blocks.py",
        "models/texts.py",
        "services/bodies.py",
        "services/commonmark.py",
        "services/commonmark_spans.py",
    )
]
MODULES = [*BELOW, *sorted(file for file in FOLDER.rglob("*.py") if file.name not in WITH_SESSIONS | WITH_FILES)]


def imported(tree: ast.AST) -> set[str]:
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module is not None:
            inner = {f"{node.module}.{alias.name}" for alias in node.names}
            names |= inner if node.module in PACKAGES else {node.module}
    return names


@pytest.mark.parametrize("file", MODULES, ids=lambda file: file.relative_to(FOLDER.parents[1]).as_posix())
def test_a_module_of_the_engine_imports_nothing_that_could_look_anything_up(file):
    tree = ast.parse(file.read_text("utf-8"))

    strangers = {
        name for name in imported(tree) if not any(name == own or name.startswith(own + ".") for own in ALLOWED)
    }
    asks_the_clock = {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr in {"now", "today", "utcnow"}
    }

    assert strangers == set()
    assert asks_the_clock == set()
