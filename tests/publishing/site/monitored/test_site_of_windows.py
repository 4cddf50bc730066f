"""What the site says of models in production: from the branch or a folder, and whoever wrote the documents."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from tests.publishing.site.api_checks import check_document
from tests.publishing.site.samples.sample_windows import a_window, put_on_branch, put_windows, sample_windows
from tests.scaffold.registry import Scratch, begin

from mintmark.errors import MintmarkError
from mintmark.monitoring.documents import format_document
from mintmark.monitoring.stored.months import fold, format_month
from mintmark.publishing.site.build import build_site
from mintmark.registry.clone import ClonedRegistry
from mintmark.registry.schemas import accepts

MONITORING = "models/iris/monitoring/index.html"


def read(site: Path, path: str) -> str:
    return (site / path).read_text()


def rows(site: Path) -> dict[str, dict[str, object]]:
    return {row["name"]: row for row in json.loads(read(site, "api/v1/models.json"))["models"]}


def test_home_says_that_a_model_drifts_and_that_another_is_watched(built: Path) -> None:
    home = read(built, "index.html")
    needs = home[home.index("Needs attention") : home.index("</section>")]
    assert re.search(
        r"drifting</span> <a href=\"models/price/\">price</a>: 1.0.0 in production: .*31% of the rows", needs
    )
    assert 'href="models/price/monitoring/">See what was seen' in needs
    assert rows(built)["iris"]["monitored"] == {
        "version": "1.1.0", "start": "2026-03-15T00:00:00Z", "end": "2026-03-16T00:00:00Z", "verdict": "ok", "alarms": 0,
    }  # fmt: skip
    assert home.count(">watched</span>") == 2, "iris, and what the word means"


def test_the_page_of_a_model_tells_its_health_and_what_was_served_when(built: Path) -> None:
    page = read(built, "models/iris/index.html")
    assert '<li class="mm-met">✓ no alarm in production</li>' in page
    assert '<a href="#monitoring">Monitoring</a>' in page
    section = page[page.index('<h2 id="monitoring">') : page.index('<h2 id="versions">')]
    assert "1.0.0, 1.1.0 served. 1 alarm, 0 of them open." in section
    assert "by labels" in section
    assert "A hollow mark is the relation of inputs" in section
    assert "✗ 1 alarm in production" in read(built, "models/price/index.html")


def test_the_page_of_monitoring_tells_columns_slices_and_windows(built: Path) -> None:
    page = read(built, "models/price/monitoring/index.html")
    assert "drifted: 31% of the rows would have to lie elsewhere (p 0.001)" in page
    assert 'aria-label="worst area: shares of rows in 3 bins, in the window and in the profile."' in page
    iris = read(built, MONITORING)
    assert iris.index('<h2 id="channel-1">production') < iris.index('<h2 id="channel-2">staging')
    assert "No request came." in iris[iris.index("Alarms that are over") :]
    assert re.search(r'<th scope="row">few</th><td>0</td><td>.*no row', iris)
    assert '../../../api/v1/models/iris/monitoring/1.1.0/production/20260315T0000Z-1d.json"' in iris


def test_documents_of_the_api_keep_to_their_schemas(built: Path) -> None:
    folder = built / "api/v1/models/iris"
    listed = json.loads((folder / "monitoring.json").read_bytes())
    check_document(folder / "monitoring.json")
    assert [each["kind"] for each in listed["alarms"]] == ["silence"]
    assert listed["alarms"][0]["ended"] == "2026-03-09T00:00:00Z"
    assert listed["windows"][0]["metric"]["known"] == "estimate"
    assert listed["windows"][0]["metric"]["registered"] == {"value": 0.93, "low": 0.9, "high": 0.96}
    known = {each.path: each for each in sample_windows()}
    for row in listed["windows"]:
        data = json.loads((folder / row["document"]).read_bytes())
        assert accepts("monitoring", data)
        assert (folder / row["document"]).read_text() == format_document(known[f"iris{row['document'][10:]}"])


def test_where_nobody_watched_there_is_nothing(small: Scratch, tmp_path: Path) -> None:
    build_site(ClonedRegistry(small.root), tmp_path / "site")
    assert "onitoring" not in re.sub(
        r"<(script|style|nav).*?</\1>", "", read(tmp_path / "site", "models/iris/index.html")
    )
    assert not (tmp_path / "site/models/iris/monitoring").exists()
    assert "monitored" not in rows(tmp_path / "site")["iris"]


@pytest.fixture(scope="module")
def one_model(tmp_path_factory: pytest.TempPathFactory) -> Scratch:
    """A registry of one model, which is in production."""
    scratch = begin(tmp_path_factory.mktemp("small") / "registry")
    scratch.add_model("iris")
    scratch.add_version("iris", "1.0.0")
    scratch.commit("propose iris 1.0.0")
    scratch.promote("iris", "1.0.0")
    return scratch


@pytest.fixture
def small(one_model: Scratch) -> Scratch:
    """The same for each test, which may change the branch `monitoring` and nothing else: pages of docs/ are kept."""
    one_model.git("update-ref", "-d", "refs/heads/monitoring")
    return one_model


def test_broken_documents_are_named_and_hide_nothing(small: Scratch, tmp_path: Path) -> None:
    good = a_window("iris", "1.0.0", 0)
    files = {
        good.path: format_document(good),
        a_window("iris", "1.0.0", 1).path: "<script>alert(1)</script>",
        a_window("iris", "1.0.0", 2).path: format_document(a_window("iris", "9.9.9", 2)),
        a_window("unknown", "1.0.0", 2).path: format_document(a_window("unknown", "1.0.0", 2)),
        "index.html": "<script>alert(1)</script>",
    }
    put_on_branch(small, files)
    built = build_site(ClonedRegistry(small.root), tmp_path / "site")
    told = "\n".join(map(str, built.findings))
    for said in ("20260305T0000Z-1d.json:1:1: is not valid JSON", "belongs to iris/9.9.9/", "monitoring:index.html: is no",
                 "monitoring:unknown: is about a model that this registry does not have"):  # fmt: skip
        assert said in told
    page = read(tmp_path / "site", MONITORING)
    assert "These documents cannot be read, and are left out." in page
    assert "no alarm" in read(tmp_path / "site", "models/iris/index.html")
    listed = json.loads(read(tmp_path / "site", "api/v1/models/iris/monitoring.json"))
    assert (len(listed["windows"]), len(listed["broken"])) == (1, 2)
    check_document(tmp_path / "site/api/v1/models/iris/monitoring.json")
    assert json.loads(read(tmp_path / "site", "api/v1/models.json"))["broken"] == []


def test_a_folder_a_branch_and_a_month_say_the_same(small: Scratch, tmp_path: Path) -> None:
    windows = [a_window("iris", "1.0.0", day) for day in range(3)]
    put_windows(small, windows)
    build_site(ClonedRegistry(small.root), tmp_path / "branch")
    for each in windows:
        path = tmp_path / "given" / each.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(format_document(each))
    build_site(ClonedRegistry(small.root), tmp_path / "folder", monitoring=tmp_path / "given")
    (month,) = fold(windows)
    put_on_branch(small, {month.path: format_month(month)})
    build_site(ClonedRegistry(small.root), tmp_path / "month")
    pages = {name: read(tmp_path / name, "models/iris/index.html") for name in ("branch", "folder", "month")}
    assert pages["branch"] == pages["folder"]
    assert pages["branch"] == pages["month"]
    api = "api/v1/models/iris/monitoring.json"
    drifts = [json.loads(read(tmp_path / name, api))["drift"] for name in ("branch", "month")]
    assert drifts[0] == drifts[1], "a month keeps how far each column had drifted in each window"
    assert drifts[0][0]["columns"][0]["distances"] == [0.02, 0.02, 0.02]
    assert read(tmp_path / "branch", MONITORING) == read(tmp_path / "folder", MONITORING)
    with pytest.raises(MintmarkError, match="there is no such folder"):
        build_site(ClonedRegistry(small.root), tmp_path / "none", monitoring=tmp_path / "nowhere")


def test_a_version_that_nobody_watched_yet_is_not_called_healthy(small: Scratch, tmp_path: Path) -> None:
    put_windows(small, [a_window("iris", "0.9.0", 0)])
    build_site(ClonedRegistry(small.root), tmp_path / "site")
    page = read(tmp_path / "site", "models/iris/index.html")
    assert "– not watched in production yet" in page
    assert "1.0.0 is in the channel now, and was not watched yet." in page
    assert read(tmp_path / "site", "index.html").count(">watched</span>") == 1, "only what the word means"


def test_a_site_of_an_earlier_day_has_only_windows_that_had_ended(small: Scratch, tmp_path: Path) -> None:
    put_windows(small, [a_window("iris", "1.0.0", day) for day in range(3)])
    build_site(ClonedRegistry(small.root, at="2026-03-05"), tmp_path / "site")
    listed = json.loads(read(tmp_path / "site", "api/v1/models/iris/monitoring.json"))
    assert [each["start"] for each in listed["windows"]] == ["2026-03-05T00:00:00Z", "2026-03-04T00:00:00Z"]


def test_late_labels_change_what_a_kept_page_says(small: Scratch, tmp_path: Path) -> None:
    window = a_window("iris", "1.0.0", 0, labelled=False)
    put_windows(small, [window])
    build_site(ClonedRegistry(small.root), tmp_path / "site")
    assert "by labels" not in read(tmp_path / "site", MONITORING)
    put_windows(small, [replace(a_window("iris", "1.0.0", 0), revision=2)])
    build_site(ClonedRegistry(small.root), tmp_path / "site")
    assert "by labels" in read(tmp_path / "site", MONITORING)
