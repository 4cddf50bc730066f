"""Whether two models answered the same to the same tables, and where they did not. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from mintmark.core.conversion.probes import AGAIN, GIVEN, KINDS, kind_of_probe
from mintmark.core.finding import shorten

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from mintmark.core.judgement.answers import Answer, ModelRun
    from mintmark.core.question import Label

_LONGEST: Final = 160  # of what a model raises


@dataclass(frozen=True, kw_only=True, slots=True)
class Kind:
    """What the tables of one kind show: `rows` asked about, `flips` among their labels, the largest `difference`.

    `ties` are labels that differ where both models find both labels equally likely: rounding decides them.

    `refused` has a sentence for each table that one model answers and the other does not, `both_refuse` counts the
    tables that neither answers, `odd` says of which tables the answers have another form.
    """

    name: str
    rows: int = 0
    flips: int = 0
    ties: int = 0
    difference: float = 0.0
    refused: tuple[str, ...] = ()
    both_refuse: int = 0
    odd: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Agreement:
    """What all tables show, by kind; `unsteady` says which of both answers differently when it is asked twice."""

    kinds: tuple[Kind, ...]
    unsteady: tuple[str, ...]
    tolerance: float

    @property
    def flips(self) -> int:
        """How many labels differ in all."""
        return sum(kind.flips for kind in self.kinds)

    @property
    def difference(self) -> float:
        """The largest difference of two numbers: probabilities, or predictions of a regression, for their size."""
        return max((kind.difference for kind in self.kinds), default=0.0)

    def differs(self, kind: Kind) -> bool:
        """Whether answers of a kind are others: a label, a number beyond the tolerance, or the form of an answer."""
        return bool(kind.flips or kind.odd or not kind.difference <= self.tolerance)


def compare_runs(original: ModelRun, converted: ModelRun, rows: Mapping[str, int], *, tolerance: float) -> Agreement:
    """Return how the answers to the same tables (name -> rows) compare; `tolerance` is of a number's size."""
    found = {kind: Kind(name=kind) for kind in KINDS}
    for name, count in rows.items():
        kind, _ = kind_of_probe(name)
        found[kind] = _with_table(
            found[kind], name, count, original.answers[name], converted.answers[name], original.classes, tolerance
        )
    if list(original.classes) != list(converted.classes) or _types(original.classes) != _types(converted.classes):
        odd = f"the classes are {_shown(converted.classes)}, and were {_shown(original.classes)}"
        found[GIVEN] = replace(found[GIVEN], odd=(*found[GIVEN].odd, odd))
    both = {"the model": original, "what it was converted to": converted}
    unsteady = [who for who, run in both.items() if _differ(run.answers[GIVEN], run.answers[AGAIN])]
    return Agreement(
        kinds=tuple(kind for kind in found.values() if kind.rows), unsteady=tuple(unsteady), tolerance=tolerance
    )


def _with_table(
    kind: Kind, name: str, rows: int, before: Answer, after: Answer, classes: Sequence[Label], tolerance: float
) -> Kind:
    _, what = kind_of_probe(name)
    where = f"{kind.name}{f' ({what})' if what else ''}"
    kind = replace(kind, rows=kind.rows + rows)
    if before.error is not None or after.error is not None:
        if before.error is not None and after.error is not None:
            return replace(kind, both_refuse=kind.both_refuse + 1)
        error = shorten(before.error or after.error or "", _LONGEST)
        sentence = f"{where}: the model answers, and the converted one does not ({error})"
        if after.error is None:
            sentence = f"{where}: the converted one answers, and the model does not ({error})"
        return replace(kind, refused=(*kind.refused, sentence))
    odd = _oddity(before, after, rows)
    if odd:
        return replace(kind, odd=(*kind.odd, f"{where}: {odd}"))
    pairs_of_labels = zip(before.prediction, after.prediction, strict=True) if classes else ()
    others = [row for row, pair in enumerate(pairs_of_labels) if _is_other(*pair)]
    ties = sum(_is_tie(row, before, after, classes, tolerance) for row in others)
    numbers = [] if classes else list(zip(before.prediction, after.prediction, strict=True))
    pairs = zip(before.probabilities or (), after.probabilities or (), strict=True)
    numbers += [pair for one, other in pairs for pair in zip(one, other, strict=True)]
    return replace(
        kind,
        flips=kind.flips + len(others) - ties,
        ties=kind.ties + ties,
        difference=max([kind.difference, *(_difference(one, other) for one, other in numbers)]),
    )


def _oddity(before: Answer, after: Answer, rows: int) -> str:
    if len(before.prediction) != rows or len(after.prediction) != rows:
        return f"{rows} rows get {len(before.prediction)} answers, and {len(after.prediction)} of the converted one"
    if (before.probabilities is None) != (after.probabilities is None):
        return "only one of the two gives probabilities"
    shapes = [[len(row) for row in run.probabilities or ()] for run in (before, after)]
    return "" if shapes[0] == shapes[1] else "the probabilities are of other classes"


def _is_tie(row: int, before: Answer, after: Answer, classes: Sequence[Label], tolerance: float) -> bool:
    """Whether both models find the labels that both give to a row equally likely, to within the tolerance."""
    labels = (before.prediction[row], after.prediction[row])
    if before.probabilities is None or after.probabilities is None or type(labels[0]) is not type(labels[1]):
        return False
    if not set(labels) <= set(classes):
        return False
    places = [list(classes).index(label) for label in labels]
    shares = [[run.probabilities[row][place] for place in places] for run in (before, after) if run.probabilities]
    return len(shares) == 2 and all(abs(one - other) <= tolerance for one, other in shares)


def _is_other(one: Label, other: Label) -> bool:
    """Whether a label is another, which the same value of another type is too."""
    same = one == other or (isinstance(one, float) and isinstance(other, float) and one != one and other != other)
    return not same or type(one) is not type(other)


def _difference(one: Label, other: Label) -> float:
    """Return the difference of two numbers for their size where that is above 1; none between two of no value."""
    first, second = (float(value) if isinstance(value, int | float) else math.nan for value in (one, other))
    if first == second or (math.isnan(first) and math.isnan(second)):
        return 0.0
    found = abs(first - second) / max(1.0, abs(first))
    return math.inf if math.isnan(found) else found


def _differ(first: Answer, second: Answer) -> bool:
    if first.error is not None or second.error is not None:
        return (first.error is None) != (second.error is None)
    pairs = zip(first.probabilities or (), second.probabilities or (), strict=False)
    numbers: Iterator[tuple[Label, Label]] = (pair for rows in pairs for pair in zip(*rows, strict=False))
    return any(_is_other(*pair) for pair in (*zip(first.prediction, second.prediction, strict=False), *numbers))


def _types(labels: Sequence[Label]) -> list[type]:
    return [type(label) for label in labels]


def _shown(labels: Sequence[Label]) -> str:
    return ", ".join(repr(label) for label in labels[:5])[:120] or "unknown"
