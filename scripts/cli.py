"""The `headwater` command: everything an operator does, each subcommand in its own module."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import cache

import typer

from core.errors import DomainError
from scripts.commands import (
    assets,
    audits,
    channels,
    doctor,
    documents,
    explaining,
    exporting,
    homepages,
    importing,
    keys,
    migrating,
    moderation,
    planning,
    schema,
    serving,
    stats,
    tags,
)

app = typer.Typer(
    name="headwater",
    help=(
        "The back end of a content platform: channels that explain themselves, feeds that lose nothing.\n\n"
        "Start with `headwater run`. Settings come from the environment and from a file .env: see .env.example."
    ),
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("run")(serving.run)
app.command("serve")(serving.serve)
app.command("worker")(serving.worker)
app.command("migrate")(migrating.migrate)
app.command("import")(importing.run)
app.command("export")(exporting.run)
app.add_typer(assets.app, name="assets")
app.add_typer(audits.app, name="audits")
app.add_typer(channels.app, name="channels")
app.add_typer(homepages.app, name="homepage")
app.add_typer(keys.app, name="keys")
app.add_typer(documents.app, name="documents")
app.add_typer(tags.app, name="tags")
app.command("schema")(schema.schema)
app.command("publish")(moderation.publish)
app.command("withdraw")(moderation.withdraw)
app.command("suspend")(moderation.suspend)
app.command("erase")(moderation.erase)
app.command("plan")(planning.plan)
app.command("explain")(explaining.explain)
app.command("verify")(explaining.verify)
app.command("access")(explaining.access)
app.command("stats")(stats.stats)
app.command("doctor")(doctor.doctor)


@cache
def command() -> Callable[[], None]:
    """All of it as typer runs it. Made once per process: reading what each parameter of each command is takes a while."""
    return typer.main.get_command(app)


def main() -> None:
    """Expected failures are one line and exit code 1; accidents a traceback and 2."""
    try:
        command()()
    except DomainError as error:
        for problem in error.problems:
            sys.stderr.write(f"headwater: {problem.message}\n")
        sys.exit(1)
    except Exception:  # noqa: BLE001  (the last net: a traceback, and the exit code of an accident)
        import traceback  # noqa: PLC0415  (only an accident needs it)

        traceback.print_exc()
        sys.exit(2)


if __name__ == "__main__":
    main()
