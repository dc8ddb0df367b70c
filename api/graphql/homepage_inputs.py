"""A homepage as its author sends it: typed inputs for each block, and what of them can be read."""

import asyncio
from dataclasses import dataclass
from typing import Any

import strawberry
from pydantic import TypeAdapter

import models
from api.graphql import drafts
from api.graphql.inputs import BlockInput, given, needed, ref
from api.graphql.page_themes import ThemeInput
from core.errors import Problem
from services import homepages

Path = tuple[str | int, ...]

_pages: TypeAdapter[homepages.PageDraft] = TypeAdapter(homepages.PageDraft)

HEADING = "The heading. Without it none."
LEADS_TO = "The content that it leads to, in place of `href`."
MOST = "How many are listed at most: 1 to 50. Without it {}."


@strawberry.input(description="Contents of the creator: those named, in that order; else the newest that match.")
class PageSelectionInput:
    content_ids: list[strawberry.ID] | None = ref(
        "Content", "contents", "These, in this order: at most 50.", optional=True
    )
    formats: list[models.Format] | None = given("Of any of these formats.")
    tags: list[str] | None = given(
        "With any of these tags, each taxonomy:code, or of what lies under them: at most 20."
    )
    limit: int | None = given(MOST.format(12))


@strawberry.input(description="Products that the creator's published contents lead to, the latest recommended first.")
class RecommendedProductsInput:
    categories: list[str] | None = given(
        "In any of these categories, each taxonomy:code, or what lies under them: at most 20."
    )
    on_shelf_only: bool | None = given("Whether products that are off the shelf are left out. Without it true.")
    limit: int | None = given(MOST.format(12))


@strawberry.input(description="The head of a page.")
class PageHeroInput:
    title: str = needed("The large words.")
    text: str | None = given("The smaller words below.")
    image_id: strawberry.ID | None = ref("Asset", "image", "The picture behind.", optional=True)
    content_id: strawberry.ID | None = ref("Content", "content", LEADS_TO, optional=True)
    href: str | None = given("The address that it links to: http, https or mailto.")


@strawberry.input(description="Text with structure.")
class PageRichTextInput:
    title: str | None = given(HEADING)
    body: list[BlockInput] | None = given("The text as blocks, in order: at most 100.")
    markdown: str | None = given("The text as CommonMark with tables, in place of `body`: without pictures.")


@strawberry.input(description="Contents of the creator.")
class PageContentsInput:
    title: str | None = given(HEADING)
    selection: PageSelectionInput | None = given("Which contents. Without it the newest.")


@strawberry.input(description="One of several fillings: a selection or blocks.")
class PageTabInput:
    title: str = needed("What stands on the tab.")
    selection: PageSelectionInput | None = given("The contents that it shows.")
    blocks: list["PageBlockInput"] | None = given("In place of a selection: at most 8 blocks, no tabs among them.")


@strawberry.input(description="Contents or blocks behind tabs.")
class PageTabsInput:
    title: str | None = given(HEADING)
    tabs: list[PageTabInput] = needed("The tabs, in order: 1 to 8.")


@strawberry.input(description="The place of the live that runs now, else of the next one.")
class PageLiveInput:
    title: str | None = given(HEADING)


@strawberry.input(description="Products: chosen by hand or recommended.")
class PageProductsInput:
    title: str | None = given(HEADING)
    product_ids: list[strawberry.ID] | None = ref(
        "Product", "products", "These, in this order: at most 50.", optional=True
    )
    recommended: RecommendedProductsInput | None = given("In place of `productIds`: by what they are.")


@strawberry.input(description="The creator's newest questions.")
class PageQuestionsInput:
    title: str | None = given(HEADING)
    limit: int | None = given(MOST.format(6))


@strawberry.input(description="The places of a ranked list.")
class PageRankedListInput:
    title: str | None = given(HEADING)
    content_id: strawberry.ID | None = ref(
        "Content", "content", "The ranked list. Without it the creator's newest.", optional=True
    )
    limit: int | None = given(MOST.format(10))


@strawberry.input(description="A picture across the page.")
class PageBannerInput:
    image_id: strawberry.ID = ref("Asset", "image", "The picture.")
    title: str | None = given("Words on it.")
    alternative_text: str | None = given("What it shows, for those who do not see it.")
    content_id: strawberry.ID | None = ref("Content", "content", LEADS_TO, optional=True)
    href: str | None = given("The address that it links to: http, https or mailto.")


