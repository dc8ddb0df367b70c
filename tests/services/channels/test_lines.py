"""Every key of a TOML text has its line, whichever way it is written."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from services.channels.lines import line_of, lines

FOLDER = Path(__file__).parents[3] / "channels"
TEXT = '''# a remark with [[rules]] in it
schema = 1
text = """
[not]
a = "table" \\""" ""
"""
raw = \'\'\'
key = 1\'\'\'
[name] # en = 0
en = "a # b = [c]"   # d
'zh'.deep . "er\\u0041\\"" = { x = 1, y = [ 1, { z = 'q]' } ] }

[[rules]]
kind = "a"
  max = 3
[rules.when]
field = 1979-05-27 07:32:00
[[rules]]
formats = [
  "X", # one
  # none
  ["Y",
   """Z
"""],
]
[[rules.part]]
a = 1
[[rules.part]]
a = 2
[examples.given]
content = {}
'''


def paths(value: Any, above: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, below in items:
        yield (*above, key)
        yield from paths(below, (*above, key))


def test_each_way_to_write_a_key_has_its_line():
    found = lines(TEXT)

    assert set(found) == set(paths(tomllib.loads(TEXT)))
    told = {
        ("schema",): 2,
        ("text",): 3,
        ("raw",): 7,
        ("name",): 9,
        ("name", "en"): 10,
        ("name", "zh", "deep", 'erA"', "y", 1, "z"): 11,
        ("rules",): 13,
        ("rules", 0): 13,
        ("rules", 0, "max"): 15,
        ("rules", 0, "when"): 16,
        ("rules", 0, "when", "field"): 17,
        ("rules", 1): 18,
        ("rules", 1, "formats", 0): 20,
        ("rules", 1, "formats", 1): 22,
        ("rules", 1, "formats", 1, 1): 23,
        ("rules", 1, "part", 0, "a"): 27,
        ("rules", 1, "part", 1): 28,
        ("rules", 1, "part", 1, "a"): 29,
        ("examples", "given", "content"): 31,
    }
    assert {path: found[path] for path in told} == told


def test_what_is_missing_has_the_line_of_what_it_should_stand_in():
    found = lines(TEXT)

    assert line_of(found, ("rules", 1, "part", 0, "b", 3)) == 26
    assert line_of(found, ("rules", 7)) == 13
    assert line_of(found, ("key",)) == line_of(found, ()) == 1


def test_every_key_of_our_own_packs_has_a_line_that_names_it():
    for file in FOLDER.rglob("*.toml"):
        text = file.read_text("utf-8")
        found, rows = lines(text), text.split("\n")

        assert set(found) == set(paths(tomllib.loads(text))), file
        strays = [path for path, line in found.items() if isinstance(path[-1], str) and path[-1] not in rows[line - 1]]
        assert strays == [], file


def test_what_nests_without_end_is_left_out():
    assert lines("a = 1\nx = " + "[" * 5_000)[("a",)] == 1
