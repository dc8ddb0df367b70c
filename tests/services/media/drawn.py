"""Draws the pictures that tests need: every format, size and orientation, and those that mean harm. Bytes in, bytes out."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

from PIL import Image, ImageCms

MEDIA_TYPES = ("image/jpeg", "image/png", "image/gif", "image/webp", "image/avif", "image/tiff")
LOSSLESS = ("image/png", "image/gif", "image/webp", "image/tiff")

CANARY = "Canary Wharf"
"""A place that stands in what `placed` says, so that a test can look for its letters."""

RED, GREEN, BLUE, WHITE = (220, 20, 40), (20, 200, 60), (30, 40, 220), (255, 255, 255)

_OPTIONS: dict[str, dict[str, Any]] = {
    "image/jpeg": {"quality": 95, "subsampling": 0},
    "image/webp": {"lossless": True, "method": 0, "exact": True},
    "image/avif": {"quality": 90, "speed": 10, "subsampling": "4:4:4"},
    "image/tiff": {"compression": "tiff_deflate"},
}
# what was done to an upright picture so that its orientation puts it right again
_LAID: dict[int, Image.Transpose] = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


def quarters(width: int = 32, height: int = 16) -> Image.Image:
    """Red, green, blue and white in the corners: no way to turn it makes it the same again."""
    image = Image.new("RGB", (width, height), RED)
    image.paste(GREEN, (width // 2, 0, width, height // 2))
    image.paste(BLUE, (0, height // 2, width // 2, height))
    image.paste(WHITE, (width // 2, height // 2, width, height))
    return image


def plain(width: int, height: int, colour: tuple[int, ...] = WHITE) -> Image.Image:
    return Image.new("RGBA" if len(colour) == 4 else "RGB", (width, height), colour)


def saved(image: Image.Image, media_type: str = "image/png", **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, media_type.removeprefix("image/").upper(), **_OPTIONS.get(media_type, {}) | options)
    return file.getvalue()


def oriented(media_type: str, orientation: int, image: Image.Image | None = None) -> bytes:
    """A picture that lies in its file as if the camera was held so, and says it."""
    image = image or quarters()
    lying = image.transpose(_LAID[orientation]) if orientation > 1 else image
    exif = Image.Exif()
    exif[0x0112] = orientation
    if media_type == "image/tiff":
        return saved(lying, media_type, tiffinfo={0x0112: orientation})
    return saved(lying, media_type, exif=exif)


def moving(media_type: str, durations: list[int], size: tuple[int, int] = (16, 16), **options: Any) -> bytes:
    """As many frames as durations in milliseconds, each of another colour."""
    frames = [plain(*size, colour=(at * 37 % 256, at * 91 % 256, 200)) for at in range(len(durations))]
    return saved(
        frames[0], media_type, save_all=True, append_images=frames[1:], duration=durations, **{"loop": 0} | options
    )


def gps(place: str = CANARY, orientation: int = 1) -> bytes:
    """An EXIF with coordinates and the name of a place, without the letters that JPEG puts before it."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x8825] = {1: "N", 2: (51.0, 30.0, 18.0), 3: "W", 4: (0.0, 1.0, 9.0), 18: place}
    return exif.tobytes().removeprefix(b"Exif\0\0")


def xmp(inner: str) -> bytes:
    """A packet of XMP with these elements."""
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF '
        'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="">'
        f'{inner}</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
    ).encode()


XMP_PLACE = xmp(f"<photoshop:City>{CANARY}</photoshop:City>")
XMP_QUIET = xmp("<dc:creator>Somebody</dc:creator>")


def iptc(dataset: int, value: str) -> bytes:
    """One dataset of record 2."""
    raw = value.encode()
    return b"\x1c\x02" + bytes([dataset]) + struct.pack(">H", len(raw)) + raw


def photoshop(resource: int, body: bytes) -> bytes:
    """What Photoshop puts into APP13: one resource without a name."""
    return b"Photoshop 3.0\0" + b"8BIM" + struct.pack(">HHI", resource, 0, len(body)) + body + b"\0" * (len(body) % 2)


