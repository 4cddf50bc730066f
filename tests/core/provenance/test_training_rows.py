"""Which rows a version was trained on: found again in tables of other types and growth, and not by chance."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from mintmark.core.provenance.training_rows import (
    BY_ENTITY,
    BY_ROW,
    UnknownRowsFault,
    count_of,
    digest_training,
    filled_cells,
    filled_column,
    holds_all,
    seen,
)
from mintmark.core.question import DIGEST, FILLED, ROW
from mintmark.training.tables import format_parquet, parse_parquet

KEY = "sha256:" + "1" * 64
INPUTS = ["height", "colour"]


def table(*rows: tuple[object, object, object], **columns: list[object]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["height", "colour", "kind"])
    frame.insert(0, ROW, range(len(frame)))
    return frame.assign(**columns)


def digests(train: pd.DataFrame, **options: object) -> pd.DataFrame:
    settings = {"has_id": False, "entity": None, "key": KEY, **options}
    return digest_training(train, inputs=INPUTS, target="kind", **settings)


def found(known: pd.DataFrame, rows: pd.DataFrame, entity: str | None = None, key: str = KEY) -> list[bool]:
    return seen(known, rows, inputs=INPUTS, target="kind", entity=entity, key=key).tolist()


def test_a_row_is_found_and_no_other() -> None:
    known = digests(table((1, "red", "a"), (2, "red", "b")))
    assert found(known, table((2, "red", "b"), (2, "red", "a"), (3, "red", "b"), (1, "red", "a"))) == [
        True, False, False, True,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, 1.0),
        (0.0, -0.0),
        (True, 1),
        ("True", True),
        ("7", 7),
        ("1.50", 1.5),
        (2**60 + 1, str(2**60 + 1)),
        (None, float("nan")),
        (pd.Timestamp("2026-03-01T12:00Z"), pd.Timestamp("2026-03-01T13:00+01:00")),
        (pd.Timestamp("2026-03-01"), pd.Timestamp("2026-03-01").as_unit("ms")),
    ],
)
def test_the_type_that_a_column_has_today_makes_no_difference(one: object, other: object) -> None:
    known = digests(table((one, "red", "a")))
    assert found(known, table((other, "red", "a"))) == [True]
    assert found(known, table((other, "red", "a"), (12.5, "red", "a"))) == [True, False], "nor do its other values"


@pytest.mark.parametrize(
    ("one", "other"), [("a", "A"), ("", None), (2**60, 2**60 + 1), ("1_0", 10), (0, None), ("nan", None), ("x ", "x")]
)
def test_values_that_differ_are_others(one: object, other: object) -> None:
    assert found(digests(table((1, one, "a"))), table((1, other, "a"))) == [False]


def test_the_order_of_columns_and_a_new_column_make_no_difference() -> None:
    known = digests(table((1, "red", "a")))
    rows = table((1, "red", "a"), weight=[80])[["kind", "weight", "colour", "height", ROW]]
    assert found(known, rows) == [True]


def test_a_cell_that_was_filled_counts_as_missing() -> None:
    """What is filled in is learned from the data, so it changes as the data grows."""
    train = table((1.5, "red", "a"), **{FILLED: filled_column(pd.DataFrame({"height": [True]})).tolist()})
    rows = table((1.75, "red", "a"), (1.75, "red", "a")).assign(
        **{FILLED: filled_column(pd.DataFrame({"height": [True, False]}))}
    )
    assert found(digests(train), rows) == [True, False]
    assert found(digests(table((None, "red", "a"))), rows) == [True, False]


@pytest.mark.parametrize("text", ["", "no list", "{}", "[[1]]", '["other"]', None, 7])
def test_a_note_of_filled_columns_that_is_none_fills_nothing(text: object) -> None:
    cells = filled_cells(table((1, "red", "a"), **{FILLED: [text]}))
    assert cells is not None
    assert not cells.to_numpy().any()


def test_the_rows_of_an_entity_are_seen_where_one_of_them_was() -> None:
    known = digests(table((1, "red", "a"), (2, "red", "b"), who=["ann", "ann"]), entity="who")
    assert count_of(known, BY_ENTITY) == 1
    assert count_of(known, BY_ROW) == 2
    assert found(known, table((9, "blue", "b"), (9, "blue", "b"), who=["ann", "bob"]), "who") == [True, False]


def test_an_id_is_seen_though_its_row_was_corrected() -> None:
    known = digests(table((1, "red", "a"), (2, "red", "b")).assign(**{ROW: ["x1", "x2"]}), has_id=True)
    assert found(known, table((9, "blue", "b"), (9, "blue", "b")).assign(**{ROW: ["x2", "x3"]})) == [True, False]


def test_what_cannot_be_told_is_said() -> None:
    known = digests(table((1, "red", "a")))
    with pytest.raises(UnknownRowsFault, match='keeps no digests of "who"'):
        found(known, table((1, "red", "a"), who=["ann"]), "who")
    with pytest.raises(UnknownRowsFault, match='no column "colour"'):
        found(known, table((1, "red", "a")).drop(columns="colour"))


def test_another_key_gives_other_digests() -> None:
    train = table(*((n, "red", "a") for n in range(50)))
    one, other = digests(train), digests(train, key="sha256:" + "2" * 64)
    assert not set(one[DIGEST]) & set(other[DIGEST])
    assert not any(found(one, train, key="sha256:" + "2" * 64))


def test_repeated_rows_are_counted_and_the_order_of_rows_is_not_told() -> None:
    train = table((1, "red", "a"), (1, "red", "a"), (2, "red", "b"))
    known = digests(train)
    assert count_of(known, BY_ROW) == 3
    pd.testing.assert_frame_equal(known, digests(train.iloc[::-1].reset_index(drop=True)))


def test_many_rows_are_a_small_file_without_false_finds() -> None:
    generator = np.random.default_rng(1)
    both = table(*zip(generator.normal(size=40_000), ["red"] * 40_000, ["a"] * 40_000, strict=True))
    known = digests(both.iloc[:20_000])
    assert seen(known, both, inputs=INPUTS, target="kind", entity=None, key=KEY).sum() == 20_000
    content = format_parquet(known, ascending=[DIGEST])
    assert len(content) < 20_000 * 3.5
    pd.testing.assert_frame_equal(parse_parquet(content), known)


def test_equal_rows_of_others_are_not_seen() -> None:
    """With few different values, most rows look like one in the training: an id or an entity tells them apart."""
    train = table((1, "red", "a"), (2, "red", "b"), who=["ann", "bob"]).assign(**{ROW: ["x1", "x2"]})
    rows = table((1, "red", "a"), (2, "red", "b"), who=["cid", "bob"]).assign(**{ROW: ["x3", "x2"]})
    assert found(digests(train, has_id=True), rows) == [False, True]
    assert found(digests(train, entity="who"), rows, "who") == [False, True]


def test_an_id_in_numbers_may_be_a_place_and_hides_nothing() -> None:
    train = table((1, "red", "a"), (2, "red", "b")).assign(**{ROW: [100, 101]})
    rows = table((1, "red", "a"), (3, "red", "b"))
    assert found(digests(train, has_id=True), rows) == [True, False]


@pytest.mark.parametrize(("more", "kept"), [(((3, "red", "b"),), True), ((), True), (((1, "red", "a"),), True)])
def test_a_grown_table_holds_the_old_one(more: tuple[tuple[object, object, object], ...], kept: bool) -> None:
    old = table((1, "red", "a"), (1, "red", "a"), (2, "red", "b"))
    assert holds_all(table((2.0, "red", "b"), (1, "red", "a"), (1, "red", "a"), *more), old, [*INPUTS, "kind"]) == kept
    assert not holds_all(table((2, "red", "b"), (1, "red", "a"), (9, "red", "a"), *more[:0]), old, [*INPUTS, "kind"])
    assert not holds_all(old.drop(columns="colour"), old, [*INPUTS, "kind"])
