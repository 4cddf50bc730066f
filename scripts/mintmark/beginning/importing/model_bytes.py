"""Hold a model file of somebody else's to what a registry keeps (R8), and read the rows that came with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from mintmark.artifacts.formats import canonical_artifact, detect_format
from mintmark.beginning.importing.found import ImportRefused
from mintmark.core.finding import Finding
from mintmark.registry.files import parse_json
from mintmark.registry.yaml.faults import YamlFault

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mintmark.beginning.importing.found import Made

_MOST_EXAMPLES = 10_000


def example_rows(made: Made) -> pd.DataFrame | None:
    """Return the rows that a model was logged with, in the types of its signature; None where there are none."""
    if made.example is None or made.signature is None:
        return None
    try:
        told = parse_json(made.example, limit=len(made.example))
    except YamlFault:
        return None
    columns, data = (told.get(key) for key in ("columns", "data")) if isinstance(told, dict) else (None, None)
    if not isinstance(columns, list) or not isinstance(data, list) or not data:
        return None
    inputs = made.signature["inputs"]
    rows = [row for row in data[:_MOST_EXAMPLES] if isinstance(row, list) and len(row) == len(columns)]
    if [str(column) for column in columns] != list(inputs) or not rows:
        return None
    frame = pd.DataFrame(rows, columns=list(inputs))
    try:
        return frame.astype({name: kind for name, kind in inputs.items() if kind != "str"})
    except (TypeError, ValueError):
        return frame


def require_stored(content: bytes, made: Made, trusted: Sequence[str]) -> tuple[bytes, str]:
    """Return a model file as the registry keeps it, and its form; raise `ImportRefused` for what it never keeps."""
    found = detect_format(content, name=made.path)
    if isinstance(found, Finding):
        raise ImportRefused(found.message)
    if found != made.form:
        raise ImportRefused(f"{made.path} holds {found}, and is said to be {made.form}; log the model again")
    content, faults = canonical_artifact(content, name=made.path, declared_format=found, trusted=trusted)
    if faults:
        raise ImportRefused("; ".join(fault.message for fault in faults[:3]))
    return content, found
