"""Files of other tools are told apart by their first bytes, and each refusal says what to do instead."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from mintmark.artifacts.foreign import FRAMEWORKS, why_not_converted, why_not_framework


def zipped(*names: str) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name in names:
            archive.writestr(name, b"{}")
    return target.getvalue()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"\x89HDF\r\n\x1a\n" + bytes(600), "Keras"),
        (zipped("config.json", "metadata.json", "model.weights.h5"), "Keras"),
        (zipped("archive/data.pkl", "archive/version"), "torch.onnx.export"),
        (bytes.fromhex("80028a0a6cfc9c46f9206aa850192e80024de9032e"), "torch.onnx.export"),  # torch.save before 1.6
        (zipped("schema.json"), "skops file already"),
        (zipped("notes.txt"), "joblib.dump"),
        (zipped("arr_0.npy"), ".npz archive"),
        (b"PK\x03\x04 and no more", "broken zip"),
        (b"tree\nversion=v4\nnum_class=1\n", "convert_lightgbm"),
        (b'{"learner":{"attributes":{}}}', "convert_xgboost"),
        (b"{L\x00\x00\x00\x00\x00\x00\x00\x07learner", "convert_xgboost"),
        (b"CBM1" + bytes(20), "CatBoost"),
    ],
)
def test_what_a_file_is_and_what_to_do(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "model.pkl"
    path.write_bytes(content)
    assert words in (why_not_converted(path) or "")


def test_what_may_be_a_pickle_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "model.h5"
    path.write_bytes(b"\x80\x04K\x01.")
    assert why_not_converted(path) is None


@pytest.mark.parametrize("module", [*FRAMEWORKS, "xgboost.sklearn"])
def test_frameworks_are_named_with_their_export(module: str) -> None:
    assert "ONNX" in (why_not_framework(module) or "")
    assert why_not_framework("sklearn.linear_model") is None
