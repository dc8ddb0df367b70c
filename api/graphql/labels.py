"""Names in several languages, answered in the one that was asked for."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any

import strawberry

from api.graphql.context import Info

Language = Annotated[
    str | None,
    strawberry.argument(description="A language such as zh or en. Without it the request's Accept-Language decides."),
]


@strawberry.type(description="A name in one language.")
class Label:
    language: str = strawberry.field(description="The language, such as zh or en (BCP 47).")
    text: str = strawberry.field(description="The name in that language.")


def labels_of(names: Mapping[str, Any]) -> list[Label]:
    return [Label(language=language, text=str(text)) for language, text in sorted(names.items())]


def in_language(names: Mapping[str, Any], wanted: Iterable[str], fallback: str) -> str:
    """The name in the first of these languages that has one; else English, Chinese, any; else the fallback."""
    for language in (*wanted, "en", "zh"):
        found = names.get(language) or names.get(language.partition("-")[0])
        if found:
            return str(found)
    return str(next(iter(names.values()), fallback))


def chosen(info: Info, language: str | None) -> Sequence[str]:
    return (language,) if language else info.context.languages


def spoken(info: Info, language: Any) -> str:
    """The language of the two in which findings are written that the reader wants more."""
    wanted = (one.partition("-")[0] for one in chosen(info, language or None))
    return next((one for one in wanted if one in {"en", "zh"}), "en")
