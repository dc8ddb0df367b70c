"""Accounts and their keys, as whoever holds them and operators tend them."""

from datetime import datetime
from typing import Annotated, Any

import strawberry
from sqlalchemy.ext.asyncio import AsyncSession

import models
from api.graphql import refs
from api.graphql.context import Info
from api.graphql.fields import column, many, page
from api.graphql.ids import identity, uid_of
from api.graphql.inputs import Sent, given, idempotency, needed, ref
from api.graphql.mutations import Secret, answers_with, change, result
from api.graphql.nodes import Node, findable
from api.graphql.paging import Connection
from api.graphql.permissions import OPERATORS, needs
from api.graphql.problems import Refused
from api.graphql.reading import uid_beside
from api.graphql.rows import shows
from core.caller import Caller, Scope
from core.clock import Clock
from services import accounts, identities, keys, names, tokens
from services.channels import reading as channel_reading

MOST_SCOPES = len(Scope)


@shows(models.ApiKey)
@strawberry.type(description="An API key, without its secret: that is shown once, when the key is made.")
class ApiKey:
    row: strawberry.Private[models.ApiKey]

    id: strawberry.ID = identity("ApiKey")
    name: str = column("name", description="What it is for.")
    prefix: str = column("prefix", description="The part of the key that is no secret: `hw_<prefix>.…`.")
    scopes: list[str] = column("scopes", description="What it may be used for, such as content:write.")
    channels: list[refs.ChannelRef] = many(
        channel_reading.by_ids,
        keys="channel_ids",
        most=keys.MOST_CHANNELS,
        description="The private channels whose feeds it opens.",
    )
    created_at: datetime = column("created_at", description="When it was made.")
    expires_at: datetime | None = column("expires_at", description="When it ends; null: it does not.")
    revoked_at: datetime | None = column("revoked_at", description="When it was revoked; null: it was not.")
    last_used_at: datetime | None = column("last_used_at", description="When it was last used, to about a minute.")


@shows(models.Account)
@strawberry.type(description="A login of a person. Seen by itself and by operators.")
class Account(Node):
    row: strawberry.Private[models.Account]

    id: strawberry.ID = identity("Account")
    uid: str = column("uid", convert=str, description="Its UUID, as the header Headwater-On-Behalf-Of takes it.")
    name: str = column("name", description="The name that others see at what it says.")
    created_at: datetime = column("created_at", description="When it was made.")
    is_suspended: bool = column(
        "suspended_at", convert=lambda at: at is not None, description="Whether its keys are refused."
    )
    api_keys: Connection[ApiKey] = page(
        keys.of_accounts,
        key="id",
        description="Its keys, newest first, ended ones too; none without the scope account:write.",
    )
    identities: Connection[refs.IdentityRef] = page(
        identities.of_accounts,
        key="id",
        description="What it acts as, the oldest first; none without the scope account:write.",
    )

    @strawberry.field(
        description="Its e-mail address; null if none is known, and for keys without the scope account:write."
    )
    def email(self, info: Info) -> str | None:
        return self.row.email if info.context.caller.has(Scope.ACCOUNT_WRITE) else None


findable("Account", accounts.by_uids)
answers_with(models.Account, accounts.by_ids)
answers_with(models.ApiKey, keys.by_ids)


@strawberry.input(description="A new account, which acts as nobody yet.")
class CreateAccountInput:
    name: str = needed("The name that others see: one line of 1 to 500 characters.")
    email: str | None = given("Its e-mail address.")
    idempotency_key: str | None = idempotency()


@strawberry.input(description="What to change about an account. What is left out stays.")
class UpdateAccountInput:
    account_id: strawberry.ID = ref("Account", "account", "Which account.")
    name: str | None = given("The name that others see.")
    email: str | None = given("Its e-mail address; null takes it away.")
    idempotency_key: str | None = idempotency()