@strawberry.input(description="One of several links: to a content or to an address.")
class PageLinkInput:
    title: str = needed("What stands on it.")
    text: str | None = given("A line below.")
    image_id: strawberry.ID | None = ref("Asset", "image", "The picture on it.", optional=True)
    content_id: strawberry.ID | None = ref("Content", "content", LEADS_TO, optional=True)
    href: str | None = given("The address that it leads to: http, https or mailto.")


@strawberry.input(description="Links, side by side.")
class PageLinksInput:
    title: str | None = given(HEADING)
    links: list[PageLinkInput] = needed("The links, in order: 1 to 30.")


@strawberry.input(one_of=True, description="A block of a homepage: exactly one of these.")
class PageBlockInput:
    hero: PageHeroInput | None = given("The head of the page.")
    rich_text: PageRichTextInput | None = given("Text with structure.")
    contents: PageContentsInput | None = given("Contents of the creator.")
    tabs: PageTabsInput | None = given("Contents or blocks behind tabs.")
    live: PageLiveInput | None = given("The live that runs, or the next one.")
    products: PageProductsInput | None = given("Products.")
    questions: PageQuestionsInput | None = given("The newest questions.")
    ranked_list: PageRankedListInput | None = given("The places of a ranked list.")
    banner: PageBannerInput | None = given("A picture across the page.")
    links: PageLinksInput | None = given("Links, side by side.")


@strawberry.input(description="A homepage, whole: what is left out is empty.")
class PageDraftInput:
    theme: ThemeInput | None = given("How it looks. Without it as the house has it.")
    blocks: list[PageBlockInput] = needed(
        "Its blocks, from the top down: at most 40, their tabs and the blocks in those counted."
    )


@dataclass(frozen=True, slots=True)
class ReadPage:
    """A page as far as it could be read: whole, or with what is wrong; and its values in the domain's words."""

    draft: homepages.PageDraft | None
    values: dict[str, Any]
    problems: list[Problem]


async def read_page(sent: PageDraftInput) -> ReadPage:
    """Every block is looked at, whatever is wrong with the others. Places are those in the domain's page."""
    problems: list[Problem] = []
    values = drafts.stored(sent, (), problems)
    from_markdown: list[Path] = []
    values["blocks"] = await _blocks(values["blocks"], ("blocks",), problems, from_markdown)
    draft = drafts.checked(_pages, PageDraftInput, values, problems)
    problems = [_as_sent(problem, from_markdown) for problem in problems]
    return ReadPage(None if problems else draft, values, problems)


async def _blocks(sent: list[dict[str, Any]], where: Path, problems: list[Problem], converted: list[Path]) -> list[Any]:
    placed = [(number, kind, block) for number, one in enumerate(sent) for kind, block in one.items()]
    return list(
        await asyncio.gather(
            *(_block(kind, block, (*where, number, kind), problems, converted) for number, kind, block in placed)
        )
    )


async def _block(
    kind: str, sent: dict[str, Any], where: Path, problems: list[Problem], converted: list[Path]
) -> dict[str, Any]:
    """A block with the name of its kind in it, as the domain has it."""
    found = {"type": kind, **sent}
    if kind == "rich_text":
        markdown = found.pop("markdown", None)
        told: list[Problem] = []
        found["body"] = await drafts.body_of(found.get("body", []), markdown, told)
        problems.extend(Problem(one.code, one.message, (*where, *one.path)) for one in told)
        if markdown is not None:
            converted.append(where)
    if kind == "tabs":
        found["tabs"] = [
            tab | {"blocks": await _blocks(tab["blocks"], (*where, "tabs", number, "blocks"), problems, converted)}
            if "blocks" in tab
            else tab
            for number, tab in enumerate(found["tabs"])
        ]
    return found


def _as_sent(problem: Problem, from_markdown: list[Path]) -> Problem:
    """What is wrong with a body that came as Markdown is wrong with the Markdown."""
    for where in from_markdown:
        if problem.path[: len(where) + 1] == (*where, "body"):
            return Problem(problem.code, problem.message, (*where, "markdown"))
    return problem
