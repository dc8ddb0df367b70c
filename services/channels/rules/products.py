"""Rules about the products that a content recommends, and about the anchors that tie them to pictures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Literal

from pydantic import Field

from services.channels import wording
from services.channels.dossiers import Dossier
from services.channels.facts import ProductFacts
from services.channels.findings import Flaw, Words
from services.channels.rules.base import Bounded, Counted, Rule, unknown, within
from services.channels.rules.text import length_flaw
from services.channels.terms import Code, Positive, Unit

SHOP = Words("shop", "店铺")
CATEGORY = Words("category", "类目")


def numbered(dossier: Dossier) -> Iterator[tuple[str, ProductFacts]]:
    """Each product with its path."""
    for index, product in enumerate(dossier.facts.products):
        yield f"products.{index}", product


class AnchorCount(Bounded):
    """In each picture of the body so many products are anchored."""

    kind: Literal["anchor.count_per_image"]

    def flaws(self, dossier: Dossier) -> Iterator[Flaw]:
        anchors = dossier.facts.content.anchors
        for index in range(max(len(anchors), len(dossier.facts.content.pictures))):
            count = anchors[index] if index < len(anchors) else 0
            if not within(count, self.min, self.max):
                path, asked = f"pictures.{index}", wording.bounds(self.min, self.max)
                what = wording.place(path)
                missing = (self.min or 0) - count
                surplus = count - (self.max or 0)
                yield Flaw(
                    path,
                    count,
                    {"min": self.min, "max": self.max},
                    Words(
                        wording.sentence(f"{what.en} has {count} product anchors; asked for: {asked.en}."),
                        f"{what.zh}有 {count} 个商品锚点；要求：{asked.zh}。",
                    ),
                    Words(f"Anchor {missing} more.", f"请再标注 {missing} 个。")
                    if missing > 0
                    else Words(f"Remove {surplus}.", f"请减少 {surplus} 个。"),
                )


class ProductCount(Counted):
    """So many products are recommended."""

    kind: Literal["product.count"]

    def flaws(self, dossier: Dossier) -> Iterator[Flaw]:
        yield from self.count_flaws(len(dossier.facts.products), "products")


class DistinctShops(Rule):
    """The products come from at least so many shops."""

    kind: Literal["product.distinct_shops"]
    min: Positive

    def flaws(self, dossier: Dossier) -> Iterator[Flaw]:
        shops = {product.shop_uid for product in dossier.facts.products}
        unknown_count = sum(product.shop_uid is None for product in dossier.facts.products)
        count = len(shops - {None})
        if count >= self.min:
            return
        # Products without a known shop might still be of the missing ones.
        may_be_enough = count + unknown_count >= self.min
        yield Flaw(
            "products",
            count,
            {"min": self.min},
            Words(
                f"Shops of the products: {count}; asked for: at least {self.min}.",
                f"商品所属店铺：{count}；要求：至少 {self.min}。",
            ),
            Words(f"Add products of other shops ({self.min - count}).", f"请再加入 {self.min - count} 家店铺的商品。"),
            "unknown" if may_be_enough else "failed",
            {"shop_unknown": unknown_count},
        )


class MaxPerShop(Rule):
    """No shop has more than `max` of the products."""

    kind: Literal["product.max_per_shop"]
    max: Positive

    def flaws(self, dossier: Dossier) -> Iterator[Flaw]:
        counts = Counter(product.shop_uid for product in dossier.facts.products)
        unknown_count = counts.pop(None, 0)
        for shop, count in sorted(counts.items(), key=lambda item: item[0] or ""):
            if count > self.max:
                yield self._too_many(count, {"shop": shop})
        if unknown_count and max(counts.values(), default=0) + unknown_count > self.max >= max(
            counts.values(), default=0
        ):
            yield unknown("products", {"max": self.max}, SHOP, evidence={"shop_unknown": unknown_count})

    def _too_many(self, count: int, evidence: dict[str, str | None]) -> Flaw:
        return Flaw(
            "products",
            count,
            {"max": self.max},
            Words(
                f"Products of one shop: {count}; asked for: at most {self.max}.",
                f"同一店铺的商品：{count}；要求：至多 {self.max}。",
            ),
            Words(f"Remove {count - self.max} of them.", f"请去掉其中 {count - self.max} 件。"),
            evidence=evidence,
        )


class ProductPool(Rule):
    """Each product lies in at least one of these selection pools."""

    kind: Literal["product.pool"]
    any: tuple[Code, ...] = Field(min_length=1)

    def flaws(self, dossier: Dossier) -> Iterator[Flaw]:
        for path, product in numbered(dossier):
            if product.pools.isdisjoint(self.any):
                yield Flaw(
                    path,
                    sorted(product.pools),
                    list(self.any),
                    Words(
                        f"“{product.title}” is in none of the pools: {', '.join(self.any)}.",
                        f"“{product.title}”不在选品池（{'、'.join(self.any)}）中。",
                    ),
                    Words("Choose a product from the pool.", "请从选品池中选择商品。"),
                    evidence={"product": product.uid},
                )


class ShopScoreMin(Rule):
    """The scores of each product's shop (or the one named) are at least `min`, in hundredths."""

    kind: Literal["product.shop_score_min"]
    min: int = Field(ge=0, le=500)
    score: Code | None = None

    def flaws(self, dossier: Dossier) -> Iterator[Flaw]:
        for path, product in numbered(dossier):
            scores = product.shop_scores
            if self.score is not None:
                scores = {name: value for name, value in scores.items() if name == self.score}
            lowest = min(scores.values(), default=None)
            evidence = {"product": product.uid, "shop": product.shop_uid}
            if lowest is None:
                yield unknown(path, {"min": self.min}, Words("shop score", "店铺评分"), evidence=evidence)
            elif lowest < self.min:
                yield Flaw(
                    path,
                    lowest,
                    {"min": self.min},
                    Words(
                        f"The shop of “{product.title}” has a score of {lowest / 100:.2f}; asked for: at least {self.min / 100:.2f}.",
                        f"“{product.title}”所属店铺评分为 {lowest / 100:.2f}；要求：至少 {self.min / 100:.2f}。",
                    ),
                    Words("Choose a product of a shop with better service.", "请选择服务评分更高的店铺的商品。"),
                    evidence=evidence,
                )


