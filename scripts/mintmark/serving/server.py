"""Run the server: its loop, the thread that follows the registry, and an orderly end."""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import signal
import sys
import threading
import traceback
import warnings
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import uvicorn

from mintmark.errors import MintmarkError, UsageError
from mintmark.registry.reading import as_reference
from mintmark.serving.app import App
from mintmark.serving.beside.aside import Aside
from mintmark.serving.following.follower import Follower
from mintmark.serving.following.sources import SharedSource, open_source
from mintmark.serving.grpc.server import GrpcServer
from mintmark.serving.http.protocol import HttpProtocol
from mintmark.serving.limits import Limits
from mintmark.serving.log.journal import Journal
from mintmark.serving.log.personal import check_needs_no_key
from mintmark.serving.metrics import Metrics
from mintmark.serving.processes.handed import Handed
from mintmark.serving.slots import Slots

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Mapping

    from mintmark.artifacts.confined.fork_server import ForkServer
    from mintmark.core.model import Treatment
    from mintmark.core.reference import Reference
    from mintmark.registry.reading import Registry
    from mintmark.serving.grpc.server import Port

_ENDS: Final = 30  # seconds that requests under way may take when the server stops


@dataclass(frozen=True, kw_only=True, slots=True)
class Options:
    """How to serve; `references` are followed in `registry`, all models' last channels where there is none."""

    registry: Path | str
    references: tuple[str, ...] = ()
    every: float = 10.0
    host: str = "127.0.0.1"
    port: int = 8080
    drain: float = 0.0
    tokens: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()
    limits: Limits = field(default_factory=Limits)
    shadows: tuple[str, ...] = ()
    log: str | None = None
    log_key: bytes | None = None
    log_sample: float = 1.0


class Serving:
    """Everything of one server process. What is new proves itself in a fork of `fork_server`, where there is one."""

    def __init__(self, options: Options, fork_server: ForkServer | None = None) -> None:
        self.options, self._fork_server = options, fork_server
        source = SharedSource(open_source(options.registry))
        self.slots = Slots([_followed(text) for text in options.references])
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="predict")
        self.follower = self._follower(source, self.slots, discover=None if options.references else last_channels)
        self.metrics = Metrics(self.slots, self.follower)
        self._shadows = Slots([_followed(text) for text in options.shadows])
        self._open_aside(source)
        self.app = App(
            self.slots,
            self.follower,
            self.metrics,
            limits=options.limits,
            tokens=options.tokens,
            origins=options.origins,
            aside=self.aside,
        )

    def _open_aside(self, source: SharedSource) -> None:
        """Open the log, and follow the shadows: beside what is served, so that they hold up nothing of it."""
        options, journal = self.options, None
        if options.log is not None:
            if options.log_key is None:
                check_needs_no_key(source, [slot.model for slot in (*self.slots, *self._shadows)])
            journal = Journal(
                options.log, personal=self._personal, tell=tell, key=options.log_key, sample=options.log_sample
            )
        self.aside = Aside(journal, self._shadows)
        self.metrics.add(self.aside, is_shared=True)
        self._shadow_follower = self._follower(source, self._shadows)

    def _follower(
        self, source: SharedSource, slots: Slots, discover: Callable[[Registry], list[Reference]] | None = None
    ) -> Follower:
        return Follower(
            source,
            slots,
            every=self.options.every,
            executor=self._executor,
            waiting=self.options.limits.waiting,
            tell=tell,
            discover=discover,
            fork_server=self._fork_server,
        )

    def _personal(self, model: str) -> Mapping[str, Treatment] | None:
        """Return what model.yaml says of personal inputs, None as long as it was not read."""
        slots = (slot for slot in (*self.slots, *self._shadows) if slot.model == model)
        return next((slot.personal for slot in slots if slot.personal is not None), None)

    def close(self) -> None:
        """Give the log to whoever writes it, as this process does not."""
        if self.aside.journal is not None:
            self.aside.journal.close()

    def check(self) -> bool:
        """Load and prove what is to be served, once; False where something is not ready."""
        self._start_up()
        return self.slots.is_ready and not any(slot.fault for slot in self.slots)

    def run(self, listening: socket.socket, grpc_port: Port | None, *, is_one_of_several: bool = False) -> None:
        """Answer until SIGTERM or SIGINT: then be unready, end what has begun, and return.

        One of several processes does not listen itself: it is given the socket over which it gets its connections,
        and takes the first one when it is ready. The others answer until then.
        """
        logging.basicConfig(handlers=[_AsEvents()], level=logging.WARNING, force=True)
        config = uvicorn.Config(
            self.app,
            loop="uvloop",
            http=partial(HttpProtocol, self.app),  # type: ignore[arg-type]
            proxy_headers=False,
            lifespan="off",
            access_log=False,
            log_config=None,
            server_header=False,
            timeout_graceful_shutdown=_ENDS,
        )
        channel = listening if is_one_of_several else None
        server = _Server(config, self.app, self.options.drain, self._grpc_server(grpc_port), channel)
        if is_one_of_several:
            self._start_up()
        thread = threading.Thread(target=self._follow, args=(is_one_of_several,), name="follow", daemon=True)
        thread.start()
        self.aside.start()
        ended = threading.Event()
        if is_one_of_several:
            threading.Thread(target=self._publish, args=(ended,), name="publish", daemon=True).start()
        try:
            server.run(sockets=[] if is_one_of_several else [listening])
        finally:
            self.follower.stop()
            self._shadow_follower.stop()
            self._executor.shutdown(wait=True)
            self.aside.stop()
            ended.set()
            self.metrics.publish()
            tell("stopped")

    def _publish(self, ended: threading.Event) -> None:
        while not ended.wait(1.0):
            self.metrics.publish()

    def _grpc_server(self, port: Port | None) -> GrpcServer | None:
        if port is None:
            return None
        from mintmark.serving.grpc.service import Service

        options, app = self.options, self.app
        service = Service(
            self.slots,
            self.metrics,
            limits=options.limits,
            tokens=options.tokens,
            aside=self.aside,
            is_ready=lambda: self.slots.is_ready and not app.stopping,
        )
        return GrpcServer(port, service, options.limits)

    def _follow(self, has_started: bool) -> None:
        if not has_started:
            self._start_up()
        if len(self._shadows):
            threading.Thread(target=self._follow_shadows, name="follow shadows", daemon=True).start()
        self.follower.run()

    def _start_up(self) -> None:
        gc.enable()  # the command line switches it off, for commands that live for seconds
        self.follower.start_up()

    def _follow_shadows(self) -> None:
        self._shadow_follower.start_up()
        self._shadow_follower.run()


