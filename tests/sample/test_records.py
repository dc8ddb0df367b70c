from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
import pytest

from models import AssetKind, ContentState, Format, RevisionState, formats
from sample import channel_records, records
from sample.naming import uid
from sample.reading import BadSample
from services.interchange.records import (
    ORDER,
    AssetRecord,
    ContentRecord,
    CreatorRecord,
    HomepageRecord,
    ProductRecord,
    Record,
    parse,
)


def of(whole: list[Record], kind: type[Any]) -> list[Any]:
    return [record for record in whole if isinstance(record, kind)]


def test_every_record_can_be_written_and_read_again(whole: list[Record]):
    for record in whole:
        assert parse.validate_json(record.model_dump_json()) == record


def test_records_stand_in_the_order_of_an_import(whole: list[Record]):
    places = [ORDER.index(type(record)) for record in whole]

    assert places == sorted(places)
    assert places[0] == 0


def test_two_readings_give_the_same_records(whole: list[Record], stand_ins: dict[str, Path]):
    assert list(records.records(stand_ins)) == whole


def test_no_two_records_share_a_name(whole: list[Record]):
    names = Counter((type(record), getattr(record, "uid", None)) for record in whole if getattr(record, "uid", None))

    assert [name for name, count in names.items() if count > 1] == []


def test_the_sample_is_a_dozen_creators_with_homepages_and_sixty_contents(whole: list[Record]):
    creators, homepages, contents = (of(whole, kind) for kind in (CreatorRecord, HomepageRecord, ContentRecord))

    assert len(creators) >= 12
    assert {homepage.creator for homepage in homepages} == {creator.uid for creator in creators}
    assert len(contents) >= 60
    assert {content.format for content in contents} == set(Format)
    assert {content.language for content in contents} == {"zh", "en"}


def test_the_sample_shows_contents_in_many_states(whole: list[Record]):
    contents = of(whole, ContentRecord)
    revisions = {revision.state for content in contents for revision in content.revisions}

    assert {content.state for content in contents} >= {ContentState.VISIBLE, ContentState.WITHDRAWN}
    assert revisions >= {RevisionState.LIVE, RevisionState.DRAFT, RevisionState.SCHEDULED}


def references(record: Any) -> Iterator[UUID]:
    """Every uid that a record holds besides its own."""
    if isinstance(record, dict):
        for name, value in record.items():
            if name not in {"uid", "group"}:
                yield from references(value)
    elif isinstance(record, list):
        for value in record:
            yield from references(value)
    elif isinstance(record, str) and len(record) == 36 and record.count("-") == 4:
        yield UUID(record)


def test_every_reference_leads_to_a_record(whole: list[Record]):
    known = {uid for record in whole if (uid := getattr(record, "uid", None))}
    for record in whole:
        for reference in references(orjson.loads(record.model_dump_json())):
            assert reference in known, record


def test_every_tag_and_channel_that_contents_name_exists(whole: list[Record]):
    tags = {f"{record.taxonomy}:{record.code}" for record in whole if record.type == "tag"}
    channels = {record.key for record in whole if record.type == "channel"}
    for content in of(whole, ContentRecord):
        assert {tagging.tag for tagging in content.tags} <= tags
        assert set(content.channels or ()) <= channels
    for product in of(whole, ProductRecord):
        assert product.category in tags


def test_no_content_has_more_tags_of_a_taxonomy_than_it_allows(whole: list[Record]):
    most = {record.code: record.most_per_content for record in whole if record.type == "taxonomy"}
    for content in of(whole, ContentRecord):
        counts = Counter(tagging.tag.partition(":")[0] for tagging in content.tags)
        over = {code: count for code, count in counts.items() if count > most[code]}
        assert over == {}, content.external_key


def test_details_fit_their_format(whole: list[Record]):
    for content in of(whole, ContentRecord):
        for revision in content.revisions:
            formats.load(content.format, revision.details)


def test_pictures_are_probed_and_videos_declared(whole: list[Record]):
    assets = of(whole, AssetRecord)
    pictures = [asset for asset in assets if asset.kind is AssetKind.IMAGE]
    videos = [asset for asset in assets if asset.kind is AssetKind.VIDEO]

    assert {(asset.facts_source, asset.width, asset.height, asset.media_type) for asset in pictures} == {
        ("PROBED", 4, 3, "image/png")
    }
    assert all(asset.sha256 and asset.url is None for asset in pictures)
    assert all(asset.facts == {"frame_count": 1, "has_transparency": False} for asset in pictures)
    assert all(asset.facts_source == "DECLARED" and asset.url and asset.duration_ms for asset in videos)
    assert videos


def test_a_picture_that_was_not_drawn_is_named(stand_ins: dict[str, Path]):
    without = {key: path for key, path in stand_ins.items() if key != "product/camp-stove"}

    with pytest.raises(BadSample, match="not drawn: product/camp-stove"):
        list(records.records(without))


def test_channels_come_with_their_packs_and_the_creators_they_invited(whole: list[Record]):
    channels = {record.key: record for record in whole if record.type == "channel"}
    members = {member for record in channels.values() for member in record.members}

    assert channels.keys() >= channel_records.keys()
    assert all(channels[key].pack for key in channel_records.keys())  # noqa: SIM118  (a function, not a mapping)
    assert members <= {creator.uid for creator in of(whole, CreatorRecord)}
    assert uid("creator", "qiaoyi") in channels["quanqiu-shishang.home-card"].members