class OnShelf(Rule):
    """Each product can be bought now."""

    kind: Literal["product.on_shelf"]

    def flaws(self, dossier: Dossier) -> Iterator[Flaw]:
        for path, product in numbered(dossier):
            if product.is_on_shelf is None:
                yield unknown(path, True, Words("stock", "在售状态"), evidence={"product": product.uid})
            elif not product.is_on_shelf:
                yield Flaw(
                    path,
                    actual=False,
                    allowed=True,
                    message=Words(f"“{product.title}” is off the shelf.", f"“{product.title}”已下架。"),
                    hint=Words("Choose a product that can be bought.", "请选择在售商品。"),
                    evidence={"product": product.uid},
                )


class ProductTitleLength(Bounded):
    """The title of each product is not shorter than `min` and not longer than `max`, counted in `unit`."""

    kind: Literal["product.title_length"]
    unit: Unit = "graphemes"
    unit_stated: bool = True

    def flaws(self, dossier: Dossier) -> Iterator[Flaw]:
        for path, product in numbered(dossier):
            actual = dossier.length(product.title, self.unit)
            if not within(actual, self.min, self.max):
                yield length_flaw(f"{path}.title", actual, self.min, self.max, self.unit)


class AboutCategories(Rule):
    """A rule about the categories of each product."""

    any: tuple[Code, ...] = Field(min_length=1)

    def _flaw(self, path: str, product: ProductFacts, allowed: object, message: Words) -> Flaw:
        evidence = {"product": product.uid}
        hint = Words("Choose a product of a category that is accepted.", "请选择可接受类目的商品。")
        return Flaw(path, sorted(product.categories), allowed, message, hint, evidence=evidence)


class CategoryIn(AboutCategories):
    """Each product belongs to one of these categories; a descendant counts as its ancestor."""

    kind: Literal["product.category_in"]

    def flaws(self, dossier: Dossier) -> Iterator[Flaw]:
        for path, product in numbered(dossier):
            if not product.categories:
                yield unknown(path, list(self.any), CATEGORY, evidence={"product": product.uid})
            elif product.categories.isdisjoint(self.any):
                yield self._flaw(
                    path,
                    product,
                    list(self.any),
                    Words(
                        f"“{product.title}” is in none of the categories: {', '.join(self.any)}.",
                        f"“{product.title}”不属于类目（{'、'.join(self.any)}）。",
                    ),
                )


class CategoryNotIn(AboutCategories):
    """No product belongs to one of these categories; a descendant counts as its ancestor."""

    kind: Literal["product.category_not_in"]

    def flaws(self, dossier: Dossier) -> Iterator[Flaw]:
        for path, product in numbered(dossier):
            refused = [code for code in self.any if code in product.categories]
            if not product.categories:
                yield unknown(path, {"not": list(self.any)}, CATEGORY, evidence={"product": product.uid})
            elif refused:
                yield self._flaw(
                    path,
                    product,
                    {"not": list(self.any)},
                    Words(
                        f"“{product.title}” is in a category that is not accepted: {', '.join(refused)}.",
                        f"“{product.title}”属于不接受的类目：{'、'.join(refused)}。",
                    ),
                )


RULES = (
    AnchorCount,
    ProductCount,
    DistinctShops,
    MaxPerShop,
    ProductPool,
    ShopScoreMin,
    OnShelf,
    ProductTitleLength,
    CategoryIn,
    CategoryNotIn,
)
