"""A folder in which stages run again: a clean clone, a cache and a home of its own, held apart from all else.

What ran here may have left anything behind, in `.git/config` as well: nothing runs in the clone but through this door.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mintmark.artifacts.confined.confinement import (
    Completed,
    Limits,
    python_environment,
    python_paths,
    run_confined,
    shell_paths,
)
from mintmark.core.finding import one_line
from mintmark.errors import MintmarkError
from mintmark.judging.reproducing.clean_clone import clone_commit
from mintmark.registry.files import read_text_file
from mintmark.registry.repository.prefix import prefix_of
from mintmark.registry.schemas import schema_folder

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_OWN = ("cache", "home", "temporary")
_SYSTEM = (
    "/usr", "/opt",
    *(f"/etc/{name}" for name in ("alternatives", "ca-certificates", "hosts", "pki", "resolv.conf", "ssl")),
)  # fmt: skip
_SECONDS = 6 * 60 * 60  # for one stage
_FILE_BYTES = 64 << 30
_PROCESSES = 4096
_MOST_LINES, _WIDEST = 12, 300
_OFFLINE = re.compile(
    "name resolution|Name or service|nodename nor servname|Network is unreachable|URLError|ConnectionError|"
    "Connection refused|Max retries|getaddrinfo|socket"
)
_CONFIG = """\
[core]
    analytics = false
    check_update = false
    autostage = false
