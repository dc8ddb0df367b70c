"""Which entries a content is for: one selector judged, and an index from format and tag to entries for all of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from services.channels.dossiers import Dossier
from services.channels.findings import Finding, Flaw, Words, finding
from services.channels.packs import Pack, Selector, TagClause


def mismatches(selector: Selector, dossier: Dossier) -> Iterator[Finding]:
    """Why the content is not for this entry: nothing, when it is."""
    content = dossier.facts.content
    if selector.formats and content.format not in selector.formats:
        yield _mismatch("format", "format", content.format, list(selector.formats))
    if selector.languages and not takes_language(selector, content.language):
        yield _mismatch("language", "language", content.language, list(selector.languages))
    fields = dossier.facts.creator.fields
    if selector.creator_fields and fields.isdisjoint(selector.creator_fields):
        yield _mismatch("creator_fields", "creator.fields", sorted(fields), list(selector.creator_fields))
    for index, clause in enumerate(selector.tags):
        codes = dossier.codes.get(clause.taxonomy, frozenset())
        if not agrees(clause, codes):
            asked = clause.model_dump(mode="json", exclude_defaults=True)
            yield _mismatch("tags", f"tags.{clause.taxonomy}", sorted(codes), asked, f".{index}")


def takes_language(selector: Selector, language: str) -> bool:
    """Whether the language, or the one it is a variety of ("zh" of "zh-Hans"), is among those taken."""
    return any(language == taken or language.startswith(taken + "-") for taken in selector.languages)


def agrees(clause: TagClause, codes: frozenset[str]) -> bool:
    """Whether tags, given as codes of themselves and all their ancestors, are as the clause says."""
    return (
        (not clause.any or not codes.isdisjoint(clause.any))
        and codes.issuperset(clause.all)
        and codes.isdisjoint(clause.none)
    )


_SAID = {
    "format": Words("This entry does not take contents of this format.", "本入口不接受该内容形式。"),
    "language": Words("This entry does not take contents in this language.", "本入口不接受该语言的内容。"),
    "creator_fields": Words("This entry is for creators of other fields.", "本入口面向其他领域的创作者。"),
    "tags": Words("This entry is for contents with other tags.", "本入口面向带有其他标签的内容。"),
}


def _mismatch(part: str, path: str, actual: object, allowed: object, item: str = "") -> Finding:
    place = f"selector.{'formats' if part == 'format' else 'languages' if part == 'language' else part}{item}"
    return finding(Flaw(path, actual, allowed, _SAID[part]), code=f"selector.{part}", place=place)


class _Spot(NamedTuple):
    """Where an entry stands in the index: under a format (None: it takes all) and a code that it asks for, or none."""

    format: str | None
    taxonomy: str | None
    code: str | None


class SelectorIndex:
    """Finds the entries a content is for by its format and tags, without asking entry by entry."""

    def __init__(self, packs: Iterable[Pack]) -> None:
        self._selectors: dict[str, Selector] = {}
        self._spots: dict[_Spot, tuple[str, ...]] = {}
        for pack in packs:
            self._add(pack)

    def with_instead(self, packs: Iterable[Pack]) -> SelectorIndex:
        """The same entries, with these packs in the place of those of the same key; this one stays as it is."""
        changed = SelectorIndex(())
        changed._selectors, changed._spots = dict(self._selectors), dict(self._spots)
        for pack in packs:
            changed._remove(pack.key)
            changed._add(pack)
        return changed

    def _add(self, pack: Pack) -> None:
        self._selectors[pack.key] = pack.selector
        for spot in _spots(pack.selector):
            self._spots[spot] = (*self._spots.get(spot, ()), pack.key)

    def _remove(self, key: str) -> None:
        for spot in _spots(self._selectors.pop(key)) if key in self._selectors else ():
            self._spots[spot] = tuple(one for one in self._spots[spot] if one != key)

    def matching(self, dossier: Dossier) -> list[str]:
        """The keys of all entries whose selector takes the content, sorted."""
        found = {key for spot in _spots_of(dossier) for key in self._spots.get(spot, ())}
        return sorted(key for key in found if next(mismatches(self._selectors[key], dossier), None) is None)


def _spots_of(dossier: Dossier) -> Iterator[_Spot]:
    for form in (dossier.facts.content.format, None):
        yield _Spot(form, None, None)
        for taxonomy, codes in dossier.codes.items():
            for code in codes:
                yield _Spot(form, taxonomy, code)


def _spots(selector: Selector) -> Iterator[_Spot]:
    taxonomy, codes = _rarest(selector)
    for form in selector.formats or (None,):
        for code in codes:
            yield _Spot(form, taxonomy, code)


def _rarest(selector: Selector) -> tuple[str | None, tuple[str | None, ...]]:
    """The fewest codes of which a content for this selector must carry one; none, when it asks for no tag."""
    choices = [(clause.taxonomy, clause.all[:1] or clause.any) for clause in selector.tags if clause.all or clause.any]
    return min(choices, key=lambda choice: len(choice[1]), default=(None, (None,)))
