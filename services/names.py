"""Names that people give to things: one clean, visible line, or a refusal that says where it is not."""

from __future__ import annotations

from pydantic import TypeAdapter, ValidationError

from core.errors import Invalid
from models.texts import Title

_name: TypeAdapter[str] = TypeAdapter(Title)


class MalformedName(Invalid):
    code = "MALFORMED_NAME"


def checked(name: str, *path: str | int) -> str:
    """The name without the blanks around it; MalformedName, with the path, when it is no line of 1 to 500 characters."""
    try:
        return _name.validate_python(name.strip())
    except ValidationError as error:
        said = error.errors()[0]["msg"].removeprefix("Value error, ")
        raise MalformedName(f"This cannot be a name: {said}.", path=path) from error


def public(name: str) -> str | None:
    """The name as strangers may read it; None where a name is also an address, which is nobody's business."""
    return None if "@" in name else name
