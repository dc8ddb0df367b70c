from __future__ import annotations

import itertools
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from search import analysis
from search.analysis import TOKEN_LIMIT, analyse, fold
from search.highlights import Span, highlight, sought


def test_chinese_is_read_as_characters_bigrams_and_words_with_their_parts():
    read = analyse("空气炸锅，宿舍")

    assert read.characters == ["空", "气", "炸", "锅", "宿", "舍"]
    assert read.bigrams == ["空气", "气炸", "炸锅", "宿舍"]
    assert read.words == ["空气", "炸锅", "宿舍"]


def test_long_dictionary_words_keep_their_parts():
    assert analyse("南京市长江大桥").words == ["南京", "京市", "南京市", "长江", "大桥", "长江大桥"]


def test_english_is_read_as_whole_words_bigrams_and_stems():
    read = analyse("Running shoes")

    assert read.characters == ["running", "shoes"]
    assert read.bigrams == ["ru", "un", "nn", "ni", "in", "ng", "sh", "ho", "oe", "es"]
    assert read.words == ["run", "shoe"]


def test_letters_and_digits_that_stick_together_are_kept_whole_and_taken_apart():
    read = analyse("iPhone15壳 SD-2000x")

    assert read.characters == ["iphone15", "壳", "sd", "2000x"]
    assert "5壳" in read.bigrams
    assert read.words == ["iphone15", "iphon", "15", "壳", "sd", "2000x", "2000", "x"]


@pytest.mark.parametrize(
    ("written", "folded"),
    [
        ("ＡＢＣ１２３", "abc123"),
        ("Café", "cafe"),
        ("Cafe\u0301", "cafe"),
        ("STRASSE", "strasse"),
        ("straße", "strasse"),
        ("İstanbul", "istanbul"),
        ("ﬁne", "fine"),
        ("ｶﾞラス", "ガラス"),
        ("Ёлка", "елка"),
        ("Ά", "α"),
        ("soft\u00adhyphen", "softhyphen"),
        ("zero\u200bwidth", "zerowidth"),
        ("a\u202eb", "ab"),
        ("a\ud800b", "a b"),
        ("が", "が"),
    ],
)
def test_what_readers_take_for_the_same_is_spelled_the_same(written, folded):
    assert fold(written) == folded


@pytest.mark.parametrize("text", ["", " \t\n", "\x00\x01\x1f", "\ud800\udfff", "，。！？", "!!! --- ???", "👩‍👩‍👧🎉"])
def test_a_text_without_letters_or_digits_gives_no_tokens(text):
    assert analyse(text) == ([], [], [])


@pytest.mark.parametrize("between", [" ", "\x00", "\n", "\u2028", "\ud800", "，", "_", "\u3000"])
def test_what_is_no_letter_parts_words(between):
    assert analyse(f"a{between}空").characters == ["a", "空"]


def test_tokens_are_never_longer_than_an_engine_takes():
    read = analyse("x" * 1_000 + " " + "a1" * 500)

    assert max(len(token) for tokens in read for token in tokens) == TOKEN_LIMIT


@given(st.text(st.characters(codec=None), max_size=200))
@example("\ud83d")
@example("\u0345ΐİ")
@example("\u0e33\u1e9e")
def test_every_text_gives_tokens_that_survive_the_way_into_an_engine(text):
    for tokens in analyse(text):
        for token in tokens:
            assert 1 <= len(token) <= TOKEN_LIMIT
            assert not any(character.isspace() for character in token)
            assert unicodedata.category(token[0]) not in ("Cs", "Cc")
            token.encode()


def test_folding_a_character_twice_changes_nothing_more():
    assert [chr(code) for code in range(0x3400) if fold(fold(chr(code))) != fold(chr(code))] == []


@given(st.text(st.sampled_from("空气炸锅iPhone 15，é\u0301ß👩‍👧"), max_size=40))
def test_words_stand_in_the_text_where_their_spans_say(text):
    folded = fold(text)

    spans = list(analysis.word_spans(folded))

    assert [word for word, _, _ in spans] == analysis.words(folded)
    assert all(analysis.stem(folded[start:end]) == word for word, start, end in spans)


@pytest.mark.parametrize(
    "text", ["空气abc12，" * 14_000, "a" * 100_000, "的" * 100_000, "\x01" * 100_000, "1 " * 50_000]
)
def test_the_largest_body_is_read(text):
    read = analyse(text)

    assert len(read.characters) <= len(text)


# Highlights


def marked(text: str, query: str) -> list[str]:
    return [text[start:end] for start, end in highlight(text, sought(query))]


def test_words_are_marked_as_they_are_written():
    assert marked("全新 ＩＰＨＯＮＥ 15 手机壳，适合iPhone15", "iphone壳") == ["ＩＰＨＯＮＥ", "壳", "iPhone"]
    assert marked("The best Running-shoe for runners", "running shoes") == ["Running", "shoe"]
    assert marked("空气炸锅的做法，大炸锅也行", "空气炸锅") == ["空气炸锅", "炸锅"]


def test_marks_never_cut_through_what_a_reader_sees_as_one_character():
    text = "Un cafe\u0301, un CAFÉ, ﬁn"

    assert marked(text, "cafe") == ["cafe\u0301", "CAFÉ"]
    assert marked(text, "fin") == ["ﬁn"]


def test_neighbouring_marks_are_one():
    assert highlight("空气炸锅", sought("空气炸锅")) == (Span(0, 4),)


def test_function_characters_alone_mark_nothing():
    assert marked("我的世界是你的", "我的") == []
    assert marked("我的世界是你的", "世界是什么") == ["世界"]


def test_a_text_that_cannot_match_is_not_marked():
    assert highlight("", sought("空气")) == ()
    assert highlight("空气", sought("")) == ()
    assert highlight("\ud800\x00", sought("a")) == ()


@given(
    st.text(st.sampled_from("空气炸锅iPhone 15的，é\u0301ß👩‍👧"), max_size=40),
    st.text(st.sampled_from("空气炸锅iphone15é"), max_size=8),
)
def test_marks_are_ordered_apart_and_within_the_text(text, query):
    spans = highlight(text, sought(query))

    assert all(0 <= span.start < span.end <= len(text) for span in spans)
    assert all(before.end < after.start for before, after in itertools.pairwise(spans))
