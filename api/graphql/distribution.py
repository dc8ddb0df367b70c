"""Distribution: what became of a content at its channels, and what would become of it."""

import enum
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
import strawberry

import models
from api.graphql import paging, refs
from api.graphql.bodies import asset_of, product_of
from api.graphql.context import Info
from api.graphql.directives import at_most
from api.graphql.fields import FirstOnes, bounded, column, one, page
from api.graphql.ids import identity
from api.graphql.labels import Language, spoken
from api.graphql.nodes import Node, findable
from api.graphql.permissions import needs
from api.graphql.renditions import AssetRendition, sized
from api.graphql.rows import shape, shapes, shows
from api.graphql.submission_filters import SubmissionFilter
from api.graphql.submission_flags import MOST_FLAGS, SubmissionFlag
from api.graphql.words import described
from core.caller import Scope
from services import assets, auditing, contents, decisions, explaining, products, stuck, submission_history
from services.channels import reading
from services.channels.rendering import ProductCard as RenderedCard
from services.channels.rendering import RenderedPicture as RenderedOne
from services.channels.rendering import Rendition as RenderedContent

MOST_SHOWN = 200

described(
    models.Outcome,
    "What the engine says of a content at a channel.",
    {
        "ELIGIBLE": "Fit as it is.",
        "FIXABLE": "An edit of the content would make it fit.",
        "IMPOSSIBLE": "The channel is closed to this creator.",
        "NOT_FOR_THIS": "It is not what the channel takes.",
    },
)


described(
    models.RefusalKind,
    "Why a channel did not take what was delivered.",
    {
        "CONTENT": "Because of the content: an edit may help. The submission is rejected.",
        "PERMISSION": "A right or a login is missing. The submission failed.",
        "TRANSIENT": "Something that may pass: it stays delivered, to be tried again.",
        "PERMANENT": "Something that will not pass. The submission failed.",
    },
)


class Severity(enum.StrEnum):
    BLOCK = "block"
    WARN = "warn"
    SCORE = "score"
    MANUAL = "manual"


class FindingStatus(enum.StrEnum):
    FAILED = "failed"
    UNKNOWN = "unknown"
    MANUAL = "manual"


described(
    Severity,
    "How much a finding weighs.",
    {
        "BLOCK": "The content cannot enter because of it.",
        "WARN": "The content can enter; its author should know.",
        "SCORE": "The content can enter with a lower score.",
        "MANUAL": "A person will look at it.",
    },
)
described(
    FindingStatus,
    "How sure a finding is.",
    {
        "FAILED": "The check was made and failed.",
        "UNKNOWN": "The check could not be made: a fact is missing.",
        "MANUAL": "The check needs eyes.",
    },
)


ERASED = {"en": "What this said was erased.", "zh": "这条说明的内容已被删除。"}


def as_text(value: Any) -> str | None:
    """A JSON value as people read it."""
    if value is None or isinstance(value, str):
        return value
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()


@strawberry.type(description="What a rule, a gate or the selector of a channel has to say of a content.")
class Finding:
    # of an erased one only codes are left
    row: strawberry.Private[Mapping[str, Any]]

    @strawberry.field(description="The kind of check, such as text.length.")
    def code(self) -> str:
        return str(self.row["code"])

    @strawberry.field(description="The version of the check's meaning.")
    def version(self) -> int:
        return int(self.row["version"])

    @strawberry.field(description="Where the check stands in the pack, such as rules.3.")
    def place(self) -> str:
        return str(self.row["place"])

    @strawberry.field(description="How much it weighs.")
    def severity(self) -> Severity:
        return Severity(self.row["severity"])

    @strawberry.field(description="How sure it is.")
    def status(self) -> FindingStatus:
        return FindingStatus(self.row["status"])

    @strawberry.field(description="The field or item it is about, such as title or covers.0.")
    def path(self) -> str:
        return str(self.row["path"])

    @strawberry.field(description="What was found, as text; JSON where it is no plain text.")
    def actual(self) -> str | None:
        return as_text(self.row.get("actual"))

    @strawberry.field(description="What is allowed, as text; JSON where it is no plain text.")
    def allowed(self) -> str | None:
        return as_text(self.row.get("allowed"))

    @strawberry.field(description="What is wrong, in Chinese or English.")
    def message(self, info: Info, language: Language = strawberry.UNSET) -> str:
        language_of_it = spoken(info, language)
        return str(self.row.get(f"message_{language_of_it}", ERASED[language_of_it]))

    @strawberry.field(description="What to do about it, in Chinese or English; null if there is no advice.")
    def hint(self, info: Info, language: Language = strawberry.UNSET) -> str | None:
        hint: str | None = self.row.get(f"hint_{spoken(info, language)}")
        return hint

    @strawberry.field(description="What the finding rests on, as JSON.")
    def evidence(self) -> str:
        return as_text(dict(self.row.get("evidence", {}))) or "{}"


def findings_of(stored: list[Any]) -> list[Finding]:
    return [Finding(row=one) for one in stored]


