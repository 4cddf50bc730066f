"""The addresses of the server, its limits and tokens, and how it answers what goes wrong."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import defaultdict
from concurrent.futures import Executor, ThreadPoolExecutor
from typing import Any

import numpy as np
import pandas as pd
import pytest
from prometheus_client.parser import text_string_to_metric_families
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from tests.serving.running import ask_app, call_app, run
from tests.serving.served import ROW, Shares, app_of, version_of

from mintmark.serving import batching
from mintmark.serving.app import App
from mintmark.serving.limits import Limits
from mintmark.serving.served_version import ServedVersion
from mintmark.serving.slots import Slots

PREDICT = "/models/people/predict"


def test_an_answer_names_what_made_it(app: App) -> None:
    reply = ask_app(app, PREDICT, {"rows": [ROW, ROW | {"age": 2}]}, x_request_id="mine-7")
    assert reply.json == {
        "model": "people",
        "version": "1.0.0",
        "commit": "c" * 40,
        "id": "mine-7",
        "predictions": [
            {"prediction": "odd", "probabilities": {"even": 0.0, "odd": 1.0}},
            {"prediction": "even", "probabilities": {"even": 1.0, "odd": 0.0}},
        ],
    }
    assert (reply.headers["x-model"], reply.headers["x-model-version"]) == ("people", "1.0.0")
    assert reply.headers["x-request-id"] == "mine-7"


@pytest.mark.parametrize("given", ["", " ", "a\nb", "a" * 201, "ümlaut"])
def test_an_id_that_is_none_is_replaced(app: App, given: str) -> None:
    reply = ask_app(app, PREDICT, {"rows": []}, x_request_id=given)
    assert reply.headers["x-request-id"] == reply.json["id"] != given
    assert len(reply.json["id"]) == 16


def test_what_is_served_can_be_asked(app: App) -> None:
    about = ask_app(app, "/models/people").json
    assert list(about["inputs"]) == ["city", "age", "", "0", "member", "since"]
    assert about["classes"] == ["even", "odd"]
    for name in ("people", "people@production", "people@1.0.0"):
        assert ask_app(app, f"/v2/models/{name}").json["versions"] == ["1.0.0"]
    described = ask_app(app, "/v2/models/people/versions/1.0.0").json
    assert [(each["name"], each["datatype"]) for each in described["inputs"]] == [
        ("city", "BYTES"), ("age", "INT64"), ("", "FP64"), ("0", "FP64"), ("member", "BOOL"), ("since", "BYTES")
    ]  # fmt: skip
    assert described["outputs"][1]["shape"] == [-1, 2]
    assert ask_app(app, "/v2/models/people/ready").code == 200
    assert ask_app(app, "/v2").json["name"] == "mintmark"


@pytest.mark.parametrize("path", ["/models/other", "/models/people@staging", "/models/people@2.0.0", "/v2/models/people/versions/2.0.0",
                                  "/v2/models/other/ready", "/nothing", "/page/../app.py", "/page/none", "/v2/models/people/none"])  # fmt: skip
def test_what_is_not_there_is_404_and_says_what_is(app: App, path: str) -> None:
    reply = ask_app(app, path)
    assert reply.code == 404
    assert reply.json["error"]


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "BREW"])
def test_other_methods_are_refused(app: App, method: str) -> None:
    assert ask_app(app, PREDICT, method=method).code == 405


def test_limits_are_told(app: App) -> None:
    many = ask_app(app, PREDICT, {"rows": [ROW] * 101})
    assert (many.code, "101 rows" in many.json["error"]) == (413, True)
    large = ask_app(app, PREDICT, {"rows": [ROW | {"city": "a" * 100_000}]})
    assert (large.code, "100,000 bytes" in large.json["error"]) == (413, True)
    said = ask_app(app, PREDICT, b"{}", content_length="100001")
    assert said.code == 413
    assert ask_app(app, PREDICT, b"{}", content_encoding="gzip").code == 415


class Slow(Shares):
    """Answers when it is let."""

    def __init__(self) -> None:
        self.go, self.calls = threading.Event(), 0

    def predict(self, table: Any) -> Any:
        self.calls += 1
        assert self.go.wait(30)
        return super().predict(table)


@pytest.fixture
def slow() -> Any:
    model = Slow()
    with ThreadPoolExecutor(max_workers=1) as pool:
        version = version_of(model, {"age": "int64"}, pool, classes=("even", "odd"), waiting=3)
        yield model, app_of(version, Limits(seconds=0.3, waiting=3))
        model.go.set()


def test_overload_and_lateness_are_told_and_health_stays_green(slow: tuple[Slow, App]) -> None:
    _, app = slow
    rows = {"rows": [{"age": 1}]}

    async def crowd() -> list[int]:
        asked = [asyncio.ensure_future(call_app(app, PREDICT, rows)) for _ in range(8)]
        await asyncio.sleep(0.05)
        health = [await call_app(app, path) for path in ("/live", "/ready", "/v2/health/ready")]
        assert [reply.code for reply in health] == [200] * 3
        replies = await asyncio.gather(*asked)
        refused = [reply for reply in replies if reply.code == 429]
        assert all(reply.headers["retry-after"] == "1" for reply in refused)
        return sorted(reply.code for reply in replies)

    codes = run(crowd())
    assert set(codes) == {429, 504}
    assert codes.count(504) == 3, "so many rows may wait"


def test_cancelled_members_leave_the_queue(slow: tuple[Slow, App]) -> None:
    model, app = slow

    async def crowd() -> None:
        version = app.slots.find("people").require()
        first = asyncio.ensure_future(version.ask(version.binding.from_records([{"age": 1}])))
        await asyncio.sleep(0.05)
        second = asyncio.ensure_future(version.ask(version.binding.from_records([{"age": 2}])))
        await asyncio.sleep(0.01)
        second.cancel()
        model.go.set()
        assert (await first).predictions.tolist() == ["odd"]
        await version.drain()
        assert version.waiting == 0

    run(crowd())
    assert model.calls == 1


def test_a_token_is_needed_where_there_are_some(mixed: ServedVersion) -> None:
    app = app_of(mixed, tokens=("right-token-of-ours", "another-token-of-ours"))
    for given in ("", "right-token-of-ours", "Bearer wrong", "Basic right-token-of-ours", "Bearer right-token-of-our"):
        reply = ask_app(app, PREDICT, {"rows": [ROW]}, authorization=given)
        assert (reply.code, reply.headers["www-authenticate"]) == (401, "Bearer")
    for given in ("Bearer right-token-of-ours", "bearer another-token-of-ours"):
        assert ask_app(app, PREDICT, {"rows": [ROW]}, authorization=given).code == 200
    for path in ("/live", "/ready", "/v2/health/live", "/v2/health/ready"):
        assert ask_app(app, path).code == 200
    for path in ("/status", "/metrics", "/models", "/openapi.json"):
        assert ask_app(app, path).code == 401


class Broken:
    """Fails for one value, and answers the wrong number of rows for another."""

    def predict(self, table: Any) -> Any:
        if (table["age"] == 13).any():
            raise ValueError("thirteen is bad luck")
        if (table["age"] == 14).any():
            return np.zeros(len(table) + 1)
        return table["age"].to_numpy(dtype="float64")


def test_one_bad_row_fails_its_own_request_only(executor: ThreadPoolExecutor) -> None:
    app = app_of(version_of(Broken(), {"age": "int64"}, executor, output="float64"))

    async def crowd(*ages: int) -> list[Any]:
        asked = [call_app(app, PREDICT, {"rows": [{"age": age}]}) for age in ages]
        return [(reply.code, reply.json.get("predictions")) for reply in await asyncio.gather(*asked)]

    wanted = [(200, [{"prediction": float(age)}]) if age != 13 else (500, None) for age in (10, 11, 12, 13, 15)]
    for _ in range(8):  # by a thread as long as nobody knows how quick the model is, then in the loop
        assert run(crowd(*range(10, 14), 15)) == wanted
    assert "thirteen is bad luck" in ask_app(app, PREDICT, {"rows": [{"age": 13}]}).json["error"]
    codes = [code for code, _ in run(crowd(1, 14, 2))]
    assert codes[1] == 500
    assert {codes[0], codes[2]} <= {200, 500}, "never the answer of a neighbour"


class Paced:
    """Takes its time, and keeps which thread it was asked in."""

    def __init__(self) -> None:
        self.seconds, self.threads = 0.0, list[str]()

    def predict(self, table: Any) -> Any:
        time.sleep(self.seconds)
        self.threads.append(threading.current_thread().name)
        return table["age"].to_numpy(dtype="float64")


def test_a_slow_model_holds_up_nothing_and_a_quick_one_changes_no_thread(
    executor: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batching, "_QUICK", 0.1)  # whatever else this machine has to do
    model = Paced()
    version = version_of(model, {"age": "int64"}, executor, output="float64")

    async def ask(rows: int, times: int) -> set[str]:
        model.threads.clear()
        for _ in range(times):
            await version.ask(version.binding.from_records([{"age": 1}] * rows))
        return set(model.threads)

    async def all_of_it() -> None:
        own = threading.current_thread().name
        assert own not in await ask(1, 1), "nobody knows yet how quick it is"
        assert own in await ask(1, 30)
        assert own not in await ask(1000, 1), "many rows may take long"
        model.seconds = 0.15
        await ask(1, 3)
        assert own not in await ask(1, 3)
        model.seconds = 0.0
        assert own in await ask(1, 30), "it is quick again"

    run(all_of_it())


def test_many_at_once_answer_as_each_alone(mixed: ServedVersion) -> None:
    app = app_of(mixed)
    rows = [ROW | {"age": age, "city": city} for age in range(40) for city in ("a", None)]
    bodies = [{"rows": rows[place : place + 1 + place % 3]} for place in range(len(rows))]

    async def crowd() -> list[Any]:
        replies = await asyncio.gather(*[call_app(app, PREDICT, body) for body in bodies])
        return [reply.json["predictions"] for reply in replies]

    assert run(crowd()) == [ask_app(app, PREDICT, body).json["predictions"] for body in bodies]


def test_prometheus_reads_the_metrics(app: App) -> None:
    ask_app(app, PREDICT, {"rows": [ROW] * 3})
    ask_app(app, PREDICT, {"rows": [{}]})
    ask_app(app, "/nothing")
    text = ask_app(app, "/metrics").body.decode()
    found: dict[str, list[tuple[dict[str, str], float]]] = defaultdict(list)
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found[sample.name].append((sample.labels, sample.value))
    counts = {
        (labels["model"], labels["protocol"], labels["code"]): value
        for labels, value in found["mintmark_requests_total"]
    }
    assert counts["people", "rows", "200"] == counts["people", "rows", "400"] == counts["", "http", "404"] == 1
    assert found["mintmark_rows_total"][0][1] == 3
    assert found["mintmark_serving"][0][0]["version"] == "1.0.0"
    assert [value for _, value in found["mintmark_registry_reachable"]] == [1]
    status = ask_app(app, "/status").json["serving"][0]
    assert status["requests"] == 1
    assert 0 < status["median"] <= status["slowest"]


def test_the_page_asks_this_server_alone(app: App) -> None:
    page = ask_app(app, "/")
    assert page.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert b"//" not in page.body.replace(b"<!doctype", b"")
    for name in ("page/page.css", "page/page.js"):
        assert name.encode() in page.body
        assert ask_app(app, f"/{name}").code == 200


def test_openapi_has_the_columns_of_the_model(app: App) -> None:
    document = ask_app(app, "/openapi.json").json
    assert document["openapi"] == "3.1.0"
    row = document["components"]["schemas"]["people-at-production-row"]
    assert row["required"] == ["city", "age", "", "0", "member", "since"]
    assert row["properties"]["age"] == {"type": ["integer", "null"], "minimum": -(2**63), "maximum": 2**63 - 1}
    assert row["properties"]["since"]["pattern"]
    post = document["paths"]["/models/people@production/predict"]["post"]
    example = post["requestBody"]["content"]["application/json"]["example"]
    assert ask_app(app, PREDICT, example).code == 200


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("POST", "/live", "GET, HEAD"),
        ("POST", "/models/people", "GET, HEAD"),
        ("POST", "/v2/models/people/ready", "GET, HEAD"),
        ("GET", "/models/people/predict", "POST"),
        ("GET", "/invocations", "POST"),
        ("GET", "/v2/models/people/versions/1.0.0/infer", "POST"),
    ],
)
def test_an_address_says_which_methods_it_takes(app: App, method: str, path: str, allowed: str) -> None:
    told = ask_app(app, path, b"{}" if method == "POST" else None, method=method)
    assert (told.code, told.headers["allow"]) == (405, allowed)


def test_nothing_is_found_or_missing_before_anything_is_known(app: App) -> None:
    app.slots = Slots([])
    for path in ("/invocations", PREDICT, "/v2/models/people/infer"):
        assert ask_app(app, path, {"inputs": []}).code == 503


def test_an_id_of_a_body_writes_no_header_of_its_own(app: App) -> None:
    tensors = [{"name": "city", "shape": [1], "datatype": "BYTES", "data": ["x"]}]
    told = ask_app(app, "/v2/models/people/infer", {"id": "é\r\nx: y", "inputs": tensors})
    assert "x" not in told.headers
    row = {"name": "", "datatype": "FP64", "shape": [0], "data": []}
    columns = [row | {"name": name, "datatype": kind} for name, kind in KINDS.items()]
    told = ask_app(app, "/v2/models/people/infer", {"id": "é\r\nx: y", "inputs": columns})
    assert (told.code, told.json["id"], told.headers["x-request-id"]) == (200, "é\r\nx: y", "%C3%A9%0D%0Ax:%20y")
    assert ask_app(app, "/v2/models/people/infer", {"id": "x" * 201, "inputs": columns}).code == 400


KINDS = {"city": "BYTES", "age": "INT64", "": "FP64", "0": "FP64", "member": "BOOL", "since": "BYTES"}


def test_pages_of_a_named_origin_may_ask(mixed: ServedVersion) -> None:
    ours, theirs = "https://acme.github.io", "https://evil.example"
    app = app_of(mixed, tokens=("right-token-of-ours",), origins=(ours,))
    asked = {"access_control_request_method": "POST", "method": "OPTIONS"}
    allowed = ask_app(app, PREDICT, origin=ours, **asked)
    assert (allowed.code, allowed.headers["access-control-allow-origin"]) == (204, ours)
    assert "authorization" in allowed.headers["access-control-allow-headers"]
    refused = ask_app(app, PREDICT, origin=theirs, **asked)
    assert (refused.code, "access-control-allow-origin" in refused.headers) == (403, False)
    reply = ask_app(app, PREDICT, {"rows": [ROW]}, origin=ours, authorization="Bearer right-token-of-ours")
    assert (reply.code, reply.headers["access-control-allow-origin"]) == (200, ours)
    other = ask_app(app, PREDICT, {"rows": [ROW]}, origin=theirs, authorization="Bearer right-token-of-ours")
    assert "access-control-allow-origin" not in other.headers


@pytest.mark.filterwarnings("ignore:overflow encountered", "ignore:X does not have valid")
def test_numbers_that_a_step_makes_infinite_are_refused_as_the_model_refuses_them(executor: Executor) -> None:
    table = pd.DataFrame({"a": [0.0, 1.0, 2.0, 3.0], "b": [1.0, 2.0, 3.0, 4.0]})
    model = make_pipeline(FunctionTransformer(np.exp), LogisticRegression()).fit(table.to_numpy(), [0, 0, 1, 1])
    version = version_of(model, {"a": "float64", "b": "float64"}, executor, output="int64", classes=(0, 1))
    assert version.prefer_matrix(table)
    app = app_of(version)
    assert ask_app(app, PREDICT, {"rows": [{"a": 1, "b": 2}]}).code == 200
    told = ask_app(app, PREDICT, {"rows": [{"a": 1000, "b": 2}]})
    assert told.code != 200
    assert "infinity" in told.json["error"]
    missing = ask_app(app, PREDICT, {"rows": [{"a": None, "b": 2}]})
    assert missing.code == 400
    assert missing.json["error"].startswith(
        'people@1.0.0 does not answer these rows: "a" has no value in 1 of 1 rows; '
    )
    assert "NaN" in missing.json["error"]
