"""The rule that no machine can check: it is written down for the people who audit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from services.channels.dossiers import Dossier
from services.channels.findings import Flaw, Words
from services.channels.rules.base import FieldPath, Rule
from services.channels.terms import Code, Localised


class Manual(Rule):
    """Something that needs eyes: the text tells a person what to look for. With severity "warn" it is a note only."""

    kind: Literal["manual"]
    check: Code
    about: FieldPath | None = None
    text: Localised

    def flaws(self, dossier: Dossier) -> Iterator[Flaw]:  # noqa: ARG002  (no fact decides it)
        yield Flaw(
            self.about or "",
            None,
            None,
            Words(self.text.en, self.text.zh),
            status="manual",
            evidence={"check": self.check, "is_note": self.severity != "block"},
        )


RULES = (Manual,)
