"""`headwater tags` as an operator types it: what was proposed, accepted, given up and merged."""

from __future__ import annotations

import json

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

import models
from models import TagState
from tests import make
from tests.scripts.test_commands import Run, run, with_session

__all__ = ["run"]


async def three_tags(session: AsyncSession) -> None:
    scene = await make.taxonomy(session, "scene")
    attic = await make.tag(session, scene, "attic")
    await make.tag(session, scene, "loft", state=TagState.PROPOSED)
    await make.content(session, await make.creator(session), tags=(attic,))


async def standing(session: AsyncSession) -> tuple[dict[str, str], list[list[str]]]:
    """The state of every tag, and the tags of every content."""
    rows = {tag.id: tag for tag in await session.scalars(select(models.Tag))}
    contents = await session.scalars(select(models.Content.tag_ids))
    states = {tag.code: tag.state.value for tag in rows.values()}
    return states, [[rows[id_].code for id_ in ids] for ids in contents]


def test_a_proposal_is_read_accepted_and_merged_into(run: Run, own_url: str):
    with_session(own_url, three_tags)

    listed = run("tags", "proposed", "--json")
    accepted = run("tags", "activate", "scene:loft")
    rehearsed = run("tags", "merge", "scene:attic", "scene:loft", "--dry-run", "--json")
    before = with_session(own_url, standing)
    merged = run("tags", "merge", "scene:attic", "scene:loft")
    after = with_session(own_url, standing)
    deprecated = run("tags", "deprecate", "scene:loft", "--reason", "Nobody says so.")
    unknown = run("tags", "activate", "scene:cellar")

    assert json.loads(listed.stdout) == [{"tag": "scene:loft", "labels": {"en": "Loft", "zh": "loft"}}]
    assert accepted.stdout == "scene:loft is active\n"
    assert json.loads(rehearsed.stdout) == {
        "tag": "scene:attic", "into": "scene:loft", "moved": 1, "complete": True, "dry_run": True
    }  # fmt: skip
    assert before == ({"attic": "ACTIVE", "loft": "ACTIVE"}, [["attic"]])
    assert merged.stdout == "scene:attic means scene:loft; 1 contents and products moved with it\n"
    assert after == ({"attic": "MERGED", "loft": "ACTIVE"}, [["loft"]])
    assert deprecated.stdout == "scene:loft is deprecated\n"
    assert with_session(own_url, standing)[0]["loft"] == "DEPRECATED"
    assert (unknown.exit_code, unknown.stdout) == (1, "")
    assert unknown.stderr == "headwater: There is no tag scene:cellar: write it taxonomy:code.\n"
