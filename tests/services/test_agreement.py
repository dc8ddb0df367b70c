"""For the same inputs a plan, a decision and its verification say the same: over contents, creators, packs, times and quotas."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from hypothesis import event, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

import models
from core.caller import SYSTEM
from core.clock import FixedClock
from core.db import Database
from services import planning, publishing, verifying
from services.channels import quota
from services.channels.dossiers import Dossier
from services.channels.engine import CompiledPack, evaluate
from services.channels.facts import Facts, Link, TagFacts
from services.channels.findings import NextState, Outcome
from services.channels.gate_tree import GateStatus, judged
from services.channels.packs import Pack, read_canonical
from services.distribution import Distributor
from tests import make
from tests.channels.reading import PACKS
from tests.services.channels import channel_facts as some
from tests.services.packs import install, pack

BASE = "https://headwater.example"
UNITS = st.sampled_from(["code_points", "graphemes", "utf16", "bytes", "x_weighted", "full_width"])
SEVERITIES = st.sampled_from(["block", "warn", "score"])
TEXTS = st.text(alphabet="aé水𠮷　\u0301👩\u200d.", max_size=12)
PARAMETERS = st.sampled_from(
    [
        {"kind": "text.length", "field": "title", "min": 2, "max": 6},
        {"kind": "text.length", "field": "text", "max": 5},
        {"kind": "text.required", "fields": ["summary"]},
        {"kind": "image.count", "of": "covers", "min": 1, "max": 2},
        {"kind": "image.min_size", "of": "covers", "width": 750, "height": 422},
        {"kind": "image.ratio", "of": "covers", "ratios": ["16:9"]},
        {"kind": "product.count", "max": 1},
        {"kind": "product.on_shelf"},
        {"kind": "product.shop_score_min", "score": "service", "min": 470},
        {"kind": "tag.exactly_n", "taxonomy": "topic", "n": 1},
        {"kind": "link.count", "max": 0},
        {"kind": "content.original"},
    ]
)


def _rule(parameters: dict[str, Any], unit: str, severity: str, *, conditional: bool) -> dict[str, Any]:
    rule = {**parameters, "severity": severity}
    if parameters["kind"] == "text.length":
        rule["unit"] = unit
    if severity == "score":
        rule["weight"] = 30
    return rule | ({"when": {"field": "summary", "present": True}} if conditional else {})


RULES = st.builds(_rule, PARAMETERS, UNITS, SEVERITIES, conditional=st.booleans())
GATES = st.sampled_from(
    [
        {"level": {"min": 2}},
        {"any": [{"followers": {"min": 100}}, {"seller": {"is": True}}]},
        {"not": {"pass_rate": {"min": 50}}},
        {"all": [{"certified_days": {"min": 90}}, {"level": {"max": 5}}]},
    ]
)
QUOTAS = st.sampled_from(
    [
        {"per_creator_per_day": 1},
        {"per_creator_per_week": 2, "total": 3},
        {"by_level": [{"min": 0, "max": 3, "per_creator_per_day": 1}, {"min": 4, "max": 6, "per_creator_per_day": 2}]},
    ]
)


def _pack(rules: list[dict[str, Any]], parts: dict[str, Any]) -> Pack:
    return pack("test.made", rules=rules, **{name: value for name, value in parts.items() if value is not None})


MADE = st.builds(
    _pack,
    st.lists(RULES, max_size=4),
    st.fixed_dictionaries(
        {
            "gates": st.none() | GATES,
            "quota": st.none() | QUOTAS,
            "selector": st.sampled_from([{}, {"formats": ["ARTICLE"]}, {"languages": ["zh"]}]),
            "audit": st.sampled_from([None, {"path": ["machine", "human"]}]),
            "time_zone": st.sampled_from(["Asia/Shanghai", "America/New_York"]),
        }
    ),
)
BY_KEY = {one.key: one for one in PACKS.values()}


def _known(key: str) -> Pack:
    return BY_KEY[key]


REAL = st.sampled_from(sorted(BY_KEY)).map(_known)
CONTENTS = st.builds(
    some.content,
    format=st.sampled_from(["ARTICLE", "GALLERY", "SHORT_VIDEO"]),
    language=st.sampled_from(["en", "zh"]),
    title=TEXTS,
    summary=TEXTS,
    text=TEXTS,
    links=st.sampled_from([(), (Link("https://a.example/", "a.example", "links.0"),)]),
    covers=st.lists(
        st.builds(some.image, st.sampled_from([None, 700, 1600]), st.sampled_from([422, 900])), max_size=2
    ).map(tuple),
    tags=st.sampled_from([{}, {"topic": (TagFacts("tea", ("drink",)),)}]),
    is_original=st.sampled_from([None, True, False]),
)
CREATORS = st.builds(
    some.creator,
    level=st.sampled_from([None, 1, 3, 5]),
    followers_count=st.sampled_from([None, 99, 100]),
    pass_rate=st.sampled_from([None, 49, 50]),
    is_seller=st.sampled_from([None, True, False]),
)
PRODUCTS = st.lists(
    st.builds(some.product, is_on_shelf=st.sampled_from([None, True, False]), shop_scores=st.just({"service": 460})),
    max_size=2,
).map(tuple)
FACTS = st.builds(Facts, CONTENTS, CREATORS, PRODUCTS)
MOMENTS = st.integers(0, 14 * 24).map(lambda hours: datetime(2026, 11, 20, 0, 30, tzinfo=UTC) + timedelta(hours=hours))
USED = st.fixed_dictionaries({name: st.integers(0, 3) for name in quota.NAMES})


@settings(max_examples=50, derandomize=True, database=None, deadline=None)
@given(packs=st.lists(MADE | REAL, min_size=1, max_size=3), facts=FACTS, at=MOMENTS, used=USED)
def test_plan_decision_and_verification_agree(packs: list[Pack], facts: Facts, at: datetime, used: dict[str, int]):
    # a plan and the distributor ask many packs about one dossier, with whatever counters there are
    compiled, dossier = [CompiledPack(one) for one in packs], Dossier(facts, at)
    planned = [evaluate(one, dossier, at=at, quota_used=used) for one in compiled]
    decided = [evaluate(one, Dossier(facts, at), at=at, quota_used=used) for one in reversed(compiled)][::-1]

    for one, evaluation, decision in zip(packs, planned, decided, strict=True):
        event(evaluation.outcome.value)
        assert decision.to_json() == evaluation.to_json()
        # what is stored: the pack's body, the snapshot, and of the counters those that limit something
        stored = {limit.name: limit.used for limit in decision.quota}
        again = evaluate(
            read_canonical(one.canonical()), Facts.from_json(_as_jsonb(facts.to_json())), at=at, quota_used=stored
        )
        assert again.to_json() == decision.to_json()
        gates = judged(one, facts.creator, at=at)
        if evaluation.outcome is not Outcome.NOT_FOR_THIS:
            is_open = gates is None or gates.status is GateStatus.MET
            assert is_open == (evaluation.outcome is not Outcome.IMPOSSIBLE)


@settings(max_examples=25, derandomize=True, database=None, deadline=None)
@given(one=MADE, facts=FACTS, at=MOMENTS)
def test_quota_that_was_spent_meanwhile_adds_that_and_nothing_else(one: Pack, facts: Facts, at: datetime):
    """The distributor judges again when others took the last one: as a plan would that is asked after them."""
    before = evaluate(one, facts, at=at, quota_used={})
    if not before.quota or before.next_state is NextState.REJECTED:
        return
    spent = {limit.name: limit.allowed for limit in before.quota}

    after = evaluate(CompiledPack(one), facts, at=at, quota_used=spent)

    assert after.to_json() == evaluate(one, Dossier(facts, at), at=at, quota_used=spent).to_json()
    assert (after.outcome, after.next_state, after.score) == (Outcome.FIXABLE, NextState.REJECTED, before.score)
    assert after.findings[: len(before.findings)] == before.findings
    assert {each.code for each in after.findings[len(before.findings) :]} == {"quota.spent"}


def _as_jsonb(text: bytes) -> bytes:
    """As PostgreSQL gives it back: the same value with its keys in another order."""

    def turned(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: turned(value[name]) for name in sorted(value, key=lambda name: (len(name), name))}
        return [turned(each) for each in value] if isinstance(value, list) else value

    return orjson.dumps(turned(orjson.loads(text)))


async def test_the_one_of_two_that_finds_the_quota_spent_is_told_what_a_plan_tells(db: Database, clock: FixedClock):
    rules = [{"kind": "text.length", "severity": "warn", "field": "title", "max": 3, "unit": "graphemes"}]
    await install(db, pack("test.limited", rules=rules, quota={"per_creator_per_day": 1}))
    async with db.session() as session:
        ada = await make.creator(session)
        contents = [await make.content(session, ada, live=False) for _ in range(2)]
        for content in contents:
            await publishing.publish(session, SYSTEM, content.uid, clock=clock)
    await Distributor(db, clock=clock, base_url=BASE).drain()  # one batch: both found it free

    async with db.session() as session:
        decision = (
            await session.scalars(select(models.Decision).where(models.Decision.outcome == models.Outcome.FIXABLE))
        ).one()
        submission = await session.get_one(models.Submission, decision.submission_id)
        loser = next(one for one in contents if one.id == submission.content_id)
        (planned,) = await planning.plan(session, SYSTEM, loser.uid, clock=clock, base_url=BASE)
        (verified,) = await verifying.of_submission(session, SYSTEM, submission.uid)

    assert [one["code"] for one in decision.findings] == ["text.length", "quota.spent"]
    assert orjson.loads(orjson.dumps(planned.evaluation.findings)) == decision.findings
    assert planned.evaluation.outcome.value == decision.outcome.value
    assert {limit.name: limit.used for limit in planned.evaluation.quota} == decision.quota_used
    assert verified.agreement is verifying.Agreement.SAME
