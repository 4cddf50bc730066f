"""`mintmark monitor`: say from the prediction log whether each model in production still works."""

from __future__ import annotations

import json
import re
import sys
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from mintmark.core.finding import without_credentials
from mintmark.core.words.numbers import count
from mintmark.errors import UsageError
from mintmark.registry.clone import ClonedRegistry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from mintmark.forge.forge import Forge
    from mintmark.monitoring.alarms import Alarm
    from mintmark.monitoring.known_versions import KnownVersion
    from mintmark.monitoring.labels import KnownLabels
    from mintmark.monitoring.repeated import Spread
    from mintmark.monitoring.watching import ReadLabels, Watched
    from mintmark.registry.logged.reading import PredictionLog
    from mintmark.registry.reading import Registry

FINE: Final = 0
ALARM: Final = 1
TOO_LITTLE: Final = 42  # as a review says that a person has to decide
_MOST_TOLD: Final = 1_000  # alarms that a step of a workflow hands on
_DAY: Final = "%Y-%m-%d"
_FIRST_YEAR: Final = 1970
_CLUSTER: Final = re.compile(r"dask://((?:[\w.-]+|\[[0-9a-fA-F:]+\]):\d{1,5})/?\Z", re.ASCII)


def monitor(
    root: Path,
    models: Sequence[str],
    log: str,
    *,
    labels: str | None,
    since: str | None,
    until: str | None,
    window: str | None,
    output: Path | None,
    compute: str | None,
    as_json: bool,
    publish: bool,
    follow_up: bool,
) -> int:
    """Print what the windows of each model say, and write their documents to a folder (`output`).

    With `publish`, they are added to the branch `monitoring` of the remote. With `follow_up`, what model.yaml says of
    an alarm follows: an issue, a rollback request, a new training.

    Returns 1 for an alarm that lasts and for a log that cannot be read in parts, 42 where no window had enough data to
    be judged, and 0 otherwise: a note and a warning are no alarm. With `follow_up` too little data ends with 0: a
    schedule that is red every day is one that nobody looks at.
    """
    registry = ClonedRegistry(root)
    forge = None
    if follow_up:
        from mintmark.commands.forge.at_forge import require_forge

        forge = require_forge(registry.root)
    watched = watch_log(registry, models, log, labels=labels, since=since, until=until, window=window, compute=compute)
    if output is not None:
        write_documents(watched, output)
    if publish:
        publish_windows(registry, watched)
    if as_json:
        print(json.dumps(to_dict(watched), indent=2, ensure_ascii=False))
    else:
        from mintmark.commands.monitoring.window_report import format_watched

        print(format_watched(watched).replace("##[", "# #["))  # a runner takes a line with it for a command
    code = exit_code(watched)
    if forge is None:
        return code
    looked_at_all = not models and since is None and until is None
    _follow_up(registry, forge, watched, log, labels, looked_at_all=looked_at_all, quiet=as_json)
    return FINE if code == TOO_LITTLE else code


def _follow_up(
    registry: ClonedRegistry,
    forge: Forge,
    watched: Watched,
    log: str,
    labels: str | None,
    *,
    looked_at_all: bool,
    quiet: bool,
) -> None:
    """Let follow what is asked for, and hand the alarms on where this is a step of a workflow."""
    from contextlib import redirect_stdout

    from mintmark.commands.monitoring.following_up import FollowingUp
    from mintmark.commands.monitoring.issue_text import alarm_list
    from mintmark.forge.workflow import write_outputs, write_summary
    from mintmark.registry.logged.reading import PredictionLog

    write_outputs({"alarms": json.dumps([_state(each) for each in watched.open_alarms[:_MOST_TOLD]])})
    write_summary(alarm_list(watched.open_alarms) or "No alarm is open.")
    with redirect_stdout(sys.stderr if quiet else sys.stdout):
        FollowingUp(
            registry=registry,
            forge=forge,
            log=PredictionLog(log),
            read_labels=label_reader(labels),
            looked_at_all=looked_at_all,
        ).run(watched)


def _state(alarm: Alarm) -> dict[str, Any]:
    """Return what names an alarm, without a word of the log."""
    told = alarm.to_dict()
    return {name: told[name] for name in ("model", "version", "channel", "kind", "fingerprint", "since", "last")}


