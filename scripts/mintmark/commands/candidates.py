"""`mintmark list --candidates`: what the pipeline made last, beside the champion of each model."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from mintmark.commands.text_columns import EMPTY, format_table
from mintmark.core import layout
from mintmark.core.question import EVALUATION
from mintmark.core.records import Interval
from mintmark.core.words.comparisons import BASIS_WORDS
from mintmark.core.words.numbers import interval, signed
from mintmark.errors import MintmarkError
from mintmark.registry.files import read_json
from mintmark.registry.stored.candidate import (
    candidate_artifact,
    candidate_files,
    candidate_remedy,
    locate_candidate,
)

if TYPE_CHECKING:
    from mintmark.core.comparison import Basis
    from mintmark.core.records import VersionRecord
    from mintmark.registry.pipeline import LockedFile
    from mintmark.registry.reading import Registry


@dataclass(frozen=True, kw_only=True, slots=True)
class CandidateRow:
    """One candidate beside the champion (else the latest version; None where there is no version yet).

    `difference` is None where the two were not measured on the same rows (`basis`). Nothing here is better or worse:
    that takes a paired test. `registered` names the version whose artifact the candidate is, byte for byte.
    """

    model: str
    metric: str
    candidate: Interval
    champion: str | None
    champion_metric: Interval | None
    difference: float | None
    basis: Basis | None
    registered: str | None


def show_candidates(registry: Registry, *, as_json: bool) -> int:
    """Print each model's candidate beside its champion and what to type next; 1 when one could not be read."""
    rows, faults = [], []
    for model in registry.models():
        try:
            rows.append(_row(registry, model))
        except MintmarkError as error:
            faults.append(f"{model}: {error}")
    if as_json:
        print(json.dumps({"candidates": [asdict(row) for row in rows], "faults": faults}, indent=2))
    else:
        print("\n".join([_as_text(rows), *faults]))
    return 1 if faults else 0


def _row(registry: Registry, model: str) -> CandidateRow:
    files = candidate_files(registry, model)
    artifact = candidate_artifact(files, model)
    metric = registry.model(model).metric.name
    candidate = Interval(**_metrics(registry, model)[metric])
    champion = _champion(registry, model)
    theirs = champion.metrics.get(metric) if champion else None
    basis = _basis(files, champion) if champion else None
    same = theirs is not None and basis == "same rows"
    return CandidateRow(
        model=model,
        metric=metric,
        candidate=candidate,
        champion=str(champion.version) if champion else None,
        champion_metric=theirs,
        difference=candidate.value - theirs.value if theirs is not None and same else None,
        basis=basis,
        registered=_with_artifact(registry, model, artifact),
    )


def _metrics(registry: Registry, model: str) -> dict[str, dict[str, float]]:
    file = candidate_files(registry, model).get("metrics.json")
    if file is None:
        raise MintmarkError(
            "dvc.lock names no metrics.json; declare it under outs in dvc.yaml, and "
            f"{candidate_remedy(registry, model)} makes it"
        )
    _, path = locate_candidate(registry, file)
    metrics: dict[str, dict[str, float]] = read_json(path)["metrics"]
    return metrics


def _basis(files: dict[str, LockedFile], champion: VersionRecord) -> Basis:
    """Return whether the candidate was measured on the champion's rows, by the md5 of both: no byte is read."""
    own, theirs = files.get(EVALUATION), champion.stored_file(EVALUATION)
    return "same rows" if own is not None and theirs is not None and own.md5 == theirs.md5 else "other rows"


def _champion(registry: Registry, model: str) -> VersionRecord | None:
    version = registry.channels(model).get(registry.settings.last_channel) or registry.latest(model)
    return registry.record(model, str(version)) if version else None


def registered_as(registry: Registry, model: str) -> str | None:
    """Return the version whose artifact a model's candidate is, byte for byte; None where it is a new one."""
    return _with_artifact(registry, model, candidate_artifact(candidate_files(registry, model), model))


def _with_artifact(registry: Registry, model: str, artifact: LockedFile) -> str | None:
    """Return the newest version that has this artifact; only pointers are read."""
    name = artifact.path.rpartition("/")[2]
    paths = {layout.pointer_path(model, str(v), name): str(v) for v in reversed(registry.versions(model))}
    md5 = (artifact.md5 or "-").encode()
    pointers = registry.tree.read_many(list(paths))
    return next((version for path, version in paths.items() if md5 in pointers.get(path, b"")), None)


def _as_text(rows: list[CandidateRow]) -> str:
    if not rows:
        return "There is no candidate yet. Run dvc repro to make one of every model in params.yaml."
    headers = ("model", "metric", "champion", "its value", "candidate", "difference", "")
    table = format_table(headers, [_cells(row) for row in rows])
    fresh = [row.model for row in rows if row.registered is None]
    if not fresh:
        return f"{table}\n\nEvery candidate is registered. Change params.yaml or a script, and run make repro again."
    lines = [f"  mintmark compare {row.model}@{row.champion} {row.model}@candidate" for row in rows
             if row.registered is None and row.champion]  # fmt: skip
    lines += [f"  mintmark propose {model} -m 'what is new'" for model in fresh]
    return "\n".join([table, "", "Next, for a candidate that is not registered yet:", *lines])


def _cells(row: CandidateRow) -> tuple[str, ...]:
    theirs = row.champion_metric
    basis = BASIS_WORDS[row.basis] if row.basis and theirs else ""
    note = f"is {row.registered}" if row.registered else basis
    return (
        row.model,
        row.metric,
        row.champion or EMPTY,
        interval(theirs.value, theirs.low, theirs.high) if theirs else EMPTY,
        interval(row.candidate.value, row.candidate.low, row.candidate.high),
        EMPTY if row.difference is None else signed(row.difference),
        note,
    )
