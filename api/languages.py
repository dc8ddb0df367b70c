"""Which languages somebody reads, by the header that says so."""

from __future__ import annotations

import re

ITEM = re.compile(r"\s*([A-Za-z0-9-]+)\s*(?:;\s*[qQ]=([0-9.]{1,8})\s*)?")


def accepted(header: str | None) -> tuple[str, ...]:
    """The languages of an Accept-Language header, the most wanted first; at most eight are looked at."""
    weighted = []
    for place, item in enumerate((header or "").split(",")[:8]):
        form = ITEM.fullmatch(item)
        try:
            weight = float((form and form[2]) or "1")
        except ValueError:
            continue
        if form is not None and weight > 0:
            weighted.append((-weight, place, form[1]))
    return tuple(tag for _, _, tag in sorted(weighted))
