"""Contents: the interface that all formats share, and the queries that find them."""

from datetime import datetime
from functools import cached_property
from typing import Annotated, Any

import strawberry

import models
from api.graphql import bodies, fields, paging, refs
from api.graphql.context import Info
from api.graphql.fields import column, many, one
from api.graphql.ids import Id, identity, uid_of, uids_of
from api.graphql.nodes import Node, findable
from api.graphql.rows import shape, shows
from api.graphql.words import BigInt, described
from core.errors import Invalid
from models import formats
from services import access, assets, contents, creators, decisions, products, selections, tags
from services.gathering import read_parts

described(
    models.ContentState,
    "Whether a content may be seen at all.",
    {
        "VISIBLE": "What is published of it can be seen.",
        "WITHDRAWN": "Its author took it back.",
        "TAKEN_DOWN": "An operator removed it.",
        "ERASED": "Its words, pictures and names are gone for good.",
    },
)
described(
    models.RevisionState,
    "Where a version of a content stands.",
    {
        "DRAFT": "Being written; it still changes.",
        "IN_REVIEW": "Waiting for the organisation's consent.",
        "SCHEDULED": "Goes live at a set time.",
        "LIVE": "What readers see.",
        "SUPERSEDED": "Readers saw it once; a later one took its place.",
        "DROPPED": "Was in review or scheduled, and was taken back before it went live.",
    },
)

MOST_VALUES = 100


class TooManyFilterValues(Invalid):
    code = "TOO_MANY_FILTER_VALUES"


Parts = tuple[tuple[Any, ...], formats.Details | None]


@strawberry.type(description="An answer to a question on the forms of channels.")
class FormEntry:
    name: str = strawberry.field(description="What is asked, as packs name it.")
    value: str = strawberry.field(description="The answer.")


@shows(models.Revision)
@strawberry.type(description="A version of a content. Seen by those who may change the content.")
class Revision:
    row: strawberry.Private[models.Revision]
    format: strawberry.Private[models.Format]

    @classmethod
    def of(cls, row: models.Revision) -> "Revision":
        return cls(row=row, format=row.content.format)

    number: int = column("number", description="Counts the versions of the content from 1.")
    state: models.RevisionState = column("state", description="Where it stands.")
    edition: int = column("edition", description="Counts the saves of a draft: give it as `expectedEdition`.")
    title: str = column("title", description="Its title.")
    summary: str = column("summary", description="Its summary. May be empty.")
    created_at: datetime = column("created_at", description="When it was begun.")
    published_at: datetime | None = column("published_at", description="When it went live; null if it did not.")
    scheduled_for: datetime | None = column("scheduled_for", description="When it is to go live.")
    covers: list[refs.AssetRef] = many(assets.covers_of_revisions, key="id", most=20, description="Its covers.")
    products: list[refs.ProductRef] = many(
        products.of_revisions, key="id", most=200, description="The products it leads to."
    )
    tags: list[refs.TagRef] = many(
        tags.current_by_ids, keys="tag_ids", most=100, description="The tags that the content gets with this version."
    )

    @strawberry.field(description="Its text.")
    def body(self) -> bodies.Body:
        return bodies.Body(body=read_parts(self.format, self.row)[0])

    @strawberry.field(description="What the forms of channels asked beyond the format, by name: at most 40.")
    def form(self) -> list[FormEntry]:
        details = read_parts(self.format, self.row)[1]
        return (
            [FormEntry(name=name, value=str(value)) for name, value in sorted(details.form.items())] if details else []
        )


