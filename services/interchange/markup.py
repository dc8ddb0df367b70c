"""HTML as a stream of texts and tags, in one pass: no tree, so that no nesting, however deep, costs more than its length.

Tree builders look back over all open elements at each tag; 1 MiB of nested tags keeps them busy for minutes. What we
read needs no tree. An end tag closes what stands open inside its element; one that fits nothing is left out.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import unescape

from models.texts import scrub

VOID = frozenset(
    ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr"]
)
RAW = frozenset(["script", "style", "textarea", "title", "iframe", "noembed", "noframes", "xmp"])
# a new one of these ends the ones named
ENDS = {
    "p": {"p"}, "li": {"li", "p"}, "dt": {"dt", "dd", "p"}, "dd": {"dt", "dd", "p"}, "td": {"td", "th", "p"},
    "th": {"td", "th", "p"}, "tr": {"td", "th", "tr", "p"}, "tbody": {"td", "th", "tr", "thead", "tbody"},
    "tfoot": {"td", "th", "tr", "thead", "tbody"}, "option": {"option"},
}  # fmt: skip
_NAME = re.compile(r"/?([a-zA-Z][a-zA-Z0-9:-]{0,40})")
_BORDER = re.compile(r"""=\s*(["'])|>""")
_ATTRIBUTE = re.compile(r"""([a-zA-Z][a-zA-Z0-9:_-]{0,40})\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""")
WANTED = frozenset({"href", "src", "alt", "title"})


@dataclass(frozen=True, slots=True)
class Text:
    text: str


@dataclass(frozen=True, slots=True)
class Start:
    tag: str
    attributes: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class End:
    tag: str


Event = Text | Start | End


def events(markup: str) -> Iterator[Event]:
    """Texts and tags in order; every Start of an element that can hold others has its End."""
    stack: list[str] = []
    counts: Counter[str] = Counter()

    def close(until: str | None = None) -> Iterator[End]:
        while stack:
            tag = stack.pop()
            counts[tag] -= 1
            yield End(tag)
            if tag == until:
                return

    for event in _tokens(markup):
        match event:
            case Start(tag):
                while stack and stack[-1] in ENDS.get(tag, ()):
                    yield from close(stack[-1])
                yield event
                if tag in VOID or tag in RAW:
                    yield End(tag)
                else:
                    stack.append(tag)
                    counts[tag] += 1
            case End(tag):
                if counts[tag]:
                    yield from close(tag)
            case _:
                yield event
    yield from close()


def _tokens(markup: str) -> Iterator[Event]:
    """Tags and texts as they come. What is never closed swallows the rest, as it does in browsers."""
    at = 0
    while (opens := markup.find("<", at)) >= 0:
        if opens > at:
            yield Text(_decoded(markup[at:opens]))
        name = _NAME.match(markup, opens + 1)
        if name:
            ends = _end_of_tag(markup, name.end())
            tag = name[1].lower()
            if ends < 0:
                return
            at = ends + 1
            if markup[opens + 1] == "/":
                yield End(tag)
                continue
            yield Start(tag, _attributes(markup[name.end() : ends]))
            at = _end_of_raw(markup, tag, at)
        elif markup.startswith(("<!", "<?", "</"), opens):
            at = _end_of_remark(markup, opens)
        else:
            yield Text("<")
            at = opens + 1
    if at < len(markup):
        yield Text(_decoded(markup[at:]))


def _end_of_raw(markup: str, tag: str, at: int) -> int:
    """Where reading goes on after the start of an element: behind the content of one that holds no markup."""
    if tag not in RAW:
        return at
    closing = re.compile(f"</{tag}", re.IGNORECASE).search(markup, at)
    return closing.start() if closing else len(markup)


def _end_of_remark(markup: str, at: int) -> int:
    """Where a comment, a declaration or an instruction is over."""
    border = "-->" if markup.startswith("<!--", at) else ">"
    ends = markup.find(border, at + 2)
    return ends + len(border) if ends >= 0 else len(markup)


def _end_of_tag(markup: str, at: int) -> int:
    """Where the tag's `>` stands, outside of quoted values; -1 when there is none."""
    while border := _BORDER.search(markup, at):
        if border[1] is None:
            return border.start()
        at = markup.find(border[1], border.end()) + 1
        if at == 0:
            return -1
    return -1


def _attributes(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, double, single, bare in _ATTRIBUTE.findall(text) if "=" in text else ():
        if (lowered := name.lower()) in WANTED:
            found.setdefault(lowered, _decoded(double or single or bare))
    return found


def _decoded(text: str) -> str:
    return scrub(unescape(text)) if "&" in text else text
