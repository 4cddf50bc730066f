"""Charts are drawings that every browser reads: well formed, inside their frame, honest about what they show."""

from __future__ import annotations

import math
import re
import xml.etree.ElementTree as ET
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.scaffold.work import calls_at_most

from mintmark.core.statistics.true_curves import TrueCurve
from mintmark.publishing.site.drawing.axes import exact_axis, format_tick, round_axis, short
from mintmark.publishing.site.drawing.charts import Point, line_chart, metric_chart

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = "</svg><script>alert(1)</script>\"' onload='x&amp;\x00\x1b\ud800\u202e" + "W" * 300
NUMBER = re.compile(r"-?\d*\.?\d+(?:e-?\d+)?")


def points(count, **changed):
    return [
        Point(
            version=f"1.{n}.0",
            value=0.9 + 0.0005 * (n % 50),
            low=0.88,
            high=0.95,
            created="2026-06-01T09:30:00Z",
            href=f"1.{n}.0/",
            **changed,
        )
        for n in range(count)
    ]


def chart(*given, metric="roc_auc", **options):
    title = options.pop("title", "roc_auc by version")
    return metric_chart(*given, metric=metric, title=title, **options)


def parsed(drawing):
    """The drawing as an XML parser reads it, which is stricter than a browser."""
    return ET.fromstring(
        drawing.replace("<svg", '<svg xmlns="http://www.w3.org/2000/svg"', 1) if "xmlns" not in drawing else drawing
    )


def texts(root):
    return ["".join(element.itertext()) for element in root.iter(f"{SVG}text")]


def hints(root):
    return [link.find(f"{SVG}title").text for link in root.iter(f"{SVG}a")]


def test_each_version_is_a_link_that_tells_its_numbers() -> None:
    found = [
        Point(version="1.1.0", value=0.91, href="1.1.0/", created="2026-05-01T00:00:00Z", yanked=True),
        Point(version="1.2.0", value=0.93, low=0.91, high=0.95, href="1.2.0/", created="2026-06-01T09:30:00Z",
              champion=True, channels=("staging", "production")),
    ]  # fmt: skip
    root = parsed(chart(found, floor=0.9))
    assert hints(root) == [
        "1.1.0: 0.91, 2026-05-01, yanked",
        "1.2.0: 0.93 [0.91, 0.95], 2026-06-01, staging, production",
    ]
    assert [link.get("href") for link in root.iter(f"{SVG}a")] == ["1.1.0/", "1.2.0/"]
    # Yanked and in use differ from others by shape, and the legend says how.
    assert [link[1].tag.removeprefix(SVG) for link in root.iter(f"{SVG}a")] == ["path", "path"]
    assert {"yanked", "in production", "95% interval", "- - at least 0.9", "1.1.0", "1.2.0"} <= set(texts(root))


def test_readers_of_the_screen_get_a_summary_and_no_hundred_links() -> None:
    root = parsed(chart(points(100), floor=0.85, prefix="p"))
    image = next(element for element in root if element.get("role") == "img")
    title, summary = image.find(f"{SVG}title"), image.find(f"{SVG}desc")
    assert image.get("aria-labelledby").split() == [title.get("id"), summary.get("id")] == ["p-t", "p-d"]
    assert title.text == "roc_auc by version"
    assert summary.text == (
        "100 versions, the oldest first. First 1.0.0: 0.9. Newest 1.99.0: 0.9245. "
        "Highest 1.49.0: 0.9245; more is better. The gate asks for at least 0.85."
    )
    assert not list(image.iter(f"{SVG}a"))  # a picture has no parts that can be reached
    hidden = [element for element in root if element.get("aria-hidden") == "true"]
    links = [link for element in hidden for link in element.iter(f"{SVG}a")]
    assert len(links) == 100
    assert {link.get("tabindex") for link in links} == {"-1"}


def test_less_can_be_better_and_a_yanked_version_is_never_the_best() -> None:
    found = [
        Point(version="1.0.0", value=3.0),
        Point(version="1.1.0", value=2.0),
        Point(version="1.2.0", value=1.0, yanked=True),
    ]
    drawing = chart(found, metric="mae")
    assert "Lowest 1.1.0: 2; less is better" in drawing
    assert "1 yanked." in drawing
    assert "Highest 1.0.0: 3; more is better" in chart(found)