@strawberry.input(description="A new key.")
class CreateApiKeyInput:
    account_id: strawberry.ID = ref("Account", "account", "Whose key it is.")
    name: str = needed("What it is for: one line of 1 to 500 characters.")
    scopes: list[str] = needed("What it may be used for. Without the key of an operator: what your key may do too.")
    channels: list[str] | None = given("Keys of the private channels whose feeds it opens: at most 200.")
    expires_at: datetime | None = given("When it ends. Without it: never.")
    idempotency_key: str | None = idempotency()


@strawberry.input(description="Which key to replace.")
class RotateApiKeyInput:
    api_key_id: strawberry.ID = ref("ApiKey", "key", "Which key.")
    idempotency_key: str | None = idempotency()


@strawberry.input(description="Which key to end.")
class RevokeApiKeyInput:
    api_key_id: strawberry.ID = ref("ApiKey", "key", "Which key.")
    idempotency_key: str | None = idempotency()


@strawberry.input(description="Which sign-in at an outside issuer acts as an account.")
class LinkLoginInput:
    account_id: strawberry.ID = ref("Account", "account", "Which account.")
    issuer: str = needed("The issuer, as its tokens have it in `iss`.")
    subject: str = needed("Whom it signs in, as its tokens have it in `sub`.")
    idempotency_key: str | None = idempotency()


@strawberry.input(description="Which sign-in acts as an account no more.")
class UnlinkLoginInput:
    account_id: strawberry.ID = ref("Account", "account", "Which account.")
    issuer: str = needed("The issuer.")
    subject: str = needed("Whom it signs in.")
    idempotency_key: str | None = idempotency()


@strawberry.type(description="The account, with the sign-in.")
class LinkLoginPayload:
    account: Account = strawberry.field(description="The account.")


@strawberry.type(description="The account, without the sign-in.")
class UnlinkLoginPayload:
    account: Account = strawberry.field(description="The account.")


@strawberry.type(description="The account that was made.")
class CreateAccountPayload:
    account: Account = strawberry.field(description="The account.")


@strawberry.type(description="The account as it is now.")
class UpdateAccountPayload:
    account: Account = strawberry.field(description="The account.")


@strawberry.type(description="The new key, and its secret.")
class CreateApiKeyPayload:
    api_key: ApiKey = strawberry.field(description="The key.")
    secret: str | None = strawberry.field(
        description="What to send as `Authorization: Bearer …`. Shown this once: null when the request is repeated."
    )


@strawberry.type(description="The new key, and its secret. The old one goes on for a day.")
class RotateApiKeyPayload:
    api_key: ApiKey = strawberry.field(description="The new key.")
    secret: str | None = strawberry.field(
        description="What to send as `Authorization: Bearer …`. Shown this once: null when the request is repeated."
    )


@strawberry.type(description="The key, which ended.")
class RevokeApiKeyPayload:
    api_key: ApiKey = strawberry.field(description="The key.")


CreateAccountResult = Annotated[CreateAccountPayload | Refused, result("CreateAccountResult", "The new account")]
UpdateAccountResult = Annotated[UpdateAccountPayload | Refused, result("UpdateAccountResult", "The changed account")]
CreateApiKeyResult = Annotated[CreateApiKeyPayload | Refused, result("CreateApiKeyResult", "The new key")]
RotateApiKeyResult = Annotated[RotateApiKeyPayload | Refused, result("RotateApiKeyResult", "The new key")]
LinkLoginResult = Annotated[LinkLoginPayload | Refused, result("LinkLoginResult", "The account with the sign-in")]
UnlinkLoginResult = Annotated[
    UnlinkLoginPayload | Refused, result("UnlinkLoginResult", "The account without the sign-in")
]
RevokeApiKeyResult = Annotated[RevokeApiKeyPayload | Refused, result("RevokeApiKeyResult", "The ended key")]


async def _issued(session: AsyncSession, caller: Caller, *given: Any, **named: Any) -> tuple[models.ApiKey, Secret]:
    issued = await keys.create(session, caller, *given, **named)
    return issued.key, Secret(issued.secret)


