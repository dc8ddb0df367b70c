"""Tending vocabularies: taxonomies and tags made, renamed, moved, merged and given up."""

from collections.abc import Sequence
from typing import Annotated, Any

import strawberry
from sqlalchemy.ext.asyncio import AsyncSession

import models
from api.graphql import refs
from api.graphql.context import Info
from api.graphql.ids import uid_of
from api.graphql.inputs import Sent, given, idempotency, needed, ref
from api.graphql.mutations import answers_with, change, result
from api.graphql.permissions import OPERATORS
from api.graphql.problems import Refused
from api.graphql.reading import Reading, uid_beside
from api.graphql.reasons import subject
from core.caller import Caller
from core.errors import Invalid, Problem, together
from services import merging, names, proposing, tags, vocabularies

_TAG = "Which tag."
LABELS = "Its names, at most one a language; at least one."

answers_with(models.Tag, tags.by_ids)
answers_with(models.Taxonomy, tags.taxonomies_by_ids)


@strawberry.input(description="A name in one language.")
class LabelInput:
    language: str = needed("The language, such as zh or en (BCP 47).")
    text: str = needed("The name in that language: one line of 1 to 500 characters.")


@strawberry.input(description="A new vocabulary.")
class CreateTaxonomyInput:
    code: str = needed("Its stable name, such as scene: a-z, 0-9 and hyphens.")
    labels: list[LabelInput] = needed(LABELS)
    is_tree: bool = strawberry.field(default=False, description="Whether its tags have parents.")
    least_per_content: int = strawberry.field(default=0, description="How many of its tags a content must have.")
    most_per_content: int | None = given("How many of its tags a content may have. Without it: any number.")
    idempotency_key: str | None = idempotency()


@strawberry.input(description="A new tag.")
class CreateTagInput:
    taxonomy: str = needed("The code of its vocabulary.")
    code: str = needed("Its stable name within the vocabulary, such as camping: a-z, 0-9 and hyphens.")
    labels: list[LabelInput] = needed(LABELS)
    parent_id: strawberry.ID | None = ref("Tag", "under", "The tag above it, in a tree.", optional=True)
    idempotency_key: str | None = idempotency()


@strawberry.input(description="What a tag is called from now on. Its code and id stay.")
class RenameTagInput:
    tag_id: strawberry.ID = ref("Tag", "tag", _TAG)
    labels: list[LabelInput] = needed(LABELS)
    keeps_old: bool = strawberry.field(
        default=True, description="Whether it is still found by its old names, as aliases."
    )
    idempotency_key: str | None = idempotency()


@strawberry.input(description="Another name by which a tag is found.")
class AddTagAliasInput:
    tag_id: strawberry.ID = ref("Tag", "tag", _TAG)
    alias: str = needed("The name: one line of 1 to 500 characters.")
    language: str | None = given("Its language; without it the name belongs to none.")
    idempotency_key: str | None = idempotency()


@strawberry.input(description="Which other name to forget.")
class RemoveTagAliasInput:
    tag_id: strawberry.ID = ref("Tag", "tag", _TAG)
    alias: str = needed("The name.")
    idempotency_key: str | None = idempotency()


@strawberry.input(description="Where a tag hangs from now on, with all below it.")
class MoveTagInput:
    tag_id: strawberry.ID = ref("Tag", "tag", _TAG)
    parent_id: strawberry.ID | None = ref(
        "Tag", "under", "The tag to stand under. Without it, or null: it becomes a root.", optional=True
    )
    idempotency_key: str | None = idempotency()


@strawberry.input(description="Which tag to offer no more.")
class DeprecateTagInput:
    tag_id: strawberry.ID = ref("Tag", "tag", _TAG)
    reason: str = needed("Why: 1 to 1,000 characters.")
    idempotency_key: str | None = idempotency()


@strawberry.input(description="Which tag to offer: a proposal to accept, or one that was deprecated.")
class ActivateTagInput:
    tag_id: strawberry.ID = ref("Tag", "tag", _TAG)
    idempotency_key: str | None = idempotency()


@strawberry.input(description="Which tag becomes which.")
class MergeTagInput:
    tag_id: strawberry.ID = ref("Tag", "tag", "The tag that goes: from now on it means the other.")
    into_id: strawberry.ID = ref("Tag", "into", "The tag that stays, of the same vocabulary.")
    idempotency_key: str | None = idempotency()


@strawberry.type(description="The new vocabulary.")
class CreateTaxonomyPayload:
    taxonomy: refs.TaxonomyRef = strawberry.field(description="The vocabulary.")


