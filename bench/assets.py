"""The asset centre under load and kills: `python -m bench.assets [PART…]` (adding, bomb, renditions, kills, ranges; default: all).

Each part runs Headwater as an operator would, in processes and a temporary folder of its own, and prints lines of a table.
Pictures are drawn anew each time, from fixed seeds. Memory is the peak of resident memory, watched from outside.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import random
import statistics
import struct
import subprocess
import sys
import time
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from datetime import UTC, datetime
from pathlib import Path

import httpx2
import psutil
import pyvips
from sqlalchemy import select, text

import models
from bench.asset_kills import kills
from bench.running import BASE, HEADWATER, MIB, ROOT, Watched, ground, process, ready, row, runtime_of, said
from core.store import StoreAway
from models import ProbeState
from services.assets import keeping
from services.media.facts import Limits, Refused
from services.media.sandbox import Sandbox
from services.runtime import Runtime

PICTURES = 1_000
# width, height, format, how many of each thousand: what creators send, from stickers to cameras
MIX = (
    (400, 300, "png", 150), (800, 600, "jpg", 200), (1080, 1440, "webp", 150), (1920, 1080, "jpg", 200),
    (3000, 2000, "jpg", 200), (4000, 3000, "jpg", 80), (600, 600, "gif", 20),
)  # fmt: skip
FILM_BYTES = 200 * MIB


def main(wanted: list[str]) -> None:
    for name in wanted or list(PARTS):
        with ground() as (place, environment):
            asyncio.run(PARTS[name](place, environment))


# A thousand pictures


async def adding(place: Path, environment: dict[str, str]) -> None:
    folder = place / "pictures"
    await asyncio.to_thread(drawn, folder)
    size = sum(path.stat().st_size for path in folder.iterdir())
    command = [*HEADWATER, "assets", "add", "-r", str(folder), "--json"]
    began = time.perf_counter()
    running = await asyncio.create_subprocess_exec(*command, env=environment, cwd=ROOT, stdout=subprocess.PIPE)
    watched = Watched(running.pid)
    answer, _ = await running.communicate()
    seconds = time.perf_counter() - began
    watched.stop()
    outcomes = [one["outcome"] for one in json.loads(answer)]
    added = outcomes.count("added")
    row("pictures added, 0.1 to 12 megapixels, five formats", f"{added:,} of {len(outcomes):,}, {size / 1e6:,.0f} MB")
    row("rate, with hashing, storing, probing, two children", f"{added / seconds:,.1f} a second ({seconds:.0f} s)")
    row("peak memory of the command, of its largest child", f"{watched.parent:,.0f} MiB, {watched.child:,.0f} MiB")
    began = time.perf_counter()
    await asyncio.to_thread(said, environment, "assets", "verify")
    row("all of them compared with their hashes (`verify`)", f"{time.perf_counter() - began:.1f} s")


def drawn(folder: Path) -> None:
    """Soft noise with some structure: it compresses as photographs do, neither like a plain area nor like static."""
    folder.mkdir()
    number = 0
    for width, height, ending, count in MIX:
        base = (pyvips.Image.perlin(width, height, cell_size=64, seed=width) * 100 + 128).cast("uchar").copy_memory()
        for nth in range(count * PICTURES // 1_000):
            grain = pyvips.Image.gaussnoise(256, 256, sigma=9, mean=0, seed=number).replicate(
                -(-width // 256), -(-height // 256)
            )
            picture = (base + grain.crop(0, 0, width, height) + nth % 40).cast("uchar")
            coloured = picture.bandjoin([picture.rot180(), picture.invert()]).copy(interpretation="srgb")
            coloured.write_to_file(str(folder / f"{number:04}.{ending}"))
            number += 1


# A bomb


async def bomb(place: Path, _environment: dict[str, str]) -> None:
    path = place / "bomb.png"
    await asyncio.to_thread(path.write_bytes, blank_png(20_000, 10_000))
    row("a PNG of 200 megapixels", f"{path.stat().st_size / 1e3:,.0f} kB")
    for pixels in (80_000_000, 300_000_000):
        sandbox = Sandbox(seconds=60, limits=Limits(pixels=pixels))
        began = time.perf_counter()
        try:
            facts = await sandbox.probe(path, place / "served")
            said = f"taken, {facts.media_type}"
        except Refused as refused:
            said = refused.flaw.value
        seconds = time.perf_counter() - began
        peak = max((peak_of(pid) for pid in sandbox.pids), default=0.0)
        await sandbox.close()
        row(
            f"its probe, with a limit of {pixels / 1e6:.0f} megapixels",
            f"{said}; {seconds:.2f} s, child {peak:,.0f} MiB",
        )


def blank_png(width: int, height: int) -> bytes:
    packer = zlib.compressobj(9)
    packed = b"".join(packer.compress(bytes(1 + width * 3)) for _ in range(height)) + packer.flush()
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = ((b"IHDR", head), (b"IDAT", packed), (b"IEND", b""))
    chunks = (
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body)) for name, body in parts
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def peak_of(pid: int) -> float:
    """The most resident memory that a process ever had (Linux)."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


