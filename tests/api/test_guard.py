"""What stands around every request: ids, hosts, problems that tell no secrets, time limits."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import pytest
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from core.clock import FixedClock
from core.db import Database
from services import feeds
from tests.api.door import Door, opened


async def test_an_answer_carries_the_id_of_its_request(door: Door):
    given = await door.client.get("/feeds", headers={"X-Request-Id": "order-66.a_b"})

    assert given.headers["x-request-id"] == "order-66.a_b"


@pytest.mark.parametrize("wish", ["", "short", "x" * 65, "with space", "semi;colon", "<script>", "line\tbreak"])
async def test_a_request_id_that_is_none_is_replaced(door: Door, wish: str):
    answer = await door.client.get("/feeds", headers={"X-Request-Id": wish})

    assert re.fullmatch("[0-9a-f]{32}", answer.headers["x-request-id"])


async def test_every_problem_has_the_same_form(door: Door):
    answer = await door.client.get("/nowhere", headers={"X-Request-Id": "order-66"})

    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.json() == {
        "type": "about:blank",
        "title": "No such page",
        "status": 404,
        "code": "NO_SUCH_PAGE",
        "detail": "There is nothing at this address: see /feeds and /graphql.",
        "request_id": "order-66",
    }


@pytest.mark.parametrize("path", ["/", "/feeds/", "//feeds", "/contents/", "/healthz/", "/feeds/x"])
async def test_nothing_redirects(door: Door, path: str):
    answer = await door.client.get(path)

    assert (answer.status_code, answer.json()["code"]) == (404, "NO_SUCH_PAGE")


async def test_links_never_follow_the_host_header(door: Door):
    answer = await door.client.get("/feeds", headers={"Host": "evil.example", "X-Forwarded-Host": "evil.example"})

    assert answer.status_code == 200
    assert "evil" not in answer.text


@pytest.mark.parametrize(
    "host", ["content.example", "CONTENT.example", "content.example:8000", "[::1]", "[::1]:8000", "127.0.0.1:1"]
)
async def test_a_host_of_the_list_is_answered(db: Database, clock: FixedClock, host: str):
    async with opened(db, clock, allowed_hosts="content.example, [::1],127.0.0.1") as door:
        assert (await door.client.get("/feeds", headers={"Host": host})).status_code == 200


@pytest.mark.parametrize(
    "host",
    ["", "evil.example", "content.example.evil", "evil.content.example", "content.example:80:80", "[::2]", ":80"],
)
async def test_another_host_is_421_with_a_code(db: Database, clock: FixedClock, host: str):
    async with opened(db, clock, allowed_hosts="content.example,[::1]") as door:
        answer = await door.client.get("/feeds", headers={"Host": host})

    assert (answer.status_code, answer.json()["code"]) == (421, "UNKNOWN_HOST")


async def test_bad_credentials_are_401_and_never_somebody(door: Door):
    answer = await door.client.get("/feeds", headers={"Authorization": "Bearer nonsense"})

    assert (answer.status_code, answer.json()["code"]) == (401, "MALFORMED_CREDENTIALS")
    assert answer.headers["www-authenticate"] == "Bearer"
    assert "nonsense" not in answer.text


class Told(Exception):  # noqa: N818  (what PostgreSQL would have said)
    def __init__(self, sqlstate: str) -> None:
        super().__init__("password=hunter2")
        self.sqlstate = sqlstate


def failing(door: Door, monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    async def fail(*_args: Any, **_options: Any) -> None:
        raise error

    monkeypatch.setattr(feeds, "directory", fail)


@pytest.mark.parametrize(
    "error",
    [
        ConnectionRefusedError("password=hunter2"),
        FileNotFoundError("/run/postgresql/password=hunter2"),
        PoolTimeout("password=hunter2"),
        *(DBAPIError("SELECT 1", {}, Told(state)) for state in ("08006", "53300", "57P01", "57014", "55P03", "40P01")),
        DBAPIError("SELECT 1", {}, Told(""), connection_invalidated=True),
    ],
)
async def test_a_database_that_is_away_is_503_with_a_code(
    door: Door, monkeypatch: pytest.MonkeyPatch, error: Exception
):
    failing(door, monkeypatch, error)

    answer = await door.client.get("/feeds")

    assert (answer.status_code, answer.json()["code"]) == (503, "DATABASE_AWAY")
    assert answer.headers["retry-after"] == "2"
    assert "hunter2" not in answer.text


@pytest.mark.parametrize(
    "error",
    [RuntimeError("hunter2"), KeyError("hunter2"), *(DBAPIError("SELECT 1", {}, Told(s)) for s in ("22021", "42703"))],
)
async def test_an_accident_tells_nothing_of_our_insides(door: Door, monkeypatch: pytest.MonkeyPatch, error: Exception):
    failing(door, monkeypatch, error)

    answer = await door.client.get("/feeds")

    assert (answer.status_code, answer.json()["code"]) == (500, "INTERNAL")
    assert "hunter2" not in answer.text
    assert "SELECT" not in answer.text


async def test_a_request_that_takes_too_long_is_503(db: Database, clock: FixedClock, monkeypatch: pytest.MonkeyPatch):
    async def never(*_args: Any) -> None:
        await asyncio.Event().wait()

    async with opened(db, clock, request_timeout_ms=100) as door:
        monkeypatch.setattr(feeds, "directory", never)
        answer = await door.client.get("/feeds")

    assert (answer.status_code, answer.json()["code"]) == (503, "TOO_SLOW")


async def test_large_answers_are_compressed_for_who_can_read_it(door: Door, monkeypatch: pytest.MonkeyPatch):
    small = await door.client.get("/feeds", headers={"Accept-Encoding": "gzip"})

    assert "content-encoding" not in small.headers
