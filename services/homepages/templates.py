"""Pages to begin from: for each kind of creator a few, as data, with their words in English and Chinese."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from core.errors import Invalid
from models import CreatorKind, page_blocks
from models.page_blocks import PageBlock, PageBlocks
from models.page_themes import DarkPalette, Theme

Words = tuple[str, str]
"""In English and in Chinese."""


class UnknownTemplate(Invalid):
    code = "UNKNOWN_TEMPLATE"


@dataclass(frozen=True, slots=True)
class Template:
    """A page to begin from. `outline` holds its blocks as they are stored, but for pairs of words where a text stands."""

    code: str
    kind: CreatorKind
    names: dict[str, str]
    descriptions: dict[str, str]
    theme: Theme
    outline: tuple[dict[str, Any], ...]

    def blocks(self, language: str) -> tuple[PageBlock, ...]:
        """Its blocks with the words in this language: Chinese for what begins with zh, else English."""
        place = 1 if language.split("-", maxsplit=1)[0] == "zh" else 0
        return PageBlocks.validate_python([_in(block, place) for block in self.outline])


def templates_for(kind: CreatorKind | None) -> list[Template]:
    """The templates for this kind of creator; without a kind all of them."""
    return [one for one in TEMPLATES if kind is None or one.kind is kind]


def template(code: str) -> Template:
    for one in TEMPLATES:
        if one.code == code:
            return one
    raise UnknownTemplate(f"There is no template {code[:80]}: see homepageTemplates.", path=("from_template",))


def _in(value: Any, place: int) -> Any:
    """A value with each pair of words as the one of them."""
    match value:
        case tuple():
            return value[place]
        case list():
            return [_in(one, place) for one in value]
        case dict():
            return {name: _in(one, place) for name, one in value.items()}
    return value


def _text(words: Words) -> list[dict[str, Any]]:
    return [{"type": "paragraph", "spans": [{"text": words}]}]


def _newest(title: Words, *formats: str, limit: int = 8) -> dict[str, Any]:
    return {"type": "contents", "title": title, "selection": {"formats": list(formats), "limit": limit}}


def _tab(title: Words, *formats: str) -> dict[str, Any]:
    return {"title": title, "selection": {"formats": list(formats), "limit": 6}}


_DARK = DarkPalette()

TEMPLATES: tuple[Template, ...] = (
    Template(
        "media-front-page",
        CreatorKind.MEDIA,
        {"en": "Front page", "zh": "头版"},
        {"en": "The latest on top, sections behind tabs, a ranking and the editors' note.", "zh": "头条、栏目、榜单和编辑部的话。"},
        Theme(accent="#1f5fbf", background="#ffffff", font="serif", layout="magazine", density="compact", dark=_DARK),
        (
            {"type": "hero", "title": ("Today", "今天"), "text": ("What we are reading closely.", "我们正在细看的事。")},
            _newest(("Latest", "最新"), "ARTICLE", "GALLERY", "SHORT_VIDEO"),
            {"type": "tabs", "title": ("Sections", "栏目"), "tabs": [
                _tab(("Articles", "文章"), "ARTICLE"), _tab(("Pictures", "图集"), "GALLERY"), _tab(("Video", "视频"), "SHORT_VIDEO")]},
            {"type": "ranked_list", "title": ("Our list", "榜单"), "limit": 5},
            {"type": "questions", "title": ("Asked and answered", "问与答"), "limit": 4},
            {"type": "rich_text", "title": ("From the editors", "编辑部"), "body": _text(
                ("Say here who writes, and how you are paid.", "在这里写明谁在写、钱从哪里来。"))},
        ),
    ),
    Template(
        "media-daily-picks",
        CreatorKind.MEDIA,
        {"en": "Daily picks", "zh": "每日精选"},
        {"en": "A stream of what is new, with the products that were tried.", "zh": "新内容一路往下，附试过的商品。"},
        Theme(accent="#8a3324", background="#fbf8f3", font="sans", layout="stream"),
        (
            _newest(("New today", "今日更新"), limit=20),
            {"type": "products", "title": ("Tried by us", "我们试过的"), "recommended": {"limit": 12}},
        ),
    ),
    Template(
        "personality-stage",
        CreatorKind.PERSONALITY,
        {"en": "Stage", "zh": "舞台"},
        {"en": "A large head, the live that runs, films and pictures.", "zh": "大幅封面、直播位、短视频和图集。"},
        Theme(accent="#9c3f4e", background="#fffaf8", font="serif", layout="magazine", radius="large", density="airy", dark=_DARK),
        (
            {"type": "hero", "title": ("Welcome", "欢迎"), "text": ("A line about you.", "一句话介绍自己。")},
            {"type": "live", "title": ("Live", "直播")},
            _newest(("Films", "短视频"), "SHORT_VIDEO"),
            _newest(("Pictures", "图集"), "GALLERY", "COLLOCATION"),
            {"type": "products", "title": ("What I use", "我在用的"), "recommended": {"limit": 8}},
            {"type": "questions", "title": ("Ask me", "问我"), "limit": 6},
        ),
    ),
    Template(
        "self-media-notebook",
        CreatorKind.SELF_MEDIA,
        {"en": "Notebook", "zh": "笔记本"},
        {"en": "What you wrote, in order, with the questions readers ask.", "zh": "写过的按时间排好，再加读者的提问。"},
        Theme(accent="#2f6b4f", background="#f6f8f5", layout="stream"),
        (
            {"type": "rich_text", "title": ("Read this first", "先看这里"), "body": _text(
                ("Say in two sentences what one finds here.", "用两句话说清这里有什么。"))},
            _newest(("Newest", "最新"), limit=10),
            {"type": "questions", "title": ("Your questions", "大家在问"), "limit": 5},
        ),
    ),
    Template(
        "self-media-reviewer",
        CreatorKind.SELF_MEDIA,
        {"en": "Reviewer", "zh": "测评"},
        {"en": "Rankings, notes on single products, and what is worth buying.", "zh": "榜单、单品和值得买的。"},
        Theme(accent="#2d4fa0", background="#f5f7fb", layout="cards", dark=_DARK),
        (
            {"type": "ranked_list", "title": ("The latest ranking", "最新榜单"), "limit": 10},
            {"type": "tabs", "title": ("Look up", "查一查"), "tabs": [
                _tab(("Rankings", "榜单"), "RANKED_LIST"), _tab(("Single products", "单品"), "ITEM_NOTE"),
                {"title": ("Worth buying", "值得买"), "blocks": [{"type": "products", "recommended": {"limit": 12}}]}]},
            _newest(("Reports", "测评文章"), "ARTICLE", "SHORT_VIDEO"),
        ),
    ),
    Template(
        "merchant-counter",
        CreatorKind.MERCHANT,
        {"en": "Counter", "zh": "柜台"},
        {"en": "What is on the shelf, the live that sells it, and how to use it.", "zh": "在架商品、直播和用法。"},
        Theme(accent="#b4532a", background="#fdf8f1", layout="cards", radius="large", dark=_DARK),
        (
            {"type": "hero", "title": ("Our shop", "本店"), "text": ("When you are open, and what you are good at.", "营业时间和拿手的东西。")},
            {"type": "products", "title": ("On the shelf", "在架"), "recommended": {"limit": 12}},
            {"type": "live", "title": ("At the counter now", "正在直播")},
            _newest(("How to use it", "用法"), "ARTICLE", "SHORT_VIDEO", "ITEM_NOTE"),
            {"type": "questions", "title": ("Before you buy", "买之前"), "limit": 6},
        ),
    ),
)  # fmt: skip


def described(block: page_blocks.PageBlock) -> str:
    """A block of a template in a word and its heading."""
    return f"{block.type}: {block.title}" if block.title else block.type