class TextFormat(enum.StrEnum):
    PLAIN = "plain"
    HTML = "html"
    MARKDOWN = "markdown"
    CHAT_HTML = "chat_html"
    MRKDWN = "mrkdwn"


described(
    TextFormat,
    "What a text is written in.",
    {
        "PLAIN": "Without markup.",
        "HTML": "HTML.",
        "MARKDOWN": "CommonMark with tables.",
        "CHAT_HTML": "HTML of tags within a line, with empty lines between paragraphs, as messengers read it.",
        "MRKDWN": "The markup of messengers with *strong*, _emphasised_ and <address|words>.",
    },
)


@strawberry.type(description="A picture as a channel wants it.")
class RenderedPicture:
    row: strawberry.Private[RenderedOne]

    @strawberry.field(description="The file; null if it is gone.")
    async def asset(self, info: Info) -> refs.AssetRef | None:
        return await asset_of(info, UUID(self.row.uid))  # type: ignore[no-any-return]  # an Asset by registration

    @strawberry.field(
        description="The picture in the size and format that the channel wants; null where it goes as it is."
    )
    async def rendition(self, info: Info) -> AssetRendition | None:
        asset = await info.context.load(assets.by_uids, UUID(self.row.uid))
        return None if asset is None else await sized(info, asset, self.row)


@strawberry.type(description="A product as a channel shows it. What the channel leaves off is null.")
class ProductCard:
    row: strawberry.Private[RenderedCard]

    title: str = column("title", description="Its title in the channel's length.")
    price_minor: int | None = column("price_minor", description="Its price in minor units of the currency.")
    currency: str | None = column("currency", description="The currency of the price, such as CNY.")
    shop: str | None = column("shop", description="The name of the shop that sells it.")
    brand: str | None = column("brand", description="The name of its brand.")
    link: str | None = column("link", description="Where it is sold, with the channel's parameters.")
    reason: str | None = column("reason", description="What the author says of it.")

    @strawberry.field(description="The product itself; null if it is gone.")
    async def product(self, info: Info) -> refs.ProductRef | None:
        return await product_of(info, UUID(self.row.uid))  # type: ignore[no-any-return]  # a Product by registration

    @strawberry.field(description="Its picture; null if it has none.")
    def picture(self) -> RenderedPicture | None:
        return None if self.row.picture is None else RenderedPicture(row=self.row.picture)


@strawberry.type(description="A content as a channel shows it: shortened, counted and linked by the channel's rules.")
class Rendition:
    row: strawberry.Private[RenderedContent]

    title: str = column("title", description="The title in the channel's shape.")
    summary: str = column("summary", description="The summary in the channel's shape.")
    text: str = column("text", description="The text in the channel's shape, plain.")
    format: TextFormat = column("format", convert=TextFormat, description="What the channel reads.")
    markup: str | None = column(
        "markup",
        description="The same text in this format; null where that is PLAIN. HTML is safe, and headings start at h2.",
    )
    hashtags: list[str] = column("hashtags", convert=list, description="Its tags as the channel writes them.")
    link: str | None = column("link", description="Where the channel links to.")
    disclosure: str | None = column("disclosure", description="What must be said of its selling; null if nothing.")
    digest: str = column("digest", description="Equal as long as the channel would see no difference.")

    @strawberry.field(description="The picture that fits the channel best; null if there is none.")
    async def picture(self, info: Info) -> refs.AssetRef | None:
        return await asset_of(info, UUID(self.row.picture.uid) if self.row.picture else None)  # type: ignore[no-any-return]  # an Asset by registration

    @strawberry.field(
        description="The pictures that go along, the leading one first, each as the channel wants it; at most 200.",
        directives=[at_most(MOST_SHOWN, slicing="first")],
    )
    def pictures(self, first: FirstOnes = strawberry.UNSET) -> list[RenderedPicture]:
        return [RenderedPicture(row=one) for one in self.row.pictures[: bounded(first, MOST_SHOWN)]]

    @strawberry.field(
        description="A card for each product it carries, in order; at most 200.",
        directives=[at_most(MOST_SHOWN, slicing="first")],
    )
    def cards(self, first: FirstOnes = strawberry.UNSET) -> list[ProductCard]:
        return [ProductCard(row=one) for one in self.row.cards[: bounded(first, MOST_SHOWN)]]

    @strawberry.field(description="The products it carries, in order, at most 200.", directives=[at_most(200)])
    async def products(self, info: Info) -> list[refs.ProductRef]:
        return shapes(await info.context.load_many(products.by_uids, [UUID(uid) for uid in self.row.products]))


@shows(models.Decision)
@strawberry.type(description="What the engine said of a submission. Never changed.")
class Decision:
    row: strawberry.Private[models.Decision]

    outcome: models.Outcome = column("outcome", description="What it came to.")
    findings: list[Finding] = column("findings", convert=findings_of, description="Everything that was found.")
    decided_at: datetime = column("decided_at", description="When.")
    attempt: int = column("attempt", description="At which attempt of the submission, from 1.")
    engine_version: str = column("engine_version", description="The version of the engine that decided.")
    pack: refs.PackRef | None = one(
        reading.packs_by_ids, key="pack_version_id", description="The version of the channel's rules it went by."
    )
    explanation: refs.ExplanationRef | None = one(
        explaining.explanations,
        key="id",
        description="All that it stood on; null for those who may not change the content.",
    )


