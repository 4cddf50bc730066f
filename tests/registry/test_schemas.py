"""Documents against their schemas: what is accepted, and what a person reads of what is not."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.scaffold.documents import SETTINGS, metrics_document, metrics_of, model_document, stored, version_document

from mintmark.core.finding import Finding
from mintmark.registry.documents import parse_document
from mintmark.registry.files import format_json, format_yaml
from mintmark.registry.schemas import accepts, explain, load_schema, schema_folder, schemas_digest

KINDS = sorted(path.name.removesuffix(".schema.json") for path in schema_folder().glob("*.schema.json"))
_FILES = {name: stored(name, name.encode()) for name in ("model.skops", "profile.json")}
VALID: dict[str, dict[str, Any]] = {
    "registry": SETTINGS,
    "model": model_document("iris"),
    "version": version_document("iris", "1.0.0", _FILES),
    "channel": {"version": "1.0.0"},
    "status": {"schema": 1, "state": "yanked", "reason": "Leaked labels.", "replacement": "1.0.1"},
    "metrics": metrics_document(metrics_of("1.0.0")),
}


def edited(kind: str, place: str, value: Any) -> dict[str, Any]:
    """A valid document with one value changed, added, or (`...`) taken away."""
    document = copy.deepcopy(VALID[kind])
    *parents, last = [int(part) if part.isdigit() else part for part in place.split("/")]
    target: Any = document
    for parent in parents:
        target = target[parent]
    if value is ...:
        del target[last]
    else:
        target[last] = value
    return document


def findings_of(kind: str, document: Any) -> list[Finding]:
    text = format_json(document) if kind == "metrics" else format_yaml(document)
    parsed = parse_document(kind, text.encode(), "f.yaml")
    assert (parsed.data is None) == bool(parsed.findings)
    return list(parsed.findings)


@pytest.mark.parametrize("kind", VALID)
def test_what_is_valid_is_accepted(kind: str) -> None:
    assert accepts(kind, VALID[kind])
    assert findings_of(kind, VALID[kind]) == []


CASES: list[tuple[str, str, Any, str, str]] = [
    ("registry", "channels", [], "channels", "is empty; write the channels in the order"),
    ("registry", "channels", ..., "", 'the field "channels" is missing; add channels: with the channels in the order'),
    ("registry", "channels/0/name", "latest", "channels[0].name", "neither latest nor candidate"),
    ("registry", "channels/0/name", "Production", "channels[0].name", '"Production" is not a channel\'s name'),
    ("registry", "channels/0/nmae", "x", "channels[0].nmae", 'is not a field here; did you mean "name"?'),
    ("registry", "limits", {"file": "10 megs"}, "limits.file", '"10 megs" is not a size such as 10 MB'),
    ("registry", "limits", {"file": 0}, "limits.file", "0"),
    ("registry", "trusted_types", ["os"], "trusted_types[0]", "os"),
    ("registry", "trusted_operators", ["Gelu"], "trusted_operators[0]", "Gelu"),
    ("registry", "base_branch", "-x", "base_branch", "is not the branch"),
    ("registry", "schema", "1", "schema", '"1" is not 1; write 1'),
    ("model", "name", "../iris", "name", '"../iris" is not a name of lower-case letters'),
    ("model", "name", "a/b", "name", '"a/b" is not a name of lower-case letters'),
    ("model", "name", "Iris", "name", '"Iris" is not a name of lower-case letters'),
    ("model", "name", "iris\n", "name", '"iris\\n" is not a name of lower-case letters'),
    ("model", "name", "a" * 64, "name", "write a name of lower-case letters"),
    ("model", "owners", ["ada"], "owners[0]", '"ada" is not a GitHub user or team, such as @ada'),
    ("model", "owners", [], "owners", "is empty"),
    ("model", "owners", "@ada", "owners", '"@ada" is text; write a list'),
    ("model", "task", "clustering", "task", '"clustering" is not one of regression, binary-classification'),
    ("model", "metric/goal", "max", "metric.goal", '"max" is not one of maximize, minimize'),
    ("model", "metric", "roc_auc", "metric", '"roc_auc" is text; write the primary metric'),
    ("model", "gates/margin", -1, "gates.margin", "write how much worse than the champion"),
    ("model", "gates/margin", True, "gates.margin", "true is true or false; write"),
    ("model", "gates/floors", {"rocauc": 1}, "gates.floors", '"rocauc" is not one of mse, rmse'),
    ("model", "ower", "x", "ower", 'is not a field here; did you mean "owners"?'),
    ("model", "zzz", "x", "zzz", "put what is your own under extra:"),
    ("model", "title", "two\nlines", "title", "is not one line of text"),
    ("version", "version", "1.0", "version", '"1.0" is not a version as Semantic Versioning writes it'),
    ("version", "version", "v1.0.0", "version", "is not a version as Semantic Versioning writes it"),
    ("version", "version", "1.0.0-01", "version", "is not a version as Semantic Versioning writes it"),
    ("version", "version", "1.0.0\n", "version", "is not a version as Semantic Versioning writes it"),
    ("version", "version", 1.0, "version", "1.0 is a number; write a version"),
    ("version", "parent", ..., "", 'the field "parent" is missing'),
    ("version", "created", "2026-06-01", "created", '"2026-06-01" is not a time in UTC, such as'),
    ("version", "artifact/path", "../model.skops", "artifact.path", "is not a plain file name, without folders"),
    ("version", "artifact/path", "/etc/passwd", "artifact.path", "is not a plain file name, without folders"),
    ("version", "artifact/path", ".hidden", "artifact.path", "is not a plain file name, without folders"),
    (
        "version",
        "artifact/format",
        "pickle",
        "artifact.format",
        '"pickle" is not one of skops, onnx, safetensors, data',
    ),
    ("version", "artifact/md5", "xyz", "artifact.md5", '"xyz" is not an md5 of 32 lower-case'),
    ("version", "artifact/sha256", "0" * 63, "artifact.sha256", "is not a sha256 of 64"),
    ("version", "artifact/size", -1, "artifact.size", "write a number of bytes"),
    ("version", "artifact/size", "10", "artifact.size", '"10" is text; write a number of bytes'),
    ("version", "files/profile.json/size", None, "files.profile.json.size", "write a number of bytes"),
    ("version", "files", {"../x": VALID["version"]["files"]["profile.json"]}, "files", "is not a plain file name"),
    ("version", "metrics/roc_auc/value", float("nan"), "metrics.roc_auc.value", "nan is no number that JSON can hold"),
    ("version", "metrics/roc_auc/high", float("inf"), "metrics.roc_auc.high", "inf is no number that JSON can hold"),
    ("version", "metrics/roc_auc/value", ..., "metrics.roc_auc", 'the field "value" is missing'),
    ("version", "stages/train/deps", {"a.py": "0123"}, "stages.train.deps.a.py", "is not the hash that dvc.lock holds"),
    ("version", "environment/lock", "sha256:0", "environment.lock", "is not sha256: and the digest"),
    ("version", "schema", 2, "schema", "is format 2, and this mintmark reads up to 1; upgrade Mintmark: git pull"),
    ("channel", "version", "latest", "version", '"latest" is not a version'),
    ("channel", "version", None, "version", "null is empty; write a version"),
    ("channel", "channel", "x", "channel", "is not a field here (the fields are schema, version)"),
    ("status", "state", "deleted", "state", '"deleted" is not "yanked"; write "yanked"'),
    ("status", "reason", "", "reason", "is empty; write text"),
    ("metrics", "metrics/accuracyy", {"value": 1}, "metrics", '"accuracyy" is not one of'),
    ("metrics", "rows", "many", "rows", '"many" is text'),
]


@pytest.mark.parametrize(("kind", "place", "value", "where", "sentence"), CASES, ids=lambda value: str(value)[:24])
def test_a_fault_is_explained_where_it_is(kind: str, place: str, value: Any, where: str, sentence: str) -> None:
    if kind == "metrics" and isinstance(value, float):
        return
    findings = findings_of(kind, edited(kind, place, value))
    assert [finding.where for finding in findings] == [where]
    assert sentence in findings[0].message
    assert findings[0].line is not None
    assert "\n" not in str(findings[0])
    assert len(str(findings[0])) < 500


def test_lines_and_columns_are_those_of_the_field() -> None:
    text = "# comment\nschema: 1\n\nname: x\nchannels:\n- name: staging\n- name: production\n  after: [a]\n  aftr: b\n"
    found = parse_document("registry", text.encode(), "models/registry.yaml").findings
    places = sorted((f.line, f.column, f.where) for f in found)
    assert places == [(8, 3, "channels[1].after"), (9, 3, "channels[1].aftr")]
    assert str(found[0]).startswith("models/registry.yaml:")


def test_json_faults_have_lines_too() -> None:
    document = edited("metrics", "rows", "many")
    found = parse_document("metrics", format_json(document).encode(), "metrics.json").findings
    assert [(f.line, f.column) for f in found] == [(4, 3)]


def test_every_fault_is_told() -> None:
    document = edited("model", "metric/goal", "max")
    for name in ("owners", "purpose", "licence"):
        del document[name]
    document["surprise"] = 1
    messages = [finding.message for finding in findings_of("model", document)]
    for expected in (
        '"owners" is missing',
        '"purpose" is missing',
        '"licence" is missing',
        "not one of maximize",
        "not a field",
    ):
        assert any(expected in message for message in messages), expected
    assert len(messages) == 5


def test_a_flood_of_faults_is_cut() -> None:
    document = {**VALID["channel"], **{f"unknown_{n}": n for n in range(500)}}
    assert len(findings_of("channel", document)) <= 20


@pytest.mark.parametrize("content", [b"- a\n", b"text\n", b"1\n", b"[]\n"])
def test_what_is_no_mapping(content: bytes) -> None:
    (finding,) = parse_document("model", content, "f").findings
    assert "write a mapping of keys and values" in finding.message
    assert finding.line == 1


@pytest.mark.parametrize("content", [b"", b"# nothing\n", b"---\n"])
def test_an_empty_file(content: bytes) -> None:
    (finding,) = parse_document("model", content, "f").findings
    assert "is empty" in finding.message
    assert finding.line == 1


def test_what_is_under_extra_is_carried() -> None:
    document = edited("version", "extra", {"anything": [1, {"b": None}]})
    assert findings_of("version", document) == []


_junk = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)),
    max_leaves=5,
)


@given(st.data())
def test_whatever_is_not_accepted_is_explained(data: st.DataObject) -> None:
    """Nothing is refused without a word."""
    kind = data.draw(st.sampled_from(sorted(VALID)))
    document = copy.deepcopy(VALID[kind])
    target: Any = document
    while isinstance(target, dict) and target:
        key = data.draw(st.sampled_from(sorted(target)))
        if data.draw(st.booleans()) or not isinstance(target[key], (dict, list)) or not target[key]:
            target[key] = data.draw(_junk)
            break
        target = target[key]
    try:
        accepted = accepts(kind, document)
    except (ValueError, OverflowError):  # an integer of hundreds of digits never comes out of our parsers as one
        raise
    findings = [] if accepted else explain(kind, document, "f", {})
    assert accepted == (not findings)


def test_the_digest_changes_with_any_schema(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = schemas_digest()
    for path in schema_folder().glob("*.schema.json"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    monkeypatch.setattr("mintmark.registry.schemas.schema_folder", lambda: tmp_path)
    assert schemas_digest() == before
    (tmp_path / "channel.schema.json").write_text(json.dumps(load_schema("channel")))
    assert schemas_digest() != before
