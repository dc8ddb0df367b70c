"""What a filter over contents means, as a condition; and as a text that cursors are bound to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, ColumnElement, and_, bindparam, select, true
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.caller import Caller
from core.errors import Invalid, Problem
from services import access, tags


class UnknownTag(Invalid):
    code = "UNKNOWN_TAG"


@dataclass(frozen=True, slots=True)
class ContentFilter:
    """Values within one part are alternatives, parts add up; empty means no condition. `tags` are written taxonomy:code
    and take in what lies under them; each must match.
    """

    formats: tuple[models.Format, ...] = ()
    languages: tuple[str, ...] = ()
    creators: tuple[UUID, ...] = ()
    tags: tuple[str, ...] = ()
    published_from: datetime | None = None
    published_before: datetime | None = None

    @property
    def text(self) -> str:
        """What names the filter: equal filters, equal text."""
        parts = (sorted(self.formats), sorted(self.languages), sorted(map(str, self.creators)), sorted(self.tags))
        return repr((parts, self.published_from, self.published_before))

    async def condition(self, session: AsyncSession, caller: Caller) -> ColumnElement[bool]:
        """The condition on `contents` rows; UnknownTag where a tag does not exist."""
        parts = list(_plain(self))
        if self.creators:
            seen = select(models.Creator.id).where(models.Creator.uid.in_(self.creators), access.creators(caller))
            parts.append(models.Content.creator_id.in_(seen))
        parts.extend(await _tagged(session, caller, self.tags))
        return and_(true(), *parts)


def _plain(wanted: ContentFilter) -> Iterator[ColumnElement[bool]]:
    if wanted.formats:
        yield models.Content.format.in_(wanted.formats)
    if wanted.languages:
        yield models.Content.language.in_(wanted.languages)
    if wanted.published_from is not None:
        yield models.Content.published_at >= wanted.published_from
    if wanted.published_before is not None:
        yield models.Content.published_at < wanted.published_before


async def tag_ids(
    session: AsyncSession, caller: Caller, named: tuple[str, ...], *, part: str = "tags"
) -> tuple[int, ...]:
    """The ids of these tags and of all that lies under them; UnknownTag, in this part of the filter, where one does not
    exist.
    """
    found = await each_under(session, caller, named, part)
    return tuple(dict.fromkeys(id_ for ids in found for id_ in ids))


async def _tagged(session: AsyncSession, caller: Caller, named: tuple[str, ...]) -> list[ColumnElement[bool]]:
    found = await each_under(session, caller, named, "tags")
    return [models.Content.tag_ids.op("&&")(bindparam(None, ids, type_=ARRAY(BigInteger))) for ids in found]


async def each_under(session: AsyncSession, caller: Caller, named: tuple[str, ...], part: str) -> list[list[int]]:
    """For each of these tags the ids of it and of all that lies under it; UnknownTag, in this part of the filter, where one does not exist."""
    if not named:
        return []
    names = [tags.split(tag) for tag in named]
    under = await tags.under_codes(session, caller, sorted(set(names)))
    problems = [
        Problem("UNKNOWN_TAG", f"There is no tag {tag[:80]}: write it as taxonomy:code.", ("filter", part, place))
        for place, (tag, name) in enumerate(zip(named, names, strict=True))
        if name not in under
    ]
    if problems:
        raise UnknownTag("Some of the tags do not exist.", problems=problems)
    return [under[name] for name in names]
