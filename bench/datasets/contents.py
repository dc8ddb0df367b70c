"""Contents in the formats that each data set fits best."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from bench.datasets import creators
from bench.datasets.reading import Row, day, line, link, moment, paragraphs, prose, rows, stamp
from bench.datasets.tags import Words, csl_words, tate_words, video_words

TATE = "http://www.tate.org.uk/art/images/work/"
TALK_MINUTES = 40  # where a recording does not say how long it is


def content(
    source: str,
    key: str,
    format_: str,
    title: str,
    *,
    creator: tuple[str, str],
    at: str,
    language: str = "zh",
    tags: list[Row] | None = None,
    more: Row | None = None,
    **revision: object,
) -> Row:
    told = {"title": line(title) or f"{source} {key}"[:500], "published_at": at}
    return {
        "type": "content", "source": source, "external_key": key, "format": format_, "language": language,
        "creator": creators.reference(creator), "tags": tags or [],
        "revisions": [told | revision],
    } | (more or {})  # fmt: skip


def pictures(folder: Path) -> Iterator[Row]:
    """The pictures that contents show; the galleries' ones belong to their artists."""
    for row in rows(folder, "topics_litemall_zh"):
        for place, url in enumerate(_topic_urls(row)):
            yield _asset("litemall", f"topic/{row['id']}/{place}", url, creator=("litemall", "house"))
    for row in rows(folder, "galleries_tate_en"):
        for place, (url, size) in enumerate(_work_pictures(row)):
            credit = line(row["thumbnailCopyright"], 900)
            yield _asset(
                "tate", f"work/{row['acno']}/{place}", url, creator=creators.of_work(row), credit=credit, **size
            )
    for row in rows(folder, "videos_pyvideo"):
        if thumbnail := link(row["thumbnail_url"]):
            yield _asset("pyvideo", f"thumbnail/{row['id']}"[:500], thumbnail)


def _asset(source: str, key: str, url: str, *, creator: tuple[str, str] | None = None, **facts: object) -> Row:
    owner = creator and creators.reference(creator)
    known = {"source": source, "external_key": key, "kind": "IMAGE", "url": url, "creator": owner}
    return {"type": "asset"} | known | facts


def _topic_urls(row: Row) -> list[str]:
    return [found for url in (row["pic_url"], *(row["content_images"] or ())) if (found := link(url))]


def _work_pictures(row: Row) -> list[tuple[str, Row]]:
    found: list[tuple[str, Row]] = [(url, {}) for url in (link(row["thumbnailUrl"]),) if url]
    for image in row["additionalImages"] or ():
        if url := link(f"{TATE}{image['file']}"):
            sizes = {name: image[name] for name in ("width", "height") if image.get(name)}
            found.append((url, sizes if len(sizes) == 2 else {}))
    return found[:100]


def records(folder: Path, words: Words) -> Iterator[Row]:
    yield from map(_recipe, rows(folder, "articles_howtocook_zh"))
    for place, row in enumerate(rows(folder, "articles_csl_zh")):
        yield _abstract(place, row, words)
    yield from map(_topic, rows(folder, "topics_litemall_zh"))
    yield from map(_frequent_question, rows(folder, "faq_litemall_zh"))
    known = {row["id"] for row in rows(folder, "products_mall_zh")}
    for row in rows(folder, "subjects_mall_zh"):
        yield _subject(row, known)
    yield from map(_question, rows(folder, "questions_zhihu_zh"))
    yield from map(_short_video, rows(folder, "videos_zhihu_zh"))
    for row in rows(folder, "videos_pyvideo"):
        yield _talk(row, words)
    for row in rows(folder, "galleries_tate_en"):
        yield _work(row, words)


def _recipe(row: Row) -> Row:
    text = prose(row["body_markdown"], 100_000)
    body = text.split("\n", 1)[1].strip() if text.startswith("# ") and "\n" in text else text
    key = line(row["path"])
    first = next((run for run in body.split("\n\n") if run.strip() and not run.startswith(("#", "!", "<"))), "")
    return content(
        "howtocook", key, "ARTICLE", row["title"],
        creator=creators.of_recipe(row), at=moment(key), markdown=body, summary=line(first, 200),
    )  # fmt: skip


