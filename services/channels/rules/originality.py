"""The rule that a content is its author's own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from services.channels.dossiers import Dossier
from services.channels.findings import Flaw, Words
from services.channels.rules.base import Rule

PATH = "is_original"
_NOT_SAID = Words("It is not said whether the content is original.", "内容未声明是否原创。")
_SAY_SO = Words("Declare that it is, if it is.", "如为原创，请作原创声明。")
_NOT_ORIGINAL = Words(
    "Only original contents are accepted; this one is said not to be.", "仅接受原创内容，本内容声明为非原创。"
)
_WRITE_OWN = Words("Submit a work of your own, or correct what is declared.", "请提交原创内容，或更正声明。")


class Original(Rule):
    """The author declares that the content is original."""

    kind: Literal["content.original"]

    def flaws(self, dossier: Dossier) -> Iterator[Flaw]:
        is_original = dossier.facts.content.is_original
        if is_original is None:
            yield Flaw(PATH, None, True, _NOT_SAID, _SAY_SO, "unknown")
        elif not is_original:
            yield Flaw(PATH, False, True, _NOT_ORIGINAL, _WRITE_OWN)


RULES = (Original,)
