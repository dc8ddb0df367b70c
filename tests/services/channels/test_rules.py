"""Every kind of rule: what it lets pass, what it finds, and that a fact that is not known never passes."""

from __future__ import annotations

import pytest

from services.channels.engine import evaluate
from services.channels.facts import Link
from services.channels.findings import NextState, Outcome
from services.channels.packs import MalformedPack
from services.channels.rules import KINDS
from services.channels.rules.ratios import has_ratio
from tests.services.channels.channel_facts import AT, facts, found, image, judged, only, product, ruled, tagged, video

P = [product(f"p{index}", shop_uid=f"s{index // 2}") for index in range(6)]


def link(url: str, host: str) -> Link:
    return Link(url, host)


@pytest.mark.parametrize(
    ("rule", "content", "expected"),
    [
        ('kind="text.length"\nfield="title"\nmin=4\nmax=11', {}, []),
        ('kind="text.length"\nfield="title"\nmin=4\nmax=10', {}, [("failed", "title", 11)]),
        ('kind="text.length"\nfield="title"\nmin=12', {}, [("failed", "title", 11)]),
        ('kind="text.length"\nfield="title"\nmax=2\nunit="utf16"', {"title": "𠮷𠮷"}, [("failed", "title", 4)]),
        ('kind="text.length"\nfield="details.lead"\nmax=30', {}, [("unknown", "details.lead", None)]),
        (
            'kind="text.length"\nfield="details.lead"\nmax=3',
            {"details": {"lead": "long"}},
            [("failed", "details.lead", 4)],
        ),
        ('kind="text.required"\nfields=["title","summary"]', {"summary": "  "}, [("failed", "summary", "")]),
        ('kind="text.required"\nfields=["covers"]', {}, [("failed", "covers", "")]),
        ('kind="text.required"\nfields=["details.push_line"]', {}, [("unknown", "details.push_line", None)]),
        ('kind="text.required"\nfields=["tags.scene"]', {"tags": tagged(scene=("camping",))}, []),
        ('kind="text.paragraph_max"\nmax=3', {"paragraphs": ("abc", "abcd")}, [("failed", "paragraphs.1", 4)]),
        ('kind="detail.count"\nfield="details.highlights"\nmin=2', {"details": {"highlights": 2}}, []),
        (
            'kind="detail.count"\nfield="details.highlights"\nmin=2',
            {"details": {"highlights": 1}},
            [("failed", "details.highlights", 1)],
        ),
        ('kind="detail.count"\nfield="details.highlights"\nmin=2', {}, [("unknown", "details.highlights", None)]),
        ('kind="link.count"\nmax=1', {"links": (link("https://a.cn", "a.cn"),) * 2}, [("failed", "links", 2)]),
        (
            'kind="link.host_allowlist"\nhosts=["taobao.com"]',
            {
                "links": (
                    link("https://taobao.com", "taobao.com"),
                    link("https://s.Taobao.com", "s.Taobao.com"),
                    link("https://nottaobao.com", "nottaobao.com"),
                    link("https://taobao.com.evil.cn", "taobao.com.evil.cn"),
                )
            },
            [("failed", "links.2", "nottaobao.com"), ("failed", "links.3", "taobao.com.evil.cn")],
        ),
        ('kind="tag.exactly_n"\ntaxonomy="scene"\nn=1', {"tags": tagged(scene=("camping",))}, []),
        ('kind="tag.exactly_n"\ntaxonomy="scene"\nn=1', {}, [("failed", "tags.scene", [])]),
        (
            'kind="tag.exactly_n"\ntaxonomy="scene"\nn=1',
            {"tags": tagged(scene=("camping", "picnic"))},
            [("failed", "tags.scene", ["camping", "picnic"])],
        ),
    ],
)
def test_rules_about_words_links_and_tags(rule, content, expected):
    assert found(rule, **content) == expected


