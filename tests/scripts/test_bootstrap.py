"""The commands that make their own environment: what they trust, and what they say when they cannot."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from scripts import bootstrap

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project of its own with an environment that works (its Python is ours) and holds what it says."""
    root = tmp_path / "a project"
    (root / ".venv" / "bin").mkdir(parents=True)
    (root / ".venv" / "bin" / "python").symlink_to(sys.executable)
    for name in (bootstrap.RUN, bootstrap.TEST, bootstrap.PROJECT):
        (root / name).write_text(f"of {name}\n")
    monkeypatch.setattr(bootstrap, "ROOT", root)
    for name in ("VENV", "BIN", "STAMP", "UNFINISHED", "BYTECODE", "NODE"):
        path: Path = getattr(bootstrap, name)
        monkeypatch.setattr(bootstrap, name, root / path.relative_to(ROOT))
    names = (bootstrap.RUN, bootstrap.TEST, bootstrap.PROJECT)
    stamp = {"root": str(root), **{name: bootstrap.digest(name) for name in names}}
    bootstrap.STAMP.write_text(json.dumps(stamp))
    return root


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was done to the environment, in order, instead of doing it."""
    steps: list[str] = []
    monkeypatch.setattr(bootstrap, "make_venv", lambda: steps.append("venv"))
    monkeypatch.setattr(bootstrap, "pip", lambda *arguments: steps.append(arguments[-1]))
    return steps


def test_an_environment_that_holds_what_is_wanted_is_left_alone(project: Path, done: list[str]) -> None:
    bootstrap.prepare(bootstrap.TEST)

    assert done == []


def test_changed_requirements_are_installed_on_top(project: Path, done: list[str]) -> None:
    (project / bootstrap.TEST).write_text("others\n")

    bootstrap.prepare(bootstrap.TEST)
    bootstrap.prepare(bootstrap.TEST)

    assert done == [str(project / bootstrap.TEST)]


def test_a_changed_project_file_installs_the_project_again(project: Path, done: list[str]) -> None:
    (project / bootstrap.PROJECT).write_text("other\n")

    bootstrap.prepare(bootstrap.RUN)

    assert done == [str(project)]


def test_an_interrupted_environment_is_made_anew(project: Path, done: list[str]) -> None:
    bootstrap.UNFINISHED.touch()

    bootstrap.prepare(bootstrap.RUN)

    assert done == ["venv", str(project / bootstrap.RUN), str(project)]
    assert not bootstrap.UNFINISHED.exists()


def test_an_environment_without_its_python_is_made_anew(project: Path, done: list[str]) -> None:
    (bootstrap.BIN / "python").unlink()

    bootstrap.prepare(bootstrap.RUN)

    assert done[0] == "venv"


def test_a_moved_environment_is_made_anew(project: Path, done: list[str]) -> None:
    stamp = json.loads(bootstrap.STAMP.read_text())
    bootstrap.STAMP.write_text(json.dumps({**stamp, "root": "/somewhere/else"}))

    bootstrap.prepare(bootstrap.RUN)

    assert done[0] == "venv"


def test_an_installation_that_pip_refuses_is_tried_again_and_not_thrown_away(
    project: Path, done: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / bootstrap.RUN).write_text("others\n")

    def refuse(*_arguments: str) -> None:
        raise bootstrap.CannotPrepare("no network")

    with monkeypatch.context() as patch:
        patch.setattr(bootstrap, "pip", refuse)
        with pytest.raises(bootstrap.CannotPrepare):
            bootstrap.prepare(bootstrap.RUN)
    bootstrap.prepare(bootstrap.RUN)

    assert done == [str(project / bootstrap.RUN)]


def test_an_index_that_does_not_answer_is_one_clear_line(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = "WARNING: Retrying … NewConnectionError …\\nERROR: No matching distribution found for alembic==1.18.0\\n"
    (bootstrap.BIN / "python").unlink()
    (bootstrap.BIN / "python").write_text(f"#!/bin/sh\nprintf '{said}' >&2\nexit 1\n")
    (bootstrap.BIN / "python").chmod(0o755)

    with pytest.raises(bootstrap.CannotPrepare) as refused:
        bootstrap.pip("-r", "requirements.txt")

    assert str(refused.value) == (
        "The packages cannot be fetched: no package index answers. Check the network, or point pip at an index that "
        "does (PIP_INDEX_URL). pip said: ERROR: No matching distribution found for alembic==1.18.0"
    )


def test_checks_keep_what_python_compiles_in_the_environment_whatever_the_caller_set(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    program = "import sys; print(sys.dont_write_bytecode, sys.pycache_prefix)"

    checked = bootstrap.outcome("a check", [sys.executable, "-c", program])

    assert checked.said == f"False {bootstrap.BYTECODE}\n"


@pytest.fixture
def npm(project: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An npm that installs nothing, and what it runs: a line for a shell."""
    contract, tools = project / "tests" / "contract", project / "tools"
    contract.mkdir(parents=True)
    tools.mkdir()
    for name in bootstrap.NODE_FILES:
        (contract / name).write_text(f"of {name}\n")
    for name in ("node", "npm"):
        (tools / name).write_text("#!/bin/sh\nexit 1\n")
        (tools / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}:/usr/bin:/bin")
    return tools / "npm"


