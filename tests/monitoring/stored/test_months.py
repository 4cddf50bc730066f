"""Windows folded into months: what was judged stays, and counts add up."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from tests.monitoring.example_documents import a_broken_day, a_document, a_number

from mintmark.monitoring.alarms import alarms_of
from mintmark.monitoring.measured import Unseen
from mintmark.monitoring.stored.drifts import Name, Point, by_window, drift_of, over_windows
from mintmark.monitoring.stored.months import fold, is_old


def test_a_month_keeps_verdicts_and_alarms_and_adds_up_counts() -> None:
    days = [a_document(0), a_broken_day(1), a_broken_day(2), a_document(3)]
    (month,) = fold(reversed(days))
    assert [each.verdict for each in month.windows] == ["ok", "alarm", "alarm", "ok"]
    assert alarms_of(month.windows) == alarms_of(days)
    area = next(each for each in month.columns if each.name == "worst area")
    assert (area.rows, area.missing, area.counts) == (4000, 1800, (880, 660, 660))
    assert area.drifted is None
    assert month.outputs[0].counts == (630 * 2, 370 * 2, 0) or month.outputs[0].rows == 4000


def test_a_month_keeps_how_far_each_column_had_drifted_in_each_window() -> None:
    far = a_document(1, columns=(a_number(distance=0.31, drifted=True), a_number("mean texture", distance=None)))
    (month,) = fold([far, a_document(0), a_document(2, columns=())])
    told = {each.name: each.to_dict() for each in month.drift}
    assert told["worst area"] == {
        "name": "worst area", "output": False, "distances": [0.02, 0.31, None], "drifted": [1],
    }  # fmt: skip
    assert told["mean texture"]["distances"] == [0.02, None, None]
    assert told["prediction"] == {"name": "prediction", "output": True, "distances": [0.08, 0.08, 0.08], "drifted": []}
    assert by_window(month.drift, 3) == [drift_of(each) for each in (a_document(0), far, a_document(2, columns=()))]


def test_of_too_many_columns_those_that_went_farthest_are_kept() -> None:
    drifts = [{Name(f"c{number}", False): Point(number / 1000, number == 3) for number in range(50)}]
    assert [each.name for each in over_windows(drifts, 3)] == ["c3", "c48", "c49"]


def test_folding_goes_on_where_a_month_is_folded_already() -> None:
    days = [a_document(0), a_broken_day(1), a_document(2)]
    (first,) = fold(days[:1])
    (second,) = fold(days[1:], {first.path: first})
    assert second == fold(days)[0]
    assert fold(days[:1], {second.path: second}) == [second]


def test_months_versions_and_channels_do_not_mix() -> None:
    days = [a_document(0), a_document(27), a_document(28), replace(a_document(1), version="1.3.0")]
    days.append(replace(a_document(1), channel="staging"))
    assert [(month.path, len(month.windows)) for month in fold(days)] == [
        ("breast-cancer/1.2.0/production/202603-1d.json", 2),
        ("breast-cancer/1.2.0/production/202604-1d.json", 1),
        ("breast-cancer/1.2.0/staging/202603-1d.json", 1),
        ("breast-cancer/1.3.0/production/202603-1d.json", 1),
    ]


def test_a_column_with_other_bins_is_left_out_of_the_sum() -> None:
    other = a_document(1, columns=(a_number(edges=(0.0, 1.0, 2.0, 3.0)),))
    (month,) = fold([a_document(0), other])
    assert month.columns[0].rows == 1000


def test_values_that_nobody_knows_are_named_where_each_window_named_them() -> None:
    one = a_number(unseen=Unseen(rows=5, levels={"c": 3, "d": 2}))
    two = a_number(unseen=Unseen(rows=9, levels={"c": 4, "e": 3}, others=2))
    (month,) = fold([a_document(0, columns=(one,)), a_document(1, columns=(two,))])
    assert month.columns[0].unseen == Unseen(rows=14, levels={"c": 7}, others=7)


def test_a_month_is_old_90_days_after_its_end() -> None:
    december = replace(a_document(), window=replace(a_document().window, start=datetime(2025, 12, 31, tzinfo=UTC)))
    assert not is_old(december, datetime(2026, 3, 31, 23, 59, tzinfo=UTC))
    assert is_old(december, datetime(2026, 4, 1, tzinfo=UTC))
