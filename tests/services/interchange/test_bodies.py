from __future__ import annotations

import time
from contextlib import suppress
from typing import Any

import pytest

from models import blocks
from services.interchange import bodies, markup


def dumped(found: bodies.Converted) -> list[dict[str, Any]]:
    return [{key: value for key, value in block.items() if value} for block in blocks.dump(found.blocks)]


def spans(*texts: str | dict[str, Any]) -> list[dict[str, Any]]:
    full = [{"text": text} if isinstance(text, str) else text for text in texts]
    return [{"marks": [], "href": None} | span for span in full]


def test_markdown_becomes_the_blocks_it_means():
    text = (
        "# Tea\n\nHot **water** and [more](https://a.example/).\n\n- one\n- two\n\n1. first\n\n> wise\n\n"
        "| a | b |\n|---|---|\n| 1 | 2 |\n\n```\nx = 1\n```\n\n---\n"
    )

    assert dumped(bodies.of_markdown(text)) == [
        {"type": "heading", "level": 1, "text": "Tea"},
        {
            "type": "paragraph",
            "spans": spans(
                "Hot ",
                {"text": "water", "marks": ["strong"]},
                " and ",
                {"text": "more", "href": "https://a.example/"},
                ".",
            ),
        },
        {"type": "list", "items": [spans("one"), spans("two")]},
        {"type": "list", "ordered": True, "items": [spans("first")]},
        {"type": "quote", "spans": spans("wise")},
        {"type": "table", "header": ["a", "b"], "rows": [["1", "2"]]},
        {"type": "code", "text": "x = 1"},
        {"type": "divider"},
    ]


@pytest.mark.parametrize(
    "hostile",
    [
        "<script>alert(1)</script>",
        "<style>p{}</style>",
        "<svg><script>alert(1)</script></svg>",
        "<img src='javascript:alert(1)'>",
        "<img src=data:text/html;base64,xx>",
        "<iframe src='javascript:alert(1)'></iframe>",
        "<!-- <p>hidden</p> -->",
        "<textarea><p>x</p></textarea>",
        "<script>never closed <p>x</p>",
        "<p title='never closed <p>x</p>",
    ],
)
def test_what_could_run_or_is_not_shown_leaves_nothing(hostile: str):
    assert bodies.of_html(hostile).blocks == ()


@pytest.mark.parametrize(
    "href", ["javascript:alert(1)", " java\tscript:x", "data:text/html,x", "vbscript:x", "//", "x"]
)
def test_a_link_elsewhere_than_http_https_and_mailto_is_only_its_text(href: str):
    (paragraph,) = bodies.of_html(f'<p><a href="{href}" onclick="x()">go</a></p>').blocks

    assert paragraph == blocks.Paragraph(spans=(blocks.Span(text="go"),))


def test_text_stays_text_and_control_characters_become_replacement_characters():
    (paragraph,) = bodies.of_html("a &lt;b&gt; &amp;amp; \x01&#2;\N{NO-BREAK SPACE}1 < 2").blocks

    assert blocks.paragraphs((paragraph,)) == ["a <b> &amp; \ufffd\N{NO-BREAK SPACE}1 < 2"]


def test_pictures_keep_their_address_and_words_and_stand_once():
    found = bodies.of_html('<ul><li><img src="//p.example/1.jpg" alt=" A  cup "></ul><img src=https://p.example/1.jpg>')

    assert [(picture.url, picture.alternative_text) for picture in found.pictures] == [
        ("https://p.example/1.jpg", "A cup")
    ]
    assert [block.type for block in found.blocks] == ["image", "image"]


def test_end_tags_that_fit_nothing_and_elements_never_closed_do_no_harm():
    found = bodies.of_html("</b></table><p>one<p><b>two</i></p>three<table><tr><td>a<td>b<tr><td>c</table><li>d")

    assert blocks.paragraphs(found.blocks) == ["one", "two", "three", "a b", "c", "d"]


def test_every_start_that_can_hold_others_has_its_end():
    found = list(markup.events("<div><p>a<b>b</div><br><td>c"))

    starts = [event.tag for event in found if isinstance(event, markup.Start)]
    ends = [event.tag for event in found if isinstance(event, markup.End)]
    assert sorted(starts) == sorted(ends)


def test_the_plain_text_of_a_piece_of_html_is_one_line():
    assert bodies.plain("<p>A &amp;<b>B</b>\n<script>x</script></p><p>C<br>D") == "A &B C D"
    assert len(bodies.plain("x" * 200_000)) == 200_000


@pytest.mark.parametrize("piece", ["<p>x</p>", "<br>", "<li>x"])
def test_more_than_a_body_holds_is_refused(piece: str):
    with pytest.raises(bodies.TooLong):
        bodies.of_html("<ul>" * (piece == "<li>x") + piece.replace("<br>", "<hr>") * 21_000)


@pytest.mark.parametrize(
    "piece",
    [
        "<div>",
        "<b>",
        "<a href=x>",
        "<table><td>",
        "</p>",
        "<a b='",
        "<!--",
        "<",
        "&",
        "<p <p ",
        "<ul>",
        "<object><b></b>",
    ],
)
def test_reading_takes_time_in_proportion_to_the_length(piece: str):
    def seconds(size: int) -> float:
        text = piece * (size // len(piece))
        start = time.process_time()
        with suppress(bodies.TooLong):
            bodies.of_html.__wrapped__(text)
        return time.process_time() - start

    small, large = min(seconds(20_000) for _ in range(2)), seconds(160_000)

    # eight times the length: quadratic would be sixty-four times the time
    assert large < 0.05 or large < 24 * small
