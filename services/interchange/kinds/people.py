"""Accounts, organisations, creators with their roles and pictures, and what binds them to each other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any, ClassVar

from models import (
    Account,
    Contract,
    Creator,
    CreatorField,
    CreatorRole,
    DirtyKind,
    Identity,
    IdentityKind,
    Organisation,
    OrganisationMember,
)
from services.interchange import tables
from services.interchange.kinds.base import SOURCED, Change, Desk, Expressions, Kind, Need, References, table
from services.interchange.records import (
    AccountRecord,
    AvatarRecord,
    ContractRecord,
    CreatorRecord,
    IdentityRecord,
    MemberRecord,
    OrganisationRecord,
)
from services.interchange.refusals import Refused


class Accounts(Kind[AccountRecord]):
    record, model, what = AccountRecord, Account, "accounts"
    columns = ("uid", "name", "email", "suspended_at", "suspended_because", "erased_at", "created_at")
    unique = ("email",)


class Organisations(Kind[OrganisationRecord]):
    record, model, what = OrganisationRecord, Organisation, "organisations"
    columns = (*SOURCED, "handle", "name", "demands_review", "suspended_at")
    unique = ("handle",)


class Creators(Kind[CreatorRecord]):
    record, model, what = CreatorRecord, Creator, "creators"
    columns = (
        *SOURCED, "handle", "name", "kind", "bio", "language", "level", "quality_score", "health_score", "index_score",
        "fan_value", "followers_count", "certified_on", "is_seller", "facts_source", "suspended_at",
        "suspended_because", "erased_at",
    )  # fmt: skip
    unique = ("handle",)
    dirty, has_version = DirtyKind.CREATOR, True
    expressions: ClassVar[Expressions] = {
        "fields": 'ARRAY(SELECT f.field_code FROM creator_fields f WHERE f.creator_id = t.id ORDER BY f.field_code COLLATE "C")',
        "roles": "(SELECT json_agg(json_build_object('code', r.role_code, 'certified_on', r.certified_on)"
        ' ORDER BY r.role_code COLLATE "C") FROM creator_roles r WHERE r.creator_id = t.id)',
    }

    def prepare(self, record: CreatorRecord) -> CreatorRecord:
        roles = {role.code: role for role in record.roles}
        return record.model_copy(
            update={
                "fields": tuple(sorted(set(record.fields))),
                "roles": tuple(roles[code] for code in sorted(roles)),
            }
        )

    def needs(self, record: CreatorRecord) -> Iterator[Need]:
        yield from (Need("fields", "fields", code) for code in record.fields)
        yield from (Need("roles", "roles", role.code) for role in record.roles)

    async def write_parts(self, desk: Desk, records: Sequence[CreatorRecord], *, fresh: bool) -> None:
        ids = {record.uid: desk.id("creators", record.uid) for record in records}
        for model, rows in (
            (CreatorField, [(ids[r.uid], {"field_code": code}) for r in records for code in r.fields]),
            (
                CreatorRole,
                [
                    (ids[r.uid], {"role_code": role.code, "certified_on": role.certified_on})
                    for r in records
                    for role in r.roles
                ],
            ),
        ):
            if not fresh:
                await tables.clear(desk.connection, table(model), "creator_id", list(ids.values()))
            await tables.insert(desk.connection, table(model), [{"creator_id": id_} | row for id_, row in rows])


class Avatars(Kind[AvatarRecord]):
    """A creator's picture: an update of the creator, since assets name their creators and so come after them."""

    record, model, what = AvatarRecord, Creator, "avatars"
    references: ClassVar[References] = {"creator": ("creators", "id"), "asset": ("assets", "avatar_id")}
    dirty = DirtyKind.CREATOR
    condition = "WHERE t.avatar_id IS NOT NULL"

    def name(self, record: AvatarRecord) -> Any:
        return record.creator

    async def insert(self, desk: Desk, records: Sequence[AvatarRecord]) -> None:
        rows = [
            {"id": desk.id("creators", record.creator), "avatar_id": desk.id("assets", record.asset)}
            for record in records
        ]
        await tables.update(desk.connection, table(Creator), rows, bump=True)
        desk.mark(DirtyKind.CREATOR, [row["id"] for row in rows], fresh=False)

    async def update(self, desk: Desk, changes: Sequence[Change[AvatarRecord]]) -> None:
        await self.insert(desk, [change.after for change in changes])


SUBJECTS = {
    IdentityKind.CREATOR: "creator",
    IdentityKind.MERCHANT: "shop",
    IdentityKind.ORGANISATION_MEMBER: "organisation",
}


class Identities(Kind[IdentityRecord]):
    record, model, what = IdentityRecord, Identity, "identities"
    columns = ("uid", "kind")
    references: ClassVar[References] = {
        "account": ("accounts", "account_id"),
        "creator": ("creators", "creator_id"),
        "shop": ("shops", "shop_id"),
        "organisation": ("organisations", "organisation_id"),
    }

    def prepare(self, record: IdentityRecord) -> IdentityRecord:
        wanted = SUBJECTS.get(record.kind)
        for subject in SUBJECTS.values():
            if (getattr(record, subject) is not None) != (subject == wanted):
                raise Refused(subject, f"an identity of the kind {record.kind} names {wanted or 'no subject'}")
        return record


class _Dated(Kind[Any]):
    """Holds for a time: from a day until the day before another."""

    expressions: ClassVar[Expressions] = {"since": "lower(t.period)", "until": "upper(t.period)"}

    def prepare(self, record: Any) -> Any:
        if record.since and record.until and record.until <= record.since:
            raise Refused("until", "the day it ends lies after the day it begins")
        return record

    def row(self, desk: Desk, record: Any) -> dict[str, Any]:
        return super().row(desk, record) | {"period": _period(record.since, record.until)}


def _period(since: date | None, until: date | None) -> str:
    return f"[{since or ''},{until or ''})"


class Members(_Dated):
    record, model, what = MemberRecord, OrganisationMember, "members"
    columns = ("uid", "role")
    references: ClassVar[References] = {
        "organisation": ("organisations", "organisation_id"),
        "account": ("accounts", "account_id"),
    }


class Contracts(_Dated):
    record, model, what = ContractRecord, Contract, "contracts"
    columns = (*SOURCED, "share_basis_points")
    references: ClassVar[References] = {
        "organisation": ("organisations", "organisation_id"),
        "creator": ("creators", "creator_id"),
    }
