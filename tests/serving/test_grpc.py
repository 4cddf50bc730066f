"""The Open Inference Protocol over gRPC: what is answered, in which form, and which status a fault has."""

from __future__ import annotations

import asyncio
import struct
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
import numpy as np
import pytest
from tests.serving.grpc_server import Here, serving_here
from tests.serving.served import INPUTS, ROW, Echo, Shares, version_of

from mintmark.errors import MintmarkError
from mintmark.serving.grpc.contents import write_tensors
from mintmark.serving.grpc.server import keep_port
from mintmark.serving.limits import Limits
from mintmark.serving.served_version import ServedVersion
from mintmark.serving.tensors import Tensor

Code = grpc.StatusCode
DATATYPES = {"city": "BYTES", "age": "INT64", "": "FP64", "0": "FP64", "member": "BOOL", "since": "BYTES"}
FIELDS = {"BYTES": "bytes_contents", "INT64": "int64_contents", "FP64": "fp64_contents", "BOOL": "bool_contents"}


def typed(name: str, value: Any, datatype: str | None = None, **changed: Any) -> dict[str, Any]:
    """One value of a column as typed contents."""
    datatype = datatype or DATATYPES[name]
    value = value.encode() if isinstance(value, str) else value
    return {"name": name, "datatype": datatype, "shape": [1], "contents": {FIELDS[datatype]: [value]}, **changed}


def packed(value: Any, datatype: str) -> bytes:
    if datatype == "BYTES":
        value = value.encode() if isinstance(value, str) else value
        return struct.pack("<I", len(value)) + value
    return np.array([value], {"INT64": "<i8", "FP64": "<f8", "BOOL": "?"}[datatype]).tobytes()


def typed_row(**changed: Any) -> dict[str, Any]:
    row = ROW | changed
    return {"model_name": "people", "inputs": [typed(name, value) for name, value in row.items()]}


def raw_row(**changed: Any) -> dict[str, Any]:
    row = ROW | changed
    inputs = [{"name": name, "datatype": DATATYPES[name], "shape": [1, 1]} for name in row]
    raw = [packed(value, DATATYPES[name]) for name, value in row.items()]
    return {"model_name": "people", "inputs": inputs, "raw_input_contents": raw}


@pytest.fixture(scope="module")
def here(executor: ThreadPoolExecutor) -> Iterator[Here]:
    """A version whose answers show what reached it."""
    with serving_here(version_of(Echo(), INPUTS, executor), Limits(rows=100, bytes=100_000)) as served:
        yield served


@pytest.fixture(scope="module")
def shares(executor: ThreadPoolExecutor) -> Iterator[Here]:
    with serving_here(version_of(Shares(), INPUTS, executor, classes=("even", "odd"))) as served:
        yield served


def test_a_typed_request_has_a_typed_answer_that_names_what_answered(shares: Here) -> None:
    told = shares.client.ask("ModelInfer", typed_row() | {"id": "mine"})
    assert (told.answer.model_name, told.answer.model_version, told.answer.id) == ("people", "1.0.0", "mine")
    assert told.answer.parameters["commit"].string_param == "c" * 40
    assert not told.answer.raw_output_contents
    prediction, probabilities = told.answer.outputs
    assert (prediction.name, prediction.datatype, list(prediction.shape)) == ("prediction", "BYTES", [1])
    assert list(prediction.contents.bytes_contents) == [b"odd"]
    assert (probabilities.datatype, list(probabilities.shape)) == ("FP64", [1, 2])
    assert list(probabilities.contents.fp64_contents) == [0.0, 1.0]
    assert told.metadata.items() >= {"x-request-id": "mine", "x-model": "people", "x-model-version": "1.0.0"}.items()


def test_a_raw_request_has_a_raw_answer(shares: Here) -> None:
    told = shares.client.ask("ModelInfer", raw_row(), x_request_id="by-header")
    assert [output.HasField("contents") for output in told.answer.outputs] == [False, False]
    assert list(told.answer.raw_output_contents) == [b"\3\0\0\0odd", struct.pack("<dd", 0, 1)]
    assert told.answer.id == told.metadata["x-request-id"] == "by-header"
    only = shares.client.ask("ModelInfer", raw_row() | {"outputs": [{"name": "probabilities"}]})
    assert [output.name for output in only.answer.outputs] == ["probabilities"]
    assert list(only.answer.raw_output_contents) == [struct.pack("<dd", 0, 1)]


