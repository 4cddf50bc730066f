"""Versions that are served without a registry around them."""

from __future__ import annotations

from concurrent.futures import Executor
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pandas as pd

from mintmark.artifacts.loaded_model import LoadedModel
from mintmark.core.records import OutputType, Signature
from mintmark.core.reference import parse_reference
from mintmark.serving.app import App
from mintmark.serving.following.follower import Follower
from mintmark.serving.limits import Limits
from mintmark.serving.metrics import Metrics
from mintmark.serving.served_version import ServedVersion
from mintmark.serving.slots import Slots

INPUTS = {"city": "str", "age": "int64", "": "float64", "0": "float64", "member": "bool", "since": "datetime64[us]"}
ROW = {"city": "001", "age": 9007199254740993, "": 0.5, "0": -1, "member": True, "since": "2026-06-01T09:30:00"}


class Echo:
    """Answers with what it was given, so that a test sees what reaches a model. It has no probabilities."""

    def predict(self, table: pd.DataFrame) -> Any:
        rows = zip(*(table[name] for name in table), strict=True)
        return np.array(["|".join(map(str, row)) for row in rows], dtype=object)


class Shares(Echo):
    """Answers with labels, and with probabilities that follow from the rows alone."""

    def predict(self, table: pd.DataFrame) -> Any:
        return (table["age"] % 2 == 1).map({True: "odd", False: "even"}).to_numpy(dtype=object)

    def predict_proba(self, table: pd.DataFrame) -> Any:
        odd = (table["age"] % 2 == 1).to_numpy(dtype="float64")
        return pd.DataFrame({"even": 1 - odd, "odd": odd}).to_numpy()


def version_of(
    estimator: Any,
    inputs: dict[str, str],
    executor: Executor,
    *,
    model: str = "people",
    version: str = "1.0.0",
    classes: tuple[Any, ...] = (),
    output: str = "str",
    waiting: int = 1000,
) -> ServedVersion:
    """A version with an estimator of the test's own."""
    outputs = {"prediction": OutputType(type=output, shape=(None,))}
    if classes:
        outputs["probabilities"] = OutputType(type="float64", shape=(None, len(classes)))
    signature = Signature(inputs=inputs, outputs=outputs, classes=classes)
    reference = f"{model}@{version}"
    record: Any = SimpleNamespace(
        model=model, version=version, signature=signature, reference=reference, summary="A test.", format="skops"
    )
    loaded = LoadedModel(estimator, signature, reference=reference)
    return ServedVersion(loaded, record, commit="c" * 40, executor=executor, waiting=waiting)


def mixed_version(executor: Executor) -> ServedVersion:
    return version_of(Shares(), INPUTS, executor, classes=("even", "odd"))


def app_of(version: ServedVersion, limits: Limits | None = None, **options: Any) -> App:
    """The application with a version in production."""
    slots = Slots([parse_reference(f"{version.model}@production")])
    for slot in slots:
        slot.swap(version)
    follower = cast("Follower", SimpleNamespace(unreachable="", seen="c" * 40, source=SimpleNamespace(label="here")))
    return App(slots, follower, Metrics(slots, follower), limits=limits or Limits(), **options)
