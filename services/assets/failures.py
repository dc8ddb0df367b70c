"""Why a file does not become an asset: the errors that a request is told, and what is said of an upload later on."""

from __future__ import annotations

from core.errors import DomainError, Invalid, Problem
from core.fetching import CannotFetch, UnsafeAddress


class NotTaken(Invalid):
    """The family: the file is not one that we take. An upload keeps the code as its `failure`."""

    code = "INVALID"


class EmptyFile(NotTaken):
    code = "EMPTY_FILE"


class FileTooLarge(NotTaken):
    code = "FILE_TOO_LARGE"
    status = 413


class UnsupportedFile(NotTaken):
    code = "UNSUPPORTED_FILE"
    status = 415


class WrongMediaType(NotTaken):
    """It is something that we take, and not what was announced."""

    code = "WRONG_MEDIA_TYPE"
    status = 415


class ChecksumMismatch(NotTaken):
    """The status is that of tus for a piece whose checksum is another; clients that do not know it read it as 400."""

    code = "CHECKSUM_MISMATCH"
    status = 460


class BrokenFile(NotTaken):
    code = "BROKEN_FILE"


class TooManyPixels(NotTaken):
    code = "TOO_MANY_PIXELS"


class TooManyFrames(NotTaken):
    code = "TOO_MANY_FRAMES"


class ProbeTooSlow(NotTaken):
    code = "PROBE_TOO_SLOW"


class ProbeFailed(NotTaken):
    code = "PROBE_FAILED"


EMPTY = "The file is empty: send one with at least one byte."
TOO_LARGE = "The file is larger than files of its kind may be."
UNSUPPORTED = (
    "This is no file that we take: send JPEG, PNG, GIF, WebP, AVIF, TIFF, MP4, QuickTime, WebM, Matroska, MP3, AAC, Ogg,"
    " WAV, FLAC, WebVTT or SubRip."
)
WRONG_TYPE = "The file is of another kind than was announced: announce what it is, or leave that out."
MISMATCH = "What arrived has another checksum than was announced: send the file again."

_SAID: dict[type[DomainError], str] = {
    EmptyFile: EMPTY,
    FileTooLarge: TOO_LARGE,
    UnsupportedFile: UNSUPPORTED,
    WrongMediaType: WRONG_TYPE,
    ChecksumMismatch: MISMATCH,
    BrokenFile: "The file is broken or cut short: open it where it was made, and save it anew.",
    TooManyPixels: "The picture has more pixels than are taken: make it smaller.",
    TooManyFrames: "The moving picture has more frames than are taken: send it as a film.",
    ProbeTooSlow: "Looking into the file took too long: send a simpler one.",
    ProbeFailed: "The file could not be looked into: save it in another format and send that.",
    UnsafeAddress: "The address leads, or may lead, inside our network: only public ones are fetched.",
    CannotFetch: "The address did not answer with a file, several times: check it and try again.",
}
_BY_CODE = {family.code: family for family in _SAID}


def error_of(code: str) -> DomainError:
    """Why an upload was refused, by the code that it keeps, as something to raise."""
    family = _BY_CODE.get(code, ProbeFailed)
    return family(_SAID[family])


def failure(code: str) -> Problem:
    """What is said of an upload that was refused with this code."""
    return error_of(code).problems[0]
