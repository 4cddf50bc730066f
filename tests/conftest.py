"""The settings and the order of every test, and a scratch registry that is built once and copied for each test."""

from __future__ import annotations

import gc
import os
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from tests.scaffold.forks import start_launcher
from tests.scaffold.once import Once, shared_folder
from tests.scaffold.registry import Scratch, begin
from tests.scaffold.warm import WARM_DVC

pytest_plugins = ["tests.scaffold.forge.fixtures", "tests.judging.hostile.table"]

# A busy machine makes no test wrong: nothing here is held against the clock.
hypothesis_settings.register_profile(
    "mintmark", deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
hypothesis_settings.register_profile("quick", hypothesis_settings.get_profile("mintmark"), max_examples=25)
hypothesis_settings.load_profile("mintmark")  # `make test` asks for the other one; see tests/scaffold/examples.py


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Every other worker begins at the end, so that two do not both compile each module when it changed."""
    report = yield
    if isinstance(collector, pytest.Directory) and os.environ.get("PYTEST_XDIST_WORKER", "gw0")[-1] in "13579":
        report.result.reverse()
    return report


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes long comes first: in the end, no worker waits for another one's last test."""
    slow = Counter(item.path for item in items if item.get_closest_marker("slow"))
    items.sort(key=lambda item: (-slow[item.path], item.path))


@pytest.fixture(autouse=True, scope="session")
def _no_settings_of_the_developer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Neither the user's Git and DVC settings reach a test, nor a hook's variables that point to another repository."""
    empty = tmp_path_factory.mktemp("no-settings")
    for name in ("hooks", "info"):  # a new repository without the samples of hooks, which every copy of it would copy
        (empty / "template" / name).mkdir(parents=True)
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith(("GIT_", "GITHUB_", "GH_", "DVC_", "MINTMARK_"))]:
            if name != "GIT_SSL_CAINFO":
                patch.delenv(name)
        for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
            patch.delenv(name)  # the servers of the tests are on this machine
        for name, value in {
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_SYSTEM": os.devnull,
            "GIT_TEMPLATE_DIR": str(empty / "template"),
            "GIT_AUTHOR_NAME": "Ada Lovelace",
            "GIT_AUTHOR_EMAIL": "ada@example.org",
            "GIT_COMMITTER_NAME": "Ada Lovelace",
            "GIT_COMMITTER_EMAIL": "ada@example.org",
            "DVC_NO_ANALYTICS": "1",
            "DVC_SYSTEM_CONFIG_DIR": str(empty / "system"),
            "DVC_GLOBAL_CONFIG_DIR": str(empty / "global"),
            "DVC_SITE_CACHE_DIR": str(empty / "site-cache"),
            "MINTMARK_CACHE": str(empty / "mintmark-cache"),
        }.items():
            patch.setenv(name, value)
        yield


@pytest.fixture(scope="session")
def once(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> Once:
    """What is built once for all processes of this run."""
    return Once(shared_folder(tmp_path_factory, pytestconfig))


@pytest.fixture(scope="session")
def _caches(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A name for a folder of each test; most never make it."""
    folder = tmp_path_factory.mktemp("caches")
    return (folder / str(number) for number in count())


@pytest.fixture(autouse=True)
def _own_cache(_caches: Iterator[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """Verified bytes of one test must not stand in for those that another test has lost."""
    monkeypatch.setenv("MINTMARK_CACHE", str(next(_caches)))
    gc.enable()  # a command that ran in this process switched it off, and what it left would hold files open


@pytest.fixture
def warm_models(monkeypatch: pytest.MonkeyPatch) -> None:
    """The confined process of a model is a fork of this one, which need not import scikit-learn again."""
    monkeypatch.setattr("mintmark.artifacts.confined.confinement._start", start_launcher)


@pytest.fixture
def warm_programs(warm_models: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """What Mintmark starts in this process, DVC and models, has its imports done: most of the time goes to them."""
    monkeypatch.setattr("mintmark.registry.dvc.subprocess", WARM_DVC)


def _dump_artifact(folder: Path) -> None:
    from sklearn.linear_model import LogisticRegression

    from mintmark.artifacts.skops.format import dump_canonical

    model = LogisticRegression().fit([[0.0, 1.0], [1.0, 0.0], [0.5, 3.0], [3.0, 0.5]], [0, 1, 0, 1])
    folder.mkdir()
    (folder / "model.skops").write_bytes(dump_canonical(model))


@pytest.fixture(scope="session")
def artifact(once: Once) -> bytes:
    """A small real model as canonical skops."""
    return (once.build("artifact", _dump_artifact) / "model.skops").read_bytes()


@pytest.fixture(scope="session")
def _template(once: Once, artifact: bytes) -> Scratch:
    """Two models; iris has 1.0.0, 1.1.0 (production) and 1.2.0 (staging), wine has 1.0.0 (staging)."""
    root = once.build("template", lambda folder: _make_template(folder, artifact))
    return Scratch(root, artifact, commits=7)


def _make_template(root: Path, artifact: bytes) -> None:
    scratch = begin(root, artifact)
    scratch.add_model("iris")
    scratch.add_model("wine")
    scratch.commit("Begin the registry")  # 1 January
    scratch.register("iris", "1.0.0")  # 2 January
    scratch.promote("iris", "1.0.0")  # 3 January
    scratch.register("iris", "1.1.0", parent="1.0.0")  # 4 January
    scratch.promote("iris", "1.1.0")  # 5 January
    scratch.register("iris", "1.2.0", parent="1.1.0")  # 6 January
    scratch.register("wine", "1.0.0")  # 7 January
    scratch.git("gc", "--quiet")  # fewer files to copy
    assert scratch.commits == 7


@pytest.fixture
def copy_registry(_template: Scratch, tmp_path: Path) -> Callable[[str], Scratch]:
    """Copies of the template under a name of the test's choice."""

    def copy(name: str) -> Scratch:
        return _template.copy(tmp_path / name)

    return copy


@pytest.fixture
def scratch(copy_registry: Callable[[str], Scratch]) -> Scratch:
    """The template, for this test alone."""
    return copy_registry("registry")


@pytest.fixture
def two_versions(once: Once, tmp_path: Path) -> Scratch:
    """Two real versions of breast-cancer, of which the second trusts a column that the first never reads."""
    from tests.commands.monitoring.two_versions import write_registry

    built = once.build("two-versions", lambda folder: write_registry(begin(folder)))
    return Scratch(built).copy(tmp_path / "registry")


@pytest.fixture
def empty_registry(tmp_path: Path) -> Scratch:
    """A registry with settings and no model, without any commit."""
    return begin(tmp_path / "empty")
