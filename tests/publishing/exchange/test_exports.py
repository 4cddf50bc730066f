"""`mintmark export`: what it writes is what each system's own schema or client takes."""

from __future__ import annotations

import hashlib
import json
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import pytest
import yaml
from huggingface_hub import ModelCard
from jsonschema import Draft7Validator
from tests.scaffold.npm_packages import cache_folder
from tests.scaffold.registry import Scratch

from mintmark.registry.yaml.text import parse_yaml

CATALOG = "shared/data/kubeflow-catalog.openapi.yaml"  # beside the checkout, not part of the project


def export(scratch: Scratch, reference: str, system: str, folder: Path) -> None:
    done = scratch.run("export", reference, "--to", system, str(folder))
    assert done.code == 0, done


def paths(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def catalog_of(scratch: Scratch, folder: Path) -> dict[str, Any]:
    scratch.write_settings(addresses={"site": "https://acme.example/models/"})
    export(scratch, "iris@production", "kubeflow", folder)
    found: dict[str, Any] = parse_yaml((folder / "catalog.yaml").read_bytes())
    return found


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


def test_kubeflow_gets_a_catalog_of_one_model(scratch: Scratch, out: Path) -> None:
    (model,) = catalog_of(scratch, out)["models"]
    assert model["name"] == "iris/1.1.0"
    assert model["readme"].startswith("# ")
    artifact, metrics = model["artifacts"]
    assert artifact["uri"] == "https://acme.example/models/api/v1/models/iris/versions/1.1.0/model.skops"
    assert {each["metadataType"] for each in metrics["customProperties"].values()} == {"MetadataDoubleValue"}
    assert model["customProperties"]["mintmark_number"]["string_value"] == "2"


def test_kubeflows_own_schema_takes_the_catalog(scratch: Scratch, out: Path) -> None:
    found = next((path for folder in Path(__file__).parents[4:] if (path := folder / CATALOG).is_file()), None)
    if found is None:
        pytest.skip(f"{CATALOG}, the API description of Kubeflow's catalog, is not here")
    api = yaml.safe_load(found.read_bytes())
    (model,) = catalog_of(scratch, out)["models"]
    artifacts = model.pop("artifacts")
    for name, part in [("CatalogModel", model), *(("CatalogArtifact", artifact) for artifact in artifacts)]:
        schema = {"$ref": f"#/components/schemas/{name}", "components": api["components"]}
        assert list(Draft7Validator(schema).iter_errors(part)) == []
        assert part.keys() <= known_keys(api, name), name  # Kubeflow reads YAML strictly


def known_keys(api: dict[str, Any], name: str) -> set[str]:
    schema = api["components"]["schemas"][name.rpartition("/")[2]]
    keys: set[str] = set(schema.get("properties", ()))
    for part in (*schema.get("allOf", ()), *schema.get("oneOf", ())):
        keys |= known_keys(api, part["$ref"]) if "$ref" in part else set(part["properties"])
    return keys


def test_a_catalog_without_an_address_says_what_to_write(scratch: Scratch, out: Path) -> None:
    done = scratch.run("export", "iris@production", "--to", "kubeflow", str(out))
    assert (done.code, done.err.count("\n")) == (1, 1)
    assert "write addresses.site or addresses.repository" in done.err


def test_tensorflow_serving_gets_whole_numbers_and_tfx_a_blessing(scratch: Scratch, out: Path) -> None:
    export(scratch, "iris@1.1.0", "tfx", out)
    export(scratch, "iris@1.0.0", "tfx", out)
    assert paths(out) == [
        "blessing/iris/1/NOT_BLESSED",
        "blessing/iris/2/BLESSED",
        "serving/iris/1/model.skops",
        "serving/iris/2/model.skops",
    ]
    assert (out / "serving/iris/2/model.skops").read_bytes() == scratch.artifact


def test_a_yanked_version_is_not_blessed(scratch: Scratch, out: Path) -> None:
    scratch.yank("iris", "1.1.0")
    scratch.commit("Yank it")
    export(scratch, "iris@1.1.0", "tfx", out)
    assert "blessing/iris/2/NOT_BLESSED" in paths(out)


def sas_parts(folder: Path) -> dict[str, Any]:
    with zipfile.ZipFile(folder / "iris-1.1.0.zip") as archive:
        return {name: json.loads(archive.read(name)) for name in archive.namelist() if name.endswith(".json")}


def test_sas_gets_a_zip_of_what_it_imports(scratch: Scratch, out: Path) -> None:
    export(scratch, "iris@production", "sas", out)
    first = hashlib.sha256((out / "iris-1.1.0.zip").read_bytes()).hexdigest()
    parts = sas_parts(out)
    assert [variable["name"] for variable in parts["inputVar.json"]] == ["width", "length"]
    assert [variable["name"] for variable in parts["outputVar.json"]] == ["EM_CLASSIFICATION", "P_0", "P_1"]
    assert parts["ModelProperties.json"]["targetLevel"] == "Binary"
    with zipfile.ZipFile(out / "iris-1.1.0.zip") as archive:
        assert {entry["name"] for entry in parts["fileMetadata.json"]} <= set(archive.namelist())
        assert archive.read("model.skops") == scratch.artifact
    export(scratch, "iris@production", "sas", out / "again")
    assert hashlib.sha256((out / "again/iris-1.1.0.zip").read_bytes()).hexdigest() == first


SASCTL = """
import json, sys
import pandas as pd
from sasctl.pzmm import JSONFiles
rows = pd.DataFrame({"width": [0.5], "length": [1.5]})
properties = JSONFiles.write_model_properties_json(model_name="iris-1.1.0", target_variable="y", target_values=["1", "0"])
inputs = JSONFiles.write_var_json(rows, is_input=True)
print(json.dumps([json.loads(properties["ModelProperties.json"]), json.loads(inputs["inputVar.json"])]))
"""


@pytest.mark.slow
def test_sass_own_client_writes_the_same_fields(scratch: Scratch, out: Path) -> None:
    python = cache_folder() / "sasctl" / "bin" / "python"
    if not python.exists():
        pytest.skip(f"sasctl, which has pins of its own, is not in {python.parents[1]}; uv pip install sasctl there")
    done = subprocess.run((python, "-c", SASCTL), capture_output=True, text=True, check=True)
    properties, inputs = json.loads(done.stdout.splitlines()[-1])
    export(scratch, "iris@production", "sas", out)
    ours = sas_parts(out)
    assert ours["ModelProperties.json"].keys() == properties.keys()
    same = ("name", "scoreCodeType", "trainCodeType", "function", "targetEvent", "targetLevel", "eventProbVar", "tool")
    assert {k: ours["ModelProperties.json"][k] for k in same} == {k: properties[k] for k in same}
    assert ours["inputVar.json"] == inputs


def test_hugging_faces_client_reads_the_folder(scratch: Scratch, out: Path) -> None:
    export(scratch, "iris@production", "huggingface", out)
    assert paths(out) == ["README.md", "config.json", "metrics.json", "model.skops", "version.yaml"]
    card = ModelCard.load(out / "README.md")
    assert card.data.to_dict()["library_name"] == "sklearn"
    config = json.loads((out / "config.json").read_text())
    assert config["sklearn"]["model"] == {"file": "model.skops"}
    assert config["mintmark"]["sha256"] == hashlib.sha256((out / "model.skops").read_bytes()).hexdigest()


def test_what_is_not_merged_has_no_number_and_is_not_exported(scratch: Scratch, out: Path) -> None:
    scratch.branch("proposal")
    scratch.register("iris", "1.3.0")
    done = scratch.run("export", "iris@1.3.0", "--to", "tfx", str(out))
    assert done.code == 1
    assert "merge its proposal first" in done.err
    assert not out.exists()


def test_what_nobody_says_is_not_made_up_for_another_system(scratch: Scratch, out: Path) -> None:
    """As of a version that was imported without rows, and of a model whose owner nobody wrote yet."""
    signature = {"inputs": {"width": "float64"}, "outputs": {}}
    scratch.register("iris", "1.3.0", signature=signature)
    scratch.register("iris", "1.4.0", signature=signature | {"inputs": {}})
    for version, lacking in (("1.3.0", "which classes it tells apart"), ("1.4.0", "which columns it takes")):
        done = scratch.run("export", f"iris@{version}", "--to", "sas", str(out))
        assert (done.code, f"iris@{version}: nobody says {lacking}" in done.err) == (1, True), done.text
    scratch.edit("models/iris/model.yaml", "@ada", "@BLANK-")
    scratch.commit("Forget the owner")
    done = scratch.run("export", "iris@production", "--to", "huggingface", str(out))
    assert (done.code, "models/iris/model.yaml: owners: blank" in done.err) == (1, True), done.text
    assert not out.exists()
