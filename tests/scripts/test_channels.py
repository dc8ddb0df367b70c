"""`headwater channels` as an operator types it: look at packs, compare them, put them in force, go back, make new ones."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

import models
from scripts.commands.channels import making
from tests import make
from tests.scripts.test_commands import PACK, Run, folder_of, run, with_session

__all__ = ["run"]

RULES = """
[[rules]]
kind = "text.length"
field = "title"
max = 19
unit_stated = false
[[rules]]
kind = "image.count"
of = "covers"
allowed = [1, 3]
severity = "score"
weight = 5
[[examples]]
name = "a long [bold] title"
must = "fail"
codes = ["text.length"]
given = { content = { title_length = 20 } }
"""


def json_of(run: Run, *words: str) -> Any:
    return json.loads(run("channels", *words, "--json").stdout)


async def records(session: AsyncSession) -> list[tuple[str, dict[str, Any]]]:
    rows = await session.scalars(select(models.AuditEntry).order_by(models.AuditEntry.id))
    return [(row.action, row.details) for row in rows]


def test_a_pack_is_shown_compared_replaced_and_brought_back(run: Run, own_url: str, tmp_path: Path):
    folder_of(tmp_path, PACK + RULES)
    run("channels", "install", "packs")
    table = run("channels", "show", "demo.articles").stdout
    old = json_of(run, "show", "--file", "packs/0.toml")["digest"]
    (tmp_path / "packs/0.toml").write_text(PACK + RULES.replace("max = 19", "max = 18"))
    new = json_of(run, "show", "--file", "packs/0.toml")["digest"]
    refused = [
        run("channels", "show", "demo.article").stderr,
        run("channels", "diff", "demo.articles", "--version", "0" * 64).stderr,
        run("channels", "rollback", "demo.articles").stderr,
    ]

    differ = run("channels", "diff", "demo.articles", "--file", "packs/0.toml")
    run("channels", "install", "packs")
    same = run("channels", "diff", "demo.articles", "--version", new[:12], "--json")
    rehearsed = json_of(run, "rollback", "demo.articles", "--dry-run")
    back = json_of(run, "rollback", "demo.articles")
    again = run("channels", "rollback", "demo.articles", "--to", old)
    shown = json_of(run, "show", "demo.articles")

    assert differ.exit_code == 1
    assert differ.stdout.splitlines()[0] == f"demo.articles: {old[:12]} → {new[:12]}"
    assert "~ rules text.length title: title: at most 19 characters (the unit is not stated) → " in differ.stdout
    assert (same.exit_code, json.loads(same.stdout)["changes"]) == (0, [])
    assert rehearsed == {"key": "demo.articles", "before": new, "after": old, "changed": True, "dry_run": True}
    assert back == {**rehearsed, "dry_run": False}
    assert again.stdout == f"nothing to do: demo.articles is ruled by {old[:12]}\n"
    assert [one["digest"] for one in shown["history"]] == [old, new, old]
    assert shown["pack"]["rules"][0]["max"] == 19
    assert with_session(own_url, records) == [
        ("pack.installed", {"digest": old}),
        ("pack.installed", {"digest": new}),
        ("pack.rolled_back", {"digest": old, "replaced": new}),
    ]
    assert refused == [
        "headwater: There is no channel demo.article with a pack here. Did you mean demo.articles?\n",
        f"headwater: demo.articles never had a version {'0' * 64}: see headwater channels show demo.articles.\n",
        "headwater: No other version ruled demo.articles before this one: name one by its digest to put it in force.\n",
    ]
    rows = {tuple(cell.strip() for cell in line.strip("│").split("│")) for line in table.splitlines()}
    assert ("formats", "ARTICLE") in rows
    assert ("text.length", "title: at most 19 characters (the unit is not stated)", "block", "", "house A") in rows
    assert ("image.count", "covers: 1 or 3", "score −5", "", "house A") in rows
    assert ("a long [bold] title", "fail", "text.length") in rows
    assert [title in table for title in ("Audit", "History", "Gates")] == [True, True, False]


def test_a_version_is_tried_on_some_then_on_more_and_then_rules_all(run: Run, own_url: str, tmp_path: Path):
    folder_of(tmp_path, PACK)
    run("channels", "install", "packs")
    old = json_of(run, "show", "demo.articles")["digest"]
    (tmp_path / "new.json").write_text(json.dumps(json_of(run, "show", "demo.articles")["pack"]))
    (tmp_path / "new.toml").write_text(PACK + RULES)

    def canary(*words: str) -> Any:
        return json_of(run, "canary", "demo.articles", *words)

    rehearsed = canary("--percent", "10", "--file", "new.toml", "--dry-run")
    begun = canary("--percent", "10", "--file", "new.toml")
    (new,) = begun["after"]
    grown = run("channels", "canary", "demo.articles", "--percent", "25", "--version", new[:8]).stdout
    table = run("channels", "show", "demo.articles").stdout
    same = run("channels", "canary", "demo.articles", "--percent", "5", "--file", "new.json")
    stopped = canary("--stop")
    canary("--percent", "1", "--version", new)
    done = canary("--promote")
    back = run("channels", "install", "new.json").stdout
    history = json_of(run, "show", "demo.articles")["history"]

    assert (rehearsed["after"], begun["before"], begun["after"]) == ({new: 10}, {}, {new: 10})
    assert grown == f"demo.articles: from now on\n   75 %  {old[:12]} (in force)\n   25 %  {new[:12]}\n"
    assert "Canaries" in table
    assert same.stderr == f"headwater: demo.articles is ruled by {old[:12]} already, for everybody.\n"
    assert (stopped["before"], stopped["after"]) == ({new: 25}, {})
    assert done == {"key": "demo.articles", "in_force": new, "before": {new: 1}, "after": {}, "dry_run": False}
    assert back == "installed 1: demo.articles\n"
    assert [(one["digest"], one["step"]) for one in history] == [
        (old, "INSTALLED"),
        (new, "PROMOTED"),
        (old, "INSTALLED"),
    ]
    for words in ((), ("--stop", "--promote"), ("--percent", "0"), ("--stop", "--file", "new.toml")):
        assert run("channels", "canary", "demo.articles", *words).exit_code == (1 if "--percent" in words else 2)


def test_only_packs_that_would_change_need_their_words_here(run: Run, own_url: str, tmp_path: Path):
    tags = PACK.replace('{ formats = ["ARTICLE"] }', '{ tags = [{ taxonomy = "scene", any = ["attic"] }] }')
    folder_of(tmp_path, tags, PACK.replace("demo.articles", "demo.all"))

    refused = run("channels", "install", "packs")
    alone = run("channels", "install", "packs/0.toml", "--dry-run")
    first = json_of(run, "install", "packs", "--allow-unknown")["changed"]
    (tmp_path / "packs/1.toml").write_text(PACK.replace("demo.articles", "demo.all") + RULES)
    second = json_of(run, "install", "packs")["changed"]

    said = ":9: selector.tags.0.taxonomy: there is no taxonomy scene.\n"
    assert (refused.exit_code, refused.stderr) == (1, f"headwater: 0.toml{said}")
    assert (alone.exit_code, alone.stderr) == (1, f"headwater: packs/0.toml{said}")
    assert (first, second) == (["demo.all", "demo.articles"], ["demo.all"])


def test_what_is_asked_wrongly_is_refused_before_anything_is_opened(run: Run, tmp_path: Path):
    folder_of(tmp_path, PACK)

    missing = run("channels", "show", "--file", "packs/none.toml")

    assert (missing.exit_code, missing.stderr) == (1, "headwater: packs/none.toml: No such file or directory\n")
    assert run("channels", "show").exit_code == 2
    assert run("channels", "show", "other.key", "--file", "packs/0.toml").exit_code == 2
    assert run("channels", "diff", "demo.articles", "--file", "packs/0.toml", "--version", "0" * 64).exit_code == 2


def test_channels_are_listed_by_what_they_take(run: Run, tmp_path: Path):
    takes = {"demo.articles": '{ formats = ["ARTICLE"] }', "demo.all": "{}", "demo.zh": '{ languages = ["zh"] }'}
    packs = [PACK.replace("demo.articles", key).replace('{ formats = ["ARTICLE"] }', takes[key]) for key in takes]
    folder_of(tmp_path, *packs[:-1], packs[-1].replace('kind = "private"', 'kind = "syndication"'))
    run("channels", "install", "packs")

    def listed(*words: str) -> list[str]:
        return [one["key"] for one in json_of(run, "list", *words)]

    assert listed("--format", "live") == ["demo.all", "demo.zh"]
    assert listed("--language", "en", "--kind", "PRIVATE") == ["demo.all", "demo.articles"]
    assert listed("--kind", "syndication", "--kind", "social") == ["demo.zh"]


def test_a_new_pack_passes_the_check_and_overwrites_nothing(run: Run, tmp_path: Path):
    folder = folder_of(tmp_path)
    (folder / "platforms.toml").write_text(
        'schema = 1\n[[platforms]]\nkey = "demo"\nkind = "social"\ntime_zone = "Asia/Tokyo"\nname = { en = "D", zh = "示" }\n'
    )

    def new(*words: str) -> Any:
        return run("channels", "new", *words, "--folder", "packs")

    made = json.loads(new("demo.one", "--format", "article", "--name-zh", "一", "--json").stdout)
    again = new("demo.one", "--kind", "private", "--format", "QNA")
    lost = new("other.one", "--parent", "demos")
    wrong = new("../one")
    (folder / "private").mkdir()
    (folder / "private/two.toml").write_text("half")
    there = new("two")
    (folder / "private/two.toml").unlink()
    checked = json_of(run, "check", "packs")
    shown = json_of(run, "show", "demo.one", "--file", "packs/social/demo/one.toml")["pack"]

    assert made == {"key": "demo.one", "file": "packs/social/demo/one.toml"}
    assert again.stderr == "headwater: packs/social/demo/one.toml has the key demo.one already.\n"
    assert lost.stderr == (
        "headwater: packs/platforms.toml has no platform demos: add it there first. Did you mean demo?\n"
    )
    assert (wrong.exit_code, wrong.stderr.startswith("headwater: ../one:5: key: ")) == (1, True)
    assert there.stderr == "headwater: packs/private/two.toml is there already: nothing was written.\n"
    assert checked["problems"] == []
    assert (shown["kind"], shown["parent"], shown["time_zone"]) == ("social", "demo", "Asia/Tokyo")
    assert (shown["selector"], shown["name"]["zh"]) == ({"formats": ["ARTICLE"]}, "一")


def test_mistakes_have_their_lines_and_words_their_vocabulary(run: Run, own_url: str, tmp_path: Path):
    async def attic(session: AsyncSession) -> None:
        await make.tag(session, await make.taxonomy(session, "scene"), "attic")

    with_session(own_url, attic)
    tags = 'tags = [{ taxonomy = "scene", any = ["attic"] }]'
    folder_of(tmp_path, PACK.replace('{ formats = ["ARTICLE"] }', f"{{ {tags} }}"))

    by_sample = run("channels", "check", "packs", "--json")
    by_database = json_of(run, "check", "packs", "--live")

    assert by_sample.exit_code == 1
    assert json.loads(by_sample.stdout)["problems"] == [
        {
            "code": "UNKNOWN_WORD",
            "message": "0.toml:9: selector.tags.0.any.0: there is no scene tag attic.",
            "path": ["selector", "tags", 0, "any", 0],
            "file": "0.toml",
            "line": 9,
        }
    ]
    assert by_database["problems"] == []


def test_the_page_of_a_folder_keeps_the_words_around_it_and_is_compared(run: Run, tmp_path: Path):
    folder_of(tmp_path, PACK + RULES)
    page, other = tmp_path / "page.md", tmp_path / "other.md"
    other.write_text("Words of mine.")

    refused = run("channels", "docs", "packs", "-o", "other.md")
    run("channels", "docs", "packs", "-o", "page.md")
    page.write_text("Before.\n" + page.read_text() + "After.\n")
    kept = page.read_text()
    run("channels", "docs", "packs", "-o", "page.md")
    current = run("channels", "docs", "packs", "--check", "page.md").exit_code
    printed = run("channels", "docs", "packs").stdout
    (tmp_path / "packs/0.toml").write_text(PACK)

    assert (refused.exit_code, "other.md is there and is no catalogue" in refused.stderr) == (1, True)
    assert other.read_text() == "Words of mine."
    assert (page.read_text(), current) == (kept, 0)
    assert "The pack: [0.toml](packs/0.toml)." in kept
    assert "| a long \\[bold\\] title | fail | text.length |" in kept
    assert "| text.length | title: at most 19 characters (the unit is not stated) | block |  | house A |" in printed
    assert "| [`demo.articles`](#demoarticles) | Articles · 文章 | ARTICLE |  | 2 |  | machine | house A |" in printed
    assert run("channels", "docs", "packs", "--check", "page.md").exit_code == 1


def test_what_new_refuses_has_a_code():
    assert [making.PackExists.code, making.UnknownParent.code] == ["PACK_EXISTS", "UNKNOWN_PARENT"]


def test_a_channel_is_cleaned_out_once_in_a_period(run: Run, own_url: str, tmp_path: Path):
    folder_of(tmp_path, PACK + "[clean_out]\nbelow_gates = true\n[gates]\nlevel = { min = 2 }\n")
    run("channels", "install", "packs")
    with_session(own_url, _beginner)

    rehearsed = json_of(run, "clean-out", "--dry-run")
    said = run("channels", "clean-out", "demo.articles").stdout
    again = json_of(run, "clean-out", "demo.articles")

    (one,) = rehearsed
    assert (one["dry_run"], one["seen"], one["warned"], one["out"]) == (True, 1, 0, 1)
    assert [finding["code"] for finding in one["creators"][0]["findings"]] == ["creator.level"]
    assert said.startswith(f"demo.articles {one['period']}: 1 looked at, warned 0, out 1\n")
    assert "a level from L2 to L6" in " ".join(said.split())
    assert [each["out"] for each in again] == [1]
    assert with_session(own_url, records)[-2:] == [
        ("creator.cleaned_out", {"channel": "demo.articles", "right": {"codes": ["creator.level"], "until": None}}),
        ("channel.cleaned_out", {"period": one["period"], "counts": {"seen": 1, "warned": 0, "out": 1}}),
    ]


async def _beginner(session: AsyncSession) -> None:
    channel = (await session.scalars(select(models.Channel).where(models.Channel.key == "demo.articles"))).one()
    content = await make.content(session, await make.creator(session, level=1))
    state = models.SubmissionState.ACCEPTED
    row = {"content_id": content.id, "channel_id": channel.id, "revision_id": content.live_revision_id, "state": state}
    session.add(models.Submission(**row, pack_version_id=channel.pack_version_id))
