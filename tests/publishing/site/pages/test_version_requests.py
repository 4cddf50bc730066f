"""The requests that a version's page writes for a server: as texts to copy, and in the form that its script makes."""

from __future__ import annotations

import ast
import json
import math
import shlex
import shutil
from pathlib import Path
from typing import Any

import pytest
from tests.publishing.site.browsing.in_a_browser import ASSETS, use_page
from tests.publishing.site.samples.sample_versions import HOSTILE, config, index, model, row, summaries, version

from mintmark.publishing.site.pages.version_page import version_page
from mintmark.publishing.site.pages.version_requests import presets, requests, typical_row

INPUTS = {"petal": "float64", "sepal": "str", "count": "int64", "wet": "bool"}


def made(**changes: Any) -> dict[str, Any]:
    signature = {"inputs": INPUTS, "outputs": {"prediction": {"type": "str", "shape": [None]}}, "classes": ["a", "b"]}
    return version(**{"signature": signature, **summaries(), **changes})


def body_of(curl: str) -> Any:
    words = shlex.split(curl)
    assert words[:2] == ["curl", "-sS"]
    assert words[3:6] == ["-H", "Content-Type: application/json", "-d"]
    return words[2], json.loads(words[6])


def test_what_is_typical_fills_a_row() -> None:
    assert typical_row(made()) == {"petal": 2.5, "sepal": "short", "count": 0, "wet": False}


@pytest.mark.parametrize("text", ["it's", HOSTILE, "é\u202e😀", 'a"b\\c\n'])
def test_the_texts_hold_the_row_whatever_is_in_it(text: str) -> None:
    rows = {**typical_row(made()), "sepal": text, "petal": None}
    told = {request.key: request.text for request in requests(config(server="https://m.example/x/"), made(), rows)}
    url, body = body_of(told["rows-curl"])
    assert (url, body) == ("https://m.example/x/models/iris/predict", {"rows": [rows]})
    url, body = body_of(told["v2-curl"])
    assert url == "https://m.example/x/v2/models/iris/infer"
    assert body["inputs"][0] == {"name": "petal", "shape": [1], "datatype": "FP64", "data": [None]}
    assert [tensor["datatype"] for tensor in body["inputs"]] == ["FP64", "BYTES", "INT64", "BOOL"]
    for key, expected in (("rows-python", {"rows": [rows]}), ("v2-python", body)):
        assert told[key].isascii()
        calls = [node for node in ast.walk(ast.parse(told[key])) if isinstance(node, ast.Call)]
        written = [ast.literal_eval(call.args[0]) for call in calls if ast.unparse(call.func) == "json.dumps"]
        assert written == [expected]


def test_behaviour_tests_are_presets() -> None:
    tests = [
        {
            "name": "clear",
            "kind": "minimum-functionality",
            "cases": [{"row": {"petal": 1}}, {"row": {"petal": math.nan}}],
        },
        {
            "name": "longer",
            "kind": "direction",
            "change": {"column": "petal", "add": 0.5},
            "expect": "increase",
            "share": 1,
        },
        {"name": "wetter", "kind": "invariance", "change": {"column": "wet", "set": True}, "tolerance": 0, "share": 1},
        {
            "name": "noisy",
            "kind": "invariance",
            "change": {"column": "petal", "noise": 0.1},
            "tolerance": 0,
            "share": 1,
        },
        {"name": "bad", "kind": "malformed", "inputs": ["nan", "no-rows"], "expect": "error"},
        {"name": "older", "kind": "minimum-functionality", "cases": [{"row": {"gone": 1}}]},
    ]
    assert presets(model(behaviour=tests), made()) == [
        ("clear 1", {"petal": 1}),
        ("clear 2", {"petal": None}),
        ("longer", {"petal": 3.0}),
        ("wetter", {"wet": True}),
        ("bad: a missing value", {"petal": None}),
    ]


def test_without_a_server_a_request_is_only_written() -> None:
    document = made()
    shown = index(row(document))
    text = version_page(config(), shown, document, parent=None, champion=None)
    assert 'data-server=""' in text
    assert "http://localhost:8080/models/iris/predict" in text
    named = version_page(config(server="https://m.example"), shown, document, parent=None, champion=None)
    assert 'data-server="https://m.example"' in named


@pytest.mark.slow
def test_the_form_writes_the_request_and_sends_nothing_before_a_click(tmp_path: Path) -> None:
    tests = [{"name": "clear", "kind": "minimum-functionality", "cases": [{"row": {"petal": 1.5, "sepal": "it's 😀"}}]}]
    document = made()
    shown = index(row(document), model=model(behaviour=tests))
    (tmp_path / "site").mkdir()
    shutil.copy(ASSETS / "version.js", tmp_path / "site" / "version.js")
    settings = config(server="http://localhost:9")
    content = version_page(settings, shown, document, parent=None, champion=None)
    seen = use_page(
        tmp_path / "site",
        content + '<script src="/version.js" defer></script>',
        """const asked = [], own = window.fetch;
        window.fetch = (url, ...rest) => {
          if (String(url).startsWith("../")) return own(url, ...rest);
          asked.push([url, rest[0].body]);
          return Promise.resolve(new Response('{"a": "<b>x</b>"}'));
        };
        const before = {curl: $('[data-request="rows-curl"]').textContent, v2: $('[data-request="v2-python"]').textContent};
        $(".mm-try").open = true;
        await wait(() => $(".mm-try__fields"));
        const text = (key) => $(`[data-request="${key}"]`).textContent;
        const first = {curl: text("rows-curl"), v2: text("v2-python")};
        const [petal, sepal, count] = $$(".mm-try__field input");
        tell(petal, ""); tell(count, "9007199254740993");
        const large = text("rows-curl");
        tell(count, "1.5");
        const refused = [count.getAttribute("aria-invalid"), $(".mm-status").textContent, text("rows-curl") === large];
        $$(".mm-try button").find((button) => button.textContent === "Send rows").click();
        await wait(() => false || true);
        const none = asked.length;
        tell(count, "3");
        $$(".mm-try button").find((button) => button.textContent === "Send rows").click();
        await wait(() => !$(".mm-try__answer").hidden);
        return {before, first, large, refused, none, asked, answer: $(".mm-try__answer").textContent,
          elements: $(".mm-try__answer").children.length};""",
        files={"api/v1/models/iris/versions/1.1.0.json": document},
    )
    assert "error" not in seen, seen
    assert body_of(seen["first"]["curl"]) == body_of(seen["before"]["curl"]), "the script writes what the page has"
    assert seen["first"]["v2"] == seen["before"]["v2"].replace("0.0", "0")
    assert body_of(seen["large"])[1]["rows"][0] == {
        "petal": None,
        "sepal": "it's 😀",
        "count": 9007199254740993,
        "wet": False,
    }
    assert seen["refused"] == ["true", "1 field does not fit the signature.", True]
    assert seen["none"] == 0
    ((url, body),) = seen["asked"]
    assert (url, json.loads(body)["rows"][0]["count"]) == ("http://localhost:9/models/iris/predict", 3)
    assert (seen["answer"], seen["elements"]) == ('{"a": "<b>x</b>"}', 0)
