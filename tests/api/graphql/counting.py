"""How many objects an answer holds, by the weights that the schema publishes: never more than it was said to cost."""

from __future__ import annotations

from typing import Any

from api.graphql.schema import schema
from api.graphql.tariff import Tariff

TARIFF = Tariff(schema._schema)
ROOTS = {"Query", "Mutation", "Subscription"}


def weight(data: Any) -> int:
    """What the objects of an answer weigh, those that say their type; a body counts once, not ten times."""
    found = 0
    stack = [data]
    while stack:
        one = stack.pop()
        if isinstance(one, dict):
            name = one.get("__typename", "Query")
            found += name not in ROOTS and min(TARIFF.weights.get(name, 0), 1)
            stack.extend(one.values())
        elif isinstance(one, list):
            stack.extend(one)
    return found


def check(answer: dict[str, Any]) -> None:
    """Every answer that tests are given keeps to what it was said to cost."""
    cost = answer.get("extensions", {}).get("cost")
    if cost and answer.get("data"):
        held = weight(answer["data"])
        assert held <= cost["requested"], f"{held} objects in an answer that was to cost {cost['requested']} at most"
