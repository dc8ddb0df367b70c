"""The packs that come with Headwater: all there, sound, and honest about their sources."""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Iterator

import pytest

from services.channels import checking
from services.channels.packs import Pack, Platform, Selector, parse_platforms
from tests.channels.catalogue import FOLDER, GROUPS, PAGE, ROOT, group, page
from tests.channels.reading import BY_KEY, PACKS, arms, in_group, rules_of, shapes_of

VOCABULARY = ROOT / "sample" / "vocabulary"
LENGTHS = {"text.length", "text.paragraph_max", "product.title_length"}


def platforms() -> tuple[Platform, ...]:
    return parse_platforms((FOLDER / "platforms.toml").read_text(encoding="utf-8"), "platforms.toml")


def test_every_entry_of_the_facts_has_a_pack() -> None:
    assert Counter(group(pack) for pack in PACKS.values()) == {
        "captured": 29,
        "weitao": 13,
        "named": 13,
        "recalled": 12,
        "outside": 32,
        "chinese-outside": 10,
        "syndication": 7,
    }


def test_keys_are_unique() -> None:
    assert len(BY_KEY) == len(PACKS) == 116


def test_the_ids_of_a_platform_are_unique_among_its_entries() -> None:
    ids = [(pack.parent, pack.external_id) for pack in PACKS.values() if pack.external_id]

    assert len(ids) == len(set(ids))


def test_every_captured_entry_keeps_the_id_of_its_platform() -> None:
    ids = sorted(int(pack.external_id or 0) for pack in in_group("captured"))

    small = [6, 11, 12, 44, 47, 59, 60, 82, 97]
    large = [409, 411, 413, 414, 1155, 1156, 1157, 1289, 1331, 1377, 1413, 1437, 1439]
    assert ids == [*small, *large, 6747, 6816, 6818, 6819, 6848, 6850, 6851]


def test_a_pack_lies_where_its_key_says() -> None:
    for path, pack in PACKS.items():
        parent, _, entry = pack.key.partition(".")
        folder = (pack.kind,) if pack.kind == "syndication" else (pack.kind, parent)

        assert path.parts == (*folder, f"{entry}.toml")


def test_every_parent_is_a_platform_of_the_same_kind_and_every_platform_has_entries() -> None:
    kinds = {platform.key: platform.kind for platform in platforms()}

    assert {pack.key: kinds[pack.parent or ""] for pack in PACKS.values()} == {
        pack.key: pack.kind for pack in PACKS.values()
    }
    assert set(kinds) == {pack.parent for pack in PACKS.values()}
    assert len(kinds) == len(platforms())


@pytest.mark.parametrize("key", sorted(BY_KEY))
def test_a_pack_shows_what_passes_and_what_fails(key: str) -> None:
    pack = BY_KEY[key]
    refuses = pack.gates is not None or bool(pack.rules) or pack.selector != Selector()

    assert {example.must for example in pack.examples} == ({"pass", "fail"} if refuses else {"pass"})


def test_all_packs_are_sound_and_all_examples_come_out_as_they_must() -> None:
    report = checking.check(FOLDER)

    assert [problem.message for problem in report.problems] == []
    assert {each.pack.key for each in report.packs} == set(BY_KEY)
    assert report.examples_count == sum(len(pack.examples) for pack in BY_KEY.values())


@pytest.mark.parametrize("key", sorted(pack.key for pack in in_group("captured", "weitao", "named", "outside")))
def test_an_entry_shows_by_example_each_reason_for_which_it_refuses(key: str) -> None:
    pack = BY_KEY[key]
    shown = {code for example in pack.examples for code in example.codes}

    rules = {rule.kind for rule in pack.rules if rule.severity == "block" and rule.kind != "manual"}
    # A gate of no followers at all is a number that was seen; nobody fails it.
    gates = {f"creator.{next(iter(arm))}" for arm in arms(pack.gates) if arm != {"followers": {"min": 0}}}
    tags = {"selector.tags"} if pack.selector.tags else set()
    assert (rules | gates | tags) - shown == set()


def test_entries_known_by_name_have_no_invented_rule() -> None:
    known = in_group("named", "recalled", "chinese-outside")

    blocking = {pack.key for pack in known for rule in pack.rules if rule.severity == "block"}
    ruled = {pack.key for pack in in_group("recalled", "chinese-outside") if pack.rules}
    assert blocking == set()
    assert ruled == set()
    assert {pack.source.provenance for pack in known} == {"house"}


def test_whatever_is_a_house_default_says_so() -> None:
    for pack in in_group("named"):
        assert all(rule.source and rule.source.provenance == "house" for rule in pack.rules), pack.key
    for pack in PACKS.values():
        assert pack.source.note or pack.source.observed_on, pack.key


def test_nothing_goes_to_a_network_that_the_creator_never_joined() -> None:
    gates = {pack.key: list(arms(pack.gates)) for pack in in_group("outside", "chinese-outside")}

    assert gates == {key: [{"connected": {}}] for key in gates}


def test_syndication_takes_everything_that_is_public() -> None:
    for pack in in_group("syndication"):
        assert pack.gates is None, pack.key
        assert pack.selector == Selector(), pack.key


def test_chinese_platforms_take_chinese() -> None:
    for pack in in_group("captured", "weitao", "named", "recalled", "chinese-outside"):
        assert pack.selector.languages == ("zh",), pack.key


def test_a_length_whose_unit_nobody_stated_is_counted_in_graphemes_and_says_so() -> None:
    lengths = [rule for pack in PACKS.values() for rule in rules_of(pack) if rule["kind"] in LENGTHS]

    shapes = [shape for pack in PACKS.values() for shape in shapes_of(pack) if shape.max is not None]
    stated = {"x.post", "bluesky.post"}
    # graphemes is the default unit, which is not written out
    assert {(rule.get("unit"), rule.get("unit_stated")) for rule in lengths} == {(None, False)}
    assert {(shape.unit, shape.unit_stated) for shape in shapes} == {
        ("graphemes", False),
        ("graphemes", True),
        ("x_weighted", True),
    }
    assert {p.key for p in PACKS.values() for shape in shapes_of(p) if shape.max and shape.unit_stated} == stated


def test_every_code_that_a_pack_asks_for_is_in_the_starting_vocabulary() -> None:
    known = vocabulary()

    unknown = {
        (pack.key, kind, code) for pack in PACKS.values() for kind, code in asked(pack) if code not in known[kind]
    }
    assert unknown == set()
    assert {kind for pack in PACKS.values() for kind, _ in asked(pack)} == {
        "category",
        "crowd",
        "field",
        "pool",
        "role",
        "scene",
        "topic",
    }


def vocabulary() -> dict[str, set[str]]:
    """The codes of the starting vocabulary by taxonomy, and those of fields, pools and roles."""
    files = {file.stem: tomllib.loads(file.read_text(encoding="utf-8")) for file in VOCABULARY.glob("*.toml")}
    codes = {name: set(content["tags"]) for name, content in files.items() if "tags" in content}
    roles = files["roles"]
    professions = {code for domain in roles["professions"].values() for code in domain}
    everywhere = {f"{domain}-{calling}" for domain in roles["domains"] for calling in roles["every_domain"]}
    named = {"field": set(files["fields"]["fields"]), "pool": set(files["pools"]["pools"])}
    return {**codes, **named, "role": professions | everywhere}


def asked(pack: Pack) -> Iterator[tuple[str, str]]:
    """Each code that the selector, the gates and the rules of a pack name, with what kind of code it is."""
    for clause in pack.selector.tags:
        yield from ((clause.taxonomy, code) for code in (*clause.any, *clause.all, *clause.none))
    for arm in arms(pack.gates):
        yield from ((kind, code) for kind in ("role", "field") if kind in arm for code in arm[kind]["any"])
    for rule in rules_of(pack):
        kind = {"product.pool": "pool", "product.category_in": "category", "product.category_not_in": "category"}
        if rule["kind"] in kind:
            yield from ((kind[rule["kind"]], code) for code in rule["any"])


def test_where_eyes_are_needed_somebody_looks_or_it_is_only_a_note() -> None:
    for pack in PACKS.values():
        manual = [rule for rule in pack.rules if rule.kind == "manual"]
        assert "human" in pack.audit.path or all(rule.severity == "warn" for rule in manual), pack.key


def test_the_catalogue_page_is_current() -> None:
    current = PAGE.read_text(encoding="utf-8")

    assert page(PACKS, current) == current
    assert all(title in current for name, title in GROUPS.items() if name != "private")
    assert all(f"\n### {pack.key}\n" in current for pack in PACKS.values())
