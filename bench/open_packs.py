"""The shipped packs with their doors open: every content enters every channel, after all its rules were looked at."""

from __future__ import annotations

from pathlib import Path

import orjson

from services.channels.packs import Pack, parse_pack, read_canonical

CHANNELS = Path(__file__).resolve().parent.parent / "channels"


def shipped() -> list[Pack]:
    """All shipped packs, by key."""
    files = sorted(path for path in CHANNELS.rglob("*.toml") if path.name != "platforms.toml")
    return sorted((parse_pack(path.read_text(), path.name) for path in files), key=lambda one: one.key)


def opened(pack: Pack) -> Pack:
    """The pack as it is, but for what would keep a content out: selector, gates, quota, people; what blocked warns."""
    body = orjson.loads(pack.canonical())
    for part in ("gates", "quota", "audit", "examples", "facts", "min_score", "parent"):
        body.pop(part, None)
    rules = [rule for rule in body.get("rules", ()) if rule["kind"] != "manual"]
    body |= {"selector": {}, "rules": [{**rule, "severity": "warn"} for rule in rules]}
    return read_canonical(orjson.dumps(body))
