"""Text as we accept it: bounded, without what breaks readers downstream."""

from __future__ import annotations

import re
import unicodedata
from typing import Annotated

from pydantic import AfterValidator, StringConstraints

# XML 1.0 forbids these, escaped or not: one of them in a title makes a whole feed unreadable.
FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
LINKABLE = re.compile(r"(?i)^(https?://[^\s/$.?#][^\s]*|mailto:[^\s@]+@[^\s]+)$")


def clean(text: str) -> str:
    found = FORBIDDEN.search(text)
    if found:
        raise ValueError(f"the character U+{ord(found.group()):04X} cannot be published; remove it")
    return text


def _one_line(text: str) -> str:
    if "\n" in text or "\r" in text:
        raise ValueError("this is one line; remove the line break")
    return text


def _visible(text: str) -> str:
    """Blanks, joiners and marks of direction alone show nothing."""
    if not any(unicodedata.category(character)[0] in "LNPSM" for character in text):
        raise ValueError("there is nothing to see in this; write something")
    return text


def _linkable(url: str) -> str:
    if not LINKABLE.match(url):
        raise ValueError("a link starts with http://, https:// or mailto:")
    return url


Clean = Annotated[str, AfterValidator(clean)]
Line = Annotated[
    str, StringConstraints(strip_whitespace=True, max_length=1_000), AfterValidator(clean), AfterValidator(_one_line)
]
Title = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=500),
    AfterValidator(clean),
    AfterValidator(_one_line),
]
Remark = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=2_000),
    AfterValidator(clean),
    AfterValidator(_visible),
]
Prose = Annotated[str, StringConstraints(max_length=100_000), AfterValidator(clean)]
Link = Annotated[str, StringConstraints(max_length=2_000), AfterValidator(clean), AfterValidator(_linkable)]


def scrub(text: str) -> str:
    """The text without what cannot be published: for imports and for what an older database may hold."""
    return FORBIDDEN.sub("\N{REPLACEMENT CHARACTER}", text)
