"""Homepages: a creator's public page as typed blocks; what is broken is left out and reported, never the page."""

import asyncio
from datetime import datetime
from typing import Annotated

import strawberry

import models
from api import messages
from api.graphql import paging, refs
from api.graphql.context import Info
from api.graphql.directives import at_most
from api.graphql.fields import column, one, page
from api.graphql.ids import identity
from api.graphql.labels import Language, chosen, in_language
from api.graphql.nodes import Node, findable
from api.graphql.page_blocks import PageBlock, content_of, fetch, shown
from api.graphql.page_themes import Theme
from api.graphql.problems import Problem
from api.graphql.rows import shape, shows
from api.graphql.words import described
from models import page_blocks
from services import access, assets, creators, homepages, products, stamps
from services.homepages import templates

described(
    models.HomepageState,
    "Where a version of a homepage stands.",
    {
        "DRAFT": "It is being written.",
        "SCHEDULED": "It is to be published at a time.",
        "LIVE": "It is what everybody sees.",
        "SUPERSEDED": "It was live until another took its place.",
        "DROPPED": "It was put away before it was ever published.",
    },
)


MOST_PROBLEMS = 100


@strawberry.type(description="A way to see a version of a homepage before it is published.")
class HomepagePreview:
    row: strawberry.Private[homepages.Preview]

    token: str = column("token", description="What `homepagePreview` takes. Whoever holds it sees the page.")
    expires_at: datetime = column("expires_at", description="Until when. Publishing or discarding ends it before.")

    @strawberry.field(description="The address to hand out, as the operator set it.")
    def url(self, info: Info) -> str:
        return self.row.url(info.context.settings)


@strawberry.type(description="When a version is to be published, or was.")
class HomepageSchedule:
    row: strawberry.Private[models.HomepageVersion]

    at: datetime = column("scheduled_for", description="The instant that was chosen.")
    time_zone: str = column(
        "schedule_zone", description="The time zone it was chosen in (IANA), such as Asia/Shanghai."
    )
    late_by_ms: int | None = column(
        "fired_late_ms", description="How late it was, in milliseconds; null while it waits."
    )

    @strawberry.field(description="Why it was not published when its time came; null if it was, or waits.")
    def failure(self, info: Info) -> str | None:
        code, separator, message = (self.row.schedule_failure or "").partition(": ")
        return f"{code}: {messages.told(code, message, info.context.languages)}" if separator else None


