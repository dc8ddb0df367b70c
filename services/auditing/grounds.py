"""The grounds on which a person may reject a submission: the reasons of its pack, and the checks of it that need eyes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.caller import Caller
from core.errors import Invalid, Problem
from core.reads import any_of
from services.channels import installing
from services.channels.complaints import did_you_mean
from services.channels.packs import Pack
from services.channels.rules.manual import Manual


class UnknownReason(Invalid):
    """It is none of the reasons that the pack pinned to the submission has."""

    code = "UNKNOWN_REASON"


class ReasonRequired(Invalid):
    """A rejection names why: by reasons of the pack where it has any, else in a note."""

    code = "REASON_REQUIRED"


@dataclass(frozen=True, slots=True)
class Ground:
    """Why something is rejected: the code of a reason of the pack, or the place of a check that needs eyes (rules.3).
    `words` by language.
    """

    code: str
    words: dict[str, str]


def grounds(pack: Pack) -> Iterator[Ground]:
    """Everything that a person may name: the pack's reasons in its order, then its checks that need eyes."""
    for reason in pack.audit.reasons:
        yield Ground(reason.code, reason.text.model_dump())
    for index, rule in enumerate(pack.rules):
        if isinstance(rule, Manual):
            yield Ground(f"rules.{index}", rule.text.model_dump())


def named(pack: Pack | None, codes: Iterable[str]) -> list[Ground]:
    """What stands behind codes that were kept. One that this version of ours cannot read any more says only its code."""
    known = {} if pack is None else {one.code: one for one in grounds(pack)}
    return [known.get(code, Ground(code, {})) for code in codes]


def checked(pack: Pack, codes: Sequence[str], note: str | None) -> list[str]:
    """The codes, each once. UnknownReason names every one that the pack does not have; ReasonRequired when nothing is said
    that the author could go by.
    """
    known = [one.code for one in grounds(pack)]
    problems = [
        Problem(
            UnknownReason.code,
            f"The channel knows no reason {code[:80]}.{did_you_mean(code[:80], known)}",
            ("reasons", place),
        )
        for place, code in enumerate(codes)
        if code not in known
    ]
    if problems:
        raise UnknownReason("Some of the reasons are none of the channel's.", problems=problems)
    if known and not codes:
        raise ReasonRequired("Name at least one of the channel's reasons.", path=("reasons",))
    if not codes and note is None:
        raise ReasonRequired("The channel has no reasons to name: say why in a note.", path=("note",))
    return list(dict.fromkeys(codes))


async def packs_of(session: AsyncSession, version_ids: Iterable[int]) -> dict[int, Pack]:
    """Packs by version; one that this version of ours cannot read is absent."""
    version = models.PackVersion
    found = await session.execute(select(version.id, version.body).where(version.id == any_of(version_ids)))
    readable = {version_id: _read(body) for version_id, body in found}
    return {version_id: pack for version_id, pack in readable.items() if pack is not None}


def _read(body: dict[str, Any]) -> Pack | None:
    try:
        return installing.read(body)
    except ValidationError:
        return None


async def told(session: AsyncSession, _caller: Caller, ids: Sequence[int]) -> dict[int, list[Ground]]:
    """By submission the grounds on which a person rejected it. Reached from one that the caller may see."""
    one = models.Submission
    statement = select(one.id, one.pack_version_id, one.reason_codes).where(
        one.id == any_of(ids), one.reason_codes != []
    )
    rejected = (await session.execute(statement)).all()
    packs = await packs_of(session, {row.pack_version_id for row in rejected})
    return {row.id: named(packs.get(row.pack_version_id), row.reason_codes) for row in rejected}
