"""A document of each kind that the API has, as small as it may be."""

from __future__ import annotations

from typing import Any

from tests.publishing.site.samples.sample_versions import review, summaries
from tests.scaffold.documents import SETTINGS, metrics_document, metrics_of, model_document, stored, version_document

COMMIT = {
    "commit": "1" * 40,
    "by": "Ada",
    "time": "2026-06-01T09:30:00Z",
    "subject": "Promote iris 1.0.0 (#12)",
    "pull_request": 12,
}
PENDING = {**dict.fromkeys(COMMIT), "pull_request": None}
_FILES = {name: stored(name, name.encode()) for name in ("model.skops", "profile.json")}
_RECORD = {**version_document("iris", "1.0.0", _FILES), "author": "Ada"}
_SHA256 = _RECORD["artifact"]["sha256"]
_ARTIFACT = {"path": "model.skops", "size": 11, "sha256": _SHA256}
YANKED = {"reason": "Leaked labels.", "replacement": "1.0.1", **COMMIT}
_REPRODUCED = {"time": "2026-06-02T09:30:00Z", "by": "Grace", "identical": True}
_HEAD = {"commit": "2" * 40}
_COMPARED_WITH = {
    "version": "0.9.0",
    "value": 0.96,
    "low": None,
    "high": None,
    "rows": "same",
    "difference": 0.01,
    "standing": "no worse",
}
_ATTENTION = {
    "kind": "yanked",
    "severity": "high",
    "model": "iris",
    "version": "1.0.0",
    "channel": "production",
    "sentence": "production points to 1.0.0, which was yanked: Leaked labels.",
    "since": None,
    "file": "models/iris/channels/production.yaml",
    "line": 1,
}
_ROW = {
    "version": "1.0.0",
    "reference": "iris@1.0.0",
    "created": "2026-06-01T09:30:00Z",
    "author": "Ada",
    "summary": "First.",
    "format": "skops",
    "artifact": _ARTIFACT,
    "metrics": {"roc_auc": {"value": 0.97, "low": 0.95, "high": 0.99}},
    "size": 23,
    "channels": ["production"],
    "yanked": YANKED,
    "reproduced": _REPRODUCED,
    "verified": True,
    "missed": ["size 23 B; at most 20 B is allowed"],
    "registered": COMMIT,
    "number": 2,
}
DOCUMENTS: dict[str, dict[str, Any]] = {
    "config": {
        "$schema": "schemas/api-config.schema.json",
        **_HEAD,
        "name": "Ours",
        "description": None,
        "base_branch": "main",
        "repository": "https://github.com/acme/models",
        "site": None,
        "server": None,
        "verifying": None,
        "channels": [
            {"name": "staging", "after": None, "description": None},
            {"name": "production", "after": "staging", "description": "What users are served."},
        ],
        "registry": SETTINGS,
        "mintmark": "0.1.0",
        "store": {"url": "s3://bucket/path"},
        "documents": {
            "models": "models.json",
            "model": "models/{model}/index.json",
            "version": "models/{model}/versions/{version}.json",
            "curves": "models/{model}/curves/{version}.json",
            "channel": "models/{model}/channels/{channel}.json",
            "audit": "audit.json",
            "audit_table": "audit.csv",
            "lineage": "lineage.json",
            "model_lineage": "models/{model}/lineage.json",
            "feed": "feed.xml",
            "model_feed": "models/{model}/feed.xml",
            "badge": "badges/{model}/{channel}.svg",
            "database": "registry.sqlite",
            "schemas": ["schemas/api-config.schema.json"],
        },
    },
    "models": {
        "$schema": "schemas/api-models.schema.json",
        **_HEAD,
        "totals": {
            "models": 1,
            "models_unreadable": 0,
            "champions": 1,
            "champions_unreadable": 0,
            "versions": 1,
            "yanked": 0,
            "withdrawn": 0,
            "files_size": 23,
        },
        "updated": "2026-06-01T09:30:00Z",
        "attention": [_ATTENTION],
        "models": [
            {
                "name": "iris",
                "title": None,
                "task": "binary-classification",
                "owners": ["@ada"],
                "tags": ["flowers"],
                "licence": "Apache-2.0",
                "format": "skops",
                "framework": "scikit-learn",
                "metric": {"name": "roc_auc", "goal": "maximize"},
                "versions": 1,
                "latest": "1.0.0",
                "channels": {"production": "1.0.0"},
                "measured": "1.0.0",
                "value": 0.97,
                "low": 0.95,
                "high": 0.99,
                "compared_with": _COMPARED_WITH,
                "created": "2026-06-01T09:30:00Z",
                "since": "2026-06-01T09:30:00Z",
                "badges": ["reproduced", "stale"],
                "purpose": "To tell flowers apart.",
                "commit": "2" * 40,
            }
        ],
    },
    "model": {
        "$schema": "../../schemas/api-model.schema.json",
        **_HEAD,
        "name": "iris",
        "model": model_document("iris"),
        "latest": "1.0.0",
        "channels": {
            "production": {
                "version": "1.0.0",
                "sha256": _SHA256,
                "since": "2026-06-01T09:30:00Z",
                "replaced": None,
                "rollback_to": None,
                "reference": "iris@1.0.0",
                **COMMIT,
            }
        },
        "champion": {
            "channel": "production",
            "version": "1.0.0",
            "row": _ROW,
            "review": None,
            "compared_with": _COMPARED_WITH,
            "url": None,
        },
        "attention": [_ATTENTION],
        "choices": {"production": [{"version": "1.0.0", "kind": "promote", "refused": "is in production now"}]},
        "versions": [_ROW],
        "withdrawn": [{"version": "0.8.0", **COMMIT, "registered": COMMIT, "number": 1}],
        "moves": [{"channel": "production", "kind": "promote", "from": None, "to": "1.0.0", **COMMIT}],
        "older": "index-2.json",
    },
    "version": {
        "$schema": "../../../schemas/api-version.schema.json",
        **_HEAD,
        "reference": "iris@1.0.0",
        "model": "iris",
        "version": "1.0.0",
        "record": _RECORD,
        "metrics": metrics_document(metrics_of("1.0.0")),
        "status": YANKED,
        "registered": COMMIT,
        "reproduced": _REPRODUCED,
        "review": review(),
        **summaries(),
        "code": ["scripts/train.py"],
        "curves": "../curves/1.0.0.json",
        "files": [
            {"name": "model.skops", "size": 11, "md5": "0" * 32, "sha256": _SHA256, "url": "1.0.0/model.skops"},
            {"name": "profile.json", "size": 12, "md5": "1" * 32, "sha256": "1" * 64, "url": None},
        ],
    },
    "curves": {
        "$schema": "../../../schemas/api-curves.schema.json",
        **_HEAD,
        "reference": "iris@1.0.0",
        "model": "iris",
        "version": "1.0.0",
        "curves": [
            {
                "title": "ROC curve",
                "x_label": "False positive rate",
                "y_label": "True positive rate",
                "start": 0,
                "end": 1,
                "x": [0, 0, 1],
                "y": [0, 0.9, 1],
            }
        ],
    },
    "channel": {
        "$schema": "../../../schemas/api-channel.schema.json",
        **_HEAD,
        "model": "iris",
        "channel": "production",
        "version": "1.0.0",
        "reference": "iris@1.0.0",
        "sha256": _SHA256,
        "since": "2026-06-01T09:30:00Z",
        "replaced": None,
        "rollback_to": None,
        "by": "Ada",
        "pull_request": None,
        "record": "../versions/1.0.0.json",
        "artifact": {**_ARTIFACT, "url": "../versions/1.0.0/model.skops"},
    },
    "audit": {
        "$schema": "schemas/api-audit.schema.json",
        **_HEAD,
        "parts": [
            {"path": "audit/2025.json", "events": 3, "from": "2025-06-01T09:30:00Z", "to": "2025-12-01T09:30:00Z"}
        ],
        "events": [
            {
                "kind": "promote",
                "model": "iris",
                "version": "1.0.0",
                "channel": "production",
                "from": None,
                "to": "1.0.0",
                "reason": None,
                "sentence": "1.0.0 was promoted to production",
                **COMMIT,
            }
        ],
    },
}