@pytest.mark.parametrize(
    "changed",
    [{}, {"city": ""}, {"city": "né\0日本 🙂\r\n"}, {"age": 2**63 - 1}, {"age": -(2**63)}, {"": 1e-310, "0": -0.0}],
    ids=repr,
)
def test_typed_and_raw_contents_mean_the_same(here: Here, changed: dict[str, Any]) -> None:
    typed_told, raw_told = (here.client.ask("ModelInfer", row(**changed)) for row in (typed_row, raw_row))
    (text,) = typed_told.answer.outputs[0].contents.bytes_contents
    (raw,) = raw_told.answer.raw_output_contents
    assert raw == struct.pack("<I", len(text)) + text
    seen = text.decode().split("|")
    assert seen[0] == (ROW | changed)["city"]
    assert int(seen[1]) == (ROW | changed)["age"], "exact beyond 2**53"
    assert [float(seen[2]), float(seen[3])] == [(ROW | changed)[""], (ROW | changed)["0"]]


NUMBER = {"model_name": "people", "inputs": [typed(name, value) for name, value in ROW.items() if name != "age"]}


@pytest.mark.parametrize(
    ("datatype", "field", "value", "words"),
    [
        ("INT8", "int_contents", 127, None),
        ("INT8", "int_contents", 128, '"age" is INT8 (-128 to 127), and value 0 is 128'),
        ("INT16", "int_contents", -32769, "is INT16"),
        ("INT32", "int_contents", -(2**31), None),
        ("UINT8", "uint_contents", 256, "is UINT8"),
        ("UINT32", "uint_contents", 2**32 - 1, None),
        ("UINT64", "uint64_contents", 2**63 - 1, None),
        ("UINT64", "uint64_contents", 2**64 - 1, None),
        ("FP32", "fp32_contents", 1.5, "age"),
        ("FP64", "fp64_contents", 3.0, None),
        ("INT64", "int_contents", 1, '"age" is INT64, whose contents are in int64_contents, and it has int_contents'),
        ("FP16", "fp32_contents", 1.0, '"age" is FP16, which has no typed contents; give raw_input_contents'),
        ("BYTES", "bytes_contents", b"1", '"age" is BYTES, and the model wants INT64'),
        ("TEXT", "bytes_contents", b"1", 'has the datatype "TEXT"'),
        ("INT64", "int64_contents", None, '"age" has 0 values, and its shape [1] has 1'),
    ],
)
def test_a_datatype_holds_what_it_says(here: Here, datatype: str, field: str, value: Any, words: str | None) -> None:
    contents = {field: [] if value is None else [value]}
    age = {"name": "age", "datatype": datatype, "shape": [1], "contents": contents}
    told = here.client.ask("ModelInfer", NUMBER | {"inputs": [*NUMBER["inputs"], age]})
    if words is None:
        assert int(told.answer.outputs[0].contents.bytes_contents[0].split(b"|")[1]) == value
    else:
        assert told.code is Code.INVALID_ARGUMENT
        assert words in told.words


def _changed(row: dict[str, Any], place: int, **changed: Any) -> dict[str, Any]:
    inputs = list(row["inputs"])
    inputs[place] = inputs[place] | changed
    return row | {"inputs": inputs}


@pytest.mark.parametrize(
    ("message", "words"),
    [
        (
            _changed(raw_row(), 1, contents={"int64_contents": [1]}),
            '"age" has contents, and there are raw_input_conten',
        ),
        (raw_row() | {"raw_input_contents": [b""]}, "raw_input_contents has 1 elements, and there are 6 inputs"),
        (_changed(raw_row(), 1, shape=[2]), '"age" has 1 values, and its shape [2] has 2'),
        (_changed(typed_row(), 1, shape=[-1]), '"age" has no shape'),
        (_changed(typed_row(), 1, shape=[]), '"age" has no shape'),
        (_changed(typed_row(), 0, contents={"bytes_contents": [b"\xff"]}), '"city" has bytes that are no UTF-8'),
        (_changed(typed_row(), 2, contents={"fp64_contents": [np.inf]}), '"" is infinite in row 0'),
        (typed_row() | {"inputs": typed_row()["inputs"][1:]}, 'there is no column "city"'),
        (typed_row() | {"inputs": [*typed_row()["inputs"], typed("age", 1)]}, '"age" is there twice'),
        (typed_row() | {"inputs": []}, "there are no inputs"),
        (typed_row() | {"outputs": [{"name": "shares"}]}, 'there is no output "shares"; there are prediction'),
        (typed_row() | {"outputs": [{"name": "prediction"}] * 2}, "is wanted twice"),
        (typed_row() | {"id": "x" * 201}, "id has 201 characters"),
        (b"\xff\xff", "the message is no inference.ModelInferRequest"),
    ],
)
def test_what_does_not_fit_is_an_invalid_argument(here: Here, message: Any, words: str) -> None:
    told = here.client.ask("ModelInfer", message)
    assert told.code is Code.INVALID_ARGUMENT
    assert words in told.words
    assert told.metadata["x-request-id"]


