"""Page, card, report, terminal and commit say the same of the same value, each through its own renderer.

One registry with two versions whose metrics come out of a real contest is shown in every place there is.
"""

from __future__ import annotations

import html
import json
import re
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from tests.publishing.sample_review import sample_review
from tests.scaffold.documents import metrics_document
from tests.scaffold.registry import Scratch, begin

from mintmark.core import layout
from mintmark.core.judgement.answers import Answer
from mintmark.core.judgement.behaviour import judge_behaviour
from mintmark.core.judgement.behaviour_probes import probes
from mintmark.core.judgement.contests import Contender, contest
from mintmark.core.judgement.gates import check_record, check_slices, cost_results
from mintmark.core.judgement.review import Evaluation
from mintmark.core.model import Model
from mintmark.core.question import Question
from mintmark.core.statistics.metrics import class_outcomes
from mintmark.publishing.review.markdown_report import format_markdown
from mintmark.publishing.review.terminal_report import format_terminal
from mintmark.publishing.site.build import build_site
from mintmark.registry.clone import ClonedRegistry
from mintmark.registry.files import format_json, read_yaml

ROWS = 200
COST = {"size": 14_223, "load_seconds": 0.0100004, "latency_row_seconds": 0.0004, "latency_batch_seconds": 1.2}
MODEL: dict[str, Any] = {
    "gates": {
        "margin": 0.0125,
        "slice_min_rows": 30,
        "leak_cap": 0.5,
        "floors": {"roc_auc": 0.7, "log_loss": 0.2},
        "cost": {"size": "10 kB", "load_seconds": 0.01},
    },
    "slices": [{"name": "wide", "where": {"column": "width", "at_least": 2.5}}],
    "behaviour": [
        {
            "name": "steady",
            "kind": "invariance",
            "change": {"column": "width", "add": 0.25},
            "tolerance": 0.05,
            "share": 0.9975,
        }
    ],
}


@dataclass(frozen=True)
class Shown:
    """What each place shows, as the plain text that a reader sees."""

    evaluation: Evaluation
    page: str
    model_page: str
    home: str
    card: str
    markdown: str
    terminal: str
    commit: str
    commands: dict[str, str]
    sentences: list[str]
    audit: str
    feed: str

    def places(self, *names: str) -> dict[str, str]:
        return {name: self.commands.get(name) or getattr(self, name) for name in names}


