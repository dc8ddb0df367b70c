"""The facts of pictures, and what is refused."""

from __future__ import annotations

import math
import zlib
from pathlib import Path

import pytest
import pyvips
from PIL import Image, ImageFilter

from services.media import looking, pictures, segments, sniffing, vips, whereabouts
from services.media.facts import Colour, Flaw, Limits, PictureFacts, Refused
from tests.services.media import drawn

LIMITS = Limits()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "picture"


def probed(file: Path, raw: bytes, limits: Limits = LIMITS) -> PictureFacts:
    """Through the door that a worker uses."""
    file.write_bytes(raw)
    facts = looking.probe(file, file.with_name("served"), limits)
    assert isinstance(facts, PictureFacts)
    return facts


def refused(file: Path, raw: bytes, limits: Limits = LIMITS) -> Refused:
    file.write_bytes(raw)
    with pytest.raises(Refused) as caught:
        looking.probe(file, file.with_name("served"), limits)
    assert str(file) not in caught.value.detail
    return caught.value


# Sizes, and how it lies


@pytest.mark.parametrize("media_type", drawn.MEDIA_TYPES)
@pytest.mark.parametrize("width", [749, 750, 751])
def test_sizes_are_exact_in_every_format(file: Path, media_type: str, width: int) -> None:
    facts = probed(file, drawn.saved(drawn.plain(width, 3), media_type))
    assert (facts.media_type, facts.width, facts.height) == (media_type, width, 3)
    assert (facts.orientation, facts.frame_count, facts.duration_ms, facts.has_transparency) == (1, 1, None, False)
    assert not facts.has_location
    assert not file.with_name("served").exists()


@pytest.mark.parametrize("media_type", [one for one in drawn.MEDIA_TYPES if one != "image/gif"])
def test_every_orientation_gives_the_same_upright_picture(file: Path, media_type: str) -> None:
    upright = probed(file, drawn.oriented(media_type, 1))
    assert (upright.width, upright.height) == (32, 16)
    for orientation in range(2, 9):
        facts = probed(file, drawn.oriented(media_type, orientation))
        # an AVIF has no orientation: it is turned by a property of its own
        assert facts.orientation == (1 if media_type == "image/avif" else orientation)
        changed = {"orientation": 1}
        if media_type == "image/avif":  # which loses a little, each way it lies another
            changed |= {"dominant_colours": upright.dominant_colours, "sharpness": upright.sharpness}
        assert facts.model_copy(update=changed) == upright


def test_a_pixel_is_a_picture(file: Path) -> None:
    facts = probed(file, drawn.saved(drawn.plain(1, 1, drawn.RED)))
    assert (facts.width, facts.height, facts.sharpness, facts.white_background) == (1, 1, 0, 0)
    assert facts.dominant_colours == (Colour(colour="#dc1428", percent=100),)
    assert facts.perceptual_hash == "0" * 16


@pytest.mark.parametrize("size", [(4000, 1), (1, 4000)])
def test_a_line_is_a_picture(file: Path, size: tuple[int, int]) -> None:
    facts = probed(file, drawn.saved(drawn.plain(*size)))
    assert (facts.width, facts.height, facts.white_background) == (*size, 100)


# Transparency, motion, colours


@pytest.mark.parametrize("media_type", ["image/png", "image/webp", "image/avif", "image/tiff", "image/gif"])
def test_transparency_is_a_pixel_that_is_not_opaque(file: Path, media_type: str) -> None:
    opaque = drawn.plain(40, 40, (10, 20, 30, 255))
    assert not probed(file, drawn.saved(opaque, media_type)).has_transparency
    opaque.putpixel((39, 39), (10, 20, 30, 0))
    assert probed(file, drawn.saved(opaque, media_type)).has_transparency


def test_transparency_of_a_later_frame_counts(file: Path) -> None:
    frames = [drawn.plain(8, 8, (9, 9, 9, 255)), drawn.plain(8, 8, (9, 9, 9, 255))]
    frames[1].putpixel((3, 3), (0, 0, 0, 0))
    options = {"save_all": True, "append_images": frames[1:], "duration": 50}
    assert probed(file, drawn.saved(frames[0], "image/webp", **options)).has_transparency
    options["append_images"] = frames[:1]
    assert not probed(file, drawn.saved(frames[0], "image/webp", **options)).has_transparency


