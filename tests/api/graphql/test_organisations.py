"""Organisations over GraphQL: who belongs, who acts for whom and until when, and who may say so."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.caller import Caller, Scope
from core.clock import FixedClock
from core.ids import global_id, new_uid
from models import OrganisationRole
from services import callers, organisations
from tests import make
from tests.api.graphql.asking import Asking

P = "... on Refused { problems { code path } }"
DOCUMENTS = {
    "createOrganisation": "organisation { id handle name demandsReview }",
    "updateOrganisation": "organisation { name demandsReview }",
    "suspendOrganisation": "organisation { handle }",
    "reinstateOrganisation": "organisation { handle }",
    "addMember": "member { id name role since until }",
    "changeMemberRole": "member { role }",
    "endMembership": "member { until }",
    "signContract": "contract { id beginsOn endsOn shareBasisPoints creator { name } organisation { name } }",
    "endContract": "contract { beginsOn endsOn }",
}
EVERYTHING = tuple(scope for scope in Scope if scope is not Scope.OPERATE)


@dataclass
class Agency:
    """An organisation with an owner, an editor, and a creator under contract; and a stranger."""

    api: Asking
    session: AsyncSession
    clock: FixedClock

    async def person(self, name: str) -> models.Account:
        return await make.account(self.session, name=name)

    async def caller(self, account: models.Account, *scopes: Scope) -> Caller:
        return await callers.of_account(
            self.session, account.id, name=account.name, scopes=scopes or EVERYTHING, on=self.clock.now().date()
        )

    async def organisation(self, *members: tuple[models.Account, OrganisationRole]) -> models.Organisation:
        operator = Caller(name="op", account_id=(await self.person("Op")).id, scopes=frozenset({Scope.OPERATE}))
        made = await organisations.create(self.session, operator, "lotus", "Lotus", clock=self.clock)
        for account, role in members:
            period = Range(make.day("2026-01-01"), None)
            row = models.OrganisationMember(organisation_id=made.id, account_id=account.id, role=role, period=period)
            self.session.add(row)
        await self.session.flush()
        return made

    async def creator_of(self, account: models.Account) -> models.Creator:
        creator = await make.creator(self.session, name=account.name)
        self.session.add(
            models.Identity(account_id=account.id, kind=models.IdentityKind.CREATOR, creator_id=creator.id)
        )
        await self.session.flush()
        return creator

    async def do(self, who: models.Account | Caller, mutation: str, **sent: Any) -> Any:
        """The payload's part, or the codes of the problems."""
        caller = who if isinstance(who, Caller) else await self.caller(who)
        type_name = mutation[0].upper() + mutation[1:]
        document = (
            f"mutation ($input: {type_name}Input!) {{ {mutation}(input: $input) {{"
            f" ... on {type_name}Payload {{ {DOCUMENTS[mutation]} }} {P} }} }}"
        )
        answer = (await self.api.as_(caller).data(document, input=sent))[mutation]
        if "problems" in answer:
            return [problem["code"] for problem in answer["problems"]]
        (part,) = answer.values()
        return part


@pytest.fixture
def agency(api: Asking, session: AsyncSession, clock: FixedClock) -> Agency:
    return Agency(api, session, clock)


def id_of(row: Any) -> str:
    return global_id(type(row).__name__, row.uid)


async def test_operators_make_organisations_and_nobody_else(agency: Agency):
    operator = Caller(name="op", account_id=(await agency.person("Op")).id, scopes=frozenset({Scope.OPERATE}))

    made = await agency.do(operator, "createOrganisation", handle="lotus", name="Lotus", demandsReview=True)

    assert made["handle"] == "lotus"
    assert made["demandsReview"] is True
    assert await agency.do(operator, "createOrganisation", handle="lotus", name="Other") == ["HANDLE_TAKEN"]
    assert await agency.do(operator, "createOrganisation", handle="Lotus!", name="Other") == ["MALFORMED_HANDLE"]
    assert await agency.do(await agency.person("Eve"), "createOrganisation", handle="eve", name="Eve") == [
        "OPERATORS_ONLY"
    ]
    found = await agency.api.data('{ organisation(handle: "lotus") { name } organisations(first: 5) { totalCount } }')
    assert found == {"organisation": {"name": "Lotus"}, "organisations": {"totalCount": 1}}


