"""A request over HTTP, its response, and the forms in which predictions are asked and answered. Knows no server."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from mintmark.serving import answers, open_inference
from mintmark.serving.identity import request_id
from mintmark.serving.requests import read_csv, read_invocation, read_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from mintmark.serving.rows import Binding, BoundRows
    from mintmark.serving.served_version import Answer, ServedVersion
    from mintmark.serving.slots import Slot

JSON: Final = b"application/json"


@dataclass(slots=True)
class Request:
    """One request as it came, and what is found out about it on the way."""

    method: str
    path: str
    headers: Mapping[bytes, bytes]
    id: str
    begin: float
    protocol: str = "http"
    version: ServedVersion | None = None
    rows: int = 0
    size: int = 0
    slot: Slot | None = None
    bound: BoundRows | None = None
    answer: Answer | None = None
    status: int = 200
    error: str = ""

    @classmethod
    def of(cls, method: str, path: str, headers: Iterable[tuple[bytes, bytes]]) -> Request:
        """Return a request that comes now, under the id that it brings or a new one."""
        named = dict(headers)
        given = named.get(b"x-request-id", b"").decode("latin-1")
        return cls(method, path, named, request_id(given), time.perf_counter())


@dataclass(frozen=True, slots=True)
class Response:
    """A status, a body and what kind it is; `headers` are further ones."""

    body: bytes
    kind: bytes = JSON
    code: int = 200
    headers: tuple[tuple[bytes, bytes], ...] = ()


class Form(Protocol):
    """A form in which predictions are asked and answered."""

    @property
    def protocol(self) -> str:
        """Its name in metrics."""

    @property
    def probabilities(self) -> bool:
        """Whether they are wanted too; known once the body is read."""

    def read(self, body: bytes, request: Request, version: ServedVersion) -> BoundRows:
        """Return the rows of a body; raise `InputFault`."""

    def write(self, answer: Answer, request: Request, version: ServedVersion) -> Response:
        """Return the response with an answer."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows in CSV or in a form of JSON, which `read_json` reads and `answer` answers."""

    protocol: str
    probabilities: bool
    read_json: Callable[[bytes, Binding], BoundRows]
    answer: Callable[[Answer, ServedVersion, str], bytes]

    def read(self, body: bytes, request: Request, version: ServedVersion) -> BoundRows:
        """See `Form`."""
        media = request.headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
        return (read_csv if media == b"text/csv" else self.read_json)(body, version.binding)

    def write(self, answer: Answer, request: Request, version: ServedVersion) -> Response:
        """See `Form`."""
        return Response(self.answer(answer, version, request.id))


BY_NAME: Final = Rows("rows", True, read_rows, answers.by_name)
MLFLOW: Final = Rows("mlflow", False, read_invocation, answers.as_mlflow)


class Tensors:
    """The Open Inference Protocol; which outputs are wanted is found in the body. `name` is the name that was asked."""

    protocol = "v2"
    __slots__ = ("_name", "_outputs", "probabilities")

    def __init__(self, name: str) -> None:
        self._name = name
        self._outputs: Mapping[str, bool] = {}
        self.probabilities = False

    def read(self, body: bytes, request: Request, version: ServedVersion) -> BoundRows:
        """See `Form`."""
        asked = open_inference.read_inference(body, request.headers.get(open_inference.LENGTH), version)
        request.id = asked.id or request.id
        self._outputs = asked.outputs
        self.probabilities = "probabilities" in asked.outputs
        return asked.rows

    def write(self, answer: Answer, request: Request, version: ServedVersion) -> Response:
        """See `Form`."""
        body, head = answers.as_tensors(answer, version, request.id, self._outputs, self._name)
        if head is None:
            return Response(body)
        return Response(body, b"application/octet-stream", headers=((open_inference.LENGTH, str(head).encode()),))
