"""A real Elasticsearch for the contract, from the jars that Maven's repository publishes, or the reason why not."""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import platformdirs

HERE = Path(__file__).parent
OLDEST_JAVA = 21
PREPARED_WITHIN_S = 60
STARTED_WITHIN_S = 30

LOGGING = """status = error
appender.console.type = Console
appender.console.name = console
appender.console.target = SYSTEM_ERR
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %d %p %c{1} %m%n
rootLogger.level = error
rootLogger.appenderRef.console.ref = console
"""


class NotStartedError(Exception):
    """This machine has no Elasticsearch for us; the message says what is missing."""


@contextmanager
def running(work: Path) -> Iterator[str]:
    """The address of a node that keeps its data under `work` and ends with the block. NotStartedError."""
    java = _java_home()
    home = _prepared(java)
    (work / "config").mkdir(parents=True)
    (work / "config" / "log4j2.properties").write_text(LOGGING)
    errors = work / "errors.log"
    with errors.open("wb") as said:
        process = subprocess.Popen(
            [*_command(java, home), str(home), str(work)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=said
        )
    try:
        yield f"http://127.0.0.1:{_port(process, errors)}"
    finally:
        process.kill()
        process.communicate()


def _java_home() -> Path:
    if shutil.which("mvn") is None:
        raise NotStartedError("Maven (mvn) is not installed")
    given = [Path(os.environ["JAVA_HOME"])] if "JAVA_HOME" in os.environ else []
    installed = sorted(Path("/usr/lib/jvm").glob("*/"))
    homes = [home for home in (*given, *installed) if (home / "bin/javac").exists()]
    newest = max(homes, key=_java_version, default=None)
    if newest is None or _java_version(newest) < OLDEST_JAVA:
        raise NotStartedError(f"no JDK of version {OLDEST_JAVA} or later in JAVA_HOME or /usr/lib/jvm")
    return newest


def _java_version(home: Path) -> int:
    said = subprocess.run([home / "bin/javac", "-version"], capture_output=True, text=True, check=False)
    found = re.search(r"(\d+)", said.stdout + said.stderr)
    return int(found[1]) if found else 0


def _prepared(java: Path) -> Path:
    """The folder with jars and our class, made once per version of what stands beside this file."""
    sources = b"".join((HERE / name).read_bytes() for name in ("pom.xml", "TestNode.java"))
    cache = platformdirs.user_cache_path("headwater-tests")
    home = cache / f"elasticsearch-{hashlib.sha256(sources).hexdigest()[:12]}"
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "preparing.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not home.exists():
            fresh = home.with_suffix(".new")
            shutil.rmtree(fresh, ignore_errors=True)
            _prepare(fresh, java)
            fresh.rename(home)
    return home


def _prepare(home: Path, java: Path) -> None:
    libraries, module = home / "lib", home / "modules" / "transport-netty4"
    for folder in (libraries, module, home / "classes", home / "plugins"):
        folder.mkdir(parents=True)
    _run("mvn", "-q", "-B", "-f", HERE / "pom.xml", "dependency:copy-dependencies", f"-DoutputDirectory={libraries}")
    for jar in (*libraries.glob("netty-*.jar"), *libraries.glob("transport-netty4-*.jar")):
        jar.rename(module / jar.name)
    [transport] = module.glob("transport-netty4-*.jar")
    with zipfile.ZipFile(transport) as archive:
        for name in archive.namelist():
            if name.startswith("META-INF/es-plugins/transport-netty4/") and not name.endswith("/"):
                (module / Path(name).name).write_bytes(archive.read(name))
    _run(java / "bin/javac", "-cp", f"{libraries}/*", "-d", home / "classes", HERE / "TestNode.java")


def _run(*command: object) -> None:
    try:
        done = subprocess.run(
            [str(part) for part in command], capture_output=True, text=True, timeout=PREPARED_WITHIN_S, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise NotStartedError(f"{command[0]} took longer than {PREPARED_WITHIN_S} s") from error
    if done.returncode != 0:
        raise NotStartedError(f"{command[0]} failed: {(done.stdout + done.stderr).strip()[:300]}")


def _command(java: Path, home: Path) -> list[str]:
    server = "org.elasticsearch.server"
    inside = ("bootstrap", "node", "plugins", "http")
    return [
        str(java / "bin/java"),
        "-Xms512m",
        "-Xmx512m",
        "-XX:+UseSerialGC",
        "-XX:TieredStopAtLevel=1",
        f"-Des.path.home={home}",
        "--enable-native-access=ALL-UNNAMED,org.elasticsearch.nativeaccess",
        "--add-modules=jdk.net,ALL-MODULE-PATH",
        f"--module-path={home / 'lib'}",
        *(f"--add-exports={server}/org.elasticsearch.{package}=ALL-UNNAMED" for package in inside),
        "-cp",
        str(home / "classes"),
        "TestNode",
    ]


def _port(process: subprocess.Popen[bytes], errors: Path) -> int:
    """What the node prints when it answers; a timer ends one that never does."""
    timer = threading.Timer(STARTED_WITHIN_S, process.kill)
    timer.start()
    try:
        for line in process.stdout:
            if line.startswith(b"PORT "):
                return int(line.split()[1])
    finally:
        timer.cancel()
    raise NotStartedError(f"the node ended before it answered: {errors.read_text(errors='replace').strip()[-300:]}")
