"""Rehearsals: what another version of a pack would make of everything that is live, before it rules anything."""

from __future__ import annotations

from services.rehearsals.asking import NoSuchRehearsal, RehearsalOver, ask, ask_again, cancel, rehearse
from services.rehearsals.reading import MOST_SAMPLES, Changed, Sample, Titled, by_ids, by_uids, changed, listed, titles
from services.rehearsals.working import AT_ONCE, Rehearser

__all__ = [
    "AT_ONCE",
    "MOST_SAMPLES",
    "Changed",
    "NoSuchRehearsal",
    "RehearsalOver",
    "Rehearser",
    "Sample",
    "Titled",
    "ask",
    "ask_again",
    "by_ids",
    "by_uids",
    "cancel",
    "changed",
    "listed",
    "rehearse",
    "titles",
]
