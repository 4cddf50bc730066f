"""Files of other tools are told apart by their first bytes, and each refusal says what to do instead."""

from __future__ import annotations

import io
import pickle
import sys
import types
import zipfile
from collections.abc import Callable
from pathlib import Path

import cloudpickle
import joblib
import numpy as np
import pytest

from mintmark.artifacts import foreign
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
        (b"\x89HDF\r\n\x1a\n" + bytes(600) + b"keras_version", "Keras"),
        (zipped("config.json", "metadata.json", "model.weights.h5"), "Keras"),
        (b"\x89HDF\r\n\x1a\n" + b"layers/dense/vars", "Keras"),
        (b"\x89HDF\r\n\x1a\n" + b"a table", "holds arrays and no model"),
        (zipped("archive/data.pkl", "archive/version"), "torch.onnx.export"),
        (zipped("archive/data.pkl", "archive/code/net.py", "archive/constants.pkl"), "is TorchScript"),
        (zipped("net/models/model.json", "net/data/weights/weight_0"), "torch.onnx.export"),
        (bytes.fromhex("80028a0a6cfc9c46f9206aa850192e80024de9032e"), "torch.onnx.export"),  # torch.save before 1.6
        (zipped("schema.json"), "skops file already"),
        (zipped("notes.txt"), "joblib.dump"),
        (zipped("arr_0.npy"), ".npz archive"),
        (b"PK\x03\x04 and no more", "broken zip"),
        (b"tree\nversion=v4\nnum_class=1\n", "convert_lightgbm"),
        (b'{"learner":{"attributes":{}}}', "convert_xgboost"),
        (b"{L\x00\x00\x00\x00\x00\x00\x00\x07learner", "convert_xgboost"),
        (b'{"name": "tree", "version": "v4"}', "convert_lightgbm"),
        (b"CBM1" + bytes(20), "CatBoost"),
        (b'{\n  "features_info":\n  {}}', "CatBoost"),
        (b"\x1c\0\0\0TFL3", "TensorFlow Lite"),
    ],
)
def test_what_a_file_is_and_what_to_do(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "model.pkl"
    path.write_bytes(content)
    assert words in (why_not_converted(path) or "")


class Estimator:
    """Has something inside."""

    def __init__(self, inside: object) -> None:
        self.inside, self.weights = inside, np.arange(10.0)


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], object]:
    """Objects of classes that a module of any name has."""

    def make(module: str) -> object:
        parts = module.split(".")
        for end in range(1, len(parts) + 1):
            monkeypatch.setitem(sys.modules, ".".join(parts[:end]), types.ModuleType(".".join(parts[:end])))
        kind = type("Thing", (), {"__module__": module})
        monkeypatch.setattr(sys.modules[module], "Thing", kind, raising=False)
        return kind()

    return make


def dumped(thing: object, how: object) -> bytes:
    target = io.BytesIO()
    joblib.dump(thing, target, compress=how)
    return target.getvalue()


@pytest.mark.parametrize("inside", [False, True])
@pytest.mark.parametrize(
    "pickled",
    [
        *(lambda thing, protocol=protocol: pickle.dumps(thing, protocol) for protocol in range(6)),
        *(lambda thing, how=how: dumped(thing, how) for how in (0, 3, ("gzip", 3), ("bz2", 3), ("xz", 3), ("lzma", 3))),
        cloudpickle.dumps,
    ],
)
def test_a_pickled_network_is_told_by_the_classes_that_it_names(
    tmp_path: Path, made: Callable[[str], object], pickled: Callable[[object], bytes], inside: bool
) -> None:
    network = made("torch.nn.modules.container")
    (tmp_path / "model.joblib").write_bytes(pickled(Estimator(network) if inside else network))
    said = why_not_converted(tmp_path / "model.joblib") or ""
    assert said.startswith("is a pickle, and holds a model of PyTorch")
    assert "torch.onnx.export" in said


def test_a_booster_inside_of_an_estimator_is_told_where_its_library_is_not_here(
    tmp_path: Path, made: Callable[[str], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    path, booster = tmp_path / "model.pkl", made("xgboost.sklearn")
    monkeypatch.setattr(foreign, "find_spec", lambda name: None)
    path.write_bytes(pickle.dumps(Estimator(booster)))
    assert "convert_xgboost" in (why_not_converted(path) or "")
    monkeypatch.setattr(foreign, "find_spec", lambda name: name)
    assert why_not_converted(path) is None
    path.write_bytes(pickle.dumps(booster))
    assert "convert_xgboost" in (why_not_converted(path) or "")


@pytest.mark.parametrize("text", ["torch", "keras", "torch.nn Linear", "ctorch\n"])
def test_what_only_speaks_of_a_framework_is_a_pickle_like_any_other(tmp_path: Path, text: str) -> None:
    (tmp_path / "model.pkl").write_bytes(pickle.dumps(Estimator([text, "Linear"])))
    assert why_not_converted(tmp_path / "model.pkl") is None


def test_a_folder_is_told_from_a_file(tmp_path: Path) -> None:
    assert "name the model file in it" in (why_not_converted(tmp_path) or "")
    (tmp_path / "saved_model.pb").touch()
    assert "SavedModel" in (why_not_converted(tmp_path) or "")


def test_what_may_be_a_pickle_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "model.h5"
    path.write_bytes(b"\x80\x04K\x01.")
    assert why_not_converted(path) is None


@pytest.mark.parametrize("module", [*FRAMEWORKS, "xgboost.sklearn"])
def test_frameworks_are_named_with_their_export(module: str) -> None:
    assert "ONNX" in (why_not_framework(module) or "")
    assert why_not_framework("sklearn.linear_model") is None
