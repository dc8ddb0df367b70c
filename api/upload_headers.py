"""What the headers of an upload say: numbers, digests, checksums and metadata, read strictly."""

from __future__ import annotations

import base64
import binascii
import re
from email.utils import format_datetime

from starlette.requests import Request

import models
from core.errors import Invalid
from services.assets.receiving import Checksum

ALGORITHMS = {"sha1": 20, "sha256": 32}
"""The checksums of tus that are taken, by hashlib's names, and the bytes of their digests."""

LONGEST_METADATA = 8_000
NUMBER = re.compile(r"[0-9]{1,18}")
DIGEST = re.compile(r"(?:^|,)\s*sha-256\s*=\s*([^,]*?)\s*(?=,|$)")
BYTES = re.compile(r":([A-Za-z0-9+/]{43}=):")
WAIT = re.compile(r"(?:^|[,;\s])wait\s*=\s*\"?([0-9]{1,9})")
KEY = re.compile(r"[\x21-\x2b\x2d-\x7e]{1,100}")


class BadUploadHeader(Invalid):
    """A header of an upload is missing, or not of its form."""

    code = "BAD_UPLOAD_HEADER"


def whole_number(request: Request, name: str) -> int:
    """A header that counts bytes; it must be there."""
    given = request.headers.get(name, "")
    if not NUMBER.fullmatch(given):
        raise BadUploadHeader(f"Send {name} as a whole number of bytes, in decimal digits.")
    return int(given)


def announced_length(request: Request) -> int | None:
    """The Content-Length; None for a body that comes in chunks."""
    return whole_number(request, "Content-Length") if "content-length" in request.headers else None


def digest(request: Request) -> bytes | None:
    """The SHA-256 of `Content-Digest` or `Repr-Digest` (RFC 9530): of a body that is not encoded they are the same."""
    found: set[bytes] = set()
    for name in ("Content-Digest", "Repr-Digest"):
        for given in DIGEST.findall(", ".join(request.headers.getlist(name))):
            form = BYTES.fullmatch(given)
            if form is None:
                raise BadUploadHeader(f"Send {name} as sha-256=:…: with the digest in base64.")
            found.add(base64.b64decode(form[1]))
    if len(found) > 1:
        raise BadUploadHeader("Content-Digest and Repr-Digest name two SHA-256: send one.")
    return found.pop() if found else None


def checksum(request: Request) -> Checksum | None:
    """The `Upload-Checksum` of tus: an algorithm, a blank, the digest in base64."""
    given = request.headers.get("upload-checksum")
    if given is None:
        return None
    algorithm, _, text = given.partition(" ")
    if algorithm not in ALGORITHMS:
        raise BadUploadHeader(f"Upload-Checksum: the algorithms taken are {', '.join(ALGORITHMS)}.")
    found = _decoded(text)
    if found is None or len(found) != ALGORITHMS[algorithm]:
        raise BadUploadHeader("Upload-Checksum: send the algorithm, a blank, and the digest in base64.")
    return Checksum(algorithm, found)


def metadata(request: Request) -> dict[str, str]:
    """The `Upload-Metadata` of tus: keys and values in base64, of which each key stands once."""
    given = request.headers.get("upload-metadata", "")
    if len(given) > LONGEST_METADATA:
        raise BadUploadHeader(f"Upload-Metadata holds at most {LONGEST_METADATA} characters.")
    read: dict[str, str] = {}
    for pair in filter(None, (part.strip() for part in given.split(","))):
        key, _, text = pair.partition(" ")
        value = _decoded(text)
        if value is None or not KEY.fullmatch(key) or key in read:
            raise BadUploadHeader("Upload-Metadata: send pairs of a key, a blank and a value in base64, each key once.")
        try:
            read[key] = value.decode()
        except UnicodeDecodeError as error:
            raise BadUploadHeader(f"Upload-Metadata: the value of {key[:40]} is not UTF-8.") from error
    return read


def wait(request: Request, most: float) -> float:
    """For how many seconds the client would wait for the end (`Prefer: wait=…`, RFC 7240), as far as we do."""
    found = WAIT.search(", ".join(request.headers.getlist("prefer")))
    return min(most, float(found[1])) if found else most


def expires(upload: models.AssetUpload) -> str:
    """The instant after which an upload is gone, as headers have it (RFC 9110)."""
    return format_datetime(upload.expires_at, usegmt=True)


def _decoded(text: str) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
