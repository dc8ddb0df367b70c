"""Prints of texts and pictures: what they leave out of account, how near they come to the truth, that all near ones are found."""

from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from search import analysis
from services.duplicates import prints
from tests.services.duplicates.texts import CHINESE, ENGLISH, HASH, OTHER, changed, flipped, turned


def printed(said: str) -> prints.TextPrint:
    made = prints.of_text(said)
    assert made is not None
    return made


def truth(one: str, other: str) -> float:
    """How many percent of their runs of three tokens both texts have."""
    tokens = [analysis.characters(analysis.fold(said)) for said in (one, other)]
    first, second = ({tuple(each[at : at + 3]) for at in range(len(each) - 2)} for each in tokens)
    return 200 * len(first & second) / (len(first) + len(second))


@pytest.mark.parametrize("every", [3, 5, 10, 20, 40])
def test_the_estimate_is_near_the_truth(every: int):
    other = changed(ENGLISH, every=every)

    assert abs(prints.percent(printed(ENGLISH), printed(other)) - truth(ENGLISH, other)) <= 6


def test_signs_case_width_and_spaces_make_no_difference_but_the_order_of_words_does():
    assert prints.percent(printed(ENGLISH), printed(ENGLISH.replace(",", " ;").upper())) == 100
    assert prints.percent(printed(CHINESE), printed(CHINESE.replace("，", " "))) == 100
    assert prints.percent(printed(ENGLISH), printed(turned(ENGLISH))) == 97
    assert prints.percent(printed(ENGLISH), printed(OTHER)) == 0


def test_nothing_but_equal_texts_is_the_same_to_a_hundred_percent():
    longer = " ".join([ENGLISH, *ENGLISH.split()] * 3)

    assert prints.percent(printed(longer), printed(longer + " again")) == 99


def test_short_texts_have_no_sketch_and_those_without_words_no_print():
    assert printed(" ".join(["tea"] * (prints.SHORT - 1))).sketch is None
    assert printed(" ".join(["tea"] * prints.SHORT)).sketch is not None
    assert prints.of_text(" — … 👩‍👩‍👧 ") is None


def test_the_print_of_a_text_stays_what_it_is_in_every_version_of_python():
    made = printed(ENGLISH)

    assert made.sketch is not None
    assert (made.digest.hex(), sha256(made.sketch).hexdigest()[:16], made.bands[:2]) == (
        "6c93c52fcc21506239c197eb2032aa78",
        "80e9a8041658e7bf",
        (1163002328, 1559027580),
    )


@settings(max_examples=60, derandomize=True, database=None, deadline=None)
@given(st.integers(0, 2**64 - 1), st.sets(st.integers(0, 63), max_size=prints.MOST_BITS))
def test_whatever_differs_in_at_most_seven_bits_is_found_by_a_band(number: int, bits: set[int]):
    looks = f"{number:016x}"
    one, other = prints.of_picture(looks), prints.of_picture(flipped(looks, *bits))
    if one is None or other is None:
        assert f"{0:016x}" in (looks, flipped(looks, *bits))
        return

    assert prints.bits_apart(one, other) == len(bits)
    assert set(prints.picture_probes(one)) & set(prints.picture_bands(other))


def test_a_plain_surface_and_what_is_no_hash_are_no_pictures():
    assert [prints.of_picture(looks) for looks in ("0" * 16, "", "c3a5", "C3A5F00F96695AA5")] == [None] * 4
    assert prints.of_picture(HASH) == int(HASH, 16) - (1 << 64)
