"""HTML and Markdown from elsewhere into blocks: what can be kept is kept, what could do harm is left out.

Nothing of the markup itself survives: only text, marks, links to http, https and mailto, and the addresses of
pictures. Markdown becomes HTML first, so there is one way in.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from functools import lru_cache
from uuid import UUID

from markdown_it import MarkdownIt

from core.errors import Invalid
from models import blocks
from models.texts import LINKABLE, scrub
from services.interchange import markup
from services.interchange.records import uid_for

BLOCKS, ITEMS, TEXT_LENGTH = 2_000, 20_000, 100_000
LIST_ITEMS, TABLE_ROWS, HEADING_LENGTH, LINK_LENGTH = 500, 500, 1_000, 2_000
SKIPPED = frozenset(
    [
        "script",
        "style",
        "noscript",
        "template",
        "svg",
        "math",
        "head",
        "title",
        "object",
        "applet",
        "form",
        "input",
        "button",
        "select",
        "textarea",
    ]
)
MARKS: dict[str, blocks.Mark] = {
    "b": "strong", "strong": "strong", "i": "em", "em": "em", "cite": "em", "code": "code", "kbd": "code",
    "samp": "code", "s": "strike", "del": "strike", "strike": "strike",
}  # fmt: skip
HEADINGS = {f"h{level}": level for level in range(1, 7)}
INLINE = frozenset(
    [
        "a",
        "abbr",
        "b",
        "bdi",
        "bdo",
        "cite",
        "code",
        "data",
        "del",
        "dfn",
        "em",
        "font",
        "i",
        "ins",
        "kbd",
        "label",
        "mark",
        "q",
        "ruby",
        "rb",
        "rt",
        "rp",
        "s",
        "samp",
        "small",
        "span",
        "strike",
        "strong",
        "sub",
        "sup",
        "time",
        "tt",
        "u",
        "var",
        "wbr",
        "br",
        "img",
    ]
)
FRAMES = frozenset({"iframe", "embed", "video", "audio", "source"})
SPACE = re.compile(r"[ \t\r\n\f]+")
_markdown = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])


class TooLong(Invalid):
    """The text makes more blocks than a body holds."""

    code = "BODY_TOO_LONG"


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture that a body shows, by its address; `uid` is that of the asset which stands for it."""

    uid: UUID
    url: str
    alternative_text: str


@dataclass(frozen=True, slots=True)
class Converted:
    blocks: tuple[blocks.Block, ...]
    pictures: tuple[Picture, ...]


def link(url: str) -> str | None:
    """An address that may stand in a body; None for anything else."""
    url = scrub(url).strip()
    url = f"https:{url}" if url.startswith("//") else url
    return url if len(url) <= LINK_LENGTH and LINKABLE.match(url) else None


def picture_uid(url: str) -> UUID:
    """The uid of the asset that stands for a picture which is only known by its address."""
    return uid_for("link", url)


# reading a record and then its pictures asks twice for the same text
@lru_cache(maxsize=8)
def of_markdown(text: str) -> Converted:
    return of_html(_markdown.render(scrub(text)))


@lru_cache(maxsize=8)
def of_html(text: str) -> Converted:
    writer = _Writer()
    for event in markup.events(scrub(text)):
        match event:
            case markup.Text(words):
                writer.read(words)
            case markup.Start():
                writer.enter(event.tag, event.attributes)
            case markup.End(tag):
                writer.leave(tag)
    writer.finish()
    return Converted(tuple(writer.done), tuple(writer.pictures.values()))


def plain(text: str) -> str:
    """The text of a piece of HTML in one line."""
    found: list[str] = []
    skipped = 0
    for event in markup.events(scrub(text)):
        match event:
            case markup.Text(words) if not skipped:
                found.append(words)
            case markup.Start(tag) | markup.End(tag) if tag not in INLINE or tag == "br":
                if tag in SKIPPED:
                    skipped += 1 if isinstance(event, markup.Start) else -1
                found.append(" ")
            case _:
                pass
    return SPACE.sub(" ", "".join(found)).strip()


