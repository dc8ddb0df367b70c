"""Rules about the links in a body: how many, and where they may lead."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from services.channels.dossiers import Dossier
from services.channels.findings import Flaw, Words
from services.channels.rules.base import Counted, Rule

Host = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]+(\.[a-z0-9-]+)+$")]


class LinkCount(Counted):
    """So many links stand in the body."""

    kind: Literal["link.count"]

    def flaws(self, dossier: Dossier) -> Iterator[Flaw]:
        yield from self.count_flaws(len(dossier.facts.content.links), "links")


class LinkHosts(Rule):
    """Every link leads to one of these hosts or to a subdomain of one."""

    kind: Literal["link.host_allowlist"]
    hosts: tuple[Host, ...] = Field(min_length=1)

    def flaws(self, dossier: Dossier) -> Iterator[Flaw]:
        for index, link in enumerate(dossier.facts.content.links):
            host = link.host.lower().rstrip(".")
            if not any(host == known or host.endswith("." + known) for known in self.hosts):
                yield Flaw(
                    link.path or f"links.{index}",
                    host,
                    list(self.hosts),
                    Words(
                        f"The link leads to {host}, which is not accepted here.", f"链接指向 {host}，不在允许的范围内。"
                    ),
                    Words("Remove it, or link to an accepted host.", "请删除该链接，或改为允许的站点。"),
                    evidence={"url": link.url},
                )


RULES = (LinkCount, LinkHosts)
