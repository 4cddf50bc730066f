"""Shapes of fitted attributes that compiled code relies on: support vectors, centres, vocabularies, ...

Each check takes attributes as nodes and yields what is wrong, following scikit-learn 1.9.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from mintmark.artifacts.skops.nodes import Node
from mintmark.artifacts.skops.objects import Missing, Objects

_SEED_POOL = range(4, 65)
_MERSENNE_WORDS = 624
_PHILOX_BUFFER = 4


def support_vector_faults(objects: Objects, attributes: Mapping[str, Node]) -> Iterator[str]:
    """SVC, NuSVC, SVR, NuSVR, OneClassSVM: libsvm takes pointers and the lengths that the arrays claim."""
    if "_impl" in attributes:
        yield "_impl says which machine it is in place of its class"
    if "support_" not in attributes:
        return
    support = objects.array(attributes["support_"], "support_")
    counts = _support_counts(objects, attributes)
    n_support = len(support)
    # libsvm reads the counts for classification alone; for the rest scikit-learn writes the total twice.
    held = counts if "classes_" in attributes else [n_support if counts == [n_support] * 2 else -1]
    if support.ndim != 1 or sum(held) != n_support:
        yield f"_n_support is {counts}, there are {n_support} support vectors"
    yield from _pair_faults(objects, attributes, len(counts))
    n_features = objects.integer(attributes.get("n_features_in_"), "n_features_in_")
    sparse = bool(objects.scalar(attributes.get("_sparse"), "_sparse"))
    if objects.scalar(attributes.get("kernel"), "kernel") == "precomputed":
        if sparse:
            yield "takes a sparse precomputed kernel"
        if n_support and not (int(support.min()) >= 0 and int(support.max()) < n_features):
            yield f"support_ names a row outside 0 to {n_features - 1}"
    elif sparse:
        yield from _sparse_support_faults(objects, attributes, n_support, n_features, len(counts))
        return
    else:
        vectors = objects.array(attributes.get("support_vectors_"), "support_vectors_")
        if vectors.shape != (n_support, n_features):
            yield f"support_vectors_ has the shape {vectors.shape}, not {(n_support, n_features)}"
    coefficients = objects.array(attributes.get("_dual_coef_"), "_dual_coef_")
    if coefficients.shape != (len(counts) - 1, n_support):
        yield f"_dual_coef_ has the shape {coefficients.shape}, not {(len(counts) - 1, n_support)}"


def _support_counts(objects: Objects, attributes: Mapping[str, Node]) -> list[int]:
    counts = objects.array(attributes.get("_n_support"), "_n_support")
    if counts.ndim != 1 or counts.dtype.kind != "i" or not len(counts) or int(counts.min()) < 0:
        raise Missing("_n_support is not one count for each class")
    return [int(count) for count in counts]


def _pair_faults(objects: Objects, attributes: Mapping[str, Node], classes: int) -> Iterator[str]:
    """One intercept for each pair of classes, and as many probability parameters or none."""
    pairs = classes * (classes - 1) // 2
    intercept = objects.array(attributes.get("_intercept_"), "_intercept_")
    if intercept.ndim != 1 or len(intercept) < max(pairs, 1):
        yield f"_intercept_ holds {intercept.size} numbers for {classes} classes"
    for name in ("_probA", "_probB"):
        values = objects.array(attributes.get(name), name)
        if values.ndim != 1 or len(values) not in (0, max(pairs, 1)):
            yield f"{name} does not hold {pairs} numbers"


def _sparse_support_faults(
    objects: Objects, attributes: Mapping[str, Node], n_support: int, n_features: int, classes: int
) -> Iterator[str]:
    vectors = objects.sparse(attributes.get("support_vectors_"), "support_vectors_")
    if vectors.layout != "csr" or vectors.shape != (n_support, n_features):
        yield f"support_vectors_ has the shape {vectors.shape}, not {(n_support, n_features)}"
    coefficients = objects.sparse(attributes.get("_dual_coef_"), "_dual_coef_")
    if len(coefficients.data) != (classes - 1) * n_support:
        yield f"_dual_coef_ holds {len(coefficients.data)} numbers, not {(classes - 1) * n_support}"


def centre_faults(objects: Objects, attributes: Mapping[str, Node]) -> Iterator[str]:
    """KMeans and MiniBatchKMeans: the distance loop reads as many columns of a centre as the input has."""
    if "cluster_centers_" not in attributes:
        return
    centres = objects.array(attributes["cluster_centers_"], "cluster_centers_")
    n_features = objects.integer(attributes.get("n_features_in_"), "n_features_in_")
    if centres.ndim != 2 or not len(centres) or centres.shape[1] != n_features or centres.dtype.kind != "f":
        yield f"cluster_centers_ has the shape {centres.shape}, not (n, {n_features})"


def neighbour_faults(objects: Objects, attributes: Mapping[str, Node]) -> Iterator[str]:
    """Brute-force neighbours: the labels are looked up by the row of the neighbour."""
    if "_fit_X" not in attributes:
        return
    node = attributes["_fit_X"]
    shape: tuple[int, ...]
    if node["__loader__"] == "SparseMatrixNode":
        shape = objects.sparse(node, "_fit_X").shape
    else:
        shape = objects.array(node, "_fit_X").shape
    n_features = objects.integer(attributes.get("n_features_in_"), "n_features_in_")
    if len(shape) != 2 or shape[1] != n_features:
        yield f"_fit_X has the shape {shape}, not (n, {n_features})"
    if objects.integer(attributes.get("n_samples_fit_"), "n_samples_fit_") != shape[0]:
        yield f"n_samples_fit_ is not {shape[0]}"
    if "_y" not in attributes:
        return
    labels = objects.array(attributes["_y"], "_y")
    if labels.shape[:1] != shape[:1]:
        yield f"_y has the shape {labels.shape} for {shape[0]} rows"
    classes = attributes.get("classes_")
    if classes is not None and labels.ndim == 1:
        n_classes = len(objects.array(classes, "classes_")) if classes.get("type") == "numpy" else None
        n_classes = len(objects.items(classes, "classes_")) if n_classes is None else n_classes
        if labels.dtype.kind != "i" or (labels.size and not 0 <= int(labels.min()) <= int(labels.max()) < n_classes):
            yield f"_y holds labels outside 0 to {n_classes - 1}"


def vocabulary_faults(objects: Objects, attributes: Mapping[str, Node]) -> Iterator[str]:
    """CountVectorizer, TfidfVectorizer, DictVectorizer: a word's number becomes a column."""
    node = attributes.get("vocabulary_")
    if node is None:
        return
    words = objects.attributes({"content": node})
    if node["__loader__"] != "DictNode":
        yield "vocabulary_ is not a dictionary"
    for word, number in words.items():
        if not 0 <= objects.integer(number, "a word's number") < len(words):
            yield f"the word {word[:40]!r} has the number {objects.integer(number, '')} of {len(words)}"
            return


