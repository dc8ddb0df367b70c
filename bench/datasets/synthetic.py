"""Made-up notes, rankings and outfits over real products, so that every format occurs; their source says so."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from bench.datasets import creators
from bench.datasets.contents import content
from bench.datasets.reading import SYNTHETIC, Row, line, moment, paragraphs, rows

RANKED, OUTFITS = 5, 3


def records(folder: Path) -> Iterator[Row]:
    products = [
        *(("litemall", row, row["brief"]) for row in rows(folder, "products_litemall_zh")),
        *(("mall", row, row["sub_title"]) for row in rows(folder, "products_mall_zh")),
    ]
    for source, row, remark in products:
        yield _note(source, row, line(remark))
    named = [(f"{source}:{row['id']}", line(row["name"])) for source, row, _ in products]
    for number, group in enumerate(_groups(named, RANKED)):
        yield _ranking(number, group)
    for number, group in enumerate(_groups(named[::2], OUTFITS)):
        yield _outfit(number, group)


def _groups(named: list[tuple[str, str]], size: int) -> list[list[tuple[str, str]]]:
    return [named[start : start + size] for start in range(0, len(named), size)]


def _note(source: str, row: Row, remark: str) -> Row:
    key = f"note/{source}/{row['id']}"
    return content(
        SYNTHETIC, key, "ITEM_NOTE", f"{line(row['name'], 200)}，用了一阵子",
        creator=creators.shopper(key), at=moment(key), summary=remark,
        body=paragraphs(f"（合成样例）{remark or line(row['name'])}"),
        details={"product": f"{source}:{row['id']}", "highlights": [remark[:200]] if remark else [], "verdict": "合成样例"},
    )  # fmt: skip


def _ranking(number: int, group: list[tuple[str, str]]) -> Row:
    key = f"ranking/{number}"
    entries = [
        {"rank": rank, "product": product, "reason": name} for rank, (product, name) in enumerate(group, start=1)
    ]
    return content(
        SYNTHETIC, key, "RANKED_LIST", f"好物榜第 {number + 1} 期（合成样例）",
        creator=creators.shopper(key), at=moment(key), details={"criteria": "合成样例", "entries": entries},
    )  # fmt: skip


def _outfit(number: int, group: list[tuple[str, str]]) -> Row:
    key = f"outfit/{number}"
    pieces = [{"product": product, "note": name} for product, name in group]
    return content(
        SYNTHETIC, key, "COLLOCATION", f"搭配第 {number + 1} 套（合成样例）",
        creator=creators.shopper(key), at=moment(key), details={"pieces": pieces},
    )  # fmt: skip
