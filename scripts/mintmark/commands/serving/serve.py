"""`mintmark serve`: answer requests with the versions that the channels of a registry name, and follow their moves."""

from __future__ import annotations

import os
import signal
import socket
import sys
from functools import partial
from typing import TYPE_CHECKING, NoReturn

from mintmark.errors import MintmarkError, UsageError
from mintmark.serving.log.personal import read_key
from mintmark.serving.processes.workers import Workers
from mintmark.temporary import TemporaryFolder

if TYPE_CHECKING:
    from pathlib import Path

    from mintmark.artifacts.confined.fork_server import ForkServer
    from mintmark.serving.grpc.server import Port
    from mintmark.serving.server import Options

_LOOPBACK = ("127.0.0.1", "::1", "localhost")


def serve(
    root: Path,
    references: list[str],
    *,
    registry: str | None,
    every: float,
    host: str,
    port: int,
    grpc_port: int | None,
    tokens: Path | None,
    origins: list[str],
    max_rows: int,
    max_bytes: int,
    timeout: float,
    drain: float,
    workers: int,
    shadows: list[str],
    log: str | None,
    log_sample: float,
    log_key: Path | None,
    check: bool,
) -> int:
    """Serve until it is told to stop, or (`check`) say whether it could."""
    signal.signal(signal.SIGTERM, _leave)
    open_streams()
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")  # pyarrow's own reserve what a proof may need
    if workers > 1:  # prometheus_client looks when it is imported
        counts = TemporaryFolder("counts")
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(counts.path)
    from mintmark.artifacts.confined.fork_server import ForkServer
    from mintmark.serving.grpc.server import keep_port
    from mintmark.serving.limits import Limits
    from mintmark.serving.server import Options, Serving, prepare_libraries

    prepare_libraries()
    fork_server = ForkServer.begin()  # before there are threads and secrets
    limits = Limits(rows=max_rows, bytes=max_bytes, seconds=timeout, waiting=max(2 * max_rows, Limits().waiting))
    options = Options(
        registry=registry or root,
        references=tuple(references),
        every=every,
        host=host,
        port=port,
        drain=drain,
        tokens=_read_tokens(tokens) if tokens is not None else (),
        origins=tuple(origins),
        limits=limits,
        shadows=tuple(shadows),
        log=log,
        log_key=read_key(log_key) if log_key is not None else None,
        log_sample=log_sample,
    )
    serving = Serving(options, fork_server)
    if check:
        serving.close()
        is_ready = serving.check()
        for slot in serving.slots:
            print(f"{slot.name}: {slot.fault or (slot.current.reference if slot.current else 'not ready')}")
        return 0 if is_ready else 1
    with _listen(host, port) as listening:
        kept = keep_port(host, grpc_port) if grpc_port is not None else None
        shown = f"[{host}]" if ":" in host else host
        print(f"serving at http://{shown}:{listening.getsockname()[1]}/ (Ctrl-C stops)")
        if kept is not None:
            print(f"gRPC at {shown}:{kept.number}")
        if host in _LOOPBACK:
            print("only this machine can reach it; --host 0.0.0.0 lets others in, behind a proxy with TLS")
        elif not options.tokens:
            print("everybody who can reach this machine may ask it; --tokens FILE asks them for a token")
        sys.stdout.flush()
        if workers > 1:
            from prometheus_client.multiprocess import mark_process_dead

            serving.close()  # it has shown that the options make sense; each process has one of its own
            run = partial(_run_one, options, fork_server, kept)
            made = Workers(workers, run, listening=listening, ended=mark_process_dead)
            return made.serve()
        serving.run(listening, kept)
    return 0


def open_streams() -> None:
    """Open what whoever started this closed of its streams: no socket gets such a number, and uvicorn needs them."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)  # the lowest number that is free
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(number, "r" if number == 0 else "w", closefd=False))


def _leave(*_: object) -> NoReturn:
    """End at once, as nothing has begun."""
    raise SystemExit(0)


def _run_one(options: Options, fork_server: ForkServer | None, kept: Port | None, channel: socket.socket) -> None:
    """Be one of several processes that answer, which gets its connections over `channel`."""
    from mintmark.serving.server import Serving

    Serving(options, fork_server).run(channel, kept, is_one_of_several=True)


def _read_tokens(path: Path) -> tuple[str, ...]:
    """Return the tokens in a file, one a line."""
    try:
        tokens = tuple(line.strip() for line in path.read_text("utf-8").splitlines() if line.strip())
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: cannot be read: {error}") from None
    if not tokens or any(len(token) < 16 or not token.isascii() for token in tokens):
        raise UsageError(f"{path}: holds no token, or one of less than 16 letters; openssl rand -hex 32 makes one")
    return tokens


def _listen(host: str, port: int) -> socket.socket:
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family, backlog=2048)
    except (OSError, OverflowError) as error:
        raise MintmarkError(f"{host}:{port}: cannot be listened on: {error}; choose another with --port") from None
