"""What a model card says of what is asked of a version: gates, behaviour tests, monitoring. Reads nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from mintmark.core.judgement.gates import check_record
from mintmark.core.layout import model_path
from mintmark.core.moment import span_in_words
from mintmark.core.records import Interval
from mintmark.core.words.demands import behaviour as behaviour_in_words
from mintmark.core.words.demands import comparisons, prediction
from mintmark.core.words.numbers import count, written
from mintmark.publishing.card.blocks import code, literal, unwritten
from mintmark.publishing.markdown import table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mintmark.core.behaviour_tests import BehaviourTest
    from mintmark.core.model import Model

_FOLLOWS: Final = {
    "note": "it is told, and nothing else",
    "issue": "an issue",
    "propose-rollback": "an issue, and a pull request where the version before does better",
    "retrain": "an issue, and the pipeline runs again",
}


def gates(model: Model, measured: Mapping[str, Any], cost: Mapping[str, Any]) -> str:
    """Return what model.yaml asks of a version now, and where this one stands."""
    about = (
        f"What `{model_path(model.name)}` asks of every version now; it may have asked something else when this one "
        "was proposed. A floor is held against the worse bound of the interval."
    )
    rows = [*_comparisons(model), *_checks(model, measured, cost)]
    return f"{about}\n\n{table(('gate', 'what is asked', 'this version'), rows)}"


def _comparisons(model: Model) -> Iterator[tuple[str, str, str]]:
    """Yield the gates that a champion is needed for."""
    for name, sentence in comparisons(code(model.metric.name), model.gates):
        yield name, sentence, "its record alone cannot tell"


def _checks(model: Model, measured: Mapping[str, Any], cost: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Yield the gates that the record is held against, as a review holds it."""
    metrics = {name: Interval(**found) for name, found in measured["metrics"].items()}
    for check in check_record(metrics, cost, model.gates):
        yield literal(check.name), literal(check.message), "met" if check.verdict == "pass" else "**not met**"


def behaviour(model: Model) -> str:
    """Return the behaviour tests as model.yaml declares them."""
    if not model.behaviour:
        return unwritten("behaviour", model.name)
    looked_at = prediction(model.task, model.positive_class, code)
    rows = [(code(test.name), test.kind.replace("-", " "), _held(test, looked_at)) for test in model.behaviour]
    about = (
        f"What `{model_path(model.name)}` declares now. `mintmark review` runs these tests on a pull request; how this "
        "version did in them is not in its record."
    )
    return f"{about}\n\n{table(('test', 'kind', 'what is held'), rows)}"


def _held(test: BehaviourTest, looked_at: str) -> str:
    about = [literal(test.description)] if test.description else []
    return "<br>".join([*about, *behaviour_in_words(test, looked_at, code)])


def monitoring(model: Model) -> str:
    """Return what model.yaml says is watched in production."""
    if not model.says_what_is_watched:
        return unwritten("monitoring", model.name)
    return f"What `{model_path(model.name)}` declares now.\n\n{table(('what', 'how'), list(_watched(model)))}"


def _watched(model: Model) -> Iterator[tuple[str, str]]:
    watched, limits = model.monitoring, model.monitoring.thresholds
    yield "what is judged", f"windows of {span_in_words(watched.window)}, from {count(watched.minimum_rows, 'row')} on"
    yield "inputs that may raise an alarm", ", ".join(map(code, watched.columns)) or "all"
    yield "drift", f"a distance of more than {written(limits.drift)}, and more than chance"
    yield "performance", f"{code(model.metric.name)} worse than registered by more than {written(model.watched_margin)}"
    if labels := watched.labels.delay:
        yield "labels", f"come within {span_in_words(labels)}"
    yield "what follows an alarm", _FOLLOWS[watched.on_breach]
