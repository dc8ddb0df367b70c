"""What changed between two contracts: what breaks clients, and what may surprise them.

`python -m api.graphql.changes` makes the contract as it stands the one that was last released.
"""

from dataclasses import dataclass, replace
from pathlib import Path

from graphql import Node, Visitor, build_schema, parse, print_ast, visit
from graphql.utilities import find_breaking_changes, find_dangerous_changes

RELEASED = Path(__file__).with_name("released.graphql")
"""The contract as it was last released, without its descriptions: words break nobody."""


@dataclass(frozen=True, slots=True)
class Changes:
    """Each is one line, such as "FIELD_REMOVED: Field Article.title was removed."

    `breaking` makes documents invalid or answers something else to them; `dangerous` (a new value of an enum, a new type
    of an interface, an argument that has another default) may surprise a client that does not expect more.
    """

    breaking: tuple[str, ...]
    dangerous: tuple[str, ...]


def changes(before: str, after: str) -> Changes:
    """What a client of the contract `before` meets in `after`, both in GraphQL's language. Sorted."""
    old, new = build_schema(before), build_schema(after)
    breaking = {f"{each.type.name}: {_plain(each.description)}" for each in find_breaking_changes(old, new)}
    dangerous = {f"{each.type.name}: {_plain(each.description)}" for each in find_dangerous_changes(old, new)}
    return Changes(tuple(sorted(breaking)), tuple(sorted(dangerous)))


def release() -> None:
    """Write down the contract as it stands."""
    from api.graphql.schema import CONTRACT  # noqa: PLC0415  (only who releases needs the whole schema)

    document = visit(parse(CONTRACT.read_text()), _Undescribed())
    RELEASED.write_text(print_ast(document) + "\n")


class _Undescribed(Visitor):
    """Takes the descriptions away."""

    def enter(self, node: Node, *_: object) -> object:
        return replace(node, description=None) if getattr(node, "description", None) else None  # type: ignore[call-arg]  # seen to be there


def _plain(text: str) -> str:
    return " ".join(text.split())


if __name__ == "__main__":
    release()
