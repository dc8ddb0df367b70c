"""A first draft of a pack passes every check before anybody has touched it."""

from __future__ import annotations

from typing import get_args

import pytest

from services.channels import examples
from services.channels.engine import CompiledPack
from services.channels.packs import Kind, parse_pack
from services.channels.scaffolding import Draft, name_of, place, scaffold
from services.channels.terms import FORMATS


def draft(**said: object) -> Draft:
    given = {"key": "test.one-thing", "kind": "platform", "parent": "test", "time_zone": "UTC"}
    return Draft(**{**given, "name_en": 'A "name"', "name_zh": "名\\称", **said})  # type: ignore[arg-type]  # keywords of a test


@pytest.mark.parametrize("form", [(form,) for form in FORMATS] + [(), FORMATS])
@pytest.mark.parametrize("kind", get_args(Kind))
def test_a_draft_is_a_pack_whose_examples_come_out(kind, form):
    pack = parse_pack(scaffold(draft(kind=kind, formats=form, languages=("zh", "fr"))), "draft.toml")

    assert list(examples.failures(CompiledPack(pack))) == []
    assert (pack.kind, pack.selector.formats, pack.selector.languages) == (kind, form, ("zh", "fr"))
    assert (pack.name.en, pack.name.zh) == ('A "name"', "名\\称")
    assert pack.source.provenance == "house"
    assert {rule.source.provenance for rule in pack.rules if rule.source} == {"house"}
    assert (pack.gates is not None) == (kind == "social")


def test_a_draft_that_names_nothing_takes_all():
    pack = parse_pack(scaffold(draft(parent=None, key="alone")), "draft.toml")

    assert pack.selector.model_dump(exclude_defaults=True) == {}
    assert [example.must for example in pack.examples] == ["pass", "fail", "fail"]


def test_a_draft_lies_where_its_key_says():
    assert str(place(draft())) == "platform/test/one-thing.toml"
    assert str(place(draft(kind="syndication", key="atom", parent=None))) == "syndication/atom.toml"
    assert str(place(draft(kind="private", parent=None, key="partner.daily"))) == "private/partner.daily.toml"
    assert name_of("partner.daily-news") == "Partner: daily news"
