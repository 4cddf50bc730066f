"""Rows about the models and versions of a clone, all at once. A broken file costs its own row alone."""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from itertools import islice
from sys import intern
from typing import TYPE_CHECKING, Any

from mintmark.core import layout
from mintmark.core.layout import locate
from mintmark.core.version import is_version, latest_release, parse_version
from mintmark.errors import InvalidRegistryError, MintmarkError
from mintmark.registry import git
from mintmark.registry.facts import version_row
from mintmark.registry.rows import Listing, ModelRow, VersionRow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from mintmark.registry.documents import Documents
    from mintmark.registry.reading import Registry
    from mintmark.registry.tree import Tree

_FEW = 5  # models: of more, Git lists all of them at once
_NO_IDENTITY = "is missing; every model has one: the tutorial shows how to write it"


def list_models(registry: Registry, tree: Tree, documents: Documents) -> Listing:
    """Return one row a model; reads the records of champions and of latest versions only.

    A model whose files are those of the last time is not read again.
    """
    began, names = time.time(), registry.models()
    channels = [rule.name for rule in registry.settings.channels]
    known = _remembered_rows(registry, tree, documents, channels, began)
    unread = [name for name in names if name not in known]
    listing = _read_models(registry, tree, unread) if unread else Listing()
    fresh = {row.model: row for row in listing.models}
    broken = {locate(finding.path).model for finding in listing.findings}
    whole = [row for row in listing.models if row.model not in broken]
    _remember_rows(registry, tree, documents, channels, began, known, whole)
    rows = {name: row for name, (_, row) in known.items()} | fresh
    listing.models = [rows[name] for name in names if name in rows]
    return listing


def _read_models(registry: Registry, tree: Tree, names: list[str]) -> Listing:
    listing = Listing()
    if len(names) > _FEW:
        _preload(tree)
    identities = _read(registry, listing, "model", (layout.model_path(name) for name in names))
    channels = _all_channels(registry, listing, names)
    folders = {name: registry.tree.names(_versions(name)) for name in names}
    _note_pointless(listing, channels, folders)
    versions = {name: [version for version in folders[name] if is_version(version)] for name in names}
    latest = {name: _latest(registry, name, versions[name]) for name in names}
    measured = {name: channels[name].get(registry.settings.last_channel) or latest[name] for name in names}
    paths = {name: layout.version_path(name, version) for name, version in measured.items() if version}
    records = _read(registry, listing, "version", paths.values())
    for name in names:
        identity = identities.get(layout.model_path(name))
        if identity is None:
            if versions[name] or channels[name]:
                listing.miss(layout.model_path(name), _NO_IDENTITY)
            continue
        metric = identity["metric"]["name"]
        known = measured[name] if measured[name] in folders[name] else None  # a pointless channel has been told
        record = _record(listing, channels[name], name, known, records)
        interval = record["metrics"].get(metric, {}) if record else {}
        row = ModelRow(
            model=name,
            task=identity["task"],
            owners=list(identity["owners"]),
            versions=len(versions[name]),
            latest=latest[name],
            channels=channels[name],
            metric=metric,
            measured=measured[name] if record else None,
            value=interval.get("value"),
            low=interval.get("low"),
            high=interval.get("high"),
        )
        listing.models.append(row)
    return listing


def _latest(registry: Registry, name: str, versions: list[str]) -> str | None:
    yanked = registry.yanked(name)
    return latest_release(version for version in versions if version not in yanked)


# -- what is remembered of a model -----------------------------------------------------------------------------------

_Known = tuple[str, ModelRow]  # the stamp of the files that a row was read from, and the row


def _remembered_rows(
    registry: Registry, tree: Tree, documents: Documents, channels: list[str], began: float
) -> dict[str, _Known]:
    """Return the rows of the models whose files are still those that the rows were read from."""
    text = documents.cache.get(_LISTED, _listed_key(registry, tree, channels))
    rows = {name: (stamp, ModelRow(**row)) for name, (stamp, row) in json.loads(text).items()} if text else {}
    return {
        name: (stamp, row)
        for name, (stamp, row) in rows.items()
        if stamp == tree.stamp(f"{layout.MODELS}/{name}", _sources(row, channels), began)
    }


