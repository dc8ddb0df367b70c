"""How the queue of human audit is narrowed."""

import strawberry

import models
from api.graphql.filtering import part, values
from services import auditing


@strawberry.input(
    description="Which submissions of the queue to list. Values within one part are alternatives, parts add up."
)
class AuditFilter:
    channels: list[str] | None = part("Only those to channels with these keys.")
    formats: list[models.Format] | None = part("Only contents of these formats.")
    only_mine: bool | None = part("Whether to list only those that you have claimed.")
    only_escalated: bool | None = part("Whether to list only those that were handed on to operators.")

    def wanted(self) -> auditing.AuditFilter | None:
        """What the domain understands; Invalid where a part names too many values."""
        found = auditing.AuditFilter(
            channels=values(self.channels, "channels"),
            formats=values(self.formats, "formats"),
            only_mine=bool(self.only_mine),
            only_escalated=bool(self.only_escalated),
        )
        return None if found == auditing.AuditFilter() else found
