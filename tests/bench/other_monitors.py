"""Ask Evidently or NannyML about made-up windows, with their defaults; runs in an environment that has one of them.

`python other_monitors.py evidently|nannyml REFERENCE_ROWS ROWS SAMPLES` prints one JSON list for each window: the names of
the columns that it alarms about. The rows are those that tests/bench/monitoring.py draws.
"""

from __future__ import annotations

import json
import sys
import warnings
from typing import TYPE_CHECKING

import pandas as pd
from production import MIXED, TEXTS, shifted_window

if TYPE_CHECKING:
    from production import Table


def frame(table: Table) -> pd.DataFrame:
    """Return the table with categories as text, as a log has them."""
    texts = [name for name, kind in MIXED.columns().items() if kind in TEXTS]
    return pd.DataFrame(table).astype(dict.fromkeys(texts, "str"))


def ask_evidently(reference: pd.DataFrame, window: pd.DataFrame) -> list[str]:
    """Its preset for drift is these metrics and their dashboard."""
    from evidently import Report
    from evidently.metrics import ValueDrift

    found = Report([ValueDrift(column=name) for name in window]).run(window, reference).dict()["metrics"]
    return [each["config"]["column"] for each in found if _has_drifted(each["config"], each["value"])]


def _has_drifted(config: dict[str, object], value: float) -> bool:
    is_p_value = "p_value" in str(config["method"])
    return value < config["threshold"] if is_p_value else value >= config["threshold"]  # type: ignore[operator,no-any-return]


def ask_nannyml(reference: pd.DataFrame, window: pd.DataFrame) -> list[str]:
    """A window is a chunk, and so many rows of the reference are one."""
    import nannyml

    asked = nannyml.UnivariateDriftCalculator(column_names=list(window), chunk_size=len(window)).fit(reference)
    found = asked.calculate(window).filter(period="analysis").to_df()
    return [name for name in window if bool(found[name]["jensen_shannon"]["alert"].iloc[0])]


def main() -> None:
    """Print what one of them says of each window."""
    warnings.simplefilter("ignore")
    ask = {"evidently": ask_evidently, "nannyml": ask_nannyml}[sys.argv[1]]
    reference_rows, rows, samples = map(int, sys.argv[2:])
    for seed in range(samples):
        reference, window = map(frame, shifted_window(seed, reference_rows, rows))
        print(json.dumps(ask(reference, window)), flush=True)


if __name__ == "__main__":
    main()
