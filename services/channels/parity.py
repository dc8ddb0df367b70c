"""What is known of the captured channels, fact by fact: where it stands in a pack and which example proves that it holds.

`python -m services.channels.parity` writes docs/parity.md anew; a test fails when it is not current.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from services.channels import clean_out, examples, sheets
from services.channels.admission import described
from services.channels.clean_out import CleanOut
from services.channels.engine import CompiledPack
from services.channels.gates import Gate
from services.channels.packs import Pack, parse_pack
from services.channels.rules.base import Rule
from services.channels.terms import Source

FOLDER = Path("channels")
PAGE = Path("docs/parity.md")
Keeping = Literal["stops", "tells", "eyes", "shapes", "ends", "declared", "beside"]
"""How a fact is kept: it stops a content, is only told, is looked at by people, shapes what happens next, ends a creator's right,
is declared for others to act on, or stands beside.
"""

# What channels are known to ask for, and what of a pack says it.
DEMANDS: tuple[tuple[str, str], ...] = (
    ("length of a text, of a paragraph, of a product's title", "text.length, text.paragraph_max, product.title_length"),
    ("fields that must be there", "text.required"),
    ("a title that is no product's title", "text.no_product_title_copy"),
    ("counts of the format's own parts", "detail.count"),
    ("links: how many, where to", "link.count, link.host_allowlist"),
    ("pictures: how many", "image.count"),
    ("pictures: size", "image.min_size, image.max_size, image.exact_size, image.same_size"),
    ("pictures: shape", "image.ratio, image.orientation, image.shape"),
    ("pictures: file", "image.bytes_between, image.format_not, image.not_animated, image.not_transparent"),
    ("pictures: on white", "image.white_background"),
    ("pictures: no text, no logo, no watermark, one subject, a scene", "manual"),
    ("videos: how many, how long, which shape", "video.count, video.duration, video.ratio_in"),
    ("videos: file", "video.bytes, video.bitrate, video.min_height"),
    ("product areas in a picture", "anchor.count_per_image"),
    ("products: how many, of how many shops", "product.count, product.distinct_shops, product.max_per_shop"),
    ("products: which", "product.pool, product.category_in, product.category_not_in, product.on_shelf"),
    ("shops: their scores", "product.shop_score_min"),
    ("so many words of one vocabulary", "tag.exactly_n"),
    ("which formats, languages, topics", "selector"),
    ("original work", "content.original"),
    ("no near copies of what is there", "content.not_duplicate"),
    ("when it is submitted", "schedule.window"),
    ("a rule only where another field has a value", "when"),
    ("level, role, field, kind of a creator", "creator.level, creator.role, creator.field, creator.kind"),
    ("scores and followers of a creator", "creator.score, creator.followers"),
    (
        "how long certified, how much published, how much accepted",
        "creator.certified_days, creator.published_in_window, creator.pass_rate",
    ),
    ("samples of a creator's work", "creator.samples"),
    ("seller or not, one field only", "creator.seller, creator.single_field"),
    ("by invitation, with a linked account", "creator.invited, creator.connected"),
    ("so many a day, a week, in all, by level", "quota"),
    ("so good in all", "min_score"),
    ("who looks, by when, in which order, for which reasons", "audit"),
    ("what the channel is given", "rendering"),
    ("who has to leave, and for how long", "clean_out"),
    ("where it is shown besides, what is counted of its readers", "showing"),
)


@dataclass(frozen=True, slots=True)
class Known:
    """One fact of an entry: in words, where it stands in its pack, and the example that proves it (None: none does)."""

    words: str
    place: str
    keeping: Keeping
    source: str
    proof: str | None

    @property
    def lacks_proof(self) -> bool:
        return self.keeping in {"stops", "ends"} and self.proof is None


@dataclass(frozen=True, slots=True)
class _Said:
    """What a part of a pack says, before anyone looked for its proof."""

    words: str
    place: str
    keeping: Keeping
    source: Source | None


def captured(packs: Iterable[Pack]) -> list[Pack]:
    """The entries whose rules were read from the platform's own pages, by key."""
    found = [pack for pack in packs if pack.kind == "platform" and pack.source.provenance == "captured"]
    return sorted(found, key=lambda pack: pack.key)


def known(pack: Pack) -> list[Known]:
    """Every fact of the pack, in the order of its parts."""
    stopped, told = _shown(pack)
    ended = _ended(pack.clean_out)
    rows = []
    for said in (*_selector(pack), *_gates(pack.gates, "gates"), *_rules(pack), *_rest(pack), *_after(pack)):
        proofs = {"stops": stopped, "ends": ended}.get(said.keeping, told)
        source = sheets.sourced(said.source or pack.source.model_copy(update={"note": None}))
        rows.append(Known(said.words, said.place, said.keeping, source, proofs.get(said.place)))
    rows.extend(
        Known(
            fact.text,
            f"facts.{index}",
            "beside",
            f"{fact.provenance or pack.source.provenance} {fact.confidence}",
            fact.note,
        )
        for index, fact in enumerate(pack.facts)
    )
    return rows


