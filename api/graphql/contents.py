"""Contents: the interface that all formats share, and the queries that find them."""

from datetime import datetime
from typing import Any, TypeVar

import strawberry

import models
from api.graphql import bodies, paging, refs
from api.graphql.comments import CommentedContent
from api.graphql.content_filters import ContentFilter, ContentOrder
from api.graphql.context import Info
from api.graphql.editorial import Editorial
from api.graphql.engagement import EngagedContent
from api.graphql.fields import column, many, one, page
from api.graphql.ids import Id, identity, uid_of
from api.graphql.nodes import Node, findable
from api.graphql.revisions import Parts, Revision, parts_of
from api.graphql.rows import shape, shows
from api.graphql.submission_filters import SubmissionFilter
from api.graphql.words import BigInt, described
from core.caller import Caller
from models import caps, formats
from services import access, assets, content_lists, contents, creators, decisions, products, tags

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

Own = TypeVar("Own", bound=formats.Own)


def _may_edit(content: Any, caller: Caller) -> bool:
    return access.may_look_into(caller, content.row.creator_id)


@shows(models.Content)
@strawberry.interface(description="Something a creator made, in one format and one language.")
class Content(Node, Editorial, EngagedContent, CommentedContent):
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
        assets.covers_of_revisions,
        of="revision",
        key="id",
        most=caps.MOST_COVERS,
        description="Its cover pictures, in order.",
    )
    tags: list[refs.TagRef] = many(
        tags.current_by_ids, keys="tag_ids", most=caps.MOST_TAGS, description="Its tags, in the author's order."
    )
    products: paging.Connection[refs.ProductRef] = page(
        products.of_revisions, of="revision", key="id", description="The products it leads to, in order."
    )
    translations: paging.Connection[refs.ContentRef] = page(
        content_lists.siblings, key="group_uid", description="It in all its languages, itself too, by language."
    )
    submissions: paging.Connection[refs.SubmissionRef] | None = page(
        decisions.of_contents,
        key="id",
        only_if=_may_edit,
        filters=SubmissionFilter,
        description="Where it was submitted, the latest moved first; null for those who may not change it.",
    )

    @classmethod
    def of(cls, row: models.Content) -> "Content":
        """The object of the row's format, over its live revision; where nothing was published yet, over the draft, or what is
        on its way.

        A row without a live revision only ever reaches those who may change it: services/access.py sees to that.
        """
        from api.graphql.formats import TYPES  # noqa: PLC0415  (the formats build on this class)

        revision = row.live_revision if row.live_revision_id is not None else row.draft_revision or row.waiting_revision
        if revision is None:
            # of what was erased before it ever went out, nothing is left to show
            assert row.state is models.ContentState.ERASED, "a content has a live revision, a draft, or one that waits"
            revision = models.Revision(id=0, content_id=row.id, number=0, title="", summary="", body=[], details={})
        return TYPES[row.format](row=row, revision=revision)  # type: ignore[no-any-return]  # a Content each

    async def parts(self, info: Info) -> Parts:
        """The typed body and details, read once an object."""
        known = self.__dict__.get("_parts")
        if known is None:
            known = self.__dict__["_parts"] = await parts_of(info, self.row.format, self.revision)
        return known

    async def own(self, info: Info, kind: type[Own]) -> Own | None:
        """The format's own part; None where an import could not give it."""
        details = (await self.parts(info))[1]
        return details if isinstance(details, kind) else None

    @strawberry.field(description="Its text.")
    async def body(self, info: Info) -> bodies.Body:
        return bodies.Body(body=(await self.parts(info))[0])

    @strawberry.field(description="Its first cover picture; null where it has none.")
    async def cover(self, info: Info) -> refs.AssetRef | None:
        covers = await info.context.load(assets.covers_of_revisions, self.revision.id)
        return shape(covers[0]) if covers else None

    @strawberry.field(description="The address of its page for readers, to share; null while it is not published.")
    def url(self, info: Info) -> str | None:
        return f"{info.context.settings.base_url}/contents/{self.row.uid}" if self.row.is_live else None

    @strawberry.field(description="The draft being written; null if there is none, or for those who may not change it.")
    async def draft(self, info: Info) -> Revision | None:
        if self.row.draft_revision_id is None or not access.may_look_into(info.context.caller, self.row.creator_id):
            return None
        found = await info.context.load(contents.by_ids, self.row.id)
        return Revision(row=found.draft_revision, format=self.row.format) if found and found.draft_revision else None


findable("Content", contents.by_uids)


@strawberry.type
class ContentQuery:
    @strawberry.field(description="The content with this id; null if there is none or you may not see it.")
    async def content(self, info: Info, id: Id) -> Content | None:
        found = await info.context.load(contents.by_uids, uid_of(id, "Content", "id"))
        return shape(found)  # type: ignore[no-any-return]  # a Content by registration

    contents: paging.Connection[Content] = page(
        content_lists.listed, key=None, filters=ContentFilter, orders=ContentOrder, description="Published contents."
    )
