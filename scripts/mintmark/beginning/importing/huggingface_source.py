"""A model in a folder of the Hugging Face Hub: its card, its config and its file. Downloads nothing."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, Final

from mintmark.beginning.importing.found import (
    MOST_ARTIFACT,
    FoundVersion,
    ImportRefused,
    Made,
    form_of,
    kept,
    plain_path,
    text,
)
from mintmark.core.version import is_version
from mintmark.errors import MintmarkError
from mintmark.registry.files import parse_json, read_text_file
from mintmark.registry.yaml.faults import YamlFault
from mintmark.registry.yaml.text import parse_yaml

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_CARD: Final = "README.md"
_CONFIG: Final = "config.json"
_RUNNABLE: Final = ("model.skops", "model.onnx")  # beside weights for PyTorch, or the same model in fewer bits
_SUFFIXES: Final = (".skops", ".onnx", ".safetensors", ".pkl", ".pickle", ".joblib")
_SAID: Final = ("license", "tags", "library_name", "pipeline_tag", "datasets")  # of a card
_FIRST: Final = "1.0.0"
_MOST_PACKAGES: Final = 200


@dataclass(kw_only=True, slots=True)
class HuggingFaceSource:
    """One folder, as `git clone` or `hf download` brings it; `model` is what it is called there."""

    folder: Path
    model: str
    system: str = field(default="huggingface", init=False)
    purpose: str = field(default="", init=False)

    @property
    def address(self) -> str:
        """The name of the folder: where it lies on this machine is nobody's business."""
        return self.folder.resolve().name

    def versions(self) -> list[FoundVersion]:
        """Return the one version that a folder holds."""
        if not self.folder.is_dir():
            raise MintmarkError(f"{self.folder}: is no folder; hf download OWNER/NAME --local-dir FOLDER brings one")
        card, config = self._card(), self._config()
        ours = _part(config, "mintmark")
        number = str(ours.get("reference", "")).rpartition("@")[2]
        number = number if is_version(number) else _FIRST
        made, why_not = None, ""
        try:
            path = self._model_file(config)
            signature, example = _signature(ours), None
            if signature is None:
                signature, example = _example(_part(config, "sklearn"))
            made = Made(path=path, form=form_of(path), signature=signature, example=example, packages=_packages(config))
        except ImportRefused as refused:
            why_not = str(refused)
        metrics = dict(_metrics(card))
        front = {key: text(card[key]) for key in _SAID if key in card}
        settings = {key: str(value) for key, value in config.items()}
        told = {"version": number, "card": front, "metrics": kept(metrics), "config": kept(settings)}
        extra = {key: value for key, value in told.items() if value}
        return [FoundVersion(name=number, number=number, made=made, why_not=why_not, metrics=metrics, extra=extra)]

    def read(self, version: FoundVersion) -> bytes:
        """Return the model file."""
        assert version.made is not None
        path = self.folder / version.made.path
        if path.parent.resolve() != path.parent.absolute() and not path.resolve().is_relative_to(self.folder.resolve()):
            raise ImportRefused(f"{version.made.path}: is a link out of the folder; put the file there")
        content = read_text_file(path, limit=MOST_ARTIFACT)
        if len(content) > MOST_ARTIFACT:
            raise ImportRefused(f"{version.made.path}: is larger than {MOST_ARTIFACT / 1e6:,.0f} MB")
        return content

    def _card(self) -> Mapping[str, Any]:
        """Return the front matter of the card; a card without one says nothing that is read."""
        if not os.path.lexists(self.folder / _CARD):
            return {}
        head, mark, rest = read_text_file(self.folder / _CARD).partition(b"---\n")
        front = rest.partition(b"\n---")[0] if mark and not head.strip() else b""
        try:
            data = parse_yaml(front, number_keys=True) if front else None
        except YamlFault as fault:
            raise MintmarkError(f"{self.folder / _CARD}:{(fault.line or 0) + 1}: {fault.message}") from None
        return data if isinstance(data, dict) else {}

    def _config(self) -> Mapping[str, Any]:
        if not os.path.lexists(self.folder / _CONFIG):
            return {}
        try:
            data = parse_json(read_text_file(self.folder / _CONFIG))
        except YamlFault as fault:
            raise MintmarkError(f"{self.folder / _CONFIG}:{fault.line}: {fault.message}") from None
        return data if isinstance(data, dict) else {}

    def _model_file(self, config: Mapping[str, Any]) -> str:
        """Return the model file that the config names, else the only one of a known form."""
        named = plain_path(_part(_part(config, "sklearn"), "model").get("file"))
        if named is not None:
            return named
        there = self._model_files()
        called = [path for path in there if PurePosixPath(path).name in _RUNNABLE]
        found = there if len(there) == 1 else called
        if len(found) != 1:
            shown = f"{', '.join(there[:5])} are there" if there else f"no {', '.join(_SUFFIXES[:3])} file is there"
            raise ImportRefused(f"{shown}, and {_CONFIG} does not say which is the model (sklearn.model.file)")
        return found[0]

    def _model_files(self) -> list[str]:
        """Return the files of known forms in the folder, and in folders in it, such as `onnx/model.onnx`."""
        found = [
            path for pattern in ("*", "*/*") for path in self.folder.glob(pattern) if path.name.endswith(_SUFFIXES)
        ]
        inside = [path.relative_to(self.folder) for path in found]
        return sorted(path.as_posix() for path in inside if not any(part.startswith(".") for part in path.parts))


