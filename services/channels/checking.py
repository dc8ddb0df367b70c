"""Checks a folder of packs as a whole: every file, the keys among each other, the parents, and all examples."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from core.errors import Problem
from services.channels import examples
from services.channels.engine import CompiledPack
from services.channels.packs import MalformedPack, Pack, Platform, parse_pack, parse_platforms

PLATFORMS = "platforms.toml"


@dataclass(frozen=True, slots=True)
class CheckedPack:
    """A pack that could be read, with the file it stands in (relative to the folder)."""

    file: str
    pack: Pack


@dataclass(frozen=True, slots=True)
class Report:
    """What was found: packs and platforms by key, and everything that is wrong; messages name file, key and reason."""

    packs: tuple[CheckedPack, ...]
    platforms: tuple[Platform, ...]
    problems: tuple[Problem, ...]
    examples_count: int

    @property
    def is_good(self) -> bool:
        return not self.problems


def check(folder: Path) -> Report:
    """Reads every TOML file below the folder; never stops at a bad one."""
    problems: list[Problem] = []
    platforms: tuple[Platform, ...] = ()
    packs: list[CheckedPack] = []
    for file in sorted(folder.rglob("*.toml")):
        name = file.relative_to(folder).as_posix()
        try:
            if name == PLATFORMS:
                platforms = parse_platforms(text_of(file, name), name)
            else:
                packs.append(CheckedPack(name, parse_pack(text_of(file, name), name)))
        except MalformedPack as error:
            problems.extend(error.problems)
    if not packs and not problems:
        problems.append(Problem("NO_PACKS", f"{folder}: there is no pack in it"))
    problems.extend(_twice([(PLATFORMS, platform.key) for platform in platforms]))
    problems.extend(_twice([(each.file, each.pack.key) for each in packs]))
    problems.extend(_orphans(packs, platforms))
    problems.extend(_failed_examples(packs))
    found = tuple(sorted(packs, key=lambda each: each.pack.key))
    return Report(found, platforms, tuple(problems), sum(len(each.pack.examples) for each in packs))


def text_of(file: Path, name: str) -> str:
    try:
        return file.read_text("utf-8")
    except OSError as error:
        raise MalformedPack(f"{name}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise MalformedPack(f"{name}: not UTF-8: {error.reason} at byte {error.start}") from error


def _twice(places: Sequence[tuple[str, str]]) -> Iterator[Problem]:
    first: dict[str, str] = {}
    for file, key in places:
        if key in first:
            yield Problem("DUPLICATE_KEY", f"{file}: key: {key} is already the key in {first[key]}", ("key",))
        first.setdefault(key, file)


def _orphans(packs: Sequence[CheckedPack], platforms: Sequence[Platform]) -> Iterator[Problem]:
    known = {platform.key for platform in platforms}
    for each in packs:
        parent = each.pack.parent
        if parent is not None and parent not in known:
            yield Problem("UNKNOWN_PARENT", f"{each.file}: parent: {parent} is not in {PLATFORMS}", ("parent",))
        if each.pack.key in known:
            yield Problem("DUPLICATE_KEY", f"{each.file}: key: {each.pack.key} is already a platform's", ("key",))


def _failed_examples(packs: Sequence[CheckedPack]) -> Iterator[Problem]:
    for each in packs:
        for index, said in examples.failures(CompiledPack(each.pack)):
            yield Problem("EXAMPLE_FAILED", f"{each.file}: examples.{index}: {said}", ("examples", index))
