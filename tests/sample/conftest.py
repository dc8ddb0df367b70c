"""The sample without its drawings: drawing all of them takes longer than the tests that need only their facts."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from sample import product_records, records
from sample.known import Known
from services.interchange.records import Record


@pytest.fixture(scope="session")
def stand_ins(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """One small picture in the place of every one that the sample shows."""
    path = tmp_path_factory.mktemp("pictures") / "one.png"
    Image.new("RGB", (4, 3), "#1f6f5c").save(path)
    return dict.fromkeys(records.wanted(records.read()), path)


@pytest.fixture(scope="session")
def whole(stand_ins: dict[str, Path]) -> list[Record]:
    return list(records.records(stand_ins))


@pytest.fixture
def known() -> Known:
    """A small world to refer to."""
    return Known(
        creators={"ada"},
        products=product_records.looks().keys(),
        shops={"pine-ridge"},
        contents={"first", "second"},
        tags={"scene:camping"},
        fields=set(),
        roles=set(),
        channels={"weitao.article"},
    )
