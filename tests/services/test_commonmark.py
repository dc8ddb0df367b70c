"""Bodies as CommonMark, as a reader of CommonMark sees them: the words that were written, and no markup that was not."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from models import blocks
from services import bodies
from services.interchange import bodies as reading

READER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
FILE = UUID("018f0000-0000-7000-8000-000000000001")
SAFE = "https://x.example/"


def paragraph(*spans: tuple[str, str] | str) -> tuple[blocks.Block, ...]:
    read = [(span, "") if isinstance(span, str) else span for span in spans]
    return blocks.load(
        [{"type": "paragraph", "spans": [{"text": text, "marks": marks.split()} for text, marks in read]}]
    )


def everywhere(words: str, marks: list[str]) -> tuple[blocks.Block, ...]:
    """The words in every place where a body takes words."""
    line = " ".join(words.split())
    marked = [{"text": words, "marks": marks}, {"text": words}, {"text": words, "marks": marks, "href": SAFE}]
    picture = {"type": "image", "asset": str(FILE), "caption": words, "alternative_text": words}
    return blocks.load(
        [
            {"type": "paragraph", "spans": marked},
            {"type": "paragraph", "spans": [{"text": words}]},
            {"type": "heading", "level": 2, "text": line},
            {"type": "list", "items": [[{"text": words}], marked]},
            {"type": "list", "ordered": True, "items": [[{"text": words}]]},
            {"type": "quote", "spans": marked, "source": line},
            {"type": "table", "header": [words], "rows": [[words]]},
            {"type": "code", "language": words[:40], "text": words},
            {"type": "gallery", "images": [picture]},
            {"type": "product", "product": str(FILE), "note": words},
            {"type": "embed", "url": SAFE, "title": line},
        ]
    )


def tokens(markdown: str) -> Iterator[Token]:
    for token in READER.parse(markdown):
        yield token
        yield from token.children or ()


def read(markdown: str) -> str:
    """The text that is shown, without blanks: how many of them there are is nobody's markup."""
    shown = {"text", "code_inline", "fence", "code_block", "html_inline", "html_block"}
    found = (
        "".join(one.content for one in token.children or ()) if token.type == "image" else token.content
        for token in tokens(markdown)
        if token.type in shown or token.type == "image"
    )
    return squeezed("".join(found))


def squeezed(text: str) -> str:
    return re.sub(r"\s", "", text)


def kinds(markdown: str) -> set[str]:
    return {token.type for token in tokens(markdown)}


NASTY = st.lists(
    st.sampled_from(
        [*"`*_~<>[]()!#=-+|\\&;:.{}%\"' \n\t1ax水。「」é€", "\r\n", "```", "~~~", "    ", "1. ", "\n\n", "&lt;", "&#60;",
         "<b>", "<!--", "](javascript:x)", "![", "[a]: /b\n", "===\n", "---\n", ":-\n", "**", "\N{NO-BREAK SPACE}", "\u3000", "👨‍👩‍👧"]
    ),
    max_size=14,
).map("".join)  # fmt: skip
MARKS = st.lists(st.sampled_from(["strong", "em", "code", "strike"]), max_size=3, unique=True)


@settings(max_examples=40, deadline=None)
@given(NASTY, MARKS)
def test_nothing_that_was_written_is_markup(words: str, marks: list[str]) -> None:
    address = f"{SAFE}1.jpg"
    body = everywhere(words, marks)

    for block in body:
        markdown = bodies.markdown((block,), asset=lambda _: address, product=lambda _: address)
        plain = bodies.markdown(everywhere("x", ["strong", "em", "strike"])[body.index(block) :][:1], asset=lambda _: address, product=lambda _: address)  # fmt: skip
        allowed = kinds(plain) | {"code_inline", "hardbreak", "paragraph_open", "paragraph_close", "inline"}
        assert kinds(markdown) <= allowed | {"text", "fence"}, markdown
        hrefs = {str(token.attrGet("href") or token.attrGet("src") or SAFE) for token in tokens(markdown)}
        assert hrefs <= {SAFE, address}


@settings(max_examples=80, deadline=None)
@given(st.lists(st.tuples(NASTY, MARKS.map(" ".join)), min_size=1, max_size=4))
def test_what_is_read_is_what_was_written(spans: list[tuple[str, str]]) -> None:
    (shown,) = body = paragraph(*spans)
    assert isinstance(shown, blocks.Paragraph)
    written = "".join(span.text for span in shown.spans)

    for block in (*body, blocks.Quote(spans=shown.spans), blocks.ListBlock(items=(shown.spans,))):
        markdown = bodies.markdown((block,))
        assert read(markdown) == squeezed(written), markdown


