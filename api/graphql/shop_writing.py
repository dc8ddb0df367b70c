"""Making and changing shops and brands."""

from typing import Annotated, Any

import strawberry

from api.graphql import refs
from api.graphql.context import Info
from api.graphql.creator_writing import present
from api.graphql.ids import uid_of
from api.graphql.inputs import Sent, given, idempotency, needed, ref
from api.graphql.mutations import change, result
from api.graphql.permissions import OPERATORS, needs
from api.graphql.problems import Refused
from core.caller import Scope
from services import goods


@strawberry.input(description="A new shop.")
class CreateShopInput:
    name: str = needed("What it is called: one line of 1 to 500 characters.")
    description_score: float | None = given("How well goods match their description, from 0 to 5.")
    service_score: float | None = given("How well customers are served, from 0 to 5.")
    logistics_score: float | None = given("How well goods arrive, from 0 to 5.")
    idempotency_key: str | None = idempotency()


@strawberry.input(
    description="What to change about a shop. What is left out stays. Its scores are changed by operators."
)
class UpdateShopInput:
    shop_id: strawberry.ID = ref("Shop", "shop", "Which shop.")
    name: str | None = given("What it is called: one line of 1 to 500 characters.")
    description_score: float | None = given("How well goods match their description, from 0 to 5; null: unknown.")
    service_score: float | None = given("How well customers are served, from 0 to 5; null: unknown.")
    logistics_score: float | None = given("How well goods arrive, from 0 to 5; null: unknown.")
    idempotency_key: str | None = idempotency()


@strawberry.input(description="A new brand.")
class CreateBrandInput:
    name: str = needed("What it is called: one line of 1 to 500 characters.")
    description: str = strawberry.field(default="", description="What it stands for: at most 10,000 characters.")
    idempotency_key: str | None = idempotency()


@strawberry.input(description="What to change about a brand. What is left out stays.")
class UpdateBrandInput:
    brand_id: strawberry.ID = ref("Brand", "brand", "Which brand.")
    name: str | None = given("What it is called: one line of 1 to 500 characters.")
    description: str | None = given("What it stands for: at most 10,000 characters.")
    idempotency_key: str | None = idempotency()


@strawberry.type(description="The new shop.")
class CreateShopPayload:
    shop: refs.ShopRef = strawberry.field(description="The shop.")


@strawberry.type(description="The shop as it is now.")
class UpdateShopPayload:
    shop: refs.ShopRef = strawberry.field(description="The shop.")


@strawberry.type(description="The new brand.")
class CreateBrandPayload:
    brand: refs.BrandRef = strawberry.field(description="The brand.")


@strawberry.type(description="The brand as it is now.")
class UpdateBrandPayload:
    brand: refs.BrandRef = strawberry.field(description="The brand.")


CreateShopResult = Annotated[CreateShopPayload | Refused, result("CreateShopResult", "The new shop")]
UpdateShopResult = Annotated[UpdateShopPayload | Refused, result("UpdateShopResult", "The changed shop")]
CreateBrandResult = Annotated[CreateBrandPayload | Refused, result("CreateBrandResult", "The new brand")]
UpdateBrandResult = Annotated[UpdateBrandPayload | Refused, result("UpdateBrandResult", "The changed brand")]


def _scores(sent: Any) -> dict[str, int | None]:
    """The scores that were sent, in hundredths."""
    told = present(sent, nullable=goods.SCORES)
    return {name: None if value is None else round(value * 100) for name, value in told.items()}


@strawberry.type
class ShopMutation:
    @strawberry.mutation(description="For operators: make a shop.", extensions=[OPERATORS])
    async def create_shop(
        self,
        info: Info,
        input: Sent[CreateShopInput],
    ) -> CreateShopResult:
        about = (input.name, _scores(input))
        return CreateShopPayload(
            **await change(info, input, "shop", goods.create_shop, *about, clock=info.context.clock)
        )

    @strawberry.mutation(
        description="Change a shop that you act as, or as an operator any. Its scores are changed by operators.",
        extensions=[needs(Scope.PRODUCT_WRITE)],
    )
    async def update_shop(
        self,
        info: Info,
        input: Sent[UpdateShopInput],
    ) -> UpdateShopResult:
        uid = uid_of(input.shop_id, "Shop", "shop_id")
        done = await change(info, input, "shop", goods.update_shop, uid, _scores(input), **present(input, "name"))
        return UpdateShopPayload(**done)

    @strawberry.mutation(description="For operators: make a brand.", extensions=[OPERATORS])
    async def create_brand(
        self,
        info: Info,
        input: Sent[CreateBrandInput],
    ) -> CreateBrandResult:
        about = {"description": input.description, "clock": info.context.clock}
        return CreateBrandPayload(**await change(info, input, "brand", goods.create_brand, input.name, **about))

    @strawberry.mutation(description="For operators: change a brand.", extensions=[OPERATORS])
    async def update_brand(
        self,
        info: Info,
        input: Sent[UpdateBrandInput],
    ) -> UpdateBrandResult:
        uid = uid_of(input.brand_id, "Brand", "brand_id")
        about = present(input, "name", "description")
        return UpdateBrandPayload(**await change(info, input, "brand", goods.update_brand, uid, **about))
