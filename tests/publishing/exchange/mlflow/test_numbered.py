"""What MLflow's plugin reads, without MLflow: numbers, aliases, addresses, and the folder that it loads."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from tests.registry.site_fixture import build_site, change, start_site
from tests.scaffold.registry import Scratch

import mintmark
from mintmark.core.events import number_versions
from mintmark.errors import MintmarkError, UsageError
from mintmark.publishing.exchange.mlflow.address import (
    RegistryAddress,
    format_version_uri,
    parse_store_uri,
    parse_version_uri,
)
from mintmark.publishing.exchange.mlflow.loader import _load_pyfunc
from mintmark.publishing.exchange.mlflow.model_folder import column_type, model_files, write_model_folder
from mintmark.publishing.exchange.mlflow.numbered import NumberedRegistry, NumberedSource
from mintmark.registry.clone import ClonedRegistry
from mintmark.registry.yaml.text import parse_yaml


def now(scratch: Scratch) -> NumberedRegistry:
    return NumberedSource(RegistryAddress(str(scratch.root))).now()


def numbers(registry: NumberedRegistry, model: str) -> dict[str, int]:
    return {found.version: found.number for found in registry.versions(model)}


def test_versions_count_in_the_order_of_their_commits_and_then_of_their_numbers() -> None:
    first_seen = {"2.0.0": "a", "1.10.0": "a", "1.9.0": "a", "no version": "b", "0.1.0": "c"}
    assert number_versions(first_seen) == {"1.9.0": 1, "1.10.0": 2, "2.0.0": 3, "0.1.0": 4}


def test_a_withdrawn_number_keeps_its_place_and_comes_back_with_its_version(scratch: Scratch) -> None:
    before = numbers(now(scratch), "iris")
    assert before == {"1.0.0": 1, "1.1.0": 2, "1.2.0": 3}
    kept = scratch.head
    scratch.set_channel("iris", "staging", "1.1.0")
    scratch.remove("models/iris/versions/1.2.0")
    scratch.commit("Withdraw iris 1.2.0")
    scratch.register("iris", "1.0.1")
    after = now(scratch)
    assert numbers(after, "iris") == {"1.0.0": 1, "1.1.0": 2, "1.0.1": 4}
    assert (after.version_of("iris", 3), after.was_withdrawn("iris", 3)) == (None, "1.2.0")
    assert after.was_withdrawn("iris", 9) is None
    scratch.git("checkout", kept, "--", "models/iris/versions/1.2.0")
    scratch.commit("Bring it back")
    assert numbers(now(scratch), "iris") == {**before, "1.0.1": 4}


def test_what_is_not_merged_has_no_number(scratch: Scratch) -> None:
    scratch.branch("proposal")
    scratch.register("iris", "1.3.0")
    scratch.promote("iris", "1.3.0")
    seen = now(scratch)
    assert numbers(seen, "iris") == {"1.0.0": 1, "1.1.0": 2, "1.2.0": 3}
    assert seen.aliases("iris") == {"staging": "1.2.0", "production": "1.1.0", "latest": "1.2.0"}


def test_a_source_sees_what_was_merged_since(scratch: Scratch) -> None:
    source = NumberedSource(RegistryAddress(str(scratch.root)))
    first = source.now()
    assert source.now() is first
    scratch.register("iris", "1.3.0")
    assert numbers(source.now(), "iris")["1.3.0"] == 4


@pytest.mark.parametrize(
    ("alias", "version"),
    [
        ("production", "1.1.0"),
        ("latest", "1.2.0"),
        ("v1.0.0", "1.0.0"),
        ("1.0.0", "1.0.0"),
        ("v9.0.0", None),
        ("x", None),
    ],
)
def test_aliases_are_channels_latest_and_version_numbers(scratch: Scratch, alias: str, version: str | None) -> None:
    assert now(scratch).resolve("iris", alias) == version


def test_a_broken_record_hides_no_other_version(scratch: Scratch) -> None:
    scratch.write("models/iris/versions/1.1.0/version.yaml", "schema: [\n")
    scratch.yank("iris", "1.0.0")
    scratch.commit("Break it")
    yanked, broken, whole = now(scratch).versions("iris")
    assert broken.record is None
    assert broken.fault.startswith("models/iris/versions/1.1.0/version.yaml:")
    assert "Trained on leaked labels" in str(yanked.yanked)
    assert whole.record is not None


def test_a_site_has_the_numbers_of_its_clone(scratch: Scratch, tmp_path: Path) -> None:
    scratch.remove("models/iris/versions/1.0.0")
    scratch.commit("Withdraw iris 1.0.0")
    build_site(scratch.root, tmp_path / "site")
    site = start_site(tmp_path / "site")
    try:
        address = parse_store_uri(site.url.replace("http://", "mintmark+http://"))
        assert numbers(NumberedSource(address).now(), "iris") == {"1.1.0": 2, "1.2.0": 3}
        change(site.api / "models/iris/index.json", lambda index: [row.pop("number") for row in index["versions"]])
        with pytest.raises(MintmarkError, match=r"index\.json: does not number its versions; its maintainers can"):
            NumberedSource(address).now().versions("iris")
    finally:
        site.stop()


@pytest.mark.parametrize("at", [None, "2026-06-01", "release/1"])
def test_the_address_of_a_version_leads_back_to_it(at: str | None) -> None:
    address = RegistryAddress("/srv/our models", at)
    assert parse_version_uri(format_version_uri(address, "iris", "1.0.0-rc.1")) == (address, "iris", "1.0.0-rc.1")


def test_the_address_of_a_version_never_holds_a_password_and_still_leads_there() -> None:
    address = parse_store_uri("mintmark+https://ada:secret@acme.example/models/")
    assert address == RegistryAddress("https://ada:secret@acme.example/models")
    shown = format_version_uri(address, "iris", "1.0.0")
    assert shown == "mintmark+https://acme.example/models/iris@1.0.0"
    assert parse_version_uri(shown) == (address, "iris", "1.0.0")


@pytest.mark.parametrize(
    "uri",
    ["mintmark://host/path", "mintmark:relative", "file:///srv", "mintmark:///srv?x=1", "mintmark+https:///x", ""],
)
def test_another_address_is_refused(uri: str) -> None:
    with pytest.raises(UsageError, match="is no registry; give mintmark:///path/of/a/clone"):
        parse_store_uri(uri)


def test_a_version_is_asked_for_by_its_number() -> None:
    with pytest.raises(UsageError, match="models:/iris@ALIAS"):
        parse_version_uri("mintmark:///srv/iris@production")


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("int64", "long"), ("uint8", "long"), ("float32", "double"), ("bool", "boolean"), ("str", "string"),
        ("datetime64[ns, UTC]", "any"), ("object", "any"),
    ],
)  # fmt: skip
def test_a_column_has_the_type_that_mlflow_knows(ours: str, theirs: str) -> None:
    assert column_type(ours) == theirs


def test_the_folder_loads_as_the_registry_does(scratch: Scratch, tmp_path: Path) -> None:
    registry = ClonedRegistry(scratch.root)
    write_model_folder(registry, registry.record("iris", "1.1.0"), tmp_path)
    loaded, ours = _load_pyfunc(str(tmp_path / "mintmark")), mintmark.load("iris@1.1.0", path=scratch.root)
    rows = [dict.fromkeys(ours.signature.inputs, value) for value in (0.0, 1.0, 3.0)]
    np.testing.assert_array_equal(loaded.predict(rows), ours.predict(rows))
    np.testing.assert_array_equal(loaded.predict(rows, {"method": "predict_proba"}), ours.predict_proba(rows))
    with pytest.raises(MintmarkError, match='no method "explain"'):
        loaded.predict(rows, {"method": "explain"})
    model = parse_yaml((tmp_path / "MLmodel").read_bytes())
    assert [column["name"] for column in json.loads(model["signature"]["inputs"])] == list(ours.signature.inputs)
    assert model["metadata"]["mintmark"]["reference"] == "iris@1.1.0"


def test_a_folder_with_other_bytes_is_refused(scratch: Scratch, tmp_path: Path) -> None:
    registry = ClonedRegistry(scratch.root)
    write_model_folder(registry, registry.record("iris", "1.1.0"), tmp_path)
    artifact = tmp_path / "mintmark" / "model.skops"
    artifact.write_bytes(artifact.read_bytes() + b"!")
    with pytest.raises(MintmarkError, match="sha256"):
        _load_pyfunc(str(tmp_path / "mintmark"))


def test_what_predicts_nothing_is_refused_with_the_way_to_it(scratch: Scratch) -> None:
    registry = ClonedRegistry(scratch.root)
    record = registry.record("iris", "1.1.0")
    object.__setattr__(record, "format", "safetensors")
    with pytest.raises(MintmarkError, match=r"mintmark pull iris@1\.1\.0"):
        model_files(registry, record)