class _Server(uvicorn.Server):
    """A server that is unready before it stops, and whose end by a signal is no failure. gRPC shares its loop."""

    def __init__(
        self,
        config: uvicorn.Config,
        app: App,
        drain: float,
        grpc: GrpcServer | None,
        channel: socket.socket | None,
    ) -> None:
        super().__init__(config)
        self._app, self._drain, self._grpc, self._channel = app, drain, grpc, channel
        self._handed: Handed | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen for both protocols."""
        await super().startup(sockets)
        if self._grpc is not None:
            await self._grpc.start()
        if self._channel is not None:
            self._handed = Handed(self._channel)
            options = {"config": self.config, "server_state": self.server_state, "app_state": {}}
            self._handed.start(partial(HttpProtocol, self._app, **options))

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Answer what is under way in both protocols."""
        if self._handed is not None:
            await self._handed.stop()
        stops = [super().shutdown(sockets)]
        if self._grpc is not None:
            stops.append(self._grpc.stop(_ENDS))
        await asyncio.gather(*stops)

    def handle_exit(self, sig: int, frame: Any) -> None:  # noqa: ARG002 - as uvicorn calls it
        """Be unready at once, and stop when load balancers had time to see that; a second Ctrl-C does not wait."""
        if self._app.stopping:
            self.force_exit = sig == signal.SIGINT
            self.should_exit = True
            return
        self._app.stopping = True
        tell("stopping")
        threading.Timer(self._drain, self._end).start() if self._drain else self._end()

    def _end(self) -> None:
        self.should_exit = True


@cache
def prepare_libraries() -> None:
    """Import what takes seconds, and let each call of a model have one thread: requests are what runs side by side."""
    import pandas as pd  # noqa: F401
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    from mintmark.artifacts.skops.format import import_skops_alone

    import_skops_alone()
    # A model that is asked about matrices has shown that it answers them as it does tables.
    warnings.filterwarnings("ignore", message="X does not have valid feature names")
    threadpool_limits(limits=1)
    gc.collect()
    gc.freeze()  # what is imported stays; nobody looks through it again


def _followed(text: str) -> Reference:
    reference = as_reference(text)
    if reference.selector == "candidate":
        raise UsageError(f"{text} is no version; only what is registered is served")
    return reference


def last_channels(registry: Registry) -> list[Reference]:
    """Return every model's last channel, whether something is in it or not."""
    from mintmark.core.reference import Reference

    channels = registry.settings.channels
    if not channels:
        raise MintmarkError("models/registry.yaml names no channel; name what to serve: mintmark serve MODEL@VERSION")
    return [Reference(model, channels[-1].name) for model in registry.models()]


class _AsEvents(logging.Handler):
    """What libraries log, as events: whoever collects the standard error reads JSON in every line."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line, whatever the record holds."""
        fault = record.exc_info[1] if record.exc_info else None
        told = {"error": repr(fault), "where": _raised_at(fault)} if fault is not None else {}
        tell("logged", level=record.levelname.lower(), by=record.name, message=record.getMessage().strip(), **told)


def _raised_at(fault: BaseException) -> str:
    """Return the files, lines and functions that an exception came through, the innermost last."""
    frames = traceback.extract_tb(fault.__traceback__)
    return ", ".join(f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames[-8:])


def tell(event: str, **details: Any) -> None:
    """Write one line about what happened to the standard error: JSON, or a sentence where a person reads it."""
    if sys.stderr is None:
        return
    if sys.stderr.isatty():
        words = ", ".join(f"{key}: {value}" for key, value in details.items() if value not in (None, ""))
        print(f"{event}{f' ({words})' if words else ''}", file=sys.stderr, flush=True)
        return
    moment = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    print(json.dumps({"time": moment, "event": event, **details}, ensure_ascii=False), file=sys.stderr, flush=True)
