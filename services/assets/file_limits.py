"""How large a file may be, by what kind it is, and which media types are of one kind."""

from __future__ import annotations

import re
from dataclasses import dataclass

from core.settings import Settings
from models import AssetKind
from services.assets.failures import TOO_LARGE, UNSUPPORTED, WRONG_TYPE, FileTooLarge, UnsupportedFile, WrongMediaType
from services.media import sniffing

LARGEST_SUBTITLES = 5_000_000
"""Bytes of subtitles: the words of a film of two hours are some 200 kB."""

UNTOLD = frozenset({"", "application/octet-stream", "binary/octet-stream"})
"""What clients announce that do not know what they send."""

FORM = re.compile(r"[a-z0-9.+-]{1,40}/[a-z0-9.+-]{1,80}")

# what subtitles are announced as by those who do not know them
_TEXTS = frozenset({"text/plain", "text/srt", "application/srt"})


@dataclass(frozen=True, slots=True)
class FileLimits:
    """The largest file of each kind, in bytes."""

    image: int
    video: int
    audio: int
    subtitles: int = LARGEST_SUBTITLES

    @classmethod
    def of(cls, settings: Settings) -> FileLimits:
        return cls(settings.image_limit, settings.video_limit, settings.audio_limit)

    @property
    def largest(self) -> int:
        return max(self.image, self.video, self.audio, self.subtitles)

    def of_kind(self, kind: AssetKind) -> int:
        by_kind = {AssetKind.IMAGE: self.image, AssetKind.VIDEO: self.video, AssetKind.AUDIO: self.audio}
        return by_kind.get(kind, self.subtitles)

    def of_type(self, media_type: str | None) -> int:
        """Of a file of this media type; the largest of all where it is not known yet, or none that we name."""
        kind = kind_of(media_type) if media_type else None
        return self.largest if kind is None else self.of_kind(kind)

    def check(self, byte_count: int, media_type: str | None) -> None:
        """FileTooLarge when a file of this type may not have so many bytes."""
        most = self.of_type(media_type)
        if byte_count > most:
            raise FileTooLarge(f"{TOO_LARGE} This is limited to {most:,} bytes.", path=("byte_count",))


def kind_of(media_type: str) -> AssetKind | None:
    """The kind of the files of a media type that we take; None for all others."""
    found = sniffing.KINDS.get(media_type)
    return None if found is None else AssetKind(found)


def announced(text: str | None) -> str | None:
    """The media type that somebody announces, plainly written; None when it says nothing. UnsupportedFile for one that is
    none of the kinds that we take: the bytes decide later on which it is.
    """
    plain = (text or "").partition(";")[0].strip().lower()
    if plain in UNTOLD:
        return None
    if not FORM.fullmatch(plain) or _family(plain) is None or plain == "image/svg+xml":
        raise UnsupportedFile(UNSUPPORTED, path=("media_type",))
    return plain


def recognised(head: bytes, announced: str | None) -> str:
    """The media type of a file that begins with these bytes (64 KiB of them, or all). UnsupportedFile when it is none that
    we take, WrongMediaType when it is of another family than was announced.
    """
    found = sniffing.media_type_of(head)
    if found is None or kind_of(found) is None:
        why = sniffing.why_not(head)
        raise UnsupportedFile(f"{why[0].upper()}{why[1:]}.")
    if announced is not None and _family(announced) != _family(found):
        raise WrongMediaType(WRONG_TYPE)
    return found


def _family(media_type: str) -> str | None:
    """Films and sound are one family: they come in the same containers, and only the probe tells which it is."""
    kind = kind_of(media_type)
    if kind is AssetKind.SUBTITLES or media_type in _TEXTS:
        return "text"
    main = media_type.partition("/")[0]
    return {"image": "image", "video": "media", "audio": "media"}.get(main)
