"""Making and tending organisations, their members and contracts."""

from datetime import date
from typing import Annotated, Any

import strawberry

import models
from api.graphql.context import Info
from api.graphql.ids import uid_of
from api.graphql.inputs import Sent, given, idempotency, needed, ref
from api.graphql.mutations import change, result
from api.graphql.organisations import Contract, Organisation, OrganisationMember
from api.graphql.permissions import OPERATORS, needs
from api.graphql.problems import Refused
from api.graphql.reading import Reading
from api.graphql.reasons import subject
from core.caller import Scope
from core.errors import together
from services import contracts, memberships, organisations

_ORGANISATION = "Which organisation."
TENDS = needs(Scope.ORGANISATION_WRITE)


@strawberry.input(description="A new organisation, without members yet.")
class CreateOrganisationInput:
    handle: str = needed("Its unique short name: up to 64 small letters, digits, dots, dashes and underscores.")
    name: str = needed("What it is called: one line of 1 to 500 characters.")
    demands_review: bool = strawberry.field(
        default=False, description="Whether it sees what its creators publish before it goes out."
    )
    idempotency_key: str | None = idempotency()


@strawberry.input(description="What to change about an organisation. What is left out stays.")
class UpdateOrganisationInput:
    organisation_id: strawberry.ID = ref("Organisation", "organisation", _ORGANISATION)
    name: str | None = given("What it is called.")
    demands_review: bool | None = given("Whether it sees what its creators publish before it goes out.")
    idempotency_key: str | None = idempotency()


@strawberry.input(description="Which organisation to hide, and why.")
class SuspendOrganisationInput:
    organisation_id: strawberry.ID = ref("Organisation", "organisation", _ORGANISATION)
    reason: str = needed("Why: 1 to 1,000 characters.")
    idempotency_key: str | None = idempotency()


@strawberry.input(description="Which organisation to show again.")
class ReinstateOrganisationInput:
    organisation_id: strawberry.ID = ref("Organisation", "organisation", _ORGANISATION)
    idempotency_key: str | None = idempotency()


@strawberry.input(description="Who joins an organisation, and as what.")
class AddMemberInput:
    organisation_id: strawberry.ID = ref("Organisation", "organisation", _ORGANISATION)
    account_id: strawberry.ID = ref("Account", "account", "Whose account.")
    role: models.OrganisationRole = needed("What they are there. Owners are made by owners and operators.")
    idempotency_key: str | None = idempotency()


@strawberry.input(description="Which member becomes what.")
class ChangeMemberRoleInput:
    member_id: strawberry.ID = ref("OrganisationMember", "member", "Which member.")
    role: models.OrganisationRole = needed("What they are from now on.")
    idempotency_key: str | None = idempotency()


@strawberry.input(description="Who leaves.")
class EndMembershipInput:
    member_id: strawberry.ID = ref("OrganisationMember", "member", "Which member.")
    idempotency_key: str | None = idempotency()


@strawberry.input(description="A contract by which an organisation acts for a creator.")
class SignContractInput:
    organisation_id: strawberry.ID = ref("Organisation", "organisation", _ORGANISATION)
    creator_id: strawberry.ID = ref("Creator", "creator", "Which creator: it signs itself, or an operator does.")
    begins_on: date = needed("Its first day (UTC): today or later.")
    ends_on: date | None = given("The day on which it ends, itself not included. Without it: no end.")
    share_basis_points: int = strawberry.field(
        default=0,
        description="The organisation's share of what the creator earns, 0 to 10,000 hundredths of a percent.",
    )
    idempotency_key: str | None = idempotency()


@strawberry.input(description="Which contract to end before its time.")
class EndContractInput:
    contract_id: strawberry.ID = ref("Contract", "contract", "Which contract.")
    ends_on: date | None = given("The day on which it ends (UTC). Without it: today, at once.")
    idempotency_key: str | None = idempotency()


