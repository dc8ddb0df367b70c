"""Packs put in force over the API, by the same checks as from a folder; and the way back to a version that ruled before."""

from __future__ import annotations

import asyncio

from sqlalchemy import exists, select
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.caller import Caller
from core.errors import Problem
from services.channels import checking, complaints, installing, versions
from services.channels.packs import MalformedPack, Pack, parse_pack

NAME = "pack.toml"
"""What the text is called in its problems: it comes without a file."""


async def install(session: AsyncSession, caller: Caller, text: str) -> models.Channel:
    """Put the pack in this TOML text in force for its channel, which is made where there is none yet.

    MalformedPack with every problem at once, all of them at `toml`; then nothing changes.
    """
    pack = await checked(session, text)
    await installing.install(session, caller, pack)
    return await versions.entry(session, pack.key)


async def checked(session: AsyncSession, text: str) -> Pack:
    """The pack in this TOML text, which could be put in force; MalformedPack with every problem at once, at `toml`."""
    # tens of milliseconds, with many examples: others are served in between
    found, problems = await asyncio.to_thread(_checked, text)
    if found is not None:
        problems = [*problems, *await _misplaced(session, found)]
    if found is None or problems:
        told = [Problem(one.code, one.message, ("toml",)) for one in problems]
        raise MalformedPack(told[0].message, problems=told)
    return found.pack


async def roll_back(session: AsyncSession, caller: Caller, key: str, digest: str | None = None) -> models.Channel:
    """Put an earlier version of a channel's pack in force again: this one, or the one that ruled before."""
    channel = await versions.entry(session, key)
    wanted = await (
        versions.earlier(session, channel) if digest is None else versions.version(session, channel, digest)
    )
    await versions.roll_back(session, caller, channel, wanted)
    return channel


def _checked(text: str) -> tuple[checking.CheckedPack | None, list[Problem]]:
    try:
        pack: Pack = parse_pack(text, NAME)
    except MalformedPack as error:
        return None, list(error.problems)
    checked = checking.CheckedPack(NAME, pack, text)
    return checked, list(checking.faults(checked))


async def _misplaced(session: AsyncSession, checked: checking.CheckedPack) -> list[Problem]:
    """What is wrong with the pack among the channels that there are."""
    pack, channels = checked.pack, models.Channel
    found: list[Problem] = []
    if pack.parent is not None:
        bare = select(channels.key).where(channels.pack_version_id.is_(None))
        platforms = (await session.scalars(bare)).all()
        if pack.parent not in platforms:
            near = complaints.did_you_mean(pack.parent, platforms)
            found.append(checked.problem("UNKNOWN_PARENT", ("parent",), f"{pack.parent} holds no entries here.{near}"))
    below = models.Channel.__table__.alias()
    above = select(exists().where(below.c.parent_id == channels.id)).where(channels.key == pack.key)
    if await session.scalar(above):
        found.append(checked.problem("DUPLICATE_KEY", ("key",), f"{pack.key} is already a platform's"))
    return found
