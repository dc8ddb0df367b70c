"""Making and describing creators; and what operators say of them: certified roles, level and scores."""

from datetime import date
from typing import Annotated, Any

import strawberry

import models
from api.graphql import refs
from api.graphql.context import Info
from api.graphql.ids import uid_of
from api.graphql.inputs import Sent, given, idempotency, needed, ref
from api.graphql.mutations import change, result
from api.graphql.permissions import OPERATORS, needs
from api.graphql.problems import Refused
from api.graphql.reading import Reading
from api.graphql.reasons import subject
from core.caller import Scope
from core.errors import together
from services import profiles

_CREATOR = "Which creator."


@strawberry.input(description="A new creator, as whom nobody acts yet.")
class CreateCreatorInput:
    handle: str = needed("Its unique short name: up to 64 small letters, digits, dots, dashes and underscores.")
    name: str = needed("What readers call them: one line of 1 to 500 characters.")
    kind: models.CreatorKind = needed("What kind of author this is.")
    language: str = needed("The language of name and bio, such as zh or en (BCP 47).")
    bio: str = strawberry.field(default="", description="What they say of themselves: at most 10,000 characters.")
    idempotency_key: str | None = idempotency()


@strawberry.input(description="What to change about a creator. What is left out stays.")
class UpdateCreatorInput:
    creator_id: strawberry.ID = ref("Creator", "creator", _CREATOR)
    name: str | None = given("What readers call them: one line of 1 to 500 characters.")
    bio: str | None = given("What they say of themselves: at most 10,000 characters.")
    language: str | None = given("The language of name and bio (BCP 47).")
    avatar_id: strawberry.ID | None = ref(
        "Asset", "avatar", "Their picture: one of their own, or anybody's. Null takes it away.", optional=True
    )
    fields: list[str] | None = given("The codes of the subjects they choose, all of them: at most 20.")
    idempotency_key: str | None = idempotency()


@strawberry.input(description="Who has which calling.")
class CertifyCreatorInput:
    creator_id: strawberry.ID = ref("Creator", "creator", _CREATOR)
    role: str = needed("The code of the role, such as nutritionist.")
    certified_on: date | None = given("Since when, today (UTC) or earlier. Without it: since today.")
    idempotency_key: str | None = idempotency()


@strawberry.input(description="Which role to take away, and why.")
class RevokeCertificationInput:
    creator_id: strawberry.ID = ref("Creator", "creator", _CREATOR)
    role: str = needed("The code of the role.")
    reason: str = needed("Why: 1 to 1,000 characters.")
    idempotency_key: str | None = idempotency()


@strawberry.input(description="What is known of a creator. What is left out stays; a score of null is unknown.")
class DeclareCreatorFactsInput:
    creator_id: strawberry.ID = ref("Creator", "creator", _CREATOR)
    level: int | None = given("The level, from 0 to 6.")
    is_seller: bool | None = given("Whether they sell goods themselves.")
    quality_score: int | None = given("How good their contents are, from 0 to 1,000.")
    health_score: int | None = given("How well they keep the rules, from 0 to 1,000.")
    index_score: int | None = given("Their overall standing, from 0 to 1,000.")
    fan_value: int | None = given("What their followers are worth to channels, from 0 to 1,000.")
    idempotency_key: str | None = idempotency()


@strawberry.type(description="The new creator.")
class CreateCreatorPayload:
    creator: refs.CreatorRef = strawberry.field(description="The creator.")


@strawberry.type(description="The creator as it is now.")
class UpdateCreatorPayload:
    creator: refs.CreatorRef = strawberry.field(description="The creator.")


@strawberry.type(description="The creator with the role.")
class CertifyCreatorPayload:
    creator: refs.CreatorRef = strawberry.field(description="The creator.")


@strawberry.type(description="The creator without the role.")
class RevokeCertificationPayload:
    creator: refs.CreatorRef = strawberry.field(description="The creator.")


@strawberry.type(description="The creator with what was declared.")
class DeclareCreatorFactsPayload:
    creator: refs.CreatorRef = strawberry.field(description="The creator.")