[cache]
    dir = {cache}
    type = copy
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Workshop:
    """The folder, and the repository that a commit comes from.

    `network` tells whether what runs here may reach other machines.
    """

    folder: Path
    root: Path
    network: bool = False

    @property
    def clone(self) -> Path:
        """The registry's folder in the work tree, in which the stages run."""
        return self.folder / "clone" / prefix_of(self.root)

    @property
    def cache(self) -> Path:
        """The DVC cache of the clone, which holds source data and nothing that a stage made."""
        return self.folder / "cache"

    def open(self, commit: str) -> None:
        """Clone a commit, and turn DVC in the clone to the cache beside it."""
        clone_commit(self.root, commit, self.folder / "clone")
        for name in _OWN:
            (self.folder / name).mkdir()
        settings = self.clone / ".dvc"
        if settings.is_symlink() or not settings.is_dir() or (settings / "config.local").is_dir():
            raise MintmarkError(f"there is no DVC project in {commit[:10]}, so no stage can run there")
        (settings / "config.local").unlink(missing_ok=True)
        with (settings / "config.local").open("x") as file:
            file.write(_CONFIG.format(cache=os.path.relpath(self.cache, settings)))

    def forget(self, outputs: Iterable[str]) -> None:
        """Remove what the commit itself holds of outputs: what is there afterwards was made here.

        DVC passes over a frozen stage whose outputs are there.
        """
        for path in outputs:
            place = self.clone / path
            if os.path.realpath(place) == str(self.clone) or not self.contains(path):
                continue
            if place.is_dir() and not place.is_symlink():
                shutil.rmtree(place)
            else:
                place.unlink(missing_ok=True)

    def check_out(self, pointers: Sequence[str]) -> None:
        """Lay out the data behind `.dvc` files; raise `MintmarkError` when DVC cannot."""
        done = self._run_dvc("checkout", "--quiet", "--", *pointers)
        if done.code != 0:
            raise MintmarkError(f"dvc checkout {' '.join(pointers)}: {_last_words(done)}")

    def run_stage(self, name: str) -> str | None:
        """Run one stage, whatever DVC thinks of it, taking nothing from a former run; return why it failed, if so."""
        options = ("--force", "--no-run-cache", "--no-commit", "--single-item")
        done = self._run_dvc("repro", *options, "--", name)
        if done.code == 0:
            return None
        words = _last_words(done)
        hint = "\nwhat needs the network runs with --network" if not self.network and _OFFLINE.search(words) else ""
        how = f"took more than {_SECONDS // 3600} hours" if done.timed_out else f"failed (exit code {done.code})"
        return f"{name} {how}:\n{words}{hint}"

    def read_with(self, program: Path, *files: Path) -> Completed:
        """Run a Python program that reads files of the workshop and needs neither the clone nor another process."""
        return run_confined(
            (sys.executable, "-P", str(program), *map(str, files)),
            cwd=self.folder / "temporary",
            readable=[*python_paths(), program, *files],
            writable=[self.folder / "temporary"],
            environment={},
            limits=Limits(),
        )

    def _run_dvc(self, *arguments: str) -> Completed:
        """Run DVC in the clone, by the interpreter that runs Mintmark."""
        return run_confined(
            # -P keeps a json.py or dvc.py in the clone itself from being imported instead of the real one.
            (sys.executable, "-P", "-m", "dvc", *arguments),
            cwd=self.clone,
            readable=_programs(),
            writable=[self.folder / "clone", *(self.folder / name for name in _OWN)],
            environment=self._environment(),
            limits=_limits(),
            network=self.network,
        )

    def contains(self, path: str) -> bool:
        """Whether a path of the clone leads to no place outside it."""
        return Path(os.path.realpath(self.clone / path)).is_relative_to(self.clone)

    def read(self, path: str, *, limit: int) -> bytes | None:
        """Return what a file of the clone holds; None where that is more than `limit` bytes, or no plain file."""
        if not self.contains(path):
            return None
        try:
            content = read_text_file(self.clone / path, limit=limit)
        except MintmarkError:
            return None
        return content if len(content) <= limit else None

    def _environment(self) -> dict[str, str]:
        home = self.folder / "home"
        places = ("DVC_SITE_CACHE_DIR", "DVC_GLOBAL_CONFIG_DIR", "DVC_SYSTEM_CONFIG_DIR", "MINTMARK_CACHE")
        return {
            "PATH": _path(),
            "HOME": str(home),
            "TMPDIR": str(self.folder / "temporary"),
            "LC_ALL": "C.UTF-8",
            "NO_COLOR": "1",
            "DVC_NO_ANALYTICS": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_SYSTEM": os.devnull,
            "PYTHONPATH": os.pathsep.join(map(str, self._search_path())),
            **{name: str(home / name.lower()) for name in places},
        }

    def _search_path(self) -> list[Path]:
        """Return the folders that hold packages of this Python: those of the user's work tree as the clone has them.

        The others are named too. What runs here has another home and none of the user's variables, so that it would
        not find what they lead to, such as an editable install of Mintmark elsewhere.
        """
        inside = [Path(entry) for entry in sys.path if entry and self._is_in_work_tree(entry)]
        found = [self.clone / entry.resolve().relative_to(self.root) for entry in inside]
        others = python_environment().get("PYTHONPATH", "").split(os.pathsep)
        outside = [Path(entry) for entry in others if entry and not self._is_in_work_tree(entry)]
        return [*(folder for folder in found if folder.is_dir()), *outside]

    def _is_in_work_tree(self, entry: str) -> bool:
        return Path(entry).resolve().is_relative_to(self.root)


def _path() -> str:
    """Return where programs are looked for: `python` in a stage's command is the one that runs Mintmark."""
    return f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"


def _programs() -> list[Path]:
    """Return what commands in a stage need of the system: programs with their libraries, and settings of those."""
    found = [Path(entry) for entry in _path().split(os.pathsep) if entry.startswith("/")]
    # The schemas lie beside the package where a checkout is installed.
    return [*python_paths(), *shell_paths(), *found, *map(Path, _SYSTEM), schema_folder()]


def _limits() -> Limits:
    """Return limits that a training keeps to and a machine survives."""
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    cpu_seconds = _SECONDS * (os.cpu_count() or 1)
    return Limits(
        memory=memory, seconds=_SECONDS, cpu_seconds=cpu_seconds, file_bytes=_FILE_BYTES, processes=_PROCESSES
    )


def _last_words(done: Completed) -> str:
    """Return the last lines of what a command said, without DVC's own advice and without terminal controls."""
    said = done.stderr.strip() or done.stdout.strip()
    lines = [one_line(line.expandtabs(4).rstrip())[:_WIDEST] for line in said.splitlines()]
    lines = [line for line in lines if line and "dvc.org" not in line]
    return "\n".join(lines[-_MOST_LINES:])
