"""Bodies as HTML, Markdown and text: the same words, and never anybody's markup."""

from __future__ import annotations

from uuid import UUID

import nh3
import pytest
from hypothesis import given
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from models import blocks
from services import bodies

ASSET = UUID("018f0000-0000-7000-8000-000000000001")
GOODS = UUID("018f0000-0000-7000-8000-000000000002")
HOSTILE = '<script>alert(1)</script> & "quoted" *stars* [link](x) `code` | cell'

BODY = blocks.load(
    [
        {"type": "heading", "level": 1, "text": "Tea"},
        {
            "type": "paragraph",
            "spans": [
                {"text": "Boil "},
                {"text": "soft", "marks": ["em", "strong"]},
                {"text": " water", "href": "https://water.example/?a=1&b=2"},
            ],
        },
        {"type": "list", "ordered": True, "items": [[{"text": "one"}], [{"text": "two"}]]},
        {"type": "quote", "spans": [{"text": "So it is."}], "source": "Lu Yu"},
        {"type": "table", "header": ["leaf", "°C"], "rows": [["green", "80"]]},
        {"type": "code", "language": "sh", "text": "boil --now"},
        {"type": "divider"},
        {"type": "image", "asset": str(ASSET), "caption": "A cup", "alternative_text": "a cup of tea"},
        {"type": "product", "product": str(GOODS), "note": "The kettle"},
        {"type": "embed", "url": "https://films.example/1", "title": "A film"},
    ]
)


def files(uid: str) -> str | None:
    return {str(ASSET): "https://files.example/1.jpg"}.get(uid)


def goods(uid: str) -> str | None:
    return {str(GOODS): "https://shop.example/kettle"}.get(uid)


def test_a_body_becomes_html() -> None:
    link = 'rel="noopener nofollow ugc"'
    picture = '<img src="https://files.example/1.jpg" alt="a cup of tea" loading="lazy">'

    assert bodies.html(BODY, asset=files, product=goods).split("\n") == [
        "<h2>Tea</h2>",
        f'<p>Boil <strong><em>soft</em></strong><a href="https://water.example/?a=1&amp;b=2" {link}> water</a></p>',
        "<ol><li>one</li><li>two</li></ol>",
        "<blockquote><p>So it is.</p><p><cite>Lu Yu</cite></p></blockquote>",
        "<table><thead><tr><th>leaf</th><th>°C</th></tr></thead><tbody><tr><td>green</td><td>80</td></tr></tbody></table>",
        '<pre><code class="language-sh">boil --now</code></pre>',
        "<hr>",
        f"<figure>{picture}<figcaption>A cup</figcaption></figure>",
        f'<p><a href="https://shop.example/kettle" {link}>The kettle</a></p>',
        f'<p><a href="https://films.example/1" {link}>A film</a></p>',
    ]


def test_a_body_becomes_markdown() -> None:
    assert bodies.markdown(BODY, asset=files, product=goods).split("\n\n") == [
        "# Tea",
        "Boil ***soft***[ water](<https://water.example/?a=1&b=2>)",
        "1. one\n2. two",
        "> So it is.\n>\n> — Lu Yu",
        "| leaf | °C |\n| --- | --- |\n| green | 80 |",
        "```sh\nboil --now\n```",
        "***",
        "![a cup of tea](<https://files.example/1.jpg>)",
        "A cup",
        "[The kettle](<https://shop.example/kettle>)",
        "[A film](<https://films.example/1>)",
    ]


def test_a_body_becomes_text() -> None:
    assert bodies.text(BODY).split("\n\n")[:3] == ["Tea", "Boil soft water", "one"]


def test_what_is_gone_leaves_its_words() -> None:
    gone = bodies.html(BODY[7:9])

    assert gone == "<figure><figcaption>A cup</figcaption></figure>\n<p>The kettle</p>"
    assert bodies.markdown(BODY[7:9]) == "A cup\n\nThe kettle"


def test_a_line_of_code_cannot_leave_its_fence() -> None:
    (code,) = blocks.load([{"type": "code", "text": "```\nout"}])

    assert bodies.markdown((code,)) == "````\n```\nout\n````"


def everywhere(words: str) -> tuple[blocks.Block, ...]:
    """The words in every place where a body takes words."""
    line = " ".join(words.split())
    return blocks.load(
        [
            {"type": "heading", "level": 2, "text": line},
            {"type": "paragraph", "spans": [{"text": words, "marks": ["code"], "href": "https://x.example/"}]},
            {"type": "list", "items": [[{"text": words}]]},
            {"type": "quote", "spans": [{"text": words}], "source": line},
            {"type": "table", "header": [words], "rows": [[words]]},
            {"type": "code", "language": line[:40], "text": words},
            {"type": "image", "asset": str(ASSET), "caption": words, "alternative_text": words},
            {"type": "product", "product": str(GOODS), "note": words},
            {"type": "embed", "url": "https://x.example/", "title": line},
        ]
    )


MARKUP = st.text(alphabet="<>\"'&/=! \nabcscriptonerror:javascript-`*[](){}#|", max_size=60)


@given(MARKUP)
def test_no_words_become_elements(words: str) -> None:
    plain = LexborHTMLParser(bodies.html(everywhere("x"), asset=files, product=goods))
    tried = LexborHTMLParser(bodies.html(everywhere(words or "x"), asset=files, product=goods))

    # line breaks in the words and empty captions change how many br and figcaption there are, nothing else may
    def kinds(tree: LexborHTMLParser) -> set[str]:
        return {node.tag for node in tree.css("body *")} - {"br", "figcaption", "cite"}

    assert kinds(tried) <= kinds(plain)
    for node in tried.css("body *"):
        assert not any(name.startswith("on") for name in node.attributes)


def test_hostile_words_are_shown_as_they_are() -> None:
    tree = LexborHTMLParser(bodies.html(everywhere(HOSTILE)))

    assert tree.css("script") == []
    assert tree.css_first("h2, h3").text() == HOSTILE


def test_the_second_wall_stands_by_itself() -> None:
    assert nh3.clean('<a href="javascript:x">y</a>', url_schemes={"https"}) == '<a rel="noopener noreferrer">y</a>'


@pytest.mark.parametrize(
    ("words", "count", "minutes"),
    [
        ("", 0, 0),
        ("Tea, then the lake.", 4, 1),
        ("茶,然后去湖边。", 6, 1),
        ("iPhone壳 isn't", 3, 1),
        ("w " * 251, 251, 2),
    ],
)
def test_words_are_counted_in_both_scripts(words: str, count: int, minutes: int) -> None:
    body = blocks.load([{"type": "paragraph", "spans": [{"text": words}]}])

    assert bodies.extent(body) == bodies.Extent(count, minutes)
