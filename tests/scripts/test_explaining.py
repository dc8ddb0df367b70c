"""`headwater explain`, `verify` and `access` as an operator types them."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.caller import SYSTEM
from core.clock import FixedClock
from core.db import Database
from services import explaining, publishing
from services.distribution import Distributor
from tests import make
from tests.scripts.test_commands import Run, run, with_session
from tests.services.packs import install, pack

__all__ = ["run"]

RULE = {"kind": "text.length", "severity": "block", "field": "title", "max": 10, "unit": "graphemes"}
GATES = {"all": [{"level": {"min": 1}}, {"followers": {"min": 100}}]}


async def decided(url: str) -> tuple[models.Submission, models.Creator, bytes]:
    """A content rejected at one channel, and a channel that is closed to its creator."""
    db, clock = Database(url), FixedClock(datetime(2026, 11, 24, 8, 0, tzinfo=UTC))
    await install(
        db, pack("test.short", rules=[RULE], quota={"per_creator_per_day": 2}), pack("test.shut", gates=GATES)
    )
    async with db.session() as session:
        ada = await make.creator(session, handle="ada", level=3, followers_count=90)
        content = await make.content(session, ada, live=False)
        await publishing.publish(session, SYSTEM, content.uid, clock=clock)
    await Distributor(db, clock=clock, base_url="https://x.example").drain()
    async with db.session() as session:
        submission = (await session.scalars(select(models.Submission))).one()
        told = (await explaining.explain(session, SYSTEM, submission.uid)).to_json()
    await db.close()
    return submission, ada, told


def test_an_operator_learns_why_whether_it_would_again_and_why_not_here(run: Run, own_url: str):
    submission, ada, told = asyncio.run(decided(own_url))
    uid = str(submission.uid)

    assert run("explain", uid, "--json").stdout.encode() == told + b"\n"
    shown = run("explain", uid).stdout
    assert "fixable" in shown
    assert "rules.0" in shown
    assert "revision 1.1" in shown
    same = run("verify", uid)
    assert (same.exit_code, same.stdout) == (0, "1 decisions: 1 same\n")
    assert run("verify").exit_code == 2
    assert run("verify", uid, "--all").exit_code == 2
    with_session(own_url, _lie)
    different = run("verify", "--all")
    assert different.exit_code == 1
    assert f"{uid} at test.short: ELIGIBLE by engine" in different.stdout
    assert "  + rules.0 text.length" in different.stdout
    answer = json.loads(run("verify", uid, "--json").stdout)
    assert (answer["decisions"], answer["counts"]) == (1, {"DIFFERENT": 1})
    assert [one["code"] for one in answer["different"][0]["only_now"]] == ["text.length"]

    (shut,) = json.loads(run("access", str(ada.uid), "--json", "--state", "CLOSED").stdout)
    assert (shut["channel"], shut["gates"][2]["distance"], shut["quota_left"]) == ("test.shut", 10, None)
    table = run("access", "ada").stdout
    assert "At least 100 followers: no (90, 10 short)." in table
    assert "1 open, 0 unknown, 1 closed" in table


async def _lie(session: AsyncSession) -> None:
    """A decision that the engine would not make."""
    await session.execute(text("SET LOCAL session_replication_role = 'replica'"))
    await session.execute(text("UPDATE decisions SET findings = '[]', outcome = 'ELIGIBLE'"))