@strawberry.type(description="The new tag.")
class CreateTagPayload:
    tag: refs.TagRef = strawberry.field(description="The tag.")


@strawberry.type(description="The tag with its new names.")
class RenameTagPayload:
    tag: refs.TagRef = strawberry.field(description="The tag.")


@strawberry.type(description="The tag with its aliases.")
class AddTagAliasPayload:
    tag: refs.TagRef = strawberry.field(description="The tag.")


@strawberry.type(description="The tag with the aliases that are left.")
class RemoveTagAliasPayload:
    tag: refs.TagRef = strawberry.field(description="The tag.")


@strawberry.type(description="The tag in its new place.")
class MoveTagPayload:
    tag: refs.TagRef = strawberry.field(description="The tag.")


@strawberry.type(description="The tag, which is offered no more.")
class DeprecateTagPayload:
    tag: refs.TagRef = strawberry.field(description="The tag.")


@strawberry.type(description="The tag, which is offered.")
class ActivateTagPayload:
    tag: refs.TagRef = strawberry.field(description="The tag.")


@strawberry.type(description="The tag that stands for both.")
class MergeTagPayload:
    tag: refs.TagRef = strawberry.field(description="The tag that stays.")
    moved_count: int = strawberry.field(description="How many contents and products were moved to it at once.")
    is_complete: bool = strawberry.field(
        description="Whether none is left. Else the others are read as moved at once, and moved one by one later."
    )


CreateTaxonomyResult = Annotated[CreateTaxonomyPayload | Refused, result("CreateTaxonomyResult", "The new vocabulary")]
CreateTagResult = Annotated[CreateTagPayload | Refused, result("CreateTagResult", "The new tag")]
RenameTagResult = Annotated[RenameTagPayload | Refused, result("RenameTagResult", "The renamed tag")]
AddTagAliasResult = Annotated[AddTagAliasPayload | Refused, result("AddTagAliasResult", "The tag with its aliases")]
RemoveTagAliasResult = Annotated[
    RemoveTagAliasPayload | Refused, result("RemoveTagAliasResult", "The tag without the alias")
]
MoveTagResult = Annotated[MoveTagPayload | Refused, result("MoveTagResult", "The moved tag")]
DeprecateTagResult = Annotated[DeprecateTagPayload | Refused, result("DeprecateTagResult", "The deprecated tag")]
ActivateTagResult = Annotated[ActivateTagPayload | Refused, result("ActivateTagResult", "The active tag")]
MergeTagResult = Annotated[MergeTagPayload | Refused, result("MergeTagResult", "The tag that stands for both")]


def labels_in(sent: Sequence[LabelInput]) -> dict[str, str]:
    """Names by language; a problem for each language that is named again."""
    found: dict[str, str] = {}
    problems: list[Problem] = []
    for place, one in enumerate(sent):
        if one.language in found:
            message = f"The language {one.language[:80]} stands twice: give one name in it."
            problems.append(Problem("NAMED_TWICE", message, ("labels", place, "language")))
        found[one.language] = one.text
    if problems:
        raise Invalid("Some languages stand twice.", problems=problems)
    return found


async def _with_alias(session: AsyncSession, caller: Caller, uid: Any, alias: str, language: str | None) -> models.Tag:
    row = await vocabularies.add_alias(session, caller, uid, alias, language=language)
    return await session.get_one(models.Tag, row.tag_id)


async def _without_alias(session: AsyncSession, caller: Caller, uid: Any, alias: str) -> models.Tag:
    await vocabularies.remove_alias(session, caller, uid, alias)
    return await vocabularies.tended(session, caller, uid)


async def _merged(session: AsyncSession, caller: Caller, *uids: Any, **named: Any) -> tuple[models.Tag, int, bool]:
    done = await merging.merge(session, caller, *uids, **named)
    return done.tag, done.moved_count, done.is_complete


