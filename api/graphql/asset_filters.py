"""How lists of assets and of their folders are narrowed and ordered."""

import enum
from datetime import datetime

import strawberry

import models
from api.graphql.filtering import part, start, values
from api.graphql.ids import uids_of
from api.graphql.words import described
from services.assets import folders, lists


class AssetOrder(enum.StrEnum):
    NEWEST = "newest"
    OLDEST = "oldest"
    NAME = "name"
    LARGEST = "largest"


described(
    AssetOrder,
    "The order of assets.",
    {
        "NEWEST": "The latest added first.",
        "OLDEST": "The earliest added first.",
        "NAME": "By file name.",
        "LARGEST": "Those with the most bytes first.",
    },
)


@strawberry.input(description="Which assets to list. Values within one part are alternatives, parts add up.")
class AssetFilter:
    kinds: list[models.AssetKind] | None = part("Only these kinds.")
    creator_ids: list[strawberry.ID] | None = part("Only of these creators.")
    of_house: bool | None = part("With true only those that belong to no creator, with false only the others.")
    folder_ids: list[strawberry.ID] | None = part("Only those right in one of these folders.")
    in_folder: bool | None = part("With true only those that lie in a folder, with false only those at the top.")
    tags: list[str] | None = part("Only with all of these tags (taxonomy:code), or what lies under them.")
    contains: str | None = part(
        "Only those whose file name or alternative text has these words in it, in any case; at most 100 characters."
    )
    is_used: bool | None = part("With true only those that something shows, or did; with false only the others.")
    is_retired: bool | None = part("With true only retired ones, with false only the others.")
    expires_before: datetime | None = part("Only those that expire before this instant, or have.")
    facts_sources: list[models.AssetFactsSource] | None = part("Only those of which something is known in these ways.")
    min_width: int | None = part("At least as wide, in pixels.")
    min_height: int | None = part("At least as high, in pixels.")
    added_from: datetime | None = part("Added at this instant or later.")
    added_before: datetime | None = part("Added before this instant.")

    def wanted(self) -> lists.AssetFilter | None:
        """What the domain understands; Invalid where an id is none, or a part names too many values or is too long."""
        found = lists.AssetFilter(
            kinds=values(self.kinds, "kinds"),
            creators=uids_of(values(self.creator_ids, "creatorIds"), "Creator", "filter", "creatorIds"),
            of_house=self.of_house,
            folders=uids_of(values(self.folder_ids, "folderIds"), "AssetFolder", "filter", "folderIds"),
            in_folder=self.in_folder,
            tags=values(self.tags, "tags"),
            words=start(self.contains, "contains"),
            is_used=self.is_used,
            is_retired=self.is_retired,
            expires_before=self.expires_before,
            facts_sources=values(self.facts_sources, "factsSources"),
            min_width=self.min_width,
            min_height=self.min_height,
            added_from=self.added_from,
            added_before=self.added_before,
        )
        return None if found == lists.AssetFilter() else found


@strawberry.input(description="Which folders to list.")
class AssetFolderFilter:
    only_roots: bool | None = part("With true only those at the top.")

    def wanted(self) -> folders.FolderFilter | None:
        """What the domain understands."""
        return folders.FolderFilter(only_roots=True) if self.only_roots else None
