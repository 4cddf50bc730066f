"""Documents of the API for one small model, as pages are made from: what a test does not care about is filled in."""

from __future__ import annotations

import copy
import json
from dataclasses import asdict
from html.parser import HTMLParser
from typing import Any

from tests.publishing.sample_review import sample_review

from mintmark.core.tags.kept_review import keep_review, parse_kept_review

HOSTILE = (
    '<script>alert(1)</script> <img src=x onerror="alert(2)"> {{ 7*7 }} {% raw %} [click](javascript:alert(3)) '
    "![p](https://evil.example/p.png) \u202e\x02 \"' onmouseover=alert(4) &lt;b&gt;"
)
REPOSITORY = "https://github.com/acme/models"
SITE = "https://acme.github.io/models/"


def config(**changes: Any) -> dict[str, Any]:
    channels = [
        {"name": "staging", "after": None, "description": "Where a version is tried."},
        {"name": "production", "after": "staging", "description": None},
    ]
    made = {
        "name": "Acme",
        "base_branch": "main",
        "repository": REPOSITORY,
        "site": SITE,
        "server": None,
        "verifying": None,
        "channels": channels,
    }
    return {**made, **changes}


def event(number: int, subject: str = "propose iris", **changes: Any) -> dict[str, Any]:
    time = f"2026-06-{number:02d}T09:30:00Z"
    pull_request = changes.pop("pull_request", 40 + number)
    made = {"commit": f"{number:x}" * 40, "by": "Ada", "time": time, "subject": subject, "pull_request": pull_request}
    return {**made, **changes}


def model(**changes: Any) -> dict[str, Any]:
    made = {
        "schema": 1,
        "name": "iris",
        "title": "Kinds of iris",
        "task": "binary-classification",
        "owners": ["@acme/ml"],
        "purpose": "Tells **irises** apart.",
        "intended_use": "Teaching.",
        "out_of_scope": "Gardening.",
        "limitations": "Few flowers.",
        "ethics": "None are hurt.",
        "training_data": "Fisher's.",
        "licence": "CC0-1.0",
        "tags": ["flowers"],
        "target": "kind",
        "positive_class": "setosa",
        "metric": {"name": "roc_auc", "goal": "maximize"},
        "gates": {
            "margin": 0.01,
            "leak_cap": 0.1,
            "floors": {"roc_auc": 0.9, "log_loss": 0.25},
            "slice_min_rows": 50,
            "cost": {"size": "10 kB"},
        },
        "slices": [{"name": "small", "description": "Short petals.", "where": {"column": "petal", "below": 2}}],
        "behaviour": [
            {
                "name": "longer-is-surer",
                "kind": "direction",
                "description": "Petals grow.",
                "change": {"column": "petal", "add": 1},
                "expect": "increase",
                "share": 0.99,
            },
            {"name": "broken", "kind": "malformed", "inputs": ["nan"], "expect": "error"},
        ],
    }
    return {**made, **changes}


def metrics(roc_auc: float = 0.95, log_loss: float = 0.2, reach: float = 0.02) -> dict[str, Any]:
    values = {"log_loss": log_loss, "roc_auc": roc_auc}
    return {name: {"value": v, "low": round(v - reach, 6), "high": round(v + reach, 6)} for name, v in values.items()}


def version(name: str = "1.1.0", *, parent: str | None = "1.0.0", **changes: Any) -> dict[str, Any]:
    """`changes` go into the record, those of `status`, `reproduced` and `registered` into the document."""
    stored = {"md5": "a" * 32, "sha256": "b" * 64, "size": 2_000}
    record: dict[str, Any] = {
        "model": "iris",
        "version": name,
        "parent": parent,
        "created": "2026-06-01T09:30:00Z",
        "author": "Ada",
        "summary": "Trained again.",
        "artifact": {"path": "model.skops", "format": "skops", **stored},
        "files": {"profile.json": {**stored, "md5": "c" * 32, "sha256": "d" * 64}},
        "signature": {
            "inputs": {"petal": "float64", "sepal": "float64"},
            "outputs": {"prediction": {"type": "str", "shape": [None]}},
            "classes": ["setosa", "other"],
        },
        "parameters": {"estimator": {"class": "sklearn.linear_model.LogisticRegression"}, "C": 1},
        "metrics": metrics(),
        "data": [{"role": "evaluation", "path": "data/evaluation.parquet", "hash": "sha256:" + "e" * 64, "rows": 400}],
        "stages": {
            "train": {
                "cmd": "python train.py",
                "deps": {"train.py": "md5:" + "1" * 32, "data/train.parquet": "md5:" + "2" * 32},
                "outs": {"model.skops": "md5:" + "a" * 32},
            }
        },
        "environment": {
            "python": "3.11.7",
            "platform": "Linux x86_64",
            "packages": {"scikit-learn": "1.9.1"},
            "lock": "sha256:" + "f" * 64,
        },
    }
    document = {"status": None, "reproduced": None, "review": None, "registered": event(1)}
    document |= dict.fromkeys(("typical", "outcomes", "trials"))
    document |= {key: changes.pop(key) for key in list(changes) if key in document}
    record |= copy.deepcopy(changes)
    files = [{"name": n, **{k: f[k] for k in stored}} for n, f in _stored(record)]
    return {
        "commit": "1" * 40,
        "reference": f"iris@{name}",
        "model": "iris",
        "version": name,
        "record": record,
        "metrics": measured(record["metrics"]),
        "files": [{**file, "url": f"{name}/{file['name']}"} for file in files],
        "broken": [],
        **document,
    }


