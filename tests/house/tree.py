"""The files of this project, for tests that look over all of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FLOORS = ("api", "core", "models", "search", "services", "scripts", "sample", "bench")
HIDDEN_AND_OURS = {".ci"}
MADE = {"__pycache__", "build", "dist"}
OWN = {".env"}  # what a developer keeps beside the project
TEXTS = {
    ".css",
    ".graphql",
    ".html",
    ".in",
    ".ini",
    ".json",
    ".mako",
    ".md",
    ".py",
    ".sh",
    ".svg",
    ".toml",
    ".txt",
    ".yaml",
}


def modules(*folders: str) -> list[Path]:
    """The Python files below these folders of the project."""
    return sorted(path for folder in folders for path in files(ROOT / folder) if path.suffix == ".py")


def texts() -> list[Path]:
    """Everything in the project that people read."""
    return sorted(path for path in files(ROOT) if path.suffix in TEXTS or not path.suffix)


def files(folder: Path) -> Iterator[Path]:
    """Files below a folder, without what tools keep for themselves."""
    for path in folder.iterdir():
        if path.is_dir():
            is_tools = path.name.startswith(".") and path.name not in HIDDEN_AND_OURS
            if not is_tools and path.name not in MADE and not path.name.endswith(".egg-info"):
                yield from files(path)
        elif path.name not in OWN:
            yield path


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()
