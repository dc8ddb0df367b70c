"""What the engine of channels sees of a file: measured or said, and nothing that is not of the kind it should be."""

from __future__ import annotations

from typing import Any

import pytest

import models
from core.ids import new_uid
from models import AssetFactsSource, AssetKind
from services import asset_facts
from services.channels.facts import AssetFacts

BASE = "https://headwater.example"


def picture(facts: dict[str, Any], **values: Any) -> models.Asset:
    known = {"uid": new_uid(), "kind": AssetKind.IMAGE, "alternative_text": "", "facts_source": AssetFactsSource.PROBED}
    return models.Asset(facts=facts, **known | values)


def facts_of(asset: models.Asset) -> AssetFacts:
    return asset_facts.of(asset, BASE)


def test_a_file_is_with_us_when_we_hold_its_bytes_and_else_where_it_lives():
    held = picture({}, sha256=b"s" * 32, url="https://pictures.example/1.jpg")

    assert facts_of(held).url == f"{BASE}/assets/{held.uid}"
    assert facts_of(picture({}, url="https://pictures.example/1.jpg")).url == "https://pictures.example/1.jpg"


def test_what_a_probe_found_reaches_the_rules():
    found = {"frame_count": 12, "has_transparency": True, "white_background": 97, "sharpness": 5}

    seen = facts_of(picture(found, width=750, height=422, byte_count=9, media_type="image/webp"))

    assert (seen.source, seen.width, seen.height, seen.bytes, seen.media_type) == ("probed", 750, 422, 9, "image/webp")
    assert (seen.is_animated, seen.has_transparency, seen.white_background) == (True, True, 97)
    assert facts_of(picture({"frame_count": 1})).is_animated is False


@pytest.mark.parametrize("source", [AssetFactsSource.DECLARED, AssetFactsSource.NONE])
def test_what_nobody_measured_is_declared(source: AssetFactsSource):
    assert facts_of(picture({}, facts_source=source)).source == "declared"


def test_what_an_import_made_up_is_not_known():
    seen = facts_of(picture({"frame_count": "many", "has_transparency": 1, "white_background": True}))

    assert (seen.is_animated, seen.has_transparency, seen.white_background) == (None, None, None)
