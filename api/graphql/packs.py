"""Versions of the rules of channels: what each says, which ruled when, and which are tried on some creators."""

from datetime import datetime
from functools import cached_property
from typing import Annotated

import orjson
import strawberry

import models
from api.graphql import refs
from api.graphql.context import Info
from api.graphql.directives import Cost
from api.graphql.distribution import as_text
from api.graphql.fields import column, one
from api.graphql.labels import Language, chosen, in_language
from api.graphql.rows import shape, shows
from api.graphql.words import described
from services.channels import reading, sheets, versions
from services.channels.packs import Pack as PackRules
from services.channels.rules.base import Rule

described(
    models.InstallStep,
    "How a version of a channel's rules came into force.",
    {
        "INSTALLED": "It was installed.",
        "ROLLED_BACK": "It had ruled before, and was put in force again.",
        "PROMOTED": "It had been a canary.",
    },
    name="PackInstallStep",
)

READ = Cost(weight=1)


@strawberry.type(description="One rule of a channel, as people read it.")
class PackRule:
    row: strawberry.Private[Rule]
    place: str = strawberry.field(description="Where it stands in the pack, such as rules.3; as in findings.")

    code: str = column("kind", description="The kind of check, such as text.length; as in findings.")
    severity: str = column(
        "severity", convert=str, description="What comes of it: block, warn or score (which takes points)."
    )

    @strawberry.field(description="What it asks for, in English words.")
    def asks(self) -> str:
        return sheets.asked(self.row)

    @strawberry.field(
        description="For which contents alone it holds, in English words; null for all that the channel takes."
    )
    def only_for(self) -> str | None:
        return sheets.scope(self.row) or None

    @strawberry.field(
        description="Where it comes from and how sure we are of it, as JSON; null where its pack's word holds for it."
    )
    def source(self) -> str | None:
        source = self.row.source
        return as_text(None if source is None else source.model_dump(mode="json", exclude_none=True))


@strawberry.type(description="A table of what a channel's rules say, as its page in the catalogue has it.")
class PackSection:
    row: strawberry.Private[sheets.Section]

    title: str = column("title", description="What it is about, such as Gates, Rules, Quota or Audit.")
    columns: list[str] = column("columns", convert=list, description="What its columns are called.")

    @strawberry.field(description="Its rows from the top, each with a cell for each column. In English.")
    def rows(self) -> list[list[str]]:
        return [list(row) for row in self.row.rows]


@shows(models.PackVersion)
@strawberry.type(
    description="A version of the rules that a channel goes by. It never changes. Beyond `digest`, `createdAt` and `body` it is"
    " told as far as this version of Headwater can read it."
)
class Pack:
    row: strawberry.Private[models.PackVersion]

    digest: str = column("digest", description="SHA-256 of its canonical form: names this version for ever.")
    created_at: datetime = column("created_at", description="When it was first kept here.")

    @cached_property
    def pack(self) -> PackRules:
        """The pack itself, read when a field needs it, and once."""
        return versions.read(self.row)

    @strawberry.field(
        description="All of it, in its canonical form: JSON with sorted keys, without what is left at its default. Its SHA-256 is"
        " `digest`, and `installPack` takes it.",
        directives=[READ],
    )
    def body(self) -> str:
        return orjson.dumps(self.row.body, option=orjson.OPT_SORT_KEYS).decode()

    @strawberry.field(description="What the channel is for, in one language.")
    def description(self, info: Info, language: Language = strawberry.UNSET) -> str:
        return in_language(self.pack.description.model_dump(), chosen(info, language or None), "")

    @strawberry.field(description="The formats it takes. Empty: all of them.")
    def formats(self) -> list[models.Format]:
        return [models.Format(name) for name in self.pack.selector.formats]

    @strawberry.field(description="The languages it takes. Empty: all of them.")
    def languages(self) -> list[str]:
        return list(self.pack.selector.languages)

    @strawberry.field(description="How many rules it checks a content by.")
    def rules_count(self) -> int:
        return len(self.pack.rules)

    @strawberry.field(
        description="The rules it checks a content by, in the order of the pack: at most what it names.",
        directives=[READ],
    )
    def rules(self) -> list[PackRule]:
        return [PackRule(row=rule, place=f"rules.{index}") for index, rule in enumerate(self.pack.rules)]

    @strawberry.field(
        description="All that it says, as tables: what it takes, gates, rules, quota, audit, rendering and what comes after, facts,"
        " examples. Those about which it says nothing are left out: at most one for each.",
        directives=[READ],
    )
    def sections(self) -> list[PackSection]:
        return [PackSection(row=section) for section in sheets.sheet(self.pack)]

    @strawberry.field(description="The stages of its audit, in order: machine, human, trial.")
    def audit_path(self) -> list[str]:
        return [str(stage) for stage in self.pack.audit.path]

    @strawberry.field(description="Where the rules come from: captured, connector, spec or house.")
    def provenance(self) -> str:
        return str(self.pack.source.provenance)

    @strawberry.field(description="How sure we are of them: A (seen) to D (our own guess).")
    def confidence(self) -> str:
        return str(self.pack.source.confidence)


@shows(models.PackInstall)
@strawberry.type(
    description="That a version of a channel's rules came into force, for all creators who are under no canary."
)
class PackInstall:
    row: strawberry.Private[models.PackInstall]

    pack: refs.PackRef | None = one(reading.packs_by_ids, key="pack_version_id", description="The version.")
    installed_at: datetime = column("installed_at", description="Since when.")
    step: models.InstallStep = column("step", description="How it came there.")

    @strawberry.field(description="For operators: who did it; null for others.")
    def installed_by(self, info: Info) -> str | None:
        return self.row.installed_by if info.context.caller.is_operator else None


@shows(models.PackCanary)
@strawberry.type(
    description="A version of a channel's rules that is tried on a share of its creators, always the same ones; the others are under"
    " the version in force, or another canary."
)
class PackCanary:
    row: strawberry.Private[models.PackCanary]

    pack: refs.PackRef | None = one(reading.packs_by_ids, key="pack_version_id", description="The version.")
    percent: int = column("percent", description="The share of the channel's creators, in percent.")
    started_at: datetime = column("started_at", description="Since when it is tried.")

    @strawberry.field(description="For operators: who started it; null for others.")
    def started_by(self, info: Info) -> str | None:
        return self.row.started_by if info.context.caller.is_operator else None


@strawberry.type
class PackQuery:
    @strawberry.field(
        description="The version with this digest, if it ever ruled a channel that you may see, or is tried there; to operators also"
        " one that was only rehearsed. Null otherwise."
    )
    async def pack(
        self, info: Info, digest: Annotated[str, strawberry.argument(description="Its digest: 64 hexadecimal digits.")]
    ) -> Pack | None:
        return shape(await info.context.load(reading.packs_by_digests, digest[:64].lower()))  # type: ignore[no-any-return]  # by registration
