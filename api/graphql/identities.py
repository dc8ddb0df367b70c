"""What accounts act as: given and taken by operators."""

from datetime import datetime
from typing import Annotated

import strawberry

import models
from api.graphql import refs
from api.graphql.context import Info
from api.graphql.fields import column, one
from api.graphql.ids import identity, uid_of
from api.graphql.inputs import Sent, idempotency, needed, ref
from api.graphql.mutations import answers_with, change, result
from api.graphql.permissions import OPERATORS
from api.graphql.problems import Refused
from api.graphql.reading import Reading
from api.graphql.rows import shows
from api.graphql.words import described
from core.errors import together
from services import creators, identities, organisations, products

described(
    models.IdentityKind,
    "What an account may act as.",
    {
        "CONSUMER": "A reader and buyer.",
        "CREATOR": "A public author.",
        "MERCHANT": "A shop.",
        "ORGANISATION_MEMBER": "Somebody of an organisation; what they may do there, their membership says.",
        "OPERATOR": "Somebody who runs the installation; their keys may have the scope operate.",
    },
)


@shows(models.Identity)
@strawberry.type(description="One of the things that an account acts as. Seen by itself and by operators.")
class Identity:
    row: strawberry.Private[models.Identity]

    id: strawberry.ID = identity("Identity")
    kind: models.IdentityKind = column("kind", description="What it acts as.")
    creator: refs.CreatorRef | None = one(
        creators.by_ids, key="creator_id", description="The creator; null for other kinds."
    )
    shop: refs.ShopRef | None = one(products.shops_by_ids, key="shop_id", description="The shop; null for other kinds.")
    organisation: refs.OrganisationRef | None = one(
        organisations.by_ids, key="organisation_id", description="The organisation; null for other kinds."
    )
    created_at: datetime = column("created_at", description="Since when.")


answers_with(models.Identity, identities.by_ids)


@strawberry.input(description="Who shall act as what. Name the creator, shop or organisation that the kind calls for.")
class GiveIdentityInput:
    account_id: strawberry.ID = ref("Account", "account", "Whose account.")
    kind: models.IdentityKind = needed("What it shall act as.")
    creator_id: strawberry.ID | None = ref("Creator", "creator", "For CREATOR: which one.", optional=True)
    shop_id: strawberry.ID | None = ref("Shop", "shop", "For MERCHANT: which shop.", optional=True)
    organisation_id: strawberry.ID | None = ref(
        "Organisation", "organisation", "For ORGANISATION_MEMBER: which one.", optional=True
    )
    idempotency_key: str | None = idempotency()


@strawberry.input(description="Which identity to take away.")
class TakeIdentityInput:
    identity_id: strawberry.ID = ref("Identity", "identity", "Which of the account's `identities`.")
    idempotency_key: str | None = idempotency()


@strawberry.type(description="The identity that the account has now.")
class GiveIdentityPayload:
    identity: Identity = strawberry.field(description="The identity.")


@strawberry.type(description="The account, which does not act so any more.")
class TakeIdentityPayload:
    account: refs.AccountRef = strawberry.field(description="The account.")


GiveIdentityResult = Annotated[GiveIdentityPayload | Refused, result("GiveIdentityResult", "The given identity")]
TakeIdentityResult = Annotated[
    TakeIdentityPayload | Refused, result("TakeIdentityResult", "The account without the identity")
]


@strawberry.type
class IdentityMutation:
    @strawberry.mutation(
        description="For operators: let an account act as a creator, a shop, for an organisation, as a consumer or as an"
        " operator.",
        extensions=[OPERATORS],
    )
    async def give_identity(
        self,
        info: Info,
        input: Sent[GiveIdentityInput],
    ) -> GiveIdentityResult:
        reading = Reading()
        account = reading.take(uid_of, input.account_id, "Account", "account_id")
        ids = {"Creator": input.creator_id, "Shop": input.shop_id, "Organisation": input.organisation_id}
        named = {
            name.lower(): reading.take(uid_of, id_, name, f"{name.lower()}_id") for name, id_ in ids.items() if id_
        }
        if account is None or reading.errors:
            raise together(reading.errors)
        done = await change(info, input, "identity", identities.give, account, input.kind, **named)
        return GiveIdentityPayload(**done)

    @strawberry.mutation(
        description="For operators: stop an account from acting so, from the next request on.", extensions=[OPERATORS]
    )
    async def take_identity(
        self,
        info: Info,
        input: Sent[TakeIdentityInput],
    ) -> TakeIdentityResult:
        uid = uid_of(input.identity_id, "Identity", "identity_id")
        return TakeIdentityPayload(**await change(info, input, "account", identities.take, uid))
