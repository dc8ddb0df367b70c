"""The catalogue of channels as a page: all entries in tables by where they are known from, then each as its pack has it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from services.channels.packs import Pack
from services.channels.sheets import Section, plain, sheet

BEGIN, END = "<!-- the catalogue: begin -->", "<!-- the catalogue: end -->"
GROUPS = {
    "captured": "Captured entries, with the platform's ids",
    "weitao": "Weitao templates and push surfaces, live scripts",
    "named": "Platform channels known by name (A, B)",
    "recalled": "Platform channels recalled by name (C)",
    "outside": "Outside networks with limits that connectors enforce",
    "chinese-outside": "Chinese outside networks, by name (C)",
    "syndication": "Syndication that we render ourselves",
    "private": "Private channels",
}
_HEAD = ("entry", "name", "takes", "gate", "rules", "a day", "audit", "source")
_TOLD_ABOVE = {"name"}


def page(packs: Mapping[str, Pack], current: str | None, folder: str | None = None) -> str:
    """The page with its catalogue made anew; the words around it are kept, and a page that is none yet begins with a title.

    `packs` are told by their file. With `folder`, the way from the page to them, each links to its own.
    """
    if current is None:
        current = f"# Channels\n\n{BEGIN}\n\n{END}\n"
    before, _, rest = current.partition(BEGIN)
    after = rest.partition(END)[2]
    in_order = dict(sorted(packs.items(), key=lambda item: item[1].key))
    parts = [*_tables(in_order.values()), "## Each entry", *_entries(in_order, folder)]
    return "\n\n".join((f"{before}{BEGIN}", *parts, f"{END}{after}"))


def group(pack: Pack) -> str:
    """Which of the groups of the catalogue a pack belongs to, told from what it says of itself."""
    if pack.kind in {"syndication", "private"}:
        return pack.kind
    if pack.kind == "social":
        return "outside" if pack.source.provenance == "connector" else "chinese-outside"
    if pack.source.provenance == "captured":
        return "weitao" if pack.parent in {"weitao", "zhibo"} else "captured"
    return "recalled" if pack.source.confidence == "C" else "named"


def _tables(packs: Iterable[Pack]) -> Iterator[str]:
    """A count of all groups, and for each group a table of its entries."""
    members: dict[str, list[Pack]] = {}
    for pack in packs:
        members.setdefault(group(pack), []).append(pack)
    groups = [(title, members[name]) for name, title in GROUPS.items() if name in members]
    counts = [(title, str(len(entries))) for title, entries in groups]
    total = sum(len(entries) for _, entries in groups)
    yield _table(("group", "entries"), [*counts, ("**all**", f"**{total}**")])
    for title, entries in groups:
        yield f"### {title}"
        yield _table(_HEAD, [_row(pack) for pack in entries])


def _row(pack: Pack) -> tuple[str, ...]:
    number = f" ({pack.external_id})" if pack.external_id else ""
    return (
        f"[`{pack.key}`](#{_anchor(pack.key)}){number}",
        _name(pack),
        _takes(pack),
        "yes" if pack.gates else "",
        str(len(pack.rules) or ""),
        _quota(pack),
        " → ".join(pack.audit.path),
        f"{pack.source.provenance} {pack.source.confidence}",
    )


def _entries(packs: Mapping[str, Pack], folder: str | None) -> Iterator[str]:
    for file, pack in packs.items():
        yield f"### {pack.key}"
        link = f" The pack: [{file}]({folder}/{file})." if folder is not None else ""
        yield f"**{_cell(_name(pack))}**{link}"
        for section in sheet(pack):
            yield _section(section)


def _section(section: Section) -> str:
    rows = [row for row in section.rows if any(section.columns) or row[0] not in _TOLD_ABOVE]
    shown = [tuple(map(_cell, row)) for row in rows]
    if not any(section.columns):
        return "\n".join(f"- {name}: {said}" for name, said in shown)
    return _table((section.title, *section.columns[1:]), shown)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [list(head), ["---"] * len(head), *map(list, rows)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _cell(text: str) -> str:
    """Words of a pack that say the same on the page: no mark of theirs is read as Markdown or HTML."""
    return re.sub(r"([\\|*`\[\]])", r"\\\1", " ".join(text.split())).replace("<", "&lt;")


def _anchor(heading: str) -> str:
    """The name that a heading gets on the usual hosts."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def _name(pack: Pack) -> str:
    name = pack.name.en if pack.name.en == pack.name.zh else f"{pack.name.en} · {pack.name.zh}"
    return name.replace("|", "/")


def _takes(pack: Pack) -> str:
    selector = pack.selector
    formats = "all formats" if len(selector.formats) in {0, 8} else ", ".join(selector.formats)
    tags = [f"{clause.taxonomy}: {plain(clause.any)}" for clause in selector.tags]
    return "; ".join([formats, *selector.languages, *tags])


def _quota(pack: Pack) -> str:
    levels = [f"L{arm.min}-L{arm.max}: {arm.per_creator_per_day}" for arm in pack.quota.by_level]
    one = pack.quota.per_creator_per_day
    return ", ".join(levels) if levels else str(one) if one is not None else ""
