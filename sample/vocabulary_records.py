"""Fields, roles, taxonomies with their tags, and pools, as records."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field

from sample.naming import FOLDER, Key, Part, named
from sample.reading import shaped, toml
from services.interchange.records import (
    Alias,
    BrandRecord,
    FieldRecord,
    PoolRecord,
    RoleRecord,
    TagRecord,
    TaxonomyRecord,
)

TAXONOMIES = ("category", "scene", "crowd", "style", "topic", "brand", "effect")
WORDS = FOLDER / "vocabulary"
Names = Annotated[tuple[str, ...], Field(min_length=1)]


class Label(Part):
    zh: str
    en: str


class Word(Part):
    """A tag: of each language the label first, then what people also say. `about` describes a brand."""

    zh: Names
    en: Names
    under: Key | None = None
    about: str | None = None


class Vocabulary(Part):
    code: Key
    is_tree: bool
    most_per_content: int
    labels: Label
    tags: dict[Key, Word]


class Roles(Part):
    domains: dict[Key, Label]
    every_domain: dict[Key, Label]
    professions: dict[Key, dict[Key, Label]]


class Fields(Part):
    fields: dict[Key, Label]


class Pools(Part):
    pools: dict[Key, Label]


def vocabulary(code: str) -> Vocabulary:
    path = WORDS / f"{code}.toml"
    return shaped(Vocabulary, toml(path), path)


def taxonomies() -> Iterator[TaxonomyRecord]:
    for code in TAXONOMIES:
        words = vocabulary(code)
        yield TaxonomyRecord(
            code=words.code,
            is_tree=words.is_tree,
            most_per_content=words.most_per_content,
            labels=words.labels.model_dump(),
        )


def tags() -> Iterator[TagRecord]:
    """A parent stands before what lies under it, as it does in the files."""
    for code in TAXONOMIES:
        for tag, word in vocabulary(code).tags.items():
            yield TagRecord(
                taxonomy=code,
                code=tag,
                parent=word.under,
                labels={"zh": word.zh[0], "en": word.en[0]},
                aliases=(
                    *(Alias(alias=alias, language="zh") for alias in word.zh[1:]),
                    *(Alias(alias=alias, language="en") for alias in word.en[1:]),
                ),
            )


def brands() -> Iterator[BrandRecord]:
    """The brands behind the tags of that taxonomy."""
    for code, word in vocabulary("brand").tags.items():
        yield BrandRecord.model_validate(named("brand", code) | {"name": word.zh[0], "description": word.about or ""})


def roles() -> Iterator[RoleRecord]:
    path = WORDS / "roles.toml"
    given = shaped(Roles, toml(path), path)
    for domain, of in given.domains.items():
        for calling, name in given.every_domain.items():
            yield RoleRecord(
                code=f"{domain}-{calling}",
                domain=domain,
                calling=calling,
                name_en=f"{of.en} {name.en}",
                name_zh=f"{of.zh}{name.zh}",
            )
        for code, name in given.professions.get(domain, {}).items():
            calling = code.removeprefix(f"{domain}-")
            yield RoleRecord(code=code, domain=domain, calling=calling, name_en=name.en, name_zh=name.zh)


def fields() -> Iterator[FieldRecord]:
    path = WORDS / "fields.toml"
    for code, name in shaped(Fields, toml(path), path).fields.items():
        yield FieldRecord(code=code, name_en=name.en, name_zh=name.zh)


def pools() -> Iterator[PoolRecord]:
    path = WORDS / "pools.toml"
    for code, name in shaped(Pools, toml(path), path).pools.items():
        yield PoolRecord(code=code, name=name.zh)
