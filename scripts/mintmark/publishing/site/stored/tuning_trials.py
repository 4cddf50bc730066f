"""The trials of a search for parameters, from the trials.csv of a version. Reads no files."""

from __future__ import annotations

import csv
import io
import math
from typing import Any, Final

from mintmark.core.finding import one_line, shorten
from mintmark.core.provenance.candidate import TRIAL_COLUMNS

MOST_TRIALS: Final = 200
_MOST_BYTES: Final = 5_000_000
_MOST_PARAMETERS: Final = 30
_LONGEST: Final = 100
_OF_HALVING: Final = ("iter", "n_resources")


def tuning_trials(content: bytes) -> dict[str, Any] | None:
    """Return each trial with its score (more is more), deviation, rank and parameters; None for what is no such table.

    Of more than 200 those with the best ranks are kept, in their order. A trial without a score failed.
    """
    if len(content) > _MOST_BYTES:
        return None
    try:
        reader = csv.DictReader(io.StringIO(content.decode("utf-8"), newline=""), strict=True)
        names = list(reader.fieldnames or ())
        if not set(TRIAL_COLUMNS) <= set(names) or len(set(names)) != len(names):
            return None
        parameters = [name for name in names if name not in (*TRIAL_COLUMNS, *_OF_HALVING)][:_MOST_PARAMETERS]
        trials = [_trial(row, parameters) for row in reader]
    except (ValueError, TypeError, csv.Error):
        return None
    ranked = sorted(trials, key=lambda trial: (trial["rank"], trial["trial"]))[:MOST_TRIALS]
    return {"count": len(trials), "trials": sorted(ranked, key=lambda trial: trial["trial"])}


def _trial(row: dict[str, str], parameters: list[str]) -> dict[str, Any]:
    return {
        "trial": int(row["trial"]),
        "score": _number(row["score"]),
        "deviation": _number(row["deviation"]),
        "rank": int(row["rank"]),
        "parameters": {_text(name): _text(row[name]) for name in parameters if row[name] not in ("", None)},
    }


def _number(text: str) -> float | None:
    value = float(text) if text else math.nan
    return value if math.isfinite(value) else None


def _text(text: str) -> str:
    return shorten(one_line(text), _LONGEST)
