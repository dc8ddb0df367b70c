"""What several fields of a document ask for together, when one of them fails beside it."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

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
