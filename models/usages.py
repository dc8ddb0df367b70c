"""Usages: every place that shows an asset, whichever table it stands in, as rows that can be listed. Never written."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    Text,
    and_,
    case,
    cast,
    literal,
    literal_column,
    select,
    union_all,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped

from models.assets import Asset
from models.base import Base
from models.contents import Answer, AnswerState, AssetUse, Content, Revision, RevisionAsset, RevisionState
from models.creators import Creator
from models.homepages import PICTURES, Homepage, HomepageState, HomepageVersion
from models.products import Product, ProductAsset

IN_BODY = "jsonb_path_query_array(answers.body, '$.**.asset')"
"""The uids of what an answer shows, as an array of texts."""


class UsageKind(enum.IntEnum):
    """What shows it; the number is its place in lists."""

    CONTENT = 5
    PRODUCT = 4
    CREATOR = 3
    HOMEPAGE = 2
    ANSWER = 1


class UsagePlace(enum.StrEnum):
    """Where in it the asset stands."""

    COVER = "COVER"
    PICTURE = "PICTURE"
    VIDEO = "VIDEO"
    SUBTITLES = "SUBTITLES"
    AVATAR = "AVATAR"
    BLOCK = "BLOCK"
    BODY = "BODY"


class UsageState(enum.IntEnum):
    """How near it is to being seen; the number is its place in lists. HIDDEN: it was published, and taken back or down.
    OLD: a version that another took the place of.
    """

    LIVE = 5
    WAITING = 4
    DRAFT = 3
    HIDDEN = 2
    OLD = 1


def _number(value: enum.IntEnum) -> ColumnElement[int]:
    return literal_column(str(int(value)), BigInteger())


def _row(
    asset_id: Any,
    kind: UsageKind,
    state: Any,
    row_id: Any,
    object_id: Any,
    *,
    place: Any,
    label: Any,
    position: Any = None,
) -> Select[Any]:
    return select(
        asset_id.label("asset_id"),
        _number(kind).label("kind"),
        state.label("state"),
        row_id.label("row_id"),
        (literal_column("0", BigInteger()) if position is None else position).label("position"),
        object_id.label("object_id"),
        cast(place, Text).label("place"),
        label.label("label"),
    )


def _first(*cases: tuple[Any, UsageState], otherwise: UsageState) -> ColumnElement[int]:
    return case(*((condition, _number(state)) for condition, state in cases), else_=_number(otherwise))


def _in_contents() -> Select[Any]:
    is_live = Revision.id == Content.live_revision_id
    state = _first(
        (and_(is_live, Content.is_live), UsageState.LIVE),
        (is_live, UsageState.HIDDEN),
        (Revision.state == RevisionState.DRAFT, UsageState.DRAFT),
        (Revision.state.in_([RevisionState.IN_REVIEW, RevisionState.SCHEDULED]), UsageState.WAITING),
        otherwise=UsageState.OLD,
    )
    shown = RevisionAsset
    where = _row(
        shown.asset_id, UsageKind.CONTENT, state, Revision.id, Content.id,
        place=shown.use, label=Revision.title, position=shown.position,
    )  # fmt: skip
    return (
        where.select_from(shown)
        .join(Revision, Revision.id == shown.revision_id)
        .join(Content, Content.id == Revision.content_id)
    )


def _in_products() -> Select[Any]:
    shown = ProductAsset
    where = _row(
        shown.asset_id, UsageKind.PRODUCT, _number(UsageState.LIVE), Product.id, Product.id,
        place=literal(UsagePlace.PICTURE.value), label=Product.title, position=shown.position,
    )  # fmt: skip
    return where.select_from(shown).join(Product, Product.id == shown.product_id)


def _of_creators() -> Select[Any]:
    state = _first((Creator.suspended_at.is_(None), UsageState.LIVE), otherwise=UsageState.HIDDEN)
    where = _row(
        Creator.avatar_id, UsageKind.CREATOR, state, Creator.id, Creator.id,
        place=literal(UsagePlace.AVATAR.value), label=Creator.name,
    )  # fmt: skip
    return where.where(Creator.avatar_id.is_not(None))


def _on_pages() -> Select[Any]:
    page = HomepageVersion
    state = _first(
        (page.state == HomepageState.LIVE, UsageState.LIVE),
        (page.state == HomepageState.DRAFT, UsageState.DRAFT),
        (page.state == HomepageState.SCHEDULED, UsageState.WAITING),
        otherwise=UsageState.OLD,
    )
    where = _row(
        Asset.id, UsageKind.HOMEPAGE, state, page.id, page.id,
        place=literal(UsagePlace.BLOCK.value), label=Creator.name,
    )  # fmt: skip
    shows = literal_column(PICTURES, JSONB()).op("?")(cast(Asset.uid, Text))
    return (
        where.select_from(Asset)
        .join(page, shows)
        .join(Homepage, Homepage.id == page.homepage_id)
        .join(Creator, Creator.id == Homepage.creator_id)
    )


def _in_answers() -> Select[Any]:
    state = _first((Answer.state == AnswerState.VISIBLE, UsageState.LIVE), otherwise=UsageState.HIDDEN)
    where = _row(
        Asset.id, UsageKind.ANSWER, state, Answer.id, Answer.id,
        place=literal(UsagePlace.BODY.value), label=Creator.name,
    )  # fmt: skip
    shows = literal_column(IN_BODY, JSONB()).op("?")(cast(Asset.uid, Text))
    return where.select_from(Asset).join(Answer, shows).join(Creator, Creator.id == Answer.creator_id)


class Usage(Base):
    """A place that shows an asset: `object_id` is the content, product, creator, version of a homepage or answer, `row_id`
    the revision of a content, else the same; `label` what it is called.
    """

    if TYPE_CHECKING:
        asset_id: Mapped[int]
        kind: Mapped[int]
        state: Mapped[int]
        row_id: Mapped[int]
        position: Mapped[int]
        object_id: Mapped[int]
        place: Mapped[str]
        label: Mapped[str]

    __table__ = union_all(_in_contents(), _in_products(), _of_creators(), _on_pages(), _in_answers()).subquery("usages")
    __mapper_args__ = {  # noqa: RUF012  (SQLAlchemy names its type)
        "primary_key": [__table__.c.asset_id, __table__.c.kind, __table__.c.row_id, __table__.c.position]
    }


assert {use.value for use in AssetUse} <= {place.value for place in UsagePlace}, "every use in a revision is a place"
