"""What becomes of submissions when products of their contents change: by each pack's say, within a pass of the distributor.

Products are compared with those that the standing decision pinned. So what was accepted as it is stays as it is, a flag goes
when the product is again what it was, and who was taken back comes back by itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import ARRAY, BigInteger, Text, bindparam, text
from sqlalchemy.ext.asyncio import AsyncSession

import models
from models import SubmissionState
from services import submissions
from services.channels import offers, wording
from services.channels.dossiers import Dossier
from services.channels.engine import state_after
from services.channels.findings import NextState, Words
from services.channels.offers import Change, ChangeCode, Offer
from services.channels.packs import Pack
from services.gathering import Gathered
from services.submission_rows import SubmissionRow

TAKEN_BACK = "a product of it is not what the channel takes any more"
PASSED = (SubmissionState.ACCEPTED, *models.DELIVERED)
"""Everybody who had to look at it has: until it is edited, or judged anew by its pack's say, nobody has to again."""


@dataclass(frozen=True, slots=True)
class Pinned:
    """The products that a decision saw, as its snapshot holds them. `is_refusal`: it refused, and because of products only."""

    products: list[dict[str, Any]]
    is_refusal: bool

    @property
    def offers(self) -> dict[str, Offer]:
        return {product["uid"]: Offer.pinned(product) for product in self.products}


@dataclass(frozen=True, slots=True)
class Seen:
    """A submission as it was seen without locks, and what became of its products since it was decided on."""

    decision_id: int
    changes: tuple[Change, ...]
    is_taken_back: bool
    is_refused: bool

    @property
    def judges_anew(self) -> bool:
        """Whether it goes through the machine again: by its pack's say, or since what kept it out may be over."""
        reaction = offers.strongest(self.changes)
        return self.is_refused or reaction == "audit" or (self.is_taken_back and reaction != "withdraw")

    @property
    def asks_people(self) -> bool:
        """Whether whoever had to look at it looks again."""
        return not self.is_taken_back or offers.strongest(self.changes) == "audit"


def is_watched(submission: SubmissionRow, gathered: Gathered) -> bool:
    """Whether news of its products may move this submission: it stands, was taken back because of them, or was refused."""
    if not gathered.facts.products or submission.revision_id != gathered.revision.id:
        return False
    if submission.state is SubmissionState.REJECTED:
        return submission.refusal is None
    return submission.state in submissions.ACTIVE or is_taken_back(submission)


def is_taken_back(submission: SubmissionRow) -> bool:
    return submission.state is SubmissionState.WITHDRAWN and submission.reason == TAKEN_BACK


def held(submission: SubmissionRow) -> SubmissionState:
    """Where it stands, or stood when it was taken back because of its products."""
    if not is_taken_back(submission):
        return submission.state
    return next((SubmissionState(flag["held"]) for flag in submission.flags if "held" in flag), submission.state)


def without_people(pack: Pack, stood: SubmissionState, next_state: NextState) -> NextState:
    """Where the machine's word alone puts what stood there: nobody is asked twice."""
    if next_state is NextState.REJECTED:
        return next_state
    if stood in PASSED:
        return NextState.ACCEPTED
    return state_after(pack, "human") if stood is SubmissionState.TRIAL else next_state


async def pinned(session: AsyncSession, watched: Iterable[SubmissionRow]) -> dict[int, Pinned]:
    """What the decisions on these saw of products, by decision, in one statement; without those that refused for something
    else, and those of which an erasure left nothing.
    """
    ids = sorted({one.decision_id for one in watched if one.decision_id is not None})
    if not ids:
        return {}
    rows = await session.execute(_PINNED.bindparams(bindparam("ids", ids, type_=ARRAY(BigInteger))))
    return {
        decision_id: Pinned(products, outcome != models.Outcome.ELIGIBLE.value)
        for decision_ids, outcomes, products in rows
        for decision_id, outcome in zip(decision_ids, outcomes, strict=True)
    }