def _remember_rows(
    registry: Registry,
    tree: Tree,
    documents: Documents,
    channels: list[str],
    began: float,
    known: Mapping[str, _Known],
    rows: Iterable[ModelRow],
) -> None:
    stamped = ((tree.stamp(f"{layout.MODELS}/{row.model}", _sources(row, channels), began), row) for row in rows)
    fresh = {row.model: (stamp, row) for stamp, row in stamped if stamp is not None}
    if fresh:
        told = {name: [stamp, asdict(row)] for name, (stamp, row) in {**known, **fresh}.items()}
        documents.cache.put_many(
            _LISTED, {_listed_key(registry, tree, channels): json.dumps(told, separators=(",", ":"))}
        )


_LISTED = "listed"


def _listed_key(registry: Registry, tree: Tree, channels: list[str]) -> str:
    """Return what the rows depend on beside the files of their models: the channels that are told of, and where."""
    return "\n".join([type(tree).__name__, str(registry.root), *channels])


def _sources(row: ModelRow, channels: list[str]) -> list[str]:
    """Return the files and folders that a row is read from, beside the folder of the model."""
    folder = f"{layout.MODELS}/{row.model}"
    files = [layout.channel_path(row.model, channel) for channel in channels]
    record = [layout.version_path(row.model, row.measured)] if row.measured else []
    return [*(f"{folder}/{name}" for name in ("model.yaml", "versions", "status", "channels")), *files, *record]


def list_versions(registry: Registry, tree: Tree, documents: Documents, names: Iterable[str]) -> Listing:
    """Return one row a version of the models that are named, newest version first."""
    listing, wanted = Listing(), list(names)
    known = tree.subtree_ids(layout.MODELS)
    cache = documents.cache
    remembered = {oid: json.loads(text) for oid, text in cache.get_many("rows", known.values()).items()}
    folders = {name: registry.tree.names(_versions(name)) for name in wanted}
    current = {name: remembered.get(known.get(name, ""), []) for name in wanted}
    # A copied folder has the tree id of its model; a broken record is told of every time.
    stale = [name for name in wanted if [row[0] for row in current[name]] != [name] * len(folders[name])]
    current |= _read_rows(registry, tree, documents, listing, stale)
    for name in stale:
        _note_missing(registry, listing, name, folders[name], current[name])
    broken = {locate(finding.path).model for finding in listing.findings}
    whole = {known[name]: json.dumps(current[name]) for name in stale if name in known and name not in broken}
    cache.put_many("rows", whole)
    channels = _all_channels(registry, listing, wanted)
    _note_pointless(listing, channels, folders)
    for name in wanted:
        listing.versions.extend(_placed(current[name], channels[name], registry.yanked(name)))
    return listing


def _record(
    listing: Listing,
    channels: Mapping[str, str],
    model: str,
    version: str | None,
    records: Mapping[str, Mapping[str, Any]],
) -> Mapping[str, Any] | None:
    """Return the record of a version if it can be read and is the one that its folder says."""
    if version is None:
        return None
    path = layout.version_path(model, version)
    record = records.get(path)
    if record is None:
        channel = next((name for name, target in channels.items() if target == version), None)
        pointing = f" ({layout.channel_path(model, channel)} points to it)" if channel else ""
        listing.miss(path, f"is missing{pointing}; mintmark validate tells more")
    elif (record["model"], record["version"]) != (model, version):
        listing.miss(path, _disagreement(record))
        return None
    return record


def _disagreement(record: Mapping[str, Any]) -> str:
    return f"says that it is {record['model']} {record['version']}, and its folder says otherwise"


def _note_missing(registry: Registry, listing: Listing, name: str, folders: list[str], rows: list[list[Any]]) -> None:
    """Note each version folder without a record that can be read."""
    for version in sorted({folder for folder in folders if is_version(folder)} - {row[1] for row in rows}):
        path = layout.version_path(name, version)
        if all(finding.path != path for finding in listing.findings):
            document = registry.read("version", path)
            message = document.findings[0].message if document and document.findings else "is missing; git restore it"
            listing.miss(path, message)


def _preload(tree: Tree) -> None:
    from mintmark.registry.tree import GitTree

    if isinstance(tree, GitTree):
        tree.entries(layout.MODELS)


