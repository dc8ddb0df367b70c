"""The schema of homepages has an address, for editors in a browser."""

from __future__ import annotations

from pathlib import Path

from core.clock import FixedClock
from core.db import Database
from tests.api.door import opened

SCHEMA = Path("docs/homepage.schema.json").read_bytes()


async def test_the_schema_of_homepages_has_an_address(db: Database, clock: FixedClock, tmp_path: Path):
    async with opened(db, clock, data=tmp_path) as door:
        answer = await door.get("/schemas/homepage.json")

        assert answer.content == SCHEMA
        assert answer.headers["content-type"] == "application/schema+json"
        tag = {"If-None-Match": answer.headers["etag"]}
        assert (await door.client.get("/schemas/homepage.json", headers=tag)).status_code == 304
        assert await door.problem("/schemas/homepage.json", version=2) == (400, "BAD_PARAMETER")
