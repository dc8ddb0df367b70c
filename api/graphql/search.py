"""Search over contents and products: hits in order, with facets and with what matched."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any

import strawberry

import models
from api.graphql.context import Context, Info
from api.graphql.fields import column
from api.graphql.ids import uids_of
from api.graphql.inputs import given
from api.graphql.nodes import Node
from api.graphql.rows import shape
from api.graphql.words import BigInt, described
from core import cursors
from core.ids import global_id
from search import highlights
from search.query import Facet as FacetName
from search.query import Filters, Kind, Order, Position, SearchQuery
from services import creators, guide, selections, tags

described(Kind, "What a hit is.", {"CONTENT": "A content.", "PRODUCT": "A product."}, name="SearchKind")
described(
    Order,
    "The order of hits.",
    {"RELEVANCE": "The best match first, to a depth of 1,000.", "NEWEST": "The latest published first, without end."},
    name="SearchOrder",
)
described(
    FacetName,
    "What hits are counted by.",
    {
        "KIND": "Whether content or product.",
        "FORMAT": "The format of contents.",
        "LANGUAGE": "The language.",
        "TAG": "The tags, by id.",
        "CREATOR": "The creators, by id.",
    },
    name="SearchFacetName",
)


@strawberry.type(description="A part of a text that matches: [start, end) in code points.")
class Highlight:
    row: strawberry.Private[highlights.Span]

    start: int = column("start", description="The first character of it, counted from 0.")
    end: int = column("end", description="The first character behind it.")


@strawberry.type(description="One hit.")
class SearchHit:
    row: strawberry.Private[guide.Found]
    scope: strawberry.Private[str]

    kind: Kind = column("hit.kind", description="Whether content or product.")
    score: float = column("hit.score", description="How well it matches: comparable within one search only.")

    @strawberry.field(description="What was found: a Content or a Product.")
    def subject(self) -> Node:
        return shape(self.row.row)  # type: ignore[no-any-return]  # by registration

    @strawberry.field(description="Where its title matches.")
    def title_highlights(self) -> list[Highlight]:
        return [Highlight(row=span) for span in self.row.title_spans]

    @strawberry.field(description="Give it as `after` to go on behind this hit.")
    def cursor(self) -> str:
        return _cursor(self.scope, self.row.hit.position)


@strawberry.type(description="How many hits have one value.")
class FacetValue:
    value: str = strawberry.field(description="The value: a name, or the global id of a tag or creator.")
    count: int = strawberry.field(description="How many hits have it.")


@strawberry.type(description="The hits counted by one property, the most frequent values first.")
class SearchFacet:
    name: FacetName = strawberry.field(description="The property.")
    values: list[FacetValue] = strawberry.field(description="Its values, at most 200.")


@strawberry.type(description="A page of hits.")
class SearchResult:
    row: strawberry.Private[guide.Results]
    scope: strawberry.Private[str]

    total_count: int = column("page.total", description="How many match in all.")
    took_ms: float = column("page.took_ms", description="How long the index took, in milliseconds.")

    @strawberry.field(description="The hits of this page, those that you may see.")
    def hits(self) -> list[SearchHit]:
        return [SearchHit(row=found, scope=self.scope) for found in self.row.found]

    @strawberry.field(description="Give it as `after` for the next page; null on the last one.")
    def next(self) -> str | None:
        place = self.row.page.next
        return None if place is None else _cursor(self.scope, place)

    @strawberry.field(description="The counts that were asked for.")
    async def facets(self, info: Info) -> list[SearchFacet]:
        found = []
        for name, counts in self.row.page.facets.items():
            outside = await _outside(info.context, name, counts)
            values = [
                FacetValue(value=outside[value], count=count) for value, count in counts.items() if value in outside
            ]
            found.append(SearchFacet(name=name, values=values))
        return found


async def _outside(context: Context, name: FacetName, counts: Mapping[str, int]) -> dict[str, str]:
    """Values of a facet as the API speaks of them: rows by their global id, the rest as it is."""
    reads: dict[FacetName, tuple[Any, str]] = {
        FacetName.TAG: (tags.by_ids, "Tag"),
        FacetName.CREATOR: (creators.by_ids, "Creator"),
    }
    if name not in reads:
        return {value: value for value in counts}
    read, type_name = reads[name]
    rows = await context.load_many(read, [int(value) for value in counts])
    return {str(row.id): global_id(type_name, row.uid) for row in rows if row is not None}


@strawberry.input(description="What a hit must be. Values within one part are alternatives, parts add up.")
class SearchFilter:
    kinds: list[Kind] | None = given("Only these kinds.")
    formats: list[models.Format] | None = given("Only contents of these formats.")
    languages: list[str] | None = given("Only these languages, such as zh.")
    tags: list[str] | None = given("Only with one of these tags (taxonomy:code), or what lies under them.")
    creator_ids: list[strawberry.ID] | None = given("Only of these creators.")
    currency: str | None = given("The currency of the prices below (ISO 4217).")
    price_from: BigInt | None = given("Products at this price or more, in minor units.")
    price_to: BigInt | None = given("Products at this price or less, in minor units.")
    published_from: datetime | None = given("Published at this instant or later.")
    published_before: datetime | None = given("Published before this instant.")


def _cursor(scope: str, place: Position) -> str:
    return cursors.encode(scope, [place.order.value, place.value])


def _place(scope: str, after: str) -> Position:
    order, value = cursors.decode(scope, after)
    return Position(Order(order), value)


async def _filters(context: Context, sent: SearchFilter | None) -> Filters:
    if sent is None:
        return Filters()
    creator_uids = uids_of(sent.creator_ids or (), "Creator", "filter", "creator_ids")
    async with context.db.session() as session:
        tag_ids = await selections.tag_ids(session, context.caller, tuple(sent.tags or ()))
        found = await creators.by_uids(session, context.caller, creator_uids)
    # a creator who is not there matches nothing, and does not widen the search to everybody
    creator_ids = tuple(row.id for row in found.values()) or ((0,) if creator_uids else ())
    return Filters(
        kinds=tuple(sent.kinds or ()),
        formats=tuple(format_.value for format_ in sent.formats or ()),
        languages=tuple(sent.languages or ()),
        any_tags=tag_ids,
        creator_ids=creator_ids,
        currency=sent.currency or None,
        price_from=sent.price_from if sent.price_from is not strawberry.UNSET else None,
        price_to=sent.price_to if sent.price_to is not strawberry.UNSET else None,
        published_from=sent.published_from or None,
        published_before=sent.published_before or None,
    )


@strawberry.type
class SearchRoot:
    @strawberry.field(
        description="Contents and products that match a text; without a text everything that passes the filter, newest"
        " first. What is hidden is never found."
    )
    async def search(
        self,
        info: Info,
        text: Annotated[str, strawberry.argument(description="What people type: at most 300 characters.")],
        first: Annotated[int, strawberry.argument(description="How many hits, from 1 to 100.")],
        filter: Annotated[  # noqa: A002  (the word of the schema)
            SearchFilter | None, strawberry.argument(description="What a hit must be.")
        ] = strawberry.UNSET,
        after: Annotated[
            str | None, strawberry.argument(description="A cursor of the same search: go on behind it.")
        ] = strawberry.UNSET,
        order: Annotated[Order, strawberry.argument(description="The order of hits.")] = Order.RELEVANCE,
        facets: Annotated[
            list[FacetName] | None, strawberry.argument(description="What to count hits by.")
        ] = strawberry.UNSET,
    ) -> SearchResult:
        context = info.context
        query = SearchQuery(
            text=text,
            filters=await _filters(context, filter or None),
            order=order,
            first=first,
            facets=tuple(facets or ()),
        )
        if after:
            query = replace(query, after=_place(query.scope, after))
        async with context.db.session() as session:
            found = await guide.search(
                session,
                context.caller,
                query,
                index=context.index,
                at=context.clock.now(),
                text_limit=context.settings.search_text_limit,
                page_limit=context.settings.page_limit,
            )
        return SearchResult(row=found, scope=query.scope)
