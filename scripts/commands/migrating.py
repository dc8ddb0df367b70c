"""`headwater migrate`: bring the database's schema up to date, by hand in production."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from core import migrations
from scripts.console import AsJson, say, settings
from services.runtime import name_instance, open_database


def migrate(
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be applied.")] = False,
    as_json: AsJson = False,
) -> None:
    """Apply the migrations that the database still lacks.

    `headwater run` does this by itself; in production it is a step of its own, before the new version starts. Each
    migration runs in its own transaction; running it twice, or in two places at once, is safe.
    """

    async def work() -> tuple[list[str], str]:
        async with open_database(settings(), patient=True) as db:
            steps = await migrations.pending(db) if dry_run else await migrations.upgrade(db)
            if not dry_run:
                await name_instance(db, settings())
            return steps, migrations.head()

    steps, head = asyncio.run(work())
    verb = "would apply" if dry_run else "applied"
    text = f"{verb} {', '.join(steps)}" if steps else f"nothing to do: the database stands at {head}"
    say({"applied" if not dry_run else "pending": steps, "head": head}, as_json=as_json, text=text)
