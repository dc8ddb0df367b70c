"""Why a file does not become an asset: the errors that a request is told, and what is said of an upload later on."""

from __future__ import annotations

from core.errors import DomainError, Invalid, Problem


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


EMPTY = "The file is empty: send one with at least one byte."
TOO_LARGE = "The file is larger than files of its kind may be."
UNSUPPORTED = (
    "This is no file that we take: send JPEG, PNG, GIF, WebP, AVIF, TIFF, MP4, QuickTime, WebM, Matroska, MP3, AAC, Ogg,"
    " WAV, FLAC, WebVTT or SubRip."
)
WRONG_TYPE = "The file is of another kind than was announced: announce what it is, or leave that out."
MISMATCH = "What arrived has another checksum than was announced: send the file again."

FAILURES: dict[str, Problem] = {
    one.code: one
    for one in (
        Problem("EMPTY_FILE", EMPTY),
        Problem("FILE_TOO_LARGE", TOO_LARGE),
        Problem("UNSUPPORTED_FILE", UNSUPPORTED),
        Problem("WRONG_MEDIA_TYPE", WRONG_TYPE),
        Problem("CHECKSUM_MISMATCH", MISMATCH),
        Problem("BROKEN_FILE", "The file is broken or cut short: open it where it was made, and save it anew."),
        Problem("TOO_MANY_PIXELS", "The picture has more pixels than are taken: make it smaller."),
        Problem("TOO_MANY_FRAMES", "The moving picture has more frames than are taken: send it as a film."),
        Problem("PROBE_TOO_SLOW", "Looking into the file took too long: send a simpler one."),
        Problem("PROBE_FAILED", "The file could not be looked into: save it in another format and send that."),
        Problem("UNSAFE_ADDRESS", "The address leads, or may lead, inside our network: only public ones are fetched."),
        Problem("CANNOT_FETCH", "The address did not answer with a file, several times: check it and try again."),
    )
}
"""By the code that an upload was refused with, what to say of it."""


def failure(code: str) -> Problem:
    """What is said of an upload that was refused with this code."""
    return FAILURES.get(code) or Problem(code, "The file was refused.")


_CLASSES: tuple[type[NotTaken], ...] = (EmptyFile, FileTooLarge, UnsupportedFile, WrongMediaType, ChecksumMismatch)
_RAISED: dict[str, type[NotTaken]] = {one.code: one for one in _CLASSES}


def error_of(code: str) -> DomainError:
    """The same as something to raise: with the status of its code, where it has one."""
    told = failure(code)
    family = _RAISED.get(code)
    return family(told.message) if family else NotTaken(told.message, problems=[told])
