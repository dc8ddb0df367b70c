"""Reading what an author sends: from typed input to the draft that the domain takes, or everything that is wrong with it."""

import asyncio
import enum
from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, Protocol

import strawberry
from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

import models
from api.graphql import places, sentences
from api.graphql.ids import uid_of
from api.graphql.inputs import BlockInput, DraftInput, LiveRoomInput
from core.errors import Invalid, Problem
from models import blocks, formats
from services import answers, contents, references
from services.interchange import bodies as markdown

Path = tuple[str | int, ...]
LONGEST_MARKDOWN = 100_000

_drafts: TypeAdapter[contents.Draft] = TypeAdapter(contents.Draft)
_words: TypeAdapter[answers.Words] = TypeAdapter(answers.Words)
_rooms: TypeAdapter[formats.Live] = TypeAdapter(formats.Live)


class Words(Protocol):
    """An input that says something in blocks."""

    body: list[BlockInput] | None
    markdown: str | None


@dataclass(frozen=True, slots=True)
class ReadDraft:
    """A draft as far as it could be read: whole, or with what is wrong. What it names is known in either case."""

    format: models.Format
    named: references.Named
    draft: contents.Draft | None
    problems: list[Problem]


async def read_draft(sent: DraftInput) -> ReadDraft:
    """Every part is looked at, whatever is wrong with the others. Places are those in the domain's draft."""
    problems: list[Problem] = []
    values = stored(sent, (), problems)
    form = values.pop("form", [])
    problems.extend(_answered_twice(form))
    values["details"] = _details(values.pop("format"), values.get("details", {}), form, problems)
    values["body"] = await body_of(values.get("body", []), values.pop("markdown", None), problems)
    draft = checked(_drafts, DraftInput, values, problems)
    return ReadDraft(
        models.Format(sent.format),
        references.named(values),
        None if problems else draft,
        [*_as_sent(problems, sent, form)],
    )


@dataclass(frozen=True, slots=True)
class ReadWords:
    """What somebody says in blocks, whole or with what is wrong. What it names is known in either case."""

    named: references.Named
    body: tuple[blocks.Block, ...]
    problems: list[Problem]


async def read_words(sent: Words) -> ReadWords:
    """A text that is no draft, such as an answer: given as blocks or as Markdown. Places begin at `body` or `markdown`."""
    problems: list[Problem] = []
    given = [] if sent.body is strawberry.UNSET or sent.body is None else sent.body
    text = None if sent.markdown is strawberry.UNSET else sent.markdown
    values = {"body": await body_of(stored(given, ("body",), problems), text, problems)}
    read = checked(_words, type(sent), values, problems)
    told = [*_as_sent(problems, sent, [])]
    return ReadWords(references.named(values), () if read is None else read.body, told)


def read_room(sent: LiveRoomInput) -> formats.Live:
    """The times and addresses of a live; Invalid with everything that is wrong with them."""
    problems: list[Problem] = []
    room: formats.Live | None = checked(_rooms, LiveRoomInput, stored(sent, (), problems), problems)
    if problems or room is None:
        placed = [Problem(one.code, one.message, ("live", *one.path)) for one in problems]
        raise Invalid("The live cannot be accepted.", problems=placed)
    return room


def _details(format_: str, sent: dict[str, Any], form: list[dict[str, str]], problems: list[Problem]) -> Any:
    """The format's own part. Of another format, it is looked at as what it is."""
    named = next(iter(sent), format_.lower())
    if named != format_.lower():
        message = f"The draft is of the format {format_}: give the details of that, or change the format."
        problems.append(Problem("DETAILS_OF_ANOTHER_FORMAT", message, ("details", named)))
    answers = {entry["name"]: entry["value"] for entry in form}
    return {"format": named.upper(), **sent.get(named, {}), "form": answers}


def _answered_twice(form: list[dict[str, str]]) -> Iterator[Problem]:
    for place, entry in enumerate(form):
        if entry["name"] in {earlier["name"] for earlier in form[:place]}:
            message = f"{entry['name'][:80]} is answered twice: answer it once."
            yield Problem("NAMED_TWICE", message, ("form", place, "name"))


