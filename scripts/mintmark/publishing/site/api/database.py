"""Write one SQLite file that holds everything the documents say, for questions that nobody foresaw."""

from __future__ import annotations

import functools
import json
import os
import sqlite3
from contextlib import contextmanager
from itertools import chain
from typing import TYPE_CHECKING, Any

from mintmark.core.statistics.metric_names import goal_of
from mintmark.errors import MintmarkError
from mintmark.publishing.site.api.database_rows import VersionRows
from mintmark.publishing.site.api.database_tables import APPLICATION_ID, INDEXES, TABLES, USER_VERSION, VIEWS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path
    from types import TracebackType

    from mintmark.publishing.site.api.database_rows import Row

    Document = Mapping[str, Any]

SCHEMA = f"urn:mintmark:database:{USER_VERSION}"
# Nobody reads the file before it is whole, and one that is not is thrown away: neither journal nor flush is of use.
_SETTINGS = f"""
PRAGMA page_size = 8192;
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
PRAGMA locking_mode = EXCLUSIVE;
PRAGMA cache_size = -32000;
PRAGMA foreign_keys = OFF;
PRAGMA application_id = {APPLICATION_ID};
PRAGMA user_version = {USER_VERSION};
"""
_REFUSED = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN)
_DETAILS = VersionRows._fields[1:]
_BLOCK = 64  # rows in one statement, which takes half the time of as many statements


class DatabaseWriter:
    """A database that is being written, model by model; it comes to lie at `path` when the block ends well.

    The same documents in the same order make the same bytes with the same release of SQLite. `commit` is the one that
    last changed anything in it.
    """

    def __init__(self, path: Path, config: Document, *, commit: str | None) -> None:
        self._path, self._part = path, path.with_name(f"{path.name}.part")
        self._config, self._commit = config, commit

    def __enter__(self) -> DatabaseWriter:
        self._part.unlink(missing_ok=True)
        with self._refusals_told():
            self._connection = sqlite3.connect(self._part, isolation_level=None, cached_statements=1024)
            self._connection.executescript(_SETTINGS + TABLES)
            self._connection.execute("BEGIN")
            self._add_about()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            with self._refusals_told():
                if error is not None:
                    raise error
                self._connection.execute("COMMIT")
                self._connection.executescript(INDEXES + VIEWS)
                self._connection.close()
            os.replace(self._part, self._path)
        finally:
            self._connection.close()
            self._part.unlink(missing_ok=True)

    @contextmanager
    def _refusals_told(self) -> Iterator[None]:
        """Raise `MintmarkError` where the system, and not SQLite itself, has refused: for a full disk above all."""
        try:
            yield
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF not in _REFUSED:
                raise
            raise MintmarkError(f"{self._path.name}: cannot be written: {error}; free some space") from None

    def _add_about(self) -> None:
        config = self._config
        known = ("name", "description", "base_branch", "repository", "site", "mintmark")
        about = {"schema": SCHEMA, "commit": self._commit, **{key: config[key] for key in known}}
        self._add("about", about.items())
        channels = enumerate(config["channels"], 1)
        self._add("registry_channels", ((n, c["name"], c["after"], c["description"]) for n, c in channels))

    def add_model(self, pages: Iterable[Document], versions: Iterable[VersionRows]) -> None:
        """Append a model: the pages of its index, the first one first, and the rows of its versions, highest first.

        Only one version is held at a time, if `versions` is a generator.
        """
        head, *older = pages
        name, model = head["name"], head.get("model")
        if model is not None:  # else model.yaml cannot be read, and its row would be made up
            self._add("models", [_model(head)])
            self._add("owners", ((name, owner) for owner in sorted(model["owners"])))
            self._add("tags", ((name, tag) for tag in sorted(model.get("tags", ()))))
        for rank, rows in enumerate(versions, 1):
            self._add_version(rank, rows)
        self._add("channels", (_channel(name, channel, held) for channel, held in sorted(head["channels"].items())))
        moves = [move for page in (head, *older) for move in page["moves"]]
        self._add("moves", (_move(name, move) for move in reversed(moves)))

    def _add_version(self, rank: int, rows: VersionRows) -> None:
        model, version, *rest = rows.version
        self._add("versions", [(None, model, version, rank, *rest)])
        for table, details in zip(_DETAILS, rows[1:], strict=True):
            for start in range(0, len(details), _BLOCK):
                block = details[start : start + _BLOCK]
                statement = _insert_details(table, len(block[0]), len(block))
                self._connection.execute(statement, [*chain.from_iterable(block)])

    def add_broken(self, models: Document) -> None:
        """Append what cannot be read (`models.json`)."""
        keys = ("path", "line", "message", "model", "version", "channel")
        self._add("broken", ((None, *(entry[key] for key in keys)) for entry in models["broken"]))

    def add_events(self, audit: Document) -> None:
        """Append what happened (`audit.json`), so that a higher id is a later event."""
        self._add("events", (_event(event) for event in reversed(audit["events"])))

    def _add(self, table: str, rows: Iterable[Row]) -> None:
        """Append whole rows; an id of None is the next one."""
        rows = list(rows)
        if rows:
            marks = ",".join("?" * len(rows[0]))
            self._connection.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)  # noqa: S608 - only our names


@functools.cache
def _insert_details(table: str, width: int, count: int) -> str:
    """Return the statement for rows of the version that was added last; tables WITHOUT ROWID do not change that."""
    row = f"(last_insert_rowid(){',?' * width})"
    # A record that nobody validated may name its artifact among its other files once more.
    verb = "INSERT OR IGNORE" if table == "files" else "INSERT"
    return f"{verb} INTO {table} VALUES {','.join([row] * count)}"


def _model(head: Document) -> Row:
    model = head["model"]
    margin = model["gates"]["margin"]
    return (
        head["name"], model.get("title"), model["task"], model["licence"], model["purpose"], model["metric"]["name"],
        goal_of(model["metric"]["name"]), float(margin), model.get("target"), head["latest"], head["commit"],
        json.dumps(model, ensure_ascii=False),
    )  # fmt: skip


def _channel(model: str, channel: str, held: Document) -> Row:
    keys = ("version", "since", "replaced", "rollback_to", "by", "pull_request", "commit")
    return (model, channel, *(held[key] for key in keys))


def _move(model: str, move: Document) -> Row:
    keys = ("channel", "kind", "from", "to", "time", "by", "subject", "pull_request", "commit")
    return (None, model, *(move[key] for key in keys))


def _event(event: Document) -> Row:
    keys = ("kind", "model", "version", "channel", "from", "to", "reason", "time", "by", "subject", "pull_request",
            "commit")  # fmt: skip
    return (None, *(event[key] for key in keys))
