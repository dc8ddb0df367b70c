"""Cursors come back as they were handed out, and everything else is told by its code."""

from __future__ import annotations

import base64
import zlib
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import cursors
from core.cursors import ForeignCursor, UnknownCursor
from tests.core.forging import forged

VALUES = st.lists(
    st.one_of(
        st.none(),
        st.integers(-(2**63), 2**63 - 1),
        st.text(st.characters(exclude_categories=["Cs"]), max_size=40),
        st.datetimes(timezones=st.just(UTC)),
    ),
    max_size=4,
)


@given(values=VALUES)
def test_what_goes_in_comes_out(values: list[Any]) -> None:
    assert cursors.decode("list", cursors.encode("list", values)) == values


def test_a_cursor_of_another_scope_is_foreign() -> None:
    with pytest.raises(ForeignCursor):
        cursors.decode("another", cursors.encode("list", [1]))


@given(text=st.text(max_size=60))
def test_any_text_is_read_or_refused_by_its_code(text: str) -> None:
    with pytest.raises((UnknownCursor, ForeignCursor)):
        cursors.decode("list", text)


@given(place=st.integers(0, 200), letter=st.sampled_from("ABCabc019-_"))
def test_a_changed_letter_is_noticed(place: int, letter: str) -> None:
    good = cursors.encode("list", [datetime(2026, 11, 24, tzinfo=UTC), 7])
    place %= len(good)
    changed = good[:place] + letter + good[place + 1 :]

    if changed == good:
        return
    with pytest.raises((UnknownCursor, ForeignCursor)):
        cursors.decode("list", changed)


NONSENSE = [b"", b"7", b'"ab"', b'{"t":1}', b"[", b"[[1]]", b"[NaN]", b"[1e999]", b'["\\ud800"]', b"\xff", b"[" * 300]
NO_INSTANTS = [b'"x"', b"true", b"99999999999999999999", b"9e18", b'1,"u":2']


@pytest.mark.parametrize("payload", [*NONSENSE, *(b'[{"t":' + one + b"}]" for one in NO_INSTANTS)])
def test_a_genuine_checksum_over_nonsense_is_unknown(payload: bytes) -> None:
    with pytest.raises(UnknownCursor):
        cursors.decode("list", forged("list", payload))


@pytest.mark.parametrize("text", ["A" * 2_049, cursors.encode("list", [1]) + "=", "é", " ", ""])
def test_what_was_never_handed_out_is_unknown(text: str) -> None:
    with pytest.raises(UnknownCursor):
        cursors.decode("list", text)


def test_a_cursor_of_another_format_version_is_unknown() -> None:
    head = bytes([2]) + cursors.encode("list", [1]).encode()[1:5]
    raw = head + zlib.crc32(head + b"[1]").to_bytes(4, "big") + b"[1]"

    with pytest.raises(UnknownCursor):
        cursors.decode("list", base64.urlsafe_b64encode(raw).rstrip(b"=").decode())


def test_the_longest_value_of_an_order_still_makes_a_cursor_that_is_read() -> None:
    longest = ["\U0001f36e" * 200, 2**63 - 1]

    assert cursors.decode("list", cursors.encode("list", longest)) == longest
