"""Stage 3 of 4: fit the estimator with the best parameters on all training rows. `train.py MODEL`."""

from __future__ import annotations

from mintmark.training import arithmetic  # noqa: F401 - before NumPy: it settles how that computes

# isort: split

import sys
from pathlib import Path

from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from mintmark.artifacts.skops.format import dump_canonical, import_skops_alone
from mintmark.core.layout import candidate_path
from mintmark.errors import MintmarkError
from mintmark.registry.files import read_json, write_atomically
from mintmark.training import estimators, tables
from mintmark.training.fit_faults import recipe_fault
from mintmark.training.recipes import read_output, read_recipe, recipe_faults


def train(model: str) -> None:
    """Write model.skops of a model's candidate; the same inputs give the same bytes."""
    recipe = read_recipe(model)
    data = read_json(Path(candidate_path(model, "data.json")))
    best = read_json(Path(candidate_path(model, "best.json")))
    rows = tables.parse_parquet(read_output(candidate_path(model, "train.parquet")))
    with recipe_faults(model), threadpool_limits(limits=1):
        estimator = estimators.build(recipe.estimator, seed=recipe.seed)
        estimators.set_parameters(estimator, best["parameters"], seed=recipe.seed, trusted=recipe.trusted)
        try:
            estimator.fit(rows[data["inputs"]], rows[data["target"]])
        except Exception as error:  # whatever scikit-learn, or a class of the team's own, says of these rows
            raise recipe_fault(error, estimator, recipe, rows[data["inputs"]]) from error
    import_skops_alone()
    write_atomically(candidate_path(model, "model.skops"), dump_canonical(estimator))


if __name__ == "__main__":
    try:
        train(sys.argv[1])
    except MintmarkError as error:
        sys.exit(str(error))
