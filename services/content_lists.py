"""Lists of contents: of a creator, a tag, a product, of all; in the orders that pages ask for; and lists within a content."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Uuid, func, select

import models
from core.reads import Order, PageRead
from services import access, contents, tagging

newest = Order("newest", (models.Content.published_at, models.Content.id))
oldest = Order("oldest", (models.Content.published_at, models.Content.id), descending=False)
# not every import says when a content changed
_changed = func.coalesce(models.Content.changed_at, models.Content.published_at)
recently_changed = Order("changed", (_changed, models.Content.id))
most_liked = Order(
    "liked",
    (func.coalesce(models.ContentCount.likes_count, 0), models.Content.id),
    beside=(models.ContentCount, models.ContentCount.content_id == models.Content.id),
)


def _live(
    name: str, match: Callable[[Any], ColumnElement[bool]], *orders: Order, key_type: Any = None
) -> PageRead[models.Content]:
    """A list of live contents of each key that `match` compares with. Texts stay behind: whoever shows them reads them."""
    return PageRead(
        name,
        models.Content,
        match=match,
        key_type=key_type or BigInteger(),
        visible=access.contents,
        listed=lambda: models.Content.is_live,
        orders=orders or (newest, oldest, recently_changed, most_liked),
        eager=("live_revision",),
        without=contents.TEXTS,
    )


of_creators = _live("contents.of_creators", lambda key: models.Content.creator_id == key)
of_tags = _live("contents.of_tags", lambda key: models.Content.tag_ids.op("&&")(tagging.under(key)))
of_products = _live(
    "contents.of_products",
    lambda key: models.Content.live_revision_id.in_(
        # the key is a column of the statement around: without correlate() any product's contents would match
        select(models.RevisionProduct.revision_id).where(models.RevisionProduct.product_id == key).correlate(key.table)
    ),
)
# one list of all contents: its key is always 0
listed = _live("contents.listed", lambda key: key == 0)
# a group holds a language once, so the language alone is an order
siblings = _live(
    "contents.siblings",
    lambda key: models.Content.group_uid == key,
    Order("language", (models.Content.language,), descending=False),
    key_type=Uuid(),
)
answers_of = PageRead(
    "contents.answers_of",
    models.Answer,
    match=lambda key: models.Answer.content_id == key,
    key_type=BigInteger(),
    visible=access.answers,
    # whoever gave one sees it in every state, and here what everybody sees
    listed=lambda: models.Answer.state == models.AnswerState.VISIBLE,
    orders=(
        Order("best", (models.Answer.votes_count, models.Answer.id)),
        Order("newest", (models.Answer.published_at, models.Answer.id)),
        Order("oldest", (models.Answer.published_at, models.Answer.id), descending=False),
    ),
)