async def test_owners_and_managers_tend_it_and_editors_do_not(agency: Agency):
    owner, editor = await agency.person("Ada"), await agency.person("Bo")
    lotus = await agency.organisation((owner, OrganisationRole.OWNER), (editor, OrganisationRole.EDITOR))
    sent = {"organisationId": id_of(lotus)}

    changed = await agency.do(owner, "updateOrganisation", **sent, name="Lotus Media", demandsReview=True)

    assert changed == {"name": "Lotus Media", "demandsReview": True}
    assert await agency.do(owner, "updateOrganisation", **sent) == changed
    assert await agency.do(editor, "updateOrganisation", **sent, name="Mine") == ["FORBIDDEN"]
    assert await agency.do(await agency.person("Eve"), "updateOrganisation", **sent, name="Mine") == ["FORBIDDEN"]
    narrow = await agency.caller(owner, Scope.CONTENT_WRITE)
    assert await agency.do(narrow, "updateOrganisation", **sent, name="Mine") == ["MISSING_SCOPE"]
    unknown = global_id("Organisation", new_uid())
    assert await agency.do(owner, "updateOrganisation", organisationId=unknown) == ["NO_SUCH_ORGANISATION"]
    await agency.session.refresh(lotus)
    assert lotus.name == "Lotus Media"


async def test_members_come_change_and_go(agency: Agency, clock: FixedClock):
    owner, newcomer = await agency.person("Ada"), await agency.person("Bo")
    lotus = await agency.organisation((owner, OrganisationRole.OWNER))
    who = {"organisationId": id_of(lotus), "accountId": id_of(newcomer)}

    added = await agency.do(owner, "addMember", **who, role="EDITOR")
    twice = await agency.do(owner, "addMember", **who, role="MANAGER")
    promoted = await agency.do(owner, "changeMemberRole", memberId=added["id"], role="MANAGER")
    acting = (await agency.caller(newcomer)).organisation_ids
    ended = await agency.do(owner, "endMembership", memberId=added["id"])
    over = await agency.do(owner, "endMembership", memberId=added["id"])

    assert added.items() >= {"name": "Bo", "role": "EDITOR", "since": "2026-11-24", "until": None}.items()
    assert (twice, promoted) == (["ALREADY_MEMBER"], {"role": "MANAGER"})
    assert (acting, (await agency.caller(newcomer)).organisation_ids) == ({lotus.id}, frozenset())
    assert (ended, over) == ({"until": "2026-11-24"}, ["MEMBERSHIP_OVER"])
    again = await agency.do(owner, "addMember", **who, role="ANALYST")
    assert again["role"] == "ANALYST"


async def test_only_owners_make_owners_and_one_always_stays(agency: Agency):
    owner, manager, other = [await agency.person(name) for name in ("Ada", "Bo", "Cy")]
    lotus = await agency.organisation((owner, OrganisationRole.OWNER), (manager, OrganisationRole.MANAGER))
    rows = (
        await agency.session.scalars(select(models.OrganisationMember).order_by(models.OrganisationMember.id))
    ).all()
    ada, bo = (id_of(row) for row in rows)
    who = {"organisationId": id_of(lotus), "accountId": id_of(other)}

    assert await agency.do(manager, "addMember", **who, role="OWNER") == ["FORBIDDEN"]
    assert await agency.do(manager, "changeMemberRole", memberId=bo, role="OWNER") == ["FORBIDDEN"]
    assert await agency.do(manager, "endMembership", memberId=ada) == ["FORBIDDEN"]
    assert await agency.do(owner, "endMembership", memberId=ada) == ["LAST_OWNER"]
    assert await agency.do(owner, "changeMemberRole", memberId=ada, role="EDITOR") == ["LAST_OWNER"]
    assert await agency.do(owner, "changeMemberRole", memberId=bo, role="OWNER") == {"role": "OWNER"}
    # everybody may leave, and then sees the members no more
    assert await agency.do(owner, "endMembership", memberId=ada) == {"until": "2026-11-24"}
    assert await agency.do(owner, "endMembership", memberId=bo) == ["NO_SUCH_MEMBER"]


