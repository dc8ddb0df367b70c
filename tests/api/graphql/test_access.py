"""Every mutation of the schema, tried by everybody who has no right to it: nothing is written, and what is foreign looks
like what never was.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.caller import ANONYMOUS, Caller, Scope
from core.clock import FixedClock
from core.ids import global_id, new_uid
from models import ContentState, Format
from tests import make
from tests.api.graphql.asking import Asking
from tests.api.graphql.sending import Sending, mutations

MUTATIONS = list(mutations())
ALL_BUT_OPERATE = frozenset(Scope) - {Scope.OPERATE}
# what anybody with an account and the scope may do, because it is done as themselves
EVERYBODYS = {"createApplication"}
# the same, where the content or creator is public
READERS = EVERYBODYS | {
    "addComment", "followCreator", "likeContent", "saveContent", "sendLiveMessage", "unfollowCreator", "unlikeContent",
    "unsaveContent", "unvoteForAnswer", "voteForAnswer",
}  # fmt: skip
GATES = {"MISSING_SCOPE", "OPERATORS_ONLY"}
FOREIGN = {"FORBIDDEN", "OPERATORS_ONLY"}
# written by whoever asks at all, and no business of others
UNWATCHED = {"rate_buckets", "alembic_version"}


@dataclass
class Victim:
    """A creator with an account, and one of everything that a mutation can name."""

    account: models.Account
    creator: models.Creator
    rows: dict[str, Any]

    @property
    def ids(self) -> dict[str, str]:
        return {name: global_id(name, row.uid) for name, row in self.rows.items()}


async def victim(session: AsyncSession, *, live: bool) -> Victim:
    """With `live` it is all to be seen by everybody; else none of it."""
    account, creator = await make.account(session, name="Ada"), await make.creator(session)
    identity = models.Identity(account_id=account.id, kind=models.IdentityKind.CREATOR, creator_id=creator.id)
    session.add(identity)
    content = await make.content(session, creator, format=Format.LIVE, live=live)
    question = await make.content(session, creator, format=Format.QNA, live=live)
    session.add(models.LiveRoom(content_id=content.id, starts_at=make.EARLY))
    organisation = models.Organisation(handle=f"org-{creator.id}", name="Lotus")
    shop = await make.shop(session)
    taxonomy = await make.taxonomy(session, f"t{creator.id}")
    tag = await make.tag(session, taxonomy, "one")
    brand = models.Brand(name=f"Brand {creator.id}")
    session.add_all([organisation, brand])
    await session.flush()
    period = Range(make.day("2026-01-01"), None)
    of = {"content_id": content.id, "account_id": account.id}
    rows: dict[str, Any] = {
        "Account": account,
        "Identity": identity,
        "Creator": creator,
        "Content": content,
        "Organisation": organisation,
        "Shop": shop,
        "Brand": brand,
        "Taxonomy": taxonomy,
        "Tag": tag,
        "Product": await make.product(session, shop_id=shop.id),
        "Asset": await make.asset(session, creator_id=creator.id),
        "AssetFolder": models.AssetFolder(creator_id=creator.id, name="Pictures"),
        "AssetUpload": models.AssetUpload(
            account_id=account.id, creator_id=creator.id, byte_count=9, expires_at=datetime(2027, 1, 1, tzinfo=UTC)
        ),
        "Channel": await make.channel(session, f"house.c{creator.id}"),
        "ApiKey": models.ApiKey(
            account_id=account.id, name="k", prefix=f"{creator.id:012x}", secret_hash=bytes(32), scopes=[]
        ),
        "Application": models.Application(key=f"app-{creator.id}", name="App", account_id=account.id),
        "Answer": models.Answer(content_id=question.id, creator_id=creator.id, body=[], published_at=make.EARLY),
        "Comment": models.Comment(**of, text="Hm."),
        "LiveMessage": models.LiveMessage(**of, text="Hi."),
        "Appeal": models.Appeal(content_id=content.id, account_id=account.id, text="But no."),
        "OrganisationMember": models.OrganisationMember(
            organisation_id=organisation.id, account_id=account.id, role=models.OrganisationRole.OWNER, period=period
        ),
        "Contract": models.Contract(
            organisation_id=organisation.id, creator_id=creator.id, period=period, share_basis_points=0
        ),
    }
    session.add_all(row for row in rows.values() if row.id is None)
    revision = await session.get_one(models.Revision, content.live_revision_id or content.draft_revision_id)
    rows["Revision"] = revision
    rows["Review"] = models.Review(organisation_id=organisation.id, content_id=content.id, revision_id=revision.id)
    session.add(rows["Review"])
    session.add(models.ContentCount(content_id=content.id, comments_count=1))
    await _submission(session, rows)
    if not live:
        creator.suspended_at = organisation.suspended_at = make.EARLY
        for one in (content, question):
            one.state = ContentState.WITHDRAWN
    await session.flush()
    return Victim(account, creator, rows)


async def _submission(session: AsyncSession, rows: dict[str, Any]) -> None:
    pack = models.PackVersion(channel_id=rows["Channel"].id, digest=f"{rows['Channel'].id:064x}", body={})
    session.add(pack)
    await session.flush()
    rows["Submission"] = models.Submission(
        content_id=rows["Content"].id,
        channel_id=rows["Channel"].id,
        state=models.SubmissionState.DELIVERED,
        revision_id=rows["Revision"].id,
        pack_version_id=pack.id,
    )
    session.add(rows["Submission"])
    versions = {"channel_id": pack.channel_id, "pack_version_id": pack.id, "compared_id": pack.id}
    rows["Rehearsal"] = models.Rehearsal(**versions, requested_by="op")
    session.add(rows["Rehearsal"])
    await session.flush()


async def everything(session: AsyncSession) -> dict[str, str]:
    """A digest of the rows of every table."""
    names = [name for name in models.Base.metadata.tables if name not in UNWATCHED]
    digest = "SELECT '{0}', md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) FROM {0} t"
    rows = await session.execute(text(" UNION ALL ".join(digest.format(name) for name in names)))
    return dict(rows.all())


async def problems(asking: Asking, mutation: Sending, sent: dict[str, Any]) -> list[dict[str, Any]] | None:
    """Why it was refused, or None where it was done."""
    answer = (await asking.data(mutation.document, input=sent))[mutation.name]
    if "results" in answer:
        return [problem for one in answer["results"] for problem in one["problems"]] or None
    found: list[dict[str, Any]] | None = answer.get("problems")
    return found


def codes(found: list[dict[str, Any]] | None) -> set[str]:
    return {problem["code"] for problem in found or ()} or {"DONE"}


async def stranger(session: AsyncSession) -> Caller:
    """A creator who owns an organisation and a shop of their own, with every scope but that of operators."""
    account, creator, shop = await make.account(session), await make.creator(session), await make.shop(session)
    organisation = models.Organisation(handle=f"other-{creator.id}", name="Other")
    session.add(organisation)
    await session.flush()
    return Caller(
        name="eve",
        account_id=account.id,
        creator_ids=frozenset({creator.id}),
        organisation_ids=frozenset({organisation.id}),
        shop_ids=frozenset({shop.id}),
        scopes=ALL_BUT_OPERATE,
    )


def unknown(ids: Iterable[str]) -> dict[str, str]:
    return {name: global_id(name, new_uid()) for name in ids}


async def test_without_a_key_no_mutation_is_more_than_refused(api: Asking, session: AsyncSession):
    someone = await victim(session, live=True)
    before = await everything(session)

    told = {one.name: codes(await problems(api.as_(ANONYMOUS), one, one.input(someone.ids))) for one in MUTATIONS}

    assert told == {one.name: {"NOT_SIGNED_IN"} for one in MUTATIONS}
    assert await everything(session) == before


async def test_a_key_without_the_scope_is_told_its_name_and_nothing_else(api: Asking, session: AsyncSession):
    someone = await victim(session, live=True)
    owner = Caller(
        name="narrow",
        account_id=someone.account.id,
        creator_ids=frozenset({someone.creator.id}),
        organisation_ids=frozenset({someone.rows["Organisation"].id}),
        shop_ids=frozenset({someone.rows["Shop"].id}),
        scopes=frozenset({Scope.FEED_READ}),
    )
    before = await everything(session)

    for one in MUTATIONS:
        known = await problems(api.as_(owner), one, one.input(someone.ids))
        assert known is not None, one.name
        assert codes(known) <= GATES, one.name
        assert known == await problems(api.as_(owner), one, one.input(unknown(someone.ids))), one.name
        assert [problem["path"] for problem in known] == [[]], one.name
    assert await everything(session) == before


async def test_to_a_foreign_creator_what_is_hidden_is_what_never_was(api: Asking, session: AsyncSession):
    someone, eve = await victim(session, live=False), api.as_(await stranger(session))
    # what is anybody's to name; not to be told from what is nobody's is the business of all else
    shared = {name: someone.ids[name] for name in ("Product", "Channel", "Shop", "Brand", "Taxonomy", "Tag")}
    before = await everything(session)

    for one in MUTATIONS:
        if one.name in EVERYBODYS:
            continue
        theirs = await problems(eve, one, one.input(someone.ids))
        nobodys = await problems(eve, one, one.input(unknown(someone.ids) | shared))
        assert theirs is not None, one.name
        assert theirs == nobodys, one.name
    assert await everything(session) == before


async def test_a_foreign_creator_changes_nothing_of_what_it_sees(api: Asking, session: AsyncSession):
    someone, eve = await victim(session, live=True), api.as_(await stranger(session))
    before = await everything(session)

    told = {
        one.name: codes(await problems(eve, one, one.input(someone.ids)))
        for one in MUTATIONS
        if one.name not in READERS
    }

    wrong = {
        name: found
        for name, found in told.items()
        if not found & FOREIGN and not all(code.startswith("NO_SUCH_") for code in found)
    }
    assert wrong == {}
    assert await everything(session) == before


async def test_the_owner_would_get_past_every_gate(api: Asking, session: AsyncSession, clock: FixedClock):
    """The same inputs by those who may: what is then refused is refused for other reasons, so the tests above say
    something.
    """
    someone = await victim(session, live=True)
    owner = Caller(
        name="ada",
        account_id=someone.account.id,
        creator_ids=frozenset({someone.creator.id}),
        organisation_ids=frozenset({someone.rows["Organisation"].id}),
        shop_ids=frozenset({someone.rows["Shop"].id}),
        channel_ids=frozenset({someone.rows["Channel"].id}),
        scopes=ALL_BUT_OPERATE,
    )
    operator = replace(owner, scopes=frozenset({Scope.OPERATE}))

    for one in MUTATIONS:
        sent, bars = one.input(someone.ids), FOREIGN | GATES | {"NOT_SIGNED_IN"}
        told = codes(await problems(api.as_(owner), one, sent))
        if told & bars:
            told = codes(await problems(api.as_(operator), one, sent))
        assert not told & bars, (one.name, told)


def test_every_mutation_has_a_gate_in_the_contract():
    ungated = [
        one.name
        for one in MUTATIONS
        if not any(type(directive).__name__ == "RequiresScopes" for directive in one.field.directives)
    ]

    assert ungated == []


async def test_ids_and_words_that_are_malformed_are_told_together(api: Asking, session: AsyncSession):
    someone = await victim(session, live=True)
    operator = api.as_(replace(make.operator(), account_id=someone.account.id))
    compared, lost = 0, {}

    for one in MUTATIONS:
        ids, words = one.spoilt(someone.ids, ids=True), one.spoilt(someone.ids, words=True)
        if ids is None or words is None:
            continue
        told = [await malformed(operator, one, sent) for sent in (ids, words)]
        both = await malformed(operator, one, one.spoilt(someone.ids, ids=True, words=True))
        compared += all(told)
        lost |= {one.name: missing} if (missing := set().union(*told) - both) else {}

    assert lost == {}
    assert compared > 10


async def malformed(asking: Asking, mutation: Sending, sent: dict[str, Any]) -> set[tuple[str, ...]]:
    """Where something is malformed, as it is told."""
    found = await problems(asking, mutation, sent) or []
    return {tuple(one["path"]) for one in found if one["code"].startswith("MALFORMED_")}
