"""The server's face over HTTP: which address means what, limits, tokens, and how faults are answered (ASGI)."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, Final

from mintmark.serving import answers, open_inference
from mintmark.serving.beside.aside import Aside
from mintmark.serving.described import describe_all, describe_model, describe_status
from mintmark.serving.faults import RefusedError, explain
from mintmark.serving.identity import Tokens, as_header, request_id
from mintmark.serving.openapi import describe_api
from mintmark.serving.page import PAGE_FILES
from mintmark.serving.requests import read_csv, read_invocation, read_rows
from mintmark.serving.slots import NothingServedError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from mintmark.serving.following.follower import Follower
    from mintmark.serving.limits import Limits
    from mintmark.serving.metrics import Metrics
    from mintmark.serving.rows import Binding, BoundRows
    from mintmark.serving.served_version import Answer, ServedVersion
    from mintmark.serving.slots import Slot, Slots

_JSON: Final = b"application/json"
_LARGE: Final = 1 << 18  # bytes; larger bodies are read in a thread, so that other requests go on


@dataclass(slots=True)
class Request:
    """One request as it came, and what is found out about it on the way."""

    method: str
    path: str
    headers: Mapping[bytes, bytes]
    id: str
    protocol: str = "http"
    version: ServedVersion | None = None
    rows: int = 0
    size: int = 0
    slot: Slot | None = None
    bound: BoundRows | None = None
    answer: Answer | None = None
    status: int = 200
    error: str = ""


@dataclass(frozen=True, slots=True)
class Response:
    """A status, a body and what kind it is; `headers` are further ones."""

    body: bytes
    kind: bytes = _JSON
    code: int = 200
    headers: tuple[tuple[bytes, bytes], ...] = ()


class App:
    """Answers requests about what is in `slots`.

    `tokens` are the ones of which a caller has to show one, if any, and `origins` those whose pages may ask from a
    browser (CORS).
    """

    def __init__(
        self,
        slots: Slots,
        follower: Follower,
        metrics: Metrics,
        *,
        limits: Limits,
        tokens: tuple[str, ...] = (),
        origins: tuple[str, ...] = (),
        aside: Aside | None = None,
    ) -> None:
        self.slots, self.follower, self.metrics, self.limits = slots, follower, metrics, limits
        self.aside = aside or Aside()
        self.stopping = False
        self._tokens = Tokens(tokens)
        self._origins = frozenset(origin.encode() for origin in origins)
        self._shown = self._addresses()

    async def __call__(self, scope: dict[str, Any], receive: Callable[[], Any], send: Callable[[Any], Any]) -> None:
        """Answer one connection's request, as ASGI asks it."""
        if scope["type"] != "http":
            raise NotImplementedError(scope["type"])
        begin = time.perf_counter()
        headers = dict(scope["headers"])
        given = headers.get(b"x-request-id", b"").decode("latin-1")
        request = Request(
            method=scope["method"],
            path=scope["path"],
            headers=headers,
            id=request_id(given),
        )
        try:
            response = self._preflight(request)
            if response is None:
                if request.path not in _HEALTH:  # everybody may ask how healthy it is
                    self._tokens.check(headers.get(b"authorization", b""))
                response = await self._answer(request, receive)
        except Exception as error:
            response = self._explain(error, request)
        version = request.version
        named = [
            (b"content-type", response.kind),
            (b"x-request-id", as_header(request.id).encode()),
            (b"content-length", b"%d" % len(response.body)),
        ]
        if version is not None:
            named += [(b"x-model", version.model.encode()), (b"x-model-version", version.version.encode())]
        if headers.get(b"origin") in self._origins:
            named += [(b"access-control-allow-origin", headers[b"origin"]), (b"vary", b"origin"), _EXPOSED]
        await send({"type": "http.response.start", "status": response.code, "headers": [*named, *response.headers]})
        await send({"type": "http.response.body", "body": b"" if request.method == "HEAD" else response.body})
        model, number = (version.model, version.version) if version is not None else ("", "")
        seconds = time.perf_counter() - begin
        self.metrics.count(model, number, request.protocol, response.code, seconds, request.rows)
        if request.protocol != "http" and not self.aside.is_idle:
            request.status = response.code
            self.aside.record_call(request, seconds)

    def _preflight(self, request: Request) -> Response | None:
        """Return what a browser is told that asks whether a page of another origin may ask; None for the rest."""
        if request.method != "OPTIONS" or b"access-control-request-method" not in request.headers:
            return None
        if request.headers.get(b"origin") not in self._origins:
            raise RefusedError(403, "pages of this origin may not ask; --allow-origin names those that may")
        return Response(b"", code=204, headers=_PREFLIGHT)

    # -- which address means what ------------------------------------------------------------------------------------

    async def _answer(self, request: Request, receive: Callable[[], Any]) -> Response:
        parts = _parts(request.path)
        if request.method == "POST":
            match parts:
                case ["v2", "models", name, "infer"]:
                    return await self._infer(request, receive, name, None)
                case ["v2", "models", name, "versions", version, "infer"]:
                    return await self._infer(request, receive, name, version)
                case ["models", name, "predict"]:
                    return await self._predict(request, receive, name)
                case ["models", name, "invocations"]:
                    return await self._invoke(request, receive, name)
                case ["invocations"]:
                    return await self._invoke(request, receive, self.slots.first().name)
        allowed = self._methods(parts)
        if request.method not in allowed:
            means = f"{request.method[:20]} means nothing at {request.path[:100]}"
            raise RefusedError(405, f"{means}; it takes {' and '.join(allowed)}", {"allow": ", ".join(allowed)})
        if request.method != "POST":
            return self._show(request, parts)
        raise RefusedError(404, f"nothing is posted to {request.path[:100]}; GET /openapi.json tells all addresses")

    def _methods(self, parts: tuple[str, ...]) -> tuple[str, ...]:
        """Return the methods that an address takes; all where there is no such address, which then is not found."""
        match parts:
            case ["models", _, "predict" | "invocations"] | ["invocations"]:
                return ("POST",)
            case ["v2", "models", _, "infer"] | ["v2", "models", _, "versions", _, "infer"]:
                return ("POST",)
            case ["models", _] | ["page", _] | ["v2", "models", _, *_]:
                return ("GET", "HEAD")
        return ("GET", "HEAD") if "/".join(parts) in self._shown else ("GET", "HEAD", "POST")

    def _show(self, request: Request, parts: tuple[str, ...]) -> Response:
        shown = self._shown.get("/".join(parts))
        if shown is not None:
            return shown()
        if parts[:1] == ("page",) and len(parts) == 2 and parts[1] in PAGE_FILES:
            return _page(parts[1])
        match parts:
            case ["models", name]:
                return _json(describe_model(self._version(request, name)))
            case ["v2", "models", name, *rest]:
                return self._show_v2(request, name, rest)
        raise RefusedError(404, f"there is nothing at {request.path[:100]}; GET / shows what is served")

    def _show_v2(self, request: Request, name: str, rest: Sequence[str]) -> Response:
        match rest:
            case [] | ["versions", _]:
                return _json(open_inference.describe(self._version(request, name, *rest[1:]), name))
            case ["ready"] | ["versions", _, "ready"]:
                return self._model_ready(request, name, rest[1] if len(rest) > 1 else None)
        raise RefusedError(404, f"there is nothing at {request.path[:100]}; GET /v2/models/{name} says what it takes")

    def _addresses(self) -> dict[str, Callable[[], Response]]:
        """Return what is shown at each address that names no model."""
        live = partial(Response, b'{"live":true}')
        return {
            "": partial(_page, "index.html"),
            **dict.fromkeys(("live", "v2/health/live"), live),
            **dict.fromkeys(("ready", "v2/health/ready", "ping", "health"), self._ready),
            "metrics": lambda: Response(self.metrics.text(), b"text/plain; version=0.0.4; charset=utf-8"),
            "version": lambda: Response(open_inference.VERSION.encode(), b"text/plain; charset=utf-8"),
            "status": lambda: _json(describe_status(self.slots, self.follower, self.metrics)),
            "openapi.json": lambda: _json(describe_api(self.slots, self.limits, needs_token=bool(self._tokens))),
            "models": lambda: _json(describe_all(self.slots)),
            "v2": lambda: _json(open_inference.SERVER),
        }

    def _ready(self) -> Response:
        is_ready = self.slots.is_ready and not self.stopping
        status = describe_status(self.slots, self.follower, self.metrics)
        return _json({"ready": is_ready, "stopping": self.stopping, **status}, 200 if is_ready else 503)

    def _model_ready(self, request: Request, name: str, version: str | None) -> Response:
        try:
            self._version(request, name, version)
        except NothingServedError as error:
            return _json({"ready": False, "error": str(error)}, 503)
        return _json({"ready": True})

    def _version(self, request: Request, name: str, version: str | None = None) -> ServedVersion:
        """Return the version that answers, once: nothing of the request asks another."""
        request.slot = self.slots.find(name, version)
        found = request.version = request.slot.require()
        return found

    # -- predictions -------------------------------------------------------------------------------------------------

    async def _predict(self, request: Request, receive: Callable[[], Any], name: str) -> Response:
        request.protocol = "rows"
        version, answer = await self._ask_rows(request, receive, name, read_rows, probabilities=True)
        return Response(answers.by_name(answer, version, request.id))

    async def _invoke(self, request: Request, receive: Callable[[], Any], name: str) -> Response:
        request.protocol = "mlflow"
        version, answer = await self._ask_rows(request, receive, name, read_invocation, probabilities=False)
        return Response(answers.as_mlflow(answer, version, request.id))

    async def _ask_rows(
        self,
        request: Request,
        receive: Callable[[], Any],
        name: str,
        read_json: Callable[[bytes, Binding], BoundRows],
        *,
        probabilities: bool,
    ) -> tuple[ServedVersion, Answer]:
        """Return who answers the rows of a body, in CSV or in a form of JSON, and the answer."""
        version = self._version(request, name)
        read = read_csv if _media_type(request) == b"text/csv" else read_json
        rows = await self._read(request, receive, lambda body: read(body, version.binding))
        return version, await self._ask(request, rows, probabilities=probabilities)

    async def _infer(self, request: Request, receive: Callable[[], Any], name: str, number: str | None) -> Response:
        request.protocol = "v2"
        version = self._version(request, name, number)
        length = request.headers.get(open_inference.LENGTH)
        asked: list[open_inference.Inference] = []

        def read(body: bytes) -> BoundRows:
            asked.append(open_inference.read_inference(body, length, version))
            return asked[0].rows

        rows = await self._read(request, receive, read)
        request.id = asked[0].id or request.id
        answer = await self._ask(request, rows, probabilities="probabilities" in asked[0].outputs)
        body, head = answers.as_tensors(answer, version, request.id, asked[0].outputs, name)
        if head is None:
            return Response(body)
        return Response(body, b"application/octet-stream", headers=((open_inference.LENGTH, str(head).encode()),))

    async def _read(
        self, request: Request, receive: Callable[[], Any], parse: Callable[[bytes], BoundRows]
    ) -> BoundRows:
        body = await self._receive(request, receive)
        request.size = len(body)
        if len(body) > _LARGE:
            rows = await asyncio.get_running_loop().run_in_executor(None, parse, body)
        else:
            rows = parse(body)
        if len(rows) > self.limits.rows:
            raise RefusedError(413, f"there are {len(rows):,} rows; {self.limits.rows:,} may come in one request")
        request.rows, request.bound = len(rows), rows
        return rows

    async def _receive(self, request: Request, receive: Callable[[], Any]) -> bytes:
        """Return the body, as far as it may go; what says that it is larger is not even read."""
        said = request.headers.get(b"content-length", b"")
        if said.isdigit() and int(said) > self.limits.bytes:
            raise self._too_large()
        if request.headers.get(b"content-encoding", b"identity") != b"identity":
            raise RefusedError(415, "the body is compressed; send it as it is")
        message = await receive()
        body: bytes = message.get("body", b"")
        while message.get("more_body"):
            message = await receive()
            body += message.get("body", b"")
            if len(body) > self.limits.bytes:
                raise self._too_large()
        if message["type"] == "http.disconnect":
            raise RefusedError(499, "the caller has gone")
        if len(body) > self.limits.bytes:
            raise self._too_large()
        return body

    def _too_large(self) -> RefusedError:
        return RefusedError(413, f"a request may have {self.limits.bytes:,} bytes", {"connection": "close"})

    async def _ask(self, request: Request, rows: BoundRows, *, probabilities: bool) -> Answer:
        """Return the answer of the version that was found; what is logged or shadowed has all that it says."""
        assert request.version is not None
        wanted = probabilities or not self.aside.is_idle
        request.answer = await request.version.ask(rows, probabilities=wanted, within=self.limits.seconds)
        return request.answer

    # -- faults ------------------------------------------------------------------------------------------------------

    def _explain(self, error: Exception, request: Request) -> Response:
        """Return what a caller is told of a fault."""
        version = request.version
        told = explain(error, version)
        request.error = told.message
        about: dict[str, Any] = {"error": told.message, "id": request.id}
        if version is not None:
            about |= {"model": version.model, "version": version.version}
        if told.columns is not None:
            about["columns"] = list(told.columns)
        extra = tuple((name.encode(), value.encode()) for name, value in told.headers.items())
        return Response(answers.format_json(about), code=told.code, headers=extra)


_EXPOSED: Final = (b"access-control-expose-headers", b"x-model, x-model-version, x-request-id")
_PREFLIGHT: Final = (
    (b"access-control-allow-methods", b"GET, POST"),
    (b"access-control-allow-headers", b"authorization, content-type, x-request-id"),
    (b"access-control-max-age", b"600"),
)
_HEALTH: Final = frozenset({"/live", "/ready", "/v2/health/live", "/v2/health/ready", "/ping", "/health"})


@lru_cache(maxsize=256)
def _parts(path: str) -> tuple[str, ...]:
    return tuple(part for part in path.split("/") if part)


def _page(name: str) -> Response:
    file = PAGE_FILES[name]
    return Response(file.content, file.kind, headers=file.headers)


def _json(value: Any, code: int = 200) -> Response:
    return Response(json.dumps(value, ensure_ascii=False, allow_nan=False).encode(), code=code)


def _media_type(request: Request) -> bytes:
    return request.headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
