"""`headwater audits` as an operator types it: the queue, claims, verdicts and the end of a trial."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select

import models
from core.caller import SYSTEM
from core.clock import FixedClock
from core.db import Database
from services import publishing
from services.distribution import Distributor
from tests import make
from tests.scripts.test_commands import Run, run
from tests.services.packs import install, pack
from tests.services.test_auditing import AUDIT, KEY, SHARP

__all__ = ["run"]

TRIED = AUDIT | {"path": ["machine", "human", "trial"]}


async def waiting(url: str) -> list[str]:
    """Three submissions that wait, the longest waiting first; and an operator's account."""
    db, clock = Database(url), FixedClock(datetime(2026, 11, 24, 8, 0, tzinfo=UTC))
    await install(db, pack(KEY, audit=TRIED, rules=[SHARP]))
    async with db.session() as session:
        ada = await make.creator(session)
        for number in range(3):
            content = await make.content(session, ada, live=False, title=f"Tea {number}")
            await publishing.publish(session, SYSTEM, content.uid, channels=[KEY], clock=clock)
        account = models.Account(name="Op", email="op@example.org")
        session.add(account)
        await session.flush()
        session.add(models.Identity(account_id=account.id, kind=models.IdentityKind.OPERATOR))
    await Distributor(db, clock=clock, base_url="https://x.example").drain()
    async with db.session() as session:
        uids = await session.scalars(select(models.Submission.uid).order_by(models.Submission.id))
        found = [str(uid) for uid in uids]
    await db.close()
    return found


def test_an_operator_audits_from_the_command_line(run: Run, own_url: str):
    first, second, third = asyncio.run(waiting(own_url))
    own = ("--channel", KEY, "--as", "op@example.org")

    def told(*words: str) -> Any:
        done = run("audits", *words, "--json")
        assert done.exit_code == 0, done.stderr
        return json.loads(done.stdout)

    listed = run("audits", "list", "--channel", KEY).stdout
    assert [listed.index(uid) for uid in (first, second, third)] == sorted(
        listed.index(uid) for uid in (first, second, third)
    )
    shown = run("audits", "show", first).stdout
    assert "Tea, then the lake." in shown
    claimed = told("claim", *own, "--count", "2")
    assert [one["submission"] for one in claimed] == [first, second]
    assert claimed[0]["checklist"] == [{"place": "rules.0", "message": "Is the picture sharp?"}]
    assert [one["code"] for one in claimed[0]["reasons"]] == ["too-dark", "off-topic", "rules.0"]
    assert f"stamp {claimed[0]['stamp']}" in shown
    assert run("audits", "renew", second, *own[2:]).stdout == f"{second} at {KEY}: Tea 1\n"
    assert told("release", second, *own[2:])[0]["claimed_until"] is None
    assert told("accept", first, "--seen", claimed[0]["stamp"], "--note", "Good.")["state"] == "TRIAL"
    rejected = told("reject", second, "--reason", "rules.0", "--reason", "too-dark", *own[2:])
    assert (rejected["state"], rejected["reasons"]) == ("REJECTED", ["rules.0", "too-dark"])
    assert run("audits", "escalate", third, "--why", "Hm?").stdout == f"human audit {third}\n"
    assert told("end-trial", first, "--passed")["state"] == "ACCEPTED"