@strawberry.type
class VocabularyMutation:
    @strawberry.mutation(description="For operators: make a vocabulary.", extensions=[OPERATORS])
    async def create_taxonomy(
        self,
        info: Info,
        input: Sent[CreateTaxonomyInput],
    ) -> CreateTaxonomyResult:
        about = {
            "is_tree": input.is_tree,
            "least": input.least_per_content,
            "most": None if input.most_per_content is strawberry.UNSET else input.most_per_content,
            "clock": info.context.clock,
        }
        given_ = (input.code, labels_in(input.labels))
        return CreateTaxonomyPayload(
            **await change(info, input, "taxonomy", proposing.create_taxonomy, *given_, **about)
        )

    @strawberry.mutation(description="For operators: make a tag, which can be used at once.", extensions=[OPERATORS])
    async def create_tag(
        self,
        info: Info,
        input: Sent[CreateTagInput],
    ) -> CreateTagResult:
        under = uid_of(input.parent_id, "Tag", "parent_id") if input.parent_id else None
        given_ = (input.taxonomy, input.code, labels_in(input.labels))
        return CreateTagPayload(**await change(info, input, "tag", vocabularies.create, *given_, under=under))

    @strawberry.mutation(
        description="For operators: give a tag other names, all of them. Whatever refers to it goes on.",
        extensions=[OPERATORS],
    )
    async def rename_tag(
        self,
        info: Info,
        input: Sent[RenameTagInput],
    ) -> RenameTagResult:
        reading = Reading()
        uid = reading.take(uid_of, input.tag_id, "Tag", "tag_id")
        labels = reading.take(labels_in, input.labels)
        if uid is None or labels is None:
            raise together(reading.errors)
        done = await change(info, input, "tag", vocabularies.rename, uid, labels, keeps_old=input.keeps_old)
        return RenameTagPayload(**done)

    @strawberry.mutation(
        description="For operators: let a tag be found by another name; no two tags of a vocabulary share one.",
        extensions=[OPERATORS],
    )
    async def add_tag_alias(
        self,
        info: Info,
        input: Sent[AddTagAliasInput],
    ) -> AddTagAliasResult:
        uid = uid_beside(input.tag_id, "Tag", "tag_id", names.checked, input.alias, "alias")
        done = await change(info, input, "tag", _with_alias, uid, input.alias, input.language or None)
        return AddTagAliasPayload(**done)

    @strawberry.mutation(description="For operators: stop finding a tag by a name.", extensions=[OPERATORS])
    async def remove_tag_alias(
        self,
        info: Info,
        input: Sent[RemoveTagAliasInput],
    ) -> RemoveTagAliasResult:
        uid = uid_beside(input.tag_id, "Tag", "tag_id", names.checked, input.alias, "alias")
        return RemoveTagAliasPayload(**await change(info, input, "tag", _without_alias, uid, input.alias))

    @strawberry.mutation(
        description="For operators: hang a tag, with all below it, under another of its vocabulary, or make it a root.",
        extensions=[OPERATORS],
    )
    async def move_tag(
        self,
        info: Info,
        input: Sent[MoveTagInput],
    ) -> MoveTagResult:
        reading = Reading()
        uid = reading.take(uid_of, input.tag_id, "Tag", "tag_id")
        under = reading.take(uid_of, input.parent_id, "Tag", "parent_id") if input.parent_id else None
        if uid is None or reading.errors:
            raise together(reading.errors)
        return MoveTagPayload(**await change(info, input, "tag", vocabularies.move, uid, under))

    @strawberry.mutation(
        description="For operators: offer a tag no more. Contents that carry it keep it.", extensions=[OPERATORS]
    )
    async def deprecate_tag(
        self,
        info: Info,
        input: Sent[DeprecateTagInput],
    ) -> DeprecateTagResult:
        uid, why = subject(input.tag_id, "Tag", input.reason)
        return DeprecateTagPayload(**await change(info, input, "tag", vocabularies.deprecate, uid, reason=why))

    @strawberry.mutation(
        description="For operators: accept a proposed tag, or offer a deprecated one again.", extensions=[OPERATORS]
    )
    async def activate_tag(
        self,
        info: Info,
        input: Sent[ActivateTagInput],
    ) -> ActivateTagResult:
        uid = uid_of(input.tag_id, "Tag", "tag_id")
        return ActivateTagPayload(**await change(info, input, "tag", vocabularies.activate, uid))

    @strawberry.mutation(
        description="For operators: let a tag mean another from now on. Names, tags below, contents and products go over,"
        " and every old reference leads to it.",
        extensions=[OPERATORS],
    )
    async def merge_tag(
        self,
        info: Info,
        input: Sent[MergeTagInput],
    ) -> MergeTagResult:
        reading = Reading()
        uid = reading.take(uid_of, input.tag_id, "Tag", "tag_id")
        into = reading.take(uid_of, input.into_id, "Tag", "into_id")
        if uid is None or into is None:
            raise together(reading.errors)
        names = ("tag", "moved_count", "is_complete")
        return MergeTagPayload(**await change(info, input, names, _merged, uid, into, clock=info.context.clock))
