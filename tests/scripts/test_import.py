"""`headwater import` and `headwater export` as an operator types them."""

from __future__ import annotations

import asyncio
import io
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import asyncpg
import orjson
import pytest
import structlog

from scripts.cli import main
from services.interchange import writing

ROOT = Path(__file__).parents[2]
ADA = {"type": "creator", "source": "x", "external_key": "ada", "handle": "ada", "name": "Ada"}


def articles(count: int) -> Iterator[dict[str, object]]:
    for number in range(count):
        revision = {"title": f"Article {number}", "published_at": "2026-01-01T00:00:00Z"}
        yield {"type": "content", "source": "x", "external_key": str(number), "creator": "x:ada", "format": "ARTICLE",
               "language": "en", "revisions": [revision]}  # fmt: skip


def written(path: Path, *records: object) -> Path:
    path.write_bytes(b"".join(orjson.dumps(record) + b"\n" for record in records))
    return path


@dataclass(frozen=True)
class Headwater:
    """The command: in this process, or, to be killed, in one of its own."""

    url: str
    folder: Path
    monkeypatch: pytest.MonkeyPatch
    capsys: pytest.CaptureFixture[str]

    def run(self, *words: str, given: bytes = b"") -> tuple[int, str, str]:
        self.capsys.readouterr()
        self.monkeypatch.setattr(sys, "argv", ["headwater", *words])
        self.monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(given)))
        with pytest.raises(SystemExit) as ended:
            main()
        said = self.capsys.readouterr()
        return int(ended.value.code or 0), said.out, said.err

    def start_import(self, path: Path) -> subprocess.Popen[bytes]:
        """The import in a process of its own: that command alone, which starts sooner, with batches of ten."""
        code = (
            "import typer; from scripts.commands import importing; from services.interchange import writing;"
            " writing.BATCH_LINES = 10; typer.run(importing.run)"
        )
        return subprocess.Popen(
            [sys.executable, "-c", code, str(path)],
            env=os.environ | {"PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip


@pytest.fixture
def headwater(
    own_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Headwater]:
    monkeypatch.setenv("DATABASE_URL", own_url)
    monkeypatch.setenv("HEADWATER_DATA", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)
    logs = structlog.get_config()
    yield Headwater(own_url, tmp_path, monkeypatch, capsys)
    structlog.configure(**logs)


def test_a_file_is_imported_and_a_bad_record_gives_exit_code_1_and_a_file_to_mend(headwater: Headwater, tmp_path: Path):
    path = written(tmp_path / "in.ndjson", ADA, *articles(3), {"type": "brand", "name": "B"})

    code, out, err = headwater.run("import", str(path), "--json")

    assert code == 1, err
    (report,) = json.loads(out)
    assert report["totals"] == {"new": 4, "changed": 0, "unchanged": 0, "rejected": 1}
    assert report["rejects"][0].startswith("in.ndjson:5: ")
    rejects = Path(f"{path}.rejects.ndjson")
    mended = orjson.loads(rejects.read_bytes()) | {"source": "x", "external_key": "b"}
    assert headwater.run("import", "-", given=orjson.dumps(mended))[0] == 0
    assert "0 new, 0 changed, 4 unchanged, 1 rejected" in headwater.run("import", str(path), "--preview")[1]


def test_what_is_exported_can_be_piped_back(headwater: Headwater, tmp_path: Path):
    headwater.run("import", "-", given=written(tmp_path / "in", ADA, *articles(3)).read_bytes())

    code, out, err = headwater.run("export")

    assert code == 0, err
    assert out.splitlines()[0] == '{"type":"headwater","version":1}'
    assert len(out.splitlines()) == 5
    assert "4 unchanged" in headwater.run("import", "-", given=out.encode())[1]


@contextmanager
def site(body: bytes) -> Iterator[str]:
    """A site on loopback whose every page is this."""

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Page) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/feed"
        server.shutdown()


def test_a_feed_at_an_address_becomes_the_contents_of_a_new_creator(headwater: Headwater):
    feed = {"version": "https://jsonfeed.org/version/1.1", "items": [{"id": "1", "content_html": "<p>Hello</p>"}]}

    with site(orjson.dumps(feed)) as address:
        words = ("import", address, "--inside", "--creator", "ada", "--create-creator", "Ada")
        first, second = headwater.run(*words), headwater.run(*words)

    assert "2 new, 0 changed, 0 unchanged, 0 rejected" in first[1], first[2]
    assert "0 new, 0 changed, 1 unchanged, 0 rejected" in second[1]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("import", "nowhere.ndjson"), "nowhere.ndjson: No such file"),
        (("import", "http://127.0.0.1/feed"), "not on the public internet"),
        (("import", "-", "--creator", "nobody"), "--create-creator"),
    ],
)
def test_what_cannot_be_imported_is_one_line_and_exit_code_1(headwater: Headwater, words: tuple[str, ...], said: str):
    code, _, err = headwater.run(*words)

    assert code == 1
    assert said in err
    assert "Traceback" not in err


