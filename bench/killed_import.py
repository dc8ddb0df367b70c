"""Kill -9 of everything in the middle of an import: `python -m bench.killed_import FOLDER`, with the data sets' folder.

`headwater run FILE` imports what `python -m bench.datasets FOLDER` wrote. Three times the whole tree of processes (run,
worker, keeper, PostgreSQL) is killed with -9 while the import is under way; then it is run once more, to its end. The
counts in the database must equal those of an import that nobody disturbed.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).resolve().parent.parent
HEADWATER = [sys.executable, "-m", "scripts.cli"]
PORT = 8766
KILLS = 3
TABLES = ("creators", "contents", "revisions", "products", "tags", "assets")


def main(folder: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="headwater kills ", dir="/var/tmp") as place:
        Path(place).chmod(0o755)
        source = Path(place) / "records.ndjson"
        with source.open("wb") as file:
            subprocess.run([sys.executable, "-m", "bench.datasets", str(folder)], stdout=file, check=True, cwd=ROOT)
        total = sum(1 for _ in source.open("rb"))
        undisturbed = _run_to_the_end(source, _environment(Path(place) / "undisturbed"))
        environment = _environment(Path(place) / "killed")
        for number in range(1, KILLS + 1):
            done = _run_and_kill(source, environment, after_records=number * total // (KILLS + 1))
            print(f"killed everything after {done:,} records were told", flush=True)
        counts = _run_to_the_end(source, environment)
    wrong = {table: (counts[table], undisturbed[table]) for table in TABLES if counts[table] != undisturbed[table]}
    shown = ", ".join(f"{counts[table]:,} {table}" for table in TABLES)
    print(f"all counts are right: {shown}" if not wrong else f"WRONG (killed, undisturbed): {wrong}")
    sys.exit(1 if wrong else 0)


def _environment(data: Path) -> dict[str, str]:
    return {**os.environ, "HEADWATER_DATA": str(data), "HEADWATER_PORT": str(PORT)}


def _start(source: Path, environment: dict[str, str]) -> psutil.Popen:
    return psutil.Popen([*HEADWATER, "run", "--no-sample", str(source)], env=environment, cwd=ROOT)


def _run_and_kill(source: Path, environment: dict[str, str], *, after_records: int) -> int:
    running = _start(source, environment)
    done = 0
    while done < after_records:
        time.sleep(0.5)
        if running.poll() is not None:
            sys.exit("run ended before it was killed")
        done = _records_done(environment)
    tree = [*running.children(recursive=True), running]
    for process in tree:
        try:
            process.kill()
        except psutil.NoSuchProcess:
            continue
    psutil.wait_procs(tree, timeout=20)
    return done


def _run_to_the_end(source: Path, environment: dict[str, str]) -> dict[str, int]:
    running = _start(source, environment)
    while not _answers():
        time.sleep(0.5)
        if running.poll() is not None:
            sys.exit("run ended before it was ready")
    stats = _stats(environment)
    running.terminate()
    running.wait(60)
    return {str(name): int(count) for name, count in stats["rows"].items()}


def _records_done(environment: dict[str, str]) -> int:
    stats = _stats(environment)
    return int(stats["imports"][0]["records"]) if stats.get("imports") else 0


def _stats(environment: dict[str, str]) -> dict[str, Any]:
    said = subprocess.run([*HEADWATER, "stats", "--json"], env=environment, cwd=ROOT, capture_output=True, check=False)
    found: dict[str, Any] = json.loads(said.stdout) if said.returncode == 0 else {}
    return found


def _answers() -> bool:
    try:
        urllib.request.urlopen(f"http://127.0.0.1:{PORT}/readyz", timeout=2).close()
    except OSError:
        return False
    return True


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m bench.killed_import FOLDER")
    main(Path(sys.argv[1]))
