"""`mintmark monitor --compute` on a real Dask cluster of two worker processes: the same documents, to the byte."""

from __future__ import annotations

import re
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import fsspec
import pytest
from tests.monitoring.real_logs import DAY, MODEL, VERSION, ask, labels_of, write_day
from tests.serving.log.logged import journal
from tests.serving.log.of_repository import ROOT

from mintmark.cli import main
from mintmark.commands.monitoring import on_cluster

WINDOWS = ("--since", "2026-03-04", "--until", "2026-03-07")


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    from distributed import LocalCluster

    with LocalCluster(
        n_workers=2, processes=True, threads_per_worker=1, dashboard_address=":0", silence_logs=50
    ) as cluster:
        yield cluster


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Days with rows that came again, in another file, and a file that is cut off; named from the folder above."""
    written = journal(tmp_path / "log")
    write_day(written, 0)
    write_day(written, 1, lambda rows: rows.assign(**{"worst area": rows["worst area"] * 100}))
    for number in range(3):
        written.record(ask(0, number))
    assert written.flush()
    file = next((tmp_path / "log" / MODEL / VERSION / f"{DAY:%Y-%m-%d}").iterdir())
    file.with_name(file.name.replace("-00000001-", "-00000009-")).write_bytes(file.read_bytes()[:-50])
    labels_of([0, 1]).to_csv(tmp_path / "labels.csv", index=False)
    monkeypatch.chdir(tmp_path)
    return Path("log")


def monitor(log: Path, *arguments: str) -> int:
    return main(["-C", str(ROOT), "monitor", MODEL, "--log", str(log), *WINDOWS, *arguments])


def address(cluster: Any) -> str:
    return str(cluster.scheduler_address).replace("tcp://", "dask://")


def _not_here(file: object) -> None:
    raise AssertionError(f"{file} was read by this process")


@pytest.mark.slow
def test_two_workers_find_the_same_to_the_byte(
    cluster: Any, log: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    labels = ("--labels", str(tmp_path / "labels.csv"))
    assert monitor(log, *labels, "--output", "here") == 1
    here = capsys.readouterr()
    assert "is no whole Parquet file" in here.out
    for name in ("scanning", "repeated", "log.files"):
        monkeypatch.setattr(f"mintmark.monitoring.{name}.open_log_file", _not_here)
    assert monitor(log, *labels, "--output", "there", "--compute", address(cluster)) == 1
    there = capsys.readouterr()
    assert there.out == here.out
    names = sorted(path.relative_to("here") for path in Path("here").rglob("*.json"))
    assert len(names) == 3
    assert names == sorted(path.relative_to("there") for path in Path("there").rglob("*.json"))
    for document in names:
        assert (Path("there") / document).read_bytes() == (Path("here") / document).read_bytes()


def _lose_a_file(dask_worker: Any) -> None:
    """As on a machine where the folder was copied and not shared."""
    from mintmark.monitoring.log import files

    def gone(file: object) -> None:
        raise FileNotFoundError(str(file))

    dask_worker.opened = files.open_log_file
    files.open_log_file = gone  # type: ignore[assignment]


def _find_it(dask_worker: Any) -> None:
    from mintmark.monitoring.log import files

    files.open_log_file = dask_worker.opened


def _uninstall(dask_worker: Any) -> None:
    import sys

    dask_worker.installed = sys.modules.pop("mintmark.commands.monitoring.on_cluster", None)
    sys.modules["mintmark.commands.monitoring.on_cluster"] = None  # type: ignore[assignment]


def _install(dask_worker: Any) -> None:
    import sys

    sys.modules["mintmark.commands.monitoring.on_cluster"] = dask_worker.installed
    if dask_worker.installed is None:
        del sys.modules["mintmark.commands.monitoring.on_cluster"]


@contextmanager
def _on_workers(cluster: Any, do: Callable[..., None], undo: Callable[..., None]) -> Iterator[None]:
    from distributed import Client

    with Client(cluster.scheduler_address, set_as_default=False) as client:
        client.run(do)
        try:
            yield
        finally:
            client.run(undo)


@pytest.mark.long
def test_workers_that_lack_the_log_a_file_or_mintmark_are_named(
    cluster: Any, log: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    compute = ("--compute", address(cluster))
    with _on_workers(cluster, _lose_a_file, _find_it):
        assert monitor(log, *compute) == 1
    said = capsys.readouterr().err
    assert ".parquet: is not there for a Dask worker" in said
    assert f"({Path.cwd()}/log/{MODEL}" in said
    with _on_workers(cluster, _uninstall, _install):
        assert monitor(log, *compute) == 1
    said = capsys.readouterr().err
    assert re.search(r"the Dask worker tcp://\S+ cannot read the log: .*mintmark.commands.monitoring.on_cluster", said)
    files = fsspec.filesystem("memory")
    files.makedirs("/log/breast-cancer", exist_ok=True)
    assert main(["-C", str(ROOT), "monitor", "--log", "memory://log", *compute]) == 1
    said = capsys.readouterr().err
    assert "finds no prediction log at memory://log; every worker needs the same Mintmark" in said


@pytest.mark.parametrize(
    "text", ["dask", "dask://", "tcp://host:1", "dask://host", "dask://host:1/x", "dask://u:p@h:1"]
)
def test_another_address_is_a_usage_error(tmp_path: Path, text: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert monitor(tmp_path, "--compute", text) == 2
    assert f'--compute: "{text}" is not dask://host:port' in capsys.readouterr().err


def test_a_cluster_that_does_not_answer_or_has_no_workers(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from distributed import LocalCluster

    monkeypatch.setattr(on_cluster, "TIMEOUT", 0.5)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))  # and held, not listened to: nobody else can answer there
        port = free.getsockname()[1]
        assert monitor(tmp_path, "--compute", f"dask://127.0.0.1:{port}") == 1
    assert f"no Dask scheduler answers at tcp://127.0.0.1:{port}" in capsys.readouterr().err
    monkeypatch.setattr(on_cluster, "TIMEOUT", 10)
    with LocalCluster(n_workers=0, dashboard_address=":0", silence_logs=50) as empty:
        assert monitor(tmp_path, "--compute", address(empty)) == 1
    assert "has no workers; start some: dask worker tcp://" in capsys.readouterr().err


def test_dask_that_is_not_installed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    assert monitor(tmp_path, "--compute", "dask://x:1") == 1
    assert "needs the extra `dask` (distributed is missing): pip install" in capsys.readouterr().err
