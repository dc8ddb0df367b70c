"""What the keeper of an embedded PostgreSQL and its users say to each other: one JSON object a line."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from enum import StrEnum


class State(StrEnum):
    """`NOTE` is progress; `READY`, `FAILED`, `STAYS` (others still use it) and `STOPPED` are turns of events."""

    NOTE = "NOTE"
    READY = "READY"
    FAILED = "FAILED"
    STAYS = "STAYS"
    STOPPED = "STOPPED"


@dataclass(frozen=True, slots=True)
class Message:
    """`text` is for people; `code` goes with FAILED; the rest describes the server and goes with READY."""

    state: State
    text: str = ""
    code: str = ""
    sockets: str = ""
    version: str = ""
    binaries: str = ""
    durable: bool = True


def encode(message: Message) -> bytes:
    return json.dumps(asdict(message)).encode() + b"\n"


def decode(line: bytes) -> Message:
    fields = json.loads(line)
    return Message(**{**fields, "state": State(fields["state"])})
