"""What is served does not tell where it was made, and shows the same."""

from __future__ import annotations

import io
import zlib
from pathlib import Path

import pytest
import pyvips
from PIL import Image, ImageChops, ImageOps

from services.media import looking, sniffing
from services.media.facts import Limits, PictureFacts
from tests.services.media import drawn

TELLING = (drawn.CANARY.encode(), b"GPS", b"xpacket", b"City")
LIMITS = Limits()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "picture"


def probed(file: Path, raw: bytes) -> PictureFacts:
    file.write_bytes(raw)
    facts = looking.probe(file, _served(file), LIMITS)
    assert isinstance(facts, PictureFacts)
    assert _served(file).exists() == facts.has_location
    return facts


def _served(file: Path) -> Path:
    return file.with_name("served")


def stripped(file: Path, raw: bytes) -> bytes:
    """What is served of a file that tells where it was made: it tells nothing, and its facts are the same."""
    facts = probed(file, raw)
    assert facts.has_location
    served = _served(file).read_bytes()
    assert not [word for word in TELLING if word in served]
    assert sniffing.media_type_of(served) == facts.media_type
    _served(file).unlink()
    again = probed(file, served)
    assert not again.has_location
    assert (again.width, again.height, again.frame_count) == (facts.width, facts.height, facts.frame_count)
    return served


def shown(raw: bytes) -> Image.Image:
    """As a browser shows it: turned as its EXIF says."""
    with Image.open(io.BytesIO(raw)) as image:
        return ImageOps.exif_transpose(image).convert("RGB")


def differs(one: Image.Image, other: Image.Image) -> int:
    """The most that a channel of a pixel differs."""
    assert one.size == other.size
    return max(high for _, high in ImageChops.difference(one, other).getextrema())


@pytest.mark.parametrize("media_type", drawn.MEDIA_TYPES)
def test_the_picture_stays_and_the_place_goes(file: Path, media_type: str) -> None:
    raw = drawn.placed(media_type)
    assert drawn.CANARY.encode() in raw
    assert differs(shown(stripped(file, raw)), shown(raw)) == 0


@pytest.mark.parametrize("media_type", [one for one in drawn.MEDIA_TYPES if one != "image/gif"])
def test_every_orientation_is_kept(file: Path, media_type: str) -> None:
    # all ways are written by the same lines: of what is not JPEG, one mirrored and one turned are enough
    for orientation in range(2, 9) if media_type == "image/jpeg" else (5, 8):
        served = stripped(file, drawn.placed(media_type, orientation))
        assert differs(shown(served), drawn.quarters()) <= (30 if media_type in {"image/avif", "image/jpeg"} else 0)
        # and by the library that makes renditions
        assert pyvips.Image.new_from_buffer(served, "").autorot().getpoint(2, 2) == pytest.approx(drawn.RED, abs=6)


@pytest.mark.parametrize("media_type", ["image/gif", "image/webp", "image/png"])
def test_frames_are_kept_bit_for_bit(file: Path, media_type: str) -> None:
    moving = drawn.moving(media_type, [70, 120], loop=3)
    telling = {
        "image/gif": lambda raw: drawn.with_xmp(drawn.with_comment(raw, b"Somebody's"), drawn.XMP_PLACE),
        "image/webp": lambda _: drawn.moving(media_type, [70, 120], loop=3, xmp=drawn.XMP_PLACE, exif=drawn.gps()),
        "image/png": lambda raw: drawn.with_chunk(raw, b"eXIf", drawn.gps()),
    }[media_type](moving)
    served = stripped(file, telling)
    assert b"Somebody" not in served
    assert _frames(served) == _frames(moving)


def _frames(raw: bytes) -> list[tuple[float, bytes]]:
    """How often they are shown; of each, how long and what."""
    with Image.open(io.BytesIO(raw)) as image:
        frames = [(image.info["loop"], b"")]
        for number in range(image.n_frames):
            image.seek(number)
            image.load()  # only then does Pillow know how long it is shown
            frames.append((image.info["duration"], image.convert("RGBA").tobytes()))
    return frames


