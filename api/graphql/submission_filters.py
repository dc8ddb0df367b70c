"""How lists of submissions are narrowed."""

import strawberry

import models
from api.graphql.filtering import part, values
from api.graphql.ids import uids_of
from api.graphql.words import described
from services import decisions

described(
    models.SubmissionState,
    "Where a content stands at a channel.",
    {
        "MACHINE_AUDIT": "Waiting for the engine.",
        "HUMAN_AUDIT": "Waiting for a person.",
        "TRIAL": "Shown to few, on trial.",
        "ACCEPTED": "Taken; not handed over yet.",
        "DELIVERED": "In the channel's feed.",
        "CONFIRMED": "The channel said that it shows it.",
        "REJECTED": "Refused, with findings.",
        "WITHDRAWN": "Taken back.",
        "EXPIRED": "Its time ran out.",
        "FAILED": "The channel could not take it.",
    },
)


@strawberry.input(description="Which submissions to list. Values within one part are alternatives, parts add up.")
class SubmissionFilter:
    states: list[models.SubmissionState] | None = part("Only those that stand there.")
    channels: list[str] | None = part("Only those to channels with these keys.")
    creator_ids: list[strawberry.ID] | None = part("Only of contents of these creators.")
    is_flagged: bool | None = part("Only those that are flagged since a product changed, or that are not.")

    def wanted(self) -> decisions.SubmissionFilter | None:
        """What the domain understands; Invalid where an id is none, or a part names too many values."""
        found = decisions.SubmissionFilter(
            states=values(self.states, "states"),
            channels=values(self.channels, "channels"),
            creators=uids_of(values(self.creator_ids, "creatorIds"), "Creator", "filter", "creatorIds"),
            is_flagged=self.is_flagged,
        )
        return None if found == decisions.SubmissionFilter() else found
