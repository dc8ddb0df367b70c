"""Every kind of record once or more, with texts that break what is careless; in an order that an import takes."""

from __future__ import annotations

from typing import Any

from services.channels import packs
from services.interchange.records import uid_for

HOSTILE = 'A "quoted" \\ back\\slash </script> & <b> \u2028\u2029 \U0001f469\u200d\U0001f467 e\u0301 \u202ertl \ufeff \U00020bb7 \u00a0end'
LONG = "深夜食堂" * 2_000


def uid(name: str) -> str:
    return str(uid_for("everything", name))


def named(name: str, **fields: Any) -> dict[str, Any]:
    return {"source": "everything", "external_key": name} | fields


def pack(key: str) -> dict[str, Any]:
    return {
        "schema": packs.SCHEMA_VERSION,
        "key": key,
        "kind": "platform",
        "time_zone": "Asia/Shanghai",
        "name": {"en": "Entry", "zh": "入口"},
        "description": {"en": HOSTILE, "zh": "说明"},
        "source": {"provenance": "house", "confidence": "D"},
        "selector": {"formats": ["ARTICLE"]},
    }


def paragraph(text: str) -> dict[str, Any]:
    return {"type": "paragraph", "spans": [{"text": text, "marks": ["em"], "href": "https://example.org/?a=1&b=2"}]}


