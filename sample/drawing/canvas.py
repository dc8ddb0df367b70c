"""A picture being drawn: flat shapes with smooth edges, gradients and soft shadows."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from PIL import Image, ImageDraw, ImageFilter

from sample.drawing import colours, shapes
from sample.drawing.colours import Rgb, Rgba
from sample.drawing.shapes import Point, Shape

# Drawn this much larger and shrunk at the end: that is what smooths the edges.
OVERSIZE = 2
BLUR_SCALE = 16


@dataclass(frozen=True, slots=True)
class Place:
    """Where a drawing of the box of 100 by 100 goes: the middle of its foot, and how tall it stands there."""

    x: float
    y: float
    height: float
    angle: float = 0
    is_mirrored: bool = False

    def of(self, point: Point) -> Point:
        scale = self.height / 100
        across, up = (point[0] - 50) * scale * (-1 if self.is_mirrored else 1), (point[1] - 100) * scale
        if self.angle:
            # turned about the middle of the box, so that a leaning thing stays where it was put
            up += self.height / 2
            turn = math.radians(self.angle)
            across, up = (
                across * math.cos(turn) - up * math.sin(turn),
                across * math.sin(turn) + up * math.cos(turn) - self.height / 2,
            )
        return self.x + across, self.y + up


class Canvas:
    """Coordinates are pixels of the finished picture."""

    def __init__(self, width: int, height: int, ground: Rgb) -> None:
        self.width, self.height = width, height
        # Things are measured in stages: what is higher than wide has more sky or wall above the same scene.
        self.stage = min(height, width * (0.78 if height > width * 1.1 else 0.8))
        self._image = Image.new("RGB", (width * OVERSIZE, height * OVERSIZE), ground)
        self._draw = ImageDraw.Draw(self._image, "RGBA")

    def level(self, share: float) -> float:
        """A height of the stage, which stands at the foot of the picture."""
        return self.height - (1 - share) * self.stage

    def fill(self, points: Iterable[Point], colour: Rgb | Rgba) -> None:
        self._draw.polygon([(x * OVERSIZE, y * OVERSIZE) for x, y in points], fill=colour)

    def stroke(self, points: Iterable[Point], width: float, colour: Rgb | Rgba) -> None:
        line = [(x * OVERSIZE, y * OVERSIZE) for x, y in points]
        thick = max(1, round(width * OVERSIZE))
        self._draw.line(line, fill=colour, width=thick, joint="curve")
        if len(colour) == 4 and colour[3] < 255:
            return  # round ends would show through where they overlap
        for x, y in (line[0], line[-1]):
            self._draw.ellipse((x - thick / 2, y - thick / 2, x + thick / 2, y + thick / 2), fill=colour)

    def draw(self, drawing: Iterable[Shape], place: Place, palette: Mapping[str, str]) -> None:
        for shape in drawing:
            colour = colours.named(shape.colour, palette)
            points = [place.of(point) for point in shape.points]
            if shape.width:
                self.stroke(points, shape.width * place.height / 100, colour)
            else:
                self.fill(points, colour)

    def rectangle(self, x: float, y: float, width: float, height: float, colour: Rgb | Rgba, radius: float = 0) -> None:
        self.fill(shapes.rectangle(x, y, width, height, radius), colour)

    def oval(self, x: float, y: float, radius_x: float, radius_y: float, colour: Rgb | Rgba) -> None:
        self.fill(shapes.oval(x, y, radius_x, radius_y), colour)

    def gradient(self, top: Rgb, bottom: Rgb, start: float, end: float) -> None:
        """From `top` to `bottom` between two heights, over the whole width."""
        rows = max(1, round((end - start) * OVERSIZE))
        mask = Image.linear_gradient("L").resize((1, rows))
        column = Image.composite(Image.new("RGB", (1, rows), bottom), Image.new("RGB", (1, rows), top), mask)
        band = column.resize((self.width * OVERSIZE, rows), Image.Resampling.NEAREST)
        self._image.paste(band, (0, round(start * OVERSIZE)))

    def shadow(self, x: float, y: float, radius_x: float, radius_y: float, strength: float = 0.25) -> None:
        self._soft(x, y, radius_x, radius_y, colours.DARK, strength)

    def glow(self, x: float, y: float, radius: float, colour: Rgb, strength: float = 0.5) -> None:
        self._soft(x, y, radius, radius, colour, strength)

    def _soft(self, x: float, y: float, radius_x: float, radius_y: float, colour: Rgb, strength: float) -> None:
        """An ellipse without an edge: blurred small and enlarged, which costs next to nothing."""
        reach_x, reach_y = radius_x * 1.6, radius_y * 1.6 + 2
        size = (max(4, round(reach_x * 2 * OVERSIZE / BLUR_SCALE)), max(4, round(reach_y * 2 * OVERSIZE / BLUR_SCALE)))
        small = Image.new("L", size, 0)
        edges = (size[0] * 0.19, size[1] * 0.19, size[0] * 0.81, size[1] * 0.81)
        ImageDraw.Draw(small).ellipse(edges, fill=round(255 * strength))
        small = small.filter(ImageFilter.GaussianBlur((size[0] * 0.08, size[1] * 0.08)))
        mask = small.resize((round(reach_x * 2 * OVERSIZE), round(reach_y * 2 * OVERSIZE)), Image.Resampling.BILINEAR)
        corner = (round((x - reach_x) * OVERSIZE), round((y - reach_y) * OVERSIZE))
        self._image.paste(colour, (*corner, corner[0] + mask.width, corner[1] + mask.height), mask)

    def finished(self) -> Image.Image:
        return self._image.reduce(OVERSIZE)
