"""Lines of the data sets, and the texts, codes and made-up facts that records are built from."""

from __future__ import annotations

import gzip
import hashlib
import random
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson

SEED = "headwater-2026"
SYNTHETIC = "synthetic"
_SPACE = re.compile(r"\s+")
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_NOT_CODE = re.compile(r"[^a-z0-9]+")
_LINK = re.compile(r"^https?://[^\s/$.?#][^\s]*$")

Row = dict[str, Any]


class _Given(Row):
    """A row of a data set; the sets leave out what they do not know."""

    def __missing__(self, name: str) -> None:
        return None


def rows(folder: Path, name: str) -> Iterator[Row]:
    """The objects of one data set; none when the folder does not hold it."""
    path = folder / f"{name}.jsonl.gz"
    if path.is_file():
        with gzip.open(path, "rb") as lines:
            for text in lines:
                yield _Given(orjson.loads(text))


def line(text: Any, limit: int = 500) -> str:
    """A text in one line, without what cannot be published."""
    return _SPACE.sub(" ", _FORBIDDEN.sub("", str(text or ""))).strip()[:limit].rstrip()


def prose(text: Any, limit: int = 20_000) -> str:
    return _FORBIDDEN.sub("", str(text or "")).replace("\r\n", "\n").strip()[:limit]


def link(url: Any) -> str | None:
    given = line(url, 2_000).replace(" ", "%20")
    given = f"https:{given}" if given.startswith("//") else given
    return given if _LINK.match(given) else None


def digest(text: str, length: int = 8) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:length]


def code(prefix: str, text: str) -> str:
    """A code for a word in any script; what the Latin letters do not tell, a digest does."""
    plain = _NOT_CODE.sub("-", text.lower()).strip("-")[:50].strip("-")
    return f"{prefix}-{plain}" if plain and plain.isascii() and text.isascii() else f"{prefix}-{digest(text)}"


def handle(name: str, key: str) -> str:
    plain = _NOT_CODE.sub("-", name.lower()).strip("-")[:40].strip("-")
    return f"{plain or 'creator'}-{digest(key, 6)}"


def dice(key: str) -> random.Random:
    """Chance that falls the same way for the same key, everywhere."""
    return random.Random(f"{SEED}:{key}")


def moment(key: str) -> str:
    """A made-up instant of the two years up to 1 November 2026, for what has no date of its own."""
    seconds = dice(f"moment:{key}").randrange(2 * 365 * 86_400)
    return stamp(datetime(2026, 11, 1, tzinfo=UTC) - timedelta(seconds=seconds))


def day(text: str, key: str) -> str:
    """A known day, at a made-up time of it."""
    start = datetime.fromisoformat(text[:10]).replace(tzinfo=UTC)
    return stamp(start + timedelta(seconds=dice(f"time:{key}").randrange(86_400)))


def stamp(instant: datetime) -> str:
    return instant.isoformat().replace("+00:00", "Z")


def paragraphs(text: str) -> list[Row]:
    """Plain text as blocks, a paragraph for each run of lines."""
    runs = [line(run, 20_000) for run in re.split(r"\n\s*\n", text)]
    return [{"type": "paragraph", "spans": [{"text": run}]} for run in runs if run][:500]
