"""Using an embedded PostgreSQL: start it or join the one that runs, and stay connected until leaving."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from socket import SHUT_WR, socket
from typing import BinaryIO
from urllib.parse import quote

from core.errors import DomainError, Misconfigured, Unavailable
from core.postgres import places, runtime
from core.postgres.cluster import DATABASE, USER
from core.postgres.messages import Message, State, decode
from core.postgres.places import Place, Say

ROOT = Path(__file__).resolve().parents[2]
RETRY_SECONDS = 0.05
LAUNCHES = 3
PROGRESS_SECONDS = 5.0
PATIENCE_SECONDS = 120.0


@dataclass(slots=True)
class Server:
    """A PostgreSQL that answers, and goes on doing so until `embedded` is left.

    `dsn` is postgresql://… with the socket's folder as host; `version` is such as 18.4; `binaries` is the folder of
    pg_dump and the rest; `is_owner` says that this process started it. `failure` becomes a line for the operator when
    PostgreSQL could not be kept up.
    """

    dsn: str
    version: str
    binaries: Path
    log: Path
    is_owner: bool = False
    failure: str | None = None


def tell(text: str) -> None:
    """The default voice: a line on the standard error, where it does not mix with answers."""
    sys.stderr.write(f"{text}\n")


@contextmanager
def embedded(data: Path, *, durable: bool = True, say: Say = tell) -> Iterator[Server]:
    """The PostgreSQL of this data folder, started unless it runs already, stopped after its last user has left.

    `durable=False` is for tests: a throwaway cluster that a crash may ruin. `say` gets lines of progress, also from
    another thread and later, such as that PostgreSQL was killed and started again. Everything is synchronous: enter it
    before the event loop, or in a thread. Raises Misconfigured or Unavailable with one line for the operator.
    """
    membership = Membership(places.find(data, say), say, durable=durable)
    server = membership.enter()
    try:
        yield server
    finally:
        membership.leave()


class Membership:
    """One process's connection to the keeper: being connected is what keeps PostgreSQL up."""

    def __init__(self, place: Place, say: Say, *, durable: bool) -> None:
        self._place, self._say, self._durable = place, say, durable
        self._has_launched = False
        self._is_leaving = False
        self._line: socket | None = None
        self._heard: BinaryIO | None = None

    def enter(self) -> Server:
        """Return when PostgreSQL answers."""
        self._server = self._join()
        self._listener = threading.Thread(target=self._listen, name="postgres", daemon=True)
        self._listener.start()
        return self._server

    def leave(self) -> None:
        """Return when PostgreSQL has stopped, or goes on for others."""
        self._is_leaving = True
        self._hang_up()
        self._listener.join()
        self._close()

    def _join(self) -> Server:
        begun = said_at = time.monotonic()
        launches = 0
        while (ready := self._talk()) is None:
            if launches == LAUNCHES:
                raise Unavailable(f"The keeper of PostgreSQL ended without a word: see {self._place.log}")
            if self._launch():
                launches += 1
            else:
                time.sleep(RETRY_SECONDS)
            now = time.monotonic()
            if now - begun > PATIENCE_SECONDS:
                raise Unavailable(f"Somebody holds {self._place.lock} and does not answer: see {self._place.log}")
            if now - said_at > PROGRESS_SECONDS:
                said_at = now
                self._say(f"waiting for another process to let go of {self._place.lock}, {now - begun:.0f} s so far")
        return self._described(ready)

    def _talk(self) -> Message | None:
        """What the keeper says when PostgreSQL is ready; None when there is no keeper, or it is just going."""
        self._line = runtime.call(self._place)
        if self._line is None:
            return None
        self._heard = self._line.makefile("rb")
        while (message := self._next()) is not None and message.state is not State.STOPPED:
            if message.state is State.READY:
                return message
            if message.state is State.FAILED:
                self._close()
                raise _error(message)
            self._say(message.text)
        self._close()
        return None

    def _next(self) -> Message | None:
        """The next message; None when the keeper has hung up."""
        assert self._heard is not None
        try:
            line = self._heard.readline()
        except OSError:
            return None
        return decode(line) if line.endswith(b"\n") else None

    def _described(self, ready: Message) -> Server:
        if self._durable and not ready.durable:
            self._hang_up()
            self._close()
            raise Misconfigured(
                f"The PostgreSQL in {self._place.home} runs as a throwaway: stop what started it first."
            )
        dsn = f"postgresql://{USER}@/{DATABASE}?host={quote(ready.sockets)}"
        return Server(dsn, ready.version, Path(ready.binaries), self._place.log, is_owner=self._has_launched)

    def _launch(self) -> bool:
        """Start a keeper if the lock is free, and hand it the lock. False when somebody holds it."""
        lock = self._open_lock()
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        else:
            self._start_keeper(lock)
            self._has_launched = True
            return True
        finally:
            os.close(lock)

    def _open_lock(self) -> int:
        try:
            lock = os.open(self._place.lock, os.O_RDWR | os.O_CREAT, 0o600)
            self._place.give(self._place.lock)
        except OSError as error:
            raise Misconfigured(f"HEADWATER_DATA: cannot use {self._place.lock}: {error.strerror}") from error
        return lock

    def _start_keeper(self, lock: int) -> None:
        """In a session of its own, so that Ctrl-C reaches only us and we leave in order."""
        account = self._place.account
        command = [
            sys.executable, "-m", "core.postgres.keeper", str(self._place.home), account.name if account else "",
            str(lock), "durable" if self._durable else "throwaway",
        ]  # fmt: skip
        done = subprocess.run(  # noqa: S603  (ourselves)
            command, cwd=ROOT, pass_fds=(lock,), start_new_session=True, stdin=subprocess.DEVNULL,
            capture_output=True, check=False,
        )  # fmt: skip
        if done.returncode != 0:
            if done.stdout:
                raise _error(decode(done.stdout))
            raise Unavailable(f"The keeper of PostgreSQL did not start: {done.stderr.decode(errors='replace').strip()}")

    def _listen(self) -> None:
        """Pass on what the keeper says; find or start another one should it be killed."""
        while True:
            message = self._next()
            if message is None:
                if self._is_leaving or not self._rejoin():
                    return
            elif message.state is State.NOTE:
                self._say(message.text)
            elif message.state is not State.READY:
                self._end(message)
                return

    def _end(self, message: Message) -> None:
        if not self._is_leaving:
            self._fail(message.text or "PostgreSQL was stopped by somebody else.")

    def _rejoin(self) -> bool:
        self._close()
        self._say("the keeper of PostgreSQL is gone: looking for another or starting one")
        try:
            again = self._join()
        except DomainError as error:
            self._fail(error.message)
            return False
        if again.dsn != self._server.dsn:
            self._fail(f"PostgreSQL had to move to another socket ({again.dsn}): start this process again.")
            self._is_leaving = True
        if self._is_leaving:
            self._hang_up()
        return True

    def _fail(self, text: str) -> None:
        self._server.failure = text
        self._say(text)

    def _hang_up(self) -> None:
        """Say that we leave; the keeper's last word still comes."""
        line = self._line
        if line is not None:
            try:
                line.shutdown(SHUT_WR)
            except OSError:
                return  # the keeper was faster

    def _close(self) -> None:
        if self._heard is not None:
            self._heard.close()
        if self._line is not None:
            self._line.close()
        self._line = self._heard = None


def _error(message: Message) -> DomainError:
    family = Misconfigured if message.code == Misconfigured.code else Unavailable
    return family(message.text)
