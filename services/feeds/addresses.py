"""Whose feed is which: the feeds of channels, creators and tags, for callers who may read them."""

from __future__ import annotations

import models
from core.reads import OneRead
from services import access

of_channels = OneRead(models.Feed, models.Feed.channel_id, access.feeds)
of_creators = OneRead(models.Feed, models.Feed.creator_id, access.feeds)
of_organisations = OneRead(models.Feed, models.Feed.organisation_id, access.feeds)
of_tags = OneRead(models.Feed, models.Feed.tag_id, access.feeds)
