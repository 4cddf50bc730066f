from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mintmark.core import layout
from mintmark.core.layout import Place, locate

_part = st.text(st.characters(exclude_characters="/\0"), min_size=1, max_size=8)


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("models/registry.yaml", Place("registry")),
        ("models/iris/model.yaml", Place("model", "iris")),
        ("models/iris/versions/1.0.0/version.yaml", Place("version", "iris", "1.0.0")),
        ("models/iris/versions/1.0.0/metrics.json", Place("metrics", "iris", "1.0.0")),
        ("models/iris/versions/1.0.0/model.skops.dvc", Place("pointer", "iris", "1.0.0")),
        ("models/iris/versions/1.0.0/model.skops", Place("other", "iris", "1.0.0")),
        ("models/iris/versions/1.0.0/a/b.dvc", Place("other", "iris", "1.0.0")),
        ("models/iris/versions/1.0.0/evil\n.pkl", Place("other", "iris", "1.0.0")),
        ("models/iris/channels/production.yaml", Place("channel", "iris", "production")),
        ("models/iris/status/1.0.0.yaml", Place("status", "iris", "1.0.0")),
        ("models/iris/candidate/plots/roc.csv", Place("candidate", "iris", "candidate")),
        ("models/iris/channels/production.yml", Place("other")),
        ("models/iris/channels/a/b.yaml", Place("other")),
        ("models/iris/versions/1.0.0", Place("other")),
        ("models/iris/README.md", Place("other")),
        ("models/registry.yaml/x", Place("other")),
        ("src/models/iris/model.yaml", Place("other")),
        ("README.md", Place("other")),
        ("", Place("other")),
    ],
)
def test_locate(path: str, place: Place) -> None:
    assert locate(path) == place


@given(_part, _part)
def test_each_path_is_located_as_what_it_was_made_for(model: str, name: str) -> None:
    assert locate(layout.model_path(model)) == Place("model", model)
    assert locate(layout.version_path(model, name)) == Place("version", model, name)
    assert locate(layout.metrics_path(model, name)) == Place("metrics", model, name)
    assert locate(layout.pointer_path(model, name, "model.skops")) == Place("pointer", model, name)
    assert locate(layout.channel_path(model, name)) == Place("channel", model, name)
    assert locate(layout.status_path(model, name)) == Place("status", model, name)


@given(_part, _part, _part)
def test_whatever_lies_in_a_version_folder_is_seen_as_part_of_it(model: str, version: str, file: str) -> None:
    place = locate(f"{layout.version_folder(model, version)}/{file}")
    assert (place.model, place.name) == (model, version)
