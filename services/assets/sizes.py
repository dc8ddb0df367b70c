"""The sizes that renditions are offered in: what packs ask for, what pages of ours show, what the operator adds; each with why."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from core.caller import Caller
from core.errors import NotFound
from services.channels import installing
from services.channels.packs import Pack
from services.channels.rendering import pictures
from services.channels.rules.images import ImageExactSize, ImageMinSize, ImageRatio
from services.channels.rules.videos import VideoRatio
from services.media.recipes import Fit, inside

log = structlog.get_logger()

Sides = tuple[int, int]
"""Width and height in pixels."""

LONGEST_SIDE = 4_096
"""No side is longer: twice what most screens have, and what a child process makes within its memory."""

MOST = 200
"""A size is up to nine files for each picture (formats, fits): what packs name beyond this is left out, and logged."""

CHANNEL_WIDTHS = (750, 1_080)
"""The widths in which a ratio is offered: what the platforms of channels/ ask for at least, and what they rate higher."""

HOUSE: tuple[tuple[str, tuple[Sides, ...]], ...] = (
    # twice each, for screens with two pixels where others have one
    ("avatar", ((96, 96), (192, 192))),
    ("card", ((480, 360), (960, 720))),
    ("wide card", ((640, 360), (1280, 720))),
    ("product", ((400, 400), (800, 800))),
    ("banner of a homepage", ((960, 240), (1920, 480))),
    ("hero of a homepage", ((960, 540), (1920, 1080))),
    # the widths that browsers choose among by themselves (srcset): each a good third more than the one before
    ("srcset", ((320, 320), (480, 480), (640, 640), (960, 960), (1280, 1280), (1920, 1920))),
    ("gallery, whole screen", ((2560, 2560),)),
)


class SizeNotOffered(NotFound):
    code = "SIZE_NOT_OFFERED"


@dataclass(frozen=True, slots=True)
class Size:
    """A size that is offered, and what asks for it, such as "weitao.article covers"."""

    width: int
    height: int
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Offer:
    """All sizes, the small ones first."""

    by_sides: dict[Sides, Size]

    @property
    def sizes(self) -> list[Size]:
        return list(self.by_sides.values())

    def check(self, width: int, height: int) -> Size:
        """The size with these sides; SizeNotOffered names those that come nearest."""
        found = self.by_sides.get((width, height))
        if found is None:
            near = ", ".join(f"{size.width}x{size.height}" for size in self.nearest(width, height))
            raise SizeNotOffered(f"{width}x{height} is no size that is offered here; near it are {near}.")
        return found

    def nearest(self, width: int, height: int, count: int = 3) -> list[Size]:
        """The sizes whose sides differ from these by the least factors."""

        def distance(size: Size) -> float:
            return abs(math.log(size.width / max(1, width))) + abs(math.log(size.height / max(1, height)))

        return sorted(self.by_sides.values(), key=distance)[:count]

    def within(self, width: int, height: int, fit: Fit) -> list[Size]:
        """The sizes that do not make a picture of this size larger, each that comes out once, from the narrowest."""
        if fit is Fit.COVER:
            return [size for size in self.sizes if size.width <= width and size.height <= height]
        fitting = {inside(width, height, sides): size for sides, size in reversed(self.by_sides.items())}
        return [fitting[outcome] for outcome in sorted(fitting)]


# the newest offer that this process reckoned, by what it depends on
_newest: dict[tuple[str, str], Offer] = {}


async def offered(session: AsyncSession, added: str = "") -> Offer:
    """The sizes that are offered now; `added` are those of the operator ("96x96, 2400x1350")."""
    catalogue = await installing.catalogue(session)
    key = (catalogue.stamp, added)
    if key not in _newest:
        found = collected((entry.compiled.pack for entry in catalogue.every()), added)
        _newest.clear()
        _newest[key] = found
    return _newest[key]


async def offers(session: AsyncSession, _caller: Caller, added: Sequence[str]) -> dict[str, Offer]:
    """The same for each of these texts of the operator: everybody may ask for renditions of what they see."""
    return {text: await offered(session, text) for text in added}


def collected(packs: Iterable[Pack], added: str = "") -> Offer:
    """The sizes of these packs, of the house and of the operator. Those of packs give way when there are too many."""
    reasons: dict[Sides, dict[str, None]] = defaultdict(dict)
    for sides, reason in (*_of_house(), *_of_operator(added), *(one for pack in packs for one in _of_pack(pack))):
        if max(sides) > LONGEST_SIDE or (sides not in reasons and len(reasons) >= MOST):
            log.warning("rendition.size_left_out", size=f"{sides[0]}x{sides[1]}", reason=reason)
        else:
            reasons[sides][reason] = None
    return Offer({sides: Size(*sides, tuple(why)) for sides, why in sorted(reasons.items())})


def _of_house() -> Iterator[tuple[Sides, str]]:
    for reason, several in HOUSE:
        yield from ((sides, reason) for sides in several)


def _of_operator(added: str) -> Iterator[tuple[Sides, str]]:
    for text in filter(None, map(str.strip, added.split(","))):
        width, _, height = text.partition("x")
        yield (int(width), int(height)), "the operator"


def _of_pack(pack: Pack) -> Iterator[tuple[Sides, str]]:
    # everybody may read the reasons, and not everybody may know of a private channel
    name = "a private channel," if pack.kind == "private" else pack.key
    for rule in pack.rules:
        match rule:
            case ImageExactSize():
                for text in rule.sizes:
                    width, _, height = text.partition("x")
                    yield (int(width), int(height)), f"{name} {rule.of}"
            case ImageMinSize():
                side = rule.width or rule.height or 0
                yield (rule.width or side, rule.height or side), f"{name} {rule.of}"
            case ImageRatio():
                yield from _of_ratios(rule.ratios or rule.between or (), f"{name} {rule.of}")
            case VideoRatio():
                yield from _of_ratios(rule.ratios, f"{name} stills of films")
            case _:
                pass
    if pack.rendering.picture is not None:
        yield from _of_ratios(pack.rendering.picture.ratios, f"{name} its pictures")
        yield from ((sides, f"{name} its pictures") for sides in pictures.sizes(pack.rendering.picture))
    if pack.rendering.products is not None and pack.rendering.products.ratio is not None:
        yield pictures.at_width(pack.rendering.products.ratio, max(CHANNEL_WIDTHS)), f"{name} its cards"


def _of_ratios(ratios: Iterable[str], reason: str) -> Iterator[tuple[Sides, str]]:
    for ratio in ratios:
        for width in CHANNEL_WIDTHS:
            yield pictures.at_width(ratio, width), reason
