"""A creator whose right to come in was ended: kept out of the entry until the day it says, whatever its gates would say."""

from __future__ import annotations

from datetime import date

from services.channels.arms import Applicant
from services.channels.findings import Finding, Flaw, Words, finding

PLACE = "clean_out"
CODE = "creator.cleaned_out"


def kept_out(applicant: Applicant) -> Finding | None:
    """The finding that keeps this creator out on this day; None for all others."""
    departed = applicant.creator.departed_channels
    if not departed:
        return None
    steps = applicant.channel.split(".")
    keys = [".".join(steps[:depth]) for depth in range(1, len(steps) + 1)]
    back = [departed[key] for key in keys if key in departed and not _is_over(departed[key], applicant.on)]
    if not back:
        return None
    until = None if None in back else max(day for day in back if day is not None)
    actual = {"until": None if until is None else until.isoformat()}
    return finding(Flaw("creator", actual, None, said(until), _remedy(until)), code=CODE, place=PLACE)


def said(until: date | None) -> Words:
    """That the right is ended, and until when, in words."""
    if until is None:
        return Words("The creator's right to come in here was ended.", "该创作者在本入口的投稿资格已被清退。")
    return Words(
        f"The creator's right to come in here was ended; it may be asked for again from {until}.",
        f"该创作者在本入口的投稿资格已被清退，{until} 起可重新申请。",
    )


def _remedy(until: date | None) -> Words:
    if until is None:
        return Words("Ask an operator to be let in again.", "请联系运营方重新开通。")
    return Words(f"Come back on {until}.", f"请于 {until} 之后再投。")


def _is_over(until: date | None, on: date) -> bool:
    return until is not None and on >= until
