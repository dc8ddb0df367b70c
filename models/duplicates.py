"""Prints of what contents say and show, by which near copies of them are found."""

from __future__ import annotations

from sqlalchemy import ARRAY, ForeignKey, Index, Integer, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base

_NONE = text("'{}'")


class ContentPrint(Base):
    """The words and pictures of a content's live revision, in a form in which near copies have much in common.

    `text_digest` is of all its words (null: it has none), `text_sketch` of texts that are long enough to be compared in part;
    of texts and pictures that are alike some band is equal, which is how they are found. A place says who was first: a
    smaller one was here before. Whoever changes words gets a new place for them.
    """

    __tablename__ = "content_prints"

    content_id: Mapped[int] = mapped_column(ForeignKey("contents.id"), primary_key=True)
    revision_id: Mapped[int] = mapped_column(ForeignKey("revisions.id"))
    # which way of making prints this is: one of another is made again
    version: Mapped[int]
    text_digest: Mapped[bytes | None]
    text_sketch: Mapped[bytes | None]
    text_bands: Mapped[list[int]] = mapped_column(ARRAY(Integer), server_default=_NONE)
    text_place: Mapped[int]
    # each picture once, with its place beside it
    picture_hashes: Mapped[list[int]] = mapped_column(server_default=_NONE)
    picture_places: Mapped[list[int]] = mapped_column(server_default=_NONE)
    picture_bands: Mapped[list[int]] = mapped_column(ARRAY(Integer), server_default=_NONE)

    __table_args__ = (
        Index("ix_content_prints_text_digest", "text_digest", postgresql_where=text("text_digest IS NOT NULL")),
        # without a list of what is still to be sorted in, which every search would read through
        Index(
            "ix_content_prints_text_bands", "text_bands", postgresql_using="gin", postgresql_with={"fastupdate": "off"}
        ),
        Index(
            "ix_content_prints_picture_bands",
            "picture_bands",
            postgresql_using="gin",
            postgresql_with={"fastupdate": "off"},
        ),
    )
