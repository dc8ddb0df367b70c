"""Submissions that were refused because of a file, opened again when more is known of it: nobody has to submit anew."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import ARRAY, BigInteger, TextClause, bindparam, func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.reads import any_of
from models import SubmissionState
from services import submission_states

_REFUSED = text(
    "WITH known AS (SELECT id, uid::text AS uid FROM assets WHERE id = ANY(:ids)),"
    " showing AS (SELECT c.id FROM contents c JOIN revision_assets u ON u.revision_id = c.live_revision_id"
    "  WHERE u.asset_id = ANY(:ids)"
    "  UNION SELECT c.id FROM contents c JOIN revision_products l ON l.revision_id = c.live_revision_id"
    "  JOIN product_assets p ON p.product_id = l.product_id WHERE p.asset_id = ANY(:ids))"
    " SELECT s.id, s.content_id FROM submissions s JOIN showing ON showing.id = s.content_id"
    " JOIN contents c ON c.id = s.content_id AND c.live_revision_id = s.revision_id"
    " JOIN decisions d ON d.id = s.decision_id"
    " WHERE s.state = 'REJECTED' AND s.refusal IS NULL AND jsonb_path_exists(d.findings, CAST("
    """'$[*] ? (@.severity == "block" && (@.status == "unknown" &&"""
    """ (@.evidence.asset == $uids[*] || @.evidence.files[*].asset == $uids[*])"""
    """ || @.evidence.asset == $changed[*] || @.evidence.files[*].asset == $changed[*]))' AS jsonpath),"""
    " jsonb_build_object('uids', (SELECT jsonb_agg(uid) FROM known),"
    " 'changed', (SELECT coalesce(jsonb_agg(uid), '[]') FROM known WHERE id = ANY(:changed))))"
)


async def reopen(session: AsyncSession, asset_ids: Collection[int], changed: Collection[int] | None = None) -> int:
    """Have judged anew what the engine refused since it did not know one of these files, or (of the `changed` ones; all of
    them without it) because of what it then was; how many submissions. Whoever calls marks the contents.
    """
    given = {"ids": asset_ids, "changed": asset_ids if changed is None else changed}
    refused = (await session.execute(_bound(_REFUSED, **given))).all() if asset_ids else []
    if not refused:
        return 0
    # the contents first, in order of id, as everybody locks them
    content = models.Content
    locked = select(content.id).where(content.id == any_of([content_id for _, content_id in refused]))
    await session.execute(locked.order_by(content.id).with_for_update(key_share=True))
    moves = submission_states.Moves((await session.execute(select(func.now()))).scalar_one())
    await moves.anew(session, await _still_rejected(session, [id_ for id_, _ in refused]))
    await moves.write(session)
    return len(refused)


async def _still_rejected(session: AsyncSession, ids: Collection[int]) -> Sequence[models.Submission]:
    one = models.Submission
    found = await session.scalars(
        select(one)
        .where(one.id == any_of(ids), one.state == SubmissionState.REJECTED)
        .order_by(one.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return found.all()


def _bound(statement: TextClause, **ids: Collection[int]) -> TextClause:
    return statement.bindparams(*[bindparam(name, list(each), type_=ARRAY(BigInteger)) for name, each in ids.items()])
