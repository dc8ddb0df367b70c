"""`headwater homepage`: look at a creator's page, check and save one from a file, publish it, go back, hand out a preview."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import orjson
import typer
from pydantic import ValidationError
from rich.table import Table
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.caller import SYSTEM
from core.errors import Invalid, Problem
from scripts.console import AsJson, out, say, with_runtime
from services import access, homepages, stamps
from services.homepages import schema as schemas
from services.homepages.publishing import NoSuchVersion
from services.interchange import reasons
from services.runtime import Runtime, name_instance

app = typer.Typer(help="Homepages: look, check, save, publish, go back, preview.", no_args_is_help=True)

Handle = Annotated[str, typer.Argument(help="The creator's handle.")]
File = Annotated[Path, typer.Argument(help="A JSON file with theme and blocks, as docs/homepage.schema.json has them.")]


class UnreadablePage(Invalid):
    """The file holds no homepage; each problem names its place."""

    code = "UNREADABLE_PAGE"


@app.command("show")
def show(
    handle: Handle,
    number: Annotated[int | None, typer.Option("--number", help="This version instead of the live one.")] = None,
    *,
    page: Annotated[
        bool, typer.Option("--page", help="Only its theme and blocks, as JSON: what validate and save take.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """A version of a homepage with what of it cannot be read, and all versions there are."""

    async def work(runtime: Runtime) -> tuple[models.HomepageVersion, list[models.HomepageVersion]]:
        async with runtime.db.session() as session:
            every = await _versions(session, await _creator(session, handle))
        chosen = [one for one in every if (one.number == number if number is not None else _is_live(one))]
        if not chosen:
            raise NoSuchVersion(f"{handle} has no such version of a homepage: there are {len(every)}.")
        return chosen[0], every

    version, every = with_runtime(work)
    if page:
        say({"theme": version.theme, "blocks": version.blocks}, as_json=True, text="")
        return
    found = homepages.sort_out(version.theme, version.blocks)
    if as_json:
        problems = [{"code": one.code, "message": one.message, "path": list(one.path)} for one in found.problems]
        say(_json(version) | {"problems": problems}, as_json=True, text="")
        return
    table = Table("version", "state", "stamp", "published", "scheduled", title=f"The homepage of {handle}")
    for one in every:
        table.add_row(str(one.number), one.state.value, stamps.of(one), _time(one.published_at), _schedule(one))
    out.print(table)
    for block in found.blocks:
        out.print(f"  {block.type:<12} {block.title}", markup=False, highlight=False)
    for problem in found.problems:
        out.print(f"  {problem.code}: {problem.message}", markup=False, highlight=False)


@app.command("validate")
def validate(file: File, *, as_json: AsJson = False) -> None:
    """Check a page in a file: its shape, its sizes, its colours. It needs no database; exit 1 when something is wrong."""
    draft = read(file)
    say(
        {"valid": True, "blocks": len(draft.blocks)},
        as_json=as_json,
        text=f"{file} is a homepage with {len(draft.blocks)} blocks",
    )


@app.command("save")
def save(
    handle: Handle,
    file: File,
    stamp: Annotated[
        str | None, typer.Option("--stamp", help="The stamp of the draft to replace; without it there must be none.")
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Save a page from a file as the draft of a creator's homepage."""
    draft = read(file)

    async def work(runtime: Runtime) -> models.HomepageVersion:
        async with runtime.db.session() as session:
            uid = await _creator(session, handle)
            return await homepages.save(session, SYSTEM, uid, draft, expected_revision=stamp, clock=runtime.clock)

    _tell(with_runtime(work), handle, as_json=as_json)


@app.command("publish")
def publish(handle: Handle, *, as_json: AsJson = False) -> None:
    """Publish the draft of a creator's homepage."""

    async def work(runtime: Runtime) -> models.HomepageVersion:
        async with runtime.db.session() as session:
            return await homepages.publish(session, SYSTEM, await _creator(session, handle), clock=runtime.clock)

    _tell(with_runtime(work), handle, as_json=as_json)


