"""`headwater publish`, `withdraw` and `suspend`: what an operator does to contents and creators."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import typer
from sqlalchemy import select

import models
from core.caller import SYSTEM
from core.ids import parse_global_id
from scripts.console import AsJson, say, with_runtime
from services import access, publishing
from services.runtime import Runtime

Content = Annotated[str, typer.Argument(help="The content: its uuid, or its id from the API.")]
Reason = Annotated[str, typer.Option("--reason", help="Why: kept in the audit record.", prompt="Why?")]


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
    reason: Reason,
    *,
    takedown: Annotated[
        bool, typer.Option("--takedown", help="Take it down: its author cannot publish it again.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Take a content back: unseen at once, a tombstone in every feed that had it."""

    async def work(runtime: Runtime) -> models.Content:
        action = publishing.take_down if takedown else publishing.withdraw
        async with runtime.db.session() as session:
            return await action(session, SYSTEM, as_uid(content), reason=reason, clock=runtime.clock)

    done = with_runtime(work)
    say(
        {"content": str(done.uid), "state": done.state, "version": done.version},
        as_json=as_json,
        text=f"{done.state.value.lower().replace('_', ' ')} {done.uid}",
    )


def suspend(
    handle: Annotated[str, typer.Argument(help="The creator's handle.")],
    reason: Annotated[str | None, typer.Option("--reason", help="Why: kept in the audit record.")] = None,
    *,
    lift: Annotated[bool, typer.Option("--lift", help="Lift the suspension instead.")] = False,
    as_json: AsJson = False,
) -> None:
    """Hide a creator and all of theirs, at once and everywhere; or show them again with --lift."""
    if not lift and not reason:
        raise typer.BadParameter("say why with --reason", param_hint="--reason")

    async def work(runtime: Runtime) -> models.Creator:
        async with runtime.db.session() as session:
            uid = await session.scalar(select(models.Creator.uid).where(models.Creator.handle == handle))
            if uid is None:
                raise access.NoSuchCreator(f"There is no creator {handle}.")
            if lift:
                return await publishing.reinstate(session, SYSTEM, uid)
            return await publishing.suspend(session, SYSTEM, uid, reason=reason or "", clock=runtime.clock)

    done = with_runtime(work)
    state = "suspended" if done.suspended_at else "shown"
    say({"creator": done.handle, "state": state}, as_json=as_json, text=f"{done.handle} is {state}")


def as_uid(text: str) -> UUID:
    """A uuid as it is, or the one inside an id of the API."""
    try:
        return UUID(text)
    except ValueError:
        return parse_global_id(text)[1]
