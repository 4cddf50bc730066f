"""Find a decision in the log: what was asked, what was answered, and what the log does not hold of it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final

import pandas as pd
import pyarrow as pa

from mintmark.core.finding import one_line, shorten
from mintmark.core.judgement.answers import Answer
from mintmark.core.question import PROBABILITY
from mintmark.registry.logged.folded import unfolded
from mintmark.registry.logged.form import INPUT, UNSERVED, About, is_json, is_kept

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mintmark.registry.logged.reading import PredictionLog

_OK: Final = 200
_FIRST: Final = ("id", "time", "channel", "commit", "shadow", "status", "error")
_KEYS: Final = ("time", "version", "channel", "shadow", "status")


@dataclass(frozen=True, kw_only=True, slots=True)
class LoggedDecision:
    """The rows of one request, as one version answered them; `lost` names inputs that the log could not hold."""

    id: str
    time: str
    about: About
    channel: str
    commit: str
    shadow: bool
    status: int
    error: str
    inputs: pd.DataFrame = field(repr=False)
    answer: Answer = field(repr=False)
    lost: tuple[str, ...] = ()
    is_whole: bool = True

    @property
    def name(self) -> str:
        """MODEL@VERSION."""
        return f"{self.about.model}@{self.about.version}" if self.about.version != UNSERVED else self.about.model

    def untold(self) -> str:
        """Return why nobody can tell whether the same answer comes out, empty where it can be asked."""
        if self.status != _OK:
            return f"it was answered with an error ({self.status}: {self.error}), so there is no answer to show again"
        treated = [f"{_quoted(name)} ({_WORDS[how]})" for name, how in self.about.personal.items()]
        missing = [*treated, *(f"{_quoted(name)} (no value of its type)" for name in self.lost)]
        if missing:
            return f"the log does not hold {', '.join(missing)}"
        if not self.is_whole:
            return "the log does not hold all rows of this request"
        return ""

    def comparable(self, answer: Answer) -> Answer:
        """Return an answer without the probabilities where none were logged."""
        return Answer(prediction=answer.prediction) if self.answer.probabilities is None else answer


_WORDS: Final = {"drop": "personal, left out", "hash": "personal, kept as a hash"}


def _shown(identity: str) -> str:
    return f'"{one_line(shorten(identity, 80))}"'


def _quoted(name: str) -> str:
    return f'"{name}"'


def find_decisions(log: PredictionLog, identity: str) -> list[LoggedDecision]:
    """Return what is logged under an id: what was served first, then what shadows said, each in the order of time."""
    found = [
        decision
        for place in log.places()
        for part in log.read(place, rows={"id": identity})
        for decision in _split(unfolded(part.rows, f"{log.where}: the rows of {_shown(identity)}"), part.about)
    ]
    return sorted(found, key=lambda each: (each.shadow, each.time))


def leaves_out(log: PredictionLog, identity: str) -> bool:
    """Whether a sample of the log has no place for an id."""
    return any(not is_kept(identity, about.sample) for place in log.places() for about in log.abouts(place))


def _split(table: pa.Table, about: About) -> Iterator[LoggedDecision]:
    """Yield the requests in rows of one id: a caller may have given it to several."""
    if not table.num_rows:
        return
    keys = list(zip(*(table.column(name).to_pylist() for name in _KEYS), strict=True))
    numbers = table.column("row").to_pylist()
    order = sorted(range(len(keys)), key=lambda place: (*map(str, keys[place]), numbers[place] or 0))
    for _, places in groupby(order, key=lambda place: keys[place]):
        yield _decision(table.take(list(places)), about)


def _decision(rows: pa.Table, about: About) -> LoggedDecision:
    first = {name: rows.column(name)[0].as_py() for name in _FIRST}
    lost = {name for names in rows.column("lost").to_pylist() for name in names or ()}
    numbers = rows.column("row").to_pylist()
    return LoggedDecision(
        id=first["id"],
        time=_moment(first["time"]),
        about=about,
        channel=first["channel"] or "",
        commit=first["commit"] or "",
        shadow=first["shadow"],
        status=first["status"],
        error=first["error"] or "",
        inputs=read_inputs(rows, about),
        answer=read_answers(rows, about),
        lost=tuple(sorted(lost)),
        is_whole=numbers in (list(range(len(numbers))), [None]),
    )


def _moment(time: datetime) -> str:
    return time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def read_inputs(rows: pa.Table, about: About) -> pd.DataFrame:
    """Return the inputs that rows of the log hold as they were given, by their names and in the order of the model."""
    names = [name for name in about.inputs if name not in about.personal and INPUT + name in rows.column_names]
    return pd.DataFrame({name: _column(rows, INPUT + name) for name in names})


def _column(rows: pa.Table, name: str) -> pd.Series:
    if is_json(rows.schema.field(name)):
        return pd.Series(_values(rows, name), dtype=object)
    found: pd.Series = rows.column(name).to_pandas()
    return found


def _values(rows: pa.Table, name: str) -> list[Any]:
    values: list[Any] = rows.column(name).to_pylist()
    if is_json(rows.schema.field(name)):
        return [None if text is None else json.loads(text) for text in values]
    return values


def read_answers(rows: pa.Table, about: About) -> Answer:
    """Return what rows of the log say was answered; probabilities only where every row has them."""
    predictions: list[Any] = _values(rows, "prediction") if "prediction" in rows.column_names else []
    names = [f"{PROBABILITY}{label}" for label in about.classes]
    if not names or any(name not in rows.column_names or rows.column(name).null_count for name in names):
        return Answer(prediction=predictions)
    shares = zip(*(rows.column(name).to_pylist() for name in names), strict=True)
    return Answer(prediction=predictions, probabilities=[list(row) for row in shares])
