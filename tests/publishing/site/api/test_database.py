"""The SQLite file: what people ask it, that it is sound and the same each time, and that hostile values stay values."""

from __future__ import annotations

import copy
import pickle
import re
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.publishing.site.samples.sample_documents import COMMIT, DOCUMENTS
from tests.scaffold.documents import metrics_document, metrics_of

from mintmark.publishing.site.api.database import DatabaseWriter
from mintmark.publishing.site.api.database_rows import VersionRows, version_rows

REFERENCE = Path(__file__).parents[4] / "docs" / "reference" / "api.md"
CONFIG = DOCUMENTS["config"]
Rows = list[tuple[Any, ...]]
Ask = Callable[..., Rows]


def write_database(
    path: Path,
    config: dict[str, Any],
    models: Iterable[tuple[Iterable[dict[str, Any]], Iterable[dict[str, Any]]]],
    audit: dict[str, Any],
) -> None:
    """Write the database at `path` from documents: for each model the pages of its index and its versions."""
    with DatabaseWriter(path, config, commit=audit["commit"] or config["commit"]) as database:
        for pages, versions in models:
            database.add_model(pages, map(version_rows, versions))
        database.add_events(audit)


def version(number: str, **changes: Any) -> dict[str, Any]:
    """The document of a version of iris."""
    document = copy.deepcopy(DOCUMENTS["version"])
    metrics = metrics_of(number)
    document |= {"version": number, "reference": f"iris@{number}", "status": None, "reproduced": None}
    document["record"] |= {"version": number, "metrics": metrics}
    document["metrics"] = {
        **metrics_document(metrics),
        "slices": {"young": {"rows": 40, "metrics": metrics}, "old": {"rows": 60, "metrics": {}}},
        "importance": {"petal": {"mean": 0.2, "std": 0.01}},
    }
    return {**document, **changes}


def move(to: str | None, day: int, *, channel: str = "production", **changes: Any) -> dict[str, Any]:
    past = {"channel": channel, "kind": "promote", "from": None, "to": to, **COMMIT}
    return {**past, "time": f"2026-06-{day:02}T12:00:00Z", **changes}


MOVES = [
    move("1.1.0", 20),
    move(None, 15, kind="close"),
    move("1.0.0", 10, kind="rollback"),
    move("1.1.0", 5),
    move("1.1.0", 4, channel="staging"),
    move("1.0.0", 1),
]


def pages() -> list[dict[str, Any]]:
    """An index in two pages, the newest moves on the first."""
    first = {**copy.deepcopy(DOCUMENTS["model"]), "moves": MOVES[:2]}
    first["channels"]["production"] |= {"version": "1.1.0", "since": "2026-06-20T12:00:00Z"}
    first["model"] |= {"owners": ["@grace", "@ada"], "tags": ["flowers"]}
    return [first, {**{key: first[key] for key in ("$schema", "commit", "name")}, "versions": [], "moves": MOVES[2:]}]


VERSIONS = [
    version("1.1.0", reproduced=DOCUMENTS["version"]["reproduced"]),
    version("1.0.0", status=DOCUMENTS["version"]["status"]),
]
EVENTS = [
    {**DOCUMENTS["audit"]["events"][0], "version": "1.1.0"},
    {**DOCUMENTS["audit"]["events"][0], "kind": "propose", "version": "1.1.0"},
]
AUDIT = {**DOCUMENTS["audit"], "events": EVENTS}


@pytest.fixture
def ask(tmp_path: Path) -> Iterator[Ask]:
    """A database of one model with two versions, and a way to ask it."""
    path = tmp_path / "registry.sqlite"
    write_database(path, CONFIG, [(pages(), VERSIONS)], AUDIT)
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    yield lambda query, **values: connection.execute(query, values).fetchall()
    connection.close()


def test_it_says_what_it_is(ask: Ask) -> None:
    about: dict[Any, Any] = dict(ask("SELECT * FROM about"))
    assert about["schema"] == "urn:mintmark:database:1"
    assert about["commit"] == AUDIT["commit"]
    assert about["name"] == "Ours"
    assert ask("PRAGMA user_version") == [(1,)]
    assert ask("PRAGMA application_id") == [(0x4D494E54,)]
    assert ask("SELECT name, after FROM registry_channels ORDER BY position") == [
        ("staging", None),
        ("production", "staging"),
    ]


