"""The page of monitoring, made from windows that nobody has: how large it gets, and what it says of odd ones."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from tests.monitoring.example_documents import a_number
from tests.publishing.site.samples.sample_versions import config, index, row, version
from tests.publishing.site.samples.sample_windows import a_window

from mintmark.core.records import Interval
from mintmark.monitoring.alarms import alarms_of
from mintmark.monitoring.documents import WindowDocument
from mintmark.monitoring.measured import Column, Measured, ReferenceCounts, Unseen
from mintmark.publishing.site.monitored.column_drawing import draw_column
from mintmark.publishing.site.monitored.column_lines import column_lines
from mintmark.publishing.site.monitored.documents import monitoring_documents
from mintmark.publishing.site.monitored.model_windows import ModelWindows
from mintmark.publishing.site.monitored.pages import monitoring_page, summary_of
from mintmark.publishing.site.monitored.window_drawings import draw_metric, draw_served, draw_traffic

BUDGET = 175_000  # bytes of a page of two channels, of which its frame has some 20,000


def seen(windows: list[WindowDocument]) -> ModelWindows:
    places = {each.path: each.path.partition("/")[2] for each in windows}
    return ModelWindows(windows=tuple(windows), alarms=tuple(alarms_of(windows)), places=places)


def many(count: int, columns: int, channel: str = "production") -> list[WindowDocument]:
    wide = tuple(
        a_number(
            f"measurement number {number}",
            edges=tuple(float(edge) for edge in range(21)),
            counts=tuple(range(1, 21)),
            reference=ReferenceCounts(rows=400, missing=0, counts=(20,) * 20),
        )
        for number in range(columns)
    )
    return [a_window("iris", "1.0.0", day, columns=wide, channel=channel) for day in range(count)]


def test_pages_of_wide_models_with_a_long_past_stay_small() -> None:
    some = seen([*many(400, 1000), *many(200, 1000, "staging")])
    size = len(monitoring_page(config(), index(row(version())), some).encode())
    assert size < BUDGET - 25_000
    short = summary_of(config(), index(row(version())), some)
    assert short is not None
    assert len(short.metric) + len(short.served) < 25_000
    pages = monitoring_documents("iris", seen(many(2500, 0)))
    assert [page["older"] for page in pages] == ["monitoring-2.json", None]
    assert sum(len(page["windows"]) for page in pages) == 2500


def test_estimates_are_hollow_and_dashed_and_labels_are_filled() -> None:
    drawing = draw_metric(
        [a_window("iris", "1.0.0", day, labelled=day == 0) for day in range(2)], "roc_auc", maximize=True
    )
    filled, hollow = (part.split("</g>")[0] for part in drawing.split('<g fill="var(')[1:3])
    assert (filled.startswith("--md"), filled.count("<circle")) == (True, 1)
    assert (hollow.startswith("--mm-raised"), hollow.count("<circle")) == (True, 2)
    assert drawing.count('stroke-dasharray="3 2"') == 1
    assert ">estimated</text>" in drawing
    assert ">by labels</text>" in drawing
    assert drawing.count('opacity=".18"/>') == 2, "one band, and its key"


def test_only_what_a_test_found_worse_is_red() -> None:
    plain = draw_metric([a_window("iris", "1.0.0", 0, value=0.1)], "roc_auc", maximize=True)
    assert "--mm-bad" not in plain
    assert "--mm-bad" in draw_metric([a_window("iris", "1.0.0", 0, value=0.1, worse=True)], "roc_auc", maximize=True)


def test_every_other_metric_is_drawn_beside_its_own_band() -> None:
    def with_loss(window: WindowDocument) -> WindowDocument:
        assert window.performance is not None
        loss = Measured(value=0.4, low=0.3, high=0.5, registered=Interval(value=0.38, low=0.33, high=0.43))
        metrics = {**window.performance.metrics, "log_loss": loss}
        return replace(window, performance=replace(window.performance, metrics=metrics))

    windows = [with_loss(a_window("iris", "1.0.0", day)) for day in range(3)]
    page = monitoring_page(config(), index(row(version())), seen(windows))
    (fold,) = (part for part in page.split("<details") if "1 other metric" in part)
    assert 'aria-label="log_loss in production, drawn"' in fold
    assert "less is better" in fold
    assert "registered</text>" in fold
    assert "roc_auc" not in fold.split("</details>")[0]
    assert "other metric" not in monitoring_page(config(), index(row(version())), seen([a_window("iris", "1.0.0", 0)]))


def test_a_new_version_has_a_band_and_a_bar_of_its_own() -> None:
    windows = [a_window("iris", "1.0.0", 0), a_window("iris", "1.1.0", 1)]
    assert draw_served(windows, []).count("<rect") == 2
    assert "1.0.0, 1.1.0 served. No alarms" in draw_served(windows, [])
    assert "2,000 requests in 2 windows" in draw_traffic(windows)


def test_odd_columns_are_told_and_not_drawn() -> None:
    nothing = Column(name="nothing", kind="number", rows=0, reason="no row has a value")
    hidden = Column(name="name", kind="hidden", rows=10, counts=(), reason="personal")
    unknown = Column(name="site", kind="category", rows=10, levels=("a",), counts=(7, 0), missing=3,
                     unseen=Unseen(rows=2, levels={"<b>": 2}), reference=ReferenceCounts(rows=5, missing=0, counts=(5, 0)),
                     drifted=None, reason="too few rows")  # fmt: skip
    window: Any = replace(a_window("iris", "1.0.0", 0), columns=(nothing, hidden, unknown), outputs=())
    lines = {line.name: line for line in column_lines(window)}
    assert (lines["nothing"].drift, lines["nothing"].drawing) == ("no row has a value", "")
    assert lines["name"].drawing == ""
    assert (
        lines["site"].strange == '30% without a value; 20% with a value that the profile does not know; such as "<b>"'
    )
    assert "<svg" in draw_column(unknown)


def drifting(count: int, far: dict[int, float | None]) -> list[WindowDocument]:
    """Days in which a column hardly moves, but for some: how far it went then, None where nothing could be said."""

    def column(day: int) -> Column:
        distance = far.get(day, 0.02)
        is_told = distance is not None
        return a_number("age", distance=distance, drifted=distance > 0.1 if distance is not None else None,
                        adjusted_p_value=1.0 if is_told else None, reason="" if is_told else "40 rows")  # fmt: skip

    return [a_window("iris", "1.0.0", day, columns=(column(day), a_number("width"))) for day in range(count)]


def test_each_column_has_the_course_of_its_drift_over_the_windows() -> None:
    windows = drifting(12, {4: 0.31, 5: 0.22, 6: None})
    page = monitoring_page(config(), index(row(version())), seen(windows))
    said = "at most 31% on 2026-03-08, drifted in 2 of 11 windows"
    assert f'aria-label="age over 12 windows: {said}."' in page
    assert page.count(said) == 3, "drawn, below the drawing and in the table"
    (drawing,) = re.findall(r'<svg class="mm-chart mm-drift"[^>]*aria-label="age over.*?</svg>', page)
    red, calm = (re.search(f'<path d="([^"]*)" stroke="var\\(--{name}', drawing) for name in ("mm-bad", "md-"))
    assert red is not None
    assert calm is not None
    assert (red[1].count("v"), calm[1].count("v")) == (2, 9)
    heights = [int(height) for height in re.findall(r"v-(\d+)", red[1])]
    assert heights[0] > heights[1] > max(map(int, re.findall(r"v-(\d+)", calm[1])))
    assert drawing.count("h0") == 2, "a dot above each, for whoever sees no red"
    assert drawing.count("2v4") == 1, "a mark where nothing can be said"
    assert page.index("<b>age</b>") < page.index("<b>prediction</b>"), "what had drifted comes first"
    assert "over 1 window" not in monitoring_page(config(), index(row(version())), seen(windows[:1]))


def test_the_page_of_the_model_shows_what_had_drifted_and_nothing_else() -> None:
    summary = summary_of(config(), index(row(version())), seen(drifting(12, {4: 0.31})))
    assert summary is not None
    assert [(line.name, line.course) for line in summary.columns] == [
        ("age", "at most 31% on 2026-03-08, drifted in 1 of 12 windows")
    ]
    calm = summary_of(config(), index(row(version())), seen(drifting(12, {})))
    assert calm is not None
    assert calm.columns == []


def test_the_list_of_windows_has_the_course_of_each_column() -> None:
    both = [*drifting(100, {98: 0.31}), *drifting(3, {})]
    (told,) = monitoring_documents("iris", seen([replace(each, channel="staging") for each in both[:100]]))[0]["drift"]
    assert (told["channel"], len(told["windows"])) == ("staging", 90)
    assert told["windows"][-1] == {"start": "2026-06-11T00:00:00Z", "version": "1.0.0"}
    age = next(each for each in told["columns"] if each["name"] == "age")
    assert (age["distances"][-2:], age["drifted"]) == ([0.31, 0.02], [88])


def test_of_two_versions_in_one_window_the_one_that_answered_more_is_drawn() -> None:
    one, other = drifting(2, {}), drifting(2, {1: 0.4})
    few = replace(other[1], version="1.1.0", traffic=replace(other[1].traffic, read=3))
    assert summary_of(config(), index(row(version())), seen([*one, few])).columns == []  # type: ignore[union-attr]
    most = replace(few, traffic=replace(few.traffic, read=10_000))
    assert len(summary_of(config(), index(row(version())), seen([*one, most])).columns) == 1  # type: ignore[union-attr]
