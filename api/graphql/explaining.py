"""Why it came to this: a decision with all that was pinned, and whether it would come to the same today."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
import strawberry

import models
from api.graphql.distribution import Finding, findings_of
from api.graphql.fields import column, one
from api.graphql.rows import shows
from api.graphql.words import described
from services import explaining, verifying

described(
    verifying.Agreement,
    "What judging a decision again came to.",
    {
        "SAME": "Outcome and findings are the same.",
        "DIFFERENT": "The engine of today says otherwise of the same.",
        "CANNOT": "It cannot be judged again: see `because`.",
    },
)
described(
    verifying.Hindrance,
    "Why a decision cannot be judged again.",
    {
        "ERASED": "Its facts went with the person or content that they were about.",
        "UNREADABLE_PACK": "This version cannot read the rules that were gone by.",
        "UNREADABLE_FACTS": "This version cannot read the facts or the words that were decided on.",
    },
    name="VerificationHindrance",
)


def _findings(found: tuple[dict[str, Any], ...]) -> list[Finding]:
    return findings_of(list(found))


@shows(verifying.Verification)
@strawberry.type(description="A decision judged again from what was pinned, by the engine as it is now.")
class Verification:
    row: strawberry.Private[verifying.Verification]

    agreement: verifying.Agreement = column("agreement", description="Whether it came to the same.")
    because: verifying.Hindrance | None = column(
        "because", description="Why it cannot be judged again; null where it can."
    )
    outcome_then: models.Outcome = column("outcome_then", description="What was decided.")
    outcome_now: models.Outcome | None = column(
        "outcome_now", description="What it would come to now; null where it cannot be judged."
    )
    engine_version_then: str = column("engine_then", description="The version of the engine that decided.")
    engine_version_now: str = column("engine_now", description="The version of the engine that judged again.")
    only_then: list[Finding] = column(
        "only_then", convert=_findings, description="Findings of the decision that would not be made now."
    )
    only_now: list[Finding] = column(
        "only_now", convert=_findings, description="Findings that would be made now and were not."
    )


@strawberry.type(description="The version of the content that was decided on.")
class PinnedRevision:
    row: strawberry.Private[explaining.PinnedRevision]

    number: int = column("number", description="Its number, from 1.")
    stamp: str = column("stamp", description="Which saving of it.")


@strawberry.type(description="The rules that were gone by.")
class PinnedPack:
    row: strawberry.Private[explaining.PinnedPack]

    key: str = column("key", description="The channel's key.")
    digest: str = column("digest", description="SHA-256 of their canonical form: names this version for ever.")


def _json(snapshot: Mapping[str, Any] | None) -> str | None:
    return None if snapshot is None else orjson.dumps(snapshot, option=orjson.OPT_SORT_KEYS).decode()


@strawberry.type(description="What was known of creator, products, files and tags.")
class PinnedFacts:
    row: strawberry.Private[explaining.PinnedFacts]

    digest: str = column("digest", description="SHA-256 that names them.")
    snapshot: str | None = column("snapshot", convert=_json, description="The facts, as JSON; null once erased.")


@strawberry.type(description="How much of one limit of a channel was used.")
class QuotaUsed:
    name: str = strawberry.field(description="The limit, such as per_creator_per_day.")
    used: int = strawberry.field(description="How many were used before it.")


def _used(used: Mapping[str, int]) -> list[QuotaUsed]:
    return [QuotaUsed(name=name, used=count) for name, count in sorted(used.items())]


def _uid(uid: UUID) -> str:
    return str(uid)


@shows(explaining.Explanation)
@strawberry.type(
    description="A decision with everything that was pinned to it. It never changes, but that an erasure takes values out and"
    " leaves codes and ids. Seen by those who may change the content, and by operators."
)
class Explanation:
    row: strawberry.Private[explaining.Explanation]

    decision_uuid: str = column("this.decision", convert=_uid, description="The decision's own name.")
    attempt: int = column("this.attempt", description="At which attempt of the submission, from 1.")
    decided_at: datetime = column("this.decided_at", description="The instant that it was judged for.")
    outcome: models.Outcome = column("this.outcome", description="What it came to.")
    engine_version: str = column("this.engine_version", description="The version of the engine that decided.")
    revision: PinnedRevision = column(
        "revision", convert=lambda row: PinnedRevision(row=row), description="The version that was decided on."
    )
    pack: PinnedPack = column(
        "pack", convert=lambda row: PinnedPack(row=row), description="The rules that were gone by."
    )
    facts: PinnedFacts = column(
        "facts", convert=lambda row: PinnedFacts(row=row), description="What was known around its words."
    )
    quota_used: list[QuotaUsed] = column(
        "quota_used",
        convert=_used,
        description="What was used of each limit of the channel's quota before it, at most five.",
    )
    findings: list[Finding] = column(
        "findings",
        convert=findings_of,
        description="Everything that was found; of erased ones what they were about is left.",
    )
    verification: Verification | None = one(
        verifying.verifications, key="decision_id", description="Whether it would come to the same today."
    )

    @strawberry.field(
        description="All of it as canonical JSON: the same bytes for ever, but for an erasure. The decisions before it are in it."
    )
    def json(self) -> str:
        return self.row.to_json().decode()
