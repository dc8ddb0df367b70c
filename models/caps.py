"""How many of something one object may have: what lists without pages, and the cost of queries, rest on."""

from __future__ import annotations

MOST_COVERS = 20
MOST_TAGS = 100
MOST_PICTURES = 30
MOST_FIELDS = 20
MOST_ROLES = 20
MOST_TAG_LEVELS = 20
