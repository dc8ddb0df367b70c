"""How well near copies are found, and what it costs: `python -m bench.duplicates DATA [--contents N]`.

DATA is the folder with `articles_howtocook_zh`, `articles_csl_zh` and `videos_pyvideo` (gzip, JSON Lines). Copies of their texts are
made from a fixed seed: words replaced by words of other texts, paragraphs turned round, a paragraph put in front. Pictures are
those of the sample, saved anew in another size, format and quality. What is told apart should be: different texts and
pictures. Then N contents are published in an empty database of its own, where a channel asks for likenesses, and their
prints are made and looked up.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import random
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pyvips
from rich.console import Console
from rich.table import Table
from sqlalchemy import text

from bench.datasets.reading import rows
from core import migrations
from core.db import Database
from core.ids import new_uid
from core.postgres import embedded
from sample import drawing, product_records, records
from sample.drawing import library
from search import analysis
from services.channels.facts import ContentFacts
from services.duplicates import prints
from services.duplicates.keeping import keep
from services.duplicates.looking import Asked, Looked, look
from services.media import likeness
from tests import make

SEED = 1
ALLOWED = prints.LEAST_PERCENT
SETS = {
    "zh recipes": ("articles_howtocook_zh", "body_markdown"),
    "zh abstracts": ("articles_csl_zh", "abstract"),
    "en talks": ("videos_pyvideo", "description"),
}
MOST = 400
LOOKED_AT_ONCE = 50

Copy = Callable[[list[str], random.Random, Sequence[list[str]]], list[str]]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.duplicates", description=__doc__)
    parser.add_argument("data", type=Path, help="The folder with the data sets.")
    parser.add_argument("--contents", type=int, default=5_000, help="How many are published.")
    asked = parser.parse_args()
    texts = {name: _texts(asked.data, *where) for name, where in SETS.items()}
    if not all(texts.values()):
        parser.error(f"{asked.data} does not hold the data sets.")
    console = Console()
    console.print(_of_texts(texts))
    console.print(_of_pictures())
    with tempfile.TemporaryDirectory(prefix="headwater-duplicates-", dir="/var/tmp") as place:
        Path(place).chmod(0o755)
        with embedded(Path(place) / "data") as server:
            asyncio.run(_cost(server.dsn, list(itertools.chain(*texts.values())), asked.contents, console))


def _texts(folder: Path, name: str, field: str) -> list[str]:
    found = dict.fromkeys(str(row[field]) for row in rows(folder, name) if row[field])
    return [each for each in found if len(_tokens(each)) >= prints.SHORT]


def _tokens(said: str) -> list[str]:
    return analysis.characters(analysis.fold(said))


def _replaced(share: float) -> Copy:
    def copied(tokens: list[str], luck: random.Random, others: Sequence[list[str]]) -> list[str]:
        return [luck.choice(luck.choice(others)) if luck.random() < share else token for token in tokens]

    return copied


def _turned(tokens: list[str], _luck: random.Random, _others: Sequence[list[str]]) -> list[str]:
    parts = [tokens[at : at + 40] for at in range(0, len(tokens), 40)]
    return [token for part in reversed(parts) for token in part]


def _prefixed(tokens: list[str], luck: random.Random, others: Sequence[list[str]]) -> list[str]:
    return luck.choice(others)[: max(20, len(tokens) // 5)] + tokens


COPIES: dict[str, Copy] = {
    "5 % of words": _replaced(0.05),
    "10 % of words": _replaced(0.10),
    "20 % of words": _replaced(0.20),
    "40 pieces turned round": _turned,
    "a fifth put in front": _prefixed,
}


def _of_texts(texts: dict[str, list[str]]) -> Table:
    table = Table(
        "texts", "print ms", "copies", "found %", "percent told (5th, median)", title=f"over {ALLOWED} % is a copy"
    )
    for name, said in texts.items():
        luck = random.Random(SEED)
        some = luck.sample(said, min(MOST, len(said)))
        tokens = [_tokens(each) for each in some]
        started = time.process_time()
        made = [_print(each) for each in some]
        cost = f"{(time.process_time() - started) / len(some) * 1_000:.2f}"
        for kind, copied in COPIES.items():
            told = sorted(
                _percent(first, _print(" ".join(copied(each, luck, tokens))))
                for first, each in zip(made, tokens, strict=True)
            )
            found = 100 * sum(percent > ALLOWED for percent in told) / len(told)
            table.add_row(name, cost, kind, f"{found:.1f}", f"{told[len(told) // 20]}, {statistics.median(told):.0f}")
        pairs = list(itertools.combinations(made, 2))
        wrong = [percent for one, other in pairs if (percent := _percent(one, other)) > ALLOWED]
        sharing = sum(bool(set(one.bands) & set(other.bands)) for one, other in pairs)
        table.add_row(
            name, cost, f"different: {len(pairs):,} pairs", f"{len(wrong)} pairs", f"{sharing:,} pairs share a band"
        )
    return table


def _print(said: str) -> prints.TextPrint:
    made = prints.of_text(said)
    if made is None:
        raise ValueError("a text without words")
    return made


def _percent(one: prints.TextPrint, other: prints.TextPrint) -> int:
    """As it is told: of texts without a band in common nothing is."""
    return prints.percent(one, other) if set(one.bands) & set(other.bands) or one.digest == other.digest else 0


RESAVED: dict[str, Callable[[pyvips.Image], bytes]] = {
    "half as large": lambda image: image.resize(0.5).jpegsave_buffer(Q=85),
    "webp, quality 50": lambda image: image.webpsave_buffer(Q=50),
    "jpeg, quality 30": lambda image: image.jpegsave_buffer(Q=30),
    "avif, a third as large": lambda image: image.resize(0.33).heifsave_buffer(compression="av1", Q=50, effort=1),
    "brighter by a tenth": lambda image: (image * 1.1).cast("uchar").jpegsave_buffer(Q=85),
    "a line of 4 % cut off": lambda image: image.crop(
        0, 0, image.width, image.height - image.height // 25
    ).jpegsave_buffer(Q=85),
    "mirrored": lambda image: image.fliphor().jpegsave_buffer(Q=85),
}


def _of_pictures() -> Table:
    looks = {key: drawing.Look(look_.as_, look_.main, look_.accent) for key, look_ in product_records.looks().items()}
    keys = [key for key in map(drawing.parse, records.wanted(records.read())) if key.motif in library.scenes()]
    images = [pyvips.Image.new_from_buffer(drawing.encode(key, drawing.draw(key, looks))[1], "") for key in keys]
    hashes = [_look(image) for image in images]
    table = Table("pictures", "bits apart (most)", "at most 4: %", "at most 7: %", title=f"{len(images)} drawn scenes")
    for name, resaved in RESAVED.items():
        again = [_look(pyvips.Image.new_from_buffer(resaved(image), "")) for image in images]
        table.add_row(name, *_row(prints.bits_apart(*pair) for pair in zip(hashes, again, strict=True)))
    table.add_row("different", *_row(prints.bits_apart(*pair) for pair in itertools.combinations(hashes, 2)))
    return table


def _look(image: pyvips.Image) -> int:
    return prints.of_picture(likeness.perceptual_hash(likeness.copy_of(image))) or 0


def _row(apart: Iterator[int]) -> tuple[str, str, str]:
    bits = list(apart)
    counts = Counter(bits)
    within = [100 * sum(counts[bit] for bit in range(most + 1)) / len(bits) for most in (4, prints.MOST_BITS)]
    spread = f"{min(bits)} to {max(bits)}, median {statistics.median(bits):.0f}"
    return spread, f"{within[0]:.1f}", f"{within[1]:.1f}"


async def _cost(dsn: str, texts: list[str], many: int, console: Console) -> None:
    db = Database(dsn, statement_timeout_ms=0, lock_timeout_ms=0)
    await migrations.upgrade(db)
    luck = random.Random(SEED)
    said = [
        each if place < len(texts) else _varied(each, luck)
        for place, each in enumerate(itertools.islice(itertools.cycle(texts), many))
    ]
    async with db.session() as session:
        ada = await make.creator(session)
        ids = [(await make.content(session, ada, text=each)).id for each in said]
    table = Table("contents", "step", "ms a content", title=f"{many:,} contents")
    seconds = 0.0
    for at in range(0, many, LOOKED_AT_ONCE):
        started = time.perf_counter()
        await keep(db, ids[at : at + LOOKED_AT_ONCE])
        seconds += time.perf_counter() - started
    table.add_row(f"{many:,}", "print made and kept", f"{seconds / many * 1_000:.2f}")
    started = time.perf_counter()
    await keep(db, ids[:LOOKED_AT_ONCE])
    table.add_row(
        str(LOOKED_AT_ONCE), "print known already", f"{(time.perf_counter() - started) / LOOKED_AT_ONCE * 1_000:.2f}"
    )
    async with db.session() as session:
        await session.execute(text("ANALYZE content_prints"))
        some = luck.sample(list(enumerate(said)), LOOKED_AT_ONCE)
        looked = [_looked(place, each) for place, each in some]
        for number in (1, LOOKED_AT_ONCE):
            started = time.perf_counter()
            await look(session, looked[:number], Asked(wider=frozenset({"all"})))
            table.add_row(str(number), "near ones looked up", f"{(time.perf_counter() - started) / number * 1_000:.2f}")
        size = await session.scalar(text("SELECT pg_total_relation_size('content_prints')"))
    table.add_row("", "bytes a content, indexes included", f"{(size or 0) / many:,.0f}")
    console.print(table)
    await db.close()


def _varied(said: str, luck: random.Random) -> str:
    """Another text with the same words: what comes after the data sets are used up should be like nothing before."""
    tokens = _tokens(said)
    luck.shuffle(tokens)
    return " ".join(tokens)


def _looked(place: int, said: str) -> Looked:
    """A content that is not there yet and says what one says that is."""
    facts = ContentFacts(uid="", format="ARTICLE", language="zh", title="", text=said)
    return Looked(-place - 1, new_uid(), 0, 0, facts)


if __name__ == "__main__":
    main()
