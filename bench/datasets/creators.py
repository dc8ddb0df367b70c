"""Creators: those whom the data sets name, and made-up ones for what has no author. All their facts are made up."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

from bench.datasets.reading import SYNTHETIC, Row, dice, handle, line, rows

ASKERS, FILMERS, SHOPPERS = 400, 120, 20
FAMILY = [
    "赵",
    "钱",
    "孙",
    "李",
    "周",
    "吴",
    "郑",
    "王",
    "冯",
    "陈",
    "褚",
    "卫",
    "蒋",
    "沈",
    "韩",
    "杨",
    "朱",
    "秦",
    "许",
    "何",
    "吕",
    "施",
    "张",
    "孔",
    "曹",
    "严",
    "华",
    "金",
    "魏",
    "陶",
    "姜",
    "谢",
    "邹",
    "苏",
    "潘",
    "葛",
]
GIVEN = [
    "安",
    "宁",
    "清",
    "远",
    "一诺",
    "子墨",
    "知夏",
    "予安",
    "星河",
    "南枝",
    "听雨",
    "见山",
    "小满",
    "立秋",
    "北辰",
    "青禾",
    "若水",
    "阿福",
    "糖糖",
    "大鹏",
    "可乐",
    "慢慢",
]
# by source: fields and roles that its creators may have
CALLINGS = {
    "pyvideo": (("digital",), ("digital-self-media", "electronics-maker")),
    "tate": (("culture",), ("calligrapher-painter", "culture-self-media")),
    "csl": (("culture",), ("culture-media",)),
    "howtocook": (("food",), ("seasoned-foodie", "food-self-media", "home-baker")),
    "litemall": (("home", "food"), ("home-site", "home-buyer")),
    "mall": (("digital", "mens-fashion"), ("digital-site",)),
    "questions": (("culture", "digital", "food", "home", "beauty", "outdoor"), ("culture-self-media", "nutritionist")),
    "videos": (("culture", "food", "outdoor", "automotive"), ("fitness-expert", "food-self-media")),
    "shoppers": (("home", "womens-fashion", "beauty"), ("home-buyer", "fashion-stylist", "home-self-media")),
}


def of_video(row: Row) -> tuple[str, str]:
    """Source and key of who made a talk: its first speaker, else the event that published it."""
    speakers = [line(name, 200) for name in row["speakers"] or () if line(name)]
    return "pyvideo", f"speaker/{speakers[0]}" if speakers else f"event/{line(row['event'], 200)}"


def of_work(row: Row) -> tuple[str, str]:
    found = [line(one["name"], 200) for one in row["contributors"] or () if line(one["name"])]
    return "tate", f"artist/{found[0]}" if found else "artist/unknown"


def of_article(row: Row) -> tuple[str, str]:
    return "csl", f"discipline/{line(row['discipline'], 100)}"


def of_recipe(row: Row) -> tuple[str, str]:
    return "howtocook", f"kitchen/{line(row['category'], 60)}"


def asker(key: str) -> tuple[str, str]:
    return SYNTHETIC, f"asker/{dice(f'asker:{key}').randrange(ASKERS)}"


def filmer(key: str) -> tuple[str, str]:
    return SYNTHETIC, f"filmer/{dice(f'filmer:{key}').randrange(FILMERS)}"


def shopper(key: str) -> tuple[str, str]:
    return SYNTHETIC, f"shopper/{dice(f'shopper:{key}').randrange(SHOPPERS)}"


def reference(named: tuple[str, str]) -> str:
    return f"{named[0]}:{named[1]}"


def records(folder: Path) -> Iterator[Row]:
    found: dict[tuple[str, str], Row] = {}
    for row in rows(folder, "videos_pyvideo"):
        named = of_video(row)
        kind = "PERSONALITY" if named[1].startswith("speaker/") else "MEDIA"
        _add(found, named, named[1].split("/", 1)[1], "pyvideo", kind, "en")
    for row in rows(folder, "galleries_tate_en"):
        named = of_work(row)
        _add(found, named, named[1].split("/", 1)[1], "tate", "PERSONALITY", "en")
    for row in rows(folder, "articles_csl_zh"):
        _add(found, of_article(row), f"{line(row['discipline'], 100)}文摘", "csl", "MEDIA", "zh")
    for row in rows(folder, "articles_howtocook_zh"):
        _add(found, of_recipe(row), f"厨房·{line(row['category'], 60)}", "howtocook", "SELF_MEDIA", "zh")
    for source, name in (("litemall", "严选编辑部"), ("mall", "商城专题")):
        _add(found, (source, "house"), name, source, "MERCHANT", "zh")
    for group, prefix, size in (("questions", "asker", ASKERS), ("videos", "filmer", FILMERS),
                                ("shoppers", "shopper", SHOPPERS)):  # fmt: skip
        for number in range(size):
            _add(
                found, (SYNTHETIC, f"{prefix}/{number}"), _made_up_name(f"{prefix}/{number}"), group, "SELF_MEDIA", "zh"
            )
    yield from found.values()


def _made_up_name(key: str) -> str:
    chance = dice(f"name:{key}")
    return chance.choice(FAMILY) + chance.choice(GIVEN)


def _add(
    found: dict[tuple[str, str], Row], named: tuple[str, str], name: str, group: str, kind: str, lang: str
) -> None:
    if named in found:
        return
    source, key = named
    chance = dice(f"creator:{source}:{key}")
    fields, roles = CALLINGS[group]
    level = chance.choices(range(7), (8, 14, 22, 24, 18, 10, 4))[0]
    score = 350 + 80 * level
    found[named] = {
        "type": "creator", "source": source, "external_key": key, "handle": handle(name, f"{source}:{key}"),
        "name": line(name, 200), "kind": kind, "language": lang, "level": level,
        "quality_score": min(1000, score + chance.randrange(150)), "health_score": 600 + chance.randrange(400),
        "index_score": min(1000, score + chance.randrange(200)), "fan_value": chance.randrange(1000),
        "followers_count": int(10 ** (1 + 0.7 * level + chance.random())),
        "certified_on": str(date(2024, 1, 1) + timedelta(days=chance.randrange(900))) if level >= 2 else None,
        "is_seller": kind == "MERCHANT", "facts_source": "SYNTHETIC", "fields": [chance.choice(fields)],
        "roles": [chance.choice(roles)] if level >= 3 else [], "created_at": "2024-01-01T00:00:00Z",
    }  # fmt: skip
