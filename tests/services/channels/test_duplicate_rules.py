"""The rule against near copies, by the likenesses that it is told."""

from __future__ import annotations

import pytest

from services.channels.engine import CompiledPack
from services.channels.facts import Likeness
from services.channels.packs import MalformedPack
from tests.services.channels.channel_facts import facts, found, image, judged, only, ruled

HASH = "c3a5f00f96695aa5"
RULE = 'kind="content.not_duplicate"'


def here(path: str, *, channel: str | None = "test.entry", **known: object) -> Likeness:
    return Likeness(path, **{"among": "channel", "channel": channel, "content": "other"} | known)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("rule", "likeness", "expected"),
    [
        (RULE, here("text", percent=51), [("failed", "text", 51)]),
        (RULE, here("text", percent=50), []),
        (f"{RULE}\nmax_percent=70", here("text", percent=70), []),
        (RULE, here("text", percent=100, channel="test.other"), []),
        (RULE, here("text", percent=100, channel=None, among="all"), []),
        (f'{RULE}\namong="all"', here("text", percent=100, channel=None, among="all"), [("failed", "text", 100)]),
        (f'{RULE}\namong="creator"', here("text", percent=100, channel=None, among="all"), []),
        (RULE, here("covers.0", bits=4), [("failed", "covers.0", 4)]),
        (RULE, here("covers.0", bits=5), []),
        (f"{RULE}\nmax_bits=7", here("covers.0", bits=7), [("failed", "covers.0", 7)]),
        (f'{RULE}\nfields=["text"]', here("covers.0", bits=0), []),
        (f'{RULE}\nfields=["covers"]', here("text", percent=100), []),
    ],
)
def test_a_copy_is_what_is_more_alike_than_the_rule_allows_where_it_compares(rule, likeness, expected):
    cover = image(perceptual_hash=HASH)

    assert found(rule, text="Words.", covers=(cover,), duplicates=(likeness,)) == expected


def test_what_nobody_compared_or_measured_is_unknown():
    assert found(RULE, text="Words.") == [("unknown", "text", None)]
    assert found(RULE, text="Words.", covers=(image(),), duplicates=()) == [("unknown", "covers.0", None)]
    assert found(f'{RULE}\nfields=["text"]', text="Words.", covers=(image(),), duplicates=()) == []


def test_a_finding_names_the_other_where_it_may_be_named():
    alike = here("covers.0", bits=3)
    told = facts(text="Words.", covers=(image(perceptual_hash=HASH),), duplicates=(alike,))

    finding = only(judged(ruled(RULE), told))

    assert finding.allowed == {"max_bits": 4, "among": "channel"}
    assert finding.evidence == {"content": "other", "asset": "image", "source": "probed"}
    assert finding.message_en == (
        "Cover 1 looks like a picture of a content that this channel has already (3 of 64 bits differ)."
    )
    hidden = facts(text="Words.", duplicates=(here("text", percent=90, content=None),))
    assert only(judged(ruled(RULE), hidden)).evidence == {}


def test_only_packs_with_such_a_rule_ask_for_likenesses():
    packs = [ruled(RULE), ruled(f'{RULE}\nseverity="warn"\namong="all"'), ruled('kind="content.original"')]
    compiled = [CompiledPack(one) for one in packs]

    assert [one.compared_among for one in compiled] == [{"channel"}, {"all"}, frozenset()]
    assert [one.keeps_duplicates_out for one in compiled] == [True, False, False]


@pytest.mark.parametrize(
    "parameter", ["max_percent=49", "max_percent=100", "max_bits=8", "fields=[]", 'fields=["title"]']
)
def test_likeness_that_is_not_looked_for_cannot_be_asked(parameter):
    with pytest.raises(MalformedPack):
        ruled(f"{RULE}\n{parameter}")
