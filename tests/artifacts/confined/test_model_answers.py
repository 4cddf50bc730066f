"""Answers of a model's process, as bytes: what is one comes back as it was, anything else is refused in little memory."""

from __future__ import annotations

import base64
import json
import random
import tracemalloc
from typing import Any

import numpy as np
import pytest

from mintmark.artifacts.confined.model_answers import (
    AnswerError,
    format_answer,
    format_error,
    parse_answers,
    parse_document,
)
from mintmark.core.judgement.answers import Answer


def answer_bytes(**parts: Any) -> bytes:
    entry = format_answer([1, 2], [[0.5, 0.5], [1.0, 0.0]])
    document = {"classes": [1, 2], "answers": {"rows": entry}, "cost": {"load_seconds": 0.1}, **parts}
    return json.dumps(document).encode()


def parse(data: bytes) -> Answer:
    return parse_answers(parse_document(data, 2), {"rows": 2})[1]["rows"]


@pytest.mark.parametrize(
    ("prediction", "probabilities"),
    [
        ([1.5, float("inf"), -0.0, 5e-324, 1 / 3], [[0.1, 0.9], [float("-inf"), 1.0]]),
        ([1, -(2**63), 2**63 - 1], None),
        ([2**63, 2**63 + 1], None),
        (["a", "", 'quote " and ] , {', "ä\u2028😀"], None),
        ([True, False], None),
        ([True, 1, 1.5, "a"], None),
        ([], []),
    ],
    ids=str,
)
def test_answers_come_back_as_they_were(prediction, probabilities):
    mixed = len({type(value) for value in prediction}) > 1
    array = np.array(prediction, dtype=object if mixed else None)
    matrix = None if probabilities is None else np.reshape(probabilities, (-1, 2))
    found = parse(answer_bytes(answers={"rows": format_answer(array, matrix)}))
    assert found == Answer(prediction=prediction, probabilities=probabilities)
    assert [type(value) for value in found.prediction] == [type(value) for value in prediction]


def test_floats_of_other_sizes_and_scalars_of_numpy_come_back_as_numbers():
    single = np.array([0.1, 3], "float32")
    assert parse(answer_bytes(answers={"rows": format_answer(single)})).prediction == single.tolist()
    objects = np.array([np.str_("a"), np.int8(3), np.bool_(True), np.float32(0.5)], dtype=object)
    found = parse(answer_bytes(answers={"rows": format_answer(objects)})).prediction
    assert [(type(value), value) for value in found] == [(str, "a"), (int, 3), (bool, True), (float, 0.5)]
    assert str(parse(answer_bytes(answers={"rows": format_answer([float("nan"), 1.0])})).prediction) == "[nan, 1.0]"


def test_an_error_comes_back():
    found = parse(answer_bytes(answers={"rows": format_error(KeyError("a\nb"))}))
    assert found == Answer(error="KeyError: 'a\\nb'")
    assert parse(answer_bytes(answers={"rows": {"error": " \n"}})).error == "an error without words"


def entry(**parts: Any) -> dict[str, Any]:
    return {"answers": {"rows": {"prediction": {"labels": [1]}, "probabilities": None, **parts}}}


FLOATS = base64.b64encode(np.zeros(3).tobytes()).decode()


@pytest.mark.parametrize(
    "parts",
    [
        {"more": 1},
        {"answers": {}},
        {"answers": {"rows": None}},
        {"answers": {"rows": {"error": 1}}},
        {"answers": {"other": {"error": "x"}}},
        {"classes": None},
        {"classes": [None]},
        {"classes": [[1]]},
        {"classes": ["\ud800"]},
        {"classes": ["x" * 1001]},
        {"classes": [2**64]},
        {"cost": {"size": 1}},
        {"cost": {"load_seconds": -1}},
        {"cost": {"load_seconds": float("nan")}},
        {"cost": {"load_seconds": "1"}},
        {"cost": {"load_seconds": 10**400}},
        {"cost": []},
        entry(prediction=[1]),
        entry(prediction={}),
        entry(prediction={"labels": [{}]}),
        entry(prediction={"labels": "text"}),
        entry(prediction={"labels": [1], "float": ""}),
        entry(prediction={"object": FLOATS}),
        entry(prediction={"float": "no base64"}),
        entry(prediction={"float": "AAAA"}),
        entry(prediction={"float": "AAAA AAAAAAA="}),
        entry(prediction={"float": None}),
        entry(probabilities={"width": 2, "float": FLOATS}),
        entry(probabilities={"width": 0, "float": FLOATS}),
        entry(probabilities={"width": -3, "float": FLOATS}),
        entry(probabilities={"width": True, "float": FLOATS}),
        entry(probabilities={"width": 3}),
        entry(probabilities=[[0.5]]),
        entry(more=1),
    ],
    ids=lambda parts: str(parts)[:60],
)
def test_answers_of_another_form_are_refused(parts):
    with pytest.raises(AnswerError):
        parse(answer_bytes(**parts))


@pytest.mark.parametrize(
    "data",
    [b"", b"null", b"[]", b"{", b"\xff", b'{"a":' * 5000, b"[" * 2_000_000, b"[" + b"[]," * 100_000 + b"1]",
     b'{"classes": [' + b"1," * 100_000 + b"1]}", b"1" * 10_000, b'{"a": 1e999}', b'{"a": ' + b"9" * 9000 + b"}"],
    ids=lambda data: str(data[:20]),
)  # fmt: skip
def test_bytes_that_are_no_answer_are_refused_in_little_memory(data):
    with pytest.raises(AnswerError):
        parse(data)


@pytest.mark.parametrize("item", [b"[],", b"{},", b'"ab",', b"1.5,"])
def test_millions_of_values_are_refused_before_they_are_built(item):
    data = b'{"classes": [' + item * 500_000 + b"0]}"
    tracemalloc.start()
    with pytest.raises(AnswerError, match="holds more values than an answer has"):
        parse(data)
    assert tracemalloc.get_traced_memory()[1] < 1_000_000
    tracemalloc.stop()


def test_damaged_answers_are_refused_or_read_and_never_raise_anything_else():
    chance, whole = random.Random(0), answer_bytes()
    read = 0
    for _ in range(2000):
        data = bytearray(whole)
        for _ in range(chance.randint(1, 4)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        try:
            parse(bytes(data))
            read += 1
        except AnswerError:
            pass
    assert 0 < read < 2000
