"""A published registry on a real web server that counts what it is asked, and can be stopped and started again."""

from __future__ import annotations

import asyncio
import json
import shutil
import socket
import ssl
import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web

from mintmark.core.records import StoredFile
from mintmark.registry.clone import ClonedRegistry

PREFIX = "/models/"


def build_site(root: Path, output: Path, *, files: bool = True, store: str | None = None) -> None:
    """Write the API of the registry at `root` to `output`; with `files`, the bytes of its embedded store as well."""
    registry, api = ClonedRegistry(root), output / "api" / "v1"
    names = registry.models()
    settings = registry.read("registry", "models/registry.yaml")
    assert settings is not None
    config = {"registry": settings.data, "mintmark": "0.1.0", "store": {"url": store}}
    put(api / "config.json", {"$schema": "schemas/api-config.schema.json", "commit": None, **config})
    rows = []
    for name in names:
        index = _index(registry, name)
        put(api / f"models/{name}/index.json", index)
        for channel, move in index["channels"].items():
            put(api / f"models/{name}/channels/{channel}.json", _channel(name, channel, move))
        for version in registry.versions(name):
            put(api / f"models/{name}/versions/{version}.json", _version(registry, name, str(version), files))
            for file in registry.record(name, version).stored_files if files else ():
                place = api / f"models/{name}/versions/{version}/{file.name}"
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(root / f".dvc/store/files/md5/{file.md5[:2]}/{file.md5[2:]}", place)
        rows.append(_row(registry, index))
    put(api / "models.json", {"$schema": "schemas/api-models.schema.json", "commit": None, "models": rows})


def put(path: Path, document: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8")


def change(path: Path, edit: Callable[[dict[str, Any]], Any]) -> None:
    """Change a document in place."""
    document = json.loads(path.read_text(encoding="utf-8"))
    edit(document)
    put(path, document)


def _author(text: str) -> str:
    return text.partition(" <")[0]


def _file(file: StoredFile) -> dict[str, Any]:
    return {"path": file.name, "size": file.size, "sha256": file.sha256}


def _index(registry: ClonedRegistry, name: str) -> dict[str, Any]:
    model, targets = registry.model(name), registry.channels(name)
    channels = {
        channel: {
            "version": version,
            "reference": f"{name}@{version}",
            "sha256": registry.record(name, version).artifact.sha256,
        }
        for channel, version in targets.items()
    }
    rows, registrations = [], registry.registrations(name)
    for version in reversed(registry.versions(name)):
        record, status = registry.record(name, version), registry.status(name, version)
        rows.append(
            {
                "version": str(version),
                "created": record.created,
                "author": _author(record.author),
                "summary": record.summary,
                "artifact": _file(record.artifact),
                "metrics": record.document["metrics"],
                "yanked": None if status is None else {"reason": status.reason},
                "registered": {"time": known.time} if (known := registrations.get(str(version))) else None,
                "number": known.number if known else None,
            }
        )
    return {
        "$schema": "../../schemas/api-model.schema.json",
        "commit": None,
        "name": name,
        "model": model.document,
        "latest": str(registry.latest(name)) if registry.latest(name) else None,
        "channels": channels,
        "versions": rows,
        "older": None,
    }


def _channel(model: str, channel: str, move: dict[str, Any]) -> dict[str, Any]:
    return {"$schema": "../../../schemas/api-channel.schema.json", "model": model, "channel": channel, **move}


def _version(registry: ClonedRegistry, model: str, version: str, files: bool) -> dict[str, Any]:
    record, status = registry.record(model, version), registry.status(model, version)
    replacement = str(status.replacement) if status and status.replacement else None
    return {
        "$schema": "../../../schemas/api-version.schema.json",
        "commit": None,
        "reference": record.reference,
        "model": model,
        "version": version,
        "record": {**record.document, "author": _author(record.author)},
        "metrics": registry.metrics(model, version),
        "status": {"reason": status.reason, "replacement": replacement} if status else None,
        "files": [
            {**file.to_dict(), "name": file.name, "url": f"{version}/{file.name}" if files else None}
            for file in record.stored_files
        ],
    }


def _row(registry: ClonedRegistry, index: dict[str, Any]) -> dict[str, Any]:
    name, model = index["name"], index["model"]
    measured = index["channels"].get("production", {}).get("version") or index["latest"]
    interval = registry.record(name, measured).document["metrics"][model["metric"]["name"]] if measured else {}
    return {
        "name": name,
        "task": model["task"],
        "owners": model["owners"],
        "metric": model["metric"],
        "versions": len(index["versions"]),
        "latest": index["latest"],
        "channels": {channel: move["version"] for channel, move in index["channels"].items()},
        "measured": measured,
        **{key: interval.get(key) for key in ("value", "low", "high")},
    }


@dataclass
class Site:
    """A folder behind aiohttp, whose file responses know ETag, If-None-Match and gzip; `seen` has (path, status)."""

    folder: Path
    port: int
    seen: list[tuple[str, int]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    answer: Callable[[web.Request], web.StreamResponse | None] = lambda _: None
    tls: ssl.SSLContext | None = None
    _loop: asyncio.AbstractEventLoop | None = None
    _thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}{PREFIX}"

    @property
    def api(self) -> Path:
        return self.folder / "api" / "v1"

    def asked(self) -> list[tuple[str, int]]:
        """Return what was asked since the last time: paths below api/v1 with the status of the answer."""
        seen, self.seen, self.headers = self.seen, [], []
        return [(path.removeprefix(f"{PREFIX}api/v1/"), status) for path, status in seen]

    def start(self) -> None:
        ready = threading.Event()

        async def run() -> None:
            application = web.Application(middlewares=[self._intercept])
            application.on_response_prepare.append(self._count)
            application.router.add_static(PREFIX, self.folder)
            runner = web.AppRunner(application, shutdown_timeout=0.1)
            await runner.setup()
            await web.TCPSite(runner, "127.0.0.1", self.port, ssl_context=self.tls).start()
            self._stop = asyncio.Event()
            self._loop = asyncio.get_running_loop()
            ready.set()
            await self._stop.wait()
            await runner.cleanup()

        self._thread = threading.Thread(target=lambda: asyncio.run(run()), daemon=True)
        self._thread.start()
        assert ready.wait(10)

    def stop(self) -> None:
        if self._loop is not None and self._thread is not None:
            self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join(10)
            self._loop = None

    @property
    def _intercept(self) -> Any:
        @web.middleware
        async def intercept(
            request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
        ) -> web.StreamResponse:
            self.headers.append(dict(request.headers))
            return self.answer(request) or await handler(request)

        return intercept

    async def _count(self, request: web.Request, response: web.StreamResponse) -> None:
        self.seen.append((request.path, response.status))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def start_site(folder: Path) -> Site:
    folder.mkdir(parents=True, exist_ok=True)
    site = Site(folder, free_port())
    site.start()
    return site
