"""Facts and packs for the tests of the engine: sensible ones, of which a test changes what it is about."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from services.channels.dossiers import Dossier
from services.channels.engine import evaluate
from services.channels.facts import AssetFacts, ContentFacts, CreatorFacts, Facts, ProductFacts, TagFacts
from services.channels.findings import Evaluation, Finding
from services.channels.packs import Pack, parse_pack

AT = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
HEAD = """
schema = 1
key = "{key}"
kind = "platform"
time_zone = "Asia/Shanghai"
name = {{ en = "Test", zh = "测试" }}
description = {{ en = "For tests.", zh = "供测试。" }}
source = {{ provenance = "house", confidence = "D" }}
"""


def pack(body: str = "", *, selector: str = "", key: str = "test.entry") -> Pack:
    """A pack that takes everything, with this TOML added."""
    return parse_pack(HEAD.format(key=key) + f"\n[selector]\n{selector}\n{body}", "test.toml")


def ruled(rule: str) -> Pack:
    """A pack with one rule."""
    return pack(f"[[rules]]\n{rule}")


def gated(gate: str) -> Pack:
    """A pack with these gates."""
    return pack(f"[gates]\n{gate}")


def image(width: int | None = 1600, height: int | None = 900, **facts: Any) -> AssetFacts:
    return AssetFacts(
        **{"uid": "image", "width": width, "height": height, "bytes": 800_000, "media_type": "image/jpeg"} | facts
    )


def video(width: int | None = 1080, height: int | None = 1920, **facts: Any) -> AssetFacts:
    known = {"uid": "video", "kind": "VIDEO", "duration_ms": 30_000, "bytes": 20_000_000, "bitrate": 5_000_000}
    return AssetFacts(**known | {"width": width, "height": height} | facts)


def product(uid: str = "p1", **facts: Any) -> ProductFacts:
    known = {
        "title": "A scarf of wool",
        "shop_uid": "s1",
        "shop_scores": {"service": 480},
        "categories": frozenset({"scarves", "apparel"}),
        "is_on_shelf": True,
        "image": image(1080, 1080),
    }
    return ProductFacts(uid=uid, **known | facts)


def content(**facts: Any) -> ContentFacts:
    known = {"uid": "c1", "format": "ARTICLE", "language": "en", "title": "Six scarves", "summary": "Which to choose."}
    return ContentFacts(**known | facts)


def creator(**facts: Any) -> CreatorFacts:
    known = {
        "uid": "a1",
        "handle": "ada",
        "name": "Ada",
        "kind": "SELF_MEDIA",
        "level": 3,
        "scores": {"quality": 600, "index": 650},
        "followers_count": 20_000,
        "certified_on": date(2026, 8, 26),
        "published_30d_count": 30,
        "pass_rate": 80,
        "accepted_by_format": {"ARTICLE": 3, "GALLERY": 1},
        "is_seller": False,
    }
    return CreatorFacts(**known | facts)


def facts(*products: ProductFacts, creator_: CreatorFacts | None = None, **of_content: Any) -> Facts:
    return Facts(content(**of_content), creator_ or creator(), products)


def dossier(*products: ProductFacts, **of_content: Any) -> Dossier:
    return Dossier(facts(*products, **of_content), AT)


def tagged(**codes: tuple[str, ...]) -> dict[str, tuple[TagFacts, ...]]:
    """Tags by taxonomy; "wool<scarves<apparel" is a tag with its ancestors, nearest first."""
    return {taxonomy: tuple(_tag(code) for code in several) for taxonomy, several in codes.items()}


def _tag(chain: str) -> TagFacts:
    code, *ancestors = chain.split("<")
    return TagFacts(code, tuple(ancestors))


def judged(of: Pack, given: Facts, *, quota_used: Mapping[str, int] | None = None, at: datetime = AT) -> Evaluation:
    return evaluate(of, given, at=at, quota_used=quota_used or {})


def found(rule: str, *products: ProductFacts, **of_content: Any) -> list[tuple[str, str, Any]]:
    """Status, path and actual value of everything that one rule has to say."""
    evaluation = judged(ruled(rule), facts(*products, **of_content))
    return [(finding.status, finding.path, finding.actual) for finding in evaluation.findings]


def kept_out(gate: str, **of_creator: Any) -> list[tuple[str, str, Any, Any]]:
    """Code, status, actual and allowed of everything that the gates have to say of a creator."""
    evaluation = judged(gated(gate), facts(creator_=creator(**of_creator)))
    return [(each.code, each.status, each.actual, each.allowed) for each in evaluation.findings]


def only(evaluation: Evaluation) -> Finding:
    (finding,) = evaluation.findings
    return finding