@strawberry.type(description="The new organisation.")
class CreateOrganisationPayload:
    organisation: Organisation = strawberry.field(description="The organisation.")


@strawberry.type(description="The organisation as it is now.")
class UpdateOrganisationPayload:
    organisation: Organisation = strawberry.field(description="The organisation.")


@strawberry.type(description="The organisation, hidden.")
class SuspendOrganisationPayload:
    organisation: Organisation = strawberry.field(description="The organisation.")


@strawberry.type(description="The organisation, shown again.")
class ReinstateOrganisationPayload:
    organisation: Organisation = strawberry.field(description="The organisation.")


@strawberry.type(description="The new member.")
class AddMemberPayload:
    member: OrganisationMember = strawberry.field(description="The member.")


@strawberry.type(description="The member as they are now.")
class ChangeMemberRolePayload:
    member: OrganisationMember = strawberry.field(description="The member.")


@strawberry.type(description="The membership, which ended.")
class EndMembershipPayload:
    member: OrganisationMember = strawberry.field(description="The member.")


@strawberry.type(description="The new contract.")
class SignContractPayload:
    contract: Contract = strawberry.field(description="The contract.")


@strawberry.type(description="The contract as it is now.")
class EndContractPayload:
    contract: Contract = strawberry.field(description="The contract.")


CreateOrganisationResult = Annotated[
    CreateOrganisationPayload | Refused, result("CreateOrganisationResult", "The new organisation")
]
UpdateOrganisationResult = Annotated[
    UpdateOrganisationPayload | Refused, result("UpdateOrganisationResult", "The changed organisation")
]
SuspendOrganisationResult = Annotated[
    SuspendOrganisationPayload | Refused, result("SuspendOrganisationResult", "The hidden organisation")
]
ReinstateOrganisationResult = Annotated[
    ReinstateOrganisationPayload | Refused, result("ReinstateOrganisationResult", "The shown organisation")
]
AddMemberResult = Annotated[AddMemberPayload | Refused, result("AddMemberResult", "The new member")]
ChangeMemberRoleResult = Annotated[
    ChangeMemberRolePayload | Refused, result("ChangeMemberRoleResult", "The changed member")
]
EndMembershipResult = Annotated[EndMembershipPayload | Refused, result("EndMembershipResult", "The ended membership")]
SignContractResult = Annotated[SignContractPayload | Refused, result("SignContractResult", "The new contract")]
EndContractResult = Annotated[EndContractPayload | Refused, result("EndContractResult", "The ended contract")]


def _present(sent: Any, *names: str) -> dict[str, Any]:
    """Those of the parts that were sent."""
    return {name: part for name in names if (part := getattr(sent, name)) is not strawberry.UNSET}


