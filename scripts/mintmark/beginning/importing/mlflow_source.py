"""The versions of a model in MLflow's registry, each with its run, as values. Asks the server, and loads nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from mintmark.beginning.importing.found import (
    MOST_ARTIFACT,
    MOST_VERSIONS,
    FoundVersion,
    ImportRefused,
    kept,
    text,
)
from mintmark.beginning.importing.mlflow_model import read_made
from mintmark.beginning.importing.mlflow_run import metrics_of, moment, pairs_in, read_run, told_of_run
from mintmark.errors import MintmarkError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mintmark.beginning.importing.found import Made
    from mintmark.beginning.importing.mlflow_server import MlflowServer

_NO_RUN: Final = "it names no run, so it has no parameters and metrics"


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
            raise ImportRefused(f"{version.made.path} is not there any more; log it again, or leave it out: --only")
        return content

    def _models(self) -> str:
        names = [str(entry.get("name")) for entry in
                 self.registry.pages("registered-models/search", "registered_models", max_results="20")]  # fmt: skip
        return f"there are {', '.join(sorted(names)[:8])}" if names else "it has none"

    def _version(self, number: int, entry: Mapping[str, Any], aliases: tuple[str, ...]) -> FoundVersion:
        run_id = str(entry.get("run_id") or "")
        run, gone = read_run(self.tracking, run_id) if run_id else ({}, _NO_RUN)
        made, why_not = self._made(entry, str(number))
        stage = str(entry.get("current_stage") or "None")
        extra: dict[str, Any] = {
            "version": str(number),
            "created": moment(entry.get("creation_timestamp")),
            "updated": moment(entry.get("last_updated_timestamp")),
            "user": text(entry.get("user_id") or ""),
            "status": text(entry.get("status") or ""),
            "stage": "" if stage == "None" else text(stage),
            "aliases": list(aliases),
            "description": text(entry.get("description") or ""),
            "source": text(_without_password(str(entry.get("source") or ""))),
            "run_id": text(run_id),
            "run": told_of_run(run),
            "tags": kept(pairs_in(entry.get("tags"))),
        }
        return FoundVersion(
            name=str(number),
            number=f"{number}.0.0",
            made=made,
            why_not=why_not,
            created=extra["created"],
            description=extra["description"],
            aliases=(*aliases, *((extra["stage"].lower(),) if extra["stage"] in ("Staging", "Production") else ())),
            metrics=metrics_of(run),
            extra={key: value for key, value in extra.items() if value not in ("", {}, [])},
            notes=(gone,) if gone else (),
        )

    def _made(self, entry: Mapping[str, Any], number: str) -> tuple[Made | None, str]:
        if entry.get("status") not in (None, "READY"):
            return None, f"MLflow says {text(entry.get('status'))} of it; register it there again, or delete it"

        def file(path: str, limit: int) -> bytes | None:
            return self.registry.file(self.model, number, path, limit)

        return read_made(file)


def _aliases(model: Mapping[str, Any]) -> dict[int, tuple[str, ...]]:
    """Return the aliases of each version; servers name the version as a text or as a number."""
    found: dict[int, tuple[str, ...]] = {}
    entries = model.get("aliases")
    for entry in entries if isinstance(entries, list) else ():
        number = str(entry.get("version", "")) if isinstance(entry, dict) else ""
        if number.isdecimal() and number.isascii():
            found[int(number)] = (*found.get(int(number), ()), text(entry.get("alias") or ""))
    return {number: tuple(sorted(filter(None, names))) for number, names in found.items()}


def _without_password(address: str) -> str:
    scheme, mark, rest = address.partition("://")
    place, slash, path = rest.partition("/")
    return f"{scheme}{mark}{place.rpartition('@')[2]}{slash}{path}" if mark else address