def _shown(pack: Pack) -> tuple[dict[str, str], dict[str, str]]:
    """By place, the first example that fails there, and the first in which anything is said there."""
    compiled = CompiledPack(pack)
    stopped: dict[str, str] = {}
    told: dict[str, str] = {}
    for example in pack.examples:
        for found in examples.run(compiled, example).findings:
            told.setdefault(found.place, example.name)
            if found.stops and found.code in example.codes:
                stopped.setdefault(found.place, example.name)
    return stopped, told


def _ended(part: CleanOut | None) -> dict[str, str]:
    """By place, the first example of a creator who has to go, or is warned, because of what stands there."""
    shown: dict[str, str] = {}
    if part is None:
        return shown
    for example in part.examples:
        for found in clean_out.judge(part, clean_out.standing_of(part, example.given)).findings:
            shown.setdefault(found.place, example.name)
    return shown


def _selector(pack: Pack) -> Iterator[_Said]:
    selector = pack.selector
    if selector.formats:
        yield _Said(f"takes {', '.join(selector.formats)}", "selector.formats", "stops", None)
    if selector.languages:
        yield _Said(f"takes {', '.join(selector.languages)}", "selector.languages", "stops", None)
    if selector.creator_fields:
        yield _Said(f"for {', '.join(selector.creator_fields)}", "selector.creator_fields", "stops", None)
    for index, clause in enumerate(selector.tags):
        words = sheets.plain(clause.model_dump(mode="json", exclude_defaults=True, exclude={"taxonomy"}))
        yield _Said(f"{clause.taxonomy} tags: {words}", f"selector.tags.{index}", "stops", None)


def _gates(gate: Gate | None, place: str, source: Source | None = None) -> Iterator[_Said]:
    """Each condition of the tree; one that says nothing of its source has that of the node above."""
    if gate is None:
        return
    source = gate.source or source
    for name, arms in (("all", gate.all), ("any", gate.any)):
        for index, arm in enumerate(arms or ()):
            yield from _gates(arm, f"{place}.{name}.{index}", source)
    if gate.not_ is not None or gate.arm is not None:
        is_open = gate.followers is not None and gate.followers.min == 0
        note = f" ({gate.note})" if gate.note else ""
        yield _Said(described(gate).en + note, place, "tells" if is_open else "stops", source)


def _rules(pack: Pack) -> Iterator[_Said]:
    for index, rule in enumerate(pack.rules):
        scope = sheets.scope(rule)
        words = f"{_words(rule)} ({scope})" if scope else _words(rule)
        yield _Said(words, f"rules.{index}", _keeping(rule), rule.source)


def _words(rule: Rule) -> str:
    if rule.kind == "manual":
        text = rule.model_dump(include={"text"})["text"]["en"]
        return f"`manual` {text}"
    weight = f", {sheets.severity(rule)}" if rule.severity != "block" else ""
    return f"`{rule.kind}` {sheets.asked(rule)}{weight}".replace("` ,", "`,").rstrip()


def _keeping(rule: Rule) -> Keeping:
    if rule.kind == "manual":
        return "eyes" if rule.severity == "block" else "tells"
    return "stops" if rule.severity == "block" else "tells"


def _rest(pack: Pack) -> Iterator[_Said]:
    """Least score, quota, audit and rendering."""
    if pack.min_score is not None:
        yield _Said(f"at least {pack.min_score} of 100 points", "min_score", "stops", None)
    quota = pack.quota
    for name in ("per_creator_per_day", "per_creator_per_week", "per_channel_per_day", "total"):
        if (most := getattr(quota, name)) is not None:
            yield _Said(f"{name.replace('_', ' ')}: {most:,}", f"quota.{name}", "stops", quota.source)
    if quota.by_level:
        steps = ", ".join(f"L{step.min} to L{step.max}: {step.per_creator_per_day}" for step in quota.by_level)
        yield _Said(f"per creator per day, {steps}", "quota.per_creator_per_day", "stops", quota.source)
    if quota.resubmission_counts:
        yield _Said("a returned piece counts again", "quota.resubmission_counts", "shapes", quota.source)
    hours = [(stage, getattr(pack.audit, f"{stage}_hours")) for stage in pack.audit.path]
    path = ", then ".join(f"{stage} within {most} hours" if most else stage for stage, most in hours)
    yield _Said(path or "the rules alone decide", "audit.path", "shapes", pack.audit.source)
    if pack.audit.priority:
        yield _Said(f"first {', '.join(pack.audit.priority)}", "audit.priority", "shapes", pack.audit.source)
    rendering = pack.rendering
    for name in ("title", "summary", "text", "picture", "hashtags", "products"):
        part = getattr(rendering, name)
        if part is not None and part.max is not None:
            source = getattr(part, "source", None) or rendering.source
            yield _Said(f"{name}: at most {part.max:,}", f"rendering.{name}", "shapes", source)