def test_a_jpeg_keeps_its_data_its_profile_and_the_colours_of_adobe(file: Path) -> None:
    cmyk = drawn.saved(drawn.quarters().convert("CMYK"), "image/jpeg", icc_profile=drawn.profile("sRGB"))
    raw = drawn.with_segment(cmyk, 0xE1, b"Exif\0\0" + drawn.gps())
    assert stripped(file, raw) == cmyk
    with_jfif = drawn.saved(drawn.quarters(), "image/jpeg", progressive=True)
    assert b"JFIF" in with_jfif
    assert (
        stripped(
            file, with_jfif[:20] + drawn.with_segment(b"\xff\xd8", 0xE1, b"Exif\0\0" + drawn.gps())[2:] + with_jfif[20:]
        )
        == with_jfif
    )


def test_a_png_keeps_its_colours_and_its_transparency(file: Path) -> None:
    palette = drawn.saved(
        drawn.quarters().convert("P"), icc_profile=drawn.profile("sRGB"), transparency=1, dpi=(72, 72)
    )
    assert stripped(file, drawn.with_chunk(palette, b"eXIf", drawn.gps())) == palette


def test_a_webp_without_anything_else_keeps_only_its_picture(file: Path) -> None:
    plain = drawn.saved(drawn.quarters(), "image/webp")
    served = stripped(file, drawn.saved(drawn.quarters(), "image/webp", exif=drawn.gps(), xmp=drawn.XMP_PLACE))
    assert b"EXIF" not in served
    assert served[20] == 0  # the head says of no other chunk that it is there
    assert served[served.index(b"VP8L") :] == plain[plain.index(b"VP8L") :]
    with_profile = drawn.saved(drawn.quarters(), "image/webp", exif=drawn.gps(), icc_profile=drawn.profile("sRGB"))
    assert b"ICCP" in stripped(file, with_profile)


def test_a_tiff_keeps_its_profile_and_its_depth(file: Path) -> None:
    deep = pyvips.Image.black(20, 10, bands=3).linear(1, 40_000).cast("ushort").copy(interpretation="rgb16")
    deep.set_type(pyvips.GValue.blob_type, "icc-profile-data", drawn.profile("sRGB"))
    deep.set_type(pyvips.GValue.blob_type, "xmp-data", drawn.XMP_PLACE)
    served = stripped(file, deep.tiffsave_buffer())
    written = pyvips.Image.tiffload_buffer(served)
    assert (written.format, written.getpoint(3, 3)) == ("ushort", [40_000, 40_000, 40_000])
    assert written.get("icc-profile-data") == drawn.profile("sRGB")


def test_what_follows_after_a_picture_is_looked_at_and_goes(file: Path) -> None:
    """Cameras put a further picture, or a film, behind the first."""
    jpeg = drawn.saved(drawn.quarters(), "image/jpeg")
    assert stripped(file, jpeg + drawn.placed("image/jpeg")) == jpeg
    assert stripped(file, jpeg + bytes(999) + b"\0\0\0\x1e\xa9xyz+48.8577+002.295/") == jpeg
    for media_type in ("image/png", "image/gif", "image/webp"):
        picture = drawn.saved(drawn.quarters(), media_type)
        assert stripped(file, picture + drawn.placed("image/jpeg")) == picture
        assert not probed(file, picture + jpeg).has_location


JPEG, PNG = drawn.saved(drawn.quarters(8, 8), "image/jpeg"), drawn.saved(drawn.quarters(8, 8))
_EXTENDED = b"http://ns.adobe.com/xmp/extension/\0" + b"A" * 32 + bytes(8)
_CUT = b"<x a:GP", b"SLatitude='51,30N'/>"

