"""Making and changing products: one by one, and many at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

import strawberry
from sqlalchemy.ext.asyncio import AsyncSession

import models
from api.graphql import places, refs
from api.graphql.bulk import MOST_PROBLEMS, outcomes
from api.graphql.context import Info
from api.graphql.creator_writing import present
from api.graphql.directives import at_most
from api.graphql.ids import uid_of, uids_of
from api.graphql.inputs import Sent, given, idempotency, needed, ref
from api.graphql.mutations import MOST_AT_ONCE, TooManyItems, answers_with, change, each, result
from api.graphql.permissions import needs
from api.graphql.problems import Problem, Refused
from api.graphql.reading import Reading
from api.graphql.words import BigInt
from core.caller import Caller, Scope
from core.clock import Clock
from core.errors import together
from services import goods, goods_reading, products

_PRODUCT = "Which product."
TENDS = needs(Scope.PRODUCT_WRITE)
PLAIN = ("title", "description", "language", "is_on_shelf")
EMPTIABLE = ("url", "category", "price_minor", "list_price_minor", "currency")

answers_with(models.Product, products.by_ids)
answers_with(models.Shop, products.shops_by_ids)
answers_with(models.Brand, products.brands_by_ids)


@strawberry.input(description="A property of a product, such as capacity.")
class ProductAttributeInput:
    name: str = needed("What it is a property of: one line of 1 to 500 characters.")
    value: str = needed("What it is for this product: one line of 1 to 500 characters.")


@strawberry.input(description="What is said of a product.")
class ProductParts:
    description: str | None = given("What the shop says of it: at most 10,000 characters.")
    url: str | None = given("Where it can be bought: an address. Null takes it away.")
    brand_id: strawberry.ID | None = ref(
        "Brand", "brand", "Under which name it is made. Null takes it away.", optional=True
    )
    category: str | None = given("What kind of product it is, as category:code. Null takes it away.")
    price_minor: BigInt | None = given("What it costs, in minor units of the currency. Null: unknown.")
    list_price_minor: BigInt | None = given(
        "What it cost before a reduction, or is recommended to cost, in minor units. Null: unknown."
    )
    currency: str | None = given("The currency of its prices, as ISO 4217 writes it.")
    is_on_shelf: bool | None = given("Whether it can be bought now. A new product can, unless told otherwise.")
    attributes: list[ProductAttributeInput] | None = given("Its properties, all of them: at most 100.")
    picture_ids: list[strawberry.ID] | None = ref(
        "Asset", "pictures", "Its pictures, all of them, the main one first: at most 30.", optional=True
    )


@strawberry.input(description="A new product of a shop.")
class CreateProductInput(ProductParts):
    shop_id: strawberry.ID = ref("Shop", "shop", "Who sells it: a shop that you act as, or as an operator any.")
    title: str = needed("What it is called in the shop: one line of 1 to 500 characters.")
    language: str = needed("The language of title and description, such as zh or en (BCP 47).")
    idempotency_key: str | None = idempotency()


@strawberry.input(description="What to change about a product. What is left out stays.")
class ProductChange(ProductParts):
    product_id: strawberry.ID = ref("Product", "product", _PRODUCT)
    title: str | None = given("What it is called in the shop: one line of 1 to 500 characters.")
    language: str | None = given("The language of title and description (BCP 47).")


@strawberry.input(description="What to change about one product. What is left out stays.")
class UpdateProductInput(ProductChange):
    idempotency_key: str | None = idempotency()


@strawberry.input(description="What to change about many products.")
class UpdateProductsInput:
    products: list[ProductChange] = needed("The products, each with what changes: 1 to 100.")
    idempotency_key: str | None = idempotency()


@strawberry.input(description="Which product can be bought from now on.")
class PutProductOnShelfInput:
    product_id: strawberry.ID = ref("Product", "product", _PRODUCT)
    idempotency_key: str | None = idempotency()


@strawberry.input(description="Which product cannot be bought from now on.")
class TakeProductOffShelfInput:
    product_id: strawberry.ID = ref("Product", "product", _PRODUCT)
    idempotency_key: str | None = idempotency()


@strawberry.type(description="What became of one of the products.")
class ProductOutcome:
    id: strawberry.ID = strawberry.field(description="The id as it was given.")
    product: refs.ProductRef | None = strawberry.field(description="The product; null where it was refused.")
    problems: list[Problem] = strawberry.field(
        description="Why it was refused, everything at once; empty where it was done.",
        directives=[at_most(MOST_PROBLEMS)],
    )


@strawberry.type(description="The new product.")
class CreateProductPayload:
    product: refs.ProductRef = strawberry.field(description="The product.")


@strawberry.type(description="The product as it is now.")
class UpdateProductPayload:
    product: refs.ProductRef = strawberry.field(description="The product.")


@strawberry.type(description="What became of each product that was to be changed.")
class UpdateProductsPayload:
    results: list[ProductOutcome] = outcomes()


@strawberry.type(description="The product, which can be bought.")
class PutProductOnShelfPayload:
    product: refs.ProductRef = strawberry.field(description="The product.")


@strawberry.type(description="The product, which cannot be bought.")
class TakeProductOffShelfPayload:
    product: refs.ProductRef = strawberry.field(description="The product.")


CreateProductResult = Annotated[CreateProductPayload | Refused, result("CreateProductResult", "The new product")]
UpdateProductResult = Annotated[UpdateProductPayload | Refused, result("UpdateProductResult", "The changed product")]
UpdateProductsResult = Annotated[UpdateProductsPayload | Refused, result("UpdateProductsResult", "What became of each")]
PutProductOnShelfResult = Annotated[
    PutProductOnShelfPayload | Refused, result("PutProductOnShelfResult", "The product on the shelf")
]
TakeProductOffShelfResult = Annotated[
    TakeProductOffShelfPayload | Refused, result("TakeProductOffShelfResult", "The product off the shelf")
]


def _wanted(sent: Any, reading: Reading, *path: str | int) -> dict[str, Any]:
    """What is said of a product, as the services take it."""
    wanted = present(sent, *PLAIN, nullable=EMPTIABLE)
    if sent.brand_id is None:
        wanted["brand"] = None
    elif sent.brand_id is not strawberry.UNSET:
        wanted["brand"] = reading.take(uid_of, sent.brand_id, "Brand", *path, "brand_id")
    if sent.attributes:
        wanted["attributes"] = [(one.name, one.value) for one in sent.attributes]
    elif sent.attributes is not strawberry.UNSET:
        wanted["attributes"] = []
    if sent.picture_ids is not strawberry.UNSET:
        wanted["pictures"] = reading.take(uids_of, sent.picture_ids or (), "Asset", *path, "picture_ids")
    return wanted


@dataclass(frozen=True, slots=True)
class _Many:
    """A change of many products in one transaction, each in a savepoint of its own."""

    items: Sequence[tuple[UUID, dict[str, Any]]]
    clock: Clock

    async def __call__(self, session: AsyncSession, caller: Caller) -> list[Any]:
        await goods.hold(session, [uid for uid, _ in self.items])
        return await each(
            session, self.items, lambda item: goods.update(session, caller, item[0], item[1], clock=self.clock)
        )


def _outcome(place: int, sent: ProductChange, became: Any) -> ProductOutcome:
    if not isinstance(became, Refused):
        return ProductOutcome(id=sent.product_id, product=became, problems=[])
    problems = [
        Problem(code=one.code, message=one.message, path=["input", "products", str(place), *_place(one.path)])
        for one in became.problems
    ]
    return ProductOutcome(id=sent.product_id, product=None, problems=problems)


def _place(words: list[str]) -> list[str]:
    """A place in the services' words as the client wrote it."""
    steps = tuple(int(word) if word.isdigit() else word for word in words)
    return [str(name) for _, name, _ in places.steps(ProductChange, steps)]


