"""Packs put in force over the API, by the same checks as from a folder, on some creators first, and taken back again."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Literal, NamedTuple

from sqlalchemy import exists, select
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.caller import Caller
from core.errors import Invalid, Problem
from services.channels import canaries, checking, complaints, installing, versions
from services.channels.known import known_here
from services.channels.packs import MalformedPack, Pack, parse_pack
from services.channels.vocabulary import Vocabulary
from services.objections import Objections


class NotOnePack(Invalid):
    """None of the ways to give a pack was used, or several."""

    code = "NOT_ONE_PACK"


class PackOfAnotherChannel(Invalid):
    """The key in the pack is not that of the channel that was named."""

    code = "PACK_OF_ANOTHER_CHANNEL"


class PackText(NamedTuple):
    """A pack as it was written, and in which file, if it was in one."""

    text: str
    form: Literal["toml", "json"] = "toml"
    file: str | None = None

    @property
    def name(self) -> str:
        """What the text is called in its problems."""
        return self.file or f"pack.{self.form}"


def given(toml: str | None, json: str | None, file: str | None = None) -> PackText:
    """The text that was given; NotOnePack."""
    if toml is not None and json is None:
        return PackText(toml, "toml", file)
    if json is not None and toml is None:
        return PackText(json, "json", file)
    raise NotOnePack("Give the pack as `toml` or as `json`: exactly one of them.")


async def install(
    session: AsyncSession,
    caller: Caller,
    toml: str | None = None,
    json: str | None = None,
    *,
    allows_unknown_words: bool = False,
) -> models.Channel:
    """Put the pack in this text in force for its channel, which is made where there is none yet.

    NotOnePack; MalformedPack with every problem at once, all of them at `toml` or `json`; then nothing changes.
    """
    pack = await checked(session, given(toml, json), allows_unknown_words=allows_unknown_words)
    await installing.install(session, caller, pack)
    return await versions.entry(session, pack.key)


async def checked(session: AsyncSession, text: str | PackText, *, allows_unknown_words: bool = False) -> Pack:
    """The pack in this text (TOML, if it does not say), which could be put in force. MalformedPack with every problem at
    once, at `toml` or `json`: also the words in it that this database does not have, unless they are allowed.
    """
    written = PackText(text) if isinstance(text, str) else text
    known = None if allows_unknown_words else await known_here(session)
    # tens of milliseconds, with many examples: others are served in between
    found, problems = await asyncio.to_thread(_checked, written, known)
    if found is not None:
        problems = [*problems, *await misplaced(session, found)]
    if found is None or problems:
        told = [Problem(one.code, one.message, (written.form,)) for one in problems]
        raise MalformedPack(told[0].message, problems=told)
    return found.pack


async def set_canary(
    session: AsyncSession,
    caller: Caller,
    key: str,
    percent: int,
    *,
    digest: str | None = None,
    toml: str | None = None,
    json: str | None = None,
    file: str | None = None,
    allows_unknown_words: bool = False,
) -> models.Channel:
    """Let a version of a channel's pack rule for this percentage of its creators: one that is kept here, by its digest, or
    the one in this text. All that is wrong is told at once.
    """
    objections = Objections()
    channel = await objections.take_from(versions.entry(session, key))
    objections.take(canaries.check_percent, percent)
    pack = None
    if [digest, toml, json].count(None) != 2:
        objections.note(NotOnePack("Give the version as `digest`, `toml` or `json`: exactly one of them."))
    elif digest is None:
        text = given(toml, json, file)
        pack = await objections.take_from(checked(session, text, allows_unknown_words=allows_unknown_words))
        if pack is not None and pack.key != key:
            said = f"This is the pack of {pack.key[:80]}, not of {key[:80]}."
            objections.note(PackOfAnotherChannel(said, path=(text.form,)))
    version = None
    if digest is not None and channel is not None:
        version = await objections.take_from(versions.version(session, channel, digest))
    objections.check()
    assert channel is not None
    if version is None:
        assert pack is not None
        kept = await installing.store_version(session, channel.id, pack)
        version = await session.get_one(models.PackVersion, kept)
    await canaries.share(session, caller, channel, version, percent)
    return channel


async def stop_canary(session: AsyncSession, caller: Caller, key: str, digest: str | None = None) -> models.Channel:
    """Let the version in force rule again for the creators of a canary: of this one, or of the only one."""
    channel = await versions.entry(session, key)
    await canaries.stop(session, caller, channel, digest)
    return channel


async def promote_canary(session: AsyncSession, caller: Caller, key: str, digest: str | None = None) -> models.Channel:
    """Put the version of a canary in force for everybody: of this one, or of the only one."""
    channel = await versions.entry(session, key)
    await canaries.promote(session, caller, channel, digest)
    return channel


async def roll_back(session: AsyncSession, caller: Caller, key: str, digest: str | None = None) -> models.Channel:
    """Put an earlier version of a channel's pack in force again: this one, or the one that ruled before."""
    channel = await versions.entry(session, key)
    wanted = await (
        versions.earlier(session, channel) if digest is None else versions.version(session, channel, digest)
    )
    await versions.roll_back(session, caller, channel, wanted)
    return channel


def _checked(written: PackText, known: Vocabulary | None) -> tuple[checking.CheckedPack | None, Sequence[Problem]]:
    try:
        pack = parse_pack(written.text, written.name)
    except MalformedPack as error:
        return None, error.problems
    found = checking.CheckedPack(written.name, pack, written.text)
    return found, list(checking.faults(found, known))


async def misplaced(session: AsyncSession, checked: checking.CheckedPack) -> list[Problem]:
    """What is wrong with the pack among the channels that there are."""
    pack, channels = checked.pack, models.Channel
    found: list[Problem] = []
    if pack.parent is not None:
        bare = select(channels.key).where(channels.pack_version_id.is_(None))
        platforms = (await session.scalars(bare)).all()
        if pack.parent not in platforms:
            near = complaints.did_you_mean(pack.parent, platforms)
            found.append(checked.problem("UNKNOWN_PARENT", ("parent",), f"{pack.parent} holds no entries here.{near}"))
    if pack.showing is not None:
        there = set(await session.scalars(select(channels.key).where(channels.key.in_(pack.showing.also_in))))
        for index, key in enumerate(pack.showing.also_in):
            if key not in there:
                place = ("showing", "also_in", index)
                found.append(checked.problem("UNKNOWN_CHANNEL", place, f"there is no {key} here."))
    below = models.Channel.__table__.alias()
    above = select(exists().where(below.c.parent_id == channels.id)).where(channels.key == pack.key)
    if await session.scalar(above):
        found.append(checked.problem("DUPLICATE_KEY", ("key",), f"{pack.key} is already a platform's"))
    return found
