"""Records of the asset centre: files, and the folders that creators keep them in."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from models import AssetFactsSource, AssetKind
from models.texts import Line, Link, Prose
from services.interchange.records.values import Instant, Json, Record, Ref, Sourced, TagCode

Thousandths = Annotated[int, Field(ge=0, le=1000)]


class AssetFolderRecord(Record):
    """A folder of a creator's assets; `parent` is the one it lies in."""

    type: Literal["asset_folder"] = "asset_folder"
    uid: UUID
    creator: Ref
    parent: UUID | None = None
    name: Line
    created_at: Instant | None = None


class AssetRecord(Sourced):
    """A picture, film, sound recording or subtitles: by its address, or by the hash of bytes that lie beside.

    What is said of the file is DECLARED. PROBED says that the exporting side measured it, and counts only with the bytes,
    which are measured anew. The focal point is in thousandths of width and height from the top left.
    """

    type: Literal["asset"] = "asset"
    kind: AssetKind
    creator: Ref | None = None
    folder: UUID | None = None
    url: Link | None = None
    sha256: Annotated[str, StringConstraints(pattern="^[0-9a-f]{64}$")] | None = None
    file_name: Line = ""
    media_type: Line | None = None
    byte_count: Annotated[int, Field(gt=0)] | None = None
    width: Annotated[int, Field(gt=0)] | None = None
    height: Annotated[int, Field(gt=0)] | None = None
    duration_ms: Annotated[int, Field(ge=0)] | None = None
    bitrate: Annotated[int, Field(ge=0)] | None = None
    facts_source: AssetFactsSource = AssetFactsSource.DECLARED
    facts: Json = Field(default_factory=dict)
    alternative_text: Prose = ""
    credit: Prose = ""
    licence: Line = ""
    origin: Prose = ""
    focal_x: Thousandths | None = None
    focal_y: Thousandths | None = None
    expires_at: Instant | None = None
    retired_at: Instant | None = None
    tags: tuple[TagCode, ...] = ()
