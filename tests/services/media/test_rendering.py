"""Renditions of pictures and films: size, crop, turn, colours, and nothing of what the file told beside its picture."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from services.media import rendering
from services.media.facts import Flaw, Refused
from services.media.recipes import Fit, Format, Made, Recipe, covering, inside
from tests.services.media import drawn, encoded

Colour = tuple[int, int, int]


def made(path: Path, width: int, height: int, fit: Fit, written_as: Format = Format.PNG, **said: Any) -> Made:
    recipe = Recipe(width=width, height=height, fit=fit, format=written_as, **said)
    return rendering.render(path, recipe, path.parent / "made")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "source"
    path.write_bytes(drawn.saved(drawn.quarters(64, 32)))
    return path


def shown(path: Path) -> Image.Image:
    return Image.open(io.BytesIO((path.parent / "made").read_bytes()))


def colour(image: Image.Image, x: int, y: int) -> Colour:
    found = image.convert("RGB").getpixel((x, y))
    assert isinstance(found, tuple)
    return found[0], found[1], found[2]


def is_near(one: Colour, other: Colour, most: int = 24) -> bool:
    return all(abs(a - b) <= most for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize(
    ("size", "box", "fitted", "covered"),
    [
        ((4000, 3000), (750, 422), (563, 422), (750, 563)),
        ((750, 421), (750, 422), (750, 421), (752, 422)),
        ((3000, 4000), (1080, 1080), (810, 1080), (1080, 1440)),
        ((16, 16), (1080, 1080), (16, 16), (1080, 1080)),
        ((30_000, 1), (320, 320), (320, 1), (9_600_000, 320)),
        ((1, 1), (1, 1), (1, 1), (1, 1)),
    ],
)
def test_how_large_it_comes_out_is_known_before(size: Any, box: Any, fitted: Any, covered: Any):
    assert inside(*size, box) == fitted
    assert covering(*size, box) == covered


@pytest.mark.parametrize("written_as", [Format.JPEG, Format.WEBP, Format.AVIF, Format.PNG])
def test_each_format_is_what_it_says(source: Path, written_as: Format):
    found = made(source, 20, 20, Fit.COVER, written_as)

    content = (source.parent / "made").read_bytes()
    assert Image.open(io.BytesIO(content)).format == written_as.value.upper()
    assert found == Made(
        media_type=f"image/{written_as}",
        byte_count=len(content),
        width=20,
        height=20,
        sha256=hashlib.sha256(content).hexdigest(),
    )


@pytest.mark.parametrize(
    ("fit", "asked", "size"),
    [
        (Fit.INSIDE, (16, 16), (16, 8)),
        (Fit.INSIDE, (640, 640), (64, 32)),
        (Fit.COVER, (16, 16), (16, 16)),
        # channels ask for exact sizes
        (Fit.COVER, (75, 42), (75, 42)),
    ],
)
def test_inside_never_enlarges_and_cover_is_exact(source: Path, fit: Fit, asked: Any, size: Any):
    found = made(source, *asked, fit)

    assert (found.width, found.height) == shown(source).size == size


@pytest.mark.parametrize(
    ("size", "focal", "kept"),
    [
        # the left half of the quarters is red above blue, the right half green above white
        ((80, 20), (0, 500), (drawn.RED, drawn.BLUE)),
        ((80, 20), (1000, 500), (drawn.GREEN, drawn.WHITE)),
        ((20, 80), (500, 0), (drawn.RED, drawn.RED)),
        ((20, 80), (500, 1000), (drawn.BLUE, drawn.BLUE)),
    ],
)
def test_the_focal_point_decides_what_is_kept(tmp_path: Path, size: Any, focal: Any, kept: Any):
    path = tmp_path / "source"
    path.write_bytes(drawn.saved(drawn.quarters(*size)))

    made(path, 20, 20, Fit.COVER, focal=focal)

    assert (colour(shown(path), 4, 4), colour(shown(path), 4, 15)) == kept


def test_the_focal_point_stands_in_the_middle_where_the_edges_let_it(tmp_path: Path):
    path = tmp_path / "source"
    image = drawn.plain(300, 100)
    image.paste(drawn.RED, (190, 0, 210, 100))
    path.write_bytes(drawn.saved(image))

    made(path, 100, 100, Fit.COVER, focal=(666, 500))

    assert colour(shown(path), 50, 50) == drawn.RED
    assert colour(shown(path), 10, 50) == colour(shown(path), 90, 50) == drawn.WHITE


def test_without_a_focal_point_what_draws_the_eye_is_kept(tmp_path: Path):
    path = tmp_path / "source"
    image = drawn.plain(300, 100)
    image.paste(drawn.quarters(60, 60), (230, 20))
    path.write_bytes(drawn.saved(image))

    made(path, 100, 100, Fit.COVER)

    colours = {colour(shown(path), x, 50) for x in range(0, 100, 5)}
    assert drawn.BLUE in colours or drawn.RED in colours


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("fit", Fit)
def test_it_stands_upright_however_the_camera_was_held(tmp_path: Path, orientation: int, fit: Fit):
    path = tmp_path / "source"
    path.write_bytes(drawn.oriented("image/jpeg", orientation, drawn.quarters(96, 48)))

    found = made(path, 48, 24, fit)

    image = shown(path)
    corners = [colour(image, x, y) for x, y in ((6, 6), (42, 6), (6, 18), (42, 18))]
    assert (found.width, found.height) == (48, 24)
    for seen, expected in zip(corners, (drawn.RED, drawn.GREEN, drawn.BLUE, drawn.WHITE), strict=True):
        assert is_near(seen, expected), (orientation, corners)


def test_jpeg_shows_white_through_what_is_transparent_and_others_keep_it(tmp_path: Path):
    path = tmp_path / "source"
    path.write_bytes(drawn.saved(drawn.plain(32, 32, (200, 0, 0, 0))))

    made(path, 16, 16, Fit.COVER, Format.JPEG)
    flat = colour(shown(path), 8, 8)
    made(path, 16, 16, Fit.COVER, Format.WEBP)

    assert flat == (255, 255, 255)
    assert shown(path).convert("RGBA").getpixel((8, 8))[3] == 0  # type: ignore[index]  # four bands


def test_a_wide_gamut_comes_out_in_srgb(tmp_path: Path):
    path = tmp_path / "source"
    image = Image.new("CMYK", (32, 32), (0, 255, 255, 0))
    path.write_bytes(drawn.saved(image, "image/jpeg"))

    made(path, 16, 16, Fit.COVER)

    assert shown(path).mode == "RGB"
    assert is_near(colour(shown(path), 8, 8), (237, 28, 36), 30)


@pytest.mark.parametrize("mode", ["L", "LA", "P", "I;16", "1"])
def test_whatever_its_bands_it_comes_out_in_srgb_with_eight_bits(tmp_path: Path, mode: str):
    path = tmp_path / "source"
    path.write_bytes(drawn.saved(Image.new(mode, (32, 32), 0)))

    made(path, 16, 16, Fit.COVER)

    assert shown(path).mode in {"RGB", "RGBA"}
    assert colour(shown(path), 8, 8) == (0, 0, 0)


@pytest.mark.parametrize("written_as", [Format.JPEG, Format.WEBP, Format.AVIF, Format.PNG])
def test_nothing_is_told_of_where_it_was_made(tmp_path: Path, written_as: Format):
    path = tmp_path / "source"
    path.write_bytes(drawn.placed("image/jpeg"))
    assert drawn.CANARY.encode() in path.read_bytes()

    made(path, 16, 16, Fit.COVER, written_as)

    content = (tmp_path / "made").read_bytes()
    assert drawn.CANARY.encode() not in content
    assert b"Exif" not in content
    assert b"<x:xmpmeta" not in content


def test_of_a_moving_picture_the_first_frame_is_taken(tmp_path: Path):
    path = tmp_path / "source"
    path.write_bytes(drawn.moving("image/gif", [100, 100, 100]))

    found = made(path, 8, 8, Fit.COVER, Format.WEBP)

    assert (found.width, found.height) == (8, 8)
    assert getattr(shown(path), "n_frames", 1) == 1
    assert is_near(colour(shown(path), 4, 4), (0, 0, 200))


def test_a_line_that_covers_a_square_is_cut_before_it_is_made_large(tmp_path: Path):
    path = tmp_path / "source"
    path.write_bytes(drawn.saved(drawn.plain(3_000, 1, drawn.RED)))

    found = made(path, 400, 400, Fit.COVER, Format.JPEG)

    assert (found.width, found.height) == (400, 400)


@pytest.mark.parametrize("content", [b"", b"no picture", b"\x89PNG\r\n\x1a\n"])
def test_what_is_no_picture_is_refused(tmp_path: Path, content: bytes):
    path = tmp_path / "source"
    path.write_bytes(content)

    with pytest.raises(Refused) as refused:
        made(path, 16, 16, Fit.COVER)

    assert refused.value.flaw is Flaw.BROKEN_FILE
    assert str(tmp_path) not in refused.value.detail


def test_of_a_film_there_are_stills_and_a_preview(tmp_path: Path):
    path = encoded.film(tmp_path / "film.mp4", encoded.Film(frames=40, rate=5, width=64, height=32))

    still = made(path, 16, 16, Fit.COVER, Format.JPEG, is_film=True)
    preview = made(path, 32, 32, Fit.INSIDE, Format.MP4, is_film=True)

    assert (still.media_type, still.width, still.height) == ("image/jpeg", 16, 16)
    assert (preview.media_type, preview.width, preview.height) == ("video/mp4", 32, 16)
    assert {one.name for one in tmp_path.iterdir()} == {"film.mp4", "made"}
