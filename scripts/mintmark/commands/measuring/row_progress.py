"""A bar on a terminal while the rows of a file are read. Reads nothing itself."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from mintmark.terminal import unescaped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@contextmanager
def row_progress(what: str, size: int, unit: str) -> Iterator[Callable[..., None]]:
    """Show a bar on a terminal; elsewhere nothing. It is told how much is done, and of how much where that grows."""
    if not sys.stderr.isatty():
        yield lambda *_: None
        return
    from tqdm import tqdm

    stream = unescaped(sys.stderr)
    with tqdm(desc=what, total=size, unit=unit, unit_scale=True, leave=False, file=stream) as bar:

        def show(done: int, of: int = size) -> None:
            bar.total = of
            bar.update(done - bar.n)

        yield show
        bar.refresh()  # what was read since it was last drawn
