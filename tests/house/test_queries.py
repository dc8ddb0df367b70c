"""Every GraphQL document that we show to people is one that the schema answers."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from graphql import build_schema, parse, validate

from core.settings import Settings
from scripts import starting
from services.development_keys import DevelopmentKeys
from tests.house import tree

SCHEMA = build_schema((tree.ROOT / "api" / "graphql" / "schema.graphql").read_text())
BLOCK = re.compile(r"^```graphql\n(.*?)^```$", re.DOTALL | re.MULTILINE)
SHOWN = [
    (tree.name(path), document)
    for path in [tree.ROOT / "README.md", *sorted((tree.ROOT / "docs").rglob("*.md"))]
    for document in BLOCK.findall(path.read_text("utf-8"))
]


def wrong(document: str) -> list[str]:
    return [error.message for error in validate(SCHEMA, parse(document))]


@pytest.mark.parametrize(("page", "document"), SHOWN, ids=[f"{page}-{place}" for place, (page, _) in enumerate(SHOWN)])
def test_a_document_on_a_page_fits_the_schema(page: str, document: str):
    assert wrong(document) == []


def test_the_readme_shows_a_first_query():
    assert "README.md" in {page for page, _ in SHOWN}


def test_the_addresses_that_run_prints_ask_what_the_schema_answers(tmp_path: Path):
    keys = DevelopmentKeys("hw_operator", "hw_integration", "hw_author", "ada")

    found = starting.addresses(Settings(data=tmp_path), keys)

    asked = [parse_qs(urlsplit(address).query)["query"][0] for address in found.values() if "?query=" in address]
    assert len(asked) == 2
    assert [wrong(document) for document in asked] == [[], []]
