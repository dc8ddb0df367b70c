"""What an erasure would remove: counted, and nothing done."""

from __future__ import annotations

from typing import NamedTuple
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from core.caller import Caller, Scope
from services import access
from services.erasure.asking import account_of, creator_of, own_creators


class Count(NamedTuple):
    """So many rows of a table hold words of the person; of `files`, bytes in the store of assets."""

    what: str
    rows: int


OF_CREATOR = {
    "contents": "SELECT count(*) FROM contents WHERE creator_id = :id AND state <> 'ERASED'",
    "revisions": "SELECT count(*) FROM revisions JOIN contents ON contents.id = content_id"
    " WHERE creator_id = :id AND contents.state <> 'ERASED'",
    "answers": "SELECT count(*) FROM answers WHERE creator_id = :id AND state <> 'ERASED'",
    "comments": "SELECT count(*) FROM comments WHERE creator_id = :id AND state <> 'ERASED'",
    "live_messages": "SELECT count(*) FROM live_messages WHERE creator_id = :id AND state <> 'ERASED'",
    "homepage_versions": "SELECT count(*) FROM homepage_versions JOIN homepages ON homepages.id = homepage_id"
    " WHERE creator_id = :id AND (blocks <> '[]' OR theme <> '{}')",
    "assets": "SELECT count(*) FROM assets WHERE creator_id = :id",
    "asset_folders": "SELECT count(*) FROM asset_folders WHERE creator_id = :id",
    "asset_uploads": "SELECT count(*) FROM asset_uploads WHERE creator_id = :id",
    "clean_out_verdicts": "SELECT count(*) FROM clean_out_verdicts WHERE creator_id = :id",
    "files": "SELECT count(*) FROM (SELECT sha256 FROM assets WHERE creator_id = :id AND sha256 IS NOT NULL UNION"
    " SELECT sha256 FROM asset_uploads WHERE creator_id = :id AND state = 'PROBING') AS theirs"
    " WHERE NOT EXISTS (SELECT FROM assets WHERE assets.sha256 = theirs.sha256 AND creator_id IS DISTINCT FROM :id)"
    " AND NOT EXISTS (SELECT FROM asset_uploads WHERE asset_uploads.sha256 = theirs.sha256 AND state = 'PROBING'"
    " AND creator_id IS DISTINCT FROM :id)",
}
OF_ACCOUNT = {
    "api_keys": "SELECT count(*) FROM api_keys WHERE account_id = :id",
    "account_logins": "SELECT count(*) FROM account_logins WHERE account_id = :id",
    "identities": "SELECT count(*) FROM identities WHERE account_id = :id",
    # those for creators that go along are counted there
    "asset_uploads": "SELECT count(*) FROM asset_uploads AS upload WHERE account_id = :id AND (creator_id IS NULL OR NOT EXISTS"
    " (SELECT FROM identities WHERE creator_id = upload.creator_id AND account_id = :id) OR EXISTS"
    " (SELECT FROM identities WHERE creator_id = upload.creator_id AND account_id <> :id))",
    "comments": "SELECT count(*) FROM comments WHERE account_id = :id AND state <> 'ERASED'",
    "live_messages": "SELECT count(*) FROM live_messages WHERE account_id = :id AND state <> 'ERASED'",
}


async def of_creator(session: AsyncSession, caller: Caller, creator_uid: UUID) -> list[Count]:
    """What erasing this creator would remove."""
    access.require(caller, Scope.OPERATE)
    creator = await creator_of(session, creator_uid)
    return await _counted(session, OF_CREATOR, creator.id)


async def of_account(session: AsyncSession, caller: Caller, account_uid: UUID) -> list[Count]:
    """What erasing this account would remove, with the creators that would go with it."""
    access.require(caller, Scope.OPERATE)
    account = await account_of(session, account_uid)
    found = {one.what: one.rows for one in await _counted(session, OF_ACCOUNT, account.id)}
    creators = list(await session.scalars(own_creators(account.id)))
    found["creators"] = len(creators)
    for creator in creators:
        for what, rows in await _counted(session, OF_CREATOR, creator.id):
            found[what] = found.get(what, 0) + rows
    return [Count(what, rows) for what, rows in found.items()]


async def _counted(session: AsyncSession, statements: dict[str, str], id_: int) -> list[Count]:
    return [
        Count(what, int(await session.scalar(text(statement).bindparams(id=id_)) or 0))
        for what, statement in statements.items()
    ]
