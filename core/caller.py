"""Who is asking: built once from the credentials, handed to every service function."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class Scope(StrEnum):
    """What a key may be used for. A key without a scope does what an anonymous caller may do."""

    CONTENT_WRITE = "content:write"
    CONTENT_PUBLISH = "content:publish"
    CREATOR_WRITE = "creator:write"
    ENGAGEMENT_WRITE = "engagement:write"
    PRODUCT_WRITE = "product:write"
    ORGANISATION_WRITE = "organisation:write"
    ACCOUNT_WRITE = "account:write"
    DOCUMENT_WRITE = "document:write"
    FEED_READ = "feed:read"
    DELIVERY_WRITE = "delivery:write"
    AUDIT_WRITE = "audit:write"
    OPERATE = "operate"


@dataclass(frozen=True, slots=True)
class Caller:
    """The account and identities behind a request, and what its credentials allow.

    `creator_ids` are the creators this caller may act as: its own and those that a current contract lets its
    organisations act for. `name` is for logs and the audit record.
    """

    name: str = "anonymous"
    account_id: int | None = None
    key_id: int | None = None
    creator_ids: frozenset[int] = frozenset()
    # those of them that it acts for under a contract of an organisation, not as itself
    contracted_ids: frozenset[int] = frozenset()
    organisation_ids: frozenset[int] = frozenset()
    shop_ids: frozenset[int] = frozenset()
    channel_ids: frozenset[int] = frozenset()
    scopes: frozenset[str] = field(default_factory=frozenset)
    is_system: bool = False
    # the operator who acts in this caller's place; both stand in the audit record
    acted_by: Caller | None = None

    @property
    def is_operator(self) -> bool:
        return self.is_system or Scope.OPERATE in self.scopes

    @property
    def is_anonymous(self) -> bool:
        return not self.is_system and self.account_id is None

    def has(self, scope: Scope) -> bool:
        return self.is_operator or scope in self.scopes


ANONYMOUS = Caller()
SYSTEM = Caller(name="system", is_system=True)
