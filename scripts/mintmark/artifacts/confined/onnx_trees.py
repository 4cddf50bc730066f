"""Tell the trees of an ONNX graph where a missing value goes, which skl2onnx leaves out. For the process apart."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

_ENSEMBLES: Final = frozenset({"TreeEnsembleClassifier", "TreeEnsembleRegressor"})
_LEFT: Final = "nodes_missing_value_tracks_true"
_CLOSE: Final = 1e-5  # of a threshold, which the graph has in 32 bits
_NOWHERE: Final = 0  # is what a leaf has for a feature and children


def send_missing_values(graph: Any, trees: Iterable[Any]) -> None:
    """Let each tree of a graph send missing values as that of scikit-learn does, which has the same splits.

    `trees` are `tree_` of the fitted estimators. A tree that has no match stays as it is.
    """
    known: dict[bytes, list[Any]] = {}
    for tree in trees:
        known.setdefault(_splits(*_own_splits(tree)), []).append(tree)
    for node in graph.node:
        if node.op_type in _ENSEMBLES:
            _send_in_ensemble({attribute.name: attribute for attribute in node.attribute}, known)


def _send_in_ensemble(attributes: dict[str, Any], known: dict[bytes, list[Any]]) -> None:
    names = ("nodes_featureids", "nodes_truenodeids", "nodes_falsenodeids")
    splits = [np.array(attributes[name].ints) for name in names]
    thresholds = np.array(attributes["nodes_values"].floats)
    left = np.array(attributes[_LEFT].ints)
    for place in _places(np.array(attributes["nodes_treeids"].ints), np.array(attributes["nodes_nodeids"].ints)):
        same = known.get(_splits(*(part[place] for part in splits)), [])
        ways = [_goes_left(tree) for tree in same if _alike(tree, thresholds[place])]
        if ways and all(np.array_equal(way, ways[0]) for way in ways):
            left[place] = ways[0]
    attributes[_LEFT].ints[:] = left.tolist()


def _places(trees: NDArray[Any], nodes: NDArray[Any]) -> Iterator[NDArray[Any]]:
    """Yield for each tree where its nodes are, in their own order."""
    order = np.lexsort((nodes, trees))
    yield from np.split(order, np.flatnonzero(np.diff(trees[order])) + 1)


def _own_splits(tree: Any) -> list[NDArray[Any]]:
    inner = tree.children_left >= 0
    return [np.where(inner, part, _NOWHERE) for part in (tree.feature, tree.children_left, tree.children_right)]


def _splits(*parts: NDArray[Any]) -> bytes:
    return b"".join(part.astype("int64").tobytes() for part in parts)


def _alike(tree: Any, thresholds: NDArray[Any]) -> bool:
    own = np.where(tree.children_left >= 0, tree.threshold, 0.0)
    return bool(np.allclose(own, thresholds, rtol=_CLOSE, atol=np.finfo("float32").tiny))


def _goes_left(tree: Any) -> NDArray[Any]:
    return np.where(tree.children_left >= 0, tree.missing_go_to_left, 0).astype("int64")
