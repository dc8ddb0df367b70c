"""`headwater audits`: what waits for a person, who has it before them, and what is decided on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

import typer
from rich.markup import escape
from rich.table import Table
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.caller import SYSTEM, Caller, Scope
from core.ids import global_id
from core.reads import Window, any_of
from scripts.commands.moderation import as_uid
from scripts.console import AsJson, out, say, with_runtime
from services import accounts, auditing, callers
from services.auditing import AuditFilter, Task, Wanted
from services.channels.rendering import Rendition
from services.deliveries import NoSuchSubmission
from services.runtime import Runtime

app = typer.Typer(
    help="Human audit: the queue, who has what before them, and what is decided on it.", no_args_is_help=True
)

Submission = Annotated[str, typer.Argument(help="The submission: its uuid, or its id from the API.")]
Submissions = Annotated[list[str], typer.Argument(help="Submissions: their uuids, or their ids from the API.")]
As = Annotated[
    str, typer.Option("--as", help="The e-mail address of the operator who audits; what is claimed is theirs.")
]
OnBehalf = Annotated[
    str | None,
    typer.Option("--as", help="The e-mail address of the operator who decides. Without it: the machine's operator."),
]
OfChannel = Annotated[list[str] | None, typer.Option("--channel", help="Only of this channel; repeatable.")]
Seen = Annotated[
    str | None,
    typer.Option("--seen", help="The stamp of what you saw: what was submitted anew since then is not decided."),
]
Minutes = Annotated[int | None, typer.Option("--minutes", help="How long, 1 to 240. Default: the setting.")]
Note = Annotated[str | None, typer.Option("--note", help="What to say to the author.")]
Reasons = Annotated[
    list[str] | None,
    typer.Option("--reason", help="A reason of the channel, or the place of a failed check; repeatable."),
]


@dataclass(frozen=True, slots=True)
class Shown:
    """A submission of the queue, with what is said of it."""

    row: models.Submission
    channel: str
    format: models.Format
    title: str
    task: Task | None

    def as_json(self) -> dict[str, Any]:
        task = self.task
        return {
            "submission": str(self.row.uid),
            "id": global_id("Submission", self.row.uid),
            "channel": self.channel,
            "format": self.format,
            "title": self.title,
            "state": self.row.state,
            "attempt": self.row.attempt,
            "waiting_since": self.row.state_since,
            "deadline": self.row.deadline_at,
            "claimed_until": self.row.claimed_until,
            "escalation": self.row.escalation,
            "stamp": task.stamp if task else None,
            "checklist": [{"place": one["place"], "message": one["message_en"]} for one in task.checklist]
            if task
            else [],
            "reasons": [{"code": one.code, **one.words} for one in task.grounds] if task else [],
        }


@app.command("list")
def list_(
    channel: OfChannel = None,
    *,
    escalated: Annotated[bool, typer.Option("--escalated", help="Only what was handed on to operators.")] = False,
    mine: Annotated[
        str | None, typer.Option("--claimed-by", help="Only what the account of this e-mail address claimed.")
    ] = None,
    first: Annotated[int, typer.Option("--first", min=1, max=1_000, help="How many at most.")] = 50,
    as_json: AsJson = False,
) -> None:
    """What waits for a person, the next one first: by each channel's order of formats, then who waits longest.

    Example: headwater audits list --channel iguangjie.daily
    """
    wanted = AuditFilter(channels=tuple(channel or ()), only_mine=mine is not None, only_escalated=escalated)

    async def work(runtime: Runtime) -> list[Shown]:
        async with runtime.db.session() as session:
            caller = SYSTEM if mine is None else await _operator(session, runtime, mine)
            pages = await auditing.waiting(session, caller, [0], window=Window(first=first), filters=wanted)
            return await _shown(session, caller, pages[0].rows)  # type: ignore[union-attr]  # without a cursor it is a page

    found = with_runtime(work)
    if as_json:
        say([one.as_json() for one in found], as_json=True, text="")
        return
    table = Table("submission", "channel", "format", "title", "since", "deadline", "claimed until", "handed on")
    for one in found:
        times = (one.row.state_since, one.row.deadline_at, one.row.claimed_until)
        told = [f"{at:%Y-%m-%d %H:%M}" if at else "-" for at in times]
        handed_on = escape(one.row.escalation or "-")
        table.add_row(str(one.row.uid), one.channel, one.format.value, escape(one.title), *told, handed_on)
    out.print(table)


@app.command("show")
def show(submission: Submission, *, as_json: AsJson = False) -> None:
    """One submission as its channel would show it, what needs eyes, and what a rejection may name.

    Example: headwater audits show 0193…
    """

    async def work(runtime: Runtime) -> tuple[Shown, Rendition | None]:
        async with runtime.db.session() as session:
            row = await session.scalar(select(models.Submission).where(models.Submission.uid == as_uid(submission)))
            if row is None:
                raise NoSuchSubmission("There is no such submission.")
            now, base_url = runtime.clock.now(), runtime.settings.base_url
            renditions = await auditing.exhibits(session, SYSTEM, [row.id], at=now, base_url=base_url)
            (shown,) = await _shown(session, SYSTEM, [row])
            return shown, renditions.get(row.id)

    one, rendition = with_runtime(work)
    if as_json:
        text = None if rendition is None else {"title": rendition.title, "text": rendition.text}
        say(one.as_json() | {"rendition": text}, as_json=True, text="")
        return
    lines = [f"{one.row.state.value.lower().replace('_', ' ')} at {one.channel}: {one.title}"]
    if rendition is not None:
        lines += ["", rendition.title, rendition.text]
    if one.task is not None:
        lines += ["", *(f"look at {each['place']}: {each['message_en']}" for each in one.task.checklist)]
        lines += [f"reason {each.code}: {each.words['en']}" for each in one.task.grounds]
        lines += [f"stamp {one.task.stamp}"]
    say(None, as_json=False, text="\n".join(lines))


@app.command("claim")
def claim(
    as_: As,
    count: Annotated[int, typer.Option("--count", help="How many at most, 1 to 50.")] = 1,
    channel: OfChannel = None,
    minutes: Minutes = None,
    *,
    escalated: Annotated[bool, typer.Option("--escalated", help="Only what was handed on to operators.")] = False,
    as_json: AsJson = False,
) -> None:
    """Take the next ones that nobody has before them. Until the time is over nobody else is given them.

    Example: headwater audits claim --as op@example.org --count 5
    """
    wanted = Wanted(channels=tuple(channel) if channel else None, only_escalated=escalated)

    async def work(runtime: Runtime) -> list[Shown]:
        async with runtime.db.session() as session:
            caller = await _operator(session, runtime, as_)
            lease = _lease(runtime, minutes)
            claimed = await auditing.claim(session, caller, wanted, count=count, lease=lease, clock=runtime.clock)
            return await _shown(session, caller, claimed)

    _say(with_runtime(work), "nothing is free", as_json=as_json)


@app.command("renew")
def renew(submissions: Submissions, as_: As, minutes: Minutes = None, *, as_json: AsJson = False) -> None:
    """Keep what was claimed longer, from now on.

    Example: headwater audits renew 0193… --as op@example.org
    """

    async def work(runtime: Runtime) -> list[Shown]:
        async with runtime.db.session() as session:
            caller, uids = await _operator(session, runtime, as_), _uids(submissions)
            kept = await auditing.renew(session, caller, uids, lease=_lease(runtime, minutes), clock=runtime.clock)
            return await _shown(session, caller, kept)

    _say(with_runtime(work), "nothing", as_json=as_json)


@app.command("release")
def release(submissions: Submissions, as_: As, *, as_json: AsJson = False) -> None:
    """Give back what was claimed, undecided.

    Example: headwater audits release 0193… --as op@example.org
    """

    async def work(runtime: Runtime) -> list[Shown]:
        async with runtime.db.session() as session:
            caller = await _operator(session, runtime, as_)
            return await _shown(session, caller, await auditing.release(session, caller, _uids(submissions)))

    _say(with_runtime(work), "nothing", as_json=as_json)


@app.command("accept")
def accept(
    submission: Submission, note: Note = None, seen: Seen = None, as_: OnBehalf = None, *, as_json: AsJson = False
) -> None:
    """Let a submission pass human audit: on to its trial where the channel asks for one, else it is delivered.

    Example: headwater audits accept 0193…
    """

    async def work(runtime: Runtime) -> models.Submission:
        async with runtime.db.session() as session:
            caller, uid = await _deciding(session, runtime, as_), as_uid(submission)
            return await auditing.accept(session, caller, uid, seen=seen, note=note, clock=runtime.clock)

    _decided(with_runtime(work), as_json=as_json)


@app.command("reject")
def reject(
    submission: Submission,
    reason: Reasons = None,
    note: Note = None,
    seen: Seen = None,
    as_: OnBehalf = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Reject a submission, for reasons of its channel; `headwater audits show` lists them.

    Example: headwater audits reject 0193… --reason too-dark --reason rules.3 --note "Take it by day."
    """

    async def work(runtime: Runtime) -> models.Submission:
        async with runtime.db.session() as session:
            caller, uid = await _deciding(session, runtime, as_), as_uid(submission)
            named: dict[str, Any] = {"reasons": reason or [], "note": note, "seen": seen}
            return await auditing.reject(session, caller, uid, clock=runtime.clock, **named)

    _decided(with_runtime(work), as_json=as_json)


