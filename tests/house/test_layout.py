"""How the house is kept: where things are called what, how long they grow, and what no file may hold."""

from __future__ import annotations

import ast
import os
import re
import tomllib

from scripts import bootstrap
from tests.house import tree

VAGUE = {"util", "utils", "helper", "helpers", "common", "misc", "manager", "managers", "base_utils"}
LONGEST = 400
# Longer than a module should be, and why it is one all the same.
LONG: dict[str, str] = {}
# Folders in which a person's files lie, at the beginning of an absolute path.
PERSONAL = re.compile(r"(?<![\w.~$}{])/(?:home|Users|work|private/tmp)/\w+")
ADDRESS = re.compile(r"^\s*(?:-i\b|--index-url|--extra-index-url|--find-links|--trusted-host)|https?://", re.MULTILINE)
WAVED = re.compile(r"# (noqa(?:: [A-Z0-9, ]*[0-9])?|type: ignore(?:\[[a-z, -]+\])?)(.{4,})?$")
LATER = re.compile(r"\b(?:TO" r"DO|FIX" r"ME|X" r"XX)\b")


def test_no_module_has_a_name_that_says_nothing():
    vague = [tree.name(path) for path in tree.modules(*tree.FLOORS, "tests") if path.stem in VAGUE]

    assert vague == []


def test_every_module_of_a_floor_says_what_it_is_for():
    silent = [
        tree.name(path)
        for path in tree.modules(*tree.FLOORS)
        if path.stat().st_size and ast.get_docstring(ast.parse(path.read_text("utf-8"))) is None
    ]

    assert silent == []


def test_modules_stay_short_but_for_those_with_a_reason():
    long = {
        tree.name(path) for path in tree.modules(*tree.FLOORS) if len(path.read_text("utf-8").splitlines()) > LONGEST
    }

    assert long == LONG.keys()


def test_no_file_names_a_place_on_somebodys_machine():
    found = [
        f"{tree.name(path)}: {place}" for path in tree.texts() for place in PERSONAL.findall(path.read_text("utf-8"))
    ]

    assert found == []


def test_nothing_is_left_for_later():
    found = [tree.name(path) for path in tree.texts() if LATER.search(path.read_text("utf-8"))]

    assert found == []


def test_requirements_are_hashed_and_name_no_package_index():
    for path in (tree.ROOT / "requirements.txt", tree.ROOT / "requirements-dev.txt", bootstrap.BUCKETS_FILE):
        text = path.read_text()
        pinned = re.findall(r"^([a-z0-9][a-z0-9._-]*(?:\[[a-z,]+\])?)==\S+", text, re.MULTILINE)
        logical = re.sub(r"\\\n", " ", text).splitlines()

        assert ADDRESS.findall(text) == []
        assert pinned
        assert [line.split()[0] for line in logical if line.strip() and "--hash=sha256:" not in line] == []


def test_only_the_environment_of_the_commands_and_settings_is_read():
    """Below the doors nobody looks at the environment: they are handed the value they need."""
    readers = [
        tree.name(path)
        for path in tree.modules("api", "core", "models", "search", "services")
        if re.search(r"\bos\.(?:environ|getenv)\b", path.read_text("utf-8"))
    ]

    # it hands the environment on to PostgreSQL, without what would mislead it
    assert readers == ["core/postgres/accounts.py"]


def test_ci_runs_the_same_command_as_people_and_nothing_else():
    lines = [line for line in (tree.ROOT / ".ci" / "run").read_text().splitlines() if line and not line.startswith("#")]

    assert len(lines) == 1
    assert re.fullmatch(r"exec .*\bscripts/test\b\"?( \"\$@\")?", lines[0])


def test_what_people_start_can_be_started():
    started = [
        tree.ROOT / ".ci" / "run",
        *(tree.ROOT / "scripts" / name for name in ("run", "test", "lint", "with-python")),
    ]

    assert [tree.name(path) for path in started if not os.access(path, os.X_OK)] == []


def test_every_package_has_an_init_and_every_floor_is_installed():
    project = tomllib.loads((tree.ROOT / "pyproject.toml").read_text())
    folders = {path.parent for path in tree.modules(*tree.FLOORS)}

    assert [tree.name(folder) for folder in folders if not (folder / "__init__.py").exists()] == []
    assert sorted(project["tool"]["setuptools"]["packages"]) == sorted(tree.FLOORS)


def test_what_is_waved_through_has_its_reason():
    """On the line, in the comment above it, or at the first of its kind in the module."""
    silent = []
    for path in tree.modules(*tree.FLOORS):
        explained: set[str] = set()
        lines = path.read_text("utf-8").splitlines()
        for above, line in zip(["", *lines], lines, strict=False):
            for kind, reason in WAVED.findall(line):
                if reason or above.lstrip().startswith("#"):
                    explained.add(kind)
                elif kind not in explained:
                    silent.append(f"{tree.name(path)}: {line.strip()}")

    assert silent == []
