"""The part of a pack that says what becomes of a submission when its content is edited or a product of it changes."""

from __future__ import annotations

from typing import Literal

from services.channels.terms import Part, Source

Reaction = Literal["render", "flag", "audit", "withdraw"]
REACTIONS: tuple[Reaction, ...] = ("render", "flag", "audit", "withdraw")
"""From the lightest: the feed says what is true now; people are told as well; it is judged anew; it is taken back."""


class Changes(Part):
    """What an entry does when something changes about what it has; where it says nothing of shelf and pools, its rules do."""

    edit: Literal["audit", "render"] = "audit"
    off_shelf: Reaction | None = None
    out_of_pool: Reaction | None = None
    price: Reaction = "flag"
    source: Source | None = None
