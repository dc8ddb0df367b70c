"""What each field of the schema costs: read off its declarations, and published with the schema as directives."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import strawberry
from graphql import (
    GraphQLDirective,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    is_abstract_type,
    is_leaf_type,
)

from api.graphql.directives import Cost, ListSize, at_most, sized_by
from api.graphql.fields import Many

BODY = 10
"""A body counts as ten objects: it can be a hundred times as long as anything else that a row says."""

MUTATION = 10

EXPLAINED = 5
"""Facts as they were pinned are some kilobytes, and judging them again takes some of the time of a plan."""

# Parts of what holds them: stored with it and read with it, so that they cost nothing of their own.
PARTS = frozenset({
    "PageInfo", "Money", "Label", "ProductAttribute", "FormEntry", "TocEntry", "Theme", "Problem", "Refused",
    "ParagraphBlock", "HeadingBlock", "ImageBlock", "GalleryBlock", "VideoBlock", "ProductBlock", "QuoteBlock",
    "ListBlock", "TableBlock", "CodeBlock", "DividerBlock", "EmbedBlock", "TextSpan", "ListItem", "PageHero",
    "PageRichText", "PageContents", "PageTabs", "PageTab", "PageLive", "PageProducts", "PageQuestions",
    "PageRankedList", "PageBanner", "PageLinks", "PageLink", "Palette", "HomepageSchedule", "HomepagePreview",
    "RunningOrderItem", "GalleryPicture", "Anchor", "Chapter", "Subtitles", "TimedProduct", "RankedEntry", "Piece",
    "AssetUploadFailure", "ImageFacts", "VideoFacts", "AudioFacts", "SubtitlesFacts", "DominantColour", "FocalPoint", "Finding", "Quota", "QuotaUsed", "AuditClaim", "RejectionReason", "GateCheck", "PackRule", "PackSection",
    "PinnedRevision", "PinnedPack", "PinnedFacts", "Highlight", "SearchFacet", "FacetValue",
})  # fmt: skip
WEIGHTS = dict.fromkeys(PARTS, 0) | {"Body": BODY, "Explanation": EXPLAINED, "Verification": EXPLAINED}


@dataclass(frozen=True, slots=True)
class Price:
    """What one field counts: its own weight or else that of each object it answers (None), as many as `size` says;
    `below` is their type, None for scalars.
    """

    weight: int | None
    below: str | None
    size: ListSize | None


class Tariff:
    """The prices of a schema, by type and field."""

    def __init__(self, core: GraphQLSchema) -> None:
        self.prices = {(of, name): _price(one) for of, name, one in _fields(core)}
        # the types that an object may have which a field declares as this one; of an object type itself alone
        self.possible = {
            name: tuple(one.name for one in core.get_possible_types(named)) if is_abstract_type(named) else (name,)
            for name, named in core.type_map.items()
        }
        self.weights = {name: max(map(_weight, possible)) for name, possible in self.possible.items()}
        sizes = [price.size for price in self.prices.values() if price.size]
        self.slicing = frozenset(name for size in sizes for name in size.slicing_arguments or ())

    @classmethod
    def published(cls, schema: strawberry.Schema) -> "Tariff":
        """The tariff of a schema, whose fields and types carry it as directives from now on, wherever it is printed."""
        core = schema._schema  # noqa: SLF001  (Strawberry has no public name for it)
        mutation = core.mutation_type.name if core.mutation_type else ""
        for of, _, one in _fields(core):
            if (size := _size(one)) is not None:
                _direct(one, size)
            if of == mutation:
                _direct(one, Cost(weight=MUTATION))
        for named in core.type_map.values():
            if isinstance(named, GraphQLObjectType) and _weight(named.name) != 1:
                _direct(named, Cost(weight=_weight(named.name)))
        _describe([*core.directives, *schema._schema_graphql_directives.values()])  # noqa: SLF001  (as above)
        return cls(core)


def _fields(core: GraphQLSchema) -> Iterator[tuple[str, str, GraphQLField]]:
    for named in core.type_map.values():
        if isinstance(named, GraphQLObjectType | GraphQLInterfaceType) and not named.name.startswith("__"):
            for name, one in named.fields.items():
                yield named.name, name, one


def _weight(type_name: str) -> int:
    return 0 if type_name.endswith("Edge") else WEIGHTS.get(type_name, 1)


def _price(one: GraphQLField) -> Price:
    named = get_named_type(one.type)
    stated = next((each.weight for each in _directives(one) if isinstance(each, Cost)), None)
    return Price(stated, None, None) if is_leaf_type(named) else Price(stated, named.name, _size(one))


def _size(one: GraphQLField) -> ListSize | None:
    """How many objects a field may answer; None for one, and for a list whose size its parent says."""
    stated = next((each for each in _directives(one) if isinstance(each, ListSize)), None)
    if stated is not None:
        return stated
    source = _definition(one).metadata.get("source") if _definition(one) else None
    if isinstance(source, Many):
        return at_most(source.most, slicing="first" if "first" in one.args else None)
    is_connection = get_named_type(one.type).name.endswith("Connection")
    return sized_by("first", "last", fields=("edges", "nodes")) if is_connection else None


def _definition(thing: Any) -> Any:
    """What Strawberry made a field, a type or a directive from; the built schema keeps it for the printer."""
    return thing.extensions.get("strawberry-definition")


def _directives(thing: Any) -> list[Any]:
    definition = _definition(thing)
    return list(definition.directives or ()) if definition else []


def _direct(thing: Any, directive: Cost | ListSize) -> None:
    """Let it carry the directive when it is printed, unless it does already: several schemas are built of the same parts."""
    given = _directives(thing)
    if not any(isinstance(each, type(directive)) for each in given):
        _definition(thing).directives = [*given, directive]


def _describe(directives: Iterable[GraphQLDirective]) -> None:
    """Strawberry keeps the description of a directive's argument to itself."""
    for directive in directives:
        for declared in getattr(_definition(directive), "fields", ()):
            argument = next(
                (one for one in directive.args.values() if _definition(one).python_name == declared.name), None
            )
            if argument is not None:
                argument.description = declared.description
