"""`headwater plan`: what would become of a content at every channel, as a readable table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from core.caller import SYSTEM
from scripts.commands.moderation import Content, as_uid
from scripts.console import AsJson, out, say, with_runtime
from services import planning
from services.channels.findings import Finding, Outcome
from services.channels.rendering import Rendition
from services.runtime import Runtime

COLOURS = {"ELIGIBLE": "green", "FIXABLE": "yellow", "IMPOSSIBLE": "red", "NOT_FOR_THIS": "dim"}


def plan(
    content: Content,
    channel: Annotated[list[str] | None, typer.Option("--channel", help="Only this entry; repeatable.")] = None,
    *,
    everything: Annotated[bool, typer.Option("--all", help="Also the channels that this content is not for.")] = False,
    preview: Annotated[bool, typer.Option("--preview", help="Also what each channel would be given.")] = False,
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
    shown = [one for one in plans if everything or one.evaluation.outcome is not Outcome.NOT_FOR_THIS]
    out.print(_table(shown))
    counts = Counter(one.evaluation.outcome for one in plans)
    out.print(", ".join(f"{counts[outcome]} {_said(outcome)}" for outcome in planning.ORDER))
    for one in shown if preview else ():
        if one.rendition is not None:
            out.print()
            out.print(f"[bold]{one.channel.key}[/]")
            for line in _preview(one.rendition):
                out.print(line, markup=False, highlight=False, soft_wrap=True)


def _table(shown: list[planning.ChannelPlan]) -> Table:
    columns = ("channel", "outcome", "what stands in the way", "quota left", "audited by")
    table = Table(*columns, title="Plan", title_justify="left")
    for one in shown:
        outcome = one.evaluation.outcome
        left = one.evaluation.quota_left
        table.add_row(
            one.channel.key,
            f"[{COLOURS[outcome.value]}]{_said(outcome)}[/]",
            escape("\n".join(folded(one.evaluation.findings))) or "-",
            "-" if left is None else str(left),
            "-" if one.expected_at is None else f"{one.expected_at:%Y-%m-%d %H:%M}Z",
        )
    return table


def _said(outcome: Outcome) -> str:
    return outcome.value.lower().replace("_", " ")


def folded(findings: tuple[Finding, ...]) -> Iterator[str]:
    """A line for each thing there is to say, however many places it is said of: what stops the content first."""
    seen: dict[tuple[bool, str], list[str]] = {}
    for found in findings:
        seen.setdefault((not found.stops, found.message_en), []).append(found.path)
    for (is_note, message), paths in sorted(seen.items(), key=lambda one: one[0][0]):
        places = f" ({', '.join(paths[:3])}{', …' if len(paths) > 3 else ''})" if len(paths) > 1 else ""
        yield f"{'·' if is_note else '✗'} {message}{places}"


def _preview(rendition: Rendition) -> Iterator[str]:
    told = {
        "title": rendition.title,
        "summary": rendition.summary,
        rendition.format: rendition.markup if rendition.markup is not None else rendition.text,
        "pictures": ", ".join(f"{one.uid}{f' as {one.name}' if one.name else ''}" for one in rendition.pictures),
        "products": ", ".join(card.title for card in rendition.cards),
        "link": rendition.link or "",
        "disclosure": rendition.disclosure or "",
    }
    yield from (f"{name}: {value}" for name, value in told.items() if value)


def _json(one: planning.ChannelPlan) -> dict[str, Any]:
    return {
        "channel": one.channel.key,
        "outcome": one.evaluation.outcome,
        "score": one.evaluation.score,
        "quota_left": one.evaluation.quota_left,
        "expected_at": one.expected_at,
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
        "rendition": one.rendition,
    }
