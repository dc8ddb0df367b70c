"""Looks into a file of any kind that is taken: what it is by its first bytes, its facts, and the file that is served."""

from __future__ import annotations

from pathlib import Path

from services.media import films, pictures, remuxing, sniffing, stripping, subtitles
from services.media.facts import Facts, Flaw, Limits, Refused


def probe(path: Path, served: Path, limits: Limits) -> Facts:
    """The facts of the file at `path`. Where it tells where it was made, one that does not is written to `served`.

    Raises Refused, then there is nothing at `served` that counts.
    """
    with path.open("rb") as file:
        head = file.read(sniffing.HEAD_BYTES)
    if not head:
        raise Refused(Flaw.EMPTY_FILE, "the file has no bytes")
    media_type = sniffing.media_type_of(head)
    if media_type is None:
        raise Refused(Flaw.UNSUPPORTED_FILE, sniffing.why_not(head))
    match sniffing.KINDS[media_type]:
        case "IMAGE":
            picture = pictures.probe(path, media_type, limits)
            if picture.has_location:
                stripping.without_location(path, media_type, served)
            return picture
        case "SUBTITLES":
            return subtitles.probe(path, media_type)
        case _:
            film = films.probe(path, media_type, limits)
            if film.has_location:
                remuxing.without_location(path, media_type, served)
            return film
