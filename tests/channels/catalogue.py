"""The packs that come with Headwater and the page about them, which `headwater channels docs` writes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from services.channels import catalogue_page
from services.channels.catalogue_page import GROUPS, group
from services.channels.packs import Pack, parse_pack

__all__ = ["FOLDER", "GROUPS", "PAGE", "ROOT", "group", "page", "read_packs"]

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "channels"
PAGE = ROOT / "docs" / "channels.md"


def read_packs() -> dict[Path, Pack]:
    """Every pack of the folder by its path below it, in the order of paths."""
    files = sorted(path for path in FOLDER.rglob("*.toml") if path.name != "platforms.toml")
    return {path.relative_to(FOLDER): parse_pack(path.read_text(encoding="utf-8"), path.name) for path in files}


def page(packs: Mapping[Path, Pack], current: str) -> str:
    """The page as it should be, with the words around the catalogue as they are."""
    by_file = {path.as_posix(): pack for path, pack in packs.items()}
    return catalogue_page.page(by_file, current, "../channels")
