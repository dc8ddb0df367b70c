"""The timeline: what the creators that an account follows published, quick however many they are and however much it is."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Select, and_, false, select, true
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased, defer, joinedload

import models
from core import cursors
from core.caller import Caller
from core.reads import Filter, Order, Page, PageRead, Window
from services import access, content_lists, contents


def _of_followed(key: Any) -> ColumnElement[bool]:
    # the key is a column of the statement around
    followed = select(models.Follow.creator_id).where(models.Follow.account_id == key).correlate(key.table)
    return models.Content.creator_id.in_(followed)


_all = PageRead(
    "timeline.of_accounts",
    models.Content,
    match=_of_followed,
    key_type=BigInteger(),
    visible=access.contents,
    listed=lambda: models.Content.is_live,
    orders=(content_lists.newest,),
)


@dataclass(frozen=True, slots=True)
class Timeline:
    """A read like a PageRead, whose keys are accounts.

    Each followed creator is asked for one content, the next in order. The creators for whom it comes first are as many as
    a page holds, and nobody else can have anything on that page. So it costs one step down an index for each creator that
    is followed, whatever they and all others published; the planner has nothing to guess.
    """

    name: str = _all.name
    orders: tuple[Order, ...] = _all.orders

    async def __call__(
        self,
        session: AsyncSession,
        caller: Caller,
        keys: Sequence[Hashable],
        *,
        window: Window,
        order: str | None = None,
        filters: Filter | None = None,
    ) -> dict[Any, Page[models.Content]]:
        """Pages by account; a cursor belongs to one of them."""
        chosen = _all.order(order)
        where = await filters.condition(session, caller) if filters else true()
        listed = and_(models.Content.is_live, access.contents(caller), where)
        pages = {}
        for key in keys:  # a viewer has one timeline
            scope, cursor = _all.scope(key, chosen, filters), window.before if window.backward else window.after
            place = chosen.place(scope, cursor) if cursor else None
            found = await session.execute(_statement(key, listed, window, chosen, place))
            pages[key] = _page(scope, found.all(), window)
        return pages

    async def count(
        self, session: AsyncSession, caller: Caller, keys: Sequence[Hashable], *, filters: Filter | None = None
    ) -> dict[Any, int]:
        """How much there is in all, counted as far as lists are counted."""
        return await _all.count(session, caller, keys, filters=filters)


of_accounts = Timeline()


def _statement(
    key: Hashable, listed: ColumnElement[bool], window: Window, order: Order, place: Sequence[Any] | None
) -> Select[Any]:
    """The contents of a page and one more, each with whether the list has rows on the other side of the place."""
    content, follow, back, most = models.Content, models.Follow, window.backward, window.size + 1
    ahead = true() if place is None else order.beyond(place, backward=back)
    in_order = order.sorted(order.columns, backward=back)

    next_one = select(content.published_at, content.id).where(content.creator_id == follow.creator_id, listed, ahead)
    one = next_one.order_by(*in_order).limit(1).correlate(follow).lateral("one")
    nearest = (
        select(follow.creator_id)
        .join(one, true())
        .where(follow.account_id == key)
        .order_by(*order.sorted([one.c.published_at, one.c.id], backward=back))
        .limit(most)
        .subquery("nearest")
    )
    next_ones = select(content.id).where(content.creator_id == nearest.c.creator_id, listed, ahead)
    several = next_ones.order_by(*in_order).limit(most).correlate(nearest).lateral("several")
    ids = select(several.c.id).select_from(nearest).join(several, true())

    page = select(content).where(content.id.in_(ids)).order_by(*in_order).limit(most).lateral("page")
    row: Any = aliased(content, page)
    light = joinedload(row.live_revision).options(*[defer(text, raiseload=True) for text in contents.TEXTS])
    # from one row of nothing, so that an empty page, too, says whether there is something behind
    behind = select(_is_behind(key, listed, order, place, back=back).label("behind")).subquery("side")
    again = order.sorted([row.published_at, row.id], backward=back)
    shown: Select[Any] = select(row, behind.c.behind).select_from(behind).join(row, true(), isouter=True)
    return shown.order_by(*again).options(light)


def _is_behind(
    key: Hashable, listed: ColumnElement[bool], order: Order, place: Sequence[Any] | None, *, back: bool
) -> ColumnElement[bool]:
    """Whether there is anything on the side of the place from which the reader comes."""
    if place is None:
        return false()
    content, follow = models.Content, models.Follow
    passed = select(content.id).where(
        content.creator_id == follow.creator_id, listed, order.up_to(place, backward=back)
    )
    one = passed.limit(1).correlate(follow).lateral("passed")
    return select(one.c.id).select_from(follow).join(one, true()).where(follow.account_id == key).exists()


def _page(scope: str, found: Sequence[Any], window: Window) -> Page[models.Content]:
    is_behind = bool(found and found[0].behind)
    rows = [row for row, _ in found if row is not None]
    more, kept = len(rows) > window.size, rows[: window.size]
    if window.backward:
        kept.reverse()
    return Page(
        kept,
        [cursors.encode(scope, [row.published_at, row.id]) for row in kept],
        has_next=is_behind if window.backward else more,
        has_previous=more if window.backward else is_behind,
    )
