from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.scaffold.documents import SETTINGS, stored
from tests.scaffold.registry import Scratch, begin_committed

import mintmark
from mintmark.errors import InputError, InvalidRegistryError, MintmarkError
from mintmark.registry.files import format_yaml

LINE = {"inputs": {"x": "float64"}, "outputs": {"prediction": {"type": "float64", "shape": [None]}}}


def skops_bytes(estimator: Any) -> bytes:
    from mintmark.artifacts.skops.format import dump_canonical

    return bytes(dump_canonical(estimator))


@pytest.fixture(scope="module")
def model() -> bytes:
    """A fitted y = 2 x as canonical skops."""
    from sklearn.linear_model import LinearRegression

    return skops_bytes(LinearRegression().fit([[0.0], [1.0]], [0.0, 2.0]))


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model: bytes) -> Scratch:
    monkeypatch.setenv("MINTMARK_CACHE", str(tmp_path / "cache"))
    made = begin_committed(tmp_path / "registry")
    made.add_model("line")
    made.add_version("line", "1.0.0", {"model.skops": model, "profile.json": b"{}"}, signature=LINE)
    made.set_channel("line", "production", "1.0.0")
    made.commit("Register")
    monkeypatch.chdir(made.root)
    return made


def test_a_reference_loads_as_an_estimator(made: Scratch) -> None:
    assert mintmark.load("line@production").predict([[3.0]]) == pytest.approx([6.0])


def test_what_is_loaded_says_what_it_is_and_checks_what_it_is_asked(made: Scratch) -> None:
    loaded = mintmark.load("line@production")
    assert loaded.reference == "line@1.0.0"
    assert dict(loaded.signature.inputs) == {"x": "float64"}
    assert type(loaded.estimator).__name__ == "LinearRegression"
    assert repr(loaded) == "LoadedModel line@1.0.0 (LinearRegression): 1 inputs"
    assert "<caption>line@1.0.0</caption>" in loaded._repr_html_()
    assert loaded.predict([{"y": "other", "x": 3}]) == pytest.approx([6.0])
    with pytest.raises(InputError, match='there is no column "x"; did you mean "X"') as caught:
        loaded.predict({"X": [3.0]})
    assert caught.value.columns == ("x",)
    with pytest.raises(InputError, match="\"x\" wants numbers, and row 1 has the text 'three'"):
        loaded.predict({"x": [1, "three"]})
    with pytest.raises(MintmarkError, match=r"line@1\.0\.0 gives no probabilities"):
        loaded.predict_proba([[1.0]])
    with pytest.raises(AttributeError, match=r"the estimator has: \.estimator\.coef_"):
        _ = loaded.coef_
    with pytest.raises(ValueError, match="contains NaN") as refused:
        loaded.predict({"x": [1.0, None]})
    assert refused.value.__notes__ == ['"x" has no value in 1 of 2 rows']


