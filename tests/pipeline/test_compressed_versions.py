"""A smaller model goes the whole way, with the lines of the how-to: what costs nothing gets in, what costs much does not."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
import yaml
from sklearn.datasets import load_digits
from tests.scaffold.once import Once
from tests.scaffold.registry import Scratch
from tests.scaffold.warm import warm

HOW_TO = Path(__file__).parents[2] / "docs/how-to/compress-a-model.md"
NETWORK = """\
schema: 1
models:
  digits:
    seed: 1
    source: {path: data/digits.csv}
    prepare:
      split: {method: hash, evaluation: 0.4}
    estimator:
      class: sklearn.pipeline.Pipeline
      parameters:
        steps:
          scale: {class: sklearn.preprocessing.StandardScaler}
          model: {class: sklearn.neural_network.MLPClassifier, parameters: {hidden_layer_sizes: [128], max_iter: 40}}
    tune: {search: grid, folds: 2, space: {model__alpha: [0.1]}}
    evaluate: {resamples: 200, importance_repeats: 1, explain: true}
"""
IDENTITY = {
    "schema": 1, "name": "digits", "task": "multiclass-classification", "target": "digit", "positive_class": None,
    "entity_column": None, "owners": ["@ada"], "purpose": "Reads a digit.", "licence": "MIT",
    "metric": {"name": "accuracy", "goal": "maximize"}, "gates": {"margin": 0.02}, "slices": [],
}  # fmt: skip


def _release(root: Path) -> None:
    """A registry whose champion is a network for digits, made by the stages that come with Mintmark."""
    root.mkdir()
    assert warm.run("mintmark.cli", "init", "--commit", cwd=root).code == 0
    registry = Scratch(root, dated=False)
    table = load_digits(as_frame=True).frame.rename(columns={"target": "digit"})
    registry.write("data/digits.csv", table.to_csv(index=False))
    registry.write("params.yaml", NETWORK)
    registry.write("models/digits/model.yaml", yaml.safe_dump(IDENTITY, sort_keys=False))
    registry.commit("Describe the model")
    registry.dvc("repro", "--quiet")
    for command in (
        ("propose", "digits", "--promote"),
        ("promote", "digits@1.0.0", "production"),
    ):
        done = registry.mintmark(*command, "--here")
        assert done.code == 0, done.text


@pytest.fixture
def released(once: Once, tmp_path: Path) -> Scratch:
    shutil.copytree(once.build("network", _release), tmp_path / "registry", symlinks=True)
    return Scratch(tmp_path / "registry", model="digits", dated=False)


def make_smaller(registry: Scratch, plan: str, artifact: str) -> None:
    """Do what the page says, and propose what comes out."""
    stage, dependency, _ = re.findall(r"```yaml\n(.*?)```", HOW_TO.read_text(), re.S)
    stage = stage.replace("churn: {artifact: model.compressed.skops}", f"digits: {{artifact: {artifact}}}")
    before, after = registry.read("dvc.yaml").split("  evaluate:\n")
    after = after.replace("        - models/${key}/candidate/model.skops\n", dependency, 1)
    registry.write("dvc.yaml", f"{before}{stage}\n  evaluate:\n{after}")
    registry.edit("params.yaml", "    seed: 1\n", f"    seed: 1\n    artifact: {artifact}\n    compress: {plan}\n")
    registry.dvc("repro", "--quiet", "evaluate@digits")


@pytest.mark.long
def test_a_network_in_8_bits_passes_and_is_drawn_beside_the_one_before_it(released: Scratch) -> None:
    make_smaller(released, "{method: int8}", "model.compressed.onnx")
    compared = released.mintmark("compare", "digits@production", "digits@candidate")
    assert re.search(r"^accuracy .* no worse$", compared.out, re.M), compared.text
    assert released.mintmark("propose", "digits", "--here").code == 0
    # Nobody is asked: it was trained here, on known rows.
    reviewed = released.review("--reproduce", base="HEAD~1")
    assert reviewed.code == 0, reviewed.text
    assert "no worse than digits@1.0.0" in reviewed.text
    # The last digits of a network differ between two processes on some machines.
    assert re.search("identical bytes|same predictions", reviewed.text, re.IGNORECASE), reviewed.text
    sizes = {
        version: yaml.safe_load(released.read(f"models/digits/versions/{version}/version.yaml"))["artifact"]["size"]
        for version in ("1.0.0", "1.1.0")
    }
    assert sizes["1.1.0"] < sizes["1.0.0"] / 10
    released.write("rows.csv", "\n".join(released.read("data/digits.csv").splitlines()[:3]))
    explained = json.loads(released.mintmark("explain", "digits@1.1.0", "rows.csv", "--json").out)
    assert [each["by"] for each in explained] == ["probability", "probability"]
    site = released.root.parent / "site"
    built = released.mintmark("site", "build", "--output", str(site))
    assert built.code == 0, built.text
    page = (site / "models/digits/index.html").read_text()
    charts = re.findall(r"<svg[^>]*mm-tradeoff.*?</svg>", page, re.S)
    assert len(charts) == 2
    assert all(version in chart for chart in charts for version in sizes)
    assert "Mean probability of" in (site / "models/digits/1.1.0/index.html").read_text()


@pytest.mark.long
def test_a_student_that_lost_too_much_does_not_pass(released: Scratch) -> None:
    student = "{class: sklearn.tree.DecisionTreeClassifier, parameters: {max_depth: 3}}"
    make_smaller(released, f"{{method: distill, estimator: {student}}}", "model.compressed.skops")
    assert released.mintmark("propose", "digits", "--here").code == 0
    reviewed = released.review(base="HEAD~1")
    assert reviewed.code == 1, reviewed.text
    assert re.search("✗ champion: worse than digits@1.0.0", reviewed.text), reviewed.text
