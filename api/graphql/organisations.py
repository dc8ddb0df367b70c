"""Organisations: agencies with their members, and the contracts by which they act for creators."""

from datetime import date
from typing import Annotated

import strawberry

import models
from api.graphql import refs
from api.graphql.context import Info
from api.graphql.creator_filters import CreatorFilter, CreatorOrder
from api.graphql.fields import column, one, page
from api.graphql.ids import identity
from api.graphql.mutations import answers_with
from api.graphql.nodes import Node, findable
from api.graphql.paging import Connection
from api.graphql.review_filters import ReviewFilter
from api.graphql.rows import shape, shows
from api.graphql.words import described
from core.caller import Caller
from services import access, contracts, creators, memberships, organisations, reviews

described(
    models.OrganisationRole,
    "What a member is in an organisation.",
    {
        "OWNER": "Tends it, its members and contracts, and makes other owners.",
        "MANAGER": "Tends it, its members and contracts, and decides what goes out.",
        "EDITOR": "Writes and publishes for the creators under contract.",
        "ANALYST": "Reads.",
    },
)


@shows(models.OrganisationMember)
@strawberry.type(description="An account that belongs to an organisation for a time.")
class OrganisationMember:
    row: strawberry.Private[models.OrganisationMember]

    id: strawberry.ID = identity("OrganisationMember")
    role: models.OrganisationRole = column("role", description="What it is there.")
    name: str = column("account.name", description="The name of the account.")
    since: date = column("period.lower", description="The first day of the membership.")
    until: date | None = column("period.upper", description="The day on which it ends or ended; null: it goes on.")


@shows(models.Contract)
@strawberry.type(description="An organisation acts for a creator, from a day to a day.")
class Contract:
    row: strawberry.Private[models.Contract]

    id: strawberry.ID = identity("Contract")
    organisation: refs.OrganisationRef | None = one(
        organisations.by_ids, key="organisation_id", description="The organisation; null while it is suspended."
    )
    creator: refs.CreatorRef | None = one(
        creators.by_ids, key="creator_id", description="The creator; null while they are hidden."
    )
    begins_on: date = column("period.lower", description="Its first day.")
    ends_on: date | None = column("period.upper", description="The day on which it ends or ended; null: it goes on.")
    share_basis_points: int = column(
        "share_basis_points",
        description="The organisation's share of what the creator earns, in hundredths of a percent.",
    )


def _is_inside(organisation: "Organisation", caller: Caller) -> bool:
    return caller.is_operator or organisation.row.id in access.tended_organisations(caller)


@shows(models.Organisation)
@strawberry.type(description="An agency that acts for creators under contract.")
class Organisation(Node):
    row: strawberry.Private[models.Organisation]

    id: strawberry.ID = identity("Organisation")
    handle: str = column("handle", description="Its unique short name.")
    name: str = column("name", description="What it is called.")
    demands_review: bool = column(
        "demands_review", description="Whether it sees what its creators publish before it goes out."
    )
    creators: Connection[refs.CreatorRef] = page(
        creators.under_contract,
        key="id",
        filters=CreatorFilter,
        orders=CreatorOrder,
        description="The creators that it acts for today.",
    )
    members: Connection[OrganisationMember] | None = page(
        memberships.of_organisations,
        key="id",
        only_if=_is_inside,
        description="Who belongs to it or did, newest first; null for strangers.",
    )
    contracts: Connection[Contract] | None = page(
        contracts.of_organisations,
        key="id",
        only_if=_is_inside,
        description="Its contracts with creators, newest first; null for strangers.",
    )
    reviews: Connection[refs.ReviewRef] = page(
        reviews.of_organisations,
        key="id",
        filters=ReviewFilter,
        description="What it was asked to consent to, newest first: all of it for its members, their own for its creators.",
    )


findable("Organisation", organisations.by_uids)
answers_with(models.Organisation, organisations.by_ids)
answers_with(models.OrganisationMember, memberships.by_ids)
answers_with(models.Contract, contracts.by_ids)


@strawberry.type
class OrganisationQuery:
    @strawberry.field(description="The organisation with this handle; null if there is none or it is not shown.")
    async def organisation(
        self, info: Info, handle: Annotated[str, strawberry.argument(description="Its unique short name.")]
    ) -> Organisation | None:
        found = await info.context.load(organisations.by_handles, handle)
        return shape(found)  # type: ignore[no-any-return]  # an Organisation by registration

    organisations: Connection[Organisation] = page(
        organisations.listed, key=None, description="All organisations, by handle."
    )
