"""Who may see versions of homepages."""

from __future__ import annotations

from sqlalchemy import ColumnElement, and_, or_, select, true

import models
from core.caller import Caller
from services.access.people import creators
from services.access.rights import tended_creators


def homepages(caller: Caller) -> ColumnElement[bool]:
    """Versions of homepages: the live ones of creators who are shown, and all of the pages that the caller tends."""
    if caller.is_operator:
        return true()
    version, page = models.HomepageVersion, models.Homepage
    shown = select(page.id).join(models.Creator, models.Creator.id == page.creator_id).where(creators(caller))
    live = and_(version.state == models.HomepageState.LIVE, version.homepage_id.in_(shown))
    own_ids = tended_creators(caller)
    if not own_ids:
        return live
    return or_(live, version.homepage_id.in_(select(page.id).where(page.creator_id.in_(sorted(own_ids)))))
