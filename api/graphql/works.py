"""What a creator shows to those who work on their contents: everything there is, drafts too."""

import enum
from typing import Any

import strawberry

import models
from api.graphql import paging, refs
from api.graphql.fields import page
from api.graphql.filtering import part, values
from api.graphql.words import described
from core.caller import Caller
from services import access, works

described(
    works.WorkStage,
    "Where a content stands for those who work on it. It can be at several at once: live, with a draft beside it.",
    {
        "DRAFT": "Something is being written.",
        "IN_REVIEW": "A version waits for the organisation's consent.",
        "SCHEDULED": "A version waits for its time.",
        "LIVE": "Readers see it.",
        "WITHDRAWN": "It was taken back, or put away.",
        "TAKEN_DOWN": "An operator removed it.",
    },
)


class WorkOrder(enum.StrEnum):
    NEWEST = "newest"
    OLDEST = "oldest"


described(
    WorkOrder, "The order of works.", {"NEWEST": "The latest begun first.", "OLDEST": "The earliest begun first."}
)


@strawberry.input(description="Which works to list. Values within one part are alternatives, parts add up.")
class WorkFilter:
    stages: list[works.WorkStage] | None = part("Only those that stand at one of these.")
    formats: list[models.Format] | None = part("Only these formats.")
    languages: list[str] | None = part("Only these languages, such as zh.")

    def wanted(self) -> works.WorkFilter | None:
        """What the domain understands; Invalid where a part names too many values."""
        found = works.WorkFilter(
            stages=values(self.stages, "stages"),
            formats=values(self.formats, "formats"),
            languages=values(self.languages, "languages"),
        )
        return None if found == works.WorkFilter() else found


def _works_there(creator: Any, caller: Caller) -> bool:
    return access.may_look_into(caller, creator.row.id)


@strawberry.type
class WorkingCreator:
    row: strawberry.Private[models.Creator]

    works: paging.Connection[refs.ContentRef] | None = page(
        works.of_creators,
        key="id",
        filters=WorkFilter,
        orders=WorkOrder,
        only_if=_works_there,
        description="Everything they have here, drafts and what was taken back too; null for those who may not change it.",
    )
