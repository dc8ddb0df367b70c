"""What lies behind a scene: skies with hills, water or houses; rooms, tables and counters."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from sample.drawing import colours
from sample.drawing.canvas import Canvas
from sample.drawing.colours import Rgb
from sample.drawing.luck import Luck

Palette = Mapping[str, str]
Backdrop = Callable[[Canvas, Palette, Luck], None]
SKYLINE_STEPS = 60


def _of(palette: Palette, word: str) -> Rgb:
    return colours.named(word, palette)[:3]


def _sky(canvas: Canvas, palette: Palette, end: float) -> None:
    canvas.gradient(_of(palette, "top"), _of(palette, "bottom"), 0, canvas.level(end))


def _ridge(canvas: Canvas, colour: Rgb, level: float, swing: float, luck: Luck) -> None:
    """A line of hills about `level` of the height, filled down to the lower edge."""
    first, second = luck.between(0, math.tau), luck.between(0, math.tau)
    waves = luck.between(1.1, 1.9), luck.between(2.6, 4.2)
    points = [(0.0, float(canvas.height))]
    for step in range(SKYLINE_STEPS + 1):
        share = step / SKYLINE_STEPS
        lift = 0.65 * math.sin(first + share * math.tau * waves[0]) + 0.35 * math.sin(
            second + share * math.tau * waves[1]
        )
        points.append((share * canvas.width, canvas.level(level - swing * lift)))
    canvas.fill([*points, (float(canvas.width), float(canvas.height))], colour)


def _sun(canvas: Canvas, palette: Palette, luck: Luck, height: float = 0.28) -> None:
    x, y = canvas.width * luck.between(0.18, 0.82), canvas.height * luck.between(height - 0.08, height + 0.06)
    size = min(canvas.width, canvas.height) * 0.075
    canvas.glow(x, y, size * 2.4, _of(palette, "light"), 0.5)
    canvas.oval(x, y, size, size, _of(palette, "light"))


def _clouds(canvas: Canvas, luck: Luck, count: int = 3) -> None:
    for _ in range(count):
        x, y = canvas.width * luck.share(), canvas.height * luck.between(0.08, 0.3)
        size = min(canvas.width, canvas.height) * luck.between(0.04, 0.07)
        for across, up, part in ((-1.3, 0, 0.75), (0, -0.35, 1), (1.3, 0, 0.7)):
            canvas.oval(x + across * size, y + up * size, size * part * 1.2, size * part * 0.75, (255, 255, 255, 150))


def night_hills(canvas: Canvas, palette: Palette, luck: Luck) -> None:
    _sky(canvas, palette, 0.75)
    for _ in range(70):
        size = luck.between(0.8, 2.2)
        place = canvas.width * luck.share(), canvas.height * luck.between(0.02, 0.5)
        canvas.oval(*place, size, size, (255, 255, 255, round(luck.between(110, 230))))
    _sun(canvas, palette, luck, 0.22)
    _ridge(canvas, _of(palette, "far"), 0.6, 0.07, luck)
    _ridge(canvas, _of(palette, "mid"), 0.69, 0.05, luck)
    _ridge(canvas, _of(palette, "near"), 0.8, 0.02, luck)


def day_hills(canvas: Canvas, palette: Palette, luck: Luck) -> None:
    _sky(canvas, palette, 0.7)
    _sun(canvas, palette, luck)
    _clouds(canvas, luck)
    _ridge(canvas, _of(palette, "far"), 0.55, 0.08, luck)
    _ridge(canvas, _of(palette, "mid"), 0.66, 0.05, luck)
    _ridge(canvas, _of(palette, "near"), 0.78, 0.02, luck)


def lake(canvas: Canvas, palette: Palette, luck: Luck) -> None:
    _sky(canvas, palette, 0.6)
    _sun(canvas, palette, luck)
    _clouds(canvas, luck, 2)
    _ridge(canvas, _of(palette, "far"), 0.5, 0.06, luck)
    _ridge(canvas, _of(palette, "mid"), 0.58, 0.03, luck)
    water = colours.mix(_of(palette, "top"), (255, 255, 255), 0.25)
    canvas.gradient(water, colours.mix(water, colours.DARK, 0.18), canvas.level(0.62), canvas.height)
    for step in range(16):
        y = canvas.level(0.645 + step * 0.022)
        x, length = canvas.width * luck.share(), canvas.width * luck.between(0.05, 0.16)
        canvas.stroke([(x, y), (x + length, y)], 2.4, (255, 255, 255, 95))
    _ridge(canvas, _of(palette, "near"), 0.93, 0.025, luck)


def forest(canvas: Canvas, palette: Palette, luck: Luck) -> None:
    _sky(canvas, palette, 0.8)
    for row, word in enumerate(("far", "mid")):
        colour = colours.mix(_of(palette, word), _of(palette, "bottom"), 0.45 - row * 0.3)
        for step in range(15):
            x = canvas.width * (step + luck.between(-0.2, 0.6)) / 14
            width = canvas.width * luck.between(0.012, 0.022) * (1 + row * 0.5)
            canvas.rectangle(x, 0, width, canvas.level(0.8), colour)
    _ridge(canvas, _of(palette, "mid"), 0.72, 0.03, luck)
    _ridge(canvas, _of(palette, "near"), 0.82, 0.02, luck)
    middle, path = canvas.width * luck.between(0.42, 0.58), colours.mix(_of(palette, "bottom"), (190, 150, 110), 0.5)
    foot = canvas.height
    canvas.fill(
        [
            (middle - canvas.width * 0.015, canvas.level(0.79)),
            (middle + canvas.width * 0.015, canvas.level(0.79)),
            (middle + canvas.width * 0.2, foot),
            (middle - canvas.width * 0.13, foot),
        ],
        path,
    )


def sea(canvas: Canvas, palette: Palette, luck: Luck) -> None:
    _sky(canvas, palette, 0.52)
    _sun(canvas, palette, luck)
    _clouds(canvas, luck, 2)
    canvas.gradient(_of(palette, "far"), _of(palette, "mid"), canvas.level(0.5), canvas.level(0.8))
    for _ in range(14):
        x, y = canvas.width * luck.share(), canvas.level(luck.between(0.53, 0.73))
        canvas.stroke([(x, y), (x + canvas.width * luck.between(0.03, 0.1), y)], 2.2, (255, 255, 255, 120))
    _ridge(canvas, (250, 246, 232), 0.775, 0.012, luck)
    _ridge(canvas, _of(palette, "near"), 0.80, 0.012, luck)


def street(canvas: Canvas, palette: Palette, luck: Luck) -> None:
    _houses(canvas, palette, luck, base=0.78)
    canvas.rectangle(
        0,
        canvas.level(0.78),
        canvas.width,
        canvas.stage * 0.08,
        colours.mix(_of(palette, "near"), (255, 255, 255), 0.45),
    )
    canvas.rectangle(0, canvas.level(0.86), canvas.width, canvas.stage * 0.14, _of(palette, "near"))
    for step in range(8):
        x = canvas.width * (step / 7 - 0.04)
        canvas.rectangle(x, canvas.level(0.925), canvas.width * 0.07, canvas.stage * 0.012, (255, 255, 255, 190))


def skyline(canvas: Canvas, palette: Palette, luck: Luck) -> None:
    _houses(canvas, palette, luck, base=0.9)
    _ridge(canvas, _of(palette, "near"), 0.92, 0.015, luck)


def _houses(canvas: Canvas, palette: Palette, luck: Luck, base: float) -> None:
    _sky(canvas, palette, base)
    _sun(canvas, palette, luck, 0.2)
    _clouds(canvas, luck, 2)
    for word, low, high in (("far", 0.3, 0.52), ("mid", 0.18, 0.4)):
        x = -0.02
        while x < 1.02:
            width, height = luck.between(0.07, 0.13), luck.between(low, high)
            _house(canvas, palette, luck, word, (x, base - height, width, height))
            x += width + luck.between(-0.005, 0.02)


def _house(canvas: Canvas, palette: Palette, luck: Luck, word: str, box: tuple[float, float, float, float]) -> None:
    x, y = box[0] * canvas.width, canvas.level(box[1])
    width, height = box[2] * canvas.width, box[3] * canvas.stage
    canvas.rectangle(x, y, width, height, _of(palette, word))
    side = canvas.width * 0.012
    pane = (*_of(palette, "light"), 150)
    for row in range(int(height / (side * 2.6))):
        for column in range(int(width / (side * 2.2))):
            if luck.share() < 0.55:
                canvas.rectangle(x + side * (0.7 + column * 2.1), y + side * (1 + row * 2.6), side, side * 1.4, pane)


def room(canvas: Canvas, palette: Palette, luck: Luck) -> None:
    """A wall, a skirting board, a floor and a rug."""
    floor = canvas.level(0.76)
    canvas.gradient(_of(palette, "top"), _of(palette, "bottom"), 0, floor)
    pale = colours.mix(_of(palette, "top"), (255, 255, 255), 0.35)
    canvas.oval(
        canvas.width * luck.between(0.2, 0.8),
        canvas.level(0.34),
        canvas.stage * 0.42,
        canvas.stage * 0.42,
        (*pale, 130),
    )
    canvas.rectangle(
        0, floor - canvas.stage * 0.018, canvas.width, canvas.stage * 0.018, colours.mix(pale, (255, 255, 255), 0.4)
    )
    canvas.gradient(_of(palette, "mid"), _of(palette, "near"), floor, canvas.height)
    for step in range(1, 4):
        y = floor + (canvas.height - floor) * (step / 4) ** 1.3
        canvas.stroke([(0, y), (canvas.width, y)], 1.6, (0, 0, 0, 22))
    rug = colours.mix(_of(palette, "pop"), _of(palette, "mid"), 0.25)
    canvas.oval(canvas.width / 2, canvas.level(0.9), canvas.width * 0.36, canvas.stage * 0.065, rug)
    canvas.oval(
        canvas.width / 2,
        canvas.level(0.9),
        canvas.width * 0.30,
        canvas.stage * 0.05,
        colours.mix(rug, (255, 255, 255), 0.18),
    )


def table(canvas: Canvas, palette: Palette, luck: Luck) -> None:
    """A wall and the top of a table across the whole picture."""
    edge = canvas.level(0.7)
    canvas.gradient(_of(palette, "top"), _of(palette, "bottom"), 0, edge)
    pale = colours.mix(_of(palette, "top"), (255, 255, 255), 0.4)
    canvas.oval(
        canvas.width * luck.between(0.25, 0.75),
        canvas.level(0.42),
        canvas.stage * 0.44,
        canvas.stage * 0.44,
        (*pale, 130),
    )
    canvas.gradient(_of(palette, "mid"), _of(palette, "near"), edge, canvas.height)
    canvas.rectangle(0, edge, canvas.width, canvas.stage * 0.012, (255, 255, 255, 60))
    for step in range(1, 4):
        y = edge + (canvas.height - edge) * step / 4
        canvas.stroke([(0, y), (canvas.width, y)], 1.6, (0, 0, 0, 20))


def kitchen(canvas: Canvas, palette: Palette, luck: Luck) -> None:
    """Tiles between a shelf and a counter."""
    table(canvas, palette, luck)
    shelf, edge, side = canvas.level(0.22), canvas.level(0.7), canvas.stage / 9
    tile, joint = colours.mix(_of(palette, "top"), (255, 255, 255), 0.25), (*_of(palette, "far"), 110)
    canvas.rectangle(0, shelf, canvas.width, edge - shelf, tile)
    for row in range(math.ceil((edge - shelf) / (side / 2))):
        y = edge - row * side / 2
        canvas.stroke([(0, y), (canvas.width, y)], 1.6, joint)
        for column in range(math.ceil(canvas.width / side) + 1):
            x = side * (column + (0.5 if row % 2 else 0))
            canvas.stroke([(x, y), (x, max(shelf, y - side / 2))], 1.6, joint)
    canvas.rectangle(0, shelf - canvas.stage * 0.015, canvas.width, canvas.stage * 0.022, _of(palette, "near"))


def window_wall(canvas: Canvas, palette: Palette, luck: Luck) -> None:
    """A room that looks out through a wide window."""
    room(canvas, palette, luck)
    _window(canvas, luck, is_wet=False)


def rain_window(canvas: Canvas, palette: Palette, luck: Luck) -> None:
    table(canvas, palette, luck)
    _window(canvas, luck, is_wet=True)


def _window(canvas: Canvas, luck: Luck, *, is_wet: bool) -> None:
    x, y, width, height = canvas.width * 0.2, canvas.level(0.1), canvas.width * 0.6, canvas.stage * 0.48
    frame = canvas.stage * 0.02
    canvas.rectangle(x - frame, y - frame, width + 2 * frame, height + 2 * frame, (250, 248, 242), 4)
    sky = (112, 134, 150) if is_wet else (164, 208, 224)
    canvas.rectangle(x, y, width, height, sky)
    canvas.rectangle(x, y + height * 0.62, width, height * 0.38, colours.mix(sky, (88, 130, 100), 0.7))
    for step in range(9):
        tall = height * luck.between(0.18, 0.42)
        left = x + width * step / 9
        canvas.rectangle(left, y + height * 0.78 - tall, width / 10, tall, colours.mix(sky, colours.DARK, 0.18))
    if is_wet:
        for _ in range(60):
            left, top = x + width * luck.share(), y + height * luck.between(0, 0.9)
            canvas.stroke([(left, top), (left - 3, top + height * 0.06)], 1.8, (255, 255, 255, 120))
    for share in (1 / 3, 2 / 3):
        canvas.rectangle(x + width * share - frame / 3, y, frame * 0.66, height, (250, 248, 242))
    canvas.rectangle(x - frame * 2, y + height + frame, width + frame * 4, frame * 1.1, (238, 232, 222), 3)


def road(canvas: Canvas, palette: Palette, luck: Luck) -> None:
    day_hills(canvas, palette, luck)
    tar = colours.mix(_of(palette, "pop"), (90, 92, 100), 0.75)
    canvas.rectangle(0, canvas.level(0.82), canvas.width, canvas.stage * 0.18, tar)
    canvas.rectangle(0, canvas.level(0.82), canvas.width, canvas.stage * 0.012, (255, 255, 255, 160))
    for step in range(7):
        canvas.rectangle(
            canvas.width * (step / 6 - 0.05),
            canvas.level(0.905),
            canvas.width * 0.09,
            canvas.stage * 0.014,
            (255, 236, 180),
        )


def track(canvas: Canvas, palette: Palette, luck: Luck) -> None:
    day_hills(canvas, palette, luck)
    for step in range(5):
        y = canvas.level(0.78 + step * 0.046)
        canvas.rectangle(0, y, canvas.width, canvas.stage * 0.05, colours.mix((190, 84, 62), (150, 60, 48), step / 5))
        canvas.rectangle(0, y, canvas.width, 3, (255, 255, 255, 200))


def snow(canvas: Canvas, palette: Palette, luck: Luck) -> None:
    day_hills(canvas, palette, luck)
    for _ in range(90):
        size = luck.between(1.5, 4)
        canvas.oval(canvas.width * luck.share(), canvas.height * luck.share(), size, size, (255, 255, 255, 215))


BACKDROPS: dict[str, Backdrop] = {
    "night-hills": night_hills,
    "day-hills": day_hills,
    "lake": lake,
    "forest": forest,
    "sea": sea,
    "street": street,
    "skyline": skyline,
    "room": room,
    "table": table,
    "kitchen": kitchen,
    "window-wall": window_wall,
    "rain-window": rain_window,
    "road": road,
    "track": track,
    "snow": snow,
}
