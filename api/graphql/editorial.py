"""What a content shows to those who work on it: versions, what is on its way, reviews, appeals, translations to come."""

from typing import Annotated, Any

import strawberry

import models
from api.graphql import paging, refs
from api.graphql.context import Info
from api.graphql.directives import at_most
from api.graphql.fields import one, page
from api.graphql.review_filters import ReviewFilter
from api.graphql.revisions import Revision
from api.graphql.rows import shape
from core.caller import Caller
from core.errors import Invalid
from services import access, appeals, contents, reviews, revisions, translating

MOST_LANGUAGES = 50


class TooManyLanguages(Invalid):
    code = "TOO_MANY_LANGUAGES"


def may_edit(content: Any, caller: Caller) -> bool:
    return access.may_look_into(caller, content.row.creator_id)


@strawberry.type
class Editorial:
    row: strawberry.Private[models.Content]

    revisions: paging.Connection[Revision] | None = page(
        revisions.of_contents,
        key="id",
        only_if=may_edit,
        description="Its versions, newest first; null for those who may not change it.",
    )
    reviews: paging.Connection[refs.ReviewRef] | None = page(
        reviews.of_contents,
        key="id",
        only_if=may_edit,
        filters=ReviewFilter,
        description="What an organisation was asked to consent to, newest first; null for those who may not change it.",
    )
    appeals: paging.Connection[refs.AppealRef] | None = page(
        appeals.of_contents,
        key="id",
        only_if=may_edit,
        description="Appeals against its takedown, newest first; null for those who may not change it.",
    )
    translation_of: refs.ContentRef | None = one(
        translating.originals,
        key="id",
        description="The content that its translations began with, where that is another one and you may see it.",
    )

    @strawberry.field(
        description="The version that is in review or scheduled; null if there is none, or for those who may not change it."
    )
    async def waiting(self, info: Info) -> Revision | None:
        if self.row.waiting_revision_id is None or not may_edit(self, info.context.caller):
            return None
        found = await info.context.load(contents.revisions_by_ids, self.row.waiting_revision_id)
        return shape(found)  # type: ignore[no-any-return]  # a Revision by registration

    @strawberry.field(
        description="Why it was withdrawn or taken down; null while it is visible, and for those who may not change it."
    )
    def state_reason(self, info: Info) -> str | None:
        return self.row.state_because if may_edit(self, info.context.caller) else None

    @strawberry.field(
        description="Which of these languages it is missing in. For those who may change it, what is being written counts as"
        " there.",
        directives=[at_most(MOST_LANGUAGES)],
    )
    async def missing_languages(
        self,
        info: Info,
        among: Annotated[list[str], strawberry.argument(description="The languages that are wanted, at most 50.")],
    ) -> list[str]:
        if len(among) > MOST_LANGUAGES:
            message = f"At most {MOST_LANGUAGES} languages at once; {len(among)} were given."
            raise TooManyLanguages(message, path=("among",))
        there = await info.context.load(translating.languages, self.row.group_uid)
        return [language for language in dict.fromkeys(among) if language not in there]
