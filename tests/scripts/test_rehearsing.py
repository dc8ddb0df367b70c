"""`headwater channels diff --live` and `channels form` as an operator types them."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.ids import global_id
from scripts.commands.channels import rehearsing
from services.rehearsals import Rehearser
from tests import make
from tests.scripts.test_commands import PACK, Run, folder_of, run, with_session

__all__ = ["run"]

TITLES = ("Ten [bold]", "Tea", "Kettles")


def limited(longest: int, key: str = "demo.articles") -> str:
    rule = f'\n[[rules]]\nkind = "text.length"\nfield = "title"\nmax = {longest}\n'
    return PACK.replace("demo.articles", key) + rule


async def submitted(session: AsyncSession) -> dict[str, str]:
    """Contents that were taken by the channel; their ids by title."""
    ada = await make.creator(session)
    channel = (await session.scalars(select(models.Channel).where(models.Channel.key == "demo.articles"))).one()
    made = [await make.content(session, ada, title=title) for title in TITLES]
    pinned = {"channel_id": channel.id, "pack_version_id": channel.pack_version_id}
    session.add_all(
        models.Submission(
            **pinned,
            content_id=one.id,
            revision_id=one.live_revision_id,
            state=models.SubmissionState.DELIVERED,
        )
        for one in made
    )
    return {title: global_id("Content", one.uid) for title, one in zip(TITLES, made, strict=True)}


async def in_force(session: AsyncSession) -> list[Any]:
    installs = await session.scalar(select(func.count()).select_from(models.PackInstall))
    rows = await session.scalars(select(models.Rehearsal.state).order_by(models.Rehearsal.id))
    return [installs, list(rows)]


def test_packs_are_rehearsed_by_file_by_folder_and_by_version(run: Run, own_url: str, tmp_path: Path):
    folder_of(tmp_path, limited(20), limited(20, "demo.other"))
    run("channels", "install", "packs")
    ids = with_session(own_url, submitted)
    nothing = run("channels", "diff", "packs/0.toml", "--live")
    folder_of(tmp_path, limited(9), limited(20, "demo.other"), limited(20, "demo.new"))

    one = run("channels", "diff", "packs/0.toml", "--live", "--json")
    several = run("channels", "diff", "packs", "--live")
    before = json.loads(run("channels", "show", "demo.articles", "--json").stdout)["digest"]
    stored = run("channels", "diff", "demo.articles", "--live", "--version", before)

    assert (nothing.exit_code, nothing.stdout) == (0, "nothing would change\n")
    assert (one.exit_code, several.exit_code) == (0, 0)
    (found,) = json.loads(one.stdout)["rehearsals"]
    assert (found["state"], found["done"], found["total"], found["new_codes"]) == ("DONE", 3, 3, {"text.length": 1})
    assert {name: part["count"] for name, part in found["changes"].items() if part["count"]} == {
        "NEWLY_FAILING": 1,
        "UNCHANGED": 2,
    }
    assert found["changes"]["NEWLY_FAILING"]["samples"] == [
        {
            "content": ids["Ten [bold]"],
            "title": "Ten [bold]",
            "before": "ELIGIBLE",
            "after": "FIXABLE",
            "new_codes": ["text.length"],
            "gone_codes": [],
        }
    ]
    rows = {tuple(cell.strip() for cell in line.strip("│").split("│")) for line in several.stdout.splitlines()}
    assert ("demo.articles", "3", "1", "-", "-", "-", "-", "-", "2", "-") in rows
    assert ("demo.articles", "newly failing", "Ten [bold]", "+ text.length") in rows
    assert "1 of the packs are in force as they are\n" in several.stdout
    assert "nothing rules these yet, so nothing is submitted to them: demo.new\n" in several.stdout
    assert stored.stdout == "nothing would change\n"
    installs, states = with_session(own_url, in_force)
    assert (installs, set(states)) == (2, {"DONE"})


def test_a_mistake_in_any_pack_is_told_and_nothing_is_rehearsed(run: Run, own_url: str, tmp_path: Path):
    folder_of(tmp_path, limited(20))
    run("channels", "install", "packs")
    folder_of(tmp_path, limited(9), limited(9).replace("max", "maxx"), limited(9))
    (tmp_path / "empty").mkdir()

    wrong = run("channels", "diff", "packs", "--live")
    twice = run("channels", "diff", "packs/0.toml", "packs/2.toml", "--live")
    nowhere = run("channels", "diff", "packs/0.toml", "demo.none", "--live")

    assert (wrong.exit_code, twice.exit_code, nowhere.exit_code) == (1, 1, 1)
    assert "packs/1.toml:14: rules.0.maxx: there is no maxx here. Did you mean max?" in wrong.stderr
    assert "demo.articles is given more than once" in wrong.stderr
    assert twice.stderr == "headwater: demo.articles is given more than once\n"
    assert run("channels", "diff", "empty", "--live").exit_code == 2
    assert run("channels", "diff", "demo.articles", "demo.other").exit_code == 2
    assert with_session(own_url, in_force) == [1, []]


def test_ctrl_c_ends_it_behind_the_batch_that_it_is_in(
    run: Run, own_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    folder_of(tmp_path, limited(20), limited(20, "demo.other"))
    run("channels", "install", "packs")
    with_session(own_url, submitted)
    folder_of(tmp_path, limited(9), limited(9, "demo.other"))

    class Interrupted(Rehearser):
        def __init__(self, db: Any, **how: Any) -> None:
            super().__init__(db, **how, batch=1)

        async def step(self, only: int | None = None) -> bool:
            done = await super().step(only)
            os.kill(os.getpid(), signal.SIGINT)
            return done

    monkeypatch.setattr(rehearsing, "Rehearser", Interrupted)
    stopped = run("channels", "diff", "packs", "--live", "--json")

    said = json.loads(stopped.stdout)
    assert (stopped.exit_code, said["stopped"]) == (130, True)
    assert [(one["key"], one["state"], one["done"], one["total"]) for one in said["rehearsals"]] == [
        ("demo.articles", "CANCELLED", 1, 3)
    ]
    assert with_session(own_url, in_force) == [2, ["CANCELLED"]]


def test_a_form_is_told_as_a_list_of_fields_and_as_a_schema(run: Run, tmp_path: Path):
    checked = '\n[[rules]]\nkind = "manual"\ncheck = "tone"\nseverity = "warn"\nabout = "text"\ntext = { en = "Kind [words].", zh = "友善。" }\n'
    folder_of(tmp_path, limited(20) + checked)
    assert run("channels", "install", "packs").stderr == ""

    table = run("channels", "form", "demo.articles", "article").stdout
    chinese = run("channels", "form", "demo.articles", "ARTICLE", "--language", "zh").stdout
    schema = json.loads(run("channels", "form", "demo.articles", "ARTICLE", "--json").stdout)
    refused = [
        run("channels", "form", "demo.articles", "LIVE").stderr,
        run("channels", "form", "demo.article", "ARTICLE").stderr,
    ]

    rows = [tuple(cell.strip() for cell in line.strip("│").split("│")) for line in table.splitlines()]
    assert rows.index(("", "Title: at most 20 characters.", "must")) == rows.index(("Title", "required", "must")) + 1
    assert ("Kind [words].", "should") in rows
    assert "标题：至多 20 个字" in chinese
    assert (schema["x-headwater-form"]["format"], schema["properties"]["title"]["maxLength"] >= 20) == ("ARTICLE", True)
    assert refused == [
        "headwater: demo.articles takes no LIVE: it takes ARTICLE.\n",
        "headwater: There is no channel demo.article with a pack here. Did you mean demo.articles?\n",
    ]
    assert run("channels", "form", "demo.articles", "ARTICLE", "--language", "fr").exit_code == 2