def records() -> list[dict[str, Any]]:
    return [
        {"type": "headwater", "version": 1},
        {"type": "field", "code": "food", "name_en": "Food", "name_zh": "美食"},
        {"type": "role", "code": "sommelier", "domain": "food", "calling": "sommelier", "name_en": "S", "name_zh": "品"},
        {"type": "taxonomy", "code": "topic", "is_tree": True, "most_per_content": 9, "labels": {"en": HOSTILE}},
        {"type": "tag", "taxonomy": "topic", "code": "tea", "labels": {"zh": "茶", "en": "Tea"},
         "aliases": [{"alias": "茗", "language": "zh"}, {"alias": "Cha"}]},
        {"type": "tag", "taxonomy": "topic", "code": "green-tea", "parent": "tea", "labels": {"zh": "绿茶"}},
        {"type": "tag", "taxonomy": "topic", "code": "old-tea", "labels": {}, "state": "MERGED", "merged_into": "tea"},
        {"type": "pool", "code": "selected", "name": "Selected"},
        {"type": "brand", **named("brand"), "name": HOSTILE, "description": LONG},
        {"type": "shop", **named("shop"), "name": "Shop", "description_score": 480, "service_score": 0},
        {"type": "account", "uid": uid("account"), "name": HOSTILE, "email": "Ada@Example.org",
         "created_at": "2026-01-02T03:04:05.678901+08:00"},
        {"type": "organisation", **named("organisation"), "handle": "agency", "name": "Agency", "demands_review": True},
        {"type": "creator", **named("ada"), "handle": "ada", "name": HOSTILE, "kind": "PERSONALITY", "bio": LONG,
         "level": 6, "quality_score": 1000, "followers_count": 12, "certified_on": "2026-02-03", "is_seller": True,
         "facts_source": "SYNTHETIC", "fields": ["food"], "roles": [{"code": "sommelier", "certified_on": "2025-05-05"}],
         "created_at": "2026-01-01T00:00:00Z"},
        {"type": "creator", **named("bob"), "handle": "bob", "name": "Bob", "suspended_at": "2026-03-01T00:00:00Z",
         "suspended_because": "spam"},
        {"type": "identity", "uid": uid("consumer"), "account": uid("account"), "kind": "CONSUMER"},
        {"type": "identity", "uid": uid("author"), "account": uid("account"), "kind": "CREATOR",
         "creator": "everything:ada"},
        {"type": "identity", "uid": uid("merchant"), "account": uid("account"), "kind": "MERCHANT",
         "shop": "everything:shop"},
        {"type": "member", "uid": uid("member"), "organisation": "everything:organisation", "account": uid("account"),
         "role": "OWNER", "since": "2026-01-01"},
        {"type": "contract", **named("contract"), "organisation": "everything:organisation",
         "creator": "everything:ada", "since": "2026-01-01", "until": "2027-01-01", "share_basis_points": 3000},
        {"type": "asset_folder", "uid": uid("outer"), "creator": "everything:ada", "name": HOSTILE,
         "created_at": "2026-01-05T00:00:00Z"},
        {"type": "asset_folder", "uid": uid("inner"), "creator": "everything:ada", "name": "Tea", "parent": uid("outer")},
        {"type": "asset", **named("picture"), "kind": "IMAGE", "url": "https://pictures.example/1.jpg?x=%20&y",
         "width": 800, "height": 600, "facts": {"colours": [1, 2.5, None, True, "x"]}, "creator": "everything:ada",
         "alternative_text": HOSTILE},
        {"type": "asset", **named("video"), "kind": "VIDEO", "url": "https://videos.example/1.mp4",
         "duration_ms": 61_000, "bitrate": 0, "licence": "CC0"},
        {"type": "asset", **named("cue"), "kind": "SUBTITLES", "url": "https://videos.example/1.vtt", "creator": "everything:ada",
         "folder": uid("inner"), "file_name": "1.vtt", "origin": HOSTILE, "focal_x": 0, "focal_y": 1000,
         "expires_at": "2027-01-01T00:00:00Z", "retired_at": "2026-10-01T00:00:00Z", "tags": ["topic:green-tea", "topic:tea"]},
        {"type": "avatar", "creator": "everything:ada", "asset": "everything:picture"},
        {"type": "product", **named("kettle"), "title": HOSTILE, "description": LONG, "price_minor": 19_900,
         "currency": "CNY", "shop": "everything:shop", "brand": "everything:brand", "category": "topic:tea",
         "attributes": {"钢": {"深": [1e-7, 1.5, 123456789012345]}, "z": None}, "pools": ["selected"],
         "pictures": ["everything:picture", "everything:video"], "url": "https://shop.example/k"},
        {"type": "product", **named("cup"), "title": "Cup", "is_on_shelf": False},
        {"type": "channel", "key": "house", "kind": "PLATFORM", "names": {"en": "House"}, "time_zone": "UTC"},
        {"type": "channel", "key": "house.entry", "parent": "house", "external_id": "1", "kind": "PLATFORM",
         "names": {"en": "Entry", "zh": "入口"}, "time_zone": "Asia/Shanghai", "is_private": True,
         "pack": pack("house.entry"), "members": ["everything:ada", "everything:bob"]},
        *contents(),
        {"type": "homepage", "creator": "everything:ada", "created_at": "2026-05-01T00:00:00Z", "versions": [
            {"state": "SUPERSEDED", "blocks": [{"type": "live"}], "published_at": "2026-05-01T00:00:00Z"},
            {"state": "LIVE", "theme": {"layout": "stream", "dark": {"accent": "#8fd3bf"}}, "template": "media-front-page",
             "published_at": "2026-05-02T00:00:00Z", "scheduled_for": "2026-05-02T00:00:00Z", "schedule_zone": "UTC",
             "fired_late_ms": 12, "edition": 3, "blocks": [
                {"type": "hero", "title": HOSTILE, "image": "everything:picture", "content": "everything:article"},
                {"type": "products", "products": ["everything:kettle"]},
                {"type": "contents", "selection": {"tags": ["topic:tea"], "contents": ["everything:article"]}},
                {"type": "rich_text", "body": [paragraph("Hello")]},
                {"type": "tabs", "tabs": [
                    {"title": HOSTILE, "selection": {"formats": ["ARTICLE"]}},
                    {"title": "b", "blocks": [{"type": "products", "recommended": {"categories": ["topic:tea"]}}]}]},
                {"type": "ranked_list", "content": "everything:ranking", "limit": 3},
                {"type": "banner", "image": "everything:picture", "href": "https://shop.example/?a=1&b=2"},
                {"type": "links", "title": HOSTILE, "links": [
                    {"title": "x", "content": "everything:article", "image": "everything:picture"}]}]},
            {"state": "SCHEDULED", "blocks": [], "scheduled_for": "2027-05-01T00:00:00Z", "schedule_zone": "Asia/Shanghai"},
            {"state": "DRAFT", "blocks": [], "edition": 4}]},
    ]  # fmt: skip


