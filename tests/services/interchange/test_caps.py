"""What lists without pages rest on holds for imports too: one more than the most is refused, with its field."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError
from sqlalchemy import text

from core.db import Database
from models import caps
from services.interchange.records import ContentRecord, CreatorRecord, ProductRecord, RevisionRecord
from tests.services.interchange import lines

MOST: dict[str, tuple[Any, str, Any, int]] = {
    "covers": (RevisionRecord, "covers", "x:a", caps.MOST_COVERS),
    "tags": (ContentRecord, "tags", {"tag": "topic:tea"}, caps.MOST_TAGS),
    "pictures": (ProductRecord, "pictures", "x:a", caps.MOST_PICTURES),
    "fields": (CreatorRecord, "fields", "tea", caps.MOST_FIELDS),
    "roles": (CreatorRecord, "roles", "tea-master", caps.MOST_ROLES),
}


@pytest.mark.parametrize("name", MOST)
def test_one_more_than_the_most_is_refused(name: str) -> None:
    record, field, value, most = MOST[name]

    def mentioned(count: int) -> bool:
        with pytest.raises(ValidationError) as refused:
            record.model_validate({"source": "x", "external_key": "y", field: [value] * count})
        return (field,) in {error["loc"] for error in refused.value.errors()}

    # other fields are missing in either case
    assert not mentioned(most)
    assert mentioned(most + 1)


async def test_a_tree_of_tags_has_as_many_levels_as_a_path_holds(db: Database) -> None:
    taxonomy = {"type": "taxonomy", "code": "scene", "is_tree": True, "labels": {"en": "Scene"}}
    tags = [
        {"type": "tag", "taxonomy": "scene", "code": f"t-{level}", "labels": {"en": "Tag"}}
        | ({"parent": f"t-{level - 1}"} if level > 1 else {})
        for level in range(1, caps.MOST_TAG_LEVELS + 2)
    ]

    report = await lines.feed(db, taxonomy, *tags)

    assert lines.outcomes(report)["rejected"] == 1
    assert report.rejects[0].line.number == len(tags) + 1
    async with db.session() as session:
        assert await session.scalar(text("SELECT max(cardinality(path)) FROM tags")) == caps.MOST_TAG_LEVELS
