"""Who may look into the asset centre. Whoever sees what shows an asset sees the asset: that is asked where it is shown."""

from __future__ import annotations

from sqlalchemy import ColumnElement, and_, false, or_, true

import models
from core.caller import Caller, Scope
from services.access.rights import tended_creators


def assets(caller: Caller) -> ColumnElement[bool]:
    """The files of the creators that the caller tends, and those of the house, which they may use."""
    if caller.is_operator:
        return true()
    own_ids = tended_creators(caller)
    if not own_ids:
        return false()
    return or_(models.Asset.creator_id.in_(sorted(own_ids)), models.Asset.creator_id.is_(None))


def may_look_into_asset(caller: Caller, creator_id: int | None) -> bool:
    """Whether it sees what is told only to those who may use the asset: the same as `assets`, of one that is at hand."""
    own_ids = tended_creators(caller)
    return caller.is_operator or creator_id in own_ids or (creator_id is None and bool(own_ids))


def may_change_asset(caller: Caller, creator_id: int | None) -> bool:
    """Those of a creator by whoever may act as it, those of the house by operators."""
    return caller.is_operator or creator_id in caller.creator_ids


def asset_folders(caller: Caller) -> ColumnElement[bool]:
    """The folders of the creators that the caller tends."""
    return true() if caller.is_operator else models.AssetFolder.creator_id.in_(sorted(tended_creators(caller)))


def asset_uploads(caller: Caller) -> ColumnElement[bool]:
    """The uploads of the account, for creators that it still tends."""
    if caller.is_operator:
        return true()
    if caller.account_id is None or not caller.has(Scope.CONTENT_WRITE):
        return false()
    upload = models.AssetUpload
    return and_(upload.account_id == caller.account_id, upload.creator_id.in_(sorted(tended_creators(caller))))