@app.command("rollback")
def rollback(
    handle: Handle,
    to: Annotated[int, typer.Argument(help="The number of a version that was live before.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Publish an earlier version of a homepage once more, as a new version."""

    async def work(runtime: Runtime) -> models.HomepageVersion:
        async with runtime.db.session() as session:
            uid = await _creator(session, handle)
            return await homepages.roll_back(session, SYSTEM, uid, to, clock=runtime.clock)

    _tell(with_runtime(work), handle, as_json=as_json)


@app.command("preview")
def preview(
    handle: Handle,
    hours: Annotated[int, typer.Option("--hours", help="How long it lasts: 1 to 720.")] = 24,
    *,
    as_json: AsJson = False,
) -> None:
    """A link to the draft of a homepage: whoever holds it sees the page until it expires or is published."""

    async def work(runtime: Runtime) -> tuple[homepages.Preview, str]:
        # its secret signs the token; on a database that nothing ran on yet, it is made here
        await name_instance(runtime.db, runtime.settings)
        async with runtime.db.session() as session:
            every = await _versions(session, await _creator(session, handle))
            drafts = [one.id for one in every if one.state is models.HomepageState.DRAFT]
            if not drafts:
                raise homepages.NoDraft(f"{handle} has no draft of a homepage to preview: save one first.")
            now = runtime.clock.now()
            found = await homepages.preview(session, SYSTEM, drafts, hours=hours, now=now)
        link = found[drafts[0]]
        return link, link.url(runtime.settings)

    link, url = with_runtime(work)
    told = {"token": link.token, "url": url, "expires_at": link.expires_at}
    say(told, as_json=as_json, text=f"{url}\n(until {link.expires_at:%Y-%m-%d %H:%M} UTC)")


@app.command("schema")
def schema(
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write it there instead of printing it.")
    ] = None,
    *,
    as_json: AsJson = False,  # noqa: ARG001  (it is JSON either way)
) -> None:
    """The JSON Schema of a page's theme and blocks. It needs no database."""
    if output is not None:
        output.write_bytes(schemas.printed())
        return
    out.print(schemas.printed().decode().rstrip(), markup=False, highlight=False, soft_wrap=True)


def read(file: Path) -> homepages.PageDraft:
    """The page in a file; UnreadablePage with everything that is wrong with it."""
    try:
        given: Any = orjson.loads(file.read_bytes())
    except (OSError, orjson.JSONDecodeError) as error:
        raise UnreadablePage(f"{file}: {error}") from error
    try:
        return homepages.PageDraft.model_validate(given)
    except ValidationError as error:
        problems = [
            Problem(UnreadablePage.code, f"{file}: {where or 'the page'}: {why}.", tuple(where.split(".")))
            for where, why in reasons.of_value(error, given)
        ]
        raise UnreadablePage(f"{file} holds no homepage.", problems=problems) from error


async def _creator(session: AsyncSession, handle: str) -> UUID:
    uid = await session.scalar(select(models.Creator.uid).where(models.Creator.handle == handle))
    if uid is None:
        raise access.NoSuchCreator(f"There is no creator {handle}.")
    return uid


async def _versions(session: AsyncSession, creator_uid: UUID) -> list[models.HomepageVersion]:
    version, page = models.HomepageVersion, models.Homepage
    statement = (
        select(version)
        .join(page, page.id == version.homepage_id)
        .join(models.Creator, models.Creator.id == page.creator_id)
        .where(models.Creator.uid == creator_uid)
        .order_by(version.number.desc())
    )
    return list(await session.scalars(statement))


def _is_live(version: models.HomepageVersion) -> bool:
    return version.state is models.HomepageState.LIVE


def _json(version: models.HomepageVersion) -> dict[str, Any]:
    return {
        "number": version.number,
        "state": version.state.value,
        "stamp": stamps.of(version),
        "template": version.template,
        "published_at": version.published_at,
        "scheduled_for": version.scheduled_for,
        "schedule_zone": version.schedule_zone,
        "schedule_failure": version.schedule_failure,
    }


def _tell(version: models.HomepageVersion, handle: str, *, as_json: bool) -> None:
    text = f"{version.state.value.lower()} version {version.number} of the homepage of {handle} ({stamps.of(version)})"
    say(_json(version), as_json=as_json, text=text)


def _time(at: Any) -> str:
    return f"{at:%Y-%m-%d %H:%M}" if at else ""


def _schedule(version: models.HomepageVersion) -> str:
    if version.scheduled_for is None:
        return ""
    return f"{_time(version.scheduled_for)} UTC{f': {version.schedule_failure}' if version.schedule_failure else ''}"
