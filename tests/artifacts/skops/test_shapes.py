from __future__ import annotations

import io
import zipfile

import numpy as np
import pytest


def put(model, owner, name, array, words):
    return pytest.param(model, owner, name, array, words, id=f"{model}-{name}-{words[:20]}")


@pytest.mark.parametrize(
    ("model", "owner", "name", "array", "words"),
    [
        put("svc", "SVC", "_n_support", np.array([900, 900, 900], np.int32), "there are"),
        put("svc", "SVC", "_n_support", np.array([-1, 60, 60], np.int32), "not one count for each class"),
        put("svc", "SVC", "_dual_coef_", np.ones((2, 3)), "_dual_coef_ has the shape (2, 3)"),
        put("svc", "SVC", "support_vectors_", np.ones((5, 4)), "support_vectors_ has the shape (5, 4)"),
        put("svc", "SVC", "_intercept_", np.ones(1), "_intercept_ holds 1 numbers"),
        put("svc", "SVC", "_probA", np.ones(1), "_probA does not hold 3"),
        put("sparse", "SVC", "_n_support", np.array([900, 900, 900], np.int32), "there are"),
        put("kmeans", "KMeans", "cluster_centers_", np.ones((3, 2)), "cluster_centers_ has the shape (3, 2)"),
        put("neighbours", "KNeighborsClassifier", "_y", np.zeros(5, np.int64), "_y has the shape (5,)"),
        put("neighbours", "KNeighborsClassifier", "_y", np.full(120, 99), "_y holds labels outside 0 to 2"),
        put("neighbours", "KNeighborsClassifier", "_fit_X", np.ones((120, 9)), "_fit_X has the shape (120, 9)"),
    ],
)
def test_shapes_that_compiled_code_relies_on_are_checked(take, messages, model, owner, name, array, words):
    file = take(model)
    file.put(file.attributes(owner)[name], array)
    assert words in messages(file.bytes())


def test_an_svc_cannot_say_that_it_is_another_machine(take, messages, plain_node):
    file = take("svc")
    content = file.find("SVC")["content"]
    content["content"]["_impl"] = plain_node("epsilon_svr")
    content["key_types"]["content"].append(content["key_types"]["content"][0])
    assert "_impl says which machine it is" in messages(file.bytes())


def test_a_regression_svc_writes_its_total_twice(skops_file, messages, data):
    from sklearn.svm import SVR

    from mintmark.artifacts.skops.format import dump_canonical

    file = skops_file(dump_canonical(SVR().fit(data[0], data[0][:, 0])))
    assert messages(file.bytes()) == ""
    file.put(file.attributes("SVR")["_n_support"], np.array([1, 1], np.int32))
    assert "_n_support is [1, 1]" in messages(file.bytes())


def test_precomputed_kernels_name_rows_that_exist(skops_file, messages, data):
    from sklearn.svm import SVC

    from mintmark.artifacts.skops.format import dump_canonical

    file = skops_file(dump_canonical(SVC(kernel="precomputed").fit(data[0] @ data[0].T, data[1])))
    assert messages(file.bytes()) == ""
    support = file.array(file.attributes("SVC")["support_"]).copy()
    support[0] = 10**6
    file.put(file.attributes("SVC")["support_"], support)
    assert "support_ names a row outside 0 to 119" in messages(file.bytes())


def sparse_with(data: bytes, name: str, change) -> bytes:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = {each: archive.read(each) for each in archive.namelist()}
    array = np.load(io.BytesIO(members[f"{name}.npy"])).copy()
    buffer = io.BytesIO()
    np.save(buffer, change(array))
    members[f"{name}.npy"] = buffer.getvalue()
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for each, content in members.items():
            archive.writestr(each, content)
    return out.getvalue()


def first_item(value):
    def change(array):
        array[0] = value
        return array

    return change


@pytest.mark.parametrize(
    ("name", "change", "words"),
    [
        ("indices", first_item(10**6), "an index of the sparse matrix is out of range"),
        ("indices", first_item(-1), "an index of the sparse matrix is out of range"),
        ("indptr", first_item(3), "out of order or out of range"),
        ("indptr", lambda array: array[:-1], "differ in length"),
        ("data", lambda array: array[:-1], "differ in length"),
        ("shape", lambda array: array[:1], "has no shape"),
        ("format", lambda array: np.array(b"dia"), "is in the format 'dia'"),
        ("format", lambda array: np.array(b"lil"), "convert it to csr"),
    ],
)
def test_sparse_matrices_stay_inside_themselves(take, messages, name, change, words):
    file = take("sparse")
    node = file.attributes("SVC")["support_vectors_"]
    file.members["bad.npz"] = sparse_with(file.members[node["file"]], name, change)
    node["file"] = "bad.npz"
    assert words in messages(file.bytes())


def test_a_word_has_a_number_inside_the_vocabulary(skops_file, messages, plain_node):
    from sklearn.feature_extraction.text import TfidfVectorizer

    from mintmark.artifacts.skops.format import dump_canonical

    file = skops_file(dump_canonical(TfidfVectorizer().fit(["red fox", "blue fox"])))
    assert messages(file.bytes()) == ""
    file.attributes("TfidfVectorizer")["vocabulary_"]["content"]["fox"] = plain_node(3)
    assert "the word 'fox' has the number 3 of 3" in messages(file.bytes())


def test_categories_fill_the_columns_they_are_given(take, messages, plain_node):
    file = take("categories")
    file.attributes("OneHotEncoder")["_n_features_outs"]["content"][0] = plain_node(1)
    assert "takes 1 columns, its categories need 2" in messages(file.bytes())
    file = take("categories")
    file.attributes("OneHotEncoder")["_drop_idx_after_grouping"]["content"][0] = plain_node(-5)
    assert "drops category -5 of 3" in messages(file.bytes())


@pytest.mark.parametrize("value", [10**6, -1])
def test_a_random_state_reads_inside_its_key(take, messages, plain_node, value):
    file = take("boosting")
    state = file.find("RandomState")["content"]["content"]["state"]["content"]
    state["pos"] = plain_node(value)
    assert "pos is outside 0 to 624" in messages(file.bytes())


def test_a_random_state_has_its_624_words(take, messages):
    file = take("boosting")
    file.put(file.find("RandomState")["content"]["content"]["state"]["content"]["key"], np.zeros(9, np.uint32))
    assert "key does not hold 624 numbers" in messages(file.bytes())


def test_a_generator_is_of_a_known_kind_and_has_a_small_pool(take, messages, plain_node):
    file = take("histogram")
    content = file.find("Generator")["content"]
    content["seed_seq"]["content"]["pool_size"] = plain_node(10**11)
    assert "pool_size is out of range" in messages(file.bytes())
    content["bit_generator"]["content"]["bit_generator"] = plain_node("seed")
    assert "random generator of the unknown kind 'seed'" in messages(file.bytes())
