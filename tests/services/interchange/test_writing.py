from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest
from sqlalchemy import func, select, text

import models
from core.db import Database
from services.interchange import batches, writing
from services.interchange.refusals import Line
from services.interchange.writing import import_records
from tests.services.interchange import everything, lines

ADA = {"type": "creator", "source": "x", "external_key": "ada", "handle": "ada", "name": "Ada"}


def article(name: str, title: str = "Tea", **fields: Any) -> dict[str, Any]:
    revision = {"title": title, "published_at": "2026-01-01T00:00:00Z"} | fields.pop("revision", {})
    known = {"creator": "x:ada", "format": "ARTICLE", "language": "en", "revisions": [revision]}
    return {"type": "content", "source": "x", "external_key": name} | known | fields


async def scalar(db: Database, statement: Any) -> Any:
    async with db.session() as session:
        return (await session.execute(statement)).scalar_one()


async def rows(db: Database, sql: str) -> list[tuple[Any, ...]]:
    async with db.session() as session:
        return [tuple(row) for row in await session.execute(text(sql))]


async def test_an_unchanged_record_changes_nothing(committed: Database):
    await lines.feed(committed, *everything.records())
    before = await lines.exported(committed)
    versions = await rows(committed, "SELECT uid, version FROM contents ORDER BY 1")
    await rows(committed, "DELETE FROM dirty_marks RETURNING 1")

    report = await lines.feed(committed, *everything.records())

    assert lines.outcomes(report) == {"new": 0, "changed": 0, "unchanged": len(before) - 1, "rejected": 0}
    assert await lines.exported(committed) == before
    assert await rows(committed, "SELECT uid, version FROM contents ORDER BY 1") == versions
    assert await scalar(committed, select(func.count()).select_from(models.DirtyMark)) == 0


async def test_a_new_content_is_marked_for_the_distributor_and_the_index_as_bulk(db: Database):
    await lines.feed(db, ADA, article("one"))

    found = await rows(db, "SELECT consumer, kind, urgency FROM dirty_marks ORDER BY 2, 1")

    assert found == [
        ("DISTRIBUTION", "CONTENT", 2),
        ("INDEX", "CONTENT", 2),
        ("INDEX", "CREATOR", 2),
    ]


async def test_changed_words_become_a_new_live_revision_and_the_old_one_is_superseded(db: Database):
    await lines.feed(db, ADA, article("one"))
    await rows(db, "DELETE FROM dirty_marks RETURNING 1")

    report = await lines.feed(db, article("one", "Green tea"))

    assert lines.outcomes(report) == {"new": 0, "changed": 1, "unchanged": 0, "rejected": 0}
    found = await rows(db, "SELECT number, state, title FROM revisions ORDER BY number")
    assert found == [(1, "SUPERSEDED", "Tea"), (2, "LIVE", "Green tea")]
    assert await rows(
        db,
        "SELECT c.version, r.title FROM contents c JOIN revisions r ON r.id = c.live_revision_id",
    ) == [(2, "Green tea")]
    assert await rows(db, "SELECT consumer, urgency FROM dirty_marks ORDER BY 1") == [
        ("DISTRIBUTION", 2),
        ("INDEX", 2),
    ]


async def test_a_draft_stays_a_draft_and_its_words_may_change(db: Database):
    draft = {"state": "DRAFT", "published_at": None}
    await lines.feed(db, ADA, article("one", "First", revision=draft))

    await lines.feed(db, article("one", "Second", revision=draft))

    found = await rows(db, "SELECT number, state, edition, title, published_at FROM revisions")
    assert found == [(1, "DRAFT", 2, "Second", None)]
    assert await rows(db, "SELECT live_revision_id IS NULL, draft_revision_id IS NOT NULL FROM contents") == [
        (True, True)
    ]


async def test_importing_again_undoes_no_takedown_and_no_suspension(db: Database):
    await lines.feed(db, ADA, article("one"))
    await rows(db, "UPDATE contents SET state = 'TAKEN_DOWN' RETURNING 1")
    await rows(db, "UPDATE creators SET suspended_at = now() RETURNING 1")

    await lines.feed(db, ADA | {"name": "Ada L."}, article("one", "Green tea"))

    assert await rows(db, "SELECT state FROM contents") == [("TAKEN_DOWN",)]
    assert await rows(db, "SELECT name, suspended_at IS NOT NULL FROM creators") == [("Ada L.", True)]


