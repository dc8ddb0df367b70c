"""The page of what is known of the captured channels: current, whole, and with a proof for whatever stops a content."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from services.channels import parity
from services.channels.arms import ARMS
from services.channels.packs import Pack
from services.channels.parity import DEMANDS, captured, known, page
from services.channels.rules import KINDS
from tests.services.channels.channel_facts import pack

ROOT = Path(__file__).parents[3]

SMALL = """
[gates]
all = [
  { followers = { min = 0 } },
  { not = { seller = { is = true } }, note = "Sellers have entries of their own." },
  { any = [{ level = { min = 3 } }, { invited = {} }], source = { provenance = "house", confidence = "D" } },
]
[[rules]]
kind = "text.length"
field = "title"
max = 20
[[rules]]
kind = "product.count"
min = 1
severity = "score"
formats = ["ARTICLE"]
[[rules]]
kind = "manual"
check = "eyes"
text = { en = "Look.", zh = "看。" }
[quota]
total = 9
[audit]
path = ["machine", "human"]
human_hours = 24
[rendering]
title = { fields = ["title"], max = 20, source = { provenance = "spec", confidence = "A" } }
[[facts]]
text = "Readers like it."
confidence = "A"
note = "No part asks readers."
[[examples]]
name = "a good one"
must = "pass"
[[examples]]
name = "a seller"
must = "fail"
codes = ["gate.not"]
given = { creator = { is_seller = true } }
[[examples]]
name = "a beginner whom nobody invited"
must = "fail"
codes = ["creator.level", "creator.invited"]
given = { creator = { level = 0, is_invited = false } }
[[examples]]
name = "one that recommends nothing costs points"
must = "pass"
given = { products = 0 }
"""


@cache
def packs() -> list[Pack]:
    return parity.read(ROOT / parity.FOLDER)


def test_the_page_is_current() -> None:
    assert page(packs()) == (ROOT / parity.PAGE).read_text("utf-8")


def test_whatever_stops_a_content_at_a_captured_entry_is_shown_by_an_example_that_fails_there() -> None:
    lacking = [(each.key, row.place) for each in captured(packs()) for row in known(each) if row.lacks_proof]

    assert len(captured(packs())) == 42
    assert lacking == []


def test_whatever_no_part_of_a_pack_says_has_its_reason() -> None:
    beside = [row for each in packs() for row in known(each) if row.keeping == "beside"]

    assert beside
    assert all(row.proof for row in beside)


def test_every_kind_and_every_condition_is_named_by_what_channels_ask_for() -> None:
    named = {code for _, said_by in DEMANDS for code in said_by.split(", ")}

    kinds = {kind.model_fields["kind"].annotation.__args__[0] for kind in KINDS}  # type: ignore[union-attr]
    arms = {f"creator.{arm.fact}" for arm in ARMS}
    parts = {"selector", "when", "quota", "min_score", "audit", "rendering", "clean_out", "showing"}
    assert named == kinds | arms | parts


def test_each_fact_says_where_it_stands_how_it_is_kept_and_what_shows_it() -> None:
    rows = known(pack(SMALL, selector='formats = ["ARTICLE"]'))

    assert [(row.place, row.keeping, row.source, row.proof) for row in rows] == [
        ("selector.formats", "stops", "house D", None),
        ("gates.all.0", "tells", "house D", None),
        ("gates.all.1", "stops", "house D", "a seller"),
        ("gates.all.2.any.0", "stops", "house D", "a beginner whom nobody invited"),
        ("gates.all.2.any.1", "stops", "house D", "a beginner whom nobody invited"),
        ("rules.0", "stops", "house D", None),
        ("rules.1", "tells", "house D", "one that recommends nothing costs points"),
        ("rules.2", "eyes", "house D", "a good one"),
        ("quota.total", "stops", "house D", None),
        ("audit.path", "shapes", "house D", None),
        ("rendering.title", "shapes", "spec A", None),
        ("facts.0", "beside", "house A", "No part asks readers."),
    ]
    assert [row.place for row in rows if row.lacks_proof] == ["selector.formats", "rules.0", "quota.total"]
    assert rows[2].words == "anything but a seller (Sellers have entries of their own.)"
    assert rows[5].words == "`text.length` title: at most 20 characters"
    assert rows[6].words == "`product.count` at least 1, score −10 (ARTICLE)"
    assert rows[9].words == "machine, then human within 24 hours"
