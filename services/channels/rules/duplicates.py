"""The rule that neither words nor pictures are nearly those of a content that was there before."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Annotated, Literal, get_args

from pydantic import Field

from services.channels import wording
from services.channels.dossiers import Dossier
from services.channels.facts import Among, AssetFacts, Likeness
from services.channels.findings import Flaw, Words
from services.channels.rules.base import MEASURE, Rule, unknown

Compared = Literal["text", "covers", "pictures"]

LEAST_PERCENT = 50
MOST_BITS = 7
"""How unlike texts and pictures may be that are still looked for: a rule can ask for more likeness, never for less."""

WHERE: dict[Among, Words] = {
    "channel": Words("a content that this channel has already", "本频道已有的内容"),
    "creator": Words("an earlier content of the same creator", "同一创作者此前的内容"),
    "all": Words("a content that was published here before", "本站此前已发布的内容"),
}
_LIKENESS = Words("likeness to other contents", "与其他内容的相似度")
_NOT_COMPARED = Words(
    "Save it, and ask for a plan of the saved content: then it is compared.",
    "请先保存，再对已保存的内容生成计划，以便比对。",
)
_LOOK = Words("look", "图像特征")
_WRITE_OWN = Words(
    "Write it in words of your own. If the other is yours, edit that one instead of publishing it again.",
    "请用自己的话来写；如另一篇是您的内容，请编辑原文，不要重复发布。",
)
_OTHER_PICTURE = Words("Choose a picture of your own that is not shown there.", "请换一张未在该处出现过的自有图片。")


class NotDuplicate(Rule):
    """Text and pictures are not nearly those of a content that was there before: at the channel, of the creator, or anywhere.

    `max_percent` is how much of the text may be the same, counted in runs of three words (or characters, where words are
    not set apart); texts of fewer than 50 of them are compared as a whole. Pictures are the same when at most `max_bits` of
    the 64 bits of their perceptual hashes differ, whatever their size and format.
    """

    kind: Literal["content.not_duplicate"]
    fields: tuple[Compared, ...] = Field(default=get_args(Compared), min_length=1)
    among: Among = "channel"
    max_percent: Annotated[int, Field(ge=LEAST_PERCENT, le=99)] = LEAST_PERCENT
    max_bits: Annotated[int, Field(ge=0, le=MOST_BITS)] = 4

    def at(self, channel: str) -> Rule:
        """The same rule of this entry."""
        return _Placed(**dict(self), channel=channel)

    def flaws(self, dossier: Dossier) -> Iterator[Flaw]:
        alike = dossier.facts.content.duplicates
        if alike is None:
            yield unknown(self.fields[0], self._asked(self.fields[0]), _LIKENESS, hint=_NOT_COMPARED)
            return
        near = {one.path: one for one in alike if one.among == self.among and self._is_here(one)}
        for path, picture in self._compared(dossier):
            found = near.get(path)
            if picture is not None and picture.perceptual_hash is None:
                yield unknown(path, self._asked(path), _LOOK, evidence=_of_file(picture), hint=MEASURE)
            elif found is not None and self._is_near(found):
                yield self._flaw(found, picture)

    def _is_here(self, _one: Likeness) -> bool:
        return True

    def _compared(self, dossier: Dossier) -> Iterator[tuple[str, AssetFacts | None]]:
        for field in self.fields:
            if field == "text":
                yield field, None
            else:
                yield from dossier.images(field)

    def _is_near(self, one: Likeness) -> bool:
        if one.percent is not None:
            return one.percent > self.max_percent
        return one.bits is not None and one.bits <= self.max_bits

    def _asked(self, path: str) -> dict[str, int | str]:
        most = {"max_percent": self.max_percent} if path == "text" else {"max_bits": self.max_bits}
        return {**most, "among": self.among}

    def _flaw(self, one: Likeness, picture: AssetFacts | None) -> Flaw:
        where, thing = WHERE[self.among], wording.place(one.path)
        evidence = {"content": one.content} if one.content else {}
        if picture is None:
            message = Words(
                f"About {one.percent} % of the text is that of {where.en}; asked for: at most {self.max_percent} %.",
                f"正文约 {one.percent}% 与{where.zh}相同；要求：至多 {self.max_percent}%。",
            )
            return Flaw(one.path, one.percent, self._asked(one.path), message, _WRITE_OWN, evidence=evidence)
        message = Words(
            wording.sentence(f"{thing.en} looks like a picture of {where.en} ({one.bits} of 64 bits differ)."),
            f"{thing.zh}与{where.zh}中的图片看起来相同（64 位特征中有 {one.bits} 位不同）。",
        )
        told = {**evidence, **_of_file(picture)}
        return Flaw(one.path, one.bits, self._asked(one.path), message, _OTHER_PICTURE, evidence=told)


class _Placed(NotDuplicate):
    """The rule in the pack of an entry, whose own contents it means."""

    channel: str

    def _is_here(self, one: Likeness) -> bool:
        return self.among != "channel" or one.channel == self.channel


def _of_file(picture: AssetFacts) -> dict[str, str]:
    return {"asset": picture.uid, "source": picture.source}


def compared_among(rules: Iterable[Rule]) -> frozenset[Among]:
    """Among which contents these rules want likenesses told; none when they do not ask."""
    return frozenset(rule.among for rule in rules if isinstance(rule, NotDuplicate))


def keep_out(rules: Iterable[Rule]) -> bool:
    """Whether one of these rules can keep a duplicate out; one that warns lets it in."""
    return any(isinstance(rule, NotDuplicate) and rule.severity != "warn" for rule in rules)


RULES = (NotDuplicate,)
