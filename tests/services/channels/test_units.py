"""Lengths in every unit that a channel counts in, and shortening that never breaks a character."""

from __future__ import annotations

from typing import get_args

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from services.channels.terms import Unit
from services.channels.units import clusters, length, truncate

FAMILY = "👨‍👩‍👧‍👦"
UNITS: tuple[Unit, ...] = get_args(Unit)
TEXTS = st.text(
    st.sampled_from(
        [
            *"ab 1.:/…\n\r",
            *"中文，ﾊハ𠮷ÅÄ한",
            "\u0301",
            "\u200d",
            "\ufe0f",
            "\u20e3",
            *"👨👩👧🏳🌈🇨🇳🏽⚠©",
            "\u1112",
            "\u1161",
        ]
    ),
    max_size=40,
)


@pytest.mark.parametrize(
    ("text", "code_points", "graphemes", "utf16", "utf8", "x_weighted", "full_width"),
    [
        ("", 0, 0, 0, 0, 0, 0),
        ("abc", 3, 3, 3, 3, 3, 3),
        (FAMILY, 7, 1, 11, 25, 2, 2),
        ("𠮷", 1, 1, 2, 4, 2, 2),
        ("e\u0301", 2, 1, 2, 3, 1, 1),
        ("ﾊﾝ", 2, 2, 2, 6, 4, 2),
        ("ハン", 2, 2, 2, 6, 4, 4),
        ("Ａ", 1, 1, 1, 3, 2, 2),
        ("标题", 2, 2, 2, 6, 4, 4),
        ("🏳️‍🌈", 4, 1, 6, 14, 2, 2),
        ("🇨🇳🇩🇪", 4, 2, 8, 16, 4, 4),
        ("👍🏽", 2, 1, 4, 8, 2, 2),
        ("1️⃣", 3, 1, 3, 7, 2, 2),
        ("\u1112\u1161\u11ab", 3, 1, 3, 9, 2, 2),
        # a region's flag is spelled with tags, a pirate's is joined
        ("🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f", 7, 1, 14, 28, 2, 2),
        ("🏴\u200d☠\ufe0f", 4, 1, 5, 13, 2, 2),
        # two marks on one letter, of which one has a letter of its own (above what X weighs lightly)
        ("e\u0301\u0323", 3, 1, 3, 5, 3, 1),
        # a half-width mark belongs to the letter before it and has a column of its own; the full-width letter has it within
        ("ﾊﾞ", 2, 1, 2, 6, 4, 2),
        ("バ", 1, 1, 1, 3, 2, 2),
        ("𠮷野家𠮷", 4, 4, 6, 14, 8, 8),
    ],
)
def test_every_unit_counts_as_its_channel_does(text, code_points, graphemes, utf16, utf8, x_weighted, full_width):
    assert {unit: length(text, unit) for unit in UNITS} == {
        "code_points": code_points,
        "graphemes": graphemes,
        "utf16": utf16,
        "bytes": utf8,
        "x_weighted": x_weighted,
        "full_width": full_width,
    }


@pytest.mark.parametrize(
    ("text", "weight"),
    [
        ("\u10ff\u2000\u200d\u2010\u201f\u2032\u2037", 7),
        ("\u1100", 2),
        ("\u200e", 2),
        ("\u2020", 2),
        ("\u2031", 2),
        ("\u2038", 2),
        ("©", 1),
    ],
)
def test_x_weighs_code_points_by_the_published_ranges(text, weight):
    assert length(text, "x_weighted") == weight


@pytest.mark.parametrize(
    ("text", "weight"),
    [
        ("https://a.io", 23),
        ("see https://example.com/" + "p" * 200 + " now", 4 + 23 + 4),
        ("看https://example.com/路。好", 2 + 23 + 2 + 2),
        ("example.com", 23),
        ("an example.com/x?y=1 too", 3 + 23 + 4),
        ("me@example.com", 14),
        ("a.b", 3),
    ],
)
def test_x_counts_every_address_as_23(text, weight):
    assert length(text, "x_weighted") == weight


@pytest.mark.parametrize(
    ("text", "maximum", "unit", "shortened"),
    [
        ("标题很长很长", 4, "graphemes", "标题很…"),
        ("标题很长", 4, "graphemes", "标题很长"),
        (f"{FAMILY}{FAMILY}{FAMILY}", 2, "graphemes", f"{FAMILY}…"),
        (f"ab{FAMILY}", 8, "code_points", "ab…"),
        ("𠮷𠮷𠮷", 4, "utf16", "𠮷…"),
        ("e\u0301e\u0301e\u0301", 3, "code_points", "e\u0301…"),
        ("中文字", 7, "bytes", "中…"),
        ("中文字", 5, "full_width", "中文…"),
        ("one two three", 5, "graphemes", "one…"),
        ("abc", 0, "graphemes", ""),
        ("中文字", 2, "bytes", ""),
    ],
)
def test_a_text_is_shortened_between_characters(text, maximum, unit, shortened):
    assert truncate(text, maximum, unit) == shortened


def test_the_ellipsis_is_the_channels_own():
    assert truncate("abcdefgh", 6, "graphemes", "...") == "abc..."
    assert truncate("abcdefgh", 2, "graphemes", "...") == "ab"


def test_x_never_gets_half_an_address():
    text = "look https://example.com/long/path/to/it here and there"

    assert truncate(text, 29, "x_weighted") == "look…"
    assert truncate(text, 30, "x_weighted") == "look https://example.com/long/path/to/it…"


def test_a_cut_that_would_make_an_address_for_x_goes_further_back():
    assert truncate("abc.comxyzzy", 9, "x_weighted") == "abc.c…"


@given(TEXTS, st.integers(0, 30), st.sampled_from(UNITS), st.sampled_from(["…", "...", "", "（全文）"]))
def test_a_shortened_text_fits_and_ends_between_graphemes(text, maximum, unit, ellipsis):
    shortened = truncate(text, maximum, unit, ellipsis)

    assert length(shortened, unit) <= maximum
    if shortened != text:
        kept = shortened.removesuffix(ellipsis) if length(ellipsis, unit) <= maximum else shortened
        boundaries = {0}
        for cluster in clusters(text):
            boundaries.add(max(boundaries) + len(cluster))
        assert text.startswith(kept)
        assert any(text[:end].rstrip() == kept for end in boundaries)


@given(TEXTS)
def test_plain_text_is_counted_the_same_without_the_long_way(text):
    assert clusters(text) == regex.findall(r"\X", text)
    assert length(text, "graphemes") == len(regex.findall(r"\X", text))
