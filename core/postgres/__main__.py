"""Keep the embedded PostgreSQL of a data folder up for other programs: `python -m core.postgres FOLDER`, until Ctrl-C."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

from core.errors import DomainError
from core.postgres import embedded


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit("usage: python -m core.postgres FOLDER")
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with embedded(Path(sys.argv[1])) as server:
            sys.stdout.write(f"ADDRESS='{server.dsn}'\nBINARIES='{server.binaries}'\n")
            sys.stdout.flush()
            signal.pause()
    except KeyboardInterrupt:
        return
    except DomainError as error:
        sys.exit(error.message)


if __name__ == "__main__":
    main()