def test_the_registry_may_be_elsewhere_and_in_the_past(
    made: Scratch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made.git("tag", "before")
    made.git("rm", "-q", "-r", "models/line/versions", "models/line/channels", ".dvc/store")
    made.commit("Withdraw")
    monkeypatch.chdir(tmp_path)
    estimator = mintmark.load("line@production", path=made.root / "models", at="before")
    assert estimator.predict([[3.0]]) == pytest.approx([6.0])
    with pytest.raises(MintmarkError, match="line"):
        mintmark.load("line@production", path=str(made.root))
    with pytest.raises(MintmarkError, match="not inside a Git repository"):
        mintmark.load("line@production")


def test_bytes_other_than_those_of_the_record_are_never_loaded(made: Scratch, model: bytes) -> None:
    from sklearn.linear_model import LinearRegression

    other = skops_bytes(LinearRegression().fit([[0.0], [1.0]], [0.0, 9.0]))
    made.put(stored("model.skops", model), other)
    with pytest.raises(MintmarkError, match="where its record says"):
        mintmark.load("line@production")


def test_a_pickle_is_refused_by_its_name_in_the_registry(made: Scratch, tmp_path: Path) -> None:
    import pickle

    class Harm:
        def __reduce__(self) -> tuple[Any, ...]:
            return (os.mkdir, (str(tmp_path / "harm"),))

    made.add_version("line", "2.0.0", {"model.skops": pickle.dumps(Harm())})
    with pytest.raises(InvalidRegistryError, match=r"models/line/versions/2\.0\.0/model\.skops.*pickle"):
        mintmark.load("line@2.0.0")
    assert not (tmp_path / "harm").exists()


def test_a_type_is_trusted_once_the_settings_name_it(
    made: Scratch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "team_models.py").write_text(
        "from sklearn.linear_model import LinearRegression\n\nclass TeamModel(LinearRegression):\n    pass\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    import team_models  # type: ignore[import-not-found]

    content = skops_bytes(team_models.TeamModel().fit([[0.0], [1.0]], [0.0, 3.0]))
    made.add_version("line", "3.0.0", {"model.skops": content}, signature=LINE)
    with pytest.raises(
        InvalidRegistryError, match=r"models/line/versions/3\.0\.0/model\.skops.*team_models\.TeamModel"
    ):
        mintmark.load("line@3.0.0")
    made.write("models/registry.yaml", format_yaml({**SETTINGS, "trusted_types": ["team_models.TeamModel"]}))
    assert mintmark.load("line@3.0.0").predict([[1.0]]) == pytest.approx([3.0])


def test_a_yanked_version_loads_with_a_warning(made: Scratch) -> None:
    made.yank("line", "1.0.0", reason="Wrong units.")
    with pytest.warns(UserWarning, match=r"line@1\.0\.0 was yanked: Wrong units\.") as caught:
        mintmark.load("line@1.0.0")
    assert caught[0].filename == __file__


def test_the_candidate_loads_too(made: Scratch, model: bytes) -> None:
    source = made.write("models/line/candidate/model.skops", model)
    lock = "schema: '2.0'\nstages:\n  train@line:\n    cmd: x\n    outs:\n"

    def out(name: str, content: bytes) -> str:
        path = f"models/line/candidate/{name}"
        return (
            f"    - path: {path}\n      hash: md5\n      md5: {stored(name, content).md5}\n      size: {len(content)}\n"
        )

    made.write("dvc.lock", lock + out("model.skops", model))
    with pytest.raises(MintmarkError, match=r"dvc\.lock names no .*signature\.json"):
        mintmark.load("line@candidate")
    signature = json.dumps(LINE).encode()
    made.write("models/line/candidate/signature.json", signature)
    made.write("dvc.lock", lock + out("model.skops", model) + out("signature.json", signature))
    assert mintmark.load("line@candidate").predict([[1.0]]) == pytest.approx([2.0])
    source.write_bytes(b"edited")
    shutil.rmtree(made.store)
    with pytest.raises(MintmarkError, match="neither in the work tree"):
        mintmark.load("line@candidate")


def test_a_pull_returns_the_folder(made: Scratch, tmp_path: Path, model: bytes) -> None:
    assert mintmark.pull("line@latest") == Path("line-1.0.0")
    assert (made.root / "line-1.0.0" / "model.skops").read_bytes() == model
    folder = mintmark.pull("line@latest", str(tmp_path / "out"), path=made.root, all_files=True)
    assert sorted(os.listdir(folder)) == ["model.skops", "profile.json"]
    made.yank("line", "1.0.0", reason="Wrong units.")
    with pytest.warns(UserWarning, match="was yanked") as caught:
        mintmark.pull("line@1.0.0", tmp_path / "out")
    assert caught[0].filename == __file__


def test_a_load_leaves_no_temporary_folder_behind(
    made: Scratch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "cache").write_text("in the way")
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    assert mintmark.load("line@production").predict([[1.0]]) == pytest.approx([2.0])
    import gc

    gc.collect()
    assert not os.listdir(tmp_path / "tmp")
    shutil.rmtree(tmp_path / "tmp")


def test_the_registry_is_the_one_that_the_commands_read(made: Scratch) -> None:
    from mintmark.registry.opening import open_registry

    assert mintmark.Registry is open_registry
    assert mintmark.Registry(made.root).models() == ["line"]
    with pytest.raises(AttributeError, match="nothing"):
        _ = mintmark.nothing  # type: ignore[attr-defined]


def test_importing_mintmark_is_cheap() -> None:
    code = "import sys; before = set(sys.modules); import mintmark; print(sorted(set(sys.modules) - before))"
    result = subprocess.run((sys.executable, "-c", code), capture_output=True, text=True, check=True)
    assert result.stdout.strip() in (
        "['__future__', 'mintmark', 'mintmark.about']",
        "['mintmark', 'mintmark.about']",
    )
