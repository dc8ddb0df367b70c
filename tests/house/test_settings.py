"""Every setting stands where people look for it, with the default and the words that the code has."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic.fields import FieldInfo

from core.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = list(Settings.model_fields.items())
# Computed where it runs, so documents say it in words.
DEFAULTS_IN_WORDS = {"data": "the user's data directory, such as ~/.local/share/headwater"}
HEAD = """\
# Every setting with its default. Copy to .env in the folder where you start headwater, and take away the #
# of what you change. A variable of the environment wins over this file. docs/operating.md says more.
"""


def variable(name: str, field: FieldInfo) -> str:
    """The name in the environment: an alias of its own, else the prefix and the field's name."""
    if field.validation_alias is None:
        return f"HEADWATER_{name.upper()}"
    return str(field.validation_alias.choices[0])  # type: ignore[union-attr]  # ours are all AliasChoices


def default(name: str, field: FieldInfo) -> str:
    return DEFAULTS_IN_WORDS.get(name) or str(field.default)


def example() -> str:
    """`.env.example`, whole: each setting out of force, with its default."""
    parts = [HEAD]
    for name, field in SETTINGS:
        value = "" if name in DEFAULTS_IN_WORDS else str(field.default)
        words = (
            f"{field.description} Default: {DEFAULTS_IN_WORDS[name]}."
            if name in DEFAULTS_IN_WORDS
            else field.description
        )
        parts.append(f"# {words}\n#{variable(name, field)}={value}\n")
    return "\n".join(parts)


def row(name: str, field: FieldInfo) -> str:
    """Its line in the table of docs/operating.md."""
    shown = default(name, field)
    cell = shown if name in DEFAULTS_IN_WORDS else f"`{shown}`" if shown else "empty"
    return f"| `{variable(name, field)}` | {cell} | {field.description} |"


def test_the_example_file_lists_every_setting() -> None:
    assert (ROOT / ".env.example").read_text() == example()


def test_the_operators_guide_has_a_table_of_every_setting_in_order() -> None:
    guide = (ROOT / "docs" / "operating.md").read_text()
    rows = [line for line in guide.splitlines() if line.startswith(("| `HEADWATER_", "| `DATABASE_", "| `ELASTIC"))]

    assert rows == [row(name, field) for name, field in SETTINGS]


@pytest.mark.parametrize("name", [name for name, _ in SETTINGS])
def test_a_setting_says_what_it_is(name: str) -> None:
    assert (Settings.model_fields[name].description or "").endswith(".")
