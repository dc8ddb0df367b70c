"""`headwater tags`: read what authors proposed, offer tags or offer them no more, and merge one into another."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import typer
from rich.table import Table
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.caller import SYSTEM
from models import TagState
from scripts.console import AsJson, out, say, with_runtime
from services import merging, tags, vocabularies
from services.runtime import Runtime

app = typer.Typer(
    help="Tags: what authors proposed, what is offered, and what means something else.", no_args_is_help=True
)

Tag = Annotated[str, typer.Argument(help="The tag, as taxonomy:code.")]


@app.command("proposed")
def proposed(*, as_json: AsJson = False) -> None:
    """List the tags that authors proposed and nobody accepted yet, the oldest first.

    Example: headwater tags proposed
    """

    async def work(runtime: Runtime) -> list[tuple[str, dict[str, str]]]:
        async with runtime.db.session() as session:
            rows = await session.execute(
                select(models.Taxonomy.code, models.Tag.code, models.Tag.labels)
                .join(models.Taxonomy, models.Taxonomy.id == models.Tag.taxonomy_id)
                .where(models.Tag.state == TagState.PROPOSED)
                .order_by(models.Tag.id)
            )
            return [(f"{taxonomy}:{code}", labels) for taxonomy, code, labels in rows]

    found = with_runtime(work)
    if as_json:
        say([{"tag": name, "labels": labels} for name, labels in found], as_json=True, text="")
        return
    table = Table("tag", "labels")
    for name, labels in found:
        table.add_row(name, ", ".join(f"{language}: {label}" for language, label in sorted(labels.items())))
    out.print(table)


@app.command("activate")
def activate(tag: Tag, *, as_json: AsJson = False) -> None:
    """Accept a proposed tag, or offer a deprecated one again.

    Example: headwater tags activate scene:attic
    """

    async def work(runtime: Runtime) -> models.Tag:
        async with runtime.db.session() as session:
            return await vocabularies.activate(session, SYSTEM, await _named(session, tag))

    done = with_runtime(work)
    say({"tag": tag, "state": done.state}, as_json=as_json, text=f"{tag} is active")


@app.command("deprecate")
def deprecate(
    tag: Tag,
    reason: Annotated[str | None, typer.Option("--reason", help="Why: kept in the audit record.")] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Offer a tag no more. Contents that carry it keep it.

    Example: headwater tags deprecate scene:attic --reason "Say loft."
    """
    why = reason or typer.prompt("Why?")

    async def work(runtime: Runtime) -> models.Tag:
        async with runtime.db.session() as session:
            return await vocabularies.deprecate(session, SYSTEM, await _named(session, tag), reason=why)

    done = with_runtime(work)
    say({"tag": tag, "state": done.state}, as_json=as_json, text=f"{tag} is deprecated")


@app.command("merge")
def merge(
    tag: Tag,
    into: Annotated[str, typer.Argument(help="The tag that stays, of the same taxonomy, as taxonomy:code.")],
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would happen, and change nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Let a tag mean another from now on: names, tags below it, contents and products go over.

    Example: headwater tags merge scene:attic scene:loft --dry-run
    """

    async def work(runtime: Runtime) -> merging.Merged:
        async with runtime.db.session() as session:
            target = await _named(session, into)
            done = await merging.merge(session, SYSTEM, await _named(session, tag), target, clock=runtime.clock)
            if dry_run:
                await session.rollback()
            return done

    done = with_runtime(work)
    would = "would mean" if dry_run else "means"
    rest = "" if done.is_complete else "; the others follow in batches, and are read as moved meanwhile"
    say(
        {"tag": tag, "into": into, "moved": done.moved_count, "complete": done.is_complete, "dry_run": dry_run},
        as_json=as_json,
        text=f"{tag} {would} {into}; {done.moved_count} contents and products moved with it{rest}",
    )


async def _named(session: AsyncSession, name: str) -> UUID:
    """The uid of the very tag of this name: one that was merged is not followed here."""
    taxonomy, code = tags.split(name)
    found = await session.scalar(
        select(models.Tag.uid)
        .join(models.Taxonomy, models.Taxonomy.id == models.Tag.taxonomy_id)
        .where(models.Taxonomy.code == taxonomy, models.Tag.code == code)
    )
    if found is None:
        raise vocabularies.NoSuchTag(f"There is no tag {name[:80]}: write it taxonomy:code.")
    return found
