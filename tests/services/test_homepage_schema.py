"""The JSON Schema of homepages: published as it is, described for strangers, and what it says is what saving says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jsonschema
import pytest
from pydantic import ValidationError

from models import blocks as bodies
from sample import homepage_records, records
from services.homepages import TEMPLATES, PageDraft, schema

FILE = Path("docs/homepage.schema.json")
CHECK = jsonschema.Draft202012Validator(schema.json_schema(), format_checker=jsonschema.FormatChecker())


@pytest.fixture(scope="module")
def pages() -> list[dict[str, Any]]:
    """The homepages of the sample and of the templates, as they are stored."""
    sample = records.read()
    written = [homepage_records.homepage(handle, path, sample.known) for handle, path in sample.homepages.items()]
    stored = [{"theme": version.theme, "blocks": list(version.blocks)} for page in written for version in page.versions]
    drafts = [PageDraft(theme=one.theme, blocks=one.blocks("zh")) for one in TEMPLATES]
    return [*stored, *(draft.model_dump(mode="json") for draft in drafts)]


def test_the_published_schema_is_current():
    assert FILE.read_bytes() == schema.printed(), (
        "write it anew: headwater homepage schema -o docs/homepage.schema.json"
    )


def test_the_schema_is_one_and_every_part_of_a_page_is_described():
    schema_ = schema.json_schema()
    jsonschema.Draft202012Validator.check_schema(schema_)
    of_bodies = {name for name in vars(bodies) if name[:1].isupper()}
    bare = [
        f"{name}.{part}"
        for name, one in {"page": schema_, **schema_["$defs"]}.items()
        if name not in of_bodies
        for part, said in one.get("properties", {}).items()
        if part != "type" and "description" not in said
    ]

    assert bare == []
    assert schema_["$defs"]["Banner"]["properties"]["image"]["x-id-of"] == "Asset"


def test_what_is_stored_passes_the_schema(pages: list[dict[str, Any]]):
    assert len(pages) >= 14 + len(TEMPLATES)
    kinds = {block["type"] for page in pages for block in page["blocks"]}
    assert kinds == {
        "hero", "rich_text", "contents", "tabs", "live", "products", "questions", "ranked_list", "banner", "links",
    }  # fmt: skip
    for page in pages:
        CHECK.validate(page)
        PageDraft.model_validate(page)


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"blocks": {}},
        {"blocks": [{"type": "hologram"}]},
        {"blocks": [{"title": "of no kind"}]},
        {"blocks": [{"type": "hero"}]},
        {"blocks": [{"type": "hero", "title": "x", "colour": "red"}]},
        {"blocks": [{"type": "tabs", "tabs": []}]},
        {"blocks": [{"type": "tabs", "tabs": [{"title": "x", "blocks": [{"type": "tabs", "tabs": []}]}]}]},
        {"blocks": [{"type": "questions", "limit": 51}]},
        {"blocks": [{"type": "banner"}]},
        {"blocks": [{"type": "links", "links": []}]},
        {"blocks": [{"type": "live"}] * 41},
        {"blocks": [], "theme": {"accent": "red"}},
        {"blocks": [], "theme": {"layout": "hologram"}},
    ],
)
def test_what_the_schema_refuses_saving_refuses_too(wrong: dict[str, Any]):
    assert not CHECK.is_valid(wrong)
    with pytest.raises(ValidationError):
        PageDraft.model_validate(wrong)