@dataclass(slots=True)
class _Writer:
    """Builds blocks from the events of a walk."""

    done: list[blocks.Block] = field(default_factory=list)
    pictures: dict[UUID, Picture] = field(default_factory=dict)
    spans: list[blocks.Span] = field(default_factory=list)
    text: list[str] = field(default_factory=list)
    marks: Counter[blocks.Mark] = field(default_factory=Counter)
    hrefs: list[str | None] = field(default_factory=list)
    heading: int = 0
    quotes: int = 0
    pre: int = 0
    lists: list[bool] = field(default_factory=list)
    items: list[tuple[blocks.Span, ...]] = field(default_factory=list)
    tables: int = 0
    rows: list[list[str]] = field(default_factory=list)
    header: bool = False
    skipped: int = 0
    after: list[blocks.Block] = field(default_factory=list)  # what cannot stand inside a list or a table

    def read(self, words: str) -> None:
        if not self.skipped:
            self.text.append(words)

    def enter(self, tag: str, attributes: dict[str, str]) -> None:
        if self.skipped or tag in SKIPPED:
            self.skipped += tag in SKIPPED
        elif tag in MARKS and not self.pre:
            self._end_span()
            self.marks[MARKS[tag]] += 1
        elif tag == "a":
            self._end_span()
            self.hrefs.append(link(attributes.get("href", "")))
        elif tag == "br":
            self._end_span()
            self.spans.append(blocks.Span(text="\n"))
        elif tag == "img":
            self._picture(attributes)
        elif tag in FRAMES:
            self._frame(attributes)
        elif tag not in INLINE:
            self._open(tag)

    def _open(self, tag: str) -> None:
        self.flush()
        match tag:
            case "hr":
                self._place(blocks.Divider())
            case "ul" | "ol":
                self.lists.append(tag == "ol")
            case "blockquote":
                self.quotes += 1
            case "pre":
                self.pre += 1
            case "table":
                self.tables += 1
            case "tr" if self.tables:
                self.rows.append([])
            case "thead" | "th" if self.tables:
                self.header = self.header or len(self.rows) <= 1
            case _:
                self.heading = HEADINGS.get(tag, self.heading)

    def leave(self, tag: str) -> None:
        if self.skipped:
            self.skipped -= tag in SKIPPED
        elif tag in MARKS and not self.pre:
            self._end_span()
            self.marks[MARKS[tag]] -= 1
        elif tag == "a":
            self._end_span()
            self.hrefs.pop()
        elif tag not in INLINE and tag not in FRAMES:
            self._close(tag)

    def _close(self, tag: str) -> None:
        self.flush(cell=tag in {"td", "th"})
        match tag:
            case "ul" | "ol":
                ordered = self.lists.pop()
                if not self.lists:
                    self._place_list(ordered=ordered)
            case "blockquote":
                self.quotes -= 1
            case "pre":
                self.pre -= 1
            case "table":
                self.tables -= 1
                if not self.tables:
                    self._place_table()
            case _ if tag in HEADINGS:
                self.heading = 0

    def _add(self, block: blocks.Block) -> None:
        self.done.append(block)
        if len(self.done) > BLOCKS:
            raise TooLong(f"the text has more than {BLOCKS} blocks; split it")

    def _later(self, block: blocks.Block) -> None:
        self.after.append(block)
        if len(self.after) > BLOCKS:
            raise TooLong(f"the text has more than {BLOCKS} blocks; split it")

    # what stands in the text

    def _end_span(self) -> None:
        """Close the run of text with the same marks."""
        if not self.text:
            return
        text = "".join(self.text)
        self.text.clear()
        text = text if self.pre else SPACE.sub(" ", text)
        if len(text) > TEXT_LENGTH:
            raise TooLong(f"a paragraph is longer than {TEXT_LENGTH:,} characters; split it")
        if text:
            marks = tuple(mark for mark in ("strong", "em", "code", "strike") if self.marks[mark] > 0)
            self.spans.append(blocks.Span(text=text, marks=marks, href=self.hrefs[-1] if self.hrefs else None))

    def flush(self, *, cell: bool = False) -> None:
        """Make what was read since the last border a block, an item or a cell."""
        self._end_span()
        spans, self.spans = self.spans, []
        text = "".join(span.text for span in spans)
        if len(text) > TEXT_LENGTH:
            raise TooLong(f"a paragraph is longer than {TEXT_LENGTH:,} characters; split it")
        if self.pre:
            if text.strip():
                self._place(blocks.Code(text=text.strip("\n")))
        elif self.tables:
            self._cell(text.strip(), ends=cell)
        elif text.strip():
            self._text_block(_trimmed(spans), text.strip())

    def _text_block(self, spans: tuple[blocks.Span, ...], text: str) -> None:
        if self.lists:
            self.items.append(spans)
            if len(self.items) > ITEMS:
                raise TooLong(f"a list has more than {ITEMS} items; split it")
        elif self.heading and len(text) <= HEADING_LENGTH:
            self._add(blocks.Heading(level=self.heading, text=SPACE.sub(" ", text)))
        elif self.quotes:
            self._add(blocks.Quote(spans=spans))
        else:
            self._add(blocks.Paragraph(spans=spans))

    def _cell(self, text: str, *, ends: bool) -> None:
        """Text of a cell; several paragraphs in one cell are joined when it ends."""
        if text and not self.rows:
            self._later(blocks.Paragraph(spans=(blocks.Span(text=text),)))
        elif ends:
            self.rows[-1].append(text) if self.rows else None
        elif text:
            self.text.append(text + " ")

    def _picture(self, attributes: dict[str, str]) -> None:
        url = link(attributes.get("src", ""))
        if url is None or url.startswith("mailto:"):
            return
        words = SPACE.sub(" ", attributes.get("alt", "")).strip()[:1_000]
        picture = Picture(picture_uid(url), url, words)
        self.pictures.setdefault(picture.uid, picture)
        shown = blocks.Image(asset=picture.uid, alternative_text=words)
        if self.lists or self.tables:
            self._later(shown)
        else:
            self.flush()
            self._add(shown)

    def _frame(self, attributes: dict[str, str]) -> None:
        url = link(attributes.get("src", ""))
        if url is not None and not url.startswith("mailto:"):
            title = SPACE.sub(" ", attributes.get("title", "")).strip()[:1_000]
            self._place(blocks.Embed(url=url, title=title))

    # what ends a list, a table, the whole

    def _place(self, block: blocks.Block) -> None:
        if self.lists or self.tables:
            self._later(block)
        else:
            self._end_span()
            if self.spans:
                self.flush()
            self._add(block)

    def _place_list(self, *, ordered: bool) -> None:
        for start in range(0, len(self.items), LIST_ITEMS):
            chunk = tuple(self.items[start : start + LIST_ITEMS])
            self._add(blocks.ListBlock(ordered=ordered, items=chunk))
        self.items = []
        self._place_rest()

    def _place_table(self) -> None:
        rows = [tuple(row) for row in self.rows if any(row)]
        head: tuple[str, ...] = rows.pop(0) if self.header and rows else ()
        for start in range(0, max(len(rows), 1 if head else 0), TABLE_ROWS):
            self._add(blocks.Table(header=head, rows=tuple(rows[start : start + TABLE_ROWS])))
        self.rows, self.header = [], False
        self._place_rest()

    def _place_rest(self) -> None:
        if not self.lists and not self.tables:
            after, self.after = self.after, []
            for block in after:
                self._add(block)

    def finish(self) -> None:
        self.flush()
        self._place_rest()


def _trimmed(spans: list[blocks.Span]) -> tuple[blocks.Span, ...]:
    """The spans without white space at the ends of the block, and runs that look alike joined."""
    joined: list[blocks.Span] = []
    run: list[str] = []
    for span in spans:
        if joined and (joined[-1].marks, joined[-1].href) == (span.marks, span.href):
            run.append(span.text)
            continue
        _close_run(joined, run)
        joined.append(span)
        run = [span.text]
    _close_run(joined, run)
    joined[0] = joined[0].model_copy(update={"text": joined[0].text.lstrip()})
    joined[-1] = joined[-1].model_copy(update={"text": joined[-1].text.rstrip()})
    return tuple(span for span in joined if span.text)


def _close_run(joined: list[blocks.Span], run: list[str]) -> None:
    if len(run) > 1:
        joined[-1] = joined[-1].model_copy(update={"text": "".join(run)})
