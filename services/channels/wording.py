"""The words that findings are made of, in English and Chinese: names of fields and units, bounds, lists."""

from __future__ import annotations

from collections.abc import Sequence

from services.channels.findings import Words

_FIELDS = {
    "title": Words("title", "标题"),
    "summary": Words("summary", "摘要"),
    "text": Words("text", "正文"),
    "language": Words("language", "语言"),
    "covers": Words("covers", "封面"),
    "pictures": Words("pictures", "图片"),
    "images": Words("covers and pictures", "封面与图片"),
    "videos": Words("videos", "视频"),
    "products": Words("products", "商品"),
    "links": Words("links", "链接"),
    "headings": Words("headings", "小标题"),
    "paragraphs": Words("paragraphs", "段落"),
    "details.question": Words("question", "问题"),
    "details.verdict": Words("verdict", "结论"),
    "details.criteria": Words("criteria", "评选标准"),
    "details.lead": Words("lead", "导语"),
    "details.push_line": Words("line to followers", "致粉丝语"),
    "details.subject": Words("subject", "主体"),
    "details.owner_line": Words("owner's line", "店主语录"),
    "details.owner_identity": Words("owner's identity", "店主身份"),
    "details.highlights": Words("highlights", "亮点"),
    "details.sections": Words("sections", "段落小节"),
    "details.answers": Words("answers", "回答"),
    "details.entries": Words("entries", "榜单条目"),
    "details.pieces": Words("pieces", "搭配单品"),
    "details.chapters": Words("chapters", "章节"),
}
_UNITS = {
    "code_points": Words("code points", "个码点"),
    "graphemes": Words("characters", "个字"),
    "utf16": Words("UTF-16 units", "个 UTF-16 单元"),
    "bytes": Words("bytes", "字节"),
    "x_weighted": Words("characters as X counts them", "个字（按 X 计数）"),
    "full_width": Words("half-width columns", "个半角宽"),
}


def field(path: str) -> Words:
    """What people call the field at this path."""
    known = _FIELDS.get(path)
    if known is not None:
        return known
    name = path.rpartition(".")[2]
    if path.startswith("tags."):
        return _TAXONOMIES.get(name, Words(f"{name} tags", f"“{name}”标签"))
    return Words(name.replace("_", " "), f"“{name}”")


def unit(name: str) -> Words:
    """What people call the unit of a length."""
    return _UNITS[name]


def bounds(minimum: object, maximum: object) -> Words:
    """Between what: "4 to 19", "at least 4", "at most 19"."""
    if minimum is None:
        return Words(f"at most {maximum}", f"至多 {maximum}")
    if maximum is None:
        return Words(f"at least {minimum}", f"至少 {minimum}")
    if minimum == maximum:
        return Words(f"exactly {minimum}", f"恰好 {minimum}")
    return Words(f"{minimum} to {maximum}", f"{minimum} 至 {maximum}")


def either(values: Sequence[object]) -> Words:
    """One of these: "1, 3 or 5"."""
    texts = [str(value) for value in values]
    if len(texts) == 1:
        return Words(texts[0], texts[0])
    return Words(f"{', '.join(texts[:-1])} or {texts[-1]}", "、".join(texts[:-1]) + "或 " + texts[-1])


def listed(values: Sequence[str]) -> Words:
    """All of these, or that there are none."""
    return Words(", ".join(values), "、".join(values)) if values else Words("none", "无")


def score(name: str) -> Words:
    """What people call a creator's score."""
    return _SCORES[name]


def place(path: str) -> Words:
    """The thing at a path: "the title", "cover 2", "the picture of product 3"."""
    head, *steps = path.split(".")
    one = _ITEMS.get(head)
    if one is None or not steps or not steps[0].isdigit():
        named = field(path)
        return Words(f"the {named.en}", named.zh)
    item = Words(f"{one.en} {int(steps[0]) + 1}", f"第 {int(steps[0]) + 1} {one.zh}")
    part = _PARTS.get(steps[-1])
    return item if part is None else Words(f"the {part.en} of {item.en}", f"{item.zh}的{part.zh}")


def sentence(english: str) -> str:
    """With a capital at its beginning."""
    return english[:1].upper() + english[1:]


_PARTS = {"image": Words("picture", "图片"), "title": Words("title", "标题")}
_TAXONOMIES = {
    "category": Words("category tags", "品类标签"),
    "scene": Words("scene tags", "场景标签"),
    "crowd": Words("crowd tags", "人群标签"),
    "style": Words("style tags", "风格标签"),
    "topic": Words("topic tags", "话题标签"),
    "brand": Words("brand tags", "品牌标签"),
    "effect": Words("effect tags", "功效标签"),
}
_ITEMS = {
    "covers": Words("cover", "张封面"),
    "pictures": Words("picture", "张图片"),
    "videos": Words("video", "个视频"),
    "products": Words("product", "个商品"),
    "links": Words("link", "个链接"),
    "paragraphs": Words("paragraph", "个段落"),
}
_SCORES = {
    "quality": Words("a content quality score", "内容质量分"),
    "health": Words("an account health score", "账号健康分"),
    "index": Words("a creator index", "创作者指数"),
    "fan_value": Words("a fan value score", "粉丝价值分"),
    "activity": Words("an activity score", "活跃度"),
}
