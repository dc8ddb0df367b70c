"""The kinds of records, in the order in which they are written and read."""

from __future__ import annotations

from typing import Any

from services.interchange.kinds.assets import AssetFolders, Assets
from services.interchange.kinds.base import Desk, Kind, Need
from services.interchange.kinds.catalogue import Brands, Products, Shops
from services.interchange.kinds.channels import Channels
from services.interchange.kinds.contents import Contents
from services.interchange.kinds.homepages import Homepages
from services.interchange.kinds.people import (
    Accounts,
    Avatars,
    Contracts,
    Creators,
    Identities,
    Members,
    Organisations,
)
from services.interchange.kinds.vocabulary import Fields, Pools, Roles, Tags, Taxonomies
from services.interchange.records import ORDER, HeaderRecord, Record

_KINDS: dict[type[Record], Kind[Any]] = {
    kind.record: kind
    for kind in (
        Fields(), Roles(), Taxonomies(), Tags(), Pools(), Brands(), Shops(), Accounts(), Organisations(), Creators(),
        Identities(), Members(), Contracts(), AssetFolders(), Assets(), Avatars(), Products(), Channels(), Contents(), Homepages(),
    )
}  # fmt: skip
# in the order of the records, whatever order they are listed in above
KINDS: dict[type[Record], Kind[Any]] = {of: _KINDS[of] for of in ORDER if of is not HeaderRecord}

__all__ = ["KINDS", "Desk", "Kind", "Need"]
