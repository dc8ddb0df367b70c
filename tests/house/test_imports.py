"""The import contracts of pyproject.toml hold: floors, frameworks at their doors, a pure engine, no circles."""

from __future__ import annotations

import subprocess
import sys
import tomllib

from tests.house import tree

CONTRACTS = {
    "Imports point down",
    "The web frameworks stay at the web's door",
    "What talks to a terminal stays in the commands",
    "What decodes the bytes of strangers runs in the sandbox alone",
    "The store of assets is known by its own words",
    "Search clients stay in the search backends",
    "Search knows tokens and documents, no tables",
    "Models hold no sessions and do no input or output",
    "The engine of channels is pure, with all that it stands on",
    "Modules side by side do not lean on each other in a circle",
}


def test_the_contracts_are_all_there():
    project = tomllib.loads((tree.ROOT / "pyproject.toml").read_text())

    assert {contract["name"] for contract in project["tool"]["importlinter"]["contracts"]} == CONTRACTS


def test_every_floor_is_under_the_contracts():
    project = tomllib.loads((tree.ROOT / "pyproject.toml").read_text())

    assert sorted(project["tool"]["importlinter"]["root_packages"]) == sorted(tree.FLOORS)


def test_the_contracts_hold():
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"]
    done = subprocess.run([*command, "--no-cache"], cwd=tree.ROOT, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout
