from __future__ import annotations

import re
from collections import Counter

import pytest

from sample import vocabulary_records
from search.analysis import fold

TAGS = list(vocabulary_records.tags())
HAN = re.compile(r"[一-鿿]")
# What the captured gates name, in our codes: a few of each domain stand for all.
CALLINGS = {"fashion-media", "makeup-artist", "gardener", "nutritionist", "paediatrician", "electronics-maker"}


def test_the_vocabulary_is_as_large_as_it_says():
    by_taxonomy = Counter(tag.taxonomy for tag in TAGS)

    assert by_taxonomy == {
        "category": 172, "scene": 79, "crowd": 79, "style": 82, "topic": 82, "brand": 34, "effect": 78,
    }  # fmt: skip
    assert len(TAGS) == 606


def test_there_are_seven_taxonomies_each_with_a_limit():
    limits = {taxonomy.code: taxonomy.most_per_content for taxonomy in vocabulary_records.taxonomies()}

    assert limits == {"category": 3, "scene": 3, "crowd": 3, "style": 3, "topic": 5, "brand": 5, "effect": 5}


def test_every_label_stands_in_both_languages():
    for tag in TAGS:
        assert HAN.search(tag.labels["zh"]), tag
        assert tag.labels["en"].isascii() or tag.labels["en"] == "In a café", tag
    for role in vocabulary_records.roles():
        assert HAN.search(role.name_zh), role
        assert role.name_en.isascii(), role


def test_a_name_means_one_thing_in_its_taxonomy():
    meant: dict[tuple[str, str], str] = {}
    for tag in TAGS:
        for name in (*tag.labels.values(), *(alias.alias for alias in tag.aliases)):
            key = tag.taxonomy, fold(name)
            assert meant.setdefault(key, tag.code) == tag.code, f"{name} means {meant[key]} and {tag.code}"


def test_no_name_is_so_short_that_it_would_be_found_everywhere():
    for tag in TAGS:
        for name in (*tag.labels.values(), *(alias.alias for alias in tag.aliases)):
            assert len(name) >= 2, f"{tag.code}: {name}"


def test_a_parent_stands_before_what_lies_under_it():
    seen: set[tuple[str, str]] = set()
    for tag in TAGS:
        assert (tag.taxonomy, tag.code) not in seen
        assert tag.parent is None or (tag.taxonomy, tag.parent) in seen, tag
        seen.add((tag.taxonomy, tag.code))


def test_the_twelve_roots_of_categories_stand():
    roots = [tag.code for tag in TAGS if tag.taxonomy == "category" and tag.parent is None]

    assert roots == [
        "apparel", "beauty", "digital", "home", "food", "mother-baby", "outdoor-sports", "books-culture", "automotive",
        "pets", "appliances", "office",
    ]  # fmt: skip


def test_every_domain_has_media_sites_and_self_media():
    roles = list(vocabulary_records.roles())
    codes = {role.code for role in roles}
    domains = {role.domain for role in roles}

    assert len(codes) == len(roles) == 123
    assert len(domains) == 10
    assert {f"{domain}-{kind}" for domain in domains for kind in ("media", "site", "self-media")} <= codes
    assert codes >= CALLINGS


@pytest.mark.parametrize(
    ("code", "domain", "calling"),
    [
        ("fashion-media", "fashion", "media"),
        ("fashion-editor", "fashion", "editor"),
        ("makeup-artist", "beauty", "makeup-artist"),
        ("sports-outdoor-self-media", "sports-outdoor", "self-media"),
    ],
)
def test_a_role_is_a_domain_and_a_calling(code: str, domain: str, calling: str):
    role = next(role for role in vocabulary_records.roles() if role.code == code)

    assert (role.domain, role.calling) == (domain, calling)


def test_fields_and_pools_are_those_that_gates_and_rules_name():
    fields = {field.code for field in vocabulary_records.fields()}
    pools = {pool.code for pool in vocabulary_records.pools()}

    assert fields == {
        "automotive", "home", "outdoor", "digital", "culture", "womens-fashion", "mens-fashion", "food", "beauty",
        "mother-baby",
    }  # fmt: skip
    assert pools >= {"selected-goods", "fashion-brands"}
