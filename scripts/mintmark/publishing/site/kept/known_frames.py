"""The builder's pages from the build before, where neither docs/ nor its settings have changed."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from mintmark.publishing.site.kept.shelf import Parcel

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mintmark.publishing.site.kept.shelf import Shelf
    from mintmark.publishing.site.output import SiteFolder


def known_frames(
    shelf: Shelf, folder: SiteFolder, docs: Mapping[str, bytes], settings: Any, make: Callable[[], tuple[str, ...]]
) -> tuple[str, ...]:
    """Write the builder's pages into an empty folder, made by `make` where they are not known; return what it returns.

    `settings` is all that they are made from beside `docs`, as JSON can hold it.
    """
    digests = {path: hashlib.sha256(content).hexdigest() for path, content in docs.items()}
    asked = f"frames {json.dumps([sorted(digests.items()), settings])}"
    parcel = shelf.take(asked)
    if parcel is not None:
        for path, content in zip(parcel.about["files"], parcel.contents, strict=True):
            folder.write(path, content)
        return tuple(parcel.about["left_out"])
    left_out = make()
    found = sorted(path for path in folder.folder.rglob("*") if path.is_file())
    about = {"files": [path.relative_to(folder.folder).as_posix() for path in found], "left_out": left_out}
    shelf.put(asked, Parcel(about, [path.read_bytes() for path in found]))
    return left_out
