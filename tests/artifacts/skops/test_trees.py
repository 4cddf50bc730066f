from __future__ import annotations

import json

import numpy as np
import pytest

from mintmark.artifacts.skops.format import dump_canonical, load_trusted
from mintmark.errors import InvalidRegistryError

LEAF = -1


def change_nodes(file, owner, change):
    """Edit the nodes array of the first tree in place."""
    node = file.attributes(owner)["nodes"]
    array = file.array(node).copy()
    change(array)
    file.put(node, array)


def split(array):
    """The first node that is not a leaf and not the root."""
    name = "left_child" if "left_child" in array.dtype.names else "is_leaf"
    inner = array["left_child"] != LEAF if name == "left_child" else array["is_leaf"] == 0
    return int(np.flatnonzero(inner)[1])


def set_node(field, value):
    def change(array):
        array[field][split(array)] = value

    return change


@pytest.mark.parametrize("model", ["tree", "forest", "boosting"])
@pytest.mark.parametrize(
    ("change", "words"),
    [
        (set_node("left_child", 10**9), "has the left child 1000000000"),
        (set_node("right_child", 10**9), "has the right child 1000000000"),
        (set_node("left_child", -2), "has the left child -2"),
        (set_node("right_child", -1), "has the right child -1"),
        (set_node("feature", 4), "splits on feature 4 of 4"),
        (set_node("feature", -3), "splits on feature -3 of 4"),
        (set_node("left_child", 0), "has the left child 0"),
    ],
)
def test_a_node_that_points_outside_the_tree_is_refused(take, messages, model, change, words):
    file = take(model)
    change_nodes(file, "Tree", change)
    assert words in messages(file.bytes())
    with pytest.raises(InvalidRegistryError):
        load_trusted(file.bytes())


def test_a_walk_that_never_ends_is_refused(take, messages):
    file = take("tree")

    def loop(array):
        array["left_child"][split(array)] = split(array)
        array["right_child"][split(array)] = split(array)

    change_nodes(file, "Tree", loop)
    assert "outside" in messages(file.bytes())


def test_a_shared_child_and_a_leaf_with_a_child_are_refused(take, messages):
    file = take("tree")

    def share(array):
        array["left_child"][0] = array["right_child"][0]

    change_nodes(file, "Tree", share)
    assert "two nodes share a child" in messages(file.bytes())
    file = take("tree")
    change_nodes(file, "Tree", lambda array: array["right_child"].__setitem__(np.argmin(array["left_child"]), 3))
    assert "a leaf has a right child" in messages(file.bytes())


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("node_count", 10**6, "node_count is 1000000"),
        ("max_depth", 1, "the tree is deeper"),
        ("max_depth", -1, "max_depth is -1"),
        ("max_depth", 10**12, "max_depth is 1000000000000"),
    ],
)
def test_counts_that_disagree_with_the_nodes_are_refused(take, messages, plain_node, name, value, words):
    file = take("tree")
    file.attributes("Tree")[name] = plain_node(value)
    assert words in messages(file.bytes())


def test_values_of_another_shape_are_refused(take, messages):
    file = take("tree")
    node = file.attributes("Tree")["values"]
    file.put(node, file.array(node)[:-1])
    assert "values has the shape" in messages(file.bytes())


def test_an_empty_or_unfilled_tree_is_refused(take, messages):
    file = take("tree")
    change_nodes(file, "Tree", lambda array: None)
    node = file.attributes("Tree")["nodes"]
    file.put(node, file.array(node)[:0])
    assert "not a list of the nodes of a tree" in messages(file.bytes())
    file = take("tree")
    file.attributes("Tree").clear()
    file.find("Tree")["content"]["key_types"]["content"] = []
    assert "nodes is not an array" in messages(file.bytes())


@pytest.mark.parametrize(
    ("index", "value", "words"),
    [(0, 10**6, "its tree was built for 1000000"), (0, 0, "below 1"), (2, 5, "one number for each output")],
)
def test_arguments_that_disagree_are_refused(take, messages, plain_node, index, value, words):
    file = take("tree")
    file.find("Tree")["__reduce__"]["args"]["content"][index] = plain_node(value)
    assert words in messages(file.bytes())


def test_the_owner_of_a_tree_checks_as_many_columns_as_the_tree_reads(take, messages, plain_node):
    file = take("tree")
    file.attributes("DecisionTreeClassifier")["n_features_in_"] = plain_node(2)
    assert "n_features_in_ is 2, its tree was built for 4" in messages(file.bytes())


def test_an_owner_that_checks_nothing_is_refused(take, messages):
    """scikit-learn skips its check where n_features_in_ is missing."""
    file = take("tree")
    content = file.find("DecisionTreeClassifier")["content"]
    del content["content"]["n_features_in_"]
    content["key_types"]["content"].pop()
    assert "n_features_in_ is not" in messages(file.bytes())


def test_a_bare_tree_is_refused_whoever_holds_it(take, messages):
    """Tree.predict does not look at the width of its input; a pipeline would hand it on."""
    file = take("logistic")
    tree = take("tree")
    file.members = {**file.members, **{f"t{name}": data for name, data in tree.members.items()}}
    node = json.loads(json.dumps(tree.find("Tree")).replace('"file": "', '"file": "t'))
    file.schema["content"]["content"]["steps"]["content"][1]["content"][1] = node
    assert "not the tree_ of a decision tree" in messages(file.bytes())
    assert "not the tree_ of a decision tree" in messages(file.bytes(), trusted=["sklearn.tree._tree.Tree"])


