"""`headwater assets` as an operator types it, with a real sandbox."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

import models
from tests import make
from tests.scripts.test_commands import Run, run, with_session
from tests.services.media import drawn

__all__ = ["run"]


async def ada(session: AsyncSession) -> None:
    await make.creator(session, handle="ada")
    await make.tag(session, await make.taxonomy(session, "scene"), "attic")


async def cover(session: AsyncSession) -> None:
    """The newest asset becomes the picture of a product."""
    asset = (await session.scalars(select(models.Asset).order_by(models.Asset.id.desc()).limit(1))).one()
    product = await make.product(session)
    session.add(models.ProductAsset(product_id=product.id, asset_id=asset.id, position=0))


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    folder = tmp_path / "pictures"
    (folder / "more").mkdir(parents=True)
    (folder / "a.png").write_bytes(drawn.saved(drawn.quarters()))
    (folder / "more" / "b.png").write_bytes(drawn.saved(drawn.quarters(64)))
    (folder / "broken.png").write_bytes(drawn.saved(drawn.quarters())[:50])
    (folder / "page.png").write_text("<html>")
    return folder


def test_files_are_added_listed_used_and_given_up(run: Run, own_url: str, pictures: Path):
    with_session(own_url, ada)
    options = ("--creator", "ada", "--folder", "Spring", "--tag", "scene:attic", "--credit", "Ada")

    added = run("assets", "add", "-r", str(pictures), *options, "--json")
    again = run("assets", "add", str(pictures / "a.png"), str(pictures), *options)
    outcomes = {Path(one["source"]).name: (one["outcome"], one["code"]) for one in json.loads(added.stdout)}
    listed = json.loads(run("assets", "list", "--creator", "ada", "--tag", "scene:attic", "--json").stdout)
    with_session(own_url, cover)
    newest, oldest = listed[0]["id"], listed[-1]["id"]
    shown = json.loads(run("assets", "show", newest, "--json").stdout)
    verified = run("assets", "verify", "--json")
    retired = run("assets", "retire", newest)
    deleted = run("assets", "delete", "--yes", newest, oldest)
    restored = run("assets", "restore", newest)
    left = json.loads(run("assets", "list", "--json").stdout)

    assert added.exit_code == 1
    assert outcomes == {
        "a.png": ("added", None),
        "b.png": ("added", None),
        "broken.png": ("refused", "BROKEN_FILE"),
        "page.png": ("refused", "UNSUPPORTED_FILE"),
    }
    assert again.exit_code == 1
    assert "there already" in again.stdout
    assert "[NOT_A_FILE]" in again.stdout
    assert again.stdout.endswith("0 added, 1 there already, 1 refused\n")
    assert {one["what"] for one in listed} == {"image/png 32x16", "image/png 64x16"}
    assert (shown["credit"], shown["facts_source"]) == ("Ada", "PROBED")
    assert shown["uses"] == ["a product (live): Kettle"]
    assert (verified.exit_code, json.loads(verified.stdout)["originals"]) == (0, 2)
    assert retired.stdout == "retired 1 of 1\n"
    assert (deleted.exit_code, deleted.stdout) == (1, "deleted 1 of 2\n")
    assert "[ASSET_IN_USE]" in deleted.stderr
    assert restored.stdout == "restored 1 of 1\n"
    assert [(one["id"], one["retired_at"]) for one in left] == [(newest, None)]


def test_a_rehearsal_adds_nothing_and_a_stranger_owns_nothing(run: Run, own_url: str, pictures: Path):
    with_session(own_url, ada)

    nobody = run("assets", "add", str(pictures / "page.png"), "--creator", "nobody")
    homeless = run("assets", "add", str(pictures / "page.png"), "--folder", "Spring")
    rehearsed = run("assets", "add", str(pictures / "page.png"), "--creator", "ada", "--dry-run")
    unknown = run("assets", "show", "01a20e2b-4397-7179-83a9-b9fe6f25be14")
    waiting = run("assets", "probe", "--json")
    sizes = run("assets", "sizes", "--json")

    assert nobody.stderr == "headwater: There is no creator nobody.\n"
    assert homeless.stderr == "headwater: Files of the house lie in no folder: name a creator.\n"
    assert rehearsed.stdout.endswith("0 would be added, 0 there already, 1 refused\n")
    assert (unknown.exit_code, unknown.stderr) == (
        1, "headwater: There is no asset 01a20e2b-4397-7179-83a9-b9fe6f25be14.\n"
    )  # fmt: skip
    assert json.loads(waiting.stdout) == {"looked_into": 0, "refused": []}
    assert {"width": 96, "height": 96, "reasons": ["avatar"]} in json.loads(sizes.stdout)


def test_a_store_that_lost_bytes_is_told_apart_from_one_that_has_more(run: Run, own_url: str, pictures: Path):
    run("assets", "add", str(pictures / "a.png"))
    store = pictures.parent / "assets"
    (original,) = [path for path in store.rglob("*") if path.is_file()]
    original.write_bytes(original.read_bytes()[::-1])

    wrong = run("assets", "verify")
    quick = run("assets", "verify", "--quick")
    original.unlink()
    missing = run("assets", "verify", "--quick", "--repair")

    key = str(original.relative_to(store))
    assert (wrong.exit_code, wrong.stdout) == (1, f"wrong {key}\n1 originals compared, 1 flaws\n")
    assert quick.exit_code == 0
    assert (missing.exit_code, missing.stdout) == (1, f"missing {key}\n1 originals compared, 1 flaws\n")
