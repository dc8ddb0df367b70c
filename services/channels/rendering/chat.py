"""Bodies as messengers read them: HTML of tags within a line, and mrkdwn. Neither has headings, tables or pictures."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape

from models import blocks
from models.blocks import Block, Span

Address = Callable[[str], str | None]

_GRAVE = "\N{MODIFIER LETTER GRAVE ACCENT}"
_FENCE = re.compile("`{3,}|^`|`$")


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a messenger writes words, marks, links, quotes and what is typed as in a program."""

    words: Callable[[str], str]
    marks: Mapping[str, tuple[str, str]]
    link: Callable[[str, str], str]
    quote: Callable[[str], str]
    code: Callable[[str], str]
    in_code: Callable[[str], str] = str
    """Words, already written, as they may stand within a mark of code."""
    is_tight: bool = False
    """Whether a mark neither holds next to a blank nor beyond the end of a line."""


def _mrkdwn_words(text: str) -> str:
    # these three are all that can be written otherwise; a star stays a star
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _mrkdwn_in_code(words: str) -> str:
    # a backtick cannot be written otherwise and would end the code
    return words.replace("`", _GRAVE)


def _mrkdwn_code(words: str) -> str:
    return f"```\n{_FENCE.sub(lambda run: _GRAVE * len(run.group()), words)}\n```"


def _mrkdwn_link(url: str, words: str) -> str:
    address = _mrkdwn_words(url).replace("|", "%7C")
    return f"<{address}|{words.replace('|', '¦')}>" if words != _mrkdwn_words(url) else f"<{address}>"


CHAT_HTML = Dialect(
    words=escape,
    marks={"strong": ("<b>", "</b>"), "em": ("<i>", "</i>"), "code": ("<code>", "</code>"), "strike": ("<s>", "</s>")},
    link=lambda url, words: f'<a href="{escape(url)}">{words}</a>',
    quote=lambda words: f"<blockquote>{words}</blockquote>",
    code=lambda words: f"<pre>{words}</pre>",
)
MRKDWN = Dialect(
    words=_mrkdwn_words,
    marks={"strong": ("*", "*"), "em": ("_", "_"), "code": ("`", "`"), "strike": ("~", "~")},
    link=_mrkdwn_link,
    quote=lambda words: "\n".join(f"> {line}".rstrip() for line in words.split("\n")),
    code=_mrkdwn_code,
    in_code=_mrkdwn_in_code,
    is_tight=True,
)


def written(body: Sequence[Block], dialect: Dialect, product: Address) -> str:
    """The body with empty lines between its parts; what cannot be said in a message is left out."""
    parts = (_block(block, dialect, product) for block in body)
    return "\n\n".join(part for part in parts if part)


def _block(block: Block, dialect: Dialect, product: Address) -> str:  # noqa: C901, PLR0911  (one case a block)
    match block:
        case blocks.Paragraph():
            return _spans(block.spans, dialect)
        case blocks.Heading():
            return _marked("strong", dialect.words(block.text), dialect)
        case blocks.Image() | blocks.Video():
            return dialect.words(block.caption)
        case blocks.GalleryBlock():
            return "\n".join(dialect.words(image.caption) for image in block.images if image.caption)
        case blocks.ProductBlock():
            return _linked(block.note, product(str(block.product)), dialect)
        case blocks.Quote():
            source = f"\n— {dialect.words(block.source)}" if block.source else ""
            return dialect.quote(_spans(block.spans, dialect) + source)
        case blocks.ListBlock():
            marks = (f"{place}." if block.ordered else "•" for place in range(1, len(block.items) + 1))
            return "\n".join(f"{mark} {_spans(item, dialect)}" for mark, item in zip(marks, block.items, strict=True))
        case blocks.Table():
            return "\n".join(dialect.words(" | ".join(row)) for row in (block.header, *block.rows) if row)
        case blocks.Code():
            return dialect.code(dialect.words(block.text))
        case blocks.Divider():
            return "———"
        case blocks.Embed():
            return _linked(block.title, block.url, dialect)


def _spans(spans: Sequence[Span], dialect: Dialect) -> str:
    return "".join(_span(span, dialect) for span in spans)


def _span(span: Span, dialect: Dialect) -> str:
    if dialect.is_tight and span.marks:
        words = "\n".join(_tight(line, span.marks, dialect) for line in span.text.split("\n"))
    else:
        words = _all_marked(dialect.words(span.text), span.marks, dialect)
    return dialect.link(span.href, words) if span.href else words


def _tight(line: str, marks: Sequence[blocks.Mark], dialect: Dialect) -> str:
    """The line with blanks at its ends outside the marks."""
    core = line.strip()
    if not core:
        return line
    start = line.index(core)
    marked = _all_marked(dialect.words(core), marks, dialect)
    return f"{line[:start]}{marked}{line[start + len(core) :]}"


def _all_marked(words: str, marks: Sequence[blocks.Mark], dialect: Dialect) -> str:
    """Code is innermost: in it no other mark is read."""
    if "code" in marks:
        words = _marked("code", dialect.in_code(words), dialect)
    for mark in marks:
        if mark != "code":
            words = _marked(mark, words, dialect)
    return words


def _marked(mark: str, words: str, dialect: Dialect) -> str:
    before, after = dialect.marks[mark]
    return f"{before}{words}{after}"


def _linked(words: str, target: str | None, dialect: Dialect) -> str:
    return dialect.words(words) if target is None else dialect.link(target, dialect.words(words or target))