async def test_importing_a_question_again_keeps_what_readers_and_operators_made_of_its_answers(db: Database):
    def answer(name: str, **fields: Any) -> dict[str, Any]:
        said = {"creator": "x:ada", "markdown": name, "published_at": "2026-01-01T00:00:00Z"}
        return {"source": "x", "external_key": name} | said | fields

    def question(title: str, *answers: dict[str, Any]) -> dict[str, Any]:
        return article("one", title, format="QNA", answers=list(answers))

    await lines.feed(db, ADA, question("Tea?", answer("green", is_accepted=True), answer("black", votes_count=2)))
    await rows(db, "UPDATE answers SET votes_count = votes_count + 1, edited_at = published_at RETURNING 1")
    await rows(db, "UPDATE answers SET state = 'TAKEN_DOWN' WHERE external_key = 'black' RETURNING 1")
    await rows(db, "INSERT INTO accounts (uid, name) VALUES (gen_random_uuid(), 'Rio') RETURNING 1")
    await rows(db, "INSERT INTO answer_votes SELECT a.id, b.id FROM accounts a, answers b RETURNING 1")
    shown = "SELECT id, external_key, votes_count, is_accepted, state, edited_at IS NULL FROM answers ORDER BY id"
    (green, *before), (black, *_) = await rows(db, shown)
    assert before == ["green", 1, True, "VISIBLE", False]

    again = question("Which tea?", answer("green"), answer("black", is_accepted=True), answer("white", votes_count=7))
    report = await lines.feed(db, again)

    assert lines.outcomes(report) == {"new": 0, "changed": 1, "unchanged": 0, "rejected": 0}
    (*kept, (_, *fresh)) = await rows(db, shown)
    assert kept == [
        (green, "green", 1, False, "VISIBLE", False),
        (black, "black", 3, True, "TAKEN_DOWN", False),
    ]
    assert fresh == ["white", 7, False, "VISIBLE", True]
    assert await scalar(db, select(func.count()).select_from(models.AnswerVote)) == 2


async def test_tag_ids_are_the_confirmed_taggings_in_order_and_a_merged_tag_leads_on(db: Database):
    taxonomy = {"type": "taxonomy", "code": "topic", "labels": {}}

    def tag(code: str, **more: Any) -> dict[str, Any]:
        return {"type": "tag", "taxonomy": "topic", "code": code, "labels": {}} | more

    tags = [{"tag": "topic:b"}, {"tag": "topic:old"}, {"tag": "topic:c", "is_confirmed": False}]
    merged = tag("old", state="MERGED", merged_into="a")

    await lines.feed(db, taxonomy, tag("a"), tag("b"), tag("c"), merged, ADA, article("one", tags=tags))

    found = await rows(
        db,
        "SELECT ARRAY(SELECT code FROM unnest(c.tag_ids) WITH ORDINALITY AS u(id, place) JOIN tags t ON t.id = u.id"
        " ORDER BY place), ARRAY(SELECT tag_id FROM taggings WHERE is_confirmed ORDER BY position) = c.tag_ids"
        " FROM contents c",
    )
    assert found == [(["b", "a"], True)]


async def test_more_tags_of_a_taxonomy_than_it_allows_are_refused(db: Database):
    taxonomy = {"type": "taxonomy", "code": "scene", "labels": {}, "most_per_content": 1}
    tags = [{"type": "tag", "taxonomy": "scene", "code": code, "labels": {}} for code in "ab"]
    given = [{"tag": "scene:a"}, {"tag": "scene:b"}]
    await lines.feed(db, taxonomy, *tags, ADA)

    report = await lines.feed(db, article("one", tags=given))

    assert report.rejects[0].problems == [("tags", "at most 1 tags of scene; 2 are given")]
    proposed = [given[0], given[1] | {"is_confirmed": False}]
    assert (await lines.feed(db, article("one", tags=proposed))).rejected == 0


async def test_what_a_body_and_the_own_part_name_stands_in_the_tables_of_uses(db: Database):
    await lines.feed(db, *everything.records())

    products = await rows(
        db,
        "SELECT p.external_key FROM revision_products u JOIN products p ON p.id = u.product_id"
        " JOIN contents c ON c.live_revision_id = u.revision_id WHERE c.external_key = 'article' ORDER BY u.position",
    )
    assets = await rows(
        db,
        "SELECT u.use, a.external_key FROM revision_assets u JOIN assets a ON a.id = u.asset_id"
        " JOIN contents c ON c.live_revision_id = u.revision_id WHERE c.external_key = 'article' ORDER BY u.position",
    )
    assert products == [("kettle",), ("cup",)]
    assert assets == [("COVER", "picture"), ("PICTURE", "picture")]