def _abstract(place: int, row: Row, words: Words) -> Row:
    key, text = str(place), prose(row["abstract"])
    return content(
        "csl", key, "ARTICLE", row["title"],
        creator=creators.of_article(row), at=moment(f"csl:{key}"), tags=words.tags("csl", csl_words(row)),
        summary=line(text, 200), body=paragraphs(text),
    )  # fmt: skip


def _topic(row: Row) -> Row:
    urls = [f"litemall:topic/{row['id']}/{place}" for place in range(len(_topic_urls(row)))]
    return content(
        "litemall", f"topic/{row['id']}", "ARTICLE", row["title"],
        creator=("litemall", "house"), at=day(row["add_time"], f"topic:{row['id']}"), summary=prose(row["subtitle"], 500),
        body=[*paragraphs(prose(row["content_text"])), *({"type": "image", "asset": url} for url in urls[1:])],
        covers=urls[:1],
    )  # fmt: skip


def _frequent_question(row: Row) -> Row:
    key, at = f"faq/{row['id']}", day(row["add_time"], f"faq:{row['id']}")
    answer = {
        "source": "litemall", "external_key": f"{key}/answer", "creator": "litemall:house", "published_at": at,
        "body": paragraphs(prose(row["answer"])), "is_accepted": True,
    }  # fmt: skip
    return content(
        "litemall", key, "QNA", row["question"],
        creator=("litemall", "house"), at=at, more={"answers": [answer]}, details={"question": prose(row["question"])},
    )  # fmt: skip


def _subject(row: Row, known: set[int]) -> Row:
    at = day(row["create_time"], f"subject:{row['id']}")
    linked = [f"mall:{product}" for product in row["product_ids"] or () if product in known]
    return content(
        "mall", f"subject/{row['id']}", "ARTICLE", row["title"],
        creator=("mall", "house"), at=at, summary=line(row["category_name"]), products=linked,
    )  # fmt: skip


def _question(row: Row) -> Row:
    url = line(row["url"])
    return content(
        "zhihu", url, "QNA", row["title"],
        creator=creators.asker(url), at=day(row["first_day"], url), details={"question": line(row["title"])},
        body=[{"type": "embed", "url": url, "title": "知乎"}],
    )  # fmt: skip


def _short_video(row: Row) -> Row:
    url = line(row["url"])
    return content(
        "zhihu", url, "SHORT_VIDEO", row["title"],
        creator=creators.filmer(url), at=day(row["first_day"], url), details={"video_url": url},
    )  # fmt: skip


def _talk(row: Row, words: Words) -> Row:
    """A recorded talk as the replay of a live: the nearest honest thing."""
    key = line(row["id"])
    begins = datetime.fromisoformat(day(row["recorded"], key) if row["recorded"] else moment(key))
    duration = (
        row["duration"] if isinstance(row["duration"], int) and 0 < row["duration"] < 86_400 else TALK_MINUTES * 60
    )
    starts, ends = stamp(begins), stamp(begins + timedelta(seconds=duration))
    replay = next((found for url in row["videos"] or () if (found := link(url))), None)
    return content(
        "pyvideo", key, "LIVE", row["title"],
        creator=creators.of_video(row), at=starts, language="zh" if str(row["language"]).startswith("z") else "en",
        tags=words.tags("pyvideo", video_words(row)), summary=line(row["description"], 300),
        body=paragraphs(prose(row["description"])),
        covers=[f"pyvideo:thumbnail/{row['id']}"[:508]] if link(row["thumbnail_url"]) else [],
        more={"live": {"state": "REPLAY", "starts_at": starts, "started_at": starts, "ended_at": ends,
                       "replay_url": replay}},
    )  # fmt: skip


def _work(row: Row, words: Words) -> Row:
    key = f"work/{row['acno']}"
    assets = [f"tate:{key}/{place}" for place in range(len(_work_pictures(row)))]
    captions = ["", *(line(image.get("caption")) for image in row["additionalImages"] or ())]
    facts = (line(row["dateText"], 100), line(row["medium"], 300), line(row["dimensions"], 300))
    return content(
        "tate", key, "GALLERY", row["title"],
        creator=creators.of_work(row), at=moment(key), language="en", tags=words.tags("tate", tate_words(row)),
        summary=" · ".join(fact for fact in facts if fact),
        details={"pictures": [{"asset": asset, "caption": captions[place]} for place, asset in enumerate(assets)]},
        covers=assets[:1],
    )  # fmt: skip
