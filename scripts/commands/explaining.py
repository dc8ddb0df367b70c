"""`headwater explain`, `verify` and `access`: why it came to this, whether it would again, and why not here."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn
from rich.table import Table
from sqlalchemy import select

import models
from core.caller import SYSTEM
from scripts.commands.moderation import as_uid
from scripts.console import AsJson, err, out, say, with_runtime
from services import channel_access, explaining, verifying
from services.channel_access import AccessState, ChannelAccess
from services.channels.gate_tree import GateNode, GateStatus
from services.runtime import Runtime
from services.verifying import Agreement, Verification

NAMED = 20
"""Differences that `verify` names; the others it counts."""

Submission = Annotated[str, typer.Argument(help="The submission: its uuid, or its id from the API.")]
COLOURS = {"OPEN": "green", "UNKNOWN": "yellow", "CLOSED": "red"}
MARKS = {GateStatus.MET: "[green]✓[/]", GateStatus.MISSING: "[red]✗[/]", GateStatus.UNKNOWN: "[yellow]?[/]"}


def explain(
    submission: Submission,
    attempt: Annotated[
        int | None, typer.Option("--attempt", min=1, help="The decision on this attempt. Default: the newest.")
    ] = None,
    *,
    as_json: Annotated[
        bool, typer.Option("--json", help="The explanation as canonical JSON: the same bytes whenever it is asked for.")
    ] = False,
) -> None:
    """Why a submission came to what it is, out of what was stored when it was decided.

    Packs, code and facts may have moved on since: the answer is the same. `headwater verify` asks whether it would be today.
    """

    async def work(runtime: Runtime) -> explaining.Explanation:
        async with runtime.db.session() as session:
            return await explaining.explain(session, SYSTEM, as_uid(submission), attempt=attempt)

    found = with_runtime(work)
    if as_json:
        sys.stdout.write(found.to_json().decode() + "\n")
        return
    for name, value in _told(found):
        out.print(f"{name:10} {value}", highlight=False, markup=False, soft_wrap=True)
    if found.findings:
        table = Table("place", "check", "path", "what was found", title="Findings", title_justify="left")
        for one in found.findings:
            table.add_row(one["place"], one["code"], one["path"], escape(str(one.get("message_en", "(erased)"))))
        out.print(table)


def _told(found: explaining.Explanation) -> Iterator[tuple[str, str]]:
    this = found.this
    yield "outcome", this.outcome.value.lower().replace("_", " ")
    yield "decided", f"{this.decided_at.isoformat()} at attempt {this.attempt}, by engine {this.engine_version}"
    yield "channel", f"{found.pack.key}, rules {found.pack.digest}"
    yield "content", f"{found.content}, revision {found.revision.stamp}"
    yield "facts", found.facts.digest + (" (erased)" if found.facts.snapshot is None else "")
    if found.quota_used:
        yield "quota used", ", ".join(f"{name} {used}" for name, used in sorted(found.quota_used.items()))
    for one in found.earlier:
        yield "before it", f"{one.outcome.value.lower()} at attempt {one.attempt}, {one.decided_at.isoformat()}"


def verify(
    submission: Annotated[
        str | None, typer.Argument(help="The submission: its uuid, or its id from the API.", show_default=False)
    ] = None,
    *,
    every: Annotated[bool, typer.Option("--all", help="Every decision that there is.")] = False,
    as_json: AsJson = False,
) -> None:
    """Judge decisions again from what was pinned, and tell which would come to something else today.

    What was erased, or what this version cannot read, cannot be judged: it is counted by its reason. Exit code 1 when there is a
    difference.
    """
    if every == (submission is not None):
        raise typer.BadParameter("name either a submission or --all")

    async def work(runtime: Runtime) -> _Tally:
        tally = _Tally()
        if submission is not None:
            async with runtime.db.session() as session:
                tally.add(await verifying.of_submission(session, SYSTEM, as_uid(submission)))
            return tally
        async with runtime.db.session() as session:
            total = await verifying.count(session)
        with _progress(total) as told:
            async for batch in verifying.every(runtime.db, SYSTEM):
                tally.add(batch)
                told(len(batch))
        return tally

    tally = with_runtime(work)
    say(tally.as_json(), as_json=as_json, text="\n".join(tally.lines()))
    if tally.counts["DIFFERENT"]:
        raise typer.Exit(1)


class _Tally:
    """What came of it: counts of everything, and the first of what is different."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.different: list[Verification] = []

    def add(self, found: Iterable[Verification]) -> None:
        for one in found:
            self.counts[(one.because or one.agreement).value] += 1
            if one.agreement is Agreement.DIFFERENT and len(self.different) < NAMED:
                self.different.append(one)

    def lines(self) -> Iterator[str]:
        for one in self.different:
            now = one.outcome_now.value if one.outcome_now else ""
            yield f"{one.submission} at {one.channel}: {one.outcome_then.value} by engine {one.engine_then}, now {now}"
            yield from (f"  - {_line(found)}" for found in one.only_then)
            yield from (f"  + {_line(found)}" for found in one.only_now)
        if self.counts["DIFFERENT"] > len(self.different):
            yield f"… and {self.counts['DIFFERENT'] - len(self.different)} more"
        counted = ", ".join(f"{count} {name.lower().replace('_', ' ')}" for name, count in sorted(self.counts.items()))
        yield f"{self.counts.total()} decisions: {counted or 'none'}"

    def as_json(self) -> dict[str, Any]:
        return {
            "decisions": self.counts.total(),
            "counts": dict(self.counts),
            "different": [
                {
                    "submission": one.submission,
                    "decision": one.decision,
                    "channel": one.channel,
                    "outcome_then": one.outcome_then,
                    "outcome_now": one.outcome_now,
                    "engine_then": one.engine_then,
                    "engine_now": one.engine_now,
                    "only_then": one.only_then,
                    "only_now": one.only_now,
                }
                for one in self.different
            ],
        }


