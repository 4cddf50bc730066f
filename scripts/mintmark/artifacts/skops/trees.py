"""Bounds of trees in a skops file. scikit-learn follows the indices in them without looking; here they are.

Each check takes attributes as nodes and yields what is wrong. What is checked follows scikit-learn 1.9's
`_tree.pyx`, `_gradient_boosting.pyx` and `_hist_gradient_boosting/_predictor.pyx`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from mintmark.artifacts.skops.nodes import Node, class_name
from mintmark.artifacts.skops.objects import Missing, Objects

if TYPE_CHECKING:
    from numpy.typing import NDArray

TREE = "sklearn.tree._tree.Tree"
TREE_PREDICTOR = "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor"
TREE_OWNERS = frozenset(
    f"sklearn.tree._classes.{name}"
    for name in (
        "DecisionTreeClassifier",
        "DecisionTreeRegressor",
        "ExtraTreeClassifier",
        "ExtraTreeRegressor",
    )
)
GRADIENT_BOOSTING = frozenset(
    f"sklearn.ensemble._gb.{name}" for name in ("GradientBoostingClassifier", "GradientBoostingRegressor")
)
HIST_GRADIENT_BOOSTING = frozenset(
    f"sklearn.ensemble._hist_gradient_boosting.gradient_boosting.HistGradientBoosting{kind}"
    for kind in ("Classifier", "Regressor")
)
_LEAF = -1
_NODE_FIELDS = ("left_child", "right_child", "feature", "threshold", "impurity")
_PREDICTOR_FIELDS = ("feature_idx", "left", "right", "is_leaf", "is_categorical", "bitset_idx", "value")
_BITSET_WORDS = 8


def tree_faults(objects: Objects, tree: Node) -> Iterator[str]:
    """A `Tree`: the shapes agree, and every walk from the root stays inside and ends."""
    n_features, n_outputs, n_classes = _tree_arguments(objects, tree)
    state = objects.attributes(tree)
    nodes = objects.array(state.get("nodes"), "nodes")
    values = objects.array(state.get("values"), "values")
    if nodes.ndim != 1 or not len(nodes) or not set(_NODE_FIELDS) <= set(nodes.dtype.names or ()):
        yield "nodes is not a list of the nodes of a tree"
        return
    if any(nodes.dtype[name].kind not in "iu" for name in ("left_child", "right_child", "feature")):
        yield "nodes holds indices that are not whole numbers"
        return
    if (count := objects.integer(state.get("node_count"), "node_count")) != len(nodes):
        yield f"node_count is {count}, there are {len(nodes)} nodes"
    if values.shape != (len(nodes), n_outputs, max(n_classes)) or values.dtype.str != "<f8":
        yield f"values has the shape {values.shape}, not {(len(nodes), n_outputs, max(n_classes))}"
    split = nodes["left_child"] != _LEAF
    if bool((nodes["right_child"][~split] != _LEAF).any()):
        yield "a leaf has a right child"
    yield from _walk_faults(nodes["left_child"], nodes["right_child"], nodes["feature"], split, n_features)
    yield from _depth_faults(nodes, split, objects.integer(state.get("max_depth"), "max_depth"))


def _tree_arguments(objects: Objects, tree: Node) -> tuple[int, int, list[int]]:
    arguments = objects.items(tree["__reduce__"]["args"], "the arguments of the tree")
    if len(arguments) != 3:
        raise Missing("the tree has not three arguments")
    n_features = objects.integer(arguments[0], "n_features")
    n_classes = objects.array(arguments[1], "n_classes")
    n_outputs = objects.integer(arguments[2], "n_outputs")
    if n_classes.ndim != 1 or n_classes.dtype.kind != "i" or len(n_classes) != n_outputs or n_outputs < 1:
        raise Missing("n_classes is not one number for each output")
    if n_features < 1 or int(n_classes.min()) < 1:
        raise Missing("n_features or n_classes is below 1")
    return n_features, n_outputs, n_classes.tolist()


def _walk_faults(
    left: NDArray[Any], right: NDArray[Any], feature: NDArray[Any], split: NDArray[Any], n_features: int
) -> Iterator[str]:
    """Children lie behind their parent and inside the tree, each has one parent, features exist."""
    import numpy as np

    own = np.flatnonzero(split)
    for side, child in (("left", left[split].astype(np.int64)), ("right", right[split].astype(np.int64))):
        bad = np.flatnonzero((child <= own) | (child >= len(split)))
        if len(bad):
            node, target = int(own[bad[0]]), int(child[bad[0]])
            yield f"node {node} has the {side} child {target}, outside {node + 1} to {len(split) - 1}"
    used = feature[split].astype(np.int64)
    bad = np.flatnonzero((used < 0) | (used >= n_features))
    if len(bad):
        yield f"node {int(own[bad[0]])} splits on feature {int(used[bad[0]])} of {n_features}"
    children = np.concatenate([left[split], right[split]])
    if len(np.unique(children)) != len(children):
        yield "two nodes share a child"


def _depth_faults(nodes: NDArray[Any], split: NDArray[Any], max_depth: int) -> Iterator[str]:
    """`decision_path` allocates max_depth + 1 places for each row, so no walk may be longer."""
    import numpy as np

    if not 0 <= max_depth < len(nodes):
        yield f"max_depth is {max_depth}, there are {len(nodes)} nodes"
        return
    level, seen = np.zeros(1, np.int64), 0
    for _ in range(max_depth + 1):
        level = level[split[level]]
        if not len(level):
            return
        level = np.concatenate([nodes["left_child"][level], nodes["right_child"][level]]).astype(np.int64)
        seen += len(level)
        if level.min() < 0 or level.max() >= len(nodes) or seen > len(nodes):
            return  # reported as a fault of the walk
    yield f"max_depth is {max_depth}, the tree is deeper"


def tree_owner_faults(objects: Objects, attributes: Mapping[str, Node]) -> Iterator[str]:
    """A DecisionTree or ExtraTree: it checks its input against the number of features of its tree."""
    tree = attributes.get("tree_")
    if tree is None:
        return  # not fitted
    if tree["__loader__"] != "TreeNode":
        yield "tree_ is not a tree"
        return
    n_features = objects.integer(attributes.get("n_features_in_"), "n_features_in_")
    if n_features != (built_for := _tree_arguments(objects, tree)[0]):
        yield f"n_features_in_ is {n_features}, its tree was built for {built_for}"


def gradient_boosting_faults(objects: Objects, attributes: Mapping[str, Node]) -> Iterator[str]:
    """GradientBoosting: `predict_stages` writes a column for each tree of a stage, whatever the items are."""
    if "estimators_" not in attributes:
        return
    stages = attributes["estimators_"]
    trees = objects.items(stages, "estimators_")
    shape = [objects.integer(size, "its shape") for size in objects.items(stages.get("shape"), "its shape")]
    width = objects.integer(attributes.get("n_trees_per_iteration_"), "n_trees_per_iteration_")
    if len(shape) != 2 or shape[0] < 1 or shape[1] != width or len(trees) != shape[0]:
        yield f"estimators_ has the shape {tuple(shape)}, not (n, {width})"
        return
    yield from _width_faults(objects, attributes, width)
    n_features = objects.integer(attributes.get("n_features_in_"), "n_features_in_")
    for row in trees:
        members = objects.items(row, "a stage of estimators_")
        if len(members) != width:
            yield f"a stage of estimators_ holds {len(members)} trees, not {width}"
        for member in members:
            yield from _stage_faults(objects, member, n_features)


def _stage_faults(objects: Objects, member: Node, n_features: int) -> Iterator[str]:
    tree = objects.attributes(member).get("tree_")
    if class_name(member) not in TREE_OWNERS or tree is None or tree["__loader__"] != "TreeNode":
        yield "estimators_ holds something other than fitted trees"
    elif (arguments := _tree_arguments(objects, tree))[0] != n_features:
        yield f"n_features_in_ is {n_features}, a tree was built for {arguments[0]}"
    elif arguments[1:] != (1, [1]):
        yield "estimators_ holds a tree with more than one output"


def _width_faults(objects: Objects, attributes: Mapping[str, Node], width: int) -> Iterator[str]:
    """The first guess has as many columns as a stage has trees."""
    if "classes_" not in attributes:
        if width != 1:
            yield f"n_trees_per_iteration_ is {width} for a regression"
        return
    n_classes = objects.length(attributes["classes_"], "classes_")
    if width != (1 if n_classes == 2 else n_classes):
        yield f"n_trees_per_iteration_ is {width} for {n_classes} classes"
    init = attributes.get("init_")
    if width == 1 or (init is not None and init["__loader__"] == "JsonNode"):
        return
    if init is None or class_name(init) != "sklearn.dummy.DummyClassifier":
        yield "init_ is neither 'zero' nor scikit-learn's default, whose columns can be checked"
        return
    guess = objects.attributes(init)
    columns = len(objects.array(guess.get("class_prior_"), "class_prior_"))
    if objects.integer(guess.get("n_classes_"), "n_classes_") != n_classes or columns != n_classes:
        yield f"init_ guesses other than {n_classes} classes"


def hist_gradient_boosting_faults(objects: Objects, attributes: Mapping[str, Node], visited: set[int]) -> Iterator[str]:
    """HistGradientBoosting with its predictors; `visited` receives the ids of those that were checked."""
    if "_predictors" not in attributes:
        return
    n_features = objects.integer(attributes.get("n_features_in_"), "n_features_in_")
    categorical = _categorical(objects, attributes.get("_bin_mapper"))
    if len(categorical) != n_features:
        yield f"its bins are made for {len(categorical)} features, not {n_features}"
        return
    yield from _preprocessor_faults(objects, attributes.get("_preprocessor"), n_features)
    for iteration in objects.items(attributes["_predictors"], "_predictors"):
        for predictor in objects.items(iteration, "an iteration of _predictors"):
            if id(predictor) not in visited:
                visited.add(id(predictor))
                yield from _predictor_faults(objects, predictor, categorical)


def _categorical(objects: Objects, mapper: Node | None) -> NDArray[Any]:
    """Which features are categorical: (n_features,), bool. Their known categories must fit a bitset."""
    attributes = objects.attributes(mapper) if mapper is not None else {}
    categorical = objects.array(attributes.get("is_categorical_"), "is_categorical_")
    if categorical.ndim != 1 or categorical.dtype.kind not in "bu":
        raise Missing("is_categorical_ is not one truth value for each feature")
    categorical = categorical.astype(bool)
    thresholds = objects.items(attributes.get("bin_thresholds_"), "bin_thresholds_")
    if len(thresholds) != len(categorical):
        raise Missing("bin_thresholds_ is not one array for each feature")
    for node, is_set in zip(thresholds, categorical, strict=True):
        known = objects.array(node, "bin_thresholds_")
        if known.ndim != 1 or known.dtype.kind not in "fiu":
            raise Missing("bin_thresholds_ is not made of numbers")
        if is_set and len(known) and not bool(((known >= 0) & (known < 32 * _BITSET_WORDS)).all()):
            raise Missing("a known category is outside 0 to 255")
    return categorical


def _preprocessor_faults(objects: Objects, node: Node | None, n_features: int) -> Iterator[str]:
    """The inner ColumnTransformer hands on as many columns as it takes."""
    if objects.is_none(node):
        return
    attributes = objects.attributes(node) if node is not None else {}
    width = 0
    for part in objects.items(attributes.get("transformers_"), "transformers_"):
        name, transformer, columns = objects.items(part, "a transformer")
        if objects.scalar(name, "its name") == "remainder" and transformer["__loader__"] == "JsonNode":
            continue
        if class_name(transformer).rpartition(".")[2] not in ("OrdinalEncoder", "FunctionTransformer"):
            yield f"_preprocessor holds {class_name(transformer)}"
        mask = objects.array(columns, "its columns")
        if mask.dtype.kind != "b" or mask.shape != (n_features,):
            raise Missing("its columns are not one truth value for each feature")
        width += int(mask.sum())
    if width != n_features:
        yield f"_preprocessor hands on {width} columns, not {n_features}"


def _predictor_faults(objects: Objects, predictor: Node, categorical: NDArray[Any]) -> Iterator[str]:
    if class_name(predictor) != TREE_PREDICTOR:
        yield "_predictors holds something other than trees"
        return
    state = objects.attributes(predictor)
    nodes = objects.array(state.get("nodes"), "nodes")
    if nodes.ndim != 1 or not len(nodes) or not set(_PREDICTOR_FIELDS) <= set(nodes.dtype.names or ()):
        yield "nodes is not a list of the nodes of a tree"
        return
    if any(nodes.dtype[name].kind not in "iub" for name in _PREDICTOR_FIELDS[:-1]):
        yield "nodes holds indices that are not whole numbers"
        return
    split = nodes["is_leaf"] == 0
    yield from _walk_faults(nodes["left"], nodes["right"], nodes["feature_idx"], split, len(categorical))
    sets = nodes[split & (nodes["is_categorical"] != 0)]
    for name in ("raw_left_cat_bitsets", "binned_left_cat_bitsets"):
        bitsets = objects.array(state.get(name), name)
        if bitsets.ndim != 2 or bitsets.shape[1] != _BITSET_WORDS or bitsets.dtype.str != "<u4":
            yield f"{name} is not made of sets of 256 bits"
        elif len(sets) and int(sets["bitset_idx"].max()) >= len(bitsets):
            yield f"a node uses set {int(sets['bitset_idx'].max())} of {len(bitsets)} in {name}"
    inside = sets["feature_idx"][(sets["feature_idx"] >= 0) & (sets["feature_idx"] < len(categorical))]
    if len(inside) and not bool(categorical[inside].all()):
        yield "a node takes a numerical feature for a category"
