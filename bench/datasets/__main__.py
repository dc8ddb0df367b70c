"""Write the records of a folder of data sets to standard output."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import orjson

from bench.datasets import catalogue, contents, creators, synthetic, tags
from bench.datasets.reading import Row
from sample import vocabulary_records
from services.interchange.exporting import line_of


def vocabulary() -> Iterator[bytes]:
    """The starting vocabulary, so that what creators and tags refer to is there; in the order of an import."""
    for part in (vocabulary_records.fields, vocabulary_records.roles, vocabulary_records.taxonomies):
        yield from map(line_of, part())
    yield from map(line_of, vocabulary_records.tags())


def records(folder: Path) -> Iterator[Row]:
    words = tags.count(folder)
    yield from tags.records(folder, words)
    yield from catalogue.brands(folder)
    yield from catalogue.shops()
    yield from creators.records(folder)
    yield from catalogue.pictures(folder)
    yield from contents.pictures(folder)
    yield from catalogue.products(folder)
    yield from contents.records(folder, words)
    yield from synthetic.records(folder)


def written(folder: Path) -> Iterator[bytes]:
    yield b'{"type":"headwater","version":1}\n'
    yield from chain(vocabulary(), (orjson.dumps(row) + b"\n" for row in records(folder)))


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.datasets", description=__doc__)
    parser.add_argument("folder", type=Path, help="the folder with the *.jsonl.gz files")
    folder = parser.parse_args().folder
    if not any(folder.glob("*.jsonl.gz")):
        print(f"{folder}: no *.jsonl.gz files here", file=sys.stderr)
        return 1
    try:
        sys.stdout.buffer.writelines(written(folder))
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        # who reads has seen enough; keep Python from complaining again at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


if __name__ == "__main__":
    sys.exit(main())
