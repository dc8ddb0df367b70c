"""The reference of the pack format, made from the code: the JSON Schema and the tables of docs/packs.md.

`python -m services.channels.reference` writes both anew; tests fail when they are not current.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import orjson
from pydantic.fields import FieldInfo

from services.channels.arms import ARMS
from services.channels.packs import json_schema
from services.channels.rules import KINDS
from services.channels.rules.base import Rule
from services.channels.terms import Part

SCHEMA = Path("channels/pack.schema.json")
PAGE = Path("docs/packs.md")
_COMMON = {*Rule.model_fields, "source"}


def schema_text() -> bytes:
    """The JSON Schema as it is published: indented, with sorted keys."""
    return orjson.dumps(json_schema(), option=orjson.OPT_SORT_KEYS | orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def with_tables(page: str) -> str:
    """The page with the tables between its markers made anew."""
    for name, table in (("rules", rules_table()), ("gates", gates_table())):
        begin, end = f"<!-- {name}: made by services.channels.reference -->", f"<!-- end of {name} -->"
        page = re.sub(f"{begin}.*?{end}", lambda _, made=f"{begin}\n{table}\n{end}": made, page, flags=re.DOTALL)  # type: ignore[misc]  # a lambda with a default has no type
    return page


def rules_table() -> str:
    """One line for each kind of rule: its code, what it asks, its parameters."""
    rows = [(_code(kind), _sentence(kind), _parameters(kind, _COMMON)) for kind in KINDS]
    return _table(("kind", "holds when", "parameters"), rows)


def gates_table() -> str:
    """One line for each condition of a gate."""
    rows = [(f"`{arm.fact}`", _sentence(arm), f"`creator.{arm.fact}`", _parameters(arm, set())) for arm in ARMS]
    return _table(("condition", "passed when", "code", "parameters"), rows)


def _code(kind: type[Rule]) -> str:
    (code,) = kind.model_fields["kind"].annotation.__args__  # type: ignore[union-attr]  # a Literal has arguments
    return f"`{code}`"


def _sentence(part: type[Part]) -> str:
    return " ".join((part.__doc__ or "").split())


def _parameters(part: type[Part], without: set[str]) -> str:
    named = [_parameter(field.alias or name, field) for name, field in part.model_fields.items() if name not in without]
    return ", ".join(named) or "none"


def _parameter(name: str, field: FieldInfo) -> str:
    if field.is_required():
        return f"**`{name}`**"
    default: Any = field.get_default(call_default_factory=True, validated_data={})
    return f"`{name}`" if default in (None, (), "") else f"`{name}` = {str(default).lower()}"


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    lines = [list(head), *map(list, rows)]
    lines.insert(1, ["---"] * len(lines[0]))
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def main() -> None:
    """Write the schema and the tables anew."""
    SCHEMA.write_bytes(schema_text())
    PAGE.write_text(with_tables(PAGE.read_text("utf-8")), "utf-8")


if __name__ == "__main__":
    main()
