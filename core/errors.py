"""The error families: what a caller can be told, each with a stable code and an HTTP status."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with what was asked: a code, what to do about it, and where (a path into the input)."""

    code: str
    message: str
    path: tuple[str | int, ...] = ()


class DomainError(Exception):
    """An expected failure. The message tells the caller what to do next; subclasses are named after what happened."""

    code: ClassVar[str] = "DOMAIN_ERROR"
    status: ClassVar[int] = 500

    def __init__(self, message: str, *, path: Sequence[str | int] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.path = tuple(path)

    @property
    def problems(self) -> tuple[Problem, ...]:
        return (Problem(self.code, self.message, self.path),)


class NotFound(DomainError):  # noqa: N818  (named after what happened, like all of these)
    """It is not there, or the caller may not know that it is."""

    code = "NOT_FOUND"
    status = 404


class Forbidden(DomainError):  # noqa: N818
    """The caller may know of it, and may not do this with it."""

    code = "FORBIDDEN"
    status = 403


class Unauthenticated(DomainError):  # noqa: N818
    """The credentials are missing, unknown, expired or revoked."""

    code = "UNAUTHENTICATED"
    status = 401


class Invalid(DomainError):  # noqa: N818
    """The input cannot be accepted; `problems` names everything wrong at once."""

    code = "INVALID"
    status = 400

    def __init__(self, message: str, *, path: Sequence[str | int] = (), problems: Sequence[Problem] = ()) -> None:
        super().__init__(message, path=path)
        self._problems = tuple(problems)

    @property
    def problems(self) -> tuple[Problem, ...]:
        return self._problems or super().problems


class Conflict(DomainError):  # noqa: N818
    """The state of things does not allow it now."""

    code = "CONFLICT"
    status = 409


class Gone(DomainError):  # noqa: N818
    """It was there once and will not be again; the message says where to start anew."""

    code = "GONE"
    status = 410


class RateLimited(DomainError):  # noqa: N818
    """Too much, too soon."""

    code = "RATE_LIMITED"
    status = 429


class Unavailable(DomainError):  # noqa: N818
    """Something that this needs is away for now; trying again can help after `retry_after` seconds."""

    code = "UNAVAILABLE"
    status = 503
    retry_after = 2


class Misconfigured(DomainError):  # noqa: N818
    """The process cannot start or go on as it is set up: one line for the operator, which names the setting or the place."""

    code = "MISCONFIGURED"
    status = 500


def together(found: Sequence[DomainError]) -> DomainError:
    """What was found, at least one, to be raised at once: one failure as it is, several as one that names all problems."""
    if len(found) == 1:
        return found[0]
    problems = [problem for error in found for problem in error.problems]
    return Invalid("Several things are wrong; nothing was changed.", problems=problems)
