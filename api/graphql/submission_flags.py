"""What became of the products of a submission since it was decided on."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import strawberry

from api.graphql import refs
from api.graphql.bodies import product_of
from api.graphql.context import Info
from api.graphql.labels import Language, spoken
from api.graphql.products import Money, money
from api.graphql.words import described
from services import product_changes
from services.channels.offers import ChangeCode

MOST_FLAGS = 600
"""Three of each of two hundred products."""

described(
    ChangeCode,
    "What became of a product that a submitted content recommends.",
    {
        "OFF_SHELF": "It went off the shelf.",
        "OUT_OF_POOL": "It left the selection pools that the channel takes products from.",
        "PRICE": "Its price changed.",
    },
    name="SubmissionFlagCode",
)


@strawberry.type(
    description="What became of a product since the submission was decided on. It goes when the product is as it was before, and"
    " with the next decision."
)
class SubmissionFlag:
    row: strawberry.Private[Mapping[str, Any]]

    @strawberry.field(description="What happened.")
    def code(self) -> ChangeCode:
        return ChangeCode(self.row["code"])

    @strawberry.field(description="The product; null if it is gone.")
    async def product(self, info: Info) -> refs.ProductRef | None:
        return await product_of(info, UUID(self.row["product"]))  # type: ignore[no-any-return]  # a Product by registration

    @strawberry.field(description="Since when that is known.")
    def since(self) -> datetime:
        return datetime.fromisoformat(self.row["since"])

    @strawberry.field(description="The price that was decided on; null unless the price changed from a known one.")
    def price_then(self) -> Money | None:
        return self._price("was")

    @strawberry.field(description="The price since then; null unless the price changed to a known one.")
    def price_now(self) -> Money | None:
        return self._price("now")

    @strawberry.field(description="Whether the channel does not have the content because of it.")
    def is_withdrawing(self) -> bool:
        return "held" in self.row

    @strawberry.field(description="What happened, in Chinese or English.")
    def message(self, info: Info, language: Language = strawberry.UNSET) -> str:
        words = product_changes.told(self.row)
        return words.zh if spoken(info, language) == "zh" else words.en

    def _price(self, when: str) -> Money | None:
        price = self.row[when] if self.row["code"] == ChangeCode.PRICE else None
        return None if price is None else money(price["price_minor"], price["currency"])
