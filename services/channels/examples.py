"""Runs the examples of a pack: a base that the entry would take, what an example changes in it, and what must follow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import cycle, islice
from typing import Any, TypeVar
from urllib.parse import urlsplit

from services.channels.arms import COUNTED_SAMPLES, Arm, FieldArm, RoleArm
from services.channels.engine import CompiledPack, evaluate
from services.channels.facts import (
    AssetFacts,
    ContentFacts,
    CreatorFacts,
    Facts,
    Likeness,
    Link,
    ProductFacts,
    TagFacts,
)
from services.channels.findings import Evaluation, Outcome
from services.channels.gates import Gate
from services.channels.given import Given, GivenAsset, GivenContent, GivenCreator, GivenProduct
from services.channels.packs import Example, Pack
from services.channels.rules.products import CategoryIn, CategoryNotIn, ProductPool
from services.channels.terms import FORMATS, Format
from services.channels.units import clusters

AT = datetime(2026, 1, 15, 4, tzinfo=UTC)
_ZH = "秋天的早晨适合穿一件轻暖的外套出门，配上一条颜色柔和的围巾，走在落满树叶的街上，心情也会跟着明亮起来。"
_EN = "On a cool morning a light coat and a soft scarf are all it takes to make the walk to work a good one. "
_LOOKS: dict[str, Any] = {
    "is_animated": False,
    "has_transparency": False,
    "white_background": 100,
    "perceptual_hash": "c3a5f00f96695aa5",
}
_COVER = AssetFacts("cover", "IMAGE", "image/jpeg", 800_000, 1600, 900, has_alt_text=True, **_LOOKS)
_PICTURE = AssetFacts("picture", "IMAGE", "image/jpeg", 500_000, 1200, 900, has_alt_text=True, **_LOOKS)
_SQUARE = AssetFacts("square", "IMAGE", "image/jpeg", 300_000, 1080, 1080, has_alt_text=True, **_LOOKS)
_VIDEO = AssetFacts("video", "VIDEO", "video/mp4", 20_000_000, 1080, 1920, duration_ms=30_000, bitrate=5_000_000)
_PRODUCT_COUNTS = {"ITEM_NOTE": 1, "COLLOCATION": 3, "RANKED_LIST": 10, "QNA": 0, "LIVE": 0}
_SCORES: dict[str, int | None] = {"quality": 800, "health": 800, "index": 800, "fan_value": 800, "activity": 800}
_DETAIL_LENGTHS = {"question": 20, "verdict": 20, "criteria": 20, "lead": 20, "push_line": 20, "owner_line": 12}
_DETAIL_COUNTS = {"highlights": 3, "sections": 3, "answers": 3, "entries": 10, "pieces": 3, "chapters": 3}

Fact = TypeVar("Fact", AssetFacts, CreatorFacts, ProductFacts)
Value = TypeVar("Value")


def failures(pack: CompiledPack) -> Iterator[tuple[int, str]]:
    """Each example that does not come out as it must: its index, and what came instead."""
    for index, example in enumerate(pack.pack.examples):
        evaluation = run(pack, example)
        stopping = sorted({found.code for found in evaluation.findings if found.stops})
        passed = evaluation.outcome is Outcome.ELIGIBLE
        if passed == (example.must == "pass") and stopping == sorted(set(example.codes)):
            continue
        expected = f"{example.must} {sorted(set(example.codes))}" if example.codes else example.must
        said = "; ".join(found.message_en for found in evaluation.findings if found.stops)
        yield index, f"“{example.name}” must {expected}, but it is {evaluation.outcome} {stopping}: {said}"


def run(pack: CompiledPack, example: Example) -> Evaluation:
    """What the engine says of an example."""
    return evaluate(
        pack, facts_of(pack.pack, example.given), at=example.given.at or AT, quota_used=example.given.quota_used
    )


def facts_of(pack: Pack, given: Given) -> Facts:
    """The base for this pack with what is given laid over it."""
    form = given.content.format or (pack.selector.formats or ("ARTICLE",))[0]
    language = given.content.language or (pack.selector.languages or ("en",))[0]
    products = given.products if given.products is not None else _PRODUCT_COUNTS.get(form, 6)
    several = [GivenProduct()] * products if isinstance(products, int) else products
    return Facts(
        _content(pack, form, language, given.content),
        _creator(pack, given.creator),
        tuple(_product(pack, language, index, each) for index, each in enumerate(several)),
    )


def made_up(language: str, size: int, start: int = 0) -> str:
    """A text of so many graphemes, without white space at its ends."""
    source = clusters(_ZH if language.partition("-")[0] == "zh" else _EN)
    text = "".join(islice(cycle(source), start, start + size))
    return text if text == text.strip() else made_up(language, size, start + 1)


def _content(pack: Pack, form: str, language: str, given: GivenContent) -> ContentFacts:
    paragraphs = _paragraphs(language, given)
    pictures = _assets(_PICTURE, 3 if given.pictures is None else given.pictures)
    videos = int(form == "SHORT_VIDEO") if given.videos is None else given.videos
    content = ContentFacts(
        uid="example",
        format=form,
        language=language,
        title=_or(given.title, made_up(language, _or(given.title_length, 11))),
        summary=_or(given.summary, made_up(language, _or(given.summary_length, 60), 3)),
        text=_or(given.text, "\n\n".join(paragraphs)),
        paragraphs=paragraphs,
        headings_count=_or(given.headings, 2),
        links=tuple(_link(url, index) for index, url in enumerate(given.links or ())),
        covers=_assets(_COVER, 1 if given.covers is None else given.covers),
        pictures=pictures,
        anchors=_or(given.anchors, (3,) * len(pictures)),
        videos=_assets(_VIDEO, videos),
        tags={taxonomy: tuple(map(TagFacts, codes)) for taxonomy, codes in (_tags(pack) | given.tags).items()},
        details=_details(language) | given.details,
        published_at=AT,
        is_original=None if "is_original" in given.unknown else _or(given.is_original, True),
        url="https://example.org/c/example",
        duplicates=tuple(
            Likeness(channel=pack.key if one.among == "channel" else None, content="other", **one.model_dump())
            for one in given.duplicates
        ),
    )
    details = {name: value for name, value in content.details.items() if f"details.{name}" not in given.unknown}
    return replace(content, details=details)


def _paragraphs(language: str, given: GivenContent) -> tuple[str, ...]:
    if given.paragraphs is not None:
        return given.paragraphs
    if given.text is not None:
        return tuple(part for part in given.text.split("\n\n") if part.strip())
    size = _or(given.text_length, 712)
    # The blank lines between paragraphs count too: two graphemes each.
    sizes = []
    while size > 0:
        sizes.append(size if size <= 102 else 100)
        size -= sizes[-1] + 2
    return tuple(made_up(language, each, index) for index, each in enumerate(sizes))


def _details(language: str) -> dict[str, str | int | bool | None]:
    texts = {name: made_up(language, size) for name, size in _DETAIL_LENGTHS.items()}
    return {**texts, "owner_identity": made_up(language, 4), "subject": "shop", **_DETAIL_COUNTS}


def _tags(pack: Pack) -> dict[str, tuple[str, ...]]:
    """The first tags that the selector asks for, and one scene."""
    tags: dict[str, tuple[str, ...]] = {}
    for clause in pack.selector.tags:
        wanted = (*clause.any[:1], *clause.all)
        if wanted:
            tags[clause.taxonomy] = tuple(dict.fromkeys((*tags.get(clause.taxonomy, ()), *wanted)))
    return {"scene": ("commute",), **tags}


def _link(url: str, index: int) -> Link:
    return Link(url, (urlsplit(url).hostname or "").lower(), f"links.{index}")


def _creator(pack: Pack, given: GivenCreator) -> CreatorFacts:
    roles = given.roles if given.roles is not None else _named(pack.gates, RoleArm)[:1]
    is_invited, is_connected = _or(given.is_invited, True), _or(given.is_connected, True)
    creator = CreatorFacts(
        uid="creator",
        handle="example",
        name="Example",
        kind=given.kind or _kind(pack.gates),
        level=_or(given.level, 5),
        fields=frozenset(given.fields if given.fields is not None else _fields(pack)),
        roles=frozenset(roles),
        scores={**_SCORES, **dict(given.scores.items())},
        followers_count=_or(given.followers_count, 100_000),
        certified_on=(AT - timedelta(days=_or(given.certified_days, 1_000))).date(),
        published_30d_count=_or(given.published_30d_count, 60),
        pass_rate=_or(given.pass_rate, 90),
        is_seller=_or(given.is_seller, False),
        invited_channels=frozenset({pack.key} if is_invited else ()),
        connected_channels=frozenset({pack.key} if is_connected else ()),
        departed_channels={pack.key: None} if given.is_cleaned_out else {},
        accepted_by_format=_samples(given.accepted),
    )
    fact = {"certified_days": "certified_on", "accepted": "accepted_by_format"}
    unknown = [fact.get(name, name) for name in given.unknown]
    return _without(creator, unknown, {"scores": {}})


def _samples(given: Mapping[Format, int] | None) -> dict[str, int]:
    counts: Mapping[Format, int] = dict.fromkeys(FORMATS, COUNTED_SAMPLES) if given is None else given
    return {str(form): count for form, count in counts.items()}


def _fields(pack: Pack) -> Sequence[str]:
    """One field that selector and gates agree on, or else the first of each."""
    asked, named = pack.selector.creator_fields, _named(pack.gates, FieldArm)
    both = [code for code in asked if code in named]
    return both[:1] or (*asked[:1], *named[:1]) or ("general",)


def _kind(gate: Gate | None) -> str:
    """The kind that the gates insist on; where it is one way in among others, the example says if it takes it."""
    insisted = [arm.kind.any[0] for arm in (gate.all or (gate,) if gate else ()) if arm.kind is not None]
    return insisted[0] if insisted else "SELF_MEDIA"


def _named(gate: Gate | None, kind: type[RoleArm | FieldArm]) -> tuple[str, ...]:
    """The codes of all conditions of this kind in the tree, except under a `not`."""
    if gate is None or gate.not_ is not None:
        return ()
    arm: Arm | None = gate.arm
    if isinstance(arm, kind):
        return tuple(arm.any)
    return tuple(code for child in gate.all or gate.any or () for code in _named(child, kind))


def _product(pack: Pack, language: str, index: int, given: GivenProduct) -> ProductFacts:
    pools = [code for rule in pack.rules if isinstance(rule, ProductPool) for code in rule.any]
    product = ProductFacts(
        uid=f"product-{index}",
        title=given.title
        if given.title is not None
        else made_up(language, 10, 20 + index),  # not those of the content's title
        price_minor=_or(given.price_minor, 9_900),
        currency="CNY",
        shop_uid=given.shop or f"shop-{index // 2}",
        shop_scores=_or(given.shop_scores, {"description": 480, "service": 480, "logistics": 480}),
        categories=frozenset(_or(given.categories, _categories(pack))),
        pools=frozenset(_or(given.pools, tuple(pools))),
        is_on_shelf=_or(given.is_on_shelf, True),
        image=_asset(replace(_SQUARE, uid=f"square-{index}"), given.image or GivenAsset()),
    )
    unknown = ["shop_uid" if name == "shop" else name for name in given.unknown]
    return _without(product, unknown, {"shop_scores": {}, "categories": frozenset()})


def _categories(pack: Pack) -> tuple[str, ...]:
    """A category that the rules ask for, or else one of the content's own, or else one that they do not refuse."""
    refused = {code for rule in pack.rules if isinstance(rule, CategoryNotIn) for code in rule.any}
    asked = [code for rule in pack.rules if isinstance(rule, CategoryIn) for code in rule.any]
    likely = (*asked, *_tags(pack).get("category", ()), "apparel", "home", "food", "digital")
    return next(((code,) for code in likely if code not in refused), ("general",))


def _assets(base: AssetFacts, given: int | tuple[GivenAsset, ...]) -> tuple[AssetFacts, ...]:
    several = [GivenAsset()] * given if isinstance(given, int) else given
    return tuple(_asset(replace(base, uid=f"{base.uid}-{index}"), each) for index, each in enumerate(several))


def _asset(base: AssetFacts, given: GivenAsset) -> AssetFacts:
    said: dict[str, Any] = given.model_dump(exclude_none=True, exclude={"unknown"})
    return _without(replace(base, **said), given.unknown, {})


def _without(facts: Fact, unknown: Sequence[str], empty: Mapping[str, Any]) -> Fact:
    """The facts without those that are said to be unknown; `empty` has what stands for nothing where that is not None."""
    gone: dict[str, Any] = {name: empty.get(name) for name in unknown}
    return replace(facts, **gone)


def _or(value: Value | None, otherwise: Value) -> Value:
    return otherwise if value is None else value
