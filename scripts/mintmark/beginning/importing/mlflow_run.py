"""What a run of MLflow says, as values: parameters, metrics, tags and the data that it had. Loads nothing."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from mintmark.beginning.importing.found import kept, text
from mintmark.core.moment import format_moment

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mintmark.beginning.importing.mlflow_server import MlflowServer

HISTORY: Final = "mlflow.log-model.history"  # the tag of a run in which MLflow 2 copies each MLmodel
_LAST: Final = datetime(9999, 1, 1, tzinfo=UTC).timestamp()


def read_run(server: MlflowServer, run_id: str) -> tuple[Mapping[str, Any], str]:
    """Return a run, empty where it is gone, and what to note of it."""
    run = (server.ask("runs/get", run_id=run_id) or {}).get("run")
    if not isinstance(run, dict):
        return {}, f"its run {text(run_id)[:40]} is gone, and its parameters and metrics with it"
    info = run.get("info")
    deleted = isinstance(info, dict) and info.get("lifecycle_stage") == "deleted"
    return run, "its run is deleted, and still told" if deleted else ""


def data_of(run: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what a run has logged."""
    found = run.get("data")
    return found if isinstance(found, dict) else {}


def metrics_of(run: Mapping[str, Any]) -> dict[str, float]:
    """Return the last value of each metric of a run."""
    return numbers_in(data_of(run).get("metrics"))


def pairs_in(entries: object) -> dict[str, Any]:
    """Return what MLflow tells as a list of keys and values."""
    found = [entry for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []
    return {str(entry["key"]): entry.get("value") for entry in found if "key" in entry}


def numbers_in(entries: object) -> dict[str, float]:
    """Return the finite metrics of such a list."""
    told = ((key, value) for key, value in pairs_in(entries).items() if isinstance(value, int | float))
    return {key: float(value) for key, value in told if math.isfinite(value)}


def told_of_run(run: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a record keeps of a run."""
    data = data_of(run)
    info = run.get("info") if isinstance(run.get("info"), dict) else {}
    inputs = run.get("inputs") if isinstance(run.get("inputs"), dict) else {}
    told = {
        "name": text((info or {}).get("run_name") or ""),
        "started": moment((info or {}).get("start_time")),
        "ended": moment((info or {}).get("end_time")),
        "status": text((info or {}).get("status") or ""),
        "lifecycle": text((info or {}).get("lifecycle_stage") or ""),
        "params": kept(pairs_in(data.get("params"))),
        "metrics": kept(metrics_of(run)),
        "tags": kept({key: value for key, value in pairs_in(data.get("tags")).items() if key != HISTORY}),
        "datasets": _datasets((inputs or {}).get("dataset_inputs")),
    }
    return {key: value for key, value in told.items() if value not in ("", {}, [])}


def _datasets(entries: object) -> list[dict[str, Any]]:
    """Return the lineage that a run has logged: the names, digests and sources of its data."""
    found = []
    for entry in entries[:20] if isinstance(entries, list) else ():
        data = entry.get("dataset") if isinstance(entry, dict) else None
        if isinstance(data, dict):
            fields = ("name", "digest", "source_type", "source", "profile")
            found.append({name: text(data[name]) for name in fields if data.get(name)}
                         | {"context": text(pairs_in(entry.get("tags")).get("mlflow.data.context") or "")})  # fmt: skip
    return found


def moment(milliseconds: object) -> str:
    """Return a time in UTC for milliseconds since 1970, which servers tell as a number or a text; nothing for none."""
    shown = str(milliseconds or "")
    if not (shown.isdecimal() and shown.isascii() and len(shown) < 18) or int(shown) / 1000 > _LAST:
        return ""
    return format_moment(int(shown) // 1000)
