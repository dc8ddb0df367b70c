"""What is said of a product, checked part by part: everything that is wrong with it is told at once."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select, true
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.caller import Caller
from core.errors import Invalid, Problem
from models import caps
from services import asset_binding, names, tags
from services.objections import Objections
from services.products import PriceWithoutCurrency

Wanted = Mapping[str, Any]
"""The parts that are given: title, description, url, language, currency, price_minor, list_price_minor, is_on_shelf;
`brand` a uid, `category` as category:code, `attributes` pairs of name and value, `pictures` uids, all of them. None empties
what may be empty.
"""

CATEGORY = "category"
CURRENCY = re.compile(r"[A-Z]{3}")
MOST_ATTRIBUTES = 100
PRICES = ("price_minor", "list_price_minor")
HIGHEST = 10**15


class MalformedCurrency(Invalid):
    code = "MALFORMED_CURRENCY"


class AmountOutOfRange(Invalid):
    code = "AMOUNT_OUT_OF_RANGE"


class TooManyAttributes(Invalid):
    code = "TOO_MANY_ATTRIBUTES"


class TooManyPictures(Invalid):
    code = "TOO_MANY_PICTURES"


class UnknownBrand(Invalid):
    code = "UNKNOWN_BRAND"


async def read(
    session: AsyncSession, caller: Caller, wanted: Wanted, product: models.Product | None
) -> tuple[dict[str, Any], list[int] | None]:
    """The columns that were given, and the ids of the pictures (None: those stay); all objections at once."""
    against = Objections()
    columns = words(wanted, against) | _money(wanted, product, against)
    if "is_on_shelf" in wanted:
        columns["is_on_shelf"] = wanted["is_on_shelf"]
    if "brand" in wanted:
        columns["brand_id"] = await _brand(session, wanted["brand"], against)
    if "category" in wanted:
        columns["category_id"] = await _category(session, caller, wanted["category"], against)
    pictures = await _pictures(session, caller, wanted["pictures"], product, against) if "pictures" in wanted else None
    against.check()
    return columns, pictures


def words(wanted: Wanted, against: Objections) -> dict[str, Any]:
    """The columns of words that were given, for which no row needs to be known."""
    readers = {
        "title": names.checked,
        "description": names.prose,
        "url": names.link,
        "language": names.language,
        "currency": _currency,
    }
    found: dict[str, Any] = {
        part: None if wanted[part] is None else against.take(reader, wanted[part], part)
        for part, reader in readers.items()
        if part in wanted
    }
    if "attributes" in wanted:
        found["attributes"] = _attributes(wanted["attributes"], against)
    return found


def _currency(text: str, *path: str) -> str:
    if not CURRENCY.fullmatch(text):
        raise MalformedCurrency("Write a currency as ISO 4217 does, such as CNY.", path=path)
    return text


def _money(wanted: Wanted, product: models.Product | None, against: Objections) -> dict[str, Any]:
    """Amounts stand with their currency, be it given now or known before."""
    amounts = {part: wanted[part] for part in PRICES if part in wanted}
    for part, amount in amounts.items():
        if amount is not None and not 0 <= amount <= HIGHEST:
            against.note(AmountOutOfRange("An amount is 0 or more, in minor units.", path=(part,)))
    before = {part: getattr(product, part, None) for part in (*PRICES, "currency")}
    after = before | amounts | ({"currency": wanted["currency"]} if "currency" in wanted else {})
    if after["currency"] is None and any(after[part] is not None for part in PRICES):
        against.note(PriceWithoutCurrency("A price needs its currency, such as CNY.", path=("currency",)))
    return amounts


def _attributes(pairs: Sequence[tuple[str, str]], against: Objections) -> dict[str, str]:
    if len(pairs) > MOST_ATTRIBUTES:
        against.note(TooManyAttributes(f"Give at most {MOST_ATTRIBUTES} attributes.", path=("attributes",)))
        return {}
    found: dict[str, str] = {}
    for place, (name, value) in enumerate(pairs):
        known = against.take(names.checked, name, "attributes", place, "name")
        told = against.take(names.checked, value, "attributes", place, "value")
        if known in found:
            problem = Problem("NAMED_TWICE", f"{name[:80]} stands twice: name it once.", ("attributes", place, "name"))
            against.note(Invalid(problem.message, problems=[problem]))
        elif known is not None and told is not None:
            found[known] = told
    return found


async def _brand(session: AsyncSession, uid: UUID | None, against: Objections) -> int | None:
    if uid is None:
        return None
    found = await session.scalar(select(models.Brand.id).where(models.Brand.uid == uid))
    if found is None:
        against.note(UnknownBrand("There is no such brand: check the id.", path=("brand",)))
    return found


async def _category(session: AsyncSession, caller: Caller, name: str | None, against: Objections) -> int | None:
    if name is None:
        return None
    taxonomy, code = tags.split(name[:200])
    tag = (await tags.by_codes(session, caller, [(taxonomy, code)])).get((taxonomy, code))
    if taxonomy != CATEGORY or tag is None:
        message = f"There is no category {name[:80]}: write it category:code."
        against.note(Invalid(message, problems=[Problem("UNKNOWN_TAG", message, ("category",))]))
        return None
    if tag.state is not models.TagState.ACTIVE:
        message = f"The category {name[:80]} is {tag.state.value.lower()}: choose an active one."
        against.note(Invalid(message, problems=[Problem("TAG_NOT_ACTIVE", message, ("category",))]))
    return tag.id


async def _pictures(
    session: AsyncSession, caller: Caller, uids: Sequence[UUID], product: models.Product | None, against: Objections
) -> list[int]:
    """The pictures that this caller may use: anybody's, those of creators it acts as, and those that stand there already."""
    if len(uids) > caps.MOST_PICTURES:
        against.note(TooManyPictures(f"A product has at most {caps.MOST_PICTURES} pictures.", path=("pictures",)))
        return []
    asset, link = models.Asset, models.ProductAsset
    kept = select(link.asset_id).where(link.product_id == (product.id if product else 0))
    mine = or_(asset.creator_id.is_(None), asset.creator_id.in_(sorted(caller.creator_ids)), asset.id.in_(kept))
    usable = true() if caller.is_operator else mine
    found = await asset_binding.found(session, uids, usable & (asset.kind == models.AssetKind.IMAGE), kept=kept)
    for place, uid in enumerate(uids):
        if uid in found and (told := found[uid].problems(("pictures", place))):
            against.note(Invalid(told[0].message, problems=told))
        if uid not in found:
            message = "There is no such picture, or you may not use it: import it first."
            against.note(Invalid(message, problems=[Problem("UNKNOWN_ASSET", message, ("pictures", place))]))
    return [found[uid].id for uid in dict.fromkeys(uids) if uid in found]