def one_hot_faults(objects: Objects, attributes: Mapping[str, Node]) -> Iterator[str]:
    """OneHotEncoder: a category's number plus the widths before it becomes the column of a sparse matrix."""
    if "_n_features_outs" not in attributes:
        return
    widths = [objects.integer(node, "a width") for node in objects.items(attributes["_n_features_outs"], "widths")]
    categories = objects.items(attributes.get("categories_"), "categories_")
    if len(widths) != len(categories):
        yield f"_n_features_outs holds {len(widths)} widths for {len(categories)} features"
        return
    groups = _optional_items(objects, attributes.get("_default_to_infrequent_mappings"), len(widths))
    drops = _optional_items(objects, attributes.get("_drop_idx_after_grouping"), len(widths))
    for index, (width, category) in enumerate(zip(widths, categories, strict=True)):
        needed = _length(objects, category)
        if groups[index] is not None:
            grouping = objects.array(groups[index], "a grouping")
            if grouping.shape != (needed,) or grouping.dtype.kind != "i" or (needed and int(grouping.min()) < 0):
                raise Missing("_default_to_infrequent_mappings does not group the categories")
            needed = int(grouping.max()) + 1 if needed else 0
        if drops[index] is not None:
            dropped = objects.integer(drops[index], "a dropped category")
            if not 0 <= dropped < needed:
                yield f"drops category {dropped} of {needed}"
            needed -= 1
        if width != needed:
            yield f"feature {index} takes {width} columns, its categories need {needed}"


def _optional_items(objects: Objects, node: Node | None, count: int) -> list[Node | None]:
    if objects.is_none(node):
        return [None] * count
    if node is not None and node["__loader__"] == "NdArrayNode" and node.get("type") == "numpy":
        raise Missing("a list of optional numbers is an array of numbers")
    items = objects.items(node, "a list of optional numbers")
    if len(items) != count:
        raise Missing(f"a list of optional numbers does not hold {count}")
    return [None if objects.is_none(item) else item for item in items]


def _length(objects: Objects, node: Node) -> int:
    if node["__loader__"] == "NdArrayNode" and node.get("type") == "numpy":
        return len(objects.array(node, "categories_")) if objects.array(node, "categories_").ndim == 1 else -1
    return len(objects.items(node, "categories_"))


def random_state_faults(objects: Objects, node: Node) -> Iterator[str]:
    """RandomState: numpy copies `key` and takes `pos` as an index into it."""
    yield from _generator_faults(objects, node["content"], ("MT19937",))


def random_generator_faults(objects: Objects, node: Node) -> Iterator[str]:
    """Generator: a bit generator of numpy's own, with indices inside its buffers and a small seed pool."""
    names = ("MT19937", "PCG64", "PCG64DXSM", "Philox", "SFC64")
    yield from _generator_faults(objects, node["content"]["bit_generator"], names)
    seed = objects.attributes({"content": node["content"]["seed_seq"]})
    if objects.integer(seed.get("pool_size"), "pool_size") not in _SEED_POOL:
        yield "pool_size is out of range"


def _generator_faults(objects: Objects, node: Node, names: tuple[str, ...]) -> Iterator[str]:
    state = objects.attributes({"content": node})
    name = objects.scalar(state.get("bit_generator"), "bit_generator")
    if name not in names:
        yield f"is a random generator of the unknown kind {name!r:.40}"
        return
    inner = objects.attributes({"content": state.get("state")})
    if name == "MT19937":
        key = objects.array(inner.get("key"), "key")
        if key.shape != (_MERSENNE_WORDS,) or key.dtype.kind not in "iu":
            yield f"key does not hold {_MERSENNE_WORDS} numbers"
        if not 0 <= objects.integer(inner.get("pos"), "pos") <= _MERSENNE_WORDS:
            yield f"pos is outside 0 to {_MERSENNE_WORDS}"
    if name == "Philox" and not 0 <= objects.integer(state.get("buffer_pos"), "buffer_pos") <= _PHILOX_BUFFER:
        yield f"buffer_pos is outside 0 to {_PHILOX_BUFFER}"
