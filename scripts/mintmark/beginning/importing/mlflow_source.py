"""The versions of a model in MLflow's registry, each with its run, as values. Asks the server, and loads nothing."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from mintmark.beginning.importing.found import (
    MOST_ARTIFACT,
    MOST_VERSIONS,
    FoundVersion,
    ImportRefused,
    kept,
    text,
)
from mintmark.beginning.importing.mlflow_model import MLMODEL, read_mlmodel
from mintmark.core.moment import format_moment
from mintmark.errors import MintmarkError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mintmark.beginning.importing.found import Made
    from mintmark.beginning.importing.mlflow_server import MlflowServer

_MOST_TEXT: Final = 1 << 20  # bytes of MLmodel and of a list of requirements
_MOST_EXAMPLE: Final = 20 << 20
_LAST: Final = datetime(9999, 1, 1, tzinfo=UTC).timestamp()


@dataclass(kw_only=True, slots=True)
class MlflowSource:
    """One registered model of a server; its runs may be on another one, `tracking`."""

    registry: MlflowServer
    tracking: MlflowServer
    model: str
    system: str = field(default="mlflow", init=False)
    purpose: str = field(default="", init=False)

    @property
    def address(self) -> str:
        """Where the registry lies."""
        return self.registry.address

    def versions(self) -> list[FoundVersion]:
        """Return every version of the model, the oldest first; raise `MintmarkError` where there is no such model."""
        if "'" in self.model or not self.model.isprintable():
            raise UsageError(f"{self.model}: is no name that MLflow can be asked for")
        known = (self.registry.ask("registered-models/get", name=self.model) or {}).get("registered_model")
        if not isinstance(known, dict):
            raise MintmarkError(f'{self.address}: has no model "{self.model}"; {self._models()}')
        self.purpose = text(known.get("description") or "")
        aliases = _aliases(known)
        told = self.registry.pages("model-versions/search", "model_versions", filter=f"name='{self.model}'")
        numbered: dict[int, dict[str, Any]] = {}
        for entry in told:
            number = str(entry.get("version", ""))
            if number.isdecimal() and number.isascii() and len(number) < 10 and entry.get("name") == self.model:
                numbered[int(number)] = entry
            if len(numbered) > MOST_VERSIONS:
                raise MintmarkError(f"{self.address}: {self.model} has more than {MOST_VERSIONS:,} versions")
        return [self._version(number, numbered[number], aliases.get(number, ())) for number in sorted(numbered)]

    def read(self, version: FoundVersion) -> bytes:
        """Return the model file of a version; raise `ImportRefused` where it is gone."""
        assert version.made is not None
        content = self.registry.file(self.model, version.name, version.made.path, MOST_ARTIFACT)
        if content is None:
            raise ImportRefused(f"{version.made.path} is not there any more")
        return content

    def _models(self) -> str:
        names = [str(entry.get("name")) for entry in
                 self.registry.pages("registered-models/search", "registered_models", max_results="20")]  # fmt: skip
        return f"there are {', '.join(sorted(names)[:8])}" if names else "it has none"

    def _version(self, number: int, entry: Mapping[str, Any], aliases: tuple[str, ...]) -> FoundVersion:
        run_id = str(entry.get("run_id") or "")
        run, gone = self._run(run_id)
        data = run.get("data", {}) if isinstance(run.get("data"), dict) else {}
        metrics = _numbers(data.get("metrics"))
        made, why_not = self._made(entry, str(number))
        stage = str(entry.get("current_stage") or "None")
        extra: dict[str, Any] = {
            "version": str(number),
            "created": _moment(entry.get("creation_timestamp")),
            "updated": _moment(entry.get("last_updated_timestamp")),
            "user": text(entry.get("user_id") or ""),
            "status": text(entry.get("status") or ""),
            "stage": "" if stage == "None" else text(stage),
            "aliases": list(aliases),
            "description": text(entry.get("description") or ""),
            "source": text(_without_password(str(entry.get("source") or ""))),
            "run_id": text(run_id),
            "run": _told_of_run(run, data, metrics),
            "tags": kept(_pairs(entry.get("tags"))),
        }
        return FoundVersion(
            name=str(number),
            number=f"{number}.0.0",
            made=made,
            why_not=why_not,
            created=extra["created"],
            description=extra["description"],
            aliases=(*aliases, *((extra["stage"].lower(),) if extra["stage"] in ("Staging", "Production") else ())),
            metrics=metrics,
            extra={key: value for key, value in extra.items() if value not in ("", {}, [])},
            notes=(gone,) if gone else (),
        )

    def _run(self, run_id: str) -> tuple[Mapping[str, Any], str]:
        if not run_id:
            return {}, "it names no run, so it has no parameters and metrics"
        run = (self.tracking.ask("runs/get", run_id=run_id) or {}).get("run")
        if not isinstance(run, dict):
            return {}, f"its run {text(run_id)[:40]} is gone, and its parameters and metrics with it"
        info = run.get("info")
        deleted = isinstance(info, dict) and info.get("lifecycle_stage") == "deleted"
        return run, "its run is deleted, and still told" if deleted else ""

    def _made(self, entry: Mapping[str, Any], number: str) -> tuple[Made | None, str]:
        if entry.get("status") not in (None, "READY"):
            return None, f"MLflow says {text(entry.get('status'))} of it; register it there again, or delete it"
        try:
            content = self.registry.file(self.model, number, MLMODEL, _MOST_TEXT)
            if content is None:
                return None, "its files are not there any more; bring them back, or leave it out with --only"
            described = read_mlmodel(content)
            asked = {name: self.registry.file(self.model, number, path, most) for name, path, most in (
                ("requirements", "requirements.txt", _MOST_TEXT), ("example", described.example, _MOST_EXAMPLE),
            ) if path}  # fmt: skip
        except ImportRefused as refused:
            return None, str(refused)
        return described.made(content, asked.get("requirements"), asked.get("example")), ""


def _aliases(model: Mapping[str, Any]) -> dict[int, tuple[str, ...]]:
    """Return the aliases of each version; servers name the version as a text or as a number."""
    found: dict[int, tuple[str, ...]] = {}
    entries = model.get("aliases")
    for entry in entries if isinstance(entries, list) else ():
        number = str(entry.get("version", "")) if isinstance(entry, dict) else ""
        if number.isdecimal() and number.isascii():
            found[int(number)] = (*found.get(int(number), ()), text(entry.get("alias") or ""))
    return {number: tuple(sorted(filter(None, names))) for number, names in found.items()}


def _pairs(entries: object) -> dict[str, Any]:
    """Return what MLflow tells as a list of keys and values."""
    found = [entry for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []
    return {str(entry["key"]): entry.get("value") for entry in found if "key" in entry}


def _numbers(entries: object) -> dict[str, float]:
    pairs = ((key, value) for key, value in _pairs(entries).items() if isinstance(value, int | float))
    return {key: float(value) for key, value in pairs if math.isfinite(value)}


def _told_of_run(run: Mapping[str, Any], data: Mapping[str, Any], metrics: Mapping[str, float]) -> dict[str, Any]:
    info = run.get("info") if isinstance(run.get("info"), dict) else {}
    inputs = run.get("inputs") if isinstance(run.get("inputs"), dict) else {}
    told = {
        "name": text((info or {}).get("run_name") or ""),
        "started": _moment((info or {}).get("start_time")),
        "ended": _moment((info or {}).get("end_time")),
        "status": text((info or {}).get("status") or ""),
        "lifecycle": text((info or {}).get("lifecycle_stage") or ""),
        "params": kept(_pairs(data.get("params"))),
        "metrics": kept(metrics),
        "tags": kept({key: value for key, value in _pairs(data.get("tags")).items() if key != _HISTORY}),
        "datasets": _datasets((inputs or {}).get("dataset_inputs")),
    }
    return {key: value for key, value in told.items() if value not in ("", {}, [])}


_HISTORY: Final = "mlflow.log-model.history"  # a copy of MLmodel


def _datasets(entries: object) -> list[dict[str, Any]]:
    """Return the lineage that a run has logged: the names, digests and sources of its data."""
    found = []
    for entry in entries[:20] if isinstance(entries, list) else ():
        data = entry.get("dataset") if isinstance(entry, dict) else None
        if isinstance(data, dict):
            fields = ("name", "digest", "source_type", "source", "profile")
            found.append({name: text(data[name]) for name in fields if data.get(name)}
                         | {"context": text(_pairs(entry.get("tags")).get("mlflow.data.context") or "")})  # fmt: skip
    return found


def _moment(milliseconds: object) -> str:
    """Return a time in UTC for milliseconds since 1970, which servers tell as a number or a text; nothing for none."""
    shown = str(milliseconds or "")
    if not (shown.isdecimal() and shown.isascii() and len(shown) < 18) or int(shown) / 1000 > _LAST:
        return ""
    return format_moment(int(shown) // 1000)


def _without_password(address: str) -> str:
    scheme, mark, rest = address.partition("://")
    place, slash, path = rest.partition("/")
    return f"{scheme}{mark}{place.rpartition('@')[2]}{slash}{path}" if mark else address
