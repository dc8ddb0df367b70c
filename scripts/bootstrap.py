"""Make or reuse the environment in .venv, then run what was asked: the standard library's Python and nothing else."""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
BIN = VENV / "bin"
STAMP = VENV / "headwater.json"
# There while the environment is being made or changed: found at a start, it means that this was interrupted.
UNFINISHED = VENV / "headwater-unfinished"
# Where checks and tests keep what Python compiles: not among the sources, and also where the caller has forbidden it there,
# since compiling everything anew for each process takes longer than many a test.
BYTECODE = VENV / "bytecode"
# What the contract is tested with where there is Node, by the digest of the names and versions.
NODE = VENV / "node"
NODE_FILES = ("package.json", "package-lock.json", ".npmrc")
# An S3 server in Python, for the tests of the asset store: it needs older packages than we do, so it has a folder of its own.
BUCKETS = VENV / "buckets"
BUCKETS_FILE = ROOT / "tests" / "stores" / "requirements.txt"

RUN = "requirements.txt"
TEST = "requirements-dev.txt"  # a superset
PROJECT = "pyproject.toml"  # names the command and the packages of the editable installation

PIP = ("-m", "pip", "--disable-pip-version-check", "--no-input", "--retries", "3", "install", "-q", "--no-compile")
NPM = ("ci", "--loglevel=error", "--fetch-retries=1", "--fetch-timeout=20000")
SIGNS_OF_NO_NETWORK = (
    "NewConnectionError", "NameResolutionError", "Failed to establish a new connection", "Max retries exceeded",
    "Temporary failure in name resolution", "Network is unreachable", "ProxyError", "ConnectTimeoutError",
    "ReadTimeoutError", "ConnectionResetError", "Could not find a version that satisfies",
)  # fmt: skip


class CannotPrepare(Exception):  # noqa: N818  (named after what happened)
    """One line for the person at the terminal."""


def main(arguments: Sequence[str]) -> int:
    command, *rest = arguments
    try:
        return COMMANDS[command](rest)
    except CannotPrepare as problem:
        tell(str(problem))
        return 1
    except KeyboardInterrupt:
        return 130


