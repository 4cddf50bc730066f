"""A model that holds every table that it is asked about against its signature first. Imports no pandas by itself."""

from __future__ import annotations

import warnings
from contextlib import contextmanager
from html import escape
from typing import TYPE_CHECKING, Any

from mintmark.errors import InputError, MintmarkError

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd
    from numpy.typing import NDArray

    from mintmark.core.records import Signature

_MOST_SHOWN = 12


class LoadedModel:
    """A loaded model: `predict` and `predict_proba` take rows by the names of their columns, in any order.

    `reference` says which version it is, `signature` what it takes and gives. `estimator` is the bare one, which checks
    nothing of this. With `as_given`, nobody said what it takes, and rows go to it as they are.
    """

    def __init__(self, estimator: Any, signature: Signature, *, reference: str, as_given: bool = False) -> None:
        self.estimator, self.signature, self.reference = estimator, signature, reference
        self._as_given = as_given

    def predict(self, rows: Any) -> NDArray[Any]:
        """Return the prediction for each row, shape (n,).

        `rows` is a DataFrame, a list of dictionaries, a dictionary of lists or an Arrow table: their columns are taken
        by name, and further ones are ignored. A two-dimensional array is taken by position. Raises `InputError` for
        rows that do not fit the signature.
        """
        return self._ask("predict", self.fit_inputs(rows))

    def predict_proba(self, rows: Any) -> NDArray[Any]:
        """Return the probability of each class for each row, shape (n, k), in the order of `signature.classes`.

        Raises what `predict` raises, and `MintmarkError` where the model gives none.
        """
        if not hasattr(self.estimator, "predict_proba"):
            raise MintmarkError(f"{self.reference} gives no probabilities; ask it for predict")
        return self._ask("predict_proba", self.fit_inputs(rows))

    def fit_inputs(self, rows: Any, *, first_row: int = 0) -> pd.DataFrame:
        """Return rows as the table that the estimator is asked about; raise `InputError`, counting from `first_row`."""
        from mintmark.core.signature.inputs import InputFault, as_table, fit_inputs

        try:
            if self._as_given:
                return as_table(rows)
            return fit_inputs(rows, self.signature.inputs, first_row=first_row)
        except InputFault as fault:
            raise InputError(str(fault), fault.columns) from None

    def _ask(self, method: str, table: pd.DataFrame) -> NDArray[Any]:
        ask = getattr(self.estimator, method, None)
        if ask is None:
            raise MintmarkError(f"{self.reference} holds a {type(self.estimator).__name__}, which has no {method}")
        try:
            with _no_word_of_names(self.estimator):
                answer: NDArray[Any] = ask(table)
        except Exception as error:
            for note in _missing_values(table):
                error.add_note(note)
            raise
        return answer

    def __repr__(self) -> str:
        """`LoadedModel breast-cancer@1.1.0 (Pipeline): 30 inputs, 2 classes`."""
        about = ["inputs not said" if self._as_given else f"{len(self.signature.inputs):,} inputs"]
        about += [f"{len(self.signature.classes):,} classes"] if self.signature.classes else []
        return f"LoadedModel {self.reference} ({type(self.estimator).__name__}): {', '.join(about)}"

    def _repr_html_(self) -> str:
        """Return what a notebook shows: reference, estimator, inputs with their types, and classes."""
        rows = [("estimator", type(self.estimator).__name__)]
        rows += [("inputs", _shortened(f"{name} ({kind})" for name, kind in self.signature.inputs.items()))]
        if self.signature.classes:
            rows.append(("classes", _shortened(map(str, self.signature.classes))))
        cells = "".join(f"<tr><th>{escape(name)}</th><td>{escape(text)}</td></tr>" for name, text in rows)
        return f"<table><caption>{escape(self.reference)}</caption><tbody>{cells}</tbody></table>"

    def __getattr__(self, name: str) -> Any:
        estimator = self.__dict__.get("estimator")
        hint = (
            f"; the estimator has: .estimator.{name}" if not name.startswith("__") and hasattr(estimator, name) else ""
        )
        raise AttributeError(f"a loaded model has no {name!r}{hint}")


@contextmanager
def _no_word_of_names(estimator: Any) -> Iterator[None]:
    """An estimator that was fitted on an array complains of names; they are what was just checked."""
    if hasattr(estimator, "feature_names_in_"):
        yield
        return
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="X has feature names, but", category=UserWarning)
        yield


def _missing_values(table: pd.DataFrame) -> Iterator[str]:
    """Yield a sentence for the first columns with missing or infinite values, which most estimators refuse unnamed."""
    missing = [(str(name), int(count)) for name, count in table.isna().sum().items() if count]
    for name, count in missing[:3]:
        yield f'"{name}" has no value in {count:,} of {len(table):,} rows'
    infinite = (table.select_dtypes("float").abs() == float("inf")).sum()
    for name, count in [(name, int(count)) for name, count in infinite.items() if count][:3]:
        yield f'"{name}" is infinite in {count:,} of {len(table):,} rows'


def _shortened(texts: Any) -> str:
    known = list(texts)
    return ", ".join(known[:_MOST_SHOWN]) + (f" and {len(known) - _MOST_SHOWN} more" * (len(known) > _MOST_SHOWN))
