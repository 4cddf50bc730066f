from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.scaffold.documents import stored
from tests.scaffold.registry import Scratch, begin_committed

from mintmark.commands.pull import pull
from mintmark.errors import InvalidRegistryError, MintmarkError, UsageError
from mintmark.registry.stored.streams import WrongBytesError

OLD, NEW, PROFILE = b"the old model", b"the new model", b"{}"


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scratch:
    monkeypatch.setenv("MINTMARK_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    made = begin_committed(tmp_path / "registry")
    made.add_model("iris")
    made.add_version("iris", "1.0.0", {"model.skops": OLD, "profile.json": PROFILE})
    made.add_version("iris", "1.1.0", {"model.skops": NEW, "profile.json": PROFILE})
    made.set_channel("iris", "production", "1.0.0")
    made.commit("Register")
    return made


def run(
    made: Scratch,
    reference: str,
    output: Path | None = None,
    *,
    at: str | None = None,
    all_files: bool = False,
    as_json: bool = False,
) -> int:
    return pull(made.root, reference, output=output, at=at, all_files=all_files, as_json=as_json)


REFERENCES = {"iris@1.1.0": NEW, "iris@latest": NEW, "iris@production": OLD, "iris@1.0.0": OLD}


@pytest.mark.parametrize(("reference", "content"), REFERENCES.items())
def test_every_kind_of_reference_writes_the_artifact_and_says_where(
    made: Scratch, tmp_path: Path, capsys: pytest.CaptureFixture[str], reference: str, content: bytes
) -> None:
    assert run(made, reference) == 0
    folder = "iris-1.1.0" if content == NEW else "iris-1.0.0"
    assert capsys.readouterr().out == f"wrote {folder}/model.skops (13 B)\n"
    assert (tmp_path / folder / "model.skops").read_bytes() == content
    assert os.listdir(tmp_path / folder) == ["model.skops"]


def test_all_files_come_with_one_word_more(made: Scratch, tmp_path: Path) -> None:
    assert run(made, "iris@1.0.0", tmp_path / "out", all_files=True) == 0
    assert {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()} == {
        "model.skops": OLD,
        "profile.json": PROFILE,
    }


def test_a_file_that_is_there_already_is_told_apart(
    made: Scratch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    run(made, "iris@1.0.0", out)
    capsys.readouterr()
    run(made, "iris@1.0.0", out)
    assert capsys.readouterr().out == f"{out}/model.skops is up to date (13 B)\n"
    run(made, "iris@1.1.0", out)
    assert capsys.readouterr().out == f"wrote {out}/model.skops (13 B) over a file with other content\n"
    assert (out / "model.skops").read_bytes() == NEW


def test_a_link_in_the_way_is_replaced_and_what_it_leads_to_stays(made: Scratch, tmp_path: Path) -> None:
    (tmp_path / "mine").write_bytes(b"mine")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "model.skops").symlink_to(tmp_path / "mine")
    run(made, "iris@1.0.0", tmp_path / "out")
    assert (tmp_path / "mine").read_bytes() == b"mine"
    assert not (tmp_path / "out" / "model.skops").is_symlink()


def test_a_folder_in_the_way_is_one_sentence(made: Scratch, tmp_path: Path) -> None:
    (tmp_path / "out" / "model.skops").mkdir(parents=True)
    with pytest.raises(MintmarkError, match="is a folder where a file is to be written"):
        run(made, "iris@1.0.0", tmp_path / "out")
    (tmp_path / "file").write_text("")
    with pytest.raises(MintmarkError, match="cannot be written"):
        run(made, "iris@1.0.0", tmp_path / "file")


def test_as_json_it_tells_the_same(made: Scratch, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(made, "iris@production", as_json=True)
    file = stored("model.skops", OLD)
    assert json.loads(capsys.readouterr().out) == {
        "reference": "iris@1.0.0",
        "folder": "iris-1.0.0",
        "files": [{"path": "iris-1.0.0/model.skops", "size": 13, "sha256": file.sha256, "action": "written"}],
        "yanked": None,
    }


def test_a_damaged_object_writes_nothing(made: Scratch, tmp_path: Path) -> None:
    made.put(stored("model.skops", OLD), b"the bad model")
    with pytest.raises(WrongBytesError, match=r"^models/iris/versions/1\.0\.0/model\.skops\.dvc: "):
        run(made, "iris@1.0.0", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_yanked_version_comes_with_a_warning(made: Scratch, capsys: pytest.CaptureFixture[str]) -> None:
    made.yank("iris", "1.0.0", reason="Wrong\nunits.", replacement="1.1.0")
    assert run(made, "iris@1.0.0") == 0
    assert capsys.readouterr().err == "warning: iris@1.0.0 was yanked: Wrong units.; use iris@1.1.0\n"


def test_a_version_that_was_withdrawn_since_is_pulled_as_it_was(
    made: Scratch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made.git("tag", "before")
    made.git("rm", "-q", "-r", "models/iris/versions/1.1.0", ".dvc/store")
    made.commit("Withdraw")
    with pytest.raises(MintmarkError, match=r"has no version 1\.1\.0"):
        run(made, "iris@1.1.0", tmp_path / "out")
    assert run(made, "iris@latest", tmp_path / "out", at="before") == 0
    assert (tmp_path / "out" / "model.skops").read_bytes() == NEW


REFUSED = {
    "iris": UsageError,
    "iris@": UsageError,
    "../x@1.0.0": UsageError,
    "iris@1.0": UsageError,
    "iris@2.0.0": MintmarkError,
    "iris@staging": MintmarkError,
    "tulip@1.0.0": MintmarkError,
    "iris@candidate": MintmarkError,
}


@pytest.mark.parametrize(("reference", "kind"), REFUSED.items())
def test_a_reference_that_means_nothing_writes_nothing(
    made: Scratch, tmp_path: Path, reference: str, kind: type[MintmarkError]
) -> None:
    before = sorted(tmp_path.iterdir())
    with pytest.raises(kind) as caught:
        run(made, reference)
    assert type(caught.value) in (kind, InvalidRegistryError)
    assert sorted(tmp_path.iterdir()) == before


@pytest.fixture
def with_candidate(made: Scratch) -> Scratch:
    made.write(
        "dvc.yaml",
        "stages:\n  train:\n    foreach: [iris]\n    do:\n"
        "      cmd: mkdir -p models/iris/candidate && cp in.txt models/iris/candidate/model.skops "
        "&& cp in.txt models/iris/candidate/profile.json\n"
        "      deps: [in.txt]\n      outs: [models/iris/candidate/model.skops, models/iris/candidate/profile.json]\n",
    )
    made.write("in.txt", "a candidate\n")
    made.dvc("repro", "-q")
    made.commit("Train")
    return made


def test_the_candidate_comes_as_the_pipeline_made_it(
    with_candidate: Scratch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(with_candidate, "iris@candidate") == 0
    assert capsys.readouterr().out == "wrote iris-candidate/model.skops (12 B)\n"
    assert (tmp_path / "iris-candidate" / "model.skops").read_bytes() == b"a candidate\n"
    run(with_candidate, "iris@candidate", tmp_path / "all", all_files=True)
    assert sorted(os.listdir(tmp_path / "all")) == ["model.skops", "profile.json"]


def test_an_edited_or_deleted_candidate_comes_from_the_cache_of_dvc(with_candidate: Scratch, tmp_path: Path) -> None:
    file = with_candidate.root / "models/iris/candidate/model.skops"
    file.unlink()
    run(with_candidate, "iris@candidate", tmp_path / "one")
    file.write_text("edited by hand\n")
    run(with_candidate, "iris@candidate", tmp_path / "two")
    for folder in ("one", "two"):
        assert (tmp_path / folder / "model.skops").read_bytes() == b"a candidate\n"


def test_a_candidate_whose_bytes_are_gone_says_how_to_make_it_again(with_candidate: Scratch) -> None:
    import shutil

    shutil.rmtree(with_candidate.root / ".dvc" / "cache")
    (with_candidate.root / "models/iris/candidate/model.skops").unlink()
    with pytest.raises(MintmarkError, match=r"candidate/model\.skops: the bytes .* dvc repro brings them back"):
        run(with_candidate, "iris@candidate")


def test_the_candidate_of_an_earlier_commit_is_that_of_its_lock(with_candidate: Scratch, tmp_path: Path) -> None:
    with_candidate.write("in.txt", "the next one\n")
    with_candidate.dvc("repro", "-q")
    run(with_candidate, "iris@candidate", tmp_path / "new")
    run(with_candidate, "iris@candidate", tmp_path / "old", at="HEAD")
    assert (tmp_path / "new" / "model.skops").read_bytes() == b"the next one\n"
    assert (tmp_path / "old" / "model.skops").read_bytes() == b"a candidate\n"


def test_pulling_imports_nothing_heavy(made: Scratch) -> None:
    code = (
        "import sys; from pathlib import Path; from mintmark.commands.pull import pull; "
        "pull(Path.cwd(), 'iris@production', output=Path('out'), at=None, all_files=True, as_json=False); "
        "heavy = ('numpy', 'pandas', 'dvc', 'fsspec', 'sklearn', 'tqdm', 'jsonschema', 'ssl', 'asyncio'); "
        "print([name for name in heavy if name in sys.modules])"
    )
    command = (sys.executable, "-c", code)
    result = subprocess.run(command, cwd=made.root, env=os.environ, capture_output=True, text=True, check=True)
    assert result.stdout.splitlines()[-1] == "[]"
