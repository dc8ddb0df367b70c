"""How lists of tags are narrowed."""

import strawberry

import models
from api.graphql.filtering import part, start, values
from api.graphql.words import described
from services import tags

described(
    models.TagState,
    "Whether a tag may be used.",
    {
        "PROPOSED": "Somebody asked for it; it cannot be used yet.",
        "ACTIVE": "It can be used.",
        "DEPRECATED": "Old references stand, new ones should take another tag.",
        "MERGED": "It became another tag, to which every old reference leads.",
    },
)


@strawberry.input(description="Which tags to list. Values within one part are alternatives, parts add up.")
class TagFilter:
    taxonomies: list[str] | None = part("Only of these vocabularies, by code.")
    states: list[models.TagState] | None = part(
        "Only in these states. Only active and deprecated tags are listed at all."
    )
    only_roots: bool | None = part("With true only those without a tag above them.")
    starts_with: str | None = part(
        "Only those whose code, or a name in any language, or an alias begins with this, in any case; at most 100 characters."
    )

    def wanted(self) -> tags.TagFilter | None:
        """What the domain understands; Invalid where a part names too many values or is too long."""
        found = tags.TagFilter(
            taxonomies=values(self.taxonomies, "taxonomies"),
            states=values(self.states, "states"),
            only_roots=bool(self.only_roots),
            start=start(self.starts_with, "startsWith"),
        )
        return None if found == tags.TagFilter() else found
