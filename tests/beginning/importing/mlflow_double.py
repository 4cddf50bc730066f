"""What an MLflow server answers over its REST API, as far as an import asks: for hostile answers, and where seconds count.

The real servers of three versions are asked in test_mlflow_servers.py.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass
class MlflowDouble:
    """One registered model: its versions as the server tells them, their files, and its runs."""

    name: str = "Churn model"
    description: str = "Says who will leave."
    versions: list[dict[str, Any]] = field(default_factory=list)
    aliases: dict[str, str] = field(default_factory=dict)
    files: dict[tuple[str, str], bytes] = field(default_factory=dict)
    runs: dict[str, dict[str, Any]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    headers: list[str] = field(default_factory=list)
    address: str = ""

    def add(self, version: str, mlmodel: str, files: dict[str, bytes] | None = None, **fields: Any) -> None:
        """Add a version with its files."""
        told = {"name": self.name, "version": version, "status": "READY", "creation_timestamp": 1700000000000}
        self.versions.append({**told, "run_id": f"run-{version}", "source": f"models:/m-{version}", **fields})
        self.files[version, "MLmodel"] = mlmodel.encode()
        for path, content in (files or {}).items():
            self.files[version, path] = content

    def answer(self, path: str, query: dict[str, str]) -> tuple[int, bytes]:
        """Return the status and the body of an answer."""
        verb = path.removeprefix("/api/2.0/mlflow/")
        if path == "/model-versions/get-artifact":
            content = self.files.get((query["version"], query["path"]))
            return (200, content) if content is not None else (500, b"{}")
        if path == "/get-artifact":
            content = self.files.get((query["run_id"], query["path"]))
            return (200, content) if content is not None else (404, b"{}")
        if verb.startswith("logged-models/"):
            return 200, json.dumps(
                {"model": {"info": {"name": "linear", "creation_timestamp_ms": 1700000000000}}}
            ).encode()
        if path.startswith("/ajax-api/2.0/mlflow/logged-models/"):
            content = self.files.get((path.split("/")[5], query["artifact_file_path"]))
            return (200, content) if content is not None else (404, b"{}")
        if verb == "registered-models/get" and query["name"] == self.name:
            aliases = [{"alias": alias, "version": version} for alias, version in self.aliases.items()]
            model = {"name": self.name, "description": self.description, "aliases": aliases}
            return 200, json.dumps({"registered_model": model}).encode()
        if verb == "registered-models/search":
            return 200, json.dumps({"registered_models": [{"name": self.name}]}).encode()
        if verb == "model-versions/search" and query["filter"] == f"name='{self.name}'":
            start = int(query.get("page_token", 0))
            page = {"model_versions": self.versions[start : start + 2]}
            more = {"next_page_token": str(start + 2)} if len(self.versions) > start + 2 else {}
            return 200, json.dumps({**page, **more}).encode()
        if verb == "runs/get" and query["run_id"] in self.runs:
            return 200, json.dumps({"run": self.runs[query["run_id"]]}).encode()
        return 404, b'{"error_code": "RESOURCE_DOES_NOT_EXIST"}'


@contextmanager
def serving(double: MlflowDouble) -> Iterator[MlflowDouble]:
    """Serve it for as long as the block lasts."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            double.asked.append(self.path)
            double.headers.append(self.headers.get("Authorization", ""))
            status, body = double.answer(parts.path, {key: each[0] for key, each in parse_qs(parts.query).items()})
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    double.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield double
    finally:
        server.shutdown()
        server.server_close()


def mlmodel(flavour: str, **fields: Any) -> str:
    """Return an MLmodel file of one flavour over two columns."""
    inputs = [{"type": "double", "name": "width"}, {"type": "double", "name": "length"}]
    outputs = [{"type": "tensor", "tensor-spec": {"dtype": "int64", "shape": [-1]}}]
    document = {
        "flavors": {
            flavour: fields,
            "python_function": {"python_version": "3.11.4", "loader_module": "mlflow.sklearn"},
        },
        "signature": {"inputs": json.dumps(inputs), "outputs": json.dumps(outputs), "params": None},
        "saved_input_example_info": {"artifact_path": "input_example.json", "type": "dataframe"},
    }
    return json.dumps(document)  # which is YAML too


def run(run_id: str, **info: Any) -> dict[str, Any]:
    """Return a run with parameters, metrics and the data that it had."""
    return {
        "info": {"run_id": run_id, "lifecycle_stage": "active", "start_time": 1699999000000, **info},
        "data": {
            "params": [{"key": "C", "value": "0.1"}],
            "metrics": [{"key": "roc_auc", "value": 0.91}, {"key": "loss", "value": None}, {"key": "lift", "value": 3}],
            "tags": [{"key": "team", "value": "credit"}],
        },
        "inputs": {"dataset_inputs": [{"dataset": {"name": "clients", "digest": "ab12", "source": "s3://x/y"}}]},
    }
