"""What cannot be proposed: each is one sentence, and nothing changes."""

from __future__ import annotations

import pytest
from tests.commands.writing_fixture import change_slope
from tests.scaffold.marks import first_quick
from tests.scaffold.registry import Scratch

from mintmark.errors import InvalidRegistryError, MintmarkError, UsageError


def refused(scratch: Scratch, message: str, error: type[Exception] = MintmarkError, **options: object) -> str:
    """Nothing is written, and the message says what to do."""
    before = scratch.snapshot()
    with pytest.raises(error, match=message) as raised:
        scratch.propose(**options)
    assert scratch.snapshot() == before
    return str(raised.value)


@pytest.mark.slow
def test_nothing_changed(first: Scratch) -> None:
    first.propose()
    refused(first, "nothing changed since tiny@1.0.0")


@pytest.mark.parametrize(
    ("version", "message", "error"),
    first_quick(
        [
            ("1.0.0", "tiny 1.0.0 is there already", MintmarkError),
            ("1.0.0+again", r"1\.0\.0\+again would pass for 1\.0\.0", MintmarkError),
            ("1.0", '--version "1.0" is not a version', UsageError),
            ("../1.0.0", "is not a version", UsageError),
        ]
    ),
)
def test_numbers_that_cannot_be(second: Scratch, version: str, message: str, error: type[Exception]) -> None:
    refused(second, message, error, version=version)


@pytest.mark.slow
def test_a_withdrawn_number_is_burnt(second: Scratch) -> None:
    second.propose()
    second.git("revert", "--no-edit", "HEAD")
    change_slope(second, "2.0", "2.6")
    assert "[R3]" in refused(second, "the number 1.1.0 is burnt", InvalidRegistryError, version="1.1.0")
    second.propose()
    assert second.subjects()[0] == "propose tiny 1.2.0"


@pytest.mark.slow
@pytest.mark.parametrize("place", first_quick(["main", "refs/remotes/origin/main"]))
def test_numbers_of_the_base_branch_are_burnt_too(second: Scratch, place: str) -> None:
    """The version was merged by somebody else; this branch has not seen it."""
    second.git("stash", "--quiet")
    second.git("switch", "--quiet", "-c", "work")
    second.write("models/tiny/versions/1.1.0/version.yaml", "not: ours\n")
    second.git("add", "-A")
    second.git("commit", "--quiet", "-m", "theirs")
    second.git("update-ref", place if place.startswith("refs") else "refs/heads/main", "HEAD")
    second.git("reset", "--quiet", "--hard", "HEAD^")
    second.git("stash", "pop", "--quiet")
    refused(second, "the number 1.1.0 is burnt", InvalidRegistryError, version="1.1.0")
    second.propose()
    assert second.subjects()[0] == "propose tiny 1.2.0"


@pytest.mark.parametrize(
    ("path", "old", "new", "message"),
    first_quick(
        [
            ("params.yaml", "slope: 2.5", "slope: 3", "fit@tiny: params.yaml: models.tiny.slope is modified"),
            ("scripts/fit.py", "import", "import os\nimport", "scripts/fit.py is modified"),
            ("models/tiny/candidate/model.json", "2.5", "9.5", "models/tiny/candidate/model.json is modified"),
            ("dvc.yaml", "python scripts", "python -B scripts", "its command changed"),
        ]
    ),
)
def test_a_pipeline_that_is_not_up_to_date(second: Scratch, path: str, old: str, new: str, message: str) -> None:
    target = second.root / path
    text = target.read_text()
    target.unlink()  # DVC may have linked it to its cache
    target.write_text(text.replace(old, new, 1))
    assert "dvc repro fit@tiny" in refused(second, message, InvalidRegistryError)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    first_quick(
        [
            ("numpy==", "numpy>=", r"requirements\.lock:\d+: numpy is not pinned with =="),
            ("    --hash=sha256:" + "0" * 64, "", "has no hash"),
            ("skops==", "skops==99.", r"pins skops 99\.[\d.]+, and [\d.]+ is installed"),
            ("skops==", "others==", "does not pin skops"),
        ]
    ),
)
def test_an_unpinned_environment(first: Scratch, old: str, new: str, message: str) -> None:
    first.edit("requirements.lock", old, new)
    first.commit("requirements")
    refused(first, message, InvalidRegistryError)


@pytest.mark.parametrize(
    ("script", "command", "message"),
    first_quick(
        [
            (
                "import shared\n",
                "",
                r"scripts/shared\.py: scripts/fit\.py imports it, and no stage of tiny declares it",
            ),
            ("", " && python scripts/shared.py", r"scripts/shared\.py: the stage fit@tiny names it"),
            ("from shared import x\n", "", "scripts/deeper/more.py: scripts/shared.py imports it"),
        ]
    ),
)
def test_a_new_script_that_no_stage_declares(second: Scratch, script: str, command: str, message: str) -> None:
    """It would be missing from the proposal; once it is declared, it comes along."""
    second.write("scripts/shared.py", "from deeper import more as x\n" if "deeper" in message else "x = 1\n")
    if "deeper" in message:
        second.write("scripts/deeper/more.py", "x = 1\n")
        second.edit("dvc.yaml", "deps: [", "deps: [scripts/shared.py, ")
    second.write("scripts/fit.py", script + second.read("scripts/fit.py"))
    second.edit("dvc.yaml", "scripts/fit.py ${key}", f"scripts/fit.py ${{key}}{command}")
    second.repro()
    path = message.partition(":")[0].replace("\\", "")
    assert "under deps in dvc.yaml" in refused(second, message)
    second.edit("dvc.yaml", "deps: [", f"deps: [{path}, ")
    second.repro()
    second.propose()
    assert second.git("status", "--porcelain", "-uall") == ""
    assert path in second.git("show", "--name-only", "--format=", "HEAD")


