"""What a caller may spend, over the real endpoint: headers, the query, and refusals that take nothing."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import httpx2
import pytest
from starlette.requests import HTTPConnection

from api.graphql.context import Context
from api.graphql.execution import Executor
from api.graphql.http import GraphQLEndpoint
from api.graphql.limits import Limits
from api.graphql.schema import schema
from core.caller import Caller
from core.clock import FixedClock
from core.errors import Misconfigured
from core.settings import read_settings
from services.rates import Rates
from tests.api.graphql.asking import Asking
from tests.conftest import RolledBackDatabase

PAGE = "{ contents(first: %d) { nodes { id } } }"
# what they cost: all of a small bucket, and 950
WHOLE = "{ contents(first: 37) { nodes { covers(first: 20) { id } tags(first: 6) { id } } } }"
MOST = "{ contents(first: 73) { nodes { covers(first: 12) { id } } } }"
LIMITS = Limits(cost=1_000)
EXECUTOR = Executor(schema, LIMITS)


@dataclass
class Buckets:
    """The endpoint with small buckets, of a process that has taken nothing yet and knows these documents."""

    asking: Asking
    address: str = "203.0.113.9"

    async def open_context(self, request: HTTPConnection, request_id: str) -> Context:
        context = await self.asking.open_context(request, request_id)  # type: ignore[arg-type]  # it looks at no request
        context.address = self.address
        return context

    async def ask(self, document: str, **extra: Any) -> httpx2.Response:
        endpoint = GraphQLEndpoint(self.asking.settings, self.open_context, EXECUTOR)
        async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=endpoint), base_url="http://test") as client:
            if extra.pop("get", False):
                return await client.get("/graphql", params={"query": document}, **extra)
            return await client.post("/graphql", json={"query": document}, **extra)


@pytest.fixture
def buckets(api: Asking) -> Buckets:
    EXECUTOR.rates = Rates()
    for known in (PAGE % 9, PAGE % 99, WHOLE, MOST):
        EXECUTOR.prepare(known)
    small = {"anonymous_bucket": 1_000, "anonymous_refill": 600, "account_bucket": 5_000, "account_refill": 60_000}
    return Buckets(replace(api, settings=api.settings.model_copy(update=small | {"graphql_cost": 1_000})))


async def test_every_answer_tells_what_is_left_in_headers_alone(buckets: Buckets) -> None:
    first = await buckets.ask(PAGE % 99)
    second = await buckets.ask(PAGE % 99)

    assert first.headers["ratelimit-policy"] == '"anonymous";q=1000;qu="cost";w=100'
    assert first.headers["ratelimit"] == '"anonymous";r=900;t=10'
    assert second.headers["ratelimit"] == '"anonymous";r=800;t=20'
    # the bytes stay the same, so that caches may compare them
    assert first.content == second.content


async def test_a_spent_bucket_answers_429_in_either_form_and_takes_nothing(buckets: Buckets, clock: FixedClock) -> None:
    await buckets.ask(WHOLE)

    for accepted in ("application/json", "application/graphql-response+json"):
        refused = await buckets.ask(PAGE % 99, headers={"accept": accepted})
        assert refused.status_code == 429
        assert refused.headers["retry-after"] == "10"
        assert refused.headers["ratelimit"] == '"anonymous";r=0;t=10'
        assert refused.headers["content-type"].startswith(accepted)
        assert refused.headers["cache-control"] == "no-store"
        answer = refused.json()
        assert [error["extensions"]["code"] for error in answer["errors"]] == ["RATE_LIMITED"]
        assert answer["extensions"] == {"cost": {"requested": 100, "limit": 1_000}}
        assert "data" not in answer

    clock.move(timedelta(seconds=10))
    assert (await buckets.ask(PAGE % 99)).status_code == 200
    assert (await buckets.ask(PAGE % 9)).status_code == 429


async def test_what_is_refused_for_its_cost_takes_nothing(buckets: Buckets) -> None:
    dear = "{ contents(first: 100) { nodes { body { html } } } }"
    EXECUTOR.prepare(dear)

    refused = await buckets.ask(dear)

    assert refused.json()["errors"][0]["extensions"]["code"] == "COST_TOO_HIGH"
    assert (await buckets.ask(WHOLE)).status_code == 200


async def test_a_document_that_has_to_be_read_first_counts_at_least_ten(buckets: Buckets) -> None:
    fresh = (f"{{ nonsense{number} }}" for number in itertools.count())

    refused = await buckets.ask(next(fresh))
    assert refused.headers["ratelimit"] == '"anonymous";r=990;t=1'
    dear = await buckets.ask("{ a: contents(first: 19) { nodes { id } } }")
    assert dear.headers["ratelimit"] == '"anonymous";r=970;t=3'
    await buckets.ask(MOST)
    for _ in range(2):
        await buckets.ask(next(fresh))

    assert (await buckets.ask(next(fresh))).json()["errors"][0]["extensions"]["code"] == "RATE_LIMITED"


async def test_the_bucket_can_be_asked_for_and_is_nobody_elses(buckets: Buckets, clock: FixedClock) -> None:
    document = "{ rateLimit { limit remaining cost resetAt } }"
    EXECUTOR.prepare(document)
    await buckets.ask(PAGE % 99)

    found = await buckets.ask(document, get=True)

    assert found.json()["data"] == {
        "rateLimit": {
            "limit": 1_000, "remaining": 899, "cost": 1, "resetAt": (clock.now() + timedelta(seconds=11)).isoformat(),
        }
    }  # fmt: skip
    assert "private" in found.headers["cache-control"]
    shown = await buckets.ask(PAGE % 9, get=True)
    assert "private" not in shown.headers["cache-control"]


async def test_accounts_and_addresses_have_buckets_of_their_own(buckets: Buckets) -> None:
    await buckets.ask(WHOLE)
    other = replace(buckets, address="203.0.113.10")
    account = replace(buckets, asking=buckets.asking.as_(Caller(name="one", account_id=1)))

    assert (await other.ask(PAGE % 9)).headers["ratelimit"] == '"anonymous";r=990;t=1'
    assert (await account.ask(PAGE % 9)).headers["ratelimit"] == '"account";r=4990;t=1'


async def test_where_nothing_is_counted_nothing_is_told_and_no_statement_is_made(api: Asking) -> None:
    async with api.client() as client:
        with api.statements() as seen:
            response = await client.post("/graphql", json={"query": "{ rateLimit { limit } __typename }"})

    assert response.json()["data"] == {"rateLimit": None, "__typename": "Query"}
    assert [name for name in response.headers if name.startswith("ratelimit")] == []
    assert seen == []


async def test_a_bucket_costs_one_statement_now_and_then(buckets: Buckets, db: RolledBackDatabase) -> None:
    document = "{ __typename }"
    EXECUTOR.prepare(document)

    with buckets.asking.statements() as seen:
        for _ in range(20):
            await buckets.ask(document)

    # a fiftieth of the bucket is twenty
    assert len(seen) == 1
    assert seen[0].startswith("INSERT INTO rate_buckets")
    assert db is buckets.asking.db


def test_a_bucket_too_small_for_an_answer_is_told_at_the_start() -> None:
    with pytest.raises(Misconfigured) as wrong:
        read_settings(anonymous_bucket=9_999, _env_file=None)
    assert str(wrong.value).startswith("HEADWATER_ANONYMOUS_BUCKET: a bucket holds at least one answer of 10000")
    with pytest.raises(Misconfigured) as proxies:
        read_settings(trusted_proxies="10.0.0.0/8, everybody", _env_file=None)
    assert str(proxies.value).startswith("HEADWATER_TRUSTED_PROXIES")
    assert read_settings(anonymous_bucket=0, account_bucket=10_000, trusted_proxies="::1", _env_file=None)