def review(**changes: Any) -> dict[str, Any]:
    """What a tag says of the review of a version: that of the sample."""
    report = parse_kept_review(keep_review(sample_review(), "breast-cancer@1.1.0"))
    assert report is not None
    made = {
        "tag": "iris@v1.1.0",
        "fault": None,
        "pull_request": 12,
        "approvers": ["ada", "grace"],
        "approved_before": [],
        "outcome": "success",
        "run": f"{REPOSITORY}/actions/runs/77/job/5",
        "report": json.loads(json.dumps(asdict(report))),
    }
    return {**made, **changes}


def summaries() -> dict[str, Any]:
    """What the stored files of a version come to."""
    trial = {"score": 0.9, "deviation": 0.01, "parameters": {"C": "1.0"}}
    return {
        "typical": {
            "petal": {"low": 1.0, "median": 2.5, "high": 6.0, "missing": True},
            "sepal": {"categories": ["short", "long"], "missing": False},
        },
        "outcomes": {"classes": ["setosa", "virginica"], "others": 0, "counts": [[48, 2], [5, 45]]},
        "trials": {
            "count": 2,
            "trials": [{"trial": 0, "rank": 2, **trial}, {"trial": 1, "rank": 1, **trial, "score": 0.92}],
        },
    }


def _stored(record: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return [(record["artifact"]["path"], record["artifact"]), *record["files"].items()]


def measured(found: dict[str, Any]) -> dict[str, Any]:
    return {
        "task": "binary-classification",
        "rows": 400,
        "confidence": 0.95,
        "resamples": 1000,
        "seed": 7,
        "metrics": found,
        "slices": {"small": {"rows": 20, "metrics": found}},
        "cost": {"size": 2_000, "load_seconds": 0.004},
        "importance": {"petal": {"mean": -0.01, "std": 0.01}, "sepal": {"mean": 0.2, "std": 0.02}},
    }


def row(document: dict[str, Any], *channels: str) -> dict[str, Any]:
    record = document["record"]
    kept = {key: record["artifact"][key] for key in ("path", "size", "sha256")}
    return {
        **{key: document[key] for key in ("version", "reference", "reproduced", "registered")},
        **{key: record[key] for key in ("created", "author", "summary", "metrics")},
        "format": record["artifact"]["format"],
        "artifact": kept,
        "size": sum(file["size"] for file in document["files"]),
        "channels": list(channels),
        "yanked": document["status"],
        "verified": True,
        "missed": [],
        "number": 1,
    }


def held(name: str, rollback_to: str | None, moved: dict[str, Any], replaced: str | None = None) -> dict[str, Any]:
    """The entry of a channel in an index."""
    made = {"version": name, "reference": f"iris@{name}", "since": moved["time"], "broken": []}
    made |= {"replaced": replaced or rollback_to, "rollback_to": rollback_to}
    return {**made, **moved}


def move(channel: str, kind: str, before: str | None, after: str | None, number: int) -> dict[str, Any]:
    return {"channel": channel, "kind": kind, "from": before, "to": after, **event(number, f"{kind} iris")}


def index(*rows: dict[str, Any], **changes: Any) -> dict[str, Any]:
    made = {
        "commit": "1" * 40,
        "name": "iris",
        "model": model(),
        "latest": rows[0]["version"] if rows else None,
        "channels": {},
        "champion": None,
        "attention": [],
        "choices": {
            channel: [{"version": each["version"], "kind": "promote", "refused": None} for each in rows[:20]]
            for channel in ("staging", "production")
        },
        "versions": list(rows),
        "withdrawn": [],
        "moves": [],
        "broken": [],
        "older": None,
    }
    return {**made, **changes}


class Page(HTMLParser):
    """The elements, links and text of a page, as a browser would read them; `faults` are tags that do not close."""

    VOID = frozenset({"br", "hr", "img", "input", "link", "meta", "rect", "path", "circle"})
    BLOCKS = frozenset({"td", "th", "li", "dt", "dd", "p", "summary", "div", "h2", "h3", "span"})

    def __init__(self, content: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.faults: list[str] = []
        self._open: list[str] = []
        self._texts: list[tuple[str, str]] = []
        self._section = ""
        self.feed(content)
        self.close()
        self.faults += [f"<{tag}> is not closed" for tag in self._open]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        self.elements.append((tag, attributes))
        if tag == "h2":
            self._section = attributes.get("id", "")
        if tag not in self.VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        if tag in self.BLOCKS:
            self._texts.append((self._section, " "))
        if not self._open or self._open.pop() != tag:
            self.faults.append(f"</{tag}> closes nothing")

    def handle_data(self, data: str) -> None:
        self._texts.append((self._section, data))

    def text(self, section: str | None = None) -> str:
        """The text of the page, or of the section under the `h2` with this id, with single spaces."""
        return " ".join("".join(data for at, data in self._texts if section in (None, at)).split())

    def links(self) -> list[str]:
        return [attributes["href"] for tag, attributes in self.elements if tag == "a" and "href" in attributes]

    def tags(self) -> set[str]:
        return {tag for tag, _ in self.elements}

    def ids(self) -> list[str]:
        return [attributes["id"] for _, attributes in self.elements if "id" in attributes]


def assert_safe(content: str) -> None:
    """No text of the registry has become an element, a handler, an address or an unclosed tag."""
    page = Page(content)
    assert page.faults == []
    assert not page.tags() & {"script", "img", "iframe", "object", "b"}
    handlers = [name for _, attributes in page.elements for name in attributes if name.startswith("on")]
    assert handlers == []
    allowed = ("https://github.com/acme/", "https://evil.example/p.png")
    assert [a for a in page.links() if ":" in a.split("/")[0] and not a.startswith(allowed)] == []
    assert "49" not in page.text()
    assert "\u202e" not in content
    assert "\x02" not in content
    assert len(page.ids()) == len(set(page.ids()))
