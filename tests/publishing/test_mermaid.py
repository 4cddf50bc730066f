"""The text of charts: shapes, numbers and labels. That Mermaid draws them is seen in a browser."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.publishing.hostile_reviews import CURVE, TEXT
from tests.publishing.sample_review import HOSTILE, curves, lineage

from mintmark.core.judgement.review import LineageStep
from mintmark.core.statistics.results import Curve
from mintmark.publishing.mermaid import COLOURS, drawn_lines, format_curve, format_lineage, label, resample

LABEL = r'"(?:[0-9A-Za-z ._/-]|#[0-9]+;)*"'
NUMERAL = r"-?[0-9]+(?:\.[0-9]+)?"
CHART = re.compile(
    rf"---\nconfig:\n(?: +\S.*\n)+---\nxychart-beta\n  title {LABEL}\n  x-axis {LABEL} {NUMERAL} --> {NUMERAL}\n"
    rf"  y-axis {LABEL} {NUMERAL} --> {NUMERAL}(?:\n  line \[{NUMERAL}(?:, {NUMERAL})+\])+\Z"
)
BOX = LABEL[:-1] + r'(?:<br/>(?:[0-9A-Za-z ._/-]|#[0-9]+;)*)*"'
FLOW = re.compile(
    rf"flowchart LR\n  accTitle: How this version was made(?:\n  s[0-9]+\(\[{LABEL}\]\))+(?:\n  f[0-9]+\[{BOX}\])*"
    r"(?:\n  (?:s[0-9]+ --> f[0-9]+|f[0-9]+ --> s[0-9]+))*\Z"
)


def curve(*lines: list[float], start: float = 0, end: float = 1) -> Curve:
    return Curve(title="t", x_label="x", y_label="y", start=start, end=end, lines=[("a", line) for line in lines])


def drawn(found: Curve) -> list[list[float]]:
    """The values of each line of a chart, as Mermaid reads them."""
    chart = format_curve(found)
    assert chart is not None
    assert CHART.match(chart), chart
    return [[float(value) for value in line.split(",")] for line in re.findall(r"line \[(.*)\]", chart)]


def axis(found: Curve, name: str) -> tuple[float, float]:
    chart = format_curve(found)
    assert chart is not None
    (bounds,) = re.findall(rf"{name}-axis .* (\S+) --> (\S+)", chart)
    return float(bounds[0]), float(bounds[1])


def test_a_curve() -> None:
    assert format_curve(curve([0, 0.5, 1], [0.25, 0.123456, 1])) == (
        "---\nconfig:\n  xyChart:\n    width: 480\n    height: 320\n  themeVariables:\n    xyChart:\n"
        '      backgroundColor: "transparent"\n'
        '      plotColorPalette: "#2f81f7, #db6d28, #a371f7, #7d8590"\n---\n'
        'xychart-beta\n  title "t"\n  x-axis "x" 0 --> 1\n  y-axis "y" 0 --> 1\n'
        "  line [0, 0.5, 1]\n  line [0.25, 0.123, 1]"
    )


def test_a_long_line_is_drawn_with_fewer_points_of_the_same_course() -> None:
    (values,) = drawn(curve([(n / 1000) ** 2 for n in range(1001)]))
    assert 21 <= len(values) <= 41
    assert values == pytest.approx([(n / (len(values) - 1)) ** 2 for n in range(len(values))], abs=0.001)


@pytest.mark.parametrize(("start", "end"), [(0, 1), (0, 346), (25.3, 346.1), (-1.5, 0.7)])
@pytest.mark.parametrize("points", [2, 11, 21, 33, 41, 101])
def test_the_last_point_is_on_the_axis_when_the_steps_are_added_up(start: float, end: float, points: int) -> None:
    """As Mermaid does up to 11.14 at least: `for (let i = min; i <= max; i += step)`."""
    found = curve([n / points for n in range(points)], start=start, end=end)
    (values,) = drawn(found)
    low, high = axis(found, "x")
    step, place, seen = (high - low) / (len(values) - 1), low, 0
    while place <= high:
        place += step
        seen += 1
    assert seen == len(values)
    assert values[0] == 0
    assert values[-1] == pytest.approx((points - 1) / points, abs=0.001)


def test_lines_of_different_lengths_get_the_same_points() -> None:
    first, second = drawn(curve([0, 1], [0, 0.25, 0.5, 0.75, 1]))
    assert first == second == [0, 0.25, 0.5, 0.75, 1]


def test_the_y_axis_holds_every_value() -> None:
    assert axis(curve([0.2, 0.4]), "y") == (0, 1)
    assert axis(curve([-3, 12.5], [100, 4]), "y") == (-3, 100)
    assert axis(curve([7, 7]), "y") == (6, 8)
    assert axis(curve([2e-9, 3e-9, -1e-9]), "y")[0] < 0


def test_no_number_is_a_power_of_ten() -> None:
    for scale in (1e-5, 1e-3, 1, 1e5, 1e11):
        (values,) = drawn(curve([-scale, 0.123456 * scale, scale]))
        assert values[1] == pytest.approx(0.123456 * scale, rel=0.02)
        assert "e" not in str(format_curve(curve([-scale, scale]))).partition("line")[2].partition("]")[0][4:]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf"), 1e13, 10**400])
def test_a_line_with_a_value_that_cannot_be_drawn_is_left_out(value: float) -> None:
    found = replace(curve(), lines=[("bad", [0, value]), ("good", [0, 1])])
    assert [name for name, _ in drawn_lines(found)] == ["good"]
    assert len(drawn(found)) == 1
    assert format_curve(curve([0, value])) is None
    assert format_curve(curve([0, 1], start=value)) is None


def test_nothing_to_draw() -> None:
    assert format_curve(curve()) is None
    assert format_curve(curve([1])) is None
    assert format_curve(curve([0, 1], start=1, end=1)) is None
    assert format_curve(curve([0, 1], start=1, end=0)) is None
    assert format_lineage([]) is None


def test_no_more_lines_than_colours() -> None:
    assert len(drawn(curve(*[[0, 1]] * 9))) == len(COLOURS) == 4


@given(CURVE)
def test_any_curve_is_none_or_a_chart_of_the_known_form(found: Curve) -> None:
    chart = format_curve(found)
    assert chart is None or CHART.match(chart)


@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=60), st.integers(2, 60))
def test_resampling_keeps_the_ends_and_stays_between_the_values(values: list[float], count: int) -> None:
    found = resample(values, count)
    assert len(found) == count
    assert (found[0], found[-1]) == (values[0], pytest.approx(values[-1], abs=0.001))
    assert min(values) - 1e-6 <= min(found) <= max(found) <= max(values) + 1e-6


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("ROC curve", "ROC curve"),
        ("train.parquet", "train.parquet"),
        ("roc_auc", "roc_auc"),
        ('a"b', "a#34;b"),
        ("1. one", "1#46; one"),
        ("%%{init}%%", "#37;#37;#123;init#125;#37;#37;"),
        ("a\nb", "a#92;nb"),
        ("é", "#233;"),
        ("www.a.b", "www#46;a.b"),
        ("", "#40;no name#41;"),
        ("x" * 41, "x" * 39 + "#8230;"),
        ("--x", "#45;#45;x"),
        ("ﬂ°34¶ß", "#64258;#8288;#176;34#182;#8288;#223;"),
    ],
)
def test_labels(text: str, written: str) -> None:
    assert label(text) == written


@given(TEXT)
def test_no_label_ends_early(text: str) -> None:
    assert re.fullmatch(LABEL, f'"{label(text)}"')


def test_a_lineage() -> None:
    assert format_lineage(lineage()) == (
        "flowchart LR\n  accTitle: How this version was made\n"
        '  s0(["prepare"])\n  s1(["tune"])\n  s2(["train"])\n  s3(["evaluate"])\n'
        '  f0["data.json<br/>train.parquet"]\n  f1["evaluation.parquet"]\n  f2["best.json"]\n  f3["trials.csv"]\n'
        '  f4["model.skops"]\n  f5["metrics.json<br/>predictions.parquet<br/>profile.json<br/>and 2 more"]\n'
        '  f6["requirements.lock"]\n'
        "  s0 --> f0\n  f0 --> s1\n  f0 --> s2\n  f0 --> s3\n  s0 --> f1\n  f1 --> s3\n  s1 --> f2\n  f2 --> s2\n"
        "  s1 --> f3\n  s2 --> f4\n  f4 --> s3\n  s3 --> f5\n  f6 --> s0"
    )


def step(stage: str, inputs: list[str], outputs: list[str]) -> LineageStep:
    return LineageStep(
        stage=stage, command="", inputs=[(path, "") for path in inputs], outputs=[(path, "") for path in outputs]
    )


def test_stages_of_several_models_keep_their_names() -> None:
    chart = format_lineage([step("train@iris", [], ["a"]), step("train@digits", [], ["b"])])
    assert chart is not None
    assert '"train#64;iris"' in chart
    assert '"train#64;digits"' in chart
    plain = format_lineage([step("train", [], []), step("test", [], [])])
    assert plain is not None
    assert '"train"' in plain


def test_code_that_a_stage_writes_is_shown_and_code_that_it_only_reads_is_not() -> None:
    chart = format_lineage([step("a", ["lib.py"], ["made.py"]), step("b", ["made.py"], [])])
    assert chart is not None
    assert "lib.py" not in chart
    assert '  f0["made.py"]\n  s0 --> f0\n  f0 --> s1' in chart


def test_a_huge_lineage_is_cut() -> None:
    chart = format_lineage([step(f"s{n}", [f"in{m}-{n}" for m in range(50)], [f"out{n}"]) for n in range(400)])
    assert chart is not None
    assert FLOW.match(chart)
    assert len(chart) < 5_000


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_lineage_has_the_known_form(text: str) -> None:
    steps = [step(text, [text], [f"{text}/x"]), step(f"{text}@{text}", [f"{text}/x"], [f"y/{text}"])]
    chart = format_lineage(steps)
    assert chart is not None
    assert FLOW.match(chart), chart


def test_the_sample_is_drawn_whole() -> None:
    for found in curves():
        assert len(drawn(found)) == 2
