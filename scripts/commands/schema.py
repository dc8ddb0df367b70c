"""`headwater schema`: print the GraphQL contract, or write it where it is reviewed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import orjson
import typer

from scripts.console import AsJson, out, say


def schema(
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write it there instead of printing it.")
    ] = None,
    *,
    check: Annotated[
        Path | None, typer.Option("--check", help="Compare with this file; exit 1 when they differ.")
    ] = None,
    changes: Annotated[
        Path | None, typer.Option("--changes", help="Say what changed since this contract; exit 1 when clients break.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """The GraphQL schema as it is published: sorted, with all descriptions; with --json as an introspection result.

    It needs no database.
    """
    from api.graphql.schema import introspected, printed  # noqa: PLC0415  (the other commands start without it)

    if changes is not None:
        tell_changes(changes, printed(), as_json=as_json)
        return
    text = orjson.dumps(introspected(), option=orjson.OPT_INDENT_2).decode() + "\n" if as_json else printed()
    if check is not None:
        if not check.exists() or check.read_text() != text:
            raise typer.Exit(1)
        return
    if output is None:
        out.print(text, markup=False, highlight=False, soft_wrap=True)
    else:
        output.write_text(text)


def tell_changes(since: Path, now: str, *, as_json: bool) -> None:
    """Exit code 1 when something breaks the clients of the contract in `since`."""
    from api.graphql.changes import changes  # noqa: PLC0415  (as above)

    found = changes(since.read_text(), now)
    kinds = {"breaking": found.breaking, "dangerous": found.dangerous}
    text = "\n".join(f"{kind}  {line}" for kind, lines in kinds.items() for line in lines)
    say(kinds, as_json=as_json, text=text or "nothing that a client would notice")
    if found.breaking:
        raise typer.Exit(1)