@pytest.mark.parametrize("media_type", ["image/gif", "image/webp", "image/png"])
def test_frames_are_counted_and_their_times_added(file: Path, media_type: str) -> None:
    facts = probed(file, drawn.moving(media_type, [70, 120, 200]))
    assert (facts.frame_count, facts.duration_ms, facts.width, facts.height) == (3, 390, 16, 16)


@pytest.mark.parametrize("media_type", ["image/gif", "image/webp", "image/png"])
def test_a_frame_without_time_takes_what_browsers_give_it(file: Path, media_type: str) -> None:
    assert probed(file, drawn.moving(media_type, [0, 20])).duration_ms == 120


def test_of_a_tiff_the_first_page_is_the_picture(file: Path) -> None:
    raw = drawn.saved(drawn.plain(9, 7), "image/tiff", save_all=True, append_images=[drawn.plain(50, 50)])
    facts = probed(file, raw)
    assert (facts.width, facts.height, facts.frame_count, facts.duration_ms) == (9, 7, 1, None)


@pytest.mark.parametrize(
    ("mode", "media_type", "colour_space", "bit_depth"),
    [
        ("RGB", "image/jpeg", "srgb", 8),
        ("L", "image/jpeg", "grey", 8),
        ("CMYK", "image/jpeg", "cmyk", 8),
        ("CMYK", "image/tiff", "cmyk", 8),
        ("1", "image/png", "grey", 1),
        ("LA", "image/png", "grey", 8),
        ("P", "image/png", "srgb", 8),
        ("I;16", "image/png", "grey", 16),
        ("F", "image/tiff", "grey", 32),
        ("P", "image/gif", "srgb", 8),
    ],
)
def test_colour_spaces_and_depths(file: Path, mode: str, media_type: str, colour_space: str, bit_depth: int) -> None:
    image = drawn.quarters(8, 8).convert("L" if mode in {"I;16", "F"} else mode)
    options = {"compression": None} if media_type == "image/tiff" else {}
    facts = probed(file, drawn.saved(image.convert(mode), media_type, **options))
    assert (facts.colour_space, facts.bit_depth) == (colour_space, bit_depth)


def test_lab_of_8_bits_is_refused_for_what_it_is(file: Path) -> None:
    """Should libvips learn to read it (8.18 cannot), this is to become a case of colour spaces."""
    raw = drawn.saved(Image.new("LAB", (8, 8)), "image/tiff", compression=None)
    assert refused(file, raw).flaw is Flaw.UNSUPPORTED_FILE


def test_profiles_are_named_and_heeded(file: Path) -> None:
    red = drawn.plain(8, 8, (255, 0, 0))
    ours, srgb = drawn.profile("ours"), drawn.profile("sRGB")
    assert _colours(probed(file, drawn.saved(red, icc_profile=srgb))) == ("srgb", "#ff0000")
    # by ours, the channel of red is what is seen as green
    assert _colours(probed(file, drawn.saved(red, icc_profile=ours))) == ("rgb", "#00ff00")
    assert _colours(probed(file, drawn.saved(red, "image/webp", icc_profile=b"no profile" * 20))) == ("rgb", "#ff0000")


def _colours(facts: PictureFacts) -> tuple[str, str]:
    return facts.colour_space, facts.dominant_colours[0].colour


# What it looks like


def test_dominant_colours_are_those_that_cover_most(file: Path) -> None:
    image = drawn.plain(50, 50, drawn.RED)
    image.paste(drawn.BLUE, (0, 0, 50, 15))
    image.paste(drawn.GREEN, (0, 45, 50, 50))
    facts = probed(file, drawn.saved(image))
    assert [(one.colour, one.percent) for one in facts.dominant_colours] == [
        ("#dc1428", 60),
        ("#1e28dc", 30),
        ("#14c83c", 10),
    ]