def watch_log(
    registry: Registry,
    models: Sequence[str],
    log: str,
    *,
    labels: str | None = None,
    since: str | None = None,
    until: str | None = None,
    window: str | None = None,
    compute: str | None = None,
) -> Watched:
    """Return the documents of windows and the alarms that follow: all that publishing and opening need.

    `labels` is a file or an address, else each model.yaml may name one. `since` and `until` are days in UTC. `compute`
    is the address of a Dask cluster that does the work.
    """
    from mintmark.monitoring.watching import Watching, watch
    from mintmark.monitoring.windows import window_length
    from mintmark.registry.logged.reading import PredictionLog

    if labels is not None and len(models) != 1:
        raise UsageError("--labels has the labels of one model; name that model: mintmark monitor MODEL --labels FILE")
    if window is not None:
        window_length(window)
    first, last = (None if day is None else _day(day) for day in (since, until))
    if first is not None and last is not None and first >= last:
        raise UsageError(f"--since {since} is not before --until {until}, which is the day after the last one")
    cluster = None if compute is None else _cluster_address(compute)
    opened = PredictionLog(log)
    with _workers(cluster, opened) as spread, _progress(without_credentials(log)) as (expect, tell):
        how = Watching(
            now=datetime.now(UTC),
            since=first,
            until=last,
            span=window,
            read_labels=label_reader(labels),
            spread=spread,
            expect=expect,
            tell=tell,
        )
        return watch(registry, opened, models, how)


def _cluster_address(text: str) -> str:
    """Return the address that Dask's client takes, of one that is written as in params.yaml."""
    found = _CLUSTER.match(text)
    if found is None:
        raise UsageError(f'--compute: "{text}" is not dask://host:port')
    return f"tcp://{found[1]}"


def _workers(address: str | None, log: PredictionLog) -> AbstractContextManager[Spread]:
    if address is None:
        from mintmark.monitoring.scanning import in_threads

        return nullcontext(in_threads)
    from mintmark.commands.monitoring.on_cluster import on_cluster

    return on_cluster(address, log)


def label_reader(labels: str | None) -> ReadLabels:
    """Return what reads the labels of a version: those at `labels`, else those that model.yaml names."""

    def read(version: KnownVersion) -> KnownLabels | None:
        from mintmark.commands.monitoring.label_files import read_labels

        where = labels or version.model.monitoring.labels.address
        return None if where is None else read_labels(where, version)

    return read


def _day(text: str) -> datetime:
    """Return the first moment of a day; raise `UsageError` for another text, and for a day that no log has."""
    try:
        day = datetime.strptime(text, _DAY).replace(tzinfo=UTC)
    except ValueError:
        raise UsageError(f'"{text}" is no day such as 2026-03-04') from None
    if day.year < _FIRST_YEAR:
        raise UsageError(f'"{text}" is before {_FIRST_YEAR}, and no day such as 2026-03-04')
    return day


@contextmanager
def _progress(what: str) -> Iterator[tuple[Callable[[int], None], Callable[[int], None]]]:
    """Give what is told of rows that are to be counted, as the ends of files say, and of rows as they are."""
    from mintmark.commands.measuring.row_progress import row_progress

    done = known = 0

    def expect(rows: int) -> None:
        nonlocal known
        known += rows
        show(done, known)

    def tell(rows: int) -> None:
        nonlocal done
        done += rows
        show(done, known)

    with row_progress(f"reading {what}", 0, " rows") as show:
        yield expect, tell


def exit_code(watched: Watched) -> int:
    """Return what a run ends with."""
    if watched.open_alarms or watched.faults:
        return ALARM
    judged = [each for each in watched.documents if each.verdict not in ("not-enough-data", "not-over")]
    return FINE if judged else TOO_LITTLE


def to_dict(watched: Watched) -> dict[str, Any]:
    """Return what was found as plain values."""
    return {
        "documents": [each.to_dict() for each in watched.documents],
        "alarms": [each.to_dict() for each in watched.alarms],
        "labels": {
            name: {"labels": tally.labels, "unmatched": tally.unmatched} for name, tally in watched.labels.items()
        },
        "faults": list(watched.faults),
        "notes": list(watched.notes),
    }


def write_documents(watched: Watched, folder: Path) -> None:
    """Write the document of each window below a folder, each whole or not at all."""
    from mintmark.monitoring.documents import format_document
    from mintmark.registry.files import write_atomically

    for document in watched.documents:
        write_atomically(folder / document.path, format_document(document).encode())
    print(f"wrote {len(watched.documents)} documents to {folder}", file=sys.stderr)


def publish_windows(registry: ClonedRegistry, watched: Watched) -> None:
    """Add the documents to the branch `monitoring` of the remote, and say what was added and what was not."""
    from mintmark.forge.credentials import push_environment
    from mintmark.forge.workflow import write_outputs
    from mintmark.publishing.monitored_branch import publish_documents
    from mintmark.publishing.release.remote import find_remote

    remote = find_remote(registry.root, environment=push_environment())
    plan = publish_documents(remote, watched.documents, now=datetime.now(UTC))
    for finding in plan.findings:
        print(f"mintmark: {finding}", file=sys.stderr)
    for note in plan.notes:
        print(f"note: {note}", file=sys.stderr)
    told = [count(len(plan.written), "document")] if plan.written else []
    told += [f"{count(len(plan.folded), 'month')} folded"] if plan.folded else []
    what = f"published {', '.join(told)}" if told else "there was nothing new to publish"
    print(f"{what} on the branch monitoring", file=sys.stderr)
    write_outputs({"published": "true" if told else "false"})
