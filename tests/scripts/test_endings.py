"""Commands that cannot listen, read or write, or have lost their database, end with what to do."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.clock import FixedClock
from core.db import Database
from core.settings import Settings
from scripts.commands import exporting, homepages, importing, serving
from services.runtime import Runtime

WISH = importing.Wish(
    preview=False, format=None, rejects=None, creator=None, create_creator=None, language="en", tags=(), inside=False,
    quiet=True,
)  # fmt: skip


@pytest.fixture
def taken() -> Iterator[int]:
    """A port on which something listens."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]


def test_a_port_on_which_something_listens_is_named(taken: int) -> None:
    with pytest.raises(serving.PortTaken, match=f"^HEADWATER_PORT: 127.0.0.1:{taken} cannot be had"):
        serving._listen(Settings(host="127.0.0.1", port=taken, _env_file=None))


def test_an_address_that_is_none_is_named() -> None:
    with pytest.raises(serving.NoSuchHost, match=r"^HEADWATER_HOST: 999\.1\.1\.1 is no address of this machine"):
        serving._listen(Settings(host="999.1.1.1", _env_file=None))


async def test_a_server_whose_database_is_lost_ends_and_says_why(db: Database, clock: FixedClock) -> None:
    settings = Settings(data=Path("/nowhere"), _env_file=None)
    runtime = Runtime(settings, db, clock, index=None, store=None)  # type: ignore[arg-type]  # nothing here searches
    told: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as listening, pytest.raises(serving.DatabaseLost, match="given up"):
        await serving._serve(runtime, listening, lambda: told.append("ready"), lost=lambda: "PostgreSQL is given up")

    assert told == ["ready"]


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    path = tmp_path / "nowhere.ndjson"

    with pytest.raises(importing.NotReadable, match=r"nowhere\.ndjson: No such file or directory$"):
        importing._opened(path, path.name, WISH, importing.Defaults())


async def test_a_file_that_cannot_be_written_is_named(db: Database, clock: FixedClock, tmp_path: Path) -> None:
    runtime = Runtime(Settings(data=tmp_path, _env_file=None), db, clock, index=None, store=None)  # type: ignore[arg-type]  # as above

    with pytest.raises(exporting.NotWritable, match=r"out\.ndjson: No such file or directory$"):
        await exporting.export(runtime, tmp_path / "no folder" / "out.ndjson")


@pytest.mark.parametrize(
    ("text", "said"),
    [(None, "No such file"), ("{", "unexpected end of data"), ('{"blocks": 7}', "holds no homepage")],
)
def test_a_homepage_that_cannot_be_read_is_named_with_its_file(tmp_path: Path, text: str | None, said: str) -> None:
    file = tmp_path / "page.json"
    if text is not None:
        file.write_text(text)

    with pytest.raises(homepages.UnreadablePage, match=said) as refused:
        homepages.read(file)

    assert all(str(file) in problem.message for problem in refused.value.problems)


def test_answers_do_not_wait_for_a_delayed_acknowledgement() -> None:
    with serving._listen(
        Settings(host="127.0.0.1", port=1, _env_file=None).model_copy(update={"port": 0})
    ) as listening:
        listening.listen()
        with socket.create_connection(listening.getsockname()):
            accepted, _ = listening.accept()
            with accepted:
                assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
