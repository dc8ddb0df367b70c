"""Two versions of a content compared: texts word by word, the body block by block, everything else by what came and went."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import strawberry

import models
from api.graphql import bodies, paging, refs
from api.graphql.context import Info
from api.graphql.directives import at_most
from api.graphql.fields import Asked, many, with_arguments
from api.graphql.ids import uid_of
from api.graphql.revisions import Revision
from api.graphql.rows import shows
from api.graphql.words import described
from core import cursors
from core.reads import Page
from services import assets, differences, products, revisions, tags
from services.differences import Change

described(
    Change,
    "What became of a piece.",
    {
        "SAME": "Both versions have it.",
        "REMOVED": "Only the earlier one has it.",
        "ADDED": "Only the later one has it.",
        "CHANGED": "Both have one, and they differ.",
    },
)

MOST_LINKS = 2_000


@strawberry.type(description="A piece of a text.")
class TextRun:
    change: Change = strawberry.field(description="Whether it stayed, went or came.")
    text: str = strawberry.field(description="The piece.")


def _runs(runs: Sequence[differences.Run]) -> list[TextRun]:
    return [TextRun(change=run.change, text=run.text) for run in runs]


@shows(differences.BlockDifference)
@strawberry.type(description="A block of the body that came, went or changed.")
class BlockChange:
    row: strawberry.Private[differences.BlockDifference]

    @strawberry.field(description="What became of it.")
    def change(self) -> Change:
        return self.row.change

    @strawberry.field(description="Where it stood in the earlier version, from 0; null where it was not there.")
    def place_before(self) -> int | None:
        return self.row.place_before

    @strawberry.field(description="Where it stands in the later version, from 0; null where it is no longer there.")
    def place_after(self) -> int | None:
        return self.row.place_after

    @strawberry.field(description="The block as it was.")
    def before(self) -> bodies.Block | None:
        return bodies.shown((self.row.before,))[0] if self.row.before is not None else None

    @strawberry.field(description="The block as it is.")
    def after(self) -> bodies.Block | None:
        return bodies.shown((self.row.after,))[0] if self.row.after is not None else None

    @strawberry.field(
        description="Its words, piece by piece, where they changed: Chinese and Japanese sign by sign.",
        directives=[at_most(differences.MOST_RUNS)],
    )
    def text(self) -> list[TextRun]:
        return _runs(self.row.runs)


@shows(differences.ValueDifference)
@strawberry.type(description="A value of what the format has of its own that differs.")
class ValueChange:
    row: strawberry.Private[differences.ValueDifference]

    @strawberry.field(description="Which value, such as pictures.0.caption; places count from 0.")
    def path(self) -> str:
        return self.row.path

    @strawberry.field(description="As it was; null where it was not there.")
    def before(self) -> str | None:
        return self.row.before

    @strawberry.field(description="As it is; null where it is no longer there.")
    def after(self) -> str | None:
        return self.row.after


@dataclass(frozen=True, slots=True)
class Links:
    """Database ids that came and went between two versions, in order."""

    covers_added: list[int]
    covers_removed: list[int]
    products_added: list[int]
    products_removed: list[int]
    tags_added: list[int]
    tags_removed: list[int]


def _walk(name: str, type_name: str) -> Any:
    """A resolver of a connection over what is already there."""

    async def resolve(self: Any, info: Info, **asked: Any) -> Any:
        rows = getattr(self.found, name)
        return _page(info, rows, f"{type_name}:{self.earlier.uid}:{self.later.uid}", asked)

    with_arguments(resolve)
    resolve.__annotations__.pop("return", None)
    return resolve


def _page(info: Info, rows: Sequence[Any], scope: str, asked: Asked) -> Any:
    given = [asked.get(name) for name in ("first", "after", "last", "before")]
    window = paging.window(info.context.settings.page_limit, *given)
    cursor = window.before if window.backward else window.after
    place = _place(scope, cursor, len(rows)) if cursor else None
    if window.backward:
        end = len(rows) if place is None else place
        start = max(0, end - window.size)
    else:
        start = 0 if place is None else place + 1
        end = min(len(rows), start + window.size)
    shown = Page(
        list(rows[start:end]),
        [cursors.encode(scope, [number]) for number in range(start, end)],
        has_next=end < len(rows),
        has_previous=start > 0,
    )

    async def count() -> int:
        return len(rows)

    return paging.Connection(page=shown, count=count)


def _place(scope: str, cursor: str, count: int) -> int:
    match cursors.decode(scope, cursor):
        case [int(place)] if 0 <= place < count:
            return place
    # a draft was saved meanwhile, or somebody made the cursor themselves
    raise cursors.UnknownCursor("This cursor leads nowhere: start this list again.")


@strawberry.type(description="What differs between two versions of a content.")
class RevisionDiff:
    earlier: strawberry.Private[models.Revision]
    later: strawberry.Private[models.Revision]
    found: strawberry.Private[differences.Difference]
    links: strawberry.Private[Links]

    @strawberry.field(description="The version compared.")
    def before(self) -> Revision:
        return Revision.of(self.earlier)

    @strawberry.field(description="The version that it is compared with.")
    def after(self) -> Revision:
        return Revision.of(self.later)

    @strawberry.field(
        description="The title, piece by piece; empty where it is the same.",
        directives=[at_most(differences.MOST_RUNS)],
    )
    def title(self) -> list[TextRun]:
        return _runs(self.found.title)

    @strawberry.field(
        description="The summary, piece by piece; empty where it is the same.",
        directives=[at_most(differences.MOST_RUNS)],
    )
    def summary(self) -> list[TextRun]:
        return _runs(self.found.summary)

    blocks: paging.Connection[BlockChange] = strawberry.field(
        resolver=_walk("blocks", "blocks"), description="The blocks of the body that came, went or changed, in order."
    )
    details: paging.Connection[ValueChange] = strawberry.field(
        resolver=_walk("details", "details"), description="What differs of the format's own part."
    )
    covers_added: list[refs.AssetRef] = many(
        assets.by_ids, of="links", keys="covers_added", most=20, description="Covers that came."
    )
    covers_removed: list[refs.AssetRef] = many(
        assets.by_ids, of="links", keys="covers_removed", most=20, description="Covers that went."
    )
    products_added: list[refs.ProductRef] = many(
        products.by_ids, of="links", keys="products_added", most=MOST_LINKS, description="Products that came."
    )
    products_removed: list[refs.ProductRef] = many(
        products.by_ids, of="links", keys="products_removed", most=MOST_LINKS, description="Products that went."
    )
    tags_added: list[refs.TagRef] = many(
        tags.current_by_ids, of="links", keys="tags_added", most=100, description="Tags that came."
    )
    tags_removed: list[refs.TagRef] = many(
        tags.current_by_ids, of="links", keys="tags_removed", most=100, description="Tags that went."
    )


def _words(revision: models.Revision) -> differences.Words:
    return differences.Words(revision.title, revision.summary, revision.body, revision.details)


def _links(before: dict[str, list[int]], after: dict[str, list[int]]) -> Links:
    came_and_went = {}
    for name in ("covers", "products", "tags"):
        came_and_went[f"{name}_added"] = [id_ for id_ in after[name] if id_ not in before[name]]
        came_and_went[f"{name}_removed"] = [id_ for id_ in before[name] if id_ not in after[name]]
    return Links(**came_and_went)


@strawberry.type
class ComparingQuery:
    @strawberry.field(
        description="What differs between two versions of a content; null for those who may not change it. Where two texts have next to"
        " nothing in common, or differ in more than 100 pieces, one is told as removed and the other as added.",
    )
    async def revision_diff(
        self,
        info: Info,
        before_id: Annotated[strawberry.ID, strawberry.argument(description="The version to compare.")],
        after_id: Annotated[strawberry.ID, strawberry.argument(description="The version to compare it with.")],
    ) -> RevisionDiff | None:
        uids = uid_of(before_id, "Revision", "before_id"), uid_of(after_id, "Revision", "after_id")
        async with info.context.db.session() as session:
            pair = await revisions.pair(session, info.context.caller, *uids)
            if pair is None:
                return None
            before, after = pair
            links = _links(await revisions.links(session, before), await revisions.links(session, after))
        # long texts take a while to compare: not on the loop that answers everybody
        found = await asyncio.to_thread(differences.between, _words(before), _words(after))
        return RevisionDiff(earlier=before, later=after, found=found, links=links)
