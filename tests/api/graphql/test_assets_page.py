"""What docs/assets.md tells works: every query on it is run, and the formats and limits that it names hold."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from graphql import OperationDefinitionNode, parse, print_ast
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.caller import Scope
from core.clock import FixedClock
from core.ids import global_id
from core.settings import Settings
from core.store import Store
from services.media import sniffing
from tests import make
from tests.api.graphql.asking import Asking

PAGE = (Path(__file__).parents[3] / "docs" / "assets.md").read_text("utf-8")
QUERIES = {
    one.name.value: print_ast(one)
    for document in re.findall(r"```graphql\n(.*?)```", PAGE, re.DOTALL)
    for one in parse(document).definitions
    if isinstance(one, OperationDefinitionNode) and one.name
}
NAMES = {
    "image/jpeg": "JPEG", "image/png": "PNG", "image/gif": "GIF", "image/webp": "WebP", "image/avif": "AVIF",
    "image/tiff": "TIFF", "video/mp4": "MP4", "video/quicktime": "QuickTime", "video/webm": "WebM",
    "video/x-matroska": "Matroska", "audio/mpeg": "MP3", "audio/mp4": "M4A", "audio/aac": "AAC", "audio/ogg": "Ogg",
    "audio/wav": "WAV", "audio/flac": "FLAC", "text/vtt": "WebVTT", "application/x-subrip": "SubRip",
}  # fmt: skip


@pytest.mark.parametrize("name", QUERIES)
async def test_every_query_of_the_page_is_answered(
    api: Asking, session: AsyncSession, store: Store, clock: FixedClock, name: str
) -> None:
    await make.instance(session)
    creator = await make.creator(session)
    asset = await make.held(
        session, store, b"a picture", creator_id=creator.id, width=1920, height=1080, found={"kind": "IMAGE"}
    )
    product = await make.product(session)
    author = await make.author(session, creator, Scope.CONTENT_WRITE)
    upload = models.AssetUpload(
        account_id=author.account_id, creator_id=creator.id, expires_at=clock.now() + timedelta(hours=1)
    )
    session.add(upload)
    await session.flush()
    given = {
        "asset": global_id("Asset", asset.uid),
        "creator": global_id("Creator", creator.uid),
        "product": global_id("Product", product.uid),
        "upload": global_id("AssetUpload", upload.uid),
    }
    wanted = set(re.findall(r"\$(\w+): ID!", QUERIES[name]))

    data = await replace(api, store=store, caller=author).data(
        QUERIES[name], **{part: value for part, value in given.items() if part in wanted}
    )

    (answer,) = data.values()
    assert answer is not None
    assert "problems" not in answer


def test_the_page_names_the_formats_and_limits_that_hold() -> None:
    defaults = {name: one.default for name, one in Settings.model_fields.items()}
    table = PAGE.partition("## What is taken")[2].partition("What a file is")[0]

    assert set(NAMES) == set(sniffing.KINDS)
    assert [name for name in NAMES.values() if name not in table] == []
    assert f"{defaults['image_limit'] // 10**6} MB (`HEADWATER_IMAGE_LIMIT`)" in table
    assert f"{defaults['video_limit'] // 10**9} GB (`HEADWATER_VIDEO_LIMIT`)" in table
    assert f"{defaults['audio_limit'] // 10**6} MB (`HEADWATER_AUDIO_LIMIT`)" in table
    assert f"{defaults['pixel_limit'] // 10**6} megapixels" in table
    assert defaults["asset_max_age"] == 3_600