@app.command("escalate")
def escalate(
    submission: Submission,
    why: Annotated[str, typer.Option("--why", help="What makes it the operators'.")],
    seen: Seen = None,
    as_: OnBehalf = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Hand a submission on to operators: it waits on, free for them to claim.

    Example: headwater audits escalate 0193… --why "Is this an advertisement?"
    """

    async def work(runtime: Runtime) -> models.Submission:
        async with runtime.db.session() as session:
            caller, uid = await _deciding(session, runtime, as_), as_uid(submission)
            return await auditing.escalate(session, caller, uid, why=why, seen=seen, clock=runtime.clock)

    _decided(with_runtime(work), as_json=as_json)


@app.command("end-trial")
def end_trial(
    submission: Submission,
    *,
    passed: Annotated[bool, typer.Option("--passed/--failed", help="What came of it.")],
    reason: Reasons = None,
    note: Note = None,
    seen: Seen = None,
    as_: OnBehalf = None,
    as_json: AsJson = False,
) -> None:
    """Say what came of a trial: accepted and delivered, or rejected for reasons of the channel.

    Example: headwater audits end-trial 0193… --failed --reason off-topic
    """

    async def work(runtime: Runtime) -> models.Submission:
        async with runtime.db.session() as session:
            caller, uid = await _deciding(session, runtime, as_), as_uid(submission)
            named: dict[str, Any] = {"passed": passed, "reasons": reason or [], "note": note, "seen": seen}
            return await auditing.end_trial(session, caller, uid, clock=runtime.clock, **named)

    _decided(with_runtime(work), as_json=as_json)


async def _shown(session: AsyncSession, caller: Caller, rows: Sequence[models.Submission]) -> list[Shown]:
    """The rows with what people want to read of them, in three statements."""
    one, ids = models.Submission, [row.id for row in rows]
    found = await session.execute(
        select(one.id, models.Channel.key, models.Content.format, models.Revision.title)
        .join(models.Channel, models.Channel.id == one.channel_id)
        .join(models.Content, models.Content.id == one.content_id)
        .join(models.Revision, models.Revision.id == one.revision_id)
        .where(one.id == any_of(ids))
    )
    known = {id_: (key, form, title) for id_, key, form, title in found}
    tasks = await auditing.tasks(session, caller, ids)
    return [Shown(row, *known[row.id], tasks.get(row.id)) for row in rows]


async def _operator(session: AsyncSession, runtime: Runtime, email: str) -> Caller:
    """The account of this address as an operator; what it may act as it brings along."""
    account = await accounts.by_email(session, email)
    if account is None:
        raise callers.NoSuchAccount(f"There is no account {email}.")
    name = f"account {account.uid}"
    today = runtime.clock.now().date()
    return await callers.of_account(session, account.id, name=name, scopes=[Scope.OPERATE], on=today)


async def _deciding(session: AsyncSession, runtime: Runtime, email: str | None) -> Caller:
    return SYSTEM if email is None else await _operator(session, runtime, email)


def _uids(submissions: Sequence[str]) -> list[UUID]:
    return [as_uid(text) for text in submissions]


def _lease(runtime: Runtime, minutes: int | None) -> timedelta:
    return timedelta(minutes=runtime.settings.audit_lease_minutes if minutes is None else minutes)


def _say(found: Sequence[Shown], nothing: str, *, as_json: bool) -> None:
    lines = [f"{one.row.uid} at {one.channel}: {one.title}" for one in found]
    say([one.as_json() for one in found], as_json=as_json, text="\n".join(lines) or nothing)


def _decided(row: models.Submission, *, as_json: bool) -> None:
    known = {"submission": str(row.uid), "state": row.state, "reason": row.reason, "reasons": list(row.reason_codes)}
    text = f"{row.state.value.lower().replace('_', ' ')} {row.uid}"
    say(known, as_json=as_json, text=text)
