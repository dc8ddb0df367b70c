"""The JSON Schema of the interchange format, as docs/interchange.schema.json publishes it."""

from __future__ import annotations

from typing import Any

import orjson

from services.interchange.records import parse


def json_schema() -> dict[str, Any]:
    """The schema of one line."""
    schema = parse.json_schema(by_alias=True)
    described = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Headwater interchange record",
        "description": "One line of an NDJSON file that `headwater import` takes and `headwater export` writes.",
    }
    return described | schema


def printed() -> bytes:
    """The schema as the file holds it."""
    return orjson.dumps(json_schema(), option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS) + b"\n"
