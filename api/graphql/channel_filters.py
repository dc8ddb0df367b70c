"""How lists of channels are narrowed."""

import strawberry

import models
from api.graphql.filtering import part, values
from api.graphql.words import described
from services.channels import reading

described(
    models.ChannelKind,
    "What kind of place a channel is.",
    {
        "PLATFORM": "An entry of a commerce platform.",
        "SOCIAL": "A social network.",
        "SYNDICATION": "A partner who takes over contents.",
        "PRIVATE": "A place for invited readers.",
    },
)


@strawberry.input(description="Which channels to list. Values within one part are alternatives, parts add up.")
class ChannelFilter:
    kinds: list[models.ChannelKind] | None = part("Only these kinds.")
    formats: list[models.Format] | None = part("Only entries that take one of these formats.")
    languages: list[str] | None = part("Only entries that take one of these languages, such as zh.")
    parents: list[str] | None = part("Only entries of the channels with these keys.")
    only_entries: bool | None = part("With true only entries, which contents can be submitted to.")

    def wanted(self) -> reading.ChannelFilter | None:
        """What the domain understands; Invalid where a part names too many values."""
        found = reading.ChannelFilter(
            kinds=values(self.kinds, "kinds"),
            formats=values(self.formats, "formats"),
            languages=values(self.languages, "languages"),
            parents=values(self.parents, "parents"),
            only_entries=bool(self.only_entries),
        )
        return None if found == reading.ChannelFilter() else found