# Renditions


async def renditions(place: Path, environment: dict[str, str]) -> None:
    await asyncio.to_thread(drawn_large, place / "large.jpg")
    added = json.loads(await asyncio.to_thread(said, environment, "assets", "add", str(place / "large.jpg"), "--json"))
    address = f"{BASE}/assets/{added[0]['asset']}"
    async with runtime_of(environment) as runtime:
        await shown_by_a_product(runtime, added[0]["asset"])
        with process(environment, "serve") as server:
            await ready()
            watched = Watched(server.pid)
            limits = httpx2.Limits(max_connections=60)
            async with httpx2.AsyncClient(timeout=60, limits=limits) as client:
                await client.get(f"{address}/96x96-cover.webp")  # the child starts with the first job
                await together(client, f"{address}/1920x1080-cover.webp", runtime)
                for ending in ("jpeg", "webp", "avif"):
                    cold = [await timed(client, f"{address}/960x720-cover.{ending}")]
                    warm = [await timed(client, f"{address}/960x720-cover.{ending}") for _ in range(50)]
                    row(
                        f"12 megapixels to 960x720, {ending}: made, then found",
                        f"{cold[0] * 1e3:,.0f} ms, {statistics.median(warm) * 1e3:.1f} ms",
                    )
            watched.stop()
            row("peak memory of the server, of its child", f"{watched.parent:,.0f} MiB, {watched.child:,.0f} MiB")


def drawn_large(path: Path) -> None:
    base = (pyvips.Image.perlin(4_000, 3_000, cell_size=64, seed=1) * 100 + 128).cast("uchar")
    grain = pyvips.Image.gaussnoise(4_000, 3_000, sigma=9, mean=0, seed=1)
    picture = (base + grain).cast("uchar")
    picture.bandjoin([picture.rot180(), picture.invert()]).copy(interpretation="srgb").write_to_file(str(path))


async def together(client: httpx2.AsyncClient, address: str, runtime: Runtime) -> None:
    """Fifty clients who all want what nobody has made; PostgreSQL counts the claims."""
    await asyncio.sleep(2)  # its counters lag by a second
    before = await claims(runtime)
    began = time.perf_counter()
    answers = await asyncio.gather(*(client.get(address) for _ in range(50)))
    seconds = time.perf_counter() - began
    codes = {answer.status_code for answer in answers}
    tags = {answer.headers["etag"] for answer in answers}
    await asyncio.sleep(2)
    made = await claims(runtime) - before
    row(
        "50 clients at once for one that nobody has made",
        f"{made} writes of its row (claimed, made), {seconds:.2f} s, answers {codes}, {len(tags)} ETag",
    )


async def claims(runtime: Runtime) -> int:
    async with runtime.db.session() as session:
        await session.execute(text("SELECT pg_stat_clear_snapshot()"))
        counted = text("SELECT n_tup_ins + n_tup_upd FROM pg_stat_user_tables WHERE relname = 'renditions'")
        return int(await session.scalar(counted) or 0)


async def timed(client: httpx2.AsyncClient, address: str) -> float:
    began = time.perf_counter()
    (await client.get(address)).raise_for_status()
    return time.perf_counter() - began