async def test_a_creator_signs_and_the_organisation_does_not_sign_for_both(agency: Agency, clock: FixedClock):
    owner, author = await agency.person("Ada"), await agency.person("Cy")
    lotus = await agency.organisation((owner, OrganisationRole.OWNER))
    creator = await agency.creator_of(author)
    sent = {"organisationId": id_of(lotus), "creatorId": id_of(creator), "beginsOn": "2026-11-24"}

    refused = await agency.do(owner, "signContract", **sent)
    signed = await agency.do(author, "signContract", **sent, endsOn="2027-11-24", shareBasisPoints=1_500)
    overlapping = await agency.do(author, "signContract", **(sent | {"beginsOn": "2027-11-23"}))
    acting = await agency.caller(owner)

    assert refused == ["FORBIDDEN"]
    del signed["id"]
    assert signed == {
        "beginsOn": "2026-11-24",
        "endsOn": "2027-11-24",
        "shareBasisPoints": 1_500,
        "creator": {"name": "Cy"},
        "organisation": {"name": "Lotus"},
    }
    assert overlapping == ["CONTRACT_OVERLAPS"]
    assert (acting.creator_ids, acting.contracted_ids) == ({creator.id}, {creator.id})
    # who acts under one contract does not sign another
    assert await agency.do(owner, "signContract", **(sent | {"beginsOn": "2028-01-01"})) == ["FORBIDDEN"]
    # what an agency does is recorded with both names
    content = await make.content(agency.session, creator, live=False)
    published = await agency.api.as_(acting).data(
        "mutation ($id: ID!) { publishContent(input: {contentId: $id}) { ... on PublishContentPayload { content { id } } } }",
        id=id_of(content),
    )
    entry = await agency.session.scalar(
        select(models.AuditEntry).where(models.AuditEntry.action == "content.published")
    )
    assert published["publishContent"]
    assert entry is not None
    assert (entry.actor, entry.on_behalf_of) == ("Ada", f"creator:{creator.id}")


async def test_a_contract_is_ended_by_either_side_and_not_prolonged(agency: Agency, clock: FixedClock):
    owner, author, editor = [await agency.person(name) for name in ("Ada", "Cy", "Bo")]
    lotus = await agency.organisation((owner, OrganisationRole.OWNER), (editor, OrganisationRole.EDITOR))
    creator = await agency.creator_of(author)
    sent = {"organisationId": id_of(lotus), "creatorId": id_of(creator), "beginsOn": "2026-11-24"}
    contract = (await agency.do(author, "signContract", **sent, endsOn="2026-12-24"))["id"]

    async def end(who: models.Account, **day: str) -> Any:
        return await agency.do(who, "endContract", contractId=contract, **day)

    assert await end(author, endsOn="2027-01-01") == ["MALFORMED_PERIOD"]
    assert await end(author, endsOn="2026-11-23") == ["MALFORMED_PERIOD"]
    assert await end(editor) == ["FORBIDDEN"]
    assert await end(await agency.person("Eve")) == ["NO_SUCH_CONTRACT"]
    assert await end(owner, endsOn="2026-12-01") == {"beginsOn": "2026-11-24", "endsOn": "2026-12-01"}
    assert await end(author) == {"beginsOn": "2026-11-23", "endsOn": "2026-11-24"}
    assert await end(author) == ["CONTRACT_OVER"]
    assert (await agency.caller(owner)).creator_ids == frozenset()


