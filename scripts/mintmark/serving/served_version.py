"""One loaded version that answers requests: rows in, predictions and probabilities out."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from mintmark.core.judgement.grading import CLOSE
from mintmark.serving.batching import Batcher, WrongAnswerError, answered
from mintmark.serving.rows import Binding
from mintmark.serving.tensors import Outputs

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Hashable, Sequence
    from concurrent.futures import Executor

    import pandas as pd
    from numpy.typing import NDArray

    from mintmark.artifacts.loaded_model import LoadedModel
    from mintmark.core.records import VersionRecord
    from mintmark.serving.rows import BoundRows

    _Said = tuple[NDArray[Any], NDArray[Any] | None]


# Classifiers of scikit-learn whose `predict` is the class that `predict_proba` finds likeliest. Some look at the score
# behind the probabilities, which may part two classes whose probabilities are alike to the last digits.
_LIKELIEST: Final = frozenset(
    {
        *("BaggingClassifier", "CalibratedClassifierCV", "ExtraTreesClassifier", "RandomForestClassifier"),
        *("GradientBoostingClassifier", "HistGradientBoostingClassifier", "DecisionTreeClassifier", "GaussianNB"),
        *("LogisticRegression", "LinearDiscriminantAnalysis", "MLPClassifier", "VotingClassifier"),
    }
)
_ALIKE: Final = 1e-9


@dataclass(slots=True)  # frozen ones take twice as long to make, as does `Answer`
class Question:
    """The rows of one request, and whether probabilities are wanted too; alike ones are asked together."""

    rows: BoundRows
    probabilities: bool

    @property
    def key(self) -> Hashable:
        """See `batching.Rows`."""
        return self.rows.dtypes, self.probabilities

    def __len__(self) -> int:
        return len(self.rows)


@dataclass(slots=True)
class Answer:
    """What a model says of the rows of one request: a prediction each, and the probability of each class.

    These rows begin at `start` in the `outputs` of the batch that it was asked with.
    """

    predictions: NDArray[Any]
    probabilities: NDArray[Any] | None
    outputs: Outputs | None = None
    start: int = 0


class ServedVersion:
    """A version that is loaded and proved. `commit` (or the state of the site) is where its channel named it.

    Requests that wait together are answered together, and never with those of another version.
    """

    def __init__(
        self, model: LoadedModel, record: VersionRecord, *, commit: str, executor: Executor, waiting: int
    ) -> None:
        self.model, self.version = record.model, str(record.version)
        self.record, self.commit = record, commit
        self.signature = record.signature
        self.binding = Binding(record.signature.inputs)
        self.columns = tuple(record.signature.inputs.items())
        self.classes = list(record.signature.classes)
        self.class_names = [str(label) for label in self.classes]
        self.headers = ((b"x-model", self.model.encode()), (b"x-model-version", self.version.encode()))
        self.all_outputs = dict.fromkeys(record.signature.outputs, False)  # as `wanted_outputs` has them
        self.takes_matrix = False
        self._loaded = model
        self._gives_probabilities = "probabilities" in record.signature.outputs
        self._batcher: Batcher[Question, Answer] = Batcher(
            self.predict, name=self.reference, executor=executor, waiting=waiting
        )

    @property
    def reference(self) -> str:
        """MODEL@VERSION."""
        return self.record.reference

    def ask(
        self, rows: BoundRows, *, probabilities: bool = True, within: float = math.inf, comes_alone: bool = False
    ) -> asyncio.Future[Answer]:
        """Answer the rows of one request, together with others that wait; raises what `Batcher.ask` raises.

        Probabilities come where they are wanted and the model gives them. No rows have one answer: none. `comes_alone`
        where the protocol hands over one request at a time.
        """
        if not len(rows):
            return answered(self._nothing(probabilities and self._gives_probabilities))
        question = Question(rows, probabilities and self._gives_probabilities)
        return self._batcher.ask(question, within=within, comes_alone=comes_alone)

    async def drain(self) -> None:
        """Wait until every request that came is answered."""
        await self._batcher.drain()

    @property
    def waiting(self) -> int:
        """How many rows wait."""
        return self._batcher.rows

    def predict(self, members: Sequence[Question]) -> list[Answer]:
        """Answer questions with the same key in one call of the model, in their order."""
        predictions, probabilities = self._ask([member.rows for member in members], members[0].probabilities)
        rows = sum(map(len, members))
        for given in (predictions, probabilities):
            if given is not None and len(given) != rows:
                raise WrongAnswerError(f"the model gave {len(given):,} answers to {rows:,} rows")
        outputs = Outputs(predictions, probabilities, self.signature)
        answers, start = [], 0
        for member in members:
            end = start + len(member)
            shares = None if probabilities is None else probabilities[start:end]
            answers.append(Answer(predictions[start:end], shares, outputs, start))
            start = end
        return answers

    def _ask(self, rows: Sequence[BoundRows], wants_probabilities: bool) -> _Said:
        if self.takes_matrix and (matrix := self.binding.matrix(rows)) is not None:
            try:
                return _outputs(self._loaded.estimator, matrix, wants_probabilities)
            except Exception:  # noqa: S110 - the model says it again of the table, with what its columns lack
                pass
        return _outputs(self._loaded, self.binding.table(rows), wants_probabilities)

    def prefer_matrix(self, inputs: pd.DataFrame) -> bool:
        """Ask the bare estimator about matrices from now on, where it answers these rows as it does a table,
        with the tolerance that reviews use: sums in another order differ in their last digits.

        A table costs scikit-learn several times what its models do. One with columns of several types, or a model that
        takes them by name, stays with tables.
        """
        rows = self.binding.from_columns({name: inputs[name].to_numpy() for name in inputs})
        matrix = self.binding.matrix([rows])
        if matrix is None:
            return False
        try:
            found = _outputs(self._loaded.estimator, matrix, self._gives_probabilities)
        except Exception:
            return False
        wanted = _outputs(self._loaded, inputs, self._gives_probabilities)
        self.takes_matrix = all(map(_is_same, found, wanted))
        return self.takes_matrix

    def _nothing(self, has_probabilities: bool) -> Answer:
        predictions = np.empty(0, dtype=object)
        probabilities = np.empty((0, len(self.classes))) if has_probabilities else None
        return Answer(predictions, probabilities, Outputs(predictions, probabilities, self.signature))


def _is_same(one: NDArray[Any] | None, other: NDArray[Any] | None) -> bool:
    if one is None or other is None or one.dtype.kind != "f" or other.dtype.kind != "f":
        return one is other or np.array_equal(one, other)  # type: ignore[arg-type]
    return one.shape == other.shape and np.allclose(one, other, rtol=0, atol=CLOSE, equal_nan=True)


def _outputs(model: Any, rows: Any, wants_probabilities: bool) -> _Said:
    if not wants_probabilities:
        return np.asarray(model.predict(rows)), None
    if hasattr(model, "predict_both"):
        both: _Said = model.predict_both(rows)
        return both
    while _name(model) == "Pipeline":  # the steps before the last one do the same for both questions
        for _, step in model.steps[:-1]:
            rows = rows if step in (None, "passthrough") else step.transform(rows)
        model = model.steps[-1][1]
    probabilities = np.asarray(model.predict_proba(rows))
    if _name(model) in _LIKELIEST and getattr(model, "voting", "soft") == "soft" and _is_clear(probabilities):
        return np.asarray(model.classes_).take(probabilities.argmax(axis=1)), probabilities
    return np.asarray(model.predict(rows)), probabilities


def _is_clear(probabilities: NDArray[Any]) -> bool:
    """Whether one class is the likeliest in every row."""
    if probabilities.ndim != 2 or probabilities.shape[1] < 2:
        return False
    two = np.partition(probabilities, -2, axis=1)[:, -2:]
    return bool((two[:, 1] - two[:, 0] > _ALIKE).all())


def _name(model: Any) -> str:
    """Return the name of a class of scikit-learn, empty for any other."""
    kind = type(model)
    return kind.__name__ if kind.__module__.startswith("sklearn.") else ""
