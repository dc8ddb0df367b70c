"""Texts that people give to things: a clean, visible line, prose, a link, a language, or a refusal that says where."""

from __future__ import annotations

import re

from pydantic import TypeAdapter, ValidationError

from core.errors import Invalid
from models.texts import Link, Prose, Title

LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")
LONGEST_LANGUAGE = 35
LONGEST_PROSE = 10_000
"""Characters of what somebody says of themselves, or of a thing, in a few paragraphs."""

_name: TypeAdapter[str] = TypeAdapter(Title)
_prose: TypeAdapter[str] = TypeAdapter(Prose)
_link: TypeAdapter[str] = TypeAdapter(Link)


class MalformedName(Invalid):
    code = "MALFORMED_NAME"


class MalformedText(Invalid):
    code = "MALFORMED_TEXT"


class MalformedLink(Invalid):
    code = "MALFORMED_LINK"


class MalformedLanguage(Invalid):
    code = "MALFORMED_LANGUAGE"


def checked(name: str, *path: str | int) -> str:
    """The name without the blanks around it; MalformedName, with the path, when it is no line of 1 to 500 characters."""
    try:
        return _name.validate_python(name.strip())
    except ValidationError as error:
        said = error.errors()[0]["msg"].removeprefix("Value error, ")
        raise MalformedName(f"This cannot be a name: {said}.", path=path) from error


def prose(text: str, *path: str | int) -> str:
    """The text as it is; MalformedText when it is too long or holds what cannot be published."""
    try:
        if len(text) <= LONGEST_PROSE:
            return _prose.validate_python(text)
    except ValidationError as error:
        said = error.errors()[0]["msg"].removeprefix("Value error, ")
        raise MalformedText(f"This cannot be published: {said}.", path=path) from error
    raise MalformedText(f"Shorten this to at most {LONGEST_PROSE:,} characters.", path=path)


def link(url: str, *path: str | int) -> str:
    """The address of a page; MalformedLink when it is none that a browser would open."""
    try:
        return _link.validate_python(url)
    except ValidationError as error:
        raise MalformedLink("Write an address that begins with https:// or http://.", path=path) from error


def language(text: str, *path: str | int) -> str:
    """A language tag (BCP 47); MalformedLanguage when it is none."""
    if not LANGUAGE.fullmatch(text) or len(text) > LONGEST_LANGUAGE:
        raise MalformedLanguage("Write a language as BCP 47 does, such as zh or en-GB.", path=path)
    return text


def public(name: str) -> str | None:
    """The name as strangers may read it; None where a name is also an address, which is nobody's business."""
    return None if "@" in name else name
