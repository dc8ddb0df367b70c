"""The sandbox: a child looks into files, with limits, and whatever they do to it, the next file gets its answer."""

from __future__ import annotations

import asyncio
import os
import signal
import struct
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import psutil
import pytest

from services.media import sandbox as sandboxes
from services.media.facts import Flaw, PictureFacts, Refused, SubtitlesFacts
from services.media.recipes import Fit, Format, Recipe
from services.media.sandbox import Ended, Sandbox
from tests.services.media import drawn

WORDS = "WEBVTT\n\n00:00.000 --> 00:02.000\nHello\n"
QUICK = 0.05


@pytest.fixture(scope="module")
async def own() -> AsyncIterator[Sandbox]:
    """One whose children may be hurt."""
    made = Sandbox()
    yield made
    await made.close()


@pytest.fixture
def words(tmp_path: Path) -> Path:
    path = tmp_path / "words"
    path.write_text(WORDS)
    return path


@pytest.fixture
def nowhere(tmp_path: Path) -> Path:
    return tmp_path / "nowhere"


async def held(sandbox: Sandbox, words: Path, nowhere: Path) -> int:
    """A child that is started, and does nothing any more."""
    await sandbox.probe(words, nowhere)
    (pid,) = sandbox.pids
    os.kill(pid, signal.SIGSTOP)
    return pid


async def test_a_picture_is_looked_at_elsewhere_and_a_copy_tells_not_where_it_was_made(
    sandbox: Sandbox, tmp_path: Path
):
    path, served = tmp_path / "picture", tmp_path / "served"
    path.write_bytes(drawn.placed("image/jpeg"))

    found = await sandbox.probe(path, served)

    assert isinstance(found, PictureFacts)
    assert (found.media_type, found.width, found.height, found.has_location) == ("image/jpeg", 32, 16, True)
    assert drawn.CANARY.encode() in path.read_bytes()
    assert drawn.CANARY.encode() not in served.read_bytes()


async def test_a_rendition_is_made_elsewhere(sandbox: Sandbox, tmp_path: Path):
    path, target = tmp_path / "picture", tmp_path / "rendition"
    path.write_bytes(drawn.saved(drawn.quarters()))

    made = await sandbox.render(path, Recipe(width=8, height=8, fit=Fit.COVER, format=Format.WEBP), target)

    assert (made.media_type, made.width, made.height, made.byte_count) == ("image/webp", 8, 8, target.stat().st_size)


async def test_a_flaw_of_the_file_costs_no_child(sandbox: Sandbox, words: Path, nowhere: Path, tmp_path: Path):
    path = tmp_path / "picture"
    path.write_bytes(b"<svg/>")
    await sandbox.probe(words, nowhere)
    before = sandbox.pids

    with pytest.raises(Refused) as refused:
        await sandbox.probe(path, nowhere)

    assert refused.value.flaw is Flaw.UNSUPPORTED_FILE
    assert sandbox.pids == before


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux shows limits of others")
async def test_a_child_has_limits_and_nothing_of_ours(sandbox: Sandbox, words: Path, nowhere: Path):
    await sandbox.probe(words, nowhere)

    child = psutil.Process(sandbox.pids[0])

    assert os.getsid(child.pid) == child.pid != os.getsid(0)
    assert Path(child.cwd()).name.startswith("headwater-sandbox-")
    assert not {"DATABASE_URL", "TEST_DATABASE_URL", "AWS_SECRET_ACCESS_KEY"} & child.environ().keys()
    assert child.rlimit(psutil.RLIMIT_CORE) == (0, 0)
    assert child.rlimit(psutil.RLIMIT_NOFILE) == (64, 64)
    assert child.rlimit(psutil.RLIMIT_AS) == (1500 << 20, 1500 << 20)
    assert child.rlimit(psutil.RLIMIT_FSIZE)[0] == len(WORDS) + (512 << 20)
    assert 30 <= child.rlimit(psutil.RLIMIT_CPU)[0] <= 31 * (os.cpu_count() or 1) + 60
    # standard error, the two pipes where it moved them, nothing to read, and what the interpreter keeps
    assert open_in(child.pid) <= {"pipe", "/dev/null"}


