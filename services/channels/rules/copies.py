"""The rule against words that are only taken over from a product's title."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from typing import Literal

from pydantic import Field

from services.channels import wording
from services.channels.dossiers import Dossier
from services.channels.facts import ProductFacts
from services.channels.findings import Flaw, Words
from services.channels.rules.base import Rule, unknown
from services.channels.rules.products import numbered
from services.channels.rules.text import TextPath
from services.channels.terms import Positive


class NoProductTitleCopy(Rule):
    """No run of these fields' characters is more than `max_percent` of a product's title of at least `min_characters`.

    Letters and digits count, whatever their case and width; white space and punctuation do not.
    """

    kind: Literal["text.no_product_title_copy"]
    fields: tuple[TextPath, ...] = Field(default=("title",), min_length=1)
    max_percent: int = Field(default=80, ge=0, le=99)
    min_characters: Positive = 6

    def flaws(self, dossier: Dossier) -> Iterator[Flaw]:
        titles = [(path, product, bare(product.title)) for path, product in numbered(dossier)]
        long_enough = [(path, product, title) for path, product, title in titles if len(title) >= self.min_characters]
        if not long_enough:
            return
        for field in self.fields:
            value = dossier.value(field)
            if not isinstance(value, str):
                yield unknown(field, self._asked())
                continue
            words = bare(value)
            for path, product, title in long_enough:
                run = longest_run(title, words, len(title) * self.max_percent // 100)
                if run:
                    yield self._flaw(field, path, product, -(-len(run) * 100 // len(title)))

    def _asked(self) -> dict[str, int]:
        return {"max_percent": self.max_percent}

    def _flaw(self, field: str, path: str, product: ProductFacts, percent: int) -> Flaw:
        what = wording.place(field)
        return Flaw(
            field,
            percent,
            self._asked(),
            Words(
                wording.sentence(
                    f"{what.en} repeats {percent} % of “{product.title}” in one piece; asked for: at most {self.max_percent} %."
                ),
                f"{what.zh}连续照搬了“{product.title}”的 {percent}%；要求：至多 {self.max_percent}%。",
            ),
            Words("Say it in words of your own.", "请用自己的话来写。"),
            evidence={"product": product.uid, "at": path},
        )


def bare(text: str) -> str:
    """The letters and digits of the text, alike in case and width (NFKC)."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(character for character in folded if character.isalnum())


def longest_run(title: str, text: str, more_than: int) -> str:
    """The longest piece of the title that stands in the text, if it has more than so many characters; else nothing."""
    found, length = "", more_than
    start = 0
    while start + length < len(title):
        piece = title[start : start + length + 1]
        if piece in text:
            found, length = piece, length + 1
        else:
            start += 1
    return found


RULES = (NoProductTitleCopy,)
