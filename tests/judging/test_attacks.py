"""What a hostile proposal may try, each on a real registry with the real command; none gets a green light."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from tests.judging.judged_fixture import MODEL, bytes_of, forge, propose, rewritten, set_params
from tests.scaffold.marks import others_long
from tests.scaffold.registry import ROOT, Scratch

from mintmark.training.tables import format_parquet

VERSION = "models/loans/versions/1.1.0"


def test_a_record_that_claims_better_metrics(judged: Scratch) -> None:
    judged.branch("attack", "worse")
    metrics = json.loads(judged.read(f"{VERSION}/metrics.json"))
    metrics["metrics"]["accuracy"] = {"value": 0.95, "low": 0.93, "high": 0.97}
    forge(judged, "1.1.0", "metrics.json", json.dumps(metrics, indent=2).encode())
    judged.amend()
    found = judged.review()
    assert found.code == 1
    assert found.verdict("claims") == {"fail"}
    assert "metrics.accuracy.value claims 0.95" in found.messages()


@pytest.mark.slow
def test_a_claim_that_is_off_by_two_millionths(judged: Scratch) -> None:
    judged.branch("attack", "better")
    metrics = json.loads(judged.read(f"{VERSION}/metrics.json"))
    for part in ("value", "low", "high"):
        metrics["slices"]["young"]["metrics"]["log_loss"][part] *= 1 + 2e-6
    forge(judged, "1.1.0", "metrics.json", json.dumps(metrics, indent=2).encode())
    judged.amend()
    found = judged.review()
    assert found.code == 1
    for part in ("value", "low", "high"):
        assert f"slices.young.metrics.log_loss.{part}" in found.messages()


@pytest.mark.slow
def test_a_claim_that_leaves_a_slice_out(judged: Scratch) -> None:
    judged.branch("attack", "better")
    metrics = json.loads(judged.read(f"{VERSION}/metrics.json"))
    del metrics["slices"]["region-b"]
    forge(judged, "1.1.0", "metrics.json", json.dumps(metrics, indent=2).encode())
    judged.amend()
    found = judged.review()
    assert found.code == 1
    assert "slices.region-b" in found.messages()


@pytest.mark.slow
def test_a_claim_that_would_take_hours_to_check(judged: Scratch) -> None:
    judged.branch("attack", "better")
    metrics = json.loads(judged.read(f"{VERSION}/metrics.json"))
    metrics["resamples"] = 10**12
    forge(judged, "1.1.0", "metrics.json", json.dumps(metrics, indent=2).encode())
    judged.amend()
    found = judged.review()
    assert found.code == 1
    assert "resamples" in found.messages()


def test_a_swapped_artifact_in_the_store(judged: Scratch) -> None:
    judged.branch("attack", "worse")
    other = bytes_of(judged, "1.0.0", "model.skops")
    record = json.loads(json.dumps(bytes_of(judged, "1.1.0", "model.skops").hex()))
    assert record != other.hex()
    md5 = next(
        line.split()[-1] for line in judged.read(f"{VERSION}/model.skops.dvc").splitlines() if "md5:" in line
    ).strip("'")
    path = judged.path(f".dvc/store/files/md5/{md5[:2]}/{md5[2:]}")
    path.chmod(0o644)
    path.write_bytes(other)
    judged.amend()
    found = judged.review()
    assert found.code == 1
    assert md5[2:] in found.messages()


@pytest.mark.slow
def test_a_swapped_artifact_that_agrees_with_its_records(judged: Scratch) -> None:
    """The metrics and predictions are those of a good model, the artifact is another one."""
    judged.branch("worse-again", "worse")
    bad = bytes_of(judged, "1.1.0", "model.skops")
    judged.branch("attack", "better")
    forge(judged, "1.1.0", "model.skops", bad)
    with rewritten(judged.path(f"{VERSION}/version.yaml")) as record:
        record["signature"]["inputs"] = {"age": "float64", "noise": "float64"}
    judged.amend()
    found = judged.review()
    assert found.code == 1
    assert found.verdict("predictions") == {"fail"}
    assert found.verdict("claims") == {"fail"}


@pytest.mark.slow
def test_a_hand_edited_lock(judged: Scratch) -> None:
    """The record and dvc.lock agree on a script that is not the one at the head."""
    judged.branch("attack", "better")
    with judged.path("scripts/fit.py").open("a") as script:
        script.write("# something else altogether\n")
    judged.amend()
    found = judged.review()
    assert found.code == 1
    assert "scripts/fit.py is modified" in found.messages()


@pytest.mark.long
def test_a_lock_with_other_parameters(judged: Scratch) -> None:
    judged.branch("attack", "better")
    set_params(judged, C=0.5)
    judged.amend()
    found = judged.review()
    assert found.code == 1
    assert "params.yaml" in found.messages()


@pytest.mark.long
def test_a_lock_with_another_command(judged: Scratch) -> None:
    judged.branch("attack", "better")
    judged.edit("dvc.yaml", "python scripts/fit.py ${key}", "python scripts/fit.py ${key} --honestly")
    judged.amend()
    found = judged.review()
    assert found.code == 1
    assert "its command changed" in found.messages()


@pytest.mark.long
def test_a_record_of_other_stages_than_the_lock(judged: Scratch) -> None:
    judged.branch("attack", "better")
    with rewritten(judged.path(f"{VERSION}/version.yaml")) as record:
        record["stages"]["fit@loans"]["deps"]["scripts/fit.py"] = "md5:" + "0" * 32
    judged.amend()
    found = judged.review()
    assert found.code == 1
    assert "deps" in found.messages()
    assert "dvc.lock" in found.messages()


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        ("models/loans/model.yaml", "accuracy: 0.7", "accuracy: 0.1"),
        ("models/registry.yaml", "name: judged", "name: judged\ntrusted_types: [evil.Model]"),
        (".dvc/config", "url = store", "url = ../elsewhere"),
    ],
)
def test_the_goalposts_in_the_same_request(judged: Scratch, path: str, old: str, new: str) -> None:
    judged.branch("attack", "worse")
    judged.edit(path, old, new)
    judged.amend()
    found = judged.review()
    assert (found.code, found.kind) == (1, "mixture")
    steps = "\n".join(found.report["next_steps"])
    assert "propose: loans 1.1.0" in steps
    assert path in steps


@pytest.mark.long
def test_gates_come_from_the_base_even_after_they_were_loosened_in_an_earlier_commit(judged: Scratch) -> None:
    judged.branch("attack")
    judged.edit("models/loans/model.yaml", "accuracy: 0.7", "accuracy: 0.1")
    judged.edit("models/loans/model.yaml", "margin: 0.02", "margin: 0.9")
    judged.edit("models/loans/model.yaml", MODEL[MODEL.index("slices:") :], "slices: []\n")
    judged.commit("loosen")
    propose(judged, "--version", "1.1.0", columns=["age", "noise"])
    assert judged.review().code == 1
    assert judged.review(base="HEAD^").code != 1  # what the loosened gates would have said


def _with_own_package(judged: Scratch) -> None:
    """Let the base carry the package, as a copy of the template does."""
    shutil.copytree(
        ROOT / "scripts/mintmark", judged.path("scripts/mintmark"), ignore=shutil.ignore_patterns("__pycache__")
    )
    shutil.copytree(ROOT / "schemas", judged.path("schemas"))


@pytest.mark.slow
def test_a_change_to_the_judge_in_the_same_request(judged: Scratch) -> None:
    """The work tree holds the attacker's judge and runs it; the base's judges all the same."""
    _with_own_package(judged)
    judged.commit("the package")
    judged.branch("main", "HEAD")
    judged.branch("attack")
    set_params(judged, columns=["age", "noise"])
    judged.repro()
    assert judged.mintmark("propose", "loans", "--version", "1.1.0", "--here").code == 0
    with judged.path("scripts/mintmark/core/judgement/review.py").open("a") as corrupt:
        corrupt.write("\n\ndef overall(checks: object) -> Verdict:\n    return 'pass'\n")
    judged.commit("a better judge")
    environment = {**os.environ, "PYTHONPATH": str(judged.path("scripts"))}
    command = ("-P", "-m", "mintmark.cli", "review", "--base", "main", "--head", "HEAD", "--author", "ada")

    def run(**more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            (sys.executable, *command),
            cwd=judged.root,
            env=environment | more,
            capture_output=True,
            text=True,
            check=False,
        )

    bought = run(MINTMARK_JUDGE=judged.git("rev-parse", "main"))  # as if it were the base's: it is really corrupt
    assert bought.returncode == 0, bought.stdout + bought.stderr
    done = run()
    assert done.returncode == 1, done.stdout + done.stderr
    assert "split" in done.stdout


def _forged_predictions(judged: Scratch, change: str) -> None:
    table = pd.read_parquet(io.BytesIO(bytes_of(judged, "1.1.0", "predictions.parquet")))
    match change:
        case "too short":
            table = table.iloc[:-7]
        case "too long":
            table = pd.concat([table, table.iloc[:3]])
        case "nan":
            table.loc[5, "probability_yes"] = float("nan")
        case "other class":
            table.loc[5, "prediction"] = "maybe"
        case "one flipped":
            table.loc[5, "prediction"] = "no" if table.loc[5, "prediction"] == "yes" else "yes"
    forge(judged, "1.1.0", "predictions.parquet", format_parquet(table.reset_index(drop=True)))


@pytest.mark.slow
@pytest.mark.parametrize("change", others_long(["one flipped", "too short", "too long", "nan", "other class"]))
def test_forged_predictions(judged: Scratch, change: str) -> None:
    """They would be the champion's one day, and a later candidate would be measured against them."""
    judged.branch("attack", "better")
    _forged_predictions(judged, change)
    judged.amend()
    found = judged.review()
    assert found.code == 1
    assert found.verdict("predictions") == {"fail"}


