"""Bring one version of another registry as a candidate that is measured here, and propose it. Plans nothing."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from mintmark.beginning.bringing import Artifact, bring, fitted_columns
from mintmark.beginning.brought_stage import brought_folder
from mintmark.beginning.importing.fitted_rows import fit_rows, open_columns, said_columns
from mintmark.beginning.importing.found import ImportRefused
from mintmark.beginning.importing.said_record import imported, summary
from mintmark.changing.lock import one_at_a_time
from mintmark.commands.bringing.imported_versions import read_artifact
from mintmark.commands.bringing.register import write_brought
from mintmark.commands.propose import commit_candidate
from mintmark.core import layout
from mintmark.core.version import parse_version
from mintmark.registry.clone import ClonedRegistry
from mintmark.registry.files import write_atomically
from mintmark.registry.pipeline import LOCK, PIPELINE
from mintmark.training.brought.measuring import measure_brought

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    import pandas as pd

    from mintmark.beginning.importing.found import FoundVersion, Made, Source
    from mintmark.changing.commits import NewCommit
    from mintmark.core.question import Question
    from mintmark.training.brought.model import Brought

_UNMEASURED: Final = ("safetensors",)  # which nothing here runs


@dataclass(kw_only=True, slots=True)
class Measuring:
    """The rows that every version is measured on, and what the command line says of their columns.

    `rows` stand in the order that the last version took them in.
    """

    rows: pd.DataFrame
    name: str
    question: Question
    identity: Mapping[str, Any]
    carry: Sequence[str]
    classes: Sequence[str]

    def lacks(self, made: Made | None) -> str:
        """Return why a version cannot be measured, as far as that is known before it was read; empty for nothing."""
        if made is None:
            return ""
        if made.form in _UNMEASURED:
            return f"it is {made.form}, which nothing here runs; mintmark register --predictions FILE brings it"
        seen = said_columns(made)
        try:
            if seen is not None:
                fit_rows(self.rows, seen, self.question, self.carry)
        except ImportRefused as refused:
            return str(refused)
        return ""


def commit_measured(
    root: Path, source: Source, version: FoundVersion, model: str, measuring: Measuring, *, branch: str | None
) -> NewCommit:
    """Measure a version as `mintmark register` does, and commit it as `mintmark propose` does.

    Raises `ImportRefused` and `MintmarkError` where it cannot come, with every file as it was.
    """
    registry = ClonedRegistry(root)
    with one_at_a_time(registry.root, "import"), _put_back(registry.root, model):
        taken, brought, told = _read(registry, source, version, model, measuring)
        made = measure_brought(brought, measuring.question)
        write_brought(registry.root, taken, brought, made, measuring.identity)
        proposed = commit_candidate(
            registry,
            model,
            branch,
            wanted=parse_version(version.number),
            summary=summary(source, version),
            extra=imported(source, version, file=told, **_environment(version)),
        )
    return proposed.commit


def _read(
    registry: ClonedRegistry, source: Source, version: FoundVersion, model: str, measuring: Measuring
) -> tuple[Artifact, Brought, dict[str, Any]]:
    """Return the model file, what is measured of it, and what is told of the file that it was."""
    assert version.made is not None
    question, trusted = measuring.question, registry.trusted_names
    seen = said_columns(version.made)
    asked = seen if seen is not None else open_columns(measuring.rows, question, measuring.carry)
    rows, _ = fit_rows(measuring.rows, asked, question, measuring.carry)
    kept = read_artifact(registry, source, version, rows[asked])
    taken = Artifact(f"model.{kept.form}", kept.form, kept.content, version.made.path)

    def brought(names: Sequence[str]) -> Brought:
        measuring.rows, carried = fit_rows(measuring.rows, names, question, measuring.carry)
        return bring(model, taken, measuring.rows, question, trusted=trusted, carry=carried, classes=measuring.classes)

    made = brought(kept.columns or asked)
    fitted = fitted_columns(taken, trusted) if kept.columns is None and seen is None else None
    return taken, made if fitted is None else brought(fitted), kept.told


def _environment(version: FoundVersion) -> dict[str, Any]:
    """Return where the version was made, as it is said there: the record itself tells where it was measured."""
    assert version.made is not None
    told = {"python": version.made.python, "packages": dict(version.made.packages)}
    known = {key: value for key, value in told.items() if value}
    return {"environment": known} if known else {}


@contextmanager
def _put_back(root: Path, model: str) -> Iterator[None]:
    """Where the block raises, bring back what was in the files that a registration writes."""
    before = {path: path.read_bytes() for path in _written(root, model)}
    try:
        yield
    except BaseException:
        for path in _written(root, model):
            if path not in before:
                path.unlink()
        for path, content in before.items():
            if not path.exists() or path.read_bytes() != content:
                write_atomically(path, content)
        raise


def _written(root: Path, model: str) -> list[Path]:
    """Return the files there are of those that a registration writes."""
    brought = root / brought_folder(model)
    candidate = (root / layout.candidate_path(model, "x")).parent
    own = [path for path in brought.glob("*") if path.name.startswith(("model.", "predictions.", "evaluation."))]
    named = [root / PIPELINE, root / LOCK, brought / ".gitignore", candidate.parent / ".gitignore"]
    found = [*named, *own, *candidate.glob("*"), candidate / ".gitignore"]
    return [path for path in dict.fromkeys(found) if path.is_file() or os.path.islink(path)]
