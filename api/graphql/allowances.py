"""What a caller may still spend, as the API tells it: the RateLimit headers, and the query `rateLimit`.

The headers are those of draft-ietf-httpapi-ratelimit-headers-11. Their unit is the cost of answers, which is none of the
units that the draft registers.
"""

from datetime import datetime

import strawberry

from api.graphql.caching import cached
from api.graphql.context import Info
from api.graphql.fields import column
from services.rates import Allowance, Spent

UNIT = "cost"


def headers(allowance: Allowance | None) -> dict[str, str]:
    """The headers of an answer; none where nothing is counted."""
    return {} if allowance is None else _headers(allowance, allowance.reset_seconds)


def refusal(error: Spent) -> dict[str, str]:
    """Those of a refusal: in so many seconds what was asked for is there."""
    return _headers(error.allowance, error.retry_after) | {"retry-after": str(error.retry_after)}


def _headers(allowance: Allowance, seconds: int) -> dict[str, str]:
    policy = allowance.policy
    return {
        "ratelimit-policy": f'"{policy.name}";q={policy.limit};qu="{UNIT}";w={policy.window}',
        "ratelimit": f'"{policy.name}";r={allowance.remaining};t={max(0, seconds)}',
    }


@strawberry.type(
    description="What who asks may spend. The same stands in the headers `RateLimit-Policy` and `RateLimit`."
)
class RateLimit:
    row: strawberry.Private[Allowance]
    spent: strawberry.Private[int]

    limit: int = column("policy.limit", description="The most that can be spent at once, in costs of answers.")
    remaining: int = column("remaining", description="What is left after this request.")
    reset_at: datetime = column("reset_at", description="When everything is back, if nothing more is spent until then.")

    @strawberry.field(description="What this request costs.")
    def cost(self) -> int:
        return self.spent


@strawberry.type
class RateLimitQuery:
    @strawberry.field(
        description="What you may still spend: everybody has a bucket, from which each answer takes its cost, and which fills"
        " again steadily. All keys of an account share one, and all strangers behind one address. Null where nothing is counted.",
        metadata=cached(max_age=0, private=True),
    )
    def rate_limit(self, info: Info) -> RateLimit | None:
        allowance = info.context.allowance
        return None if allowance is None else RateLimit(row=allowance, spent=info.context.cost)
