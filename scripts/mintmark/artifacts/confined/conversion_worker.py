"""Load a pickled model, write it in another format and say what it answers: `python -m ...conversion_worker FOLDER`.

`conversion` starts it confined: the pickle runs code of its own in here. job.json is in the folder, beside the rows.
The answer and the converted model go to the files that are already there for them. No other process loads the pickle.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from mintmark.artifacts.confined.model_worker import (
    ANSWER,
    JOB,
    answer_or_refusal,
    ask_model,
    classes_named,
    read_table,
)
from mintmark.artifacts.confined.onnx_export import export_onnx
from mintmark.artifacts.confined.pickled_model import (
    columns_for,
    estimator_in,
    load_pickled,
    without_search,
    without_tuning,
)
from mintmark.core.conversion.edges import find_edges
from mintmark.core.conversion.probes import Edit, make_probes
from mintmark.errors import MintmarkError

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

CONVERTED: Final = "converted"
_HALVING_SECONDS: Final = 25.0  # of the processor


def main(folder: Path) -> None:
    """Do the job in a folder, and write the answer beside it."""
    job = json.loads((folder / JOB).read_bytes())
    (folder / ANSWER).write_text(json.dumps(answer_or_refusal(lambda: _work(folder, job))), "utf-8")


def _work(folder: Path, job: Mapping[str, Any]) -> dict[str, Any]:
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    path = Path(job["pickle"])
    with threadpool_limits(limits=1):
        model, taken_from = estimator_in(load_pickled(path), path)
        rows = read_table(folder / job["tables"]["rows"], job["objects"]["rows"])
        columns = columns_for(model, rows, path)
        rows = rows.iloc[:, columns]
        _require_answer(model, rows, path)
        (folder / CONVERTED).write_bytes(_convert(model, rows, job["format"], path))
        edits = _edges(model, rows)
        answers = {name: ask_model(model, table) for name, table in make_probes(rows, edits).items()}
    about = {"type": _type_name(model), "taken_from": taken_from, "columns": columns}
    run = {"classes": classes_named(model), "answers": answers, "cost": {}}
    return {"about": about, "edits": [list(edit) for edit in edits], "run": run}


def _convert(model: Any, rows: pd.DataFrame, artifact_format: str, path: Path) -> bytes:
    from mintmark.artifacts.skops.format import dump_canonical

    model = without_search(model)
    try:
        return export_onnx(model, rows) if artifact_format == "onnx" else dump_canonical(without_tuning(model))
    except MintmarkError as error:
        otherwise = "; leave out --to onnx" if artifact_format == "onnx" else ""
        raise MintmarkError(f"{path}: {error}{otherwise}") from error


def _require_answer(model: Any, rows: pd.DataFrame, path: Path) -> None:
    answer = ask_model(model, rows)
    if "error" in answer:
        _require_one_target(model, rows, path)
        raise MintmarkError(
            f"{path}: does not answer the rows ({answer['error']}); give it rows as it was trained on, and name a "
            "column that is the truth with --target"
        )
    if len(model.predict(rows)) != len(rows):
        raise MintmarkError(
            f"{path}: takes something else than a table, such as a list of texts; wrap it: "
            'ColumnTransformer([("text", vectorizer, "COLUMN")]) before the estimator, and fit that'
        )


def _require_one_target(model: Any, rows: pd.DataFrame, path: Path) -> None:
    """Raise `MintmarkError` for a model that answers each row with several values, or with one in a table."""
    import numpy as np

    try:
        found = np.asarray(model.predict(rows))
    except MemoryError:
        raise
    except Exception:  # which `ask_model` has told
        return
    if found.ndim != 2 or len(found) != len(rows):
        return
    width = found.shape[1]
    if width == 1:
        raise MintmarkError(
            f"{path}: was fitted on a table with one target, and answers with such a table; "
            "fit it again on the column alone, such as y.ravel()"
        )
    raise MintmarkError(
        f"{path}: predicts {width} values for each row, and a model here has one target; fit one model for each of them"
    )


def _edges(model: Any, rows: pd.DataFrame) -> list[Edit]:
    codes: dict[Any, float] = {}

    def ask(table: pd.DataFrame) -> NDArray[Any]:
        """Return labels as numbers, and probabilities beside them: a jump of either is one."""
        import numpy as np

        found = np.asarray(model.predict(table))
        if found.dtype.kind != "f":
            found = np.array([codes.setdefault(label, float(len(codes))) for label in found.tolist()])
        found = found.reshape(len(table), -1)
        return np.hstack([found, model.predict_proba(table)]) if hasattr(model, "predict_proba") else found

    deadline = time.process_time() + _HALVING_SECONDS
    try:
        return find_edges(ask, rows, go_on=lambda: time.process_time() < deadline)
    except MemoryError:
        raise
    except Exception:  # a model that refuses such values has no threshold there
        return []


def _type_name(model: Any) -> str:
    kind = type(model)
    return f"{kind.__module__}.{kind.__qualname__}"


if __name__ == "__main__":
    main(Path(sys.argv[1]))
    os._exit(0)  # a thread that the pickle started would go on until time is up
