"""Renditions over GraphQL: addresses in offered sizes, what srcset takes, signed addresses for drafts."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.caller import Scope
from core.ids import global_id
from services.assets import signing
from tests import make
from tests.api.graphql.asking import Asking

PATH = "https://content.example/assets/"
COVERS = "query($id: ID!) { content(id: $id) { covers { %s } } }"
SEEN = "{ url width height mediaType }"


async def held(session: AsyncSession, **values: Any) -> models.Asset:
    """A picture whose bytes are with us, as far as the database knows."""
    at = datetime(2026, 11, 24, tzinfo=UTC)
    digest = UUID(int=len(session.identity_map)).bytes * 2
    session.add(
        models.Blob(
            sha256=digest, media_type="image/jpeg", byte_count=1, probe_state=models.ProbeState.PROBED, probed_at=at
        )
    )
    await session.flush()
    return await make.asset(session, **{"sha256": digest, "url": None, "width": 800, "height": 600} | values)


async def covers(api: Asking, session: AsyncSession, asked: str, *pictures: models.Asset) -> list[dict[str, Any]]:
    content = await make.content(session, await make.creator(session), covers=pictures)
    data = await api.data(COVERS % asked, id=global_id("Content", content.uid))
    found: list[dict[str, Any]] = data["content"]["covers"]
    return found


async def test_a_rendition_has_an_address_and_the_size_it_comes_out_in(api: Asking, session: AsyncSession):
    picture = await held(session)
    asked = f"""
        exact: rendition(width: 400, height: 400) {SEEN}
        whole: rendition(width: 400, height: 400, fit: INSIDE, format: WEBP) {SEEN}
        small: rendition(width: 1920, height: 1080, fit: INSIDE, format: JPEG) {SEEN}
        moving: rendition(width: 400, height: 400, fit: INSIDE, format: MP4) {SEEN}
    """

    (found,) = await covers(api, session, asked, picture)

    at = f"{PATH}{picture.uid}/"
    assert found == {
        "exact": {"url": f"{at}400x400-cover.auto", "width": 400, "height": 400, "mediaType": None},
        "whole": {"url": f"{at}400x400-inside.webp", "width": 400, "height": 300, "mediaType": "image/webp"},
        "small": {"url": f"{at}1920x1080-inside.jpeg", "width": 800, "height": 600, "mediaType": "image/jpeg"},
        "moving": None,
    }


async def test_a_film_has_stills_and_a_preview_with_even_sides(api: Asking, session: AsyncSession):
    film = await held(session, kind=models.AssetKind.VIDEO, width=801, height=601)
    asked = f"""
        still: rendition(width: 96, height: 96) {SEEN}
        preview: rendition(width: 1280, height: 720, fit: INSIDE, format: MP4) {SEEN}
        cropped: rendition(width: 96, height: 96, format: MP4) {SEEN}
    """

    (found,) = await covers(api, session, asked, film)

    assert found["still"]["url"] == f"{PATH}{film.uid}/96x96-cover.auto"
    assert found["preview"] == {
        "url": f"{PATH}{film.uid}/1280x720-inside.mp4",
        "width": 800,
        "height": 600,
        "mediaType": "video/mp4",
    }
    assert found["cropped"] is None


async def test_what_we_do_not_hold_and_what_cannot_be_seen_has_none(api: Asking, session: AsyncSession):
    linked = await make.asset(session)
    sound = await held(session, kind=models.AssetKind.AUDIO, width=None, height=None)

    found = await covers(api, session, f"rendition(width: 96, height: 96) {SEEN} renditions {SEEN}", linked, sound)

    assert found == [{"rendition": None, "renditions": []}] * 2


async def test_a_size_that_is_not_offered_is_refused_with_the_nearest(api: Asking, session: AsyncSession):
    content = await make.content(session, await make.creator(session), covers=(await held(session),))
    query = COVERS % "rendition(width: 401, height: 400) { url }"

    answer = await api.send(query, id=global_id("Content", content.uid))

    assert answer["errors"][0]["extensions"]["code"] == "SIZE_NOT_OFFERED"
    assert "near it are 400x400" in answer["errors"][0]["message"]


async def test_srcset_takes_each_size_once_and_none_that_makes_larger(api: Asking, session: AsyncSession):
    picture = await held(session, width=700, height=300)
    asked = (
        "inside: renditions { url width height } cover: renditions(fit: COVER, first: 2, format: WEBP) { url width }"
    )

    (found,) = await covers(api, session, asked, picture)

    sizes = [(one["width"], one["height"]) for one in found["inside"]]
    assert sizes == sorted(set(sizes))
    assert sizes[0] == (96, 41)
    assert sizes[-1] == (700, 300)
    assert found["cover"] == [
        {"url": f"{PATH}{picture.uid}/96x96-cover.webp", "width": 96},
        {"url": f"{PATH}{picture.uid}/192x192-cover.webp", "width": 192},
    ]


async def test_sizes_are_told_with_their_reasons(api: Asking):
    data = await api.set(rendition_sizes="77x55").data("{ renditionSizes { width height reasons } }")

    assert {"width": 77, "height": 55, "reasons": ["the operator"]} in data["renditionSizes"]
    assert {"width": 96, "height": 96, "reasons": ["avatar"]} in data["renditionSizes"]


async def test_the_sizes_are_read_once_for_all_pictures(api: Asking, session: AsyncSession):
    creator = await make.creator(session)
    several = tuple([await held(session) for _ in range(10)])
    contents = [await make.content(session, creator, covers=pictures) for pictures in (several[:1], several)]
    counts = []
    # the first request of a process also reads what its packs ask for
    for content in (contents[0], *contents):
        with api.statements() as seen:
            await api.data(
                COVERS % "rendition(width: 96, height: 96) { url } renditions { url }",
                id=global_id("Content", content.uid),
            )
        counts.append(len(seen))

    assert counts[1] == counts[2]


async def test_a_signed_address_is_for_those_who_look_into_its_creator(api: Asking, session: AsyncSession):
    await make.instance(session)
    ada, eve = await make.creator(session, name="Ada"), await make.creator(session, name="Eve")
    picture = await held(session, creator_id=ada.id)
    linked = await make.asset(session, creator_id=ada.id)
    content = await make.content(session, ada, covers=(picture, linked))
    query = COVERS % "whole: signedUrl(minutes: 5) small: signedUrl(width: 96, height: 96, format: WEBP)"
    callers = [make.acting_as(ada), make.operator(), make.acting_as(eve), make.acting_as(ada, Scope.FEED_READ)]

    answers = [await api.as_(who).data(query, id=global_id("Content", content.uid)) for who in callers]
    stranger = await api.data(query, id=global_id("Content", content.uid))

    nothing = {"whole": None, "small": None}
    for answer in answers[:2]:
        found, none = answer["content"]["covers"]
        assert none == nothing
        assert found["whole"].startswith(f"{PATH}{picture.uid}?signed=")
        assert found["small"].startswith(f"{PATH}{picture.uid}/96x96-cover.webp?signed=")
        token = found["small"].partition("?signed=")[2]
        await signing.check(session, token, picture.uid, clock=api.clock)
    assert [answer["content"]["covers"] for answer in (*answers[2:], stranger)] == [[nothing, nothing]] * 3


@pytest.mark.parametrize("minutes", [0, -1, 10_081])
async def test_an_address_is_signed_for_a_minute_to_a_week(api: Asking, session: AsyncSession, minutes: int):
    ada = await make.creator(session)
    content = await make.content(session, ada, covers=(await held(session, creator_id=ada.id),))
    query = COVERS % f"signedUrl(minutes: {minutes})"

    codes = await api.as_(make.acting_as(ada)).codes(query, id=global_id("Content", content.uid))

    assert codes == ["SIGNED_URL_TOO_LONG"]
