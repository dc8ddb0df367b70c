"""Prints of what was published before anybody asked for them: made in the background, once."""

from __future__ import annotations

from sqlalchemy import Select, or_, select

import models
from core.db import Database
from services.channels import installing
from services.duplicates import prints
from services.duplicates.keeping import keep

AT_ONCE = 200


class Filler:
    """A worker's loop: nothing while no pack in force asks, then all contents without a print, and then nothing again, since
    whoever distributes keeps up from there.
    """

    def __init__(self, db: Database) -> None:
        self.db = db
        self._catalogue: installing.Catalogue | None = None
        self._is_complete = False
        self._last = 0

    async def step(self) -> bool:
        """Make up to 200 of them; whether there may be more."""
        async with self.db.session() as session:
            self._catalogue = await installing.catalogue(session, self._catalogue)
            if not any(entry.compiled.compared_among for entry in self._catalogue.every()):
                self._is_complete, self._last = False, 0
                return False
            if self._is_complete:
                return False
            ids = (await session.scalars(self._missing())).all()
        if not ids:
            self._is_complete = True
            return False
        await keep(self.db, ids)
        self._last = ids[-1]
        return True

    def _missing(self) -> Select[int]:
        content, known = models.Content, models.ContentPrint
        return (
            select(content.id)
            .outerjoin(known, known.content_id == content.id)
            .where(
                content.id > self._last,
                content.live_revision_id.is_not(None),
                content.state != models.ContentState.ERASED,
                or_(
                    known.content_id.is_(None),
                    known.revision_id != content.live_revision_id,
                    known.version != prints.VERSION,
                ),
            )
            .order_by(content.id)
            .limit(AT_ONCE)
        )
