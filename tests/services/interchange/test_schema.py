from __future__ import annotations

import re
from pathlib import Path

import jsonschema
import orjson
import pytest

from services.interchange import schema
from services.interchange.exporting import line_of
from services.interchange.records import ORDER, parse
from tests.services.interchange import everything

DOCS = Path(__file__).parents[3] / "docs"


def test_the_published_schema_is_current():
    assert (DOCS / "interchange.schema.json").read_bytes() == schema.printed()


def test_the_schema_takes_every_kind_of_record_in_canonical_form_and_no_other():
    validator = jsonschema.Draft202012Validator(schema.json_schema())
    record = orjson.loads(line_of(parse.validate_python(everything.records()[1])))

    for given in everything.records():
        validator.validate(orjson.loads(line_of(parse.validate_python(given))))
    with pytest.raises(jsonschema.ValidationError):
        validator.validate(record | {"surplus": 1})


def test_the_guide_names_every_type_in_order():
    text = (DOCS / "interchange.md").read_text()

    named = re.findall(r"^\| `([a-z_]+)` \|", text, re.MULTILINE)
    assert named == [record.model_fields["type"].default for record in ORDER]


def test_the_examples_of_the_guide_are_records():
    text = (DOCS / "interchange.md").read_text()

    lines = [line for block in re.findall(r"```json\n(.*?)```", text, re.DOTALL) for line in block.splitlines()]
    assert len(lines) > 5
    for line in lines:
        parse.validate_json(line)
