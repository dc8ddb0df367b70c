"""Packs for tests: a channel that takes everything, but for what a test says."""

from __future__ import annotations

from typing import Any

import orjson

from core.caller import SYSTEM
from core.db import Database
from services.channels import installing, packs


def pack(key: str, **parts: Any) -> packs.Pack:
    return packs.read_canonical(
        orjson.dumps(
            {
                "schema": 1,
                "key": key,
                "kind": "platform",
                "time_zone": "Asia/Shanghai",
                "name": {"en": key, "zh": key},
                "description": {"en": "A channel for tests.", "zh": "测试频道。"},
                "source": {"provenance": "house", "confidence": "A"},
                "selector": {},
                **parts,
            }
        )
    )


async def install(db: Database, *installed: packs.Pack) -> None:
    async with db.session() as session:
        for one in installed:
            await installing.install(session, SYSTEM, one)
