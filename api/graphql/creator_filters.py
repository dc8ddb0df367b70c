"""How the list of creators is narrowed and ordered."""

import enum

import strawberry

import models
from api.graphql.filtering import part, start, values
from api.graphql.words import described
from services import creators


class CreatorOrder(enum.StrEnum):
    MOST_FOLLOWED = "followed"
    NEWEST = "newest"
    HIGHEST_LEVEL = "level"
    HANDLE = "handle"


described(
    CreatorOrder,
    "The order of creators.",
    {
        "MOST_FOLLOWED": "Those with the most followers first.",
        "NEWEST": "The latest to join first.",
        "HIGHEST_LEVEL": "The highest level first, within a level the most followed.",
        "HANDLE": "By handle.",
    },
)


@strawberry.input(description="Which creators to list. Values within one part are alternatives, parts add up.")
class CreatorFilter:
    kinds: list[models.CreatorKind] | None = part("Only these kinds.")
    level_from: int | None = part("Only of this level, from 0 to 6, or a higher one.")
    fields: list[str] | None = part("Only those who chose one of these subjects, by code.")
    roles: list[str] | None = part("Only those certified in one of these roles, by code.")
    starts_with: str | None = part(
        "Only those whose handle or name begins with this, in any case; at most 100 characters."
    )

    def wanted(self) -> creators.CreatorFilter | None:
        """What the domain understands; Invalid where a part names too many values or is too long."""
        found = creators.CreatorFilter(
            kinds=values(self.kinds, "kinds"),
            level_from=self.level_from or 0,
            fields=values(self.fields, "fields"),
            roles=values(self.roles, "roles"),
            start=start(self.starts_with, "startsWith"),
        )
        return None if found == creators.CreatorFilter() else found
