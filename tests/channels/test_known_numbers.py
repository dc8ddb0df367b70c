"""The numbers of the known facts stand in the packs, and what is rendered keeps to them."""

from __future__ import annotations

from typing import Any

import pytest

from services.channels import examples, units
from services.channels.given import Given, GivenContent
from services.channels.rendering import render
from services.channels.terms import Unit
from tests.channels.reading import BY_KEY, PACKS, arms, in_group, rules_of

PUSHED = [
    "article",
    "collage",
    "item-list",
    "item-notes",
    "item-ranking",
    "questions",
    "scene-outfits",
    "shop-list",
    "short-video",
]
RULES: list[tuple[str, dict[str, Any]]] = [
    ("weitao.article", {"kind": "text.length", "field": "title", "min": 4, "max": 19}),
    ("weitao.article", {"kind": "text.length", "field": "summary", "min": 10, "max": 100}),
    ("weitao.article", {"kind": "link.count", "max": 1}),
    ("weitao.article", {"kind": "product.title_length", "max": 30}),
    ("weitao.article", {"kind": "image.count", "of": "covers", "allowed": [1, 3]}),
    ("weitao.article", {"kind": "image.min_size", "of": "covers", "width": 750, "height": 422}),
    ("weitao.article", {"kind": "image.format_not", "of": "covers", "refused": ["image/gif"]}),
    ("weitao.short-video", {"kind": "text.length", "field": "summary", "min": 50, "max": 140}),
    ("weitao.short-video", {"kind": "video.bytes", "max": 200_000_000}),
    ("weitao.short-video", {"kind": "video.duration", "min_seconds": 9, "max_seconds": 600}),
    ("weitao.short-video", {"kind": "video.ratio_in", "ratios": ["16:9", "9:16"]}),
    ("weitao.short-video", {"kind": "product.count", "max": 20}),
    ("weitao.item-notes", {"kind": "detail.count", "field": "details.highlights", "min": 2}),
    ("weitao.item-notes", {"kind": "detail.count", "field": "details.sections", "min": 2, "max": 5}),
    ("weitao.item-notes", {"kind": "image.min_size", "of": "products", "width": 500, "height": 500}),
    ("youhaohuo.new-items", {"kind": "product.count", "min": 1, "max": 1}),
    ("youhaohuo.new-items", {"kind": "image.ratio", "of": "products", "ratios": ["1:1"]}),
    ("bimai-qingdan.guides", {"kind": "product.count", "min": 6}),
    ("aiguangjie.vertical-video", {"kind": "video.duration", "min_seconds": 10, "max_seconds": 60}),
    ("aiguangjie.vertical-video", {"kind": "video.ratio_in", "ratios": ["9:16"]}),
    ("aiguangjie.vertical-video", {"kind": "video.min_height", "min": 720, "measure": "shorter_side"}),
    ("aiguangjie.vertical-video", {"kind": "product.shop_score_min", "min": 460}),
    ("aiguangjie.vertical-video", {"kind": "product.on_shelf"}),
    ("meiri-haodian.shop-story", {"kind": "text.length", "field": "details.owner_line", "min": 9, "max": 15}),
    ("meiri-haodian.shop-story", {"kind": "text.length", "field": "details.owner_identity", "min": 3, "max": 12}),
    ("ifashion.smart-outfits", {"kind": "product.count", "min": 3}),
    ("ifashion.smart-outfits", {"kind": "text.length", "field": "title", "min": 5}),
    ("ifashion.smart-outfits", {"kind": "tag.exactly_n", "taxonomy": "scene", "n": 1}),
    ("ifashion.home-card", {"kind": "text.length", "field": "text", "min": 500}),
    ("ifashion.home-card", {"kind": "text.paragraph_max", "max": 150}),
    ("ifashion.home-card", {"kind": "product.distinct_shops", "min": 3}),
    ("ifashion.home-card", {"kind": "product.max_per_shop", "max": 3}),
    ("ifashion.home-card", {"kind": "product.title_length", "min": 10, "max": 25}),
    ("ifashion.home-card", {"kind": "image.bytes_between", "of": "covers", "min": 700_000, "max": 900_000}),
    ("ifashion.home-card", {"kind": "image.orientation", "of": "pictures", "any": ["landscape", "square"]}),
    ("chaonan-yangcheng.home-card", {"kind": "product.title_length", "max": 10}),
    ("quanqiu-shishang.home-card", {"kind": "text.length", "field": "summary", "max": 30}),
    ("pinzhi-haowu.home-card", {"kind": "product.shop_score_min", "min": 461}),
    ("pinzhi-haowu.home-card", {"kind": "product.category_not_in", "any": ["apparel"]}),
    ("jiyoujia.home-card", {"kind": "image.count", "of": "pictures", "min": 6, "max": 9, "formats": ["GALLERY"]}),
    ("jiyoujia.home-card", {"kind": "anchor.count_per_image", "min": 3, "max": 6, "formats": ["GALLERY"]}),
    ("jiyoujia.home-card", {"kind": "product.count", "min": 10, "formats": ["RANKED_LIST"]}),
    ("jiyoujia.home-card", {"kind": "text.length", "field": "title", "max": 6, "formats": ["ITEM_NOTE"]}),
    ("keji-qianyan.home-card", {"kind": "video.duration", "min_seconds": 60, "max_seconds": 180}),
    ("keji-qianyan.home-card", {"kind": "product.count", "min": 4, "formats": ["ARTICLE"]}),
    ("instagram.post", {"kind": "image.ratio", "of": "images", "between": ["4:5", "1.91:1"]}),
    ("youtube.video", {"kind": "video.count", "min": 1, "max": 1}),
    ("tiktok.video", {"kind": "image.count", "of": "pictures", "min": 1, "max": 35}),
    ("linkedin.post", {"kind": "image.count", "of": "pictures", "min": 2, "formats": ["GALLERY"]}),
    ("dribbble.shot", {"kind": "image.exact_size", "of": "images", "sizes": ["400x300", "800x600"]}),
]