def test_a_changed_script_that_no_stage_declares(second: Scratch) -> None:
    second.git("stash", "--quiet")
    second.write("scripts/shared.py", "x = 1\n")
    second.commit("Share")
    second.git("stash", "pop", "--quiet")
    second.write("scripts/shared.py", "x = 2\n")
    refused(second, r"scripts/shared\.py: changed and not committed")


def test_no_lock_at_all(first: Scratch) -> None:
    first.git("rm", "--quiet", "requirements.lock")
    first.commit("no lock")
    refused(first, "requirements.lock: is not there", InvalidRegistryError)


@pytest.mark.slow
@pytest.mark.parametrize("name", first_quick(["model.skops", "model.json"]))
def test_a_pickle_under_another_name(first: Scratch, name: str) -> None:
    first.write("scripts/fit.py", first.read("scripts/fit.py") + (
        f"import pickle; (out / 'model.json').unlink(); (out / {name!r}).write_bytes(pickle.dumps(list))\n"
    ))  # fmt: skip
    first.edit("dvc.yaml", "candidate/model.json", f"candidate/{name}")
    first.repro()
    assert "[R8]" in refused(first, f"candidate/{name}: .*pickle", InvalidRegistryError)


@pytest.mark.slow
def test_a_pickle_among_the_other_files(first: Scratch) -> None:
    first.write("scripts/fit.py", first.read("scripts/fit.py") + (
        "import pickle; (out / 'profile.json').write_bytes(pickle.dumps(list))\n"
    ))  # fmt: skip
    first.repro()
    assert "[R8]" in refused(first, r"candidate/profile\.json", InvalidRegistryError)


@pytest.mark.slow
def test_a_model_without_a_candidate_file(first: Scratch) -> None:
    first.edit("dvc.yaml", "        - models/${key}/candidate/profile.json\n", "")
    (first.root / "dvc.lock").unlink()
    first.repro()
    refused(first, "candidate/profile.json: is not among the outputs", InvalidRegistryError)


@pytest.mark.slow
def test_broken_metrics(first: Scratch) -> None:
    first.edit("scripts/fit.py", '"rmse"', '"rmsy"')
    first.repro()
    refused(first, r"candidate/metrics\.json:\d+:\d+: metrics", InvalidRegistryError)


@pytest.mark.slow
def test_size_limits(first: Scratch) -> None:
    first.write("models/registry.yaml", first.read("models/registry.yaml") + "limits: {file: 100 B}\n")
    first.commit("limits")
    refused(first, "dvc remote")


@pytest.mark.parametrize(
    ("path", "message"),
    first_quick(
        [
            ("models/tiny/model.yaml", "moving the goalposts is a change of its own"),
            ("models/registry.yaml", r"models/registry\.yaml: changed and not committed"),
            ("requirements.lock", r"requirements\.lock: changed and not committed"),
            ("README.md", r"README\.md: changed and not committed"),
            ("scripts/mintmark/core/judgement/rules.py", r"rules\.py: changed and not committed"),
        ]
    ),
)
@pytest.mark.parametrize("staged", [False, True])
def test_changes_that_are_no_part_of_a_proposal(first: Scratch, path: str, message: str, staged: bool) -> None:
    if not (first.root / path).exists():
        first.write(path, "# one\n")
        first.commit("more")
    first.write(path, first.read(path) + "# more\n")
    if staged:
        first.git("add", path)
    refused(first, message)


def test_a_model_that_is_not_described_yet(first: Scratch) -> None:
    first.git("rm", "--cached", "--quiet", "models/tiny/model.yaml")
    first.git("commit", "--quiet", "-m", "forgotten")
    refused(first, r"models/tiny/model\.yaml: is not committed yet")


@pytest.mark.slow
def test_data_that_is_too_large_for_git(second: Scratch) -> None:
    second.write("models/registry.yaml", second.read("models/registry.yaml") + "limits: {file: 50 kB}\n")
    second.git("commit", "--quiet", "-m", "limits", "models/registry.yaml")
    second.write("data/more.csv", "1" * 60_000)
    second.edit("dvc.yaml", "deps: [", "deps: [data/more.csv, ")
    second.repro()
    refused(second, r"data/more\.csv: 60 kB of data is too much for Git; dvc add data/more\.csv")


@pytest.mark.slow
def test_no_remote(first: Scratch) -> None:
    first.write(".dvc/config", "[core]\n    analytics = false\n")
    first.commit("no remote")
    refused(first, "names no default remote")


def test_a_detached_head(first: Scratch) -> None:
    first.git("checkout", "--quiet", "--detach")
    refused(first, "on no branch")
