"""Three contents as ten channels of different kinds are given them: `python -m tests.golden.writing` writes them anew.

What is written is read before it is kept: each file is what the integration of a channel gets.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import UUID

import orjson

from models.blocks import Body, paragraphs
from services.channels.facts import AssetFacts, ContentFacts, CreatorFacts, Facts, ProductFacts, TagFacts
from services.channels.rendering import Renderer
from tests.channels.reading import BY_KEY

FOLDER = Path(__file__).parent / "renditions"
KEYS = (
    "x.post",
    "bluesky.post",
    "mastodon.post",
    "pinterest.pin",
    "dev.article",
    "telegram.message",
    "slack.message",
    "wordpress.article",
    "ifashion.home-card",
    "youhaohuo.new-items",
    "weitao.short-video",
    "syndication.json-feed",
)
BASE = "https://headwater.example"
FAMILY = "👨‍👩‍👧‍👦"
CREATOR = CreatorFacts(uid="ada", handle="ada", name="Ada")


def uid(number: int) -> str:
    return str(UUID(int=number))


def picture(number: int, width: int, height: int, **facts: Any) -> AssetFacts:
    known = {"media_type": "image/jpeg", "bytes": 400_000, "url": f"{BASE}/assets/{uid(number)}"}
    return AssetFacts(uid(number), width=width, height=height, **known | facts)


def product(number: int, title: str, price_minor: int, currency: str, **facts: Any) -> ProductFacts:
    known = {"shop_uid": uid(900), "is_on_shelf": True, "url": f"https://shop.example/items/{number}?from=list"}
    return ProductFacts(uid(number), title, price_minor, currency, **known | facts)


def paragraph(*spans: str | tuple[str, str] | dict[str, Any]) -> dict[str, Any]:
    """Spans as words, as words with a mark, or written out."""
    read = [
        span
        if isinstance(span, dict)
        else {"text": span}
        if isinstance(span, str)
        else {"text": span[0], "marks": [span[1]]}
        for span in spans
    ]
    return {"type": "paragraph", "spans": read}


def article() -> Facts:
    """A long article in Chinese: marks, a list, a quote, pictures, products with reasons, letters beyond the first plane."""
    body = [
        paragraph("秋天的早晨，", ("一壶热茶", "strong"), f"最合适。{FAMILY} 都爱喝，𠮷祥的一天从这里开始。"),
        {"type": "heading", "level": 2, "text": "怎么选 <一把> 好壶 & 好茶"},
        {"type": "image", "asset": uid(2), "caption": "铸铁壶", "alternative_text": "一把黑色的铸铁壶"},
        paragraph(
            "壶口要利落，壶把要隔热。" * 12, {"text": "详见说明", "href": "https://docs.example/pot?a=1&b=2"}, "。"
        ),
        {"type": "list", "items": [[{"text": "一次烧开"}], [{"text": "静置两分钟", "marks": ["em"]}]], "ordered": True},
        {"type": "product", "product": uid(101), "note": "用了三年，把手一直不烫。"},
        {"type": "quote", "spans": [{"text": "水为茶之母。"}], "source": "茶经*笺"},
        paragraph("慢慢喝，" * 60),
    ]
    blocks = Body.validate_python(body)
    words = paragraphs(blocks)
    return Facts(
        ContentFacts(
            uid=uid(1),
            format="ARTICLE",
            language="zh",
            title="秋日里的一壶茶：如何挑选一把用得长久的铸铁壶",
            summary=f"从壶口、壶把到火候，{FAMILY}都能看懂的挑选方法。",
            text="\n\n".join(words),
            paragraphs=tuple(words),
            covers=(picture(3, 1000, 1000), picture(4, 1600, 900)),
            pictures=(picture(2, 1200, 800),),
            tags={
                "topic": (TagFacts("slow-tea", labels={"zh": "慢生活", "en": "Slow tea"}), TagFacts("tea", labels={"zh": "茶"})),
                "category": (TagFacts("kitchen", labels={"zh": "厨房用品"}),),
            },
            url=f"{BASE}/contents/{uid(1)}",
            body=blocks,
            notes={uid(101): "用了三年，把手一直不烫。"},
        ),
        CREATOR,
        (
            product(101, "南部铁器 铸铁壶 1.2 升 手工打造 电磁炉明火通用", 69_900, "CNY", shop="山里茶铺", brand="南部", image=picture(5, 800, 800)),
            product(102, "明前龙井 50 克", 12_800, "CNY", shop="山里茶铺"),
        ),
    )  # fmt: skip


def short_video() -> Facts:
    """A short film in English, whose file lives elsewhere, with a product that nobody knows the price of."""
    words = "Three knots in thirty seconds. Tie along, and send us yours! " * 3
    return Facts(
        ContentFacts(
            uid=uid(11),
            format="SHORT_VIDEO",
            language="en",
            title="Three scarf knots *everybody* can tie <in 30 s>",
            summary="A loop, a twist and a wrap.",
            text=words,
            paragraphs=(words,),
            covers=(picture(12, 1080, 1920),),
            videos=(AssetFacts(uid(13), "VIDEO", "video/mp4", 9_000_000, 1080, 1920, 30_000, url="https://films.example/13.mp4"),),
            tags={"topic": (TagFacts("scarves", labels={"en": "Scarves & shawls"}),)},
            url=f"{BASE}/contents/{uid(11)}",
            body=Body.validate_python([paragraph(words)]),
        ),
        CREATOR,
        (ProductFacts(uid(111), "A scarf of merino wool", shop="Wool & Co", is_on_shelf=True),),
    )  # fmt: skip


def gallery() -> Facts:
    """Pictures of several shapes with products anchored in them, and hardly a word."""
    pictures = (
        picture(22, 1080, 1350),
        picture(23, 1500, 1000),
        picture(24, 900, 1200, url="https://pictures.example/24.jpg"),
    )
    return Facts(
        ContentFacts(
            uid=uid(21),
            format="GALLERY",
            language="zh",
            title="通勤三套",
            covers=(picture(25, 1080, 1080),),
            pictures=pictures,
            anchors=(1, 0, 2),
            tags={"scene": (TagFacts("commute", labels={"zh": "通勤"}),), "topic": (TagFacts("autumn-wear", labels={"zh": "秋装"}),)},
            url=f"{BASE}/contents/{uid(21)}",
            notes={uid(121): "垂感好", uid(123): "能装下电脑"},
        ),
        CREATOR,
        tuple(
            product(121 + place, title, 29_900 + place, "CNY", shop="城市衣橱", image=picture(31 + place, 750, 1000))
            for place, title in enumerate(("羊毛大衣", "直筒裤", "托特包"))
        ),
    )  # fmt: skip


CONTENTS = {"article": article(), "short-video": short_video(), "gallery": gallery()}


def rendered(key: str) -> bytes:
    """The three contents as this channel is given them: JSON to be read."""
    shown = {name: Renderer(facts).render(BY_KEY[key]) for name, facts in CONTENTS.items()}
    return orjson.dumps(shown, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    for key in KEYS:
        (FOLDER / f"{key}.json").write_bytes(rendered(key))


if __name__ == "__main__":
    main()
