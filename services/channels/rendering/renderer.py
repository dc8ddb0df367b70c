"""The renderer: one content in the shapes of many packs. A pure function of the shapes and the facts, nothing else."""

from __future__ import annotations

import regex

from services.channels import units
from services.channels.facts import ContentFacts, Facts
from services.channels.packs import Pack
from services.channels.rendering.cards import cards
from services.channels.rendering.links import linked
from services.channels.rendering.markup import Writer
from services.channels.rendering.pictures import ANY_PICTURE, chosen
from services.channels.rendering.renditions import Rendition
from services.channels.rendering.texts import label, shaped
from services.channels.shapes import Hashtags, TextShape
from services.channels.terms import Localised

_NOT_OF_A_WORD = regex.compile(r"[^\w]+")


def render(pack: Pack, facts: Facts) -> Rendition:
    """The content in the shapes of this pack; a shape that the pack leaves out leaves the field as it is."""
    return Renderer(facts).render(pack)


class Renderer:
    """One content for however many packs: what several of them share is made once."""

    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        self._writer = Writer(facts)

    def render(self, pack: Pack) -> Rendition:
        """The content in the shapes of this pack."""
        facts, shapes = self.facts, pack.rendering
        hashtags = _hashtags(shapes.hashtags, facts.content)
        shown = cards(shapes, facts)
        link = linked(facts.content.url, shapes.link.params if shapes.link else {})
        disclosure = None
        if shapes.disclosure is not None and (shown or shapes.disclosure.when == "always"):
            disclosure = _in_language(shapes.disclosure.text, facts.content.language)
        given = {"hashtags": " ".join(hashtags), "link": link or "", "disclosure": disclosure or ""}
        markup, text = self._text(shapes.text, given)
        return Rendition(
            title=shaped(shapes.title, "title", facts, given),
            summary=shaped(shapes.summary, "summary", facts, given),
            text=text,
            format="html" if shapes.text is None else shapes.text.format,
            markup=markup,
            pictures=chosen(shapes.picture or ANY_PICTURE, facts),
            hashtags=hashtags,
            link=link,
            cards=shown,
            disclosure=disclosure,
        )

    def _text(self, shape: TextShape | None, given: dict[str, str]) -> tuple[str | None, str]:
        """The text with markup, where the channel reads any, and without. As it is, it is safe HTML."""
        if shape is None:
            return self._writer.written(self._writer.body, "html"), self.facts.content.text
        if shape.format == "plain":
            return None, shaped(shape, "text", self.facts, given)
        return self._writer.shaped(shape, shape.format, given)


def _hashtags(shape: Hashtags | None, content: ContentFacts) -> tuple[str, ...]:
    if shape is None:
        return ()
    labels = [label(tag, content.language) for name in shape.taxonomies for tag in content.tags.get(name, ())]
    words = dict.fromkeys(_NOT_OF_A_WORD.sub("", text) for text in labels)
    forms = {"hash": "#{}", "hash_pair": "#{}#", "plain": "{}"}
    fit = (word for word in words if word and (not shape.max_length or units.fits(word, shape.max_length, "graphemes")))
    return tuple(forms[shape.style].format(word) for word in fit)[: shape.max]


def _in_language(text: Localised, language: str) -> str:
    return text.zh if language.partition("-")[0] == "zh" else text.en


# How a content looks where no pack has a say: in its creator's own feed.
PLAIN = Pack.model_validate(
    {
        "schema": 1,
        "key": "headwater.plain",
        "kind": "private",
        "time_zone": "UTC",
        "name": {"en": "Plain", "zh": "原样"},
        "description": {"en": "As its author wrote it.", "zh": "保持作者原样。"},
        "source": {"provenance": "house", "confidence": "A"},
        "selector": {},
    }
)