def test_trusting_the_type_does_not_switch_its_checks_off(take, messages):
    file = take("tree")
    change_nodes(file, "Tree", set_node("left_child", 10**9))
    assert "has the left child" in messages(file.bytes(), trusted=["sklearn.tree._tree.Tree"])


def test_gradient_boosting_writes_only_the_columns_it_has(take, messages, plain_node):
    owner = "GradientBoostingClassifier"
    file = take("boosting")
    file.attributes(owner)["n_trees_per_iteration_"] = plain_node(2)
    assert "estimators_ has the shape" in messages(file.bytes())
    file = take("boosting")
    node = file.attributes(owner)["classes_"]
    file.put(node, np.arange(2))
    assert "for 2 classes" in messages(file.bytes())
    file = take("boosting")
    node = file.attributes("DummyClassifier")["class_prior_"]
    file.put(node, np.ones(1))
    assert "init_ guesses other than 3 classes" in messages(file.bytes())
    file = take("boosting")
    file.attributes(owner)["init_"] = file.attributes(owner)["estimators_"]["content"][0]["content"][0]
    assert "init_ is neither" in messages(file.bytes())


def test_gradient_boosting_has_classes_that_are_text(skops_file, messages, plain_node):
    from sklearn.ensemble import GradientBoostingClassifier

    rows = np.arange(60.0).reshape(30, 2)
    labels = np.array(["rot", "grün", "blau"], dtype=object)[np.arange(30) % 3]
    model = GradientBoostingClassifier(n_estimators=2, random_state=0).fit(rows, labels)
    data = dump_canonical(model)
    assert load_trusted(data).predict(rows).tolist() == model.predict(rows).tolist()
    file = skops_file(data)
    file.attributes("GradientBoostingClassifier")["classes_"]["content"].pop()
    assert "classes_ is not an array of one dimension" in messages(file.bytes())
    file = skops_file(data)
    node = file.attributes("GradientBoostingClassifier")["classes_"]
    node["content"].pop()
    node["shape"]["content"] = [plain_node(2)]
    assert "for 2 classes" in messages(file.bytes())


def test_gradient_boosting_holds_fitted_trees_alone(take, messages, plain_node):
    """The compiled loop casts what it finds to a tree without looking."""
    file = take("boosting")
    file.attributes("DecisionTreeRegressor")["tree_"] = plain_node("no tree")
    text = messages(file.bytes())
    assert "tree_ is not a tree" in text
    assert "something other than fitted trees" in text


def test_gradient_boosting_and_its_trees_agree_on_the_columns(take, messages, plain_node):
    file = take("boosting")
    file.attributes("GradientBoostingClassifier")["n_features_in_"] = plain_node(3)
    assert "n_features_in_ is 3, a tree was built for 4" in messages(file.bytes())


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (set_node("left", 10**6), "has the left child 1000000"),
        (set_node("right", 0), "has the right child 0"),
        (set_node("feature_idx", 4), "splits on feature 4 of 4"),
        (set_node("feature_idx", -1), "splits on feature -1 of 4"),
        (set_node("is_categorical", 1), "uses set 0 of 0"),
        (set_node("is_categorical", 1), "takes a numerical feature for a category"),
    ],
)
def test_histogram_trees_are_bounded_too(take, messages, change, words):
    file = take("histogram")
    change_nodes(file, "TreePredictor", change)
    assert words in messages(file.bytes())


def test_histogram_bins_fit_their_sets_and_features(take, messages, plain_node):
    file = take("histogram")
    mapper = file.attributes("_BinMapper")
    file.put(mapper["is_categorical_"], np.array([True, False, False, False]))
    file.put(mapper["bin_thresholds_"]["content"][0], np.array([1.0, 300.0]))
    assert "a known category is outside 0 to 255" in messages(file.bytes())
    file = take("histogram")
    file.put(file.attributes("_BinMapper")["is_categorical_"], np.zeros(3, bool))
    assert "bin_thresholds_ is not one array for each feature" in messages(file.bytes())
    file = take("histogram")
    file.attributes("HistGradientBoostingClassifier")["n_features_in_"] = plain_node(9)
    assert "its bins are made for 4 features, not 9" in messages(file.bytes())


def test_a_histogram_tree_outside_its_model_is_refused(take, messages):
    file = take("histogram")
    attributes = file.attributes("HistGradientBoostingClassifier")
    attributes["_predictors"], attributes["_scorer"] = attributes["_scorer"], attributes["_predictors"]
    assert "_predictors is not a list" in messages(file.bytes())
    assert "is not part of a HistGradientBoosting model" in messages(file.bytes())


def test_the_preprocessor_of_a_histogram_model_hands_on_every_column(skops_file, messages):
    import pandas as pd
    from sklearn.ensemble import HistGradientBoostingRegressor

    from mintmark.artifacts.skops.format import dump_canonical

    table = pd.DataFrame({"a": range(60), "b": pd.Categorical(["x", "y", "z"] * 20)})
    model = HistGradientBoostingRegressor(max_iter=2, min_samples_leaf=2).fit(table, np.arange(60))
    file = skops_file(dump_canonical(model))
    assert messages(file.bytes()) == ""
    transformers = file.attributes("ColumnTransformer")["transformers_"]["content"]
    file.put(transformers[1]["content"][2], np.array([False, False]))
    assert "_preprocessor hands on 1 columns, not 2" in messages(file.bytes())
