"""Hold what a proposed record says against what it was made from (R7), as values. Reads no files, Git or clock.

What nobody can check is named by `core.provenance.said`, and shown as said by the author.
"""

from __future__ import annotations

import json
import unicodedata
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from mintmark.core import layout
from mintmark.core.bump import parent_among
from mintmark.core.finding import Finding, format_place, shorten
from mintmark.core.provenance.explained import explanation_faults
from mintmark.core.provenance.pins import ALWAYS, BY_FORMAT, LOCK, is_python, marker_environment
from mintmark.core.question import TRAINING_ROWS
from mintmark.core.statistics.metric_names import LABEL_METRICS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from mintmark.core.provenance.pins import Pin
    from mintmark.core.records import Environment, VersionRecord

_RULE: Final = "R7"
_MOST: Final = 10  # differences that are told of one record
_LONGEST: Final = 100
_NOTHING: Final = object()
_FORMAT: Final = "%Y-%m-%dT%H:%M:%SZ"
_CLOCKS: Final = timedelta(hours=1)  # by which two clocks may differ
_SHARES: Final = frozenset({*LABEL_METRICS, "roc_auc", "average_precision"})  # between 0 and 1
# What hides text, or shows it in another order: turned directions, spaces without width, tags. Emoji may join.
_HIDDEN: Final = frozenset("\u200b\u2028\u2029\ufeff\u180e\u00ad") | frozenset(
    chr(code)
    for first, last in ((0x202A, 0x202E), (0x2060, 0x206F), (0xE0000, 0xE007F))
    for code in range(first, last + 1)
)
_SOURCES: Final[Mapping[str, str]] = {
    "signature": "signature.json",
    "parameters": "dvc.lock and best.json",
    "metrics": "metrics.json",
    "data": "data.json",
}


def dispute_description(record: VersionRecord, made: Mapping[str, Any]) -> Iterator[Finding]:
    """Yield each value that the pipeline did not write; `made` is what `describe_candidate` gives of its files.

    The stages are compared with dvc.lock elsewhere, one by one.
    """
    remedy = f"mintmark propose {record.model} writes what is there"
    differing = (
        (place, claimed, found)
        for part in _SOURCES
        for place, claimed, found in _differing(record.document[part], made[part], (part,))
    )
    for place, claimed, found in islice(differing, _MOST):
        source = _SOURCES[str(place[0])]
        message = f"says {_told(claimed)}, and in {source} it is {_told(found)}; {remedy}"
        yield _finding(record, format_place(place), message)
    columns = list(record.document["signature"]["inputs"]), list(made["signature"].get("inputs", ()))
    if columns[0] != columns[1] and set(columns[0]) == set(columns[1]):
        yield _finding(record, "signature.inputs", f"has another order than signature.json; {remedy}")


def _differing(
    claimed: Any, made: Any, place: tuple[str | int, ...]
) -> Iterator[tuple[tuple[str | int, ...], Any, Any]]:
    """Yield the smallest parts of two documents that differ, each with its place; `_NOTHING` where one lacks it."""
    if isinstance(claimed, dict) and isinstance(made, dict):
        for key in [*claimed, *(key for key in made if key not in claimed)]:
            yield from _differing(claimed.get(key, _NOTHING), made.get(key, _NOTHING), (*place, str(key)))
    elif isinstance(claimed, list) and isinstance(made, list) and len(claimed) == len(made):
        for number, (one, other) in enumerate(zip(claimed, made, strict=True)):
            yield from _differing(one, other, (*place, number))
    elif isinstance(claimed, bool) != isinstance(made, bool) or claimed != made:  # True is 1 to Python
        yield place, claimed, made


def _told(value: Any) -> str:
    if value is _NOTHING:
        return "nothing"
    try:
        return shorten(json.dumps(value, ensure_ascii=False), _LONGEST)
    except ValueError:
        return "a number with thousands of digits"


