"""Channels and their entries as they are read: by id, uid and key, with the pack in force."""

from __future__ import annotations

from sqlalchemy import BigInteger

import models
from core.reads import OneRead, Order, PageRead, everything
from services import access

by_name = Order("key", (models.Channel.key,), descending=False)

by_ids = OneRead(models.Channel, models.Channel.id, access.channels)
by_uids = OneRead(models.Channel, models.Channel.uid, access.channels)
by_keys = OneRead(models.Channel, models.Channel.key, access.channels)
entries_of = PageRead(
    "channels.entries_of",
    models.Channel,
    match=lambda key: models.Channel.parent_id == key,
    key_type=BigInteger(),
    visible=access.channels,
    orders=(by_name,),
)
# one list of all channels: its key is always 0
listed = PageRead(
    "channels.listed",
    models.Channel,
    match=lambda key: key == 0,
    key_type=BigInteger(),
    visible=access.channels,
    orders=(by_name,),
)
# reached from a channel or a submission that the caller may see
packs_by_ids = OneRead(models.PackVersion, models.PackVersion.id, everything)
