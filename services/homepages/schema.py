"""The JSON Schema of homepages, as docs/homepage.schema.json and /schemas/homepage.json publish it: for editors and checks."""

from __future__ import annotations

from typing import Any

import orjson

from services.homepages.drafting import PageDraft


def json_schema() -> dict[str, Any]:
    """The schema of a page's theme and blocks. `x-id-of` says of what kind of object a text is the uid; that a page holds
    at most 40 parts, and that its colours can be read, no schema can say.
    """
    described = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Headwater homepage",
        "description": "What a creator writes of a homepage: its theme and its blocks. `x-id-of` says of what an id is.",
    }
    return PageDraft.model_json_schema() | described


def printed() -> bytes:
    """The schema as the file holds it."""
    return orjson.dumps(json_schema(), option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE)
