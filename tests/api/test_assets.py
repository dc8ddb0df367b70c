"""The bytes of assets: served while something that everybody may see uses them, and not a moment longer."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

import models
from api import files
from core.caller import ANONYMOUS, SYSTEM, Scope
from core.clock import FixedClock
from core.db import Database
from core.ids import new_uid
from core.store import Store
from models import ProbeState
from services import accounts, answers, assets, homepages, keys, publishing
from services.assets import signing
from tests import make
from tests.api.door import Door, opened

BYTES = b"\xff\xd8\xff\xe0 not quite a picture"
FILM = bytes(range(256)) * 1_200  # longer than a piece


@pytest.fixture
async def door(db: Database, clock: FixedClock, tmp_path: Path) -> AsyncIterator[Door]:
    async with opened(db, clock, data=tmp_path) as there:
        yield there


@pytest.fixture
async def picture(door: Door, tmp_path: Path) -> models.Asset:
    return await held(door)


async def held(door: Door, content: bytes = BYTES, media_type: str = "image/jpeg", **values: Any) -> models.Asset:
    assert door.store is not None
    async with door.db.session() as session:
        return await make.held(session, door.store, content, media_type, **values)


async def status(door: Door, asset: models.Asset) -> int:
    return (await door.get(f"/assets/{asset.uid}")).status_code


async def test_an_asset_that_nothing_shows_is_not_there(door: Door, picture: models.Asset):
    assert await door.problem(f"/assets/{picture.uid}") == (404, "NO_SUCH_ASSET")


@pytest.mark.parametrize("name", ["x", "00000000-0000-0000-0000-000000000000", "%00"])
async def test_what_is_no_asset_is_404_with_a_code(door: Door, name: str):
    assert await door.problem(f"/assets/{name}") == (404, "NO_SUCH_ASSET")


async def test_a_cover_is_served_while_its_content_is_live(door: Door, picture: models.Asset):
    async with door.db.session() as session:
        draft = await make.content(session, await make.creator(session), covers=(picture,), live=False)
    before = await status(door, picture)
    async with door.db.session() as session:
        await publishing.publish(session, SYSTEM, draft.uid, clock=door.clock)
    answer = await door.get(f"/assets/{picture.uid}")

    await door.withdraw(draft)

    assert before == 404
    assert (answer.status_code, answer.content, answer.headers["content-type"]) == (200, BYTES, "image/jpeg")
    assert await status(door, picture) == 404


async def test_a_cover_of_a_superseded_revision_is_gone(door: Door, picture: models.Asset):
    content = await door.live(covers=(picture,))
    before = await status(door, picture)

    await door.revise(content, title="Without a picture")

    assert (before, await status(door, picture)) == (200, 404)


async def test_the_pictures_of_a_suspended_creator_are_gone(door: Door, picture: models.Asset):
    async with door.db.session() as session:
        ada = await make.creator(session, avatar_id=picture.id)
        await make.content(session, ada, covers=(picture,))
    before = await status(door, picture)

    async with door.db.session() as session:
        await publishing.suspend(session, SYSTEM, ada.uid, reason="spam", clock=door.clock)

    assert (before, await status(door, picture)) == (200, 404)


async def test_an_author_sees_the_pictures_of_their_drafts(door: Door, picture: models.Asset):
    async with door.db.session() as session:
        ada, eve = await make.creator(session, name="Ada"), await make.creator(session, name="Eve")
        await make.content(session, ada, covers=(picture,), live=False)
        (await session.merge(picture)).creator_id = ada.id
        holders = ((ada, Scope.CONTENT_WRITE), (eve, Scope.CONTENT_WRITE), (ada, Scope.FEED_READ))
        secrets = [await key_of(session, creator, scope, door.clock) for creator, scope in holders]

    answers = [
        await door.client.get(f"/assets/{picture.uid}", headers={"Authorization": f"Bearer {secret}"})
        for secret in secrets
    ]

    assert [answer.status_code for answer in answers] == [200, 404, 404]
    assert answers[0].headers["cache-control"] == "private, no-cache"
    assert await status(door, picture) == 404


async def key_of(session, creator: models.Creator, scope: Scope, clock: FixedClock) -> str:
    account = await accounts.create(session, SYSTEM, creator.name, clock=clock)
    session.add(models.Identity(account_id=account.id, kind=models.IdentityKind.CREATOR, creator_id=creator.id))
    await session.flush()
    return (await keys.create(session, SYSTEM, account.uid, "desk", [scope], clock=clock)).secret


async def test_the_picture_of_a_product_is_served(door: Door, picture: models.Asset):
    async with door.db.session() as session:
        product = await make.product(session)
        session.add(models.ProductAsset(product_id=product.id, position=0, asset_id=picture.id))

    assert await status(door, picture) == 200


async def test_an_asset_that_lives_elsewhere_is_not_served_by_us(door: Door):
    async with door.db.session() as session:
        linked = await make.asset(session)
        await make.content(session, await make.creator(session), covers=(linked,))

    assert await status(door, linked) == 404


async def test_a_file_is_sent_as_it_is_with_headers_that_let_nobody_run_it(door: Door):
    asset = await held(door, file_name='Tea "at" dawn/湖.jpg')
    await door.live(covers=(asset,))
    answer = await door.client.get(f"/assets/{asset.uid}", headers={"Accept-Encoding": "gzip"})

    assert answer.content == BYTES
    assert dict(answer.headers) == {
        "content-type": "image/jpeg",
        "content-length": str(len(BYTES)),
        "content-disposition": "inline",
        "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; media-src 'self'; sandbox",
        "cross-origin-resource-policy": "cross-origin",
        "access-control-allow-origin": "*",
        "accept-ranges": "bytes",
        "cache-control": "public, max-age=3600",
        "etag": f'"{hashlib.sha256(BYTES).hexdigest()[:32]}"',
        "x-content-type-options": "nosniff",
        "x-request-id": answer.headers["x-request-id"],
    }


async def test_what_a_file_was_called_is_told_to_whose_it_is(door: Door):
    async with door.db.session() as session:
        ada = await make.creator(session)
        secret = await key_of(session, ada, Scope.CONTENT_WRITE, door.clock)
    asset = await held(door, file_name='Tea "at" dawn/湖.jpg', creator_id=ada.id)
    path = f"/assets/{asset.uid}"

    own = await door.client.get(path, headers={"Authorization": f"Bearer {secret}"})
    given = await door.get(path, signed=await signed(door, asset))

    assert own.headers["content-disposition"] == (
        "inline; filename=\"Tea _at_ dawn__.jpg\"; filename*=UTF-8''Tea%20_at_%20dawn_%E6%B9%96.jpg"
    )
    assert given.headers["content-disposition"] == "inline"


async def test_who_has_the_bytes_is_told_so(door: Door, picture: models.Asset):
    await door.live(covers=(picture,))
    first = await door.get(f"/assets/{picture.uid}")

    again = await door.client.get(f"/assets/{picture.uid}", headers={"If-None-Match": first.headers["etag"]})
    other = await door.client.get(f"/assets/{picture.uid}", headers={"If-None-Match": '"another"'})

    assert (again.status_code, again.content, again.headers["cache-control"]) == (304, b"", "public, max-age=3600")
    assert other.status_code == 200


async def test_the_headers_alone_need_no_bytes(door: Door, picture: models.Asset, monkeypatch: pytest.MonkeyPatch):
    await door.live(covers=(picture,))
    whole = await door.get(f"/assets/{picture.uid}")
    monkeypatch.delattr(Store, "stream")

    head = await door.client.head(f"/assets/{picture.uid}")

    assert (head.status_code, head.content) == (200, b"")
    assert {**whole.headers, "x-request-id": ""} == {**head.headers, "x-request-id": ""}


RANGES = (
    ("bytes=0-0", 206, (0, 1)),
    ("bytes=100-200099", 206, (100, 200_100)),
    ("bytes=307100-", 206, (307_100, 307_200)),
    ("bytes=-5", 206, (307_195, 307_200)),
    ("bytes=-999999", 206, (0, 307_200)),
    ("bytes=5-999999", 206, (5, 307_200)),
    # what is no range, and several at once, is answered with all
    ("bytes=5-4", 200, (0, 307_200)),
    ("bytes=0-1,4-5", 200, (0, 307_200)),
    ("bytes=", 200, (0, 307_200)),
    ("pages=1-2", 200, (0, 307_200)),
    ("bytes=9999999999999999999-", 200, (0, 307_200)),
)


async def test_parts_of_a_film_are_sent(door: Door):
    film = await held(door, FILM, "video/mp4", kind=models.AssetKind.VIDEO)
    await door.live(covers=(film,))

    for asked, expected, (start, end) in RANGES:
        answer = await door.client.get(f"/assets/{film.uid}", headers={"Range": asked})
        assert answer.status_code == expected, asked
        assert answer.content == FILM[start:end], asked
        assert answer.headers["content-length"] == str(end - start)
        told = f"bytes {start}-{end - 1}/307200" if expected == 206 else None
        assert answer.headers.get("content-range") == told, asked


async def test_a_part_behind_the_end_is_416(door: Door):
    film = await held(door, FILM, "video/mp4", kind=models.AssetKind.VIDEO)
    await door.live(covers=(film,))

    for asked in ("bytes=307200-", "bytes=307200-307300", "bytes=-0"):
        answer = await door.client.get(f"/assets/{film.uid}", headers={"Range": asked})
        assert (answer.status_code, answer.json()["code"]) == (416, "RANGE_NOT_SATISFIABLE"), asked
        assert answer.headers["content-range"] == "bytes */307200"


async def test_a_part_is_sent_only_to_who_has_parts_of_the_same_bytes(door: Door, picture: models.Asset):
    await door.live(covers=(picture,))
    path, tag = f"/assets/{picture.uid}", (await door.get(f"/assets/{picture.uid}")).headers["etag"]

    same = await door.client.get(path, headers={"Range": "bytes=0-3", "If-Range": tag})
    other = await door.client.get(path, headers={"Range": "bytes=0-3", "If-Range": '"old"'})
    dated = await door.client.get(path, headers={"Range": "bytes=0-3", "If-Range": "Tue, 24 Nov 2026 08:00:00 GMT"})
    weak = await door.client.get(path, headers={"Range": "bytes=0-3", "If-Range": f"W/{tag}"})

    assert [one.status_code for one in (same, other, dated, weak)] == [206, 200, 200, 200]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("tea.jpg", 'inline; filename="tea.jpg"'),
        ("", "inline"),
        ("../../etc/passwd", 'inline; filename="_.._etc_passwd"'),
        ('a"; filename="b.exe', 'inline; filename="a_; filename=_b.exe"'),
        ("x\r\nSet-Cookie: a=b", 'inline; filename="x_Set-Cookie_ a=b"'),
        ("50%.png", "inline; filename=\"50_.png\"; filename*=UTF-8''50%25.png"),
    ],
)
def test_a_name_never_leaves_its_header(name: str, expected: str):
    assert files.disposition(name) == expected


async def test_the_copy_that_does_not_tell_where_it_was_made_stands_for_the_bytes(door: Door):
    secret = BYTES + b" taken at home"
    asset = await held(door, secret, found={"has_location": True})
    await door.live(covers=(asset,))
    unserved = await door.problem(f"/assets/{asset.uid}")
    assert door.store is not None
    assert asset.sha256 is not None
    await door.store.put(assets.rendition_key(asset.sha256, "served"), BYTES)
    async with door.db.session() as session:
        session.add(
            models.Rendition(
                sha256=asset.sha256, name="served", media_type="image/jpeg", byte_count=len(BYTES), etag="ab" * 32
            )
        )

    answer = await door.get(f"/assets/{asset.uid}")

    assert unserved == (404, "NO_SUCH_ASSET")
    assert (answer.content, answer.headers["etag"]) == (BYTES, f'"{"ab" * 16}"')


@pytest.mark.parametrize(
    ("state", "expected"),
    [(ProbeState.WAITING, (503, "ASSET_NOT_READY")), (ProbeState.REFUSED, (404, "NO_SUCH_ASSET"))],
)
async def test_nothing_is_served_before_somebody_has_looked_at_it(door: Door, state: ProbeState, expected: Any):
    asset = await held(door, state=state)
    hidden = await door.problem(f"/assets/{asset.uid}")
    await door.live(covers=(asset,))

    assert hidden == (404, "NO_SUCH_ASSET")
    assert await door.problem(f"/assets/{asset.uid}") == expected


async def test_what_has_expired_is_for_whose_it_is_alone(door: Door):
    async with door.db.session() as session:
        ada = await make.creator(session)
        secret = await key_of(session, ada, Scope.CONTENT_WRITE, door.clock)
    asset = await held(door, creator_id=ada.id, expires_at=door.clock.now() + timedelta(minutes=1))
    await door.live(ada, covers=(asset,))
    before = await status(door, asset)
    door.clock.move(timedelta(minutes=1))

    own = await door.client.get(f"/assets/{asset.uid}", headers={"Authorization": f"Bearer {secret}"})

    assert (before, await status(door, asset)) == (200, 404)
    assert (own.status_code, own.headers["cache-control"]) == (200, "private, no-cache")


@pytest.mark.parametrize(("seconds", "age"), [(3_599, 3_599), (3_601, 3_600)])
async def test_nobody_is_told_to_keep_what_expires_for_longer(door: Door, seconds: int, age: int):
    asset = await held(door, expires_at=door.clock.now() + timedelta(seconds=seconds))
    await door.live(covers=(asset,))

    answer = await door.get(f"/assets/{asset.uid}")

    assert answer.headers["cache-control"] == f"public, max-age={age}"


async def test_what_is_retired_stays_where_it_is_used(door: Door):
    asset = await held(door, retired_at=door.clock.now())
    await door.live(covers=(asset,))

    assert await status(door, asset) == 200


async def test_a_signed_address_opens_what_nothing_shows_until_it_expires(door: Door):
    async with door.db.session() as session:
        ada = await make.creator(session)
    asset = await held(door, creator_id=ada.id)
    other = await held(door, creator_id=ada.id)
    token = await signed(door, asset)
    path = f"/assets/{asset.uid}"

    answer = await door.get(path, signed=token)

    assert (answer.status_code, answer.content) == (200, BYTES)
    assert answer.headers["cache-control"] == "private, no-cache"
    assert "access-control-allow-origin" not in answer.headers
    assert await status(door, asset) == 404
    for wrong in (token[:-1], token[1:], token + "A", "x", "é", token[:-2] + "AA"):
        assert await door.problem(path, signed=wrong) == (400, "MALFORMED_SIGNED_URL")
    assert await door.problem(f"/assets/{other.uid}", signed=token) == (400, "MALFORMED_SIGNED_URL")
    door.clock.move(timedelta(minutes=61))
    assert await door.problem(path, signed=token) == (410, "SIGNED_URL_EXPIRED")


@pytest.mark.parametrize("end", ["retired", "suspended", "expired"])
async def test_a_signed_address_ends_with_what_it_leads_to(door: Door, end: str):
    async with door.db.session() as session:
        ada = await make.creator(session)
    asset = await held(door, creator_id=ada.id)
    token = await signed(door, asset)

    async with door.db.session() as session:
        row = await session.get_one(models.Asset, asset.id)
        if end == "retired":
            row.retired_at = door.clock.now()
        elif end == "expired":
            row.expires_at = door.clock.now()
        else:
            await publishing.suspend(session, SYSTEM, ada.uid, reason="spam", clock=door.clock)

    assert await door.problem(f"/assets/{asset.uid}", signed=token) == (404, "NO_SUCH_ASSET")


async def test_a_signed_address_does_not_lead_to_what_was_taken_down(door: Door):
    async with door.db.session() as session:
        ada = await make.creator(session)
    asset = await held(door, creator_id=ada.id)
    content = await door.live(ada, covers=(asset,))
    token = await signed(door, asset)
    path = f"/assets/{asset.uid}"
    await door.withdraw(content)
    withdrawn = await door.get(path, signed=token)

    async with door.db.session() as session:
        await publishing.take_down(session, SYSTEM, content.uid, reason="theirs", clock=door.clock)

    assert withdrawn.status_code == 200
    assert await door.problem(path, signed=token) == (404, "NO_SUCH_ASSET")
    await door.live(ada, covers=(asset,), title="Where it is visible all the same")
    assert (await door.get(path, signed=token)).status_code == 200


async def test_a_signed_address_does_not_lead_to_an_answer_that_was_taken_down(door: Door):
    async with door.db.session() as session:
        ada = await make.creator(session)
        question = await make.content(session, ada, format=models.Format.QNA)
    asset = await held(door, creator_id=ada.id)
    body = [{"type": "image", "asset": str(asset.uid), "alternative_text": "", "caption": ""}]
    async with door.db.session() as session:
        given = await make.answer(session, question, ada, body=body)
    token = await signed(door, asset)
    before = await door.get(f"/assets/{asset.uid}", signed=token)

    async with door.db.session() as session:
        await answers.take_down(session, SYSTEM, given.uid, reason="theirs", clock=door.clock)

    assert before.status_code == 200
    assert await door.problem(f"/assets/{asset.uid}", signed=token) == (404, "NO_SUCH_ASSET")


async def signed(door: Door, asset: models.Asset) -> str:
    async with door.db.session() as session:
        made = await signing.sign(session, SYSTEM, [asset.id], minutes=60, now=door.clock.now())
    return made[asset.id].token


async def test_only_who_looks_into_a_creator_signs_for_its_files(door: Door):
    async with door.db.session() as session:
        ada, eve = await make.creator(session, name="Ada"), await make.creator(session, name="Eve")
    asset = await held(door, creator_id=ada.id)

    async with door.db.session() as session:
        signers = (make.acting_as(ada), make.acting_as(eve), make.operator(), ANONYMOUS)
        found = [await signing.sign(session, who, [asset.id], minutes=1, now=door.clock.now()) for who in signers]
        with pytest.raises(signing.SignedUrlTooLong):
            await signing.sign(session, SYSTEM, [asset.id], minutes=10_081, now=door.clock.now())

    assert [list(one) for one in found] == [[asset.id], [], [asset.id], []]


async def test_what_is_still_to_be_used_is_shown_to_whose_it_is(door: Door):
    async with door.db.session() as session:
        ada, eve = await make.creator(session, name="Ada"), await make.creator(session, name="Eve")
        secrets = [await key_of(session, who, Scope.CONTENT_WRITE, door.clock) for who in (ada, eve)]
    asset = await held(door, creator_id=ada.id)

    answers = [
        await door.client.get(f"/assets/{asset.uid}", headers={"Authorization": f"Bearer {secret}"})
        for secret in secrets
    ]

    assert [answer.status_code for answer in answers] == [200, 404]


async def test_bytes_that_are_missing_are_not_called_an_absence_of_the_database(door: Door):
    async with door.db.session() as session:
        session.add(
            models.Blob(
                sha256=bytes(32), media_type="image/png", byte_count=1, probe_state="PROBED", probed_at=door.clock.now()
            )
        )
        await session.flush()
        lost = await make.asset(session, uid=new_uid(), sha256=bytes(32))
        await make.content(session, await make.creator(session), covers=(lost,))

    assert await door.problem(f"/assets/{lost.uid}") == (404, "NO_SUCH_ASSET")


async def test_the_pictures_of_a_homepage_are_served_from_wherever_they_stand_on_it(door: Door, picture: models.Asset):
    name = str(picture.uid)
    places = [
        {"type": "hero", "image": name},
        {"type": "banner", "image": name},
        {"type": "links", "links": [{"title": "x", "image": name}]},
        {"type": "rich_text", "body": [{"type": "gallery", "images": [{"type": "image", "asset": name}]}]},
        {"type": "tabs", "tabs": [{"title": "x", "blocks": [{"type": "banner", "image": name}]}]},
    ]
    async with door.db.session() as session:
        ada = await make.creator(session)
        page = models.Homepage(creator_id=ada.id)
        session.add(page)
        await session.flush()
        version = models.HomepageVersion(
            homepage_id=page.id, number=1, state=models.HomepageState.LIVE, published_at=door.clock.now()
        )
        session.add(version)
        await session.flush()
    assert await status(door, picture) == 404

    for block in places:
        version.blocks = [{"type": "live"}, block]
        async with door.db.session() as session:
            await session.merge(version)
        assert await status(door, picture) == 200, block
    async with door.db.session() as session:
        await publishing.suspend(session, SYSTEM, ada.uid, reason="spam", clock=door.clock)
    assert await status(door, picture) == 404


async def test_the_pictures_of_a_page_that_is_not_published_are_for_its_author_and_for_a_preview(
    door: Door, picture: models.Asset
):
    async with door.db.session() as session:
        ada = await make.creator(session)
        author = await make.author(session, ada)
        picture.creator_id = ada.id
        await session.merge(picture)
        account = await session.get_one(models.Account, author.account_id)
        await accounts.act_as(session, SYSTEM, account.uid, ada)
        key = (await keys.create(session, SYSTEM, account.uid, "editor", ["creator:write"], clock=door.clock)).secret
        other = await make.asset(session, sha256=picture.sha256)
        blocks = [{"type": "banner", "image": str(picture.uid)}]
        draft = homepages.PageDraft.model_validate({"blocks": blocks})
        version = await homepages.save(session, author, ada.uid, draft, expected_revision=None, clock=door.clock)
        links = await homepages.preview(session, author, [version.id], hours=1, now=door.clock.now())
    token = links[version.id].token
    path = f"/assets/{picture.uid}"

    owned = await door.client.get(path, headers={"Authorization": f"Bearer {key}"})
    seen = await door.get(path, preview=token)

    assert (owned.status_code, seen.status_code) == (200, 200)
    assert seen.headers["cache-control"] == "private, no-cache"
    assert await door.problem(path) == (404, "NO_SUCH_ASSET")
    assert await door.problem(f"/assets/{other.uid}", preview=token) == (404, "NO_SUCH_ASSET")
    assert await door.problem(path, preview=token[:-1]) == (400, "MALFORMED_PREVIEW")
    assert await door.problem(path, size=3) == (400, "BAD_PARAMETER")
    async with door.db.session() as session:
        await homepages.discard(session, author, ada.uid, expected_revision="1.1", clock=door.clock)
    assert await door.problem(path, preview=token) == (410, "PREVIEW_OVER")
