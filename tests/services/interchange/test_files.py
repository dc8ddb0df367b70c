"""Bytes that lie beside records: checked, taken in, and believed no further than we can see."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import orjson
import pytest
from sqlalchemy import func, select

import models
from core.clock import FixedClock
from core.db import Database
from core.store import CHUNK, Store, open_store
from models import AssetFactsSource, AssetKind, DirtyKind, ProbeState
from services import assets
from services.assets import probing
from services.assets.verifying import PIECE
from services.interchange.batches import read
from services.interchange.exporting import export_files
from services.interchange.files import Files, _checked
from services.interchange.records import uid_for
from services.interchange.writing import import_records
from services.media import facts
from services.media.facts import Facts, Flaw
from services.media.sandbox import Sandbox
from tests import make
from tests.conftest import RolledBackDatabase
from tests.services.interchange import lines

GIF = b"GIF89a\x01\x00\x01\x00\x80\x00\x00" + bytes(20)
DIGEST = hashlib.sha256(GIF).digest()
MEASURED = {"media_type": "image/gif", "width": 1, "height": 1, "byte_count": len(GIF), "facts": {"frame_count": 1}}
HELD = {"type": "asset", "source": "s", "external_key": "dot", "kind": "IMAGE", "sha256": DIGEST.hex(),
        "facts_source": "PROBED", **MEASURED}  # fmt: skip
LINKED = {
    "type": "asset",
    "source": "s",
    "external_key": "dot",
    "kind": "IMAGE",
    "url": "https://pictures.example/dot.gif",
}
URL = LINKED["url"]


@pytest.fixture
def beside(tmp_path: Path) -> Path:
    """A folder with the bytes of one picture, as an export leaves them."""
    return laid(tmp_path / "beside", GIF)


def laid(folder: Path, content: bytes, digest: bytes = DIGEST) -> Path:
    path = folder / assets.key_of(digest)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return folder


async def only(db: Database) -> models.Asset:
    async with db.session() as session:
        return (await session.scalars(select(models.Asset).execution_options(populate_existing=True))).one()


async def blob(db: Database, **values: Any) -> None:
    """Somebody had these bytes before, and they were looked at."""
    async with db.session() as session:
        session.add(models.Blob(sha256=DIGEST, media_type="image/gif", byte_count=len(GIF), **values))


def found(**values: Any) -> dict[str, Any]:
    return {"kind": "IMAGE", "media_type": "image/gif", "width": 3, "height": 2, "frame_count": 9} | values


def kept(store: Store) -> list[str]:
    assert store.folder is not None
    return sorted(path.relative_to(store.folder).as_posix() for path in store.folder.rglob("*") if path.is_file())


async def test_measured_facts_travel_with_the_bytes_and_come_out_again_byte_for_byte(
    committed: Database, other: Database, store: Store, tmp_path: Path, beside: Path
):
    await lines.feed(committed, HELD, files=Files(beside, store))
    await blob_was_looked_at(committed)
    first = await lines.exported(committed)
    assert await export_files(committed, store, tmp_path / "export") == 1
    target = open_store("", tmp_path / "target")

    report = await import_records(
        other, lines.of(*first), input_name="export", files=Files(tmp_path / "export", target)
    )

    assert (report.rejected, report.warnings) == (0, [])
    assert await lines.exported(other) == first
    assert kept(target) == [assets.key_of(DIGEST)]
    async with other.session() as session:
        # and we look at them ourselves
        assert (await session.get_one(models.Blob, DIGEST)).probe_state is ProbeState.WAITING


async def blob_was_looked_at(db: Database) -> None:
    async with db.session() as session:
        row = await session.get_one(models.Blob, DIGEST)
        row.probe_state, row.probed_at, row.facts = (
            ProbeState.PROBED,
            make.EARLY,
            found(width=1, height=1, frame_count=1),
        )


async def test_bytes_with_another_hash_are_refused_and_none_of_them_kept(
    db: RolledBackDatabase, store: Store, beside: Path
):
    laid(beside, GIF + b"!")

    report = await lines.feed(db, HELD, files=Files(beside, store))

    (reject,) = report.rejects
    assert "the bytes of the file beside have another hash" in reject.shown
    assert kept(store) == []


async def test_a_file_of_a_kind_that_is_not_taken_is_refused(db: RolledBackDatabase, store: Store, beside: Path):
    page = b"<!doctype html><script>"
    digest = hashlib.sha256(page).digest()
    laid(beside, page, digest)

    report = await lines.feed(db, HELD | {"sha256": digest.hex()}, files=Files(beside, store))

    (reject,) = report.rejects
    assert "the file beside is not taken: a web page is not taken" in reject.shown
    assert kept(store) == []


async def test_what_was_measured_elsewhere_is_declared_where_the_bytes_did_not_come_along(
    db: RolledBackDatabase, store: Store, tmp_path: Path
):
    files = Files(tmp_path / "nothing", store)

    report = await lines.feed(db, HELD | {"url": URL}, files=files)

    asset = await only(db)
    assert (asset.facts_source, asset.sha256, asset.url, asset.width) == (AssetFactsSource.DECLARED, None, URL, 1)
    assert report.warnings == [
        "1 assets came without their bytes: they stay links, and what was measured elsewhere is declared here"
    ]
    # without an address there would be nothing at all
    refused = await lines.feed(db, HELD | {"external_key": "nowhere"}, files=files)
    assert f"there is no file in the store of assets {DIGEST.hex()}" in refused.rejects[0].shown


async def test_nobody_measures_a_link(db: RolledBackDatabase):
    await lines.feed(db, LINKED | {"width": 750, "height": 422, "facts_source": "PROBED"})

    assert (await only(db)).facts_source is AssetFactsSource.DECLARED


async def test_what_we_measured_ourselves_is_taken_instead_of_what_is_said(
    db: RolledBackDatabase, store: Store, beside: Path
):
    await blob(db, probe_state=ProbeState.PROBED, probed_at=make.EARLY, facts=found())

    await lines.feed(db, HELD, files=Files(beside, store))

    asset = await only(db)
    assert (asset.width, asset.height, asset.facts) == (3, 2, {"frame_count": 9})
    assert asset.facts_source is AssetFactsSource.PROBED


async def test_bytes_that_were_looked_into_and_refused_stay_refused(db: RolledBackDatabase, store: Store, beside: Path):
    await blob(db, probe_state=ProbeState.REFUSED, probe_failure="BROKEN_FILE")

    report = await lines.feed(db, HELD, files=Files(beside, store))

    assert "these bytes were looked into before, and refused: BROKEN_FILE" in report.rejects[0].shown


async def test_importing_a_link_again_takes_nothing_from_what_was_fetched_and_arranged_here(
    db: RolledBackDatabase, clock: FixedClock
):
    await lines.feed(db, {"type": "taxonomy", "code": "topic", "labels": {}, "most_per_content": 1})
    await lines.feed(db, {"type": "tag", "taxonomy": "topic", "code": "tea", "labels": {}})
    ada = {"type": "creator", "source": "s", "external_key": "ada", "handle": "ada", "name": "Ada", "kind": "MEDIA"}
    folder = {"type": "asset_folder", "uid": str(uid_for("s", "f")), "creator": "s:ada", "name": "Tea"}
    linked = LINKED | {"creator": "s:ada", "width": 750, "height": 422}
    await lines.feed(db, ada, folder, linked | {"folder": folder["uid"]})
    await blob(db, probe_state=ProbeState.PROBED, probed_at=make.EARLY, facts=found())
    async with db.session() as session:
        asset = (await session.scalars(select(models.Asset))).one()
        asset.sha256, asset.facts_source, asset.width, asset.height = DIGEST, AssetFactsSource.PROBED, 749, 422
        asset.retired_at, asset.focal_x, asset.focal_y, asset.file_name = clock.now(), 1, 2, "dot.gif"
        session.add(models.AssetTag(asset_id=asset.id, tag_id=await session.scalar(select(models.Tag.id)), position=0))

    report = await lines.feed(db, linked)

    assert lines.outcomes(report)["unchanged"] == 1
    asset = await only(db)
    assert (asset.sha256, asset.facts_source, asset.width) == (DIGEST, AssetFactsSource.PROBED, 749)
    # what is said of it is taken over, and its tags stay
    await lines.feed(db, linked | {"credit": "Ada"})
    asset = await only(db)
    assert (asset.credit, asset.width, asset.retired_at, asset.file_name) == ("Ada", 749, clock.now(), "dot.gif")
    async with db.session() as session:
        assert await session.scalar(select(models.AssetTag.position)) == 0
        assert asset.folder_id == await session.scalar(select(models.AssetFolder.id))
    # said to have no tags it has none
    await lines.feed(db, linked | {"tags": []})
    async with db.session() as session:
        assert await session.scalar(select(func.count()).select_from(models.AssetTag)) == 0
    # another address is another file
    await lines.feed(db, linked | {"url": "https://pictures.example/other.gif", "width": 5, "height": 5})
    asset = await only(db)
    assert (asset.sha256, asset.facts_source, asset.width) == (None, AssetFactsSource.DECLARED, 5)


async def test_contents_and_products_that_show_a_changed_file_are_judged_anew(db: RolledBackDatabase):
    await lines.feed(db, LINKED)
    async with db.session() as session:
        asset = (await session.scalars(select(models.Asset))).one()
        content = await make.content(session, await make.creator(session), covers=(asset,))
        product = await make.product(session)
        session.add(models.ProductAsset(product_id=product.id, position=0, asset_id=asset.id))
        await session.execute(models.DirtyMark.__table__.delete())

    await lines.feed(db, LINKED | {"width": 750, "height": 422})

    async with db.session() as session:
        marks = await session.execute(select(models.DirtyMark.kind, models.DirtyMark.object_id).distinct())
        assert {tuple(row) for row in marks} == {(DirtyKind.CONTENT, content.id), (DirtyKind.PRODUCT, product.id)}


async def test_a_preview_looks_into_the_files_and_keeps_none(db: RolledBackDatabase, store: Store, beside: Path):
    laid(beside, b"not what it says", bytes(32))
    wrong = HELD | {"external_key": "wrong", "sha256": bytes(32).hex()}

    report = await lines.feed(db, HELD, wrong, dry_run=True, files=Files(beside, store))

    assert lines.outcomes(report) == {"new": 1, "changed": 0, "unchanged": 0, "rejected": 1}
    assert (kept(store), report.warnings) == ([], [])


async def test_bytes_of_a_record_that_is_refused_do_not_stay(db: RolledBackDatabase, store: Store, beside: Path):
    report = await lines.feed(db, HELD | {"creator": "s:nobody"}, files=Files(beside, store))

    assert (report.rejected, kept(store)) == (1, [])
    async with db.session() as session:
        assert await session.scalar(select(func.count()).select_from(models.Blob)) == 0


async def test_what_a_killed_import_had_staged_is_used_by_the_next(db: RolledBackDatabase, store: Store, beside: Path):
    files = Files(beside, store)
    staged = await files.stage(read(lines.of(HELD), "killed"))
    (left,) = kept(store)
    assert [one.key for one in staged] == [left]
    assert PIECE.fullmatch(left)

    await lines.feed(db, HELD, files=files)

    assert kept(store) == [assets.key_of(DIGEST)]


async def test_a_film_is_never_held_in_memory_as_a_whole(tmp_path: Path):
    content = bytes(3 * CHUNK + 1)
    path = tmp_path / "film"
    path.write_bytes(content)

    pieces = [len(piece) async for piece in _checked(path, hashlib.sha256(content).hexdigest())]

    assert pieces == [CHUNK, CHUNK, CHUNK, 1]


async def test_folders_keep_their_ids_and_hold_files_of_their_creator_only(db: RolledBackDatabase):
    creators = [
        {"type": "creator", "source": "s", "external_key": name, "handle": name, "name": name, "kind": "MEDIA"}
        for name in ("ada", "eve")
    ]
    folder = {"type": "asset_folder", "uid": str(uid_for("s", "folder")), "creator": "s:ada", "name": "Tea"}
    inner = {"type": "asset_folder", "uid": str(uid_for("s", "inner")), "creator": "s:ada", "name": "Green",
             "parent": folder["uid"]}  # fmt: skip

    # what lies in another may come before it
    report = await lines.feed(
        db, *creators, inner, folder,
        LINKED | {"creator": "s:ada", "folder": inner["uid"]},
        LINKED | {"external_key": "foreign", "creator": "s:eve", "folder": inner["uid"]},
        LINKED | {"external_key": "nobody's", "folder": inner["uid"]},
    )  # fmt: skip

    assert [orjson.loads(reject.line.text)["external_key"] for reject in report.rejects] == ["foreign", "nobody's"]
    assert "a folder is a creator's" in report.rejects[1].shown
    async with db.session() as session:
        rows = await session.execute(select(models.AssetFolder.uid, models.AssetFolder.name))
        assert {(str(uid), name) for uid, name in rows} == {(folder["uid"], "Tea"), (inner["uid"], "Green")}
        assert (await session.scalars(select(models.Asset))).one().kind is AssetKind.IMAGE


async def test_bytes_that_turn_out_to_be_nothing_leave_only_an_imports_word(
    db: Database, store: Store, clock: FixedClock, beside: Path
):
    await lines.feed(db, HELD, files=Files(beside, store))
    async with db.session() as session:
        content = await make.content(
            session, await make.creator(session), covers=(await session.scalar(select(models.Asset)),)
        )
        await session.execute(models.DirtyMark.__table__.delete())

    await probing.step(db, store, Refusing(), clock)

    asset = await only(db)
    assert (asset.facts_source, asset.width, asset.sha256) == (AssetFactsSource.DECLARED, 1, DIGEST)
    async with db.session() as session:
        assert await session.scalar(select(models.DirtyMark.object_id)) == content.id


class Refusing(Sandbox):
    async def probe(self, _path: Path, _served: Path) -> Facts:
        raise facts.Refused(Flaw.BROKEN_FILE, "a test has broken it")
