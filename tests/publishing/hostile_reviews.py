"""Reviews that nobody would write: hostile texts in every field, numbers that are none, lists of any length."""

from __future__ import annotations

from typing import Any, get_args

from hypothesis import strategies as st
from tests.publishing.sample_review import HOSTILE

from mintmark.core.judgement.checks import Check, CheckVerdict
from mintmark.core.judgement.review import (
    BehaviourResult,
    CostResult,
    Evaluation,
    Kind,
    LineageStep,
    Reproduction,
    Review,
    SliceResult,
    Subject,
    Table,
    Uses,
    Verdict,
)
from mintmark.core.records import Interval
from mintmark.core.statistics.results import CrossCheck, Curve, MetricResult, PairedDifference, RowsPlan, Standing

TEXT = st.one_of(
    st.sampled_from([*HOSTILE, "x" * 200, "@" * 200, "$" * 3_000, "\n" * 3_000, "`|" * 500]),
    st.lists(st.sampled_from(HOSTILE), max_size=3).map(" ".join),
    st.text(max_size=20),
)
NUMBER = st.one_of(
    st.floats(), st.floats(0, 1), st.sampled_from([0, 1, 10**400, -(10**400), 1e308, 5e-324, -0.0, 0.9928533333])
)
MAYBE = st.one_of(st.none(), NUMBER)
COUNT = st.sampled_from([0, 1, 7, 200, 10**9])
VERDICT: Any = st.sampled_from(get_args(CheckVerdict))
SHORT = 3


def several(strategy: st.SearchStrategy[Any], most: int = SHORT) -> st.SearchStrategy[list[Any]]:
    return st.lists(strategy, max_size=most)


INTERVAL = st.builds(Interval, value=NUMBER, low=MAYBE, high=MAYBE)
MAYBE_INTERVAL = st.one_of(st.none(), INTERVAL)
DIFFERENCE = st.builds(
    PairedDifference,
    value=NUMBER,
    low=MAYBE,
    high=MAYBE,
    bound=MAYBE,
    margin=NUMBER,
    standing=st.sampled_from(get_args(Standing)),
    rows_needed=st.one_of(st.none(), st.builds(RowsPlan, rows=COUNT, low=COUNT, high=COUNT, labels=st.none() | COUNT)),
)
MAYBE_DIFFERENCE = st.one_of(st.none(), DIFFERENCE)
METRIC = st.builds(
    MetricResult,
    name=TEXT,
    maximize=st.booleans(),
    primary=st.booleans(),
    candidate=INTERVAL,
    champion=MAYBE_INTERVAL,
    difference=MAYBE_DIFFERENCE,
    floor=MAYBE,
)
SLICE = st.builds(
    SliceResult,
    name=TEXT,
    rows=COUNT,
    verdict=VERDICT,
    message=TEXT,
    candidate=MAYBE_INTERVAL,
    champion=MAYBE_INTERVAL,
    difference=MAYBE_DIFFERENCE,
    p_value=MAYBE,
)
CURVE = st.builds(
    Curve,
    title=TEXT,
    x_label=TEXT,
    y_label=TEXT,
    start=NUMBER,
    end=NUMBER,
    lines=several(st.tuples(TEXT, st.lists(NUMBER, max_size=5)), 6),
)
EVALUATION = st.builds(
    Evaluation,
    candidate=TEXT,
    champion=TEXT,
    source=st.one_of(TEXT, st.sampled_from(["base", "proposal"])),
    sha256=TEXT,
    rows=COUNT,
    metrics=several(METRIC),
    slices=several(SLICE),
    cross_checks=several(st.builds(CrossCheck, name=TEXT, p_value=NUMBER, message=TEXT)),
    curves=several(CURVE),
)
CELL = st.one_of(TEXT, NUMBER, st.none(), st.booleans(), st.lists(TEXT, max_size=2))
FILES = several(st.tuples(TEXT, TEXT))
BEHAVIOUR = st.builds(
    BehaviourResult,
    name=TEXT,
    kind=TEXT,
    verdict=VERDICT,
    message=TEXT,
    description=TEXT,
    share=MAYBE,
    failures=several(st.dictionaries(TEXT, CELL, max_size=10)),
)


def any_check(*, name: str, verdict: CheckVerdict, message: str, path: str = "", line: int | None = None) -> Check:
    """Return a check as no review makes one: of any name, past the table of checks."""
    made = object.__new__(Check)
    for field, value in {"name": name, "verdict": verdict, "message": message, "path": path, "line": line}.items():
        object.__setattr__(made, field, value)
    return made


REVIEWS = st.builds(
    Review,
    verdict=st.sampled_from(get_args(Verdict)),
    reason=TEXT,
    kind=st.sampled_from(get_args(Kind)),
    base=TEXT,
    head=TEXT,
    judge=TEXT,
    subjects=several(
        st.builds(
            Subject,
            model=TEXT,
            version=st.one_of(st.none(), TEXT),
            incumbent=st.one_of(st.none(), TEXT),
            channel=st.one_of(st.none(), TEXT),
        )
    ),
    author=st.one_of(st.none(), TEXT),
    summary=TEXT,
    checks=several(
        st.builds(any_check, name=TEXT, verdict=VERDICT, message=TEXT, path=TEXT, line=st.one_of(st.none(), COUNT))
    ),
    evaluations=several(EVALUATION, 2),
    behaviour=several(BEHAVIOUR),
    cost=several(st.builds(CostResult, name=TEXT, value=NUMBER, verdict=VERDICT, limit=MAYBE, champion=MAYBE)),
    tables=several(st.builds(Table, title=TEXT, header=several(TEXT), rows=several(several(TEXT, 8)))),
    lineage=several(st.builds(LineageStep, stage=TEXT, command=TEXT, inputs=FILES, outputs=FILES)),
    uses=several(st.builds(Uses, sha256=TEXT, proposals=COUNT, verdict=VERDICT, message=TEXT)),
    isolation=st.dictionaries(TEXT, TEXT, max_size=3),
    reproduction=st.one_of(
        st.none(),
        st.builds(
            Reproduction,
            outcome=st.sampled_from(["identical bytes", "same predictions", "different", "failed"]),
            message=TEXT,
            parts_at=st.one_of(st.none(), TEXT),
            files=several(st.tuples(TEXT, st.booleans())),
            environment=several(st.tuples(TEXT, TEXT, TEXT)),
        ),
    ),
    next_steps=several(TEXT),
)