def dispute_files(
    record: VersionRecord, artifact: str, others: Sequence[str], *, may: Sequence[str] = ()
) -> Iterator[Finding]:
    """Yield where the record stores other files than a proposal does: the artifact of dvc.lock, and those `others`.

    It `may` store further ones that the pipeline makes: an older release left them out.
    """
    remedy = f"mintmark propose {record.model} stores what belongs there"
    if record.artifact.name != artifact:
        yield _finding(record, "artifact.path", f"is {record.artifact.name}, and dvc.lock makes {artifact}; {remedy}")
    stored = {file.name for file in record.files}
    for name in sorted((set(others) - stored) | (stored - {*others, *may})):
        what = "is left out" if name in others else "is none of the files that a version has"
        yield _finding(record, f"files.{name}", f"{what}; {remedy}")


def dispute_time(record: VersionRecord, parent: str | None, now: datetime) -> Iterator[Finding]:
    """Yield where `created` is in the future, or before the parent was; `parent` is the time in the parent's record."""
    created, before = _moment(record.created), _moment(parent) if parent else None
    remedy = f"set the clock right, and mintmark propose {record.model} again"
    if created is None:
        yield _finding(record, "created", f"{record.created} is in no calendar; {remedy}")
    elif created > now + _CLOCKS:
        yield _finding(record, "created", f"{record.created} is in the future, it is {now:{_FORMAT}} now; {remedy}")
    elif before is not None and created < before - _CLOCKS:
        yield _finding(record, "created", f"{record.created} is before its parent, which is of {parent}; {remedy}")


def _moment(text: str) -> datetime | None:
    try:
        return datetime.strptime(text, _FORMAT).replace(tzinfo=UTC)
    except ValueError:
        return None


def dispute_parent(
    record: VersionRecord, standings: Sequence[tuple[Collection[str], Collection[str]]]
) -> Iterator[Finding]:
    """Yield where `parent` is not the version that a proposal of this number goes on from.

    `standings` has the versions and the yanked ones of the model, where the branch left the base and now: either may
    be what the proposal was made on.
    """
    fitting = [parent_among(versions, yanked, record.version) for versions, yanked in standings]
    if record.parent in fitting:
        return
    claimed, right = (str(version) if version else "none" for version in (record.parent, fitting[-1]))
    known = {"none", str(record.version), *(name for versions, _ in standings for name in versions)}
    what = "is not what this goes on from" if claimed in known else "is not registered"
    if record.parent == record.version:
        what = "is this version itself"
    message = f"{claimed} {what}, and {right} belongs here; mintmark propose {record.model} again"
    yield _finding(record, "parent", message)


def dispute_author(record: VersionRecord, people: Collection[str]) -> Iterator[Finding]:
    """Yield where the author is nobody whom the commits of the record name; without `people` nothing is known."""
    if people and record.author not in people:
        named = " or ".join(shorten(person, _LONGEST) for person in sorted(people)[:3])
        message = f"is {shorten(record.author, _LONGEST)}, and the commit is by {named}"
        yield _finding(record, "author", f"{message}; mintmark propose {record.model} writes who commits")


def dispute_texts(record: VersionRecord) -> Iterator[Finding]:
    """Yield the texts that do not show what they hold: those with controls, or with marks that hide or turn text."""
    texts = {"author": record.author, "summary": record.summary}
    texts |= {f"environment.{name}": getattr(record.environment, name) for name in ("python", "platform")}
    for where, text in texts.items():
        shown = text.replace("\r\n", "\n")
        hidden = next((c for c in shown if c in _HIDDEN or (c not in "\n\t" and unicodedata.category(c) == "Cc")), None)
        if hidden is not None:
            message = f"has the character U+{ord(hidden):04X}, which nobody sees; write the text without it"
            yield _finding(record, where, message)


def dispute_packages(record: VersionRecord, pins: Sequence[Pin]) -> Iterator[Finding]:
    """Yield where the packages are not those that the pins of its requirements.lock name for its Python."""
    environment, remedy = record.environment, f"mintmark propose {record.model} again, where {LOCK} is installed"
    if not is_python(environment.python):
        yield _finding(record, "environment.python", f"{environment.python} is no version of Python; {remedy}")
        return
    pinned = _pinned(environment, pins)
    for name, version in environment.packages.items():
        versions = pinned.get(name.lower().replace("_", "-"), set())
        if version not in versions:
            says = f"pins {' or '.join(sorted(versions))}" if versions else "does not pin it"
            message = f"says {shorten(version, _LONGEST)}, and {LOCK} {says} for Python {environment.python}; {remedy}"
            yield _finding(record, f"environment.packages.{name}", message)
    for name in (*ALWAYS, *BY_FORMAT.get(record.format, ())):
        if name in pinned and name not in environment.packages:
            yield _finding(record, f"environment.packages.{name}", f"is left out, and {LOCK} pins it; {remedy}")


