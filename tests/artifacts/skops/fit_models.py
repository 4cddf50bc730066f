"""Fit many models from fixed data and print the digest of each; tests run it under two hash seeds."""

from __future__ import annotations

import hashlib
import warnings

import numpy as np
import pandas as pd
import skops.io
from sklearn.cluster import KMeans
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import (
    AdaBoostClassifier,
    GradientBoostingClassifier,
    HistGradientBoostingRegressor,
    IsolationForest,
    RandomForestClassifier,
    StackingClassifier,
    VotingClassifier,
)
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.feature_selection import SelectKBest, mutual_info_regression
from sklearn.impute import SimpleImputer
from sklearn.linear_model import ElasticNet, LogisticRegression, SGDClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler
from sklearn.svm import SVC, SVR, LinearSVC, OneClassSVM

from mintmark.artifacts.skops.format import dump_canonical, load_trusted

warnings.simplefilter("ignore")
random = np.random.RandomState(0)
X = random.rand(80, 4)
labels = (X[:, 0] + X[:, 1] > 1).astype(int) + (X[:, 2] > 0.7)
values = X @ [1, 2, 3, 4]
colours = np.array(["red", "green", "blue"], dtype=object)[random.randint(0, 3, 80)]
table = pd.DataFrame({"a": X[:, 0], "b": X[:, 1], "c": colours, "d": random.randint(0, 5, 80)})
texts = np.array(["a cat and a dog", "the red fox", "fox of the dog", "red cats"] * 20, dtype=object)
columns = ColumnTransformer(
    [
        ("number", make_pipeline(SimpleImputer(), StandardScaler()), ["a", "b"]),
        ("kind", OneHotEncoder(handle_unknown="ignore", min_frequency=5), ["c", "d"]),
    ]
)
forest = RandomForestClassifier(3, random_state=0)
MODELS = {
    "logistic": (make_pipeline(StandardScaler(), LogisticRegression(class_weight={0: 1, 1: 2, 2: 1})), X, labels),
    "columns": (make_pipeline(columns, LogisticRegression()), table, labels),
    "boosting": (GradientBoostingClassifier(n_estimators=3, random_state=np.random.RandomState(1)), X, labels),
    "histogram": (
        HistGradientBoostingRegressor(max_iter=3, random_state=0),
        table.astype({"c": "category"}),
        values,
    ),
    "forest": (forest, X, labels),
    "voting": (
        VotingClassifier([("a", LogisticRegression()), ("b", SVC(probability=True, random_state=0))], voting="soft"),
        X,
        labels,
    ),
    "stacking": (StackingClassifier([("a", LogisticRegression()), ("b", forest)], cv=2), X, labels),
    "svc": (SVC(), X, labels),
    "svr": (SVR(), X, values),
    "one class": (OneClassSVM(), X, None),
    "adam": (MLPClassifier(hidden_layer_sizes=(5,), max_iter=5, random_state=0, early_stopping=True), X, labels),
    "momentum": (
        MLPRegressor(hidden_layer_sizes=(5,), solver="sgd", max_iter=5, random_state=np.random.RandomState(3)),
        X,
        values,
    ),
    "sgd": (SGDClassifier(random_state=0, loss="log_loss", penalty="elasticnet"), X, labels),
    "elastic net": (make_pipeline(FunctionTransformer(np.log1p), ElasticNet()), X, values),
    "selected columns": (make_pipeline(SelectKBest(mutual_info_regression, k=2), ElasticNet()), X, values),
    "means": (KMeans(3, random_state=0, n_init=1), X, None),
    "anomalies": (IsolationForest(n_estimators=3, random_state=0), X, None),
    "ada": (AdaBoostClassifier(n_estimators=2, random_state=0), X, labels),
    "neighbours": (KNeighborsClassifier(algorithm="brute"), X, labels),
    "words": (make_pipeline(TfidfVectorizer(stop_words=["the", "of"]), LinearSVC(random_state=0)), texts, labels),
}

if __name__ == "__main__":
    for name, (model, inputs, target) in MODELS.items():
        model.fit(inputs, target)
        data = dump_canonical(model)
        loaded = load_trusted(data)
        assert np.array_equal(loaded.predict(inputs), model.predict(inputs)), name
        assert dump_canonical(loaded) == data, f"{name}: writing it again gives other bytes"
        plain = skops.io.loads(data, trusted=skops.io.get_untrusted_types(data=data))
        assert np.array_equal(plain.predict(inputs), model.predict(inputs)), name
        print(name, hashlib.sha256(data).hexdigest())
