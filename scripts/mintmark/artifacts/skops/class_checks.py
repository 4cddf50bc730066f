"""Check what objects in a resolved skops schema hold, class by class. Loads nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping

from mintmark.artifacts.skops import shapes as skops_shapes
from mintmark.artifacts.skops import trees as skops_trees
from mintmark.artifacts.skops.callables import (
    FUNCTION_TRANSFORMER,
    function_transformer_faults,
    partial_faults,
    selector_faults,
)
from mintmark.artifacts.skops.nodes import Node, child_slots, class_name
from mintmark.artifacts.skops.objects import Missing, Objects

_Fault = tuple[str, str]
_AttributeRule = Callable[[Objects, Mapping[str, Node]], Iterator[str]]

_SUPPORT_VECTORS = ("NuSVC", "NuSVR", "OneClassSVM", "SVC", "SVR")
_NEIGHBOURS = {
    "_classification": ("KNeighborsClassifier", "RadiusNeighborsClassifier"),
    "_graph": ("KNeighborsTransformer", "RadiusNeighborsTransformer"),
    "_lof": ("LocalOutlierFactor",),
    "_regression": ("KNeighborsRegressor", "RadiusNeighborsRegressor"),
    "_unsupervised": ("NearestNeighbors",),
}
_RULES: Mapping[str, _AttributeRule] = {
    **dict.fromkeys(skops_trees.TREE_OWNERS, skops_trees.tree_owner_faults),
    **dict.fromkeys(skops_trees.GRADIENT_BOOSTING, skops_trees.gradient_boosting_faults),
    **{f"sklearn.svm._classes.{name}": skops_shapes.support_vector_faults for name in _SUPPORT_VECTORS},
    **{f"sklearn.cluster._kmeans.{name}": skops_shapes.centre_faults for name in ("KMeans", "MiniBatchKMeans")},
    **{
        f"sklearn.neighbors.{module}.{name}": skops_shapes.neighbour_faults
        for module, names in _NEIGHBOURS.items()
        for name in names
    },
    FUNCTION_TRANSFORMER: function_transformer_faults,
    "sklearn.feature_extraction._dict_vectorizer.DictVectorizer": skops_shapes.vocabulary_faults,
    "sklearn.feature_extraction.text.CountVectorizer": skops_shapes.vocabulary_faults,
    "sklearn.feature_extraction.text.TfidfVectorizer": skops_shapes.vocabulary_faults,
    "sklearn.preprocessing._encoders.OneHotEncoder": skops_shapes.one_hot_faults,
}
_NODE_RULES: Mapping[str, Callable[[Objects, Node], Iterator[str]]] = {
    "PartialNode": partial_faults,
    "RandomGeneratorNode": skops_shapes.random_generator_faults,
    "RandomStateNode": skops_shapes.random_state_faults,
    "TreeNode": skops_trees.tree_faults,
}
_CALLABLES = frozenset({"FunctionNode", "MethodNode", "OperatorFuncNode", "PartialNode", "TypeNode"})
# Under any other name a function could take the place of the method that checks a model's input.
_CALLABLE_ATTRIBUTES = frozenset({"dtype", "func", "inverse_func", "score_func"})


def object_faults(nodes: list[tuple[str, Node]], objects: Objects, trusted: Collection[str]) -> Iterator[_Fault]:
    """What is wrong inside the objects of a file whose types are allowed and whose arrays can be read.

    Objects of `trusted` types may hold what they like in their attributes; trees are checked wherever they are.
    """
    predictors: set[int] = set()
    for place, node in nodes:
        try:
            for message in _faults_of(objects, node, trusted, predictors):
                yield place, f"{class_name(node)}: {message}; fit and save the model again"
        except Missing as error:
            yield place, f"{class_name(node)}: {error}; fit and save the model again"
    yield from _stray_faults(nodes, trusted, predictors)
    yield from selector_faults(nodes)


def _faults_of(objects: Objects, node: Node, trusted: Collection[str], predictors: set[int]) -> Iterator[str]:
    if node["__loader__"] in _NODE_RULES:
        yield from _NODE_RULES[node["__loader__"]](objects, node)
    if node["__loader__"] not in ("ObjectNode", "TreeNode"):
        return
    if class_name(node) not in trusted:
        yield from _attribute_faults(objects, node)
    attributes = objects.attributes(node)
    if (rule := _RULES.get(class_name(node))) is not None:
        yield from rule(objects, attributes)
    if class_name(node) in skops_trees.HIST_GRADIENT_BOOSTING:
        yield from skops_trees.hist_gradient_boosting_faults(objects, attributes, predictors)


def _attribute_faults(objects: Objects, node: Node) -> Iterator[str]:
    """Attributes are a dictionary of names, and none of them is a function under a method's name."""
    content = node.get("content")
    if objects.is_none(content):
        return
    if content is None or content["__loader__"] != "DictNode":
        yield "has attributes that are not a dictionary"
        return
    if any(class_name(kind) != "builtins.str" for kind in content["key_types"]["content"]):
        yield "has an attribute whose name is not text"
    for name, value in content["content"].items():
        if value["__loader__"] in _CALLABLES and name not in _CALLABLE_ATTRIBUTES:
            yield f"has the function {class_name(value)} as its attribute {name[:60]}"


def _stray_faults(nodes: list[tuple[str, Node]], trusted: Collection[str], predictors: set[int]) -> Iterator[_Fault]:
    """Trees are safe only inside the estimator that checks the width of their input."""
    used: Counter[int] = Counter()
    fitting: Counter[int] = Counter()
    attributes_of = {
        id(node["content"]): class_name(node)
        for _, node in nodes
        if node["__loader__"] == "ObjectNode" and isinstance(node.get("content"), dict)
    }
    for _, node in nodes:
        owner = attributes_of.get(id(node))
        for _, container, key in child_slots(node):
            child = container[key]
            if child["__loader__"] == "TreeNode":
                used[id(child)] += 1
                if owner in trusted or (owner in skops_trees.TREE_OWNERS and key == "tree_"):
                    fitting[id(child)] += 1
    for place, node in nodes:
        if node["__loader__"] == "TreeNode" and (not used[id(node)] or used[id(node)] != fitting[id(node)]):
            yield (
                place,
                f"{skops_trees.TREE} is not the tree_ of a decision tree; save the estimator that holds it",
            )
        if class_name(node) == skops_trees.TREE_PREDICTOR and id(node) not in predictors:
            yield place, f"{skops_trees.TREE_PREDICTOR} is not part of a HistGradientBoosting model"
