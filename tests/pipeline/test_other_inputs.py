"""Text, pictures and time series, with the very lines of the how-to."""

from __future__ import annotations

import json
import os
import re
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tests.pipeline.conftest import make_repository
from tests.pipeline.test_stages import load_stage
from tests.scaffold.python_environment import environment_with

from mintmark.artifacts.skops.format import load_trusted

HOW_TO = Path(__file__).parents[2] / "docs/how-to/text-images-time-series.md"
GENERATOR = np.random.default_rng(1)
MODEL = """\
schema: 1
name: {name}
task: {task}
owners: ["@acme/ml"]
purpose: Tell it.
licence: Apache-2.0
target: {target}
positive_class: null
entity_column: null
metric: {metric}
gates: {{margin: 0.05}}
slices: []
"""


def blocks(kind):
    return re.findall(rf"```{kind}\n(.*?)```", HOW_TO.read_text(), re.S)


def section(name):
    """The lines of a model's section; intervals take fewer resamples here."""
    return next(text for text in blocks("yaml") if text.startswith(f"  {name}:")).replace(
        "evaluate: {", "evaluate: {resamples: 100, "
    )


@pytest.fixture
def folder(tmp_path, monkeypatch):
    root = make_repository(tmp_path / "r").root
    monkeypatch.chdir(root)
    return root


def describe(root, name, task, target, metric):
    (root / "params.yaml").write_text(f"schema: 1\nmodels:\n{section(name)}")
    (root / "models" / name).mkdir()
    text = MODEL.format(name=name, task=task, target=target, metric=metric)
    (root / "models" / name / "model.yaml").write_text(text)


def run_stages(root, name):
    for stage in ("prepare", "tune", "train", "evaluate"):
        getattr(load_stage(root, stage), stage)(name)
    made = root / "models" / name / "candidate"
    model = load_trusted(made / "model.skops", trusted=())
    train, rows = (pd.read_parquet(made / f"{part}.parquet") for part in ("train", "evaluation"))
    return json.loads((made / "metrics.json").read_text()), model, train, rows


@pytest.mark.slow
def test_text_is_a_column_that_the_vectorizer_takes_by_its_name(folder):
    kind = GENERATOR.choice(["late", "broken"], 150)
    words = {"late": ["delay", "waiting", "days"], "broken": ["crack", "defect", "screen"]}
    texts = [" ".join([*GENERATOR.choice(words[each], 2), f"order{number}"]) for number, each in enumerate(kind)]
    amount = GENERATOR.normal(50, 10, 150).round(1)
    pd.DataFrame({"text": texts, "amount": amount, "about": kind}).to_csv("data/complaints.csv", index=False)
    describe(folder, "complaints", "binary-classification", "about", "{name: accuracy, goal: maximize}")
    metrics, model, _, _ = run_stages(folder, "complaints")
    assert metrics["metrics"]["accuracy"]["value"] > 0.95
    asked = pd.DataFrame({"text": ["a crack and a defect", "delay, waiting"], "amount": [50.0, 50.0]})
    assert model.predict(asked).tolist() == ["broken", "late"]
    explained = metrics["explanation"]
    assert "text" in explained["left_out"]
    assert abs(explained["rows"][0]["inputs"]["text"]["value"]) > abs(explained["rows"][0]["inputs"]["amount"]["value"])


@pytest.mark.slow
def test_lags_are_of_earlier_days_and_a_gap_stays_one(folder):
    days = pd.date_range("2026-01-01", "2026-03-31")
    rows = pd.DataFrame([(shop, day) for shop in ("north", "south") for day in days], columns=["shop", "day"])
    level = np.where(rows["shop"] == "north", 100, 40)
    rows["sold"] = (level + 10 * rows["day"].dt.day_of_week + GENERATOR.normal(0, 3, len(rows))).round(1)
    known = rows.drop(index=20)
    known.to_csv("data/sales.csv", index=False)
    script = next(text for text in blocks("python") if "lags.py" in text)
    (folder / "scripts/lags.py").write_text(script)
    subprocess.run((sys.executable, "scripts/lags.py"), check=True)
    table = pd.read_parquet("data/sales.parquet")
    sold = known.set_index(["shop", "day"])["sold"]
    for days_before in (1, 7):
        before = [
            sold[shop, day - pd.Timedelta(days=days_before)]
            for shop, day in table[["shop", "day"]].itertuples(index=False)
        ]
        assert table[f"sold_{days_before}_before"].tolist() == before
    missing = ("north", pd.Timestamp("2026-01-22"))
    assert missing not in set(table[["shop", "day"]].itertuples(index=False, name=None))
    describe(folder, "sales", "regression", "sold", "{name: mae, goal: minimize}")
    metrics, _, train, evaluation = run_stages(folder, "sales")
    assert train["day"].max() < pd.Timestamp("2026-03-01") <= evaluation["day"].min()
    assert metrics["metrics"]["r2"]["value"] > 0.95
    assert "sold_7_before" in [curve["input"] for curve in metrics["explanation"]["curves"]]


def write_png(path, pixels):
    """A grey picture as PNG (the specification, 2nd edition): a header, the rows without a filter, an end."""

    def part(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    height, width = pixels.shape
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = b"".join(b"\0" + row.tobytes() for row in pixels.astype(np.uint8))
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n" + part(b"IHDR", head) + part(b"IDAT", zlib.compress(rows)) + part(b"IEND", b"")
    )


@pytest.mark.long
def test_pictures_become_a_table_of_pixels(folder):
    pillow = next((environment_with("pillow==12.0.0", name="pillow-12.0.0").parent / "lib").glob("*/site-packages"))
    for kind in ("bar", "ring"):
        (folder / "data/shapes" / kind).mkdir(parents=True)
        for number in range(40):
            picture = GENERATOR.integers(0, 60, (16, 16))
            at = int(GENERATOR.integers(5, 10))
            if kind == "bar":
                picture[:, at : at + 3] = 250
            else:
                picture[3:13, 3:13] = 250
                picture[6:10, 6:10] = 10
            write_png(folder / f"data/shapes/{kind}/{number}.png", picture)
    script = next(text for text in blocks("python") if "pictures.py" in text)
    (folder / "scripts/pictures.py").write_text(script)
    stage = next(text for text in blocks("yaml") if text.startswith("  pictures:"))
    command = re.search(r"cmd: python (.*)", stage)[1].split()
    settings = {**os.environ, "PYTHONPATH": str(pillow)}
    subprocess.run((sys.executable, *command), check=True, env=settings)
    table = pd.read_parquet("data/shapes.parquet")
    assert table.shape == (80, 66)
    assert set(table["label"]) == {"bar", "ring"}
    describe(folder, "shapes", "binary-classification", "label", "{name: accuracy, goal: maximize}")
    metrics, _, _, rows = run_stages(folder, "shapes")
    assert rows["row"].str.endswith(".png").all()
    assert metrics["metrics"]["accuracy"]["value"] > 0.9
