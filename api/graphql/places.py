"""Where in its input a client finds a problem: the one place where the words of the services become those of the schema."""

from collections.abc import Iterator, Sequence
from typing import Any

from strawberry.types import get_object_definition
from strawberry.types.base import StrawberryList, StrawberryOptional
from strawberry.types.field import StrawberryField

from core.errors import DomainError, Invalid, Problem

Path = tuple[str | int, ...]
Step = tuple[int, str | int, StrawberryField | None]
"""Its number among its siblings, its name in the schema, and the field, unless it is a place in a list."""

# services that raise these do not know under which name the client gave the id
SUBJECTS: dict[str, Path] = {
    "NO_SUCH_ACCOUNT": ("account",),
    "NO_SUCH_ANSWER": ("answer",),
    "NO_SUCH_APPEAL": ("appeal",),
    "NO_SUCH_ASSET": ("asset",),
    "NO_SUCH_BRAND": ("brand",),
    "NO_SUCH_COMMENT": ("comment",),
    "NO_SUCH_CONTENT": ("content",),
    "NO_SUCH_CREATOR": ("creator",),
    "NO_SUCH_FOLDER": ("folder",),
    "NO_SUCH_IDENTITY": ("identity",),
    "NO_SUCH_MESSAGE": ("message",),
    "NO_SUCH_PRODUCT": ("product",),
    "NO_SUCH_REHEARSAL": ("rehearsal",),
    "NO_SUCH_REVIEW": ("review",),
    "NO_SUCH_REVISION": ("revision",),
    "NO_SUCH_SHOP": ("shop",),
    "NO_SUCH_SUBMISSION": ("submission",),
    "NO_SUCH_TAG": ("tag",),
    "NO_SUCH_UPLOAD": ("upload",),
}
LAST = 1_000


def in_input(problems: Sequence[Problem], mutation: StrawberryField) -> list[Problem]:
    """Problems of a mutation with places in its `input`, in the order of the input; those of the whole come first."""
    (argument,) = mutation.arguments
    placed = [(problem, [*steps(argument.type, _words(problem))]) for problem in problems]
    placed.sort(key=lambda one: [number for number, *_ in one[1]])
    return [
        Problem(problem.code, problem.message, ("input", *(name for _, name, _ in way)) if way else ())
        for problem, way in placed
    ]


def in_argument(error: DomainError, argument: str, input_type: Any) -> DomainError:
    """The failure with its places in an argument of a query."""
    placed = [
        Problem(one.code, one.message, (argument, *(name for _, name, _ in steps(input_type, _words(one)))))
        for one in error.problems
    ]
    if len(placed) > 1 or isinstance(error, Invalid):
        return Invalid(error.message, problems=placed)
    error.path = placed[0].path
    return error


def field_at(input_type: Any, words: Path) -> StrawberryField | None:
    """The field of an input at a place in the services' words; None where there is none."""
    way = [*steps(input_type, words)]
    return way[-1][-1] if way else None


def steps(input_type: Any, words: Path) -> Iterator[Step]:
    """The way into an input type that leads to a place in the services' words; unknown words stay what they are."""
    if not words:
        return
    type_, (word, *rest) = _inner(input_type), words
    if isinstance(type_, StrawberryList):
        yield (word if isinstance(word, int) else LAST), word, None
        yield from steps(type_.of_type, tuple(rest))
        return
    found = _field(type_, word) if isinstance(word, str) else None
    if found is not None:
        yield _step(*found)
        yield from steps(found[1].type, tuple(rest))
    elif (draft := _field(type_, "draft")) is not None:
        # services speak of a draft's parts; in an input they stand under `draft`
        yield _step(*draft)
        yield from steps(draft[1].type, words)
    else:
        yield LAST, camel(word), None
        yield from steps(None, tuple(rest))


def camel(step: str | int) -> str:
    """A step of a path as the schema spells it."""
    head, *rest = str(step).split("_")
    return head + "".join(word.capitalize() for word in rest) if rest and head else str(step)


def _words(problem: Problem) -> Path:
    return problem.path or SUBJECTS.get(problem.code, ())


def _step(number: int, field: StrawberryField) -> Step:
    return number, camel(field.python_name), field


def _inner(type_: Any) -> Any:
    while isinstance(type_, StrawberryOptional):
        type_ = type_.of_type
    return type_


def _field(type_: Any, word: str) -> tuple[int, StrawberryField] | None:
    """By its own name, by the name that its value has in the domain, or as the choice that a format is."""
    definition = get_object_definition(type_)
    for number, field in enumerate(definition.fields if definition else ()):
        if word in {field.python_name, field.metadata.get("stored_as")} or word.lower() == field.python_name:
            return number, field
    return None