@pytest.mark.parametrize(
    ("count", "most"), [(0, 1500), (1, 2500), (2, 3000), (100, 25_000), (1000, 45_000), (10_000, 60_000)]
)
def test_a_chart_stays_light_however_many_versions_there_are(count: int, most: int) -> None:
    drawing = chart(points(count), floor=0.85)
    root = parsed(drawing)
    assert len(drawing) < most
    labels = [text for text in texts(root) if re.fullmatch(r"1\.\d+\.0", text)]
    assert len(labels) <= 12
    assert not count or labels[0] == f"1.{count - 1}.0"
    assert len(hints(root)) <= 160
    if count:
        assert hints(root)[-1].startswith(f"1.{count - 1}.0: ")


def test_labels_of_versions_do_not_overlap() -> None:
    for count in (2, 7, 12, 30, 100, 333):
        long = [Point(version=f"1.{n}.0-rc.1.of.many", value=1.0) for n in range(count)]
        root = parsed(chart(long))
        boxes = sorted(
            (float(text.get("x")) - len(text.text) * 3.3, float(text.get("x")) + len(text.text) * 3.3)
            for text in root.iter(f"{SVG}text")
            if (text.text or "").startswith("1.") and text.get("y") == "234"
        )
        assert boxes
        assert all(left[1] < right[0] for left, right in pairwise(boxes))
        assert boxes[0][0] >= 0
        assert boxes[-1][1] <= 480


def test_what_matters_is_linked_even_among_thousands() -> None:
    many = points(5000)
    many[1237] = Point(version="champion", value=0.9, href="c/", champion=True, channels=("production",))
    many[2341] = Point(version="best", value=0.99, href="b/")
    many[3333] = Point(version="yanked", value=0.9, href="y/", yanked=True)
    shown = hints(parsed(chart(many)))
    for name in ("champion", "best", "yanked"):
        assert any(hint.startswith(f"{name}:") for hint in shown), name


def test_a_floor_far_from_every_value_is_told_and_does_not_flatten_the_chart() -> None:
    near, far = (parsed(chart(points(5), floor=floor)) for floor in (0.8, 0.1))
    assert "- - at least 0.8" in texts(near)
    assert "at least 0.1, below what is shown" in texts(far)
    assert min(float(text) for text in texts(far) if re.fullmatch(r"\d\.\d+", text)) > 0.8


def test_a_file_of_its_own_follows_the_system_and_a_part_of_a_page_the_page() -> None:
    alone, inside = chart(points(3), standalone=True), chart(points(3))
    assert parsed(alone).tag == f"{SVG}svg"
    assert alone.startswith('<svg xmlns="http://www.w3.org/2000/svg"')
    assert alone.endswith("\n")
    assert "prefers-color-scheme:dark" in alone
    assert "<style" not in inside  # a policy of the page forbids it
    assert " style=" not in alone + inside
    for drawing in (alone, inside):
        colours = re.findall(r'(?:fill|stroke)="([^"]+)"', drawing)
        assert colours
        assert all(colour in ("none", "currentColor") or colour.startswith("var(--") for colour in colours)


@pytest.mark.parametrize(
    "href",
    ["javascript:alert(1)", " javascript:alert(1)", "java\nscript:alert(1)", "//elsewhere.example", "https://elsewhere.example/",
     "/models/", "\\\\elsewhere.example", "data:text/html,x", "", '"><script>', "vbscript&colon;x"],
)  # fmt: skip
def test_only_pages_of_the_site_are_linked(href: str) -> None:
    assert not list(parsed(chart([Point(version="1.0.0", value=1.0, href=href)])).iter(f"{SVG}a"))


@pytest.mark.parametrize("href", ["1.0.0/", "../1.0.0-rc.1+build/", "index.html#curves", "1.0.0/?with=1.1.0&and=1.2.0"])
def test_relative_addresses_are_linked(href: str) -> None:
    drawing = chart([Point(version="1.0.0", value=1.0, href=href)])
    assert [link.get("href") for link in parsed(drawing).iter(f"{SVG}a")] == [href]