def tell(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


# The three commands.


def run(rest: Sequence[str]) -> int:
    """Everything after `scripts/run` goes to `headwater run`, which has its own --help."""
    prepare(RUN)
    os.execv(BIN / "headwater", ["headwater", "run", *rest])  # noqa: S606  (our own command takes the place of this one)


def lint(rest: Sequence[str]) -> int:
    parser = argparse.ArgumentParser("scripts/lint", description="Check format, lint, types and import contracts.")
    parser.add_argument("--fix", action="store_true", help="first mend what ruff can mend by itself")
    options = parser.parse_args(rest)
    prepare(TEST)
    if options.fix:
        subprocess.run([BIN / "ruff", "check", "--fix", "--quiet", "."], cwd=ROOT, check=False)  # noqa: S603  (ours)
        subprocess.run([BIN / "ruff", "format", "--quiet", "."], cwd=ROOT, check=False)  # noqa: S603  (ours)
    return summary(linted())


def test(rest: Sequence[str]) -> int:
    if rest[:1] in (["-h"], ["--help"]):
        sys.stdout.write(
            "scripts/test         everything that CI checks: format, lint, types, import contracts, all tests\n"
            "scripts/test ARG…    only pytest, with these arguments, such as tests/core -x\n"
        )
        return 0
    prepare(TEST)
    prepare_node()
    prepare_buckets()
    if rest:
        return subprocess.run([BIN / "pytest", *rest], cwd=ROOT, env=surroundings(), check=False).returncode  # noqa: S603  (ours)
    results = linted()
    # By group: tests that share an expensive server stay on one process.
    results.append(outcome("tests", [str(BIN / "pytest"), "-n", "2", "--dist", "loadgroup"], capture=False))
    return summary(results)


# Checks.


@dataclass(frozen=True)
class Result:
    """One check: whether it passed, its seconds, and what it said (empty when that was shown as it came)."""

    name: str
    passed: bool
    seconds: float
    said: str


CHECKS = (
    ("format", ("ruff", "format", "--check", ".")),
    ("lint", ("ruff", "check", ".")),
    ("imports", ("lint-imports",)),
    ("types", ("mypy",)),
)


def linted() -> list[Result]:
    """All linters, two at a time; what failed is shown in full."""
    tell("checking format, lint, imports and types …")
    with ThreadPoolExecutor(2) as pool:
        started = [pool.submit(outcome, name, [str(BIN / tool), *rest]) for name, (tool, *rest) in reversed(CHECKS)]
    results = [each.result() for each in reversed(started)]
    for result in results:
        if not result.passed:
            tell(f"--- {result.name} ---\n{result.said}")
    return results


def outcome(name: str, command: list[str], *, capture: bool = True) -> Result:
    begun = time.monotonic()
    done = subprocess.run(  # noqa: S603  (our own environment's tools)
        command, cwd=ROOT, env=surroundings(), check=False, text=True,
        stdout=subprocess.PIPE if capture else None, stderr=subprocess.STDOUT if capture else None,
    )  # fmt: skip
    return Result(name, done.returncode == 0, time.monotonic() - begun, done.stdout or "")


def surroundings() -> dict[str, str]:
    """The caller's environment, with compiled Python kept."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "PYTHONPYCACHEPREFIX": str(BYTECODE)}


def summary(results: Sequence[Result]) -> int:
    tell("")
    for result in results:
        tell(f"{'passed' if result.passed else 'FAILED'}  {result.name:8} {result.seconds:6.1f} s")
    return 0 if all(result.passed for result in results) else 1


# The environment.


def prepare(requirements: str) -> None:
    """Make .venv hold these requirements and the project itself; instant when it does already."""
    with locked():
        begun = time.monotonic()
        stamp = read_stamp()
        if stamp.get(requirements) != digest(requirements):
            install_requirements(requirements)
            stamp = read_stamp()
        if stamp.get(PROJECT) != digest(PROJECT):
            install_project()
        if time.monotonic() - begun > 1:
            tell(f"the environment is ready, {time.monotonic() - begun:.0f} s")


@contextmanager
def locked() -> Iterator[None]:
    """One preparation at a time; the lock is on the project's folder itself and ends with the process."""
    handle = os.open(ROOT, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        tell("waiting for another command to finish with the environment …")
        fcntl.flock(handle, fcntl.LOCK_EX)
    try:
        yield
    finally:
        os.close(handle)


def digest(name: str) -> str:
    return hashlib.sha256((ROOT / name).read_bytes()).hexdigest()


def read_stamp() -> dict[str, str]:
    """What .venv holds, as digests of the files it was made from; empty when it cannot be trusted."""
    try:
        stamp: dict[str, str] = json.loads(STAMP.read_text())
    except (OSError, ValueError):
        return {}
    return stamp if stamp.get("root") == str(ROOT) and works() and not UNFINISHED.exists() else {}


def works() -> bool:
    """Whether the environment's own Python is still there: an upgrade of the system may have taken it away."""
    try:
        return subprocess.run([BIN / "python", "-c", ""], check=False, capture_output=True).returncode == 0  # noqa: S603
    except OSError:
        return False


def install_requirements(requirements: str) -> None:
    if UNFINISHED.exists() or not works() or moved():
        make_venv()
    tell(f"installing {requirements} …")
    with changing() as stamp:
        pip("--prefer-binary", "--require-hashes", "-r", str(ROOT / requirements))
        stamp[requirements] = digest(requirements)
        if requirements == TEST:
            stamp[RUN] = digest(RUN)


def install_project() -> None:
    tell("installing headwater itself, in place …")
    with changing() as stamp:
        pip("--no-deps", "--no-build-isolation", "-e", str(ROOT))
        stamp[PROJECT] = digest(PROJECT)


def moved() -> bool:
    """Whether the folder was made somewhere else: its scripts name that place."""
    try:
        return bool(json.loads(STAMP.read_text())["root"] != str(ROOT))
    except (OSError, ValueError, KeyError):
        return False


def make_venv() -> None:
    if importlib.util.find_spec("ensurepip") is None or importlib.util.find_spec("venv") is None:
        raise CannotPrepare(
            f"{sys.executable} came without venv and pip: install them (on Debian and Ubuntu: apt install "
            "python3-venv), or name another Python with HEADWATER_PYTHON."
        )
    tell(f"making .venv with Python {sys.version.split()[0]} (once; about a minute) …")
    if VENV.exists():
        shutil.rmtree(VENV)
    VENV.mkdir()
    UNFINISHED.touch()
    done = subprocess.run([sys.executable, "-m", "venv", VENV], check=False, capture_output=True, text=True)  # noqa: S603
    if done.returncode != 0:
        raise CannotPrepare(f"The environment cannot be made: {last_line(done.stdout + done.stderr)}")


@contextmanager
def changing() -> Iterator[dict[str, str]]:
    """What is put into the stamp is written at the end, and only when all went well."""
    stamp = {**read_stamp(), "root": str(ROOT)}
    UNFINISHED.touch()
    try:
        yield stamp
    except CannotPrepare:
        UNFINISHED.unlink()  # pip said no in an orderly way and has left things as they were
        raise
    STAMP.write_text(json.dumps(stamp, indent=2))
    UNFINISHED.unlink()


def pip(*arguments: str) -> None:
    done = subprocess.run([BIN / "python", *PIP, *arguments], check=False, capture_output=True, text=True)  # noqa: S603
    if done.returncode == 0:
        return
    said = done.stdout + done.stderr
    if "No space left on device" in said:
        raise CannotPrepare(f"No space left on the disk for the environment in {VENV} (about 600 MiB).")
    if "HASH" not in said and any(sign in said for sign in SIGNS_OF_NO_NETWORK):
        raise CannotPrepare(
            "The packages cannot be fetched: no package index answers. Check the network, or point pip at an index "
            f"that does (PIP_INDEX_URL). pip said: {last_line(said)}"
        )
    raise CannotPrepare(f"The packages cannot be installed. pip said:\n{said.strip()}")


def prepare_node() -> None:
    """Install the packages of tests/contract once, where Node is; without them the tests that need them are skipped."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        return
    with locked():
        folder = node_packages().parent
        if folder.exists():
            return
        tell("installing what the contract is tested with from npm …")
        fresh = folder.with_suffix(".new")
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(parents=True)
        for name in NODE_FILES:
            shutil.copy(ROOT / "tests" / "contract" / name, fresh)
        done = subprocess.run(  # noqa: S603  (whichever npm is there, as for the person at the terminal)
            [shutil.which("npm") or "npm", *NPM], cwd=fresh, check=False, capture_output=True, text=True
        )
        if done.returncode == 0:
            fresh.rename(folder)
        else:
            tell(f"no packages from npm, so what needs Node is skipped; npm said: {last_line(done.stderr)}")


def node_packages() -> Path:
    """Where the packages of tests/contract are, once they are installed."""
    names = b"".join((ROOT / "tests" / "contract" / name).read_bytes() for name in NODE_FILES)
    return NODE / hashlib.sha256(names).hexdigest()[:12] / "node_modules"


def prepare_buckets() -> None:
    """Install the S3 server of tests/stores once; without it the tests that need it are skipped."""
    with locked():
        folder = bucket_packages()
        if folder.exists():
            return
        tell("installing an S3 server for the tests of the asset store …")
        fresh = folder.with_suffix(".new")
        shutil.rmtree(fresh, ignore_errors=True)
        command = [str(BIN / "python"), *PIP, "--require-hashes", "--target", str(fresh), "-r", str(BUCKETS_FILE)]
        done = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603  (our own pip)
        if done.returncode == 0:
            fresh.rename(folder)
        else:
            tell(f"no S3 server, so what needs it is skipped; pip said: {last_line(done.stdout + done.stderr)}")


def bucket_packages() -> Path:
    """Where the packages of tests/stores are, once they are installed."""
    return BUCKETS / hashlib.sha256(BUCKETS_FILE.read_bytes()).hexdigest()[:12]


def last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("ERROR:")]
    return (errors or lines or ["nothing"])[-1]


COMMANDS = {"run": run, "test": test, "lint": lint}

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
