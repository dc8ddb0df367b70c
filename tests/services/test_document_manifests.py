"""Manifests of documents as the usual build tools write them, and what is wrong with those that cannot be used."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from core.errors import DomainError
from services.document_manifests import documents_in
from services.documents import NewDocument, digest

A, B = "query A { __typename }", "query 茶 { __typename }"
HASHES = {digest(text).hex(): text for text in (A, B)}
OPERATIONS = [{"id": id_, "name": "N", "type": "query", "body": text} for id_, text in HASHES.items()]
APOLLO = {"format": "apollo-persisted-query-manifest", "version": 1, "operations": OPERATIONS}


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("home.graphql", A.encode() + b"\n", [NewDocument(A + "\n")]),
        ("home.gql", b"\xef\xbb\xbf" + B.encode(), [NewDocument(B)]),
        ("relay.json", orjson.dumps(HASHES), [NewDocument(A), NewDocument(B)]),
        ("codegen.JSON", orjson.dumps({f"sha256:{id_}": text for id_, text in HASHES.items()}),
         [NewDocument(A), NewDocument(B)]),
        ("apollo.json", orjson.dumps(APOLLO), [NewDocument(A, "N"), NewDocument(B, "N")]),
        ("none.json", b"{}", []),
    ],
)  # fmt: skip
def test_what_the_usual_tools_write_is_read(name: str, content: bytes, expected: list[NewDocument]) -> None:
    assert documents_in(name, content) == expected


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"{", [("MALFORMED_MANIFEST", ("m.json",))]),
        (b"[]", [("MALFORMED_MANIFEST", ("m.json",))]),
        (b"\xff", [("MALFORMED_MANIFEST", ("m.json",))]),
        (orjson.dumps(APOLLO | {"version": 2}), [("MALFORMED_MANIFEST", ("m.json",))]),
        (orjson.dumps(APOLLO | {"format": "other"}), [("MALFORMED_MANIFEST", ("m.json",))]),
        (orjson.dumps(APOLLO | {"operations": [1]}), [("MALFORMED_MANIFEST", ("m.json",))]),
        (orjson.dumps(APOLLO | {"operations": [{}]}), [("MALFORMED_MANIFEST", ("m.json", "None"))]),
        (orjson.dumps(HASHES | {"0" * 32: A, "1": 7}),
         [("MANIFEST_HASH_MISMATCH", ("m.json", "0" * 32)), ("MALFORMED_MANIFEST", ("m.json", "1"))]),
        (orjson.dumps({digest(A).hex(): A + " "}), [("MANIFEST_HASH_MISMATCH", ("m.json", digest(A).hex()))]),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_named_entry_by_entry(content: bytes, expected: list[Any]) -> None:
    with pytest.raises(DomainError) as refused:
        documents_in("m.json", content)

    assert [(one.code, one.path) for one in refused.value.problems] == expected
