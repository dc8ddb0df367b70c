"""Names of files as somebody sent them: only ever words to show, never part of a path."""

from __future__ import annotations

import re
import unicodedata

LONGEST = 255
"""Characters of a name: what file systems take (in bytes often less, but a name is no path here)."""

LONGEST_ENDING = 20

_SEPARATORS = re.compile(r"[/\\]")


def cleaned(name: str) -> str:
    """The last part of a name, without what cannot be seen; empty when nothing is left ("..", "/", control characters).

    Reduced rather than refused: browsers and scripts send whole paths without meaning harm, and a name decides nothing.
    Marks of direction go too: with them "gnp.exe" reads as another ending.
    """
    last = _SEPARATORS.split(name)[-1]
    # controls, marks of direction and other invisible ones, halves of characters, private and unassigned ones
    visible = "".join(one for one in unicodedata.normalize("NFC", last) if unicodedata.category(one)[0] != "C")
    plain = " ".join(visible.split())
    return _shortened(plain) if plain.strip(". ") else ""


def _shortened(name: str) -> str:
    """At most LONGEST characters: the middle goes, since the ending says what it is."""
    if len(name) <= LONGEST:
        return name
    stem, dot, ending = name.rpartition(".")
    if not dot or len(ending) > LONGEST_ENDING:
        return name[:LONGEST]
    return stem[: LONGEST - len(ending) - 1] + dot + ending
