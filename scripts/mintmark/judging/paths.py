"""Judge the paths of a change: the form of each, what governs, and what goes along with a version. Runs nothing."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from mintmark.artifacts.pickles import describe_pickle
from mintmark.core import layout
from mintmark.core.finding import Finding, shorten
from mintmark.core.judgement.carried import KNOWN, NOTHING_READ, PIPELINE, STORE, belongs, governs, is_documentation
from mintmark.core.judgement.names import name_fault, twins
from mintmark.core.judgement.opinion import Opinion, found, found_faults
from mintmark.core.judgement.review import CarriedFile
from mintmark.judging.detours import passing_blobs
from mintmark.judging.folders import tree_faults
from mintmark.registry import git

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from mintmark.core.judgement.kinds import PathChange
    from mintmark.judging.hearing import Judging
    from mintmark.judging.span import Span

_MOST_FAULTS = 50
_MOST_FILES = 2_000
_MOST_MODELS = 10  # of a mixture, whose files are looked for among what their stages read
_MOST_FOLDERS = 200  # that are asked for by name; of more, Git lists everything
_LONGEST = 400
_FORMATS = "skops, ONNX or safetensors"
_AT_ONCE = 32_000_000  # bytes of files in memory
_OWN = ("version", "metrics", "pointer", "channel", "status", "model")


def judge_paths(span: Span) -> Judging[None]:
    """Of a change of any kind: no name, form or content that a registry refuses, and a person for what governs."""
    faults = list(islice(path_faults(span), _MOST_FAULTS))
    yield found_faults("rules", faults)
    yield Opinion(files=tuple(_files(span)))
    yield from _judge_links(span)
    if span.kind.kind == "code":
        yield from _judge_governing(span)


def path_faults(span: Span) -> Iterator[Finding]:
    """Yield the names that no clone can hold as they are, files in a form that has no place here, and pickles (R8)."""
    there = [change for change in span.own_paths if change.how != "deleted"]
    added = [change.path for change in there if change.how == "added"]
    yield from tree_faults(span)
    yield from _name_faults(added)
    yield from _twins(span, added)
    for path, _, mode in there:
        if mode == _EXECUTABLE and (path in PIPELINE or _is_apart(path)):
            message = f"is executable, and nobody runs it; git update-index --chmod=-x {shorten(path, _LONGEST)}"
            yield Finding(path=path, message=message)
    yield from _pickles(span)
    yield from _passing_pickles(span)


_EXECUTABLE = "100755"


def _name_faults(added: Iterable[str]) -> Iterator[Finding]:
    told: set[str] = set()
    for path in added:
        folder = ""
        for name in path.split("/"):
            place = f"{folder}/{name}" if folder else name
            fault = "" if place in told else name_fault(name)
            if fault:
                told.add(place)
                yield Finding(path=place, message=f"the name {fault}; git mv it")
            folder = place


def _twins(span: Span, added: Sequence[str]) -> Iterator[Finding]:
    """Yield new names that pass for another one beside them, or for one at the root that tools look for."""
    folders = {folder for path in added if not _is_apart(path) for folder in layout.folders_around(path)}
    if not added:
        return
    before, after = (git.list_names(span.root, commit, sorted(folders), most=_MOST_FOLDERS) for commit in span.ends)
    for folder in sorted({"", *folders}):
        there, known = after.get(folder, set()), () if folder else KNOWN
        for name, other in twins(there - before.get(folder, set()), {*there, *known}):
            message = f'passes for "{other}", which macOS, Windows or a reader cannot keep apart from it; git mv it'
            yield Finding(path=f"{folder}/{name}".lstrip("/"), message=message)


def _is_apart(path: str) -> bool:
    """Whether the rules tell what may lie there, name by name."""
    return path.startswith((f"{layout.MODELS}/", STORE))


def _pickles(span: Span) -> Iterator[Finding]:
    """Yield the pickles among new and changed files; what is too large to be looked at is refused as well."""
    blobs: dict[str, str] = {}
    for entry in span.entries:
        if entry.new_oid != git.NO_OBJECT and entry.new_mode not in git.NO_FILES and not entry.path.startswith(STORE):
            blobs.setdefault(entry.new_oid, entry.path)
    most = span.settings.file_limit
    sizes = git.blob_sizes(span.root, list(blobs))
    for oid, path in blobs.items():
        if sizes[oid] > most:
            message = "is too large to be looked at, and for Git; dvc add it, or put it elsewhere"
            yield Finding(path=path, message=message, rule="R8")
    for path, fault in _look_at(span, {oid: sizes[oid] for oid in blobs if sizes[oid] <= most}, blobs):
        yield Finding(
            path=path,
            message=f"{fault}; git rm it, and keep a model as {_FORMATS}; mintmark convert makes it",
            rule="R8",
        )


def _passing_pickles(span: Span) -> Iterator[Finding]:
    """Yield the pickles that a commit brings and a later one takes away: a merge that keeps commits keeps them."""
    blobs = {oid: path for oid, path in passing_blobs(span).items() if not path.startswith(STORE)}
    sizes = git.blob_sizes(span.root, list(blobs))
    for path, fault in _look_at(span, {oid: size for oid, size in sizes.items() if size <= _AT_ONCE}, blobs):
        message = f"a commit brings it and a later one takes it away, and it {fault}; squash the commits"
        yield Finding(path=path, message=message, rule="R8")


def _look_at(span: Span, sizes: dict[str, int], paths: dict[str, str]) -> Iterator[tuple[str, str]]:
    for batch in git.in_batches(sizes, _AT_ONCE):
        for oid, content in git.read_blobs(span.root, batch):
            fault = describe_pickle(paths[oid], content)
            if fault:
                yield paths[oid], fault


def _judge_links(span: Span) -> Judging[None]:
    """A link or a submodule may stand for anything: in code a person decides, elsewhere it has no place."""
    links = [change for change in span.own_paths if change.how != "deleted" and change.mode in git.NO_FILES]
    for path, _, mode in links[:_MOST_FAULTS]:
        what = f"is {git.NO_FILES[mode]}, which may stand for anything"
        if span.kind.kind == "code":
            yield found("judge", "decide", what, path)
        else:
            yield found("rules", "fail", f"{what}; put the file in its place", path)


def _judge_governing(span: Span) -> Judging[None]:
    by_reason: dict[str, list[str]] = {}
    for path, *_ in span.paths:
        why = governs(path)
        if why:
            by_reason.setdefault(why, []).append(path)
    for why, paths in sorted(by_reason.items()):
        shown = ", ".join(paths[:3]) + (f" and {len(paths) - 3:,} more" if len(paths) > 3 else "")
        yield found("judge", "decide", f"this changes what {why}: {shown}", paths[0])


def _files(span: Span) -> Iterator[CarriedFile]:
    """Yield every file that the change touches beside the records that it is about and their bytes."""
    carried = [change for change in span.paths if not change.path.startswith(STORE) and not _is_record(change)]
    sources = NOTHING_READ
    kind = span.kind.kind
    models: list[str | None] = [] if kind == "code" else [subject.model for subject in span.kind.subjects]
    if kind in ("describe", "mixture"):
        models.append(None)
    for model in list(dict.fromkeys(models))[-_MOST_MODELS:]:
        sources |= span.reads(model)
    for path, how, _ in carried[:_MOST_FILES]:
        governing = governs(path)
        what = f"it {governing}" if governing else belongs(path, sources)
        what = what or ("it keeps a folder" if layout.is_placeholder(path) else "")
        what = what or ("a document" if is_documentation(path) else "code")
        yield CarriedFile(path=shorten(path, _LONGEST), change=how, what=what)
    if len(carried) > _MOST_FILES:
        yield CarriedFile(path=f"and {len(carried) - _MOST_FILES:,} more", change="changed", what="not listed")


def _is_record(change: PathChange) -> bool:
    return layout.locate(change.path).kind in _OWN
