"""What the server answers over gRPC: the protocol's methods, limits, tokens, and how faults are told."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

import grpc
from google.protobuf.message import DecodeError

from mintmark.core.signature.inputs import InputFault
from mintmark.serving import open_inference
from mintmark.serving.beside.aside import Aside
from mintmark.serving.faults import RefusedError, explain
from mintmark.serving.grpc.contents import read_tensors, write_tensors
from mintmark.serving.grpc.protocol import read_protocol
from mintmark.serving.identity import Tokens, as_header, check_id, request_id
from mintmark.serving.slots import NothingServedError
from mintmark.serving.tensors import bind

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from mintmark.serving.limits import Limits
    from mintmark.serving.metrics import Metrics
    from mintmark.serving.rows import BoundRows
    from mintmark.serving.served_version import Answer, ServedVersion
    from mintmark.serving.slots import Slot, Slots

SERVICE: Final = "inference.GRPCInferenceService"
HEALTH: Final = "grpc.health.v1.Health"
_OPEN: Final = frozenset({"ServerLive", "ServerReady", "Check"})  # everybody may ask how healthy it is
_LARGE: Final = 1 << 18  # bytes; larger messages are read in a thread, so that other requests go on
_LONGEST: Final = 4000  # bytes of a fault's message; clients refuse headers of 8 KiB and say nothing of the fault then
_GONE: Final = 499
_CODES: Final[Mapping[int, grpc.StatusCode]] = {
    400: grpc.StatusCode.INVALID_ARGUMENT,
    401: grpc.StatusCode.UNAUTHENTICATED,
    404: grpc.StatusCode.NOT_FOUND,
    413: grpc.StatusCode.RESOURCE_EXHAUSTED,
    429: grpc.StatusCode.RESOURCE_EXHAUSTED,
    500: grpc.StatusCode.INTERNAL,
    503: grpc.StatusCode.UNAVAILABLE,
    504: grpc.StatusCode.DEADLINE_EXCEEDED,
}


@dataclass(slots=True)
class Call:
    """One call as it came, and what is found out about it on the way."""

    context: Any
    id: str
    version: ServedVersion | None = None
    rows: int = 0
    slot: Slot | None = None
    bound: BoundRows | None = None
    answer: Answer | None = None
    size: int = 0
    status: int = 200  # as HTTP has it
    error: str = ""
    begin: float = field(default_factory=time.perf_counter)


class Service:
    """Answers calls about what is in `slots`; `is_ready` says whether the server is."""

    def __init__(
        self,
        slots: Slots,
        metrics: Metrics,
        *,
        limits: Limits,
        tokens: tuple[str, ...],
        is_ready: Callable[[], bool],
        aside: Aside | None = None,
    ) -> None:
        self._aside = aside or Aside()
        self._slots, self._metrics, self._limits, self._is_ready = slots, metrics, limits, is_ready
        self._tokens = Tokens(tokens)
        self._messages = read_protocol().messages

    def methods(self) -> list[grpc.GenericRpcHandler]:
        """Return what a server of grpc.aio answers with, by service and method."""
        answers: dict[str, Callable[[Call, Any], Awaitable[Any]]] = {
            "ServerLive": self._server_live,
            "ServerReady": self._server_ready,
            "ModelReady": self._model_ready,
            "ServerMetadata": self._server_metadata,
            "ModelMetadata": self._model_metadata,
            "ModelInfer": self._infer,
            "Check": self._check_health,
        }
        found = []
        for service, names in read_protocol().methods.items():
            methods = {name: grpc.unary_unary_rpc_method_handler(self._method(name, answers[name])) for name in names}
            found.append(grpc.method_handlers_generic_handler(service, methods))
        return found

    def _method(self, name: str, answer: Callable[[Call, Any], Awaitable[Any]]) -> Callable[[bytes, Any], Any]:
        """Return a method that takes and returns bytes, names what answered, and counts."""
        wanted = self._messages["HealthCheckRequest" if name == "Check" else f"{name}Request"]
        needs_token = bool(self._tokens) and name not in _OPEN

        async def answered(data: bytes, context: Any) -> bytes:
            told = dict(context.invocation_metadata() or ())
            call = Call(context, request_id(told.get("x-request-id", "")))
            code = grpc.StatusCode.OK
            try:
                if needs_token:
                    self._tokens.check(_as_bytes(told.get("authorization", b"")))
                given: bytes = (await answer(call, await self._parse(wanted, data))).SerializeToString()
            except asyncio.CancelledError:
                code, call.status, call.error = grpc.StatusCode.CANCELLED, _GONE, "the caller has gone"
                raise
            except Exception as error:
                code, given = _refuse(call, error), b""
            finally:
                self._count(call, code)
                if name == "ModelInfer" and not self._aside.is_idle:
                    self._aside.record_call(call, time.perf_counter() - call.begin)
            context.set_trailing_metadata(_named(call, code))
            return given

        return answered

    async def _parse(self, wanted: Any, data: bytes) -> Any:
        most = self._limits.bytes
        if len(data) > most:
            raise RefusedError(413, f"the message has {len(data):,} bytes; {most:,} may come in one request")
        try:
            return wanted.FromString(data)
        except DecodeError:
            raise InputFault([f"the message is no {wanted.DESCRIPTOR.full_name}"]) from None

    def _count(self, call: Call, code: grpc.StatusCode) -> None:
        version = call.version
        model, number = (version.model, version.version) if version is not None else ("", "")
        self._metrics.count(model, number, "grpc", code.name, time.perf_counter() - call.begin, call.rows)

    # -- the methods -------------------------------------------------------------------------------------------------

    async def _server_live(self, call: Call, request: Any) -> Any:  # noqa: ARG002 - all methods are called alike
        return self._messages["ServerLiveResponse"](live=True)

    async def _server_ready(self, call: Call, request: Any) -> Any:  # noqa: ARG002
        return self._messages["ServerReadyResponse"](ready=self._is_ready())

    async def _check_health(self, call: Call, request: Any) -> Any:  # noqa: ARG002
        if request.service not in ("", SERVICE):
            raise RefusedError(404, f"there is no service {json.dumps(request.service)[:100]}; there is {SERVICE}")
        return self._messages["HealthCheckResponse"](status="SERVING" if self._is_ready() else "NOT_SERVING")

    async def _model_ready(self, call: Call, request: Any) -> Any:
        try:
            self._version(call, request.name, request.version)
        except NothingServedError:
            return self._messages["ModelReadyResponse"](ready=False)
        return self._messages["ModelReadyResponse"](ready=True)

    async def _server_metadata(self, call: Call, request: Any) -> Any:  # noqa: ARG002
        return self._messages["ServerMetadataResponse"](name="mintmark", version=open_inference.VERSION)

    async def _model_metadata(self, call: Call, request: Any) -> Any:
        version = self._version(call, request.name, request.version)
        about = open_inference.describe(version, request.name)
        for tensor in (*about["inputs"], *about["outputs"]):
            tensor.pop("parameters", None)
        classes = {"classes": json.dumps(version.classes, ensure_ascii=False)} if version.classes else {}
        return self._messages["ModelMetadataResponse"](**about, properties={"commit": version.commit, **classes})

    async def _infer(self, call: Call, request: Any) -> Any:
        call.size = request.ByteSize()
        version = self._version(call, request.model_name, request.model_version)
        call.id = check_id(request.id) or call.id
        wanted = open_inference.check_outputs([output.name for output in request.outputs], version)
        rows = await self._read(request, version)
        call.rows = len(rows)
        if len(rows) > self._limits.rows:
            raise RefusedError(413, f"there are {len(rows):,} rows; {self._limits.rows:,} may come in one request")
        call.bound = rows
        everything = not self._aside.is_idle  # what is logged or shadowed has all that the model says
        answer = call.answer = await version.ask(
            rows,
            probabilities=everything or "probabilities" in wanted,
            within=self._limits.seconds,
            comes_alone=True,
        )
        assert answer.outputs is not None
        tensors = [answer.outputs.tensor(name, answer.start, len(answer.predictions)) for name in wanted]
        outputs, raw = write_tensors(tensors, raw=bool(request.raw_input_contents))
        return self._messages["ModelInferResponse"](
            model_name=request.model_name,
            model_version=version.version,
            id=call.id,
            parameters={"commit": {"string_param": version.commit}},
            outputs=outputs,
            raw_output_contents=raw,
        )

    def _version(self, call: Call, name: str, version: str) -> ServedVersion:
        """Return the version that answers, once: nothing of the call asks another."""
        call.slot = self._slots.find(name, version or None)
        found = call.version = call.slot.require()
        return found

    async def _read(self, request: Any, version: ServedVersion) -> BoundRows:
        def read() -> BoundRows:
            return bind(read_tensors(request), version.binding)

        if request.ByteSize() > _LARGE:
            return await asyncio.get_running_loop().run_in_executor(None, read)
        return read()


def _refuse(call: Call, error: Exception) -> grpc.StatusCode:
    """Tell a caller of a fault, and return its status."""
    told = explain(error, call.version)
    call.status, call.error = told.code, told.message
    code = _CODES.get(told.code, grpc.StatusCode.INTERNAL)
    call.context.set_code(code)
    call.context.set_details(_shorten(told.message))
    return code


def _shorten(message: str) -> str:
    """Return as much of a message as a header holds, in which gRPC writes each byte beyond ASCII as three."""
    while (size := len(quote(message, safe=_PLAIN))) > _LONGEST:
        message = message[: len(message) * _LONGEST // size - 1] + "…"
    return message


_PLAIN: Final = "".join(chr(code) for code in range(0x20, 0x7F) if chr(code) != "%")


def _named(call: Call, code: grpc.StatusCode) -> tuple[tuple[str, str], ...]:
    """Return the trailing metadata of an answer: the request, what answered, and whether to come again."""
    named = [("x-request-id", as_header(call.id))]
    if call.version is not None:
        named += [("x-model", call.version.model), ("x-model-version", call.version.version)]
    if code is grpc.StatusCode.UNAVAILABLE or code is grpc.StatusCode.RESOURCE_EXHAUSTED:
        named.append(("grpc-retry-pushback-ms", "1000"))
    return tuple(named)


def _as_bytes(value: str | bytes) -> bytes:
    return value if isinstance(value, bytes) else value.encode()
