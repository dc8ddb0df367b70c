"""Asking the schema in tests: over the real endpoint, without a network."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx2
from sqlalchemy import event
from starlette.requests import Request

from api.graphql.context import Context
from api.graphql.execution import Executor
from api.graphql.http import GraphQLEndpoint
from api.graphql.limits import Limits
from api.graphql.schema import schema
from core.caller import ANONYMOUS, Caller
from core.clock import FixedClock
from core.db import Database
from core.settings import Settings
from core.store import Store
from tests.api.graphql import counting

EXECUTORS: dict[tuple[Limits, bool], Executor] = {}


@dataclass
class Asking:
    """The endpoint over a test's database, asked as one caller."""

    db: Database
    clock: FixedClock
    caller: Caller = ANONYMOUS
    settings: Settings = field(
        default_factory=lambda: Settings(
            profile="production",
            public_url="https://content.example",
            data=Path("/nowhere"),
            # no buckets: their statement is none of a query's, and dear queries: a test about either sets them
            graphql_cost=1_000_000,
            anonymous_bucket=0,
            account_bucket=0,
            _env_file=None,
        )
    )

    index: Any = None
    limits: Limits | None = None
    store: Store | None = None

    def as_(self, caller: Caller) -> Asking:
        return replace(self, caller=caller)

    def set(self, **settings: Any) -> Asking:
        return replace(self, settings=self.settings.model_copy(update=settings))

    async def open_context(self, _request: Request, request_id: str) -> Context:
        return Context(self.db, self.caller, self.clock, self.settings, self.index, self.store, request_id)

    def client(self) -> httpx2.AsyncClient:
        limits = self.limits or Limits.of(self.settings)
        # documents are prepared once for all tests, as in a server that runs for long
        suggests = self.settings.profile == "development"
        executor = EXECUTORS.get((limits, suggests))
        if executor is None:
            executor = Executor(schema, limits, largest=1_000_000, characters=10**9, suggests=suggests)
            EXECUTORS[limits, suggests] = executor
        endpoint = GraphQLEndpoint(self.settings, self.open_context, executor)
        return httpx2.AsyncClient(transport=httpx2.ASGITransport(app=endpoint), base_url="http://test")

    async def send(self, query: str, **variables: Any) -> dict[str, Any]:
        """The whole answer, errors and all."""
        async with self.client() as client:
            response = await client.post("/graphql", json={"query": query, "variables": variables})
        answer: dict[str, Any] = response.json()
        counting.check(answer)
        return answer

    async def data(self, query: str, **variables: Any) -> dict[str, Any]:
        """The data of an answer that must not have errors."""
        answer = await self.send(query, **variables)
        assert "errors" not in answer, answer["errors"]
        data: dict[str, Any] = answer["data"]
        return data

    async def codes(self, query: str, **variables: Any) -> list[str]:
        """The codes of an answer's errors."""
        answer = await self.send(query, **variables)
        return [error["extensions"]["code"] for error in answer.get("errors", [])]

    @contextmanager
    def statements(self) -> Iterator[list[str]]:
        """The statements that are sent to the database meanwhile, without those of transactions."""
        seen: list[str] = []
        engine = self.db.connection.engine.sync_engine  # type: ignore[attr-defined]

        def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
            if not statement.startswith(("SAVEPOINT", "RELEASE", "ROLLBACK", "BEGIN", "COMMIT")):
                seen.append(statement)

        event.listen(engine, "before_cursor_execute", note)
        try:
            yield seen
        finally:
            event.remove(engine, "before_cursor_execute", note)