def _after(pack: Pack) -> Iterator[_Said]:
    """What becomes of a content once it was taken, and of a creator from period to period."""
    if (showing := pack.showing) is not None:
        for place, said in (
            ("also_in", f"also shown in {', '.join(showing.also_in)}" if showing.also_in else ""),
            ("events", f"counts {', '.join(showing.events)}" if showing.events else ""),
            ("new_followers", "counts whether a reader became a follower" if showing.new_followers else ""),
            ("picks", "shows what it picks from what it accepted" if showing.picks else ""),
        ):
            if said:
                yield _Said(said, f"showing.{place}", "declared", showing.source)
    if (part := pack.clean_out) is not None:
        for place, words in sheets.ends(part):
            yield _Said(words, f"clean_out.{place}", "eyes" if place.startswith("causes") else "ends", part.source)
        if part.wait_months is not None:
            yield _Said(f"back after {part.wait_months} months", "clean_out.wait_months", "shapes", part.source)


def page(packs: Iterable[Pack]) -> str:
    """The whole of docs/parity.md."""
    entries = [(pack, known(pack)) for pack in captured(packs)]
    lacking = sum(row.lacks_proof for _, rows in entries for row in rows)
    count = Counter(row.keeping for _, rows in entries for row in rows)
    parts = [
        _HEAD.format(
            entries=len(entries),
            facts=count.total(),
            lacking=lacking,
            beside=count["beside"],
            declared=count["declared"],
            eyes=count["eyes"],
        ),
        "## What channels ask for, and what says it",
        _table(("asked for", "said by"), [(what, f"`{by.replace(', ', '`, `')}`") for what, by in DEMANDS]),
        "## The entries",
        _table(("entry", "facts", *_KEPT.values()), [_counts(pack, rows) for pack, rows in entries]),
    ]
    for pack, rows in entries:
        parts += [f"### {pack.name.en} · {pack.name.zh} (`{pack.key}`)", _facts_table(rows)]
    return "\n\n".join(parts) + "\n"


_KEPT: dict[Keeping, str] = {
    "stops": "stops a content",
    "eyes": "looked at by people",
    "tells": "told or scored",
    "shapes": "shapes what follows",
    "ends": "ends a right",
    "declared": "declared",
    "beside": "no part can say it",
}
_HEAD = """# What is known of the captured channels, and what keeps to it

Made from the packs by `python -m services.channels.parity`; a test keeps it current. It names every fact of the {entries} entries
whose rules were read from the platform's own pages ({facts} facts), where it stands in the pack, where it comes from, and which
example of the pack proves that it holds: one that must fail, and fails there.

- Facts that stop a content, or keep a creator out, without an example that fails by them: **{lacking}**.
- Facts that no part of a pack can say, each with its reason: **{beside}**. All others are a rule, a gate, a quota, a stage of the
  audit, a shape of the rendering or a condition of the clean-out.
- Facts that only eyes can tell, a task of the people who audit: **{eyes}** (rules of kind `manual` that stop, and causes of a clean-out).
  A `manual` rule that only warns stands under "told or scored": the author reads it, and nobody checks it.
- Facts that are declared for others to act on, and that nothing here judges by (`[showing]`): **{declared}**."""


def _counts(pack: Pack, rows: list[Known]) -> tuple[str, ...]:
    by_keeping = [sum(row.keeping == keeping for row in rows) for keeping in _KEPT]
    return (f"`{pack.key}`", str(len(rows)), *(str(count or "") for count in by_keeping))


def _facts_table(rows: list[Known]) -> str:
    return _table(
        ("fact", "where", "kept", "source", "shown by"),
        [(row.words, f"`{row.place}`", _KEPT[row.keeping], row.source, row.proof or _unproved(row)) for row in rows],
    )


def _unproved(row: Known) -> str:
    return "**nothing**" if row.lacks_proof else ""


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    lines = [list(head), *(list(row) for row in rows)]
    lines.insert(1, ["---"] * len(lines[0]))
    return "\n".join(f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |" for cells in lines)


def read(folder: Path = FOLDER) -> list[Pack]:
    """Every pack below the folder."""
    files = sorted(file for file in folder.rglob("*.toml") if file.name != "platforms.toml")
    return [parse_pack(file.read_text("utf-8"), file.name) for file in files]


def main() -> None:
    """Write the page anew."""
    PAGE.write_text(page(read()), "utf-8")


if __name__ == "__main__":
    main()
