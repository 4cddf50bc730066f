"""The registry that a site publishes: the same answers as a clone's, and an error for what needs Git."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NoReturn

from mintmark.core.finding import Finding
from mintmark.registry.documents import Document
from mintmark.registry.files import parse_json
from mintmark.registry.published.tree import SiteTree, broken_finding
from mintmark.registry.reading import Registry
from mintmark.registry.schemas import accepts, explain
from mintmark.registry.yaml.text import YamlFault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from mintmark.core.events import Registration
    from mintmark.core.records import VersionRecord
    from mintmark.registry.published.store import SiteStore
    from mintmark.registry.rows import Listing


class PublishedRegistry(Registry):
    """The registry that the site at an http(s) address publishes.

    `on_warning` (`warnings.warn` where it is None) is told when the last good copies have to do.
    """

    tree: SiteTree

    def __init__(self, address: str, *, on_warning: Callable[[str], None] | None = None) -> None:
        super().__init__(SiteTree(address, on_warning or _warn))

    @property
    def root(self) -> NoReturn:
        """See `Registry`: a site has none."""
        self.tree.refuse("Git's history and the files of a clone")

    @property
    def trusted_names(self) -> tuple[str, ...]:
        """See `Registry`: none either."""
        return ()

    @property
    def trusted_types(self) -> tuple[str, ...]:
        """See `Registry`: none, for who loads decides, not who publishes."""
        return ()

    def require_clone(self, what: str) -> NoReturn:
        """See `Registry`."""
        self.tree.refuse(what)

    def require_model(self, name: str) -> None:
        """See `Registry`: one document tells, where the list of all models would be another."""
        self.model(name)

    def read_many(self, kind: str, paths: list[str]) -> dict[str, Document]:
        """See `Registry`: each is a request of its own."""
        return {path: document for path in paths if (document := self._read(kind, path)) is not None}

    def _read(self, kind: str, path: str) -> Document | None:
        """Return a record; what is wrong is told by the address of the document and the place in it."""
        content = self.tree.read(path)
        if content is None:
            findings = tuple(broken_finding(entry) for entry in self.tree.faults(path))
            return Document(None, findings) if findings else None
        address, place = self.tree.address_of(path)
        try:
            data = parse_json(content)
        except YamlFault as fault:
            return Document(None, (Finding(path=address, where=place, message=fault.message),))
        if accepts(kind, data):
            return Document(data)
        # Lines are those of the text that was read out of the document: nobody can look them up.
        found = (
            replace(finding, line=None, column=None, where=".".join(part for part in (place, finding.where) if part))
            for finding in explain(kind, data, address, {})
        )
        return Document(None, tuple(found))

    def list_models(self) -> Listing:
        """See `Registry`: two documents are read, however many models there are."""
        from mintmark.registry.published.listing import list_models

        return list_models(self, self.tree)

    def list_versions(self, names: Iterable[str]) -> Listing:
        """See `Registry`: one document a model is read."""
        from mintmark.registry.published.listing import list_versions

        return list_versions(self, self.tree, names)

    def store(self, record: VersionRecord, *, on_bytes: Callable[[int], None] | None = None) -> SiteStore:
        """See `Registry`."""
        from mintmark.registry.published.store import SiteStore

        return SiteStore(self.tree, record, on_bytes=on_bytes)

    def history(self, model: str) -> NoReturn:  # noqa: ARG002
        """See `Registry`: a site has none."""
        self.tree.refuse("Git's history and the files of a clone")

    def registrations(self, model: str) -> Mapping[str, Registration]:
        """See `Registry`: the index of the model tells them; an older site does not."""
        return self.tree.registrations(model)


def _warn(message: str) -> None:
    import warnings

    warnings.warn(message, stacklevel=2)