def test_it_is_sound(ask: Ask) -> None:
    assert ask("PRAGMA integrity_check") == [("ok",)]
    assert ask("PRAGMA foreign_key_check") == []
    tables = [name for (name,) in ask("SELECT name FROM sqlite_schema WHERE type = 'table'")]
    keys = {table for table in tables if ask(f"PRAGMA foreign_key_list({table})")}
    assert {
        "owners",
        "tags",
        "versions",
        "metrics",
        "parameters",
        "data",
        "files",
        "packages",
        "stages",
        "channels",
    } <= keys


def test_models(ask: Ask) -> None:
    found = ask("SELECT name, task, metric, goal, margin, latest, document ->> '$.metric.name' FROM models")
    assert found == [("iris", "binary-classification", "roc_auc", "maximize", 0.01, "1.0.0", "roc_auc")]
    assert ask("SELECT owner FROM owners WHERE model = 'iris' ORDER BY owner") == [("@ada",), ("@grace",)]
    assert ask("SELECT model FROM tags WHERE tag = 'flowers'") == [("iris",)]


def test_versions(ask: Ask) -> None:
    found = ask(
        "SELECT version, rank, author, size, rows, yanked_reason, replacement, identical FROM versions ORDER BY rank"
    )
    assert found == [
        ("1.1.0", 1, "Ada", 23, 100, None, None, 1),
        ("1.0.0", 2, "Ada", 23, 100, "Leaked labels.", "1.0.1", None),
    ]
    names = ("registered", "registered_by", "pull_request", "yanked", "yanked_by", "reproduced_by", "commit_id", "sha256",
             "python", "load_seconds")  # fmt: skip
    record = VERSIONS[1]
    cost = record["metrics"].get("cost", {})
    assert ask(f"SELECT {', '.join(names)} FROM versions WHERE version = '1.0.0'") == [
        (COMMIT["time"], "Ada", 12, COMMIT["time"], "Ada", None, "2" * 40, record["record"]["artifact"]["sha256"],
         record["record"]["environment"]["python"], cost.get("load_seconds"))
    ]  # fmt: skip


def test_details_belong_to_their_version(ask: Ask) -> None:
    for document in VERSIONS:
        name = document["version"]
        where = f"JOIN versions v ON v.id = version_id AND v.version = '{name}'"
        auc = metrics_of(name)["roc_auc"]
        loss = metrics_of(name)["log_loss"]
        assert ask(f"SELECT slice, metric, value, low, high FROM metrics {where} ORDER BY 1, 2") == [
            (slice_, metric, found["value"], found["low"], found["high"])
            for slice_ in ("", "young")
            for metric, found in (("log_loss", loss), ("roc_auc", auc))
        ]
        assert ask(f"SELECT slice, slices.rows FROM slices {where} ORDER BY 1") == [("old", 60), ("young", 40)]
        assert ask(f"SELECT name, slices.size, md5, url FROM files slices {where} ORDER BY 1") == [
            (file["name"], file["size"], file["md5"], file["url"]) for file in document["files"]
        ]
        assert ask(f"SELECT package, p.version FROM packages p {where} ORDER BY 1") == sorted(
            document["record"]["environment"]["packages"].items()
        )
        assert ask(f"SELECT name, cmd FROM stages {where} ORDER BY position") == [
            (stage, about["cmd"]) for stage, about in document["record"]["stages"].items()
        ]
        assert ask(f"SELECT role, path, hash, d.rows FROM data d {where} ORDER BY position") == [
            (part["role"], part["path"], part["hash"], part["rows"]) for part in document["record"]["data"]
        ]
        assert ask(f"SELECT name, mean, std FROM importances {where}") == [("petal", 0.2, 0.01)]


def test_parameters_are_flat_and_keep_their_text() -> None:
    document = version("1.0.0")
    document["record"]["parameters"] = {
        "C": 0.1,
        "solver": "lbfgs",
        "a": {"b": {"c": 1}, "none": None, "empty": {}, "list": [1, "x"]},
        "a.b": True,
        'quo"te': "0.10",
        "": "ü",
    }
    assert version_rows(document).parameters == sorted(
        [
            ("C", "0.1"),
            ("solver", "lbfgs"),
            ("a.b.c", "1"),
            ("a.none", "null"),
            ("a.empty", "{}"),
            ("a.list", '[1, "x"]'),
            ('"a.b"', "true"),
            ('"quo\\"te"', "0.10"),
            ('""', "ü"),
        ]
    )


