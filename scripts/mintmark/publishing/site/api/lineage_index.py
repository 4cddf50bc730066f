"""The lineage of a whole registry in small documents: a search reads an index and the few that it needs. Pure."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from itertools import repeat
from typing import TYPE_CHECKING, Any, Final

from mintmark.publishing.site.api.json_text import Document, split_rows
from mintmark.publishing.site.api.lineage_documents import KEYS, PARTS, lineage_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from mintmark.core.provenance.inputs import Part

_FOLDER: Final = "lineage"
_ENTRIES_BYTES: Final = 25_000  # of a document with entries: a search reads some of them
_MARKS_BYTES: Final = 50_000  # of one with marks: it reads one or two


@dataclass(frozen=True, kw_only=True, slots=True)
class RegistryLineage:
    """The documents by their path below the API, and all entries by part, sorted by what they are."""

    documents: Mapping[str, Document]
    entries: Mapping[Part, list[Document]]


def registry_lineage(models: Iterable[Document], commit: str | None) -> RegistryLineage:
    """Return, of each package, file of code and file of data, the models with how many versions name it.

    `models` are the pages of `model_lineage`, those of one model in their order.
    """
    found: dict[Part, dict[tuple[str, ...], list[Document]]] = {part: defaultdict(list) for part in PARTS}
    pages: dict[str, int] = defaultdict(int)
    for page in models:
        pages[page["name"]] += 1
        document = f"models/{page['name']}/{lineage_name(pages[page['name']])}"
        for part in PARTS:
            for entry in page[part]:
                key = tuple(entry[name] for name in KEYS[part])
                found[part][key].append(_of_model(page["name"], entry, document))
    entries: dict[Part, list[Document]] = {
        part: [{**dict(zip(KEYS[part], key, strict=True)), "models": rows} for key, rows in sorted(found[part].items())]
        for part in PARTS
    }
    documents = dict(_documents(entries, commit))
    return RegistryLineage(documents=documents, entries=entries)


def _of_model(name: str, entry: Document, document: str) -> Document:
    versions = entry["versions"]
    return {
        "name": name,
        "versions": len(versions) + entry["more"],
        "newest": versions[0],
        "first": entry["first"],
        "champion": entry["champion"],
        "document": document,
    }


def _documents(entries: Mapping[Part, list[Document]], commit: str | None) -> Iterator[tuple[str, Document]]:
    index: Document = {"$schema": "schemas/api-lineage.schema.json", "commit": commit}
    marks: list[Document] = []
    for part in PARTS:
        names: dict[str, Document] = {}
        for number, rows in enumerate(split_rows(entries[part], repeat(_ENTRIES_BYTES)), start=1):
            path = f"{_FOLDER}/{part}-{number}.json"
            document: Document = {
                "$schema": "../schemas/api-lineage-entries.schema.json",
                "commit": commit,
                "name": None,
            }
            yield path, document | {each: rows if each == part else [] for each in PARTS} | {"older": None}
            for row in rows:
                name, mark = name_and_mark(part, row)
                told = names.setdefault(name, {"name": name, "entries": 0, "documents": []})
                told["entries"] += 1
                if path not in told["documents"]:
                    told["documents"].append(path)
                marks.append({"mark": mark, "part": part, "name": name, "document": path})
        index[part] = list(names.values())
    index["marks"] = []
    for number, rows in enumerate(split_rows(sorted(marks, key=_order), repeat(_MARKS_BYTES)), start=1):
        path = f"{_FOLDER}/marks-{number}.json"
        yield path, {"$schema": "../schemas/api-lineage-marks.schema.json", "commit": commit, "marks": rows}
        if rows:
            index["marks"].append({"first": rows[0]["mark"], "last": rows[-1]["mark"], "document": path})
    yield "lineage.json", index


def name_and_mark(part: Part, row: Mapping[str, Any]) -> tuple[str, str]:
    """Return what an entry is called, and what tells it from others of that name: a release, the digits of a hash."""
    name, mark = (str(row[key]) for key in KEYS[part][:2])
    return name, mark if part == "packages" else mark.partition(":")[2] or mark


def _order(row: Mapping[str, str]) -> tuple[bytes, str, str, str]:
    """Return what sorts marks as a browser compares them: by units of UTF-16, in small letters."""
    mark = row["mark"].lower().encode("utf-16-be", "surrogatepass")
    return mark, row["part"], row["name"], row["mark"]