@strawberry.type
class OrganisationMutation:
    @strawberry.mutation(description="For operators: make an organisation.", extensions=[OPERATORS])
    async def create_organisation(
        self,
        info: Info,
        input: Sent[CreateOrganisationInput],
    ) -> CreateOrganisationResult:
        about = {"demands_review": input.demands_review, "clock": info.context.clock}
        done = await change(info, input, "organisation", organisations.create, input.handle, input.name, **about)
        return CreateOrganisationPayload(**done)

    @strawberry.mutation(
        description="Change an organisation that you own or manage, or as an operator any.", extensions=[TENDS]
    )
    async def update_organisation(
        self,
        info: Info,
        input: Sent[UpdateOrganisationInput],
    ) -> UpdateOrganisationResult:
        uid = uid_of(input.organisation_id, "Organisation", "organisation_id")
        about = _present(input, "name", "demands_review")
        done = await change(info, input, "organisation", organisations.update, uid, clock=info.context.clock, **about)
        return UpdateOrganisationPayload(**done)

    @strawberry.mutation(
        description="For operators: hide an organisation, and stop its members from acting for creators.",
        extensions=[OPERATORS],
    )
    async def suspend_organisation(
        self,
        info: Info,
        input: Sent[SuspendOrganisationInput],
    ) -> SuspendOrganisationResult:
        uid, reason = subject(input.organisation_id, "Organisation", input.reason)
        about = {"reason": reason, "clock": info.context.clock}
        return SuspendOrganisationPayload(
            **await change(info, input, "organisation", organisations.suspend, uid, **about)
        )

    @strawberry.mutation(
        description="For operators: show a suspended organisation again, and let its members act.",
        extensions=[OPERATORS],
    )
    async def reinstate_organisation(
        self,
        info: Info,
        input: Sent[ReinstateOrganisationInput],
    ) -> ReinstateOrganisationResult:
        uid = uid_of(input.organisation_id, "Organisation", "organisation_id")
        done = await change(info, input, "organisation", organisations.reinstate, uid)
        return ReinstateOrganisationPayload(**done)

    @strawberry.mutation(description="Let an account belong to an organisation from today on.", extensions=[TENDS])
    async def add_member(
        self,
        info: Info,
        input: Sent[AddMemberInput],
    ) -> AddMemberResult:
        reading = Reading()
        organisation = reading.take(uid_of, input.organisation_id, "Organisation", "organisation_id")
        account = reading.take(uid_of, input.account_id, "Account", "account_id")
        if organisation is None or account is None:
            raise together(reading.errors)
        given_ = (organisation, account, input.role)
        return AddMemberPayload(
            **await change(info, input, "member", memberships.add, *given_, clock=info.context.clock)
        )

    @strawberry.mutation(description="Give a member another role.", extensions=[TENDS])
    async def change_member_role(
        self,
        info: Info,
        input: Sent[ChangeMemberRoleInput],
    ) -> ChangeMemberRoleResult:
        uid = uid_of(input.member_id, "OrganisationMember", "member_id")
        clock = info.context.clock
        done = await change(info, input, "member", memberships.change_role, uid, input.role, clock=clock)
        return ChangeMemberRolePayload(**done)

    @strawberry.mutation(description="End a membership: from now on it does not act there.", extensions=[TENDS])
    async def end_membership(
        self,
        info: Info,
        input: Sent[EndMembershipInput],
    ) -> EndMembershipResult:
        uid = uid_of(input.member_id, "OrganisationMember", "member_id")
        done = await change(info, input, "member", memberships.end, uid, clock=info.context.clock)
        return EndMembershipPayload(**done)

    @strawberry.mutation(
        description="Let an organisation act for a creator. The creator signs, or an operator.",
        extensions=[needs(Scope.CREATOR_WRITE)],
    )
    async def sign_contract(
        self,
        info: Info,
        input: Sent[SignContractInput],
    ) -> SignContractResult:
        reading = Reading()
        organisation = reading.take(uid_of, input.organisation_id, "Organisation", "organisation_id")
        creator = reading.take(uid_of, input.creator_id, "Creator", "creator_id")
        begins_on, ends_on, share, clock = (
            input.begins_on,
            input.ends_on or None,
            input.share_basis_points,
            info.context.clock,
        )
        if organisation is None or creator is None:
            reading.take(contracts.check_terms, begins_on, ends_on, share, clock=clock)
            raise together(reading.errors)
        about = {"begins_on": begins_on, "ends_on": ends_on, "share_basis_points": share, "clock": clock}
        done = await change(info, input, "contract", contracts.sign, organisation, creator, **about)
        return SignContractPayload(**done)

    @strawberry.mutation(
        description="End a contract before its time: the creator does, or who owns or manages the organisation.",
        extensions=[needs(Scope.CREATOR_WRITE, Scope.ORGANISATION_WRITE)],
    )
    async def end_contract(
        self,
        info: Info,
        input: Sent[EndContractInput],
    ) -> EndContractResult:
        uid = uid_of(input.contract_id, "Contract", "contract_id")
        about = {"ends_on": input.ends_on or None, "clock": info.context.clock}
        return EndContractPayload(**await change(info, input, "contract", contracts.end, uid, **about))