async def body_of(sent: list[dict[str, Any]], text: str | None, problems: list[Problem]) -> Any:
    """The blocks, from whichever of the two was sent."""
    given = [{"type": kind, **block} for one in sent for kind, block in one.items()]
    if text is None:
        return given
    if given:
        problems.append(Problem("BODY_TWICE", "Give the text as `body` or as `markdown`, not both.", ("markdown",)))
    if len(text) > LONGEST_MARKDOWN:
        message = f"The text has {len(text):,} characters; {LONGEST_MARKDOWN:,} fit: split the content."
        problems.append(Problem("TEXT_TOO_LONG", message, ("markdown",)))
        return given
    converted = await _from_markdown(text, problems)
    return given or converted


async def _from_markdown(text: str, problems: list[Problem]) -> Any:
    # a long text takes a while to read: not on the loop that answers everybody
    try:
        converted = await asyncio.to_thread(markdown.of_markdown, text)
    except Invalid as error:
        problems.extend(Problem(one.code, one.message, ("markdown",)) for one in error.problems)
        return []
    if converted.pictures:
        message = "Pictures are assets here: leave them out of the text, and put them into `body` by their ids."
        problems.append(Problem("PICTURES_IN_MARKDOWN", message, ("markdown",)))
        # their blocks name assets that nobody has
        return []
    return converted.blocks


def checked(adapter: TypeAdapter[Any], input_type: type, values: dict[str, Any], problems: list[Problem]) -> Any:
    try:
        return adapter.validate_python(values)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
        # a list whose members are all wrong also counts as empty: that says nothing more
        for one in (one for one in found if one["type"] != "too_short" or not _is_above(one["loc"], found)):
            field = places.field_at(input_type, one["loc"])
            problems.append(Problem(sentences.code(one), sentences.sentence(one, field), one["loc"]))
    return None


def _is_above(place: Path, found: list[ErrorDetails]) -> bool:
    return any(len(one["loc"]) > len(place) and one["loc"][: len(place)] == place for one in found)


def _as_sent(problems: list[Problem], sent: DraftInput | Words, form: list[dict[str, str]]) -> Iterator[Problem]:
    """Places that depend on what was sent: a body that came as Markdown, answers to forms that came as a list."""
    numbers = {entry["name"]: number for number, entry in enumerate(form)}
    told: set[Path] = set()
    for problem in problems:
        match problem.path:
            case ("details", _, "form", str(name), *rest):
                place: Path = ("form", numbers[name], "name" if rest == ["[key]"] else "value")
                # a value may be of several types in the domain, and here it is always a text: the first is told
                if place not in told:
                    yield Problem(problem.code, problem.message, place)
                told.add(place)
            case ("details", _, "form"):
                yield Problem(problem.code, problem.message, ("form",))
            case ("body", *_) if sent.markdown and not sent.body:
                yield Problem(problem.code, problem.message, ("markdown",))
            case _:
                yield problem


def stored(value: Any, path: Path, problems: list[Problem]) -> Any:
    """Input objects as plain values with the domain's names; ids as uids. Bad ids become problems."""
    if isinstance(value, list):
        return [stored(item, (*path, place), problems) for place, item in enumerate(value)]
    if isinstance(value, enum.Enum):
        return value.value
    if not is_dataclass(value):
        return value
    found: dict[str, Any] = {}
    for one in fields(value):
        part = getattr(value, one.name)
        if part is strawberry.UNSET or part is None or one.metadata.get("is_only_sent"):
            continue
        where = (*path, one.name)
        if "id_of" in one.metadata:
            found[one.metadata["stored_as"]] = _uids(part, one.metadata["id_of"], where, problems)
        else:
            found[one.name] = stored(part, where, problems)
    return found


def _uids(part: Any, type_name: str, path: Path, problems: list[Problem]) -> Any:
    if isinstance(part, list):
        return [_uids(one, type_name, (*path, place), problems) for place, one in enumerate(part)]
    try:
        return uid_of(part, type_name, *path)
    except Invalid as error:
        problems.extend(error.problems)
        return references.UNREADABLE
