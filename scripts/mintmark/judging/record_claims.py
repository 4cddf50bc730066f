"""Hold what a proposed record says of itself against what it was made from (R7): dvc.lock, its files, and Git.

`core.provenance` says what `propose` writes, from the same files, so whatever is written otherwise is found. Runs no
model and no stage.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from mintmark.core import layout
from mintmark.core.finding import Finding
from mintmark.core.judgement import record_claims as claims
from mintmark.core.judgement.opinion import Opinion, found, found_faults, short
from mintmark.core.judgement.review import Table
from mintmark.core.provenance.candidate import BEST, READ, describe_candidate, required_names, stored_names
from mintmark.core.provenance.pins import LOCK, read_pins
from mintmark.core.provenance.said import said_by_author
from mintmark.judging.hearing import attempt
from mintmark.registry import git, pipeline
from mintmark.registry.clone import ClonedRegistry
from mintmark.registry.files import line_ends, parse_json
from mintmark.registry.snapshot import with_lines
from mintmark.registry.stored.candidate import candidate_artifact, candidate_files, parse_candidate
from mintmark.registry.yaml.text import YamlFault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

    from mintmark.core.records import VersionRecord
    from mintmark.judging.hearing import Judging
    from mintmark.judging.span import Span
    from mintmark.registry.pipeline import LockedFile

_LARGEST: Final = 64 << 20  # of a file that is read to take its digest
_FORGE: Final = "noreply@"  # who commits what a forge squashes, in the name of an account there
_PEOPLE: Final = "%cE%n%an <%ae>%n%cn <%ce>%n%(trailers:key=Co-authored-by,valueonly)%x00"
_PROFILE: Final = "profile.json"


def judge_record(span: Span, record: VersionRecord, stored: Mapping[str, Path]) -> Judging[Any]:
    """Say what a record claims that is not so, and what only its author vouches for.

    `stored` has its files, verified. A version that comes back was judged before, and R3 holds it to its bytes. Returns
    what data.json says of the training table, None where nobody knows.
    """
    if str(record.version) in span.history(record.model).released:
        return None
    claimed = _Claims(span, record, stored)
    has_failed = False
    for part in (claimed.of_files, claimed.of_time_and_people, claimed.of_environment):
        faults = yield from attempt(partial(_findings, part), "record", path=claimed.path)
        opinion = found_faults("record", with_lines(faults or (), span.after.tree))
        has_failed = has_failed or faults is None or opinion.has_failed
        yield opinion
    if claimed.lock_is_old:
        message = f"it was made with an older {LOCK} than the branch has now; or dvc repro, and propose it again"
        yield found("record", "decide", message, claimed.path)
    yield from _say(record, span.after.metrics(record.model, record.version), passes=not has_failed)
    return claimed.counted


def _say(record: VersionRecord, metrics: Mapping[str, Any], *, passes: bool) -> Judging[None]:
    said = list(said_by_author(record.document, metrics))
    if passes:
        names = ", ".join(dict.fromkeys(each.name for each in said))
        yield found("record", "pass", f"it says what it was made from; said by the author, and not checked: {names}")
    rows = [(each.name, short(each.value), each.why) for each in said]
    header = ("what", "value", "why it is not checked")
    yield Opinion(tables=(Table(title="Said by the author", header=header, rows=rows),))


def _findings(part: Callable[[], Iterator[Finding]]) -> list[Finding]:
    return list(part())


class _Claims:
    """One record and what it is held against."""

    def __init__(self, span: Span, record: VersionRecord, stored: Mapping[str, Path]) -> None:
        self.span, self.record, self.stored = span, record, stored
        self.path = layout.version_path(record.model, str(record.version))
        self.lock_is_old = False
        self.counted: Any = None  # what data.json says of the training table

    def of_files(self) -> Iterator[Finding]:
        """What dvc.lock and the files behind it say."""
        record, after = self.record, self.span.after
        files = candidate_files(after, record.model)
        missing = [name for name in READ if name not in files]
        if missing:
            message = f"names no {layout.candidate_path(record.model, missing[0])}; every candidate has it: dvc repro"
            yield Finding(path=pipeline.LOCK, message=message, rule="R7")
            return
        metrics = after.metrics(record.model, record.version)
        documents: dict[str, Any] = {"metrics.json": metrics}
        for name in (*READ, BEST):
            if name in files and name not in documents:
                documents[name] = self._document(files[name])
        stages = pipeline.model_stages(pipeline.parse_lock(after.tree.read(pipeline.LOCK) or b""), record.model)
        entries = {name: stage.to_dict() for name, stage in stages.items()}
        made = describe_candidate(record.model, documents, entries)
        artifact = _name(candidate_artifact(files, record.model))
        lineage = record.document["data"]
        yield from claims.dispute_files(record, artifact, required_names(lineage), may=stored_names(files, lineage))
        yield from claims.dispute_description(record, made)
        yield from claims.dispute_measures(record, metrics, self._primary())
        yield from claims.dispute_rows(record, int(metrics["rows"]), self._trained())
        for number, source in enumerate(record.data):
            yield from claims.dispute_source(record, number, self._digests(source.path))
        self.counted = documents["data.json"].get("train")

    def _document(self, file: LockedFile) -> Any:
        content = self.span.store(self.span.after).read_object(file.md5 or "", file.size or 0, name=file.path)
        return parse_candidate(content, file.path)

    def _primary(self) -> str:
        return self.span.after.model(self.record.model).metric.name

    def _trained(self) -> int | None:
        """Return how many rows profile.json describes the inputs over, None where it does not say."""
        try:
            profile = parse_json(self.stored[_PROFILE].read_bytes()) if _PROFILE in self.stored else {}
        except YamlFault:
            return None
        inputs = profile.get("inputs") if isinstance(profile, dict) else None
        rows = inputs.get("rows") if isinstance(inputs, dict) else None
        return rows if isinstance(rows, int) else None

    def _digests(self, path: str) -> list[str]:
        """Return the sha256 of what lies at a path of the lineage, with any line ends; none where nobody has it."""
        name = path.rpartition("/")[2]
        file = self.record.stored_file(name)
        if file is not None and path == layout.candidate_path(self.record.model, name):
            return [file.sha256]
        content = self._blob(self.span.head, path)
        return [] if content is None else [hashlib.sha256(text).hexdigest() for text in line_ends(content)]

    def _blob(self, commit: str, path: str) -> bytes | None:
        """Return a plain file of a commit, None where there is none."""
        if path.startswith("/") or not path.isprintable() or {"", ".", ".."} & set(path.split("/")):
            return None
        entry = git.list_tree(self.span.root, commit, f":(literal){path}").get(path)
        if entry is None or entry.mode in git.NO_FILES:
            return None
        return dict(git.read_blobs(self.span.root, [entry.oid], limit=_LARGEST))[entry.oid]

    def of_time_and_people(self) -> Iterator[Finding]:
        """What Git and the clock say."""
        record, span = self.record, self.span
        starts = (git.ask_git("merge-base", "--all", span.base, span.head, cwd=span.root) or "").split()
        sides = (*(ClonedRegistry(span.root, at=commit) for commit in starts), span.before)
        standings = [([str(v) for v in side.versions(record.model)], side.yanked(record.model)) for side in sides]
        yield from claims.dispute_parent(record, standings)
        parent = span.before.read("version", layout.version_path(record.model, str(record.parent)))
        before = (parent.data if parent is not None else None) or {}
        yield from claims.dispute_time(record, before.get("created"), datetime.fromtimestamp(span.now, UTC))
        yield from claims.dispute_author(record, self._people())
        yield from claims.dispute_texts(record)

    def _people(self) -> set[str]:
        """Return whom the commits of the record name; none where a forge wrote one of them in its own words."""
        people: set[str] = set()
        for entry in self._commits(_PEOPLE):
            committer, *names = entry.strip("\n").split("\n")
            if committer.startswith(_FORGE):
                return set()
            people |= {name for name in names if name}
        return people

    def _commits(self, told: str) -> list[str]:
        """Return what Git tells of each commit of the change that writes the record."""
        arguments = ("--encoding=UTF-8", "--no-show-signature", f"{self.span.base}..{self.span.head}")
        log = git.run_git("log", f"--format={told}", *arguments, "--", self.path, cwd=self.span.root)
        return [entry for entry in log.decode("utf-8", "replace").split("\0") if entry.strip("\n")]

    def of_environment(self) -> Iterator[Finding]:
        """What requirements.lock says: that of the head, or of the commit that brought the record."""
        commits = dict.fromkeys([self.span.head, *(entry.strip() for entry in self._commits("%H%x00"))])
        locks = (content for commit in commits if (content := self._blob(commit, LOCK)) is not None)
        content = self._fitting(locks)
        if content is None:
            content = self._fitting(self._older_locks())
            self.lock_is_old = content is not None
        if content is None:
            message = f"is the digest of no {LOCK} that the branch had; mintmark propose {self.record.model} again"
            yield Finding(path=self.path, where="environment.lock", message=message, rule="R7")
            return
        yield from claims.dispute_packages(self.record, read_pins(content))

    def _fitting(self, locks: Iterable[bytes]) -> bytes | None:
        right = self.record.environment.lock
        contents = (text for lock in locks for text in line_ends(lock))
        return next((each for each in contents if f"sha256:{hashlib.sha256(each).hexdigest()}" == right), None)

    def _older_locks(self) -> Iterator[bytes]:
        """Yield the locks that the base had, the newest first."""
        log = git.start_first_parent_log(self.span.root, self.span.base, [LOCK])()
        changes = [change for _, found in log for change in found if change.path == LOCK]
        oids = dict.fromkeys(change.new_oid for change in reversed(changes) if change.new_mode not in git.NO_FILES)
        for oid in oids:
            yield from (content for _, content in git.read_blobs(self.span.root, [oid], limit=_LARGEST))


def _name(file: LockedFile) -> str:
    return file.path.rpartition("/")[2]
