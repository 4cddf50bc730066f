"""The form of dvc.yaml and dvc.lock as values: the keys that DVC 3 reads, names and paths of the one grammar.

A positive list. What DVC refuses would end everybody's `dvc repro` after the merge, and what it reads and nobody here
knows of would be carried along unseen. What was there before is not looked at again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from mintmark.core.finding import shorten
from mintmark.core.pipeline.grammar import path_fault, stage_name_fault

Fault = tuple[str, str]  # a key path, and what is wrong there

_PIPELINE: Final = {"stages", "vars", "params", "metrics", "plots", "artifacts"}
_STAGE: Final = {
    "cmd", "wdir", "deps", "params", "vars", "frozen", "meta", "desc", "always_changed", "outs", "metrics", "plots",
}  # fmt: skip
_OPTIONS: Final = {"desc", "type", "labels", "meta", "cache", "persist", "remote", "push"}
_OF_PLOTS: Final = {*_OPTIONS, "template", "x", "y", "x_label", "y_label", "title", "header"}
_REPEATED: Final = {"foreach", "do"}
_LOCKED: Final = {"cmd", "deps", "params", "outs"}
_FILE: Final = {"path", "hash", "md5", "size", "nfiles", "isexec"}
_HASH: Final = "md5"
_MD5: Final = re.compile(r"[0-9a-f]{32}(\.dir)?\Z")
_EXPRESSION: Final = "${"
_LONGEST: Final = 60


def pipeline_faults(pipeline: Any, before: Any = None) -> Iterator[Fault]:
    """Yield what a dvc.yaml may not say, where it says something else than `before`."""
    if not isinstance(pipeline, Mapping):
        yield "", "is no mapping of stages"
        return
    old = before if isinstance(before, Mapping) else {}
    yield from _unknown(pipeline, _PIPELINE, "")
    for part in ("params", "metrics"):
        if pipeline.get(part) != old.get(part):
            yield from _listed(pipeline.get(part), part, set())
    if pipeline.get("plots") != old.get("plots"):
        yield from _drawn(pipeline.get("plots"))
    if pipeline.get("artifacts") != old.get("artifacts"):
        yield from _artifacts(pipeline.get("artifacts"))
    stages = pipeline.get("stages")
    if not isinstance(stages, Mapping) and stages is not None:
        yield "stages", "is no mapping of stages"
        return
    known = old.get("stages")
    known = known if isinstance(known, Mapping) else {}
    for name, stage in (stages or {}).items():
        if name not in known or stage != known[name]:
            yield from _stage_faults(name, stage)


def _stage_faults(name: Any, stage: Any) -> Iterator[Fault]:
    where = f"stages.{_shown(name)}"
    fault = stage_name_fault(name)
    if fault or "@" in str(name):
        yield "stages", f"{_shown(name)} {fault or 'has an @, which stands before the key of a repeated stage'}"
        return
    if not isinstance(stage, Mapping):
        yield where, "is no mapping"
        return
    if _REPEATED & set(stage):
        yield from _unknown(stage, _REPEATED, where)
        body = stage.get("do")
        where = f"{where}.do"
    else:
        body = {key: value for key, value in stage.items() if key != "matrix"}
    if not isinstance(body, Mapping) or not isinstance(body.get("cmd"), (str, list)):
        yield where, "has no cmd"
        return
    yield from _unknown(body, _STAGE, where)
    yield from _listed(body.get("deps"), f"{where}.deps", set())
    for part in ("outs", "metrics"):
        yield from _listed(body.get(part), f"{where}.{part}", _OPTIONS)
    yield from _listed(body.get("plots"), f"{where}.plots", _OF_PLOTS)


def _listed(entries: Any, where: str, options: set[str]) -> Iterator[Fault]:
    """Yield faults of a list of paths, each alone or with `options`."""
    if not isinstance(entries, list):
        if entries is not None:
            yield where, "is no list"
        return
    for number, entry in enumerate(entries):
        pairs = entry.items() if isinstance(entry, Mapping) and options else ((entry, {}),)
        for path, chosen in pairs:
            yield from _named(path, f"{where}[{number}]")
            for each in chosen if isinstance(chosen, list) else (chosen,):
                if isinstance(each, Mapping):
                    yield from _unknown(each, options, f"{where}[{number}]")
                elif each is not None:
                    yield f"{where}[{number}]", "has options that are no mapping"


def _named(path: Any, where: str) -> Iterator[Fault]:
    """Yield where a path is not of the grammar; one with variables is looked at again when they are filled in."""
    text = path.replace(_EXPRESSION, "") if isinstance(path, str) else path
    fault = path_fault(text.removeprefix("./") if isinstance(text, str) else text)
    if fault:
        yield where, f"{_shown(path)} {fault}"


def _drawn(plots: Any) -> Iterator[Fault]:
    entries = plots if isinstance(plots, list) else [] if plots is None else [plots]
    for number, entry in enumerate(entries):
        for path in entry if isinstance(entry, Mapping) else (entry,):
            yield from _named(path, f"plots[{number}]")
        for chosen in entry.values() if isinstance(entry, Mapping) else ():
            template = chosen.get("template") if isinstance(chosen, Mapping) else None
            if template is not None:
                yield from _named(template, f"plots[{number}].template")


def _artifacts(artifacts: Any) -> Iterator[Fault]:
    for name, about in artifacts.items() if isinstance(artifacts, Mapping) else ():
        yield from _named(about.get("path") if isinstance(about, Mapping) else None, f"artifacts.{_shown(name)}.path")


def lock_faults(lock: Any) -> Iterator[Fault]:
    """Yield what a dvc.lock has in it that DVC 3 does not write."""
    if lock is None:
        return
    stages = (lock.get("stages") or {}) if isinstance(lock, Mapping) else None
    if not isinstance(lock, Mapping) or not isinstance(stages, Mapping):
        yield "stages", "is no mapping of stages"
        return
    yield from _unknown(lock, {"schema", "stages"}, "")
    if lock.get("schema") != "2.0":
        yield "schema", f"is {_shown(lock.get('schema'))}, and DVC 3 writes '2.0'"
    for name, stage in stages.items():
        where = f"stages.{_shown(name)}"
        if not isinstance(stage, Mapping):
            yield where, "is no mapping"
            continue
        yield from _unknown(stage, _LOCKED, where)
        for part in ("deps", "outs"):
            yield from _locked_files(stage.get(part), f"{where}.{part}")


def _locked_files(entries: Any, where: str) -> Iterator[Fault]:
    if not isinstance(entries, list):
        if entries is not None:
            yield where, "is no list"
        return
    paths: set[str] = set()
    for number, entry in enumerate(entries):
        place = f"{where}[{number}]"
        if not isinstance(entry, Mapping):
            yield place, "is no mapping"
            continue
        yield from _locked_faults(entry, place)
        path = str(entry.get("path"))
        if path in paths:
            yield place, f"{_shown(path)} is there twice"
        paths.add(path)


def _locked_faults(entry: Mapping[str, Any], where: str) -> Iterator[Fault]:
    yield from _unknown(entry, _FILE, where)
    if entry.get("hash", _HASH) != _HASH:
        yield f"{where}.hash", f"is {_shown(entry['hash'])}, and DVC keeps md5 here"
    if not isinstance(entry.get("md5"), str) or not _MD5.match(entry["md5"]):
        yield f"{where}.md5", "is no md5"
    for key in ("size", "nfiles"):
        number = entry.get(key, 0)
        if isinstance(number, bool) or not isinstance(number, int) or number < 0:
            yield f"{where}.{key}", f"is {_shown(number)}, which is no number of bytes or files"


def _unknown(found: Mapping[Any, Any], known: set[str], where: str) -> Iterator[Fault]:
    for key in found:
        if key not in known:
            yield where, f"has {_shown(key)}, which is not among what is looked at here: {', '.join(sorted(known))}"


def _shown(value: Any) -> str:
    return shorten(ascii(value), _LONGEST)
