"""`headwater assets`: files in the asset centre, listed and shown, kept from new use, given up; and the sizes they are offered in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, Any

import typer
from rich.table import Column, Table
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.caller import SYSTEM
from core.errors import DomainError, Problem
from models import AssetKind
from scripts.commands import asset_work
from scripts.commands.moderation import as_uid
from scripts.console import AsJson, err, out, say, with_runtime
from services.assets import NoSuchAsset, by_uids, retiring, sizes, uses
from services.assets.lists import AssetFilter
from services.runtime import Runtime

USES_SHOWN = 20

app = typer.Typer(
    help="Pictures, films, sound and subtitles: added, listed, checked, given up (docs/assets.md).",
    no_args_is_help=True,
)
app.command("add")(asset_work.add)
app.command("fetch")(asset_work.fetch)
app.command("probe")(asset_work.probe)
app.command("verify")(asset_work.verify)

Id = Annotated[str, typer.Argument(help="The asset: its uuid, or its id in the API.")]
Ids = Annotated[list[str], typer.Argument(help="The assets: their uuids, or their ids in the API.", show_default=False)]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


@app.command("list")
def list_(
    creator: Annotated[str | None, typer.Option("--creator", help="Only those of this creator: a handle.")] = None,
    kind: Annotated[
        list[AssetKind] | None, typer.Option("--kind", help="Only of this kind; repeatable.", case_sensitive=False)
    ] = None,
    tag: Annotated[
        list[str] | None, typer.Option("--tag", help="Only with this tag, as taxonomy:code; repeatable.")
    ] = None,
    *,
    unused: Annotated[bool, typer.Option("--unused", help="Only what nothing shows.")] = False,
    retired: Annotated[bool, typer.Option("--retired", help="Only what was retired.")] = False,
    house: Annotated[
        bool, typer.Option("--house", help="Only those of the house, which belong to no creator.")
    ] = False,
    first: Annotated[int, typer.Option("--first", min=1, max=100_000, help="How many at most.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List assets, the newest first.

    Examples: headwater assets list --creator ada --unused  ·  headwater assets list --kind video --json
    """
    wanted = AssetFilter(
        kinds=tuple(kind or ()),
        tags=tuple(tag or ()),
        of_house=True if house else None,
        is_used=False if unused else None,
        is_retired=True if retired else None,
    )
    found = with_runtime(lambda runtime: _listed(runtime, wanted, creator, first))
    if as_json:
        say(found, as_json=True, text="")
        return
    table = Table(Column("asset", no_wrap=True, min_width=36), "creator", "kind", "what it is", "bytes", "file")
    for row in found:
        what = f"[yellow]retired[/] {row['what']}" if row["retired_at"] else row["what"]
        table.add_row(row["id"], row["creator"] or "", row["kind"].lower(), what, f"{row['bytes'] or 0:,}", row["file"])
    out.print(table)


async def _listed(runtime: Runtime, wanted: AssetFilter, creator: str | None, first: int) -> list[dict[str, Any]]:
    asset = models.Asset
    async with runtime.db.session() as session:
        statement = select(asset, models.Creator.handle).outerjoin(
            models.Creator, models.Creator.id == asset.creator_id
        )
        statement = statement.where(await wanted.condition(session, SYSTEM))
        if creator is not None:
            statement = statement.where(asset.creator_id == (await asset_work.creator_of(session, creator)).id)
        rows = await session.execute(statement.order_by(asset.id.desc()).limit(first))
        return [_row(one, handle) for one, handle in rows]


def _row(asset: models.Asset, handle: str | None) -> dict[str, Any]:
    return {
        "id": str(asset.uid),
        "creator": handle,
        "kind": asset.kind.value,
        "what": asset_work.what_it_is(asset),
        "bytes": asset.byte_count,
        "file": asset.file_name or asset.url or "",
        "facts_source": asset.facts_source.value,
        "retired_at": asset.retired_at,
        "expires_at": asset.expires_at,
    }


@app.command("show")
def show(asset: Id, *, as_json: AsJson = False) -> None:
    """Show what is known of an asset: its facts and who measured them, where it is used, what was made of it.

    Example: headwater assets show 0192f0c1-7a4e-7c3b-9d61-3c1f0a2b4d5e
    """
    found = with_runtime(lambda runtime: _shown(runtime, asset))
    if as_json:
        say(found, as_json=True, text="")
        return
    table = Table(show_header=False)
    for name, value in found.items():
        table.add_row(name.replace("_", " "), _told(value))
    out.print(table)


async def _shown(runtime: Runtime, named: str) -> dict[str, Any]:
    async with runtime.db.session() as session:
        asset = await _asset(session, named)
        creator = await session.get(models.Creator, asset.creator_id) if asset.creator_id else None
        made = select(models.Rendition).where(models.Rendition.sha256 == asset.sha256).order_by(models.Rendition.name)
        return {
            **_row(asset, creator.handle if creator else None),
            "media_type": asset.media_type,
            "sha256": asset.sha256.hex() if asset.sha256 else None,
            "url": asset.url,
            "alternative_text": asset.alternative_text,
            "credit": asset.credit,
            "licence": asset.licence,
            "source": asset.origin,
            "facts": asset.facts,
            "uses": [
                f"{retiring.KINDS[models.UsageKind(use.kind)]} ({retiring.STATES[models.UsageState(use.state)]}): {use.label}"
                for use in (await uses.first_of(session, SYSTEM, asset.id, USES_SHOWN))[0]
            ],
            "renditions": [
                {"name": one.name, "bytes": one.byte_count, "failure": one.failure}
                for one in (await session.scalars(made) if asset.sha256 else ())
            ],
        }


