"""Read one record of a site: held against its schema, with what is wrong told by its address there."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from mintmark.core.finding import Finding
from mintmark.registry.documents import Document

if TYPE_CHECKING:
    from mintmark.registry.published.tree import SiteTree


def read_record(tree: SiteTree, kind: str, path: str) -> Document | None:
    """Return the record at a path, None when there is none; `kind` is the schema's name."""
    from mintmark.registry.files import parse_json
    from mintmark.registry.schemas import accepts, explain
    from mintmark.registry.yaml.text import YamlFault

    content = tree.read(path)
    if content is None:
        return None
    address, place = tree.address_of(path)
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
