"""Says what is wrong with the files of the sample: `python -m sample.check`, for whoever writes them."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from pydantic import ValidationError

from sample import records
from sample.reading import BadSample, short


def problems() -> Iterator[str]:
    """Every problem with its file, one a line."""
    sample = records.read()
    for path, make in records.written(sample):
        try:
            make()
        except BadSample as error:
            yield from (
                line if line.startswith("sample/") else f"{short(path)}: {line}" for line in str(error).split("\n")
            )
        except ValidationError as error:
            for one in error.errors(include_url=False):
                yield f"{short(path)}: {'.'.join(map(str, one['loc']))}: {one['msg']}"


def main() -> int:
    found = 0
    for found, problem in enumerate(problems(), 1):  # noqa: B007  (the last number is how many there are)
        sys.stdout.write(problem + "\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