def _part(data: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = data.get(name)
    return found if isinstance(found, dict) else {}


def _signature(ours: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the columns that a folder of `mintmark export` names with their types."""
    inputs = _part(ours, "inputs")
    known = bool(inputs) and all(isinstance(kind, str) and name.isprintable() for name, kind in inputs.items())
    return {"inputs": dict(inputs), "outputs": {}} if known else None


def _example(sklearn: Mapping[str, Any]) -> tuple[dict[str, Any] | None, bytes | None]:
    """Return the columns of the rows that skops wrote into a config, in the order that it says, and these rows."""
    rows, names = sklearn.get("example_input"), sklearn.get("columns")
    if not isinstance(rows, dict) or not all(isinstance(each, list) for each in rows.values()):
        return None, None
    told = [str(name) for name in names] if isinstance(names, list) else []
    order = told if set(told) == set(rows) else list(rows)
    data = [list(row) for row in zip(*(rows[name] for name in order), strict=False)]
    kinds = {name: _kind([row[place] for row in data]) for place, name in enumerate(order)}
    if not data or not all(isinstance(name, str) and name.isprintable() for name in order) or None in kinds.values():
        return None, None
    return {"inputs": kinds, "outputs": {}}, json.dumps({"columns": order, "data": data}).encode()


def _kind(values: list[Any]) -> str | None:
    """Return the type of a column for its values in JSON; None for what is no scalar, and where all are missing."""
    found = {type(value) for value in values if value is not None}
    if found == {bool} or found == {str}:
        return found.pop().__name__
    if found and found <= {int, float}:
        return "int64" if found == {int} and None not in values else "float64"
    return None


def _packages(config: Mapping[str, Any]) -> dict[str, str]:
    """Return the packages that skops wrote into a config, such as `scikit-learn=1.6.0`."""
    told = _part(config, "sklearn").get("environment")
    pairs = (str(line).partition("=") for line in told[:_MOST_PACKAGES]) if isinstance(told, list) else ()
    return {text(name)[:80]: text(version).lstrip("=")[:60] for name, mark, version in pairs if mark}


def _metrics(card: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    """Yield the metrics of the card's model index."""
    index = card.get("model-index")
    for model in index if isinstance(index, list) else ():
        results = model.get("results") if isinstance(model, dict) else None
        for result in results if isinstance(results, list) else ():
            metrics = result.get("metrics") if isinstance(result, dict) else None
            for metric in metrics if isinstance(metrics, list) else ():
                if isinstance(metric, dict) and type(metric.get("value")) in (int, float):
                    yield text(metric.get("type") or metric.get("name") or ""), float(metric["value"])
