"""Rows about models and versions as a site lists them, without asking for each. A broken row costs itself alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mintmark.core.finding import Finding
from mintmark.core.version import is_version, parse_version
from mintmark.errors import MintmarkError
from mintmark.registry.published.tree import broken_finding
from mintmark.registry.rows import Listing, ModelRow, VersionRow

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mintmark.registry.published.tree import SiteTree
    from mintmark.registry.reading import Registry

_KINDS: dict[type, str] = {str: "text", int: "a whole number", list: "a list of texts", dict: "an object"}


class _BadRowError(ValueError):
    """A row that does not hold what a list shows."""


def list_models(registry: Registry, tree: SiteTree) -> Listing:
    """Return one row a model: two documents are read, however many models there are."""
    listing, rules = Listing(), [rule.name for rule in registry.settings.channels]
    for row in tree.rows():
        try:
            listing.models.append(_model_row(row, rules))
        except _BadRowError as error:
            place = f"models.{row['name']}"
            listing.findings.append(Finding(path=tree.address.of("models.json"), where=place, message=str(error)))
    listing.models.sort(key=lambda row: row.model)
    listing.findings += map(broken_finding, tree.all_broken())
    return listing


def list_versions(registry: Registry, tree: SiteTree, names: Iterable[str]) -> Listing:
    """Return one row a version of the models that are named, newest version first: one document a model is read."""
    listing, rules = Listing(), [rule.name for rule in registry.settings.channels]
    wanted = list(names)
    if len(wanted) > 1:
        tree.read_indexes(wanted)
    for name in wanted:
        address = tree.address.of(f"models/{name}/index.json")
        index = tree.index(name)
        if index is None:
            listing.findings.append(Finding(path=address, message="is missing, and the list of models names it"))
            continue
        listing.findings += map(broken_finding, tree.broken(name))
        try:
            metric = registry.model(name).metric.name
        except MintmarkError as error:
            known = {str(finding) for finding in listing.findings}
            listing.findings += [found for found in getattr(error, "findings", ()) if str(found) not in known]
            metric = "-"
        targets = tree.channels(name)
        rows = []
        for row in tree.version_rows(name):
            places = [rule for rule in rules if targets.get(rule) == row["version"]]
            try:
                rows.append(_version_row(row, name, metric, places))
            except _BadRowError as error:
                listing.findings.append(Finding(path=address, where=f"versions.{row['version']}", message=str(error)))
        listing.versions += sorted(rows, key=lambda row: parse_version(row.version).order, reverse=True)
    return listing


def _model_row(row: Mapping[str, Any], rules: list[str]) -> ModelRow:
    channels = _get(row, "channels", dict)
    targets = {rule: target for rule in rules if (target := _version(channels, rule)) is not None}
    return ModelRow(
        model=row["name"],
        task=_get(row, "task", str),
        owners=_texts(row, "owners"),
        versions=_get(row, "versions", int),
        latest=_version(row, "latest"),
        channels=targets,
        metric=_get(_get(row, "metric", dict), "name", str),
        measured=_version(row, "measured"),
        value=_number(row, "value"),
        low=_number(row, "low"),
        high=_number(row, "high"),
    )


def _version_row(row: Mapping[str, Any], model: str, metric: str, places: list[str]) -> VersionRow:
    interval = _get(row, "metrics", dict).get(metric, {})
    measured = interval if isinstance(interval, dict) else {}
    return VersionRow(
        model=model,
        version=row["version"],
        created=_get(row, "created", str),
        author=_get(row, "author", str),
        summary=_get(row, "summary", str).strip().partition("\n")[0],
        size=_get(_get(row, "artifact", dict), "size", int),
        metric=metric,
        value=_number(measured, "value"),
        low=_number(measured, "low"),
        high=_number(measured, "high"),
        channels=places,
        yanked=row.get("yanked") is not None,
    )


def _get(row: Mapping[str, Any], key: str, kind: type) -> Any:
    value = row.get(key)
    if not isinstance(value, kind) or isinstance(value, bool):
        raise _BadRowError(f"{key} is not {_KINDS[kind]}")
    return value


def _texts(row: Mapping[str, Any], key: str) -> list[str]:
    values = _get(row, key, list)
    if not all(isinstance(value, str) for value in values):
        raise _BadRowError(f"{key} is not {_KINDS[list]}")
    return list(values)


def _version(row: Mapping[str, Any], key: str) -> str | None:
    value = row.get(key)
    if value is not None and not is_version(str(value)):
        raise _BadRowError(f"{key} is no version")
    return value


def _number(row: Mapping[str, Any], key: str) -> float | None:
    value = row.get(key)
    if value is not None and (not isinstance(value, (int, float)) or isinstance(value, bool)):
        raise _BadRowError(f"{key} is no number")
    return value