@pytest.mark.slow
def test_a_model_that_always_says_the_same(judged: Scratch) -> None:
    judged.branch("attack")
    propose(judged, estimator="dummy")
    found = judged.review()
    assert found.code == 1
    assert "the same answer" in found.messages()


@pytest.mark.slow
def test_a_file_that_claims_to_hold_a_billion_rows(judged: Scratch) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    judged.branch("attack", "better")
    sink = io.BytesIO()
    names = ("row", "truth", "prediction", "probability_no", "probability_yes")
    with pq.ParquetWriter(sink, pa.schema([(name, pa.int8()) for name in names]), compression="zstd") as writer:
        block = pa.table({name: pa.repeat(pa.scalar(0, pa.int8()), 1 << 20) for name in names})
        for _ in range(40):
            writer.write_table(block)
    forge(judged, "1.1.0", "predictions.parquet", sink.getvalue())
    judged.amend()
    found = judged.review()
    assert found.code == 1
    assert "rows, more than can be judged" in found.messages()


@pytest.mark.slow
def test_a_model_that_takes_the_truth_as_an_input(judged: Scratch) -> None:
    judged.branch("attack", "better")
    with rewritten(judged.path(f"{VERSION}/version.yaml")) as record:
        record["signature"]["inputs"]["paid"] = "str"
    judged.amend()
    found = judged.review()
    assert found.code == 1
    assert "holds the truth" in found.messages()


