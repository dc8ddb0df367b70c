"""What a pack may say: refusals that name file, key and reason, a version that follows the meaning, a current schema."""

from __future__ import annotations

import tomllib
from pathlib import Path

import jsonschema
import orjson
import pytest

from services.channels import reference
from services.channels.arms import ARMS
from services.channels.checking import check
from services.channels.gates import Gate
from services.channels.packs import MalformedPack, parse_pack, parse_platforms, read_canonical
from tests.services.channels.channel_facts import HEAD, pack, ruled

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "channels"


def refused(body: str, *, head: str = HEAD.format(key="test.entry")) -> list[tuple[str, str]]:
    """Path and message of every problem with a pack."""
    with pytest.raises(MalformedPack) as refusal:
        parse_pack(head + body, "social/x.toml")
    return [(".".join(map(str, problem.path)), problem.message) for problem in refusal.value.problems]


def test_a_malformed_pack_names_file_key_and_reason_of_everything_at_once():
    problems = refused(
        '[selector]\nformats=["BLOG"]\n[[rules]]\nkind="text.length"\nfield="title"\nmax="19"\n[[rules]]\nkind="text.size"\n'
    )

    assert [path for path, _ in problems] == ["selector.formats.0", "rules.0.max", "rules.1.kind"]
    assert problems[1][1] == "social/x.toml:14: rules.0.max: write a whole number without quotes"
    assert [message.partition(": ")[0] for _, message in problems] == [f"social/x.toml:{line}" for line in (10, 14, 16)]


@pytest.mark.parametrize(
    ("body", "path", "reason"),
    [
        (
            "[selector]\ncolour=1",
            "selector.colour",
            "there is no colour here. There are: creator_fields, formats, languages, tags.",
        ),
        ("[selector]\n[gates]\n", "gates", "a gate needs exactly one condition, this one has none"),
        (
            "[selector]\n[gates]\nlevel={min=1}\ninvited={}",
            "gates",
            "a gate needs exactly one condition, this one has level, invited",
        ),
        ("[selector]\n[gates]\nlevel={min=7}", "gates.level.min", "7 is too large: give 6 or less"),
        (
            '[selector]\n[[rules]]\nkind="product.count"',
            "rules.0",
            "needs either `allowed`, or `min` and/or `max`",
        ),
        (
            '[selector]\n[[rules]]\nkind="text.length"\nfield="title"\nmin=5\nmax=4',
            "rules.0",
            "`min` (5) is above `max` (4)",
        ),
        (
            '[selector]\n[[rules]]\nkind="image.ratio"\nof="covers"\nratios=["16:0"]',
            "rules.0.ratios.0",
            "'16:0' is no ratio: a side is zero",
        ),
        (
            '[selector]\n[[rules]]\nkind="product.on_shelf"\nwhen={field="title"}',
            "rules.0.when",
            "`field` and one of present, equals, min, max go together",
        ),
        (
            '[selector]\n[audit]\npath=["human","machine"]',
            "audit.path",
            "names machine, human, trial at most once and in this order",
        ),
        (
            '[selector]\n[[examples]]\nname="x"\nmust="fail"',
            "examples.0",
            "an example that must fail names its `codes`, one that must pass names none",
        ),
        (
            '[selector]\n[[examples]]\nname="x"\nmust="pass"\ngiven={content={colour=1}}',
            "examples.0.given.content.colour",
            "there is no colour here.",
        ),
        ('parent="other"\n[selector]', "", "the key must start with the parent's: other."),
    ],
)
def test_a_pack_is_refused_for(body, path, reason):
    where = path or "(the whole)"

    ((found, message),) = refused(body)
    assert (found, message.partition(": ")[2]) == (path, f"{where}: {reason}")


@pytest.mark.parametrize(
    ("line", "wrong", "path"),
    [
        ("schema = 1", "schema = 2", "schema"),
        ('key = "test.entry"', 'key = "Test Entry"', "key"),
        ('time_zone = "Asia/Shanghai"', 'time_zone = "Asia/Nowhere"', "time_zone"),
        ('time_zone = "Asia/Shanghai"', 'time_zone = "../etc/passwd"', "time_zone"),
        ('kind = "platform"', 'kind = "forum"', "kind"),
        ('provenance = "house"', 'provenance = "rumour"', "source.provenance"),
    ],
)
def test_a_head_is_refused_for(line, wrong, path):
    assert [found for found, _ in refused("[selector]", head=HEAD.format(key="test.entry").replace(line, wrong))] == [
        path
    ]


def test_a_file_that_is_no_toml_is_refused_with_its_line():
    with pytest.raises(MalformedPack, match=r"^x\.toml:1: not TOML: .*column 10"):
        parse_pack("schema = = 1", "x.toml")


def test_a_pack_that_nests_without_end_is_refused():
    with pytest.raises(MalformedPack, match="nested too deeply"):
        parse_pack("x = " + "[" * 100_000, "x.toml")
    deep = 300 * "{not=" + "{level={min=1}}" + 300 * "}"
    assert refused(f"[selector]\n[gates]\nnot={deep}")[0][1].startswith("social/x.toml: ")