def _line(found: dict[str, Any]) -> str:
    return f"{found['place']} {found['code']}: {found['message_en']}"


@contextmanager
def _progress(total: int) -> Iterator[Any]:
    """A bar over decisions, where there is a terminal to draw it on."""
    with Progress(
        BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), console=err, disable=not err.is_terminal
    ) as bar:
        task = bar.add_task("", total=total)
        yield lambda step: bar.advance(task, step)


def access(
    creator: Annotated[str, typer.Argument(help="The creator's handle, uuid, or id from the API.")],
    channel: Annotated[list[str] | None, typer.Option("--channel", help="Only this entry; repeatable.")] = None,
    state: Annotated[
        list[AccessState] | None, typer.Option("--state", help="Only those that are so; repeatable.")
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Why not here: every channel, whether it is open to a creator, and which gate stands in the way by how much."""

    async def work(runtime: Runtime) -> list[ChannelAccess]:
        async with runtime.db.session() as session:
            by_handle = await session.scalar(select(models.Creator.uid).where(models.Creator.handle == creator))
            uid = by_handle or as_uid(creator)
            return await channel_access.channel_access(session, SYSTEM, uid, channel or None, clock=runtime.clock)

    found = with_runtime(work)
    shown = [one for one in found if not state or one.state in state]
    if as_json:
        say([_json(one) for one in shown], as_json=True, text="")
        return
    table = Table("channel", "access", "gates", "quota left", "member", title="Access", title_justify="left")
    for one in shown:
        left = one.quota_left
        table.add_row(
            one.channel.key,
            f"[{COLOURS[one.state]}]{one.state.lower()}[/]",
            "\n".join(_gate(depth, node) for depth, node in one.gates.walk()) if one.gates else "-",
            "-" if left is None else str(left),
            "yes" if one.is_member else "-",
        )
    out.print(table)
    out.print(
        ", ".join(f"{sum(one.state is state for one in found)} {state.lower()}" for state in channel_access.ORDER)
    )


def _gate(depth: int, node: GateNode) -> str:
    text = f"{'  ' * depth}{MARKS[node.status]} {escape(node.words.en)}"
    return text if node.blocks or node.status is GateStatus.MET else f"{text} [dim](not needed)[/]"


def _json(one: ChannelAccess) -> dict[str, Any]:
    return {
        "channel": one.channel.key,
        "state": one.state,
        "is_member": one.is_member,
        "quota_left": one.quota_left,
        "gates": [
            {
                "depth": depth,
                "place": node.place,
                "code": node.code,
                "status": node.status,
                "blocks": node.blocks,
                "message": node.words.en,
                "actual": node.actual,
                "wanted": node.wanted,
                "distance": node.distance,
            }
            for depth, node in (one.gates.walk() if one.gates else ())
        ],
    }