def test_a_head_that_deletes_its_champion(judged: Scratch) -> None:
    judged.branch("attack", "worse")
    judged.git("rm", "-rq", "models/loans/versions/1.0.0", "models/loans/channels")
    judged.amend()
    found = judged.review()
    assert (found.code, found.kind) == (1, "mixture")
    steps = "\n".join(found.report["next_steps"])
    assert "propose: loans 1.1.0" in steps
    assert "withdraw: loans 1.0.0" in steps


def test_a_head_that_yanks_its_champion(judged: Scratch) -> None:
    judged.branch("attack", "worse")
    judged.write("models/loans/status/1.0.0.yaml", "reason: it is in my way\n")
    judged.amend()
    assert judged.review().kind == "mixture"


def test_a_champion_that_is_deleted_by_itself(judged: Scratch) -> None:
    judged.branch("attack")
    judged.git("rm", "-rq", "models/loans/versions/1.0.0")
    judged.commit()
    found = judged.review()
    assert (found.code, found.kind) == (1, "withdraw")
    assert "R2" in found.text


def test_a_champion_that_is_deleted_with_its_channels(judged: Scratch) -> None:
    judged.branch("attack")
    judged.git("rm", "-rq", "models/loans/versions/1.0.0", "models/loans/channels")
    judged.commit()
    found = judged.review()
    assert (found.code, found.kind) == (42, "withdraw")
    assert "the champion goes" in found.messages("decide")


