"""Which format an input is in, told by how it begins."""

from __future__ import annotations

import enum

import orjson

from services.interchange.sources.base import Unreadable

HEAD_BYTES = 65_536


class InputFormat(enum.StrEnum):
    """The formats that `headwater import` reads."""

    NDJSON = "ndjson"
    FEED = "feed"
    JSON_FEED = "json-feed"
    WORDPRESS = "wordpress"
    MERCHANT = "merchant"
    MERCHANT_TSV = "merchant-tsv"


def detect(head: bytes) -> InputFormat:
    """The format of an input that begins like this; Unreadable when it is none of ours."""
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text.startswith(b"{"):
        return _of_json(text)
    if text.startswith(b"<"):
        return _of_xml(text)
    columns = text.split(b"\n", 1)[0].strip().lower().split(b"\t")
    if len(columns) > 1 and b"id" in columns and b"title" in columns:
        return InputFormat.MERCHANT_TSV
    if not text:
        raise Unreadable("The input is empty.")
    raise Unreadable(
        "The input is none of the formats that can be read: our NDJSON, RSS, Atom, JSON Feed, WordPress (WXR),"
        " Google Merchant (RSS, Atom, TSV). Name it with --format if it is one all the same."
    )


def _of_json(text: bytes) -> InputFormat:
    first = text.split(b"\n", 1)[0]
    try:
        is_record = "type" in orjson.loads(first)
    except orjson.JSONDecodeError:
        is_record = False
    return InputFormat.JSON_FEED if not is_record and b"jsonfeed.org/version" in text else InputFormat.NDJSON


def _of_xml(text: bytes) -> InputFormat:
    if b"wordpress.org/export/" in text:
        return InputFormat.WORDPRESS
    if b"base.google.com/ns/1.0" in text:
        return InputFormat.MERCHANT
    if any(mark in text for mark in (b"<rss", b"<feed", b"<rdf:RDF", b":feed")):
        return InputFormat.FEED
    raise Unreadable("This XML is neither a feed, nor a WordPress export, nor a Google Merchant feed.")
