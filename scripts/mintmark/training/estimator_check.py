"""Every fault of an estimator and its search that can be told before anything is fitted. Reads no files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mintmark.artifacts.skops.format import dump_canonical, import_skops_alone, load_trusted
from mintmark.core.question import RecipeFault
from mintmark.errors import MintmarkError
from mintmark.training import tuning
from mintmark.training.estimators import build

if TYPE_CHECKING:
    from mintmark.core.question import Question
    from mintmark.training.recipe import Recipe


def estimator_faults(recipe: Recipe, question: Question) -> list[RecipeFault]:
    """Return what is wrong with the estimator, its search space and its metric, and whether it could not be stored.

    It is written as it is, not fitted. What only fitting brings in is found when the model is stored.
    """
    faults = tuning.search_faults(recipe.estimator, recipe.tuning, question, seed=recipe.seed)
    if any(fault.place[:1] == ("estimator",) for fault in faults):
        return faults
    import_skops_alone()
    try:
        stored = dump_canonical(build(recipe.estimator, seed=recipe.seed))
        load_trusted(stored, trusted=recipe.trusted, name="the estimator")
    except MintmarkError as error:
        faults.append(RecipeFault(("estimator",), f"it could not be stored, so nothing is trained: {error}"))
    return faults
