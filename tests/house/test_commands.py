"""Every subcommand of `headwater` stands in docs/commands.md, with its arguments and options, and no other does."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
import typer
from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption

from scripts.cli import app
from tests.house import tree

PAGE = (tree.ROOT / "docs" / "commands.md").read_text("utf-8")
HEADING = re.compile(r"^### `headwater ([^`]+)`$", re.MULTILINE)
ROW = re.compile(r"^\| `.+$", re.MULTILINE)


def commands(group: TyperGroup, *path: str) -> Iterator[tuple[str, TyperCommand]]:
    for name, command in group.commands.items():
        if isinstance(command, TyperGroup):
            yield from commands(command, *path, name)
        else:
            yield " ".join((*path, name)), command


def row(parameter: TyperArgument | TyperOption) -> str:
    """The line of the page about an argument or an option."""
    names = [*parameter.opts, *parameter.secondary_opts]
    if isinstance(parameter, TyperArgument):
        names = [(parameter.name or "").upper() + ("…" if parameter.nargs == -1 else "")]
    said = re.sub(r"\s+", " ", parameter.help or "").strip()
    return f"| {', '.join(f'`{name}`' for name in names)} | {said} |"


def rows(command: TyperCommand) -> list[str]:
    return [row(parameter) for parameter in command.params if parameter.name != "help" and not parameter.hidden]


def sections(page: str) -> dict[str, list[str]]:
    _, *parts = HEADING.split(page)
    return {name: ROW.findall(part) for name, part in zip(parts[::2], parts[1::2], strict=True)}


COMMANDS = dict(commands(typer.main.get_group(app)))


def test_the_page_has_a_section_for_every_command_and_no_other():
    assert sorted(sections(PAGE)) == sorted(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_section_lists_arguments_and_options_as_help_does(name: str):
    assert sections(PAGE)[name] == rows(COMMANDS[name])


@pytest.mark.parametrize("name", COMMANDS)
def test_help_says_what_a_command_and_each_of_its_options_do(name: str):
    command = COMMANDS[name]

    assert (command.help or "").partition("\n\n")[0].strip().endswith(".")
    assert [line for line in rows(command) if re.search(r"\|\s*\|$", line)] == []