def test_no_rows_have_no_answers(shares: Here) -> None:
    contents = [{"name": name, "datatype": DATATYPES[name], "shape": [0]} for name in ROW]
    for raw in ([], [b""] * len(ROW)):
        told = shares.client.ask("ModelInfer", {"model_name": "people", "inputs": contents, "raw_input_contents": raw})
        assert [list(output.shape) for output in told.answer.outputs] == [[0], [0, 2]]


def test_a_datatype_without_typed_contents_makes_an_answer_raw() -> None:
    half = Tensor("half", "FP16", (1,), np.array([1.5], dtype=np.float16))
    outputs, raw = write_tensors([Tensor("name", "BYTES", (1,), ["é\0"]), half], raw=False)
    assert not any("contents" in output for output in outputs)
    assert raw == ["é\0".encode().join([b"\3\0\0\0", b""]), struct.pack("<e", 1.5)]


@pytest.mark.parametrize(
    ("method", "message"),
    [
        ("ModelInfer", typed_row() | {"model_name": "nobody"}),
        ("ModelInfer", typed_row() | {"model_version": "2.0.0"}),
        ("ModelReady", {"name": "nobody"}),
        ("ModelMetadata", {"name": "people", "version": "2.0.0"}),
        ("Check", {"service": "nothing"}),
    ],
)
def test_what_is_not_served_is_not_found(here: Here, method: str, message: Any) -> None:
    assert here.client.ask(method, message).code is Code.NOT_FOUND


def test_metadata_and_readiness(shares: Here) -> None:
    ask = shares.client.ask
    assert ask("ServerLive").answer.live
    assert ask("ServerMetadata").answer.name == "mintmark"
    about = ask("ModelMetadata", {"name": "people@production", "version": "1.0.0"}).answer
    assert [(tensor.name, tensor.datatype) for tensor in about.inputs] == list(DATATYPES.items())
    assert list(about.versions) == ["1.0.0"]
    assert dict(about.properties) == {"commit": "c" * 40, "classes": '["even", "odd"]'}
    for ready in (True, False):
        shares.state.ready = ready
        assert ask("ServerReady").answer.ready is ready
        assert ask("Check", {"service": "inference.GRPCInferenceService"}).answer.status == 2 - ready
    shares.state.ready = True


def test_nothing_served_is_unavailable() -> None:
    with serving_here(None) as served:
        assert served.client.ask("ServerLive").answer.live
        assert not served.client.ask("ModelReady", {"name": "people"}).answer.ready
        told = served.client.ask("ModelInfer", typed_row())
        assert (told.code, told.metadata["grpc-retry-pushback-ms"]) == (Code.UNAVAILABLE, "1000")


def test_limits_say_what_they_are(here: Here) -> None:
    many = {name: {"name": name, "datatype": DATATYPES[name], "shape": [101]} for name in ROW}
    raw = [packed(value, DATATYPES[name]) * 101 for name, value in ROW.items()]
    told = here.client.ask(
        "ModelInfer", {"model_name": "people", "inputs": [*many.values()], "raw_input_contents": raw}
    )
    assert (told.code, told.words) == (Code.RESOURCE_EXHAUSTED, "there are 101 rows; 100 may come in one request")
    for size in (100_001, 399_000, 500_000):
        told = here.client.ask("ModelInfer", typed_row(city="x" * size))
        assert told.code is Code.RESOURCE_EXHAUSTED
        assert ("100,000 may come in one request" if size < 400_000 else "larger than max") in told.words


