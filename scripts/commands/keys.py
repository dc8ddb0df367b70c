"""`headwater keys`: make, list, rotate and revoke API keys. The first operator of a production database is made here."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

import typer
from rich.table import Column, Table
from sqlalchemy import select

import models
from core.caller import SYSTEM, Scope
from scripts.console import AsJson, out, say, with_runtime
from services import access, accounts, keys
from services.runtime import Runtime

app = typer.Typer(help="API keys: shown once, kept as a hash.", no_args_is_help=True)


@app.command("create")
def create(
    name: Annotated[str, typer.Argument(help="What the key is for, or who the operator is.")],
    scope: Annotated[
        list[Scope] | None, typer.Option("--scope", help="What it may do; repeatable.", case_sensitive=False)
    ] = None,
    creator: Annotated[str | None, typer.Option("--creator", help="The creator to act as, by handle.")] = None,
    channel: Annotated[list[str] | None, typer.Option("--channel", help="A private channel it opens.")] = None,
    days: Annotated[int | None, typer.Option("--days", min=1, help="Valid for so many days; default: no end.")] = None,
    *,
    operator: Annotated[
        bool, typer.Option("--operator", help="Make the first operator of this database, with a key that may do all.")
    ] = False,
    another: Annotated[
        bool, typer.Option("--another", help="With --operator: although there is an operator already.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Make a key and show its secret, this once.

    The first key of a production database: `headwater keys create --operator "Ada"`.

    A key for an author: `headwater keys create "Ada's editor" --creator ada --scope content:write --scope
    content:publish`.
    """
    if not operator and not scope:
        raise typer.BadParameter("say what the key may do, such as --scope content:write", param_hint="--scope")

    async def work(runtime: Runtime) -> str:
        async with runtime.db.session() as session:
            if operator:
                return await accounts.first_operator(session, name, clock=runtime.clock, another=another)
            account = await accounts.create(session, SYSTEM, name, clock=runtime.clock)
            if creator is not None:
                row = await session.scalar(select(models.Creator).where(models.Creator.handle == creator))
                if row is None:
                    raise access.NoSuchCreator(f"There is no creator {creator}.")
                await accounts.act_as(session, SYSTEM, account.uid, row)
            expires_at = runtime.clock.now() + timedelta(days=days) if days else None
            issued = await keys.create(
                session,
                SYSTEM,
                account.uid,
                name,
                [each.value for each in scope or ()],
                clock=runtime.clock,
                channels=channel or (),
                expires_at=expires_at,
            )
            return issued.secret

    secret = with_runtime(work)
    say({"key": secret}, as_json=as_json, text=f"{secret}\n(shown this once; send it as: Authorization: Bearer …)")


@app.command("list")
def list_(*, as_json: AsJson = False) -> None:
    """All keys, newest first, without their secrets."""

    async def work(runtime: Runtime) -> list[tuple[models.ApiKey, str]]:
        async with runtime.db.session() as session:
            rows = await session.execute(
                select(models.ApiKey, models.Account.name)
                .join(models.Account, models.Account.id == models.ApiKey.account_id)
                .order_by(models.ApiKey.id.desc())
            )
            return [(key, account) for key, account in rows]

    found = with_runtime(work)
    if as_json:
        say([_json(key, account) for key, account in found], as_json=True, text="")
        return
    # the id is there to be copied, however narrow the terminal is
    table = Table(Column("id and prefix", no_wrap=True, min_width=36), "of", "scopes", "valid", "last used")
    for key, account in found:
        whose = account if account == key.name else f"{account}: {key.name}"
        table.add_row(f"{key.uid}\nhw_{key.prefix}", whose, "\n".join(key.scopes), _valid(key), _day(key.last_used_at))
    out.print(table)


@app.command("rotate")
def rotate(
    key: Annotated[UUID, typer.Argument(help="The key's id, from `headwater keys list`.")],
    hours: Annotated[int, typer.Option("--overlap-hours", min=0, help="How long the old one goes on.")] = 24,
    *,
    as_json: AsJson = False,
) -> None:
    """Make a successor to a key; both are valid while the new one is put in place."""

    async def work(runtime: Runtime) -> str:
        async with runtime.db.session() as session:
            overlap = timedelta(hours=hours)
            return (await keys.rotate(session, SYSTEM, key, clock=runtime.clock, overlap=overlap)).secret

    secret = with_runtime(work)
    say({"key": secret}, as_json=as_json, text=f"{secret}\n(shown this once)")


@app.command("revoke")
def revoke(
    key: Annotated[UUID, typer.Argument(help="The key's id, from `headwater keys list`.")], *, as_json: AsJson = False
) -> None:
    """End a key: the next request with it is refused."""

    async def work(runtime: Runtime) -> models.ApiKey:
        async with runtime.db.session() as session:
            return await keys.revoke(session, SYSTEM, key, clock=runtime.clock)

    done = with_runtime(work)
    say({"revoked": f"hw_{done.prefix}"}, as_json=as_json, text=f"hw_{done.prefix} is revoked")


def _valid(key: models.ApiKey) -> str:
    if key.revoked_at:
        return f"revoked {_day(key.revoked_at)}"
    return f"until {_day(key.expires_at)}" if key.expires_at else "yes"


def _day(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d}" if moment else "-"


def _json(key: models.ApiKey, account: str) -> dict[str, object]:
    return {
        "id": str(key.uid),
        "prefix": f"hw_{key.prefix}",
        "account": account,
        "name": key.name,
        "scopes": key.scopes,
        "expires_at": key.expires_at,
        "revoked_at": key.revoked_at,
        "last_used_at": key.last_used_at,
    }
