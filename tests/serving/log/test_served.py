"""A real server that logs and shadows, until SIGTERM."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tritonclient.grpc
from tests.serving.log.logged import rows_of
from tests.serving.log.of_repository import ROOT, evaluation_rows
from tests.serving.running import serving, until

from mintmark.registry.logged.reading import PredictionLog


@pytest.mark.slow
def test_what_was_asked_is_in_the_log_in_pairs_when_the_server_ends(tmp_path: Path) -> None:
    rows = evaluation_rows().drop(columns=["diagnosis"]).head(2)
    body = {"rows": json.loads(rows.to_json(orient="records"))}
    log = tmp_path / "log"
    options = ("breast-cancer@1.2.0", "--shadow", "breast-cancer@1.1.0", "--log", str(log))
    with serving(ROOT, tmp_path, *options) as server:
        until(lambda: any(event.get("slot") == "breast-cancer@1.1.0" for event in server.events), server.log)
        asked = [server.ask("/models/breast-cancer/predict", body, x_request_id=f"r{n}") for n in range(20)]
        assert server.ask("/models/breast-cancer/predict", {"rows": [{"age": 1}]}, x_request_id="odd").code == 400
        assert server.ask("/models/breast-cancer@1.1.0/predict", body).code == 404, "a shadow is not to be asked"
        answered = 'mintmark_shadow_requests_total{channel="1.1.0",model="breast-cancer",result="answered"} 20.0'
        until(lambda: answered in server.ask("/metrics").body.decode(), server.log)
        server.ask("/invocations", {"dataframe_records": body["rows"]}, x_request_id="last")
        assert server.stop() == 0
    found = rows_of(log)
    served, shadow = found[~found["shadow"]], found[found["shadow"]]
    assert served["id"].value_counts().to_dict() == {**{f"r{n}": 2 for n in range(20)}, "odd": 1, "last": 2}
    assert {f"r{n}" for n in range(20)} <= set(shadow["id"])
    assert set(shadow["version"]) == {"1.1.0"}
    for number, reply in enumerate(asked):
        one = served[served["id"] == f"r{number}"].sort_values("row")
        assert [each["prediction"] for each in reply.json["predictions"]] == one["prediction"].tolist()
        assert one["input_mean radius"].tolist() == rows["mean radius"].tolist()
    assert served.set_index("id").loc["last", "probability_benign"].notna().all(), "also where no caller wanted them"
    tallies = [
        tally for place in PredictionLog(str(log)).places() for tally in PredictionLog(str(log)).counts(place).items()
    ]
    assert sum(tally.requests for what, tally in tallies if not what.shadow) == 22
    command = (sys.executable, "-m", "mintmark.cli", "replay", "r7", str(log))
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.count("the same now")) == (0, 2), done.stdout + done.stderr


@pytest.mark.slow
def test_several_processes_log_and_shadow_and_are_counted_together(tmp_path: Path) -> None:
    rows = evaluation_rows().drop(columns=["diagnosis"]).head(2)
    body = {"rows": json.loads(rows.to_json(orient="records"))}
    log = tmp_path / "log"
    options = ("breast-cancer@1.2.0", "--shadow", "breast-cancer@1.1.0", "--log", str(log), "--workers", "2")

    def shadowed() -> int:
        return sum(event.get("slot") == "breast-cancer@1.1.0" for event in server.events)

    def counted(name: str) -> float:
        lines = server.ask("/metrics").body.decode().splitlines()
        return sum(float(line.split()[-1]) for line in lines if line.startswith((f"{name} ", f"{name}{{")))

    with serving(ROOT, tmp_path, *options) as server:
        until(lambda: shadowed() == 2, server.log)
        columns = list(server.ask("/models/breast-cancer").json["inputs"])
        x = np.ascontiguousarray(rows[columns].to_numpy(dtype=float))
        for number in range(20):
            assert server.ask("/models/breast-cancer/predict", body, x_request_id=f"rest{number}").code == 200
            channel = [("grpc.use_local_subchannel_pool", 1)]  # a connection of its own, to either process
            client = tritonclient.grpc.InferenceServerClient(f"127.0.0.1:{server.grpc_port}", channel_args=channel)
            tensor = tritonclient.grpc.InferInput("x", list(x.shape), "FP64")
            tensor.set_data_from_numpy(x)
            client.infer("breast-cancer", [tensor], request_id=f"grpc{number}")
            client.close()
        until(lambda: counted("mintmark_shadow_requests_total") == 40, server.log)
        until(lambda: counted("mintmark_log_rows_total") == 160, server.log)  # what was served, and the shadow's
        held = [str(each.readlink()) for each in Path(f"/proc/{server.process.pid}/fd").iterdir()]
        assert not [each for each in held if ".writers" in each], "the process that makes the others writes no log"
        assert server.stop() == 0
    found = rows_of(log)
    served = found[~found["shadow"]]
    assert served["id"].value_counts().to_dict() == {f"{kind}{n}": 2 for kind in ("rest", "grpc") for n in range(20)}
    over_grpc = served[served["id"] == "grpc7"].sort_values("row")
    assert over_grpc["input_mean radius"].tolist() == rows["mean radius"].tolist()
    assert set(found[found["shadow"]]["id"]) == set(served["id"])


def test_a_hash_without_a_key_keeps_the_server_from_starting(tmp_path: Path) -> None:
    from types import SimpleNamespace
    from typing import Any

    from mintmark.errors import UsageError
    from mintmark.serving.log.personal import check_needs_no_key, read_key

    model: Any = SimpleNamespace(personal={"name": "drop", "customer": "hash"})
    registry = SimpleNamespace(models=lambda: ["people"], model=lambda _: model)
    source: Any = SimpleNamespace(read=lambda: SimpleNamespace(registry=registry))
    with pytest.raises(UsageError, match=r'models/people/model.yaml: the log hashes "customer".*--log-key FILE'):
        check_needs_no_key(source, [])
    (tmp_path / "key").write_text("short\n")
    with pytest.raises(UsageError, match="a key has 16 bytes or more"):
        read_key(tmp_path / "key")
    (tmp_path / "key").write_text("0123456789abcdef0123\n")
    assert read_key(tmp_path / "key") == b"0123456789abcdef0123"