def test_parameters_as_deep_as_anybody_writes_them() -> None:
    document = version("1.0.0")
    deep: dict[str, Any] = {}
    for _ in range(5000):
        deep = {"x": deep}
    document["record"]["parameters"] = deep
    ((name, value),) = version_rows(document).parameters
    assert (name.count("."), value) == (4999, "{}")


def test_without_metrics_json_the_record_tells() -> None:
    document = version("1.0.0", metrics=None)
    rows = version_rows(document)
    assert [row[:2] for row in rows.metrics] == [("", "log_loss"), ("", "roc_auc")]
    assert rows.slices == rows.importances == []


def test_rows_travel_between_processes() -> None:
    rows = version_rows(VERSIONS[0])
    assert pickle.loads(pickle.dumps(rows)) == rows
    plain = {type(value) for table in rows[1:] for row in table for value in row} | {
        type(value) for value in rows.version
    }
    assert plain <= {str, int, float, bool, type(None)}


def test_champions(ask: Ask) -> None:
    auc = metrics_of("1.1.0")["roc_auc"]
    found = ask("SELECT model, version, since, metric, goal, value, low, high FROM champions")
    assert found == [("iris", "1.1.0", "2026-06-20T12:00:00Z", "roc_auc", "maximize", *auc.values())]


@pytest.mark.parametrize(
    ("day", "held"),
    [
        ("2026-05-31", []),
        ("2026-06-01", ["1.0.0"]),
        ("2026-06-04", ["1.0.0"]),
        ("2026-06-05", ["1.1.0"]),
        ("2026-06-10", ["1.0.0"]),
        ("2026-06-15", []),
        ("2026-06-19", []),
        ("2026-06-20", ["1.1.0"]),
        ("2030-01-01", ["1.1.0"]),
    ],
)
def test_what_was_in_production_on_a_day(ask: Ask, day: str, held: list[str]) -> None:
    """As `mintmark list --at` has it: the end of that day, UTC. The question is the one that the reference shows."""
    question = next(sql for sql in sql_of_the_reference() if ":day" in sql or "production_history" in sql)
    found = ask(question.replace("'2026-06-01'", ":day"), day=day)
    assert [row[1] for row in found] == held


def test_a_rollback_within_one_second_leaves_no_trace_of_what_it_undid(tmp_path: Path) -> None:
    first = {**pages()[0], "moves": [move("1.0.0", 2, kind="rollback"), move("1.1.0", 2), move("1.0.0", 1)]}
    write_database(tmp_path / "x", CONFIG, [([first], VERSIONS)], AUDIT)
    with sqlite3.connect(tmp_path / "x") as connection:
        found = connection.execute(
            "SELECT version FROM production_history WHERE from_time < '2026-06-03' AND coalesce(to_time, '9') >= '2026-06-03'"
        ).fetchall()
    assert found == [("1.0.0",)]


def test_the_history_of_a_channel(ask: Ask) -> None:
    found = ask(
        "SELECT version, from_time, to_time FROM channel_history WHERE channel = 'production' ORDER BY from_time"
    )
    days = ["01", "05", "10", "15", "20"]
    times = [f"2026-06-{day}T12:00:00Z" for day in days]
    assert found == list(zip(["1.0.0", "1.1.0", "1.0.0", None, "1.1.0"], times, [*times[1:], None], strict=True))


def test_events_in_the_order_in_which_they_happened(ask: Ask) -> None:
    assert ask("SELECT kind, model, version, channel, person, pull_request FROM events ORDER BY id") == [
        ("propose", "iris", "1.1.0", "production", "Ada", 12),
        ("promote", "iris", "1.1.0", "production", "Ada", 12),
    ]


def test_named_views(ask: Ask) -> None:
    assert ask(
        "SELECT value FROM named_metrics WHERE model = 'iris' AND version = '1.0.0' AND slice = '' AND metric = 'roc_auc'"
    ) == [(metrics_of("1.0.0")["roc_auc"]["value"],)]
    assert ("iris", "1.0.0", 2) in ask("SELECT DISTINCT model, version, rank FROM named_parameters")
    assert len(ask("SELECT * FROM named_files WHERE version = '1.0.0'")) == 2


def sql_of_the_reference() -> list[str]:
    return re.findall(r"^```sql\n(.*?)^```", REFERENCE.read_text(encoding="utf-8"), flags=re.M | re.S)


def test_every_question_of_the_reference_can_be_asked(ask: Ask) -> None:
    questions = sql_of_the_reference()
    assert len(questions) >= 4
    for question in questions:
        ask(question)