CreateCreatorResult = Annotated[CreateCreatorPayload | Refused, result("CreateCreatorResult", "The new creator")]
UpdateCreatorResult = Annotated[UpdateCreatorPayload | Refused, result("UpdateCreatorResult", "The changed creator")]
CertifyCreatorResult = Annotated[
    CertifyCreatorPayload | Refused, result("CertifyCreatorResult", "The certified creator")
]
RevokeCertificationResult = Annotated[
    RevokeCertificationPayload | Refused, result("RevokeCertificationResult", "The creator without the role")
]
DeclareCreatorFactsResult = Annotated[
    DeclareCreatorFactsPayload | Refused, result("DeclareCreatorFactsResult", "The creator with the facts")
]


def present(sent: Any, *names: str, nullable: tuple[str, ...] = ()) -> dict[str, Any]:
    """Those of the parts that were sent; null counts as left out where nothing can be null."""
    told = {name: getattr(sent, name) for name in (*names, *nullable)}
    return {
        name: value
        for name, value in told.items()
        if value is not strawberry.UNSET and (value is not None or name in nullable)
    }


@strawberry.type
class CreatorMutation:
    @strawberry.mutation(description="For operators: make a creator.", extensions=[OPERATORS])
    async def create_creator(
        self,
        info: Info,
        input: Sent[CreateCreatorInput],
    ) -> CreateCreatorResult:
        about = {"language": input.language, "bio": input.bio, "clock": info.context.clock}
        who = (input.handle, input.name, input.kind)
        return CreateCreatorPayload(**await change(info, input, "creator", profiles.create, *who, **about))

    @strawberry.mutation(
        description="Change what a creator says of itself: your own, one under contract, or as an operator any.",
        extensions=[needs(Scope.CREATOR_WRITE)],
    )
    async def update_creator(
        self,
        info: Info,
        input: Sent[UpdateCreatorInput],
    ) -> UpdateCreatorResult:
        reading = Reading()
        uid = reading.take(uid_of, input.creator_id, "Creator", "creator_id")
        about = present(input, "name", "bio", "language", "fields")
        if input.avatar_id is None:
            about["avatar"] = None
        elif input.avatar_id is not strawberry.UNSET:
            about["avatar"] = reading.take(uid_of, input.avatar_id, "Asset", "avatar_id")
        if uid is None or reading.errors:
            raise together(reading.errors)
        return UpdateCreatorPayload(**await change(info, input, "creator", profiles.update, uid, **about))

    @strawberry.mutation(
        description="For operators: certify that a creator has a calling; channels may ask for it.",
        extensions=[OPERATORS],
    )
    async def certify_creator(
        self,
        info: Info,
        input: Sent[CertifyCreatorInput],
    ) -> CertifyCreatorResult:
        uid = uid_of(input.creator_id, "Creator", "creator_id")
        about = {"on": input.certified_on or None, "clock": info.context.clock}
        done = await change(info, input, "creator", profiles.certify, uid, input.role, **about)
        return CertifyCreatorPayload(**done)

    @strawberry.mutation(description="For operators: take a certified role away.", extensions=[OPERATORS])
    async def revoke_certification(
        self,
        info: Info,
        input: Sent[RevokeCertificationInput],
    ) -> RevokeCertificationResult:
        uid, why = subject(input.creator_id, "Creator", input.reason)
        done = await change(info, input, "creator", profiles.revoke, uid, input.role, reason=why)
        return RevokeCertificationPayload(**done)

    @strawberry.mutation(
        description="For operators: say what level and scores a creator has; it then counts as declared, not measured.",
        extensions=[OPERATORS],
    )
    async def declare_creator_facts(
        self,
        info: Info,
        input: Sent[DeclareCreatorFactsInput],
    ) -> DeclareCreatorFactsResult:
        uid = uid_of(input.creator_id, "Creator", "creator_id")
        facts = present(input, "level", "is_seller", nullable=profiles.SCORES)
        return DeclareCreatorFactsPayload(**await change(info, input, "creator", profiles.declare, uid, facts))
