"""The schema: queries and mutations put together from the domains."""

from pathlib import Path
from typing import Any

import strawberry
from graphql import build_schema, introspection_from_schema, lexicographic_sort_schema
from strawberry.schema.config import StrawberryConfig

from api.graphql.accounts import AccountQuery
from api.graphql.channels import ChannelQuery
from api.graphql.contents import ContentQuery
from api.graphql.creators import CreatorQuery
from api.graphql.distribution import Submission, SubmissionQuery
from api.graphql.documents import DocumentMutation, DocumentQuery
from api.graphql.feeds import FeedQuery
from api.graphql.formats import TYPES
from api.graphql.keys import AccountMutation
from api.graphql.homepages import Homepage, HomepageQuery
from api.graphql.nodes import NodeQuery
from api.graphql.planning import PlanQuery
from api.graphql.problems import RefuseExpected
from api.graphql.products import ProductQuery
from api.graphql.search import SearchRoot
from api.graphql.tags import TagQuery
from api.graphql.words import SCALARS
from api.graphql.writing import WritingMutation

CONTRACT = Path(__file__).with_name("schema.graphql")


@strawberry.type(description="What can be asked.")
class Query(
    AccountQuery,
    ChannelQuery,
    ContentQuery,
    CreatorQuery,
    DocumentQuery,
    FeedQuery,
    HomepageQuery,
    NodeQuery,
    PlanQuery,
    ProductQuery,
    SearchRoot,
    SubmissionQuery,
    TagQuery,
):
    pass


@strawberry.type(description="What can be done. Each answers with its payload, or with `Refused` and everything wrong.")
class Mutation(AccountMutation, DocumentMutation, WritingMutation):
    pass


def _built(*, is_sorted: bool) -> strawberry.Schema:
    return strawberry.Schema(
        query=Query,
        mutation=Mutation,
        types=[*TYPES.values(), Homepage, Submission],
        config=StrawberryConfig(scalar_map=SCALARS, sort_schema=is_sorted),
        exception_handlers=[RefuseExpected()],
    )


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