def test_colours_that_are_close_are_one(file: Path) -> None:
    image = Image.linear_gradient("L").crop((0, 120, 256, 136)).resize((64, 64))
    assert len(probed(file, drawn.saved(image)).dominant_colours) == 1


def test_transparent_pixels_have_no_colour_and_are_not_white(file: Path) -> None:
    image = drawn.plain(80, 80, (255, 255, 255, 0))
    image.paste((220, 20, 40, 255), (20, 20, 60, 60))
    facts = probed(file, drawn.saved(image))
    assert facts.dominant_colours == (Colour(colour="#dc1428", percent=25),)
    assert facts.white_background == 0
    assert probed(file, drawn.saved(drawn.plain(8, 8, (0, 0, 0, 0)))).dominant_colours == ()


@pytest.mark.parametrize(("channel", "percent"), [(245, 100), (244, 0)])
def test_near_white_begins_at_245(file: Path, channel: int, percent: int) -> None:
    assert probed(file, drawn.saved(drawn.plain(50, 50, (255, channel, 255)))).white_background == percent


def test_the_border_is_four_percent_of_each_side(file: Path) -> None:
    image = drawn.plain(100, 100)
    image.paste(drawn.RED, (4, 4, 96, 96))
    assert probed(file, drawn.saved(image)).white_background == 100
    image.paste(drawn.RED, (3, 4, 96, 96))
    assert probed(file, drawn.saved(image)).white_background == 94
    image.paste(drawn.RED, (0, 0, 100, 50))
    assert probed(file, drawn.saved(image)).white_background == 47


def test_a_large_border_is_measured_on_the_copy(file: Path) -> None:
    image = drawn.plain(2000, 1000)
    image.paste(drawn.RED, (200, 100, 1800, 900))
    assert probed(file, drawn.saved(image, "image/jpeg")).white_background == 100


def test_sharpness_falls_when_a_picture_is_blurred(file: Path) -> None:
    sharp = drawn.striped(64, 64, 4).convert("RGB")
    values = [
        probed(file, drawn.saved(image)).sharpness
        for image in (sharp, sharp.filter(ImageFilter.GaussianBlur(1)), sharp.filter(ImageFilter.GaussianBlur(3)))
    ]
    assert values[0] > 4 * values[1] > 16 * values[2]
    assert probed(file, drawn.saved(drawn.plain(64, 64, drawn.RED))).sharpness == 0
    # lines one pixel wide: each pixel differs by 255 from both beside it
    assert probed(file, drawn.saved(drawn.striped(512, 8))).sharpness == pytest.approx(510**2, rel=0.01)


def test_pictures_that_look_alike_have_hashes_that_are_near(file: Path) -> None:
    image = Image.radial_gradient("L").convert("RGB")
    image.paste(drawn.RED, (20, 40, 120, 200))
    image.paste(drawn.BLUE, (160, 30, 220, 90))
    original = int(probed(file, drawn.saved(image)).perceptual_hash, 16)
    smaller = int(probed(file, drawn.saved(image.resize((100, 100)), "image/jpeg", quality=60)).perceptual_hash, 16)
    mirrored = int(probed(file, drawn.saved(image.transpose(Image.Transpose.FLIP_LEFT_RIGHT))).perceptual_hash, 16)
    assert (original ^ smaller).bit_count() <= 4
    assert (original ^ mirrored).bit_count() >= 20


def test_the_hash_is_that_of_the_formula(file: Path) -> None:
    """One wave of two periods across gives one frequency, the fourth: its bit alone stands above the median."""
    row = bytes(round(127.5 + 100 * _cosine(at)) for at in range(32))
    facts = probed(file, drawn.saved(Image.frombytes("L", (32, 32), row * 32)))
    assert int(facts.perceptual_hash, 16) == 0  # nothing changes from top to bottom, and frequency 0 is left out
    wave = bytes(round(127.5 + 100 * _cosine(across) * _cosine(down)) for down in range(32) for across in range(32))
    found = int(probed(file, drawn.saved(Image.frombytes("L", (32, 32), wave))).perceptual_hash, 16)
    assert found >> 63 - (3 * 8 + 3) & 1


def _cosine(at: int) -> float:
    return math.cos(math.pi / 32 * (at + 0.5) * 4)


