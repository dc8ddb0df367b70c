"""What of a person has to go, table by table: each part removes a batch of words and says how many rows it met. Done again it
finds nothing, so an erasure can stop anywhere and go on.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from sqlalchemy import ARRAY, BigInteger, BindParameter, Text, bindparam, text
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.clock import Clock
from models import DirtyKind
from services import answers, comments, engagement, following, live_messages, outbox

Part = Callable[[AsyncSession, int, Clock], Awaitable[int]]
"""`(session, id of the creator or account, clock)` -> rows met; 0 when nothing is left."""

AT_ONCE = 200
"""The contents of a batch: a transaction of a second at most."""

CODES = ("code", "path", "place", "severity", "status", "version")
"""What stays of a finding; the rest of it quotes."""


async def contents(session: AsyncSession, creator_id: int, clock: Clock) -> int:
    """Words of all versions, links to pictures, what reviews, appeals, submissions and decisions say of them."""
    ids = await _ids(
        session,
        "SELECT id FROM contents WHERE creator_id = :subject AND state <> 'ERASED' ORDER BY id LIMIT :limit FOR UPDATE",
        creator_id,
    )
    if not ids:
        return 0
    await _run(session, WORDS_OF_CONTENTS, ids=ids, now=clock.now(), codes=list(CODES))
    await outbox.mark(session, DirtyKind.CONTENT, ids, urgency=outbox.URGENT)
    return len(ids)


async def answers_given(session: AsyncSession, creator_id: int, _clock: Clock) -> int:
    ids = await _ids(
        session,
        "SELECT id FROM answers WHERE creator_id = :subject AND state <> 'ERASED' ORDER BY id LIMIT :limit",
        creator_id,
    )
    if not ids:
        return 0
    # the questions first, as everybody locks them
    questions = await _ids(
        session,
        "SELECT id FROM contents WHERE id IN (SELECT content_id FROM answers WHERE id = ANY(:ids)) ORDER BY id FOR UPDATE",
        ids=ids,
    )
    await _run(session, WORDS_OF_ANSWERS, ids=ids, questions=questions)
    await outbox.mark(session, DirtyKind.CONTENT, questions)
    return len(ids)


async def remarks_of_creator(session: AsyncSession, creator_id: int, _clock: Clock) -> int:
    return await comments.erase(session, creator_ids=[creator_id])


async def remarks_of_account(session: AsyncSession, account_id: int, _clock: Clock) -> int:
    return await comments.erase(session, account_ids=[account_id])


async def messages_of_creator(session: AsyncSession, creator_id: int, clock: Clock) -> int:
    return await live_messages.erase(session, models.LiveMessage.creator_id == creator_id, clock=clock)


async def messages_of_account(session: AsyncSession, account_id: int, clock: Clock) -> int:
    return await live_messages.erase(session, models.LiveMessage.account_id == account_id, clock=clock)


async def homepages(session: AsyncSession, creator_id: int, _clock: Clock) -> int:
    return await _count(session, WORDS_OF_HOMEPAGES, creator_id)


async def assets(session: AsyncSession, creator_id: int, _clock: Clock) -> int:
    """The rows of pictures and films. Their bytes go last: services/erasure/working.py."""
    ids = await _ids(session, "SELECT id FROM assets WHERE creator_id = :subject ORDER BY id LIMIT :limit", creator_id)
    if not ids:
        return 0
    await _run(session, PICTURES, ids=ids, creator=creator_id)
    return len(ids)


async def folders(session: AsyncSession, creator_id: int, _clock: Clock) -> int:
    """The folders of their assets, innermost first."""
    return await _count(session, FOLDERS, creator_id)


async def clean_outs(session: AsyncSession, creator_id: int, _clock: Clock) -> int:
    """Where they were sent away and why, what was counted of them there, and which channels they belonged to."""
    await _run(session, DEPARTURES, subject=creator_id)
    return await _count(session, VERDICTS, creator_id)


async def marks_left(session: AsyncSession, account_id: int, _clock: Clock) -> int:
    """Whom they followed, what they liked, kept and voted for: who somebody was can be read from it."""
    await following.forget(session, [account_id])
    await engagement.forget(session, [account_id])
    await answers.forget_votes(session, [account_id])
    return 0


async def said_of_creator(session: AsyncSession, creator_id: int, _clock: Clock) -> int:
    """Reasons in the record of changes that speak of the creator."""
    return await _count(session, REASONS.format(whose="object_type = 'Creator' AND object_id = :subject"), creator_id)


async def said_by_account(session: AsyncSession, account_id: int, _clock: Clock) -> int:
    """Reasons in the record that the account gave or that speak of it; its notes and appeals."""
    await _run(session, NOTES, subject=account_id)
    whose = "(account_id = :subject OR (object_type = 'Account' AND object_id = :subject))"
    return await _count(session, REASONS.format(whose=whose), account_id)


OF_CREATOR: dict[str, Part] = {
    "contents": contents,
    "answers": answers_given,
    "comments": remarks_of_creator,
    "live_messages": messages_of_creator,
    "homepage_versions": homepages,
    "assets": assets,
    "asset_folders": folders,
    "clean_out_verdicts": clean_outs,
    "audit_entries": said_of_creator,
}
OF_ACCOUNT: dict[str, Part] = {
    "comments": remarks_of_account,
    "live_messages": messages_of_account,
    "marks": marks_left,
    "audit_entries": said_by_account,
}
"""By the table whose rows are counted; in this order."""

WORDS_OF_CONTENTS = (
    (
        "UPDATE revisions SET title = '', summary = '', body = '[]', details = '{}', schedule_failure = NULL,"
        " state = CASE WHEN state IN ('DRAFT', 'IN_REVIEW', 'SCHEDULED') THEN 'DROPPED' ELSE state END,"
        " sealed_at = coalesce(sealed_at, :now) WHERE content_id = ANY(:ids)"
    ),
    "DELETE FROM revision_assets WHERE revision_id IN (SELECT id FROM revisions WHERE content_id = ANY(:ids))",
    "DELETE FROM content_prints WHERE content_id = ANY(:ids)",
    (
        "UPDATE reviews SET note = CASE WHEN note IS NOT NULL THEN '' END, decided_at = coalesce(decided_at, :now),"
        " state = CASE state WHEN 'WAITING' THEN 'CANCELLED' ELSE state END WHERE content_id = ANY(:ids)"
    ),
    (
        "UPDATE appeals SET text = '', note = NULL, decided_at = coalesce(decided_at, :now),"
        " state = CASE state WHEN 'WAITING' THEN 'REFUSED' ELSE state END WHERE content_id = ANY(:ids)"
    ),
    "UPDATE live_rooms SET stream_url = NULL, replay_url = NULL WHERE content_id = ANY(:ids)",
    (
        "UPDATE submissions SET reason = NULL, escalation = CASE WHEN escalation IS NOT NULL THEN '' END"
        " WHERE content_id = ANY(:ids) AND (reason IS NOT NULL OR escalation IS NOT NULL)"
    ),
    (
        "UPDATE submission_events SET reason = NULL WHERE reason IS NOT NULL"
        " AND submission_id IN (SELECT id FROM submissions WHERE content_id = ANY(:ids))"
    ),
    (
        "UPDATE fact_snapshots SET body = '{}' WHERE digest IN (SELECT d.snapshot_digest FROM decisions d"
        " JOIN submissions s ON s.id = d.submission_id WHERE s.content_id = ANY(:ids))"
    ),
    (
        "UPDATE decisions SET findings = (SELECT coalesce(jsonb_agg((SELECT coalesce(jsonb_object_agg(key, value), '{}')"
        " FROM jsonb_each(finding) WHERE key = ANY(:codes)) ORDER BY place), '[]')"
        " FROM jsonb_array_elements(findings) WITH ORDINALITY AS given(finding, place))"
        " WHERE submission_id IN (SELECT id FROM submissions WHERE content_id = ANY(:ids))"
    ),
    "UPDATE audit_entries SET reason = NULL WHERE object_type = 'Content' AND object_id = ANY(:ids) AND reason IS NOT NULL",
    (
        "UPDATE audit_entries SET reason = NULL WHERE object_type = 'Submission' AND reason IS NOT NULL"
        " AND object_id IN (SELECT id FROM submissions WHERE content_id = ANY(:ids))"
    ),
    (
        "UPDATE contents SET state = 'ERASED', state_because = NULL, state_at = :now, source = NULL, external_key = NULL,"
        " draft_revision_id = NULL, waiting_revision_id = NULL, changed_at = :now, version = version + 1"
        " WHERE id = ANY(:ids)"
    ),
)
WORDS_OF_ANSWERS = (
    (
        "UPDATE answers SET body = '[]', state = 'ERASED', state_because = NULL, is_accepted = false, source = NULL,"
        " external_key = NULL WHERE id = ANY(:ids)"
    ),
    "UPDATE contents SET version = version + 1 WHERE id = ANY(:questions)",
)
WORDS_OF_HOMEPAGES = (
    "UPDATE homepage_versions SET theme = '{}', blocks = '[]', schedule_failure = NULL,"
    " state = CASE state WHEN 'SCHEDULED' THEN 'DROPPED' ELSE state END"
    " WHERE homepage_id IN (SELECT id FROM homepages WHERE creator_id = :subject)"
    " AND (blocks <> '[]' OR theme <> '{}' OR schedule_failure IS NOT NULL OR state = 'SCHEDULED') RETURNING id"
)
PICTURES = (
    "UPDATE creators SET avatar_id = NULL WHERE avatar_id = ANY(:ids)",
    "DELETE FROM revision_assets WHERE asset_id = ANY(:ids)",
    "DELETE FROM product_assets WHERE asset_id = ANY(:ids)",
    (
        "UPDATE erasures SET digests = digests || ARRAY(SELECT DISTINCT encode(sha256, 'hex') FROM assets"
        " WHERE id = ANY(:ids) AND sha256 IS NOT NULL) WHERE creator_id = :creator"
    ),
    "DELETE FROM assets WHERE id = ANY(:ids)",
)
FOLDERS = (
    "DELETE FROM asset_folders WHERE id IN (SELECT id FROM asset_folders AS outer_one WHERE creator_id = :subject"
    " AND NOT EXISTS (SELECT FROM asset_folders AS inner_one WHERE inner_one.parent_id = outer_one.id)"
    " ORDER BY id LIMIT :limit) RETURNING id"
)
DEPARTURES = (
    "DELETE FROM channel_departures WHERE creator_id = :subject",
    "DELETE FROM channel_members WHERE creator_id = :subject",
)
VERDICTS = (
    "DELETE FROM clean_out_verdicts WHERE (clean_out_id, creator_id) IN (SELECT clean_out_id, creator_id"
    " FROM clean_out_verdicts WHERE creator_id = :subject ORDER BY clean_out_id LIMIT :limit) RETURNING clean_out_id"
)
NOTES = (
    "UPDATE appeals SET text = '' WHERE account_id = :subject AND text <> ''",
    "UPDATE appeals SET note = NULL WHERE decided_by_id = :subject AND note IS NOT NULL",
    "UPDATE reviews SET note = '' WHERE decided_by_id = :subject AND note <> ''",
    (
        "UPDATE submissions SET reason = NULL FROM submission_events said WHERE said.account_id = :subject"
        " AND said.submission_id = submissions.id AND said.reason = submissions.reason"
    ),
    "UPDATE submission_events SET reason = NULL WHERE account_id = :subject AND reason IS NOT NULL",
)
REASONS = "UPDATE audit_entries SET reason = NULL WHERE {whose} AND reason IS NOT NULL RETURNING id"

_TYPES: dict[str, Any] = {"ids": ARRAY(BigInteger), "questions": ARRAY(BigInteger), "codes": ARRAY(Text)}


async def _run(session: AsyncSession, statements: tuple[str, ...], **values: object) -> None:
    """Each of these statements, with those of the values that it names."""
    for statement in statements:
        used = {name: value for name, value in values.items() if f":{name}" in statement}
        await session.execute(text(statement).bindparams(*[_bound(name, value) for name, value in used.items()]))


async def _ids(session: AsyncSession, statement: str, subject: int = 0, **values: object) -> list[int]:
    given = {"subject": subject, "limit": AT_ONCE} | values
    used = {name: value for name, value in given.items() if f":{name}" in statement}
    found = await session.scalars(text(statement).bindparams(*[_bound(name, value) for name, value in used.items()]))
    return [int(id_) for id_ in found]


async def _count(session: AsyncSession, statement: str, subject: int) -> int:
    return len(await _ids(session, statement, subject))


def _bound(name: str, value: object) -> BindParameter[Any]:
    return bindparam(name, value, type_=_TYPES.get(name))
