"""Ask a server with a client of somebody else, in an environment of its own, and print JSON of what it understood.

KIND URL GRPC_PORT ROW, where ROW is a JSON object of columns and numbers. Imports nothing of Mintmark.
"""

# mypy: disable-error-code="import-not-found"

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any, Final

MODEL: Final = "breast-cancer"


def ask_mlflow(url: str, port: int, row: dict[str, float]) -> dict[str, Any]:
    """Ask as `mlflow` asks a scoring server."""
    import pandas as pd
    from mlflow.pyfunc.scoring_server.client import ScoringServerClient

    host, colon, at = url.partition("//")[2].partition(":")
    assert colon, f"{url} has no port; {port} is that of gRPC"
    client = ScoringServerClient(host, int(at))
    client.ping()
    return {"invocations": client.invoke(pd.DataFrame([row])).get_predictions().iloc[:, 0].tolist()}


def ask_kserve(url: str, port: int, row: dict[str, float]) -> dict[str, Any]:
    """Ask with KServe's clients of REST and gRPC, with and without binary data."""
    return asyncio.run(_ask_kserve(url, port, list(row.values())))


async def _ask_kserve(url: str, port: int, values: list[float]) -> dict[str, Any]:
    import numpy as np
    from kserve import InferenceGRPCClient, InferenceRESTClient, InferInput, InferRequest, RESTConfig

    rest, grpc, name = InferenceRESTClient(RESTConfig(protocol="v2")), InferenceGRPCClient(f"127.0.0.1:{port}"), MODEL
    assert await rest.is_server_ready(url)
    assert await rest.is_model_ready(url, name)
    assert await grpc.is_server_ready()
    found = {}
    for binary in (False, True):
        tensor = InferInput("x", [1, len(values)], "FP64")
        tensor.set_data_from_numpy(np.array([values]), binary_data=binary)
        request = InferRequest(model_name=name, infer_inputs=[tensor], request_id="mine")
        by_rest = await rest.infer(url, request, model_name=name)
        by_grpc = await grpc.infer(request)
        for kind, answer in (("REST", by_rest), ("gRPC", by_grpc)):
            assert answer.id == "mine"
            labels = [each.decode() if isinstance(each, bytes) else each for each in answer.outputs[0].as_numpy()]
            found[f"{kind}, binary {binary}"] = [labels, answer.outputs[1].as_numpy().tolist()]
    return found


def ask_mlserver(url: str, port: int, row: dict[str, float]) -> dict[str, Any]:
    """Ask with MLServer's types, codecs and stub."""
    import urllib.request

    import grpc
    import numpy as np
    import pandas as pd
    from mlserver.codecs import NumpyCodec, NumpyRequestCodec, PandasCodec, StringCodec
    from mlserver.grpc.converters import ModelInferRequestConverter, ModelInferResponseConverter
    from mlserver.grpc.dataplane_pb2_grpc import GRPCInferenceServiceStub
    from mlserver.types import InferenceResponse

    stub, found = GRPCInferenceServiceStub(grpc.insecure_channel(f"127.0.0.1:{port}")), {}
    table, matrix = pd.DataFrame([row]), np.array([list(row.values())])
    for kind, request in (
        ("columns", PandasCodec.encode_request(table)),
        ("matrix", NumpyRequestCodec.encode_request(matrix)),
    ):
        sent = urllib.request.Request(
            f"{url}/v2/models/{MODEL}/infer", request.model_dump_json().encode(), {"content-type": "application/json"}
        )
        by_rest = InferenceResponse.model_validate(json.load(urllib.request.urlopen(sent)))
        asked = ModelInferRequestConverter.from_types(request, model_name=MODEL)
        by_grpc = ModelInferResponseConverter.to_types(stub.ModelInfer(asked))
        for way, answer in (("REST", by_rest), ("gRPC", by_grpc)):
            label, shares = answer.outputs
            found[f"{way}, {kind}"] = [StringCodec.decode_output(label), NumpyCodec.decode_output(shares).tolist()]
    return found


if __name__ == "__main__":
    kind, url, port, row = sys.argv[1:]
    asking = {"mlflow": ask_mlflow, "kserve": ask_kserve, "mlserver": ask_mlserver}[kind]
    print(json.dumps(asking(url, int(port), json.loads(row))))
