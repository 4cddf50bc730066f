"""grpcurl and its like ask a server what there is, and need no .proto."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from google.protobuf.descriptor_pool import DescriptorPool
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import (  # type: ignore[import-untyped]
    ProtoReflectionDescriptorDatabase,
)
from tests.serving.grpc_server import serving_here
from tests.serving.served import INPUTS, Shares, version_of

GRPCURL = "github.com/fullstorydev/grpcurl/cmd/grpcurl@v1.9.3"
ASKED = {"model_name": "people", "inputs": [{"name": "age", "datatype": "INT64", "shape": ["1"], "contents": {"int64_contents": ["7"]}}]}  # fmt: skip


def test_what_there_is_is_told(executor: ThreadPoolExecutor) -> None:
    with serving_here(version_of(Shares(), INPUTS, executor, classes=("even", "odd")), tokens=("t" * 16,)) as served:
        told = ProtoReflectionDescriptorDatabase(served.client.channel)
        assert set(told.get_services()) == {"grpc.health.v1.Health", "inference.GRPCInferenceService"}
        pool = DescriptorPool(told)
        methods = pool.FindServiceByName("inference.GRPCInferenceService").methods_by_name
        assert set(methods) == {"ServerLive", "ServerReady", "ModelReady", "ServerMetadata", "ModelMetadata", "ModelInfer"}  # fmt: skip
        fields = methods["ModelInfer"].input_type.fields_by_name
        assert fields["raw_input_contents"].number == 7
        with pytest.raises(KeyError):
            pool.FindServiceByName("inference.Other")


@pytest.fixture(scope="session")
def grpcurl() -> str:
    """The program: the one on the path, else built once by Go."""
    found = shutil.which("grpcurl")
    if found is not None:
        return found
    go = shutil.which("go")
    if go is None:
        pytest.skip("there is neither grpcurl here nor Go, which builds it")
    folder = Path.home() / ".cache/mintmark-tests/bin"
    if not (folder / "grpcurl").exists():
        subprocess.run((go, "install", GRPCURL), check=True, env={**os.environ, "GOBIN": str(folder)})
    return str(folder / "grpcurl")


@pytest.mark.long
def test_grpcurl_needs_no_proto(grpcurl: str, executor: ThreadPoolExecutor) -> None:
    with serving_here(version_of(Shares(), {"age": "int64"}, executor, classes=("even", "odd"))) as served:
        address = f"127.0.0.1:{served.port}"

        def ask(*words: str) -> str:
            return subprocess.run((grpcurl, "-plaintext", *words), capture_output=True, text=True, check=True).stdout

        assert "inference.GRPCInferenceService" in ask(address, "list").split()
        assert "rpc ModelInfer" in ask(address, "describe", "inference.GRPCInferenceService")
        answer = json.loads(ask("-d", json.dumps(ASKED), address, "inference.GRPCInferenceService/ModelInfer"))
        assert answer["modelVersion"] == "1.0.0"
        assert answer["outputs"][1]["contents"]["fp64Contents"] == [0, 1]
