"""Tags that a text suggests: for editors as they write, and as proposals on contents, which decide nothing until the
author confirms them.
"""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.reads import any_of
from models import TaggingSource, TagState, blocks
from services.tag_matching import Match, Matcher

# What a find is worth, in percent. Our own choice, not measured: nobody has judged proposals yet.
IN_TITLE, IN_TEXT, OF_PRODUCT = 80, 50, 60
AGAIN, AGAIN_AT_MOST = 5, 15
ONE_CHARACTER = -30
SUREST = 95

MOST = 20
"""The most tags suggested for one text, unless said otherwise."""

_SHORT = 5_000
"""Texts up to this many characters are read where they are; longer ones would keep the event loop for milliseconds."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A tag for a text, how sure that is in percent, how often it was named, and where it was named in the text."""

    tag: models.Tag
    confidence: int
    count: int
    matches: tuple[Match, ...] = ()


@dataclass(slots=True)
class _Evidence:
    """What speaks for one tag."""

    best: int = 0
    count: int = 0
    matches: list[Match] = field(default_factory=list)

    @property
    def confidence(self) -> int:
        more = min(AGAIN * max(self.count - 1, 0), AGAIN_AT_MOST)
        return min(max(self.best, 1) + more, SUREST)


async def suggest(
    session: AsyncSession, matcher: Matcher, text: str, *, title: str = "", most: int = MOST
) -> list[Suggestion]:
    """Tags named in a title or text, the surest first: the most exact of each branch, and of each taxonomy no more than
    may stand on one content. Places of matches are those in `text`.
    """
    evidence = await _named(matcher, title, text)
    known = await _active(session, evidence)
    return _ranked(evidence, known)[:most]


async def propose(
    session: AsyncSession, content_ids: Sequence[int], *, matcher: Matcher | None = None, most: int = MOST
) -> int:
    """Write what the words and products of these contents suggest as proposals, in the place of what was proposed by rule
    before; how many. Confirmed tags, and proposals of other sources, are not touched.

    The draft is read where there is one, else what is live.
    """
    read = matcher or await Matcher.of(session)
    evidence = await _of_contents(session, read, content_ids)
    known = await _active(session, {tag_id for found in evidence.values() for tag_id in found})
    rows = [
        _row(content_id, place, suggestion)
        for content_id, found in sorted(evidence.items())
        for place, suggestion in enumerate(_ranked(found, known)[:most])
    ]
    return await _write(session, list(evidence), rows)


async def _named(matcher: Matcher, title: str, text: str) -> dict[int, _Evidence]:
    in_title, in_text = [await _found(matcher, part) for part in (title, text)]
    evidence: defaultdict[int, _Evidence] = defaultdict(_Evidence)
    for worth, matches in ((IN_TITLE, in_title), (IN_TEXT, in_text)):
        for match in matches:
            one = evidence[match.tag_id]
            one.best = max(one.best, worth + (ONE_CHARACTER if len(match.surface) == 1 else 0))
            one.count += 1
    for match in in_text:
        evidence[match.tag_id].matches.append(match)
    return dict(evidence)


async def _found(matcher: Matcher, text: str) -> list[Match]:
    return matcher.find(text) if len(text) <= _SHORT else await asyncio.to_thread(matcher.find, text)


@dataclass(frozen=True, slots=True)
class _Known:
    tag: models.Tag
    most: int | None


async def _active(session: AsyncSession, ids: Iterable[int]) -> dict[int, _Known]:
    """The tags that may be proposed now: a matcher can be older than the vocabulary."""
    if not (wanted := sorted(ids)):
        return {}
    rows = await session.execute(
        select(models.Tag, models.Taxonomy.most_per_content)
        .join(models.Taxonomy, models.Taxonomy.id == models.Tag.taxonomy_id)
        .where(models.Tag.id == any_of(wanted), models.Tag.state == TagState.ACTIVE)
    )
    return {tag.id: _Known(tag, most) for tag, most in rows}


def _ranked(evidence: Mapping[int, _Evidence], known: Mapping[int, _Known]) -> list[Suggestion]:
    found = {id_: known[id_] for id_ in evidence if id_ in known}
    # a tag says what stands above it, too
    above = {ancestor for one in found.values() for ancestor in one.tag.path if ancestor != one.tag.id}
    order = sorted(found.keys() - above, key=lambda id_: (-evidence[id_].confidence, -evidence[id_].count, id_))
    counts: Counter[int] = Counter()
    ranked = []
    for id_ in order:
        tag, most = found[id_].tag, found[id_].most
        counts[tag.taxonomy_id] += 1
        if most is None or counts[tag.taxonomy_id] <= most:
            one = evidence[id_]
            ranked.append(Suggestion(tag, one.confidence, one.count, tuple(one.matches)))
    return ranked


async def _of_contents(session: AsyncSession, matcher: Matcher, ids: Sequence[int]) -> dict[int, dict[int, _Evidence]]:
    # the author may be confirming tags just now: one after the other
    content, revision = models.Content, models.Revision
    locked = select(content.id).where(content.id == any_of(ids), content.state != models.ContentState.ERASED)
    await session.execute(locked.order_by(content.id).with_for_update(key_share=True))
    rows = await session.execute(
        select(content.id, revision.id, revision.title, revision.summary, revision.body)
        .join(revision, revision.id == func.coalesce(content.draft_revision_id, content.live_revision_id))
        .where(content.id == any_of(ids), content.state != models.ContentState.ERASED)
    )
    evidence: dict[int, dict[int, _Evidence]] = {}
    by_revision: dict[int, int] = {}
    for content_id, revision_id, title, summary, body in rows:
        words = "\n".join((summary, *blocks.paragraphs(blocks.load(body))))
        evidence[content_id] = await _named(matcher, title, words)
        by_revision[revision_id] = content_id
    for revision_id, category_id in await _categories(session, list(by_revision)):
        one = evidence[by_revision[revision_id]].setdefault(category_id, _Evidence())
        one.best = max(one.best, OF_PRODUCT)
        one.count += 1
    return evidence


async def _categories(session: AsyncSession, revision_ids: Sequence[int]) -> list[tuple[int, int]]:
    """(revision, category) of every product that the revisions lead to, merges followed."""
    link, product, tag = models.RevisionProduct, models.Product, models.Tag
    rows = await session.execute(
        select(link.revision_id, func.coalesce(tag.merged_into_id, tag.id))
        .join(product, product.id == link.product_id)
        .join(tag, tag.id == product.category_id)
        .where(link.revision_id == any_of(revision_ids))
    )
    return [(revision_id, category_id) for revision_id, category_id in rows]


def _row(content_id: int, place: int, suggestion: Suggestion) -> dict[str, Any]:
    return {
        "content_id": content_id,
        "tag_id": suggestion.tag.id,
        "position": place,
        "source": TaggingSource.RULE,
        "confidence": suggestion.confidence,
        "is_confirmed": False,
    }


async def _write(session: AsyncSession, content_ids: Sequence[int], rows: Sequence[dict[str, Any]]) -> int:
    tagging = models.Tagging
    await session.execute(
        delete(tagging).where(
            tagging.content_id == any_of(content_ids),
            tagging.source == TaggingSource.RULE,
            tagging.is_confirmed.is_(False),
        )
    )
    if not rows:
        return 0
    fresh = insert(tagging).on_conflict_do_nothing().returning(tagging.tag_id)
    return len((await session.execute(fresh, list(rows))).all())
