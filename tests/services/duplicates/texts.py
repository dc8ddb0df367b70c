"""Texts and pictures that are like each other in a way that a test can say."""

from __future__ import annotations

from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.ids import new_uid
from tests import make

ENGLISH = (
    "The lake is quiet before six. A man sweeps the leaves from the bridge, two women unfold a table, and the first kettle "
    "begins to sing under the willows. We drink the tea of last spring out of glasses that are too hot to hold.\n\n"
    "By nine the boats are out and every bench is taken, so we walk up the hill instead. The path goes through bamboo, past a "
    "pavilion without a name, to a terrace where an old couple sells sweet potatoes and remembers everybody who came twice."
)
OTHER = (
    "Wool wants cold water, patience and a flat towel. Never wring it: press the water out, roll the jumper up, and lay it in "
    "its own shape away from the sun. A spoon of vinegar in the last rinse keeps colours from running into each other.\n\n"
    "Moths come for what was worn once and put away. Brush before you store, fold instead of hanging, and give every drawer a "
    "piece of cedar that you sand again when its smell is gone; then a good scarf outlives three fashionable ones."
)
CHINESE = (
    "清晨六点之前，湖面很安静。有人在桥上扫落叶，两位阿姨在柳树下支起小桌，第一壶水刚刚烧响。我们用烫得拿不住的玻璃杯喝去年春天的茶，"
    "一边等太阳从山后面出来。九点一到，游船都开了，长椅也坐满了人，于是我们改走上山的小路，穿过竹林，经过一座没有名字的亭子，"
    "到一块平台上歇脚，那里有一对老夫妻卖烤红薯，记得每一个来过两次的人。"
)
HASH = "c3a5f00f96695aa5"


def changed(text: str, *, every: int) -> str:
    """The text with each so-manieth word replaced."""
    words = text.split(" ")
    return " ".join("otherwise" if place % every == every - 1 else word for place, word in enumerate(words))


def turned(text: str) -> str:
    """The paragraphs of the text the other way round."""
    return "\n\n".join(reversed(text.split("\n\n")))


def flipped(perceptual_hash: str, *bits: int) -> str:
    """The hash with these bits turned."""
    return f"{int(perceptual_hash, 16) ^ sum(1 << bit for bit in bits):016x}"


async def picture(session: AsyncSession, looks: str | None = HASH, **values: Any) -> models.Asset:
    """A picture that was measured, and looks like this; None: one that an import described, and nobody measured."""
    if looks is None:
        return await make.asset(session, **values)
    digest = new_uid().bytes * 2
    session.add(
        models.Blob(
            sha256=digest,
            media_type="image/jpeg",
            byte_count=1,
            probe_state=models.ProbeState.PROBED,
            probed_at=make.EARLY,
        )
    )
    await session.flush()
    known = {"facts": {"perceptual_hash": looks}, "facts_source": models.AssetFactsSource.PROBED, "url": None}
    return await make.asset(session, sha256=digest, **(known | values))