@pytest.mark.parametrize(
    ("rule", "content", "expected"),
    [
        ('kind="image.count"\nof="covers"\nallowed=[1,3]', {"covers": (image(),) * 3}, []),
        ('kind="image.count"\nof="covers"\nallowed=[1,3]', {"covers": (image(),) * 2}, [("failed", "covers", 2)]),
        ('kind="image.count"\nof="images"\nmin=2', {"covers": (image(),), "pictures": (image(),)}, []),
        ('kind="image.min_size"\nof="covers"\nwidth=750\nheight=422', {"covers": (image(750, 422),)}, []),
        (
            'kind="image.min_size"\nof="covers"\nwidth=750\nheight=422',
            {"covers": (image(749, 422), image(750, 421), image(None, 900))},
            [("failed", "covers.0", "749x422"), ("failed", "covers.1", "750x421"), ("unknown", "covers.2", None)],
        ),
        (
            'kind="image.exact_size"\nof="covers"\nmatch="any"\nsizes=["513x513"]',
            {"covers": (image(), image(513, 513))},
            [],
        ),
        (
            'kind="image.exact_size"\nof="covers"\nmatch="any"\nsizes=["513x513"]',
            {"covers": (image(), image(500, 513))},
            [("failed", "covers", ["1600x900", "500x513"])],
        ),
        ('kind="image.exact_size"\nof="covers"\nmatch="any"\nsizes=["513x513"]', {}, [("failed", "covers", [])]),
        (
            'kind="image.exact_size"\nof="covers"\nmatch="any"\nsizes=["513x513"]',
            {"covers": (image(), image(None, 513))},
            [("unknown", "covers", ["1600x900", None])],
        ),
        ('kind="image.ratio"\nof="covers"\nratios=["16:9"]', {"covers": (image(750, 422),)}, []),
        (
            'kind="image.ratio"\nof="covers"\nratios=["16:9"]',
            {"covers": (image(760, 422),)},
            [("failed", "covers.0", "760x422")],
        ),
        ('kind="image.ratio"\nof="covers"\nratios=["16:9"]\ntolerance_percent=2', {"covers": (image(760, 422),)}, []),
        (
            'kind="image.ratio"\nof="pictures"\nbetween=["4:5","1.91:1"]',
            {"pictures": (image(1080, 1350), image(1080, 566), image(1080, 1351), image(1080, 565))},
            [("failed", "pictures.2", "1080x1351"), ("failed", "pictures.3", "1080x565")],
        ),
        (
            'kind="image.orientation"\nof="pictures"\nany=["landscape","square"]',
            {"pictures": (image(2, 1), image(1, 1), image(1, 2))},
            [("failed", "pictures.2", "1x2")],
        ),
        (
            'kind="image.bytes_between"\nof="covers"\nmin=700_000\nmax=900_000',
            {"covers": (image(bytes=700_000), image(bytes=900_001), image(bytes=None))},
            [("failed", "covers.1", 900_001), ("unknown", "covers.2", None)],
        ),
        (
            'kind="image.format_not"\nof="covers"\nrefused=["image/gif"]',
            {"covers": (image(), image(media_type="image/gif"), image(media_type=None))},
            [("failed", "covers.1", "image/gif"), ("unknown", "covers.2", None)],
        ),
        (
            'kind="anchor.count_per_image"\nmin=3\nmax=6',
            {"pictures": (image(),) * 4, "anchors": (3, 6, 7)},
            [("failed", "pictures.2", 7), ("failed", "pictures.3", 0)],
        ),
    ],
)
def test_rules_about_pictures(rule, content, expected):
    assert found(rule, **content) == expected


@pytest.mark.parametrize(
    ("rule", "videos", "expected"),
    [
        ('kind="video.count"\nmin=1\nmax=1', (), [("failed", "videos", 0)]),
        ('kind="video.duration"\nmin_seconds=10\nmax_seconds=60', (video(),), []),
        (
            'kind="video.duration"\nmin_seconds=10\nmax_seconds=60',
            (video(duration_ms=9_999), video(duration_ms=60_001), video(duration_ms=None)),
            [("failed", "videos.0", "9.999 s"), ("failed", "videos.1", "60.001 s"), ("unknown", "videos.2", None)],
        ),
        ('kind="video.ratio_in"\nratios=["16:9","9:16"]', (video(), video(1920, 1080)), []),
        ('kind="video.ratio_in"\nratios=["9:16"]', (video(1920, 1080),), [("failed", "videos.0", "1920x1080")]),
        ('kind="video.bytes"\nmax=200_000_000', (video(bytes=200_000_001),), [("failed", "videos.0", 200_000_001)]),
        ('kind="video.bitrate"\nmax=800_000', (video(),), [("failed", "videos.0", 5_000_000)]),
        ('kind="video.bitrate"\nmax=800_000', (video(bitrate=None),), [("unknown", "videos.0", None)]),
        ('kind="video.min_height"\nmin=1080', (video(1920, 1079),), [("failed", "videos.0", "1920x1079")]),
        ('kind="video.min_height"\nmin=720\nmeasure="shorter_side"', (video(720, 1280),), []),
        (
            'kind="video.min_height"\nmin=720\nmeasure="shorter_side"',
            (video(719, 1280),),
            [("failed", "videos.0", "719x1280")],
        ),
    ],
)
def test_rules_about_videos(rule, videos, expected):
    assert found(rule, videos=videos) == expected


