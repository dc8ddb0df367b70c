"""The sizes that are offered: each has its reasons, and nobody can have another."""

from __future__ import annotations

from typing import Any

import pytest

from core.caller import SYSTEM
from core.errors import Misconfigured
from core.settings import read_settings
from services.assets import sizes
from services.assets.sizes import Size, SizeNotOffered
from services.channels import installing
from services.channels.packs import Pack, parse_pack
from services.media.recipes import Fit

PACK = """
schema = 1
key = "shop.window"
kind = "platform"
time_zone = "Asia/Shanghai"
name = { en = "Window", zh = "橱窗" }
description = { en = "A window.", zh = "橱窗。" }
source = { provenance = "house", confidence = "A" }
[selector]
"""
COVERS = '[[rules]]\nkind = "image.min_size"\nof = "covers"\n'


def pack(rules: str, **changed: str) -> Pack:
    text = PACK
    for name, value in changed.items():
        text = text.replace(f'{name} = "platform"', f'{name} = "{value}"')
    return parse_pack(text + rules, "window.toml")


def of_pack(found: sizes.Offer) -> dict[tuple[int, int], tuple[str, ...]]:
    """The sizes that only packs ask for."""
    house = {sides for _, several in sizes.HOUSE for sides in several}
    return {sides: size.reasons for sides, size in found.by_sides.items() if sides not in house}


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        (COVERS + "width = 750\nheight = 422", {(750, 422): ("shop.window covers",)}),
        (COVERS + "width = 700", {(700, 700): ("shop.window covers",)}),
        (
            '[[rules]]\nkind = "image.exact_size"\nof = "images"\nsizes = ["400x300", "801x601"]',
            {(400, 300): ("shop.window images",), (801, 601): ("shop.window images",)},
        ),
        (
            '[[rules]]\nkind = "image.ratio"\nof = "covers"\nratios = ["16:9"]',
            {(750, 422): ("shop.window covers",), (1080, 608): ("shop.window covers",)},
        ),
        (
            '[[rules]]\nkind = "image.ratio"\nof = "images"\nbetween = ["4:5", "1.91:1"]',
            {
                (750, 393): ("shop.window images",),
                (750, 938): ("shop.window images",),
                (1080, 565): ("shop.window images",),
                (1080, 1350): ("shop.window images",),
            },
        ),
        (
            '[[rules]]\nkind = "video.ratio_in"\nratios = ["9:16"]',
            {(750, 1333): ("shop.window stills of films",), (1080, 1920): ("shop.window stills of films",)},
        ),
        (
            '[rendering]\npicture = { ratios = ["3:4"] }',
            {(750, 1000): ("shop.window its pictures",), (1080, 1440): ("shop.window its pictures",)},
        ),
    ],
)
def test_a_pack_is_offered_what_it_asks_for(rules: str, expected: Any):
    assert of_pack(sizes.collected([pack(rules)])) == expected


def test_a_size_names_all_that_ask_for_it_and_a_private_channel_not_by_name():
    rules = COVERS + "width = 960\nheight = 720"

    found = sizes.collected([pack(rules), pack(rules, kind="private")], added="960x720, 77x77")

    assert found.by_sides[960, 720] == Size(
        960, 720, ("card", "the operator", "shop.window covers", "a private channel, covers")
    )
    assert found.by_sides[77, 77].reasons == ("the operator",)


def test_what_packs_name_beyond_measure_is_left_out():
    rules = [COVERS + f"width = {width}\nheight = 9" for width in (4_096, 4_097, *range(10, 300))]

    found = sizes.collected([pack(one) for one in rules])

    assert (4_096, 9) in found.by_sides
    assert (4_097, 9) not in found.by_sides
    assert len(found.sizes) == sizes.MOST
    assert (1920, 1080) in found.by_sides


def test_another_size_is_refused_with_the_nearest_ones():
    found = sizes.collected([pack(COVERS + "width = 750\nheight = 422")])

    with pytest.raises(
        SizeNotOffered, match=r"^751x422 is no size that is offered here; near it are 750x422, 640x360, "
    ):
        found.check(751, 422)
    assert found.check(750, 422).width == 750


def test_a_small_picture_is_offered_nothing_that_makes_it_larger():
    found = sizes.collected([])

    assert [(one.width, one.height) for one in found.within(640, 480, Fit.COVER)] == [
        (96, 96),
        (192, 192),
        (320, 320),
        (400, 400),
        (480, 360),
        (480, 480),
        (640, 360),
    ]
    # each comes out once: many boxes hold the whole picture
    assert [(one.width, one.height) for one in found.within(300, 10, Fit.INSIDE)] == [(96, 96), (192, 192), (320, 320)]


async def test_a_pack_that_is_installed_is_offered_its_sizes_at_once(session):
    before = await sizes.offered(session)
    await installing.install(session, SYSTEM, pack(COVERS + "width = 751\nheight = 423"))

    after = await sizes.offered(session)

    assert (751, 423) not in before.by_sides
    assert after.by_sides[751, 423].reasons == ("shop.window covers",)
    assert await sizes.offered(session) is after


@pytest.mark.parametrize("text", ["96", "96x", "0x96", "96 x 96", "10000x1", "96x96;1x1", "-1x4"])
def test_sizes_of_the_operator_are_read_strictly(text: str):
    with pytest.raises(Misconfigured, match="HEADWATER_RENDITION_SIZES"):
        read_settings(rendition_sizes=text, _env_file=None)