# What is refused


@pytest.mark.parametrize("media_type", drawn.MEDIA_TYPES)
@pytest.mark.parametrize("percent", [10, 50, 90, 99])
def test_what_is_cut_short_is_broken(file: Path, media_type: str, percent: int) -> None:
    raw = drawn.saved(Image.effect_mandelbrot((64, 48), (-2, -1.5, 1, 1.5), 50).convert("RGB"), media_type)
    found = refused(file, raw[: len(raw) * percent // 100])
    assert found.flaw is Flaw.BROKEN_FILE
    if media_type not in {"image/avif", "image/tiff"}:
        assert found.detail == "the file ends before the picture does"


@pytest.mark.parametrize("height", [1031, 1032, 1033, 1039])
@pytest.mark.parametrize("has_alpha", [False, True])
def test_the_last_line_is_read_too(file: Path, height: int, has_alpha: bool) -> None:
    """The file is whole as a file, and what is packed in it ends one line early."""
    colour_type = 6 if has_alpha else 2
    assert refused(file, drawn.png_of(4, height, rows=height - 1, colour_type=colour_type)).flaw is Flaw.BROKEN_FILE
    assert probed(file, drawn.png_of(4, height, colour_type=colour_type)).height == height


def test_a_jpeg_whose_end_was_put_on_is_broken(file: Path) -> None:
    raw = drawn.saved(drawn.quarters(64, 64), "image/jpeg")
    assert refused(file, raw[: len(raw) * 9 // 10] + b"\xff\xd9").flaw is Flaw.BROKEN_FILE


def test_a_gif_may_lack_its_last_byte(file: Path) -> None:
    """Old programs leave it out. A file that ends within a block, or before any image, is cut short."""
    raw = drawn.saved(drawn.quarters(), "image/gif")
    assert probed(file, raw[:-1]).width == 32
    assert refused(file, raw[:-2]).flaw is Flaw.BROKEN_FILE
    assert refused(file, raw[: raw.index(b",\0\0\0\0")]).detail == "the file ends before the picture does"


@pytest.mark.parametrize(("raw", "flaw"), [(b"", Flaw.EMPTY_FILE), (b"\xff", Flaw.UNSUPPORTED_FILE)])
def test_no_bytes_and_one_byte_are_no_picture(file: Path, raw: bytes, flaw: Flaw) -> None:
    assert refused(file, raw).flaw is flaw


@pytest.mark.parametrize(
    "head",
    [
        b"\xff\xd8\xff",
        b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR",
        b"GIF89a",
        b"RIFF\0\0\0\0WEBPVP8 ",
        b"II*\0",
        b"\0\0\0\x18ftypavif\0\0\0\0avifmif1",
    ],
)
def test_a_head_without_a_picture_is_broken(file: Path, head: bytes) -> None:
    assert refused(file, head).flaw is Flaw.BROKEN_FILE
    assert refused(file, head + b"/*=1;alert(document.domain)//" * 9).flaw is Flaw.BROKEN_FILE


def test_what_follows_after_the_end_is_let_be(file: Path) -> None:
    for media_type in ("image/jpeg", "image/png", "image/gif", "image/webp"):
        assert probed(file, drawn.saved(drawn.quarters(), media_type) + b"<script>alert(1)</script>" * 9).width == 32


def test_pixels_are_counted_before_any_is_unpacked(file: Path) -> None:
    """A hundred megapixels by the head alone: was a line unpacked, the file would be broken."""
    lying = refused(file, drawn.png_of(10_000, 10_000, rows=0))
    assert lying.flaw is Flaw.TOO_MANY_PIXELS
    assert lying.detail == "10000 x 10000 are more than the 80,000,000 pixels that are taken"


@pytest.mark.parametrize("media_type", drawn.MEDIA_TYPES)
def test_the_limit_of_pixels_is_exact(file: Path, media_type: str) -> None:
    raw = drawn.saved(drawn.plain(20, 10), media_type)
    assert probed(file, raw, Limits(pixels=200)).width == 20
    assert refused(file, raw, Limits(pixels=199)).flaw is Flaw.TOO_MANY_PIXELS


@pytest.mark.parametrize("media_type", ["image/gif", "image/webp", "image/png"])
def test_the_limits_count_every_frame(file: Path, media_type: str) -> None:
    raw = drawn.moving(media_type, [50] * 5, size=(10, 10))
    assert probed(file, raw, Limits(pixels=500, frames=5)).frame_count == 5
    assert refused(file, raw, Limits(pixels=499)).flaw is Flaw.TOO_MANY_PIXELS
    assert refused(file, raw, Limits(frames=4)).flaw is Flaw.TOO_MANY_FRAMES


@pytest.mark.parametrize("media_type", ["image/gif", "image/webp", "image/png"])
def test_frames_are_counted_before_a_decoder_looks_through_them(
    file: Path, media_type: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vips, "opened", None)
    assert refused(file, drawn.moving(media_type, [50] * 3), Limits(frames=2)).flaw is Flaw.TOO_MANY_FRAMES


def test_a_picture_of_parts_without_number_is_broken(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(segments, "PART_COUNT", 1_000)
    monkeypatch.setattr(segments, "BLOCK_COUNT", 1_000)
    jpeg, png, gif = (drawn.saved(drawn.quarters(), f"image/{name}") for name in ("jpeg", "png", "gif"))
    assert "more parts" in refused(file, jpeg[:2] + b"\xff\xfe\0\2" * 1_001 + jpeg[2:]).detail
    assert "more parts" in refused(file, png[:33] + drawn.chunk(b"tEXt", b"") * 1_001 + png[33:]).detail
    assert "more parts" in refused(file, gif[:-1] + b"\x21\xfe" + b"\1a" * 1_001 + b"\0;").detail


def test_a_wrong_check_sum_is_broken(file: Path) -> None:
    raw = bytearray(drawn.saved(drawn.quarters()))
    raw[raw.index(b"IEND") - 8] ^= 1  # the last byte but four before the length of IEND: the sum of IDAT
    assert refused(file, bytes(raw)).flaw is Flaw.BROKEN_FILE


def test_an_exif_that_leads_in_circles_is_refused(file: Path) -> None:
    entry = b"\x88\x25\0\4\0\0\0\1\0\0\0\x08"
    circle = b"MM\0*\0\0\0\x08\0\1" + entry + b"\0\0\0\x08"
    assert probed(file, drawn.with_chunk(drawn.saved(drawn.quarters()), b"eXIf", circle)).width == 32
    many = b"MM\0*\0\0\0\x08\xc4\x00" + b"".join(at.to_bytes(2) + b"\0\1\0\0\0\1\0\0\0\0" for at in range(50_176))
    raw = drawn.with_chunk(drawn.saved(drawn.quarters()), b"eXIf", many)
    assert refused(file, raw).detail == "its EXIF has too many fields, or leads in circles"


def test_an_exif_whose_fields_claim_the_same_bytes_again_and_again_is_refused(file: Path) -> None:
    """Libraries copy each: sixty fields of half a megabyte are thirty."""
    body = b"MM\0*\0\0\0\x08\0\x3c"
    body += b"".join((0x9000 + at).to_bytes(2) + b"\0\7\0\x08\0\0\0\0\4\0" for at in range(60)) + b"\0\0\0\0"
    raw = drawn.with_chunk(drawn.saved(drawn.quarters()), b"eXIf", body.ljust(1 << 20, b"\0"))
    assert refused(file, raw).detail == "the fields of its EXIF hold more than there is"


def test_metadata_has_a_limit(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    png, jpeg = drawn.saved(drawn.quarters()), drawn.saved(drawn.quarters(), "image/jpeg")
    too_much = drawn.with_chunk(png, b"eXIf", b"MM\0*\0\0\0\x08".ljust((1 << 20) + 1, b"\0"))
    assert refused(file, too_much).detail == "its EXIF is larger than is taken: save the picture without it"
    monkeypatch.setattr(whereabouts, "SPOKEN_BYTES", 4 * 65_537)
    segment = b"\xff\xfe\xff\xff" + bytes(65_533)
    assert probed(file, jpeg[:2] + segment * 3 + jpeg[2:]).width == 32
    assert "metadata is larger" in refused(file, jpeg[:2] + segment * 4 + jpeg[2:]).detail
    several = drawn.chunk(b"tEXt", bytes(65_536)) * 4
    assert "metadata is larger" in refused(file, png[:33] + several + drawn.chunk(b"tEXt", b"12345") + png[33:]).detail


@pytest.mark.parametrize(
    ("name", "head"), [(b"zTXt", b"Comment\0\0"), (b"iTXt", b"Comment\0\1\0\0\0"), (b"iCCP", b"ours\0\0")]
)
def test_words_that_unpack_without_end_are_refused(file: Path, name: bytes, head: bytes) -> None:
    packed = zlib.compress(bytes((16 << 20) + 1), 1)
    assert (
        "larger than is taken"
        in refused(file, drawn.with_chunk(drawn.saved(drawn.quarters()), name, head + packed)).detail
    )


def test_no_more_is_unpacked_than_shows_that_it_is_too_much(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(whereabouts, "SPOKEN_BYTES", 1_000)
    assert len(whereabouts._unpacked(zlib.compress(bytes(9_000)))) == 1_001


def test_a_camera_s_raw_picture_is_no_tiff(file: Path) -> None:
    raw = drawn.saved(drawn.quarters(), "image/tiff", tiffinfo={50706: b"\1\4\0\0"})
    assert refused(file, raw).flaw is Flaw.UNSUPPORTED_FILE


@pytest.mark.parametrize("media_type", drawn.MEDIA_TYPES)
def test_no_byte_that_is_changed_makes_it_fall(file: Path, media_type: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Facts, or a refusal: nothing else comes out, wherever a byte is another."""
    monkeypatch.setattr(pictures.likeness, "perceptual_hash", lambda _: "0" * 16)  # the costliest, and reads no file
    original = drawn.placed(media_type, 6, drawn.quarters(8, 8))
    step = len(original) / 15
    outcomes = set()
    for place in {int(number * step) for number in range(15)}:
        raw = bytearray(original)
        raw[place] ^= 0x85
        file.write_bytes(raw)
        try:
            outcomes.add(pictures.probe(file, media_type, Limits(pixels=1_000_000, frames=50)).kind)
        except Refused as one:
            outcomes.add(one.flaw)
    assert {"IMAGE", Flaw.BROKEN_FILE} <= outcomes


def test_no_loader_but_those_of_our_kinds_is_reachable(tmp_path: Path) -> None:
    drawing = tmp_path / "drawing.svg"
    drawing.write_text("<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>")
    for loader in ("svgload", "csvload", "matrixload", "vipsload"):
        with pytest.raises(pyvips.Error, match="blocked"):
            pyvips.Operation.call(loader, str(drawing))
    assert pyvips.cache_get_max() == 0
    assert sniffing.media_type_of(drawing.read_bytes()) is None


@pytest.mark.parametrize(
    "said", ["vips_tracked: out of memory -- size == 302MB", "heif: Memory allocation error (2.0)"]
)
def test_a_picture_for_which_there_is_no_memory_is_not_called_damaged(said: str) -> None:
    with pytest.raises(Refused) as caught, vips.damage_is_refused():
        raise pyvips.Error("unable to call min", said)
    assert caught.value.flaw is Flaw.TOO_MANY_PIXELS


def test_bytes_between_the_segments_of_a_jpeg_do_no_harm(file: Path) -> None:
    raw = drawn.saved(drawn.quarters(), "image/jpeg")
    at = raw.index(b"\xff\xc0")
    assert probed(file, raw[:at] + b"abc" + raw[at:]).width == 32


def test_bytes_that_are_no_text_in_a_complaint_are_not_said_of_the_next_file(file: Path) -> None:
    """What libvips has to say may hold bytes of the file. It is forgotten, or nothing that it says later could be read."""
    raw = drawn.oriented("image/avif", 6)
    assert refused(file, raw.replace(b"irot", b"\x96rot", 1)).flaw is Flaw.BROKEN_FILE
    test_bytes_between_the_segments_of_a_jpeg_do_no_harm(file)
