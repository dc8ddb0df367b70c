"""Records of channels, contents and homepages."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from pydantic import (
    Field,
    StringConstraints,
    model_validator,
)

from models import (
    AnswerState,
    ChannelKind,
    ContentState,
    Format,
    HomepageState,
    RevisionState,
    TaggingSource,
    caps,
)
from models.formats import Live
from models.texts import Line, Prose, Title
from services.interchange.records.values import (
    Instant,
    Json,
    Key,
    Language,
    Record,
    Ref,
    Sourced,
    TagCode,
)


class ChannelRecord(Record):
    """A channel, and the pack that rules it (its canonical form), if it has one."""

    type: Literal["channel"] = "channel"
    uid: UUID | None = None
    key: Key
    parent: Key | None = None
    external_id: Key | None = None
    kind: ChannelKind
    names: dict[str, Line]
    time_zone: Line
    is_private: bool = False
    pack: Json | None = None
    members: tuple[Ref, ...] = ()


class RevisionRecord(Record):
    """A version of a content. `body` is a list of blocks; instead of it an import may give `markdown` or `html`.
    `details` is the format's own part (models/formats.py).
    """

    uid: UUID | None = None
    number: Annotated[int, Field(ge=1)] | None = None
    state: RevisionState = RevisionState.LIVE
    edition: Annotated[int, Field(ge=1)] = 1
    title: Title
    summary: Prose = ""
    body: tuple[Json, ...] = ()
    markdown: Annotated[str, StringConstraints(max_length=200_000)] | None = None
    html: Annotated[str, StringConstraints(max_length=2_000_000)] | None = None
    details: Json = Field(default_factory=dict)
    covers: Annotated[tuple[Ref, ...], Field(max_length=caps.MOST_COVERS)] = ()
    products: tuple[Ref, ...] = ()
    is_original: bool | None = None
    created_at: Instant | None = None
    sealed_at: Instant | None = None
    published_at: Instant | None = None
    scheduled_for: Instant | None = None
    schedule_zone: Line | None = None
    fired_late_ms: Annotated[int, Field(ge=0)] | None = None

    @model_validator(mode="after")
    def _one_body(self) -> RevisionRecord:
        if (bool(self.body) + (self.markdown is not None) + (self.html is not None)) > 1:
            raise ValueError("give one of body, markdown and html")
        return self


class TaggingRecord(Record):
    tag: TagCode
    source: TaggingSource = TaggingSource.IMPORT
    confidence: Annotated[int, Field(ge=0, le=100)] = 100
    is_confirmed: bool = True


class AnswerRecord(Sourced):
    creator: Ref
    body: tuple[Json, ...] = ()
    markdown: Annotated[str, StringConstraints(max_length=200_000)] | None = None
    html: Annotated[str, StringConstraints(max_length=2_000_000)] | None = None
    state: AnswerState = AnswerState.VISIBLE
    votes_count: Annotated[int, Field(ge=0)] = 0
    is_accepted: bool = False
    published_at: Instant
    edited_at: Instant | None = None


class LiveRecord(Live):
    """The moving part of a live; how many watch at the moment is not carried along."""

    starts_at: Instant
    started_at: Instant | None = None
    ended_at: Instant | None = None
    viewers_peak: Annotated[int, Field(ge=0)] = 0

    @model_validator(mode="after")
    def _times_fit(self) -> LiveRecord:
        if self.state in {"LIVE", "ENDED", "REPLAY"} and self.started_at is None:
            raise ValueError(f"a live that is {self.state} needs started_at")
        if self.state in {"ENDED", "REPLAY"} and self.ended_at is None:
            raise ValueError(f"a live that is {self.state} needs ended_at")
        if self.started_at and self.ended_at and self.ended_at < self.started_at:
            raise ValueError("ended_at is before started_at")
        return self


class ContentRecord(Sourced):
    """A content with its revisions, oldest first. `is_history`: it was published elsewhere before, so it spends no
    quota. `channels` names the channels asked for; none: all that match.
    """

    type: Literal["content"] = "content"
    creator: Ref
    organisation: Ref | None = None
    format: Format
    language: Language
    group: Ref | None = None
    state: ContentState = ContentState.VISIBLE
    state_because: Prose | None = None
    state_at: Instant | None = None
    published_at: Instant | None = None
    changed_at: Instant | None = None
    is_history: bool = True
    channels: tuple[Key, ...] | None = None
    tags: Annotated[tuple[TaggingRecord, ...], Field(max_length=caps.MOST_TAGS)] = ()
    revisions: tuple[RevisionRecord, ...] = ()
    live: LiveRecord | None = None
    answers: tuple[AnswerRecord, ...] = ()

    @model_validator(mode="after")
    def _holds_together(self) -> ContentRecord:
        if not self.revisions and self.state is not ContentState.ERASED:
            raise ValueError("a content needs at least one revision")
        for state in (RevisionState.LIVE, RevisionState.DRAFT):
            if sum(revision.state is state for revision in self.revisions) > 1:
                raise ValueError(f"at most one revision is {state.value}")
        if self.live is not None and self.format is not Format.LIVE:
            raise ValueError("only the format LIVE has the part `live`")
        if self.answers and self.format is not Format.QNA:
            raise ValueError("only the format QNA has answers")
        if sum(answer.is_accepted for answer in self.answers) > 1:
            raise ValueError("at most one answer is accepted")
        tags = [tagging.tag for tagging in self.tags]
        if len(set(tags)) < len(tags):
            raise ValueError("each tag stands once")
        return self


class PageVersionRecord(Record):
    """A version of a homepage; docs/homepage.schema.json says what `theme` and `blocks` may hold."""

    uid: UUID | None = None
    number: Annotated[int, Field(ge=1)] | None = None
    state: HomepageState = HomepageState.LIVE
    edition: Annotated[int, Field(ge=1)] = 1
    theme: Json = Field(default_factory=dict)
    blocks: tuple[Json, ...]
    template: Key | None = None
    published_at: Instant | None = None
    scheduled_for: Instant | None = None
    schedule_zone: Line | None = None
    fired_late_ms: Annotated[int, Field(ge=0)] | None = None
    created_at: Instant | None = None

    @model_validator(mode="after")
    def _is_scheduled_whole(self) -> PageVersionRecord:
        if (self.scheduled_for is None) != (self.schedule_zone is None):
            raise ValueError("scheduled_for and schedule_zone go together")
        if self.state is HomepageState.SCHEDULED and self.scheduled_for is None:
            raise ValueError("a version that is SCHEDULED needs scheduled_for")
        return self


class HomepageRecord(Record):
    type: Literal["homepage"] = "homepage"
    uid: UUID | None = None
    created_at: Instant | None = None
    creator: Ref
    versions: Annotated[tuple[PageVersionRecord, ...], Field(min_length=1)]
