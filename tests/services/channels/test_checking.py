"""The check of a whole folder: it never stops at a bad pack, and each mistake has its file."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.channels.checking import check
from tests.services.channels.channel_facts import HEAD

PLATFORMS = 'schema=1\n[[platforms]]\nkey="test"\nkind="platform"\ntime_zone="UTC"\nname={en="Test",zh="测试"}'


def written(folder: Path, name: str, body: str = "", *, key: str = "test.entry", parent: str = "test") -> None:
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(HEAD.format(key=key) + f'parent="{parent}"\n[selector]\n{body}', "utf-8")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "platforms.toml").write_text(PLATFORMS, "utf-8")
    written(tmp_path, "platform/entry.toml")
    return tmp_path


def messages(folder: Path) -> list[tuple[str, str]]:
    return [(problem.code, problem.message) for problem in check(folder).problems]


def test_a_good_folder_has_no_problems(folder):
    report = check(folder)

    assert report.is_good
    assert [(each.file, each.pack.key) for each in report.packs] == [("platform/entry.toml", "test.entry")]
    assert [platform.key for platform in report.platforms] == ["test"]


def test_a_bad_pack_does_not_hide_the_others(folder):
    (folder / "platform/bad.toml").write_text("schema = 1", "utf-8")
    (folder / "platform/binary.toml").write_bytes(b"\xff")
    (folder / "platform/folder.toml").mkdir()

    report = check(folder)

    assert [each.pack.key for each in report.packs] == ["test.entry"]
    assert {problem.code for problem in report.problems} == {"MALFORMED_PACK"}
    assert report.problems[0].message == "platform/bad.toml:1: key: this is missing"
    assert [problem.message for problem in report.problems[-2:]] == [
        "platform/binary.toml: not UTF-8: invalid start byte at byte 0",
        "platform/folder.toml: Is a directory",
    ]


def test_a_key_stands_once(folder):
    written(folder, "platform/other.toml")

    assert messages(folder) == [
        ("DUPLICATE_KEY", "platform/other.toml:3: key: test.entry is already the key in platform/entry.toml")
    ]


def test_a_parent_is_a_known_platform(folder):
    written(folder, "platform/lost.toml", key="lost.entry", parent="lost")

    assert messages(folder) == [("UNKNOWN_PARENT", "platform/lost.toml:9: parent: lost is not in platforms.toml.")]


def test_an_example_that_comes_out_otherwise_is_told_with_what_came(folder):
    rule = '[[rules]]\nkind="text.length"\nfield="title"\nmax=5\n'
    written(folder, "platform/entry.toml", rule + '[[examples]]\nname="fits"\nmust="pass"')

    ((code, message),) = messages(folder)
    assert code == "EXAMPLE_FAILED"
    assert message == (
        "platform/entry.toml:15: examples.0: “fits” must pass, but it is FIXABLE ['text.length']: "
        "The title has 11 characters; asked for: at most 5."
    )


@pytest.mark.parametrize(
    ("example", "is_good"),
    [
        ('must="fail"\ncodes=["text.length"]', True),
        ('must="fail"\ncodes=["text.length","link.count"]', False),
        ('must="pass"\ngiven={content={title="fits"}}', True),
        ('must="pass"\ngiven={content={title_length=5}}', True),
        ('must="fail"\ncodes=["text.length","text.required"]\ngiven={content={unknown=["details.lead"]}}', True),
    ],
)
def test_an_example_must_come_out_for_exactly_its_reasons(folder, example, is_good):
    rules = '[[rules]]\nkind="text.length"\nfield="title"\nmax=5\n[[rules]]\nkind="text.required"\nfields=["details.lead"]\n'
    written(folder, "platform/entry.toml", f'{rules}[[examples]]\nname="x"\n{example}')

    assert check(folder).is_good is is_good


def test_the_base_passes_whatever_selector_gates_and_pools_name(folder):
    body = """
    formats = ["COLLOCATION"]
    languages = ["zh"]
    creator_fields = ["home", "food"]
    tags = [{ taxonomy = "category", any = ["kitchen"] }, { taxonomy = "scene", all = ["picnic"], none = ["office"] }]
    [gates]
    all = [
      { any = [{ role = { any = ["baker"] } }, { kind = { any = ["MERCHANT"] } }] },
      { field = { any = ["food"] } }, { single_field = {} }, { invited = {} }, { connected = {} },
      { level = { min = 2 } }, { certified_days = { min = 90 } }, { seller = { is = false } },
    ]
    [[rules]]
    kind = "product.pool"
    any = ["kitchenware"]
    [[rules]]
    kind = "product.category_not_in"
    any = ["kitchen", "apparel"]
    [[rules]]
    kind = "tag.exactly_n"
    taxonomy = "scene"
    n = 1
    [[rules]]
    kind = "product.count"
    allowed = [3]
    [[rules]]
    kind = "text.length"
    field = "text"
    min = 650
    max = 750
    [[rules]]
    kind = "text.paragraph_max"
    max = 102
    [[examples]]
    name = "the base"
    must = "pass"
    """
    written(folder, "platform/entry.toml", body)

    assert messages(folder) == []


def test_an_empty_folder_is_no_good(tmp_path):
    assert [code for code, _ in messages(tmp_path)] == ["NO_PACKS"]
