"""Texts with markup: the same words in each format, safe, and cut so that marks are closed and no character is broken."""

from __future__ import annotations

import re
from html import unescape
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.blocks import Body
from services.channels.rendering import ProductCard, RenderedPicture, Renderer, Rendition, markup, render
from services.channels.units import clusters, length
from tests.golden.writing import FOLDER, KEYS, rendered
from tests.services.channels.channel_facts import facts, image, pack, product
from tests.services.channels.test_pack_format import refused

FAMILY = "👨‍👩‍👧‍👦"
BODY: list[dict[str, Any]] = [
    {"type": "heading", "level": 2, "text": "Tea & <time>"},
    {"type": "paragraph", "spans": [{"text": "First ", "marks": []}, {"text": "the *water*", "marks": ["strong", "em"]}, {"text": " & so on", "href": "https://a.example/?x=1&y=2"}]},
    {"type": "image", "asset": "00000000-0000-0000-0000-000000000002", "caption": "A pot", "alternative_text": "pot"},
    {"type": "list", "items": [[{"text": "one"}], [{"text": "two", "marks": ["strike"]}]]},
    {"type": "product", "product": "00000000-0000-0000-0000-000000000003", "note": "Pours <well>"},
    {"type": "table", "header": ["cup", "ml"], "rows": [["small", "90"], ["large", "300"]]},
    {"type": "code", "text": "pour(<water>)"},
    {"type": "divider"},
    {"type": "quote", "spans": [{"text": "Slowly."}], "source": "Lu"},
    {"type": "embed", "url": "https://v.example/1", "title": "A film"},
]  # fmt: skip
SHAPE = '[rendering]\ntext = {{ fields = ["title", "text", "link"], format = "{format}" {more} }}'


def shown(format_: str, more: str = "", body: Any = None, **of_content: Any) -> Rendition:
    known = {"title": "Tea", "url": "https://x.example/1", "body": Body.validate_python(BODY if body is None else body)}
    pot = image(uid="00000000-0000-0000-0000-000000000002", url="https://h.example/assets/2")
    goods = product("00000000-0000-0000-0000-000000000003", url="https://shop.example/3")
    return render(pack(SHAPE.format(format=format_, more=more)), facts(goods, pictures=(pot,), **known | of_content))


def test_html_is_the_body_with_addresses_and_what_stands_around_it():
    assert (shown("html").markup or "").split("\n") == [
        "<p><strong>Tea</strong></p>",
        "<h3>Tea &amp; &lt;time&gt;</h3>",
        '<p>First <em><strong>the *water*</strong></em><a href="https://a.example/?x=1&amp;y=2" rel="noopener nofollow ugc"> &amp; so on</a></p>',
        '<figure><img src="https://h.example/assets/2" alt="pot" loading="lazy"><figcaption>A pot</figcaption></figure>',
        "<ul><li>one</li><li><del>two</del></li></ul>",
        '<p><a href="https://shop.example/3" rel="noopener nofollow ugc">Pours &lt;well&gt;</a></p>',
        "<table><thead><tr><th>cup</th><th>ml</th></tr></thead><tbody><tr><td>small</td><td>90</td></tr><tr><td>large</td><td>300</td></tr></tbody></table>",
        "<pre><code>pour(&lt;water&gt;)</code></pre>",
        "<hr>",
        "<blockquote><p>Slowly.</p><p><cite>Lu</cite></p></blockquote>",
        '<p><a href="https://v.example/1" rel="noopener nofollow ugc">A film</a></p>',
        '<p><a href="https://x.example/1" rel="noopener nofollow ugc">https://x.example/1</a></p>',
    ]


def test_markdown_is_the_body_with_what_looks_like_markup_escaped():
    markup = shown("markdown").markup or ""

    assert markup.split("\n\n")[:4] == [
        "**Tea**",
        "## Tea & \\<time\\>",
        "First ***the \\*water\\****[ & so on](<https://a.example/?x=1&y=2>)",
        "![pot](<https://h.example/assets/2>)",
    ]
    assert markup.endswith("\n\n<https://x.example/1>")


def test_messengers_get_tags_within_a_line_and_empty_lines_between():
    assert (shown("chat_html").markup or "").split("\n\n") == [
        "<b>Tea</b>",
        "<b>Tea &amp; &lt;time&gt;</b>",
        'First <i><b>the *water*</b></i><a href="https://a.example/?x=1&amp;y=2"> &amp; so on</a>',
        "A pot",
        "• one\n• <s>two</s>",
        '<a href="https://shop.example/3">Pours &lt;well&gt;</a>',
        "cup | ml\nsmall | 90\nlarge | 300",
        "<pre>pour(&lt;water&gt;)</pre>",
        "———",
        "<blockquote>Slowly.\n— Lu</blockquote>",
        '<a href="https://v.example/1">A film</a>',
        '<a href="https://x.example/1">https://x.example/1</a>',
    ]


