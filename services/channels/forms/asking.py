"""What rules and conditions ask, in words that an author reads before typing, and which fields they are about."""

from __future__ import annotations

from functools import singledispatch

from services.channels import wording
from services.channels.findings import Words
from services.channels.rules import copies, duplicates, links, manual, originality, products, schedules, tags, text
from services.channels.rules.base import AboutFiles, Condition, Counted, Rule
from services.channels.shapes import TextShape
from services.channels.terms import Unit

_OF_FAMILY = {"anchor": "pictures", "link": "links", "product": "products", "video": "videos"}
_OF_KIND = {"text.paragraph_max": "paragraphs", "content.original": "is_original"}


def places(rule: Rule) -> tuple[str, ...]:
    """The paths of the fields that a rule is about; none for one about the whole."""
    said = rule.model_dump(include={"field", "fields", "of", "taxonomy", "about"})
    if said.get("of") == "images":
        return ("covers", "pictures")
    if "taxonomy" in said:
        return (f"tags.{said['taxonomy']}",)
    named = said.get("field") or said.get("of") or said.get("about")
    named = named or _OF_KIND.get(rule.kind) or _OF_FAMILY.get(rule.kind.partition(".")[0])
    return said.get("fields") or ((named,) if named else ())


@singledispatch
def asked(rule: Rule) -> Words:
    """A sentence that says what the rule asks. A kind without one of its own says that it is checked later."""
    return Words(f"Checked when it is submitted: {rule.kind}.", f"提交时检查：{rule.kind}。")


def _about(what: Words, words: Words) -> Words:
    return Words(wording.sentence(f"{what.en}: {words.en}."), f"{what.zh}：{words.zh}。")


def _lengths(minimum: int | None, maximum: int | None, unit: Unit) -> Words:
    numbers, name = wording.bounds(minimum, maximum), wording.unit(unit)
    return Words(f"{numbers.en} {name.en}", f"{numbers.zh} {name.zh}")


@asked.register(text.TextLength)
def _(rule: text.TextLength) -> Words:
    return _about(wording.field(rule.field), _lengths(rule.min, rule.max, rule.unit))


@asked.register(text.TextRequired)
def _(rule: text.TextRequired) -> Words:
    fields = [wording.field(field) for field in rule.fields]
    return Words(
        f"Needed: {', '.join(each.en for each in fields)}.", f"必填：{'、'.join(each.zh for each in fields)}。"
    )


@asked.register(text.ParagraphMax)
def _(rule: text.ParagraphMax) -> Words:
    return _about(Words("each paragraph", "每个段落"), _lengths(None, rule.max, rule.unit))


@asked.register(text.DetailCount)
def _(rule: text.DetailCount) -> Words:
    return _about(wording.field(rule.field), wording.bounds(rule.min, rule.max))


@asked.register(Counted)
def _(rule: Counted) -> Words:
    numbers = wording.either(rule.allowed) if rule.allowed else wording.bounds(rule.min, rule.max)
    named = rule.model_dump(include={"of"}).get("of") or places(rule)[0]
    return _about(wording.field(named), numbers)


@asked.register(links.LinkHosts)
def _(rule: links.LinkHosts) -> Words:
    hosts = wording.listed(rule.hosts)
    return Words(f"Links may lead to: {hosts.en}.", f"链接仅可指向：{hosts.zh}。")


@asked.register(AboutFiles)
def _(rule: AboutFiles) -> Words:
    named = rule.model_dump(include={"of", "match"})
    things, words = wording.field(named.get("of", "videos")), rule.words()
    one = Words("at least one of the ", "至少一张") if named.get("match") == "any" else Words("the ", "")
    return Words(
        wording.sentence(f"{rule.fact.en} of {one.en}{things.en}: {words.en}."),
        f"{one.zh}{things.zh}的{rule.fact.zh}：{words.zh}。",
    )


@asked.register(products.AnchorCount)
def _(rule: products.AnchorCount) -> Words:
    return _about(Words("product anchors in each picture", "每张图片的商品锚点"), wording.bounds(rule.min, rule.max))


@asked.register(products.DistinctShops)
def _(rule: products.DistinctShops) -> Words:
    return _about(Words("shops of the products", "商品所属店铺"), wording.bounds(rule.min, None))


@asked.register(products.MaxPerShop)
def _(rule: products.MaxPerShop) -> Words:
    return _about(Words("products of one shop", "同一店铺的商品"), wording.bounds(None, rule.max))


