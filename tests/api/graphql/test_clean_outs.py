"""Clean-outs over GraphQL: rehearsed and begun by operators, told to those who are sent away, and rights given by hand."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.caller import Scope
from core.ids import global_id, new_uid
from services import outbox
from services.distribution import Distributor
from tests import make
from tests.api.graphql.asking import Asking
from tests.api.graphql.doing import do, id_of, operator
from tests.scripts.test_commands import PACK

STRICT = """
[clean_out]
floors = [{ days = 30, min = 2 }]
causes = [{ code = "copied", text = { en = "Copied.", zh = "抄袭。" } }]
wait_months = 3
"""
SHOWS = """cleanOut { id period isRehearsal finishedAt seenCount warnedCount outCount channel { key } pack { digest }
  verdicts(first: 5) { nodes { isOut creator { handle } findings { code actual message(language: "en") } } } }"""
SEEN = """query ($id: ID!) { channelAccess(creatorId: $id, channels: ["demo.articles"]) { channels {
  state gates { code actual } cleanOut { isOut period findings { code } } } } }"""


async def idle(asking: Asking, session: AsyncSession, text: str = PACK + STRICT) -> models.Creator:
    """A channel in force, and a creator who came there 60 days ago and had one content accepted."""
    await do(asking, "installPack", "channel { key }", toml=text)
    creator = await make.creator(session)
    content = await make.content(session, creator)
    await outbox.mark(session, models.DirtyKind.CONTENT, [content.id])
    await session.flush()
    await Distributor(asking.db, clock=asking.clock, base_url="https://content.example").drain()
    await session.execute(update(models.Submission).values(created_at=asking.clock.now() - timedelta(days=60)))
    return creator


async def test_a_clean_out_is_rehearsed_then_counts_and_is_told_to_whom_it_sent_away(
    api: Asking, session: AsyncSession
):
    asking = api.as_(await operator(session))
    ada = await idle(asking, session, PACK.replace('"private"', '"platform"') + STRICT)
    author = api.as_(await make.author(session, ada, Scope.CONTENT_WRITE))

    rehearsed = await do(asking, "cleanOutChannel", SHOWS, channel="demo.articles", dryRun=True)
    before = await author.data(SEEN, id=id_of(ada))
    done = await do(asking, "cleanOutChannel", SHOWS, channel="demo.articles", dryRun=False, idempotencyKey="k")
    again = await do(asking, "cleanOutChannel", SHOWS, channel="demo.articles", dryRun=False)
    after = await author.data(SEEN, id=id_of(ada))
    listed = (await asking.data("{ cleanOuts(first: 5) { totalCount nodes { id isRehearsal } } }"))["cleanOuts"]

    assert done == again
    assert [one["id"] for one in listed["nodes"]] == [done["id"], rehearsed["id"]]
    assert {**done, "id": None, "isRehearsal": True} == {**rehearsed, "id": None}
    assert (done["period"], done["seenCount"], done["outCount"], done["warnedCount"]) == ("2026-11", 1, 1, 0)
    (verdict,) = done["verdicts"]["nodes"]
    said = "1 accepted in the last 30 days; asked for: at least 2."
    assert verdict == {
        "isOut": True,
        "creator": {"handle": ada.handle},
        "findings": [{"code": "clean_out.accepted", "actual": "1", "message": said}],
    }
    (one,) = before["channelAccess"]["channels"]
    assert one == {"state": "OPEN", "gates": [], "cleanOut": None}
    (one,) = after["channelAccess"]["channels"]
    assert one == {
        "state": "CLOSED",
        "gates": [{"code": "creator.cleaned_out", "actual": '{"until":"2027-02-24"}'}],
        "cleanOut": {"isOut": True, "period": "2026-11", "findings": [{"code": "clean_out.accepted"}]},
    }


async def test_rights_are_ended_and_given_by_hand(api: Asking, session: AsyncSession):
    asking = api.as_(await operator(session))
    ada = await idle(asking, session, PACK + STRICT + "[gates]\ninvited = {}\n")
    of = {"channel": "demo.articles", "creatorId": id_of(ada)}

    async def state() -> str:
        seen = await asking.data(SEEN, id=id_of(ada))
        return str(seen["channelAccess"]["channels"][0]["state"])

    states = [await state()]
    for mutation, more in (
        ("admitToChannel", {}),
        ("admitToChannel", {}),
        ("removeFromChannel", {"cause": "copied", "reason": "Twice."}),
        ("admitToChannel", {"early": True}),
    ):
        assert await do(asking, mutation, "creator { handle }", **of, **more) == {"handle": ada.handle}
        states.append(await state())
    await do(asking, "removeFromChannel", "creator { handle }", **of, reason="Again.")

    assert states == ["CLOSED", "OPEN", "OPEN", "CLOSED", "OPEN"]
    assert await do(asking, "admitToChannel", "creator { handle }", **of) == [("RIGHT_IS_ENDED", "creatorId")]
    told = await do(asking, "removeFromChannel", "creator { handle }", **of, reason="Again.")
    assert told == [("NOT_IN_THE_CHANNEL", "creatorId")]


async def test_everything_wrong_is_told_at_its_place(api: Asking, session: AsyncSession):
    asking = api.as_(await operator(session))
    ada = await idle(asking, session, PACK)
    author = api.as_(await make.author(session, ada, Scope.CONTENT_WRITE))
    nobody = global_id("Creator", new_uid())

    told = [
        await do(asking, "cleanOutChannel", SHOWS, channel="demo.articles", dryRun=True),
        await do(asking, "cleanOutChannel", SHOWS, channel="demo.none", dryRun=True),
        await do(asking, "removeFromChannel", "creator { id }", channel="x", creatorId="no id", reason=" "),
        await do(asking, "removeFromChannel", "creator { id }", channel="demo.articles", creatorId=id_of(ada), cause="x", reason="y"),
        await do(asking, "admitToChannel", "creator { id }", channel="demo.articles", creatorId=nobody),
        await do(author, "cleanOutChannel", SHOWS, channel="demo.articles", dryRun=True),
    ]  # fmt: skip

    assert told == [
        [("NO_CLEAN_OUT", "channel")],
        [("NO_SUCH_CHANNEL", "channel")],
        [("MALFORMED_ID", "creatorId"), ("REASON_OUT_OF_RANGE", "reason")],
        [("UNKNOWN_CAUSE", "cause")],
        [("NO_SUCH_CREATOR", "creatorId")],
        [("OPERATORS_ONLY", "")],
    ]
    assert await author.codes("{ cleanOuts(first: 1) { totalCount } }") == ["OPERATORS_ONLY"]
