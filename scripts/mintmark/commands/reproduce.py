"""`mintmark reproduce`: run the recorded stages of a version again. Writes to the repository only a note, if asked."""

from __future__ import annotations

import json
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mintmark.changing.commits import read_author
from mintmark.commands.text_columns import format_table
from mintmark.core.finding import one_line
from mintmark.core.layout import version_path
from mintmark.core.question import RecipeFault
from mintmark.core.words.numbers import seconds as took
from mintmark.errors import MintmarkError
from mintmark.judging.reproducing.reproduction import reproduce_version
from mintmark.registry.clone import ClonedRegistry
from mintmark.registry.git import git_text
from mintmark.registry.past.notes import REF, write_note
from mintmark.temporary import TemporaryFolder, keep_folder
from mintmark.terminal import unescaped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mintmark.core.judgement.review import Reproduction
    from mintmark.core.question import Question
    from mintmark.core.records import VersionRecord


def reproduce(root: Path, reference: str, *, network: bool, keep: bool, as_json: bool, note: bool = False) -> int:
    """Print what came of running a version's stages again at the commit that added it.

    Returns 0 for identical bytes and for the same predictions; 1 for all else, and where it stores digests of other
    training rows. `keep` leaves the clone where it is.
    `note` says in a Git note that the version was made again, if it was.
    """
    registry = ClonedRegistry(root)
    record = registry.resolve(reference)
    commit = _first_commit(registry, record)
    if note:
        read_author(registry.root)  # before the stages run, which can take hours
    then = ClonedRegistry(registry.root, at=commit)
    start = time.monotonic()
    with TemporaryFolder("reproduce") as folder, _progress(record) as on_stage:
        again = reproduce_version(
            registry.root,
            record,
            commit,
            config=then.dvc_config,
            question=_question(then, record),
            network=network,
            folder=folder,
            on_stage=on_stage,
        )
        kept = keep_folder(folder, "reproduced") if keep else None
    seconds = time.monotonic() - start
    noted = _write_note(registry, record, commit, again) if note else None
    clone = str(kept / "clone") if kept is not None else None
    if as_json:
        about = {"reference": record.reference, "commit": commit, "seconds": round(seconds, 1), "clone": clone}
        about |= {"note": noted} if note else {}
        print(json.dumps({**about, **_to_dict(again)}, indent=2, ensure_ascii=False))
    else:
        print(f"{record.reference}: {again.outcome} ({took(round(seconds))}, at {commit[:10]})")
        print("\n\n".join(_blocks(again)))
        if clone is not None:
            print(f"\nthe clone is in {clone}")
        if note:
            print(f"\n{_what_was_noted(noted)}")
    return 0 if again.is_same and not again.wrong_rows else 1


def _question(then: ClonedRegistry, record: VersionRecord) -> Question | None:
    """Return what the model answered when the version was added; None where its model.yaml did not say."""
    try:
        return then.model(record.model).question
    except (MintmarkError, RecipeFault):
        return None


def _first_commit(registry: ClonedRegistry, record: VersionRecord) -> str:
    commit = registry.own_history(record.model).first_seen.get(str(record.version))
    if commit is None:
        raise MintmarkError(f"{record.reference} is in no commit of this branch yet; git commit it, and try again")
    return commit.oid


def _write_note(registry: ClonedRegistry, record: VersionRecord, commit: str, again: Reproduction) -> str | None:
    """Return the ref that the note went to, None where there is nothing to note."""
    if not again.is_same or again.wrong_rows:
        return None
    path = version_path(record.model, str(record.version))
    write_note(
        registry.root,
        git_text("rev-parse", "--verify", "--end-of-options", f"{commit}:{path}", cwd=registry.root),
        reference=record.reference,
        identical=again.outcome == "identical bytes",
        sha256=record.artifact.sha256,
    )
    return REF


def _what_was_noted(noted: str | None) -> str:
    if noted is None:
        return "there is nothing to note: the version was not made again"
    return f"noted in {noted}; git push origin {noted} shares it"


@contextmanager
def _progress(record: VersionRecord) -> Iterator[Callable[[str], None] | None]:
    """Show on a terminal which stage runs; elsewhere nothing."""
    if not sys.stderr.isatty():
        yield None
        return
    from tqdm import tqdm

    with tqdm(desc="cloning", total=len(record.stages), leave=False, file=unescaped(sys.stderr)) as bar:
        running = 0

        def on_stage(name: str) -> None:
            nonlocal running
            bar.set_description(one_line(name), refresh=False)
            bar.update(running)
            running = 1

        yield on_stage


def _blocks(again: Reproduction) -> Iterator[str]:
    yield "\n".join(map(one_line, again.message.splitlines()))
    if again.outcome != "identical bytes" and again.files:
        rows = [(path, "the same" if same else "differs") for path, same in again.files]
        yield format_table(("output", ""), rows)
    if again.environment:
        yield format_table(("environment", "recorded", "installed"), again.environment)


def _to_dict(again: Reproduction) -> dict[str, Any]:
    return {
        "outcome": again.outcome,
        "message": again.message,
        "parts_at": again.parts_at,
        "files": [{"path": path, "same": same} for path, same in again.files],
        "environment": [
            {"package": package, "recorded": recorded, "installed": installed}
            for package, recorded, installed in again.environment
        ],
    }
