"""The facts of one evaluation with what was already measured of them, so that a hundred packs measure a text once."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from services.channels import units
from services.channels.facts import AssetFacts, Facts
from services.channels.terms import Unit


class Dossier:
    """Facts at an instant. Fields are read by the paths that packs use ("title", "tags.scene", "details.lead")."""

    __slots__ = ("_lengths", "_values", "at", "codes", "facts")

    def __init__(self, facts: Facts, at: datetime) -> None:
        content = facts.content
        self.facts = facts
        self.at = at
        self._lengths: dict[tuple[str, Unit], int] = {}
        self._values: dict[str, Any] = {
            "title": content.title,
            "summary": content.summary,
            "text": content.text,
            "language": content.language,
            "covers": content.covers,
            "pictures": content.pictures,
            "videos": content.videos,
            "products": facts.products,
            "links": content.links,
            "headings": content.headings_count,
            "paragraphs": content.paragraphs,
        }
        self._values.update((f"details.{name}", value) for name, value in content.details.items())
        self._values.update((f"tags.{taxonomy}", tags) for taxonomy, tags in content.tags.items())
        self.codes: dict[str, frozenset[str]] = {
            taxonomy: frozenset(code for tag in tags for code in (tag.code, *tag.ancestors))
            for taxonomy, tags in content.tags.items()
        }

    def value(self, path: str) -> Any:
        """What stands at this path; None when the content does not say."""
        return self._values.get(path, () if path.startswith("tags.") else None)

    def length(self, text: str, unit: Unit) -> int:
        """The length of the text, measured at most once."""
        key = (text, unit)
        known = self._lengths.get(key)
        if known is None:
            known = self._lengths[key] = units.length(text, unit)
        return known

    def images(self, of: str) -> list[tuple[str, AssetFacts | None]]:
        """The pictures of the covers, the body, both, or the products, each with its path; None where a product has none."""
        if of == "images":
            return self.images("covers") + self.images("pictures")
        if of == "products":
            return [(f"products.{index}.image", product.image) for index, product in enumerate(self.facts.products)]
        return [(f"{of}.{index}", asset) for index, asset in enumerate(self._values[of])]