@asked.register(products.ProductPool)
def _(rule: products.ProductPool) -> Words:
    return _about(Words("products from the pools", "商品须来自选品池"), wording.listed(rule.any))


@asked.register(products.ShopScoreMin)
def _(rule: products.ShopScoreMin) -> Words:
    least = f"{rule.min / 100:.2f}"
    return _about(Words("scores of the products' shops", "商品所属店铺评分"), wording.bounds(least, None))


@asked.register(products.OnShelf)
def _(_rule: products.OnShelf) -> Words:
    return Words("Each product can be bought now.", "商品须在售。")


@asked.register(products.ProductTitleLength)
def _(rule: products.ProductTitleLength) -> Words:
    return _about(Words("title of each product", "每个商品的标题"), _lengths(rule.min, rule.max, rule.unit))


@asked.register(products.CategoryIn)
def _(rule: products.CategoryIn) -> Words:
    return _about(Words("categories of the products", "商品类目"), wording.listed(rule.any))


@asked.register(products.CategoryNotIn)
def _(rule: products.CategoryNotIn) -> Words:
    return _about(Words("no products of the categories", "不接受的商品类目"), wording.listed(rule.any))


@asked.register(copies.NoProductTitleCopy)
def _(rule: copies.NoProductTitleCopy) -> Words:
    fields = [wording.field(field) for field in rule.fields]
    most = f"{rule.max_percent} %"
    return Words(
        f"No more than {most} of a product's title in one piece: {', '.join(each.en for each in fields)}.",
        f"{'、'.join(each.zh for each in fields)}不得连续照搬商品标题超过 {most}。",
    )


@asked.register(originality.Original)
def _(_rule: originality.Original) -> Words:
    return Words("The author declares that the work is original.", "作者须作原创声明。")


@asked.register(duplicates.NotDuplicate)
def _(rule: duplicates.NotDuplicate) -> Words:
    fields, where = [wording.field(field) for field in rule.fields], duplicates.WHERE[rule.among]
    return Words(
        f"Not nearly the same as in {where.en}: {', '.join(each.en for each in fields)}.",
        f"{'、'.join(each.zh for each in fields)}不得与{where.zh}基本相同。",
    )


@asked.register(schedules.ScheduleWindow)
def _(rule: schedules.ScheduleWindow) -> Words:
    days = [schedules.DAYS[day] for day in rule.days] or [Words("every day", "每天")]
    hours = (
        Words("", "") if rule.from_ is None else Words(f", {rule.from_} to {rule.to}", f" {rule.from_} 至 {rule.to}")
    )
    return Words(
        f"Submissions are taken: {', '.join(day.en for day in days)}{hours.en}.",
        f"投稿时间：{'、'.join(day.zh for day in days)}{hours.zh}。",
    )


@asked.register(tags.ExactlyN)
def _(rule: tags.ExactlyN) -> Words:
    return _about(wording.field(f"tags.{rule.taxonomy}"), wording.bounds(rule.n, rule.n))


@asked.register(manual.Manual)
def _(rule: manual.Manual) -> Words:
    return Words(rule.text.en, rule.text.zh)


def only_when(condition: Condition) -> Words | None:
    """When a rule holds, apart from formats: a form is of one format."""
    if condition.field is None:
        return None
    field = wording.field(condition.field)
    is_there = {None: [], True: [Words("given", "已填写")], False: [Words("not given", "未填写")]}
    parts: list[Words] = list(is_there[condition.present])
    if condition.equals:
        parts = [wording.either(condition.equals)]
    if condition.min is not None or condition.max is not None:
        parts.append(wording.bounds(condition.min, condition.max))
    said = Words(" and ".join(part.en for part in parts), "且".join(part.zh for part in parts))
    return Words(f"Only where “{field.en}” is: {said.en}.", f"仅当“{field.zh}”为：{said.zh}。")


def cut(field: str, shape: TextShape) -> Words:
    """How a channel shortens what it shows: what is longer is accepted, and cut."""
    parts = [_RENDERED.get(part) or wording.field(part) for part in shape.fields]
    named = Words(" + ".join(part.en for part in parts), " + ".join(part.zh for part in parts))
    shown, limit = wording.field(field), _lengths(None, shape.max, shape.unit)
    return Words(
        f"Shown as {shown.en} ({named.en}): {limit.en}; what is longer is cut.",
        f"展示为{shown.zh}（{named.zh}）：{limit.zh}，超出部分截断。",
    )


_RENDERED = {
    "link": Words("link", "链接"),
    "hashtags": Words("hashtags", "话题标签"),
    "disclosure": Words("disclosure", "披露声明"),
}
