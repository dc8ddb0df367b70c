"""Packs as JSON: read as strictly as TOML, and told as exactly where they are wrong."""

from __future__ import annotations

import json

import pytest

from services.channels.json_lines import json_lines
from services.channels.packs import MalformedPack, Pack, parse_pack
from tests.channels.reading import PACKS
from tests.services.packs import pack

GOOD = json.loads(pack("test.one").canonical())


def problems(text: str) -> list[str]:
    with pytest.raises(MalformedPack) as refused:
        parse_pack(text, "pack.json")
    return [problem.message for problem in refused.value.problems]


@pytest.mark.parametrize("given", [pytest.param(one, id=one.key) for one in list(PACKS.values())[::9]])
def test_the_canonical_form_of_a_pack_is_a_pack_of_the_same_version(given: Pack):
    assert parse_pack(given.canonical().decode(), "pack.json").digest == given.digest


def test_every_mistake_has_its_line():
    rules = [
        {"kind": "text.length", "field": "title", "maxx": 3},
        {"kind": "text.length", "field": "title", "max": "3"},
    ]
    text = json.dumps({**GOOD, "rules": rules}, indent=1)
    maxx, quoted = [text[: text.index(part)].count("\n") + 1 for part in ('"maxx"', '"max"')]

    assert problems(text) == [
        f"pack.json:{maxx}: rules.0.maxx: there is no maxx here. Did you mean max?",
        f"pack.json:{quoted}: rules.1.max: write a whole number without quotes",
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{\n"schema": 1,\n"a": {"b": 1,\n"b": 2}}', "pack.json:4: a.b: this key is here already"),
        ('{"schema": 1,\n', "pack.json:2: not JSON: "),
        ('{"schema": NaN}', "pack.json:1: not JSON: "),
        ("[" * 3000, "pack.json: nested too deeply"),
        ("[1]", "pack.json:1: (the whole): write a table: {…}"),
        ("schema = 1", "pack.json:1: not JSON: "),
        ('{"schema": ' + "9" * 40 + "}", "pack.json:1: schema: there is no 1e+40 here. There are: 1."),
    ],
)
def test_what_is_no_pack_is_told_and_nothing_of_it_is_dropped(text: str, said: str):
    assert problems(text)[0].startswith(said)


def test_a_number_that_no_database_holds_has_its_line_in_toml():
    with pytest.raises(MalformedPack) as refused:
        parse_pack("schema = 1\n[quota]\ntotal = 9223372036854775808", "pack.toml")

    assert refused.value.message == "pack.toml:3: quota.total: write a whole number of at most 64 bits"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[audit]\nhuman_hours = 8785", "pack.toml:2: audit.human_hours: "),
        ("[quota]\ntotal = 1000000000001", "pack.toml:2: quota.total: "),
        ("[gates.certified_days]\nmin = 36526", "pack.toml:2: gates.certified_days.min: "),
    ],
)
def test_a_number_that_no_clock_or_calendar_reaches_is_refused(text: str, said: str):
    with pytest.raises(MalformedPack) as refused:
        parse_pack(text, "pack.toml")

    assert any(problem.message.startswith(said) for problem in refused.value.problems)


def test_lines_of_json_are_found_whatever_its_texts_hold():
    text = '{\n "a\\"}": [1, {\n  "b,:": "]{",\n  "c": []},\n  "x"],\n "d": null\n}'

    assert json_lines(text).by_path == {
        (): 1,
        ('a"}',): 2,
        ('a"}', 0): 2,
        ('a"}', 1): 2,
        ('a"}', 1, "b,:"): 3,
        ('a"}', 1, "c"): 4,
        ('a"}', 2): 5,
        ("d",): 6,
    }