def contents() -> list[dict[str, Any]]:
    live = {"published_at": "2026-04-01T08:00:00.5Z"}
    body = [
        {"type": "heading", "level": 2, "text": "Tea"},
        paragraph(HOSTILE),
        {"type": "image", "asset": "everything:picture", "caption": HOSTILE},
        {"type": "product", "product": "everything:cup", "note": "n"},
        {"type": "table", "header": ["a"], "rows": [["\t"]]},
        {"type": "list", "ordered": True, "items": [[{"text": "one"}]]},
        {"type": "code", "text": "  x\n\ty\n"},
    ]
    article = [
        {"state": "SUPERSEDED", "title": "First", "published_at": "2026-03-01T00:00:00Z", "number": 2},
        {"state": "LIVE", "title": HOSTILE, "summary": LONG, "body": body, "covers": ["everything:picture"],
         "products": ["everything:kettle"], "is_original": False, "number": 5, **live},
        {"state": "DRAFT", "title": "Next", "edition": 7},
        {"state": "SCHEDULED", "title": "Later", "scheduled_for": "2027-01-01T00:00:00Z", "schedule_zone": "UTC"},
    ]  # fmt: skip

    def content(name: str, format_: str, **fields: Any) -> dict[str, Any]:
        revision = {"title": name, "details": fields.pop("details", {}), **live}
        known = {"creator": "everything:ada", "language": "zh", "revisions": [revision]}
        return {"type": "content", **named(name), "format": format_} | known | fields

    kettle, cup = "everything:kettle", "everything:cup"
    return [
        content("article", "ARTICLE", revisions=article, organisation="everything:organisation",
                channels=["house.entry"], is_history=False,
                tags=[{"tag": "topic:tea", "source": "AUTHOR"},
                      {"tag": "topic:green-tea", "source": "RULE", "confidence": 60, "is_confirmed": False}]),
        content("translated", "ARTICLE", language="en", group="everything:article", channels=[]),
        content("withdrawn", "ARTICLE", state="WITHDRAWN", state_because=HOSTILE, state_at="2026-04-02T00:00:00Z"),
        content("erased", "ARTICLE", state="ERASED", state_at="2026-04-02T00:00:00Z", revisions=[]),
        content("draft", "ARTICLE", revisions=[{"state": "DRAFT", "title": "Only a draft"}]),
        content("question", "QNA", details={"question": HOSTILE}, answers=[
            {**named("answer"), "creator": "everything:bob", "body": [paragraph("Because.")], "votes_count": 3,
             "is_accepted": True, "published_at": "2026-04-02T00:00:00Z", "edited_at": "2026-04-04T00:00:00Z"},
            {**named("other"), "creator": "everything:ada", "body": [], "state": "TAKEN_DOWN",
             "published_at": "2026-04-03T00:00:00Z"}]),
        content("live", "LIVE", details={"running_order": [{"title": "Tea", "at_ms": 5, "product": kettle}]},
                live={"state": "REPLAY", "starts_at": "2026-04-01T00:00:00Z", "started_at": "2026-04-01T00:01:00Z",
                      "ended_at": "2026-04-01T02:00:00Z", "replay_url": "https://videos.example/r", "viewers_peak": 9}),
        content("gallery", "GALLERY", details={"pictures": [{"asset": "everything:picture", "caption": HOSTILE,
                "anchors": [{"product": kettle, "x": 0.1, "y": 1, "label": "x"}]}]}),
        content("video", "SHORT_VIDEO", details={"video": "everything:video", "chapters": [{"at_ms": 1, "title": "c"}],
                "subtitles": [{"language": "en", "asset": "everything:cue"}, {"language": "zh", "url": "https://videos.example/2.vtt"}],
                "products": [{"product": cup, "from_ms": 1, "to_ms": 2}]}),
        content("ranking", "RANKED_LIST", details={"criteria": "c", "entries": [
            {"rank": 1, "product": kettle, "reason": "r"}, {"rank": 2, "content": "everything:article"}]}),
        content("note", "ITEM_NOTE", details={"product": kettle, "highlights": ["h"], "verdict": HOSTILE}),
        content("outfit", "COLLOCATION", details={"scene": "everything:picture", "pieces": [{"product": cup}],
                "anchors": [{"product": kettle, "x": 0.5, "y": 0.25}]}),
    ]  # fmt: skip
