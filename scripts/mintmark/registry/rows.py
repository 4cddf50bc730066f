"""Rows of a listing, and what could not be listed: the same for a clone and a site."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mintmark.core.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mintmark.registry.documents import Document


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelRow:
    """One model: how many versions, which is where, and the primary metric of the champion (else of the latest)."""

    model: str
    task: str
    owners: list[str]
    versions: int
    latest: str | None
    channels: dict[str, str]
    metric: str
    measured: str | None
    value: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class VersionRow:
    """One version: when and by whom it was made, where it is, and its primary metric."""

    model: str
    version: str
    created: str
    author: str
    summary: str
    size: int
    metric: str
    value: float | None
    low: float | None
    high: float | None
    channels: list[str]
    yanked: bool


@dataclass(slots=True)
class Listing:
    """What could be read of every model, and what could not."""

    models: list[ModelRow] = field(default_factory=list)
    versions: list[VersionRow] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    def take(self, documents: Mapping[str, Document]) -> dict[str, Mapping[str, Any]]:
        """Keep the findings of documents and return the data of those that have any."""
        for document in documents.values():
            self.findings.extend(document.findings)
        return {path: document.data for path, document in documents.items() if document.data is not None}

    def miss(self, path: str, message: str) -> None:
        """Note what is wrong with a file as a whole, unless something was noted of it before."""
        if all(finding.path != path for finding in self.findings):
            self.findings.append(Finding(path=path, line=1, message=message))
