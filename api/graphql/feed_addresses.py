"""Where a feed is found: from what it is the feed of, without reading it."""

import strawberry

import models
from api.graphql.context import Info
from api.graphql.fields import column
from api.graphql.rows import shows
from api.graphql.words import described

described(
    models.FeedKind,
    "Whose feed it is.",
    {
        "CHANNEL": "A channel's.",
        "CREATOR": "A creator's.",
        "ORGANISATION": "An organisation's.",
        "TAG": "A tag's.",
    },
)


@shows(models.Feed)
@strawberry.type(description="Where a feed is found: by its key through the query `feed`, or at its address.")
class FeedAddress:
    row: strawberry.Private[models.Feed]

    key: str = column("key", description="Its name, as `feed` takes it and as it stands in addresses.")
    kind: models.FeedKind = column("kind", description="Whose feed it is.")

    @strawberry.field(description="The address of the feed as JSON Feed.")
    def url(self, info: Info) -> str:
        return f"{info.context.settings.base_url}/feeds/{self.row.key}.json"
