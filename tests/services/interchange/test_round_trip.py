from __future__ import annotations

from core.db import Database
from services.interchange.records import ORDER
from services.interchange.writing import import_records
from tests.services.interchange import everything, lines


async def test_what_is_exported_imported_into_an_empty_database_and_exported_again_is_equal_byte_for_byte(
    committed: Database, other: Database
):
    await lines.feed(committed, *everything.records())
    first = await lines.exported(committed)

    report = await import_records(other, lines.of(*first), input_name="export")

    assert lines.outcomes(report) == {"new": len(first) - 1, "changed": 0, "unchanged": 0, "rejected": 0}
    assert await lines.exported(other) == first
    assert set(lines.types(first)) == {of.model_fields["type"].default for of in ORDER}
