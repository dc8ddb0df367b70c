"""The packs that come with Headwater: all there, honest about their sources, and with the numbers of the known facts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from services.channels import checking, examples, units
from services.channels.gates import Gate
from services.channels.given import Given, GivenContent
from services.channels.packs import Pack, Platform, Selector, TextShape, parse_platforms
from services.channels.rendering import render
from services.channels.terms import Unit
from tests.channels.catalogue import FOLDER, GROUPS, PAGE, group, page, read_packs

PACKS = read_packs()
BY_KEY = {pack.key: pack for pack in PACKS.values()}


LENGTHS = {"text.length", "text.paragraph_max", "product.title_length"}
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


def platforms() -> tuple[Platform, ...]:
    return parse_platforms((FOLDER / "platforms.toml").read_text(encoding="utf-8"), "platforms.toml")


def in_group(*names: str) -> list[Pack]:
    return [pack for pack in PACKS.values() if group(pack) in names]


def rules_of(pack: Pack) -> list[dict[str, Any]]:
    """The rules as they were written: what is left at its default is absent."""
    return [
        {"kind": rule.kind, **rule.model_dump(mode="json", by_alias=True, exclude_defaults=True)} for rule in pack.rules
    ]


def shapes_of(pack: Pack) -> list[TextShape]:
    shapes = (pack.rendering.title, pack.rendering.summary, pack.rendering.text)
    return [shape for shape in shapes if shape is not None]


def arms(gate: Gate | None) -> Iterator[dict[str, Any]]:
    """Every condition of a tree, as it was written."""
    if gate is None:
        return
    below = [*(gate.all or ()), *(gate.any or ()), *([gate.not_] if gate.not_ else [])]
    if not below:
        written = gate.model_dump(mode="json", by_alias=True, exclude_none=True, exclude={"note", "source"})
        yield written
    for node in below:
        yield from arms(node)


def test_every_entry_of_the_facts_has_a_pack() -> None:
    assert Counter(group(pack) for pack in PACKS.values()) == {
        "captured": 29,
        "weitao": 13,
        "named": 13,
        "recalled": 12,
        "outside": 32,
        "chinese-outside": 10,
        "syndication": 7,
    }


def test_keys_are_unique() -> None:
    assert len(BY_KEY) == len(PACKS) == 116


def test_the_ids_of_a_platform_are_unique_among_its_entries() -> None:
    ids = [(pack.parent, pack.external_id) for pack in PACKS.values() if pack.external_id]

    assert len(ids) == len(set(ids))


def test_every_captured_entry_keeps_the_id_of_its_platform() -> None:
    ids = sorted(int(pack.external_id or 0) for pack in in_group("captured"))

    small = [6, 11, 12, 44, 47, 59, 60, 82, 97]
    large = [409, 411, 413, 414, 1155, 1156, 1157, 1289, 1331, 1377, 1413, 1437, 1439]
    assert ids == [*small, *large, 6747, 6816, 6818, 6819, 6848, 6850, 6851]


def test_a_pack_lies_where_its_key_says() -> None:
    for path, pack in PACKS.items():
        parent, _, entry = pack.key.partition(".")
        folder = (pack.kind,) if pack.kind == "syndication" else (pack.kind, parent)

        assert path.parts == (*folder, f"{entry}.toml")


def test_every_parent_is_a_platform_of_the_same_kind_and_every_platform_has_entries() -> None:
    kinds = {platform.key: platform.kind for platform in platforms()}

    assert {pack.key: kinds[pack.parent or ""] for pack in PACKS.values()} == {
        pack.key: pack.kind for pack in PACKS.values()
    }
    assert set(kinds) == {pack.parent for pack in PACKS.values()}
    assert len(kinds) == len(platforms())


@pytest.mark.parametrize("key", sorted(BY_KEY))
def test_a_pack_shows_what_passes_and_what_fails(key: str) -> None:
    pack = BY_KEY[key]
    refuses = pack.gates is not None or bool(pack.rules) or pack.selector != Selector()

    assert {example.must for example in pack.examples} == ({"pass", "fail"} if refuses else {"pass"})


def test_all_packs_are_sound_and_all_examples_come_out_as_they_must() -> None:
    report = checking.check(FOLDER)

    assert [problem.message for problem in report.problems] == []
    assert {each.pack.key for each in report.packs} == set(BY_KEY)
    assert report.examples_count == sum(len(pack.examples) for pack in BY_KEY.values())


@pytest.mark.parametrize("key", sorted(pack.key for pack in in_group("captured", "weitao", "named", "outside")))
def test_an_entry_shows_by_example_each_reason_for_which_it_refuses(key: str) -> None:
    pack = BY_KEY[key]
    shown = {code for example in pack.examples for code in example.codes}

    rules = {rule.kind for rule in pack.rules if rule.severity == "block" and rule.kind != "manual"}
    # A gate of no followers at all is a number that was seen; nobody fails it.
    gates = {f"creator.{next(iter(arm))}" for arm in arms(pack.gates) if arm != {"followers": {"min": 0}}}
    tags = {"selector.tags"} if pack.selector.tags else set()
    assert (rules | gates | tags) - shown == set()


def test_entries_known_by_name_have_no_invented_rule() -> None:
    known = in_group("named", "recalled", "chinese-outside")

    blocking = {pack.key for pack in known for rule in pack.rules if rule.severity == "block"}
    ruled = {pack.key for pack in in_group("recalled", "chinese-outside") if pack.rules}
    assert blocking == set()
    assert ruled == set()
    assert {pack.source.provenance for pack in known} == {"house"}


def test_whatever_is_a_house_default_says_so() -> None:
    for pack in in_group("named"):
        assert all(rule.source and rule.source.provenance == "house" for rule in pack.rules), pack.key
    for pack in PACKS.values():
        assert pack.source.note or pack.source.observed_on, pack.key


def test_nothing_goes_to_a_network_that_the_creator_never_joined() -> None:
    gates = {pack.key: list(arms(pack.gates)) for pack in in_group("outside", "chinese-outside")}

    assert gates == {key: [{"connected": {}}] for key in gates}


def test_syndication_takes_everything_that_is_public() -> None:
    for pack in in_group("syndication"):
        assert pack.gates is None, pack.key
        assert pack.selector == Selector(), pack.key


def test_chinese_platforms_take_chinese() -> None:
    for pack in in_group("captured", "weitao", "named", "recalled", "chinese-outside"):
        assert pack.selector.languages == ("zh",), pack.key


def test_a_length_whose_unit_nobody_stated_is_counted_in_graphemes_and_says_so() -> None:
    lengths = [rule for pack in PACKS.values() for rule in rules_of(pack) if rule["kind"] in LENGTHS]

    shapes = [shape for pack in PACKS.values() for shape in shapes_of(pack) if shape.max is not None]
    stated = {"x.post", "bluesky.post"}
    # graphemes is the default unit, which is not written out
    assert {(rule.get("unit"), rule.get("unit_stated")) for rule in lengths} == {(None, False)}
    assert {(shape.unit, shape.unit_stated) for shape in shapes} == {
        ("graphemes", False),
        ("graphemes", True),
        ("x_weighted", True),
    }
    assert {p.key for p in PACKS.values() for shape in shapes_of(p) if shape.max and shape.unit_stated} == stated


def test_where_eyes_are_needed_somebody_looks_or_it_is_only_a_note() -> None:
    for pack in PACKS.values():
        manual = [rule for rule in pack.rules if rule.kind == "manual"]
        assert "human" in pack.audit.path or all(rule.severity == "warn" for rule in manual), pack.key


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
    ("bimai-qingdan.guides", [{"score": {"score": "index", "min": 650}}]),
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
    # An ellipsis, a Chinese character on X or white space before the cut may leave a little room.
    assert limit - 4 <= units.length(rendition.text, unit) <= limit
    assert rendition.text.endswith((rendition.link if "link" in text.fields else rendition.disclosure) or "nothing")
    assert len(rendition.pictures) == picture.max


def test_the_catalogue_page_is_current() -> None:
    current = PAGE.read_text(encoding="utf-8")

    assert page(PACKS.values(), current) == current
    assert all(title in current for title in GROUPS.values())
