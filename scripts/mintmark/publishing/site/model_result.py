"""What a model that was written tells the pages of the whole registry, and its twin as JSON. Writes nothing."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from typing import TYPE_CHECKING, Any

from mintmark.core.finding import Finding
from mintmark.publishing.site.api.database_rows import VersionRows
from mintmark.publishing.site.frames.search import SearchEntry

if TYPE_CHECKING:
    from mintmark.publishing.site.api.json_text import Document


@dataclass(slots=True)
class ModelResult:
    """What the pages of the whole registry need to know of a model that was written.

    It has no row where its model.yaml cannot be read.
    """

    name: str
    row: Document | None = None
    counts: Document | None = None
    pages: list[Document] = field(default_factory=list)
    rows: list[VersionRows] = field(default_factory=list)
    entries: list[SearchEntry] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    broken: list[Document] = field(default_factory=list)
    attention: list[Document] = field(default_factory=list)
    lineage: list[Document] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON can hold it."""
        whole = {each.name: getattr(self, each.name) for each in fields(self)}
        return whole | {name: [asdict(each) for each in whole[name]] for name in ("entries", "findings")}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> ModelResult:
        """Return what `to_dict` was made of."""
        made = {
            "rows": [VersionRows(*rows) for rows in data["rows"]],
            "entries": [SearchEntry(**entry) for entry in data["entries"]],
            "findings": [Finding(**finding) for finding in data["findings"]],
        }
        return cls(**{**data, **made})