@pytest.mark.parametrize(
    ("rule", "products", "expected"),
    [
        ('kind="product.count"\nmin=6', P, []),
        ('kind="product.count"\nmin=6', P[:5], [("failed", "products", 5)]),
        ('kind="product.distinct_shops"\nmin=3', P, []),
        ('kind="product.distinct_shops"\nmin=3', P[:4], [("failed", "products", 2)]),
        (
            'kind="product.distinct_shops"\nmin=3',
            [*P[:4], product("x", shop_uid=None)],
            [("unknown", "products", 2)],
        ),
        ('kind="product.max_per_shop"\nmax=2', P, []),
        ('kind="product.max_per_shop"\nmax=1', P[:3], [("failed", "products", 2)]),
        ('kind="product.max_per_shop"\nmax=2', [*P, product("x", shop_uid=None)], [("unknown", "products", None)]),
        ('kind="product.max_per_shop"\nmax=3', [*P, product("x", shop_uid=None)], []),
        ('kind="product.pool"\nany=["a","b"]', [product(pools=frozenset({"b", "c"}))], []),
        ('kind="product.pool"\nany=["a","b"]', [product(pools=frozenset({"c"}))], [("failed", "products.0", ["c"])]),
        ('kind="product.shop_score_min"\nmin=480', [product()], []),
        (
            'kind="product.shop_score_min"\nmin=460',
            [product(shop_scores={"service": 470, "logistics": 459}), product(shop_scores={})],
            [("failed", "products.0", 459), ("unknown", "products.1", None)],
        ),
        (
            'kind="product.shop_score_min"\nmin=460\nscore="service"',
            [product(shop_scores={"service": 470, "logistics": 459}), product(shop_scores={"logistics": 470})],
            [("unknown", "products.1", None)],
        ),
        (
            'kind="product.on_shelf"',
            [product(), product(is_on_shelf=False), product(is_on_shelf=None)],
            [("failed", "products.1", False), ("unknown", "products.2", None)],
        ),
        (
            'kind="product.title_length"\nmin=10\nmax=25',
            [product(title="九个字的商品标题呢"), product(title="x" * 26), product()],
            [("failed", "products.0.title", 9), ("failed", "products.1.title", 26)],
        ),
        ('kind="product.category_in"\nany=["apparel"]', [product()], []),
        (
            'kind="product.category_in"\nany=["food"]',
            [product(), product(categories=frozenset())],
            [("failed", "products.0", ["apparel", "scarves"]), ("unknown", "products.1", None)],
        ),
        ('kind="product.category_not_in"\nany=["food"]', [product()], []),
        (
            'kind="product.category_not_in"\nany=["apparel"]',
            [product(), product(categories=frozenset())],
            [("failed", "products.0", ["apparel", "scarves"]), ("unknown", "products.1", None)],
        ),
        (
            'kind="image.min_size"\nof="products"\nwidth=1080',
            [product(), product(image=None), product(image=image(500, 500))],
            [("unknown", "products.1.image", None), ("failed", "products.2.image", "500x500")],
        ),
    ],
)
def test_rules_about_products(rule, products, expected):
    assert found(rule, *products) == expected


def test_a_finding_says_where_what_how_much_and_what_to_do():
    evaluation = judged(
        ruled('kind="text.length"\nfield="title"\nmin=14\nmax=19\nunit_stated=false'), facts(title="Six scarves")
    )

    finding = only(evaluation)
    assert (finding.code, finding.version, finding.place, finding.rule_index) == ("text.length", 1, "rules.0", 0)
    assert (finding.severity, finding.status, finding.stops) == ("block", "failed", True)
    assert (finding.path, finding.actual) == ("title", 11)
    assert finding.allowed == {"min": 14, "max": 19, "unit": "graphemes"}
    assert finding.message_en == "The title has 11 characters; asked for: 14 to 19."
    assert finding.message_zh == "标题长 11 个字；要求：14 至 19。"
    assert (finding.hint_en, finding.hint_zh) == ("Lengthen it by 3.", "请增加 3。")
    assert finding.evidence == {"unit_stated": False}


def test_an_unknown_fact_stops_a_block_rule_and_only_a_block_rule():
    rule = 'kind="text.length"\nfield="details.lead"\nmax=30\n'

    assert judged(ruled(rule), facts()).outcome is Outcome.FIXABLE
    assert judged(ruled(rule + 'severity="warn"'), facts()).outcome is Outcome.ELIGIBLE
    assert judged(ruled(rule + 'severity="score"\nweight=30'), facts()).score == 70


def test_a_score_rule_costs_its_weight_once_and_stops_nothing():
    rule = 'kind="text.paragraph_max"\nmax=1\nseverity="score"\nweight=25'

    evaluation = judged(ruled(rule), facts(paragraphs=("long", "longer")))

    assert (evaluation.outcome, evaluation.score, len(evaluation.findings)) == (Outcome.ELIGIBLE, 75, 2)


