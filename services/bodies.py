"""A body of blocks as HTML, as Markdown and as plain text. Pure; nothing that a creator wrote can become markup."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from html import escape

import nh3

from models import blocks
from models.blocks import Block, Span
from services import commonmark

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
    return commonmark.written(body, asset, product)


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
