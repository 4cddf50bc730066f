"""What the endpoints answer: predictions by name, as MLflow's clients expect them, and as tensors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from mintmark.serving.tensors import to_bytes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mintmark.serving.served_version import Answer, ServedVersion


def format_json(value: Any) -> bytes:
    """Return JSON; what is no number (NaN, Infinity) is null, and numbers are exact."""
    return orjson.dumps(value, option=orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS)


def identity(version: ServedVersion, request: str) -> dict[str, str]:
    """Return what every answer names: model, version, the commit where its channel named it, and the request."""
    return {"model": version.model, "version": version.version, "commit": version.commit, "id": request}


def by_name(answer: Answer, version: ServedVersion, request: str) -> bytes:
    """Return each row's prediction, with the probability of each class by its name where there are some."""
    predictions = answer.predictions.tolist()
    if answer.probabilities is None:
        rows: list[dict[str, Any]] = [{"prediction": prediction} for prediction in predictions]
    else:
        names = version.class_names
        shares = answer.probabilities.tolist()
        rows = [
            {"prediction": prediction, "probabilities": dict(zip(names, row, strict=True))}
            for prediction, row in zip(predictions, shares, strict=True)
        ]
    return format_json({**identity(version, request), "predictions": rows})


def as_mlflow(answer: Answer, version: ServedVersion, request: str) -> bytes:
    """Return predictions as a list, as MLflow's clients read them, beside what names them."""
    return format_json({"predictions": answer.predictions.tolist(), **identity(version, request)})


def as_tensors(
    answer: Answer, version: ServedVersion, request: str, wanted: Mapping[str, bool], model: str
) -> tuple[bytes, int | None]:
    """Return an inference response of the protocol, and the length of its JSON where binary data follows.

    `wanted` names the outputs, and says of each whether it comes as binary data. `model` is the name that was asked.
    """
    assert answer.outputs is not None
    outputs: list[dict[str, Any]] = []
    binary: list[bytes] = []
    place = (answer.start, len(answer.predictions))
    for name, is_binary in wanted.items():
        if is_binary:
            tensor = answer.outputs.tensor(name, *place)
            binary.append(to_bytes(tensor))
            about = {"binary_data_size": len(binary[-1])}
            outputs.append(
                {"name": name, "datatype": tensor.datatype, "shape": list(tensor.shape), "parameters": about}
            )
        else:
            datatype, shape, data = answer.outputs.listed(name, *place)
            outputs.append({"name": name, "datatype": datatype, "shape": shape, "data": data})
    head = format_json(
        {
            "model_name": model,
            "model_version": version.version,
            "id": request,
            "parameters": {"commit": version.commit},
            "outputs": outputs,
        }
    )
    return (head + b"".join(binary), len(head)) if binary else (head, None)