@settings(max_examples=40, deadline=None)
@given(NASTY)
def test_words_in_one_line_are_read_as_they_were_written(words: str) -> None:
    line = " ".join(words.split())
    picture = {"type": "image", "asset": str(FILE), "alternative_text": words}
    body = blocks.load(
        [
            {"type": "heading", "level": 1, "text": line},
            {"type": "table", "header": [words], "rows": [["", words]]},
            {"type": "embed", "url": SAFE, "title": line or "x"},
            picture,
        ]
    )

    said = [read(bodies.markdown((block,), asset=lambda _: SAFE)) for block in body]

    assert said == [squeezed(text) for text in (words, words + words, words.strip() or "x", words)]


@settings(max_examples=80, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(["a", "水", "「水」", "。", "€", " b ", "👨‍👩‍👧", "x`y", "*"]), MARKS),
        min_size=1,
        max_size=5,
    )
)
def test_marks_are_read_where_they_were(spans: list[tuple[str, list[str]]]) -> None:
    body = paragraph(*((text, " ".join(marks)) for text, marks in spans))

    (found,) = reading.of_markdown(bodies.markdown(body)).blocks

    assert isinstance(found, blocks.Paragraph)
    read_back = [(letter, frozenset(span.marks)) for span in found.spans for letter in span.text if letter.strip()]
    assert read_back == [(letter, frozenset(marks)) for text, marks in spans for letter in text if letter.strip()]


@pytest.mark.parametrize(
    ("body", "markdown"),
    [
        (paragraph(("a`b", "code")), "``a`b``"),
        (paragraph(("`x` <img src=x onerror=alert(1)> `y`", "code")), "`` `x` <img src=x onerror=alert(1)> `y` ``"),
        (paragraph(("a", "strong code")), "**`a`**"),
        (paragraph("1. foo\n2) bar"), "1\\. foo  \n2\\) bar"),
        (paragraph("Title\n===\n---"), "Title  \n\\===  \n\\-\\-\\-"),
        (paragraph("    four  \n  two"), "four  \ntwo"),
        (paragraph("one\n\n\ntwo"), "one\n\ntwo"),
        (paragraph("&lt;b&gt; A&B"), "&amp;lt;b&amp;gt; A&B"),
        (paragraph("a", (" bold ", "strong"), "b"), "a **bold** b"),
        (paragraph("喝", ("「水」", "strong"), "吧"), "&#21917;**「水」**&#21543;"),
        (paragraph(("a", "em"), ("b", "em strong"), ("c", "strong")), "_a**b**_**c**"),
        (paragraph("{% x %} {{ y }}"), "&#123;% x %\\} &#123;\\{ y \\}\\}"),
        (blocks.load([{"type": "code", "language": "a`\n<b>", "text": "x"}]), "```a\nx\n```"),
        (blocks.load([{"type": "table", "header": ["---"], "rows": [["a|b"]]}]), "| \\-\\-\\- |\n| --- |\n| a\\|b |"),
        (blocks.load([{"type": "list", "items": [[{"text": "a\n\nb"}]]}] * 2), "- a  \n  b\n\n* a  \n  b"),
    ],
)  # fmt: skip
def test_what_looks_like_markup_is_written_so_that_it_is_none(body: tuple[blocks.Block, ...], markdown: str) -> None:
    assert bodies.markdown(body) == markdown


@pytest.mark.parametrize("address", ["javascript:alert(1)", "JAVASCRIPT:x", "data:text/html,x", "vbscript:x"])
def test_an_address_that_could_do_something_leaves_the_words_alone(address: str) -> None:
    body = blocks.load([{"type": "product", "product": str(FILE), "note": "kettle"}])

    assert bodies.markdown(body, product=lambda _: address) == "kettle"


def test_an_address_is_the_one_that_was_given() -> None:
    address = "https://x.example/a(b)[c]?d=1&lt;e=2&f\\_g<h> i"
    body = blocks.load([{"type": "product", "product": str(FILE), "note": "kettle"}])

    (link,) = [token for token in tokens(bodies.markdown(body, product=lambda _: address)) if token.type == "link_open"]

    assert link.attrGet("href") == "https://x.example/a(b)%5Bc%5D?d=1&lt;e=2&f%5C_g%3Ch%3E%20i"


def test_our_own_reading_makes_the_same_blocks_of_it() -> None:
    body: list[Any] = [
        {"type": "heading", "level": 2, "text": "C# & *tea* #"},
        {"type": "paragraph", "spans": [{"text": "Boil "}, {"text": "soft", "marks": ["strong", "em"]}, {"text": " "}, {"text": "2. water", "href": SAFE}]},
        {"type": "list", "ordered": True, "items": [[{"text": f"{place}. a"}] for place in range(11)]},
        {"type": "list", "ordered": True, "items": [[{"text": "`b`", "marks": ["code"]}]]},
        {"type": "list", "items": [[{"text": "- c"}]]},
        {"type": "quote", "spans": [{"text": "> wise"}]},
        {"type": "table", "header": ["a|b", "\\|"], "rows": [["---", "&copy;"]]},
        {"type": "divider"},
        {"type": "code", "text": "```\n    x\n~~~"},
    ]  # fmt: skip
    expected = blocks.load(body)

    assert reading.of_markdown(bodies.markdown(expected)).blocks == expected
