"""What a whole-registry read keeps of each record, as small JSON values. Pure: another process may run them."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from mintmark.core.layout import POINTER_SUFFIX
from mintmark.core.records import format_pointer, stored_files
from mintmark.registry.documents import blob_oid

if TYPE_CHECKING:
    from collections.abc import Mapping


def version_row(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return what lists show of a version record; each metric as its value with the bounds of its interval."""
    return {
        "model": record["model"],
        "version": record["version"],
        "created": record["created"],
        "author": record["author"],
        "summary": record["summary"].strip().partition("\n")[0],
        "size": record["artifact"]["size"],
        "metrics": {name: [i["value"], i.get("low"), i.get("high")] for name, i in record["metrics"].items()},
    }


def version_facts(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return what validation compares of a version record.

    `pointers` has the blob id that each `.dvc` file beside the record must have, `stored` the md5 and size of each
    file, `measured` a digest of the metrics.
    """
    files = stored_files(record)
    return {
        "model": record["model"],
        "version": record["version"],
        "measured": _measured(record["metrics"]),
        "pointers": {file.name + POINTER_SUFFIX: blob_oid(format_pointer(file).encode()) for file in files},
        "stored": {file.name: [file.md5, file.size] for file in files},
    }


def whole(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a document as it is: settings, models, channels and status files are few and small."""
    return document


def metrics_facts(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return what validation compares of a metrics.json."""
    return {"measured": _measured(document["metrics"])}


def _measured(metrics: Mapping[str, Any]) -> str:
    return hashlib.md5(json.dumps(metrics, sort_keys=True).encode(), usedforsecurity=False).hexdigest()
