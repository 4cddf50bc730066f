"""What versions cost against how good they are: only those of the same rows, and only what can be drawn."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

from mintmark.core.words.numbers import size
from mintmark.publishing.site.drawing.tradeoff_chart import Priced, tradeoff_chart
from mintmark.publishing.site.drawing.tradeoffs import tradeoff_charts

HOSTILE = "</svg><script>alert(1)</script>\"' onload='x&amp;\x00\x1b\u202e" + "W" * 300


def record(version, bytes_, value, rows="a", **cost):
    return {
        "model": "iris",
        "version": version,
        "artifact": {"size": bytes_},
        "metrics": {"roc_auc": {"value": value, "low": value - 0.1, "high": value + 0.01}},
        "files": {"evaluation.parquet": {"sha256": rows * 64}},
        **({"cost": cost} if cost else {}),
    }


RECORDS = {
    "1.3.0": record("1.3.0", 2_000, 0.93, latency_row_seconds=0.001),
    "1.2.0": record("1.2.0", 9_000, 0.95, latency_row_seconds=0.004),
    "1.1.0": record("1.1.0", 500, 0.99, rows="b"),
    "1.0.0": record("1.0.0", 20_000, 0.9),
}


def charts(records=RECORDS, **changes):
    options = {"metric": "roc_auc", "champion": "1.2.0", "yanked": {}, **changes}
    return tradeoff_charts(records, {}, list(records), **options)


def versions_in(svg):
    return re.findall(r"<title>(\d\.\d\.\d): ", svg)


def test_versions_of_the_same_rows_are_drawn_by_size_and_by_latency():
    by_size, by_latency = charts()
    assert versions_in(by_size) == ["1.0.0", "1.3.0", "1.2.0"]
    assert versions_in(by_latency) == ["1.3.0", "1.2.0"]
    for svg in (by_size, by_latency):
        ET.fromstring(svg)
    places = {found[0]: float(found[1]) for found in re.findall(r'href="(\d\.\d\.\d)/".*?M([\d.]+) ', by_size)}
    assert places["1.3.0"] < places["1.2.0"] < places["1.0.0"]
    assert "0.95 [0.85, 0.96]" in by_size


def test_of_many_versions_the_newest_are_drawn_and_the_champion():
    many = {f"1.{number}.0": record(f"1.{number}.0", 1_000 + number, 0.9) for number in range(9, -1, -1)}
    many = {f"2.{number}.0": record(f"2.{number}.0", 2_000 + number, 0.9) for number in range(9, -1, -1)} | many
    many = {f"3.{number}.0": record(f"3.{number}.0", 3_000 + number, 0.9) for number in range(9, -1, -1)} | many
    (drawn,) = charts(many, champion="1.4.0")
    found = versions_in(drawn)
    assert len(found) == 21
    assert "1.4.0" in found
    assert "1.3.0" not in found
    assert "2.0.0" in found


def test_nothing_is_drawn_of_one_version_or_of_rows_that_nobody_else_has():
    assert charts({"1.2.0": RECORDS["1.2.0"]}) == []
    assert charts({"1.2.0": RECORDS["1.2.0"], "1.1.0": RECORDS["1.1.0"]}) == []
    assert charts({}, champion=None) == []
    assert next(versions_in(svg) for svg in charts(yanked={"1.0.0": None})) == ["1.3.0", "1.2.0"]


def test_what_cannot_be_drawn_is_left_out_and_no_text_is_markup():
    odd = [
        Priced(version="1.0.0", cost=0, value=0.9),
        Priced(version="1.1.0", cost=10**9, value=float("nan")),
        Priced(version=HOSTILE, cost=10**9, value=1e140, href="javascript:alert(1)"),
        Priced(version="1.2.0", cost=10, value=-1e140, low=float("inf"), high=0),
    ]
    svg = tradeoff_chart(odd, metric=HOSTILE, what=HOSTILE, in_words=size, prefix="x")
    ET.fromstring(svg)
    assert "<script" not in svg
    assert "javascript" not in svg
    assert "1.1.0" not in svg
    many = [Priced(version=f"1.{n}.0", cost=1000 + n, value=0.9) for n in range(5000)]
    assert len(tradeoff_chart(many, metric="m", what="size", in_words=size, prefix="x")) < 40_000
    assert tradeoff_chart(odd[:3], metric="m", what="size", in_words=size, prefix="x") == ""