def test_mrkdwn_escapes_the_three_letters_that_can_be():
    assert (shown("mrkdwn").markup or "").split("\n\n") == [
        "*Tea*",
        "*Tea &amp; &lt;time&gt;*",
        "First _*the *water**_<https://a.example/?x=1&amp;y=2| &amp; so on>",
        "A pot",
        "• one\n• ~two~",
        "<https://shop.example/3|Pours &lt;well&gt;>",
        "cup | ml\nsmall | 90\nlarge | 300",
        "```\npour(&lt;water&gt;)\n```",
        "———",
        "> Slowly.\n> — Lu",
        "<https://v.example/1|A film>",
        "<https://x.example/1>",
    ]


def test_in_mrkdwn_no_backtick_ends_code_and_marks_hold_to_words():
    spans = [
        {"text": "`x` <!here> `y`", "marks": ["strong", "code"]},
        {"text": " two\nlines ", "marks": ["em"]},
        {"text": "a`b"},
    ]
    body = [{"type": "paragraph", "spans": spans}, {"type": "code", "text": "`a\n```\n<!here> `b` c"}]

    assert (shown("mrkdwn", "", body, title="", url=None).markup or "") == (
        "*`ˋxˋ &lt;!here&gt; ˋyˋ`* _two_\n_lines_ a`b\n\n```\nˋa\nˋˋˋ\n&lt;!here&gt; `b` c\n```"
    )


def test_in_chat_html_code_is_innermost():
    body = [{"type": "paragraph", "spans": [{"text": "a", "marks": ["code", "strong"]}]}]
    other = [{"type": "paragraph", "spans": [{"text": "a", "marks": ["strong", "code"]}]}]

    assert shown("chat_html", "", body, title="", url=None).markup == "<b><code>a</code></b>"
    assert shown("chat_html", "", other, title="", url=None).markup == "<b><code>a</code></b>"


@pytest.mark.parametrize("more", [", max = 100", ', max = 40, counted = "words"'])
def test_a_cut_counts_the_whole_or_the_words(more: str):
    body = [{"type": "paragraph", "spans": [{"text": "水" * 90, "marks": ["em"]}]}]
    rendition = shown("html", more, body, url=None)
    markup = rendition.markup or ""

    assert markup.startswith("<p><strong>Tea</strong></p>\n<p><em>水")
    assert markup.endswith("水…</em></p>")
    if "words" in more:
        assert (length(rendition.text, "graphemes"), length(markup, "graphemes") > 40) == (40, True)
    else:
        assert length(markup, "graphemes") == 100


def test_a_table_is_cut_between_rows_and_a_quote_loses_who_said_it():
    table = [{"type": "table", "header": ["a"], "rows": [["b" * 10], ["c" * 10]]}]
    quote = [{"type": "quote", "spans": [{"text": "Slowly, slowly."}], "source": "Lu"}]
    limit = ', max = 19, counted = "words"'

    cut = shown("html", limit, table, title="", url=None).markup
    said = shown("html", ', max = 7, counted = "words"', quote, title="", url=None).markup

    assert (
        cut == f"<table><thead><tr><th>a</th></tr></thead><tbody><tr><td>{'b' * 10}</td></tr></tbody></table>\n<p>…</p>"
    )
    assert said == "<blockquote><p>Slowly…</p></blockquote>"


def test_what_has_no_shape_goes_along_as_it_is_in_html_and_plain_text_has_no_markup():
    assert render(pack(), facts(text="a < b")).markup == "<p>a &lt; b</p>"
    assert render(pack('[rendering]\ntext = { fields = ["text"] }'), facts(text="a < b")).markup is None


SPANS = st.lists(
    st.fixed_dictionaries(
        {
            "text": st.text(f"ab &<*_|é中{FAMILY}\u0301🇨🇳", max_size=12),
            "marks": st.lists(st.sampled_from(["strong", "em", "code"]), max_size=2, unique=True),
        }
    ),
    max_size=4,
)
BODIES = st.lists(
    st.one_of(
        st.fixed_dictionaries({"type": st.just("paragraph"), "spans": SPANS}),
        st.fixed_dictionaries({"type": st.just("list"), "items": st.lists(SPANS, min_size=1, max_size=3)}),
        st.fixed_dictionaries({"type": st.just("code"), "text": st.text("x<`\n&", max_size=9)}),
    ),
    max_size=4,
)


