"""The gRPC server: the port that it listens on, its start in a running loop, and its orderly end."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mintmark.errors import MintmarkError

if TYPE_CHECKING:
    from mintmark.serving.grpc.service import Service
    from mintmark.serving.limits import Limits


@dataclass(frozen=True, slots=True)
class Port:
    """A port that is kept for gRPC as long as `kept` is open. gRPC opens sockets of its own on it."""

    host: str
    number: int
    kept: socket.socket


def keep_port(host: str, port: int) -> Port:
    """Keep a port of this host for gRPC, any free one for 0; raise `MintmarkError` where another program has it."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    kept = socket.socket(family)
    try:
        with socket.socket(family) as alone:  # a port that is shared with us would be free in the second attempt
            alone.bind((host, port))
            number = alone.getsockname()[1]
        kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        kept.bind((host, number))
    except (OSError, OverflowError) as error:
        kept.close()
        remedy = "choose another with --grpc-port, or --grpc-port off"
        raise MintmarkError(f"{host}:{port}: gRPC cannot listen there: {error}; {remedy}") from None
    return Port(host, number, kept)


class GrpcServer:
    """Answers calls on a port that is kept, from `start` to `stop`, both in the loop that asks the models."""

    def __init__(self, port: Port, service: Service, limits: Limits) -> None:
        self._port, self._service, self._limits = port, service, limits
        self._server: Any = None

    async def start(self) -> None:
        """Listen from now on."""
        import grpc.aio
        from grpc_reflection.v1alpha.reflection import enable_server_reflection  # type: ignore[import-untyped]

        from mintmark.serving.grpc.protocol import read_protocol

        options = [
            ("grpc.so_reuseport", 1),
            ("grpc.max_receive_message_length", 4 * self._limits.bytes),  # the service says it better up to here
            ("grpc.max_send_message_length", -1),
            ("grpc.optimization_target", "throughput"),  # fewer threads, which take turns with the interpreter
        ]
        self._server = grpc.aio.server(options=options)
        self._server.add_generic_rpc_handlers(self._service.methods())
        protocol = read_protocol()
        enable_server_reflection(tuple(protocol.methods), self._server, protocol.pool)  # it tells what is published
        host = f"[{self._port.host}]" if ":" in self._port.host else self._port.host
        self._server.add_insecure_port(f"{host}:{self._port.number}")
        await self._server.start()

    async def stop(self, seconds: float) -> None:
        """Take no further calls, and return when those under way are answered or the time is over."""
        await self._server.stop(seconds)
