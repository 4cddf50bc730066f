"""What a value in a request means is the same in every protocol: by name, by the signature, never by a guess."""

from __future__ import annotations

import json
import struct
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from tests.serving.running import Reply, ask_app
from tests.serving.served import INPUTS, ROW, Echo, app_of, version_of

from mintmark.serving.app import App

PREDICT = "/models/people/predict"


@pytest.fixture
def echo(executor: ThreadPoolExecutor) -> App:
    return app_of(version_of(Echo(), INPUTS, executor))


def predict(app: App, **changes: Any) -> Reply:
    return ask_app(app, PREDICT, {"rows": [ROW | changes]})


def told(reply: Reply) -> str:
    assert reply.code == 200, reply.body
    return str(reply.json["predictions"][0]["prediction"])


def test_what_the_model_sees_is_what_was_sent(echo: App) -> None:
    assert told(predict(echo)) == "001|9007199254740993|0.5|-1.0|True|2026-06-01 09:30:00"


@pytest.mark.parametrize(
    ("changes", "seen"),
    [
        ({"city": None}, "nan|9007199254740993|0.5|-1.0|True|2026-06-01 09:30:00"),
        ({"city": "2026-01-02"}, "2026-01-02|9007199254740993|0.5|-1.0|True|2026-06-01 09:30:00"),
        ({"city": "None"}, "None|9007199254740993|0.5|-1.0|True|2026-06-01 09:30:00"),
        ({"age": 5.0}, "001|5|0.5|-1.0|True|2026-06-01 09:30:00"),
        ({"age": None}, "001|nan|0.5|-1.0|True|2026-06-01 09:30:00"),
        ({"age": -(2**63)}, f"001|{-(2**63)}|0.5|-1.0|True|2026-06-01 09:30:00"),
        ({"": None, "0": 3}, "001|9007199254740993|nan|3.0|True|2026-06-01 09:30:00"),
        ({"since": "2026-06-01"}, "001|9007199254740993|0.5|-1.0|True|2026-06-01 00:00:00"),
        ({"further": "left out"}, "001|9007199254740993|0.5|-1.0|True|2026-06-01 09:30:00"),
    ],
)
def test_values_keep_what_they_are(echo: App, changes: dict[str, Any], seen: str) -> None:
    assert told(predict(echo, **changes)) == seen


@pytest.mark.parametrize(
    ("changes", "column", "words"),
    [
        ({"city": 1}, "city", "wants text"),
        ({"age": 1.5}, "age", "whole numbers"),
        ({"age": 2**63}, "age", "whole numbers"),
        ({"age": 1e17}, "age", "whole numbers"),
        ({"age": "5"}, "age", "wants numbers"),
        ({"": "0.5"}, "", "wants numbers"),
        ({"0": [1]}, "0", "wants numbers"),
        ({"member": "yes"}, "member", "true and false"),
        ({"member": 2}, "member", "true and false"),
        ({"since": "01/06/2026"}, "since", "ISO 8601"),
        ({"since": 7}, "since", "wants times"),
    ],
)
def test_a_value_of_another_kind_is_refused_with_its_column(
    echo: App, changes: dict[str, Any], column: str, words: str
) -> None:
    reply = predict(echo, **changes)
    assert reply.code == 400
    assert reply.json["columns"] == [column]
    assert f'"{column}"' in reply.json["error"]
    assert words in reply.json["error"]


@pytest.mark.parametrize("name", INPUTS)
def test_a_column_that_is_not_there_is_named(echo: App, name: str) -> None:
    reply = ask_app(echo, PREDICT, {"rows": [{key: value for key, value in ROW.items() if key != name}]})
    assert (reply.code, reply.json["columns"]) == (400, [name])


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"[]", b"7", b'"rows"', b'{"rows": {}}', b'{"rows": [1]}', b'{"rows": [[1]]}', b'{"row": []}',
        b'{"rows": [{"age": NaN}]}', b'{"rows": [{"age": Infinity}]}', b'{"rows": [{"age": 1e999}]}',
        b'{"rows": [], "rows": []}', b'{"rows": [{"age": 1, "age": 2}]}', b"\xff", b'{"rows": "' + b"\xed\xa0\x80" + b'"}',
        b"[" * 100_000, b'{"rows": ' + b"[" * 900 + b"]" * 900 + b"}",
    ],
)  # fmt: skip
def test_what_is_no_request_is_400_and_a_sentence(echo: App, body: bytes) -> None:
    reply = ask_app(echo, PREDICT, body)
    assert reply.code == 400
    assert len(reply.json["error"]) > 10
    assert reply.json["version"] == "1.0.0"


