"""`headwater documents`: register the GraphQL documents of a frontend, list and remove them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.caller import SYSTEM
from core.errors import DomainError, Invalid, Problem
from scripts.commands.importing import NotReadable
from scripts.console import AsJson, out, say, with_runtime
from services import document_manifests, documents
from services.documents import NewDocument
from services.runtime import Runtime

app = typer.Typer(help="GraphQL documents that applications register, to be asked for by hash.", no_args_is_help=True)

Sourced = tuple[str, NewDocument]
"""A document, and the file that it stands in."""

Key = Annotated[str, typer.Argument(help="The application, by its key.")]


@app.command("create")
def create(
    key: Annotated[str, typer.Argument(help="Its unique short name: 1 to 64 of a-z, 0-9 and -.")],
    name: Annotated[str, typer.Argument(help="What it is called.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Create an application, to be tended by operators.

    Whoever tends one without being an operator creates it with a key of their own, by the mutation createApplication.
    """

    async def work(runtime: Runtime) -> models.Application:
        async with runtime.db.session() as session:
            return await documents.create_application(session, SYSTEM, key, name)

    made = with_runtime(work)
    say({"id": str(made.uid), "key": made.key, "name": made.name}, as_json=as_json, text=f"{made.key} is there")


@app.command("register")
def register(
    key: Key,
    files: Annotated[
        list[Path],
        typer.Argument(help="GraphQL files, one document each; or manifests (.json) of Relay, Code Generator, Apollo."),
    ],
    *,
    as_json: AsJson = False,
) -> None:
    """Register documents: all of them, or none where one does not fit the schema. What is there already stays.

    The hash is over the text as it stands in the file, to the last line break.
    """
    from api.graphql import registration  # noqa: PLC0415  (the other commands start without the schema)
    from api.graphql.limits import Limits  # noqa: PLC0415
    from api.graphql.schema import schema  # noqa: PLC0415

    given = _read(files)

    async def work(runtime: Runtime) -> tuple[int, list[NewDocument]]:
        settings = runtime.settings
        checker = registration.checker(schema, Limits.of(settings))
        try:
            wanted = await registration.checked(checker, [one for _, one in given])
        except Invalid as error:
            raise _told_by_file(error, given) from error
        bounds = documents.Bounds(settings.trusted_documents, settings.trusted_document_bytes)
        async with runtime.db.session() as session:
            application = await _application(session, key)
            done = await documents.register(session, SYSTEM, application.uid, wanted, bounds=bounds)
        return done.added, wanted

    added, wanted = with_runtime(work)
    shown = [{"documentId": documents.document_id(documents.digest(one.text)), "name": one.name} for one in wanted]
    lines = "".join(f"\n{one['documentId']}  {one['name']}" for one in shown)
    say(
        {"added": added, "documents": shown},
        as_json=as_json,
        text=f"{added} of {len(shown)} documents were new for {key}{lines}",
    )


@app.command("list")
def list_(
    key: Annotated[str | None, typer.Argument(help="An application, by its key: its documents.")] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """All applications with the number of their documents, or the documents of one."""

    async def work(runtime: Runtime) -> list[dict[str, Any]]:
        async with runtime.db.session() as session:
            return await (_applications(session) if key is None else _documents(session, key))

    found = with_runtime(work)
    if as_json:
        say(found, as_json=True, text="")
        return
    names = list(found[0]) if found else ["key"]
    table = Table(*names)
    for each in found:
        table.add_row(*(str(each[name]) for name in names))
    out.print(table)


@app.command("remove")
def remove(
    key: Key,
    ids: Annotated[list[str], typer.Argument(help="Ids of documents, sha256:…, as `list` shows them.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Remove documents: within seconds nobody can ask for them by their hash."""
    digests = [documents.digest_of(each) for each in ids]

    async def work(runtime: Runtime) -> int:
        async with runtime.db.session() as session:
            application = await _application(session, key)
            return (await documents.remove(session, SYSTEM, application.uid, digests)).removed

    removed = with_runtime(work)
    say({"removed": removed}, as_json=as_json, text=f"{removed} documents of {key} are gone")


def _read(files: list[Path]) -> list[Sourced]:
    """The documents of all files; everything that is wrong with any of them at once."""
    found: list[Sourced] = []
    problems: list[Problem] = []
    for path in files:
        try:
            found.extend((path.name, one) for one in document_manifests.documents_in(path.name, path.read_bytes()))
        except OSError as error:
            raise NotReadable(f"{path}: {error.strerror}.") from error
        except DomainError as error:
            problems.extend(error.problems)
    if problems:
        raise Invalid("Some of the files cannot be used; nothing was registered.", problems=problems)
    return found


def _told_by_file(error: Invalid, given: list[Sourced]) -> Invalid:
    """What is wrong with documents, each by the file and the name that people know it by."""
    problems = []
    for problem in error.problems:
        source, document = given[int(problem.path[1])]
        whose = f"{source} ({document.name})" if document.name else source
        problems.append(Problem(problem.code, f"{whose}: {problem.message}", (source,)))
    return Invalid("Some of the documents cannot be registered; none was.", problems=problems)


async def _application(session: AsyncSession, key: str) -> models.Application:
    found = (await documents.by_keys(session, SYSTEM, [key])).get(key)
    if found is None:
        raise documents.NoSuchApplication(f"There is no application {key}: `headwater documents create {key} NAME`.")
    return found


async def _applications(session: AsyncSession) -> list[dict[str, Any]]:
    application, document = models.Application, models.TrustedDocument
    statement = (
        select(application.key, application.name, func.count(document.id).label("documents"))
        .outerjoin(document, document.application_id == application.id)
        .group_by(application.id)
        .order_by(application.key)
    )
    return [dict(row) for row in (await session.execute(statement)).mappings()]


async def _documents(session: AsyncSession, key: str) -> list[dict[str, Any]]:
    application, document = await _application(session, key), models.TrustedDocument
    rows = await session.scalars(
        select(document).where(document.application_id == application.id).order_by(document.id.desc())
    )
    return [{"documentId": documents.document_id(row.sha256), "name": row.name} for row in rows]
