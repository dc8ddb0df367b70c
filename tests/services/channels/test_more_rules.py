"""Rules about copied titles, originality, times of submission, and pictures beside each other."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from services.channels.packs import MalformedPack
from services.channels.rules.copies import bare, longest_run
from tests.services.channels.channel_facts import facts, found, image, judged, only, product, ruled

COPY = 'kind="text.no_product_title_copy"'


@pytest.mark.parametrize(
    ("rule", "title", "products", "expected"),
    [
        (COPY, "A Scarf of Wool!", ["A scarf of wool"], [("failed", "title", 100)]),
        (COPY, "Ａ　ｓｃａｒｆ，of WOOL", ["A scarf of wool"], [("failed", "title", 100)]),
        (COPY, "A scarf, I think, of wool", ["A scarf of wool"], []),
        (COPY, "秋冬保暖羊毛围巾推荐", ["羊毛围巾女"], []),  # too short a title to be told from a word for the thing
        (COPY, "秋冬保暖羊毛围巾推荐", ["秋冬保暖羊毛围巾女"], [("failed", "title", 89)]),
        (f"{COPY}\nmax_percent=89", "秋冬保暖羊毛围巾推荐", ["秋冬保暖羊毛围巾女"], []),
        (f"{COPY}\nmin_characters=10", "秋冬保暖羊毛围巾女", ["秋冬保暖羊毛围巾女"], []),
        (
            f"{COPY}\nmax_percent=50",
            "Warm hands, warm neck",
            ["Warm hands of wool", "Warm neck of silk", "A hat of wool"],
            [("failed", "title", 60), ("failed", "title", 58)],
        ),
        (f'{COPY}\nfields=["details.lead"]', "", ["A scarf of wool"], [("unknown", "details.lead", None)]),
        (f'{COPY}\nfields=["details.lead"]', "", ["Scarf"], []),
    ],
)
def test_a_text_does_not_repeat_the_title_of_a_product(rule, title, products, expected):
    goods = [product(f"p{index}", title=each) for index, each in enumerate(products)]

    assert found(rule, *goods, title=title) == expected


def test_the_finding_of_a_copy_names_the_product():
    finding = only(judged(ruled(COPY), facts(product(title="A scarf of wool"), title="A scarf of wool for you")))

    assert finding.evidence == {"product": "p1", "at": "products.0"}
    assert finding.message_en == "The title repeats 100 % of “A scarf of wool” in one piece; asked for: at most 80 %."


@pytest.mark.parametrize(
    ("title", "text", "more_than", "run"),
    [
        ("abcdef", "xxbcdexx", 0, "bcde"),
        ("abcdef", "xxbcdexx", 4, ""),
        ("abcabcd", "abcd", 3, "abcd"),
        ("abc", "", 0, ""),
        ("", "abc", 0, ""),
        ("ab", "ab", 1, "ab"),
    ],
)
def test_the_longest_run_is_found_wherever_it_begins(title, text, more_than, run):
    assert longest_run(title, text, more_than) == run


def test_half_and_full_width_marks_and_case_do_not_hide_a_copy():
    assert bare("ＡＢｃ　１２ ﾊﾝ-👨‍👩‍👧‍👦 𠮷") == "abc12ハン𠮷"
    assert bare("cafe\u0301") == bare("café")


@pytest.mark.parametrize(
    ("is_original", "expected"),
    [(True, []), (False, [("failed", "is_original", False)]), (None, [("unknown", "is_original", None)])],
)
def test_an_entry_may_ask_for_contents_that_are_the_authors_own(is_original, expected):
    assert found('kind="content.original"', is_original=is_original) == expected


def at(rule: str, instant: str) -> list[Any]:
    """When the window opens next, if it is shut at this instant."""
    evaluation = judged(ruled(f'kind="schedule.window"\n{rule}'), facts(), at=datetime.fromisoformat(instant))
    return [finding.evidence["opens_at"] for finding in evaluation.findings]


NIGHT = 'days=["fri"]\nfrom="22:00"\nto="06:00"'


@pytest.mark.parametrize(
    ("rule", "instant", "opens_at"),
    [
        ('from="09:00"\nto="18:00"', "2026-11-24T01:00:00+00:00", []),
        ('from="09:00"\nto="18:00"', "2026-11-24T00:59:59+00:00", ["2026-11-24T09:00:00+08:00"]),
        ('from="09:00"\nto="18:00"', "2026-11-24T09:59:59+00:00", []),
        ('from="09:00"\nto="18:00"', "2026-11-24T10:00:00+00:00", ["2026-11-25T09:00:00+08:00"]),
        ('days=["tue"]', "2026-11-24T00:00:00+08:00", []),
        ('days=["tue"]', "2026-11-25T00:00:00+08:00", ["2026-12-01T00:00:00+08:00"]),
        ('days=["tue"]', "2026-11-23T16:00:00+00:00", []),
        (NIGHT, "2026-11-27T22:00:00+08:00", []),
        (NIGHT, "2026-11-28T05:59:00+08:00", []),
        (NIGHT, "2026-11-28T06:00:00+08:00", ["2026-12-04T22:00:00+08:00"]),
        (NIGHT, "2026-11-27T05:00:00+08:00", ["2026-11-27T22:00:00+08:00"]),
        ('from="09:00"\nto="18:00"\ntime_zone="Europe/Berlin"', "2026-11-24T08:00:00+00:00", []),
        (
            'from="02:30"\nto="03:30"\ntime_zone="Europe/Berlin"',
            "2026-03-28T12:00:00+00:00",
            ["2026-03-29T02:30:00+01:00"],
        ),
    ],
)
def test_submissions_are_taken_in_the_channels_own_hours_and_days(rule, instant, opens_at):
    assert at(rule, instant) == opens_at


def test_a_shut_window_says_when_it_opens_and_can_be_waited_for():
    evaluation = judged(
        ruled('kind="schedule.window"\ndays=["wed","thu"]\nfrom="09:00"\nto="18:00"'),
        facts(),
        at=datetime(2026, 11, 24, 3, tzinfo=UTC),
    )

    assert evaluation.outcome.value == "FIXABLE"
    assert only(evaluation).message_en == (
        "It is Tuesday, 11:00 (Asia/Shanghai); submissions are taken on Wednesday, Thursday from 09:00 to 18:00."
    )
    assert only(evaluation).message_zh == "现在是周二 11:00（Asia/Shanghai）；投稿时间：周三、周四 09:00 至 18:00。"
    assert only(evaluation).hint_zh == "请于 2026-11-25T09:00:00+08:00 之后再提交。"


@pytest.mark.parametrize(
    ("rule", "reason"),
    [
        ('kind="schedule.window"', "needs `days`, or `from` and `to`"),
        ('kind="schedule.window"\nfrom="09:00"', "`from` and `to` go together"),
        ('kind="schedule.window"\nfrom="09:00"\nto="09:00"', "are the same: leave both out"),
        ('kind="schedule.window"\ndays=["mon"]\ntime_zone="Mars/Olympus"', "'Mars/Olympus' is no time zone"),
        ('kind="schedule.window"\nfrom="24:00"\nto="09:00"', r"rules\.0\..*from: "),
        ('kind="image.max_size"\nof="covers"', "needs `width`, `height` or `shorter_side`"),
        ('kind="text.no_product_title_copy"\nmax_percent=100', r"rules\.0\..*max_percent: .*99"),
        ('kind="text.no_product_title_copy"\nfields=[]', r"rules\.0\..*fields: "),
    ],
)
def test_what_no_content_could_keep_is_refused(rule, reason):
    with pytest.raises(MalformedPack, match=reason):
        ruled(rule)


SQUARE = 'kind="image.shape"\nof="covers"\nmatch="any"\nratios=["1:1"]\nwidth=750\nheight=750'


@pytest.mark.parametrize(
    ("rule", "covers", "expected"),
    [
        (SQUARE, [image(750, 750), image(422, 750)], []),
        (SQUARE, [image(749, 749), image(900, 1600)], [("failed", "covers", ["749x749", "900x1600"])]),
        (SQUARE, [image(None, None)], [("unknown", "covers", [None])]),
        ('kind="image.max_size"\nof="covers"\nshorter_side=1080', [image(1080, 1920), image(1920, 1080)], []),
        (
            'kind="image.max_size"\nof="covers"\nshorter_side=1080',
            [image(1081, 1920), image(4000, 1081)],
            [("failed", "covers.0", "1081x1920"), ("failed", "covers.1", "4000x1081")],
        ),
        ('kind="image.max_size"\nof="covers"\nwidth=5\nheight=7', [image(6, 7)], [("failed", "covers.0", "6x7")]),
        ('kind="image.max_size"\nof="covers"\nwidth=5\nheight=7', [image(5, 8)], [("failed", "covers.0", "5x8")]),
        ('kind="image.same_size"\nof="covers"', [], []),
        ('kind="image.same_size"\nof="covers"', [image(None, None)], []),
        ('kind="image.same_size"\nof="covers"', [image(5, 7), image(5, 7)], []),
        (
            'kind="image.same_size"\nof="covers"',
            [image(5, 7), image(7, 5), image(5, 7), image(5, 8)],
            [("failed", "covers.1", "7x5"), ("failed", "covers.3", "5x8")],
        ),
        (
            'kind="image.same_size"\nof="covers"',
            [image(5, 7), image(None, 5), image(5, 8, source="declared")],
            [("unknown", "covers.1", None), ("unknown", "covers.2", "5x8")],
        ),
        (
            'kind="image.same_size"\nof="covers"\nseverity="warn"',
            [image(5, 7), image(5, 8, source="declared")],
            [("failed", "covers.1", "5x8")],
        ),
    ],
)
def test_pictures_have_size_and_shape_at_once(rule, covers, expected):
    assert found(rule, covers=tuple(covers)) == expected
