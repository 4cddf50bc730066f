"""Records and files that agree with one another and not with the rows: signatures, lineage, costs, metrics, predictions."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from functools import partial
from typing import Any

import pandas as pd
from tests.judging.hostile.harness import VERSION, Family
from tests.judging.hostile.rewriting import (
    CANDIDATE,
    lock,
    measure,
    output,
    predict,
    record,
    rewrite_output,
    sign,
    trace,
)
from tests.scaffold.registry import Scratch

Change = Callable[[dict[str, Any]], object]


def _in_record(change: Change, registry: Scratch) -> None:
    with record(registry) as data:
        change(data)


# -- signatures ------------------------------------------------------------------------------------------------------

signatures = Family("lies about signatures")


def _sign(change: Change, registry: Scratch) -> None:
    sign(registry, change)


def _sign_alone(change: Change, registry: Scratch) -> None:
    _in_record(lambda data: change(data["signature"]), registry)


_PREDICTION = {"type": "str", "shape": [None]}
for _name, _edit in {
    "whole numbers": lambda s: s["inputs"].update(age="int64"),
    "half the width": lambda s: s["inputs"].update(age="float32"),
    "texts": lambda s: s["inputs"].update(age="str"),
    "truths": lambda s: s["inputs"].update(age="bool"),
    "times": lambda s: s["inputs"].update(age="datetime64[ns]"),
    "no type at all": lambda s: s["inputs"].update(age="anything"),
    "an empty type": lambda s: s["inputs"].update(age=""),
    "a type with a script": lambda s: s["inputs"].update(age="float64<script>"),
    "numbers where labels are": lambda s: s["outputs"].update(prediction={**_PREDICTION, "type": "float64"}),
    "one answer for all rows": lambda s: s["outputs"].update(prediction={**_PREDICTION, "shape": []}),
    "a fixed number of rows": lambda s: s["outputs"].update(prediction={**_PREDICTION, "shape": [600]}),
    "a matrix of labels": lambda s: s["outputs"].update(prediction={**_PREDICTION, "shape": [None, 2]}),
    "three probabilities": lambda s: s["outputs"]["probabilities"].update(shape=[None, 3]),
    "probabilities as texts": lambda s: s["outputs"]["probabilities"].update(type="str"),
    "rounded probabilities": lambda s: s["outputs"]["probabilities"].update(type="float32"),
    "no probabilities": lambda s: s["outputs"].pop("probabilities"),
    "one output more": lambda s: s["outputs"].update(explanation={"type": "str", "shape": [None]}),
    "a class more": lambda s: s["classes"].append("maybe"),
    "a class less": lambda s: s["classes"].pop(),
    "classes with other names": lambda s: s.update(classes=["0", "1"]),
    "the truth as an input": lambda s: s["inputs"].update(paid="str"),
    "a column that no row has": lambda s: s["inputs"].update(salary="float64"),
}.items():
    signatures.add(f"{_name}, everywhere", partial(_sign, _edit))

for _name, _edit in {
    "another type": lambda s: s["inputs"].update(age="int64"),
    "another order": lambda s: s.update(inputs=dict(reversed(s["inputs"].items()))),
    "an input less": lambda s: s["inputs"].pop("debt"),
    "an input more": lambda s: s["inputs"].update(noise="float64"),
    "another spelling": lambda s: s["inputs"].update(Age=s["inputs"].pop("age")),
    "classes the other way round": lambda s: s["classes"].reverse(),
    "no classes": lambda s: s.pop("classes"),
}.items():
    signatures.add(f"{_name}, in the record alone", partial(_sign_alone, _edit))


@signatures.variant(honest=True)
def _a_field_that_no_record_takes(registry: Scratch) -> None:
    data = output(registry, "signature.json")
    rewrite_output(registry, "signature.json", json.dumps({**data, "note": "x"}).encode())


# -- lineage ---------------------------------------------------------------------------------------------------------

lineage = Family("lies about data")


def _trace(change: Callable[[list[dict[str, Any]]], object], registry: Scratch) -> None:
    trace(registry, change)


def _trace_alone(change: Callable[[list[dict[str, Any]]], object], registry: Scratch) -> None:
    _in_record(lambda data: change(data["data"]), registry)


_OTHER = "sha256:" + "0" * 64
for _name, _edit in {
    "other rows": lambda data: data[0].update(rows=60_000),
    "one row more": lambda data: data[0].update(rows=601),
    "no rows": lambda data: data[0].update(rows=0),
    "another hash": lambda data: data[0].update(hash=_OTHER),
    "no hash": lambda data: data[0].update(hash=""),
    "a word for a hash": lambda data: data[0].update(hash="sha256:trusted"),
    "a source with another hash": lambda data: data.append(
        {"role": "source", "path": "data/loans.csv", "hash": _OTHER, "rows": 1200}
    ),
    "a training table with the hash of nothing": lambda data: data.append(
        {"role": "training", "path": "data/loans.csv", "hash": _OTHER, "rows": 600}
    ),
    "rows that are evaluated twice": lambda data: data.append({**data[0], "rows": 599}),
}.items():
    lineage.add(f"{_name}, everywhere", partial(_trace, _edit))

for _name, _edit in {
    "another path": lambda data: data[0].update(path="data/other.csv"),
    "a path out of the repository": lambda data: data[0].update(path="../../etc/passwd"),
    "an address": lambda data: data[0].update(path="https://example.org/rows.parquet"),
    "another part": lambda data: data[0].update(role="source"),
    "a source more": lambda data: data.append({"role": "source", "path": "data/loans.csv", "hash": _OTHER, "rows": 9}),
    "the same twice": lambda data: data.append(dict(data[0])),
    "a training table": lambda data: data.append({**data[0], "role": "training"}),
    "other rows": lambda data: data[0].update(rows=601),
    "nothing": lambda data: data.clear(),
    "another hash": lambda data: data[0].update(hash=_OTHER),
}.items():
    lineage.add(f"{_name}, in the record alone", partial(_trace_alone, _edit))

for _name, _content in {
    "a list in place of data.json": b"[]",
    "no lineage in data.json": b"{}",
    "a lineage of texts": b'{"lineage": ["data/loans.csv"]}',
    "data.json with a key twice": b'{"lineage": [], "lineage": []}',
    "data.json that is none": b"rows: 600\n",
    "data.json that is deep": b"[" * 100_000,
}.items():
    lineage.add(_name, partial(lambda content, registry: rewrite_output(registry, "data.json", content), _content))


@lineage.variant()
def _data_json_that_is_nowhere(registry: Scratch) -> None:
    with lock(registry) as stage:
        for out in stage["outs"]:
            if out["path"] == f"{CANDIDATE}/data.json":
                out["md5"] = "0" * 32


@lineage.variant()
def _data_json_that_nobody_wrote(registry: Scratch) -> None:
    with lock(registry) as stage:
        stage["outs"] = [out for out in stage["outs"] if out["path"] != f"{CANDIDATE}/data.json"]


@lineage.variant(honest=True)
def _a_source_that_is_there(registry: Scratch) -> None:
    digest = hashlib.sha256(registry.path("data/loans.csv").read_bytes()).hexdigest()
    entry = {"role": "source", "path": "data/loans.csv", "hash": f"sha256:{digest}", "rows": 1200}
    trace(registry, lambda data: data.append(entry))


@lineage.variant(honest=True)
def _a_source_that_git_does_not_hold(registry: Scratch) -> None:
    trace(registry, lambda data: data.append({"role": "source", "path": "s3://rows/a.csv", "hash": _OTHER, "rows": 9}))


# -- cost and importance ---------------------------------------------------------------------------------------------

costs = Family("lies about cost and importance")


def _measure(change: Change, registry: Scratch) -> None:
    measure(registry, change)


_DROP = {"mean": 0.1, "std": 0.01}
for _name, _edit in {
    "importance of no input": lambda m: m.update(importance={"salary": _DROP}),
    "importance of the truth": lambda m: m.update(importance={"paid": _DROP}),
    "importance of a column beside": lambda m: m.update(importance={"noise": _DROP}),
    "importance with other capitals": lambda m: m.update(importance={"Age": _DROP}),
    "a deviation below zero": lambda m: m.update(importance={"age": {"mean": 0.1, "std": -0.1}}),
    "more than the metric has": lambda m: m.update(importance={"age": {"mean": 3.0, "std": 0.1}}),
    "less than the metric has": lambda m: m.update(importance={"age": {"mean": -2.0, "std": 0.1}}),
    "a wild deviation": lambda m: m.update(importance={"age": {"mean": 0.1, "std": 40.0}}),
    "a huge importance": lambda m: m.update(importance={"age": {"mean": 1e308, "std": 0.0}}),
    "importance as a text": lambda m: m.update(importance={"age": "large"}),
    "importance without a deviation": lambda m: m.update(importance={"age": {"mean": 0.1}}),
    "a size that is smaller": lambda m: m.update(cost={"size": 1}),
    "a size that is huge": lambda m: m.update(cost={"size": 10**30}),
    "a size below zero": lambda m: m.update(cost={"size": -1}),
    "a cost of another name": lambda m: m.update(cost={"carbon": 0.0}),
    "a time as a text": lambda m: m.update(cost={"load_seconds": "fast"}),
}.items():
    costs.add(_name, partial(_measure, _edit))

for _name, _edit in {
    "a time below zero": lambda data: data.update(cost={"load_seconds": -1}),
    "no batch": lambda data: data.update(cost={"batch_rows": 0}),
    "a cost that nobody knows": lambda data: data.update(cost={"size": 1}),
    "a list of costs": lambda data: data.update(cost=[]),
}.items():
    costs.add(f"{_name} in the record", partial(_in_record, _edit))


def _explained(part: str, **changes: Any) -> Change:
    """A change that claims an explanation that could be, but for one part of it."""
    row = {"row": "middle", "class": "yes", "answer": 0.6, "base": 0.5, "inputs": {"age": {"value": 0.1, "error": 0.0}}}
    curve = {"input": "age", "class": "yes", "values": [20, 30], "answers": [0.4, 0.6]}
    found = {
        "rows": {**row, **(changes if part == "rows" else {})},
        "curves": {**curve, **(changes if part == "curves" else {})},
    }
    about = {"by": "probability", "background": 100, "curves": [found["curves"]], "rows": [found["rows"]]}
    return lambda m: m.update(explanation={**about, **(changes if not part else {})})


for _name, _edit in {
    "a curve of no input": _explained("curves", input="salary"),
    "a curve of no class": _explained("curves", **{"class": 7}),
    "a curve of true": _explained("curves", **{"class": True}),
    "a probability of two": _explained("curves", answers=[0.4, 2]),
    "a curve with a value more": _explained("curves", values=[20, 30, 40]),
    "a curve that goes back": _explained("curves", values=[30, 20]),
    "a curve of numbers and levels": _explained("curves", values=[20, "old"]),
    "contributions that do not add up": _explained("rows", answer=0.9),
    "a contribution of no input": _explained("rows", inputs={"salary": {"value": 0.1, "error": 0.0}}),
    "a huge contribution": _explained("rows", inputs={"age": {"value": 10**400, "error": 0.0}}),
    "an error below zero": _explained("rows", inputs={"age": {"value": 0.1, "error": -1}}),
    "predictions of a classifier": _explained("", by="prediction"),
    "no background": _explained("", background=0),
}.items():
    costs.add(_name, partial(_measure, _edit))


@costs.variant(honest=True)
def _an_explanation_that_can_be(registry: Scratch) -> None:
    measure(registry, _explained(""))


@costs.variant()
def _cost_in_both_places(registry: Scratch) -> None:
    measure(registry, lambda m: m.update(cost={"load_seconds": 0.1}))
    _in_record(lambda data: data.update(cost={"load_seconds": 0.2}), registry)


@costs.variant(honest=True)
def _times_of_the_author(registry: Scratch) -> None:
    _in_record(lambda data: data.update(cost={"load_seconds": 0.01, "batch_rows": 1000}), registry)


@costs.variant(honest=True)
def _importance_of_the_inputs(registry: Scratch) -> None:
    measure(registry, lambda m: m.update(importance={"age": _DROP, "debt": {"mean": -0.01, "std": 0.0}}))


# -- metrics ---------------------------------------------------------------------------------------------------------

metrics = Family("metrics that only the record has")


def _metrics_alone(change: Change, registry: Scratch) -> None:
    _in_record(lambda data: change(data["metrics"]), registry)


for _name, _edit in {
    "a better value": lambda m: m["accuracy"].update(value=0.99),
    "a value off by a little": lambda m: m["accuracy"].update(value=m["accuracy"]["value"] + 1e-9),
    "a narrower interval": lambda m: m["accuracy"].update(low=m["accuracy"]["value"]),
    "no interval": lambda m: [m["accuracy"].pop(bound) for bound in ("low", "high")],
    "bounds the other way round": lambda m: m["accuracy"].update(low=m["accuracy"]["high"], high=m["accuracy"]["low"]),
    "a metric less": lambda m: m.pop("log_loss"),
    "the primary one less": lambda m: m.pop("accuracy"),
    "a metric of another task": lambda m: m.update(rmse={"value": 0.1}),
    "a metric that nobody knows": lambda m: m.update(trust={"value": 1.0}),
    "a text": lambda m: m["accuracy"].update(value="0.99"),
    "a truth": lambda m: m["accuracy"].update(value=True),
    "a huge number": lambda m: m["accuracy"].update(value=10**400),
    "a bound more": lambda m: m["accuracy"].update(median=0.9),
    "none": lambda m: m.clear(),
}.items():
    metrics.add(_name, partial(_metrics_alone, _edit))

for _name, _edit in {
    "a key more": lambda m: m.update(approved=True),
    "a slice with a key more": lambda m: m["slices"]["young"].update(note="x"),
    "a metric with a key more": lambda m: m["metrics"]["accuracy"].update(note="x"),
    "no rows": lambda m: m.update(rows=0),
}.items():
    metrics.add(f"{_name} in metrics.json", partial(_measure, _edit))


@metrics.variant()
def _another_metrics_json_than_dvc_lock_has(registry: Scratch) -> None:
    registry.edit(f"{VERSION}/metrics.json", '"seed": 1', '"seed": 2')


# -- predictions -----------------------------------------------------------------------------------------------------

predictions = Family("lies in predictions")


def _predict(change: Callable[[pd.DataFrame], pd.DataFrame], registry: Scratch) -> None:
    predict(registry, change)


for _name, _edit in {
    "a column more": lambda t: t.assign(note="trust me"),
    "an input as well": lambda t: t.assign(age=1.0),
    "an index": lambda t: t.reset_index(),
    "a probability of no class": lambda t: t.assign(probability_maybe=0.0),
    "the probabilities twice": lambda t: t.assign(Probability_yes=t["probability_yes"]),
    "a column without a name": lambda t: t.assign(**{"": 1}),
    "a column that nobody sees": lambda t: t.assign(**{"\u200b": 1}),
    "bytes": lambda t: t.assign(payload=b"x" * 1000),
    "no truth": lambda t: t.drop(columns=["truth"]),
    "no row": lambda t: t.drop(columns=["row"]),
    "no prediction": lambda t: t.drop(columns=["prediction"]),
    "one probability less": lambda t: t.drop(columns=["probability_no"]),
    "the truth turned": lambda t: t.assign(truth=t["truth"].map({"yes": "no", "no": "yes"})),
    "one true value turned": lambda t: t.assign(truth=["no" if t["truth"][0] == "yes" else "yes", *t["truth"][1:]]),
    "the truth as predicted": lambda t: t.assign(truth=t["prediction"]),
    "the truth as numbers": lambda t: t.assign(truth=(t["truth"] == "yes").astype("int64")),
    "other rows": lambda t: t.assign(row=t["row"] + 1),
    "rows the other way round": lambda t: t.iloc[::-1].reset_index(drop=True),
    "a row less": lambda t: t.iloc[:-1],
    "a row twice": lambda t: pd.concat([t, t.iloc[:1]], ignore_index=True),
    "nothing": lambda t: t.iloc[:0],
    "predictions as numbers": lambda t: t.assign(prediction=(t["prediction"] == "yes").astype("float64")),
    "probabilities as texts": lambda t: t.assign(probability_yes=t["probability_yes"].astype(str)),
    "probabilities of half the width": lambda t: t.assign(probability_yes=t["probability_yes"].astype("float32")),
}.items():
    predictions.add(_name, partial(_predict, _edit))


@predictions.variant(honest=True)
def _columns_in_another_order(registry: Scratch) -> None:
    predict(registry, lambda table: table[list(table.columns)[::-1]])


FAMILIES = [signatures, lineage, costs, metrics, predictions]