TELLS = {
    "gps": drawn.with_segment(JPEG, 0xE1, b"Exif\0\0" + drawn.gps()),
    "xmp": drawn.with_segment(JPEG, 0xE1, b"http://ns.adobe.com/xap/1.0/\0" + drawn.XMP_PLACE),
    "xmp as attributes": drawn.with_segment(JPEG, 0xE1, b"http://ns.adobe.com/xap/1.0/\0<x a:GPSLatitude='51,30N'/>"),
    "xmp under another prefix": drawn.with_segment(JPEG, 0xE1, b"x" + drawn.xmp("<q:LocationShown>x</q:LocationShown>")),
    "xmp in UTF-16": drawn.with_segment(JPEG, 0xE1, drawn.XMP_PLACE.decode().encode("utf-16-le")),
    "xmp cut in two": drawn.with_segment(
        drawn.with_segment(JPEG, 0xE1, _EXTENDED + _CUT[1]), 0xE1, _EXTENDED + _CUT[0]
    ),
    "iptc": drawn.with_segment(JPEG, 0xED, drawn.photoshop(0x0404, drawn.iptc(5, "Title") + drawn.iptc(101, "China"))),
    "exif of Photoshop": drawn.with_segment(JPEG, 0xED, drawn.photoshop(0x0422, drawn.gps())),
    "a comment": drawn.with_segment(JPEG, 0xFE, b"GPSLatitude=51.5"),
    "a profile in hexadecimal": drawn.with_chunk(
        PNG, b"zTXt", b"Raw profile type exif\0\0" + zlib.compress(b"\nexif\n    999\n" + (b"Exif\0\0" + drawn.gps()).hex().encode())
    ),
    "packed xmp": drawn.with_chunk(PNG, b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + zlib.compress(drawn.XMP_PLACE)),
    "exif of png": drawn.with_chunk(PNG, b"eXIf", drawn.gps()),
    "gps of tiff": drawn.saved(drawn.quarters(8, 8), "image/tiff", exif=b"Exif\0\0" + drawn.gps(), compression=None),
    "a map": drawn.saved(drawn.quarters(8, 8), "image/tiff", tiffinfo={33922: (0.0, 2.3, 48.9)}, compression=None),
}  # fmt: skip

QUIET = {
    "nothing": JPEG,
    "orientation": drawn.oriented("image/jpeg", 6),
    "exif without gps": drawn.with_chunk(PNG, b"eXIf", b"MM\0*\0\0\0\x08\0\0\0\0\0\0"),
    "the version of gps": drawn.with_chunk(
        PNG, b"eXIf", b"MM\0*\0\0\0\x08\0\1\x88\x25\0\4\0\0\0\1\0\0\0\x1a\0\0\0\0\0\1\0\0\0\1\0\0\0\4\2\3\0\0\0\0\0\0"
    ),
    "who made it": drawn.with_segment(JPEG, 0xE1, b"http://ns.adobe.com/xap/1.0/\0" + drawn.XMP_QUIET),
    "a title": drawn.with_segment(JPEG, 0xED, drawn.photoshop(0x0404, drawn.iptc(5, "Title"))),
    "an empty city": drawn.with_segment(JPEG, 0xED, drawn.photoshop(0x0404, drawn.iptc(90, ""))),
    "a comment": drawn.with_segment(JPEG, 0xFE, b"The Location of this"),
    "software": drawn.saved(drawn.quarters(8, 8), "image/tiff", tiffinfo={305: "Ours"}),
    "a profile": drawn.saved(drawn.quarters(8, 8), "image/webp", icc_profile=drawn.profile("sRGB")),
}  # fmt: skip


@pytest.mark.parametrize("name", TELLS)
def test_a_place_is_found_wherever_it_stands(file: Path, name: str) -> None:
    stripped(file, TELLS[name])


@pytest.mark.parametrize("name", QUIET)
def test_a_picture_without_a_place_is_served_as_it_is(file: Path, name: str) -> None:
    assert not probed(file, QUIET[name]).has_location
