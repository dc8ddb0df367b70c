"""Rules about a content's tags."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from services.channels import wording
from services.channels.dossiers import Dossier
from services.channels.findings import Flaw, Words
from services.channels.rules.base import Rule, count_hint
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
            what = wording.field(path)
            yield Flaw(
                path,
                [tag.code for tag in tags],
                self.n,
                Words(
                    f"Asked for {what.en}: exactly {self.n}. There are {len(tags)}.",
                    f"要求{what.zh}恰好 {self.n} 个，现有 {len(tags)} 个。",
                ),
                count_hint(len(tags), (self.n,), what),
            )


RULES = (ExactlyN,)
