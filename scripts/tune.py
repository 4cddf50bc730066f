"""Stage 2 of 4: search for the best parameters by cross-validation on the training rows. `tune.py MODEL`."""

from __future__ import annotations

from mintmark.training import arithmetic  # noqa: F401 - before NumPy: it settles how that computes

# isort: split

import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mintmark.core.layout import candidate_path
from mintmark.core.question import raise_faults
from mintmark.errors import MintmarkError
from mintmark.extras import install_line
from mintmark.registry.files import format_json, read_json, write_atomically
from mintmark.training import tables, tuning
from mintmark.training.estimator_check import estimator_faults
from mintmark.training.folds import fold_kind, kept_by
from mintmark.training.recipes import read_both, read_output, recipe_faults

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mintmark.training.recipe import Compute

DASK_TIMEOUT = 10  # seconds


def tune(model: str) -> None:
    """Write best.json and trials.csv of a model's candidate."""
    recipe, question = read_both(model)
    data = read_json(Path(candidate_path(model, "data.json")))
    train = tables.parse_parquet(read_output(candidate_path(model, "train.parquet")))
    with recipe_faults(model), backend(recipe.compute):
        raise_faults(estimator_faults(recipe, question))
        kept = kept_by(data["split"], train, question)
        found = tuning.search(
            recipe.estimator,
            recipe.tuning,
            question,
            train[data["inputs"]],
            train[data["target"]],
            seed=recipe.seed,
            kept=kept,
            progress=sys.stdout.isatty() and recipe.compute.kind != "dask",
            decimal=recipe.source.decimal,
        )
    best: dict[str, Any] = {
        "schema": 1,
        "search": recipe.tuning.search,
        "metric": recipe.tuning.metric or question.metric,
        "folds": recipe.tuning.folds,
        "fold_kind": fold_kind(kept, is_classification=question.is_classification),
        "trials": len(found.trials),
        "score": {"mean": found.score, "std": found.deviation},
        "parameters": found.parameters,
    }
    write_atomically(candidate_path(model, "trials.csv"), tables.format_csv(found.trials))
    write_atomically(candidate_path(model, "best.json"), format_json(best).encode())


@contextmanager
def backend(compute: Compute) -> Iterator[None]:
    """Have joblib run where `compute` says, each with one thread, so that the place changes no digit."""
    import joblib
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    with threadpool_limits(limits=1):
        if compute.kind == "sequential":
            yield
        elif compute.kind == "loky":
            with joblib.parallel_config(backend="loky", n_jobs=compute.jobs, inner_max_num_threads=1):
                yield
        else:
            with _dask_client(str(compute.address)), joblib.parallel_config(backend="dask"):
                yield


def _dask_client(address: str) -> Any:
    try:
        from distributed import Client
    except ImportError:
        raise MintmarkError(
            f"params.yaml: compute: a Dask cluster needs the extra `dask`: {install_line('dask')}; "
            "or write compute: loky:2"
        ) from None
    try:
        client = Client(address, timeout=DASK_TIMEOUT)  # type: ignore[no-untyped-call]
        workers = client.scheduler_info()["workers"]
    except (OSError, TimeoutError, ValueError) as error:
        raise MintmarkError(
            f"params.yaml: compute: no Dask scheduler answers at {address} ({type(error).__name__}); "
            "start it (dask scheduler), or write compute: loky:2"
        ) from None
    if not workers:
        client.close()  # type: ignore[no-untyped-call]
        raise MintmarkError(
            f"params.yaml: compute: the Dask scheduler at {address} has no workers; start dask worker {address}"
        )
    return client


if __name__ == "__main__":
    try:
        tune(sys.argv[1])
    except MintmarkError as error:
        sys.exit(str(error))