def test_a_length_is_asked_of_texts_and_a_count_of_counts():
    wrong = '[selector]\n[[rules]]\nkind="text.length"\nfield="covers"\nmax=1\n[[rules]]\nkind="detail.count"\nfield="title"\nmax=1'

    assert [path for path, _ in refused(wrong)] == ["rules.0.field", "rules.1.field"]


def test_the_version_follows_the_meaning_and_nothing_else():
    one = ruled('kind="text.length"\nfield="title"\nmax=19')
    same = ruled('# a remark\nmax = 19\nseverity="block"\nfield = "title"\nunit = "graphemes"\nkind = "text.length"')
    other = ruled('kind="text.length"\nfield="title"\nmax=20')

    assert one.digest == same.digest
    assert one.digest != other.digest
    assert read_canonical(one.canonical()) == one


def test_the_version_of_a_pack_stays_what_it_was():
    """Installed versions are pinned by this for years: a change here is a change of every pack's version."""
    assert (
        pack().canonical()
        == (
            '{"description":{"en":"For tests.","zh":"供测试。"},"key":"test.entry","kind":"platform",'
            '"name":{"en":"Test","zh":"测试"},"schema":1,"selector":{},'
            '"source":{"confidence":"D","provenance":"house"},"time_zone":"Asia/Shanghai"}'
        ).encode()
    )
    assert pack().digest == "54bdec2f6db11f37774088e294d93edce73bdf384bad3e67f308eacaf934c22a"


def test_platforms_are_read_from_one_file():
    text = 'schema=1\n[[platforms]]\nkey="a"\nkind="social"\ntime_zone="UTC"\nname={en="A",zh="甲"}'

    (platform,) = parse_platforms(text, "platforms.toml")

    assert (platform.key, platform.name.zh, platform.external_id) == ("a", "甲", None)
    with pytest.raises(MalformedPack, match=r"^platforms\.toml:7: platforms\.0\.colour: there is no colour here\."):
        parse_platforms(text + "\ncolour=1", "platforms.toml")


def test_the_published_schema_and_the_tables_are_current():
    assert (ROOT / reference.SCHEMA).read_bytes() == reference.schema_text()
    page = (ROOT / reference.PAGE).read_text("utf-8")
    assert reference.with_tables(page) == page
    assert "| `product.pool` |" in page
    assert "| `single_field` |" in page


def test_every_condition_of_a_gate_has_its_arm():
    structure = {"all", "any", "not_", "note", "source"}

    assert set(Gate.model_fields) - structure == {arm.fact for arm in ARMS}


def test_the_schema_takes_what_we_take_and_refuses_what_we_refuse():
    schema = jsonschema.Draft202012Validator(orjson.loads((ROOT / reference.SCHEMA).read_bytes()))
    jsonschema.Draft202012Validator.check_schema(schema.schema)
    head = HEAD.format(key="test.entry")
    good = (
        head + '[selector]\n[gates]\nseller={is=false}\n[[rules]]\nkind="video.min_height"\nmin=720\nmeasure="height"'
    )

    assert list(schema.iter_errors(tomllib.loads(good))) == []
    assert list(schema.iter_errors(tomllib.loads(good + "\ncolour=1")))
    assert list(schema.iter_errors(tomllib.loads(head + '[selector]\n[[rules]]\nkind="text.size"')))


def test_our_own_packs_are_good_and_the_schema_takes_them():
    schema = jsonschema.Draft202012Validator(orjson.loads((ROOT / reference.SCHEMA).read_bytes()))

    report = check(FOLDER)

    assert [problem.message for problem in report.problems] == []
    for each in report.packs:
        loaded = orjson.loads(orjson.dumps(tomllib.loads((FOLDER / each.file).read_text("utf-8"))))
        assert [error.message for error in schema.iter_errors(loaded)] == []


def test_what_no_part_can_say_says_why_and_bytes_alone_are_a_unit():
    assert refused('[selector]\n[[facts]]\ntext="Known"\nconfidence="A"') == [
        ("facts.0", "social/x.toml:10: facts.0: needs a `note`: why no part of a pack can say it")
    ]
    assert refused('[selector]\n[rendering]\ntext={fields=["title"],max_bytes=9}') == [
        (
            "rendering.text",
            'social/x.toml:11: rendering.text: max_bytes goes with `max`; for bytes alone give `max` with unit = "bytes"',
        )
    ]


def test_a_window_that_nobody_counts_is_refused():
    assert refused("[selector]\n[gates]\npublished_in_window={days=7,min=1}") == [
        (
            "gates.published_in_window.days",
            "social/x.toml:11: gates.published_in_window.days: contents of 30 days are counted: nobody would pass a gate of 7",
        )
    ]


def test_a_stored_pack_stays_readable_when_more_is_asked_of_new_ones():
    stored = pack().model_dump(mode="json", by_alias=True, exclude_defaults=True) | {
        "gates": {"published_in_window": {"days": 7, "min": 1}},
        "facts": [{"text": "Known", "confidence": "A"}],
    }

    assert read_canonical(orjson.dumps(stored)).facts[0].note is None
