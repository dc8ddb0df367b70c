"""The kinds of rules: one small module per family, gathered here by their code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Union

from pydantic import Field

from services.channels.rules import (
    copies,
    duplicates,
    images,
    links,
    manual,
    originality,
    products,
    schedules,
    shapes,
    tags,
    text,
    videos,
)
from services.channels.rules.base import Rule

KINDS: tuple[type[Rule], ...] = (
    *text.RULES,
    *copies.RULES,
    *links.RULES,
    *images.RULES,
    *shapes.RULES,
    *videos.RULES,
    *products.RULES,
    *tags.RULES,
    *originality.RULES,
    *duplicates.RULES,
    *schedules.RULES,
    *manual.RULES,
)
if TYPE_CHECKING:
    AnyRule = Rule
else:
    AnyRule = Annotated[Union[KINDS], Field(discriminator="kind")]  # noqa: UP007  (built from the registry)