@strawberry.type
class ProductMutation:
    @strawberry.mutation(
        description="Make a product of a shop that you act as, or as an operator of any.", extensions=[TENDS]
    )
    async def create_product(
        self,
        info: Info,
        input: Sent[CreateProductInput],
    ) -> CreateProductResult:
        reading = Reading()
        shop = reading.take(uid_of, input.shop_id, "Shop", "shop_id")
        wanted = _wanted(input, reading)
        if shop is None or reading.errors:
            goods_reading.words(wanted, reading)
            raise together(reading.errors)
        done = await change(info, input, "product", goods.create, shop, wanted, clock=info.context.clock)
        return CreateProductPayload(**done)

    @strawberry.mutation(
        description="Change a product of a shop that you act as, or as an operator any.", extensions=[TENDS]
    )
    async def update_product(
        self,
        info: Info,
        input: Sent[UpdateProductInput],
    ) -> UpdateProductResult:
        reading = Reading()
        uid = reading.take(uid_of, input.product_id, "Product", "product_id")
        wanted = _wanted(input, reading)
        if uid is None or reading.errors:
            goods_reading.words(wanted, reading)
            raise together(reading.errors)
        done = await change(info, input, "product", goods.update, uid, wanted, clock=info.context.clock)
        return UpdateProductPayload(**done)

    @strawberry.mutation(
        description="Change many products at once, as `updateProduct` does one: prices and stock of the morning, say.",
        extensions=[TENDS],
    )
    async def update_products(
        self,
        info: Info,
        input: Sent[UpdateProductsInput],
    ) -> UpdateProductsResult:
        if not 1 <= len(input.products) <= MOST_AT_ONCE:
            message = f"Name 1 to {MOST_AT_ONCE} products; {len(input.products)} were given."
            raise TooManyItems(message, path=("products",))
        reading = Reading()
        items = []
        for place, one in enumerate(input.products):
            uid = reading.take(uid_of, one.product_id, "Product", "products", place, "product_id")
            items.append((uid or UUID(int=0), _wanted(one, reading, "products", place)))
        if reading.errors:
            raise together(reading.errors)
        done = await change(info, input, "results", _Many(items, info.context.clock))
        became = zip(input.products, done["results"], strict=True)
        return UpdateProductsPayload(results=[_outcome(place, *one) for place, one in enumerate(became)])

    @strawberry.mutation(description="Let a product be bought.", extensions=[TENDS])
    async def put_product_on_shelf(
        self,
        info: Info,
        input: Sent[PutProductOnShelfInput],
    ) -> PutProductOnShelfResult:
        uid, wanted = uid_of(input.product_id, "Product", "product_id"), {"is_on_shelf": True}
        done = await change(info, input, "product", goods.update, uid, wanted, clock=info.context.clock)
        return PutProductOnShelfPayload(**done)

    @strawberry.mutation(
        description="Stop a product from being bought: search hides it, and channels are told.", extensions=[TENDS]
    )
    async def take_product_off_shelf(
        self,
        info: Info,
        input: Sent[TakeProductOffShelfInput],
    ) -> TakeProductOffShelfResult:
        uid, wanted = uid_of(input.product_id, "Product", "product_id"), {"is_on_shelf": False}
        done = await change(info, input, "product", goods.update, uid, wanted, clock=info.context.clock)
        return TakeProductOffShelfPayload(**done)