@shows(models.Content)
@strawberry.interface(description="Something a creator made, in one format and one language.")
class Content(Node):
    row: strawberry.Private[models.Content]
    revision: strawberry.Private[models.Revision]

    id: strawberry.ID = identity("Content")
    format: models.Format = column("format", description="Its form; the type of the object says the same.")
    language: str = column("language", description="The language it is written in (BCP 47).")
    title: str = column("title", of="revision", description="What a reader sees first.")
    summary: str = column("summary", of="revision", description="What it is about, in short. May be empty.")
    state: models.ContentState = column("state", description="Whether it may be seen; always VISIBLE for strangers.")
    version: BigInt = column("version", description="Grows with any change of what is shown.")
    published_at: datetime | None = column("published_at", description="When it first went live; null for a draft.")
    changed_at: datetime | None = column("changed_at", description="When what is shown last changed.")
    creator: refs.CreatorRef | None = one(creators.by_ids, key="creator_id", description="Who made it.")
    covers: list[refs.AssetRef] = many(
        assets.covers_of_revisions, of="revision", key="id", most=20, description="Its cover pictures, in order."
    )
    tags: list[refs.TagRef] = many(
        tags.current_by_ids, keys="tag_ids", most=100, description="Its tags, in the author's order."
    )
    products: list[refs.ProductRef] = many(
        products.of_revisions, of="revision", key="id", most=200, description="The products it leads to, in order."
    )
    translations: list[refs.ContentRef] = many(
        contents.siblings, key="group_uid", most=50, description="It in all its languages, itself too, by language."
    )

    @classmethod
    def of(cls, row: models.Content) -> "Content":
        """The object of the row's format, over its live revision; over the draft where nothing was published yet.

        A row without a live revision only ever reaches those who may change it: services/access.py sees to that.
        """
        from api.graphql.formats import TYPES  # noqa: PLC0415  (the formats build on this class)

        revision = row.live_revision if row.live_revision_id is not None else row.draft_revision
        assert revision is not None, "a content has a live revision or a draft"
        return TYPES[row.format](row=row, revision=revision)  # type: ignore[no-any-return]  # a Content each

    @cached_property
    def parts(self) -> Parts:
        """The typed body and details, read once an object."""
        return read_parts(self.row.format, self.revision)

    @strawberry.field(description="Its text.")
    def body(self) -> bodies.Body:
        return bodies.Body(body=self.parts[0])

    @strawberry.field(description="The draft being written; null if there is none, or for those who may not change it.")
    async def draft(self, info: Info) -> Revision | None:
        if self.row.draft_revision_id is None or not access.may_edit(info.context.caller, self.row.creator_id):
            return None
        found = await info.context.load(contents.by_ids, self.row.id)
        return Revision(row=found.draft_revision, format=self.row.format) if found and found.draft_revision else None

    @strawberry.field(description="Where it was submitted, newest first; null for those who may not change it.")
    async def submissions(
        self,
        info: Info,
        first: fields.First = strawberry.UNSET,
        after: fields.After = strawberry.UNSET,
        last: fields.Last = strawberry.UNSET,
        before: fields.Before = strawberry.UNSET,
    ) -> paging.Connection[refs.SubmissionRef] | None:
        if not access.may_edit(info.context.caller, self.row.creator_id):
            return None
        window = paging.window(info.context.settings.page_limit, first, after, last, before)
        return await paging.connection(info, decisions.of_contents, self.row.id, window)  # type: ignore[no-any-return]


@strawberry.input(description="Which contents to list. Values within one part are alternatives, parts add up.")
class ContentFilter:
    formats: list[models.Format] | None = strawberry.field(default=None, description="Only these formats.")
    languages: list[str] | None = strawberry.field(default=None, description="Only these languages, such as zh.")
    creator_ids: list[strawberry.ID] | None = strawberry.field(default=None, description="Only of these creators.")
    tags: list[str] | None = strawberry.field(
        default=None, description="Only with all of these tags (taxonomy:code), or what lies under them."
    )
    published_from: datetime | None = strawberry.field(default=None, description="Published at this instant or later.")
    published_before: datetime | None = strawberry.field(default=None, description="Published before this instant.")

    def wanted(self) -> selections.ContentFilter:
        """What the domain understands; Invalid where an id is none, or a part names too many values."""
        for name in ("formats", "languages", "creator_ids", "tags"):
            if len(getattr(self, name) or ()) > MOST_VALUES:
                message = f"At most {MOST_VALUES} values in one part of a filter."
                raise TooManyFilterValues(message, path=("filter", name))
        return selections.ContentFilter(
            formats=tuple(self.formats or ()),
            languages=tuple(self.languages or ()),
            creators=uids_of(self.creator_ids or (), "Creator", "filter", "creator_ids"),
            tags=tuple(self.tags or ()),
            published_from=self.published_from,
            published_before=self.published_before,
        )


findable("Content", contents.by_uids)


@strawberry.type
class ContentQuery:
    @strawberry.field(description="The content with this id; null if there is none or you may not see it.")
    async def content(self, info: Info, id: Id) -> Content | None:  # noqa: A002  (GraphQL's usual name for it)
        found = await info.context.load(contents.by_uids, uid_of(id, "Content", "id"))
        return shape(found)  # type: ignore[no-any-return]  # a Content by registration

    @strawberry.field(description="Published contents, newest first.")
    async def contents(
        self,
        info: Info,
        filter: Annotated[  # noqa: A002  (the word of the schema)
            ContentFilter | None, strawberry.argument(description="Which contents; all without it.")
        ] = None,
        first: fields.First = strawberry.UNSET,
        after: fields.After = strawberry.UNSET,
        last: fields.Last = strawberry.UNSET,
        before: fields.Before = strawberry.UNSET,
    ) -> paging.Connection[Content]:
        context = info.context
        window = paging.window(context.settings.page_limit, first, after, last, before)
        wanted = filter.wanted() if filter else selections.ContentFilter()
        if wanted == selections.ContentFilter():
            return await paging.connection(info, contents.listed, 0, window)  # type: ignore[no-any-return]
        async with context.db.session() as session:
            where = await selections.condition(session, context.caller, wanted)
        return await paging.connection(  # type: ignore[no-any-return]
            info, contents.listed, 0, window, where=where, filters=wanted.text
        )
