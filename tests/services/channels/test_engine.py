"""The judgement as a whole: outcomes, audit path, the same bytes for the same inputs, facts that can be pinned."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import orjson
import pytest

from services.channels.dossiers import Dossier
from services.channels.engine import ENGINE_VERSION, CompiledPack, evaluate, state_after
from services.channels.facts import Facts, Link
from services.channels.findings import NextState, Outcome
from tests.services.channels.channel_facts import AT, creator, facts, image, judged, pack, product, tagged, video

RICH = facts(
    product("p1", pools=frozenset({"b", "a"}), brand="Ada", price_minor=9900, currency="CNY"),
    product("p2", image=None, is_on_shelf=None, shop_scores={}),
    creator_=creator(
        roles=frozenset({"baker", "gardener"}),
        scores={"index": 650, "quality": None},
        invited_channels=frozenset({"x", "test.entry"}),
    ),
    text="Body. 👨‍👩‍👧‍👦",
    paragraphs=("Body.", "👨‍👩‍👧‍👦"),
    links=(Link("https://a.cn/x", "a.cn", "body.2"),),
    covers=(image(source="declared"),),
    pictures=(image(None, None, has_alt_text=True),),
    anchors=(3,),
    videos=(video(),),
    tags=tagged(scene=("camping<outdoors",), topic=()),
    details={"highlights": 2, "lead": "Lead", "has_subtitles": True, "verdict": None},
    published_at=datetime(2026, 11, 24, 7, tzinfo=UTC),
    is_original=True,
    url="https://example.org/c/1",
)


@pytest.mark.parametrize(
    ("path", "next_state", "after_human", "after_trial"),
    [
        ("[]", NextState.ACCEPTED, NextState.ACCEPTED, NextState.ACCEPTED),
        ('["machine"]', NextState.ACCEPTED, NextState.ACCEPTED, NextState.ACCEPTED),
        ('["machine","human"]', NextState.HUMAN_AUDIT, NextState.ACCEPTED, NextState.ACCEPTED),
        ('["human","trial"]', NextState.HUMAN_AUDIT, NextState.TRIAL, NextState.ACCEPTED),
        ('["machine","trial"]', NextState.TRIAL, NextState.TRIAL, NextState.ACCEPTED),
    ],
)
def test_an_eligible_content_goes_the_audit_path_of_the_pack(path, next_state, after_human, after_trial):
    of = pack(f"[audit]\npath={path}")

    assert judged(of, facts()).next_state is next_state
    assert (state_after(of, "human"), state_after(of, "trial")) == (after_human, after_trial)


def test_the_time_an_audit_takes_is_the_sum_of_its_stages():
    of = pack('[audit]\npath=["machine","human"]\nmachine_hours=24\nhuman_hours=72\ntrial_hours=100')

    assert of.audit.expected_hours == 96


def test_equal_inputs_give_equal_bytes_by_every_way_in():
    of = pack('[gates]\nlevel={min=4}\n[[rules]]\nkind="product.on_shelf"\n[quota]\nper_creator_per_day=5')

    plain = evaluate(of, RICH, at=AT, quota_used={"per_creator_per_day": 2})
    prepared = evaluate(CompiledPack(of), Dossier(RICH, AT), at=AT, quota_used={"per_creator_per_day": 2})
    pinned = evaluate(of, Facts.from_json(RICH.to_json()), at=AT, quota_used={"per_creator_per_day": 2})

    assert plain == prepared == pinned
    assert plain.to_json() == prepared.to_json() == pinned.to_json()
    assert (plain.pack_digest, plain.engine_version, plain.channel) == (of.digest, ENGINE_VERSION, "test.entry")


def test_an_evaluation_is_kept_with_everything_it_said():
    of = pack('[[rules]]\nkind="product.count"\nmin=1\n[quota]\ntotal=9')

    stored = orjson.loads(judged(of, facts(), quota_used={"total": 4}).to_json())

    assert stored["outcome"] == "FIXABLE"
    assert stored["findings"][0]["code"] == "product.count"
    assert stored["findings"][0]["message_zh"] == "要求商品至少 1，现有 0。"
    assert stored["quota"] == [{"name": "total", "allowed": 9, "used": 4, "starts_at": None, "ends_at": None}]


def test_facts_can_be_pinned_and_read_again_to_the_byte():
    assert Facts.from_json(RICH.to_json()) == RICH
    assert Facts.from_json(RICH.to_json()).digest == RICH.digest
    assert b'"pools":["a","b"]' in RICH.to_json()
    assert facts().digest != facts(title="Seven scarves").digest


def test_a_dossier_is_of_one_instant():
    with pytest.raises(ValueError, match="the dossier is of"):
        evaluate(pack(), Dossier(facts(), AT), at=AT + timedelta(seconds=1), quota_used={})


def test_a_text_is_measured_once_for_all_packs(monkeypatch):
    dossier = Dossier(facts(title="Measured once"), AT)
    measured = []
    monkeypatch.setattr("services.channels.units.length", lambda text, unit: measured.append((text, unit)) or 13)
    of = CompiledPack(pack('[[rules]]\nkind="text.length"\nfield="title"\nmax=20'))

    outcomes = [evaluate(of, dossier, at=AT, quota_used={}).outcome for _ in range(100)]

    assert outcomes == [Outcome.ELIGIBLE] * 100
    assert measured == [("Measured once", "graphemes")]