def seen(text: str) -> str:
    """What is read of HTML or Markdown: no tags, no marks of code, each entity as its character."""
    text = re.sub(r"<(script|style)\b.*?</\1>", " ", text, flags=re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", text)).replace("\u200b", "").replace("`", "").split())


def outcomes(quality: float, rows: pd.DataFrame) -> Any:
    random = np.random.default_rng(3)
    chance = 1 / (1 + np.exp(-(quality * (2 * rows["truth"] - 1) + random.normal(size=ROWS))))
    both = np.column_stack([1 - chance, chance])
    return class_outcomes(rows["truth"].tolist(), (chance > 0.5).astype(int).tolist(), both, [0, 1], positive=1)


def judged(model: Model) -> Evaluation:
    random = np.random.default_rng(7)
    rows = pd.DataFrame({"width": random.uniform(0, 5, ROWS), "truth": random.integers(0, 2, ROWS)})
    question = Question(task=model.task, target="truth", metric="roc_auc", slices=model.slices)
    sides = [Contender(name=f"iris@{v}", outcomes=outcomes(q, rows)) for v, q in (("1.1.0", 1.4), ("1.0.0", 0.6))]
    return contest(sides[0], sides[1], rows, question, model.gates, source="base", sha256="0" * 64)


def bounds(found: Any) -> dict[str, float]:
    return {"value": found.value, "low": found.low, "high": found.high}


def propose(scratch: Scratch, version: str, metrics: dict[str, Any], slices: dict[str, Any], **changes: Any) -> None:
    rows = [{"role": "evaluation", "path": "evaluation.parquet", "hash": "md5:the-same", "rows": ROWS}]
    scratch.add_version("iris", version, metrics=metrics, data=rows, **changes)
    measured = {**metrics_document(metrics), "rows": ROWS, "slices": slices, "cost": COST}
    scratch.write(layout.metrics_path("iris", version), format_json(measured))
    scratch.set_channel("iris", "staging", version)
    scratch.commit(f"propose iris {version}")


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Shown:
    folder = tmp_path_factory.mktemp("vocabulary")
    scratch = begin(folder / "registry", b"x" * COST["size"])  # type: ignore[operator]
    scratch.add_model("iris", **MODEL)
    scratch.commit("Begin the registry")
    model = Model.from_dict(read_yaml(scratch.path(layout.model_path("iris"))))
    evaluation = judged(model)
    sliced = evaluation.slices[0]
    old = {m.name: bounds(m.champion) for m in evaluation.metrics}
    new = {m.name: bounds(m.candidate) for m in evaluation.metrics}
    propose(scratch, "1.0.0", old, {})
    scratch.promote("iris", "1.0.0")
    wide = {"wide": {"rows": sliced.rows, "metrics": {"roc_auc": bounds(sliced.candidate)}}}
    propose(scratch, "1.1.0", new, wide, parent="1.0.0")
    for command in (("show", "iris@1.1.0"), ("list", "iris"), ("compare", "iris@1.0.0", "iris@1.1.0")):
        assert scratch.run(*command).code == 0
    commands = {
        "show": scratch.run("show", "iris@1.1.0").out,
        "list": scratch.run("list", "iris").out,
        "compare": scratch.run("compare", "iris@1.0.0", "iris@1.1.0").out,
        "validate": scratch.run("validate").out,
        "pull": scratch.run("pull", "iris@1.1.0", "-o", str(folder / "pulled")).out,
    }
    assert scratch.run("promote", "iris@1.1.0", "production", "--here").code == 0
    output = folder / "site"
    build_site(ClonedRegistry(scratch.root), output)
    costs = cost_results(COST, COST, model.gates)
    record = ClonedRegistry(scratch.root).record("iris", "1.1.0")
    review = replace(
        sample_review(),
        evaluations=[evaluation],
        cost=costs,
        checks=[*check_record(record.metrics, COST, model.gates), *check_slices(evaluation.slices)],
        behaviour=behaved(model),
    )
    page = (output / "models/iris/1.1.0/index.html").read_text()
    events = json.loads((output / "api/v1/audit.json").read_text())["events"]
    return Shown(
        evaluation=evaluation,
        page=seen(page),
        model_page=seen((output / "models/iris/index.html").read_text()),
        home=seen((output / "index.html").read_text()),
        card=seen((output / "models/iris/1.1.0/card.md").read_text()),
        markdown=seen(format_markdown(review)),
        terminal=" ".join(format_terminal(review).split()),
        commit=" ".join(scratch.git("log", "-1", "--format=%B").split()),
        commands={name: " ".join(text.split()) for name, text in commands.items()},
        sentences=[event["sentence"] for event in events],
        audit=seen((output / "audit/index.html").read_text()),
        feed=seen((output / "api/v1/feed.xml").read_text()),
    )


def behaved(model: Model) -> Any:
    """The result of the behaviour test by a model that is right in 399 of 400 rows, just enough."""
    rows = pd.DataFrame({"width": np.linspace(0, 5, 400)})
    before, after = [0.2] * 400, [0.2] * 399 + [0.9]
    answer, changed = (Answer(prediction=[0] * 400, probabilities=[[1 - p, p] for p in ps]) for ps in (before, after))
    asked = probes(model.behaviour, rows, seed=0)
    answers = dict.fromkeys(asked, changed)
    return judge_behaviour(model.behaviour, rows, asked, answers, answer, classes=[0, 1], positive=1)


def the_same(text: str, places: dict[str, str]) -> None:
    missing = [name for name, words in places.items() if text not in words]
    assert not missing, f"{text!r} is not what these say: {', '.join(missing)}"


def found_in(pattern: str, place: str) -> str:
    match = re.search(pattern, place)
    assert match is not None, f"{pattern} is not in {place[:2000]}"
    return match[1]


NUMBER = r"-?[0-9.e+-]+"
INTERVAL = rf"\[{NUMBER}, {NUMBER}\]"


def test_a_metric_with_its_interval(shown: Shown) -> None:
    text = found_in(rf"iris@1\.1\.0: ({NUMBER} {INTERVAL})", shown.terminal)
    the_same(
        text, shown.places("terminal", "markdown", "page", "model_page", "card", "commit", "show", "list", "compare")
    )
    value, interval = text.split(" ", 1)
    assert f"{value} roc_auc {interval}" in shown.home


def test_a_difference(shown: Shown) -> None:
    text = found_in(rf"difference: (\+{NUMBER}) \[", shown.terminal)
    assert len(text.lstrip("+0.")) == 3
    the_same(text, shown.places("terminal", "markdown", "page", "compare", "commit"))


def test_the_interval_of_a_difference(shown: Shown) -> None:
    text = found_in(r"difference: \+[0-9.]+ (\[[^]]+\])", shown.terminal)
    the_same(text, shown.places("terminal", "markdown"))


def test_a_size(shown: Shown) -> None:
    the_same("14.2 kB", shown.places("page", "card", "markdown", "show", "pull"))


@pytest.mark.parametrize("text", ["10 ms", "400 µs", "1.2 s"])
def test_times(shown: Shown, text: str) -> None:
    the_same(text, shown.places("page", "card", "markdown"))


def test_gates(shown: Shown) -> None:
    low = found_in(rf"roc_auc {NUMBER} \[({NUMBER}),", shown.terminal)
    for text in (
        f"]: the lower bound is {low}, and at least 0.7 is required",
        "size 14.2 kB; at most 10 kB is allowed",
        "time to load it 10.0004 ms; at most 10 ms is allowed",
    ):
        the_same(text, shown.places("page", "card", "markdown", "terminal"))
    for text in ("roc_auc at most 0.0125 worse than the champion's", "roc_auc at most 0.5 better; more may be a leak"):
        the_same(text, shown.places("page", "card"))


def test_counts(shown: Shown) -> None:
    the_same("2 versions", shown.places("model_page", "validate"))
    the_same("200 evaluation rows", shown.places("page", "card", "markdown", "terminal"))


def test_conditions_and_behaviour_tests(shown: Shown) -> None:
    asked = "width plus 0.25: the probability of the second class moves by at most 0.05 in at least 99.75% of the rows"
    the_same(asked, shown.places("page", "card"))
    the_same("width is at least 2.5", shown.places("page", "card"))
    assert "99.75% 399 of 400 rows stay within 0.05 (99.75%, and at least 99.75% is required)" in re.sub(
        r" ?\| ?", " ", shown.markdown
    )


def test_p_values(shown: Shown) -> None:
    text = found_in(r"p is (under 0\.0001|[0-9.]+) after Holm", shown.terminal)
    the_same(text, shown.places("terminal", "markdown"))


def test_which_way_is_better(shown: Shown) -> None:
    the_same("more is better", shown.places("model_page", "card", "markdown", "commit"))


def test_events(shown: Shown) -> None:
    sentence = "1.1.0 was promoted to production in place of 1.0.0"
    assert shown.sentences[0] == sentence
    the_same(sentence, shown.places("audit", "feed"))


def test_nobody_writes_a_value_in_another_way(shown: Shown) -> None:
    for name, text in shown.places("page", "model_page", "card", "markdown", "terminal", "commit", "show").items():
        assert not re.search(rf"\({NUMBER} to {NUMBER}\)", text), name
        assert not re.search(r"\b0\.0[0-9]* s\b", text), name
