"""What became of products, and what a pack does about it, by the facts alone."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from services.channels.dossiers import Dossier
from services.channels.facts import Facts, ProductFacts
from services.channels.offers import Offer, changes, strongest
from services.channels.sheets import sheet
from tests.services.channels import channel_facts as some
from tests.services.packs import pack

BEST = {"kind": "product.pool", "any": ["best"]}
NEW = {"kind": "product.pool", "any": ["new"], "severity": "warn"}
SHELF = {"kind": "product.on_shelf"}
KETTLE: dict[str, Any] = {
    "uid": "kettle",
    "title": "Kettle",
    "is_on_shelf": True,
    "price_minor": 100,
    "currency": "CNY",
    "pools": frozenset({"best", "new"}),
}


def became(parts: dict[str, Any], before: dict[str, Any] | None = None, **of_pack: Any) -> list[tuple[str, str]]:
    """Codes and reactions, after the product had these parts."""
    was = {"kettle": Offer.of(ProductFacts(**KETTLE | (before or {})))}
    facts = Facts(
        some.content(summary=""), some.creator(), (ProductFacts(**KETTLE | parts), ProductFacts("pot", "Pot"))
    )
    dossier = Dossier(facts, datetime(2026, 11, 24, tzinfo=UTC))
    return [(one.code.value, one.reaction) for one in changes(pack("test.one", **of_pack), dossier, was)]


@pytest.mark.parametrize(
    ("parts", "before", "of_pack", "found"),
    [
        ({}, {}, {}, []),
        ({"title": "Pot"}, {}, {}, []),
        ({"is_on_shelf": False}, {}, {}, [("OFF_SHELF", "flag")]),
        ({"is_on_shelf": False}, {"is_on_shelf": None}, {}, [("OFF_SHELF", "flag")]),
        ({"is_on_shelf": False}, {"is_on_shelf": False}, {}, []),
        ({"is_on_shelf": True}, {"is_on_shelf": False}, {}, []),
        ({"is_on_shelf": None}, {}, {}, []),
        ({"is_on_shelf": False}, {}, {"rules": [SHELF]}, [("OFF_SHELF", "withdraw")]),
        ({"is_on_shelf": False}, {}, {"rules": [{**SHELF, "formats": ["LIVE"]}]}, [("OFF_SHELF", "flag")]),
        (
            {"is_on_shelf": False},
            {},
            {"rules": [{**SHELF, "when": {"field": "summary", "present": True}}]},
            [("OFF_SHELF", "flag")],
        ),
        ({"is_on_shelf": False}, {}, {"rules": [SHELF], "changes": {"off_shelf": "render"}}, [("OFF_SHELF", "render")]),
        ({"pools": frozenset()}, {}, {}, []),
        ({"pools": frozenset({"new"})}, {}, {"rules": [BEST]}, [("OUT_OF_POOL", "withdraw")]),
        ({"pools": frozenset({"best"})}, {}, {"rules": [BEST, NEW]}, [("OUT_OF_POOL", "flag")]),
        ({"pools": frozenset()}, {}, {"rules": [BEST, NEW]}, [("OUT_OF_POOL", "withdraw")]),
        ({"pools": frozenset()}, {"pools": frozenset({"new"})}, {"rules": [BEST]}, []),
        (
            {"pools": frozenset()},
            {},
            {"rules": [BEST], "changes": {"out_of_pool": "audit"}},
            [("OUT_OF_POOL", "audit")],
        ),
        ({"price_minor": 99}, {}, {}, [("PRICE", "flag")]),
        ({"currency": "EUR"}, {}, {"changes": {"price": "audit"}}, [("PRICE", "audit")]),
        ({"price_minor": None, "currency": None}, {}, {}, [("PRICE", "flag")]),
        ({"currency": "EUR", "price_minor": None}, {"price_minor": None}, {}, []),
        ({"is_on_shelf": False, "price_minor": 1}, {}, {}, [("OFF_SHELF", "flag"), ("PRICE", "flag")]),
    ],
)
def test_what_becomes_of_a_product(
    parts: dict[str, Any], before: dict[str, Any], of_pack: dict[str, Any], found: list[tuple[str, str]]
):
    assert became(parts, before, **of_pack) == found


def test_of_several_changes_the_gravest_counts():
    facts = Facts(some.content(), some.creator(), (ProductFacts(**KETTLE | {"is_on_shelf": False, "price_minor": 1}),))
    dossier = Dossier(facts, datetime(2026, 11, 24, tzinfo=UTC))
    was = {"kettle": Offer.of(ProductFacts(**KETTLE))}

    assert strongest(changes(pack("test.one", rules=[SHELF]), dossier, was)) == "withdraw"
    assert strongest(changes(pack("test.one", changes={"price": "audit"}), dossier, was)) == "audit"
    assert strongest(()) == "render"


def test_a_pack_says_nothing_of_pools_that_none_of_its_rules_names():
    with pytest.raises(ValidationError, match="out_of_pool asks nothing"):
        pack("test.one", changes={"out_of_pool": "flag"})


def test_a_sheet_tells_what_an_entry_does_otherwise():
    told = {section.title: section.rows for section in sheet(pack("test.one", changes={"edit": "render"}))}

    assert told["Changes"] == (("a new revision goes live", "render"),)
    assert "Changes" not in {section.title for section in sheet(pack("test.one"))}


def test_silence_about_changes_is_no_other_version():
    assert pack("test.one", changes={}).digest == pack("test.one").digest
    assert pack("test.one", changes={"edit": "render"}).digest != pack("test.one").digest
