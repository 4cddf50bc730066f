"""What Triton's own clients send is understood, and they understand what is answered, over HTTP and gRPC."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import tritonclient.grpc
import tritonclient.http
from tests.scaffold.registry import Scratch
from tests.serving.grpc_server import serving_here
from tests.serving.running import over_http, serving
from tests.serving.served import INPUTS, ROW, Echo, Shares, app_of, version_of
from tritonclient.utils import InferenceServerException

NUMPY = {"city": np.object_, "age": np.int64, "": np.float64, "0": np.float64, "member": np.bool_, "since": np.object_}
TRITON = {"city": "BYTES", "age": "INT64", "": "FP64", "0": "FP64", "member": "BOOL", "since": "BYTES"}


class Triton(NamedTuple):
    """One of Triton's clients, with the module that it is from."""

    module: Any
    client: Any

    def inputs(self, rows: list[dict[str, Any]], **how: bool) -> list[Any]:
        """A tensor for each column."""
        found = []
        for name, dtype in NUMPY.items():
            values = [row[name].encode() if isinstance(row[name], str) else row[name] for row in rows]
            tensor = self.module.InferInput(name, [len(rows)], TRITON[name])
            found.append(tensor.set_data_from_numpy(np.array(values, dtype=dtype), **how) or tensor)
        return found


@pytest.fixture(scope="module")
def echoes(executor: ThreadPoolExecutor) -> Iterator[tuple[Triton, Triton]]:
    """Clients over HTTP and gRPC of one version whose answers show what reached it."""
    version = version_of(Echo(), INPUTS, executor)
    with serving_here(version) as grpc, over_http(app_of(version)) as port:
        yield _over_http(port), _over_grpc(grpc.port)


@pytest.fixture(scope="module")
def shares(executor: ThreadPoolExecutor) -> Iterator[tuple[Triton, Triton]]:
    version = version_of(Shares(), INPUTS, executor, classes=("even", "odd"))
    with serving_here(version) as grpc, over_http(app_of(version)) as port:
        yield _over_http(port), _over_grpc(grpc.port)


def _over_http(port: int) -> Triton:
    return Triton(tritonclient.http, tritonclient.http.InferenceServerClient(f"127.0.0.1:{port}"))


def _over_grpc(port: int) -> Triton:
    return Triton(tritonclient.grpc, tritonclient.grpc.InferenceServerClient(f"127.0.0.1:{port}"))


ROWS = [
    ROW,
    ROW | {"city": "", "age": 2**63 - 1},
    ROW | {"city": "né\0日本 🙂", "age": -(2**63), "": -1e-310, "member": False},
]


def test_both_protocols_tell_the_same_of_the_server(shares: tuple[Triton, Triton]) -> None:
    told = []
    for _, client in shares:
        assert client.is_server_live()
        assert client.is_server_ready()
        assert client.is_model_ready("people")
        assert client.is_model_ready("people", "1.0.0")
        about = client.get_model_metadata("people")
        if not isinstance(about, dict):
            tensors = [[(t.name, t.datatype, list(t.shape)) for t in each] for each in (about.inputs, about.outputs)]
            told.append((about.name, list(about.versions), about.platform, *tensors))
        else:
            tensors = [[(t["name"], t["datatype"], t["shape"]) for t in about[key]] for key in ("inputs", "outputs")]
            told.append((about["name"], about["versions"], about["platform"], *tensors))
    assert told[0] == told[1]
    http, grpc = (client.get_server_metadata() for _, client in shares)
    assert http == {
        "name": grpc.name,
        "version": grpc.version,
        "extensions": ["binary_tensor_data"],
    }


def test_values_mean_the_same_in_every_form(echoes: tuple[Triton, Triton]) -> None:
    http, grpc = echoes
    wanted = grpc.client.infer("people", grpc.inputs(ROWS)).as_numpy("prediction").tolist()
    seen = [text.decode().split("|") for text in wanted]
    assert [(row[0], int(row[1]), float(row[2])) for row in seen] == [
        (row["city"], row["age"], row[""]) for row in ROWS
    ]
    for binary_in in (True, False):
        inputs = http.inputs(ROWS, binary_data=binary_in)
        for binary_out in (True, False):
            output = tritonclient.http.InferRequestedOutput("prediction", binary_data=binary_out)
            found = http.client.infer("people", inputs, outputs=[output]).as_numpy("prediction").tolist()
            assert [text if isinstance(text, bytes) else text.encode() for text in found] == wanted
    for algorithm in ("gzip", "deflate"):
        found = grpc.client.infer("people", grpc.inputs(ROWS), compression_algorithm=algorithm)
        assert found.as_numpy("prediction").tolist() == wanted


def test_an_answer_has_the_types_that_the_metadata_says(shares: tuple[Triton, Triton]) -> None:
    for triton in shares:
        found = triton.client.infer("people", triton.inputs(ROWS), request_id="a-1", model_version="1.0.0")
        assert found.as_numpy("prediction").tolist() == [b"odd", b"odd", b"even"]
        shares_of = found.as_numpy("probabilities")
        assert (shares_of.dtype, shares_of.tolist()) == (np.float64, [[0.0, 1.0], [0.0, 1.0], [1.0, 0.0]])
        answer = found.get_response()
        named = answer if isinstance(answer, dict) else {"id": answer.id, "model_version": answer.model_version}
        assert (named["id"], named["model_version"]) == ("a-1", "1.0.0")


def test_faults_have_their_status(shares: tuple[Triton, Triton]) -> None:
    for (module, client), (missing, invalid) in zip(
        shares, (("404", "400"), ("StatusCode.NOT_FOUND", "StatusCode.INVALID_ARGUMENT")), strict=True
    ):
        inputs = Triton(module, client).inputs(ROWS)
        with pytest.raises(InferenceServerException) as caught:
            client.infer("nobody", inputs)
        assert caught.value.status() == missing
        with pytest.raises(InferenceServerException, match='there is no column "city"') as caught:
            client.infer("people", inputs[1:])
        assert caught.value.status() == invalid


@pytest.mark.slow
def test_a_process_answers_both_and_ends_when_all_are_answered(loans: Scratch, tmp_path: Path) -> None:
    faults: list[str] = []
    answers: list[Any] = []
    with serving(loans.root, tmp_path / "logs", "loans@production", "--drain", "500ms") as server:
        x = np.array([[20.0, 1.5, 0.5]])
        found = []
        for triton in (_over_http(int(server.url.rpartition(":")[2])), _over_grpc(server.grpc_port)):
            tensor = triton.module.InferInput("all", [1, 3], "FP64")
            tensor.set_data_from_numpy(x)
            answer = triton.client.infer("loans", [tensor])
            found.append((answer.as_numpy("prediction").tolist(), answer.as_numpy("probabilities").tolist()))
        assert found[0] == found[1]
        assert 'protocol="grpc"' in server.ask("/metrics").body.decode()

        def ask() -> None:
            own = _over_grpc(server.grpc_port)
            while not ended.is_set():
                try:
                    answers.append(own.client.infer("loans", [tensor]).as_numpy("prediction").tolist())
                except InferenceServerException as error:
                    if not ended.is_set():
                        faults.append(str(error))
                    return

        ended = threading.Event()
        callers = [threading.Thread(target=ask) for _ in range(4)]
        for caller in callers:
            caller.start()
        server.process.terminate()
        client = _over_grpc(server.grpc_port).client
        while client.is_server_ready():
            time.sleep(0.02)
        assert client.is_server_live()
        ended.set()
        for caller in callers:
            caller.join()
        assert server.process.wait(60) == 0
    assert faults == []
    assert answers
