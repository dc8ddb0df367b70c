"""The whole sample as interchange records, in the order in which they may be imported."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from uuid import UUID

from sample import (
    channel_records,
    content_files,
    content_records,
    creator_records,
    drawing,
    homepage_records,
    picture_records,
    product_records,
    vocabulary_records,
)
from sample.creator_records import CreatorFile
from sample.known import Known
from sample.naming import FOLDER
from sample.reading import BadSample
from services.interchange.records import ORDER, HeaderRecord, Record


@dataclass(frozen=True, slots=True)
class Sample:
    """The files, read once: creators by handle, contents and homepages by key, and what may be referred to."""

    creators: dict[str, creator_records.CreatorFile]
    contents: dict[str, Path]
    homepages: dict[str, Path]
    known: Known


def read() -> Sample:
    creators = {handle: creator_records.read(path) for handle, path in creator_records.files().items()}
    contents = content_files.pages(FOLDER / "contents")
    known = Known(
        creators=creators.keys(),
        products=product_records.looks().keys(),
        shops=product_records.shop_files().keys(),
        contents=contents.keys(),
        tags={f"{tag.taxonomy}:{tag.code}" for tag in vocabulary_records.tags()},
        fields={field.code for field in vocabulary_records.fields()},
        roles={role.code for role in vocabulary_records.roles()},
        channels=channel_records.keys(),
    )
    return Sample(creators, contents, homepage_records.files(), known)


def written(sample: Sample) -> Iterator[tuple[Path, Callable[[], list[Record]]]]:
    """Each file that refers to others, with what makes its records; making them gathers the pictures they show."""
    known = sample.known
    for handle, file in sample.creators.items():
        yield creator_records.files()[handle], partial(_of_creator, handle, file, known)
    for key, path in sample.contents.items():
        yield path, partial(_of_content, key, path, known)
    for handle, path in sample.homepages.items():
        yield path, partial(_of_homepage, handle, path, known)


def _of_creator(handle: str, file: CreatorFile, known: Known) -> list[Record]:
    return [
        creator_records.account(handle, file),
        creator_records.creator(handle, file, known),
        *creator_records.identities(handle, file, known),
        creator_records.avatar(handle, file, known),
    ]


def _of_content(key: str, path: Path, known: Known) -> list[Record]:
    video = content_records.video(key, path, known)
    return [*([video] if video else []), content_records.content(key, path, known)]


def _of_homepage(handle: str, path: Path, known: Known) -> list[Record]:
    return [homepage_records.homepage(handle, path, known)]


def _fixed(sample: Sample) -> Iterator[Record]:
    """What refers to nothing that could be missing."""
    yield HeaderRecord()
    for part in (
        vocabulary_records.fields,
        vocabulary_records.roles,
        vocabulary_records.taxonomies,
        vocabulary_records.tags,
        vocabulary_records.pools,
        vocabulary_records.brands,
        product_records.shops,
        product_records.products,
    ):
        yield from part()
    invited: dict[str, list[UUID]] = {}
    for handle, file in sample.creators.items():
        for key in file.channels:
            invited.setdefault(sample.known.channel(key), []).append(sample.known.creator(handle))
    yield from channel_records.channels(invited)


def wanted(sample: Sample) -> list[str]:
    """The keys of all pictures that the sample shows."""
    _of_products(sample.known)
    for _, make in written(sample):
        make()
    return list(sample.known.pictures)


def _of_products(known: Known) -> None:
    for product in known.products:
        for picture in product_records.own_pictures(product):
            known.picture(picture)


def draw(folder: Path) -> dict[str, Path]:
    """Every picture that the sample shows, drawn into the folder where it is not there yet; by its key."""
    pictures = wanted(read())
    looks = {key: drawing.Look(look.as_, look.main, look.accent) for key, look in product_records.looks().items()}
    return drawing.draw_all(folder, pictures, looks)


def records(pictures: Mapping[str, Path]) -> Iterator[Record]:
    """The whole sample, whatever is referred to first; `pictures` as `draw` gave them. A bad file: BadSample."""
    sample = read()
    found = [*_fixed(sample), *picture_records.assets(pictures)]
    for _, make in written(sample):
        found += make()
    _of_products(sample.known)
    missing = sample.known.pictures.keys() - pictures.keys()
    if missing:
        raise BadSample(f"not drawn: {', '.join(sorted(missing))}")
    return iter(sorted(found, key=lambda record: ORDER.index(type(record))))