def test_the_reference_names_every_table_view_and_column(ask: Ask) -> None:
    text = REFERENCE.read_text(encoding="utf-8")
    told = dict(re.findall(r"^\| `(\w+)` \| (`.+?) \|", text, flags=re.M))
    for (name,) in ask("SELECT name FROM sqlite_schema WHERE type IN ('table', 'view')"):
        columns = [row[1] for row in ask(f"PRAGMA table_info({name})")]
        assert re.findall(r"`(\w+)`", told[name]) == columns, name


def test_the_same_documents_make_the_same_bytes(tmp_path: Path) -> None:
    before = copy.deepcopy((pages(), VERSIONS, AUDIT))
    for name in ("a", "b"):
        write_database(tmp_path / name, CONFIG, [(pages(), VERSIONS)], AUDIT)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    with DatabaseWriter(tmp_path / "c", CONFIG, commit=AUDIT["commit"]) as database:
        database.add_model(pages(), (pickle.loads(pickle.dumps(version_rows(document))) for document in VERSIONS))
        database.add_events(AUDIT)
    assert (tmp_path / "c").read_bytes() == (tmp_path / "a").read_bytes()
    assert before == (pages(), VERSIONS, AUDIT)


def test_what_fails_leaves_the_old_file_and_no_other(tmp_path: Path) -> None:
    path = tmp_path / "registry.sqlite"
    path.write_bytes(b"old")

    def documents() -> Iterator[dict[str, Any]]:
        yield from VERSIONS
        raise KeyError

    with pytest.raises(KeyError):
        write_database(path, CONFIG, [(pages(), documents())], AUDIT)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]
    write_database(path, CONFIG, [(pages(), VERSIONS)], AUDIT)
    assert list(tmp_path.iterdir()) == [path]


def test_an_empty_registry_has_a_database(tmp_path: Path) -> None:
    write_database(tmp_path / "x", {**CONFIG, "commit": None}, [], {**AUDIT, "commit": None, "events": []})
    with sqlite3.connect(tmp_path / "x") as connection:
        assert connection.execute("SELECT * FROM champions").fetchall() == []
        assert dict(connection.execute("SELECT * FROM about"))["commit"] is None


def test_hostile_values_stay_values(tmp_path: Path) -> None:
    sql = "'); DROP TABLE versions; --"
    document = version("1.0.0")
    document["record"] |= {"summary": sql, "parameters": {sql: sql}}
    document["files"].append({**document["files"][0], "size": 10**30})  # the same name again, larger than SQLite counts
    document["metrics"]["rows"] = 10**30
    document["metrics"]["metrics"] = {"mse": {"value": 10**400, "low": -(10**400)}}
    write_database(tmp_path / "x", CONFIG, [(pages(), [document])], AUDIT)
    with sqlite3.connect(tmp_path / "x") as connection:
        assert connection.execute("SELECT summary, size, rows FROM versions").fetchall() == [
            (sql, 2**63 - 1, 2**63 - 1)
        ]
        assert connection.execute("SELECT name, value FROM parameters").fetchall() == [(sql, sql)]
        assert connection.execute("SELECT count(*) FROM files").fetchall() == [(2,)]
        assert connection.execute("SELECT value, low FROM metrics WHERE slice = ''").fetchall() == [
            (float("inf"), float("-inf"))
        ]


def test_more_rows_than_one_statement_takes(tmp_path: Path) -> None:
    document = version("1.0.0")
    document["record"]["parameters"] = {f"p{n:04}": n for n in range(1000)}
    write_database(tmp_path / "x", CONFIG, [(pages(), [document])], AUDIT)
    with sqlite3.connect(tmp_path / "x") as connection:
        assert connection.execute("SELECT count(*), min(name), max(name) FROM parameters").fetchall() == [
            (1000, "p0000", "p0999")
        ]


def test_versions_are_not_held(tmp_path: Path) -> None:
    """One version after the other: 10,000 of them must not be in memory at once."""
    alive = 0
    most = 0

    class Counted(VersionRows):
        def __init__(self, *_: Any) -> None:
            nonlocal alive, most
            alive += 1
            most = max(most, alive)

        def __del__(self) -> None:
            nonlocal alive
            alive -= 1

    with DatabaseWriter(tmp_path / "x", CONFIG, commit=None) as database:
        database.add_model(pages(), (Counted(*version_rows(version(f"1.{n}.0"))) for n in range(20)))
    assert most <= 2
