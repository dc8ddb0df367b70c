"""How lists of contents are narrowed and ordered, wherever they stand."""

import enum
from datetime import datetime

import strawberry

import models
from api.graphql.filtering import part, values
from api.graphql.ids import uids_of
from api.graphql.words import described
from services import selections


class ContentOrder(enum.StrEnum):
    NEWEST = "newest"
    OLDEST = "oldest"
    RECENTLY_CHANGED = "changed"
    MOST_LIKED = "liked"


described(
    ContentOrder,
    "The order of contents.",
    {
        "NEWEST": "The latest published first.",
        "OLDEST": "The earliest published first.",
        "RECENTLY_CHANGED": "The latest changed first.",
        "MOST_LIKED": "Those with the most likes first.",
    },
)


class AnswerOrder(enum.StrEnum):
    BEST = "best"
    NEWEST = "newest"
    OLDEST = "oldest"


described(
    AnswerOrder,
    "The order of answers.",
    {
        "BEST": "Those with the most votes first.",
        "NEWEST": "The latest given first.",
        "OLDEST": "The earliest given first.",
    },
)


@strawberry.input(description="Which contents to list. Values within one part are alternatives, parts add up.")
class ContentFilter:
    formats: list[models.Format] | None = part("Only these formats.")
    languages: list[str] | None = part("Only these languages, such as zh.")
    creator_ids: list[strawberry.ID] | None = part("Only of these creators.")
    tags: list[str] | None = part("Only with all of these tags (taxonomy:code), or what lies under them.")
    published_from: datetime | None = part("Published at this instant or later.")
    published_before: datetime | None = part("Published before this instant.")

    def wanted(self) -> selections.ContentFilter | None:
        """What the domain understands; Invalid where an id is none, or a part names too many values."""
        found = selections.ContentFilter(
            formats=values(self.formats, "formats"),
            languages=values(self.languages, "languages"),
            creators=uids_of(values(self.creator_ids, "creatorIds"), "Creator", "filter", "creatorIds"),
            tags=values(self.tags, "tags"),
            published_from=self.published_from,
            published_before=self.published_before,
        )
        return None if found == selections.ContentFilter() else found