async def _rotated(session: AsyncSession, caller: Caller, *given: Any, clock: Clock) -> tuple[models.ApiKey, Secret]:
    issued = await keys.rotate(session, caller, *given, clock=clock)
    return issued.key, Secret(issued.secret)


@strawberry.type
class AccountMutation:
    @strawberry.mutation(description="For operators: make an account.", extensions=[OPERATORS])
    async def create_account(
        self,
        info: Info,
        input: Sent[CreateAccountInput],
    ) -> CreateAccountResult:
        email = None if input.email is strawberry.UNSET else input.email
        done = await change(info, input, "account", accounts.create, input.name, email=email, clock=info.context.clock)
        return CreateAccountPayload(**done)

    @strawberry.mutation(
        description="Change the name or address of an account: your own, or as an operator any.",
        extensions=[needs(Scope.ACCOUNT_WRITE)],
    )
    async def update_account(
        self,
        info: Info,
        input: Sent[UpdateAccountInput],
    ) -> UpdateAccountResult:
        uid = uid_of(input.account_id, "Account", "account_id")
        said = {name: value for name in ("name", "email") if (value := getattr(input, name)) is not strawberry.UNSET}
        done = await change(info, input, "account", accounts.update, uid, **said, without_email=input.email is None)
        return UpdateAccountPayload(**done)

    @strawberry.mutation(
        description="For operators: let whom an outside issuer signs in act as an account.", extensions=[OPERATORS]
    )
    async def link_login(
        self,
        info: Info,
        input: Sent[LinkLoginInput],
    ) -> LinkLoginResult:
        login = (input.issuer, input.subject)
        uid = uid_beside(input.account_id, "Account", "account_id", tokens.check_login, *login)
        return LinkLoginPayload(**await change(info, input, "account", tokens.link, uid, *login))

    @strawberry.mutation(
        description="For operators: let a sign-in at an outside issuer act as an account no more.",
        extensions=[OPERATORS],
    )
    async def unlink_login(
        self,
        info: Info,
        input: Sent[UnlinkLoginInput],
    ) -> UnlinkLoginResult:
        uid = uid_of(input.account_id, "Account", "account_id")
        done = await change(info, input, "account", tokens.unlink, uid, input.issuer, input.subject)
        return UnlinkLoginPayload(**done)

    @strawberry.mutation(
        description="Make a key for an account: your own, or as an operator any.",
        extensions=[needs(Scope.ACCOUNT_WRITE)],
    )
    async def create_api_key(
        self,
        info: Info,
        input: Sent[CreateApiKeyInput],
    ) -> CreateApiKeyResult:
        uid = uid_beside(input.account_id, "Account", "account_id", names.checked, input.name, "name")
        about = {"channels": input.channels or (), "expires_at": input.expires_at or None, "clock": info.context.clock}
        shown = ("api_key", "secret")
        done = await change(info, input, shown, _issued, uid, input.name, input.scopes, **about)
        return CreateApiKeyPayload(**done)

    @strawberry.mutation(
        description="Replace a key by a new one that may do the same; both are valid for a day.",
        extensions=[needs(Scope.ACCOUNT_WRITE)],
    )
    async def rotate_api_key(
        self,
        info: Info,
        input: Sent[RotateApiKeyInput],
    ) -> RotateApiKeyResult:
        uid = uid_of(input.api_key_id, "ApiKey", "api_key_id")
        done = await change(info, input, ("api_key", "secret"), _rotated, uid, clock=info.context.clock)
        return RotateApiKeyPayload(**done)

    @strawberry.mutation(
        description="End a key: the next request with it is refused.", extensions=[needs(Scope.ACCOUNT_WRITE)]
    )
    async def revoke_api_key(
        self,
        info: Info,
        input: Sent[RevokeApiKeyInput],
    ) -> RevokeApiKeyResult:
        uid = uid_of(input.api_key_id, "ApiKey", "api_key_id")
        done = await change(info, input, "api_key", keys.revoke, uid, clock=info.context.clock)
        return RevokeApiKeyPayload(**done)
