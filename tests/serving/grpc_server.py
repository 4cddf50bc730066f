"""A gRPC server in this process, in a loop of its own thread, and a client that knows no generated code."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any, NamedTuple, cast

import grpc

from mintmark.core.reference import parse_reference
from mintmark.serving.following.follower import Follower
from mintmark.serving.grpc.protocol import read_protocol
from mintmark.serving.grpc.server import GrpcServer, keep_port
from mintmark.serving.grpc.service import Service
from mintmark.serving.limits import Limits
from mintmark.serving.metrics import Metrics
from mintmark.serving.served_version import ServedVersion
from mintmark.serving.slots import Slots


class Told(NamedTuple):
    """How a call ended."""

    code: grpc.StatusCode
    words: str
    metadata: dict[str, str]
    answer: Any = None


class Client:
    """Asks a server by the name of a method."""

    def __init__(self, port: int) -> None:
        self.channel = grpc.insecure_channel(f"127.0.0.1:{port}", [("grpc.max_receive_message_length", -1)])

    def ask(self, method: str, message: Any = None, *, timeout: float = 30, **headers: str) -> Told:
        """Ask with a message, the fields of one, or bytes."""
        messages = read_protocol().messages
        name = {"Check": "HealthCheck"}.get(method, method)
        service = "grpc.health.v1.Health" if method == "Check" else "inference.GRPCInferenceService"
        data = message
        if not isinstance(data, bytes):
            data = messages[f"{name}Request"](**(message or {})).SerializeToString()
        call = self.channel.unary_unary(f"/{service}/{method}")
        metadata = [(name.replace("_", "-"), value) for name, value in headers.items()]
        try:
            given, done = call.with_call(data, timeout=timeout, metadata=metadata)
        except grpc.RpcError as error:
            return Told(error.code(), error.details(), dict(error.trailing_metadata() or ()))
        answer = messages[f"{name}Response"].FromString(given)
        return Told(done.code(), "", dict(done.trailing_metadata()), answer)


class Here(NamedTuple):
    """A server that runs in this process."""

    client: Client
    port: int
    slots: Slots
    metrics: Metrics
    state: SimpleNamespace
    server: GrpcServer
    loop: asyncio.AbstractEventLoop

    def counted(self) -> set[str]:
        """How requests ended, as the metrics say."""
        lines = self.metrics.text().decode().splitlines()
        return {
            line.partition('code="')[2].partition('"')[0]
            for line in lines
            if line.startswith("mintmark_requests_total")
        }


@contextmanager
def serving_here(
    version: ServedVersion | None, limits: Limits | None = None, tokens: tuple[str, ...] = ()
) -> Iterator[Here]:
    """Serve a version in production of its model until the block ends."""
    slots = Slots([parse_reference(f"{version.model if version else 'people'}@production")])
    if version is not None:
        for slot in slots:
            slot.swap(version)
    metrics = Metrics(slots, cast("Follower", SimpleNamespace(unreachable="")))
    state = SimpleNamespace(ready=True)
    limits = limits or Limits()
    service = Service(slots, metrics, limits=limits, tokens=tokens, is_ready=lambda: state.ready)
    port = keep_port("127.0.0.1", 0)
    server = GrpcServer(port, service, limits)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        asyncio.run_coroutine_threadsafe(server.start(), loop).result(30)
        client = Client(port.number)
        yield Here(client, port.number, slots, metrics, state, server, loop)
        client.channel.close()
    finally:
        asyncio.run_coroutine_threadsafe(server.stop(5), loop).result(30)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
        port.kept.close()