class _Open(HTMLParser):
    """The tags that are open at the end of a text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002  (its signature)
        if tag != "br":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@settings(max_examples=60, deadline=None)
@given(
    BODIES,
    st.integers(1, 90),
    st.sampled_from(["html", "markdown", "chat_html", "mrkdwn"]),
    st.sampled_from(["graphemes", "utf16", "bytes", "x_weighted"]),
    st.sampled_from(["whole", "words"]),
)
def test_no_cut_breaks_a_tag_an_entity_or_a_character(body, maximum, format_, unit, counted):
    rendition = shown(format_, f', max = {maximum}, unit = "{unit}", counted = "{counted}"', body)
    markup = rendition.markup or ""

    assert length(markup if counted == "whole" else rendition.text, unit) <= maximum
    if "html" in format_:
        assert _Open(markup).open == []
        assert re.findall("&(?!amp;|lt;|gt;|quot;|#x27;)", markup) == []
        assert "<script" not in unescape(markup)
    joined = "\n".join("".join(span["text"] for span in spans) for block in body for spans in _all_spans(block))
    seen = {*clusters(joined), *"…•\n https://x.example1Tea"} | {*clusters("\n".join(b.get("text", "") for b in body))}
    assert {one for one in clusters(rendition.text) if FAMILY[1] in one or "\u0301" in one} <= seen


def _all_spans(block: dict[str, Any]) -> list[list[dict[str, Any]]]:
    return [block["spans"]] if "spans" in block else block.get("items", [])


def test_a_card_has_what_its_shape_says_of_a_product():
    shape = """
    [rendering]
    products = { max = 2, title_max = 9, ratio = "1:1", parts = ["price", "picture", "link", "reason"] }
    link = { params = { from = "x" } }
    """
    pot = product(
        "p1",
        title="Kettle of iron",
        price_minor=19_900,
        currency="CNY",
        shop="Tea & Co",
        url="https://s.example/?from=a",
    )
    rendition = render(pack(shape), facts(pot, product("p2", image=None), product("p3"), notes={"p1": "Pours well."}))

    assert rendition.cards == (
        ProductCard(
            "p1", "Kettle o…", price_minor=19_900, currency="CNY", picture=RenderedPicture("image", (1080, 1080)),
            link="https://s.example/?from=x", reason="Pours well.",
        ),
        ProductCard("p2", "A scarf…"),
    )  # fmt: skip


def test_pictures_that_are_not_offered_in_a_size_go_as_they_are():
    shape = '[rendering]\npicture = { ratios = ["4:5"], width = 800, fit = "inside", format = "jpeg", max = 2 }'
    rendition = render(pack(shape), facts(covers=(image(uid="c"),)))

    assert rendition.pictures == (RenderedPicture("c", (800, 1000), "inside", "jpeg"),)
    assert rendition.pictures[0].name == "800x1000-inside.jpeg"
    assert rendition.in_sizes({(800, 1000)}) == rendition
    assert rendition.in_sizes(()).pictures == (RenderedPicture("c"),)


def test_markup_is_of_texts_alone_and_words_are_counted_of_markup_alone():
    titled = '[selector]\n[rendering]\ntitle = {fields=["title"],format="html"}'
    plain = '[selector]\n[rendering]\ntext = {fields=["text"],counted="words"}'

    assert [said for _, said in refused(titled)] == [
        "social/x.toml:10: rendering: only the text has markup, so title has the format plain"
    ]
    assert "name the format, or leave it out" in refused(plain)[0][1]


def test_a_body_is_written_once_in_a_format_for_however_many_channels(monkeypatch: pytest.MonkeyPatch):
    written = 0
    html = markup.bodies.html

    def counted(body: Any, **addresses: Any) -> str:
        nonlocal written
        written += len(body) > 1
        return html(body, **addresses)

    monkeypatch.setattr(markup.bodies, "html", counted)
    renderer = Renderer(facts(body=Body.validate_python(BODY)))

    texts = [renderer.render(pack(SHAPE.format(format="html", more=more))).markup for more in ("", "", ", max = 9000")]

    assert (written, len({*texts})) == (1, 1)


@pytest.mark.parametrize("key", KEYS)
def test_channels_are_given_what_was_read_before(key: str):
    """After a change that is meant: `python -m tests.golden.writing`, and read what it wrote."""
    assert rendered(key) == (FOLDER / f"{key}.json").read_bytes()
