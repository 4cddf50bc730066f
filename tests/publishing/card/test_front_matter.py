"""The front matter of a model card, as the Hub's own client reads it."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from huggingface_hub import EvalResult, ModelCard, metadata_load
from huggingface_hub.repocard_data import model_index_to_eval_results
from tests.publishing.card.shown_cards import SHIPPED, a_source, rows_of, section, shipped

from mintmark.publishing.card.metadata import licence_fields
from mintmark.publishing.card.model_card import format_card


def card_data(text: str) -> Any:
    """What the Hugging Face Hub reads in a card; which fields it has depends on the card."""
    return ModelCard(text).data


@pytest.mark.parametrize("reference", SHIPPED)
def test_the_hubs_client_reads_every_metric(reference: str, tmp_path: Path) -> None:
    source = shipped(reference)
    file = tmp_path / "README.md"
    file.write_text(format_card(source), encoding="utf-8")
    metadata = metadata_load(file)
    assert metadata is not None
    name, results = model_index_to_eval_results(metadata["model-index"])
    assert name == source.model.name

    ids = {"brier": "brier_score", "r2": "r_squared"}
    found = {(result.dataset_config, result.metric_type): result.metric_value for result in results}
    parts = {None: source.measured} | dict(source.measured["slices"])
    expected = {
        (part, ids.get(metric, metric)): interval["value"]
        for part, measured in parts.items()
        for metric, interval in measured["metrics"].items()
    }
    assert found == expected
    assert len(results) == len(expected)
    assert results[0].metric_type == source.model.metric.name  # the Hub shows them in this order


@pytest.mark.parametrize("reference", SHIPPED)
def test_the_hubs_client_keeps_slices_apart_when_it_writes_the_card_again(reference: str) -> None:
    card: Any = ModelCard(format_card(shipped(reference)))
    again: Any = ModelCard(card.content)

    def key(result: EvalResult) -> tuple[str, ...]:
        return (result.dataset_config or "", result.metric_type)

    assert sorted(again.data.eval_results, key=key) == sorted(card.data.eval_results, key=key)
    assert again.text == card.text


def test_what_the_hub_sorts_models_by() -> None:
    data = card_data(format_card(shipped("breast-cancer@1.1.0")))
    assert (data.license, data.library_name, data.pipeline_tag) == ("cc-by-4.0", "sklearn", "tabular-classification")
    assert data.tags == ["example", "tabular", "health", "skops"]
    assert data.metrics == ["accuracy", "precision", "recall", "f1", "roc_auc", "brier_score"]
    result = data.eval_results[0]
    assert (result.task_type, result.task_name) == ("tabular-classification", "Tabular classification")
    assert (result.dataset_name, result.dataset_split) == ("Evaluation data of breast-cancer", "test")
    assert re.fullmatch(r"([\w-]+/)?[\w.-]+", result.dataset_type)  # an identifier of a data set, as the Hub has them
    assert result.dataset_revision == "208305ae82e543f0e0fcd73f0184a055d1c41c601d3cba617cae65d8020a019e"
    assert card_data(format_card(shipped("diabetes-progression@1.0.0"))).pipeline_tag == "tabular-regression"


def test_metrics_of_many_classes_say_that_they_are_averages() -> None:
    names = {result.metric_name for result in card_data(format_card(shipped("digits@1.0.0"))).eval_results}
    assert {"accuracy", "precision (macro average)", "roc_auc (macro average)"} <= names
    assert "precision" not in names


@pytest.mark.parametrize(
    ("licence", "fields"),
    [
        ("Apache-2.0", {"license": "apache-2.0"}),
        ("BSD-3-Clause", {"license": "bsd-3-clause"}),
        ("GPL-3.0-or-later", {"license": "gpl-3.0"}),
        ("AGPL-3.0-only", {"license": "agpl-3.0"}),
        ("LGPL-2.1+", {"license": "lgpl-2.1"}),
        ("ODbL-1.0", {"license": "odbl"}),
        ("GFDL-1.3-only", {"license": "gfdl"}),
        ("GPL-1.0-only", {"license": "other", "license_name": "gpl-1.0-only"}),
        ("MIT OR Apache-2.0", {"license": "other", "license_name": "mit-or-apache-2.0"}),
        ("LicenseRef-Acme 2 (internal)", {"license": "other", "license_name": "licenseref-acme-2-internal"}),
        ("(+)", {"license": "other", "license_name": "unnamed"}),
    ],
)
def test_licences(licence: str, fields: dict[str, str]) -> None:
    assert licence_fields(licence) == fields
    data = card_data(format_card(a_source(model={"licence": licence})))
    assert {"license": data.license, **({"license_name": data.license_name} if data.license_name else {})} == fields


@pytest.mark.parametrize(
    ("artifact_format", "estimator", "library", "tag"),
    [
        ("skops", {"class": "sklearn.svm.SVC"}, "sklearn", "skops"),
        ("skops", {"class": "lightgbm.LGBMClassifier"}, "skops", "skops"),
        ("skops", None, "sklearn", "skops"),  # by the packages
        ("onnx", None, "onnx", "onnx"),
        ("safetensors", None, "safetensors", "safetensors"),
        ("data", None, None, None),
    ],
)
def test_libraries(artifact_format: str, estimator: Any, library: str | None, tag: str | None) -> None:
    artifact = {**shipped(SHIPPED[0]).record.document["artifact"], "format": artifact_format}
    parameters = {"estimator": estimator} if estimator else {}
    card = format_card(a_source(model={"tags": ["health"]}, record={"artifact": artifact, "parameters": parameters}))
    data = card_data(card)
    assert (data.library_name, data.tags) == (library, ["health", tag] if tag else ["health"])
    getting = section(card, "How to get it")
    assert "mintmark pull breast-cancer@1.1.0" in getting
    assert ("mintmark.load" in getting) == (artifact_format != "data")
    assert ("model.predict" in getting) == (artifact_format in ("skops", "onnx"))


@pytest.mark.parametrize(
    "tag", ["x\n---\nlicense: mit\n---\n", "yes", "1e3", "'", "a: b # c", "x\u2028---\u2028", "\x85---"]
)
def test_no_value_ends_the_front_matter(tag: str) -> None:
    """The schema lets no such tag through; the card does not count on it."""
    card: Any = ModelCard(format_card(a_source(model={"tags": [tag]})))
    assert card.data.tags == [tag, "skops"]
    assert card.data.license == "cc-by-4.0"
    assert card.text.lstrip().startswith("# Malignancy")


def test_numbers_that_no_json_holds_are_not_for_the_hub() -> None:
    metrics = {
        "roc_auc": {"value": float("inf"), "low": float("-inf"), "high": 10**400},
        "f1": {"value": -(10**400)},
        "recall": {"value": 0.5},
    }
    card = format_card(a_source(measured={"metrics": metrics, "slices": {"large-nuclei": {"rows": 3, "metrics": {}}}}))
    assert [result.metric_type for result in card_data(card).eval_results] == ["recall"]
    assert rows_of(section(card, "Metrics"))[0][1:3] == ["infinite", "[minus infinite, beyond any measure]"]


def test_huge_numbers_make_no_card_impossible() -> None:
    huge = 10**400
    gates = {
        "margin": huge,
        "floors": {"recall": huge, "log_loss": -huge},
        "cost": {"size": f"{huge} GB", "load_seconds": huge},
    }
    artifact = {**shipped(SHIPPED[0]).record.document["artifact"], "size": huge}
    cost = {"size": huge, "load_seconds": huge, "batch_rows": huge}
    card = format_card(a_source(model={"gates": gates}, record={"artifact": artifact}, measured={"cost": cost}))
    assert [unescape(cell) for cell in rows_of(section(card, "Gates"))[-1]] == [
        "cost: load_seconds",
        "time to load it beyond any measure; at most beyond any measure is allowed",
        "**not met**",
    ]
