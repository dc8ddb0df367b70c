"""The form of a channel in force, for whoever may see the channel."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.caller import Caller
from services import access
from services.channels import installing
from services.channels.forms import Form, Language, kept_form


@dataclass(frozen=True, slots=True)
class ChannelForm:
    """A form with the version of the pack that it was made of. It is kept for others: nobody changes it."""

    form: Form
    pack_digest: str
    language: Language


async def of_channel(
    session: AsyncSession, caller: Caller, channel: str | UUID, format_: models.Format, languages: Iterable[str]
) -> ChannelForm | None:
    """The form of the entry with this key or uid, in the first of these languages that forms speak, else in English.

    None where there is no such entry or the caller may not see it; FormatNotTaken where the entry does not take the format.
    """
    named = models.Channel.uid == channel if isinstance(channel, UUID) else models.Channel.key == channel
    channel_id = await session.scalar(select(models.Channel.id).where(named, access.channels(caller)))
    if channel_id is None:
        return None
    entry = (await _seen(session, caller)).by_channel.get(channel_id)
    if entry is None:
        return None
    language = _spoken(languages)
    return ChannelForm(kept_form(entry.compiled, format_.value, language), entry.compiled.digest, language)


async def _seen(session: AsyncSession, caller: Caller) -> installing.Catalogue:
    """Who is one creator fills in the form that this creator is judged by; others get that of the version in force."""
    own = access.own_creator_ids(caller)
    return await (installing.catalogue_of(session, min(own)) if len(own) == 1 else installing.catalogue(session))


def _spoken(languages: Iterable[str]) -> Language:
    for language in languages:
        match language.lower().partition("-")[0]:
            case "en":
                return "en"
            case "zh":
                return "zh"
    return "en"
