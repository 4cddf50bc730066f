"""The proof of a rollback (R5): every stored file of a version is there and is what its record says. Runs no model.

A version that held the channel before was judged when it came, so nothing else is asked of it: the commands that move a
channel and the review of such a move ask this function.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mintmark.core.layout import pointer_path
from mintmark.registry.stored.streams import ObjectError

if TYPE_CHECKING:
    from mintmark.core.records import VersionRecord
    from mintmark.registry.stored.store import Store


def prove_bytes(store: Store, record: VersionRecord) -> dict[str, str]:
    """Return what is wrong with the stored files of a version, by name: nothing where a remote has all of them.

    The bytes are read from the remote, past the cache: what production pulls is what counts.
    """
    faults = {}
    for file in record.stored_files:
        try:
            store.check(file, pointer=pointer_path(record.model, str(record.version), file.name))
        except ObjectError as error:
            faults[file.name] = str(error)
    return faults
