"""A body of blocks as HTML, as Markdown and as plain text. Pure; nothing that a creator wrote can become markup."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from html import escape

import nh3

from models import blocks
from models.blocks import Block, Span

Address = Callable[[str], str | None]
"""From the uid of an asset or product to the address to show or link; None where there is none."""

_LINK = 'rel="noopener nofollow ugc"'
_TAGS = {
    "a", "blockquote", "br", "cite", "code", "del", "em", "figcaption", "figure", "h2", "h3", "h4", "h5", "h6", "hr",
    "img", "li", "ol", "p", "pre", "strong", "table", "tbody", "td", "th", "thead", "tr", "ul", "video",
}  # fmt: skip
_ATTRIBUTES = {
    "a": {"href"},
    "code": {"class"},
    "img": {"alt", "loading", "src"},
    "video": {"controls", "preload", "src"},
    "p": {"class"},
}
_MARKS: Mapping[str, str] = {"strong": "strong", "em": "em", "code": "code", "strike": "del"}
_MARKDOWN_MARKS: Mapping[str, str] = {"strong": "**", "em": "*", "code": "`", "strike": "~~"}
# what Markdown would read as something else
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#+!|~-])")

# what an address between angle brackets cannot have
_UNLINKABLE = re.compile(r"[<>\s]")


def nowhere(_uid: str) -> str | None:
    return None


def html(body: tuple[Block, ...], *, asset: Address = nowhere, product: Address = nowhere) -> str:
    """Safe HTML: escaped when built, and cleaned once more by an allow-list, so that neither mistake alone lets script in.

    A heading of level 1 becomes h2: the page's own title is the h1.
    """
    built = "\n".join(_html_block(block, asset, product) for block in body)
    return nh3.clean(
        built,
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener nofollow ugc",
        strip_comments=True,
    )


def _html_block(block: Block, asset: Address, product: Address) -> str:  # noqa: C901, PLR0911  (one case a block)
    match block:
        case blocks.Paragraph():
            return f"<p>{_html_spans(block.spans)}</p>"
        case blocks.Heading():
            level = min(block.level + 1, 6)
            return f"<h{level}>{escape(block.text)}</h{level}>"
        case blocks.Image():
            return _figure(block, asset)
        case blocks.GalleryBlock():
            return "\n".join(_figure(image, asset) for image in block.images)
        case blocks.Video():
            return _video(block, asset)
        case blocks.ProductBlock():
            return _html_product(block, product)
        case blocks.Quote():
            source = f"<p><cite>{escape(block.source)}</cite></p>" if block.source else ""
            return f"<blockquote><p>{_html_spans(block.spans)}</p>{source}</blockquote>"
        case blocks.ListBlock():
            items = "".join(f"<li>{_html_spans(item)}</li>" for item in block.items)
            return f"<ol>{items}</ol>" if block.ordered else f"<ul>{items}</ul>"
        case blocks.Table():
            return _html_table(block)
        case blocks.Code():
            kind = f' class="language-{escape(block.language)}"' if block.language else ""
            return f"<pre><code{kind}>{escape(block.text)}</code></pre>"
        case blocks.Divider():
            return "<hr>"
        case blocks.Embed():
            return f'<p><a href="{escape(block.url)}" {_LINK}>{escape(block.title or block.url)}</a></p>'


def _html_spans(spans: tuple[Span, ...]) -> str:
    return "".join(_html_span(span) for span in spans)


def _html_span(span: Span) -> str:
    text = escape(span.text).replace("\n", "<br>")
    for mark in span.marks:
        text = f"<{_MARKS[mark]}>{text}</{_MARKS[mark]}>"
    return f'<a href="{escape(span.href)}" {_LINK}>{text}</a>' if span.href else text


def _figure(image: blocks.Image, asset: Address) -> str:
    source = asset(str(image.asset))
    caption = f"<figcaption>{escape(image.caption)}</figcaption>" if image.caption else ""
    if source is None:
        return f"<figure>{caption}</figure>" if caption else ""
    shown = f'<img src="{escape(source)}" alt="{escape(image.alternative_text)}" loading="lazy">'
    return f"<figure>{shown}{caption}</figure>"


def _video(video: blocks.Video, asset: Address) -> str:
    source = asset(str(video.asset))
    caption = f"<figcaption>{escape(video.caption)}</figcaption>" if video.caption else ""
    shown = f'<video src="{escape(source)}" controls preload="none"></video>' if source else ""
    return f"<figure>{shown}{caption}</figure>" if shown or caption else ""


def _html_product(block: blocks.ProductBlock, product: Address) -> str:
    target = product(str(block.product))
    note = escape(block.note)
    if target is None:
        return f"<p>{note}</p>" if note else ""
    return f'<p><a href="{escape(target)}" {_LINK}>{note or escape(target)}</a></p>'


def _html_table(table: blocks.Table) -> str:
    head = "".join(f"<th>{escape(cell)}</th>" for cell in table.header)
    rows = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in table.rows)
    return f"<table>{f'<thead><tr>{head}</tr></thead>' if head else ''}<tbody>{rows}</tbody></table>"


def text(body: tuple[Block, ...]) -> str:
    """Plain text: paragraphs with an empty line between."""
    return "\n\n".join(blocks.paragraphs(body))


def markdown(body: tuple[Block, ...], *, asset: Address = nowhere, product: Address = nowhere) -> str:
    """CommonMark with tables; what looks like markup in a creator's words is escaped."""
    parts = [_markdown_block(block, asset, product) for block in body]
    return "\n\n".join(part for part in parts if part)


