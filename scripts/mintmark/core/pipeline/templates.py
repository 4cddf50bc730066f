"""Work out what dvc.yaml declares of a stage: `foreach`, `matrix`, `vars` and `${...}`, as DVC does. Reads no files.

The rules are those of dvc.parsing (DVC 3). A judge does not ask DVC itself, which opens whatever dvc.yaml names.
Left out, and a `TemplateFault`: a stage in another folder (`wdir`), and variables that are not given.
"""

from __future__ import annotations

import posixpath
import re
import shlex
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from math import prod
from typing import Any, Final

from mintmark.core.pipeline.grammar import path_fault, stage_name_fault

DEFAULT_PARAMETERS: Final = "params.yaml"
_EXPRESSION = re.compile(r"(?<!\\)\$\{(.*?)\}")
_OUTPUTS = ("outs", "metrics", "plots")
_REPEATED = "foreach"
_MOST_COMBINATIONS = 10_000
_MOST_CHARACTERS = 1 << 20  # of what the texts of one stage grow by


class TemplateFault(ValueError):  # noqa: N818 - a fault of the data, which becomes a Finding
    """What dvc.yaml says cannot be worked out; the message says what."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DeclaredStage:
    """One stage after its templates. `params` has the keys for each file, None for all that the file holds."""

    cmd: Any
    deps: frozenset[str]
    outs: frozenset[str]
    params: Mapping[str, frozenset[str] | None]
    always_runs: bool = False

    def leaves_out(
        self, deps: Iterable[str], outs: Iterable[str], params: Mapping[str, Iterable[Any]]
    ) -> Iterator[str]:
        """Yield what dvc.lock says of the stage and this does not: DVC leaves there what a stage read before."""
        for kind, named, declared in (("dep", deps, self.deps), ("out", outs, self.outs)):
            surplus = {posixpath.normpath(path) for path in named} - {posixpath.normpath(path) for path in declared}
            yield from (f"{path} is a {kind} that dvc.yaml does not declare" for path in sorted(surplus))
        for path, keys in sorted(params.items()):
            if path not in self.params:
                yield f"{path} holds parameters that dvc.yaml does not declare"
                continue
            known = self.params[path]
            if known is not None:
                yield from (
                    f"{path}: {key} is not declared in dvc.yaml" for key in sorted(set(map(_text, keys)) - known)
                )


def variable_files(pipeline: Any) -> list[str]:
    """Return the files from which dvc.yaml takes variables, besides params.yaml; raise `TemplateFault` for no path."""
    stages = _mapping(_mapping(pipeline, "dvc.yaml").get("stages") or {}, "stages").values()
    bodies = [body for stage in stages if isinstance(stage, Mapping) for body in (stage, stage.get("do") or {})]
    lists = [body.get("vars") or [] for body in (pipeline, *bodies) if isinstance(body, Mapping)]
    found = [entry.partition(":")[0] for entries in lists if isinstance(entries, list) for entry in entries
             if isinstance(entry, str)]  # fmt: skip
    for path in found:
        fault = path_fault(path)
        if fault:
            raise TemplateFault(f"vars: {path} {fault}")
    return list(dict.fromkeys(found))


class Templates:
    """A dvc.yaml and the variables that its files hold, by path; a file that is not there is left out."""

    def __init__(self, pipeline: Any, files: Mapping[str, Any]) -> None:
        self._pipeline, self._files = _mapping(pipeline, "dvc.yaml"), files
        self._known: dict[str, dict[str, dict[str, Any]]] = {}
        default = [DEFAULT_PARAMETERS] if DEFAULT_PARAMETERS in files else []
        self._variables = self._load({}, [*default, *_list(self._pipeline.get("vars"), "vars")])

    def stage(self, name: str) -> DeclaredStage | None:
        """Return a stage as dvc.lock names it, None where dvc.yaml has none; raise `TemplateFault`."""
        fault = stage_name_fault(name)
        if fault:
            raise TemplateFault(f"{name} {fault}")
        group, at, key = name.rpartition("@")
        stages = _mapping(self._pipeline.get("stages") or {}, "stages")
        definition = stages.get(group if at else name)
        if definition is None:
            return None
        definition = _mapping(definition, name)
        repeated = "foreach" in definition or "matrix" in definition
        if repeated != bool(at):
            return None
        if not repeated:
            return self._declare(definition, self._variables)
        items = self._repetitions(group, definition)
        if key not in items:
            return None
        body = definition if "matrix" in definition else _mapping(definition.get("do"), f"{group}.do")
        return self._declare(body, {**self._variables, **items[key]})

    def _load(self, variables: Mapping[str, Any], entries: Iterable[Any]) -> dict[str, Any]:
        """Return variables with what entries of `vars` add: mappings, and files with the keys to take."""
        merged, loaded = _copy(variables), set[str]()
        for entry in entries:
            if isinstance(entry, str):
                path, _, keys = entry.partition(":")
                if path in loaded and not keys:
                    continue
                loaded.add(path)
                if path not in self._files:
                    raise TemplateFault(f"vars: {path} is not there, or not YAML, JSON or TOML")
                data = _mapping(self._files[path], path)
                wanted = [key for key in keys.split(",") if key] or list(data)
                if missing := [key for key in wanted if key not in data]:
                    raise TemplateFault(f"vars: {path} has no {missing[0]}")
                _merge(merged, {key: data[key] for key in wanted})
            else:
                if _EXPRESSION.search(str(entry)):
                    raise TemplateFault("vars: no variable may be filled in there")
                _merge(merged, _mapping(entry, "vars"))
        return merged

    def _repetitions(self, group: str, definition: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
        """Return the variables of each repetition of a stage by its key; worked out once."""
        if group not in self._known:
            data = definition["matrix"] if "matrix" in definition else definition["foreach"]
            filled = _Texts(self._variables).fill(data, _REPEATED)
            self._known[group] = _combine(filled) if "matrix" in definition else _repeat(filled)
        return self._known[group]

    def _declare(self, body: Mapping[str, Any], variables: Mapping[str, Any]) -> DeclaredStage:
        own = _list(body.get("vars"), "vars")
        texts = _Texts(self._load(variables, own) if own else variables)
        folder = _text(texts.fill(body.get("wdir") or ".", "wdir"))
        if posixpath.normpath(folder) != ".":
            raise TemplateFault(f"wdir is {folder}; run the stage from the top of the repository instead")
        return DeclaredStage(
            cmd=texts.fill(body.get("cmd"), "cmd"),
            deps=frozenset(texts.paths(body.get("deps"), "deps")),
            outs=frozenset(path for part in _OUTPUTS for path in texts.paths(body.get(part), part)),
            params=_parameters(texts.fill(body.get("params"), "params")),
            always_runs=body.get("always_changed") is True,
        )


def _repeat(data: Any) -> dict[str, dict[str, Any]]:
    if isinstance(data, Mapping):
        return {_text(key): {"key": _text(key), "item": item} for key, item in data.items()}
    entries = _list(data, "foreach")
    if any(isinstance(item, (Mapping, list)) for item in entries):
        return {str(number): {"item": item} for number, item in enumerate(entries)}
    return {_text(item): {"item": item} for item in entries}


def _combine(data: Any) -> dict[str, dict[str, Any]]:
    axes = {name: _list(values, f"matrix.{name}") for name, values in _mapping(data, "matrix").items()}
    if prod(map(len, axes.values())) > _MOST_COMBINATIONS:
        raise TemplateFault(f"a matrix stands for more than {_MOST_COMBINATIONS:,} stages")
    found: dict[str, dict[str, Any]] = {}
    for combination in product(*(enumerate(values) for values in axes.values())):
        named = list(zip(axes, combination, strict=True))
        parts = (f"{n}{i}" if isinstance(value, (Mapping, list)) else _text(value) for n, (i, value) in named)
        key = "-".join(parts)
        found[key] = {"key": key, "item": {name: value for name, (_, value) in named}}
    return found


class _Texts:
    """Texts with variables filled in, of one stage. What they grow to is bounded: a value may be filled in anywhere."""

    def __init__(self, variables: Mapping[str, Any]) -> None:
        self._variables, self._left = variables, _MOST_CHARACTERS

    def paths(self, entries: Any, part: str) -> Iterator[str]:
        """Yield the paths in a list of them, each alone or with its options, as dvc.lock writes them."""
        for entry in _list(self.fill(entries, part), part):
            for path in entry if isinstance(entry, Mapping) else (entry,):
                text = _text(path)
                yield posixpath.normpath(text) if text and "://" not in text else text

    def fill(self, data: Any, part: str) -> Any:
        """Return data with every expression in it replaced."""
        if isinstance(data, Mapping):
            return {self._key(key, part): self.fill(value, part) for key, value in data.items()}
        if isinstance(data, list):
            return [self.fill(value, part) for value in data]
        return self._fill_text(data, part) if isinstance(data, str) else data

    def _key(self, key: Any, part: str) -> Any:
        filled = self.fill(key, part)
        if isinstance(filled, (Mapping, list)):
            raise TemplateFault(f"{part}: {key} is no single value")
        return filled

    def _fill_text(self, text: str, part: str) -> Any:
        """Return a text with its expressions replaced; a text that is one expression becomes the value itself."""
        whole = _EXPRESSION.fullmatch(text)
        if whole and "}" not in whole[1]:
            return self._value(whole[1], part)
        pieces, end = list[str](), 0
        for match in _EXPRESSION.finditer(text):
            value = self._value(match[1], part)
            pieces += [text[end : match.start()], _options(value) if isinstance(value, Mapping) else _text(value)]
            end = match.end()
            self._left -= len(pieces[-1])
            if self._left < 0:
                raise TemplateFault(f"{part}: its texts become longer than {_MOST_CHARACTERS:,} characters in all")
        return "".join([*pieces, text[end:]]).replace("\\${", "${")

    def _value(self, expression: str, part: str) -> Any:
        value = _select(self._variables, expression)
        allowed = part == _REPEATED or (part == "cmd" and isinstance(value, Mapping))
        if isinstance(value, (Mapping, list)) and not allowed:
            raise TemplateFault(f"{part}: ${{{expression}}} is no single value")
        return value


def _parameters(entries: Any) -> dict[str, frozenset[str] | None]:
    found: dict[str, frozenset[str] | None] = {}
    for entry in _list(entries, "params"):
        pairs = entry.items() if isinstance(entry, Mapping) else ((DEFAULT_PARAMETERS, [entry]),)
        for path, keys in pairs:
            before = found.get(path, frozenset())
            whole = not keys or before is None
            found[path] = None if whole else (before or frozenset()) | set(map(_text, _list(keys, "params")))
    return found


def _select(variables: Mapping[str, Any], expression: str) -> Any:
    """Return the value at `models.iris[0]`."""
    value: Any = variables
    for part in expression.replace("[", ".").replace("]", "").split("."):
        name = part.strip()
        if isinstance(value, Mapping) and name in value:
            value = value[name]
        elif isinstance(value, list) and name.isdecimal() and len(name) < 10 and int(name) < len(value):
            value = value[int(name)]
        else:
            raise TemplateFault(f"there is no variable {expression}")
    return value


def _options(values: Mapping[str, Any]) -> str:
    """Return a mapping as the options of a command: `--rate 0.1 --verbose --layers 3 4`."""
    words: list[str] = []
    for name, value in _flat(values):
        if isinstance(value, bool):
            words += [f"--{name}"] if value else []
        else:
            entries = value if isinstance(value, list) else [value]
            if any(isinstance(entry, (Mapping, list)) for entry in entries):
                raise TemplateFault(f"cmd: {name} is a list of lists")
            shown = [shlex.quote(entry) if isinstance(entry, str) else str(entry) for entry in entries]
            words += [f"--{name}", *shown] if shown else []
    return " ".join(words)


def _flat(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        if isinstance(value, Mapping) and value:
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def _merge(into: dict[str, Any], more: Mapping[str, Any]) -> None:
    for key, value in more.items():
        if not isinstance(key, str):
            continue  # as DVC does
        there = into.get(key)
        if isinstance(there, dict) and isinstance(value, Mapping):
            _merge(there, value)
        elif key in into:
            raise TemplateFault(f"vars: {key} is given twice")
        else:
            into[key] = _copy(value) if isinstance(value, Mapping) else value


def _copy(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: _copy(value) if isinstance(value, Mapping) else value for key, value in values.items()}


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _mapping(data: Any, what: str) -> Mapping[str, Any]:
    if not isinstance(data, Mapping):
        raise TemplateFault(f"{what} is no mapping")
    return data


def _list(data: Any, what: str) -> list[Any]:
    if data is None:
        return []
    if not isinstance(data, list):
        raise TemplateFault(f"{what} is no list")
    return data
