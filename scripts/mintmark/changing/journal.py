"""Put a prepared commit into the work tree, with a way back for as long as it is not whole. Makes no commit.

What is to change lies ready in `pending/` in Git's own folder, with a copy of what it replaces and a journal. Then
come four quick steps: files, branch, index, HEAD. The last one is the only that counts. An error or a signal on the
way takes the others back at once; after a kill -9 or a power cut the next writing command does it from the journal.
"""

from __future__ import annotations

import errno
import hashlib
import json
import shutil
import signal
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mintmark.errors import MintmarkError
from mintmark.registry import git
from mintmark.registry.documents import blob_oid
from mintmark.registry.files import write_atomically
from mintmark.registry.repository.prefix import mark_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(frozen=True, kw_only=True, slots=True)
class FileChange:
    """One file to write: its path, where its new bytes and its old ones (None: there are none) lie in pending/."""

    path: str
    oid: str
    new: str
    old: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Journal:
    """All that taking a change back needs. `branch` is a full name (`refs/heads/...`), None for the present branch."""

    before: str
    commit: str
    branch: str | None
    index: str
    files: tuple[FileChange, ...]


def pending_folder(root: Path) -> Path:
    """Return the folder in which a change is prepared; each work tree has its own."""
    git_folder = root / ".git"
    if not git_folder.is_dir():
        git_folder = Path(git.git_text("rev-parse", "--absolute-git-dir", cwd=root))
    return git_folder / "mintmark" / f"pending{mark_of(root)}"


def stage_files(root: Path, writes: Mapping[str, bytes]) -> tuple[FileChange, ...]:
    """Lay the new and the old bytes of files ready on the disk; raise `MintmarkError` where one cannot be kept."""
    folder = pending_folder(root)
    changes = []
    for number, (path, content) in enumerate(sorted(writes.items())):
        present = _present(root, path)
        if present == content:
            continue
        old = f"{number}.old" if present is not None else None
        if present is not None and old is not None:
            write_atomically(folder / old, present)
        write_atomically(folder / f"{number}.new", content)
        changes.append(FileChange(path=path, oid=blob_oid(content), new=f"{number}.new", old=old))
    return tuple(changes)


def _present(root: Path, path: str) -> bytes | None:
    """Return the bytes of a file that will be written over; links and folders are never written over."""
    for parent in Path(path).parents:
        if (root / parent).is_symlink():
            raise MintmarkError(f"{parent}: is a symbolic link where a folder belongs")
    full = root / path
    if full.is_symlink() or full.is_dir():
        raise MintmarkError(f"{path}: is {'a symbolic link' if full.is_symlink() else 'a folder'}, not a file")
    return full.read_bytes() if full.exists() else None


def put_in_place(root: Path, journal: Journal) -> None:
    """Make the change: all of it, or nothing when this raises or is interrupted. The index lies in pending/index."""
    folder = pending_folder(root)
    write_atomically(folder / "journal.json", json.dumps(asdict(journal)).encode())
    with _signals_held():
        try:
            _place_files(root, journal)
            _create_branch(root, journal)
            _install_index(root, journal)
            _move_head(root, journal)
        except BaseException:
            undo_interrupted(root)
            raise
        shutil.rmtree(folder, ignore_errors=True)


def undo_interrupted(root: Path) -> None:
    """Take back what an interrupted command left in the work tree, if any; a change that was whole is left alone."""
    folder = pending_folder(root)
    if not folder.exists():
        return
    journal = _read_journal(folder)
    if journal is not None and not _is_whole(root, journal):
        _restore_index(root, journal)
        _restore_files(root, journal)
        if journal.branch:
            git.try_git("update-ref", "-d", journal.branch, journal.commit, cwd=root)
    shutil.rmtree(folder, ignore_errors=True)


def _read_journal(folder: Path) -> Journal | None:
    """Return the journal; without one nothing but this folder was touched."""
    try:
        data = json.loads((folder / "journal.json").read_bytes())
    except (OSError, ValueError):
        return None
    return Journal(**{**data, "files": tuple(FileChange(**file) for file in data["files"])})


def _is_whole(root: Path, journal: Journal) -> bool:
    if git.head_commit(root) != journal.commit:
        return False
    return journal.branch is None or git.ask_git("symbolic-ref", "--quiet", "HEAD", cwd=root) == journal.branch


def _place_files(root: Path, journal: Journal) -> None:
    folder = pending_folder(root)
    for change in journal.files:
        target = root / change.path
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            (folder / change.new).replace(target)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise MintmarkError(f"{change.path}: cannot be written: {error.strerror}") from None
            write_atomically(target, (folder / change.new).read_bytes())


def _create_branch(root: Path, journal: Journal) -> None:
    if journal.branch:
        git.run_git("update-ref", journal.branch, journal.commit, git.NO_OBJECT, cwd=root)


def _install_index(root: Path, journal: Journal) -> None:  # noqa: ARG001 - one signature for all steps
    """Replace the index as Git does it: through index.lock, so that two never write at once."""
    folder, index = pending_folder(root), index_path(root)
    if digest(index) != digest(folder / "index.before"):
        raise MintmarkError("the Git index changed meanwhile; let the other git command finish and try again")
    lock = Path(f"{index}.lock")
    try:
        lock.hardlink_to(folder / "index")  # a second name tells our lock from that of another git command
    except FileExistsError:
        raise MintmarkError(f"another git command is at work here ({lock} exists); try again when it is done") from None
    lock.rename(index)


def _move_head(root: Path, journal: Journal) -> None:
    subject = "mintmark"
    if journal.branch is None:
        git.run_git("update-ref", "-m", subject, "HEAD", journal.commit, journal.before, cwd=root)
        return
    if git.resolve_commit(root, "HEAD") != journal.before:
        raise MintmarkError("HEAD moved meanwhile; let the other git command finish and try again")
    git.run_git("symbolic-ref", "-m", subject, "HEAD", journal.branch, cwd=root)


def _restore_index(root: Path, journal: Journal) -> None:
    folder, index = pending_folder(root), index_path(root)
    lock = Path(f"{index}.lock")
    if lock.exists() and lock.samefile(folder / "index"):
        lock.unlink()
    if digest(index) == journal.index:
        (folder / "index.before").replace(index)
    elif journal.files and digest(index) != digest(folder / "index.before"):
        # Somebody ran Git since: take back our paths alone.
        git.try_git("reset", "--quiet", "--", *(change.path for change in journal.files), cwd=root)


def _restore_files(root: Path, journal: Journal) -> None:
    """Put back each file that still has our bytes; whatever was written over it since is left alone."""
    folder = pending_folder(root)
    for change in journal.files:
        target = root / change.path
        if target.is_symlink() or not target.is_file() or blob_oid(target.read_bytes()) != change.oid:
            continue
        if change.old is not None:
            write_atomically(target, (folder / change.old).read_bytes())
            continue
        target.unlink()
        for parent in Path(change.path).parents[:-1]:
            with suppress(OSError):  # a folder that holds something else stays
                (root / parent).rmdir()


def index_path(root: Path) -> Path:
    """Return where the index of this work tree lies."""
    return pending_folder(root).parent.parent / "index"


def digest(path: Path) -> str:
    """Return the sha256 of a file, that of no bytes where there is no file."""
    return hashlib.sha256(path.read_bytes() if path.exists() else b"").hexdigest()


@contextmanager
def _signals_held() -> Iterator[None]:
    """Let Ctrl-C and SIGTERM wait until the few quick steps are done."""
    held = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, held)