def seen(
    submission: SubmissionRow, gathered: Gathered, dossier: Dossier, pack: Pack, known: Mapping[int, Pinned]
) -> Seen | None:
    """What became of the products of a watched submission, by its pinned pack; None where that does not matter to it."""
    before = known.get(submission.decision_id or 0)
    is_rejected = submission.state is SubmissionState.REJECTED
    if before is None or before.is_refusal is not is_rejected:
        return None
    if is_rejected:
        return None if _are(before.products, gathered) else Seen(submission.decision_id or 0, (), False, True)
    found = offers.changes(pack, dossier, before.offers)
    return Seen(submission.decision_id or 0, found, is_taken_back(submission), False)


class Flagging:
    """The flags that a commit changes: written in one statement, whatever else becomes of their submissions."""

    def __init__(self) -> None:
        self._changed: dict[int, SubmissionRow] = {}

    def put(self, submission: SubmissionRow, flags: list[dict[str, Any]]) -> None:
        submission.flags = flags
        self._changed[submission.id] = submission

    def decided(self, submission: SubmissionRow) -> None:
        """What is decided on now has not changed since."""
        if submission.flags:
            self.put(submission, [])

    def follow(self, submission: SubmissionRow, news: Seen, steps: submissions.Steps) -> None:
        """Flag the submission, take flags off, or take it back; its followers are told."""
        if submission.decision_id != news.decision_id:
            return
        flags = _flags(submission, news, steps)
        withdraws = offers.strongest(news.changes) == "withdraw" and submission.state in submissions.ACTIVE
        if flags == submission.flags and not withdraws:
            return
        self.put(submission, flags)
        if withdraws:
            steps.move(submission, SubmissionState.WITHDRAWN, TAKEN_BACK)
        steps.told.append(submission)

    async def write(self, session: AsyncSession) -> None:
        if not self._changed:
            return
        ids = sorted(self._changed)
        texts = [orjson.dumps(self._changed[id_].flags).decode() for id_ in ids]
        given = bindparam("ids", ids, type_=ARRAY(BigInteger)), bindparam("flags", texts, type_=ARRAY(Text))
        await session.execute(_WRITE.bindparams(*given))


def told(flag: Mapping[str, Any]) -> Words:
    """What a flag says, without naming its product."""
    code = ChangeCode(flag["code"])
    if code is ChangeCode.OFF_SHELF:
        return Words("A product went off the shelf.", "商品已下架。")
    if code is ChangeCode.PRICE:
        return Words("The price of a product changed.", "商品价格已变动。")
    pools = wording.listed(flag["was"])
    return Words(
        f"A product is in no pool any more that the channel takes products from; it was in: {pools.en}.",
        f"商品已不在频道的选品池中；此前所在：{pools.zh}。",
    )


def _flags(submission: SubmissionRow, news: Seen, steps: submissions.Steps) -> list[dict[str, Any]]:
    since = {(flag["code"], flag["product"]): flag["since"] for flag in submission.flags}
    stood = held(submission).value
    return [
        {
            "code": one.code.value,
            "product": one.product,
            "since": since.get((one.code.value, one.product), steps.now.isoformat()),
            "was": one.was,
            "now": one.now,
            **({"held": stood} if one.reaction == "withdraw" else {}),
        }
        for one in news.changes
        if one.reaction != "render"
    ]


def _are(products: list[dict[str, Any]], gathered: Gathered) -> bool:
    """Whether the products are what the snapshot says."""
    return bool(orjson.loads(gathered.snapshot)["products"] == products)


# contents at many channels share a snapshot: its products are sent once
_PINNED = text(
    "SELECT array_agg(d.id), array_agg(d.outcome), s.body->'products' AS products"
    " FROM decisions d JOIN fact_snapshots s ON s.digest = d.snapshot_digest"
    " WHERE d.id = ANY(:ids) AND jsonb_exists(s.body, 'products') AND NOT jsonb_path_exists(d.findings,"
    """ '$[*] ? (@.severity == "block" && !exists(@.evidence.product))')"""
    " GROUP BY s.digest"
)
_WRITE = text(
    "UPDATE submissions SET flags = given.flags::jsonb FROM unnest(:ids, :flags) AS given(id, flags)"
    " WHERE submissions.id = given.id"
)
