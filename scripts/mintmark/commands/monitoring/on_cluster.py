"""Do the work of a scan on a Dask cluster, whose workers read the log themselves. Counts nothing."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from mintmark.about import __version__
from mintmark.errors import MintmarkError
from mintmark.monitoring.log.files import LogFile
from mintmark.registry.logged.reading import open_files

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from mintmark.monitoring.repeated import Spread
    from mintmark.registry.logged.reading import PredictionLog

TIMEOUT: Final = 10  # seconds that a scheduler has to answer
_SMALL: Final = (str, int, tuple)  # arguments that go with each task; others are sent once


@contextmanager
def on_cluster(address: str, log: PredictionLog) -> Iterator[Spread]:
    """Give what calls a function with each of many arguments on the cluster at `address` (tcp://host:port).

    Raises `MintmarkError` where no scheduler answers, or where a worker cannot do the work: it has another Mintmark, or
    does not find the log.
    """
    client = _connect(address)
    try:
        _check_workers(client, log)
        yield _Cluster(client).spread
    finally:
        client.close()


def _connect(address: str) -> Any:
    from distributed import Client

    try:
        client = Client(address, timeout=TIMEOUT, set_as_default=False)  # type: ignore[no-untyped-call]
    except (OSError, TimeoutError, ValueError) as error:
        raise MintmarkError(
            f"--compute: no Dask scheduler answers at {address} ({type(error).__name__}); start it (dask scheduler), "
            "or leave out --compute to work here"
        ) from None
    if not client.scheduler_info()["workers"]:
        client.close()  # type: ignore[no-untyped-call]
        raise MintmarkError(
            f"--compute: the Dask scheduler at {address} has no workers; start some: dask worker {address}"
        )
    return client


def _check_workers(client: Any, log: PredictionLog) -> None:
    for worker, found in client.run(look, log.address, on_error="return").items():
        if isinstance(found, Exception):
            told = f"cannot read the log: {' '.join(str(found).split())[:200]}"
        elif found[0] != __version__:
            told = f"has Mintmark {found[0]}, and this one is {__version__}"
        elif not found[1]:
            told = f"finds no prediction log at {log.address}"
        else:
            continue
        raise MintmarkError(
            f"--compute: the Dask worker {worker} {told}; every worker needs the same Mintmark and reads the log "
            "itself, "
            "by an address that all machines know, such as a shared folder or s3://bucket/log"
        )


def look(address: str) -> tuple[str, bool]:
    """Return the version of Mintmark of this worker, and whether it finds the log."""
    files, root = open_files(address)
    return __version__, bool(files.isdir(root))


class _Cluster:
    """The workers, as what a scan gives its work to."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def spread(self, work: Callable[..., Any], tasks: Iterable[tuple[Any, ...]]) -> Iterator[Any]:
        """Yield what `work` returns for each task, in their order."""
        sent: dict[int, tuple[Any, Any]] = {}  # with the object itself, so that no other one takes its identity
        waiting = [(task, self._submit(work, task, sent)) for task in tasks]
        waiting.reverse()
        while waiting:
            yield self._result(*waiting.pop())

    def _submit(self, work: Callable[..., Any], task: tuple[Any, ...], sent: dict[int, tuple[Any, Any]]) -> Any:
        for argument in task:
            if not isinstance(argument, _SMALL) and id(argument) not in sent:
                sent[id(argument)] = argument, self._client.scatter(argument, hash=False)
        arguments = [sent[id(each)][1] if id(each) in sent else each for each in task]
        return self._client.submit(work, *arguments, pure=False)

    def _result(self, task: tuple[Any, ...], future: Any) -> Any:
        from concurrent.futures import CancelledError

        from distributed import KilledWorker
        from distributed.client import FutureCancelledError

        try:
            return future.result()
        except FileNotFoundError:
            for file in task:
                if isinstance(file, LogFile) and _is_there(file):
                    raise MintmarkError(
                        f"{file.name}: is not there for a Dask worker ({file.address}/{file.path}); all machines have "
                        "to reach the whole log by the same address"
                    ) from None
            raise  # it was merged into another one meanwhile
        except KilledWorker as error:
            raise MintmarkError(
                f"--compute: Dask workers died of this work again and again ({' '.join(str(error).split())[:200]}); "
                "their own output says why, often too little memory"
            ) from None
        except (CancelledError, FutureCancelledError) as error:
            raise MintmarkError(f"--compute: the Dask cluster went away ({error}); start it, and run again") from None


def _is_there(file: LogFile) -> bool:
    files, root = open_files(file.address or file.where)
    files.invalidate_cache()
    return bool(files.exists(f"{root}/{file.path}"))
