"""Bytes of the files of a published version: from the site, or from the store it names. Writes to neither."""

from __future__ import annotations

from contextlib import contextmanager
from functools import cached_property
from typing import IO, TYPE_CHECKING

from mintmark.registry.dvc import DvcConfig, Remote
from mintmark.registry.http_opening import GONE, HttpFault, open_address
from mintmark.registry.stored.store import Store
from mintmark.registry.stored.streams import (
    ObjectError,
    ObjectMissingError,
    RemoteError,
    UnreachableError,
    WrongBytesError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mintmark.core.records import StoredFile, VersionRecord
    from mintmark.registry.published.tree import SiteTree

_SITE = "the site"
_TIMEOUT = 60.0  # as for the remotes of DVC


class SiteStore(Store):
    """The bytes of one version; each read is checked as those of a clone are, by size, md5 and sha256 of the record."""

    def __init__(self, tree: SiteTree, record: VersionRecord, *, on_bytes: Callable[[int], None] | None = None) -> None:
        super().__init__(tree.folder, on_bytes=on_bytes)
        self._tree, self._record = tree, record

    @cached_property
    def config(self) -> DvcConfig:
        """The site where it publishes files of this version, then the store that it names."""
        remotes = []
        if self._addresses:
            remotes.append(Remote(name=_SITE, url=self._tree.label))
        if any(file.name not in self._addresses for file in self._record.stored_files) and self._tree.store:
            remotes.append(Remote(name="store", url=self._tree.store))
        if not remotes:
            raise ObjectMissingError(
                f"{self._tree.label} publishes what {self._record.reference} is, and not its bytes; "
                "git clone the repository, and pull it there"
            )
        return DvcConfig(default=None, remotes=tuple(remotes), cache=self._tree.folder / "objects")

    @cached_property
    def _addresses(self) -> dict[str, str]:
        return self._tree.file_addresses(self._record.model, str(self._record.version))

    @contextmanager
    def _open(self, remote: Remote, file: StoredFile) -> Iterator[IO[bytes]]:
        if remote.name != _SITE:
            with super()._open(remote, file) as stream:
                yield stream
            return
        with self._open_published(file) as stream:
            yield stream

    def _open_published(self, file: StoredFile) -> IO[bytes]:
        address = self._addresses.get(file.name)
        if address is None:
            raise ObjectMissingError(f"{self._tree.label} does not publish {file.name}")
        try:
            return open_address(address, headers=self._tree.address.headers, timeout=_TIMEOUT)
        except HttpFault as fault:
            if fault.code in GONE:
                raise ObjectMissingError(f"{address} is not there") from None
            kind = RemoteError if fault.code else UnreachableError
            raise kind(f"{address} {fault}") from None

    def _label(self, remote: Remote, file: StoredFile) -> str:
        return self._addresses.get(file.name, file.name) if remote.name == _SITE else super()._label(remote, file)

    def _remedy(self, fault: ObjectError, file: StoredFile, pointer: str) -> str:  # noqa: ARG002 - as in the class above
        if isinstance(fault, (ObjectMissingError, WrongBytesError)):
            return "; tell the maintainers of the site, and pull it from a clone meanwhile"
        return "; run it again when it can be reached" if isinstance(fault, UnreachableError) else ""
