"""Accounts: who is asking, and as whom they may act."""

import strawberry

from api.graphql import refs
from api.graphql.asset_uploads import UploadingViewer
from api.graphql.caching import cached
from api.graphql.context import Info
from api.graphql.engagement import EngagedViewer
from api.graphql.fields import page
from api.graphql.following import FollowingViewer
from api.graphql.paging import Connection
from api.graphql.rows import shape
from core.caller import Caller
from services import accounts, creators


@strawberry.type(description="Whoever is asking, by the key that was sent.")
class Viewer(FollowingViewer, EngagedViewer, UploadingViewer):
    caller: strawberry.Private[Caller]

    @strawberry.field(description="The name of the key or token, as logs and the record of changes have it.")
    def name(self) -> str:
        return self.caller.name

    @strawberry.field(description="The account behind the key or token; null for one that is no longer there.")
    async def account(self, info: Info) -> refs.AccountRef | None:
        found = await info.context.load(accounts.by_ids, self.caller.account_id)
        return shape(found)  # type: ignore[no-any-return]  # an Account by registration

    @strawberry.field(
        description="The operator who acts for this account, by the name of their key; null: nobody does."
    )
    def acted_by(self) -> str | None:
        return None if self.caller.acted_by is None else self.caller.acted_by.name

    @strawberry.field(description="What the key may be used for, such as content:write.")
    def scopes(self) -> list[str]:
        return sorted(str(scope) for scope in self.caller.scopes)

    @strawberry.field(description="Whether this is an operator of the installation.")
    def is_operator(self) -> bool:
        return self.caller.is_operator

    creators: Connection[refs.CreatorRef] = page(
        creators.acted_as,
        key=None,
        description="The creators this account may act as, its own and those under contract, by handle.",
    )


@strawberry.type
class AccountQuery:
    @strawberry.field(description="Who is asking; null without a key.", metadata=cached(max_age=0, private=True))
    def viewer(self, info: Info) -> Viewer | None:
        caller = info.context.caller
        return None if caller.is_anonymous else Viewer(caller=caller)