async def test_a_markdown_body_becomes_blocks_and_its_pictures_assets_that_stay_links(db: Database):
    markdown = "# Tea\n\nHot *water*.\n\n![A cup](https://pictures.example/cup.jpg)\n"

    report = await lines.feed(db, ADA, article("one", revision={"markdown": markdown}))

    assert report.rejected == 0
    assert [block["type"] for ((body),) in await rows(db, "SELECT body FROM revisions") for block in body] == [
        "heading",
        "paragraph",
        "image",
    ]
    assert await rows(db, "SELECT url, alternative_text, facts_source FROM assets") == [
        ("https://pictures.example/cup.jpg", "A cup", "NONE")
    ]
    assert lines.outcomes(await lines.feed(db, article("one", revision={"markdown": markdown})))["changed"] == 0


@pytest.mark.parametrize(
    ("bad", "where", "reason"),
    [
        (b"{not json", None, "this is no JSON: key must be a string at character 2"),
        (b"[1]", None, "a line holds one JSON object: see docs/interchange.md"),
        ({"name": "B"}, "type", "a record says here what it is: see docs/interchange.md"),
        ({"type": "wat"}, "type", "there is no record type wat: see docs/interchange.md"),
        ({"type": "brand", "name": "B"}, None, "give a uid, or source and external_key"),
        (article("bad", title=""), "revisions.0.title", "this may not be empty"),
        (article("bad", title="a\x01b"), "revisions.0.title", "U+0001"),
        (article("bad", creator="x:nobody"), "creator", "there is no creator x:nobody"),
        (article("bad", creator="nobody"), "creator", "write a uid, or source:external_key"),
        (article("bad", creator=everything.uid("eve")), "creator", f"there is no creator {everything.uid('eve')}"),
        (article("bad", tags=[{"tag": "topic:none"}]), "tags.0", "there is no tag topic:none"),
        (article("bad", tags=[{"tag": "Tea"}]), "tags.0.tag", "write taxonomy:code, such as topic:tea"),
        (article("bad", tags="topic:tea"), "tags", "write a list: […]"),
        (article("bad", format="ITEM_NOTE"), "revisions.0.details.product", "this is missing"),
        (article("bad", revision={"published_at": "2026-01-01T00:00:00"}), "revisions.0.published_at",
         "give the time with its zone, such as 2026-03-20T08:00:00Z"),
        (article("bad", revision={"published_at": "yesterday"}), "revisions.0.published_at",
         "write a time with its zone, such as 2026-03-20T08:00:00Z"),
        (article("bad", surplus=1), "surplus", "there is no such field here"),
        (article("bad", revision={"body": [{"type": "image", "asset": "x:y"}]}), "revisions.0.body",
         "there is no asset x:y"),
        (article("bad", revision={"body": [{"type": "paragraph", "spans": 5}]}), "revisions.0.body.0.spans",
         "write a list: […]"),
        (article("bad", revision={"body": [{"type": "wat"}]}), "revisions.0.body.0", "there is no type wat; known are 'par"),
        (article("bad", revision={"state": "GONE"}), "revisions.0.state", "write 'DRAFT', 'IN_REVIEW', 'SCHEDULED', "),
        ({**ADA, "level": 9}, "level", "give a number that is 6 or less"),
        ({**ADA, "level": "high"}, "level", "write a whole number"),
        ({**ADA, "external_key": "eve"}, "handle", "ada belongs to another creator"),
        ({**ADA, "uid": everything.uid("eve"), "handle": "eve"}, "external_key", "this key is already that of"),
        ({"type": "product", "source": "x", "external_key": "p", "title": "P", "price_minor": 1}, "currency", "a price"),
        ({"type": "asset", "source": "x", "external_key": "a", "kind": "IMAGE", "url": "javascript:1"}, "url", "link"),
        ({"type": "channel", "key": "k", "kind": "SOCIAL", "names": {}, "time_zone": "UTC", "pack": {}}, "pack.schema",
         "this is missing"),
        (b'{"type":"brand","source":"x","external_key":"b","name":"n' + b"x" * 2_000 + b'"}', "name",
         "write at most 1,000 characters"),
        (article("bad", language="en", group="x:one"), None, "there is another record already with this group_uid, lang"),
    ],
)  # fmt: skip
async def test_a_bad_record_is_set_aside_with_line_field_and_reason_and_the_rest_goes_on(
    db: Database, bad: Any, where: str | None, reason: str
):
    report = await lines.feed(db, ADA, article("one"), bad, article("two"))

    assert lines.outcomes(report) == {"new": 3, "changed": 0, "unchanged": 0, "rejected": 1}
    (reject,) = report.rejects
    told = reject.as_json()
    assert (told["file"], told["line"], told["problems"][0]["field"]) == ("test.ndjson", 3, where)
    assert reason in told["problems"][0]["reason"]


