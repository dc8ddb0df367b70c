"""What became of the products of a content since it was decided on, and what its pack does about it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from typing import Any, NamedTuple, TypeVar

from services.channels.changes import REACTIONS, Reaction
from services.channels.dossiers import Dossier
from services.channels.facts import ProductFacts
from services.channels.packs import Pack
from services.channels.rules.base import Rule
from services.channels.rules.products import OnShelf, ProductPool

Asking = TypeVar("Asking", bound=Rule)


class ChangeCode(StrEnum):
    """What may become of a product."""

    OFF_SHELF = "OFF_SHELF"
    OUT_OF_POOL = "OUT_OF_POOL"
    PRICE = "PRICE"


class Offer(NamedTuple):
    """What of a product is watched."""

    is_on_shelf: bool | None
    price_minor: int | None
    currency: str | None
    pools: frozenset[str]

    @classmethod
    def of(cls, product: ProductFacts) -> Offer:
        return cls(product.is_on_shelf, product.price_minor, product.currency, product.pools)

    @classmethod
    def pinned(cls, product: Mapping[str, Any]) -> Offer:
        """Of a product as a snapshot holds it."""
        pools = frozenset(product.get("pools") or ())
        return cls(product.get("is_on_shelf"), product.get("price_minor"), product.get("currency"), pools)

    @property
    def price(self) -> dict[str, Any] | None:
        return None if self.price_minor is None else {"price_minor": self.price_minor, "currency": self.currency}


class Change(NamedTuple):
    """What became of a product (its uid) since the submission was decided on; `was` and `now` are JSON values."""

    code: ChangeCode
    product: str
    was: Any
    now: Any
    reaction: Reaction


def changes(pack: Pack, dossier: Dossier, was: Mapping[str, Offer]) -> tuple[Change, ...]:
    """What became of the products of this content, and what the pack does about it.

    A product that `was` does not name has not changed, and neither has one that was off the shelf already.
    """
    found: list[Change] = []
    for product in dossier.facts.products:
        before, after = was.get(product.uid), Offer.of(product)
        if before is None or before == after:
            continue
        if after.is_on_shelf is False and before.is_on_shelf is not False:
            shelf = pack.changes.off_shelf or _gravest(_asking(pack, dossier, OnShelf))
            found.append(Change(ChangeCode.OFF_SHELF, product.uid, True, False, shelf))
        left = [rule for rule in _asking(pack, dossier, ProductPool) if _leaves(rule, before, after)]
        if left:
            pools = sorted(before.pools), sorted(after.pools)
            found.append(
                Change(ChangeCode.OUT_OF_POOL, product.uid, *pools, pack.changes.out_of_pool or _gravest(left))
            )
        if before.price != after.price:
            found.append(Change(ChangeCode.PRICE, product.uid, before.price, after.price, pack.changes.price))
    return tuple(found)


def strongest(found: Iterable[Change]) -> Reaction:
    """What is done about several changes at once."""
    return max((one.reaction for one in found), key=REACTIONS.index, default="render")


def _asking(pack: Pack, dossier: Dossier, kind: type[Asking]) -> Iterator[Asking]:
    """The pack's rules of this kind that are asked of this content."""
    form = dossier.facts.content.format
    for rule in pack.rules:
        if not isinstance(rule, kind) or (rule.formats and form not in rule.formats):
            continue
        if rule.when is None or rule.when.holds(dossier) is not False:
            yield rule


def _leaves(rule: ProductPool, before: Offer, after: Offer) -> bool:
    return not before.pools.isdisjoint(rule.any) and after.pools.isdisjoint(rule.any)


def _gravest(rules: Iterable[Rule]) -> Reaction:
    """Where the pack says nothing: what may not be let in is not kept either."""
    return "withdraw" if any(rule.severity == "block" for rule in rules) else "flag"
