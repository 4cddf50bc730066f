"""`mintmark list`: one line a model, or one line a version."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

from mintmark.commands.opening import open_registry
from mintmark.commands.text_columns import EMPTY, format_table
from mintmark.core.finding import shorten
from mintmark.core.words.numbers import interval

if TYPE_CHECKING:
    from pathlib import Path

    from mintmark.registry.reading import Registry
    from mintmark.registry.rows import Listing, ModelRow, VersionRow


def list_registry(
    root: Path,
    *,
    model: str | None,
    versions: bool,
    candidates: bool,
    at: str | None,
    as_json: bool,
    site: str | None = None,
) -> int:
    """Print the models of a registry, their candidates, or the versions of one or of all; 1 when a file is broken."""
    registry = open_registry(root, site=site, at=at)
    if candidates:
        registry.require_clone("candidates")
        from mintmark.commands.candidates import show_candidates

        return show_candidates(registry, as_json=as_json)
    if model is not None:
        registry.require_model(model)
    by_version = versions or model is not None
    models = [model] if model else registry.models()
    listing = registry.list_versions(models) if by_version else registry.list_models()
    print(_as_json(listing, by_version) if as_json else _as_text(listing, registry, by_version))
    for finding in listing.findings:
        print(f"mintmark: {finding}", file=sys.stderr)
    return 1 if listing.findings else 0


def _as_json(listing: Listing, by_version: bool) -> str:
    rows = [asdict(row) for row in (listing.versions if by_version else listing.models)]
    document = {("versions" if by_version else "models"): rows, "findings": [asdict(f) for f in listing.findings]}
    return json.dumps(document, indent=2, ensure_ascii=False)


def _as_text(listing: Listing, registry: Registry, by_version: bool) -> str:
    if by_version:
        if not listing.versions:
            return "There is no version yet. Make one: dvc repro, then mintmark propose MODEL"
        headers = ("version", "created", "metric", "value", "where", "author", "summary")
        several = len({row.model for row in listing.versions}) > 1
        rows = [_version_cells(row) for row in listing.versions]
        if several:
            return format_table(("model", *headers), rows)
        return format_table(headers, [row[1:] for row in rows])
    if not listing.models:
        return "There is no model yet: mintmark add MODEL --data FILE --target COLUMN adds one."
    channels = [rule.name for rule in registry.settings.channels]
    rows = [_model_cells(row, channels) for row in listing.models]
    return format_table(("model", *channels, "latest", "versions", "metric", "value", "owners"), rows)


def _model_cells(row: ModelRow, channels: list[str]) -> list[str]:
    places = [row.channels.get(channel, EMPTY) for channel in channels]
    measured = EMPTY if row.value is None else interval(row.value, row.low, row.high)
    return [row.model, *places, row.latest or EMPTY, f"{row.versions:,}", row.metric, measured, " ".join(row.owners)]


def _version_cells(row: VersionRow) -> list[str]:
    where = ", ".join([*row.channels, *(["yanked"] if row.yanked else [])]) or EMPTY
    author = row.author.partition(" <")[0]
    measured = EMPTY if row.value is None else interval(row.value, row.low, row.high)
    summary = shorten(row.summary, 60)
    return [row.model, row.version, row.created[:10], row.metric, measured, where, author, summary]
