"""Creators, the accounts that act as them, and their avatars: one file a creator."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Annotated

from pydantic import Field

from models import CreatorKind, IdentityKind
from sample.known import Known, among
from sample.naming import FOLDER, Key, Part, named, uid
from sample.reading import BadSample, shaped, short, toml
from services.interchange.records import AccountRecord, AvatarRecord, CreatorRecord, IdentityRecord

Score = Annotated[int, Field(ge=0, le=1000)]


class CreatorFile(Part):
    name: str
    kind: CreatorKind
    language: str = "zh"
    bio: str
    level: Annotated[int, Field(ge=0, le=6)]
    quality_score: Score | None = None
    health_score: Score | None = None
    index_score: Score | None = None
    fan_value: Score | None = None
    followers_count: int = 0
    certified_on: date | None = None
    is_seller: bool = False
    fields: tuple[Key, ...] = ()
    roles: tuple[Key, ...] = ()
    avatar: str
    channels: tuple[str, ...] = ()
    shop: Key | None = None


def files() -> dict[str, Path]:
    """The files by handle."""
    return {path.stem: path for path in sorted((FOLDER / "creators").glob("*.toml"))}


def read(path: Path) -> CreatorFile:
    file = shaped(CreatorFile, toml(path), path)
    if (file.kind is CreatorKind.MERCHANT) != (file.shop is not None):
        raise BadSample(f"{short(path)}: shop: a merchant names its shop, nobody else does")
    return file


def creator(handle: str, file: CreatorFile, known: Known) -> CreatorRecord:
    for code in file.fields:
        among("field", code, known.fields)
    for code in file.roles:
        among("role", code, known.roles)
    return CreatorRecord.model_validate(
        named("creator", handle)
        | file.model_dump(exclude={"avatar", "channels", "shop"}, exclude_none=True)
        | {"handle": handle, "bio": file.bio.strip()}
    )


def account(handle: str, file: CreatorFile) -> AccountRecord:
    return AccountRecord(uid=uid("account", handle), name=file.name)


def identities(handle: str, file: CreatorFile, known: Known) -> Iterator[IdentityRecord]:
    acting = {"account": uid("account", handle)}
    yield IdentityRecord(
        uid=uid("identity", handle), kind=IdentityKind.CREATOR, creator=known.creator(handle), **acting
    )
    if file.shop:
        merchant = uid("identity", f"{handle}:shop")
        yield IdentityRecord(uid=merchant, kind=IdentityKind.MERCHANT, shop=known.shop(file.shop), **acting)


def avatar(handle: str, file: CreatorFile, known: Known) -> AvatarRecord:
    return AvatarRecord(creator=known.creator(handle), asset=known.picture(file.avatar))
