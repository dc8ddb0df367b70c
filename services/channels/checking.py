"""Checks a folder of packs as a whole: every file, the keys among each other, the parents, and all examples."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from core.errors import Problem
from services.channels import clean_out, examples
from services.channels.complaints import PackProblem, did_you_mean, problem
from services.channels.engine import CompiledPack
from services.channels.packs import MalformedPack, Pack, Platform, parse_pack, parse_platforms
from services.channels.soundness import contradictions, endless, unreachable
from services.channels.vocabulary import Vocabulary, unknown_words

PLATFORMS = "platforms.toml"


@dataclass(frozen=True, slots=True)
class CheckedPack:
    """A pack that could be read, with the file it stands in (relative to the folder) and the text of it."""

    file: str
    pack: Pack
    text: str = field(repr=False)

    def problem(self, code: str, path: tuple[str | int, ...], reason: str) -> PackProblem:
        """Something wrong at a path of the file."""
        return problem(code, self.file, self.text, path, reason)


@dataclass(frozen=True, slots=True)
class Report:
    """What was found: packs and platforms by key, and everything that is wrong; messages name file, line, key and reason."""

    packs: tuple[CheckedPack, ...]
    platforms: tuple[Platform, ...]
    problems: tuple[Problem, ...]
    examples_count: int

    @property
    def is_good(self) -> bool:
        return not self.problems


def check(folder: Path, vocabulary: Vocabulary | None = None) -> Report:
    """Reads every TOML file below the folder; never stops at a bad one. With a vocabulary also the words that packs take
    from it.
    """
    problems: list[Problem] = []
    platforms: tuple[Platform, ...] = ()
    packs: list[CheckedPack] = []
    heads = ""
    for file in sorted(folder.rglob("*.toml")):
        name = file.relative_to(folder).as_posix()
        try:
            text = text_of(file, name)
            if name == PLATFORMS:
                heads = text
                platforms = parse_platforms(text, name)
            else:
                packs.append(CheckedPack(name, parse_pack(text, name), text))
        except MalformedPack as error:
            problems.extend(error.problems)
    if not packs and not problems:
        problems.append(Problem("NO_PACKS", f"{folder}: there is no pack in it"))
    problems.extend(_twice(platforms, heads))
    problems.extend(_same_keys(packs))
    problems.extend(_orphans(packs, platforms))
    problems.extend(_strays(packs, platforms))
    for each in packs:
        problems.extend(faults(each, vocabulary))
    found = tuple(sorted(packs, key=lambda each: each.pack.key))
    return Report(found, platforms, tuple(problems), sum(len(each.pack.examples) for each in packs))


def text_of(file: Path, name: str) -> str:
    try:
        return file.read_text("utf-8")
    except OSError as error:
        raise MalformedPack(f"{name}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise MalformedPack(f"{name}: not UTF-8: {error.reason} at byte {error.start}") from error


def _twice(platforms: Sequence[Platform], text: str) -> Iterator[Problem]:
    first: dict[str, int] = {}
    for index, platform in enumerate(platforms):
        if platform.key in first:
            reason = f"{platform.key} is already the key of platforms.{first[platform.key]}"
            yield problem("DUPLICATE_KEY", PLATFORMS, text, ("platforms", index, "key"), reason)
        first.setdefault(platform.key, index)


def _same_keys(packs: Sequence[CheckedPack]) -> Iterator[Problem]:
    first: dict[str, str] = {}
    for each in packs:
        key = each.pack.key
        if key in first:
            yield each.problem("DUPLICATE_KEY", ("key",), f"{key} is already the key in {first[key]}")
        first.setdefault(key, each.file)


def _orphans(packs: Sequence[CheckedPack], platforms: Sequence[Platform]) -> Iterator[Problem]:
    known = {platform.key for platform in platforms}
    for each in packs:
        parent = each.pack.parent
        if parent is not None and parent not in known:
            near = did_you_mean(parent, known)
            yield each.problem("UNKNOWN_PARENT", ("parent",), f"{parent} is not in {PLATFORMS}.{near}")
        if each.pack.key in known:
            yield each.problem("DUPLICATE_KEY", ("key",), f"{each.pack.key} is already a platform's")


def _strays(packs: Sequence[CheckedPack], platforms: Sequence[Platform]) -> Iterator[Problem]:
    """Places that an entry says it is shown in besides, and that are not there."""
    known = {platform.key for platform in platforms} | {each.pack.key for each in packs}
    for each in packs:
        for index, key in enumerate(each.pack.showing.also_in if each.pack.showing else ()):
            if key not in known:
                near = did_you_mean(key, known)
                yield each.problem("UNKNOWN_CHANNEL", ("showing", "also_in", index), f"there is no {key} here.{near}")


def faults(each: CheckedPack, vocabulary: Vocabulary | None = None) -> Iterator[Problem]:
    """What is wrong with a pack by itself, although it could be read."""
    if vocabulary is not None:
        for path, reason in unknown_words(each.pack, vocabulary):
            yield each.problem("UNKNOWN_WORD", path, reason)
    for path, reason in contradictions(each.pack):
        yield each.problem("CONTRADICTORY_RULES", path, reason)
    for path, reason in unreachable(each.pack):
        yield each.problem("FORMAT_NEVER_TAKEN", path, reason)
    for path, reason in endless(each.pack):
        yield each.problem("ENDLESS_TRIAL", path, reason)
    for index, said in examples.failures(CompiledPack(each.pack)):
        yield each.problem("EXAMPLE_FAILED", ("examples", index), said)
    if each.pack.clean_out is not None:
        for index, said in clean_out.failures(each.pack.clean_out):
            yield each.problem("EXAMPLE_FAILED", ("clean_out", "examples", index), said)
