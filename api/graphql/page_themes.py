"""The design tokens of homepages, as they are shown and as they are sent."""

import enum
from typing import Any

import strawberry

from api.graphql.fields import column
from api.graphql.inputs import given
from api.graphql.words import described
from models import page_themes


class Font(enum.StrEnum):
    SANS = "sans"
    SERIF = "serif"
    ROUNDED = "rounded"


class Layout(enum.StrEnum):
    MAGAZINE = "magazine"
    CARDS = "cards"
    STREAM = "stream"


class Radius(enum.StrEnum):
    NONE = "none"
    SMALL = "small"
    LARGE = "large"


class Density(enum.StrEnum):
    COMPACT = "compact"
    REGULAR = "regular"
    AIRY = "airy"


described(
    Font,
    "The kind of letters a page is set in.",
    {"SANS": "Without serifs.", "SERIF": "With serifs.", "ROUNDED": "With round ends."},
    name="ThemeFont",
)
described(
    Layout,
    "How a page lays out its lists.",
    {"MAGAZINE": "Large and small side by side.", "CARDS": "In a grid.", "STREAM": "One below the other."},
    name="ThemeLayout",
)
described(
    Radius,
    "How round the corners of a page are.",
    {"NONE": "Square.", "SMALL": "A little round.", "LARGE": "Very round."},
    name="ThemeRadius",
)
described(
    Density,
    "How much space lies between the things on a page.",
    {"COMPACT": "Little.", "REGULAR": "The usual.", "AIRY": "Much."},
    name="ThemeDensity",
)

ACCENT = "The colour of links and buttons, as #rrggbb: it stands out from the background by at least 3:1."
BACKGROUND = "The colour behind everything, as #rrggbb."
SURFACE = "The colour behind cards, as #rrggbb."
TEXT = "The colour of what is written, as #rrggbb: it stands out from background and surface by at least 4.5:1."
ON_ACCENT = "Black or white: whichever reads better on the accent."


@strawberry.type(description="Colours that go together, so that what is written in them can be read (WCAG 2.2, AA).")
class Palette:
    row: strawberry.Private[page_themes.Palette]

    accent: str = column("accent", description=ACCENT)
    on_accent: str = column("on_accent", description=ON_ACCENT)
    background: str = column("background", description=BACKGROUND)
    surface: str = column("surface", description=SURFACE)
    text: str = column("text", description=TEXT)


def _palette(row: page_themes.DarkPalette | None) -> Palette | None:
    return None if row is None else Palette(row=row)


@strawberry.type(description="Design tokens that a frontend paints the page with.")
class Theme:
    row: strawberry.Private[page_themes.Theme]

    accent: str = column("accent", description=ACCENT)
    on_accent: str = column("on_accent", description=ON_ACCENT)
    background: str = column("background", description=BACKGROUND)
    surface: str = column("surface", description=SURFACE)
    text: str = column("text", description=TEXT)
    dark: Palette | None = column(
        "dark", convert=_palette, description="The colours in the dark; null: the page looks the same then."
    )
    font: Font = column("font", convert=Font, description="The kind of letters.")
    layout: Layout = column("layout", convert=Layout, description="How lists are laid out.")
    radius: Radius = column("radius", convert=Radius, description="How round the corners are.")
    density: Density = column("density", convert=Density, description="How much space lies between things.")


def _colour(name: str, model: type[page_themes.Palette], what: str) -> Any:
    default = model.model_fields[name].default
    return given(f"{what} Without it {default}.")


@strawberry.input(description="Colours for those who set their device to dark.")
class DarkPaletteInput:
    accent: str | None = _colour("accent", page_themes.DarkPalette, ACCENT)
    background: str | None = _colour("background", page_themes.DarkPalette, BACKGROUND)
    surface: str | None = _colour("surface", page_themes.DarkPalette, SURFACE)
    text: str | None = _colour("text", page_themes.DarkPalette, TEXT)


@strawberry.input(description="How a page looks. What is left out is the house's own.")
class ThemeInput:
    accent: str | None = _colour("accent", page_themes.Theme, ACCENT)
    background: str | None = _colour("background", page_themes.Theme, BACKGROUND)
    surface: str | None = _colour("surface", page_themes.Theme, SURFACE)
    text: str | None = _colour("text", page_themes.Theme, TEXT)
    dark: DarkPaletteInput | None = given("The colours in the dark. Without it the page looks the same then.")
    font: Font | None = given("The kind of letters. Without it SANS.")
    layout: Layout | None = given("How lists are laid out. Without it CARDS.")
    radius: Radius | None = given("How round the corners are. Without it SMALL.")
    density: Density | None = given("How much space lies between things. Without it REGULAR.")
