"""Tags that the data sets bring: their categories, and their most frequent words as topics."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.datasets.reading import Row, code, line, rows

MOST_FREQUENT = {"tate": 250, "csl": 150, "pyvideo": 100}
MOST_PER_CONTENT = 5


@dataclass(frozen=True)
class Words:
    """The words of each source that became tags, with their counts."""

    counts: dict[str, dict[str, int]]

    def tags(self, source: str, words: list[str] | None) -> list[Row]:
        """The taggings of a content: its most frequent words first, so that they say something about others too."""
        known = self.counts[source]
        chosen = sorted({word for word in words or () if word in known}, key=lambda word: (-known[word], word))
        return [{"tag": f"topic:{code(source, word)}"} for word in chosen[:MOST_PER_CONTENT]]


def count(folder: Path) -> Words:
    counters = {source: Counter[str]() for source in MOST_FREQUENT}
    for row in rows(folder, "galleries_tate_en"):
        counters["tate"].update(tate_words(row))
    for row in rows(folder, "articles_csl_zh"):
        counters["csl"].update(csl_words(row))
    for row in rows(folder, "videos_pyvideo"):
        counters["pyvideo"].update(video_words(row))
    return Words({source: _top(counter, MOST_FREQUENT[source]) for source, counter in counters.items()})


def tate_words(row: Row) -> list[str]:
    return [line(word, 80) for word in (*(row["keywords"] or ()), *(row["movements"] or ()), row["classification"])]


def csl_words(row: Row) -> list[str]:
    return [line(word, 80) for word in (row["discipline"], *(row["keywords"] or ()))]


def video_words(row: Row) -> list[str]:
    return [line(word, 80).lower() for word in row["tags"] or ()]


def _top(counter: Counter[str], most: int) -> dict[str, int]:
    counter.pop("", None)
    return dict(sorted(counter.items(), key=lambda item: (-item[1], item[0]))[:most])


def records(folder: Path, words: Words) -> Iterator[Row]:
    for source, known in words.counts.items():
        language = "zh" if source == "csl" else "en"
        codes = {code(source, word): word for word in known}
        for own, word in sorted(codes.items()):
            yield {"type": "tag", "taxonomy": "topic", "code": own, "labels": {language: word}}
    yield from _categories(folder)


def _categories(folder: Path) -> Iterator[Row]:
    """The category tree of the shop, under codes of its own; roots first."""
    found = {row["id"]: row for row in rows(folder, "categories_litemall_zh")}
    for row in sorted(found.values(), key=lambda row: (row["pid"] in found, row["id"])):
        parent = f"litemall-{row['pid']}" if row["pid"] in found else None
        yield {
            "type": "tag", "taxonomy": "category", "code": f"litemall-{row['id']}", "parent": parent,
            "labels": {"zh": line(row["name"], 80)},
        }  # fmt: skip
