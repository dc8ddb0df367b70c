"""`headwater documents` as a deployment types it, against a real database."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import structlog

from scripts import console
from scripts.cli import main
from services.documents import digest

A, BROKEN = "query A { __typename }\n", "query B { nothing }"


def test_a_frontend_is_registered_listed_and_removed(
    own_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in {"DATABASE_URL": own_url, "HEADWATER_DATA": str(tmp_path)}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(console.out, "width", 200)  # the environment is asked once, when the first test imports it
    monkeypatch.chdir(tmp_path)
    run = runner(monkeypatch, capsys)
    (tmp_path / "a.graphql").write_text(A)
    (tmp_path / "all.json").write_text(json.dumps({digest(A).hex(): A, digest(BROKEN).hex(): BROKEN}))
    (tmp_path / "md5.json").write_text(json.dumps({"0" * 32: A}))
    id_ = f"sha256:{digest(A).hex()}"

    assert run("register", "shop", "a.graphql") == (
        1, "", "headwater: There is no application shop: `headwater documents create shop NAME`.\n",
    )  # fmt: skip
    assert run("create", "shop", "The shop")[:2] == (0, "shop is there\n")
    code, said, complained = run("register", "shop", "a.graphql", "all.json")
    assert (code, said) == (1, "")
    assert complained.startswith("headwater: all.json: Cannot query field 'nothing' on type 'Query'")
    assert run("register", "shop", "a.graphql", "md5.json")[2] == (
        f"headwater: md5.json: {'0' * 32} is not the SHA-256 of its document; set the build tool to SHA-256.\n"
    )
    assert run("register", "shop", "nowhere.graphql")[2] == "headwater: nowhere.graphql: No such file or directory.\n"

    first = json.loads(run("register", "shop", "a.graphql", "--json")[1])
    again = run("register", "shop", "a.graphql")
    listed = json.loads(run("list", "--json")[1])
    shown = run("list", "shop")

    assert first == {"added": 1, "documents": [{"documentId": id_, "name": "A"}]}
    assert again[1] == f"0 of 1 documents were new for shop\n{id_}  A\n"
    assert listed == [{"key": "shop", "name": "The shop", "documents": 1}]
    assert id_ in shown[1]
    assert run("remove", "shop", "sha256:1")[0] == 1
    assert run("remove", "shop", id_)[1] == "1 documents of shop are gone\n"
    assert json.loads(run("list", "shop", "--json")[1]) == []


def runner(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Runs `headwater documents …`: exit code, standard output, standard error."""

    def run(*words: str) -> tuple[int, str, str]:
        logs: dict[str, Any] = structlog.get_config()
        monkeypatch.setattr(sys, "argv", ["headwater", "documents", *words])
        with pytest.raises(SystemExit) as ended:
            main()
        structlog.configure(**logs)
        said = capsys.readouterr()
        return int(ended.value.code or 0), said.out, said.err

    return run
