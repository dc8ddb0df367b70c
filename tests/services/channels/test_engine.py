"""The judgement as a whole: outcomes, audit path, the same bytes for the same inputs, facts that can be pinned."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta

import orjson
import pytest

from services.channels.arms import ARMS
from services.channels.dossiers import Dossier
from services.channels.engine import ENGINE_VERSION, CompiledPack, evaluate, state_after
from services.channels.facts import Facts, Likeness, Link
from services.channels.findings import NextState, Outcome
from services.channels.packs import MalformedPack, Pack, parse_pack
from services.channels.rules import KINDS
from services.channels.rules.base import Rule
from tests.services.channels.channel_facts import AT, HEAD, creator, facts, image, judged, pack, product, tagged, video

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
    pictures=(image(None, None, has_alt_text=True, is_animated=True, has_transparency=True, white_background=7),),
    anchors=(3,),
    videos=(video(),),
    tags=tagged(scene=("camping<outdoors",), topic=()),
    details={"highlights": 2, "lead": "Lead", "has_subtitles": True, "verdict": None},
    published_at=datetime(2026, 11, 24, 7, tzinfo=UTC),
    is_original=False,
    url="https://example.org/c/1",
    duplicates=(Likeness("text", "channel", percent=80, channel="test.entry", content="c9"),),
)

EVERYTHING = """
[gates]
all = [
  { level = { min = 4 } }, { role = { any = ["florist"] } }, { field = { any = ["food"] } }, { kind = { any = ["MEDIA"] } },
  { score = { score = "quality", min = 1 } }, { followers = { min = 30000 } }, { certified_days = { min = 100 } },
  { published_in_window = { days = 30, min = 31 } }, { pass_rate = { min = 90 } }, { seller = { is = true } },
  { samples = { min = 20, formats = ["ARTICLE"] } },
  { not = { invited = {} } }, { connected = {} }, { single_field = {} },
]
[quota]
per_creator_per_day = 1
[[rules]]
kind = "text.length"
field = "title"
min = 30
[[rules]]
kind = "text.required"
fields = ["details.question"]
[[rules]]
kind = "text.paragraph_max"
max = 4
[[rules]]
kind = "detail.count"
field = "details.highlights"
min = 3
[[rules]]
kind = "link.count"
max = 0
[[rules]]
kind = "link.host_allowlist"
hosts = ["b.cn"]
[[rules]]
kind = "image.count"
of = "covers"
allowed = [3]
[[rules]]
kind = "image.min_size"
of = "images"
width = 5000
[[rules]]
kind = "image.exact_size"
of = "covers"
sizes = ["5x5"]
[[rules]]
kind = "image.ratio"
of = "covers"
ratios = ["1:1"]
[[rules]]
kind = "image.orientation"
of = "products"
any = ["portrait"]
[[rules]]
kind = "image.bytes_between"
of = "covers"
max = 5
[[rules]]
kind = "image.format_not"
of = "covers"
refused = ["image/jpeg"]
[[rules]]
kind = "image.not_animated"
of = "pictures"
[[rules]]
kind = "image.not_transparent"
of = "pictures"
[[rules]]
kind = "image.white_background"
of = "pictures"
min_percent = 90
[[rules]]
kind = "video.count"
max = 0
[[rules]]
kind = "video.duration"
max_seconds = 5
[[rules]]
kind = "video.ratio_in"
ratios = ["16:9"]
[[rules]]
kind = "video.bytes"
max = 5
[[rules]]
kind = "video.bitrate"
max = 5
[[rules]]
kind = "video.min_height"
min = 5000
[[rules]]
kind = "anchor.count_per_image"
max = 2
[[rules]]
kind = "product.count"
min = 6
[[rules]]
kind = "product.distinct_shops"
min = 3
[[rules]]
kind = "product.max_per_shop"
max = 1
[[rules]]
kind = "product.pool"
any = ["c"]
[[rules]]
kind = "product.shop_score_min"
min = 490
[[rules]]
kind = "product.on_shelf"
[[rules]]
kind = "product.title_length"
max = 5
[[rules]]
kind = "product.category_in"
any = ["food"]
[[rules]]
kind = "product.category_not_in"
any = ["apparel"]
[[rules]]
kind = "tag.exactly_n"
taxonomy = "scene"
n = 2
[[rules]]
kind = "manual"
check = "eyes"
severity = "warn"
text = { en = "Look.", zh = "看。" }
[[rules]]
kind = "text.no_product_title_copy"
max_percent = 10
fields = ["title", "details.lead"]
min_characters = 4
[[rules]]
kind = "image.shape"
of = "covers"
ratios = ["1:1"]
width = 5000
height = 5000
[[rules]]
kind = "image.max_size"
of = "covers"
width = 5
height = 5
shorter_side = 5
[[rules]]
kind = "image.same_size"
of = "images"
[[rules]]
kind = "content.original"
[[rules]]
kind = "schedule.window"
days = ["sat", "sun"]
from = "09:00"
to = "18:30"
[[rules]]
kind = "content.not_duplicate"
"""


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
    assert pack('[audit]\npath=["machine"]').audit.expected_hours == 0
    assert pack('[audit]\npath=["machine","human"]\nmachine_hours=24').audit.expected_hours is None


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
    assert stored["findings"][0]["message_zh"] == "商品：0；要求：至少 1。"
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


def test_the_judgement_of_pinned_inputs_changes_only_with_the_version_of_the_engine():
    """Stored decisions are verified against this engine. When this fails, raise ENGINE_VERSION (and the rule's version)."""
    evaluation = judged(pack(EVERYTHING), RICH, quota_used={"per_creator_per_day": 1})

    said = [
        (each.code, each.version, each.place, each.severity, each.status, each.path, each.actual, each.allowed)
        for each in evaluation.findings
    ]
    codes = {finding.code for finding in evaluation.findings}
    assert {rule.kind for rule in pack(EVERYTHING).rules} == {code_of(kind) for kind in KINDS} <= codes
    assert {f"creator.{arm.fact}" for arm in ARMS} - codes == {"creator.invited"}
    assert {"gate.not", "quota.spent"} <= codes
    assert ENGINE_VERSION == 2
    assert (
        hashlib.sha256(orjson.dumps(said, option=orjson.OPT_SORT_KEYS)).hexdigest()
        == "f1f695f71a2bd56c9555802b3ee741f143bcd1c4e975023c3881ed8c471a3d12"
    )


def test_every_finding_speaks_both_languages():
    findings = judged(pack(EVERYTHING), RICH, quota_used={"per_creator_per_day": 1}).findings

    for finding in findings:
        assert finding.message_en.endswith(".")
        assert finding.message_zh.endswith("。")
        assert (finding.hint_en is None) == (finding.hint_zh is None)
        # what a rule finds can be mended; what only eyes can see is told as it is
        assert finding.hint_en or finding.rule_index is None or finding.severity == "manual", finding.code
        assert "None" not in finding.message_en + finding.message_zh
        assert finding.message_en[0].isupper() or finding.message_en[0] == "“"


def code_of(kind: type[Rule]) -> str:
    (code,) = kind.model_fields["kind"].annotation.__args__
    return code


SCORED = """
[selector]
[[rules]]
kind = "product.count"
min = 1
severity = "score"
weight = 15
[[rules]]
kind = "image.count"
of = "covers"
min = 2
severity = "score"
weight = 5
[[rules]]
kind = "image.min_size"
of = "covers"
width = 5000
severity = "score"
weight = 80
"""


def scored(least: int) -> Pack:
    return parse_pack(HEAD.format(key="test.entry") + f"min_score = {least}\n" + SCORED, "test.toml")


def test_a_content_that_keeps_too_few_points_can_be_mended():
    of = scored(81)

    evaluation = judged(of, facts())
    too_low = evaluation.findings[-1]

    assert evaluation.score == 80
    assert (evaluation.outcome, evaluation.next_state) == (Outcome.FIXABLE, NextState.REJECTED)
    assert (too_low.code, too_low.place, too_low.severity, too_low.path) == ("score.min", "min_score", "block", "score")
    assert (too_low.actual, too_low.allowed, too_low.rule_index) == (80, {"min": 81}, None)
    assert too_low.evidence == {"lost": {"rules.0": 15, "rules.1": 5}}
    assert too_low.message_en == "The score is 80; asked for: at least 81 of 100."
    assert too_low.message_zh == "得分为 80；要求：满分 100，至少 81。"
    assert too_low.hint_en == "Win back 1 points: mend what the findings that cost points name."


def test_a_content_that_keeps_just_enough_points_enters():
    evaluation = judged(scored(80), facts())

    assert (evaluation.score, evaluation.outcome) == (80, Outcome.ELIGIBLE)
    assert {found.code for found in evaluation.findings} == {"product.count", "image.count"}


def test_a_rule_takes_its_points_once_and_also_where_it_cannot_tell():
    of = scored(60)

    evaluation = judged(of, facts(product(), covers=(image(None, None), image(10, 10), image(20, 20))))

    assert evaluation.score == 20
    assert evaluation.findings[-1].evidence == {"lost": {"rules.2": 80}}


def test_a_score_that_no_content_can_miss_is_refused():
    with pytest.raises(MalformedPack, match="min_score = 20 asks nothing: the score rules take 80 of 100 at most"):
        parse_pack(
            HEAD.format(key="test.entry")
            + "min_score = 20\n"
            + SCORED.replace("weight = 15", "weight = 1")
            .replace("weight = 5\n", "weight = 1\n")
            .replace("weight = 80", "weight = 78"),
            "test.toml",
        )
