"""Short keys of the sample's files, and the names that their records carry."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, StringConstraints

from services.interchange.records import uid_for

SOURCE = "sample"
FOLDER = Path(__file__).parent

Key = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]*$", max_length=80)]


class Part(BaseModel):
    """Part of a file: a key that nobody reads is a mistake of whoever wrote it."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def named(kind: str, key: str) -> dict[str, Any]:
    """How a record of the sample is named: the same in every database."""
    return {"source": SOURCE, "external_key": f"{kind}:{key}"}


def uid(kind: str, key: str) -> UUID:
    return uid_for(SOURCE, f"{kind}:{key}")
