"""Forms: what they refuse the engine stops, what the engine alone can say they name, and equal packs give equal bytes."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

import models
from models import caps, formats
from services.channels import examples
from services.channels.dossiers import Dossier
from services.channels.engine import CompiledPack
from services.channels.findings import Outcome
from services.channels.forms import FormatNotTaken, channel_form, form, written
from services.channels.forms import drafts as own
from services.channels.forms.conditions import applies
from services.channels.forms.drafts import Draft
from services.channels.forms.expressing import Setting
from services.channels.forms.form import constraint
from services.channels.forms.schemas import Schema, conjoin
from services.channels.packs import Pack, parse_pack, read_canonical
from services.channels.rules import KINDS
from services.channels.terms import FORMATS
from tests.services.channels.channel_facts import AT, pack
from tests.services.channels.form_drafts import Drafted, draft_of, facts_of

PACKS = Path(__file__).parents[3] / "channels"
# Bounds lie within what the strategies below draw.
RULES = """
kind = "text.length", field = "title", min = 2, max = 3, unit = "code_points"
kind = "text.length", field = "title", min = 2, max = 3, unit = "graphemes"
kind = "text.length", field = "title", min = 3, max = 4, unit = "utf16"
kind = "text.length", field = "title", min = 3, max = 9, unit = "bytes"
kind = "text.length", field = "title", min = 3, max = 4, unit = "full_width"
kind = "text.length", field = "title", min = 3, max = 23, unit = "x_weighted"
kind = "text.length", field = "summary", min = 1, unit = "graphemes"
kind = "text.length", field = "summary", min = 1, unit = "x_weighted"
kind = "text.length", field = "summary", min = 2, unit = "graphemes"
kind = "text.length", field = "summary", max = 2, unit = "code_points"
kind = "text.length", field = "details.lead", max = 3, unit = "code_points"
kind = "text.length", field = "details.lead", max = 3
kind = "text.length", field = "details.verdict", max = 3, unit = "code_points"
kind = "text.length", field = "details.highlights", max = 3, unit = "code_points"
kind = "text.required", fields = ["summary"]
kind = "text.required", fields = ["covers", "tags.scene"]
kind = "text.required", fields = ["details.lead", "details.highlights"]
kind = "text.required", fields = ["details.lead"]
kind = "text.required", fields = ["headings"]
kind = "text.required", fields = ["paragraphs", "links"]
kind = "text.paragraph_max", max = 2, unit = "code_points"
kind = "text.paragraph_max", max = 2
kind = "text.paragraph_max", max = 2, unit = "utf16"
kind = "detail.count", field = "details.highlights", min = 1, max = 2
kind = "detail.count", field = "details.highlights", max = 1
kind = "detail.count", field = "details.lead", min = 1, max = 2
kind = "detail.count", field = "details.sections", min = 1
kind = "detail.count", field = "headings", max = 1
kind = "detail.count", field = "paragraphs", min = 2
kind = "link.count", max = 1
kind = "link.count", allowed = [0, 2]
kind = "link.host_allowlist", hosts = ["a.cn", "b-c.org"]
kind = "image.count", of = "covers", allowed = [1, 3]
kind = "image.count", of = "pictures", min = 1, max = 2
kind = "image.count", of = "images", min = 2, max = 3
kind = "image.count", of = "images", allowed = [1, 3]
kind = "image.count", of = "images", max = 500
kind = "image.count", of = "products", min = 1
kind = "image.count", of = "products", max = 1
kind = "image.count", of = "products", allowed = [0, 2]
kind = "image.min_size", of = "covers", width = 750, height = 422
kind = "image.min_size", of = "covers", width = 750
kind = "image.min_size", of = "pictures", height = 422, match = "any"
kind = "image.min_size", of = "images", width = 750
kind = "image.min_size", of = "images", width = 750, match = "any"
kind = "image.min_size", of = "products", width = 750
kind = "image.min_size", of = "products", width = 750, match = "any"
kind = "image.min_size", of = "covers", width = 750, accepts_declared = true
kind = "image.exact_size", of = "covers", sizes = ["750x422", "751x422"]
kind = "image.ratio", of = "covers", ratios = ["1:1"], match = "any"
kind = "image.ratio", of = "products", ratios = ["1:1"]
kind = "image.orientation", of = "covers", any = ["square"]
kind = "image.shape", of = "covers", ratios = ["1:1"], width = 750, height = 422
kind = "image.max_size", of = "covers", width = 750, shorter_side = 421
kind = "image.max_size", of = "covers", height = 421
kind = "image.same_size", of = "covers"
kind = "content.original"
kind = "content.not_duplicate"
kind = "text.no_product_title_copy", fields = ["title"], max_percent = 50, min_characters = 2
kind = "schedule.window", days = ["mon"]
kind = "image.bytes_between", of = "covers", min = 100, max = 101
kind = "image.format_not", of = "covers", refused = ["image/gif"]
kind = "image.not_animated", of = "covers"
kind = "image.not_transparent", of = "products"
kind = "image.white_background", of = "pictures", min_percent = 90
kind = "video.count", max = 1
kind = "video.count", allowed = [1]
kind = "video.duration", min_seconds = 9, max_seconds = 10
kind = "video.duration", max_seconds = 9, accepts_declared = true
kind = "video.ratio_in", ratios = ["9:16"]
kind = "video.bytes", max = 100
kind = "video.bitrate", min = 100
kind = "video.min_height", min = 750
kind = "video.min_height", min = 750, measure = "shorter_side"
kind = "anchor.count_per_image", min = 1, max = 2
kind = "anchor.count_per_image", max = 1
kind = "product.count", min = 1
kind = "product.count", max = 1
kind = "product.distinct_shops", min = 2
kind = "product.max_per_shop", max = 1
kind = "product.pool", any = ["a", "b"]
kind = "product.shop_score_min", min = 460
kind = "product.shop_score_min", min = 460, score = "service"
kind = "product.on_shelf"
kind = "product.title_length", min = 2, max = 3, unit = "code_points"
kind = "product.title_length", max = 3
kind = "product.category_in", any = ["a"]
kind = "product.category_not_in", any = ["a", "b"]
kind = "tag.exactly_n", taxonomy = "scene", n = 1
kind = "tag.exactly_n", taxonomy = "scene", n = 0
kind = "text.required", fields = ["summary"], when = {field = "details.lead", present = true}
kind = "text.required", fields = ["summary"], when = {field = "details.lead", present = false}
kind = "text.required", fields = ["summary"], when = {field = "details.lead", equals = ["ab", 1]}
kind = "text.required", fields = ["summary"], when = {field = "details.lead", present = true, equals = ["ab", "abc"]}
kind = "text.required", fields = ["summary"], when = {field = "details.lead", min = 1, max = 2}
kind = "text.required", fields = ["summary"], when = {field = "details.lead", max = 0}
kind = "text.required", fields = ["summary"], when = {field = "details.highlights", present = true}
kind = "text.required", fields = ["summary"], when = {field = "details.highlights", equals = [0, 2]}
kind = "text.required", fields = ["summary"], when = {field = "details.highlights", min = 1}
kind = "text.required", fields = ["summary"], when = {field = "details.highlights", present = false}
kind = "text.required", fields = ["summary"], when = {field = "covers", present = true}
kind = "text.required", fields = ["summary"], when = {field = "covers", present = false}
kind = "text.required", fields = ["summary"], when = {field = "tags.scene", max = 1}
kind = "text.required", fields = ["summary"], when = {field = "tags.scene", min = 1}
kind = "text.required", fields = ["summary"], when = {field = "title", min = 3}
kind = "text.required", fields = ["summary"], when = {field = "headings", equals = [0]}
kind = "text.required", fields = ["covers"], when = {field = "summary", present = true}
kind = "text.required", fields = ["covers"], when = {field = "summary", equals = [""]}
kind = "text.required", fields = ["covers"], when = {field = "language", equals = ["en"]}
kind = "text.required", fields = ["covers"], when = {format = ["ITEM_NOTE"]}
kind = "text.required", fields = ["covers"], formats = ["GALLERY"]
kind = "image.count", of = "covers", min = 1, severity = "warn"
"""
LINES = [line for line in RULES.splitlines() if line]
FORMS = ("ARTICLE", "ITEM_NOTE")


@cache
def ruled() -> Pack:
    """A pack with all of these rules."""
    rules = tomllib.loads("rules = [" + ", ".join(f"{{ {line} }}" for line in LINES) + "]")
    return read_canonical(orjson.dumps(orjson.loads(pack().canonical()) | rules))


@cache
def own_limits(format_: str) -> Draft202012Validator:
    return Draft202012Validator(channel_form(pack(), format_))


WORDS = [
    "",
    " ",
    "\u00a0",
    "\ufeff",
    "a",
    "ab",
    "abc",
    "abcd",
    "𠮷𠮷",
    "👨‍👩‍👧‍👦",
    "e\u0301e\u0301e\u0301",
    "ＡＢ",
    "中文字",
    "https://a.cn/" + "x" * 40,
]
words = st.sampled_from(WORDS)
counts = st.sampled_from([0, 1, 2, 3])
files = st.fixed_dictionaries(
    {},
    optional={
        "width": st.sampled_from([422, 749, 750, 751]),
        "height": st.sampled_from([421, 422, 750]),
        "bytes": st.sampled_from([99, 100, 101, 102]),
        "media_type": st.sampled_from(["image/gif", "image/jpeg"]),
        "is_animated": st.booleans(),
        "has_transparency": st.booleans(),
        "white_background": st.sampled_from([89, 90]),
        "source": st.sampled_from(["probed", "declared"]),
        "duration_ms": st.sampled_from([8_999, 9_000, 10_000, 10_001]),
        "bitrate": st.sampled_from([99, 100]),
        "anchors": counts,
    },
)
codes = st.lists(st.sampled_from(["a", "b", "c"]), max_size=2)
goods = st.fixed_dictionaries(
    {"title": words},
    optional={
        "shop_uid": st.sampled_from(["s1", "s2"]),
        "shop_scores": st.dictionaries(st.sampled_from(["service", "logistics"]), st.sampled_from([459, 460])),
        "categories": codes,
        "pools": codes,
        "is_on_shelf": st.booleans(),
        "image": files,
    },
)
hosts = st.sampled_from(
    ["a.cn", "x.a.cn", "xa.cn", "a.cn.x", "a.cn.", "a.cn..", "b-c.org", "bxc.org", "", "例子.cn", "aacn"]
)
tags = st.fixed_dictionaries({"code": st.sampled_from(["a", "b"])}, optional={"ancestors": codes})
drafted = st.fixed_dictionaries(
    {"format": st.sampled_from(FORMS), "language": st.sampled_from(["en", "zh-Hans"]), "title": words.filter(bool)},
    optional={
        "summary": words,
        "text": words,
        "paragraphs": st.lists(words, max_size=2),
        "headings": counts,
        "links": st.lists(st.fixed_dictionaries({"host": hosts}), max_size=2),
        "covers": st.lists(files, max_size=3),
        "pictures": st.lists(files, max_size=2),
        "videos": st.lists(files, max_size=2),
        "products": st.lists(goods, max_size=2),
        "is_original": st.booleans(),
        "tags": st.fixed_dictionaries({}, optional={"scene": st.lists(tags, max_size=2)}),
        "details": st.fixed_dictionaries(
            {}, optional={"lead": st.one_of(words, counts, st.booleans()), "verdict": words, "sections": counts}
        ),
    },
)


@st.composite
def a_draft(draw: st.DrawFn) -> Drafted:
    draft: Drafted = draw(drafted)
    if draft["format"] == "ITEM_NOTE" and draw(st.booleans()):
        draft.setdefault("details", {})["highlights"] = ["x"] * draw(counts)
    return draft


def stopped(of: Pack, draft: Drafted) -> set[str]:
    """Where in the pack the rules stand that stop the draft."""
    return {found.place for found in CompiledPack(of).rule_findings(Dossier(facts_of(draft), AT)) if found.stops}


@cache
def each_rule(format_: str) -> list[tuple[str, Draft202012Validator, bool]]:
    """By place, the schema of each rule alone and whether it says all that the rule asks."""
    setting, found = Setting(Draft(format_)), []
    for index, rule in enumerate(ruled().rules):
        when, said = applies(rule.when, setting.draft), constraint(rule, setting)
        if when is not None and (not rule.formats or format_ in rule.formats):
            schema = {"if": when, "then": said.schema} if when else said.schema
            found.append((f"rules.{index}", Draft202012Validator(schema), said.is_whole))
    return found


def drawn(**said: Any) -> Drafted:
    """A draft that the strategies may come to, and do not always."""
    return {"format": "ITEM_NOTE", "language": "en", "title": "ab"} | said


@settings(max_examples=40, derandomize=True, database=None, deadline=None)
@given(a_draft())
@example(drawn(details={"lead": 0}))
@example(drawn(details={"lead": False}))
@example(drawn(summary="e\u0301"))
@example(drawn(summary="\u0085\x1c"))
@example(drawn(covers=[{"width": 750, "height": 422, "source": "declared"}]))
@example(drawn(covers=[{"width": 750, "height": 421}]))
@example(drawn(covers=[], details={"highlights": []}))
def test_a_schema_refuses_what_its_rule_stops_and_nothing_that_it_accepts(draft: Drafted):
    stops = stopped(ruled(), draft)

    refused, missed = set(), set()
    for where, validator, is_whole in each_rule(draft["format"]):
        if not validator.is_valid(draft):
            refused.add(where)
        elif is_whole and where in stops:
            missed.add(where)

    assert [LINES[int(where[6:])] for where in sorted(refused - stops)] == []
    assert [LINES[int(where[6:])] for where in sorted(missed)] == []
    assert own_limits(draft["format"]).is_valid(draft)


@settings(max_examples=40, derandomize=True, database=None, deadline=None)
@given(a_draft(), st.lists(st.sampled_from(range(len(LINES))), min_size=2, max_size=5, unique=True))
def test_the_form_of_several_rules_asks_for_all_of_them(draft: Drafted, chosen: list[int]):
    several = ruled().model_copy(update={"rules": tuple(ruled().rules[index] for index in chosen)})
    schema = channel_form(several, draft["format"])
    only_engine = {each["place"] for each in schema["x-headwater-only-rules"]}

    stops, is_valid = stopped(several, draft), Draft202012Validator(schema).is_valid(draft)

    assert is_valid or stops
    assert not (is_valid and stops - only_engine)


def test_each_kind_that_a_machine_checks_is_tried_here():
    known = {rule.kind for rule in ruled().rules}
    kinds = {kind.model_fields["kind"].annotation.__args__[0] for kind in KINDS}

    assert kinds - known <= {"manual"}


def test_keywords_that_are_read_together_stay_together():
    some, few = {"contains": {"const": 1}}, {"contains": {"const": 2}, "maxContains": 1}
    closed = {"properties": {"a": {}}, "additionalProperties": False}
    numbers, opened = {"additionalProperties": {"minimum": 1}}, {"properties": {"b": {"minimum": 2}}}

    def takes(schema: Schema, value: Any) -> bool:
        return Draft202012Validator(schema).is_valid(value)

    for one, other in ((some, few), (few, some)):
        assert takes(conjoin(one, other), [1, 1, 2])
        assert not takes(conjoin(one, other), [1, 2, 2])
        assert not takes(conjoin(one, other), [2])
    assert not takes(conjoin(closed, opened), {"b": 2})
    assert takes(conjoin(closed, opened), {"a": 0})
    assert not takes(conjoin(opened, numbers), {"b": 2, "c": 0})
    assert not takes(conjoin({"const": 0}, {"const": False}), 0)
    assert some == {"contains": {"const": 1}}


@cache
def shipped() -> dict[str, Pack]:
    """The packs of platforms, where the captured ones are, and one of a network."""
    files = [*sorted(PACKS.glob("platform/*/*.toml")), PACKS / "social/x/post.toml"]
    packs = [parse_pack(file.read_text("utf-8"), file.name) for file in files]
    return {each.key: each for each in packs}


def shown(body: str, format_: str = "ARTICLE", *, selector: str = "", language: str = "en") -> dict[str, Any]:
    return channel_form(pack(body, selector=selector), format_, language)


@pytest.mark.parametrize(
    "key",
    [
        "aiguangjie.vertical-video", "bimai-qingdan.guides", "ifashion.home-card", "ifashion.smart-outfits",
        "jiyoujia.home-card", "meiri-haodian.shop-story", "weitao.article", "weitao.item-notes", "weitao.short-video",
        "youhaohuo.new-items",
    ],
)  # fmt: skip
def test_what_a_captured_pack_refuses_its_examples_for_its_form_refuses(key: str):
    each, compared = CompiledPack(shipped()[key]), 0
    forms_of = cache(lambda format_: channel_form(each.pack, format_))
    for one in each.pack.examples:
        facts, evaluation = examples.facts_of(each.pack, one.given), examples.run(each, one)
        if facts.content.format in each.pack.selector.formats:
            schema = forms_of(facts.content.format)
            only_engine = {said["place"] for said in schema["x-headwater-only-rules"]}
            stops = {found.place for found in evaluation.findings if found.stops}
            told = {
                place
                for place in stops
                if place not in only_engine and place.partition(".")[0] in {"rules", "selector"}
            }
            is_valid = Draft202012Validator(schema).is_valid(draft_of(facts))
            assert not (is_valid and told), (one.name, told)
            is_judged = evaluation.outcome is not Outcome.NOT_FOR_THIS
            assert is_valid or not is_judged or any(place.startswith("rules.") for place in stops), one.name
            compared += 1
    assert compared > 0


def test_a_draft_comes_back_from_its_facts():
    each = shipped()["weitao.article"]
    facts = examples.facts_of(each, each.examples[0].given)

    assert draft_of(facts_of(draft_of(facts))) == draft_of(facts)


@pytest.mark.parametrize("key", ["weitao.article", "x.post"])
def test_forms_are_schemas_of_2020_12(key: str):
    each = shipped()[key]

    Draft202012Validator.check_schema(channel_form(each, (each.selector.formats or FORMATS)[0], "zh"))


def test_every_pack_has_a_form_for_every_format_it_takes_and_equal_packs_give_equal_bytes():
    made = {}
    for key, each in shipped().items():
        for format_ in each.selector.formats or FORMATS:
            made[key, format_] = form(each, format_)
    again = form(read_canonical(shipped()["x.post"].canonical()), "ARTICLE")

    assert len({one.digest for one in made.values()}) == len(made) > 60
    assert written(again.schema) == written(made["x.post", "ARTICLE"].schema)
    assert again.digest == made["x.post", "ARTICLE"].digest
    assert max(len(written(one.schema)) for one in made.values()) < 20_000


def test_a_length_in_code_points_is_a_bound_and_one_in_another_unit_what_it_surely_is():
    def bounds(unit: str) -> tuple[int | None, int | None]:
        title = shown(f'[[rules]]\nkind="text.length"\nfield="summary"\nmin=8\nmax=20\nunit="{unit}"')["properties"][
            "summary"
        ]
        longest = title["maxLength"]
        return title.get("minLength"), None if longest == own.LONGEST_PROSE else longest

    assert bounds("code_points") == (8, 20)
    assert bounds("graphemes") == (8, None)
    assert bounds("utf16") == (4, 20)
    assert bounds("bytes") == (2, 20)
    assert bounds("full_width") == (4, None)
    assert bounds("x_weighted") == (1, None)


def test_a_rule_is_told_beside_its_field_with_its_words_unit_and_provenance():
    rule = '[[rules]]\nkind="text.length"\nfield="title"\nmin=4\nmax=19\nunit_stated=false\n'
    rule += 'source={provenance="captured", confidence="A"}'
    told = {
        "place": "rules.0", "code": "text.length", "severity": "block", "says": "Title: 4 to 19 characters.",
        "asks": {"field": "title", "min": 4, "max": 19, "unit": "graphemes", "unit_stated": False},
        "provenance": "captured", "confidence": "A",
    }  # fmt: skip
    title = shown(rule)["properties"]["title"]

    assert title["x-headwater"] == [told]
    assert title["x-headwater-ui"] == {
        "component": "line", "order": 1, "label": "Title", "help": "Title: 4 to 19 characters.", "units": ["graphemes"],
    }  # fmt: skip
    assert shown(rule)["x-headwater-only-rules"] == [
        {"place": "rules.0", "code": "text.length", "severity": "block", "partly": True}
    ]
    chinese = shown(rule, language="zh")["properties"]["title"]
    assert chinese["x-headwater"][0]["says"] == "标题：4 至 19 个字。"
    assert chinese["title"] == "标题"


def test_a_condition_becomes_if_and_then():
    rule = '[[rules]]\nkind="text.required"\nfields=["details.owner_line"]\n'
    rule += 'when = {field = "details.subject", present=true, equals=["person", "designer"]}'
    schema = shown(rule)
    (conditional,) = schema["allOf"]
    subject = schema["properties"]["details"]["properties"]["subject"]

    assert conditional["$comment"] == "rules.0"
    assert conditional["then"]["properties"]["details"]["required"] == ["owner_line"]
    assert subject["x-headwater-ui"]["component"] == "choice"
    assert subject["x-headwater-ui"]["choices"] == ["person", "designer"]
    (told,) = schema["properties"]["details"]["properties"]["owner_line"]["x-headwater"]
    assert told["only"] == "Only where “subject” is: person or designer."
    assert told["when"] == {"field": "details.subject", "present": True, "equals": ["person", "designer"]}


def test_warnings_and_scores_are_told_and_keep_nothing_out():
    for severity in ("warn", "score"):
        schema = shown(f'[[rules]]\nkind="image.min_size"\nof="covers"\nwidth=750\nseverity="{severity}"')
        covers = schema["properties"]["covers"]

        assert covers["items"] == own.Draft("ARTICLE").place("covers").schema["items"]
        assert [told["severity"] for told in covers["x-headwater"]] == [severity]
        assert covers["x-headwater-ui"]["files"] == [
            {"place": "rules.0", "code": "image.min_size", "severity": severity, "asks": {"width": 750, "height": None}}
        ]
        assert [each["place"] for each in schema["x-headwater-only-rules"]] == ["rules.0"]


def test_what_needs_eyes_is_a_checklist():
    rule = '[[rules]]\nkind="manual"\ncheck="no-collage"\nabout="covers"\nseverity="warn"\n'
    schema = shown(rule + 'text={en="The cover is no collage.", zh="封面不得拼图。"}', language="zh")

    assert schema["x-headwater-checklist"] == [
        {"place": "rules.0", "check": "no-collage", "says": "封面不得拼图。", "fields": ["covers"], "severity": "warn"}
    ]
    assert schema["x-headwater-only-rules"] == []


def test_the_selector_is_part_of_the_form_as_far_as_it_is_about_the_draft():
    selector = 'languages=["zh"]\ncreator_fields=["beauty"]\n'
    selector += 'tags=[{taxonomy="category", any=["apparel", "beauty"]}, {taxonomy="scene", none=["wholesale"]}]'
    schema = shown("", selector=selector)
    validator = Draft202012Validator(schema)

    def takes(language: str = "zh-Hans", **tags: list[Drafted]) -> bool:
        return validator.is_valid({"format": "ARTICLE", "language": language, "title": "标题", "tags": tags})

    scarves = {"code": "scarves", "ancestors": ["apparel"]}
    assert takes(category=[scarves])
    assert takes(category=[{"code": "beauty"}, {"code": "home"}], scene=[{"code": "camping"}])
    assert not takes(category=[{"code": "scarves"}])
    assert not takes(category=[scarves], scene=[{"code": "lot", "ancestors": ["wholesale"]}])
    assert not takes("zho", category=[scarves])
    assert not takes("en", category=[scarves])
    assert schema["x-headwater-only-rules"][0]["place"] == "selector.creator_fields"


def test_gates_quota_and_cuts_are_named():
    body = "[gates]\nlevel={min=2}\n[quota]\nper_creator_per_day=1\n[rendering]\n"
    schema = shown(body + 'text={fields=["title", "link"], max=280, unit="x_weighted"}')

    assert [each["place"] for each in schema["x-headwater-only-rules"]] == ["gates", "quota"]
    assert schema["x-headwater-cuts"] == [
        {
            "field": "text", "of": ["title", "link"], "max": 280, "unit": "x_weighted", "unit_stated": True,
            "says": "Shown as text (title + link): at most 280 characters as X counts them; what is longer is cut.",
        }
    ]  # fmt: skip


def test_a_format_that_the_entry_does_not_take_has_no_form():
    with pytest.raises(FormatNotTaken, match="takes no GALLERY: it takes ARTICLE, QNA"):
        shown("", "GALLERY", selector='formats=["ARTICLE", "QNA"]')


def test_our_own_limits_are_those_of_drafts():
    assert (own.MOST_COVERS, own.MOST_TAGS) == (caps.MOST_COVERS, caps.MOST_TAGS)
    for format_ in FORMATS:
        stored = {name: field for name, field in details_of(format_).items() if name not in {"format", "form"}}
        named = {place.path.partition(".")[2]: place for place in Draft(format_) if place.path.startswith("details.")}
        # ids of files and products stand in lists of their own
        known = {name for name in stored if name not in {"video", "scene", "product"}}
        assert named.keys() - {"sections"} == known, format_
        for name in known:
            limit = next((item.max_length for item in stored[name].metadata if hasattr(item, "max_length")), None)
            schema = named[name].schema
            assert limit == schema.get("maxItems") or schema["type"] == "string", (format_, name)


def details_of(format_: str) -> dict[str, Any]:
    kinds = {kind.model_fields["format"].default: kind for kind in formats.Own.__subclasses__()}
    return kinds[models.Format(format_).value].model_fields
