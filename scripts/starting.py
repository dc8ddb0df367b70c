"""What `headwater run` does before it serves: packs and sample into an empty database, files, keys, and where all is."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

import structlog
from sqlalchemy import select

import models
from core.caller import SYSTEM
from core.errors import Misconfigured
from core.settings import Settings
from sample import records as sample
from scripts.commands import channels, importing
from scripts.console import err
from services import assets
from services.channels import installing
from services.channels.checking import check
from services.development_keys import DevelopmentKeys, development_keys
from services.interchange.exporting import line_of
from services.interchange.refusals import Line
from services.interchange.writing import import_records
from services.runtime import Runtime

log = structlog.get_logger()

KEYS = "development-keys.json"
MEDIA_TYPES = {".jpg": "image/jpeg", ".png": "image/png", ".webp": "image/webp"}


async def fill(runtime: Runtime, *, with_sample: bool) -> None:
    """Give an empty database the packs of `channels/` and the sample; leave any other as it is."""
    async with runtime.db.session() as session:
        is_empty = await session.scalar(select(models.Channel.id).limit(1)) is None
        is_bare = await session.scalar(select(models.Creator.id).limit(1)) is None
    if is_empty:
        await install_packs(runtime)
    else:
        await _compare_packs(runtime)
    if is_bare and with_sample:
        await import_sample(runtime)


async def install_packs(runtime: Runtime) -> None:
    """Install every good pack; a malformed one is told, and leaves its channel out."""
    report = check(channels.FOLDER)
    for problem in report.problems:
        log.warning("pack.refused", problem=problem.message)
    async with runtime.db.session() as session:
        await installing.install_platforms(session, report.platforms)
        for each in report.packs:
            await installing.install(session, SYSTEM, each.pack)
    err.print(f"installed the packs of {len(report.packs)} channels")


async def _compare_packs(runtime: Runtime) -> None:
    """Say where the packs of the folder are not those in force. A start installs nothing; the last good ones go on."""
    report = check(channels.FOLDER)
    for problem in report.problems:
        log.warning("pack.refused", problem=problem.message, in_force="the version installed before")
    async with runtime.db.session() as session:
        in_force = (await installing.catalogue(session)).by_key
    news = [
        each.pack.key
        for each in report.packs
        if each.pack.key not in in_force or in_force[each.pack.key].compiled.digest != each.pack.digest
    ]
    if news:
        err.print(f"{len(news)} packs in channels/ differ from those in force: headwater channels install")


async def import_sample(runtime: Runtime) -> None:
    err.print("filling the empty database with the sample")
    pictures = sample.draw(runtime.settings.data / "sample")
    async with runtime.db.session() as session:
        for path in pictures.values():
            await assets.keep(session, runtime.store, path.read_bytes(), MEDIA_TYPES[path.suffix])
    lines = (Line(number, line_of(record)) for number, record in enumerate(sample.records(pictures), 1))
    report = await import_records(runtime.db, lines, input_name="the sample", digest="sample", clock=runtime.clock)
    if report.rejected:
        raise Misconfigured(f"The sample could not be imported: {report.rejects[0].shown}")
    err.print(f"imported {report.records_done} records of the sample")


async def import_files(runtime: Runtime, paths: list[Path]) -> None:
    """Import the files that `run` was given; bad records are told and set aside, as by `headwater import`."""
    for path in paths:
        await importing.import_file(runtime, path)


async def keys_of(runtime: Runtime) -> DevelopmentKeys:
    return await development_keys(runtime.db, runtime.settings.data / KEYS, clock=runtime.clock)


def addresses(settings: Settings, keys: DevelopmentKeys) -> dict[str, str]:
    """Where everything is that a developer wants to look at first."""
    base = settings.base_url
    handle = keys.author_handle or "somebody"
    homepage = (
        f'{{creator(handle:"{handle}"){{name bio homepage{{blocks{{__typename}}}}'
        " contents(first:5){nodes{title summary}}}}"
    )
    search = '{search(text:"露营",first:5){totalCount nodes{... on Content{title} ... on Product{title}}}}'
    return {
        "graphql": f"{base}/graphql",
        "feeds": f"{base}/feeds",
        "homepage": f"{base}/graphql?query={quote(homepage)}",
        "search": f"{base}/graphql?query={quote(search)}",
        "keys": str(settings.data / KEYS),
    }


def told(found: dict[str, str]) -> str:
    """The addresses as lines for people."""
    width = max(len(name) for name in found)
    shown = "\n".join(f"  {name:<{width}}  {where}" for name, where in found.items())
    return f"\nHeadwater is ready. Ctrl-C stops it.\n\n{shown}  (only you can read it)\n"