def _told(value: Any) -> str:
    if isinstance(value, list):
        return "\n".join(_told(one) for one in value)
    if isinstance(value, dict):
        return ", ".join(f"{name}: {_told(one)}" for name, one in value.items() if one is not None)
    return "" if value is None else str(value)


@app.command("retire")
def retire(assets: Ids, *, as_json: AsJson = False) -> None:
    """Keep assets from being used anew. They stay where they are used, and can be restored.

    Example: headwater assets retire 0192f0c1-7a4e-7c3b-9d61-3c1f0a2b4d5e
    """

    async def one(session: AsyncSession, runtime: Runtime, asset: models.Asset) -> None:
        await retiring.retire(session, SYSTEM, asset.uid, clock=runtime.clock)

    _each(assets, one, "retired", as_json=as_json)


@app.command("restore")
def restore(assets: Ids, *, as_json: AsJson = False) -> None:
    """Let retired assets be used again.

    Example: headwater assets restore 0192f0c1-7a4e-7c3b-9d61-3c1f0a2b4d5e
    """

    async def one(session: AsyncSession, _runtime: Runtime, asset: models.Asset) -> None:
        await retiring.restore(session, SYSTEM, asset.uid)

    _each(assets, one, "restored", as_json=as_json)


@app.command("delete")
def delete(assets: Ids, *, yes: Yes = False, as_json: AsJson = False) -> None:
    """Delete assets that nothing uses, not even an old version. There is no way back; those in use are retired instead.

    The bytes go when no other asset has them, and what was made of them too.

    Example: headwater assets delete 0192f0c1-7a4e-7c3b-9d61-3c1f0a2b4d5e
    """
    if not yes:
        typer.confirm(f"Delete {len(assets)} assets for good?", abort=True, err=True)
    digests: list[str] = []

    async def one(session: AsyncSession, _runtime: Runtime, asset: models.Asset) -> None:
        digests.append(await retiring.delete(session, SYSTEM, asset.uid))

    async def clear(runtime: Runtime) -> None:
        await retiring.clear(runtime.db, runtime.store, digests)

    _each(assets, one, "deleted", as_json=as_json, after=clear)


@app.command("sizes")
def sizes_(*, as_json: AsJson = False) -> None:
    """List the sizes that renditions are offered in, and what asks for each: packs, pages of ours, HEADWATER_RENDITION_SIZES.

    Example: headwater assets sizes
    """

    async def work(runtime: Runtime) -> list[sizes.Size]:
        async with runtime.db.session() as session:
            offer = await sizes.offered(session, runtime.settings.rendition_sizes)
            return list(offer.by_sides.values())

    found = with_runtime(work)
    if as_json:
        say(
            [{"width": one.width, "height": one.height, "reasons": one.reasons} for one in found], as_json=True, text=""
        )
        return
    table = Table("width", "height", "for")
    for one in found:
        table.add_row(str(one.width), str(one.height), ", ".join(one.reasons))
    out.print(table)


def _each(
    named: Sequence[str],
    do: Callable[[AsyncSession, Runtime, models.Asset], Awaitable[None]],
    done: str,
    *,
    as_json: bool,
    after: Callable[[Runtime], Awaitable[None]] | None = None,
) -> None:
    """Do something with each of these assets, in a transaction of its own: what is refused holds up no other."""

    async def work(runtime: Runtime) -> list[tuple[str, Sequence[Problem]]]:
        told = [(one, await _tried(runtime, one, do)) for one in named]
        if after is not None:
            await after(runtime)
        return told

    found = with_runtime(work)
    refused = [(one, problem) for one, problems in found for problem in problems]
    answer = [
        {"asset": one, "problems": [{"code": problem.code, "message": problem.message} for problem in problems]}
        for one, problems in found
    ]
    count = sum(1 for _, problems in found if not problems)
    say(answer, as_json=as_json, text=f"{done} {count} of {len(found)}")
    for one, problem in refused:
        err.print(f"{one}: {problem.message} [{problem.code}]", highlight=False, markup=False, soft_wrap=True)
    if refused:
        raise typer.Exit(1)


async def _tried(
    runtime: Runtime, named: str, do: Callable[[AsyncSession, Runtime, models.Asset], Awaitable[None]]
) -> Sequence[Problem]:
    try:
        async with runtime.db.session() as session:
            await do(session, runtime, await _asset(session, named))
    except DomainError as error:
        return error.problems
    return ()


async def _asset(session: AsyncSession, named: str) -> models.Asset:
    uid = as_uid(named)
    found = (await by_uids(session, SYSTEM, [uid])).get(uid)
    if found is None:
        raise NoSuchAsset(f"There is no asset {named}.")
    return found
