"""How well search answers judged queries: `python -m bench.relevance DATA [--elasticsearch URL] [--set NAME]`.

DATA is a folder with one folder per set (`corpus.jsonl.gz`, `queries.SPLIT.jsonl`, `qrels.SPLIT.tsv`) and the program
`evaluate.py`, which scores. The table goes to standard output; nothing of the data is kept.
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from search import pages
from search.backend import SearchBackend
from search.backends.elasticsearch import ElasticsearchBackend
from search.backends.embedded import EmbeddedBackend
from search.documents import ContentDocument, ProductDocument, document
from search.query import SearchQuery

# The sets say nothing of time, so everything is equally old.
PUBLISHED = datetime(2020, 1, 1, tzinfo=UTC)
NOW = datetime(2026, 1, 1, tzinfo=UTC)
BATCH = 1_000
DEPTH = 100


@dataclass(frozen=True)
class Outcome:
    """What one set came to; times are of this process, with everything in it."""

    documents: int
    documents_per_second: float
    milliseconds_per_query: float
    plain: dict[str, float]
    condensed: dict[str, float]


def rows(path: Path) -> Iterator[dict[str, Any]]:
    with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as lines:
        yield from map(json.loads, lines)


def as_document(number: int, row: dict[str, Any]) -> ContentDocument | ProductDocument:
    """Sets with a brand are products, the others contents."""
    if "brand" not in row:
        text = row.get("text", "")
        return ContentDocument(number, 1, "ARTICLE", "zh", row["title"], "", text, (), (), 1, "", PUBLISHED)
    words = [value for name, value in row.get("attributes", {}).items() if name.startswith("attr_t_")]
    description = "\n".join([row["short_description"] or "", *map(str, words)])
    return ProductDocument(number, 1, "en", row["title"], description, row["brand"] or "", (), (), PUBLISHED)


async def fill(backend: SearchBackend, corpus: Path) -> list[str]:
    """Index the corpus; its ids, each at the place of our number for it less one."""
    ids: list[str] = []
    batch = []
    await backend.start_generation()
    for row in rows(corpus):
        ids.append(str(row["id"]))
        batch.append(document(as_document(len(ids), row)))
        if len(batch) == BATCH:
            await backend.fill(batch)
            batch = []
    await backend.fill(batch)
    await backend.swap()
    return ids


async def measure(backend: SearchBackend, data: Path, name: str, split: str) -> Outcome:
    folder = data / name
    started = time.perf_counter()
    ids = await fill(backend, folder / "corpus.jsonl.gz")
    filled = time.perf_counter()
    run = {}
    for row in rows(folder / f"queries.{split}.jsonl"):
        page = await pages.page(backend, SearchQuery(row["query"], first=DEPTH), now=NOW)
        run[row["query_id"]] = [ids[hit.id - 1] for hit in page.hits]
    asked = time.perf_counter()
    plain, condensed = (score(data, folder / f"qrels.{split}.tsv", run, *more) for more in ((), ("--condensed",)))
    return Outcome(len(ids), len(ids) / (filled - started), (asked - filled) * 1_000 / len(run), plain, condensed)


def score(data: Path, judged: Path, run: dict[str, list[str]], *more: str) -> dict[str, float]:
    lines = "".join(json.dumps({"query_id": query, "results": found}) + "\n" for query, found in run.items())
    command = [sys.executable, str(data / "evaluate.py"), "--qrels", str(judged), "--run", "-", "--json", *more]
    done = subprocess.run(command, input=lines, capture_output=True, text=True, check=True)
    scores: dict[str, float] = json.loads(done.stdout)
    return scores


async def main(arguments: argparse.Namespace) -> None:
    table = Table("set", "split", "documents", "docs/s", "ms/query", "nDCG@10", "MRR@10", "R@100", "condensed nDCG@10")
    async with AsyncExitStack() as stack:
        for name in arguments.set or sorted(path.parent.name for path in arguments.data.glob("*/corpus.jsonl.gz")):
            backend = opened(stack, arguments.elasticsearch, name)
            outcome = await measure(backend, arguments.data, name, arguments.split)
            plain = [f"{outcome.plain[measure]:.4f}" for measure in ("ndcg@10", "mrr@10", "recall@100")]
            speeds = [f"{outcome.documents_per_second:.0f}", f"{outcome.milliseconds_per_query:.2f}"]
            condensed = f"{outcome.condensed['ndcg@10']:.4f}"
            table.add_row(name, arguments.split, str(outcome.documents), *speeds, *plain, condensed)
    Console(width=120).print(table)


def opened(stack: AsyncExitStack, url: str | None, name: str) -> SearchBackend:
    """An index that goes away with the stack."""
    if url is None:
        embedded = EmbeddedBackend(Path(stack.enter_context(tempfile.TemporaryDirectory())))
        stack.push_async_callback(embedded.close)
        return embedded
    remote = ElasticsearchBackend(url, alias=f"bench-relevance-{name}", timeout_s=10)
    stack.push_async_callback(remote.close)
    stack.push_async_callback(remote.remove)
    return remote


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.relevance", description=__doc__)
    parser.add_argument("data", type=Path, help="the folder of the judged sets")
    parser.add_argument("--elasticsearch", metavar="URL", help="ask this server instead of the embedded index")
    parser.add_argument("--set", action="append", metavar="NAME", help="only this set; may be given again")
    parser.add_argument("--split", default="dev", help="which queries are asked (default: dev)")
    return parser.parse_args()


if __name__ == "__main__":
    asyncio.run(main(parse()))
