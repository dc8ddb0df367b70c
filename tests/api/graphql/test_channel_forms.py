"""The form of a channel over GraphQL: by key and by id, in both languages, for whom the channel is there."""

from __future__ import annotations

import hashlib
from typing import Any

import orjson
import pytest
from jsonschema import Draft202012Validator
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.caller import Caller, Scope
from core.ids import global_id, new_uid
from tests import make
from tests.api.graphql.asking import Asking
from tests.services.channels.channel_facts import pack

FORM = """query ($channel: String!, $format: Format!, $language: String) {
  channelForm(channel: $channel, format: $format, language: $language) { schema digest packVersion language }
}"""
RULED = pack(
    '[[rules]]\nkind="text.length"\nfield="title"\nmin=4\nmax=19\nunit="code_points"',
    selector='formats=["ARTICLE"]',
    key="house.articles",
)


@pytest.fixture
async def channel(session: AsyncSession) -> models.Channel:
    return await make.channel(session, RULED.key, body=orjson.loads(RULED.canonical()))


async def form(api: Asking, channel: str = RULED.key, format_: str = "ARTICLE", language: str | None = None) -> Any:
    asked = {"channel": channel, "format": format_} | ({"language": language} if language else {})
    return (await api.data(FORM, **asked))["channelForm"]


async def test_a_form_says_the_limits_before_anything_is_typed(api: Asking, channel: models.Channel) -> None:
    found = await form(api)
    validator = Draft202012Validator(found["schema"])
    draft = {"format": "ARTICLE", "language": "en", "title": "Six scarves"}

    assert validator.is_valid(draft)
    assert not validator.is_valid(draft | {"title": "Six"})
    assert found["packVersion"] == RULED.digest
    written = orjson.dumps(found["schema"], option=orjson.OPT_SORT_KEYS)
    assert found["digest"] == hashlib.sha256(written).hexdigest()
    assert await form(api, global_id("Channel", channel.uid)) == found


@pytest.mark.usefixtures("channel")
async def test_a_form_speaks_the_language_that_is_asked_for(api: Asking) -> None:
    async def label(language: str | None) -> tuple[str, str]:
        found = await form(api, language=language)
        return found["language"], found["schema"]["properties"]["title"]["x-headwater-ui"]["label"]

    assert await label(None) == ("en", "Title")
    assert await label("zh-Hant") == ("zh", "标题")
    assert await label("fr") == ("en", "Title")


async def test_a_channel_without_a_pack_or_that_nobody_sees_has_no_form(api: Asking, session: AsyncSession) -> None:
    await make.channel(session, "house")
    hidden = await make.channel(session, "house.hidden", body=orjson.loads(RULED.canonical()), is_private=True)
    granted = Caller(name="integration", scopes=frozenset({Scope.FEED_READ}), channel_ids=frozenset({hidden.id}))

    assert await form(api, "house") is None
    assert await form(api, "house.nowhere") is None
    assert await form(api, "house.hidden") is None
    assert await form(api, global_id("Channel", new_uid())) is None
    assert (await form(api.as_(granted), "house.hidden"))["packVersion"] == RULED.digest


@pytest.mark.usefixtures("channel")
async def test_what_cannot_be_asked_is_told_with_a_code(api: Asking) -> None:
    async def code(channel: str, format_: str = "ARTICLE") -> list[str]:
        return await api.codes(FORM, channel=channel, format=format_)

    assert await code(RULED.key, "GALLERY") == ["FORMAT_NOT_TAKEN"]
    assert await code("House!") == ["MALFORMED_ID"]
    assert await code(global_id("Content", new_uid())) == ["WRONG_ID_TYPE"]


@pytest.mark.usefixtures("channel")
async def test_a_form_that_is_kept_asks_only_whether_it_is_still_in_force(api: Asking) -> None:
    first = await form(api)

    with api.statements() as sent:
        again = await form(api)

    assert again == first
    assert len(sent) == 2, "the channel, and the stamp of what is in force"
