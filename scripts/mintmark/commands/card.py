"""`mintmark card`: the model card of a version, printed or written to a file."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from mintmark.core.words import numbers
from mintmark.errors import UsageError
from mintmark.publishing.card.model_card import format_card, read_card
from mintmark.registry.clone import ClonedRegistry
from mintmark.registry.files import write_atomically

if TYPE_CHECKING:
    from pathlib import Path


def card(root: Path, reference: str, *, output: Path | None, at: str | None) -> int:
    """Print the card of a version, or write it to `output` whole or not at all; 1 where its standing cannot be read."""
    if output is not None and output.is_dir():
        raise UsageError(f"{output}: is a folder; give the name of a file in it, such as {output / 'README.md'}")
    source = read_card(ClonedRegistry(root, at=at), reference)
    text = format_card(source)
    if output is None:
        print(text, end="")
    else:
        data = text.encode()
        write_atomically(output, data)
        print(f"wrote {output} ({numbers.size(len(data))})")
    for finding in source.unread:
        print(f"mintmark: {finding}", file=sys.stderr)
    return 1 if source.unread else 0
