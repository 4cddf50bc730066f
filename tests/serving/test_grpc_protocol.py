"""The .proto of ours is the published one in all that goes over the wire."""

from __future__ import annotations

from typing import Any

import pytest

from mintmark.serving.grpc.protocol import read_protocol

# https://github.com/kserve/open-inference-protocol/blob/main/specification/protocol/open_inference_grpc.proto:
# the fields of each message in the order of their numbers, `*` where they are repeated. A map is a repeated entry.
PARAMETERS = "parameters:*ParametersEntry"
PUBLISHED = {
    "ServerLiveRequest": "",
    "ServerLiveResponse": "1 live:bool",
    "ServerReadyRequest": "",
    "ServerReadyResponse": "1 ready:bool",
    "ModelReadyRequest": "1 name:string, 2 version:string",
    "ModelReadyResponse": "1 ready:bool",
    "ServerMetadataRequest": "",
    "ServerMetadataResponse": "1 name:string, 2 version:string, 3 extensions:*string",
    "ModelMetadataRequest": "1 name:string, 2 version:string",
    "ModelMetadataResponse": "1 name:string, 2 versions:*string, 3 platform:string, 4 inputs:*TensorMetadata, "
    "5 outputs:*TensorMetadata, 6 properties:*PropertiesEntry",
    "ModelMetadataResponse.TensorMetadata": "1 name:string, 2 datatype:string, 3 shape:*int64",
    "ModelMetadataResponse.PropertiesEntry": "1 key:string, 2 value:string",
    "ModelInferRequest": f"1 model_name:string, 2 model_version:string, 3 id:string, 4 {PARAMETERS}, "
    "5 inputs:*InferInputTensor, 6 outputs:*InferRequestedOutputTensor, 7 raw_input_contents:*bytes",
    "ModelInferRequest.InferInputTensor": f"1 name:string, 2 datatype:string, 3 shape:*int64, 4 {PARAMETERS}, "
    "5 contents:InferTensorContents",
    "ModelInferRequest.InferRequestedOutputTensor": f"1 name:string, 2 {PARAMETERS}",
    "ModelInferResponse": f"1 model_name:string, 2 model_version:string, 3 id:string, 4 {PARAMETERS}, "
    "5 outputs:*InferOutputTensor, 6 raw_output_contents:*bytes",
    "ModelInferResponse.InferOutputTensor": f"1 name:string, 2 datatype:string, 3 shape:*int64, 4 {PARAMETERS}, "
    "5 contents:InferTensorContents",
    "InferParameter": "1 bool_param:bool, 2 int64_param:int64, 3 string_param:string, 4 double_param:double, "
    "5 uint64_param:uint64",
    "InferTensorContents": "1 bool_contents:*bool, 2 int_contents:*int32, 3 int64_contents:*int64, "
    "4 uint_contents:*uint32, 5 uint64_contents:*uint64, 6 fp32_contents:*float, 7 fp64_contents:*double, "
    "8 bytes_contents:*bytes",
}
KINDS = {
    1: "double",
    2: "float",
    3: "int64",
    4: "uint64",
    5: "int32",
    8: "bool",
    9: "string",
    12: "bytes",
    13: "uint32",
}


def _field(field: Any) -> str:
    kind = field.message_type.name if field.message_type else KINDS[field.type]
    return f"{field.number} {field.name}:{'*' * field.is_repeated}{kind}"


def _fields(message: Any) -> str:
    return ", ".join(map(_field, sorted(message.fields, key=lambda field: field.number)))


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_message_has_the_fields_of_the_specification(name: str) -> None:
    outer, _, inner = name.partition(".")
    described = read_protocol().messages[outer].DESCRIPTOR
    assert described.full_name == f"inference.{outer}"
    described = described.nested_types_by_name[inner] if inner else described
    assert _fields(described) == PUBLISHED[name]
    if name == "InferParameter":
        assert [oneof.name for oneof in described.oneofs] == ["parameter_choice"]


def test_the_service_has_the_methods_of_the_specification() -> None:
    methods = read_protocol().methods
    assert set(methods["inference.GRPCInferenceService"]) == {
        "ServerLive",
        "ServerReady",
        "ModelReady",
        "ServerMetadata",
        "ModelMetadata",
        "ModelInfer",
    }
    assert methods["grpc.health.v1.Health"] == ("Check",)
    known = {name for name in read_protocol().messages if not name.startswith("Health")}
    assert known == {name for name in PUBLISHED if "." not in name}


def test_a_client_of_somebody_else_has_the_same_messages() -> None:
    """Its generated code is in this process too, and the names do not collide."""
    from tritonclient.grpc import service_pb2

    ours = read_protocol().messages
    theirs = service_pb2.ModelInferRequest(
        model_name="m",
        id="1",
        inputs=[
            {"name": "a", "datatype": "INT64", "shape": [2], "contents": {"int64_contents": [2**53 + 1, -1]}},
        ],
        parameters={"p": {"double_param": 0.5}},
        raw_input_contents=[b"\0"],
    )
    read = ours["ModelInferRequest"].FromString(theirs.SerializeToString())
    assert str(read) == str(theirs)