def test_a_rule_can_hold_for_some_formats_only():
    rule = 'kind="product.count"\nmin=1\nformats=["RANKED_LIST"]'

    assert found(rule, format="ARTICLE") == []
    assert found(rule, format="RANKED_LIST") == [("failed", "products", 0)]


@pytest.mark.parametrize(
    ("when", "content", "expected"),
    [
        ('{ format = ["ARTICLE"] }', {}, ["failed"]),
        ('{ format = ["QNA"] }', {}, []),
        (
            '{ field = "details.subject", equals = ["person", "designer"] }',
            {"details": {"subject": "designer"}},
            ["failed"],
        ),
        ('{ field = "details.subject", equals = ["person", "designer"] }', {"details": {"subject": "shop"}}, []),
        ('{ field = "details.subject", equals = ["person", "designer"] }', {}, ["unknown"]),
        ('{ field = "summary", present = true }', {}, ["failed"]),
        ('{ field = "summary", present = false }', {}, []),
        ('{ field = "details.lead", present = false }', {}, ["failed"]),
        ('{ field = "videos", min = 1 }', {}, []),
        ('{ field = "videos", min = 1 }', {"videos": (video(),)}, ["failed"]),
        ('{ field = "headings", max = 2 }', {"headings_count": 3}, []),
    ],
)
def test_a_condition_says_when_a_rule_holds(when, content, expected):
    statuses = [status for status, _, _ in found(f'kind="image.count"\nof="pictures"\nmin=1\nwhen={when}', **content)]

    assert statuses == expected


def test_a_rule_that_passes_does_so_even_when_its_condition_cannot_be_told():
    assert found('kind="text.required"\nfields=["title"]\nwhen={field="details.subject",equals=["person"]}') == []


def test_a_manual_rule_goes_to_human_audit_with_its_text():
    body = 'kind="manual"\ncheck="no-text-on-cover"\nabout="covers"\ntext={en="No text.",zh="无文字。"}\n'

    evaluation = judged(ruled(body + '[audit]\npath=["machine","human"]'), facts())

    finding = only(evaluation)
    assert (evaluation.outcome, evaluation.next_state) == (Outcome.ELIGIBLE, NextState.HUMAN_AUDIT)
    assert (finding.severity, finding.status, finding.message_zh) == ("manual", "manual", "无文字。")
    assert finding.evidence == {"check": "no-text-on-cover", "is_note": False}


def test_a_manual_rule_that_nobody_would_look_at_is_refused():
    body = 'kind="manual"\ncheck="no-text-on-cover"\ntext={en="No text.",zh="无文字。"}\n'

    with pytest.raises(MalformedPack) as refusal:
        ruled(body)
    assert 'audit.path needs "human"' in refusal.value.problems[0].message
    assert judged(ruled(body + 'severity="warn"'), facts()).next_state is NextState.ACCEPTED


def test_a_rules_own_source_is_evidence():
    rule = (
        'kind="text.length"\nfield="title"\nmax=3\nsource={provenance="captured",confidence="D",observed_on=2019-03-01}'
    )

    assert only(judged(ruled(rule), facts())).evidence == {
        "source": {"provenance": "captured", "confidence": "D", "observed_on": "2019-03-01"}
    }


def test_a_format_that_is_new_gets_every_rule_that_names_no_format():
    evaluation = evaluate(ruled('kind="product.count"\nmin=1'), facts(format="PODCAST"), at=AT, quota_used={})

    assert evaluation.outcome is Outcome.FIXABLE


@pytest.mark.parametrize(
    ("size", "ratio", "tolerance", "expected"),
    [
        ((1600, 900), "16:9", 0, True),
        ((422, 750), "9:16", 0, True),
        ((1920, 1082), "16:9", 0, False),
        ((1000, 1000), "1:1", 0, True),
        ((1001, 1000), "1:1", 0, False),
        ((1010, 1000), "1:1", 1, True),
        ((1011, 1000), "1:1", 1, False),
        ((191, 100), "1.91:1", 0, True),
    ],
)
def test_a_ratio_holds_to_the_pixel_or_within_its_tolerance(size, ratio, tolerance, expected):
    assert has_ratio(*size, ratio, tolerance) is expected


def test_every_kind_has_a_code_of_its_own_and_says_what_it_asks():
    codes = [kind.model_fields["kind"].annotation.__args__[0] for kind in KINDS]

    assert len(set(codes)) == len(KINDS) == 41
    assert all(kind.__doc__ for kind in KINDS)