@pytest.mark.parametrize(("key", "known"), RULES, ids=[f"{key} {known['kind']}" for key, known in RULES])
def test_a_known_rule_stands_in_its_pack(key: str, known: dict[str, Any]) -> None:
    blocking = [rule for rule in rules_of(BY_KEY[key]) if "severity" not in rule]

    assert any(_hashable(known).items() <= _hashable(rule).items() for rule in blocking)


def _hashable(rule: dict[str, Any]) -> dict[str, Any]:
    return {name: str(value) if isinstance(value, (list, dict)) else value for name, value in rule.items()}


MAIBIAN = ["daily", "tutorials", "reviews", "buying-guides", "rankings", "roundups", "experiences", "professional"]
Known = tuple[str, list[dict[str, Any]]]
BOUGHT_FROM_AFAR: list[dict[str, Any]] = [
    {"followers": {"min": 20_000}},
    {"score": {"score": "index", "min": 600}},
    {"score": {"score": "quality", "min": 500}},
    {"score": {"score": "health", "min": 300}},
    {"score": {"score": "fan_value", "min": 450}},
    {"seller": {"is": False}},
    {"samples": {"formats": ["ARTICLE"], "min": 4}},
    {"samples": {"formats": ["COLLOCATION"], "min": 2}},
]
GATES: list[Known] = [
    (
        "youhaohuo.new-items",
        [
            {"level": {"min": 4, "max": 6}},
            {"score": {"score": "index", "min": 600}},
            {"score": {"score": "quality", "min": 500}},
            {"published_in_window": {"days": 30, "min": 30}},
            {"certified_days": {"min": 90}},
            {"seller": {"is": False}},
        ],
    ),
    ("bimai-qingdan.guides", [{"score": {"score": "index", "min": 650}}, {"samples": {"formats": [], "min": 3}}]),
    ("aiguangjie.daily", [{"invited": {}}, {"single_field": {}}]),
    (
        "quanqiu-shishang.home-card",
        [
            {"invited": {}},
            {"field": {"any": ["womens-fashion", "beauty"]}},
            {"level": {"min": 3, "max": 6}},
            {"score": {"score": "index", "min": 500}},
            {"score": {"score": "health", "min": 300}},
            {"score": {"score": "quality", "min": 700}},
            {"seller": {"is": False}},
        ],
    ),
    *[(f"maibian-quanqiu.{entry}", BOUGHT_FROM_AFAR) for entry in MAIBIAN],
    ("keji-qianyan.home-card", [{"field": {"any": ["digital"]}}]),
    (
        "zhuangbei-tiandi.items",
        [
            {"score": {"score": "health", "min": 400}},
            {"followers": {"min": 1000}},
            {"field": {"any": ["outdoor", "automotive", "digital"]}},
        ],
    ),
]


