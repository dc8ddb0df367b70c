"""The beginning of a body: blocks cut within their words, so that whatever is made of them is whole."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from models import blocks
from models.blocks import Block, Span
from services.channels.units import clusters

Body = tuple[Block, ...]


def longest(body: Body, fits: Callable[[Body], bool], *, most: int, ellipsis: str) -> Body:
    """The longest beginning of the body that fits, closed by the ellipsis; nothing where not even a character fits.

    `most` graphemes are never exceeded by what fits. It ends within no grapheme, and within a table only between rows.
    """
    sizes = [*map(_size, body)]
    low, high = 0, min(most, sum(sizes) - 1)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if fits(_beginning(body, sizes, middle, ellipsis)) else (low, middle - 1)
    # markup need not grow evenly with its words
    while low > 0 and not fits(_beginning(body, sizes, low, ellipsis)):
        low -= 1
    return _beginning(body, sizes, low, ellipsis) if low > 0 else ()


def _beginning(body: Body, sizes: Sequence[int], count: int, ellipsis: str) -> Body:
    """The blocks up to the one in which the grapheme of this number stands (from 1), and of that one so much."""
    kept: list[Block] = []
    for block, size in zip(body, sizes, strict=True):
        if count <= size:
            return (*kept, *_until(block, count, ellipsis)) if count > 0 else tuple(kept)
        kept.append(block)
        count -= size
    return tuple(kept)


def _size(block: Block) -> int:
    return sum(len(clusters(text)) for text in _words(block))


def _words(block: Block) -> Iterator[str]:
    """The words that can be cut, in order."""
    match block:
        case blocks.Paragraph() | blocks.Quote():
            yield _joined(block.spans)
        case blocks.Heading() | blocks.Code():
            yield block.text
        case blocks.ListBlock():
            yield from map(_joined, block.items)
        case blocks.Table():
            yield from (cell for row in (block.header, *block.rows) for cell in row)
        case blocks.Image() | blocks.Video():
            yield block.caption
        case blocks.GalleryBlock():
            yield from (image.caption for image in block.images)
        case blocks.ProductBlock():
            yield block.note
        case blocks.Embed():
            yield block.title
        case blocks.Divider():
            pass


def _until(block: Block, count: int, ellipsis: str) -> Iterator[Block]:  # noqa: C901  (one case a block)
    """The block with so many of its graphemes, at least one, and the ellipsis."""
    match block:
        case blocks.Paragraph() | blocks.Quote():
            yield block.model_copy(update={"spans": _spans(block.spans, count, ellipsis), **_unsourced(block)})
        case blocks.Heading() | blocks.Code():
            yield block.model_copy(update={"text": _text(block.text, count, ellipsis)})
        case blocks.ListBlock():
            yield block.model_copy(update={"items": tuple(_items(block.items, count, ellipsis))})
        case blocks.Table():
            rows = tuple(_rows(block, count))
            if rows:
                yield block.model_copy(update={"rows": rows})
            yield blocks.Paragraph.model_construct(spans=(Span.model_construct(text=ellipsis),))
        case blocks.Image() | blocks.Video():
            yield block.model_copy(update={"caption": _text(block.caption, count, ellipsis)})
        case blocks.GalleryBlock():
            yield block.model_copy(update={"images": tuple(_images(block.images, count, ellipsis))})
        case blocks.ProductBlock():
            yield block.model_copy(update={"note": _text(block.note, count, ellipsis)})
        case blocks.Embed():
            yield block.model_copy(update={"title": _text(block.title, count, ellipsis)})
        case blocks.Divider():
            pass


def _unsourced(block: Block) -> dict[str, str]:
    """Half of what was said is not put into anybody's mouth."""
    return {"source": ""} if isinstance(block, blocks.Quote) else {}


def _text(text: str, count: int, ellipsis: str) -> str:
    return "".join(clusters(text)[:count]).rstrip() + ellipsis


def _joined(spans: tuple[Span, ...]) -> str:
    # a character may begin in one span and end in the next
    return "".join(span.text for span in spans)


def _spans(spans: tuple[Span, ...], count: int, ellipsis: str) -> tuple[Span, ...]:
    room = len("".join(clusters(_joined(spans))[:count]))
    kept: list[Span] = []
    for span in spans:
        if room <= len(span.text):
            return (*kept, span.model_copy(update={"text": span.text[:room].rstrip() + ellipsis}))
        kept.append(span)
        room -= len(span.text)
    return tuple(kept)


def _items(items: tuple[tuple[Span, ...], ...], count: int, ellipsis: str) -> Iterator[tuple[Span, ...]]:
    for item in items:
        size = len(clusters(_joined(item)))
        if count <= size:
            yield _spans(item, count, ellipsis)
            return
        yield item
        count -= size


def _rows(table: blocks.Table, count: int) -> Iterator[tuple[str, ...]]:
    """The rows that are there as a whole."""
    count -= sum(len(clusters(cell)) for cell in table.header)
    for row in table.rows:
        count -= sum(len(clusters(cell)) for cell in row)
        if count < 0:
            return
        yield row


def _images(images: tuple[blocks.Image, ...], count: int, ellipsis: str) -> Iterator[blocks.Image]:
    for image in images:
        size = len(clusters(image.caption))
        if count <= size:
            yield image.model_copy(update={"caption": _text(image.caption, count, ellipsis)})
            return
        yield image
        count -= size
