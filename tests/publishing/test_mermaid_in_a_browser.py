"""The charts of finished reports, taken out of their fences as GitHub does and drawn by Mermaid in a real browser."""

from __future__ import annotations

import hashlib
import html
import json
import os
import re
import shutil
import subprocess
import tarfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.publishing.on_github import fences
from tests.publishing.sample_review import HOSTILE, curves, evaluation, failed_review, lineage, sample_review
from tests.scaffold.marks import others_long

from mintmark.core.judgement.review import Review
from mintmark.publishing.markdown import visible
from mintmark.publishing.mermaid import COLOURS
from mintmark.publishing.review.markdown_report import format_markdown

MERMAID = "11.17.2"  # GitHub draws with a release of the same major version
SHA256 = "581ed7d74bd9048d0e3a91363927d72ef22942d7722546b27f7cc29e35390eb8"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--dump-dom"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--virtual-time-budget=60000"),
)
PAGE = """<!doctype html><meta charset="utf-8"><script src="mermaid.min.js"></script><body><script>
const charts = CHARTS, drawn = [], calls = [];
window.alert = window.call = text => calls.push(String(text));
const texts = (host, query) => [...host.querySelectorAll(query)].map(found => found.textContent);
(async () => {
  mermaid.initialize({startOnLoad: false, securityLevel: "strict", flowchart: {htmlLabels: HTML_LABELS}});
  for (const [number, chart] of charts.entries()) {
    try {
      const {svg} = await mermaid.render(`chart${number}`, chart);
      const host = document.createElement("div");
      host.innerHTML = svg;
      document.body.append(host);
      const elements = [...host.querySelectorAll("*")];
      drawn.push({
        tags: [...new Set(elements.map(found => found.localName))],
        handlers: elements.flatMap(found => [...found.attributes].map(a => a.name)).filter(name => name.startsWith("on")),
        links: elements.flatMap(found => [...found.attributes].filter(a => a.name.endsWith("href")).map(a => a.value)),
        error: host.querySelector(".error-icon, .error-text") !== null,
        texts: texts(host, "text"),
        nodes: texts(host, ".node .nodeLabel, .node text"),
        boxes: host.querySelectorAll(".node").length,
        arrows: host.querySelectorAll("path.flowchart-link").length,
        lines: [...host.querySelectorAll("[class^=line-plot] path")].map(p => [p.getAttribute("stroke"), p.getAttribute("d")]),
      });
    } catch (error) { drawn.push({error: String(error)}); }
  }
  const results = document.createElement("pre");
  results.id = "results";
  results.textContent = JSON.stringify({drawn, calls});
  document.body.append(results);
})();
</script>"""


@pytest.fixture(scope="module")
def browser() -> str:
    found = next((path for path in map(shutil.which, BROWSERS) if path), None)
    if found is None:
        pytest.skip(f"there is no browser to draw the charts in; install one of {', '.join(BROWSERS)}")
    return found


@pytest.fixture(scope="module")
def mermaid_script(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The script of the pinned release, fetched once with npm and kept in the user's cache."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "mintmark-tests"
    kept = cache / f"mermaid-{MERMAID}.min.js"
    if not kept.is_file() or hashlib.sha256(kept.read_bytes()).hexdigest() != SHA256:
        script = fetch_mermaid(tmp_path_factory.mktemp("npm"))
        assert hashlib.sha256(script).hexdigest() == SHA256
        cache.mkdir(parents=True, exist_ok=True)
        part = kept.with_suffix(f".{os.getpid()}")
        part.write_bytes(script)
        part.replace(kept)
    return kept


def fetch_mermaid(folder: Path) -> bytes:
    if shutil.which("npm") is None:
        pytest.skip("there is no npm to fetch Mermaid with")
    command = ("npm", "pack", f"mermaid@{MERMAID}", "--silent", "--pack-destination", str(folder))
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=180, check=False)
    except subprocess.TimeoutExpired:
        pytest.skip("npm did not fetch Mermaid within three minutes")
    archives = list(folder.glob("mermaid-*.tgz"))
    if done.returncode or not archives:
        pytest.skip(f"npm could not fetch Mermaid {MERMAID}: {done.stderr.strip()[-200:]}")
    with tarfile.open(archives[0]) as archive:
        member = archive.extractfile("package/dist/mermaid.min.js")
        assert member is not None
        return member.read()


class Drawing:
    """Draws charts in one run of the browser."""

    def __init__(self, browser: str, script: Path, folder: Path) -> None:
        self.browser, self.script, self.folder = browser, script, folder

    def draw(self, charts: list[str], *, html_labels: bool = True) -> list[dict[str, Any]]:
        shutil.copy(self.script, self.folder / "mermaid.min.js")
        text = json.dumps(charts).replace("<", "\\u003c")
        page = PAGE.replace("HTML_LABELS", json.dumps(html_labels)).replace("CHARTS", text)
        (self.folder / "page.html").write_text(page, encoding="utf-8")
        command = (
            self.browser,
            *FLAGS,
            f"--user-data-dir={self.folder / 'profile'}",
            (self.folder / "page.html").as_uri(),
        )
        done = subprocess.run(command, capture_output=True, text=True, timeout=180, check=False)
        results = re.search(r'<pre id="results">(.*?)</pre>', done.stdout, re.DOTALL)
        assert results, f"the browser drew nothing: {done.stderr[-500:]}"
        found = json.loads(html.unescape(results[1]))
        assert found["calls"] == []
        assert len(found["drawn"]) == len(charts)
        return list(found["drawn"])


