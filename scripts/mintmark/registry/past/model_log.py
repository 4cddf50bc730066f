"""The first-parent log of models, remembered in `.git/mintmark/` by the commit that it was read up to. Reads no blob.

The id of a commit is a digest of its whole past, so what was read up to one stays true. For another commit only what
lies between is asked of Git: the steps that came since the two lines part, in place of those that are not on its line.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from mintmark.about import __version__
from mintmark.core.layout import MODELS
from mintmark.registry import git
from mintmark.registry.derived_cache import DerivedCache
from mintmark.registry.git import Commit, DiffEntry, GitError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

Step = tuple[Commit, list[DiffEntry]]
_FORMAT = "1"
_KIND = "log"
_MOST_MODELS = 100  # a change to more of them is rare, and remembering it would cost more than it saves


class _Remembered(NamedTuple):
    """The steps of one model up to a commit, oldest first."""

    commit: str
    steps: list[Step]


class _Way(NamedTuple):
    """How one first-parent line leads to another: back over the commits `gone` to `fork`, then over `came` others."""

    gone: frozenset[str]
    fork: str
    came: int


def open_past_cache(root: Path) -> DerivedCache:
    """Open the cache of what history tells; it depends on no schema."""
    return DerivedCache(git.cache_folder(root), f"{_FORMAT} {__version__}", name="history.sqlite")


def start_model_log(root: Path, commit: str, models: Iterable[str]) -> Callable[[], list[Step]]:
    """Begin to read what the commits of a first-parent line changed in some models; what is returned waits for it.

    The steps of each model come oldest first. `commit` is a full id. Raises `GitError` where Git refuses.
    """
    names = sorted(set(models))
    if not names:  # Git would tell of everything
        return list
    return git.in_background(lambda: _read(root, commit, names))


def _read(root: Path, commit: str, models: list[str]) -> list[Step]:
    if len(models) > _MOST_MODELS:
        return list(_log(root, commit, models))
    cache = open_past_cache(root)
    try:
        return _read_remembered(root, commit, models, cache)
    finally:
        cache.close()


def _read_remembered(root: Path, commit: str, models: list[str], cache: DerivedCache) -> list[Step]:
    remembered = {model: _parse(text) for model, text in cache.get_many(_KIND, models).items()}
    ways = {start: _find_way(root, start, commit) for start in {known.commit for known in remembered.values()}}
    found: dict[str, list[Step]] = {}
    for start, way in ways.items():
        if way is not None:
            fresh = {model: known.steps for model, known in remembered.items() if known.commit == start}
            found |= _follow(root, commit, way, fresh)
    unknown = [model for model in models if model not in found]
    if unknown:
        found |= _by_model(_log(root, commit, unknown), unknown)
    moved = {start for start, way in ways.items() if way is None or way.came > len(way.gone)}
    kept = [model for model in models if model not in remembered or remembered[model].commit in moved]
    cache.put_many(_KIND, {model: _format(_Remembered(commit, found[model])) for model in kept})
    return [step for model in models for step in found[model]]


def _follow(root: Path, commit: str, way: _Way, known: Mapping[str, list[Step]]) -> dict[str, list[Step]]:
    """Return the steps up to `commit` of models whose steps are known up to where `way` begins."""
    came = _by_model(_log(root, commit, known, since=way.fork), known) if way.came else {}
    return {
        model: [step for step in steps if step[0].oid not in way.gone] + came.get(model, [])
        for model, steps in known.items()
    }


def _find_way(root: Path, start: str, end: str) -> _Way | None:
    """Return the way between two commits, None where their first-parent lines have no commit in common.

    None as well where `start` is no longer there: after a forced push Git may have dropped it.
    """
    if start == end:
        return _Way(frozenset(), end, 0)
    try:
        came, fork = _descend(root, end, start)
        gone, met = _descend(root, start, fork) if fork is not None else ([], None)
    except GitError:
        return None
    return _Way(frozenset(gone), fork, len(came)) if fork is not None and fork == met else None


def _descend(root: Path, tip: str, other: str) -> tuple[list[str], str | None]:
    """Return the commits on the first-parent line of `tip` that are not in the past of `other`, and the one below."""
    listed = git.git_text("rev-list", "--first-parent", "--parents", tip, f"^{other}", "--", cwd=root).splitlines()
    if not listed:
        return [], tip
    parents = listed[-1].split(" ")[1:]
    return [line.partition(" ")[0] for line in listed], parents[0] if parents else None


def _log(root: Path, commit: str, models: Iterable[str], since: str | None = None) -> Iterable[Step]:
    folders = [f"{MODELS}/{model}" for model in models]
    return git.start_first_parent_log(root, commit, folders, since=since)()


def _by_model(log: Iterable[Step], models: Iterable[str]) -> dict[str, list[Step]]:
    found: dict[str, list[Step]] = {model: [] for model in models}
    for commit, changes in log:
        by_model: dict[str, list[DiffEntry]] = {}
        for change in changes:
            by_model.setdefault(change.path.split("/", 2)[1], []).append(change)
        for model, own in by_model.items():
            found[model].append((commit, own))
    return found


def _format(known: _Remembered) -> str:
    steps = [[commit.oid, commit.author, commit.time, commit.subject, changes] for commit, changes in known.steps]
    return json.dumps([known.commit, steps], separators=(",", ":"))


def _parse(text: str) -> _Remembered:
    commit, steps = json.loads(text)
    return _Remembered(
        commit,
        [
            (Commit(oid=oid, author=author, time=time, subject=subject), [DiffEntry(*change) for change in changes])
            for oid, author, time, subject, changes in steps
        ],
    )
