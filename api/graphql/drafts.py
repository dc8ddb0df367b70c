"""Reading what an author sends: from typed input to the draft that the domain takes, or everything that is wrong with it."""

import asyncio
import enum
from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

import strawberry
from pydantic import TypeAdapter, ValidationError

import models
from api.graphql import places, sentences
from api.graphql.ids import uid_of
from api.graphql.inputs import DraftInput, LiveRoomInput
from core.errors import Invalid, Problem
from models import formats
from services import contents, references
from services.interchange import bodies as markdown

Path = tuple[str | int, ...]
LONGEST_MARKDOWN = 100_000

_drafts: TypeAdapter[contents.Draft] = TypeAdapter(contents.Draft)
_rooms: TypeAdapter[formats.Live] = TypeAdapter(formats.Live)


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
    values = _stored(sent, (), problems)
    form = values.pop("form", [])
    problems.extend(_answered_twice(form))
    values["details"] = _details(values.pop("format"), values.get("details", {}), form, problems)
    values["body"] = await _body(values.get("body", []), values.pop("markdown", None), problems)
    draft = _checked(_drafts, DraftInput, values, problems)
    return ReadDraft(
        models.Format(sent.format),
        references.named(values),
        None if problems else draft,
        [*_as_sent(problems, sent, form)],
    )


def read_room(sent: LiveRoomInput) -> formats.Live:
    """The times and addresses of a live; Invalid with everything that is wrong with them."""
    problems: list[Problem] = []
    room: formats.Live | None = _checked(_rooms, LiveRoomInput, _stored(sent, (), problems), problems)
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


async def _body(sent: list[dict[str, Any]], text: str | None, problems: list[Problem]) -> Any:
    """The blocks, from whichever of the two was sent."""
    blocks = [{"type": kind, **block} for one in sent for kind, block in one.items()]
    if text is None:
        return blocks
    if blocks:
        problems.append(Problem("BODY_TWICE", "Give the text as `body` or as `markdown`, not both.", ("markdown",)))
    if len(text) > LONGEST_MARKDOWN:
        message = f"The text has {len(text):,} characters; {LONGEST_MARKDOWN:,} fit: split the content."
        problems.append(Problem("TEXT_TOO_LONG", message, ("markdown",)))
        return blocks
    converted = await _from_markdown(text, problems)
    return blocks or converted


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


def _checked(adapter: TypeAdapter[Any], input_type: type, values: dict[str, Any], problems: list[Problem]) -> Any:
    try:
        return adapter.validate_python(values)
    except ValidationError as error:
        for one in error.errors(include_url=False, include_input=False):
            field = places.field_at(input_type, one["loc"])
            problems.append(Problem(sentences.code(one), sentences.sentence(one, field), one["loc"]))
    return None


def _as_sent(problems: list[Problem], sent: DraftInput, form: list[dict[str, str]]) -> Iterator[Problem]:
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


def _stored(value: Any, path: Path, problems: list[Problem]) -> Any:
    """Input objects as plain values with the domain's names; ids as uids. Bad ids become problems."""
    if isinstance(value, list):
        return [_stored(item, (*path, place), problems) for place, item in enumerate(value)]
    if isinstance(value, enum.Enum):
        return value.value
    if not is_dataclass(value):
        return value
    stored = {}
    for one in fields(value):
        part = getattr(value, one.name)
        if part is strawberry.UNSET or part is None:
            continue
        where = (*path, one.name)
        if "id_of" in one.metadata:
            stored[one.metadata["stored_as"]] = _uids(part, one.metadata["id_of"], where, problems)
        else:
            stored[one.name] = _stored(part, where, problems)
    return stored


def _uids(part: Any, type_name: str, path: Path, problems: list[Problem]) -> Any:
    if isinstance(part, list):
        return [_uids(one, type_name, (*path, place), problems) for place, one in enumerate(part)]
    try:
        return uid_of(part, type_name, *path)
    except Invalid as error:
        problems.extend(error.problems)
        return references.UNREADABLE