async def shown_by_a_product(runtime: Runtime, uid: str) -> None:
    async with runtime.db.session() as session:
        shop = models.Shop(name="Bench", created_at=datetime.now(UTC))
        session.add(shop)
        await session.flush()
        product = models.Product(shop_id=shop.id, title="Bench", currency="CNY", price_minor=100)
        session.add(product)
        asset = (await session.scalars(select(models.Asset).where(models.Asset.uid == uid))).one()
        await session.flush()
        session.add(models.ProductAsset(product_id=product.id, asset_id=asset.id, position=0))


# Ranges


async def ranges(_place: Path, environment: dict[str, str]) -> None:
    async with runtime_of(environment) as runtime:
        uid = await film(runtime)
        await shown_by_a_product(runtime, uid)
    with process(environment, "serve") as server:
        await ready()
        async with httpx2.AsyncClient(timeout=120) as client:
            address = f"{BASE}/assets/{uid}"
            await client.get(address, headers={"Range": "bytes=0-99"})
            before = psutil.Process(server.pid).memory_info().rss / MIB
            watched = Watched(server.pid)
            began = time.perf_counter()
            chosen = random.Random(1)
            starts = [chosen.randrange(FILM_BYTES - MIB) for _ in range(400)]
            await several(8, starts, lambda start: one_range(client, address, start))
            seconds = time.perf_counter() - began
            row("400 ranges of 1 MiB of a film of 200 MiB, eight at a time", f"{400 / seconds:,.0f} a second")
            began = time.perf_counter()
            await several(4, list(range(8)), lambda _: whole(client, address))
            rate = 8 * FILM_BYTES / 1e6 / (time.perf_counter() - began)
            row("the whole film eight times, four at a time", f"{rate:,.0f} MB a second")
            watched.stop()
            row("memory of the server before, and at most", f"{before:,.0f} MiB, {watched.parent:,.0f} MiB")


async def film(runtime: Runtime) -> str:
    """A row that says film, over bytes that need not be one: nobody looks into them here."""

    async def content() -> AsyncIterator[bytes]:
        for number in range(FILM_BYTES // MIB):
            yield bytes([number % 256]) * MIB

    digest = hashlib.sha256()
    async for piece in content():
        digest.update(piece)
    await runtime.store.put(keeping.key_of(digest.digest()), content())
    async with runtime.db.session() as session:
        session.add(
            models.Blob(
                sha256=digest.digest(), media_type="video/mp4", byte_count=FILM_BYTES, probe_state=ProbeState.PROBED,
                probe_version=1, probed_at=datetime.now(UTC), facts={"kind": "VIDEO", "media_type": "video/mp4"},
            )
        )  # fmt: skip
        await session.flush()
        asset = models.Asset(kind=models.AssetKind.VIDEO, sha256=digest.digest(), byte_count=FILM_BYTES)
        session.add(asset)
        await session.flush()
        return str(asset.uid)


async def several(count: int, given: list[int], do: Callable[[int], Awaitable[None]]) -> None:
    left = iter(given)

    async def one_after_another() -> None:
        for one in left:
            await do(one)

    await asyncio.gather(*(one_after_another() for _ in range(count)))


async def one_range(client: httpx2.AsyncClient, address: str, start: int) -> None:
    answer = await client.get(address, headers={"Range": f"bytes={start}-{start + MIB - 1}"})
    if answer.status_code != 206 or len(answer.content) != MIB:
        raise StoreAway(f"a range answered {answer.status_code} with {len(answer.content)} bytes")


async def whole(client: httpx2.AsyncClient, address: str) -> None:
    async with client.stream("GET", address) as answer:
        count = 0
        async for piece in answer.aiter_bytes():
            count += len(piece)
    if count != FILM_BYTES:
        raise StoreAway(f"a download ended after {count} bytes")


Part = Callable[[Path, dict[str, str]], Coroutine[None, None, None]]
PARTS: dict[str, Part] = {
    "adding": adding, "bomb": bomb, "renditions": renditions, "kills": kills, "ranges": ranges,
}  # fmt: skip

if __name__ == "__main__":
    main(sys.argv[1:])