def test_a_colon_in_a_text_is_no_second_name(echo: App) -> None:
    text = '": "age": 1, "age": 2, \\" : '
    assert told(predict(echo, city=text)).startswith(text)


def test_csv_follows_the_signature_as_well(echo: App) -> None:
    text = 'since,city,age,"",0,member\n2026-06-01,001,9007199254740993,.5,-1e0,TRUE\n,"a, ""b""\n",7,,2,0\n'
    reply = ask_app(echo, PREDICT, text.encode(), content_type="text/csv; charset=utf-8")
    assert [row["prediction"] for row in reply.json["predictions"]] == [
        "001|9007199254740993|0.5|-1.0|True|2026-06-01 00:00:00",
        'a, "b"\n|7|nan|2.0|False|NaT',
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"", "empty"),
        (b"city,city\na,b\n", "2 columns"),
        (b"city,age\na\n", "1 field"),
        (b'city\n"a\n', "no CSV"),
        (b"city\n\xff\n", "UTF-8"),
        (b'since,city,age,"",0,member\n,a,12x,1,1,1\n', "wants numbers"),
        (b'since,city,age,"",0,member\n,a,1,1e999,1,1\n', "infinite"),
        (b'since,city,age,"",0,member\n,a,1,1,1,yes\n', "true or false"),
        (b'since,city,age,"",0,member\n,a,1,nan,1,1\n', "wants numbers"),
    ],
)
def test_csv_that_is_none_is_refused(echo: App, text: bytes, words: str) -> None:
    reply = ask_app(echo, PREDICT, text, content_type="text/csv")
    assert reply.code == 400
    assert words in reply.json["error"]


def tensors(row: dict[str, Any], shape: list[int]) -> list[dict[str, Any]]:
    kinds = {"city": "BYTES", "age": "INT64", "": "FP64", "0": "FP64", "member": "BOOL", "since": "BYTES"}
    return [
        {"name": name, "datatype": kinds[name], "shape": shape, "data": [value] if len(shape) == 1 else [[value]]}
        for name, value in row.items()
    ]


@pytest.mark.parametrize("shape", [[1], [1, 1]])
def test_tensors_mean_the_same(echo: App, shape: list[int]) -> None:
    reply = ask_app(echo, "/v2/models/people/infer", {"id": "mine", "inputs": tensors(ROW, shape)})
    assert reply.code == 200, reply.body
    assert reply.json["outputs"] == [
        {
            "name": "prediction",
            "datatype": "BYTES",
            "shape": [1],
            "data": ["001|9007199254740993|0.5|-1.0|True|2026-06-01 09:30:00"],
        }
    ]
    assert (reply.json["id"], reply.headers["x-request-id"]) == ("mine", "mine")
    assert (reply.json["model_name"], reply.json["model_version"]) == ("people", "1.0.0")


def test_binary_data_means_the_same(echo: App) -> None:
    raw = {
        "city": struct.pack("<I", 3) + b"001",
        "age": struct.pack("<q", 9007199254740993),
        "": struct.pack("<d", 0.5),
        "0": struct.pack("<d", -1),
        "member": b"\x01",
        "since": struct.pack("<I", 10) + b"2026-06-01",
    }
    inputs = tensors(ROW, [1])
    for entry in inputs:
        del entry["data"]
        entry["parameters"] = {"binary_data_size": len(raw[entry["name"]])}
    head = json.dumps(
        {"inputs": inputs, "outputs": [{"name": "prediction", "parameters": {"binary_data": True}}]}
    ).encode()
    body = head + b"".join(raw[entry["name"]] for entry in inputs)
    reply = ask_app(echo, "/v2/models/people/infer", body, inference_header_content_length=str(len(head)))
    assert reply.code == 200, reply.body
    length = int(reply.headers["inference-header-content-length"])
    (output,) = json.loads(reply.body[:length])["outputs"]
    binary = reply.body[length:]
    assert output["parameters"]["binary_data_size"] == len(binary)
    assert binary[4:].decode() == "001|9007199254740993|0.5|-1.0|True|2026-06-01 00:00:00"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"shape": [2]}, "shape"),
        ({"shape": [1, 2]}, "shape"),
        ({"shape": []}, "shape"),
        ({"shape": [-1]}, "shape"),
        ({"shape": [1.5]}, "shape"),
        ({"datatype": "INT65"}, "datatype"),
        ({"datatype": ["INT64"]}, "datatype"),
        ({"datatype": "INT8"}, "INT8"),
        ({"data": [1.5]}, "INT64"),
        ({"data": [True]}, "INT64"),
        ({"data": ["1"]}, "INT64"),
        ({"data": 1}, "data"),
        ({"data": [[1, 2]]}, "shape"),
        ({"data": [[[1]]]}, "shape"),
        ({"datatype": "BYTES", "data": ["1"]}, "INT64"),
        ({"parameters": {"binary_data_size": 8}}, "binary_data_size"),
        ({"surprise": 1}, "surprise"),
    ],
)
def test_a_tensor_that_disagrees_with_itself_is_refused(echo: App, change: dict[str, Any], words: str) -> None:
    inputs = [entry | (change if entry["name"] == "age" else {}) for entry in tensors(ROW, [1])]
    reply = ask_app(echo, "/v2/models/people/infer", {"inputs": inputs})
    assert reply.code == 400, reply.body
    assert "age" in reply.json["error"]
    assert words in reply.json["error"]


