"""The front matter of a model card, as the Hugging Face Hub reads it. Reads nothing.

Its format: https://github.com/huggingface/hub-docs/blob/main/modelcard.md. No free text gets into it, only names,
numbers and identifiers.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any, Final

from mintmark.core.words.numbers import as_float
from mintmark.registry.yaml.text import format_yaml

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mintmark.core.model import Model
    from mintmark.core.records import VersionRecord

# https://huggingface.co/docs/hub/repositories-licenses: those that SPDX names too, in lower case.
_SAME_AS_SPDX: Final = frozenset(
    (
        "afl-3.0", "agpl-3.0", "apache-2.0", "artistic-2.0", "bsd-2-clause", "bsd-3-clause", "bsd-3-clause-clear",
        "bsl-1.0", "cc-by-2.0", "cc-by-2.5", "cc-by-3.0", "cc-by-4.0", "cc-by-nc-2.0", "cc-by-nc-3.0", "cc-by-nc-4.0",
        "cc-by-nc-nd-3.0", "cc-by-nc-nd-4.0", "cc-by-nc-sa-2.0", "cc-by-nc-sa-3.0", "cc-by-nc-sa-4.0", "cc-by-nd-4.0",
        "cc-by-sa-3.0", "cc-by-sa-4.0", "cc0-1.0", "cdla-permissive-1.0", "cdla-permissive-2.0", "cdla-sharing-1.0",
        "ecl-2.0", "epl-1.0", "epl-2.0", "etalab-2.0", "eupl-1.1", "eupl-1.2", "gpl-2.0", "gpl-3.0", "isc", "lgpl-2.1",
        "lgpl-3.0", "lppl-1.3c", "mit", "mpl-2.0", "ms-pl", "ncsa", "ofl-1.1", "osl-3.0", "postgresql", "unlicense",
        "wtfpl", "zlib",
    )
)  # fmt: skip
_OTHER_NAMES: Final = {
    "c-uda-1.0": "c-uda",
    "gfdl-1.1": "gfdl",
    "gfdl-1.2": "gfdl",
    "gfdl-1.3": "gfdl",
    "lgpllr": "lgpl-lr",
    "odbl-1.0": "odbl",
    "odc-by-1.0": "odc-by",
    "pddl-1.0": "pddl",
}
_ONLY_OR_LATER: Final = re.compile(r"((?:a|l)?gpl-[0-9.]+|gfdl-[0-9.]+)(?:-only|-or-later|\+)\Z")

# Those that https://huggingface.co/metrics has; the others keep the names that they have here.
_METRIC_IDS: Final = {
    "accuracy": "accuracy",
    "brier": "brier_score",
    "f1": "f1",
    "mae": "mae",
    "mape": "mape",
    "mse": "mse",
    "precision": "precision",
    "r2": "r_squared",
    "recall": "recall",
    "roc_auc": "roc_auc",
}
_AVERAGED: Final = frozenset({"precision", "recall", "f1", "roc_auc", "average_precision"})
_HASH: Final = re.compile(r"[a-z0-9]+:([0-9a-f]{32,128})\Z")


def front_matter(model: Model, record: VersionRecord, measured: Mapping[str, Any]) -> str:
    """Return the metadata between two lines of `---`, both included, with a final newline."""
    task = f"tabular-{'regression' if measured['task'] == 'regression' else 'classification'}"
    data: dict[str, Any] = {
        **licence_fields(model.licence),
        **_library(record),
        "pipeline_tag": task,
        "tags": _tags(model, record),
        "metrics": [_METRIC_IDS[name] for name in measured["metrics"] if name in _METRIC_IDS],
    }
    if results := list(_results(task, model.metric.name, record, measured)):
        data["model-index"] = [{"name": record.model, "results": results}]
    return f"---\n{format_yaml({key: given for key, given in data.items() if given})}---\n"


def licence_fields(licence: str) -> dict[str, str]:
    """Return the Hub's identifier for an SPDX expression; `other`, with a name, where the Hub has none."""
    lowered = licence.strip().lower()
    match = _ONLY_OR_LATER.match(lowered)
    bare = match[1] if match else lowered
    known = bare if bare in _SAME_AS_SPDX else _OTHER_NAMES.get(bare)
    if known:
        return {"license": known}
    return {"license": "other", "license_name": re.sub(r"[^a-z0-9.]+", "-", lowered).strip("-.") or "unnamed"}


def _library(record: VersionRecord) -> dict[str, str]:
    """Return what loads the artifact; nothing for plain data, which no library of the Hub stands for."""
    if record.format == "skops":
        return {"library_name": "sklearn" if _is_sklearn(record) else "skops"}
    return {} if record.format == "data" else {"library_name": record.format}


def _is_sklearn(record: VersionRecord) -> bool:
    estimator = record.parameters.get("estimator")
    name = estimator.get("class") if isinstance(estimator, dict) else estimator
    if isinstance(name, str):
        return name.startswith("sklearn.")
    return "scikit-learn" in record.environment.packages


def _tags(model: Model, record: VersionRecord) -> list[str]:
    own = [] if record.format == "data" else [record.format]
    return list(dict.fromkeys([*model.tags, *own]))


def _results(task: str, primary: str, record: VersionRecord, measured: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the metrics of all evaluation rows, then those of each slice, as a configuration of the same data set.

    The Hub shows them in this order, so the primary metric comes first.
    """
    about = {"type": f"{record.model}-evaluation", "name": f"Evaluation data of {record.model}", "split": "test"}
    parts = {"": measured["metrics"], **{name: part["metrics"] for name, part in measured["slices"].items()}}
    for name, metrics in parts.items():
        one_slice = {"name": f"{about['name']}, slice {name}", "config": name} if name else {}
        entries = [
            {"type": _METRIC_IDS.get(metric, metric), "name": _metric_name(metric, measured["task"]), "value": number}
            for metric, number in sorted(_finite(metrics), key=lambda found: found[0] != primary)
        ]
        if entries:
            dataset = about | one_slice | _revision(record)
            title = task.replace("-", " ").capitalize()
            yield {"task": {"type": task, "name": title}, "dataset": dataset, "metrics": entries}


def _metric_name(metric: str, task: str) -> str:
    averaged = task == "multiclass-classification" and metric in _AVERAGED
    return f"{metric} (macro average)" if averaged else metric


def _finite(metrics: Mapping[str, Mapping[str, float]]) -> Iterator[tuple[str, float]]:
    """Yield the values that JSON has, which is how the Hub keeps them."""
    for name, data in metrics.items():
        found = as_float(data["value"])
        if math.isfinite(found):
            yield name, found


def _revision(record: VersionRecord) -> dict[str, str]:
    """Return the digest of the evaluation data, which says exactly which rows these metrics are of."""
    match = _HASH.match(record.evaluation_hash or "")
    return {"revision": match[1]} if match else {}
