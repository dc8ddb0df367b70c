"""The published contract in the hands of the clients that frontends use: Relay, code generation, Apollo, a gateway."""

from __future__ import annotations

import json
import re
import shutil
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncSession

from api.graphql.federation import with_keys
from api.graphql.schema import CONTRACT
from core.clock import FixedClock
from tests import make
from tests.api.graphql.asking import Asking
from tests.conftest import RolledBackDatabase
from tests.contract.node import Node

EXAMPLES = Path(__file__).resolve().parents[2] / "docs" / "graphql" / "examples"
COMPILED = ("--strict", "--noEmit", "--target", "es2022", "--lib", "es2022")
MODULES = ("--module", "esnext", "--moduleResolution", "bundler", "--noUncheckedIndexedAccess")


def test_relay_compiles_fragments_connections_and_what_is_asked_for_again(node: Node) -> None:
    project = node.folder / "relay"

    done = node.run("relay-compiler")

    assert done.returncode == 0, done.stdout + done.stderr
    made = {path.name.removesuffix(".graphql.ts"): path.read_text() for path in project.rglob("*.graphql.ts")}
    asked = set(re.findall(r"(?:query|mutation|fragment|queryName:) \"?(\w+)", _sources(project)))
    assert asked == made.keys()
    # what Relay refetches it finds by `node`, and a list goes on behind the cursor of its last edge
    assert "node(id: $id)" in made["CreatorPageProfileQuery"]
    assert "hasNextPage" in made["CreatorPageContentsQuery"]
    assert "hasPreviousPage" in made["ListingPaginationQuery"]


def test_relay_refuses_what_the_contract_does_not_have(node: Node) -> None:
    page = node.folder / "relay" / "CreatorPage.ts"
    page.write_text(page.read_text().replace("followersCount", "followers"))

    done = node.run("relay-compiler")

    assert done.returncode != 0
    assert "followers" in done.stdout + done.stderr


def _sources(project: Path) -> str:
    return "\n".join(path.read_text() for path in project.glob("*.ts"))


def test_the_types_of_every_example_compile_under_strict(node: Node) -> None:
    shutil.copytree(EXAMPLES, node.folder / "documents")

    generated = node.run("generate.mjs")
    made = sorted(path.relative_to(node.folder).as_posix() for path in (node.folder / "generated").glob("*.ts"))
    compiled = node.run("tsc", *COMPILED, *MODULES, "use.ts", *made)

    assert generated.returncode == 0, generated.stderr
    assert [Path(name).stem for name in made] == sorted(path.stem for path in EXAMPLES.glob("*.graphql"))
    assert (compiled.returncode, compiled.stdout) == (0, "")


LISTING = """
query ($first: Int, $after: String, $last: Int, $before: String, $filter: ContentFilter) {
  contents(first: $first, after: $after, last: $last, before: $before, filter: $filter) {
    __typename
    edges { __typename cursor node { __typename id title } }
    pageInfo { __typename hasNextPage hasPreviousPage startCursor endCursor }
  }
}
"""


async def test_apollo_merges_our_pages_into_one_list(
    node: Node, db: RolledBackDatabase, session: AsyncSession, clock: FixedClock
) -> None:
    api = Asking(db, clock)
    ada = await make.creator(session)
    for number in range(1, 6):
        at = datetime(2026, 11, number, tzinfo=UTC)
        await make.content(session, ada, title=f"{number}", published_at=at, language="en")
    await make.content(session, ada, title="zh", language="zh")
    filter_ = {"languages": ["en"]}
    cursor, pages = None, []
    for _ in range(3):
        variables = {"first": 2, "after": cursor, "filter": filter_}
        data = await api.data(LISTING, **variables)
        pages.append({"variables": variables, "data": data})
        cursor = data["contents"]["pageInfo"]["endCursor"]
    back = {"last": 2, "before": pages[1]["data"]["contents"]["pageInfo"]["startCursor"], "filter": filter_}
    pages.append({"variables": back, "data": await api.data(LISTING, **back)})

    seen = node.told("apollo.mjs", given=json.dumps({"query": LISTING, "name": "contents", "pages": pages}))

    assert [each["titles"] for each in seen[:3]] == [["5", "4"], ["5", "4", "3", "2"], ["5", "4", "3", "2", "1"]]
    assert [each["pageInfo"]["hasNextPage"] for each in seen[:3]] == [True, True, False]
    assert seen[2]["pageInfo"]["endCursor"] == cursor
    assert seen[3]["titles"] == ["5", "4", "3", "2", "1"]  # the page before the second is the first again
    assert seen[3]["pageInfo"]["hasPreviousPage"] is False


def test_the_subgraph_composes_with_another_that_points_at_our_products(node: Node) -> None:
    subgraph = with_keys(CONTRACT.read_text())
    (node.folder / "schema.graphql").write_text(subgraph)

    told = node.told("compose.mjs")

    assert told["errors"] == []
    keyed = re.findall(r'^type (\w+)[^{]*@key\(fields: "id"\)', subgraph, re.MULTILINE)
    assert "Product" in keyed
    assert sorted(told["keyed"]) == sorted(keyed)
