"""Feeds: ordered logs of public facts. `appending` writes them, `reading` hands them out."""

from services.feeds.appending import NEWS, Said, Stated, append, heads_of, step
from services.feeds.reading import CursorGone, FeedPage, Item, NoSuchFeed, by_key, directory, encode, page

__all__ = [
    "NEWS", "CursorGone", "FeedPage", "Item", "NoSuchFeed", "Said", "Stated", "append", "by_key", "directory", "encode",
    "heads_of", "page", "step",
]  # fmt: skip
