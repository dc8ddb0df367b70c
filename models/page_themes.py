"""The design tokens of a homepage: checked so that what is written on a page can be read."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Colour = Annotated[str, Field(pattern="^#[0-9a-f]{6}$", description="A colour as #rrggbb, in small letters.")]

READABLE = 4.5
"""The least contrast of text on what lies behind it (WCAG 2.2, success criterion 1.4.3, level AA)."""
VISIBLE = 3.0
"""The least contrast of buttons and marks (WCAG 2.2, success criterion 1.4.11)."""


class Palette(BaseModel):
    """Colours that go together."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    accent: Annotated[Colour, Field(description="Links and buttons.")] = "#1f6f5c"
    background: Annotated[Colour, Field(description="Behind everything.")] = "#ffffff"
    surface: Annotated[Colour, Field(description="Behind cards that lie on the background.")] = "#ffffff"
    text: Annotated[Colour, Field(description="What is written on background and surface.")] = "#1b1b1b"

    @model_validator(mode="after")
    def _can_be_read(self) -> Palette:
        for name in ("background", "surface"):
            _needs(self.text, getattr(self, name), READABLE, f"text on {name}")
        _needs(self.accent, self.background, VISIBLE, "accent on background")
        return self

    @property
    def on_accent(self) -> str:
        """Black or white: whichever reads better on the accent."""
        return max(("#000000", "#ffffff"), key=lambda colour: contrast(colour, self.accent))


class DarkPalette(Palette):
    """Colours for those who set their device to dark."""

    accent: Annotated[Colour, Field(description="Links and buttons.")] = "#7cc4b0"
    background: Annotated[Colour, Field(description="Behind everything.")] = "#121413"
    surface: Annotated[Colour, Field(description="Behind cards that lie on the background.")] = "#1d201f"
    text: Annotated[Colour, Field(description="What is written on background and surface.")] = "#f0f0ee"


class Theme(Palette):
    """Design tokens that a frontend paints a page with."""

    dark: DarkPalette | None = Field(None, description="The colours in the dark; null: the page looks the same.")
    font: Literal["sans", "serif", "rounded"] = Field("sans", description="The kind of letters.")
    layout: Literal["magazine", "cards", "stream"] = Field("cards", description="How lists are laid out.")
    radius: Literal["none", "small", "large"] = Field("small", description="How round the corners are.")
    density: Literal["compact", "regular", "airy"] = Field("regular", description="How much space lies between things.")


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours, from 1 to 21, as WCAG 2.2 defines it."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    shares = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _needs(one: str, other: str, least: float, what: str) -> None:
    found = contrast(one, other)
    if found < least:
        raise ValueError(f"{what} has a contrast of {found:.2f}; {least} are needed to see it")
