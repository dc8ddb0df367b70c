"""Renditions by their addresses: of offered sizes, in the format that a client takes, to whom the asset is shown."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import func, select

import models
from core.clock import FixedClock
from core.db import Database
from services import homepages
from services.assets import renditions, signing
from services.media.facts import Flaw, Refused
from services.media.recipes import Made
from services.media.sandbox import Sandbox
from tests import make
from tests.api.door import Door, opened
from tests.services.media import drawn, encoded

PNG = drawn.saved(drawn.quarters(64, 32))
BROWSER = "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8"


@pytest.fixture
async def door(db: Database, clock: FixedClock, tmp_path: Path, sandbox: Sandbox) -> AsyncIterator[Door]:
    async with opened(db, clock, data=tmp_path, sandbox=sandbox, rendition_sizes="16x16, 24x12") as there:
        yield there


async def picture(door: Door, content: bytes = PNG, media_type: str = "image/png", **values: Any) -> models.Asset:
    assert door.store is not None
    async with door.db.session() as session:
        return await make.held(session, door.store, content, media_type, **{"width": 64, "height": 32} | values)


def image(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content))


async def made_count(door: Door) -> int | None:
    async with door.db.session() as session:
        return await session.scalar(select(func.count()).select_from(models.Rendition))


async def test_a_picture_is_served_in_a_size_that_is_offered(door: Door):
    asset = await picture(door, file_name="tea.png")
    await door.live(covers=(asset,))

    cover = await door.get(f"/assets/{asset.uid}/16x16-cover.webp")
    inside = await door.get(f"/assets/{asset.uid}/16x16-inside.jpeg")

    assert (image(cover.content).format, image(cover.content).size) == ("WEBP", (16, 16))
    assert (image(inside.content).format, image(inside.content).size) == ("JPEG", (16, 8))
    assert cover.headers["content-type"] == "image/webp"
    assert cover.headers["cache-control"] == "public, max-age=3600"
    assert cover.headers["access-control-allow-origin"] == "*"
    assert cover.headers["content-disposition"] == "inline"
    assert "vary" not in cover.headers


async def test_it_is_made_once_and_its_tag_is_that_of_its_bytes(door: Door):
    asset = await picture(door)
    await door.live(covers=(asset,))
    path = f"/assets/{asset.uid}/16x16-cover.png"

    found = await asyncio.gather(*(door.get(path) for _ in range(5)))
    again = await door.client.get(path, headers={"If-None-Match": found[0].headers["etag"]})
    head = await door.client.head(path)
    part = await door.client.get(path, headers={"Range": "bytes=1-3"})

    assert await made_count(door) == 1
    assert len({one.content for one in found}) == len({one.headers["etag"] for one in found}) == 1
    assert again.status_code == 304
    assert (head.status_code, head.headers["content-length"]) == (200, str(len(found[0].content)))
    assert (part.status_code, part.content) == (206, b"PNG")


async def test_a_size_that_nobody_asks_for_is_not_made(door: Door):
    asset = await picture(door)
    await door.live(covers=(asset,))

    answer = await door.get(f"/assets/{asset.uid}/17x16-cover.webp")

    assert (answer.status_code, answer.json()["code"]) == (404, "SIZE_NOT_OFFERED")
    assert answer.json()["detail"].startswith("17x16 is no size that is offered here; near it are 16x16, 24x12")
    assert await made_count(door) == 0


NAMES = (
    "16x16",
    "16x16-cover",
    "16x16-stretch.webp",
    "16x16-cover.svg",
    "16x16-cover.mp4",
    "016x16-cover.webp",
    "16x16-cover.webp.png",
    "16x16-cover-500_500.webp",
    "served",
    "%2e%2e%2fetc",
)


async def test_what_is_no_rendition_is_404(door: Door):
    asset = await picture(door)
    await door.live(covers=(asset,))

    for name in NAMES:
        found = await door.problem(f"/assets/{asset.uid}/{name}")
        assert found in {(404, "NO_SUCH_RENDITION"), (404, "NO_SUCH_PAGE")}, name
    assert await made_count(door) == 0


async def test_a_withdrawn_content_takes_its_renditions_along_at_once(door: Door):
    asset = await picture(door)
    content = await door.live(covers=(asset,))
    path = f"/assets/{asset.uid}/16x16-cover.webp"
    hidden = await picture(door, drawn.saved(drawn.plain(20, 20)))
    before = (await door.get(path)).status_code

    await door.withdraw(content)

    assert before == 200
    assert await door.problem(path) == (404, "NO_SUCH_ASSET")
    # nor does a size tell that something is there
    assert await door.problem(f"/assets/{hidden.uid}/1x1-cover.webp") == (404, "NO_SUCH_ASSET")


ACCEPTED = (
    (BROWSER, "AVIF"),
    ("image/webp,*/*", "WEBP"),
    ("image/webp,image/avif", "AVIF"),
    ("image/avif;q=0.5,image/webp", "WEBP"),
    ("image/avif;q=0,image/webp;q=0.000,*/*", "JPEG"),
    ("image/avif;q=0.1,image/jpeg", "JPEG"),
    # said by clients of any age
    ("*/*", "JPEG"),
    ("image/*", "JPEG"),
    ("", "JPEG"),
    ("text/html", "JPEG"),
    ("IMAGE/WEBP ; Q=0.9, image/jpeg;q=0.8", "WEBP"),
    (",;;q=,image/avif;q=x", "AVIF"),
)


async def test_the_client_decides_the_format(door: Door):
    asset = await picture(door)
    await door.live(covers=(asset,))

    for accept, found_as in ACCEPTED:
        answer = await door.client.get(f"/assets/{asset.uid}/16x16-cover.auto", headers={"Accept": accept})
        assert image(answer.content).format == found_as, accept
        assert answer.headers["content-type"] == f"image/{found_as.lower()}"
        assert answer.headers["vary"] == "Accept"


async def test_who_takes_neither_avif_nor_webp_gets_what_is_transparent_as_png(door: Door):
    asset = await picture(door, found={"has_transparency": True})
    await door.live(covers=(asset,))

    answer = await door.client.get(f"/assets/{asset.uid}/16x16-cover.auto", headers={"Accept": "*/*"})

    assert image(answer.content).format == "PNG"


async def test_the_focal_point_moves_the_crop_and_the_old_one_stays_for_who_shares_the_bytes(door: Door):
    content = drawn.saved(drawn.quarters(80, 20))
    left = await picture(door, content, focal_x=0, focal_y=500)
    right = await picture(door, content, focal_x=1000, focal_y=500)
    await door.live(covers=(left, right))

    found = [(await door.get(f"/assets/{one.uid}/16x16-cover.png")).content for one in (left, right)]

    assert [image(one).convert("RGB").getpixel((3, 3)) for one in found] == [drawn.RED, drawn.GREEN]
    assert await made_count(door) == 2


async def test_of_a_film_there_are_stills_and_a_preview_that_can_be_had_in_parts(door: Door, tmp_path: Path):
    path = encoded.film(tmp_path / "film.mp4", encoded.Film(frames=20, rate=5, width=64, height=32))
    film = await picture(door, path.read_bytes(), "video/mp4", kind=models.AssetKind.VIDEO)
    await door.live(covers=(film,))

    still = await door.get(f"/assets/{film.uid}/24x12-cover.jpeg")
    preview = await door.client.get(f"/assets/{film.uid}/24x12-inside.mp4", headers={"Range": "bytes=4-7"})

    assert image(still.content).size == (24, 12)
    assert (preview.status_code, preview.content, preview.headers["content-type"]) == (206, b"ftyp", "video/mp4")


@pytest.mark.parametrize("kind", ["AUDIO", "SUBTITLES"])
async def test_sound_and_words_have_no_renditions(door: Door, kind: str):
    asset = await picture(door, b"WEBVTT", "text/vtt", kind=models.AssetKind(kind))
    await door.live(covers=(asset,))

    assert await door.problem(f"/assets/{asset.uid}/16x16-cover.webp") == (404, "NO_SUCH_RENDITION")


async def test_a_signed_address_opens_all_sizes(door: Door):
    async with door.db.session() as session:
        ada = await make.creator(session)
    asset = await picture(door, creator_id=ada.id)
    async with door.db.session() as session:
        who = make.acting_as(ada)
        token = (await signing.sign(session, who, [asset.id], minutes=1, now=door.clock.now()))[asset.id].token

    answer = await door.get(f"/assets/{asset.uid}/16x16-cover.auto", signed=token)

    assert (answer.status_code, answer.headers["cache-control"]) == (200, "private, no-cache")
    assert answer.headers["vary"] == "Accept, Authorization, Headwater-On-Behalf-Of"
    assert await door.problem(f"/assets/{asset.uid}/16x16-cover.auto") == (404, "NO_SUCH_ASSET")


async def test_a_preview_of_a_homepage_opens_the_sizes_of_its_pictures(door: Door):
    async with door.db.session() as session:
        ada = await make.creator(session)
        author = await make.author(session, ada)
    asset = await picture(door, creator_id=ada.id)
    blocks = [{"type": "banner", "image": str(asset.uid)}]
    async with door.db.session() as session:
        draft = homepages.PageDraft.model_validate({"blocks": blocks})
        version = await homepages.save(session, author, ada.uid, draft, expected_revision=None, clock=door.clock)
        links = await homepages.preview(session, author, [version.id], hours=1, now=door.clock.now())

    answer = await door.get(f"/assets/{asset.uid}/16x16-cover.webp", preview=links[version.id].token)

    assert (answer.status_code, answer.headers["cache-control"]) == (200, "private, no-cache")
    assert await door.problem(f"/assets/{asset.uid}/16x16-cover.webp") == (404, "NO_SUCH_ASSET")


class Unlucky(Sandbox):
    """What it is given is broken, or takes for ever."""

    def __init__(self, failure: Flaw | None) -> None:
        super().__init__()
        self.failure = failure

    async def render(self, *_given: Any) -> Made:
        if self.failure is None:
            await asyncio.Event().wait()
        raise Refused(Flaw.PROBE_FAILED, "it died")


@pytest.mark.parametrize(
    ("failure", "code", "seconds"),
    [(Flaw.PROBE_FAILED, "RENDITION_FAILED", "60"), (None, "RENDITION_NOT_READY", "2")],
)
async def test_what_cannot_be_made_now_is_503_and_says_when_to_come_again(
    db: Database,
    clock: FixedClock,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    failure: Flaw | None,
    code: str,
    seconds: str,
):
    monkeypatch.setattr(renditions, "PATIENCE_SECONDS", 5 if failure else 0.02)
    async with opened(db, clock, data=tmp_path, sandbox=Unlucky(failure)) as door:
        asset = await picture(door)
        await door.live(covers=(asset,))
        answer = await door.get(f"/assets/{asset.uid}/96x96-cover.webp")

    assert (answer.status_code, answer.json()["code"]) == (503, code)
    assert answer.headers["retry-after"] == seconds


async def test_too_many_at_once_are_503(door: Door, monkeypatch: pytest.MonkeyPatch):
    asset = await picture(door)
    await door.live(covers=(asset,))
    monkeypatch.setattr(renditions, "MOST_WANTED", 0)

    assert await door.problem(f"/assets/{asset.uid}/16x16-cover.webp") == (503, "RENDITION_BUSY")
