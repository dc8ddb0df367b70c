"""Taxonomies, tags, their names, and the tags on contents."""

from __future__ import annotations

import enum
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    PrimaryKeyConstraint,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from models import caps
from models.base import Base, Created, Identified


class TagState(enum.StrEnum):
    PROPOSED = "PROPOSED"
    ACTIVE = "ACTIVE"
    DEPRECATED = "DEPRECATED"
    MERGED = "MERGED"


class TaggingSource(enum.StrEnum):
    AUTHOR = "AUTHOR"
    RULE = "RULE"
    IMPORT = "IMPORT"
    MODEL = "MODEL"


class Taxonomy(Identified, Created, Base):
    """A closed vocabulary; `most_per_content` is null where any number may stand on one content."""

    __tablename__ = "taxonomies"

    code: Mapped[str] = mapped_column(unique=True)
    is_tree: Mapped[bool]
    least_per_content: Mapped[int] = mapped_column(server_default="0")
    most_per_content: Mapped[int | None]
    labels: Mapped[dict[str, Any]]

    __table_args__ = (
        CheckConstraint("code ~ '^[a-z][a-z0-9-]*$'", name="code_form"),
        CheckConstraint("least_per_content >= 0 AND least_per_content <= most_per_content", name="cardinality"),
    )


class Tag(Identified, Created, Base):
    """A word of a taxonomy. `path` holds the ids from the root to the tag itself; references to it are never rewritten
    by a label.
    """

    __tablename__ = "tags"

    taxonomy_id: Mapped[int] = mapped_column(ForeignKey("taxonomies.id"))
    code: Mapped[str]
    parent_id: Mapped[int | None]
    path: Mapped[list[int]] = mapped_column(server_default=text("'{}'"))
    labels: Mapped[dict[str, Any]]
    state: Mapped[TagState] = mapped_column(server_default="ACTIVE")
    merged_into_id: Mapped[int | None]
    version: Mapped[int] = mapped_column(server_default="1")

    __table_args__ = (
        UniqueConstraint("taxonomy_id", "code"),
        UniqueConstraint("id", "taxonomy_id"),
        # a parent, and a merge, stay within the taxonomy
        ForeignKeyConstraint(["parent_id", "taxonomy_id"], ["tags.id", "tags.taxonomy_id"], name="fk_tags_parent"),
        ForeignKeyConstraint(["merged_into_id", "taxonomy_id"], ["tags.id", "tags.taxonomy_id"], name="fk_tags_merged"),
        CheckConstraint("(state = 'MERGED') = (merged_into_id IS NOT NULL)", name="merged_somewhere"),
        CheckConstraint("parent_id <> id AND merged_into_id <> id", name="not_its_own"),
        CheckConstraint("code ~ '^[a-z0-9][a-z0-9-]*$'", name="code_form"),
        CheckConstraint(f"cardinality(path) <= {caps.MOST_TAG_LEVELS}", name="path_length"),
        Index("ix_tags_parent", "parent_id"),
        Index("ix_tags_path", "path", postgresql_using="gin"),
        Index("ix_tags_merged_into", "merged_into_id", postgresql_where=text("merged_into_id IS NOT NULL")),
    )


class TagAlias(Identified, Created, Base):
    """Another name of a tag, as people write it; `folded` is what matching compares."""

    __tablename__ = "tag_aliases"

    tag_id: Mapped[int]
    taxonomy_id: Mapped[int]
    language: Mapped[str | None]
    alias: Mapped[str]
    folded: Mapped[str]

    __table_args__ = (
        ForeignKeyConstraint(["tag_id", "taxonomy_id"], ["tags.id", "tags.taxonomy_id"], name="fk_tag_aliases_tag"),
        UniqueConstraint("taxonomy_id", "folded"),
        Index("ix_tag_aliases_tag_id", "tag_id"),
    )


class Tagging(Base):
    """A tag on a content. Proposed ones (`is_confirmed` false) decide nothing until the author confirms them."""

    __tablename__ = "taggings"

    content_id: Mapped[int] = mapped_column(ForeignKey("contents.id"))
    tag_id: Mapped[int] = mapped_column(ForeignKey("tags.id"), index=True)
    position: Mapped[int]
    source: Mapped[TaggingSource]
    confidence: Mapped[int] = mapped_column(server_default="100")
    is_confirmed: Mapped[bool] = mapped_column(server_default=text("true"))

    __table_args__ = (
        PrimaryKeyConstraint("content_id", "tag_id"),
        CheckConstraint("confidence BETWEEN 0 AND 100", name="confidence_percent"),
    )
