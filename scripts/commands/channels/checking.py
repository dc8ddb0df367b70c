"""`headwater channels check`: everything that is wrong with a folder of packs, each with its file and line."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from core.errors import Problem
from sample import vocabulary_records
from scripts.commands.channels.folders import FOLDER, Packs, tell
from scripts.console import AsJson, say, with_runtime
from services.channels.checking import check as check_folder
from services.channels.complaints import PackProblem
from services.channels.known import known_here
from services.channels.vocabulary import Vocabulary
from services.runtime import Runtime


def check(
    folder: Packs = FOLDER,
    *,
    live: Annotated[
        bool, typer.Option("--live", help="Take tags, fields, roles and pools from the database, not from the sample.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Validate every pack below a folder and run its examples; names file, line, key and reason of all that is wrong.

    Tags, fields, roles and pools that packs name must be there: in the sample's vocabulary, or with --live in the
    database. Without --live no database is needed. Exit code 1 when anything is wrong.
    """
    report = check_folder(folder, with_runtime(_here) if live else _of_the_sample())
    if as_json:
        problems = [_json(problem) for problem in report.problems]
        say(
            {"packs": len(report.packs), "examples": report.examples_count, "problems": problems}, as_json=True, text=""
        )
    else:
        tell(report)
    if not report.is_good:
        raise typer.Exit(1)


async def _here(runtime: Runtime) -> Vocabulary:
    async with runtime.db.session() as session:
        return await known_here(session)


def _of_the_sample() -> Vocabulary:
    tags: dict[str, set[str]] = {taxonomy.code: set() for taxonomy in vocabulary_records.taxonomies()}
    for tag in vocabulary_records.tags():
        tags[tag.taxonomy].add(tag.code)
    return Vocabulary(
        tags,
        {field.code for field in vocabulary_records.fields()},
        {role.code for role in vocabulary_records.roles()},
        {pool.code for pool in vocabulary_records.pools()},
    )


def _json(problem: Problem) -> dict[str, Any]:
    place = {"file": problem.file, "line": problem.line} if isinstance(problem, PackProblem) else {}
    return {"code": problem.code, "message": problem.message, "path": list(problem.path), **place}
