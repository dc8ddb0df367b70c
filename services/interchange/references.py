"""What records refer to, by name: found for a whole batch at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any
from uuid import UUID

from services.interchange.kinds.base import Need
from services.interchange.records import reference
from services.interchange.refusals import mended, object_of
from services.interchange.tables import Connection

_BY_UID = (
    "brands", "shops", "accounts", "organisations", "creators", "assets", "products", "asset_folders",
)  # fmt: skip
_LOOKUPS = {
    **{what: f'SELECT uid AS name, id FROM "{what}" WHERE uid = ANY($1::uuid[])' for what in _BY_UID},  # noqa: S608  (names of our own tables)
    "fields": "SELECT code AS name, code AS id FROM fields WHERE code = ANY($1::text[])",
    "roles": "SELECT code AS name, code AS id FROM roles WHERE code = ANY($1::text[])",
    "taxonomies": "SELECT code AS name, id FROM taxonomies WHERE code = ANY($1::text[])",
    "pools": "SELECT code AS name, id FROM pools WHERE code = ANY($1::text[])",
    "channels": "SELECT key AS name, id FROM channels WHERE key = ANY($1::text[])",
    "blobs": "SELECT encode(sha256, 'hex') AS name, sha256 AS id FROM blobs"
    " WHERE sha256 = ANY(SELECT decode(h, 'hex') FROM unnest($1::text[]) h)",
    # a merged tag's name leads to what it was merged into; only its own record speaks of the tag itself
    "tags": "SELECT x.code || ':' || t.code AS name, coalesce(t.merged_into_id, t.id) AS id FROM tags t"
    " JOIN taxonomies x ON x.id = t.taxonomy_id WHERE x.code || ':' || t.code = ANY($1::text[])",
    "exact_tags": "SELECT x.code || ':' || t.code AS name, t.id FROM tags t"
    " JOIN taxonomies x ON x.id = t.taxonomy_id WHERE x.code || ':' || t.code = ANY($1::text[])",
}
SINGULAR = {
    "fields": "field",
    "roles": "role",
    "taxonomies": "taxonomy",
    "blobs": "file in the store of assets",
    "asset_folders": "folder of assets",
}


async def find(connection: Connection, needs: Iterable[Need]) -> dict[str, dict[Any, Any]]:
    """The ids of what exists, by kind of thing and name."""
    wanted: dict[str, set[Any]] = {}
    for need in needs:
        wanted.setdefault(need.what, set()).add(need.name)
    found: dict[str, dict[Any, Any]] = {}
    for what, names in wanted.items():
        rows = await connection.fetch(_LOOKUPS[what], list(names))
        found[what] = {row["name"]: row["id"] for row in rows}
    return found


def singular(what: str) -> str:
    return SINGULAR.get(what, what.removeprefix("exact_").removesuffix("s"))


def as_said(name: Any, text: bytes) -> Any:
    """A name as the line writes it: `blog:ada`, where that stands for the uid."""
    if not isinstance(name, UUID):
        return name
    said = (one for one in _texts(object_of(mended(text))) if ":" in one and reference(one) == name)
    return next(said, name)


def _texts(given: Any) -> Iterator[str]:
    match given:
        case str():
            yield given
        case dict():
            for inner in given.values():
                yield from _texts(inner)
        case list():
            for inner in given:
                yield from _texts(inner)
        case _:
            pass
