"""Parcels of bytes that a build leaves for the next one, in `.git/mintmark/site/`. Safe to delete; vouches for nothing.

A parcel that is damaged, or that cannot be written, is one that is not there.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from contextlib import suppress
from itertools import accumulate, pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from mintmark.registry.schemas import schemas_digest
from mintmark.temporary import new_file

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

MOST_BYTES: Final = 200_000_000  # of all parcels; those that were not taken for the longest time go first
_MOST_UNPACKED: Final = 100_000_000  # of one parcel: what is larger is made anew
_DIGEST: Final = 32
_NUMBER: Final = 8
_LEVEL: Final = 1  # pages are alike: a higher one takes longer and saves little
_PACKAGE: Final = Path(__file__).resolve().parents[3]


class Parcel(NamedTuple):
    """Contents in their order, and what is to be known about them, as JSON can hold it."""

    about: Any
    contents: Sequence[bytes]


class Shelf:
    """Parcels by what they were made from. `fingerprint` names what made them."""

    def __init__(self, folder: Path, fingerprint: str) -> None:
        self.folder, self.fingerprint = folder, fingerprint

    def take(self, asked: str) -> Parcel | None:
        """Return what was made from the same, None where there is nothing that can be trusted to be whole."""
        path = self._path(asked)
        try:
            sealed = path.read_bytes()
            os.utime(path)
        except OSError:
            return None
        return _opened(sealed)

    def put(self, asked: str, parcel: Parcel) -> None:
        """Keep a parcel."""
        sealed = _sealed(parcel)
        if sealed is not None:
            with suppress(OSError):
                self.folder.mkdir(parents=True, exist_ok=True)
                self._write(self._path(asked), sealed)

    def _write(self, path: Path, sealed: bytes) -> None:
        """Write a parcel beside its place and move it there; unflushed, since its digest tells what got lost."""
        handle, temporary = new_file(self.folder)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(sealed)
                file.flush()
                os.replace(temporary, path)
        except OSError:
            os.unlink(temporary)
            raise

    def sweep(self) -> None:
        """Take away what goes beyond the bound."""
        with suppress(OSError):
            found = [(entry.stat(), entry.path) for entry in os.scandir(self.folder) if entry.is_file()]
            newest = sorted(found, key=lambda each: each[0].st_mtime_ns, reverse=True)
            for total, (_, path) in zip(accumulate(status.st_size for status, _ in newest), newest, strict=True):
                if total > MOST_BYTES:
                    os.unlink(path)

    def _path(self, asked: str) -> Path:
        return self.folder / hashlib.sha256(f"{self.fingerprint}\n{asked}".encode(errors="surrogatepass")).hexdigest()


def _sealed(parcel: Parcel) -> bytes | None:
    import pyarrow as pa

    head = json.dumps([parcel.about, [len(content) for content in parcel.contents]], separators=(",", ":")).encode()
    whole = b"".join((len(head).to_bytes(_NUMBER), head, *parcel.contents))
    if len(whole) > _MOST_UNPACKED:
        return None
    packed: bytes = pa.Codec("zstd", compression_level=_LEVEL).compress(whole, asbytes=True)
    packed = len(whole).to_bytes(_NUMBER) + packed
    return hashlib.sha256(packed).digest() + packed


def _opened(sealed: bytes) -> Parcel | None:
    import pyarrow as pa

    packed = sealed[_DIGEST:]
    if hashlib.sha256(packed).digest() != sealed[:_DIGEST]:
        return None
    whole = pa.Codec("zstd").decompress(packed[_NUMBER:], int.from_bytes(packed[:_NUMBER]), asbytes=True)
    start = _NUMBER + int.from_bytes(whole[:_NUMBER])
    about, sizes = json.loads(whole[_NUMBER:start])
    return Parcel(about, [whole[begin:end] for begin, end in pairwise(accumulate(sizes, initial=start))])


def fingerprint() -> str:
    """Return a digest of what writes a site: this code, its schemas, Python, and all packages that are installed."""
    found = hashlib.sha256(f"{sys.version}\n{schemas_digest()}\n".encode())
    for line in (*_installed(), *_code()):
        found.update(f"{line}\n".encode(errors="surrogateescape"))
    return found.hexdigest()


def _installed() -> list[str]:
    """Return the names of what was installed, which tell its versions."""
    names = []
    for folder in dict.fromkeys(sys.path):
        with suppress(OSError):
            names += [entry.name for entry in os.scandir(folder or ".") if entry.name.endswith("-info")]
    return sorted(names)


def _code() -> Iterator[str]:
    for folder, folders, files in os.walk(_PACKAGE):
        folders[:] = sorted(name for name in folders if name != "__pycache__")
        for name in sorted(files):
            with suppress(OSError):  # what an editor leaves there for a moment
                content = Path(folder, name).read_bytes()
                yield f"{os.path.relpath(folder, _PACKAGE)}/{name} {hashlib.sha256(content).hexdigest()}"