def test_hostile_names_stay_text() -> None:
    found = [
        Point(
            version=HOSTILE,
            value=1.0,
            low=0.5,
            high=2.0,
            created=HOSTILE,
            href=HOSTILE,
            champion=True,
            channels=[HOSTILE] * 50,
            yanked=True,
        )
    ]
    ends = [0.0, 1.0]
    curve = TrueCurve(title=HOSTILE, x_label=HOSTILE, y_label=HOSTILE, start=0, end=1, lines=[(HOSTILE, ends, ends)])
    for drawing in (
        chart(found, metric=HOSTILE, title=HOSTILE, floor=1.0),
        chart(found, metric=HOSTILE, title=HOSTILE, standalone=True),
        line_chart(curve, prefix="roc", title=HOSTILE),
    ):
        root = parsed(drawing)
        assert {element.tag.removeprefix(SVG) for element in root.iter()} <= {
            "svg", "g", "title", "desc", "path", "text", "tspan", "circle", "style",
        }  # fmt: skip
        assert not [name for element in root.iter() for name in element.attrib if name.startswith("on")]
        assert all(character.isprintable() for character in drawing.strip())
        assert len(drawing) < 8000


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(*[st.one_of(st.none(), st.floats(), st.floats(0, 1), st.just(0.5), st.floats(width=16))] * 3),
        max_size=8,
    ),
    st.one_of(st.none(), st.floats()),
    st.sampled_from(["roc_auc", "mae"]),
)
def test_no_number_breaks_a_chart(values, floor, metric) -> None:
    found = [Point(version=f"1.{n}.0", value=v, low=low, high=high) for n, (v, low, high) in enumerate(values)]
    drawing = chart(found, floor=floor, metric=metric)
    root = parsed(drawing)
    places = [element.get(name) for element in root.iter() for name in ("x", "y", "cx", "cy", "d") if element.get(name)]
    assert not re.search("nan|inf", " ".join(places))
    for circle in root.iter(f"{SVG}circle"):
        assert 54 <= float(circle.get("cx")) <= 462
        assert 32 <= float(circle.get("cy")) <= 214
    drawn = sum(v is not None and math.isfinite(v) and abs(v) <= 1e150 for v, _, _ in values)
    assert len(list(root.iter(f"{SVG}circle"))) == drawn
    ticks = [text for text in texts(root) if NUMBER.fullmatch(text)]
    assert len(set(ticks)) == len(ticks) >= 2


def test_bounds_the_wrong_way_round_are_no_interval() -> None:
    root = parsed(chart([Point(version="1.0.0", value=0.5, low=0.9, high=0.1, href="1.0.0/")]))
    assert hints(root) == ["1.0.0: 0.5"]
    assert "95% interval" not in texts(root)


def test_places_follow_values() -> None:
    found = [Point(version=str(n), value=value) for n, value in enumerate([1.0, 3.0, 2.0])]
    heights = [float(circle.get("cy")) for circle in parsed(chart(found)).iter(f"{SVG}circle")]
    assert heights[1] < heights[2] < heights[0]  # up is more
    assert heights[2] == pytest.approx((heights[0] + heights[1]) / 2, abs=0.11)


# -- axes ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "labels"),
    [
        ([0.91, 0.95], ["0.91", "0.92", "0.93", "0.94", "0.95"]),
        ([0.2, 0.999], ["0.2", "0.4", "0.6", "0.8", "1.0"]),
        ([38, 59], ["35", "40", "45", "50", "55", "60"]),
        ([0.97, 0.9995], ["0.97", "0.98", "0.99", "1.00"]),
        ([5, 5], ["4.7", "4.8", "4.9", "5.0", "5.1", "5.2", "5.3"]),
        ([0, 0], ["0", "0.5", "1.0"]),
        ([1, 1], ["0.94", "0.96", "0.98", "1.00"]),
        ([5, 5.0000000001], ["4.7", "4.8", "4.9", "5.0", "5.1", "5.2", "5.3"]),
        ([-3, 4], ["-4", "-2", "0", "2", "4"]),
        ([1e6, 5e6], ["1e6", "2e6", "3e6", "4e6", "5e6"]),
        ([1e-9, 5e-9], ["1e-9", "2e-9", "3e-9", "4e-9", "5e-9"]),
        ([], ["0", "0.2", "0.4", "0.6", "0.8", "1.0"]),
    ],
)
def test_ticks_are_round(values: list[float], labels: list[str]) -> None:
    assert [label for _, label in round_axis(values, 0, 100).labels()] == labels


@given(st.lists(st.floats(-1e150, 1e150), min_size=1, max_size=5))
def test_an_axis_holds_its_values_and_has_few_ticks(values: list[float]) -> None:
    axis = round_axis(values, 200, 0)
    slack = 1e-6 * (axis.high - axis.low)
    assert axis.low - slack <= min(values)
    assert max(values) <= axis.high + slack
    assert 2 <= len(axis.ticks) <= 8
    assert all(-1e-6 <= axis.place(value) <= 200 + 1e-6 for value in values)
    labels = [label for _, label in axis.labels()]
    assert len(set(labels)) == len(labels)
    assert min(values) < 0 or axis.low >= 0
    if min(values) >= 0 and max(values) <= 1 and max(values) - min(values) > 1e-3:
        assert axis.high <= 1 + 1e-9


