"""What changed between two versions: texts word by word (Chinese and Japanese sign by sign), bodies block by block, the rest
value by value. Pure, and bounded: where two texts have next to nothing in common they are told as replaced.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from models import blocks

MOST_STEPS = 500_000
"""Comparisons for one pair of versions, all texts together: about 0.2 s, and 30 MB to remember the way."""

MOST_RUNS = 100
"""Pieces that a text is told in; in more than that nobody sees what changed."""

SIGNS = r"\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
WORD = re.compile(rf"[{SIGNS}]|[^\W{SIGNS}]+|\s+|.", re.DOTALL)


class Change(enum.StrEnum):
    SAME = "SAME"
    REMOVED = "REMOVED"
    ADDED = "ADDED"
    CHANGED = "CHANGED"


@dataclass(frozen=True, slots=True)
class Run:
    """A piece of text that both have, or one of them."""

    change: Change
    text: str


@dataclass(frozen=True, slots=True)
class BlockDifference:
    """A block that one version has and the other has not, or has otherwise. Places count from 0."""

    change: Change
    before: blocks.Block | None
    after: blocks.Block | None
    place_before: int | None
    place_after: int | None
    runs: tuple[Run, ...] = ()


@dataclass(frozen=True, slots=True)
class ValueDifference:
    """A value of the format's own part, by its path such as pictures.0.caption; None where there is none."""

    path: str
    before: str | None
    after: str | None


@dataclass(slots=True)
class Budget:
    """How many comparisons are left."""

    steps: int = MOST_STEPS


@dataclass(frozen=True, slots=True)
class Words:
    """What is compared of a version."""

    title: str
    summary: str
    body: Sequence[Any]
    details: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Difference:
    """Everything that differs; empty where nothing does."""

    title: tuple[Run, ...] = ()
    summary: tuple[Run, ...] = ()
    blocks: tuple[BlockDifference, ...] = ()
    details: tuple[ValueDifference, ...] = field(default=())


def between(before: Words, after: Words) -> Difference:
    """What differs between two versions."""
    budget = Budget()
    return Difference(
        title=changed_text(before.title, after.title, budget),
        summary=changed_text(before.summary, after.summary, budget),
        blocks=tuple(_blocks(before.body, after.body, budget)),
        details=tuple(_values(before.details, after.details)),
    )


def changed_text(before: str, after: str, budget: Budget) -> tuple[Run, ...]:
    """The pieces of both texts in order; none where they are equal."""
    if before == after:
        return ()
    runs: list[Run] = []
    for change, words in _steps(WORD.findall(before), WORD.findall(after), budget):
        text = "".join(words)
        if runs and runs[-1].change is change:
            text = runs.pop().text + text
        runs.append(Run(change, text))
    return tuple(runs) if len(runs) <= MOST_RUNS else _replaced(before, after)


def _replaced(before: str, after: str) -> tuple[Run, ...]:
    both = (Run(Change.REMOVED, before), Run(Change.ADDED, after))
    return tuple(run for run in both if run.text)


def _blocks(before: Sequence[Any], after: Sequence[Any], budget: Budget) -> Iterator[BlockDifference]:
    """Blocks that went or came, in order; what went and came at the same place, of one type, is one that changed."""
    old, new = blocks.load(list(before)), blocks.load(list(after))
    keys = [[orjson.dumps(block, option=orjson.OPT_SORT_KEYS) for block in body] for body in (before, after)]
    place_before = place_after = 0
    gone: list[int] = []
    came: list[int] = []
    for change, same in _steps(keys[0], keys[1], budget):
        if change is Change.REMOVED:
            gone.extend(range(place_before, place_before + len(same)))
            place_before += len(same)
        elif change is Change.ADDED:
            came.extend(range(place_after, place_after + len(same)))
            place_after += len(same)
        else:
            yield from _paired(old, new, gone, came, budget)
            gone, came = [], []
            place_before, place_after = place_before + len(same), place_after + len(same)
    yield from _paired(old, new, gone, came, budget)


def _paired(
    old: Sequence[blocks.Block], new: Sequence[blocks.Block], gone: list[int], came: list[int], budget: Budget
) -> Iterator[BlockDifference]:
    """What went and came between two blocks that stayed: those of one type, in order, are told as changed."""
    types = [old[place].type for place in gone], [new[place].type for place in came]
    for change, stretch in _steps(*types, budget):
        for _ in stretch:
            was = None if change is Change.ADDED else gone.pop(0)
            now = None if change is Change.REMOVED else came.pop(0)
            yield _block(was, now, None if was is None else old[was], None if now is None else new[now], budget)