def with_segment(jpeg: bytes, marker: int, body: bytes) -> bytes:
    """A JPEG with one more segment, the first after its beginning."""
    return jpeg[:2] + bytes([0xFF, marker]) + struct.pack(">H", len(body) + 2) + body + jpeg[2:]


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def with_chunk(png: bytes, name: bytes, body: bytes) -> bytes:
    """A PNG with one more chunk, the first after its head."""
    return png[:33] + chunk(name, body) + png[33:]


def with_comment(gif: bytes, text: bytes) -> bytes:
    """A GIF with a comment of up to 255 bytes before its end."""
    return gif[:-1] + b"\x21\xfe" + bytes([len(text)]) + text + b"\0;"


def with_xmp(gif: bytes, packet: bytes) -> bytes:
    """A GIF with XMP as it is put there: as it is, before a slide that leads out of it from wherever one lands."""
    slide = b"\x01" + bytes(range(255, -1, -1)) + b"\0"
    return gif[:-1] + b"\x21\xff\x0bXMP DataXMP" + packet + slide + b";"


def placed(media_type: str, orientation: int = 1, image: Image.Image | None = None) -> bytes:
    """A picture that tells in every way of its format where it was made."""
    image = image or quarters()
    lying = image.transpose(_LAID[orientation]) if orientation > 1 else image
    said = gps(orientation=orientation)
    match media_type:
        case "image/jpeg":
            jpeg = with_segment(saved(lying, media_type), 0xFE, CANARY.encode())
            jpeg = with_segment(jpeg, 0xED, photoshop(0x0404, iptc(90, CANARY)))
            jpeg = with_segment(jpeg, 0xE1, b"http://ns.adobe.com/xap/1.0/\0" + XMP_PLACE)
            return with_segment(jpeg, 0xE1, b"Exif\0\0" + said)
        case "image/png":
            png = with_chunk(saved(lying), b"tEXt", b"exif:GPSAreaInformation\0" + CANARY.encode())
            png = with_chunk(png, b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + XMP_PLACE)
            return with_chunk(png, b"eXIf", said)
        case "image/gif":
            return with_xmp(with_comment(saved(lying, media_type), CANARY.encode()), XMP_PLACE)
        case "image/tiff":
            tags = {0x0112: orientation, 700: XMP_PLACE, 33723: iptc(90, CANARY)}
            return saved(lying, media_type, tiffinfo=tags)
        case _:
            return saved(lying, media_type, exif=said, xmp=XMP_PLACE)


def striped(width: int, height: int, stripe: int = 1) -> Image.Image:
    """Black and white lines from top to bottom, `stripe` pixels wide each: as sharp as can be."""
    row = bytes(0 if at // stripe % 2 else 255 for at in range(width))
    return Image.frombytes("L", (width, height), row * height)


def png_of(width: int, height: int, *, rows: int | None = None, colour_type: int = 0, depth: int = 8) -> bytes:
    """A black PNG that says its size and has so many rows (all of them), packed as tightly as zeros can be."""
    row = b"\0" * (1 + (width * depth * {0: 1, 2: 3, 4: 2, 6: 4}[colour_type] + 7) // 8)
    packer = zlib.compressobj(1)
    packed = b"".join(packer.compress(row) for _ in range(height if rows is None else rows)) + packer.flush()
    head = struct.pack(">IIBBBBB", width, height, depth, colour_type, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")


def profile(name: str) -> bytes:
    """A profile of colours: "sRGB", or one of our own in which red and green are exchanged."""
    made = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    srgb = made[:24] + bytes(12) + made[36:]  # without when it was made
    if name == "sRGB":
        return srgb
    exchanged = srgb.replace(b"rXYZ", b"????", 1).replace(b"gXYZ", b"rXYZ", 1).replace(b"????", b"gXYZ", 1)
    return exchanged.replace("sRGB".encode("utf-16-be"), "Ours".encode("utf-16-be")).replace(b"sRGB", b"Ours")