def test_what_needs_node_is_installed_once_for_each_change_of_the_names(npm: Path, project: Path) -> None:
    npm.write_text(f'#!/bin/sh\n(echo again; cat package.json) >> "{project}/installed"; mkdir node_modules\n')

    bootstrap.prepare_node()
    bootstrap.prepare_node()
    first = bootstrap.node_packages()
    (project / "tests" / "contract" / "package.json").write_text("others\n")
    bootstrap.prepare_node()

    assert first.is_dir()
    assert bootstrap.node_packages() != first
    assert bootstrap.node_packages().is_dir()
    assert (project / "installed").read_text() == "again\nof package.json\nagain\nothers\n"


def test_what_npm_cannot_fetch_is_said_in_a_line_and_tried_again(npm: Path, capsys: pytest.CaptureFixture[str]) -> None:
    npm.write_text("#!/bin/sh\nmkdir node_modules; echo 'npm error network no' >&2; exit 1\n")

    bootstrap.prepare_node()

    assert not bootstrap.node_packages().exists()
    said = capsys.readouterr().err.splitlines()
    assert said[-1] == "no packages from npm, so what needs Node is skipped; npm said: npm error network no"
    npm.write_text("#!/bin/sh\nmkdir node_modules\n")
    bootstrap.prepare_node()
    assert bootstrap.node_packages().is_dir()


def test_without_node_nothing_is_said_and_nothing_done(
    npm: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")

    bootstrap.prepare_node()

    assert not bootstrap.NODE.exists()
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("command", ["run", "test", "lint"])
def test_a_wrong_python_is_one_clear_line(command: str) -> None:
    said = subprocess.run(
        [ROOT / "scripts" / command],
        env={"HEADWATER_PYTHON": "/bin/false", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (said.returncode, said.stderr) == (1, "HEADWATER_PYTHON: /bin/false is not a Python 3.11 or later.\n")


def test_no_python_at_all_is_one_clear_line(tmp_path: Path) -> None:
    for tool in ("sh", "dirname"):
        found = shutil.which(tool)
        assert found is not None
        (tmp_path / tool).symlink_to(found)

    said = subprocess.run(
        [ROOT / "scripts" / "test"], env={"PATH": str(tmp_path)}, capture_output=True, text=True, check=False
    )

    assert said.returncode == 1
    assert said.stderr.startswith("Headwater needs Python 3.11 or later, and none was found:")
    assert said.stderr.count("\n") == 1


def test_ci_calls_the_tests_and_nothing_else() -> None:
    assert (ROOT / ".ci" / "run").read_text().splitlines()[1:] == ['exec "$(dirname -- "$0")/../scripts/test"']
