"""Taxonomies and tags: the structured vocabulary that contents, channels and search stand on."""

from typing import Annotated, Any

import strawberry

import models
from api.graphql import paging, refs
from api.graphql.content_filters import ContentFilter, ContentOrder
from api.graphql.context import Info
from api.graphql.directives import at_most
from api.graphql.feed_addresses import FeedAddress
from api.graphql.fields import column, one, page
from api.graphql.ids import identity
from api.graphql.labels import Label, Language, chosen, in_language, labels_of
from api.graphql.nodes import Node, findable
from api.graphql.rows import shape, shapes, shows
from api.graphql.tag_filters import TagFilter
from core.errors import Invalid
from services import content_lists, tags
from services.feeds import addresses


class MalformedTagCode(Invalid):
    code = "MALFORMED_TAG_CODE"


@shows(models.TagAlias)
@strawberry.type(description="Another name of a tag, as people write it.")
class TagAlias:
    row: strawberry.Private[models.TagAlias]

    alias: str = column("alias", description="The other name.")
    language: str | None = column("language", description="Its language; null where it belongs to none.")


@shows(models.Taxonomy)
@strawberry.type(description="A closed vocabulary, such as category, scene or crowd.")
class Taxonomy(Node):
    row: strawberry.Private[models.Taxonomy]

    id: strawberry.ID = identity("Taxonomy")
    code: str = column("code", description="Its stable name, such as scene.")
    is_tree: bool = column("is_tree", description="Whether its tags have parents.")
    least_per_content: int = column("least_per_content", description="How many of its tags a content must have.")
    most_per_content: int | None = column(
        "most_per_content", description="How many of its tags a content may have; null for any number."
    )
    labels: list[Label] = column("labels", convert=labels_of, description="Its name in all languages that have one.")
    tags: paging.Connection[refs.TagRef] = page(
        tags.of_taxonomies, key="id", filters=TagFilter, description="Its tags, by code."
    )

    @strawberry.field(description="Its name in one language.")
    def label(self, info: Info, language: Language = strawberry.UNSET) -> str:
        return in_language(self.row.labels, chosen(info, language or None), self.row.code)


@shows(models.Tag)
@strawberry.type(description="A word of a taxonomy. What refers to it uses its id or full name, never a label.")
class Tag(Node):
    row: strawberry.Private[models.Tag]

    id: strawberry.ID = identity("Tag")
    code: str = column("code", description="Its stable name within the taxonomy, such as camping.")
    taxonomy: refs.TaxonomyRef = one(tags.taxonomies_by_ids, key="taxonomy_id", description="The vocabulary it is of.")
    labels: list[Label] = column("labels", convert=labels_of, description="Its name in all languages that have one.")
    aliases: paging.Connection[TagAlias] = page(tags.aliases_of, key="id", description="What else it is called.")
    state: models.TagState = column("state", description="Whether it may be used.")
    parent: refs.TagRef | None = one(tags.by_ids, key="parent_id", description="The tag above it in a tree.")
    merged_into: refs.TagRef | None = one(tags.by_ids, key="merged_into_id", description="What it became by a merge.")
    children: paging.Connection[refs.TagRef] = page(tags.children_of, key="id", description="The tags right below it.")
    contents: paging.Connection[refs.ContentRef] = page(
        content_lists.of_tags,
        key="id",
        filters=ContentFilter,
        orders=ContentOrder,
        description="Contents with this tag, or with one that lies under it or was merged into it.",
    )

    @strawberry.field(description="Its name in one language.")
    def label(self, info: Info, language: Language = strawberry.UNSET) -> str:
        return in_language(self.row.labels, chosen(info, language or None), self.row.code)

    feed: FeedAddress | None = one(
        addresses.of_tags, key="id", description="Its feed; null where there is none, or you may not read it."
    )

    @strawberry.field(description="Its full name, taxonomy:code, as arguments take it.")
    async def name(self, info: Info) -> str:
        taxonomy = await info.context.load(tags.taxonomies_by_ids, self.row.taxonomy_id)
        return f"{taxonomy.code}:{self.row.code}"

    @strawberry.field(
        description="The tags above it, from the root down, without itself; at most 20.", directives=[at_most(20)]
    )
    async def ancestors(self, info: Info) -> list[refs.TagRef]:
        return shapes(await info.context.load_many(tags.by_ids, self.row.path[:-1]))


findable("Tag", tags.by_uids)
findable("Taxonomy", tags.taxonomies_by_uids)


@strawberry.type
class TagQuery:
    @strawberry.field(
        description="The tag of this full name; null if there is none. One that was merged answers with what it became."
    )
    async def tag(
        self,
        info: Info,
        code: Annotated[str, strawberry.argument(description="taxonomy:code, such as scene:camping.")],
    ) -> Tag | None:
        taxonomy, word = tags.split(code[:200])
        if not taxonomy or not word:
            raise MalformedTagCode("Write a tag as taxonomy:code, such as scene:camping.", path=("code",))
        found: Any = await info.context.load(tags.by_codes, (taxonomy, word))
        return shape(found)  # type: ignore[no-any-return]  # a Tag by registration

    @strawberry.field(description="The vocabulary with this code; null if there is none.")
    async def taxonomy(
        self, info: Info, code: Annotated[str, strawberry.argument(description="Its code, such as scene.")]
    ) -> Taxonomy | None:
        return shape(await info.context.load(tags.taxonomies_by_codes, code[:200]))  # type: ignore[no-any-return]  # by registration

    taxonomies: paging.Connection[Taxonomy] = page(tags.taxonomies, key=None, description="All vocabularies, by code.")
    # last: from here on the name is this field's
    tags: paging.Connection[Tag] = page(
        tags.listed, key=None, filters=TagFilter, description="All active and deprecated tags, by code."
    )