def _block(
    was: int | None, now: int | None, before: blocks.Block | None, after: blocks.Block | None, budget: Budget
) -> BlockDifference:
    if before is None or after is None:
        return BlockDifference(Change.ADDED if before is None else Change.REMOVED, before, after, was, now)
    texts = ["\n".join(blocks.paragraphs((block,))) for block in (before, after)]
    return BlockDifference(Change.CHANGED, before, after, was, now, changed_text(texts[0], texts[1], budget))


def _values(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[ValueDifference]:
    old, new = dict(_flat(before)), dict(_flat(after))
    for path in dict.fromkeys([*old, *new]):
        if old.get(path) != new.get(path):
            yield ValueDifference(path, old.get(path), new.get(path))


def _flat(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """The plain values inside, each with its path; what is null or an empty text is not there."""
    match value:
        case Mapping():
            for name, part in value.items():
                yield from _flat(part, f"{path}.{name}" if path else str(name))
        case list() | tuple():
            for place, part in enumerate(value):
                yield from _flat(part, f"{path}.{place}")
        case None | "":
            return
        case str():
            yield path, value
        case _:
            yield path, orjson.dumps(value).decode()


Stretch = tuple[Change, Sequence[Any]]


def _steps(before: Sequence[Hashable], after: Sequence[Hashable], budget: Budget) -> Iterator[Stretch]:
    """The way from one sequence to the other in stretches that stay, go and come."""
    start = _common(before, after)
    end = _common(before[start:][::-1], after[start:][::-1])
    old, new = before[start : len(before) - end], after[start : len(after) - end]
    if start:
        yield Change.SAME, before[:start]
    yield from _shortest(old, new, budget)
    if end:
        yield Change.SAME, before[len(before) - end :]


def _common(one: Sequence[Hashable], other: Sequence[Hashable]) -> int:
    count = 0
    for mine, theirs in zip(one, other, strict=False):
        if mine != theirs:
            break
        count += 1
    return count


def _shortest(old: Sequence[Hashable], new: Sequence[Hashable], budget: Budget) -> Iterator[Stretch]:
    """The fewest removals and additions (E. Myers: An O(ND) Difference Algorithm and Its Variations, 1986), or everything
    replaced when there would be more than the budget pays for.
    """
    trace = _furthest(old, new, budget) if old and new else None
    if trace is None:
        if old:
            yield Change.REMOVED, old
        if new:
            yield Change.ADDED, new
        return
    yield from _walked(old, new, trace)


def _furthest(old: Sequence[Hashable], new: Sequence[Hashable], budget: Budget) -> list[dict[int, int]] | None:
    """For each number of edits, how far one gets on each diagonal; until the end is reached, or the budget is spent."""
    reached, trace = {1: 0}, []
    for edits in range(len(old) + len(new) + 1):
        trace.append(dict(reached))
        for diagonal in range(-edits, edits + 1, 2):
            down = diagonal == -edits or (diagonal != edits and reached[diagonal - 1] < reached[diagonal + 1])
            x = reached[diagonal + 1] if down else reached[diagonal - 1] + 1
            begun = x
            while x < len(old) and x - diagonal < len(new) and old[x] == new[x - diagonal]:
                x += 1
            reached[diagonal] = x
            budget.steps -= 1 + x - begun
            if x >= len(old) and x - diagonal >= len(new):
                return trace
        # remembering a round costs as much as walking it
        budget.steps -= 2 * edits
        if budget.steps < 0:
            return None
    return None


def _walked(old: Sequence[Hashable], new: Sequence[Hashable], trace: list[dict[int, int]]) -> Iterator[Stretch]:
    """The stretches along the way that the trace tells, from its end to its beginning and then in order."""
    x, y = len(old), len(new)
    back: list[Stretch] = []
    for edits in range(len(trace) - 1, -1, -1):
        reached, diagonal = trace[edits], x - y
        down = diagonal == -edits or (
            diagonal != edits and reached.get(diagonal - 1, -1) < reached.get(diagonal + 1, -1)
        )
        before = diagonal + 1 if down else diagonal - 1
        came_x = reached[before] if edits else 0
        came_y = came_x - before if edits else 0
        while x > came_x and y > came_y:
            x, y = x - 1, y - 1
            back.append((Change.SAME, [old[x]]))
        if edits:
            back.append((Change.ADDED, [new[came_y]]) if down else (Change.REMOVED, [old[came_x]]))
            x, y = came_x, came_y
    yield from reversed(back)
