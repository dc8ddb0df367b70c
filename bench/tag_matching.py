"""How fast names of tags are found in text: `python -m bench.tag_matching DATA`.

DATA is the folder with `articles_howtocook_zh`, `articles_csl_zh` and `videos_pyvideo` (gzip, JSON Lines). Two
vocabularies: the sample's own, and 20,000 tags whose names are cut out of those texts from a fixed seed, so that they are
found far more often than real names would be.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench.datasets.reading import rows
from sample import vocabulary_records
from search import analysis
from services.tag_matching import Matcher, Name

SEED = 1
MANY = 20_000
ROUNDS = 3
SETS = {
    "zh": (("articles_howtocook_zh", "body_markdown"), ("articles_csl_zh", "abstract")),
    "en": (("videos_pyvideo", "description"),),
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.tag_matching", description=__doc__)
    parser.add_argument("data", type=Path, help="The folder with the data sets.")
    folder = parser.parse_args().data
    texts = {language: list(_texts(folder, language)) for language in SETS}
    if not all(texts.values()):
        parser.error(f"{folder} does not hold the data sets.")
    table = Table("vocabulary", "names", "built in ms", "texts", "characters", "found", "million characters a second")
    for label, names in (("sample", list(_sample())), (f"{MANY:,} made up", list(_made_up(texts)))):
        started = time.process_time()
        matcher = Matcher(names)
        built = f"{(time.process_time() - started) * 1_000:.0f}"
        for language, read in texts.items():
            size = sum(map(len, read))
            seconds, found = min(_timed(matcher, read) for _ in range(ROUNDS))
            rate = f"{size / seconds / 1e6:.1f}"
            table.add_row(label, f"{matcher.names_count:,}", built, language, f"{size:,}", f"{found:,}", rate)
    Console().print(table)


def _timed(matcher: Matcher, texts: list[str]) -> tuple[float, int]:
    started = time.process_time()
    found = sum(len(matcher.find(text)) for text in texts)
    return time.process_time() - started, found


def _texts(folder: Path, language: str) -> Iterator[str]:
    for name, field in SETS[language]:
        for row in rows(folder, name):
            yield row[field] or ""


def _sample() -> Iterator[Name]:
    for number, record in enumerate(vocabulary_records.tags()):
        taxonomy = vocabulary_records.TAXONOMIES.index(record.taxonomy)
        for label in record.labels.values():
            yield Name(analysis.fold(label), number, taxonomy, is_label=True)
        for alias in record.aliases:
            yield Name(analysis.fold(alias.alias), number, taxonomy, is_label=False)


def _made_up(texts: dict[str, list[str]]) -> Iterator[Name]:
    """Three names a tag: two of 3 to 6 characters, one of two words."""
    chance = random.Random(SEED)
    characters, words = "".join(texts["zh"]), " ".join(texts["en"]).split()
    for number in range(MANY):
        for is_label in (True, False):
            start = chance.randrange(len(characters) - 6)
            cut = characters[start : start + chance.randint(3, 6)]
            yield Name(analysis.fold(cut), number, 0, is_label=is_label)
        start = chance.randrange(len(words) - 2)
        yield Name(analysis.fold(" ".join(words[start : start + 2])), number, 0, is_label=False)


if __name__ == "__main__":
    main()
