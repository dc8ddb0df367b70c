"""Texts with markup in the shape of a channel: shortened as blocks, so that marks are closed and no entity is broken."""

from __future__ import annotations

from collections.abc import Mapping

from models import blocks
from models.blocks import Mark, Span
from services import bodies
from services.channels import units
from services.channels.facts import Facts
from services.channels.rendering import chat, cutting
from services.channels.rendering.cutting import Body
from services.channels.rendering.texts import GIVEN, field_text
from services.channels.shapes import Markup, TextShape

UNBOUNDED = 10**9
_BETWEEN: Mapping[Markup, str] = {"html": "\n", "markdown": "\n\n", "chat_html": "\n\n", "mrkdwn": "\n\n"}


class Writer:
    """What of one content is written in markup; its body, uncut, once in each format for however many channels."""

    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        self.body = _body(facts)
        content = facts.content
        files = [*content.covers, *content.pictures, *content.videos]
        self._files = {asset.uid: asset.url for asset in files}
        self._goods = {product.uid: product.url for product in facts.products}
        self._written: dict[Markup, str] = {}

    def written(self, body: Body, markup: Markup) -> str:
        """These blocks in this format."""
        if body is not self.body:
            return self._write(body, markup)
        if markup not in self._written:
            self._written[markup] = self._write(body, markup)
        return self._written[markup]

    def _write(self, body: Body, markup: Markup) -> str:
        if not body:
            return ""
        match markup:
            case "html":
                return bodies.html(body, asset=self._files.get, product=self._goods.get)
            case "markdown":
                return bodies.markdown(body, asset=self._files.get, product=self._goods.get)
            case "chat_html":
                return chat.written(body, chat.CHAT_HTML, self._goods.get)
            case "mrkdwn":
                return chat.written(body, chat.MRKDWN, self._goods.get)

    def shaped(self, shape: TextShape, markup: Markup, given: Mapping[str, str]) -> tuple[str, str]:
        """The text of this shape in its format, and the same words as plain text."""
        shaping = _Shaping(self, shape, markup)
        parts = shaping.fitted({field: self._part(field, given) for field in shape.fields})
        return shaping.whole(parts), shaping.words(parts)

    def _part(self, field: str, given: Mapping[str, str]) -> Body:
        if field == "text":
            return self.body
        text = given[field] if field in given else field_text(field, self.facts)
        if not text:
            return ()
        if field == "link":
            return (_paragraph(text, href=text),)
        return (_paragraph(text, marks=("strong",)) if field == "title" else _paragraph(text),)


class _Shaping:
    """One shape while its parts give way."""

    def __init__(self, writer: Writer, shape: TextShape, markup: Markup) -> None:
        self._writer = writer
        self._shape = shape
        self._markup = markup

    def whole(self, parts: Mapping[str, Body]) -> str:
        written = (self._writer.written(part, self._markup) for part in parts.values())
        return _BETWEEN[self._markup].join(part for part in written if part)

    def words(self, parts: Mapping[str, Body]) -> str:
        plain = ("\n\n".join(blocks.paragraphs(part)) for part in parts.values())
        return self._shape.separator.join(part for part in plain if part)

    def _fits(self, parts: Mapping[str, Body]) -> bool:
        shape = self._shape
        if shape.max is None:
            return True
        counted = self.words(parts) if shape.counted == "words" else self.whole(parts)
        return units.fits(counted, shape.max, shape.unit) and (
            shape.max_bytes is None or units.fits(counted, shape.max_bytes, "bytes")
        )

    def fitted(self, parts: dict[str, Body]) -> dict[str, Body]:
        """Texts give way from the last one backwards, then what is never cut goes."""
        for field in reversed([field for field in parts if field not in GIVEN]):
            if self._fits(parts):
                return parts
            others = parts

            def fits(part: Body, field: str = field, others: dict[str, Body] = others) -> bool:
                return self._fits({**others, field: part})

            cut = cutting.longest(parts[field], fits, most=self._most(), ellipsis=self._shape.ellipsis)
            parts = {**parts, field: cut}
        for field in GIVEN:
            if field in parts and not self._fits(parts):
                parts = {name: part for name, part in parts.items() if name != field}
        return parts

    def _most(self) -> int:
        """No more graphemes fit: each counts at least one, but for those of addresses that have a weight of their own."""
        most = self._shape.max or 0
        return UNBOUNDED if self._shape.unit == "x_weighted" else most


def _body(facts: Facts) -> Body:
    """The blocks of the content; of one that is known by its plain text alone, its paragraphs."""
    if facts.content.body or not facts.content.text:
        return facts.content.body
    return tuple(_paragraph(text) for text in facts.content.paragraphs or (facts.content.text,))


def _paragraph(text: str, *, href: str | None = None, marks: tuple[Mark, ...] = ()) -> blocks.Paragraph:
    return blocks.Paragraph.model_construct(spans=(Span.model_construct(text=text, href=href, marks=marks),))