def _pinned(environment: Environment, pins: Sequence[Pin]) -> dict[str, set[str]]:
    where = marker_environment(environment.python, environment.platform)
    pinned: dict[str, set[str]] = {}
    for pin in pins:
        if pin.version is not None and pin.applies(where):
            pinned.setdefault(pin.name, set()).add(pin.version)
    return pinned


def dispute_measures(record: VersionRecord, metrics: Mapping[str, Any], primary: str) -> Iterator[Finding]:
    """Yield what metrics.json cannot mean: importance of what is no input, a size that is not the artifact's."""
    path = layout.metrics_path(record.model, str(record.version))
    inputs = record.signature.inputs
    faults = []
    for name, drop in metrics.get("importance", {}).items():
        where, deviation = f"importance.{name}", drop.get("std", 0)
        if name not in inputs:
            faults.append((where, "is no input of the model"))
        elif deviation < 0:
            faults.append((where, f"has a deviation of {_told(deviation)}, and none is below zero"))
        elif primary in _SHARES and max(abs(drop["mean"]), deviation) > 1:
            faults.append((where, f"is more than {primary} can drop"))
    if "explanation" in metrics:
        faults += explanation_faults(metrics["explanation"], record.signature)
    cost = metrics.get("cost", {})
    if cost.get("size", record.artifact.size) != record.artifact.size:
        faults.append(("cost.size", f"is {_told(cost['size'])}, and the artifact has {record.artifact.size}"))
    if cost and record.cost is not None:
        faults.append(("cost", "is in the record as well, and only one of them can be shown"))
    for where, message in faults[:_MOST]:
        remedy = f"dvc repro, and mintmark propose {record.model} again"
        yield Finding(path=path, where=where, message=f"{message}; {remedy}", rule=_RULE)


def dispute_rows(record: VersionRecord, rows: int, trained: int | None) -> Iterator[Finding]:
    """Yield where the lineage counts other rows than metrics.json (`rows`) and profile.json (`trained`) do."""
    known = {"evaluation": (rows, "metrics.json"), "training": (trained, "profile.json")}
    for number, source in enumerate(record.data):
        right, file = known.get(source.role, (None, ""))
        if right is not None and source.rows != right:
            message = f"is {_told(source.rows)}, and {file} counts {right}; dvc repro, and mintmark propose again"
            yield _finding(record, f"data[{number}].rows", message)


def dispute_units(record: VersionRecord, counted: Any, digested: Mapping[str, int]) -> Iterator[Finding]:
    """Yield where the digests of training rows are of other numbers of ids and entities than data.json has.

    `counted` is what data.json says of the training table; an older `prepare` did not count them there.
    """
    for name, digests in digested.items():
        told = counted.get(name) if isinstance(counted, dict) else None
        if told is not None and told != digests:
            message = f"has digests of {digests:,} {name}, and data.json counts {_told(told)} in the training"
            yield _finding(record, f"files.{TRAINING_ROWS}", f"{message}; dvc repro, and mintmark propose again")


def dispute_source(record: VersionRecord, number: int, digests: Sequence[str]) -> Iterator[Finding]:
    """Yield where an entry of the lineage has none of the sha256 that the file of its path may have."""
    source = record.data[number]
    if digests and source.hash.removeprefix("sha256:") not in digests:
        message = f"is {shorten(source.hash, _LONGEST)}, and {source.path} has sha256:{digests[0]}"
        yield _finding(record, f"data[{number}].hash", f"{message}; dvc repro, and mintmark propose again")


def _finding(record: VersionRecord, where: str, message: str) -> Finding:
    path = layout.version_path(record.model, str(record.version))
    return Finding(path=path, where=where, message=message, rule=_RULE)
