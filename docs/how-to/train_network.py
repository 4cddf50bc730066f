"""Train a small network with JAX and optax, and write it as ONNX with the rows of both sides of the split."""

from __future__ import annotations

from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pandas as pd
import yaml
from onnx import TensorProto, helper, numpy_helper

OPTIMIZERS = {"sgd": optax.sgd, "adagrad": optax.adagrad, "rmsprop": optax.rmsprop, "adam": optax.adam}
TARGET, FOLDER = "species", Path("data/flowers")


def forward(layers, rows):
    """Return the logits of rows: a layer with tanh, and a linear one."""
    (first, first_bias), (second, second_bias) = layers
    return jnp.tanh(rows @ first + first_bias) @ second + second_bias


def fit(rows, codes, classes, settings):
    """Return the layers of a network that was fitted with the optimizer that the settings name."""
    keys = jax.random.split(jax.random.key(settings["seed"]))
    sizes = [(rows.shape[1], settings["hidden"]), (settings["hidden"], classes)]
    layers = [
        (jax.random.normal(key, size) / jnp.sqrt(size[0]), jnp.zeros(size[1]))
        for key, size in zip(keys, sizes, strict=True)
    ]
    optimizer = OPTIMIZERS[settings["optimizer"]](settings["rate"])

    def loss(layers):
        return optax.softmax_cross_entropy_with_integer_labels(forward(layers, rows), codes).mean()

    @jax.jit
    def step(layers, state):
        updates, state = optimizer.update(jax.grad(loss)(layers), state, layers)
        return optax.apply_updates(layers, updates), state

    state = optimizer.init(layers)
    for _ in range(settings["epochs"]):
        layers, state = step(layers, state)
    return layers


def to_onnx(layers, mean, spread, labels):
    """Return the network as ONNX: raw columns in, the label first and the probabilities second."""
    arrays = {"mean": mean, "spread": spread}
    for number, (weights, bias) in enumerate(layers):
        arrays |= {f"weights{number}": weights, f"bias{number}": bias}
    nodes = [
        helper.make_node("Sub", ["inputs", "mean"], ["centred"]),
        helper.make_node("Div", ["centred", "spread"], ["scaled"]),
        helper.make_node("Gemm", ["scaled", "weights0", "bias0"], ["hidden"]),
        helper.make_node("Tanh", ["hidden"], ["active"]),
        helper.make_node("Gemm", ["active", "weights1", "bias1"], ["logits"]),
        helper.make_node("Softmax", ["logits"], ["probabilities"], axis=1),
        helper.make_node("ArgMax", ["probabilities"], ["code"], axis=1, keepdims=0),
        helper.make_node(
            "LabelEncoder", ["code"], ["label"], domain="ai.onnx.ml",
            keys_int64s=list(range(len(labels))), values_strings=labels,
        ),
    ]  # fmt: skip
    graph = helper.make_graph(
        nodes,
        "network",
        [helper.make_tensor_value_info("inputs", TensorProto.FLOAT, [None, len(mean)])],
        [
            helper.make_tensor_value_info("label", TensorProto.STRING, [None]),
            helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, [None, len(labels)]),
        ],
        [numpy_helper.from_array(np.asarray(array, np.float32), name) for name, array in arrays.items()],
    )
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 3)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=9).SerializeToString()


def main():
    """Write data/flowers/: the model, and the tables that it was trained on and is evaluated on."""
    settings = yaml.safe_load(Path("params.yaml").read_text())["extra"]["network"]
    table = pd.read_csv("data/flowers.csv")
    train, evaluation = table[table["row"] % 3 != 0], table[table["row"] % 3 == 0]
    rows = train.drop(columns=["row", TARGET]).to_numpy(np.float32)
    labels = sorted(train[TARGET].unique())
    codes = train[TARGET].map(labels.index).to_numpy(np.int32)
    mean, spread = rows.mean(axis=0), rows.std(axis=0)
    layers = fit((rows - mean) / spread, codes, len(labels), settings)
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / "model.onnx").write_bytes(to_onnx(layers, mean, spread, labels))
    train.to_parquet(FOLDER / "train.parquet", index=False)
    evaluation.to_parquet(FOLDER / "evaluation.parquet", index=False)


if __name__ == "__main__":
    main()
