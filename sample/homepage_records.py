"""Homepages: one file a creator, written with short keys, stored as models/page_blocks.py says."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import Field

from models import page_blocks
from models.page_themes import Theme
from sample import bodies
from sample.known import Known
from sample.naming import FOLDER, Part
from sample.reading import shaped, toml
from services.interchange.records import HomepageRecord

PUBLISHED_AT = datetime(2026, 10, 1, tzinfo=UTC)


class HomepageFile(Part):
    theme: dict[str, Any] = Field(default_factory=dict)
    blocks: list[dict[str, Any]]
    published_at: datetime = PUBLISHED_AT


def files() -> dict[str, Path]:
    """The files by the creator's handle."""
    return {path.stem: path for path in sorted((FOLDER / "homepages").glob("*.toml"))}


def homepage(handle: str, path: Path, known: Known) -> HomepageRecord:
    file = shaped(HomepageFile, toml(path), path)
    blocks = page_blocks.PageBlocks.validate_python([_block(block, known) for block in file.blocks])
    version = {
        "theme": Theme.model_validate(file.theme).model_dump(),
        "blocks": page_blocks.dump(blocks),
        "published_at": file.published_at,
    }
    return HomepageRecord.model_validate({"creator": known.creator(handle), "versions": [version]})


def _block(block: dict[str, Any], known: Known) -> dict[str, Any]:
    """A block with uids for its keys, and its Markdown as blocks."""
    found = dict(block)
    if "image" in found:
        found["image"] = known.picture(found["image"])
    if "content" in found:
        found["content"] = known.content(found["content"])
    if "products" in found:
        found["products"] = [known.product(key) for key in found["products"]]
    if "recommended" in found:
        found["recommended"] = _recommended(found["recommended"], known)
    if "markdown" in found:
        found["body"] = bodies.of_markdown(found.pop("markdown"), known)
    if "selection" in found:
        found["selection"] = _selection(found["selection"], known)
    if "tabs" in found:
        found["tabs"] = [_block(tab, known) for tab in found["tabs"]]
    if "blocks" in found:
        found["blocks"] = [_block(block, known) for block in found["blocks"]]
    if "links" in found:
        found["links"] = [_block(link, known) for link in found["links"]]
    return found


def _selection(selection: dict[str, Any], known: Known) -> dict[str, Any]:
    found = dict(selection)
    if "contents" in found:
        found["contents"] = [known.content(key) for key in found["contents"]]
    if "tags" in found:
        found["tags"] = [known.tag(code) for code in found["tags"]]
    return found


def _recommended(wanted: dict[str, Any], known: Known) -> dict[str, Any]:
    return wanted | {"categories": [known.tag(code) for code in wanted.get("categories", ())]}
