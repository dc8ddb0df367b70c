"""The process that keeps one embedded PostgreSQL: it lives while anyone is connected to it, and not longer.

Users hold a connection to its socket. The kernel closes that connection however they end, kill -9 included, so the
number of open connections is the number of users: after the last one PostgreSQL is stopped. The keeper inherits the
lock of the place from the process that started it and holds it until PostgreSQL has stopped.

    python -m core.postgres.keeper HOME ACCOUNT LOCK_HANDLE durable|throwaway
"""

from __future__ import annotations

import os
import selectors
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections import deque
from pathlib import Path
from typing import BinaryIO

from core.errors import DomainError, Unavailable
from core.postgres import binaries, processes, runtime
from core.postgres.accounts import named
from core.postgres.cluster import Cluster, failure
from core.postgres.messages import Message, State, encode
from core.postgres.places import Place

FIRST_USER_SECONDS = 10.0
PROBE_SECONDS = (0.02, 1.0)  # at first, and at most: each probe is a line in the log
PROGRESS_SECONDS = 5.0
QUIT_SECONDS = 300.0
RESTARTS = 5
RESTARTS_WINDOW_SECONDS = 60.0
LOG_LIMIT = 10 * 1024 * 1024


class Keeper:
    """Holds the postmaster, the users' connections and what is going on between them."""

    def __init__(self, place: Place, *, durable: bool) -> None:
        self.place = place
        self.durable = durable
        self.folder = runtime.make_folder(place)
        self.door = runtime.listen(self.folder)
        self.log: BinaryIO = open_log(place)
        self.users: list[socket.socket] = []
        self.cluster: Cluster | None = None
        self.postmaster: subprocess.Popen[bytes] | None = None
        self.is_ready = False
        self.is_closing = self.is_ending = False
        self.crashes: deque[float] = deque(maxlen=RESTARTS)
        self.started_at = self.said_at = self.probe_at = 0.0
        self.log_from = 0

    def run(self) -> None:
        """Serve until the last user has left, somebody asks us to end, or PostgreSQL cannot be kept up."""
        self._catch_signals()
        try:
            self._first_user()
            self._open_cluster()
            while self.users and not self.is_ending:
                self._turn()
        except DomainError as error:
            self._fail(error)
        except Exception as error:
            self._fail(Unavailable(f"The keeper of PostgreSQL failed ({error!r}), see {self.place.log}"))
            raise
        finally:
            self.door.close()
            self._stop()
            shutil.rmtree(self.folder)  # the note remembers its name for the next time
            self._tell(Message(State.STOPPED))

    # The users.

    def _catch_signals(self) -> None:
        self.waker, wakened = socket.socketpair()
        for end in (self.waker, wakened):
            end.setblocking(False)
        signal.set_wakeup_fd(wakened.fileno())
        self._wakened = wakened
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD):
            signal.signal(number, self._signalled)

    def _signalled(self, number: int, _frame: object) -> None:
        """SIGINT ends PostgreSQL at once. SIGTERM, which a service manager sends to all of a service, lets users drain."""
        if number == signal.SIGINT:
            self.is_ending = True
        elif number == signal.SIGTERM:
            self.is_closing = True

    def _first_user(self) -> None:
        self.door.settimeout(FIRST_USER_SECONDS)
        try:
            self._accept()
        except TimeoutError:
            self.is_ending = True

    def _accept(self) -> None:
        user, _ = self.door.accept()
        user.settimeout(1.0)
        self.users.append(user)
        if self.is_ready:
            self._send(user, self._ready())

    def _leave(self, user: socket.socket) -> None:
        """A user has closed its side. The last one stays in the list, to be told when PostgreSQL has stopped."""
        if len(self.users) > 1:
            self._send(user, Message(State.STAYS))
            self.users.remove(user)
            user.close()
        else:
            self.is_ending = True

    def _tell(self, message: Message) -> None:
        for user in self.users:
            self._send(user, message)

    def _fail(self, error: DomainError) -> None:
        self._log(error.message)
        self._tell(Message(State.FAILED, error.message, code=error.code))

    def _log(self, text: str) -> None:
        self.log.write(f"keeper: {text}\n".encode())
        self.log.flush()

    def _note(self, text: str) -> None:
        self._log(text)
        self._tell(Message(State.NOTE, text))

    @staticmethod
    def _send(user: socket.socket, message: Message) -> None:
        try:
            user.sendall(encode(message))
        except OSError:
            # Gone or not listening. That it is gone is seen at the next turn, where it matters.
            return

    def _ready(self) -> Message:
        assert self.cluster is not None
        about = self.cluster.binaries
        return Message(
            State.READY, sockets=str(self.folder / runtime.SOCKETS), version=about.version,
            binaries=str(about.folder), durable=self.durable,
        )  # fmt: skip

    # PostgreSQL.

    def _open_cluster(self) -> None:
        found = binaries.find(self.place.home, self.place.account)
        self.cluster = Cluster(self.place, found, self.durable)
        self.cluster.prepare(self._note)
        self._start()

    def _start(self) -> None:
        assert self.cluster is not None
        processes.end_leftovers(self.place.cluster, self._note)
        sockets = runtime.clear_sockets(self.folder, self.place.account)
        self.log_from = os.fstat(self.log.fileno()).st_size
        self.postmaster = self.cluster.serve(sockets, self.log.fileno())
        self.started_at = self.said_at = time.monotonic()
        self.probe_at = self.started_at + PROBE_SECONDS[0]

    def _turn(self) -> None:
        """Wait for something to happen, and see to it."""
        with selectors.DefaultSelector() as selector:
            for each in (self.door, self.waker, *self.users):
                selector.register(each, selectors.EVENT_READ)
            events = selector.select(None if self.is_ready else max(0.0, self.probe_at - time.monotonic()))
        for key, _ in events:
            self._happened(key.fileobj)
        assert self.postmaster is not None
        if self.postmaster.poll() is not None:
            self._fell()
        elif not self.is_ready and time.monotonic() >= self.probe_at:
            self._probe()

    def _happened(self, source: object) -> None:
        if source is self.door:
            self._accept()
        elif source is self.waker:
            self.waker.recv(4096)
        elif isinstance(source, socket.socket):
            self._hear(source)

    def _hear(self, user: socket.socket) -> None:
        try:
            heard = user.recv(4096)
        except OSError:
            heard = b""
        if not heard:
            self._leave(user)

    def _probe(self) -> None:
        assert self.cluster is not None
        waited = time.monotonic() - self.started_at
        self.probe_at = time.monotonic() + min(max(waited, PROBE_SECONDS[0]), PROBE_SECONDS[1])
        if self.cluster.answers(self.folder / runtime.SOCKETS):
            self.is_ready = True
            self._tell(self._ready())
        elif time.monotonic() - self.said_at > PROGRESS_SECONDS:
            self.said_at = time.monotonic()
            self._note(f"PostgreSQL is starting, {waited:.0f} s so far (after an unclean end it first repairs itself)")

    def _fell(self) -> None:
        """The postmaster is gone and nobody asked it to: start it again, a few times."""
        assert self.postmaster is not None
        status = self.postmaster.returncode
        if self.is_closing:
            self.is_ending = True
            return
        if not self.is_ready and status >= 0:
            raise self._why("PostgreSQL did not start")
        self.is_ready = False
        self.crashes.append(time.monotonic())
        if len(self.crashes) == RESTARTS and self.crashes[-1] - self.crashes[0] < RESTARTS_WINDOW_SECONDS:
            raise self._why(f"PostgreSQL ended {RESTARTS} times within {RESTARTS_WINDOW_SECONDS:.0f} s and is given up")
        self._note(f"PostgreSQL {_ended(status)}: starting it again")
        # Its backends are about to notice that it is gone: nothing that anybody needs to read.
        processes.end_leftovers(self.place.cluster, self._log)
        self._start()

    def _why(self, what: str) -> DomainError:
        with self.place.log.open("rb") as log:
            log.seek(self.log_from)
            said = log.read(LOG_LIMIT).decode(errors="replace")
        error = failure(what, said)
        return type(error)(f"{error.message} (log: {self.place.log})")

    def _stop(self) -> None:
        """Fast shutdown; the immediate one (repaired at the next start) only when that takes very long."""
        if self.postmaster is None:
            return
        self.is_ready = False
        begun = time.monotonic()
        number = signal.SIGINT
        while self.postmaster.poll() is None:
            if time.monotonic() - begun > QUIT_SECONDS:
                number = signal.SIGQUIT
            self.postmaster.send_signal(number)
            try:
                self.postmaster.wait(PROGRESS_SECONDS)
            except subprocess.TimeoutExpired:
                self._note(f"PostgreSQL is stopping, {time.monotonic() - begun:.0f} s so far")


def _ended(status: int) -> str:
    return f"was killed (signal {-status})" if status < 0 else f"ended by itself (status {status})"


def open_log(place: Place) -> BinaryIO:
    """For appending; a large one from earlier runs is set aside first."""
    if place.log.is_file() and place.log.stat().st_size > LOG_LIMIT:
        place.log.replace(place.log.with_suffix(".log.1"))
    handle = os.open(place.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    place.give(place.log)
    return os.fdopen(handle, "ab")


def main(home: str, account_name: str, lock: str, promise: str) -> None:
    """Open the door, then let the process that started us go on; the lock stays with us."""
    os.chdir("/")
    os.set_inheritable(int(lock), False)
    try:
        keeper = Keeper(Place(Path(home), named(account_name)), durable=promise == "durable")
    except DomainError as error:
        sys.stdout.buffer.write(encode(Message(State.FAILED, error.message, code=error.code)))
        sys.exit(1)
    if os.fork() > 0:
        os._exit(0)
    for standard in (1, 2):
        os.dup2(keeper.log.fileno(), standard)
    keeper.run()


if __name__ == "__main__":
    main(*sys.argv[1:])
