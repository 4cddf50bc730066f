"""`mintmark replay`: find a logged decision, run the version that made it again, and see whether it says the same."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from mintmark.core import layout
from mintmark.core.words.numbers import count
from mintmark.errors import MintmarkError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from mintmark.core.judgement.answers import Answer
    from mintmark.core.records import VersionRecord
    from mintmark.registry.logged.decisions import LoggedDecision
    from mintmark.registry.reading import Registry

SAME: Final = 0
OTHER: Final = 1
UNTOLD: Final = 42  # as a review says that a person has to decide
_SHOWN: Final = 20
_OK: Final = 200
_COMMIT: Final = re.compile(r"[0-9a-f]{40,64}\Z")


@dataclass(frozen=True, kw_only=True, slots=True)
class Replayed:
    """What became of one decision: `outcome` is an exit code, `why` says what keeps it from being told."""

    decision: LoggedDecision
    outcome: int
    why: str = ""
    differing: int = 0
    found: Answer | None = None


def replay(root: Path, identity: str, log: str, *, registry: str | None, as_json: bool) -> int:
    """Print what was decided, and what the same version says of the same inputs now.

    Returns 0 for the same answer, 1 for another one, and 42 where that cannot be told.
    """
    from mintmark.registry.logged.decisions import find_decisions
    from mintmark.registry.logged.reading import PredictionLog

    opened = PredictionLog(log)
    decisions = find_decisions(opened, identity)
    if not decisions:
        print(json.dumps({"id": identity, "decisions": []}) if as_json else _not_found(opened, identity))
        return UNTOLD
    replayed = [_replay(decision, registry or root) for decision in decisions]
    if as_json:
        print(json.dumps({"id": identity, "decisions": [_document(each) for each in replayed]}, indent=2, default=str))
    else:
        print("\n\n".join("\n".join(_told(each)) for each in replayed))
    outcomes = {each.outcome for each in replayed}
    return OTHER if OTHER in outcomes else UNTOLD if UNTOLD in outcomes else SAME


def _not_found(log: Any, identity: str) -> str:
    from mintmark.registry.logged.decisions import leaves_out

    if leaves_out(log, identity):
        return f"{identity}: the log keeps a sample of the requests, and not this one. Nothing can be told of it."
    return f"{identity}: no request of this id is in {log.where}. Nothing can be told of it."


def _replay(decision: LoggedDecision, registry: Path | str) -> Replayed:
    why = decision.untold()
    if why:
        return Replayed(decision=decision, outcome=UNTOLD, why=why)
    try:
        where, record = _find_version(decision, registry)
        answer = _ask(decision, where, record)
    except MintmarkError as error:
        return Replayed(decision=decision, outcome=UNTOLD, why=str(error))
    from mintmark.core.judgement.grading import same_answers

    differing = same_answers(decision.answer, answer, labels=bool(decision.about.classes))
    return Replayed(decision=decision, outcome=OTHER if differing else SAME, differing=differing, found=answer)


def _find_version(decision: LoggedDecision, registry: Path | str) -> tuple[Registry, VersionRecord]:
    """Return the registry that still has the version, by the commit of the log or as it is now, and its record.

    Raises `MintmarkError` where there is none, or where its model is another file than the one that answered.
    """
    faults = []
    for opens in _registries(registry, decision.commit):
        try:
            opened = opens()
            record = opened.record(decision.about.model, decision.about.version)
        except MintmarkError as error:
            faults.append(str(error))
            continue
        if record.artifact.sha256 != decision.about.artifact:
            raise MintmarkError(f"{record.reference} is another model than the one that answered (sha256)")
        return opened, record
    raise MintmarkError(faults[-1])


def _registries(where: Path | str, commit: str) -> Iterator[Callable[[], Registry]]:
    """Yield what opens a registry as it was when the decision was made, where that can be known, and as it is now."""
    from mintmark.registry.clone import ClonedRegistry
    from mintmark.serving.following.sources import CloneSource, open_source

    source = open_source(where)
    if isinstance(source, CloneSource) and _COMMIT.match(commit):
        yield partial(ClonedRegistry, source.root, at=commit)
    yield lambda: source.read().registry


def _ask(decision: LoggedDecision, registry: Registry, record: VersionRecord) -> Answer:
    from mintmark.core.signature.inputs import InputFault, fit_inputs
    from mintmark.serving.following.proving import ROWS, run_version

    pointer = layout.pointer_path(record.model, str(record.version), record.artifact.name)
    artifact = registry.store(record).fetch(record.artifact, pointer=pointer)
    try:
        rows = fit_inputs(decision.inputs, record.signature.inputs)
    except InputFault as fault:
        raise MintmarkError(f"the logged inputs do not fit {record.reference}: {fault}") from None
    answer = run_version(record, artifact, rows, registry.trusted_names).answers[ROWS]
    if answer.error is not None:
        raise MintmarkError(f"{record.reference} does not answer these rows here: {answer.error[:200]}")
    return decision.comparable(answer)


# -- words -----------------------------------------------------------------------------------------------------------


def _told(replayed: Replayed) -> Iterator[str]:
    decision = replayed.decision
    shadow = ", as a shadow that no caller saw" if decision.shadow else ""
    yield f"{decision.id} at {decision.time}: {decision.name} in {decision.channel}{shadow}"
    if decision.commit:
        yield f"The registry was at {decision.commit[:12]}."
    rows, differing = len(decision.answer.prediction), replayed.differing
    for row in range(min(rows, _SHOWN) if decision.status == _OK else 0):
        yield f"row {row}: {_one(decision.answer, row)}{_now(replayed, row)}"
    if rows > _SHOWN:
        yield f"and {count(rows - _SHOWN, 'more row', 'more rows')}"
    if replayed.outcome == SAME:
        yield f"{decision.name} says the same now of the logged inputs ({count(rows, 'row')})."
    elif replayed.outcome == OTHER:
        yield f"{decision.name} says something else now of {differing:,} of {count(rows, 'row')}."
    else:
        yield f"It cannot be told whether the same answer comes out: {replayed.why}."


def _now(replayed: Replayed, row: int) -> str:
    if replayed.outcome != OTHER or replayed.found is None or row >= len(replayed.found.prediction):
        return ""
    return f"; now {_one(replayed.found, row)}"


def _one(answer: Answer, row: int) -> str:
    if answer.probabilities is None:
        return str(answer.prediction[row])
    shares = ", ".join(f"{share:.6g}" for share in answer.probabilities[row])
    return f"{answer.prediction[row]} ({shares})"


def _document(replayed: Replayed) -> dict[str, Any]:
    decision = replayed.decision
    words = {SAME: "same", OTHER: "other", UNTOLD: "cannot be told"}
    return {
        "time": decision.time,
        "model": decision.about.model,
        "version": decision.about.version,
        "channel": decision.channel,
        "commit": decision.commit,
        "shadow": decision.shadow,
        "status": decision.status,
        "classes": list(decision.about.classes),
        "logged": _answer(decision.answer),
        "now": None if replayed.found is None else _answer(replayed.found),
        "inputs": json.loads(decision.inputs.to_json(orient="records", date_format="iso")),
        "outcome": words[replayed.outcome],
        "differing": replayed.differing,
        "why": replayed.why,
    }


def _answer(answer: Answer) -> dict[str, Sequence[Any] | None]:
    return {"predictions": list(answer.prediction), "probabilities": answer.probabilities}