def test_an_exact_axis_ends_where_it_is_told() -> None:
    axis = exact_axis(0, 3.8, 0, 380)
    assert (axis.low, axis.high) == (0, 3.8)
    assert [label for _, label in axis.labels()] == ["0", "1", "2", "3"]
    assert axis.place(1.9) == pytest.approx(190)


def test_numbers_are_short() -> None:
    assert [short(place) for place in (1.0, 1.04, 1.06, -0.04, 12.5)] == ["1", "1", "1.1", "0", "12.5"]
    assert format_tick(0.30000000000000004, 0.1) == "0.3"


# -- curves ----------------------------------------------------------------------------------------------------------


def curve(*lines, title="ROC curve", end=1.0):
    placed = [(name, [end * n / max(len(values) - 1, 1) for n in range(len(values))], values) for name, values in lines]
    return TrueCurve(
        title=title, x_label="False positive rate", y_label="True positive rate", start=0, end=end, lines=placed
    )


RISING = [round(n / 32, 4) for n in range(33)]
HIGH = [round((n / 32) ** 0.2, 4) for n in range(33)]


def vertices(path):
    """The points of a path of relative steps."""
    start, *steps = path.get("d").removeprefix("M").split("l")
    x, y = map(float, NUMBER.findall(start))
    found = [(x, y)]
    for step in steps:
        right, up = map(float, NUMBER.findall(step))
        x, y = x + right, y + up
        found.append((x, y))
    return found


@pytest.mark.parametrize("values", [HIGH, RISING[::-1], [0.5, 1.0] * 16 + [0.5]])
def test_a_line_goes_through_its_values(values: list[float]) -> None:
    root = parsed(line_chart(curve(("a@1.1.0", values)), prefix="roc"))
    (path,) = [path for path in root.iter(f"{SVG}path") if "l" in path.get("d")]
    found = vertices(path)
    assert len(found) == 33
    for (x, y), (number, value) in zip(found, enumerate(values), strict=True):
        assert x == pytest.approx(46 + 320 * number / 32, abs=0.06)
        assert y == pytest.approx(232 - 220 * value, abs=0.06)


def test_two_lines_differ_by_dash_and_have_a_key() -> None:
    drawing = line_chart(curve(("a@1.1.0", HIGH), ("a@1.0.0", RISING)), prefix="roc")
    root = parsed(drawing)
    lines = [path for path in root.iter(f"{SVG}path") if "l" in path.get("d")]
    assert [bool(path.get("stroke-dasharray")) for path in lines] == [True, False]  # the first lies on top
    assert lines[0].get("stroke") != lines[1].get("stroke")
    assert {"a@1.1.0", "a@1.0.0", "False positive rate", "True positive rate"} <= set(texts(root))
    assert len(drawing) < 4000
    (title, summary) = (root.find(f"{SVG}{name}") for name in ("title", "desc"))
    assert root.get("aria-labelledby") == f"{title.get('id')} {summary.get('id')}" == "roc-t roc-d"
    assert "a@1.0.0: 0, 0.25, 0.5, 0.75, 1 at equal steps." in summary.text


def test_only_a_roc_curve_has_the_line_of_chance() -> None:
    drawn = [line_chart(curve(("a", HIGH), title=title), prefix="c") for title in ("ROC curve", "Precision and recall")]
    assert ["M46 232L366 12" in drawing for drawing in drawn] == [True, False]


def test_the_axis_of_errors_ends_where_the_curve_does() -> None:
    root = parsed(line_chart(curve(("a", RISING), title="Errors", end=97.3), prefix="c"))
    assert {"0", "20", "40", "60", "80"} <= set(texts(root))
    assert "100" not in texts(root)


@pytest.mark.parametrize(
    "broken",
    [curve(), curve(("a", [])), curve(("a", [1.0])), curve(("a", [math.nan, 1.0])), curve(("a", [math.inf] * 3)),
     curve(("a", RISING), end=0.0), curve(("a", RISING), end=math.inf), curve(("a", RISING), end=math.nan)],
)  # fmt: skip
def test_nothing_to_draw_is_no_drawing(broken: TrueCurve) -> None:
    assert line_chart(broken, prefix="c") == ""


def test_drawing_is_fast() -> None:
    many, lines = points(100), curve(("a@1.1.0", HIGH), ("a@1.0.0", RISING))

    with calls_at_most(5_000):
        line_chart(lines, prefix="c")
    with calls_at_most(50_000):
        chart(many)


def test_the_same_points_give_the_same_bytes() -> None:
    assert chart(points(20), floor=0.85) == chart(points(20), floor=0.85)
