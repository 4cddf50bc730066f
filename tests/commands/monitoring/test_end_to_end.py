"""From a broken column to the version before: server, log, monitor, forge, merge, server. Nothing is taken for granted."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.commands.forge.hosted import Hosted, host
from tests.commands.monitoring.two_versions import (
    MODEL,
    SECOND,
    TARGET,
    as_it_is,
    mixed_up,
    requests_of,
    write_labels,
)
from tests.scaffold.forge.fake_forge import FakeRepository
from tests.scaffold.registry import Scratch
from tests.serving.running import Server, serving, until

from mintmark.cli import main
from mintmark.commands.monitoring.following_up import LABEL

NAME = f"{MODEL}@production"
DAY = timedelta(days=1)


def send(server: Server, requests: Sequence[tuple[str, pd.DataFrame]]) -> dict[str, float]:
    """Ask about rows as callers do; return how often each version that answered was right."""
    right: dict[str, list[bool]] = {}
    for name, rows in requests:
        body = {"rows": rows[SECOND].to_dict("records")}
        reply = server.ask(f"/models/{MODEL}/predict", body, X_Request_Id=name)
        assert reply.code == 200, reply.body
        said = [row["prediction"] for row in reply.json["predictions"]]
        right.setdefault(reply.json["version"], []).extend(said == rows[TARGET].to_numpy())
    return {version: float(np.mean(hits)) for version, hits in right.items()}


def let_a_day_pass(log: Path) -> None:
    """Move all that is in a log back by a day: the times of rows, the minutes of counts, and the folders."""
    files = sorted(log.rglob("*.parquet"))
    moved = [(_day_before(file), _before(pq.read_table(file))) for file in files]
    for file in files:
        file.unlink()
    for path, table in moved:
        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(table, path)


def _day_before(file: Path) -> Path:
    day = datetime.strptime(file.parent.name, "%Y-%m-%d") - DAY
    return file.parents[1] / f"{day:%Y-%m-%d}" / file.name


def _before(table: pa.Table) -> pa.Table:
    time = table.schema.get_field_index("time")
    field = table.schema.field(time)
    table = table.set_column(time, field, pa.compute.subtract(table.column(time), DAY).cast(field.type))
    metadata = dict(table.schema.metadata)
    counts = json.loads(metadata[b"mintmark.counts"])
    for entry in counts:
        entry[0] = (datetime.fromisoformat(entry[0]) - DAY).strftime("%Y-%m-%dT%H:%M")
    return table.replace_schema_metadata({**metadata, b"mintmark.counts": json.dumps(counts).encode()})


def monitor(hosted: Hosted, log: Path, labels: Path) -> int:
    """What monitor.yml runs, on a fresh checkout of the base branch."""
    hosted.clone.git("pull", "--quiet", "origin", "main")
    where = ("--log", str(log), "--labels", str(labels))
    return main(["-C", str(hosted.clone.root), "monitor", MODEL, *where, "--publish", "--open"])


def build_site(hosted: Hosted, folder: Path) -> Path:
    """What pages.yml publishes: the site of the base branch and of the branch `monitoring`."""
    hosted.clone.git("fetch", "--quiet", "origin")
    assert main(["-C", str(hosted.clone.root), "site", "build", "--output", str(folder)]) == 0
    return folder


def page(site: Path, *parts: str) -> str:
    """The text of a page, with what its drawings say, and without its marks."""
    html = re.sub(r'aria-label="([^"]*)"', r">\1<", site.joinpath(*parts, "index.html").read_text())
    return " ".join(re.sub(r"<[^>]*>", " ", html).split())


def opened(hosted: Hosted) -> list[dict[str, Any]]:
    return hosted.issues(LABEL)


@pytest.mark.long
def test_a_broken_column_leads_back_to_the_version_that_never_read_it(
    two_versions: Scratch,
    make_repository: Callable[..., FakeRepository],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = f"models/{MODEL}/model.yaml"
    two_versions.edit(path, "monitoring:\n", "monitoring:\n  on_breach: propose-rollback\n")
    two_versions.commit("Say what follows")
    hosted = host(two_versions, make_repository, monkeypatch)
    log, labels = tmp_path / "log", write_labels(tmp_path / "labels.csv", 3)
    serve = partial(serving, tmp_path, tmp_path / "words", NAME, "--registry", hosted.forge.address, "--log", str(log))
    accuracies = []
    for day, change in enumerate([as_it_is, mixed_up]):
        with serve() as server:
            traffic = [(name, change(rows)) for name, rows in requests_of(day)]
            accuracies.append(send(server, traffic)["1.1.0"])
            assert server.stop() == 0
        let_a_day_pass(log)
        assert monitor(hosted, log, labels) == 0, capsys.readouterr().out
        assert (opened(hosted), hosted.pulls()) == ([], []), "the first bad window may be chance"
    assert accuracies[0] > 0.9 > 0.75 > accuracies[1]

    with serve() as server:
        send(server, [(name, mixed_up(rows)) for name, rows in requests_of(2)])
        assert server.stop() == 0
    let_a_day_pass(log)
    assert monitor(hosted, log, labels) == 1
    assert "it is worse" in capsys.readouterr().out
    issues, (pull,) = opened(hosted), hosted.pulls()
    assert {issue["title"] for issue in issues} >= {f"{MODEL}@1.1.0 in production: it is worse"}
    assert "Paired test on 568 rows" in pull["body"]
    site = build_site(hosted, tmp_path / "bad")
    assert f"{MODEL} : 1.1.0 in production: accuracy is" in page(site)
    assert "2 alarms in production" in page(site, "models", MODEL)
    seen = page(site, "models", MODEL, "monitoring")
    assert "Who served, and alarms. 1.1.0 served. 2 alarms, 2 of them open." in seen
    assert "accuracy of 3 windows" in seen

    with serve() as server:
        assert server.version(NAME) == "1.1.0"
        hosted.forge.merge(pull["number"], "squash")
        until(lambda: server.version(NAME) == "1.0.0", server.log)
        now = send(server, [(f"after-{name}", mixed_up(rows)) for name, rows in requests_of(2)])
        assert list(now) == ["1.0.0"]
        assert now["1.0.0"] > 0.9, "the rows are as broken as before, and this version does not read the column"
        assert server.stop() == 0
    assert monitor(hosted, log, labels) == 0
    assert opened(hosted) == []
    assert all(issue["state"] == "closed" for issue in issues)
    said = [text for issue in issues for text in hosted.said_on(issue["number"])]
    assert all("The alarm is over" in text or "is not in production any more" in text for text in said), said
    site = build_site(hosted, tmp_path / "good")
    assert f"{MODEL} : 1.1.0 in production" not in page(site)
    assert "not enough data in production" in page(site, "models", MODEL), "the day of 1.0.0 is not over"
    seen = page(site, "models", MODEL, "monitoring")
    assert "Who served, and alarms. 1.1.0, 1.0.0 served. 2 alarms, 0 of them open." in seen
    assert "accuracy: metric, over" in seen
    over = seen[seen.index("Alarms that are over") :]
    assert re.search(
        r"with labels, registered [0-9.]+: it is worse\. 1\.1\.0, 2 windows from \S+ ; over on \S+ : 1\.0\.0 answers",
        over,
    )
    assert "it is worse" not in seen[: seen.index("Alarms that are over")], "1.0.0 is not blamed for the one before"
    told = json.loads((site / f"api/v1/models/{MODEL}/monitoring.json").read_text())
    assert [alarm["ended"] is not None for alarm in told["alarms"]] == [True, True]
    published = hosted.forge.git("ls-tree", "-r", "--name-only", "monitoring").splitlines()
    assert len([name for name in published if name.startswith(f"{MODEL}/1.1.0/production/")]) == 3
    assert len([name for name in published if name.startswith(f"{MODEL}/1.0.0/production/")]) == 1