@pytest.fixture
def drawing(browser: str, mermaid_script: Path, tmp_path: Path) -> Drawing:
    return Drawing(browser, mermaid_script, tmp_path)


def charts_of(review: Review) -> list[str]:
    return fences(format_markdown(review), "mermaid")


def assert_harmless(drawn: dict[str, Any]) -> None:
    assert drawn["error"] is False, drawn
    assert not {"script", "a", "iframe", "img", "image", "object", "embed", "input", "video"} & set(drawn["tags"])
    assert drawn["handlers"] == []
    assert drawn["links"] == []


def points(line: list[str]) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in re.findall(r"[ML]([-\d.e]+),([-\d.e]+)", line[1])]


def test_the_charts_of_a_report_are_drawn(drawing: Drawing) -> None:
    charts = charts_of(sample_review())
    assert len(charts) == 3
    roc, recall, flow = drawing.draw(charts)
    for drawn, title in ((roc, "ROC curve"), (recall, "Precision and recall")):
        assert_harmless(drawn)
        assert title in drawn["texts"]
        assert [colour for colour, _ in drawn["lines"]] == [colour for _, colour in COLOURS[:2]]
    assert {"False positive rate", "True positive rate"} <= set(roc["texts"])
    assert_harmless(flow)
    assert (flow["boxes"], flow["arrows"]) == (11, 13)
    assert {"prepare", "tune", "train", "evaluate", "model.skops"} <= set(flow["nodes"])


@pytest.mark.slow
def test_a_line_has_all_its_points_where_they_belong(drawing: Drawing) -> None:
    straight = replace(curves()[0], lines=[("up", [n / 20 for n in range(21)]), ("down", [1, 0])])
    (drawn, _) = drawing.draw(
        charts_of(replace(sample_review(), evaluations=[replace(evaluation(), curves=[straight])]))
    )
    up, down = map(points, drawn["lines"])
    assert len(up) == len(down) > 2
    assert up[0][0] == pytest.approx(down[0][0])
    assert up[-1] == pytest.approx((down[-1][0], down[0][1]))
    assert down[-1][1] == pytest.approx(up[0][1])
    width = up[-1][0] - up[0][0]
    assert [x for x, _ in up] == pytest.approx([up[0][0] + n * width / (len(up) - 1) for n in range(len(up))], abs=0.01)


@pytest.mark.slow
def test_both_sets_of_rows_have_their_charts(drawing: Drawing) -> None:
    found = drawing.draw(charts_of(failed_review()))
    assert [len(drawn["lines"]) for drawn in found] == [2, 2, 2, 2, 0]
    for drawn in found:
        assert_harmless(drawn)


def hostile_review(text: str) -> Review:
    chart = replace(
        curves()[0], title=text, x_label=text, y_label=text, lines=[(text, [0, 0.5, 1]), (text, [1, 0.5, 0])]
    )
    stage = replace(lineage()[0], stage=text, inputs=[(text, text)], outputs=[(f"a/{text.replace('/', ' ')}", text)])
    steps = [stage, replace(lineage()[1], inputs=[], outputs=[])]
    return replace(sample_review(), evaluations=[replace(evaluation(), curves=[chart])], lineage=steps)


def cut(text: str) -> str:
    shown = visible(text).strip() or "(no name)"
    return shown if len(shown) <= 40 else shown[:39] + "…"


def as_drawn(text: str) -> str:
    """A browser shows several spaces as one, and a word joiner not at all."""
    return " ".join(text.replace("\u2060", "").split())


@pytest.mark.slow
@pytest.mark.parametrize("html_labels", others_long([True, False]), ids=["HTML", "SVG"])
def test_hostile_names_are_drawn_as_they_are(drawing: Drawing, html_labels: bool) -> None:
    flows = [charts_of(hostile_review(text))[1] for text in HOSTILE]
    for text, flow in zip(HOSTILE, drawing.draw(flows, html_labels=html_labels), strict=True):
        assert_harmless(flow)
        assert flow["boxes"] == 4
        assert as_drawn(cut(text)) in [as_drawn(found) for found in flow["nodes"]]


@pytest.mark.slow
def test_hostile_titles_are_drawn_as_they_are(drawing: Drawing) -> None:
    charts = [charts_of(hostile_review(text))[0] for text in HOSTILE]
    for text, chart in zip(HOSTILE, drawing.draw(charts), strict=True):
        assert_harmless(chart)
        assert len(chart["lines"]) == 2
        assert [as_drawn(found) for found in chart["texts"]].count(as_drawn(cut(text))) == 3
