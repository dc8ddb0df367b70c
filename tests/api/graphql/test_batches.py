"""What several fields of a document ask for together, when one of them fails beside it."""

from __future__ import annotations

import asyncio
import gc
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from api.graphql.context import Context
from core.errors import Invalid
from tests import make
from tests.api.graphql.asking import Asking


async def test_a_field_that_fails_takes_nothing_from_another_that_waits_for_the_same(
    api: Asking, session: AsyncSession
):
    ada = await make.creator(session, name="Ada")

    answer = await api.send(
        """query ($handle: String!) {
          fails: creator(handle: $handle) { organisation { name } contents(first: 0) { totalCount } }
          goes_on: creator(handle: $handle) { name organisation { name } }
        }""",
        handle=ada.handle,
    )

    assert answer["data"] == {"fails": None, "goes_on": {"name": "Ada", "organisation": None}}
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["PAGE_SIZE_OUT_OF_RANGE"]


async def test_what_fails_when_nobody_waits_for_it_any_more_is_no_noise(api: Asking):
    asking = Context(api.db, api.caller, api.clock, api.settings)
    begun, may_fail = asyncio.Event(), asyncio.Event()

    async def failing(_session: Any, _caller: Any, _keys: Any) -> dict[int, Any]:
        begun.set()
        await may_fail.wait()
        raise Invalid("No.")

    loads = [asking.load(failing, 1)]
    loop, noise = asyncio.get_running_loop(), []
    before = loop.get_exception_handler()
    loop.set_exception_handler(lambda _loop, told: noise.append(told["message"]))
    await begun.wait()
    loads.pop().cancel()  # type: ignore[attr-defined]  # a future
    may_fail.set()
    async with api.db.session():  # after that of the load
        del asking
    await asyncio.sleep(0)
    gc.collect()
    loop.set_exception_handler(before)

    assert noise == []
