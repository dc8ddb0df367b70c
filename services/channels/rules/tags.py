"""Rules about a content's tags."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Literal

from services.channels import wording
from services.channels.dossiers import Dossier
from services.channels.findings import Flaw
from services.channels.rules.base import Rule, counted
from services.channels.terms import Code, Count


class ExactlyN(Rule):
    """The content has exactly `n` tags of this taxonomy."""

    kind: Literal["tag.exactly_n"]
    taxonomy: Code
    n: Count

    def flaws(self, dossier: Dossier) -> Iterator[Flaw]:
        path = f"tags.{self.taxonomy}"
        tags = dossier.facts.content.tags.get(self.taxonomy, ())
        if len(tags) != self.n:
            flaw = counted(path, len(tags), self.n, wording.field(path), wording.bounds(self.n, self.n), (self.n,))
            yield replace(flaw, actual=[tag.code for tag in tags])


RULES = (ExactlyN,)
