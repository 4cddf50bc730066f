"""`mintmark resolve`: settle what two new models leave in conflict in the pipeline's files. Trains nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mintmark.changing.commits import under_way
from mintmark.changing.lock import one_at_a_time
from mintmark.changing.resolving import resolve_conflicts
from mintmark.registry.clone import find_root

if TYPE_CHECKING:
    from pathlib import Path


def resolve(root: Path) -> int:
    """Settle and stage what can be settled by entry, and say how to go on; 1 where something stays in conflict.

    Raises `MintmarkError`, with nothing written, where both sides changed one entry.
    """
    top = find_root(root)
    with one_at_a_time(top, "resolve"):
        found = resolve_conflicts(top)
    for path in found.settled:
        print(f"{path}: has the entries of both sides now, and is staged")
    for path, why in found.left.items():
        print(f"{path}: {why}")
    if found.left:
        return 1
    action = under_way(top)
    print(f"next: git {action} --continue; nothing has to run again" if action else "next: git commit")
    return 0