async def test_rejects_can_be_mended_and_fed_again(db: Database, tmp_path: Path):
    path = tmp_path / "in.rejects.ndjson"
    bob = ADA | {"external_key": "bob", "handle": "bob"}
    await lines.feed(db, article("one", creator="x:bob"), b"{broken", ADA, rejects_path=path)
    first, second = path.read_bytes().splitlines()

    assert orjson.loads(first)["rejected"]["line"] == 1
    assert orjson.loads(first)["rejected"]["problems"][0]["field"] == "creator"
    assert orjson.loads(second)["text"] == "{broken"

    report = await lines.feed(db, bob, first, second.replace(b"{broken", b'{\\"type\\":\\"headwater\\"}'))

    assert lines.outcomes(report) == {"new": 2, "changed": 0, "unchanged": 0, "rejected": 0}


async def test_a_preview_counts_as_an_import_does_and_writes_nothing(committed: Database):
    await lines.feed(committed, ADA, article("one"))
    before = await lines.exported(committed)
    batch = [ADA, article("one", "Green tea"), article("two"), article("bad", creator="x:nobody"),
             ADA | {"external_key": "bob", "handle": "bob"}, article("three", creator="x:bob")]  # fmt: skip

    preview = await lines.feed(committed, *batch, dry_run=True)

    assert await lines.exported(committed) == before
    assert await scalar(committed, select(func.count()).select_from(models.ImportRun)) == 1
    actual = await lines.feed(committed, *batch)
    assert lines.outcomes(preview) == lines.outcomes(actual)
    assert preview.counts == actual.counts


class Killed(Exception):  # noqa: N818  (what happens to it)
    pass


async def test_an_import_that_died_goes_on_after_its_last_batch_with_the_same_counts(
    committed: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(writing, "BATCH_LINES", 10)
    bad = [article(name, creator="x:nobody") for name in ("bad", "worse")]
    records = [ADA, bad[0], *(article(str(number)) for number in range(40)), bad[1]]
    everything_ = lines.of(*records, *(article(f"more-{number}") for number in range(20)))
    path = tmp_path / "rejects"

    def dying() -> Any:
        for line in everything_:
            if line.number == 45:
                raise Killed
            yield line

    with pytest.raises(Killed):
        await import_records(committed, dying(), input_name="f", digest="d", rejects_path=path)
    assert await rows(committed, "SELECT records_done, state FROM import_runs") == [(40, "RUNNING")]
    # what a kill between writing the rejects and the commit leaves behind
    with path.open("ab") as file:
        file.write(b"left over\n")

    report = await import_records(committed, iter(everything_), input_name="f", digest="d", rejects_path=path)

    assert report.resumed_at == 40
    assert report.counts["content"] == {"new": 60, "changed": 0, "unchanged": 0, "rejected": 2}
    assert await scalar(committed, select(func.count()).select_from(models.Content)) == 60
    assert await rows(committed, "SELECT records_done, state FROM import_runs") == [(63, "FINISHED")]
    assert [orjson.loads(line)["external_key"] for line in path.read_bytes().splitlines()] == ["bad", "worse"]


async def test_two_imports_of_the_same_input_do_not_run_at_once(committed: Database, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(writing, "BATCH_LINES", 1)
    given = lines.of(ADA, article("one"))

    def slow() -> Any:
        yield given[0]
        yield given[1]

    first = slow()
    work = [next(first)]
    await import_records(committed, work, input_name="f", digest="d", stopped=lambda: True)
    running = writing.Importing(committed, writing.SystemClock(), writing.ImportReport("f"))
    await writing._open_run(running, "d")
    await import_records(committed, given, input_name="f", digest="d", stopped=lambda: True)

    with pytest.raises(writing.AlreadyImporting):
        await running.write(batches.read([Line(2, given[1].text)], "f"))


async def test_a_tag_tree_is_written_in_any_order_with_its_paths(db: Database):
    taxonomy = {"type": "taxonomy", "code": "topic", "is_tree": True, "labels": {}}

    def tag(code: str, parent: str | None) -> dict[str, Any]:
        return {"type": "tag", "taxonomy": "topic", "code": code, "parent": parent, "labels": {}}

    await lines.feed(db, taxonomy, tag("c", "b"), tag("b", "a"), tag("a", None))
    report = await lines.feed(db, tag("z", None), tag("b", "z"))

    assert lines.outcomes(report) == {"new": 1, "changed": 1, "unchanged": 0, "rejected": 0}
    paths = await rows(
        db,
        "SELECT t.code, ARRAY(SELECT o.code FROM unnest(t.path) WITH ORDINALITY u(id, place) JOIN tags o"
        " ON o.id = u.id ORDER BY place) FROM tags t ORDER BY 1",
    )
    assert paths == [("a", ["a"]), ("b", ["z", "b"]), ("c", ["z", "b", "c"]), ("z", ["z"])]
