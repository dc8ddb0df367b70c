"""`headwater channels check`: everything that is wrong with a folder of packs, without a database."""

from __future__ import annotations

import typer

from scripts.commands.channels.folders import FOLDER, Packs, tell
from scripts.console import AsJson, say
from services.channels.checking import check as check_folder


def check(folder: Packs = FOLDER, *, as_json: AsJson = False) -> None:
    """Validate every pack below a folder and run its examples; names file, key and reason of all that is wrong.

    It needs no database. Exit code 1 when anything is wrong.
    """
    report = check_folder(folder)
    if as_json:
        problems = [{"code": problem.code, "message": problem.message} for problem in report.problems]
        say(
            {"packs": len(report.packs), "examples": report.examples_count, "problems": problems}, as_json=True, text=""
        )
    else:
        tell(report)
    if not report.is_good:
        raise typer.Exit(1)
