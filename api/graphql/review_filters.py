"""What lists of reviews are narrowed by."""

import strawberry

import models
from api.graphql.filtering import part, values
from api.graphql.words import described
from services import reviews

described(
    models.ReviewState,
    "Where a review stands.",
    {
        "WAITING": "Nobody has decided yet.",
        "APPROVED": "The version may go out.",
        "RETURNED": "It went back to the author, with a note.",
        "CANCELLED": "Whoever asked took it back.",
    },
)


@strawberry.input(description="Which reviews to list.")
class ReviewFilter:
    states: list[models.ReviewState] | None = part("Only in these states.")

    def wanted(self) -> reviews.ReviewFilter:
        """What the domain understands."""
        return reviews.ReviewFilter(values(self.states, "states"))
