"""Rows that somebody brings are read as prepare read those of the version, inputs or not."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from mintmark.commands.measuring.brought_rows import _read_whole
from mintmark.errors import InputError

PARAMS = {
    "models.shop.source": {"path": "d.csv", "separator": ";", "decimal": ","},
    "models.shop.prepare": {"types": {"day": {"datetime": "%d/%m/%Y"}}},
}
RECORD: Any = SimpleNamespace(model="shop", stages={"prepare": SimpleNamespace(params={"params.yaml": PARAMS})})


def test_what_lies_beside_the_inputs_has_the_type_that_prepare_gives_it(tmp_path: Path) -> None:
    """A slice by the code 01 would find no row where it became 1, and an entity 22 none where it became 22.0."""
    path = tmp_path / "rows.csv"
    path.write_text("x;region;day;who\n1,5;01;31/01/2026;1\n2,5;02;01/02/2026;22\n")
    table = _read_whole(path, {"x": "float64"}, [RECORD])
    assert table["x"].tolist() == [1.5, 2.5]
    assert table["region"].tolist() == ["01", "02"]
    assert table["day"].dt.month.tolist() == [1, 2]
    assert str(table["who"].dtype) == "int64"
    path.write_text("x;region;day\n1,5;01;31/31/2026\n")
    with pytest.raises(InputError, match=r'rows.csv: "day" holds .31/31/2026. .row 0., which is no datetime like'):
        _read_whole(path, {"x": "float64"}, [RECORD])
