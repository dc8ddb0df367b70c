"""Forms of channels: what an entry asks of a draft, before anything is typed."""

import re
from typing import Annotated
from uuid import UUID

import strawberry
from strawberry.scalars import JSON

import models
from api.graphql.context import Info
from api.graphql.directives import Cost
from api.graphql.fields import column
from api.graphql.ids import uid_of
from api.graphql.labels import Language, chosen
from services import channel_forms

KEY = re.compile(r"[a-z0-9.-]{1,100}")


@strawberry.type(description="What a channel asks of a draft of one format, as a form.")
class ChannelForm:
    row: strawberry.Private[channel_forms.ChannelForm]

    schema: JSON = column(
        "form.schema",
        description="A JSON Schema (2020-12) of a draft: what blocks is a constraint, as far as JSON Schema can say it."
        " `x-headwater` beside a field tells of every rule about it, `x-headwater-ui` how to ask for it, and"
        " `x-headwater-only-rules` names what is only decided when the draft is planned or submitted.",
    )
    digest: str = column(
        "form.digest", description="SHA-256 of the canonical JSON of `schema`: keep the form under it."
    )
    pack_version: str = column("pack_digest", description="The digest of the version of the rules that it was made of.")
    language: str = column("language", description="The language of its words: en or zh.")


def _named(channel: str) -> str | UUID:
    """A key as it is; anything else must be an id."""
    return channel if KEY.fullmatch(channel) else uid_of(channel, "Channel", "channel")


@strawberry.type
class ChannelFormQuery:
    @strawberry.field(
        description="The form of a channel entry for contents of a format; null if there is no such entry or you may not"
        " see it. FORMAT_NOT_TAKEN if it does not take the format.",
        directives=[Cost(weight=10)],
    )
    async def channel_form(
        self,
        info: Info,
        channel: Annotated[str, strawberry.argument(description="Its key, such as x.post, or its id.")],
        format: Annotated[models.Format, strawberry.argument(description="The format of the draft.")],
        language: Language = strawberry.UNSET,
    ) -> ChannelForm | None:
        context, named = info.context, _named(channel)
        async with context.db.session() as session:
            found = await channel_forms.of_channel(
                session, context.caller, named, format, chosen(info, language or None)
            )
        return None if found is None else ChannelForm(row=found)
