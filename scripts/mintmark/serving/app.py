"""The server's face over HTTP: which address means what, limits, tokens, and how faults are answered (ASGI)."""

from __future__ import annotations

import asyncio
import json
import time
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, Final

from mintmark.serving import answers, open_inference
from mintmark.serving.beside.aside import Aside
from mintmark.serving.described import describe_all, describe_model, describe_status
from mintmark.serving.faults import RefusedError, explain
from mintmark.serving.http.exchange import BY_NAME, MLFLOW, Request, Response, Tensors
from mintmark.serving.identity import Tokens, as_header
from mintmark.serving.openapi import describe_api
from mintmark.serving.page import PAGE_FILES
from mintmark.serving.slots import NothingServedError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mintmark.serving.following.follower import Follower
    from mintmark.serving.http.exchange import Form
    from mintmark.serving.limits import Limits
    from mintmark.serving.metrics import Metrics
    from mintmark.serving.rows import BoundRows
    from mintmark.serving.served_version import Answer, ServedVersion
    from mintmark.serving.slots import Slots

_LARGE: Final = 1 << 18  # bytes; larger bodies are read in a thread, so that other requests go on


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
        request = Request.of(scope["method"], scope["path"], scope["headers"])
        try:
            response = await self._answer(request, receive)
        except Exception as error:
            response = self._explain(error, request)
        await send({"type": "http.response.start", "status": response.code, "headers": self.headers(request, response)})
        await send({"type": "http.response.body", "body": b"" if request.method == "HEAD" else response.body})
        self.count(request, response)

    def answer_whole(
        self, request: Request, body: bytes, reply: Callable[[Request, Response], object]
    ) -> asyncio.Future[Answer] | None:
        """Answer a POST whose body is here, without a task: `reply` gets the response, now or later, exactly once.

        What comes back, if anything, is to be cancelled when nobody waits for the response any more.
        """
        try:
            self._check(request)
            form = self._form(request)
            if len(body) > self.limits.bytes:
                raise self._too_large()
            answer = self._ask(request, form, self._read(request, form, body))
        except Exception as error:
            self._reply(request, self._explain(error, request), reply)
            return None
        answer.add_done_callback(partial(self._write, request, form, reply))
        return answer

    def _write(
        self,
        request: Request,
        form: Form,
        reply: Callable[[Request, Response], object],
        answer: asyncio.Future[Answer],
    ) -> None:
        try:
            if answer.cancelled():
                raise RefusedError(499, _GONE)
            response = self._written(request, form, answer.result())
        except Exception as error:
            response = self._explain(error, request)
        self._reply(request, response, reply)

    def _reply(self, request: Request, response: Response, reply: Callable[[Request, Response], object]) -> None:
        reply(request, response)
        self.count(request, response)

    def headers(self, request: Request, response: Response) -> list[tuple[bytes, bytes]]:
        """Return the headers of a response: what names the request and who answered it, and what a browser asks for."""
        named = [
            (b"content-type", response.kind),
            (b"x-request-id", as_header(request.id).encode()),
            (b"content-length", b"%d" % len(response.body)),
        ]
        if request.version is not None:
            named += request.version.headers
        origin = request.headers.get(b"origin")
        if origin in self._origins:
            named += [(b"access-control-allow-origin", origin), (b"vary", b"origin"), _EXPOSED]
        if response.headers:
            named += response.headers
        return named

    def count(self, request: Request, response: Response) -> None:
        """Count a request that is answered, and show it to what stands beside."""
        version = request.version
        model, number = (version.model, version.version) if version is not None else ("", "")
        seconds = time.perf_counter() - request.begin
        self.metrics.count(model, number, request.protocol, response.code, seconds, request.rows)
        if request.protocol != "http" and not self.aside.is_idle:
            request.status = response.code
            self.aside.record_call(request, seconds)

    def _check(self, request: Request) -> None:
        """Raise `RefusedError` for whom has no token; everybody may ask how healthy the server is."""
        if request.path not in _HEALTH:
            self._tokens.check(request.headers.get(b"authorization", b""))

    def _preflight(self, request: Request) -> Response | None:
        """Return what a browser is told that asks whether a page of another origin may ask; None for the rest."""
        if request.method != "OPTIONS" or b"access-control-request-method" not in request.headers:
            return None
        if request.headers.get(b"origin") not in self._origins:
            raise RefusedError(403, "pages of this origin may not ask; --allow-origin names those that may")
        return Response(b"", code=204, headers=_PREFLIGHT)

    # -- which address means what ------------------------------------------------------------------------------------

    async def _answer(self, request: Request, receive: Callable[[], Any]) -> Response:
        response = self._preflight(request)
        if response is not None:
            return response
        self._check(request)
        if request.method != "POST":
            return self._show(request, _parts(request.path))
        form = self._form(request)
        body = await self._receive(request, receive)
        if len(body) > _LARGE:
            rows = await asyncio.get_running_loop().run_in_executor(None, self._read, request, form, body)
        else:
            rows = self._read(request, form, body)
        return self._written(request, form, await self._ask(request, form, rows))

    def _form(self, request: Request) -> Form:
        """Return the form in which a POST asks for predictions, and note whom it asks."""
        parts = _parts(request.path)
        form: Form | None = None
        name, number = "", ""
        match parts:
            case ["v2", "models", name, "infer"]:
                form = Tensors(name)
            case ["v2", "models", name, "versions", version, "infer"]:
                form, number = Tensors(name), version
            case ["models", name, "predict"]:
                form = BY_NAME
            case ["models", name, "invocations"]:
                form = MLFLOW
            case ["invocations"]:
                name, form = self.slots.first().name, MLFLOW
        if form is None:
            self._check_method(request, parts)
            raise RefusedError(404, f"nothing is posted to {request.path[:100]}; GET /openapi.json tells all addresses")
        request.protocol = form.protocol
        self._version(request, name, number or None)
        if request.headers.get(b"content-encoding", b"identity") != b"identity":
            raise RefusedError(415, "the body is compressed; send it as it is")
        return form

    def _check_method(self, request: Request, parts: tuple[str, ...]) -> None:
        """Raise `RefusedError` for a method that means nothing at an address."""
        allowed = self._methods(parts)
        if request.method not in allowed:
            means = f"{request.method[:20]} means nothing at {request.path[:100]}"
            raise RefusedError(405, f"{means}; it takes {' and '.join(allowed)}", {"allow": ", ".join(allowed)})

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
        self._check_method(request, parts)
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

    def _read(self, request: Request, form: Form, body: bytes) -> BoundRows:
        """Return the rows that a body holds, in the loop or in a thread."""
        assert request.version is not None
        request.size = len(body)
        rows = form.read(body, request, request.version)
        if len(rows) > self.limits.rows:
            raise RefusedError(413, f"there are {len(rows):,} rows; {self.limits.rows:,} may come in one request")
        request.rows, request.bound = len(rows), rows
        return rows

    def _ask(self, request: Request, form: Form, rows: BoundRows) -> asyncio.Future[Answer]:
        """Ask the version that was found; what is logged or shadowed has all that it says."""
        assert request.version is not None
        wanted = form.probabilities or not self.aside.is_idle
        return request.version.ask(rows, probabilities=wanted, within=self.limits.seconds)

    def _written(self, request: Request, form: Form, answer: Answer) -> Response:
        assert request.version is not None
        request.answer = answer
        return form.write(answer, request, request.version)

    async def _receive(self, request: Request, receive: Callable[[], Any]) -> bytes:
        """Return the body, as far as it may go; what says that it is larger is not even read."""
        said = request.headers.get(b"content-length", b"")
        if said.isdigit() and int(said) > self.limits.bytes:
            raise self._too_large()
        message = await receive()
        body: bytes = message.get("body", b"")
        while message.get("more_body"):
            message = await receive()
            body += message.get("body", b"")
            if len(body) > self.limits.bytes:
                raise self._too_large()
        if message["type"] == "http.disconnect":
            raise RefusedError(499, _GONE)
        if len(body) > self.limits.bytes:
            raise self._too_large()
        return body

    def _too_large(self) -> RefusedError:
        return RefusedError(413, f"a request may have {self.limits.bytes:,} bytes", {"connection": "close"})

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


_GONE: Final = "the caller has gone"
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
