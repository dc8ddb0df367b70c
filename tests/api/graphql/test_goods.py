"""Shops, brands and products over GraphQL: who tends them, what is refused, and what follows for feeds and search."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.caller import Caller, Scope
from core.clock import FixedClock
from core.ids import global_id, new_uid
from models import DirtyKind, caps
from tests import make
from tests.api.graphql.asking import Asking
from tests.api.graphql.doing import do, id_of, marked, operator, recorded

BOTH = {"DISTRIBUTION", "INDEX"}
SHOP = "shop { name descriptionScore serviceScore logisticsScore }"
PRODUCT = """product { id title url language isOnShelf price { minor currency } listPrice { minor } brand { name }
  category { code } shop { name } attributes { name value } pictures { id } changedAt }"""


async def merchant(session: AsyncSession, shop: models.Shop) -> Caller:
    account = await make.account(session, name="Mo")
    scopes = frozenset({Scope.PRODUCT_WRITE})
    return Caller(name="mo", account_id=account.id, shop_ids=frozenset({shop.id}), scopes=scopes)


async def test_operators_make_shops_and_merchants_name_theirs(api: Asking, session: AsyncSession):
    asking = api.as_(await operator(session))

    made = await do(asking, "createShop", SHOP, name="Corner", descriptionScore=4.6)
    wrong = await do(asking, "createShop", SHOP, name="", serviceScore=5.01, logisticsScore=-1)
    shop = await make.shop(session)
    kettle = await make.product(session, shop_id=shop.id)
    mo, sent = api.as_(await merchant(session, shop)), {"shopId": id_of(shop)}
    named = await do(mo, "updateShop", SHOP, **sent, name="The corner")
    scored = await do(asking, "updateShop", SHOP, **sent, serviceScore=None, logisticsScore=3.25)

    assert made == {"name": "Corner", "descriptionScore": 4.6, "serviceScore": None, "logisticsScore": None}
    assert wrong == [
        ("MALFORMED_NAME", "name"),
        ("SCORE_OUT_OF_RANGE", "serviceScore"),
        ("SCORE_OUT_OF_RANGE", "logisticsScore"),
    ]
    assert named == {"name": "The corner", "descriptionScore": 4.8, "serviceScore": 4.8, "logisticsScore": 4.8}
    assert scored == named | {"serviceScore": None, "logisticsScore": 3.25}
    assert await marked(session, DirtyKind.PRODUCT) == {kettle.id: BOTH}
    assert await do(mo, "updateShop", SHOP, **sent, serviceScore=5) == [("FORBIDDEN", "")]
    assert await do(mo, "updateShop", SHOP, shopId=id_of(await make.shop(session)), name="x") == [("FORBIDDEN", "")]
    assert await do(mo, "updateShop", SHOP, shopId=global_id("Shop", new_uid())) == [("NO_SUCH_SHOP", "shopId")]
    assert await do(mo, "createShop", SHOP, name="Mine") == [("OPERATORS_ONLY", "")]


async def test_operators_make_and_change_brands(api: Asking, session: AsyncSession):
    asking, shows = api.as_(await operator(session)), "brand { id name description }"

    made = await do(asking, "createBrand", shows, name="Northlight")
    changed = await do(asking, "updateBrand", shows, brandId=made["id"], description="Lamps.")

    assert changed == {"id": made["id"], "name": "Northlight", "description": "Lamps."}
    wrong = {"name": " ", "description": "\x01"}
    told = [("MALFORMED_NAME", "name"), ("MALFORMED_TEXT", "description")]
    assert await do(asking, "createBrand", shows, **wrong) == told
    assert await do(asking, "updateBrand", shows, brandId=made["id"], **wrong) == told
    nowhere = global_id("Brand", new_uid())
    assert await do(asking, "updateBrand", shows, brandId=nowhere) == [("NO_SUCH_BRAND", "brandId")]


async def test_a_merchant_makes_a_product_whole_and_once(api: Asking, session: AsyncSession):
    shop, picture = await make.shop(session), await make.asset(session)
    await make.tag(session, await make.taxonomy(session, "category"), "kettle")
    brand = models.Brand(name="Northlight")
    session.add(brand)
    await session.flush()
    mo = api.as_(await merchant(session, shop))
    sent = {
        "shopId": id_of(shop),
        "title": "Kettle",
        "language": "en",
        "url": "https://shop.example/1",
        "brandId": id_of(brand),
        "category": "category:kettle",
        "priceMinor": 19_900,
        "listPriceMinor": 24_900,
        "currency": "CNY",
        "attributes": [{"name": "size", "value": "1 l"}],
        "pictureIds": [id_of(picture)],
        "idempotencyKey": "k",
    }

    made, again = [await do(mo, "createProduct", PRODUCT, **sent) for _ in range(2)]

    assert made == again
    assert made.pop("id")
    assert made == {
        "title": "Kettle",
        "url": "https://shop.example/1",
        "language": "en",
        "isOnShelf": True,
        "price": {"minor": 19_900, "currency": "CNY"},
        "listPrice": {"minor": 24_900},
        "brand": {"name": "Northlight"},
        "category": {"code": "kettle"},
        "shop": {"name": "Corner shop"},
        "attributes": [{"name": "size", "value": "1 l"}],
        "pictures": [{"id": id_of(picture)}],
        "changedAt": None,
    }
    assert list((await marked(session, DirtyKind.PRODUCT)).values()) == [BOTH]
    foreign = await make.shop(session)
    assert await do(mo, "createProduct", PRODUCT, **(sent | {"shopId": id_of(foreign), "title": ""})) == [
        ("IDEMPOTENCY_CONFLICT", "idempotencyKey")
    ]
    bare = {"shopId": id_of(foreign), "title": "", "language": "en"}
    assert await do(mo, "createProduct", PRODUCT, **bare) == [("FORBIDDEN", "")]


async def test_everything_wrong_with_a_product_is_told(api: Asking, session: AsyncSession):
    shop, eve = await make.shop(session), await make.creator(session, name="Eve")
    category = await make.taxonomy(session, "category")
    await make.tag(session, category, "old", state=models.TagState.DEPRECATED)
    foreign = await make.asset(session, creator_id=eve.id)
    mo, sent = api.as_(await merchant(session, shop)), {"shopId": id_of(shop)}

    wrong = await do(
        mo, "createProduct", PRODUCT, **sent, title=" ", language="klingon!!", description="\x02", url="ftp://x",
        brandId=global_id("Brand", new_uid()), category="scene:old", priceMinor=-1, listPriceMinor=10**15 + 1,
        attributes=[{"name": "a", "value": "1"}, {"name": "a", "value": "2"}, {"name": "", "value": "\n"}],
        pictureIds=[id_of(foreign)],
    )  # fmt: skip
    more = await do(
        mo, "createProduct", PRODUCT, **sent, title="Kettle", language="en", category="category:old", currency="yuan",
        attributes=[{"name": str(n), "value": "1"} for n in range(101)],
        pictureIds=[global_id("Asset", new_uid())] * (caps.MOST_PICTURES + 1),
    )  # fmt: skip
    ids = {"shopId": "zzz", "brandId": id_of(shop), "pictureIds": ["zzz"]}
    unread = await do(mo, "createProduct", PRODUCT, **ids, title="Kettle", language="en")

    assert sorted(wrong) == sorted(
        [
            ("MALFORMED_TEXT", "description"),
            ("MALFORMED_LINK", "url"),
            ("UNKNOWN_BRAND", "brandId"),
            ("UNKNOWN_TAG", "category"),
            ("AMOUNT_OUT_OF_RANGE", "priceMinor"),
            ("AMOUNT_OUT_OF_RANGE", "listPriceMinor"),
            ("PRICE_WITHOUT_CURRENCY", "currency"),
            ("NAMED_TWICE", "attributes.1.name"),
            ("MALFORMED_NAME", "attributes.2.name"),
            ("MALFORMED_NAME", "attributes.2.value"),
            ("UNKNOWN_ASSET", "pictureIds.0"),
            ("MALFORMED_NAME", "title"),
            ("MALFORMED_LANGUAGE", "language"),
        ]
    )
    assert more == [
        ("TAG_NOT_ACTIVE", "category"),
        ("MALFORMED_CURRENCY", "currency"),
        ("TOO_MANY_ATTRIBUTES", "attributes"),
        ("TOO_MANY_PICTURES", "pictureIds"),
    ]
    assert sorted(unread) == [
        ("MALFORMED_ID", "pictureIds.0"),
        ("MALFORMED_ID", "shopId"),
        ("WRONG_ID_TYPE", "brandId"),
    ]
    assert await marked(session, DirtyKind.PRODUCT) == {}


async def test_a_change_is_told_on_and_what_is_no_change_is_not(api: Asking, session: AsyncSession, clock: FixedClock):
    shop = await make.shop(session)
    kettle = await make.product(session, shop_id=shop.id, url="https://shop.example/1")
    mo, sent = api.as_(await merchant(session, shop)), {"productId": id_of(kettle)}
    shown = "product { title price { minor } url isOnShelf changedAt }"

    same = await do(mo, "updateProduct", shown, **sent, title="Kettle", priceMinor=19_900, pictureIds=[])
    quiet = await marked(session, DirtyKind.PRODUCT)
    changed = await do(mo, "updateProduct", shown, **sent, title="Teapot", url=None)
    off = await do(mo, "takeProductOffShelf", "product { isOnShelf }", **sent)
    on = await do(mo, "putProductOnShelf", "product { isOnShelf }", **sent)

    before = {"title": "Kettle", "price": {"minor": 19_900}, "url": "https://shop.example/1", "isOnShelf": True}
    assert same == before | {"changedAt": None}
    assert quiet == {}
    assert changed == before | {"title": "Teapot", "url": None, "changedAt": clock.now().isoformat()}
    assert (off, on) == ({"isOnShelf": False}, {"isOnShelf": True})
    assert await marked(session, DirtyKind.PRODUCT) == {kettle.id: BOTH}
    assert await recorded(session) == ["product.updated"] * 3
    await session.refresh(kettle)
    assert kettle.version == 4
    assert await do(mo, "updateProduct", shown, **sent, currency=None) == [("PRICE_WITHOUT_CURRENCY", "currency")]
    free = await do(mo, "updateProduct", "product { price { minor } }", **sent, priceMinor=None, currency=None)
    assert free == {"price": None}


async def test_products_are_changed_by_their_merchant_and_operators_alone(api: Asking, session: AsyncSession):
    shop = await make.shop(session)
    kettle, orphan = await make.product(session, shop_id=shop.id), await make.product(session)
    caller = await merchant(session, shop)
    mo, shown = api.as_(caller), "product { isOnShelf }"

    async def take_off(asking: Asking, product: str) -> Any:
        return await do(asking, "takeProductOffShelf", shown, productId=product)

    assert await take_off(mo, id_of(orphan)) == [("FORBIDDEN", "")]
    assert await take_off(mo, global_id("Product", new_uid())) == [("NO_SUCH_PRODUCT", "productId")]
    assert await take_off(api.as_(replace(caller, shop_ids=frozenset())), id_of(kettle)) == [("FORBIDDEN", "")]
    assert await take_off(api.as_(replace(caller, scopes=frozenset())), id_of(kettle)) == [("MISSING_SCOPE", "")]
    assert await take_off(api.as_(await operator(session)), id_of(orphan)) == {"isOnShelf": False}
    assert await marked(session, DirtyKind.PRODUCT) == {orphan.id: BOTH}


async def test_many_products_change_at_once_and_each_is_answered(api: Asking, session: AsyncSession):
    shop = await make.shop(session)
    one, two = [await make.product(session, shop_id=shop.id, title=title) for title in ("One", "Two")]
    orphan = await make.product(session, title="Orphan")
    mo = api.as_(await merchant(session, shop))
    shows = "results { id product { title price { minor } } problems { code path } }"
    sent = {
        "products": [
            {"productId": id_of(two), "priceMinor": 5},
            {"productId": id_of(orphan), "priceMinor": 5},
            {"productId": id_of(one), "priceMinor": -5, "title": ""},
            {"productId": id_of(one), "priceMinor": 7},
        ],
        "idempotencyKey": "k",
    }

    done, again = [await do(mo, "updateProducts", shows, **sent) for _ in range(2)]
    malformed = await do(mo, "updateProducts", shows, products=[{"productId": "zzz"}])
    none = await do(mo, "updateProducts", shows, products=[])
    many = await do(mo, "updateProducts", shows, products=[{"productId": id_of(one)}] * 101)

    assert done == again
    assert done == [
        {"id": id_of(two), "product": {"title": "Two", "price": {"minor": 5}}, "problems": []},
        {"id": id_of(orphan), "product": None, "problems": [{"code": "FORBIDDEN", "path": ["input", "products", "1"]}]},
        {
            "id": id_of(one),
            "product": None,
            "problems": [
                {"code": "MALFORMED_NAME", "path": ["input", "products", "2", "title"]},
                {"code": "AMOUNT_OUT_OF_RANGE", "path": ["input", "products", "2", "priceMinor"]},
            ],
        },
        {"id": id_of(one), "product": {"title": "One", "price": {"minor": 7}}, "problems": []},
    ]
    assert malformed == [("MALFORMED_ID", "products.0.productId")]
    assert none == many == [("TOO_MANY_ITEMS", "products")]
    assert set(await marked(session, DirtyKind.PRODUCT)) == {one.id, two.id}


async def test_pictures_that_stand_there_may_stay_whoever_they_belong_to(api: Asking, session: AsyncSession):
    shop, eve = await make.shop(session), await make.creator(session, name="Eve")
    theirs, free = await make.asset(session, creator_id=eve.id), await make.asset(session)
    film = await make.asset(session, kind=models.AssetKind.VIDEO)
    kettle = await make.product(session, shop_id=shop.id)
    session.add(models.ProductAsset(product_id=kettle.id, position=0, asset_id=theirs.id))
    await session.flush()
    mo, shows = api.as_(await merchant(session, shop)), "product { pictures { id } }"
    sent = {"productId": id_of(kettle)}

    turned = await do(mo, "updateProduct", shows, **sent, pictureIds=[id_of(free), id_of(theirs), id_of(free)])
    moving = await do(mo, "updateProduct", shows, **sent, pictureIds=[id_of(film)])
    await session.execute(delete(models.ProductAsset).where(models.ProductAsset.asset_id == theirs.id))
    refused = await do(mo, "updateProduct", shows, **sent, pictureIds=[id_of(theirs)])

    assert turned == {"pictures": [{"id": id_of(free)}, {"id": id_of(theirs)}]}
    assert moving == refused == [("UNKNOWN_ASSET", "pictureIds.0")]
