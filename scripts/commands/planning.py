"""`headwater plan`: what would become of a content at every channel, as a readable table."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.table import Table

from core.caller import SYSTEM
from scripts.commands.moderation import Content, as_uid
from scripts.console import AsJson, out, say, with_runtime
from services import planning
from services.channels.findings import Finding, Outcome
from services.runtime import Runtime

COLOURS = {"ELIGIBLE": "green", "FIXABLE": "yellow", "IMPOSSIBLE": "red", "NOT_FOR_THIS": "dim"}


def plan(
    content: Content,
    channel: Annotated[list[str] | None, typer.Option("--channel", help="Only this entry; repeatable.")] = None,
    *,
    everything: Annotated[bool, typer.Option("--all", help="Also the channels that this content is not for.")] = False,
    as_json: AsJson = False,
) -> None:
    """What would happen if this content were submitted now: eligible, fixable, impossible, with every finding.

    It plans the draft where there is one, and reserves nothing.
    """

    async def work(runtime: Runtime) -> list[planning.ChannelPlan]:
        async with runtime.db.session() as session:
            return await planning.plan(
                session,
                SYSTEM,
                as_uid(content),
                channel or None,
                clock=runtime.clock,
                base_url=runtime.settings.base_url,
            )

    plans = with_runtime(work)
    if as_json:
        say([_json(one) for one in plans], as_json=True, text="")
        return
    table = Table("channel", "outcome", "what stands in the way", "quota left", title="Plan", title_justify="left")
    shown = [one for one in plans if everything or one.evaluation.outcome is not Outcome.NOT_FOR_THIS]
    for one in shown:
        outcome = one.evaluation.outcome.value
        left = one.evaluation.quota_left
        table.add_row(
            one.channel.key,
            f"[{COLOURS[outcome]}]{outcome.lower().replace('_', ' ')}[/]",
            "\n".join(_line(found) for found in one.evaluation.findings) or "-",
            "-" if left is None else str(left),
        )
    out.print(table)
    counts = {outcome: sum(one.evaluation.outcome is outcome for one in plans) for outcome in planning.ORDER}
    out.print(", ".join(f"{count} {outcome.value.lower().replace('_', ' ')}" for outcome, count in counts.items()))


def _line(found: Finding) -> str:
    mark = "✗" if found.stops else "·"
    return f"{mark} {found.message_en}"


def _json(one: planning.ChannelPlan) -> dict[str, Any]:
    return {
        "channel": one.channel.key,
        "outcome": one.evaluation.outcome,
        "score": one.evaluation.score,
        "quota_left": one.evaluation.quota_left,
        "findings": [
            {
                "code": found.code,
                "severity": found.severity,
                "status": found.status,
                "path": found.path,
                "actual": found.actual,
                "allowed": found.allowed,
                "message": found.message_en,
            }
            for found in one.evaluation.findings
        ],
        "title": one.rendition.title if one.rendition else None,
        "text": one.rendition.text if one.rendition else None,
    }
