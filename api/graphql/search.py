"""Search over contents and products: hits in order, with facets and with what matched."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any

import strawberry

import models
from api.graphql import fields, paging
from api.graphql.context import Context, Info
from api.graphql.directives import Cost, sized_by
from api.graphql.fields import column
from api.graphql.ids import uids_of
from api.graphql.inputs import given
from api.graphql.nodes import Node
from api.graphql.paging import PageInfo
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


@strawberry.type(description="A hit, with its place.")
class SearchEdge:
    row: strawberry.Private[guide.Found]
    scope: strawberry.Private[str]

    kind: Kind = column("hit.kind", description="Whether content or product.")
    score: float = column("hit.score", description="How well it matches: comparable within one search only.")

    @strawberry.field(description="What was found: a Content or a Product.")
    def node(self) -> Node:
        return shape(self.row.row)  # type: ignore[no-any-return]  # by registration

    @strawberry.field(description="Where its title matches.")
    def title_highlights(self) -> list[Highlight]:
        return [Highlight(row=span) for span in self.row.title_spans]

    @strawberry.field(description="Its place: give it as `after` or `before` to go on from here.")
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


@strawberry.type(
    description="A window on the hits. What was hidden since the index last looked is left out, so a page may hold fewer"
    " hits than were asked for; `pageInfo` leads past them all the same."
)
class SearchConnection:
    row: strawberry.Private[guide.Results]
    scope: strawberry.Private[str]

    total_count: int = column("page.total", description="How many match in all, exactly.")
    took_ms: float = column("page.took_ms", description="How long the index took, in milliseconds.")

    @strawberry.field(description="The hits of this window with their cursors, those that you may see.")
    def edges(self) -> list[SearchEdge]:
        return [SearchEdge(row=found, scope=self.scope) for found in self.row.found]

    @strawberry.field(description="What was found in this window.")
    def nodes(self) -> list[Node]:
        return [shape(found.row) for found in self.row.found]

    @strawberry.field(description="Where this window stands in the whole list.")
    def page_info(self) -> PageInfo:
        page = self.row.page
        ends = [_cursor(self.scope, hit.position) for hit in (*page.hits[:1], *page.hits[-1:])]
        return PageInfo(
            has_next_page=page.next is not None,
            has_previous_page=page.has_previous,
            start_cursor=ends[0] if ends else None,
            end_cursor=ends[-1] if ends else None,
        )

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


def _place(scope: str, cursor: str | None) -> Position | None:
    if cursor is None:
        return None
    match cursors.decode(scope, cursor):
        case [str(order), int(value)] if order in set(Order) and not isinstance(value, bool):
            return Position(Order(order), value)
        case _:
            raise cursors.UnknownCursor("This cursor is not one that this API handed out: take it from an answer.")


async def _filters(context: Context, sent: SearchFilter | None) -> Filters:
    if sent is None:
        return Filters()
    creator_uids = uids_of(sent.creator_ids or (), "Creator", "filter", "creatorIds")
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
        " first. What is hidden is never found. By relevance one pages through the first 1,000 hits.",
        directives=[Cost(weight=10), sized_by("first", "last", fields=("edges", "nodes"))],
    )
    async def search(
        self,
        info: Info,
        text: Annotated[str, strawberry.argument(description="What people type: at most 300 characters.")],
        first: fields.First = strawberry.UNSET,
        after: fields.After = strawberry.UNSET,
        last: fields.Last = strawberry.UNSET,
        before: fields.Before = strawberry.UNSET,
        filter: Annotated[
            SearchFilter | None, strawberry.argument(description="What a hit must be.")
        ] = strawberry.UNSET,
        order: Annotated[Order, strawberry.argument(description="The order of hits.")] = Order.RELEVANCE,
        facets: Annotated[
            list[FacetName] | None, strawberry.argument(description="What to count hits by.")
        ] = strawberry.UNSET,
    ) -> SearchConnection:
        context = info.context
        window = paging.window(context.settings.page_limit, first, after, last, before)
        query = SearchQuery(
            text=text,
            filters=await _filters(context, filter or None),
            order=order,
            first=window.size,
            facets=tuple(facets or ()),
            is_backward=window.backward,
        )
        places = _place(query.scope, window.after), _place(query.scope, window.before)
        query = replace(query, after=places[0], before=places[1])
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
        return SearchConnection(row=found, scope=query.scope)
