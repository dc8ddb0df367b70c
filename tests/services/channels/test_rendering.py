"""What a channel is given: shapes, shortening in its unit, the picture it likes, links, hashtags, disclosure."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.channels.facts import TagFacts
from services.channels.packs import Pack
from services.channels.rendering import ProductCard, RenderedPicture, Rendition, render
from services.channels.units import length
from tests.services.channels.channel_facts import facts, image, pack, product, tagged

X = """
[rendering]
text = { fields = ["title", "summary", "hashtags", "link"], separator = "\\n\\n", max = 280, unit = "x_weighted" }
hashtags = { taxonomies = ["topic"], max = 2 }
link = { params = { utm_source = "x" } }
"""
TOPICS = {
    "topic": (
        TagFacts("slow-travel", labels={"en": "Slow travel", "zh": "慢旅行"}),
        TagFacts("wool", labels={"zh": "羊毛"}),
        TagFacts("third"),
    )
}


def rendered(of: Pack, *products, **of_content) -> Rendition:
    return render(of, facts(*products, **of_content))


def test_without_shapes_everything_goes_along_as_it_is():
    rendition = rendered(pack(), product("p1"), text="Body.", covers=(image(uid="c"),), url="https://x.org/1")

    assert rendition == Rendition(
        title="Six scarves",
        summary="Which to choose.",
        text="Body.",
        format="html",
        markup="<p>Body.</p>",
        pictures=(RenderedPicture("c"),),
        hashtags=(),
        link="https://x.org/1",
        cards=(ProductCard("p1", "A scarf of wool", picture=RenderedPicture("image")),),
        disclosure=None,
    )


def test_a_post_for_x_is_title_summary_hashtags_and_link_within_280():
    rendition = rendered(pack(X), tags=TOPICS, url="https://example.org/c/1?a=b")

    assert rendition.text == (
        "Six scarves\n\nWhich to choose.\n\n#Slowtravel #羊毛\n\nhttps://example.org/c/1?a=b&utm_source=x"
    )
    assert rendition.hashtags == ("#Slowtravel", "#羊毛")


def test_a_long_summary_gives_way_and_title_hashtags_and_link_stay_whole():
    rendition = rendered(pack(X), summary="长" * 300, tags=TOPICS, url="https://example.org/c/1")

    title, summary, hashtags, link = rendition.text.split("\n\n")
    assert (title, hashtags, link) == ("Six scarves", "#Slowtravel #羊毛", "https://example.org/c/1?utm_source=x")
    assert summary == "长" * 110 + "…"
    assert length(rendition.text, "x_weighted") in {279, 280}


def test_when_the_summary_is_gone_the_title_gives_way_next():
    rendition = rendered(pack(X), title="题" * 300, url="https://example.org/c/1")

    title, link = rendition.text.split("\n\n")
    assert title == "题" * 126 + "…"
    assert link == "https://example.org/c/1?utm_source=x"


def test_hashtags_go_as_a_whole_before_the_link_does():
    rendition = rendered(pack(X.replace("280", "30")), tags=TOPICS, url="https://example.org/c/1")

    assert rendition.text == "https://example.org/c/1?utm_source=x"


def test_link_parameters_stand_in_the_order_of_their_names():
    shape = '[rendering]\nlink = { params = { b = "2", a = "1" } }'

    assert rendered(pack(shape), url="https://x.org/1?z=0&a=9#top").link == "https://x.org/1?z=0&a=1&b=2#top"


def test_a_title_is_shortened_in_the_channels_unit_with_its_ellipsis():
    shape = '[rendering]\ntitle = { fields = ["title"], max = 5, unit = "full_width", ellipsis = ".." }'

    assert rendered(pack(shape), title="秋日围巾").title == "秋.."


def test_a_shape_can_name_details_tags_and_products():
    shape = (
        '[rendering]\ntext = { fields = ["details.lead", "tags.topic", "products", "details.none"], separator = "|" }'
    )

    rendition = rendered(
        pack(shape), product("p1", title="A"), product("p2", title="B"), tags=TOPICS, details={"lead": "Lead"}
    )

    assert rendition.text == "Lead|Slow travel 羊毛 third|A\nB"


@pytest.mark.parametrize(
    ("style", "words"),
    [("hash", ("#慢旅行", "#羊毛")), ("hash_pair", ("#慢旅行#", "#羊毛#")), ("plain", ("慢旅行", "羊毛"))],
)
def test_hashtags_are_labels_in_the_contents_language(style, words):
    shape = f'[rendering]\nhashtags = {{ taxonomies = ["topic"], max = 2, style = "{style}" }}'

    assert rendered(pack(shape), tags=TOPICS, language="zh-Hans").hashtags == words


def test_the_picture_nearest_to_the_liked_ratio_leads_and_each_goes_once():
    shape = '[rendering]\npicture = { from = ["covers", "pictures"], ratios = ["1:1", "4:5"], max = 3 }'
    wide, tall = image(uid="wide"), image(1080, 1350, uid="tall")
    vast, unknown = image(3000, 500, uid="vast"), image(None, None, uid="unknown")

    rendition = rendered(pack(shape), covers=(unknown, wide), pictures=(wide, vast, tall))

    assert rendition.picture == RenderedPicture("tall", (1080, 1350))
    assert rendition.pictures == (
        RenderedPicture("tall", (1080, 1350)),
        RenderedPicture("unknown", (1080, 1080)),
        RenderedPicture("wide", (1080, 1080)),
    )


def test_a_picture_shape_of_none_sends_none():
    rendition = rendered(pack("[rendering]\npicture = { max = 0 }"), covers=(image(),))

    assert (rendition.picture, rendition.pictures) == (None, ())


def test_products_pictures_can_lead_and_products_are_capped():
    shape = '[rendering]\npicture = { from = ["products"] }\nproducts = { max = 1 }'

    rendition = rendered(pack(shape), product("p1", image=image(uid="p1-image")), product("p2"))

    assert (rendition.picture, rendition.products) == (RenderedPicture("p1-image"), ("p1",))


@pytest.mark.parametrize(
    ("when", "products", "language", "disclosure"),
    [
        ("products", [product()], "en", "With links."),
        ("products", [product()], "zh-Hans", "含链接。"),
        ("products", [], "en", None),
        ("always", [], "en", "With links."),
    ],
)
def test_a_disclosure_is_made_when_the_pack_says_so(when, products, language, disclosure):
    shape = f'[rendering]\ndisclosure = {{ when = "{when}", text = {{ en = "With links.", zh = "含链接。" }} }}'

    assert rendered(pack(shape), *products, language=language).disclosure == disclosure


def test_a_disclosure_in_the_text_is_never_cut():
    shape = """
    [rendering]
    text = { fields = ["disclosure", "text"], separator = " ", max = 20 }
    disclosure = { when = "always", text = { en = "Advertisement", zh = "广告" } }
    """

    assert rendered(pack(shape), text="A long story about scarves").text == "Advertisement A lon…"


def test_a_rendition_has_equal_bytes_for_equal_facts():
    one, two = (rendered(pack(X), tags=TOPICS, url="https://example.org/c/1") for _ in range(2))

    assert one.to_json() == two.to_json()
    assert one.digest == two.digest != rendered(pack(X), tags=TOPICS).digest


@given(
    st.text("ab 中👨\u200d👩é…", max_size=60),
    st.text("xy 文🇨🇳.com", max_size=60),
    st.integers(1, 60),
    st.sampled_from(["graphemes", "x_weighted", "bytes", "utf16", "full_width", "code_points"]),
)
def test_no_rendition_is_longer_than_its_channel_takes(title, summary, maximum, unit):
    shape = f"""
    [rendering]
    text = {{ fields = ["disclosure", "title", "hashtags", "summary", "link"], separator = " ", max = {maximum}, unit = "{unit}" }}
    hashtags = {{ taxonomies = ["topic"], max = 3 }}
    disclosure = {{ when = "always", text = {{ en = "Ad", zh = "广告" }} }}
    """

    rendition = rendered(
        pack(shape), title=title, summary=summary, tags=tagged(topic=("a", "bc")), url="https://a.io/b"
    )

    assert length(rendition.text, unit) <= maximum


BYTES = """
[rendering]
text = { fields = ["title", "link"], separator = " ", max = 30, unit = "graphemes", max_bytes = 100 }
"""


def test_a_text_keeps_within_its_bytes_as_well_and_its_link_stays_whole():
    family = "👨‍👩‍👧‍👦"
    short = rendered(pack(BYTES), title="水" * 40, url="https://a.io")
    long = rendered(pack(BYTES), title=family * 10, url="https://a.io")

    assert short.text == "水" * 16 + "… https://a.io"
    assert long.text == family * 3 + "… https://a.io"
    assert length(long.text, "bytes") == 91


def test_a_word_that_is_too_long_is_no_hashtag():
    shape = '[rendering]\nhashtags = { taxonomies = ["topic"], max = 2, max_length = 5 }'

    assert rendered(pack(shape), tags=TOPICS, language="en").hashtags == ("#羊毛", "#third")
