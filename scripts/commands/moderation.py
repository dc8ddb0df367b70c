"""`headwater publish`, `withdraw`, `suspend` and `erase`: what an operator does to contents, creators and accounts."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import typer
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.caller import SYSTEM
from core.errors import DomainError
from core.ids import parse_global_id
from scripts.console import AsJson, say, with_runtime
from services import access, accounts, callers, erasure, publishing
from services.runtime import Runtime

Content = Annotated[str, typer.Argument(help="The content: its uuid, or its id from the API.")]
Who = Annotated[
    str,
    typer.Argument(help="The creator's handle; with --account the account's e-mail address, uuid, or id from the API."),
]
OfAccount = Annotated[bool, typer.Option("--account", help="It is an account, not a creator.")]
Reason = Annotated[str | None, typer.Option("--reason", help="Why: kept in the audit record.")]


def publish(
    content: Content,
    channel: Annotated[
        list[str] | None,
        typer.Option("--channel", help="Submit only to this entry; repeatable. Default: all that match."),
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Make a content's draft its live revision, or show a withdrawn content again, and distribute it.

    Example: headwater publish 0193…  --channel weitao.long-article
    """

    async def work(runtime: Runtime) -> models.Content:
        async with runtime.db.session() as session:
            return await publishing.publish(
                session, SYSTEM, as_uid(content), channels=channel or None, clock=runtime.clock
            )

    done = with_runtime(work)
    text = f"published {done.uid}; the distributor takes it to its channels (see: headwater stats)"
    say({"content": str(done.uid), "state": done.state, "version": done.version}, as_json=as_json, text=text)


def withdraw(
    content: Content,
    reason: Reason = None,
    *,
    takedown: Annotated[
        bool, typer.Option("--takedown", help="Take it down: its author cannot publish it again.")
    ] = False,
    lift: Annotated[bool, typer.Option("--lift", help="Lift a takedown instead.")] = False,
    as_json: AsJson = False,
) -> None:
    """Take a content back: unseen at once, a tombstone in every feed that had it."""
    why = "" if lift else reason or typer.prompt("Why?")

    async def work(runtime: Runtime) -> models.Content:
        uid, clock = as_uid(content), runtime.clock
        async with runtime.db.session() as session:
            if lift:
                return await publishing.restore(session, SYSTEM, uid, clock=clock)
            action = publishing.take_down if takedown else publishing.withdraw
            return await action(session, SYSTEM, uid, reason=why, clock=clock)

    done = with_runtime(work)
    say(
        {"content": str(done.uid), "state": done.state, "version": done.version},
        as_json=as_json,
        text=f"{done.state.value.lower().replace('_', ' ')} {done.uid}",
    )


def suspend(
    who: Who,
    reason: Reason = None,
    *,
    account: OfAccount = False,
    lift: Annotated[bool, typer.Option("--lift", help="Lift the suspension instead.")] = False,
    as_json: AsJson = False,
) -> None:
    """Hide a creator and all of theirs, at once and everywhere; of an account, refuse its keys and hide its creators.

    With --lift all that is shown again.
    """
    if not lift and not reason:
        raise typer.BadParameter("say why with --reason", param_hint="--reason")

    async def work(runtime: Runtime) -> models.Creator | models.Account:
        clock = runtime.clock
        async with runtime.db.session() as session:
            if account:
                uid = await _account(session, who)
                if lift:
                    return await accounts.reinstate(session, SYSTEM, uid)
                return await accounts.suspend(session, SYSTEM, uid, reason=reason or "", clock=clock)
            uid = await _creator(session, who)
            if lift:
                return await publishing.reinstate(session, SYSTEM, uid)
            return await publishing.suspend(session, SYSTEM, uid, reason=reason or "", clock=clock)

    done = with_runtime(work)
    state = "suspended" if done.suspended_at else "shown"
    say({"account" if account else "creator": who, "state": state}, as_json=as_json, text=f"{who} is {state}")


def erase(
    who: Who,
    *,
    account: OfAccount = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Count what would go, and do nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask whether this is meant.")] = False,
    as_json: AsJson = False,
) -> None:
    """Erase a creator, or an account with the creators that nobody else acts as: for good.

    Nothing of theirs is shown from the first moment; then texts, pictures and names go, batch by batch. Ids and codes stay.
    Stopped, it goes on when it is called again, or by itself where a worker runs.
    """
    counts = with_runtime(lambda runtime: _counted(runtime, who, account=account))
    if dry_run:
        text = ", ".join(f"{count} {what.replace('_', ' ')}" for what, count in counts.items() if count)
        say({"would_erase": counts}, as_json=as_json, text=f"would erase: {text or 'names only'}")
        return
    if not yes:
        typer.confirm(f"Erase {who} for good? There is no way back.", abort=True, err=True)
    removed = with_runtime(lambda runtime: _erased(runtime, who, account=account))
    text = ", ".join(f"{count} {what.replace('_', ' ')}" for what, count in removed.items())
    say({"erased": who, "removed": removed}, as_json=as_json, text=f"erased {who}: {text or 'names only'}")


async def _counted(runtime: Runtime, who: str, *, account: bool) -> dict[str, int]:
    async with runtime.db.session() as session:
        if account:
            return dict(await erasure.of_account(session, SYSTEM, await _account(session, who)))
        return dict(await erasure.of_creator(session, SYSTEM, await _creator(session, who)))


async def _erased(runtime: Runtime, who: str, *, account: bool) -> dict[str, int]:
    """What was removed, by the kind of rows, of all erasures that this began or that went on."""
    clock = runtime.clock
    async with runtime.db.session() as session:
        if account:
            begun = await erasure.erase_account(session, SYSTEM, await _account(session, who), clock=clock)
        else:
            begun = [await erasure.erase_creator(session, SYSTEM, await _creator(session, who), clock=clock)]
    ids = [one.id for one in begun]
    await erasure.finish(runtime.db, runtime.store, clock, ids)
    removed: dict[str, int] = {}
    async with runtime.db.session() as session:
        for one in (await erasure.by_ids(session, SYSTEM, ids)).values():
            for what, count in one.counts.items():
                removed[what] = removed.get(what, 0) + count
    return removed


async def _creator(session: AsyncSession, handle: str) -> UUID:
    uid = await session.scalar(select(models.Creator.uid).where(models.Creator.handle == handle))
    if uid is None:
        raise access.NoSuchCreator(f"There is no creator {handle}.")
    return uid


async def _account(session: AsyncSession, named: str) -> UUID:
    """By e-mail address, uuid or global id."""
    found = await accounts.by_email(session, named)
    if found is not None:
        return found.uid
    try:
        return as_uid(named)
    except DomainError as error:
        raise callers.NoSuchAccount(f"There is no account {named}.") from error


def as_uid(text: str) -> UUID:
    """A uuid as it is, or the one inside an id of the API."""
    try:
        return UUID(text)
    except ValueError:
        return parse_global_id(text)[1]