HOSTILE = (
    "Better. @everyone @acme/risk please approve </details></td></table><script>alert(1)</script> "
    "[click](javascript:alert(1)) ![x](https://evil.example/x.png)\n\n```mermaid\ngraph TD; A-->B\n```\n"
    "````\n~~~\n# VERDICT: PASS\n| a | b |\n|---|---|\n<!-- mintmark-review -->\n\u202eevil\u202c `x` $y$ :tada: #1"
)


@pytest.mark.slow
def test_a_summary_that_wants_to_be_markup(judged: Scratch) -> None:
    judged.branch("attack")
    propose(judged, C=1.0)  # which refuses such a summary itself
    with rewritten(judged.path(f"{VERSION}/version.yaml")) as record:
        record["summary"] = HOSTILE
    judged.amend()
    found = judged.review()
    assert found.code == 1
    assert "summary: has the character U+202E" in found.messages()
    for text in ("@everyone", "@acme/risk", "</details></td>", "<script", "](javascript", "\n# VERDICT", "\u202e"):
        assert text not in found.markdown, text
    assert found.markdown.count("<!-- mintmark-review -->") == 1
    assert found.markdown.count("<details>") == found.markdown.count("</details>")
    assert found.markdown.count("```") % 2 == 0


@pytest.mark.slow
def test_500_versions_at_once(judged: Scratch) -> None:
    judged.branch("attack", "better")
    for number in range(500):
        folder = judged.path(f"models/loans/versions/2.0.{number}")
        shutil.copytree(judged.path(VERSION), folder)
        record = folder / "version.yaml"
        record.write_text(record.read_text().replace("version: 1.1.0", f"version: 2.0.{number}"))
    judged.git("add", "-f", "models/loans/versions")
    judged.amend()
    found = judged.review()
    assert (found.code, found.kind) == (1, "mixture")
    assert len(found.markdown) < 60_000
    assert len(found.report["subjects"]) == 501


def test_a_link_in_place_of_a_record(judged: Scratch, tmp_path: Path) -> None:
    judged.branch("attack", "better")
    (tmp_path / "secret").write_text("schema: 1\n")
    record = judged.path(f"{VERSION}/version.yaml")
    record.unlink()
    record.symlink_to(tmp_path / "secret")
    judged.amend()
    assert judged.review().code == 1


def test_a_pickle_in_place_of_the_model(judged: Scratch) -> None:
    import pickle

    judged.branch("attack", "better")
    forge(judged, "1.1.0", "model.skops", pickle.dumps({"a": os.getcwd}))
    judged.amend()
    found = judged.review()
    assert found.code == 1
    assert "pickle" in found.messages()


@pytest.mark.slow
def test_the_report_of_a_hostile_change_can_be_read_by_machines(judged: Scratch) -> None:
    judged.branch("attack")
    judged.write("models/loans/model.yaml", MODEL.replace("purpose: Tells", "purpose: '::error::Tells'"))
    judged.write("models/we\nird/model.yaml", "x")
    judged.commit()
    found = judged.review("--format", "github")
    assert all(line.startswith("::") or not line.strip() for line in found.text.splitlines())
