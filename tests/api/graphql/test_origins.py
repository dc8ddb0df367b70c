"""Pages of other origins: who may ask from a browser, and what the browser is told."""

from __future__ import annotations

import httpx2
import pytest

from api.graphql.origins import Origins
from core.settings import Settings
from tests.api.graphql.asking import Asking

SHOP = "https://shop.example"
ASK = {"query": "{ __typename }"}


def origins(allowed: str = "", profile: str = "production") -> Origins:
    return Origins.of(
        Settings(profile=profile, allowed_origins=allowed, public_url="https://content.example", _env_file=None)
    )


@pytest.mark.parametrize(
    ("origin", "allowed", "profile", "is_admitted"),
    [
        (None, "", "production", True),
        (SHOP, "", "production", False),
        (SHOP, "https://shop.example/, https://app.example", "production", True),
        ("HTTPS://SHOP.example", SHOP, "production", True),
        ("http://shop.example", SHOP, "production", False),
        ("https://shop.example.evil.example", SHOP, "production", False),
        ("https://shop.example:8443", SHOP, "production", False),
        (SHOP, "*", "production", True),
        ("null", "", "production", False),
        ("null", SHOP, "production", False),
        ("https://content.example", "", "production", True),
        ("http://inside:8000", "", "production", True),
        ("ftp://inside:8000", "", "production", False),
        ("http://inside", "", "production", False),
        ("http://localhost:3000", "", "production", False),
        ("http://localhost:3000", "", "development", True),
        ("http://127.0.0.1:5173", "", "development", True),
        ("http://[::1]:5173", "", "development", True),
        ("http://localhost.evil.example", "", "development", False),
        ("http://[", "", "development", False),
    ],
)
def test_pages_ask_from_where_they_may(origin: str | None, allowed: str, profile: str, is_admitted: bool) -> None:
    assert origins(allowed, profile).admits(origin, "inside:8000") is is_admitted


async def asked(api: Asking, method: str, **headers: str) -> httpx2.Response:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    async with api.client() as client:
        if method == "GET":
            return await client.get("/graphql", params=ASK, headers=sent)
        return await client.request(method, "/graphql", json=ASK if method == "POST" else None, headers=sent)


async def test_a_named_page_may_ask_read_and_send_keys(api: Asking) -> None:
    named = api.set(allowed_origins=SHOP)

    preflight = await asked(
        named,
        "OPTIONS",
        origin=SHOP,
        access_control_request_method="POST",
        access_control_request_headers="authorization,content-type,x-app",
    )
    posted, got = await asked(named, "POST", origin=SHOP), await asked(named, "GET", origin=SHOP)

    assert preflight.status_code == 204
    assert preflight.headers["access-control-allow-origin"] == SHOP
    assert preflight.headers["access-control-allow-methods"] == "GET, POST"
    assert preflight.headers["access-control-allow-headers"] == "authorization,content-type,x-app"
    for response in (posted, got):
        assert response.status_code == 200
        assert response.headers["access-control-allow-origin"] == SHOP
        assert "RateLimit" in response.headers["access-control-expose-headers"]
        assert "Origin" in response.headers["vary"]
        assert "access-control-allow-credentials" not in response.headers


@pytest.mark.parametrize("method", ["POST", "OPTIONS"])
async def test_a_page_that_nobody_named_may_change_nothing(api: Asking, method: str) -> None:
    for allowed in ("", SHOP):
        response = await asked(
            api.set(allowed_origins=allowed),
            method,
            origin="https://evil.example",
            access_control_request_method="POST",
        )

        assert response.status_code == 403
        assert response.json()["errors"][0]["extensions"]["code"] == "FOREIGN_ORIGIN"
        assert "access-control-allow-origin" not in response.headers


async def test_a_page_that_nobody_named_cannot_read_what_it_makes_a_browser_get(api: Asking) -> None:
    response = await asked(api, "GET", origin="https://evil.example")

    assert response.status_code == 200
    assert "access-control-allow-origin" not in response.headers


async def test_an_open_installation_answers_every_page_alike(api: Asking) -> None:
    response = await asked(api.set(allowed_origins="*"), "GET")
    for_a_page = await asked(api.set(allowed_origins="*"), "POST", origin=SHOP)

    assert response.headers["access-control-allow-origin"] == "*"
    assert for_a_page.headers["access-control-allow-origin"] == "*"
    assert "Origin" not in response.headers["vary"]