def test_a_token_is_asked_for_and_health_needs_none(executor: ThreadPoolExecutor) -> None:
    token = "t" * 32
    with serving_here(version_of(Echo(), INPUTS, executor), tokens=("o" * 32, token)) as served:
        ask = served.client.ask
        for given in ({}, {"authorization": f"Bearer {token}x"}, {"authorization": token}):
            told = ask("ModelInfer", typed_row(), **given)
            assert (told.code, told.words) == (Code.UNAUTHENTICATED, "send a token: Authorization: Bearer TOKEN")
            assert "x-model" not in told.metadata
        assert ask("ModelMetadata", {"name": "people"}).code is Code.UNAUTHENTICATED
        assert ask("ModelInfer", typed_row(), authorization=f"Bearer {token}").code is Code.OK
        assert ask("ServerLive").answer.live
        assert ask("ServerReady").answer.ready
        assert ask("Check").answer.status == 1


class Slow(Echo):
    """Answers when it may, fails where it is told to."""

    def __init__(self) -> None:
        self.may, self.started = threading.Event(), threading.Event()

    def predict(self, table: Any) -> Any:
        if (table["city"] == "boom").any():
            raise RuntimeError("no such\ncity")
        self.started.set()
        assert self.may.wait(30)
        return super().predict(table)


@pytest.fixture
def slow() -> Iterator[tuple[Slow, ServedVersion]]:
    with ThreadPoolExecutor(1) as pool:
        model = Slow()
        yield model, version_of(model, INPUTS, pool, waiting=2)
        model.may.set()


def test_a_fault_of_the_model_is_internal_and_a_slow_one_has_a_deadline(slow: tuple[Slow, ServedVersion]) -> None:
    with serving_here(slow[1], Limits(seconds=0.2)) as served:
        told = served.client.ask("ModelInfer", typed_row(city="boom"))
        assert (told.code, told.words) == (Code.INTERNAL, "people@1.0.0 does not answer these rows: no such city")
        told = served.client.ask("ModelInfer", typed_row())
        assert (told.code, told.words) == (Code.DEADLINE_EXCEEDED, "people@1.0.0 did not answer in 0.2 seconds")
        assert served.client.ask("ModelInfer", typed_row(), timeout=0.05).code is Code.DEADLINE_EXCEEDED
        slow[0].may.set()
        assert served.client.ask("ModelInfer", typed_row()).code is Code.OK
        assert served.counted() >= {"INTERNAL", "DEADLINE_EXCEEDED", "CANCELLED", "OK"}


def test_too_many_are_turned_away_and_health_goes_on_while_those_before_are_answered_at_the_end(
    slow: tuple[Slow, ServedVersion],
) -> None:
    model, version = slow
    with serving_here(version) as served, ThreadPoolExecutor(8) as callers:
        first = callers.submit(served.client.ask, "ModelInfer", typed_row())
        assert model.started.wait(30)
        waiting = [callers.submit(served.client.ask, "ModelInfer", typed_row()) for _ in range(2)]
        while version.waiting < 2:
            time.sleep(0.01)
        told = served.client.ask("ModelInfer", typed_row())
        assert (told.code, told.metadata["grpc-retry-pushback-ms"]) == (Code.RESOURCE_EXHAUSTED, "1000")
        assert served.client.ask("ServerLive").answer.live
        stopping = asyncio.run_coroutine_threadsafe(served.server.stop(20), served.loop)
        while served.client.ask("ServerLive", timeout=5).code is Code.OK:
            time.sleep(0.01)
        model.may.set()
        assert [each.result(30).code for each in (first, *waiting)] == [Code.OK] * 3
        stopping.result(30)


def test_a_fault_that_is_long_in_any_letters_still_arrives(executor: ThreadPoolExecutor) -> None:
    names = {f"{'列' * 100}{number}": "float64" for number in range(30)}
    with serving_here(version_of(Echo(), names, executor)) as served:
        inputs = [
            {"name": name, "datatype": "BYTES", "shape": [1], "contents": {"bytes_contents": ["é".encode() * 50]}}
            for name in names
        ]
        told = served.client.ask("ModelInfer", {"model_name": "people", "inputs": inputs, "id": "é\r\nx: y"})
        assert told.code is Code.INVALID_ARGUMENT
        assert "列列" in told.words
        assert told.metadata["x-request-id"] == "%C3%A9%0D%0Ax:%20y"


def test_a_port_that_is_taken_is_one_sentence() -> None:
    port = keep_port("127.0.0.1", 0)
    with port.kept, pytest.raises(MintmarkError, match=r"gRPC cannot listen there.*--grpc-port off"):
        keep_port("127.0.0.1", port.number)
