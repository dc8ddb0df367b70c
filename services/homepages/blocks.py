"""What of a stored page can be shown: a block that is broken, unknown or empty is left out and reported, never the page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar
from uuid import UUID

from pydantic import TypeAdapter, ValidationError

from core.errors import Problem
from models import blocks as bodies
from models import page_blocks
from models.page_blocks import InnerBlock, PageBlock, Selection, Tab, Tabs
from models.page_themes import Theme

Place = tuple[str | int, ...]
Leading = TypeVar("Leading", page_blocks.Hero, page_blocks.Banner)

_inner: TypeAdapter[InnerBlock] = TypeAdapter(InnerBlock)


@dataclass(frozen=True, slots=True)
class There:
    """What of the things that a page names can be shown to this reader, by uid."""

    contents: frozenset[UUID] = frozenset()
    rankings: frozenset[UUID] = frozenset()
    products: frozenset[UUID] = frozenset()
    assets: frozenset[UUID] = frozenset()


@dataclass(slots=True)
class Sorted:
    """A page as it can be shown: its theme, its good blocks, and what had to be left out."""

    theme: Theme = field(default_factory=Theme)
    blocks: list[PageBlock] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class References:
    """What the blocks of a page name by uid."""

    contents: tuple[UUID, ...]
    products: tuple[UUID, ...]
    assets: tuple[UUID, ...]


def sort_out(theme: dict[str, Any], blocks: Sequence[Any], there: There | None = None) -> Sorted:
    """The page without what cannot be shown. Without `there` everything that a block names counts as there."""
    desk = _Desk(there)
    found = Sorted(theme=desk.theme(theme), problems=desk.problems)
    parts = 0
    for number, stored in enumerate(blocks):
        block = desk.block(stored, ("blocks", number))
        parts += page_blocks.parts(block) if block is not None else 0
        if block is not None and parts > page_blocks.MOST_PARTS:
            desk.leave_out(("blocks", number), "BLOCK_BEYOND_LIMIT", f"a page holds {page_blocks.MOST_PARTS} parts")
        elif block is not None:
            found.blocks.append(block)
    return found


def references_of(blocks: Iterable[PageBlock]) -> References:
    """Everything that these blocks name, each once, in the order of the page."""
    contents: dict[UUID, None] = {}
    products: dict[UUID, None] = {}
    assets: dict[UUID, None] = {}
    for block in page_blocks.flat(blocks):
        match block:
            case page_blocks.Hero() | page_blocks.Banner():
                contents.update(_one(block.content))
                assets.update(_one(block.image))
            case page_blocks.RichText():
                assets.update(dict.fromkeys(uid for _, uid in bodies.asset_uids(block.body)))
                products.update(dict.fromkeys(bodies.product_uids(block.body)))
            case page_blocks.ContentList():
                contents.update(dict.fromkeys(block.selection.contents))
            case Tabs():
                contents.update(
                    dict.fromkeys(uid for tab in block.tabs if tab.selection for uid in tab.selection.contents)
                )
            case page_blocks.Products():
                products.update(dict.fromkeys(block.products))
            case page_blocks.RankedList():
                contents.update(_one(block.content))
            case page_blocks.Links():
                contents.update(dict.fromkeys(link.content for link in block.links if link.content))
                assets.update(dict.fromkeys(link.image for link in block.links if link.image))
            case _:
                pass
    return References(tuple(contents), tuple(products), tuple(assets))


def _one(uid: UUID | None) -> dict[UUID, None]:
    return {} if uid is None else {uid: None}


class _Desk:
    """Where blocks are looked at one by one; what is wrong is written down."""

    def __init__(self, there: There | None) -> None:
        self.there = there
        self.problems: list[Problem] = []

    def leave_out(self, place: Place, code: str, why: str) -> None:
        self.problems.append(Problem(code, f"The {_called(place)} was left out: {why}.", place))

    def lacks(self, place: Place, what: str) -> None:
        message = f"The {_called(place)} is shown without {what}, which cannot be shown or is no longer there."
        self.problems.append(Problem("BLOCK_INCOMPLETE", message, place))

    def theme(self, stored: dict[str, Any]) -> Theme:
        """The theme; tokens that are wrong are those of the house, colours that cannot be read all of them."""
        given = dict(stored)
        while True:
            try:
                return Theme.model_validate(given)
            except ValidationError as error:
                wrong = {str(one["loc"][0]) if one["loc"] else "colours" for one in error.errors(include_url=False)}
            for token in sorted(wrong):
                message = f"The theme's {token} cannot be used; the house's own stands in its place."
                self.problems.append(Problem("THEME_BROKEN", message, ("theme", token)))
            dropped = wrong | {"accent", "background", "surface", "text"} if "colours" in wrong else wrong
            given = {name: value for name, value in given.items() if name not in dropped}

    def block(self, stored: Any, place: Place) -> PageBlock | None:
        if isinstance(stored, dict) and stored.get("type") == "tabs":
            return self._tabs(stored, place)
        return self._inner(stored, place)

    def _inner(self, stored: Any, place: Place) -> InnerBlock | None:
        try:
            block = _inner.validate_python(stored)
        except ValidationError as error:
            self._refuse(error, place)
            return None
        return block if self.there is None else self._shown(block, place, self.there)

    def _refuse(self, error: ValidationError, place: Place) -> None:
        first = error.errors(include_url=False, include_input=False)[0]
        if first["type"] == "union_tag_invalid" and not first["loc"]:
            self.leave_out(place, "BLOCK_UNKNOWN", f"this version knows no block {first['ctx']['tag'][:40]!r}")
            return
        where = ".".join(str(step) for step in first["loc"][1:])
        said = first["msg"].removeprefix("Value error, ")
        self.leave_out(place, "BLOCK_BROKEN", f"{said}{f' (at {where})' if where else ''}")

    def _tabs(self, stored: dict[str, Any], place: Place) -> Tabs | None:
        given = stored.get("tabs")
        if not isinstance(given, list):
            self.leave_out(place, "BLOCK_BROKEN", "its tabs are no list")
            return None
        tabs = [self._tab(tab, (*place, "tabs", number)) for number, tab in enumerate(given)]
        kept = [tab for tab in tabs if tab is not None]
        if given and not kept:
            self.leave_out(place, "BLOCK_EMPTY", "none of its tabs can be shown")
            return None
        try:
            return Tabs.model_validate({**stored, "tabs": kept})
        except ValidationError as error:
            self._refuse(error, place)
            return None

    def _tab(self, stored: Any, place: Place) -> Tab | None:
        inner = stored.get("blocks") if isinstance(stored, dict) else None
        if isinstance(inner, list) and inner:
            found = [self._inner(block, (*place, "blocks", number)) for number, block in enumerate(inner)]
            stored = {**stored, "blocks": [block for block in found if block is not None]}
            if not stored["blocks"]:
                self.leave_out(place, "BLOCK_EMPTY", "none of its blocks can be shown")
                return None
        try:
            tab = Tab.model_validate(stored)
        except ValidationError as error:
            self._refuse(error, place)
            return None
        if tab.selection is None or self.there is None:
            return tab
        selection = self._selection(tab.selection, place, self.there)
        return None if selection is None else tab.model_copy(update={"selection": selection})

    def _shown(self, block: InnerBlock, place: Place, there: There) -> InnerBlock | None:  # noqa: PLR0911  (one case a block)
        """The block without what it names and nobody can show; None when that leaves nothing."""
        match block:
            case page_blocks.Hero():
                return self._without_gone(block, place, there)
            case page_blocks.Banner():
                if block.image not in there.assets:
                    self.leave_out(place, "BLOCK_EMPTY", "its picture is no longer there")
                    return None
                return self._without_gone(block, place, there)
            case page_blocks.ContentList():
                selection = self._selection(block.selection, place, there)
                return None if selection is None else block.model_copy(update={"selection": selection})
            case page_blocks.Products() if block.products:
                kept = self._kept(block.products, there.products, place, "some of its products")
                return block.model_copy(update={"products": kept}) if kept else None
            case page_blocks.RankedList() if block.content is not None and block.content not in there.rankings:
                self.leave_out(place, "BLOCK_EMPTY", "the ranked list that it names cannot be shown")
                return None
            case page_blocks.Links():
                return self._links(block, place, there)
            case page_blocks.RichText():
                named = references_of([block])
                if not there.assets.issuperset(named.assets) or not there.products.issuperset(named.products):
                    self.lacks(place, "some of its pictures or products")
        return block

    def _without_gone(self, block: Leading, place: Place, there: There) -> Leading:
        """A block that leads to a content and shows a picture, without those of the two that are gone."""
        gone: dict[str, None] = {}
        if block.content is not None and block.content not in there.contents:
            gone["content"] = None
        if block.image is not None and block.image not in there.assets:
            gone["image"] = None
        for part in gone:
            self.lacks(place, f"its {'picture' if part == 'image' else part}")
        return block.model_copy(update=gone) if gone else block

    def _selection(self, selection: Selection, place: Place, there: There) -> Selection | None:
        if not selection.contents:
            return selection
        kept = self._kept(selection.contents, there.contents, place, "some of its contents")
        return selection.model_copy(update={"contents": kept}) if kept else None

    def _kept(self, named: tuple[UUID, ...], there: frozenset[UUID], place: Place, what: str) -> tuple[UUID, ...]:
        kept = tuple(uid for uid in named if uid in there)
        if not kept:
            self.leave_out(place, "BLOCK_EMPTY", "nothing that it names can be shown")
        elif len(kept) < len(named):
            self.lacks(place, what)
        return kept

    def _links(self, block: page_blocks.Links, place: Place, there: There) -> InnerBlock | None:
        kept = [link for link in block.links if link.content is None or link.content in there.contents]
        if not kept:
            self.leave_out(place, "BLOCK_EMPTY", "nothing that its links lead to can be shown")
            return None
        bare = [
            link if link.image is None or link.image in there.assets else link.model_copy(update={"image": None})
            for link in kept
        ]
        if bare != list(block.links):
            self.lacks(place, "some of its links or their pictures")
        return block.model_copy(update={"links": tuple(bare)})


def _called(place: Place) -> str:
    """A place as words: block 3, tab 1 of block 3."""
    kinds = {"blocks": "block", "tabs": "tab"}
    steps = [f"{kinds[str(name)]} {number}" for name, number in zip(place[::2], place[1::2], strict=True)]
    return " of ".join(reversed(steps))