def _markdown_block(block: Block, asset: Address, product: Address) -> str:  # noqa: C901, PLR0911  (one case a block)
    match block:
        case blocks.Paragraph():
            return _markdown_spans(block.spans)
        case blocks.Heading():
            return f"{'#' * block.level} {_plain(block.text)}"
        case blocks.Image():
            return _markdown_image(block, asset)
        case blocks.GalleryBlock():
            return "\n\n".join(filter(None, (_markdown_image(image, asset) for image in block.images)))
        case blocks.Video():
            return _markdown_link(block.caption, asset(str(block.asset)))
        case blocks.ProductBlock():
            return _markdown_link(block.note, product(str(block.product)))
        case blocks.Quote():
            words = _markdown_spans(block.spans) + (f"\n\n— {_plain(block.source)}" if block.source else "")
            return "\n".join(f"> {line}".rstrip() for line in words.split("\n"))
        case blocks.ListBlock():
            marks = (f"{place}." if block.ordered else "-" for place in range(1, len(block.items) + 1))
            items = (_markdown_spans(item).replace("\n", "\n   ") for item in block.items)
            return "\n".join(f"{mark} {item}" for mark, item in zip(marks, items, strict=True))
        case blocks.Table():
            return _markdown_table(block)
        case blocks.Code():
            fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", block.text)), default=0))
            return f"{fence}{block.language}\n{block.text}\n{fence}"
        case blocks.Divider():
            return "---"
        case blocks.Embed():
            return _markdown_link(block.title, block.url)


def _plain(words: str) -> str:
    return _SPECIAL.sub(r"\\\1", words)


def _markdown_spans(spans: tuple[Span, ...]) -> str:
    return "".join(_markdown_span(span) for span in spans)


def _markdown_span(span: Span) -> str:
    if span.href and span.href == span.text and not _UNLINKABLE.search(span.href):
        return f"<{span.href}>"
    words = span.text if "code" in span.marks else _plain(span.text)
    for mark in span.marks:
        words = f"{_MARKDOWN_MARKS[mark]}{words}{_MARKDOWN_MARKS[mark]}"
    return f"[{words}](<{span.href.replace('<', '%3C').replace('>', '%3E')}>)" if span.href else words


def _markdown_image(image: blocks.Image, asset: Address) -> str:
    source = asset(str(image.asset))
    shown = f"![{_plain(image.alternative_text)}](<{source}>)" if source else ""
    return "\n\n".join(filter(None, (shown, _plain(image.caption))))


def _markdown_link(words: str, target: str | None) -> str:
    if target is None:
        return _plain(words)
    return f"[{_plain(words or target)}](<{target.replace('<', '%3C').replace('>', '%3E')}>)"


def _markdown_table(table: blocks.Table) -> str:
    width = max((len(row) for row in (table.header, *table.rows)), default=0)
    if not width:
        return ""
    header = table.header or ("",) * width
    lines = [header, ("---",) * width, *table.rows]
    return "\n".join(
        "| " + " | ".join(_cell(cell) for cell in (*line, *("",) * (width - len(line)))) + " |" for line in lines
    )


def _cell(words: str) -> str:
    return words if words == "---" else _plain(words).replace("\n", " ")


@dataclass(frozen=True, slots=True)
class Extent:
    """How long a body is: words (each Han character, kana or hangul counts as one) and minutes to read it."""

    words: int
    minutes: int


_SIGN = "[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\U00020000-\U0003ffff]"
_WORD = re.compile(rf"{_SIGN}|(?:(?!{_SIGN})[^\W_])+(?:['’-](?:(?!{_SIGN})[^\W_])+)*")
_WORDS_A_MINUTE = 250
"""House default: between the 200-300 words a minute usual for English and the 300-500 characters usual for Chinese."""


def extent(body: tuple[Block, ...]) -> Extent:
    words = sum(1 for _ in _WORD.finditer(text(body)))
    return Extent(words, -(-words // _WORDS_A_MINUTE))


def headings(body: tuple[Block, ...]) -> list[blocks.Heading]:
    """The table of contents: the headings in order."""
    return [block for block in body if isinstance(block, blocks.Heading)]
