"""Where an asset is used: whatever shows it, with the place in it, and whether readers see that."""

from collections.abc import Mapping

import strawberry

import models
from api.graphql import refs
from api.graphql.context import Batch, Info
from api.graphql.fields import column
from api.graphql.nodes import Node
from api.graphql.rows import shape, shows
from api.graphql.words import described
from models import UsageKind
from services import answers, contents, creators, homepages, products

described(
    models.UsagePlace,
    "Where in what shows it an asset stands.",
    {
        "COVER": "A cover picture of a content.",
        "PICTURE": "A picture of a content or a product.",
        "VIDEO": "A film in a content.",
        "SUBTITLES": "The words of a film in a content.",
        "AVATAR": "The picture of a creator.",
        "BLOCK": "A block of a homepage.",
        "BODY": "The text of an answer.",
    },
    name="AssetPlace",
)


described(
    models.UsageState,
    "How near a use of an asset is to being seen.",
    {
        "LIVE": "Readers see it, unless its creator is suspended.",
        "WAITING": "It waits for consent or its time.",
        "DRAFT": "It is being written.",
        "HIDDEN": "It was published, and was withdrawn or taken down.",
        "OLD": "It stands in an earlier version, which can be brought back.",
    },
    name="AssetUseState",
)

READS: Mapping[UsageKind, Batch] = {
    UsageKind.CONTENT: contents.by_ids,
    UsageKind.PRODUCT: products.by_ids,
    UsageKind.CREATOR: creators.by_ids,
    UsageKind.HOMEPAGE: homepages.by_ids,
    UsageKind.ANSWER: answers.by_ids,
}


@shows(models.Usage)
@strawberry.type(description="A place that shows an asset.")
class AssetUse:
    row: strawberry.Private[models.Usage]

    place: models.UsagePlace = column("place", convert=models.UsagePlace, description="Where in it the asset stands.")
    state: models.UsageState = column("state", convert=models.UsageState, description="Whether readers see it.")

    @strawberry.field(
        description="The content, product, creator, version of a homepage or answer that shows it; null if you may not see it."
    )
    async def where(self, info: Info) -> Node | None:
        found = await info.context.load(READS[UsageKind(self.row.kind)], self.row.object_id)
        return shape(found)  # type: ignore[no-any-return]  # a Node by registration

    @strawberry.field(
        description="The version of the content that shows it; null for all else, or if you may not see it."
    )
    async def revision(self, info: Info) -> refs.RevisionRef | None:
        if UsageKind(self.row.kind) is not UsageKind.CONTENT:
            return None
        found = await info.context.load(contents.revisions_by_ids, self.row.row_id)
        return shape(found)  # type: ignore[no-any-return]  # a Revision by registration
