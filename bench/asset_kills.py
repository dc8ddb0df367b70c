"""Kill -9 in the middle of uploads and of probes, over and over: what arrives, and what it costs. Run by bench/assets.py."""

from __future__ import annotations

import asyncio
import hashlib
import json
import statistics
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2
import pyvips
from sqlalchemy import func, select

import models
from bench.running import BASE, MIB, process, ready, row, runtime_of, said
from models import ProbeState, UploadState
from services.assets import keeping
from services.runtime import Runtime

KILLS = 20


async def kills(_place: Path, environment: dict[str, str]) -> None:
    await killed_uploads(environment)
    await killed_probes(environment)


async def killed_uploads(environment: dict[str, str]) -> None:
    """An upload of 12 MB over tus, in pieces; the server is killed at another place of each, and it goes on."""
    key = await asyncio.to_thread(said, environment, "keys", "create", "Bench", "--operator", "--json")
    secret = json.loads(key)["key"]
    again, arrived = [], 0
    with process(environment, "worker", "--only", "probe"):
        for number in range(KILLS):
            content = await asyncio.to_thread(large_png, number)
            digest, lost = await killed_in_the_middle(environment, secret, content, number)
            again.append(lost)
            arrived += await is_whole(environment, digest, len(content))
    row(
        f"uploads of {len(content) / 1e6:.0f} MB, the server killed with -9 in each",
        f"{arrived} of {KILLS} arrived whole",
    )
    row(
        "bytes that had to be sent again after a kill: median, most",
        f"{statistics.median(again) / MIB:.1f}, {max(again) / MIB:.1f} MiB",
    )


def large_png(number: int) -> bytes:
    noise = pyvips.Image.gaussnoise(2_000, 2_000, sigma=60, mean=128, seed=number).cast("uchar")
    return bytes(noise.bandjoin([noise.rot90(), noise.rot180()]).write_to_buffer(".png", compression=1))


async def killed_in_the_middle(
    environment: dict[str, str], secret: str, content: bytes, number: int
) -> tuple[bytes, int]:
    tus = {"Tus-Resumable": "1.0.0"}
    with process(environment, "serve") as server:
        await ready()
        async with httpx2.AsyncClient(timeout=60, headers=tus) as client:
            begun = await client.post(
                f"{BASE}/assets", headers={"Authorization": f"Bearer {secret}", "Upload-Length": str(len(content))}
            )
            begun.raise_for_status()
            address = begun.headers["location"]
            until = len(content) * (number + 1) // (KILLS + 1)
            sent = 0

            async def part() -> AsyncIterator[bytes]:
                nonlocal sent
                for at in range(0, len(content), 1 << 16):
                    if at >= until:
                        await asyncio.sleep(0.05)  # what was sent gets there
                        server.kill()
                    yield content[at : at + (1 << 16)]
                    sent = min(at + (1 << 16), until)

            with suppress(httpx2.TransportError):
                await client.patch(address, headers=piece_at(0), content=part())
    with process(environment, "serve"):
        await ready()
        async with httpx2.AsyncClient(timeout=60, headers=tus) as client:
            offset = int((await client.head(address)).headers["upload-offset"])
            (await client.patch(address, headers=piece_at(offset), content=content[offset:])).raise_for_status()
    return hashlib.sha256(content).digest(), sent - offset


def piece_at(offset: int) -> dict[str, str]:
    return {"Upload-Offset": str(offset), "Content-Type": "application/offset+octet-stream"}


async def is_whole(environment: dict[str, str], digest: bytes, byte_count: int) -> bool:
    async with runtime_of(environment) as runtime, asyncio.timeout(120):
        while True:
            async with runtime.db.session() as session:
                asset = await session.scalar(select(models.Asset).where(models.Asset.sha256 == digest))
            if asset is not None:
                return await runtime.store.byte_count(keeping.key_of(digest)) == byte_count
            await asyncio.sleep(0.1)


async def killed_probes(environment: dict[str, str]) -> None:
    """Files wait; workers are killed as soon as they have claimed one, over and over; the last may finish."""
    async with runtime_of(environment) as runtime:
        await waiting(runtime, 3 * KILLS)
        for _ in range(KILLS):
            before = await last_lease(runtime)
            with process(environment, "worker", "--only", "probe") as worker:
                await claimed(runtime, before)
                worker.kill()
        began = time.perf_counter()
        with process(environment, "worker", "--only", "probe"):
            states = await settled(runtime)
        row(f"{3 * KILLS} files, {KILLS} workers killed with -9 in the middle of a probe", f"{states}")
        row(
            "from the last kill until all were looked into (a lease lasts 90 s)", f"{time.perf_counter() - began:.0f} s"
        )


async def waiting(runtime: Runtime, count: int) -> None:
    async with runtime.db.session() as session:
        for number in range(count):
            content = await asyncio.to_thread(large_png, 1_000 + number)
            digest = await keeping.keep(session, runtime.store, content, "image/png")
            session.add(
                models.AssetUpload(
                    state=UploadState.PROBING,
                    sha256=digest,
                    byte_count=len(content),
                    expires_at=datetime.now(UTC) + timedelta(days=1),
                )
            )


async def last_lease(runtime: Runtime) -> datetime:
    async with runtime.db.session() as session:
        last = await session.scalar(select(func.max(models.Blob.probe_claimed_until)))
    return last or datetime.now(UTC)


async def claimed(runtime: Runtime, before: datetime) -> None:
    """When a worker has a new claim, whose lease ends after all others."""
    async with asyncio.timeout(60):
        while await last_lease(runtime) <= before:  # noqa: ASYNC110  (another process)
            await asyncio.sleep(0.02)


async def settled(runtime: Runtime) -> dict[str, int]:
    blob, upload = models.Blob, models.AssetUpload
    async with asyncio.timeout(400):
        while True:
            async with runtime.db.session() as session:
                left = await session.scalar(select(func.count()).where(blob.probe_state == ProbeState.WAITING))
                states = (await session.execute(select(upload.state, func.count()).group_by(upload.state))).all()
            if not left:
                return {state.value: count for state, count in states}
            await asyncio.sleep(0.5)
