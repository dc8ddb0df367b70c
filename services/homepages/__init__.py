"""Homepages: read and shown, drafted, published, scheduled, and shown before they are published."""

from services.homepages.blocks import Sorted, There, references_of, sort_out
from services.homepages.drafting import NoDraft, PageDraft, against_saving, begin, discard, flaws, save
from services.homepages.previews import MalformedPreview, Preview, preview, previewed
from services.homepages.publishing import publish, roll_back
from services.homepages.reading import by_ids, by_uids, drafts_of, live_of, versions_of
from services.homepages.scheduling import cancel, reschedule, schedule
from services.homepages.showing import (
    QUESTION,
    RANKING,
    lives_of,
    recommendation_key,
    recommended,
    selected,
    selection_key,
)
from services.homepages.templates import TEMPLATES, Template, templates_for

__all__ = [
    "QUESTION",
    "RANKING",
    "TEMPLATES",
    "MalformedPreview",
    "NoDraft",
    "PageDraft",
    "Preview",
    "Sorted",
    "Template",
    "There",
    "against_saving",
    "begin",
    "by_ids",
    "by_uids",
    "cancel",
    "discard",
    "drafts_of",
    "flaws",
    "live_of",
    "lives_of",
    "preview",
    "previewed",
    "publish",
    "recommendation_key",
    "recommended",
    "references_of",
    "reschedule",
    "roll_back",
    "save",
    "schedule",
    "selected",
    "selection_key",
    "sort_out",
    "templates_for",
    "versions_of",
]