@shows(models.Submission)
@strawberry.type(
    description="One content at one channel. Seen by those who may change the content, by those who audit for the channel, and"
    " once it is on trial or delivered by the integration of the channel."
)
class Submission(Node):
    row: strawberry.Private[models.Submission]

    id: strawberry.ID = identity("Submission")
    state: models.SubmissionState = column("state", description="Where it stands.")
    state_since: datetime = column("state_since", description="Since when it stands there.")
    deadline_at: datetime | None = column("deadline_at", description="Until when the next step must be made.")

    @strawberry.field(
        description="Why it stands there, where there is something to say; what the engine and the clock say, in Chinese or English."
    )
    def reason(self, info: Info, language: Language = strawberry.UNSET) -> str | None:
        return submission_history.said(self.row.reason, spoken(info, language))

    attempt: int = column("attempt", description="How often it was submitted.")
    created_at: datetime = column("created_at", description="When it was first submitted.")
    external_id: str | None = column("external_id", description="What the channel calls it; null until it said so.")
    external_url: str | None = column("external_url", description="Where it stands at the channel, if that is known.")
    refusal: models.RefusalKind | None = column(
        "refusal", description="Why the channel itself refused what was delivered last; null if it did not."
    )
    flags_count: int = column("flags", convert=len, description="How many changes of its products are flagged.")

    @strawberry.field(
        description="What became of its products since it was decided on and its channel flags, at most 600.",
        directives=[at_most(MOST_FLAGS, slicing="first")],
    )
    def flags(self, first: FirstOnes = strawberry.UNSET) -> list[SubmissionFlag]:
        return [SubmissionFlag(row=flag) for flag in self.row.flags[: bounded(first, MOST_FLAGS)]]

    content: refs.ContentRef | None = one(contents.by_ids, key="content_id", description="What was submitted.")
    channel: refs.ChannelRef | None = one(reading.by_ids, key="channel_id", description="Where.")
    decision: Decision | None = one(
        decisions.decisions_by_ids, key="decision_id", description="The newest decision; null before there is one."
    )
    explanation: refs.ExplanationRef | None = one(
        explaining.explanations,
        key="decision_id",
        description="Why it came to the newest decision, with all that it stood on; null before there is one, and for those who"
        " may not change the content.",
    )
    decisions: paging.Connection[Decision] = page(
        decisions.decisions_of, key="id", description="All decisions on it, the newest first."
    )
    events: paging.Connection[refs.SubmissionEventRef] = page(
        submission_history.of_submissions,
        key="id",
        description="How it came there: all its steps, the first one first.",
    )
    stuck: refs.StuckSubmissionRef | None = one(
        stuck.of_submissions, key="id", description="Why it still stands there; null where all goes its way."
    )
    audit: refs.AuditTaskRef | None = one(
        auditing.tasks,
        key="id",
        description="What whoever judges it needs to know; null where it does not wait for a person, and for all others.",
    )

    @strawberry.field(
        description="Why a person rejected it, in the channel's own words; a note of theirs is the `reason`. At most 200.",
        directives=[at_most(MOST_SHOWN)],
    )
    async def reasons(self, info: Info) -> list[refs.RejectionReasonRef]:
        found = await info.context.load(auditing.told, self.row.id)
        return [shape(one) for one in found or ()]

    @strawberry.field(
        description="The content as this channel shows it, or would; null where it is not to be seen, or is no longer the version"
        " that was submitted."
    )
    async def rendition(self, info: Info) -> Rendition | None:
        context = info.context
        asked = {"at": context.clock.now(), "base_url": context.settings.base_url}
        found = await context.load(auditing.exhibits, self.row.id, **asked)
        return None if found is None else Rendition(row=found)


findable("Submission", decisions.by_uids)


@strawberry.type
class SubmissionQuery:
    submissions: paging.Connection[Submission] = page(
        decisions.listed,
        key=None,
        filters=SubmissionFilter,
        gate=needs(
            Scope.CONTENT_WRITE, Scope.CONTENT_PUBLISH, Scope.CREATOR_WRITE, Scope.DELIVERY_WRITE, Scope.AUDIT_WRITE
        ),
        description="Submissions of contents that you may change, those delivered to your channels or on trial there, and those"
        " that you audit or that were audited for your channels; the latest moved first.",
    )
    stuck_submissions: paging.Connection[Submission] = page(
        stuck.listed,
        key=None,
        gate=needs(
            Scope.CONTENT_WRITE, Scope.CONTENT_PUBLISH, Scope.CREATOR_WRITE, Scope.DELIVERY_WRITE, Scope.AUDIT_WRITE
        ),
        description="Those of the submissions that you may see which stand where they should have left, the longest standing"
        " first; `stuck` says why.",
    )