async def _in_the_second_batch(url: str, signal_: Callable[[], None]) -> None:
    """Hold the table that the second batch needs, wait until the first one stands, send the signal, let go."""
    connection = await asyncpg.connect(url)
    async with connection.transaction():
        await connection.execute("LOCK TABLE shops")
        is_waiting = False
        while not is_waiting:
            # the import says nothing to others on its way: there is nothing to wait for but its standing at the lock
            is_waiting = await connection.fetchval(
                "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND relation = 'shops'::regclass)"
                " FROM (SELECT pg_sleep(0.01)) pause"
            )
        signal_()
    await connection.close()


def _some_records(folder: Path) -> Path:
    """Some 50 records; the second ten need the table of shops, the last is a bad one."""
    good = [ADA, *articles(49)]
    shop = {"type": "shop", "source": "x", "external_key": "s", "name": "S"}
    return written(folder / "in.ndjson", *good[:10], shop, *good[10:], {"type": "brand", "name": "B"})


def _goes_on_after(headwater: Headwater, path: Path, records: int) -> None:
    code, out, err = headwater.run("import", str(path), "--json")

    assert code == 1, err
    (report,) = json.loads(out)
    assert report["resumed_at"] == records
    assert report["totals"] == {"new": 51, "changed": 0, "unchanged": 0, "rejected": 1}
    assert len(Path(f"{path}.rejects.ndjson").read_bytes().splitlines()) == 1


def test_an_import_that_was_killed_goes_on_after_its_last_batch(headwater: Headwater, own_url: str, tmp_path: Path):
    path = _some_records(tmp_path)
    process = headwater.start_import(path)
    asyncio.run(asyncio.wait_for(_in_the_second_batch(own_url, process.kill), 60))
    process.communicate(timeout=60)

    _goes_on_after(headwater, path, 10)


def test_an_import_that_was_stopped_ends_its_batch_and_goes_on_after_it(
    headwater: Headwater, own_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(writing, "BATCH_LINES", 10)
    path = _some_records(tmp_path)
    # the command itself runs here, so that the signal is for this process; it stands at the lock when it comes
    interrupt = partial(os.kill, os.getpid(), signal.SIGINT)
    other = threading.Thread(target=lambda: asyncio.run(asyncio.wait_for(_in_the_second_batch(own_url, interrupt), 60)))
    other.start()
    code, out, _ = headwater.run("import", str(path))
    other.join()

    assert code == 1
    assert "stopped after 20 records; the same command goes on from there" in out
    _goes_on_after(headwater, path, 20)


def test_a_feed_cut_off_in_the_middle_is_one_line_and_changes_nothing(headwater: Headwater, tmp_path: Path):
    items = "".join(f"<item><guid>{n}</guid><title>T{n}</title><pubDate>soon</pubDate></item>" for n in range(3))
    feed = f'<rss version="2.0"><channel>{items}</channel></rss>'.encode()
    (tmp_path / "whole.xml").write_bytes(feed)
    (tmp_path / "cut.xml").write_bytes(feed[:-60])

    whole = headwater.run("import", "whole.xml", "--creator", "ada", "--create-creator", "Ada")
    code, _, err = headwater.run("import", "cut.xml", "--creator", "ada")

    assert whole[0] == 0
    assert "warning: 3 entries had no readable date: item 1 (soon), item 2 (soon), item 3 (soon)." in whole[1]
    assert (code, err.count("\n")) == (1, 1)
    assert "breaks off" in err
    again = headwater.run("import", "whole.xml", "--creator", "ada", "--json")[1]
    (report,) = json.loads(again)
    assert (report["totals"]["unchanged"], report["undated"], len(report["warnings"])) == (3, 3, 1)
