"""Tags that authors propose, and tags that a text suggests to them."""

from typing import Annotated
from weakref import WeakKeyDictionary

import strawberry

from api.graphql import paging, refs
from api.graphql.caching import cached
from api.graphql.context import Info
from api.graphql.directives import at_most
from api.graphql.fields import page
from api.graphql.ids import uid_of
from api.graphql.inputs import Sent, idempotency, needed, ref
from api.graphql.mutations import change, result
from api.graphql.permissions import OPERATORS, needs
from api.graphql.problems import Refused
from api.graphql.reasons import subject
from api.graphql.rows import shape
from api.graphql.vocabulary_writing import LABELS, LabelInput, labels_in
from core.caller import Scope
from core.db import Database
from core.errors import Invalid
from services import proposing, tag_proposals, tags
from services.tag_matching import CurrentMatcher

MOST_MATCHES = 20
LONGEST_TEXT, LONGEST_TITLE = 50_000, 500

_MATCHERS: WeakKeyDictionary[Database, CurrentMatcher] = WeakKeyDictionary()


class TooLongToRead(Invalid):
    code = "TOO_LONG_TO_READ"


@strawberry.type(description="Where a text names a tag.")
class TagMatch:
    start: int = strawberry.field(description="The first character of it, counted in code points from 0.")
    end: int = strawberry.field(description="The first character after it.")
    text: str = strawberry.field(description="How the tag is written there.")


@strawberry.type(description="A tag that a text suggests.")
class TagSuggestion:
    tag: refs.TagRef = strawberry.field(description="The tag.")
    confidence: int = strawberry.field(description="How sure that is, in percent.")
    count: int = strawberry.field(description="How often it is named.")
    matches: list[TagMatch] = strawberry.field(
        description="Where the text names it, at most the first 20.", directives=[at_most(MOST_MATCHES)]
    )


@strawberry.input(description="A tag that is missing.")
class ProposeTagInput:
    taxonomy: str = needed("The code of its vocabulary.")
    code: str = needed("Its stable name within the vocabulary, such as camping: a-z, 0-9 and hyphens.")
    labels: list[LabelInput] = needed(LABELS)
    parent_id: strawberry.ID | None = ref("Tag", "under", "The tag above it, in a tree.", optional=True)
    idempotency_key: str | None = idempotency()


@strawberry.input(description="Which proposal to remove, and why.")
class RejectTagInput:
    tag_id: strawberry.ID = ref("Tag", "tag", "Which proposed tag.")
    reason: str = needed("Why: 1 to 1,000 characters.")
    idempotency_key: str | None = idempotency()


@strawberry.type(description="The proposal. It goes on contents when an operator has accepted it.")
class ProposeTagPayload:
    tag: refs.TagRef = strawberry.field(description="The proposed tag.")


@strawberry.type(description="The vocabulary without the proposal.")
class RejectTagPayload:
    taxonomy: refs.TaxonomyRef = strawberry.field(description="The vocabulary.")


ProposeTagResult = Annotated[ProposeTagPayload | Refused, result("ProposeTagResult", "The proposed tag")]
RejectTagResult = Annotated[RejectTagPayload | Refused, result("RejectTagResult", "The vocabulary without it")]


def _suggestion(found: tag_proposals.Suggestion) -> TagSuggestion:
    matches = [TagMatch(start=one.start, end=one.end, text=one.surface) for one in found.matches[:MOST_MATCHES]]
    return TagSuggestion(tag=shape(found.tag), confidence=found.confidence, count=found.count, matches=matches)


@strawberry.type
class TagProposalQuery:
    @strawberry.field(
        description="Tags that a title or text names, the surest first, for editors to offer; at most 20.",
        extensions=[needs(Scope.CONTENT_WRITE)],
        directives=[at_most(tag_proposals.MOST)],
        metadata=cached(max_age=0, private=True),
    )
    async def suggest_tags(
        self,
        info: Info,
        text: Annotated[str, strawberry.argument(description="The text: at most 50,000 characters.")],
        title: Annotated[str, strawberry.argument(description="Its title: at most 500 characters.")] = "",
    ) -> list[TagSuggestion]:
        for name, given, longest in (("text", text, LONGEST_TEXT), ("title", title, LONGEST_TITLE)):
            if len(given) > longest:
                raise TooLongToRead(f"At most {longest:,} characters are read at once.", path=(name,))
        db = info.context.db
        matcher = _MATCHERS.setdefault(db, CurrentMatcher())
        async with db.session() as session:
            found = await tag_proposals.suggest(session, await matcher.get(session), text, title=title)
        return [_suggestion(one) for one in found]

    proposed_tags: paging.Connection[refs.TagRef] = page(
        tags.proposed,
        key=None,
        gate=OPERATORS,
        description="For operators: tags that authors proposed and nobody accepted yet, the oldest first.",
    )


@strawberry.type
class TagProposalMutation:
    @strawberry.mutation(
        description="Propose a tag that is missing. An operator accepts it with `activateTag`, or rejects it; at most 50"
        " proposals of an account wait at a time.",
        extensions=[needs(Scope.CONTENT_WRITE)],
    )
    async def propose_tag(
        self,
        info: Info,
        input: Sent[ProposeTagInput],
    ) -> ProposeTagResult:
        under = uid_of(input.parent_id, "Tag", "parent_id") if input.parent_id else None
        given_ = (input.taxonomy, input.code, labels_in(input.labels))
        return ProposeTagPayload(**await change(info, input, "tag", proposing.propose, *given_, under=under))

    @strawberry.mutation(
        description="For operators: remove a proposed tag; the record keeps what it was.", extensions=[OPERATORS]
    )
    async def reject_tag(
        self,
        info: Info,
        input: Sent[RejectTagInput],
    ) -> RejectTagResult:
        uid, why = subject(input.tag_id, "Tag", input.reason)
        return RejectTagPayload(**await change(info, input, "taxonomy", proposing.reject, uid, reason=why))
