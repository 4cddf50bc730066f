"""Load a pickled estimator, which runs whatever code it holds: for a confined process alone, as `conversion_worker`."""

from __future__ import annotations

import pickle
import warnings
from importlib import metadata
from typing import TYPE_CHECKING, Any, Final

from mintmark.artifacts.confined.model_answers import describe
from mintmark.artifacts.foreign import why_not_framework
from mintmark.errors import MintmarkError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pandas as pd

_SEARCHES: Final = ("sklearn.model_selection._search", "sklearn.model_selection._search_successive_halving")
_OTHERWISE: Final = "or export the model to ONNX where it was trained"
_MOST_NAMES: Final = 5


def load_pickled(path: Path) -> Any:
    """Return the object in a pickle as pickle, joblib or cloudpickle write it, packed or not.

    Raises `MintmarkError` with a sentence that begins with the path.
    """
    import joblib
    from sklearn.exceptions import InconsistentVersionWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", InconsistentVersionWarning)
        try:
            return joblib.load(path)
        except MemoryError:
            raise
        except InconsistentVersionWarning as warning:
            raise MintmarkError(f"{path}: {_of_another_version(warning)}") from None
        except ModuleNotFoundError as error:
            raise MintmarkError(f"{path}: {_needs_module(error.name or str(error))}") from None
        except AttributeError as error:
            raise MintmarkError(f"{path}: {_needs_definition(str(error))}") from None
        except (pickle.UnpicklingError, EOFError, KeyError, IndexError, UnicodeError) as error:
            raise MintmarkError(
                f"{path}: is no pickle of pickle, joblib or cloudpickle ({describe(error)[:160]}); "
                "save the estimator again with joblib.dump"
            ) from None
        except Exception as error:  # whatever its own code raises
            raise MintmarkError(
                f"{path}: cannot be loaded here, without network and other files ({describe(error)[:200]}); "
                f"train it again with scikit-learn {metadata.version('scikit-learn')}, {_OTHERWISE}"
            ) from None


def estimator_in(loaded: Any, path: Path) -> tuple[Any, str]:
    """Return the estimator to convert and what it was taken out of, if anything; raise `MintmarkError` for none."""
    kind = type(loaded)
    advice = why_not_framework(kind.__module__)
    if advice:
        raise MintmarkError(f"{path}: {advice}")
    if _is_search(loaded):
        return loaded.best_estimator_, kind.__name__
    if hasattr(loaded, "predict"):
        return loaded, ""
    if isinstance(loaded, dict):
        keys = ", ".join(map(str, list(loaded)[:_MOST_NAMES]))
        raise MintmarkError(f"{path}: holds a dictionary ({keys}); save the estimator in it by itself with joblib.dump")
    raise MintmarkError(
        f"{path}: holds a {kind.__module__}.{kind.__qualname__}, which has no predict; "
        "save the whole model, such as a Pipeline with its last step, with joblib.dump"
    )


def _is_search(model: Any) -> bool:
    """Whether it is a finished search of scikit-learn's, which asks its `best_estimator_` for every prediction."""
    return type(model).__module__ in _SEARCHES and hasattr(model, "best_estimator_")


def without_search(model: Any) -> Any:
    """Return an estimator that answers the same: of a search, also at the end of a pipeline, the best one."""
    if _is_search(model):
        return without_search(model.best_estimator_)
    return _with_last_step(model, without_search)


def without_tuning(model: Any) -> Any:
    """Return an estimator that answers the same, with a tuned threshold as a fixed one: how it was found is code."""
    from sklearn.model_selection import FixedThresholdClassifier, TunedThresholdClassifierCV

    if type(model) is not TunedThresholdClassifierCV:
        return _with_last_step(model, without_tuning)
    fixed = FixedThresholdClassifier(
        model.estimator_,
        threshold=float(model.best_threshold_),
        pos_label=model._curve_scorer._get_pos_label(),
        response_method=model.response_method,
    )
    for name in ("estimator_", "n_features_in_", "feature_names_in_"):
        if hasattr(model, name):
            setattr(fixed, name, getattr(model, name))
    return fixed


def _with_last_step(model: Any, change: Callable[[Any], Any]) -> Any:
    """Return a pipeline with its last step changed; as it is, any other estimator and where nothing changed."""
    from sklearn.pipeline import Pipeline

    if not isinstance(model, Pipeline):
        return model
    *first, (name, last) = model.steps
    made = change(last)
    return model if made is last else Pipeline([*first, (name, made)], memory=model.memory, verbose=model.verbose)


def columns_for(model: Any, rows: pd.DataFrame, path: Path) -> list[int]:
    """Return the positions of the columns that a model was fitted on; raise `MintmarkError` where some are missing."""
    names = list(map(str, getattr(model, "feature_names_in_", ())))
    if names:
        places = {str(name): place for place, name in enumerate(rows.columns)}
        missing = [name for name in names if name not in places]
        if missing:
            more = f" and {len(missing) - 1} more" if missing[1:] else ""
            raise MintmarkError(
                f'{path}: was fitted on the column "{missing[0]}"{more}, which the rows lack; add it to them'
            )
        return [places[name] for name in names]
    count = getattr(model, "n_features_in_", None)
    if isinstance(count, int) and count != rows.shape[1]:
        raise MintmarkError(
            f"{path}: was fitted on {count} columns without names, and the rows have {rows.shape[1]}; "
            "give the rows those columns in that order, and name the target with --target"
        )
    return list(range(rows.shape[1]))


def _of_another_version(warning: Any) -> str:
    return (
        f"was written by scikit-learn {warning.original_sklearn_version}, and here is "
        f"{warning.current_sklearn_version}, which may answer otherwise ({warning.estimator_name}); "
        f"train it again with {warning.current_sklearn_version}, {_OTHERWISE}"
    )


def _needs_module(name: str) -> str:
    advice = why_not_framework(name)
    if advice:
        return advice
    return (
        f"needs the module {describe(name)[:80]}, which is not installed here; install it (your own one as a package), "
        f"{_OTHERWISE}"
    )


def _needs_definition(text: str) -> str:
    what = describe(text)[:160]
    if "__main__" in text:
        return f"needs what a script or notebook defined ({what}); move that to an installed module, and save it again"
    return f"needs what its libraries no longer have ({what}); train it again with those installed here, {_OTHERWISE}"
