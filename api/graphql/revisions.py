"""Versions of contents, and reading what is written in one: its body and its format's own part, when a field needs them."""

from datetime import datetime
from typing import Any

import strawberry

import models
from api import messages
from api.graphql import bodies, paging, refs
from api.graphql.context import Info
from api.graphql.fields import column, many, one, page
from api.graphql.ids import identity
from api.graphql.nodes import Node, findable
from api.graphql.rows import shows
from api.graphql.words import described
from models import caps, formats
from services import assets, contents, products, reviews, revisions, schedule_times, stamps, tags
from services.revision_facts import read_parts

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

Parts = tuple[tuple[Any, ...], formats.Details | None]


async def parts_of(info: Info, format_: models.Format, revision: models.Revision) -> Parts:
    """The typed body and details of a revision. Lists leave them behind: then they are read for all siblings at once."""
    if any(column.key not in revision.__dict__ for column in contents.TEXTS):
        revision = await info.context.load(contents.texts_of, revision.id)
    return read_parts(format_, revision)


@strawberry.type(description="An answer to a question on the forms of channels.")
class FormEntry:
    name: str = strawberry.field(description="What is asked, as packs name it.")
    value: str = strawberry.field(description="The answer.")


@strawberry.type(description="Why something scheduled was not let out when its time came.")
class ScheduleFailure:
    code: str = strawberry.field(description="A stable name of the reason, as in `Problem`.")
    message: str = strawberry.field(description="The reason, for people.")


@strawberry.type(description="When a version is to go live, or was.")
class Schedule:
    row: strawberry.Private[models.Revision]

    at: datetime = column("scheduled_for", description="The instant.")
    time_zone: str = column("schedule_zone", description="The zone whose clocks it was set by.")
    late_by_ms: int | None = column(
        "fired_late_ms", description="How late it went out, in milliseconds; null while it did not."
    )

    @strawberry.field(description="What the clocks there show then, with their offset: 2026-12-01T20:00+08:00.")
    def local_time(self) -> str:
        assert self.row.scheduled_for is not None
        return schedule_times.local(self.row.scheduled_for, self.row.schedule_zone or "UTC")

    @strawberry.field(description="Why it was not let out; null unless that happened. Move or cancel it then.")
    def failure(self, info: Info) -> ScheduleFailure | None:
        code, separator, message = (self.row.schedule_failure or "").partition(": ")
        if not separator:
            return None
        return ScheduleFailure(code=code, message=messages.told(code, message, info.context.languages))


@shows(models.Revision)
@strawberry.type(description="A version of a content. Seen by those who may change the content.")
class Revision(Node):
    row: strawberry.Private[models.Revision]
    format: strawberry.Private[models.Format]

    @classmethod
    def of(cls, row: models.Revision) -> "Revision":
        return cls(row=row, format=row.content.format)

    id: strawberry.ID = identity("Revision")
    number: int = column("number", description="Counts the versions of the content from 1.")
    state: models.RevisionState = column("state", description="Where it stands.")
    edition: int = column("edition", description="Counts the saves of a draft.")
    content: refs.ContentRef | None = one(contents.by_ids, key="content_id", description="Whose version it is.")
    review: refs.ReviewRef | None = one(
        reviews.of_revisions, key="id", description="The organisation's review of it; null if none was asked for."
    )
    title: str = column("title", description="Its title.")
    summary: str = column("summary", description="Its summary. May be empty.")
    created_at: datetime = column("created_at", description="When it was begun.")
    published_at: datetime | None = column("published_at", description="When it went live; null if it did not.")
    scheduled_for: datetime | None = column("scheduled_for", description="When it is to go live; see `schedule`.")
    covers: list[refs.AssetRef] = many(
        assets.covers_of_revisions, key="id", most=caps.MOST_COVERS, description="Its covers."
    )
    products: paging.Connection[refs.ProductRef] = page(
        products.of_revisions, key="id", description="The products it leads to, in order."
    )
    tags: list[refs.TagRef] = many(
        tags.current_by_ids,
        keys="tag_ids",
        most=caps.MOST_TAGS,
        description="The tags that the content gets with this version.",
    )

    @strawberry.field(description="Names this save of this version, opaquely: give it as `expectedRevision`.")
    def stamp(self) -> str:
        return stamps.of(self.row)

    @strawberry.field(description="When it is to go live, or was; null if it was never scheduled.")
    def schedule(self) -> Schedule | None:
        return None if self.row.scheduled_for is None else Schedule(row=self.row)

    @strawberry.field(description="Its text.")
    async def body(self, info: Info) -> bodies.Body:
        return bodies.Body(body=(await parts_of(info, self.format, self.row))[0])

    @strawberry.field(description="What the forms of channels asked beyond the format, by name: at most 40.")
    async def form(self, info: Info) -> list[FormEntry]:
        details = (await parts_of(info, self.format, self.row))[1]
        return (
            [FormEntry(name=name, value=str(value)) for name, value in sorted(details.form.items())] if details else []
        )


findable("Revision", revisions.by_uids)
