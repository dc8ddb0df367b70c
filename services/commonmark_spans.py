"""Runs of text with marks as lines of CommonMark: escaped, and each mark where a reader will see it as one. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, takewhile

from models.blocks import Mark, Span

# what would be read as something else
_SPECIAL = re.compile(r"&(?=#?\w+;)|\{(?=[{%])|[\\`*_{}\[\]<>#+!|~-]")
_BREAK = re.compile(r"\r\n?|\n")
_AUTOLINK = re.compile(r"(?i)(https?|mailto):[^<>\s\x00-\x1f\x7f]*")
# from the outside inwards; code is innermost, since in it nothing else is read
_NESTED: tuple[Mark, ...] = ("strike", "em", "strong")


def longest_run(text: str) -> int:
    """How many backticks stand together at most."""
    return max((len(run) for run in re.findall("`+", text)), default=0)


def escaped(words: str) -> str:
    return _SPECIAL.sub(_escape, words)


def _escape(found: re.Match[str]) -> str:
    special = found.group()
    if special == "&":
        return "&amp;"
    following = found.string[found.end() : found.end() + 1]
    # `{%` and `{{` speak to templates, which are read before Markdown is
    return "&#123;" if special == "{" and following in {"{", "%"} and following else f"\\{special}"


@dataclass(frozen=True, slots=True)
class _Leaf:
    """Text that has the same marks throughout and no line break."""

    text: str
    marks: frozenset[Mark]
    href: str | None

    @property
    def is_blank(self) -> bool:
        return not self.text.strip()


def lines(spans: Sequence[Span], destination: Callable[[str | None], str | None]) -> list[str]:
    """The lines, without blanks at their ends; marks and links end with a line and begin again in the next."""
    if len(spans) == 1 and not spans[0].marks and not spans[0].href:
        return [escaped(line.strip(" \t")) for line in _BREAK.split(spans[0].text)]
    found: list[list[_Leaf]] = [[]]
    for span in spans:
        marks = frozenset(span.marks)
        for place, text in enumerate(_BREAK.split(span.text)):
            if place:
                found.append([])
            if text:
                found[-1].extend(_Leaf(piece, marks, span.href) for piece in _pieces(text, marks))
    return [_line(_settled(leaves), destination) for leaves in found]


def _pieces(text: str, marks: frozenset[Mark]) -> Iterator[str]:
    """Blanks at the ends by themselves: a mark does not hold next to one. In code they are part of it."""
    core = text.strip()
    if not marks or "code" in marks or not core:
        yield text
        return
    start = text.index(core)
    yield from filter(None, (text[:start], core, text[start + len(core) :]))


def _settled(leaves: list[_Leaf]) -> list[_Leaf]:
    """Blanks have the marks of both sides where those are the same, else none; neighbours that are alike are one."""
    words = [leaf for leaf in leaves if not leaf.is_blank]
    settled: list[_Leaf] = []
    passed = 0
    for leaf in leaves:
        if leaf.is_blank:
            between = (words[passed - 1], words[passed]) if 0 < passed < len(words) else ()
            settled.append(_blank(leaf, between))
        else:
            settled.append(leaf)
            passed += 1
    alike = groupby(settled, key=lambda leaf: (leaf.marks, leaf.href))
    return [_Leaf("".join(leaf.text for leaf in group), marks, href) for (marks, href), group in alike]


def _blank(leaf: _Leaf, between: Sequence[_Leaf]) -> _Leaf:
    sides = {one.marks - {"code"} for one in between}
    marks = sides.pop() if len(sides) == 1 else frozenset[Mark]()
    href = leaf.href if {one.href for one in between} == {leaf.href} else None
    return _Leaf(leaf.text, marks if marks <= leaf.marks else frozenset(), href)


def _line(leaves: list[_Leaf], destination: Callable[[str | None], str | None]) -> str:
    written: list[str] = []
    groups = [(href, list(group)) for href, group in groupby(leaves, key=lambda leaf: leaf.href)]
    for place, (href, group) in enumerate(groups):
        at_start, at_end = place == 0, place == len(groups) - 1
        if href and len(group) == 1 and group[0].text == href and not group[0].marks and _AUTOLINK.fullmatch(href):
            written.append(f"<{href}>")
            continue
        words = _marked(_trimmed(group, at_start=at_start, at_end=at_end))
        target = destination(href)
        written.append(f"[{words}]({target})" if target and words else words)
    return "".join(written)


def _trimmed(leaves: list[_Leaf], *, at_start: bool, at_end: bool) -> list[_Leaf]:
    """Without the blanks that would count at the ends of a line."""
    found = list(leaves)
    if at_start and found and "code" not in found[0].marks:
        found[0] = _Leaf(found[0].text.lstrip(" \t"), found[0].marks, found[0].href)
    if at_end and found and "code" not in found[-1].marks:
        found[-1] = _Leaf(found[-1].text.rstrip(" \t"), found[-1].marks, found[-1].href)
    return [leaf for leaf in found if leaf.text]


def _marked(leaves: list[_Leaf]) -> str:
    """The leaves with their marks, opened and closed between them so that each is seen."""
    if all(not leaf.marks for leaf in leaves):
        return "".join(escaped(leaf.text) for leaf in leaves)
    borders = _borders(leaves)
    numbered = _numbered(leaves, borders)
    written = [borders[0].all]
    for place, leaf in enumerate(leaves):
        written.append(_leaf_words(leaf, at_start=(place, 0) in numbered, at_end=(place, -1) in numbered))
        written.append(borders[place + 1].all)
    return "".join(written)


@dataclass(frozen=True, slots=True)
class _Border:
    """What is closed and what is opened between two leaves, by the delimiters."""

    closing: str
    opening: str

    @property
    def all(self) -> str:
        return self.closing + self.opening


def _numbered(leaves: list[_Leaf], borders: list[_Border]) -> set[tuple[int, int]]:
    """The letters, by leaf and end, that are written as numbers, so that delimiters beside them are seen: a number ends
    in punctuation. One that is a leaf by itself has two sides, so what is found may ask for more.
    """
    found: set[tuple[int, int]] = set()
    grown = True
    while grown:
        grown = False
        for place in range(1, len(leaves)):
            border = borders[place]
            if bool(border.closing) == bool(border.opening):
                continue
            outer, inner = ((place, 0), (place - 1, -1)) if border.closing else ((place - 1, -1), (place, 0))
            letter = _edge(leaves, outer, found)
            if _is_letter(letter) and _hides(border.all, _edge(leaves, inner, found)):
                found.add(outer)
                grown = True
    return found


def _edge(leaves: list[_Leaf], end: tuple[int, int], numbered: set[tuple[int, int]]) -> str:
    place, side = end
    leaf = leaves[place]
    if "code" in leaf.marks:
        return "`"
    is_number = end in numbered or (len(leaf.text) == 1 and not numbered.isdisjoint({(place, 0), (place, -1)}))
    return "&" if is_number else leaf.text[side]


def _hides(delimiters: str, inner: str) -> bool:
    """Whether delimiters between this character and a letter are not seen: CommonMark, left- and right-flanking runs."""
    return len(set(delimiters)) > 1 or "_" in delimiters or _is_sign(inner)


def _is_sign(character: str) -> bool:
    return unicodedata.category(character)[0] in "PS"


def _is_letter(character: str) -> bool:
    """Neither a blank nor, in whichever edition of CommonMark, punctuation; and not one that has no number."""
    if character.isascii():
        return character.isalnum()
    return unicodedata.category(character) not in {"Zs", "Cc"} and unicodedata.category(character)[0] != "P"


def _borders(leaves: list[_Leaf]) -> list[_Border]:
    """One before each leaf and one behind the last. The stars of two marks never touch across a border."""
    found: list[_Border] = []
    opened: list[tuple[Mark, str]] = []
    for place in range(len(leaves) + 1):
        marks = leaves[place].marks if place < len(leaves) else frozenset[Mark]()
        kept = 0
        while kept < len(opened) and opened[kept][0] in marks:
            kept += 1
        closing = "".join(sign for _, sign in reversed(opened[kept:]))
        del opened[kept:]
        opening = ""
        for mark in _NESTED:
            if mark in marks and mark not in {one for one, _ in opened}:
                sign = _sign(mark, closing, leaves[place:], {one for one, _ in opened})
                opened.append((mark, sign))
                opening += sign
        found.append(_Border(closing, opening))
    return found


def _sign(mark: Mark, closing: str, ahead: list[_Leaf], around: set[Mark]) -> str:
    """Stars, but an underscore for what would touch or hold stars of another mark and be taken for a part of them."""
    if mark != "em":
        return "**" if mark == "strong" else "~~"
    if closing.endswith("*"):
        return "_"
    if "strong" in around:
        return "*"
    own = list(takewhile(lambda leaf: "em" in leaf.marks, ahead))
    behind = ahead[len(own)] if len(own) < len(ahead) else None
    is_mixed = len({"strong" in leaf.marks for leaf in own}) > 1
    return "_" if is_mixed or (behind is not None and "strong" in behind.marks) else "*"


def _leaf_words(leaf: _Leaf, *, at_start: bool, at_end: bool) -> str:
    """The words, their first and last letter as a number where that is asked for."""
    if "code" in leaf.marks:
        return _code(leaf.text)
    if not at_start and not at_end:
        return escaped(leaf.text)
    if len(leaf.text) == 1:
        return _number(leaf.text)
    first = _number(leaf.text[0]) if at_start else ""
    last = _number(leaf.text[-1]) if at_end else ""
    return first + escaped(leaf.text[at_start : len(leaf.text) - at_end]) + last


def _number(letter: str) -> str:
    return f"&#{ord(letter)};"


def _code(text: str) -> str:
    fence = "`" * (1 + longest_run(text))
    padding = " " if "`" in (text[0], text[-1]) or (text[0] == text[-1] == " " and text.strip(" ")) else ""
    return f"{fence}{padding}{text}{padding}{fence}"
