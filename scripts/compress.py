"""The stage between train and evaluate of a model with `compress`: make it smaller. `compress.py MODEL`."""

from __future__ import annotations

from mintmark.training import arithmetic  # noqa: F401 - before NumPy: it settles how that computes

# isort: split

import sys
from pathlib import Path

from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from mintmark.artifacts.skops.format import import_skops_alone, load_trusted
from mintmark.core.layout import candidate_path
from mintmark.core.question import RecipeFault
from mintmark.errors import MintmarkError
from mintmark.registry.files import read_json, write_atomically
from mintmark.training import compression, tables
from mintmark.training.fit_faults import recipe_fault
from mintmark.training.recipes import read_output, read_recipe, recipe_faults


def compress(model: str) -> None:
    """Write the smaller model beside model.skops of a model's candidate; the same inputs give the same bytes."""
    recipe = read_recipe(model)
    data = read_json(Path(candidate_path(model, "data.json")))
    rows = tables.parse_parquet(read_output(candidate_path(model, "train.parquet")))
    import_skops_alone()
    trained = candidate_path(model, "model.skops")
    estimator = load_trusted(read_output(trained), trusted=recipe.trusted, name=trained)
    inputs = rows[data["inputs"]]
    with recipe_faults(model), threadpool_limits(limits=1):
        if recipe.compression is None:
            raise RecipeFault(
                (), "has no compress, and dvc.yaml has a stage compress for it; take it out of one of them"
            )
        try:
            content = compression.compress(
                estimator, inputs, rows[data["target"]], recipe.compression, seed=recipe.seed, trusted=recipe.trusted
            )
        except (RecipeFault, MintmarkError):
            raise
        except Exception as error:  # whatever scikit-learn, or a class of the team's own, says of these rows
            raise recipe_fault(error, estimator, recipe, inputs) from error
    write_atomically(candidate_path(model, recipe.artifact), content)


if __name__ == "__main__":
    try:
        compress(sys.argv[1])
    except MintmarkError as error:
        sys.exit(str(error))