@pytest.mark.parametrize(
    ("wrong", "codes"),
    [
        ({"beginsOn": "2026-11-23"}, ["MALFORMED_PERIOD"]),
        ({"endsOn": "2026-11-24", "shareBasisPoints": 10_001}, ["MALFORMED_PERIOD", "SHARE_OUT_OF_RANGE"]),
        ({"shareBasisPoints": -1}, ["SHARE_OUT_OF_RANGE"]),
        ({"organisationId": global_id("Organisation", new_uid())}, ["NO_SUCH_ORGANISATION"]),
        ({"creatorId": global_id("Creator", new_uid())}, ["NO_SUCH_CREATOR"]),
        (
            {"organisationId": "x", "creatorId": "y", "shareBasisPoints": -1},
            ["MALFORMED_ID", "MALFORMED_ID", "SHARE_OUT_OF_RANGE"],
        ),
    ],
)
async def test_everything_wrong_with_a_contract_is_told(agency: Agency, wrong: dict[str, Any], codes: list[str]):
    owner, author = await agency.person("Ada"), await agency.person("Cy")
    lotus = await agency.organisation((owner, OrganisationRole.OWNER))
    creator = await agency.creator_of(author)
    sent = {"organisationId": id_of(lotus), "creatorId": id_of(creator), "beginsOn": "2026-11-24"}

    assert await agency.do(author, "signContract", **(sent | wrong)) == codes


async def test_strangers_see_the_creators_and_neither_members_nor_contracts(agency: Agency, clock: FixedClock):
    owner, author = await agency.person("Ada"), await agency.person("Cy")
    lotus = await agency.organisation((owner, OrganisationRole.OWNER))
    creator = await agency.creator_of(author)
    begins = (clock.now() - timedelta(days=400)).date()
    period = Range(begins, None)
    agency.session.add(
        models.Contract(organisation_id=lotus.id, creator_id=creator.id, period=period, share_basis_points=0)
    )
    await agency.session.flush()
    document = """{ organisation(handle: "lotus") {
      creators(first: 5) { nodes { name organisation { handle } } }
      members(first: 5) { nodes { name role } }
      contracts(first: 5) { nodes { creator { name } } } } }"""

    stranger = (await agency.api.data(document))["organisation"]
    inside = (await agency.api.as_(await agency.caller(owner)).data(document))["organisation"]

    assert stranger["creators"]["nodes"] == [{"name": "Cy", "organisation": {"handle": "lotus"}}]
    assert (stranger["members"], stranger["contracts"]) == (None, None)
    assert inside["members"]["nodes"] == [{"name": "Ada", "role": "OWNER"}]
    assert inside["contracts"]["nodes"] == [{"creator": {"name": "Cy"}}]


async def test_a_suspended_organisation_is_hidden_and_its_members_do_not_act(agency: Agency):
    owner = await agency.person("Ada")
    lotus = await agency.organisation((owner, OrganisationRole.OWNER))
    operator = Caller(name="op", account_id=(await agency.person("Op")).id, scopes=frozenset({Scope.OPERATE}))
    sent, document = {"organisationId": id_of(lotus)}, '{ organisation(handle: "lotus") { name } }'

    await agency.do(operator, "suspendOrganisation", **sent, reason="Fraud")
    hidden, acting = await agency.api.data(document), (await agency.caller(owner)).organisation_ids
    await agency.do(operator, "reinstateOrganisation", **sent)

    assert hidden == {"organisation": None}
    assert acting == frozenset()
    assert await agency.api.data(document) == {"organisation": {"name": "Lotus"}}
    assert await agency.do(operator, "suspendOrganisation", **sent, reason=" ") == ["REASON_OUT_OF_RANGE"]
    assert await agency.do(owner, "suspendOrganisation", **sent, reason="x") == ["OPERATORS_ONLY"]