def _read(registry: Registry, listing: Listing, kind: str, paths: Iterable[str]) -> dict[str, Mapping[str, Any]]:
    return listing.take(registry.read_many(kind, list(paths)))


def _versions(name: str) -> str:
    return f"{layout.MODELS}/{name}/versions"


def _all_channels(registry: Registry, listing: Listing, names: Iterable[str]) -> dict[str, dict[str, str]]:
    """Return the version in each channel of each model, in the order of the settings, read in one go."""
    rules = [rule.name for rule in registry.settings.channels]
    present = {name: set(registry.tree.names(f"{layout.MODELS}/{name}/channels")) for name in names}
    paths = {
        (name, rule): layout.channel_path(name, rule)
        for name, files in present.items()
        for rule in rules
        if f"{rule}.yaml" in files
    }
    data = _read(registry, listing, "channel", paths.values())
    found: dict[str, dict[str, str]] = {name: {} for name in present}
    for (name, rule), path in paths.items():
        if path in data:
            found[name][rule] = str(data[path]["version"])
    return found


def _note_pointless(
    listing: Listing, channels: Mapping[str, Mapping[str, str]], versions: Mapping[str, Iterable[str]]
) -> None:
    """Note each channel that points to a version whose folder is not there."""
    for model, targets in channels.items():
        known = set(versions[model]) if targets else ()
        for channel, version in targets.items():
            if version not in known:
                message = f"points to {version}, and {model} has no such version; mintmark validate tells more"
                listing.miss(layout.channel_path(model, channel), message)


def _read_rows(
    registry: Registry, tree: Tree, documents: Documents, listing: Listing, names: list[str]
) -> dict[str, list[list[Any]]]:
    """Return, for each model, the fields of its version rows; what cannot be read is among the findings."""
    if not names:
        return {}
    entries = tree.entries(layout.MODELS if len(names) > 1 else f"{layout.MODELS}/{names[0]}", _is_record)
    oids = {path: entry.oid for path, entry in entries.items() if entry.mode not in git.NO_FILES}
    for path in entries.keys() - oids.keys():
        listing.miss(path, f"is {git.NO_FILES[entries[path].mode]} where a file belongs")
    metrics = {name: _metric(registry, listing, name) for name in names}
    rows: dict[str, list[list[Any]]] = {name: [] for name in names}
    for part in _batches(oids, _BATCH):
        facts = listing.take(documents.facts("version", part, version_row, tree.blobs))
        for path, data in facts.items():
            place = locate(path)
            if place.model not in rows:
                continue
            if (data["model"], data["version"]) != (place.model, place.name):
                listing.miss(path, _disagreement(data))
                continue
            rows[place.model].append(_fields(data, metrics[place.model]))
    for found in rows.values():
        found.sort(key=lambda row: parse_version(row[1]).order, reverse=True)
    return rows


_BATCH = 10_000  # rows whose facts are held at a time


def _batches(oids: Mapping[str, str], size: int) -> Iterator[dict[str, str]]:
    items = iter(oids.items())
    while part := dict(islice(items, size)):
        yield part


def _is_record(path: str) -> bool:
    return path.endswith(f"/{layout.VERSION_RECORD}") and locate(path).kind == "version"


def _fields(data: Mapping[str, Any], metric: str) -> list[Any]:
    value, low, high = data["metrics"].get(metric, (None, None, None))
    model, created, author = (intern(data[name]) for name in ("model", "created", "author"))
    return [model, data["version"], created, author, data["summary"], data["size"], metric, value, low, high]


def _metric(registry: Registry, listing: Listing, name: str) -> str:
    """Return the primary metric of a model, a dash when its identity cannot be read."""
    try:
        return registry.model(name).metric.name
    except InvalidRegistryError as error:
        listing.findings.extend(error.findings)
    except MintmarkError:
        listing.miss(layout.model_path(name), _NO_IDENTITY)
    return "-"


def _placed(rows: list[list[Any]], channels: Mapping[str, str], yanked: set[str]) -> Iterator[VersionRow]:
    places: dict[str, list[str]] = {}
    for channel, version in channels.items():
        places.setdefault(version, []).append(channel)
    make: Callable[..., VersionRow] = VersionRow
    for row in rows:
        yield make(*row, places.get(row[1], []), row[1] in yanked)
