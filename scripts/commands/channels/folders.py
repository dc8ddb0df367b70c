"""What the commands about packs share: the folder they come in, reading one file, saying what is wrong with a folder."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from scripts.console import err, out
from services import packs
from services.channels import checking, versions
from services.channels.packs import Pack, parse_pack
from services.channels.sheets import Section
from services.channels.texts import is_json

FOLDER = Path(__file__).resolve().parents[3] / "channels"
Packs = Annotated[Path, typer.Argument(help="A folder of packs.", exists=True, file_okay=False)]
PacksOrFile = Annotated[Path, typer.Argument(help="A folder of packs, or the file of one: TOML, or JSON.", exists=True)]
AllowUnknown = Annotated[
    bool,
    typer.Option(
        "--allow-unknown", help="Take packs that name tags, fields, roles or pools which are not here (any more)."
    ),
]
Key = Annotated[str, typer.Argument(help="The key of the channel.")]


def pack_in(file: Path) -> Pack:
    """The pack in a file; MalformedPack names everything that is wrong with it."""
    return parse_pack(checking.text_of(file, str(file)), str(file))


def written(file: Path) -> packs.PackText:
    """The text of a pack's file: JSON by its name, else TOML."""
    return packs.PackText(checking.text_of(file, str(file)), "json" if is_json(file.name) else "toml", str(file))


def pack_of(key: str, folder: Path, file: Path | None = None) -> Pack:
    """The pack of this key: in the file, or in the one file of the folder that has it."""
    if file is not None:
        pack = pack_in(file)
        if pack.key != key:
            raise typer.BadParameter(f"{file} holds the pack of {pack.key}, not of {key}.")
        return pack
    found = with_key(folder, key)
    if found is None:
        raise versions.NoSuchChannel(f"{folder} has no pack of {key}: name a file with --file.")
    return pack_in(found)


def with_key(folder: Path, key: str) -> Path | None:
    """The file of the folder that holds the pack of this key, whole or not."""
    says = re.compile(rf"""^key\s*=\s*["']{re.escape(key)}["']""", re.MULTILINE)
    files = sorted(set(folder.rglob("*.toml")) - {folder / checking.PLATFORMS})
    return next((file for file in files if says.search(checking.text_of(file, str(file)))), None)


def tell(report: checking.Report) -> None:
    """Every problem on standard error, and one line about the whole."""
    for problem in report.problems:
        err.print(problem.message, markup=False, highlight=False, soft_wrap=True)
    word = "good" if report.is_good else f"{len(report.problems)} problems"
    out.print(f"{len(report.packs)} packs, {report.examples_count} examples: {word}")


def table(section: Section) -> Table:
    """A section of a pack on the terminal; what it says is never read as markup."""
    made = Table(title=section.title, title_justify="left", show_header=any(section.columns), expand=False)
    for column in section.columns:
        made.add_column(column, overflow="fold")
    for row in section.rows:
        made.add_row(*map(Text, row))
    return made