def test_a_matrix_is_bound_in_the_order_of_the_signature(executor: ThreadPoolExecutor) -> None:
    app = app_of(version_of(Echo(), {"a": "float64", "b": "float64"}, executor))
    flat = {"name": "x", "datatype": "FP32", "shape": [2, 2], "data": [1, 2, 3, None]}
    reply = ask_app(app, "/v2/models/people/infer", {"inputs": [flat]})
    assert reply.json["outputs"][0]["data"] == ["1.0|2.0", "3.0|nan"]
    nested = {**flat, "data": [[1, 2], [3, None]]}
    assert ask_app(app, "/v2/models/people/infer", {"inputs": [nested]}).json["outputs"] == reply.json["outputs"]
    wide = {**flat, "shape": [1, 4]}
    assert ask_app(app, "/v2/models/people/infer", {"inputs": [wide]}).code == 400


INVOCATIONS = [
    {"dataframe_records": [ROW]},
    {"dataframe_split": {"columns": list(ROW), "data": [list(ROW.values())], "index": [0]}},
    {"dataframe_split": {"columns": list(reversed(ROW)), "data": [list(reversed(ROW.values()))]}},
    {"inputs": {name: [value] for name, value in ROW.items()}},
    {"inputs": [list(ROW.values())]},
    {"instances": [ROW]},
    {"instances": [list(ROW.values())]},
]


@pytest.mark.parametrize("body", INVOCATIONS, ids=lambda body: next(iter(body)))
def test_what_clients_of_mlflow_send_means_the_same(echo: App, body: dict[str, Any]) -> None:
    reply = ask_app(echo, "/invocations", body)
    assert reply.code == 200, reply.body
    assert reply.json["predictions"] == ["001|9007199254740993|0.5|-1.0|True|2026-06-01 09:30:00"]
    assert (reply.json["model"], reply.json["version"]) == ("people", "1.0.0")


@pytest.mark.parametrize(
    "body",
    [
        {}, {"inputs": 1}, {"instances": 1}, {"inputs": [1]}, {"dataframe_split": []}, {"dataframe_records": {}},
        {"inputs": [], "instances": []}, {"dataframe_split": {"columns": ["a", "a"], "data": []}},
        {"dataframe_split": {"columns": ["a"], "data": [[1, 2]]}}, {"dataframe_split": {"columns": 1, "data": []}},
        {"inputs": {"city": "a"}}, {"inputs": [[1]]},
    ],
    ids=repr,
)  # fmt: skip
def test_an_invocation_that_is_none_is_refused(echo: App, body: dict[str, Any]) -> None:
    assert ask_app(echo, "/invocations", body).code == 400


def test_no_rows_have_one_answer_in_every_protocol(app: App) -> None:
    named = ask_app(app, PREDICT, {"rows": []})
    assert (named.code, named.json["predictions"]) == (200, [])
    assert ask_app(app, "/invocations", {"inputs": []}).json["predictions"] == []
    inputs = [{**entry, "shape": [0], "data": []} for entry in tensors(ROW, [1])]
    outputs = ask_app(app, "/v2/models/people/infer", {"inputs": inputs}).json["outputs"]
    assert [(each["name"], each["shape"], each["data"]) for each in outputs] == [
        ("prediction", [0], []),
        ("probabilities", [0, 2], []),
    ]


def test_what_is_no_number_is_null_in_an_answer(executor: ThreadPoolExecutor) -> None:
    class Odd:
        def predict(self, table: Any) -> Any:
            return np.array([np.nan, np.inf, 2.5])[: len(table)]

    app = app_of(version_of(Odd(), {"a": "float64"}, executor, output="float64"))
    rows = {"rows": [{"a": 1}] * 3}
    assert [row["prediction"] for row in ask_app(app, PREDICT, rows).json["predictions"]] == [None, None, 2.5]