@pytest.mark.parametrize(("key", "known"), GATES, ids=[key for key, _ in GATES])
def test_a_known_gate_stands_in_its_pack(key: str, known: list[dict[str, Any]]) -> None:
    assert list(arms(BY_KEY[key].gates)) == known


def test_quotas_are_those_that_are_known() -> None:
    by_level = {pack.key for pack in PACKS.values() if pack.quota.by_level}
    by_day = {
        pack.key: (pack.quota.per_creator_per_day, pack.quota.resubmission_counts)
        for pack in PACKS.values()
        if pack.quota.per_creator_per_day is not None
    }

    levels = {(arm.min, arm.max, arm.per_creator_per_day) for arm in BY_KEY["weitao.article"].quota.by_level}
    assert levels == {(0, 1, 1), (2, 6, 10)}
    notes = {(arm.min, arm.max, arm.per_creator_per_day) for arm in BY_KEY["weitao.item-notes"].quota.by_level}
    assert notes == {(0, 1, 3), (2, 6, 30)}  # up to three pieces form a group, which spends one push
    assert sorted(by_level) == [f"weitao.{entry}" for entry in PUSHED]
    assert by_day == {
        "aiguangjie.daily": (20, False),
        "instagram.post": (25, False),
        "taobao.content-account": (10, False),
        "keji-qianyan.home-card": (5, True),
        "keji-qianyan.items-and-reviews": (5, True),
        "zhuangbei-tiandi.home-card": (5, True),
        "zhuangbei-tiandi.items": (5, True),
    }


LIMITS: dict[str, tuple[int | None, Unit]] = {
    "x.post": (280, "x_weighted"),
    "bluesky.post": (300, "graphemes"),
    "mastodon.post": (500, "graphemes"),
    "threads.post": (500, "graphemes"),
    "pinterest.pin": (500, "graphemes"),
    "twitch.post": (500, "graphemes"),
    "kick.post": (500, "graphemes"),
    "farcaster.cast": (800, "graphemes"),
    "google-business.post": (1500, "graphemes"),
    "discord.message": (1980, "graphemes"),
    "tiktok.video": (2000, "graphemes"),
    "vk.post": (2048, "graphemes"),
    "instagram.post": (2200, "graphemes"),
    "linkedin.post": (3000, "graphemes"),
    "telegram.message": (4096, "graphemes"),
    "youtube.video": (5000, "graphemes"),
    "skool.post": (5000, "graphemes"),
    "lemmy.post": (10_000, "graphemes"),
    "reddit.post": (10_000, "graphemes"),
    "hashnode.article": (10_000, "graphemes"),
    "tumblr.post": (32_768, "graphemes"),
    "dribbble.shot": (40_000, "graphemes"),
    "whop.post": (50_000, "graphemes"),
    "facebook.post": (63_206, "graphemes"),
    "mewe.post": (63_206, "graphemes"),
    "dev.article": (100_000, "graphemes"),
    "medium.article": (100_000, "graphemes"),
    "wordpress.article": (100_000, "graphemes"),
    "nostr.article": (100_000, "graphemes"),
    "slack.message": (400_000, "graphemes"),
    "listmonk.newsletter": (None, "graphemes"),
    "moltbook.post": (300, "graphemes"),
}


def test_every_outside_network_is_given_no_more_text_than_it_takes() -> None:
    given = {pack.key: pack.rendering.text for pack in in_group("outside")}

    assert {key: (text.max, text.unit) for key, text in given.items() if text} == LIMITS


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("key", sorted(key for key, (limit, _) in LIMITS.items() if limit))
def test_a_long_content_is_shortened_to_what_the_network_takes_and_keeps_its_end(key: str, language: str) -> None:
    pack = BY_KEY[key]
    limit, unit = LIMITS[key][0] or 0, LIMITS[key][1]
    long = GivenContent(
        language=language, title_length=600, summary_length=limit + 1, text_length=limit + 1, covers=9, pictures=40
    )

    rendition = render(pack, examples.facts_of(pack, Given(content=long)))

    text, picture = pack.rendering.text, pack.rendering.picture
    assert text is not None
    assert picture is not None
    counted = rendition.text if rendition.markup is None or text.counted == "words" else rendition.markup
    # An ellipsis, a Chinese character on X, white space before the cut or the marks of a paragraph may leave a little room.
    assert limit - (4 if counted is rendition.text else 12) <= units.length(counted, unit) <= limit
    assert rendition.text.endswith((rendition.link if "link" in text.fields else rendition.disclosure) or "nothing")
    assert len(rendition.pictures) == picture.max