@shows(models.HomepageVersion)
@strawberry.type(description="A creator's public page: a theme and blocks, in one version.")
class Homepage(Node):
    row: strawberry.Private[models.HomepageVersion]

    id: strawberry.ID = identity("Homepage")
    number: int = column("number", description="Counts the versions of the page from 1.")
    state: models.HomepageState = column("state", description="Where this version stands; always LIVE for strangers.")
    template: str | None = column("template", description="The code of the template it began from; null if none.")
    created_at: datetime = column("created_at", description="When this version was begun.")
    published_at: datetime | None = column("published_at", description="When this version went live; null before.")
    creator: refs.CreatorRef | None = one(
        creators.by_ids, of="row.homepage", key="creator_id", description="Whose page it is."
    )
    versions: paging.Connection[refs.HomepageRef] = page(
        homepages.versions_of,
        of="row.homepage",
        key="creator_id",
        description="The versions of this page, newest first: for strangers the live one alone.",
    )

    @strawberry.field(description="Changes with every save: the `expectedRevision` of the next one.")
    def stamp(self) -> str:
        return stamps.of(self.row)

    async def sorted_out(self, info: Info) -> homepages.Sorted:
        """The page as it can be shown to this reader, sorted once an object."""
        known = self.__dict__.get("_sorted")
        if known is None:
            known = self.__dict__["_sorted"] = asyncio.ensure_future(self._sort(info))
        return await known  # type: ignore[no-any-return]  # put there one line above

    async def _sort(self, info: Info) -> homepages.Sorted:
        stored = self.row.theme, self.row.blocks
        named = homepages.references_of(homepages.sort_out(*stored).blocks)
        rows, goods, files = await asyncio.gather(
            asyncio.gather(*(content_of(info, uid) for uid in named.contents)),
            info.context.load_many(products.by_uids, named.products),
            info.context.load_many(assets.by_uids, named.assets),
        )
        seen = [row for row in rows if row is not None]
        there = homepages.There(
            frozenset(row.uid for row in seen),
            frozenset(row.uid for row in seen if row.format is homepages.RANKING),
            frozenset(row.uid for row in goods if row is not None),
            frozenset(row.uid for row in files if row is not None),
        )
        return homepages.sort_out(*stored, there)

    @strawberry.field(description="Its design tokens.")
    async def theme(self, info: Info) -> Theme:
        return Theme(row=(await self.sorted_out(info)).theme)

    @strawberry.field(
        description="Its blocks, from the top down: at most 40, their tabs and the blocks in those counted. What cannot be"
        " shown is left out, and stands in `problems`.",
        directives=[at_most(page_blocks.MOST_PARTS)],
    )
    async def blocks(self, info: Info) -> list[PageBlock]:
        blocks = (await self.sorted_out(info)).blocks
        await fetch(info, self.row.homepage.creator_id, blocks)
        return shown(blocks, self.row.homepage.creator_id)

    @strawberry.field(
        description="What had to be left out or is shown in part, and why: at most 100. Empty on a sound page.",
        directives=[at_most(MOST_PROBLEMS)],
    )
    async def problems(self, info: Info) -> list[Problem]:
        told = (await self.sorted_out(info)).problems[:MOST_PROBLEMS]
        return [Problem.of(problem, info.context.languages) for problem in told]

    @strawberry.field(description="When it is to be published, or was by a schedule; null without one.")
    def schedule(self) -> HomepageSchedule | None:
        return HomepageSchedule(row=self.row) if self.row.scheduled_for is not None else None

    @strawberry.field(
        description="A link to this version for people without a key; null once it was published or put away, and for"
        " those who may not change the page."
    )
    async def preview(
        self,
        info: Info,
        hours: Annotated[int, strawberry.argument(description="How long it lasts: 1 to 720 hours.")] = 24,
    ) -> HomepagePreview | None:
        context = info.context
        if not access.may_look_into(context.caller, self.row.homepage.creator_id):
            return None
        found = await context.load(homepages.preview, self.row.id, hours=hours, now=context.clock.now())
        return HomepagePreview(row=found) if found is not None else None


findable("Homepage", homepages.by_uids)


@strawberry.type(description="A page to begin from.")
class HomepageTemplate:
    row: strawberry.Private[homepages.Template]

    code: str = column("code", description="Its stable name: the `fromTemplate` of `createHomepageDraft`.")
    kind: models.CreatorKind = column("kind", description="The kind of creator it is made for; others may use it too.")
    theme: Theme = column("theme", convert=lambda row: Theme(row=row), description="How it looks.")

    @strawberry.field(description="What it is called, in one language.")
    def name(self, info: Info, language: Language = strawberry.UNSET) -> str:
        return in_language(self.row.names, chosen(info, language or None), self.row.code)

    @strawberry.field(description="What it is good for, in one language.")
    def description(self, info: Info, language: Language = strawberry.UNSET) -> str:
        return in_language(self.row.descriptions, chosen(info, language or None), "")

    @strawberry.field(description="Its blocks from the top down, each as its kind and its heading.")
    def outline(self, info: Info, language: Language = strawberry.UNSET) -> list[str]:
        return [
            templates.described(block) for block in self.row.blocks(next(iter(chosen(info, language or None)), "en"))
        ]


@strawberry.type
class HomepageQuery:
    @strawberry.field(
        description="A homepage before it is published, for whoever holds a token of `Homepage.preview`. What its blocks list"
        " is what the reader may see."
    )
    async def homepage_preview(
        self,
        info: Info,
        token: Annotated[str, strawberry.argument(description="The token, as it was handed out.")],
    ) -> Homepage | None:
        context = info.context
        async with context.db.session() as session:
            found = await homepages.previewed(session, context.caller, token, clock=context.clock)
        context.preview = token
        return shape(found)  # type: ignore[no-any-return]  # a Homepage by registration

    @strawberry.field(
        description="The pages that one can begin from; without a kind all of them.", directives=[at_most(40)]
    )
    def homepage_templates(
        self,
        kind: Annotated[
            models.CreatorKind | None, strawberry.argument(description="Those for this kind of creator.")
        ] = None,
    ) -> list[HomepageTemplate]:
        return [HomepageTemplate(row=one) for one in homepages.templates_for(kind)]
