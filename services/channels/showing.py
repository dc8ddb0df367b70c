"""What a channel does with a content after it took it: declared for whoever delivers, counts and reads; nothing is judged by it."""

from __future__ import annotations

from typing import Literal, Self, get_args

from pydantic import model_validator

from services.channels.terms import Key, Part, Source

Event = Literal[
    "EXPOSE", "EXPOSE_CONTENT", "READ_CONTENT", "VIEW", "WATCH", "CLICK_ITEM", "CLICK_GOBUY", "ENTER_SHOP", "VIEW_ITEM"
]
EVENTS: tuple[Event, ...] = get_args(Event)


class Showing(Part):
    """Where else what is accepted here is shown, which touches of readers the channel counts, and whether it picks what it
    shows from what it accepted.
    """

    also_in: tuple[Key, ...] = ()
    events: tuple[Event, ...] = ()
    # whether a reader became a follower is counted as well
    new_followers: bool = False
    picks: bool = False
    source: Source | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not (self.also_in or self.events or self.new_followers or self.picks):
            raise ValueError("needs one of also_in, events, new_followers, picks")
        return self
