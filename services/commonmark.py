"""Bodies as CommonMark with tables, in which nothing that a creator wrote is markup. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from urllib.parse import quote

from models import blocks
from models.blocks import Block
from services.commonmark_spans import escaped, lines, longest_run

Address = Callable[[str], str | None]

# a number that would count, the underline of a heading, and what other readers take for a definition
_AT_START = re.compile(r"^(?:([0-9]{1,9})(?=[.)](?:[ \t]|$))|(?=[=:]))")
_LANGUAGE = re.compile(r"[\w+#.-]+")
_SCHEME = re.compile(r"(?i)([a-z][a-z0-9+.-]*):")
_SAFE = frozenset({"http", "https", "mailto"})
# what an address between angle brackets cannot have, or would be read as something else
_UNLINKABLE = re.compile(r"[<>\s\x00-\x1f\x7f]")
_READ_OTHERWISE = re.compile(r"\\|&(?=#?\w+;)")


def written(body: Iterable[Block], asset: Address, product: Address) -> str:
    parts: list[str] = []
    # two lists with the same marks, one after the other, would be one
    before: tuple[bool, bool] | None = None
    for block in body:
        other = isinstance(block, blocks.ListBlock) and before == (block.ordered, False)
        part = _list(block, other=other) if isinstance(block, blocks.ListBlock) else _block(block, asset, product)
        if part:
            parts.append(part)
            before = (block.ordered, other) if isinstance(block, blocks.ListBlock) else None
    return "\n\n".join(parts)


def _block(block: Block, asset: Address, product: Address) -> str:  # noqa: C901, PLR0911  (one case a block)
    match block:
        case blocks.Paragraph():
            return _paragraphs(block.spans)
        case blocks.Heading():
            text = _line(block.text)
            return f"{'#' * block.level} {text}" if text else ""
        case blocks.Image():
            return _image(block, asset)
        case blocks.GalleryBlock():
            return "\n\n".join(filter(None, (_image(image, asset) for image in block.images)))
        case blocks.Video():
            return _linked(block.caption, asset(str(block.asset)))
        case blocks.ProductBlock():
            return _linked(block.note, product(str(block.product)))
        case blocks.Quote():
            parts = (_paragraphs(block.spans), _at_start(f"— {_line(block.source)}") if block.source else "")
            words = "\n\n".join(part for part in parts if part)
            return "\n".join(f"> {line}" if line else ">" for line in words.split("\n")) if words else ""
        case blocks.ListBlock():
            return _list(block, other=False)
        case blocks.Table():
            return _table(block)
        case blocks.Code():
            fence = "`" * max(3, 1 + longest_run(block.text))
            language = _LANGUAGE.match(block.language)
            return f"{fence}{language.group() if language else ''}\n{block.text}\n{fence}"
        case blocks.Divider():
            # not dashes: at the very start they would open what some readers take for facts about the page
            return "***"
        case blocks.Embed():
            return _linked(block.title, block.url)


def _paragraphs(spans: tuple[blocks.Span, ...]) -> str:
    """An empty line in the words stays one."""
    return _joined([_at_start(line) for line in lines(spans, _destination)], "\n\n")


def _joined(found_lines: list[str], empty: str) -> str:
    """The lines with hard breaks between, and `empty` where one or more of them say nothing."""
    found = ""
    gap = ""
    for line in found_lines:
        if line:
            found += (gap if found else "") + line
            gap = "  \n"
        else:
            gap = empty
    return found


def _list(block: blocks.ListBlock, *, other: bool) -> str:
    sign = (")" if other else ".") if block.ordered else ("*" if other else "-")
    written: list[str] = []
    for place, item in enumerate(block.items, 1):
        mark = f"{place}{sign}" if block.ordered else sign
        words = _joined([_at_start(line) for line in lines(item, _destination)], "  \n")
        indented = words.replace("\n", "\n" + " " * (len(mark) + 1))
        written.append(f"{mark} {indented}".rstrip())
    return "\n".join(written)


def _at_start(line: str) -> str:
    return _AT_START.sub(r"\1\\", line)


def _line(words: str) -> str:
    """The words in one line."""
    return escaped(" ".join(words.replace("\r", "\n").split("\n")).strip(" \t"))


def _words(words: str) -> str:
    """The words as paragraphs."""
    return _paragraphs((blocks.Span.model_construct(text=words, marks=(), href=None),)) if words else ""


def _image(image: blocks.Image, asset: Address) -> str:
    source = _destination(asset(str(image.asset)))
    shown = f"![{_line(image.alternative_text)}]({source})" if source else ""
    return "\n\n".join(filter(None, (shown, _words(image.caption))))


def _linked(words: str, target: str | None) -> str:
    destination = _destination(target)
    if destination is None or target is None:
        return _words(words)
    return f"[{_line(words) or _line(target)}]({destination})"


def _destination(url: str | None) -> str | None:
    """The address between angle brackets; None for one that could do something, such as `javascript:`."""
    if url is None:
        return None
    shown = _UNLINKABLE.sub(lambda found: quote(found.group()), url)
    scheme = _SCHEME.match(shown)
    if scheme is not None and scheme.group(1).lower() not in _SAFE:
        return None
    return f"<{_READ_OTHERWISE.sub(lambda found: '&amp;' if found.group() == '&' else '%5C', shown)}>"


def _table(table: blocks.Table) -> str:
    width = max((len(row) for row in (table.header, *table.rows)), default=0)
    if not width:
        return ""
    rows = [_row(row, width) for row in (table.header, *table.rows)]
    return "\n".join([rows[0], f"|{' --- |' * width}", *rows[1:]])


def _row(cells: tuple[str, ...], width: int) -> str:
    return "| " + " | ".join(_line(cell) for cell in (*cells, *("",) * (width - len(cells)))) + " |"
