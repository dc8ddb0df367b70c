"""The commands as an operator types them, against a real database."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import structlog
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.clock import SystemClock
from core.db import Database
from scripts import console
from scripts.cli import app, main
from scripts.commands import schema
from tests import make


@dataclass(frozen=True)
class Result:
    exit_code: int
    stdout: str
    stderr: str


Run = Callable[..., Result]


@pytest.fixture
def run(
    own_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Run]:
    """Runs `headwater …` on a database of the test's own."""
    monkeypatch.setenv("DATABASE_URL", own_url)
    monkeypatch.setenv("HEADWATER_DATA", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setattr(console.out, "width", 200)  # it asked once, when it was first imported
    monkeypatch.chdir(tmp_path)
    logs = structlog.get_config()

    def runs(*words: str) -> Result:
        capsys.readouterr()
        monkeypatch.setattr(sys, "argv", ["headwater", *words])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        return Result(int(ended.value.code or 0), said.out, said.err)

    yield runs
    structlog.configure(**logs)


def with_session(url: str, work: Callable[[AsyncSession], Awaitable[Any]]) -> Any:
    async def go() -> Any:
        db = Database(url)
        async with db.session() as session:
            done = await work(session)
        await db.close()
        return done

    return asyncio.run(go())


def folder_of(tmp_path: Path, *texts: str) -> Path:
    folder = tmp_path / "packs"
    folder.mkdir(exist_ok=True)
    (folder / "platforms.toml").write_text("schema = 1\nplatforms = []\n")
    for number, text in enumerate(texts):
        (folder / f"{number}.toml").write_text(text)
    return folder


PACK = """
schema = 1
key = "demo.articles"
kind = "private"
time_zone = "Asia/Shanghai"
name = { en = "Articles", zh = "文章" }
description = { en = "Everything that is an article.", zh = "所有文章。" }
source = { provenance = "house", confidence = "A" }
selector = { formats = ["ARTICLE"] }
"""


async def a_draft(session: AsyncSession) -> str:
    content = await make.content(session, await make.creator(session, handle="ada"), title="Tea", live=False)
    return str(content.uid)


def test_migrate_says_that_there_is_nothing_to_do(run: Run):
    result = run("migrate", "--dry-run", "--json")

    assert result.exit_code == 0
    assert json.loads(result.stdout)["pending"] == []


def test_packs_are_checked_installed_and_listed(run: Run, tmp_path: Path):
    folder = folder_of(tmp_path, PACK)

    checked = run("channels", "check", str(folder), "--json")
    rehearsed = run("channels", "install", str(folder), "--dry-run", "--json")
    installed = run("channels", "install", str(folder), "--json")
    again = run("channels", "install", str(folder), "--json")
    listed = run("channels", "list", "--json")

    assert json.loads(checked.stdout)["problems"] == []
    assert json.loads(rehearsed.stdout) == {"changed": ["demo.articles"], "dry_run": True}
    assert json.loads(installed.stdout)["changed"] == ["demo.articles"]
    assert json.loads(again.stdout)["changed"] == []
    assert [channel["key"] for channel in json.loads(listed.stdout)] == ["demo.articles"]


def test_a_malformed_pack_is_named_and_installs_nothing(run: Run, tmp_path: Path):
    folder = folder_of(tmp_path, PACK, PACK.replace("demo.articles", "demo.broken").replace("ARTICLE", "NOVEL"))

    checked = run("channels", "check", str(folder))
    installed = run("channels", "install", str(folder))
    listed = run("channels", "list", "--json")

    assert checked.exit_code == installed.exit_code == 1
    assert "1.toml:9: selector.formats.0: there is no NOVEL here." in checked.stderr
    assert json.loads(listed.stdout) == []


def test_an_operator_is_made_once(run: Run):
    made = run("keys", "create", "Ada", "--operator", "--json")
    again = run("keys", "create", "Eve", "--operator")
    listed = run("keys", "list", "--json")

    key = json.loads(made.stdout)["key"]
    assert key.startswith("hw_")
    assert again.exit_code == 1
    assert [(each["name"], each["scopes"]) for each in json.loads(listed.stdout)] == [("Ada", ["operate"])]
    assert key.partition(".")[2] not in listed.stdout


def test_a_key_is_revoked_by_its_id(run: Run):
    run("keys", "create", "Ada", "--operator")
    key = json.loads(run("keys", "list", "--json").stdout)[0]

    revoked = run("keys", "revoke", key["id"], "--json")

    assert revoked.exit_code == 0
    assert json.loads(run("keys", "list", "--json").stdout)[0]["revoked_at"] is not None


def test_a_content_is_planned_published_and_withdrawn(run: Run, own_url: str, tmp_path: Path):
    run("channels", "install", str(folder_of(tmp_path, PACK)))
    uid = with_session(own_url, a_draft)

    planned = run("plan", uid, "--json")
    shown = run("plan", uid, "--preview")
    published = run("publish", uid, "--json")
    withdrawn = run("withdraw", uid, "--reason", "wrong picture", "--json")
    stats = run("stats", "--json")

    assert [(plan["channel"], plan["outcome"]) for plan in json.loads(planned.stdout)] == [
        ("demo.articles", "ELIGIBLE")
    ]
    assert "1 eligible, 0 fixable, 0 impossible, 0 not for this" in shown.stdout
    assert "demo.articles\ntitle: " in shown.stdout
    assert json.loads(published.stdout)["state"] == "VISIBLE"
    assert json.loads(withdrawn.stdout)["state"] == "WITHDRAWN"
    assert json.loads(stats.stdout)["backlog"]["DISTRIBUTION"]["waiting"] == 1


async def an_account(session: AsyncSession) -> str:
    """Ada with an account that acts as her, and a draft."""
    uid = await a_draft(session)
    content = (await session.scalars(select(models.Content))).one()
    account = models.Account(name="Ada", email="ada@example.org")
    session.add(account)
    await session.flush()
    identity = {"account_id": account.id, "kind": models.IdentityKind.CREATOR, "creator_id": content.creator_id}
    session.add(models.Identity(**identity))
    return uid


def test_a_creator_or_an_account_is_suspended_shown_again_and_erased(run: Run, own_url: str):
    with_session(own_url, an_account)

    suspended = run("suspend", "ada", "--reason", "spam", "--json")
    lifted = run("suspend", "ada", "--lift", "--json")
    nobody = run("suspend", "nobody", "--reason", "spam")
    account = run("suspend", "ada@example.org", "--account", "--reason", "spam", "--json")
    counted = run("erase", "ada@example.org", "--account", "--dry-run", "--json")
    erased = run("erase", "ada@example.org", "--account", "--yes", "--json")
    again = run("erase", "ada@example.org", "--account", "--yes")

    assert json.loads(suspended.stdout) == {"creator": "ada", "state": "suspended"}
    assert json.loads(lifted.stdout) == {"creator": "ada", "state": "shown"}
    assert nobody.exit_code == 1
    assert json.loads(account.stdout) == {"account": "ada@example.org", "state": "suspended"}
    would = json.loads(counted.stdout)["would_erase"]
    assert (would["creators"], would["contents"], would["revisions"]) == (1, 1, 1)
    assert json.loads(erased.stdout) == {
        "erased": "ada@example.org",
        "removed": {"audit_entries": 3, "contents": 1},
    }
    assert (again.exit_code, again.stderr) == (1, "headwater: There is no account ada@example.org.\n")


def test_schedules_that_did_not_go_out_are_an_alert(run: Run, own_url: str):
    async def late(session: AsyncSession) -> None:
        ada = await make.creator(session, handle="ada")
        for failure in (None, "CREATOR_SUSPENDED: The creator is suspended."):
            content = await make.content(session, ada, live=False)
            revision = await session.get_one(models.Revision, content.draft_revision_id)
            revision.state, revision.sealed_at = models.RevisionState.SCHEDULED, make.EARLY
            revision.scheduled_for, revision.schedule_zone, revision.schedule_failure = make.EARLY, "UTC", failure
            content.draft_revision_id, content.waiting_revision_id = None, revision.id

    before = json.loads(run("stats", "--json").stdout)
    with_session(own_url, late)
    stats = run("stats", "--json")
    shown = run("stats")
    doctor = run("doctor", "--json")

    assert before["schedules"]["contents"] == {"failed": 0, "overdue": 0}
    assert json.loads(stats.stdout)["schedules"] == {
        "contents": {"failed": 1, "overdue": 1},
        "homepages": {"failed": 0, "overdue": 0},
    }
    assert "overdue schedules of contents: 1" in shown.stdout
    assert "failed schedules of contents: 1" in shown.stdout
    found = {each["what"]: (each["state"], each["says"]) for each in json.loads(doctor.stdout)}
    assert found["schedules of contents"] == (
        "bad",
        "1 overdue, 1 refused when they came due (is a worker running?)",
    )
    assert found["schedules of homepages"][0] == "good"


def test_the_doctor_says_what_is_wrong(run: Run, own_url: str, tmp_path: Path):
    healthy = run("doctor", "--json")

    assert healthy.exit_code == 0
    states = {each["what"]: each["state"] for each in json.loads(healthy.stdout)}
    assert states["database"] == states["schema"] == states["tags"] == states["distribution backlog"] == "good"
    assert states["store of assets"] == states["sandbox"] == states["assets"] == states["submissions"] == "good"
    assert states["index"] == "warning"  # no worker has made one yet
    assert list((tmp_path / "assets").iterdir()) == []

    async def park(session: AsyncSession) -> None:
        session.add(
            models.DirtyMark(
                consumer=models.Consumer.DISTRIBUTION,
                kind=models.DirtyKind.CONTENT,
                object_id=1_000_000,
                parked_at=SystemClock().now(),
                failure="it broke",
            )
        )
        kept = {"media_type": "image/gif", "byte_count": 9, "created_at": make.EARLY}
        session.add(models.Blob(sha256=b"w" * 32, **kept))
        session.add(models.Blob(sha256=b"r" * 32, **kept, probe_state="REFUSED", probe_failure="BROKEN_FILE"))
        channel = await make.channel(session, body={"key": "house.test"})
        content = await make.content(session, await make.creator(session))
        pinned = {"revision_id": content.live_revision_id, "pack_version_id": channel.pack_version_id}
        later = {"state": models.SubmissionState.DELIVERED, "refusal": models.RefusalKind.TRANSIENT}
        session.add(models.Submission(content_id=content.id, channel_id=channel.id, **pinned, **later))

    with_session(own_url, park)
    (tmp_path / "assets" / "checks").write_text("where the doctor wants a folder")
    ill = run("doctor")

    assert ill.exit_code == 1
    assert "1 parked" in ill.stdout
    assert "submissions, refused for now" in ill.stdout
    assert "1 files wait to be looked into, 1 are refused (is a worker running?)" in ill.stdout
    assert "The store of assets does not answer" in ill.stdout


@pytest.mark.parametrize("words", [("publish", "not-an-id"), ("plan", "0198f3a0-0000-7000-8000-000000000000")])
def test_a_wrong_id_is_one_line_and_exit_code_1(run: Run, words: tuple[str, ...]):
    result = run(*words)

    assert result.exit_code == 1
    assert result.stderr.startswith("headwater: ")
    assert result.stderr.count("\n") == 1


def test_the_schema_is_also_an_introspection_result(run: Run):
    result = run("schema", "--json")

    assert json.loads(result.stdout)["data"]["__schema"]["queryType"]["name"] == "Query"


def test_the_schema_says_what_changed_since_another(run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    before = tmp_path / "before.graphql"
    before.write_text("type Query { gone: Int node(id: ID!): Node } interface Node { id: ID! }")

    broken = run("schema", "--changes", str(before), "--json")
    schema.tell_changes(before, before.read_text(), as_json=False)

    assert broken.exit_code == 1
    assert json.loads(broken.stdout) == {"breaking": ["FIELD_REMOVED: Field Query.gone was removed."], "dangerous": []}
    assert capsys.readouterr().out == "nothing that a client would notice\n"


def commands() -> list[Any]:
    from typer.main import get_command

    group: Any = get_command(app)
    return [(name,) for name in group.commands if name not in {"channels", "keys"}] + [
        (group_name, name) for group_name in ("channels", "keys") for name in group.commands[group_name].commands
    ]


@pytest.mark.parametrize("words", commands(), ids=" ".join)
def test_every_command_teaches(run: Run, words: tuple[str, ...]):
    result = run(*words, "--help")

    assert result.exit_code == 0
    assert len(result.stdout) > 300


def test_a_homepage_is_checked_saved_previewed_published_and_rolled_back(run: Run, own_url: str, tmp_path: Path):
    async def ada(session: AsyncSession) -> None:
        await make.creator(session, name="Ada", handle="ada")

    with_session(own_url, ada)
    page, wrong = tmp_path / "page.json", tmp_path / "wrong.json"
    page.write_text('{"theme": {"layout": "stream"}, "blocks": [{"type": "live", "title": "On air"}]}')
    wrong.write_text('{"theme": {"accent": "red"}, "blocks": [{"type": "hologram"}, {"type": "banner"}]}')

    def json_of(*words: str) -> Any:
        return json.loads(run("homepage", *words, "--json").stdout)

    refused = run("homepage", "validate", str(wrong))
    assert (refused.exit_code, [line.split(": ")[2] for line in refused.stderr.splitlines()]) == (
        1,
        ["theme.accent", "blocks.0", "blocks.1.image"],
    )
    assert run("homepage", "validate", str(tmp_path / "nothing.json")).exit_code == 1
    assert json_of("validate", str(page)) == {"valid": True, "blocks": 1}
    assert json_of("save", "ada", str(page))["stamp"] == "1.1"
    assert run("homepage", "save", "ada", str(page)).exit_code == 1
    link = json_of("preview", "ada", "--hours", "2")
    assert link["token"] in link["url"]
    assert json_of("publish", "ada")["state"] == "LIVE"
    assert json_of("save", "ada", str(page))["number"] == 2
    assert json_of("publish", "ada")["number"] == 2
    assert json_of("rollback", "ada", "1")["number"] == 3
    assert json_of("show", "ada")["stamp"] == "3.1"
    assert json.loads(run("homepage", "show", "ada", "--page", "--number", "1").stdout)["blocks"] == [
        {"type": "live", "title": "On air"}
    ]
    shown = run("homepage", "show", "ada").stdout
    assert ["SUPERSEDED" in shown, "live         On air" in shown] == [True, True]
    for words in (("publish", "ada"), ("preview", "ada"), ("show", "eve"), ("show", "ada", "--number", "9")):
        failed = run("homepage", *words)
        assert (failed.exit_code, failed.stderr.count("\n")) == (1, 1)
    run("homepage", "schema", "-o", str(tmp_path / "schema.json"))
    assert run("homepage", "schema").stdout == (tmp_path / "schema.json").read_text()
