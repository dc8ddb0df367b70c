"""The tables of docs/channels.md, made from the packs: `python tests/channels/catalogue.py` writes them anew."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
if __name__ == "__main__":  # under pytest the root is already on the path
    sys.path.insert(0, str(ROOT))

from services.channels.packs import Pack, parse_pack  # noqa: E402  (after the path is known)

FOLDER = ROOT / "channels"
PAGE = ROOT / "docs" / "channels.md"
BEGIN, END = "<!-- the catalogue: begin -->", "<!-- the catalogue: end -->"

GROUPS = {
    "captured": "Captured entries, with the platform's ids",
    "weitao": "Weitao templates and push surfaces, live scripts",
    "named": "Platform channels known by name (A, B)",
    "recalled": "Platform channels recalled by name (C)",
    "outside": "Outside networks with limits that connectors enforce",
    "chinese-outside": "Chinese outside networks, by name (C)",
    "syndication": "Syndication that we render ourselves",
}


def read_packs() -> dict[Path, Pack]:
    """Every pack of the folder by its path below it, in the order of paths."""
    files = sorted(path for path in FOLDER.rglob("*.toml") if path.name != "platforms.toml")
    return {path.relative_to(FOLDER): parse_pack(path.read_text(encoding="utf-8"), path.name) for path in files}


def group(pack: Pack) -> str:
    """Which of the groups of the catalogue a pack belongs to, told from what it says of itself."""
    if pack.kind == "syndication":
        return "syndication"
    if pack.kind == "social":
        return "outside" if pack.source.provenance == "connector" else "chinese-outside"
    if pack.source.provenance == "captured":
        return "weitao" if pack.parent in {"weitao", "zhibo"} else "captured"
    return "recalled" if pack.source.confidence == "C" else "named"


def tables(packs: Iterable[Pack]) -> str:
    """A count of all groups, and for each group a table of its entries."""
    members: dict[str, list[Pack]] = {name: [] for name in GROUPS}
    for pack in packs:
        members[group(pack)].append(pack)
    counts = [f"| {title} | {len(members[name])} |" for name, title in GROUPS.items()]
    total = sum(len(entries) for entries in members.values())
    parts = ["\n".join(["| group | entries |", "|---|---:|", *counts, f"| **all** | **{total}** |"])]
    for name, title in GROUPS.items():
        rows = [_row(pack) for pack in sorted(members[name], key=lambda pack: pack.key)]
        head = [
            "| entry | name | takes | gate | rules | a day | audit | source |",
            "|---|---|---|---|---:|---:|---|---|",
        ]
        parts.append("\n".join([f"### {title}", "", *head, *rows]))
    return "\n\n".join(parts)


def page(packs: Iterable[Pack], current: str) -> str:
    """The page with its catalogue replaced; the words around it are written by hand."""
    before, _, rest = current.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{tables(packs)}\n\n{END}{after}"


def _row(pack: Pack) -> str:
    number = f" ({pack.external_id})" if pack.external_id else ""
    name = pack.name.en if pack.name.en == pack.name.zh else f"{pack.name.en} · {pack.name.zh}"
    source = f"{pack.source.provenance} {pack.source.confidence}"
    gate = "yes" if pack.gates else ""
    cells = [f"`{pack.key}`{number}", name.replace("|", "/"), _takes(pack), gate]
    cells += [str(len(pack.rules) or ""), _quota(pack), " → ".join(pack.audit.path), source]
    return f"| {' | '.join(cells)} |"


def _takes(pack: Pack) -> str:
    selector = pack.selector
    formats = "all formats" if len(selector.formats) in {0, 8} else ", ".join(selector.formats)
    tags = [f"{clause.taxonomy}: {', '.join(clause.any)}" for clause in selector.tags]
    return "; ".join([formats, *selector.languages, *tags])


def _quota(pack: Pack) -> str:
    levels = [f"L{arm.min}-L{arm.max}: {arm.per_creator_per_day}" for arm in pack.quota.by_level]
    one = pack.quota.per_creator_per_day
    return ", ".join(levels) if levels else str(one) if one is not None else ""


if __name__ == "__main__":
    PAGE.write_text(page(read_packs().values(), PAGE.read_text(encoding="utf-8")), encoding="utf-8")
