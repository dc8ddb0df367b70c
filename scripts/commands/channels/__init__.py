"""`headwater channels`: check packs, look at them, compare them, try them, put them in force and go back."""

from __future__ import annotations

import typer

from scripts.commands.channels import changing, checking, cleaning, comparing, forms, looking, making, trying
from scripts.commands.channels.folders import FOLDER

__all__ = ["FOLDER", "app"]

app = typer.Typer(help="Channels and the packs that rule them.", no_args_is_help=True)
app.command("list")(looking.list_)
app.command("show")(looking.show)
app.command("diff")(comparing.diff)
app.command("new")(making.new)
app.command("check")(checking.check)
app.command("install")(changing.install)
app.command("rollback")(changing.rollback)
app.command("canary")(trying.canary)
app.command("form")(forms.form)
app.command("clean-out")(cleaning.clean_out)
app.command("docs")(making.docs)
