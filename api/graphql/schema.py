"""The schema: queries and mutations put together from the domains."""

from pathlib import Path
from typing import Any

import strawberry
from graphql import build_schema, introspection_from_schema, lexicographic_sort_schema
from strawberry.schema.config import StrawberryConfig

from api.graphql import federation
from api.graphql.accounts import AccountQuery
from api.graphql.allowances import RateLimitQuery
from api.graphql.answering import AnswerMutation
from api.graphql.appeals import AppealMutation, AppealQuery
from api.graphql.asset_facts import OF_KIND
from api.graphql.asset_folders import AssetFolderMutation
from api.graphql.asset_retiring import AssetRetiringMutation
from api.graphql.asset_uploads import AssetUploadMutation, AssetUploadQuery
from api.graphql.asset_writing import AssetMutation
from api.graphql.assets import AssetQuery
from api.graphql.audit_writing import AuditMutation
from api.graphql.audits import AuditQuery
from api.graphql.channel_access import ChannelAccessQuery
from api.graphql.channel_forms import ChannelFormQuery
from api.graphql.channels import ChannelQuery
from api.graphql.clean_outs import CleanOutMutation, CleanOutQuery
from api.graphql.comments import CommentMutation
from api.graphql.comparing import ComparingQuery
from api.graphql.contents import ContentQuery
from api.graphql.creator_writing import CreatorMutation
from api.graphql.creators import CreatorQuery
from api.graphql.directives import DIRECTIVES
from api.graphql.distribution import Submission, SubmissionQuery
from api.graphql.documents import DocumentMutation, DocumentQuery
from api.graphql.engagement import EngagementMutation
from api.graphql.erasures import ErasureMutation, ErasureQuery
from api.graphql.feeds import FeedQuery
from api.graphql.following import FollowingMutation
from api.graphql.formats import TYPES
from api.graphql.homepage_writing import HomepageMutation
from api.graphql.homepages import Homepage, HomepageQuery
from api.graphql.identities import IdentityMutation
from api.graphql.keys import AccountMutation
from api.graphql.live_running import LiveMutation
from api.graphql.moderation import ModerationMutation
from api.graphql.nodes import NodeQuery
from api.graphql.organisation_writing import OrganisationMutation
from api.graphql.organisations import OrganisationQuery
from api.graphql.pack_writing import PackMutation
from api.graphql.packs import PackQuery
from api.graphql.planning import PlanQuery
from api.graphql.problems import RefuseExpected
from api.graphql.product_writing import ProductMutation
from api.graphql.products import ProductQuery
from api.graphql.publishing import PublishingMutation
from api.graphql.rehearsals import RehearsalMutation, RehearsalQuery
from api.graphql.renditions import RenditionQuery
from api.graphql.reviews import ReviewMutation
from api.graphql.search import SearchRoot
from api.graphql.shop_writing import ShopMutation
from api.graphql.submission_writing import SubmissionMutation
from api.graphql.subscriptions import LIVE_EVENTS, StreamQuery, Subscription
from api.graphql.tag_proposing import TagProposalMutation, TagProposalQuery
from api.graphql.tags import TagQuery
from api.graphql.tariff import Tariff
from api.graphql.vocabulary_writing import VocabularyMutation
from api.graphql.words import SCALARS
from api.graphql.writing import WritingMutation

CONTRACT = Path(__file__).with_name("schema.graphql")


@strawberry.type(description="What can be asked.")
class Query(
    AccountQuery,
    AppealQuery,
    AssetQuery,
    AssetUploadQuery,
    AuditQuery,
    ChannelAccessQuery,
    ChannelFormQuery,
    ChannelQuery,
    CleanOutQuery,
    ComparingQuery,
    ContentQuery,
    CreatorQuery,
    DocumentQuery,
    ErasureQuery,
    FeedQuery,
    HomepageQuery,
    NodeQuery,
    OrganisationQuery,
    PackQuery,
    PlanQuery,
    ProductQuery,
    RateLimitQuery,
    RehearsalQuery,
    RenditionQuery,
    SearchRoot,
    StreamQuery,
    SubmissionQuery,
    TagProposalQuery,
    TagQuery,
):
    pass


@strawberry.type(description="What can be done. Each answers with its payload, or with `Refused` and everything wrong.")
class Mutation(
    AccountMutation,
    AnswerMutation,
    AppealMutation,
    AssetFolderMutation,
    AssetMutation,
    AssetRetiringMutation,
    AssetUploadMutation,
    AuditMutation,
    CleanOutMutation,
    CommentMutation,
    CreatorMutation,
    DocumentMutation,
    ErasureMutation,
    EngagementMutation,
    FollowingMutation,
    HomepageMutation,
    IdentityMutation,
    LiveMutation,
    ModerationMutation,
    OrganisationMutation,
    PackMutation,
    ProductMutation,
    PublishingMutation,
    RehearsalMutation,
    ReviewMutation,
    ShopMutation,
    SubmissionMutation,
    TagProposalMutation,
    VocabularyMutation,
    WritingMutation,
):
    pass


def _built(*, is_sorted: bool) -> strawberry.Schema:
    built = strawberry.Schema(
        query=federation.federated(Query),
        mutation=Mutation,
        subscription=Subscription,
        types=[*TYPES.values(), *OF_KIND.values(), *LIVE_EVENTS, Homepage, Submission, *DIRECTIVES],
        config=StrawberryConfig(scalar_map=SCALARS | federation.SCALARS, sort_schema=is_sorted),
        exception_handlers=[RefuseExpected()],
    )
    Tariff.published(built)
    return built


# Not the sorted one: sorting makes new type objects, and Strawberry then no longer knows the members of its unions.
schema = _built(is_sorted=False)


def printed() -> str:
    """The contract as it is published: sorted, with descriptions."""
    return _built(is_sorted=True).as_str().rstrip() + "\n"


def introspected() -> dict[str, Any]:
    """The contract as the result of the standard introspection query, as code generators read it."""
    return {"data": introspection_from_schema(lexicographic_sort_schema(build_schema(printed())))}


def publish() -> bool:
    """Write the contract to schema.graphql; whether that changed anything."""
    text = printed()
    if CONTRACT.exists() and CONTRACT.read_text() == text:
        return False
    CONTRACT.write_text(text)
    return True