def open_in(pid: int) -> set[str]:
    """What a process has open."""
    return {str(file.readlink()).partition(":")[0] for file in Path(f"/proc/{pid}/fd").iterdir()}


async def test_what_takes_too_long_is_refused_and_the_next_file_gets_another_child(
    own: Sandbox, words: Path, nowhere: Path, monkeypatch: pytest.MonkeyPatch
):
    pid = await held(own, words, nowhere)

    monkeypatch.setattr(own, "seconds", QUICK)
    with pytest.raises(Refused) as refused:
        await own.probe(words, nowhere)
    monkeypatch.undo()

    assert refused.value.flaw is Flaw.PROBE_TOO_SLOW
    assert not psutil.pid_exists(pid)
    assert isinstance(await own.probe(words, nowhere), SubtitlesFacts)
    assert pid not in own.pids


@pytest.mark.parametrize(("sign", "flaw"), [(signal.SIGKILL, Flaw.PROBE_FAILED), (signal.SIGXCPU, Flaw.PROBE_TOO_SLOW)])
async def test_a_child_that_dies_of_a_file_takes_nobody_along(
    own: Sandbox, words: Path, nowhere: Path, sign: signal.Signals, flaw: Flaw
):
    pid = await held(own, words, nowhere)

    async with asyncio.TaskGroup() as tasks:
        first = tasks.create_task(refusal(own.probe(words, nowhere)))
        second = tasks.create_task(own.probe(words, nowhere))
        await asyncio.sleep(0)
        os.kill(pid, sign)
        os.kill(pid, signal.SIGCONT)

    assert first.result().flaw is flaw
    assert isinstance(second.result(), SubtitlesFacts)


async def test_a_job_that_is_cancelled_takes_its_child_along(own: Sandbox, words: Path, nowhere: Path):
    pid = await held(own, words, nowhere)
    asked = asyncio.create_task(own.probe(words, nowhere))
    await asyncio.sleep(0.01)

    asked.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asked

    assert own.pids == []
    assert not psutil.pid_exists(pid)


async def test_a_child_is_replaced_after_so_many_jobs(
    own: Sandbox, words: Path, nowhere: Path, monkeypatch: pytest.MonkeyPatch
):
    await own.probe(words, nowhere)
    monkeypatch.setattr(sandboxes, "JOBS_OF_A_CHILD", 1)

    await own.probe(words, nowhere)

    assert own.pids == []


async def test_a_picture_that_takes_more_memory_than_there_is_harms_nobody_and_closing_ends_what_is_done(
    sandbox: Sandbox, tmp_path: Path, words: Path, nowhere: Path
):
    small = Sandbox(megabytes=400)
    path = tmp_path / "bomb"
    # interlaced, so that nothing can be shown before all 79 million pixels of four channels are there
    head = struct.pack(">IIBBBBB", 8_900, 8_900, 8, 6, 0, 0, 1)
    path.write_bytes(drawn.png_of(8_900, 8_900, rows=1, colour_type=6))
    content = path.read_bytes()
    path.write_bytes(content.replace(content[12:33], drawn.chunk(b"IHDR", head)[4:]))

    await small.probe(words, nowhere)
    # what was done before may have left too little: this child is not to be believed
    assert (await refusal(small.probe(path, nowhere))).flaw is Flaw.PROBE_FAILED
    assert small.pids == []
    assert (await refusal(small.probe(path, nowhere))).flaw is Flaw.TOO_MANY_PIXELS
    # with room enough one sees that there is only one row of it
    assert (await refusal(sandbox.probe(path, nowhere))).flaw is Flaw.BROKEN_FILE
    await held(small, words, nowhere)
    asked = asyncio.create_task(small.probe(words, nowhere))
    await asyncio.sleep(0.01)
    await small.close()
    with pytest.raises(Ended):
        await asked
    with pytest.raises(Ended):
        await small.probe(words, nowhere)
    assert small.pids == []


async def refusal(asked: object) -> Refused:
    with pytest.raises(Refused) as refused:
        await asked  # type: ignore[misc]  # a coroutine of any answer
    return refused.value
