"""What the files of the sample may say, and what is said of those that go wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from models import RevisionState
from sample import bodies, check, content_files, content_records, homepage_records, reading
from sample.known import Known
from sample.naming import uid

FRONT = """
creator = "ada"
language = "en"
title = "A stove in the wind"
tags = ["scene:camping"]
covers = ["camp-night@wide"]
published_at = 2026-11-02T09:30:00+08:00
"""


def written(folder: Path, format_: str, front: str = FRONT, body: str = "Words.", name: str = "first.md") -> Path:
    path = folder / format_ / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"+++\n{front}\n+++\n{body}\n", "utf-8")
    return path


def test_a_content_says_what_its_file_says(tmp_path: Path, known: Known):
    path = written(tmp_path, "article", body="Words.\n\n[[product camp-stove | it folds]]")

    record = content_records.content("first", path, known)

    [revision] = record.revisions
    assert record.uid == uid("content", "first")
    assert record.creator == uid("creator", "ada")
    assert [(tagging.tag, tagging.source) for tagging in record.tags] == [("scene:camping", "AUTHOR")]
    assert revision.title == "A stove in the wind"
    assert revision.covers == (uid("picture", "camp-night@wide"),)
    assert [block["type"] for block in revision.body] == ["paragraph", "product"]
    assert list(known.pictures) == ["camp-night@wide"]


def test_a_draft_beside_a_content_is_its_newer_revision(tmp_path: Path, known: Known):
    path = written(tmp_path, "article")
    written(tmp_path, "article", 'title = "Shorter"', "New words.", "first.draft.md")

    record = content_records.content("first", path, known)

    assert [(one.state, one.title) for one in record.revisions] == [
        (RevisionState.LIVE, "A stove in the wind"),
        (RevisionState.DRAFT, "Shorter"),
    ]
    assert content_files.pages(tmp_path) == {"first": path}


@pytest.mark.parametrize(
    ("front", "body", "reason"),
    [
        (FRONT + 'titel = "x"', "", "titel: Extra inputs"),
        (FRONT.replace("scene:camping", "scene:campng"), "", "no tag is called scene:campng"),
        (FRONT.replace("camp-night@wide", "camp-nite@wide"), "", "camp-nite@wide: there is no motif"),
        (FRONT.replace("camp-night@wide", "product/camp-stofe"), "", "no product is called camp-stofe"),
        (FRONT, "[[product camp-stofe]]", "no product is called camp-stofe"),
        (FRONT.replace("published_at", "state_at"), "", "published_at: what is or was live has one"),
        (FRONT + 'state = "DRAFT"', "", "published_at: what is or was live has one"),
        (FRONT + 'channels = ["weitao.artikel"]', "", "no channel is called weitao.artikel"),
        ("creator = ", "", "not TOML"),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, known: Known, front: str, body: str, reason: str):
    path = written(tmp_path, "article", front, body)

    with pytest.raises(reading.BadSample, match=reason):
        content_records.content("first", path, known)


def test_a_page_without_its_fences_is_refused(tmp_path: Path):
    path = tmp_path / "first.md"
    path.write_text("# Words", "utf-8")

    with pytest.raises(reading.BadSample, match="between two lines of"):
        reading.page(path)


def test_two_contents_do_not_share_a_key(tmp_path: Path):
    written(tmp_path, "article")
    written(tmp_path, "gallery")

    with pytest.raises(reading.BadSample, match="two contents are called first"):
        content_files.pages(tmp_path)


def test_pictures_line_by_line_are_a_gallery_and_one_alone_a_picture(known: Known):
    text = '![a lake](mountain-lake@wide "Early")\n![a tent](camp-night@wide)\n\nWords.\n\n![a stove](stove@wide)'

    gallery, paragraph, image = bodies.of_markdown(text, known)

    assert [one["caption"] for one in gallery["images"]] == ["Early", ""]
    assert paragraph["type"] == "paragraph"
    assert image["alternative_text"] == "a stove"
    assert image["asset"] == str(uid("picture", "stove@wide"))


def test_a_product_line_within_code_stays_text(known: Known):
    [code] = bodies.of_markdown("```\n[[product camp-stove]]\n```", known)

    assert (code["type"], code["text"].strip()) == ("code", "[[product camp-stove]]")


def test_the_last_line_of_a_quote_may_name_its_source(known: Known):
    named, plain = bodies.of_markdown("> Walk first.\n> — Ada, *Notes*\n\nand\n\n> Walk first.", known)[::2]

    assert (named["source"], "".join(span["text"] for span in named["spans"]).strip()) == ("Ada, Notes", "Walk first.")
    assert plain["source"] == ""


@pytest.mark.parametrize(("clock", "milliseconds"), [("0:05", 5_000), ("12:30", 750_000), ("1:02:03", 3_723_000)])
def test_a_moment_is_minutes_and_seconds(clock: str, milliseconds: int):
    assert content_files.milliseconds(clock) == milliseconds


def test_a_moment_in_other_words_is_refused():
    with pytest.raises(reading.BadSample, match="mm:ss"):
        content_files.milliseconds("5s")


def test_a_homepage_names_things_by_their_keys(tmp_path: Path, known: Known):
    path = tmp_path / "ada.toml"
    path.write_text(
        '[theme]\naccent = "#2f4858"\n[[blocks]]\ntype = "hero"\ntitle = "Ada"\nimage = "camp-night@banner"\n'
        '[[blocks]]\ntype = "tabs"\n[[blocks.tabs]]\ntitle = "All"\nselection = { contents = ["second"] }\n'
        '[[blocks]]\ntype = "rich_text"\nmarkdown = "Words."\n',
        "utf-8",
    )

    [version] = homepage_records.homepage("ada", path, known).versions

    hero, tabs, text = version.blocks
    assert version.theme["accent"] == "#2f4858"
    assert hero["image"] == str(uid("picture", "camp-night@banner"))
    assert tabs["tabs"][0]["selection"]["contents"] == [str(uid("content", "second"))]
    assert text["body"][0]["type"] == "paragraph"


def test_the_files_of_the_sample_are_in_order():
    assert list(check.problems()) == []
