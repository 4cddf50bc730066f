"""Write a prediction log and its labels where an address says, as servers and a team do: run by a test, elsewhere."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def main(log: str, labels: str) -> None:
    """Write two days as they should be, and the truth of the first."""
    sys.path.insert(0, str(ROOT))
    import fsspec
    from tests.monitoring.real_logs import as_it_is, labels_of, write_day
    from tests.serving.log.logged import journal

    written = journal(log)
    for day in range(2):
        write_day(written, day, as_it_is)
    files, path = fsspec.core.url_to_fs(labels)
    files.makedirs(path.rpartition("/")[0], exist_ok=True)
    with files.open(path, "w") as file:
        labels_of([0]).drop(columns="day").to_csv(file, index=False)


if __name__ == "__main__":
    main(*sys.argv[1:])
