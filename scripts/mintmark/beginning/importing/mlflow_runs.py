"""The models that runs of MLflow logged and nobody registered, as versions. Asks the server, and loads nothing."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from mintmark.beginning.importing.found import MOST_ARTIFACT, FoundVersion, ImportRefused, plain_path, text
from mintmark.beginning.importing.mlflow_model import read_made
from mintmark.beginning.importing.mlflow_run import (
    HISTORY,
    data_of,
    metrics_of,
    moment,
    pairs_in,
    read_run,
    told_of_run,
)
from mintmark.core.words import numbers
from mintmark.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from mintmark.beginning.importing.mlflow_server import MlflowServer

_ID: Final = re.compile(r"[A-Za-z0-9][\w-]{0,255}", re.ASCII)
_MOST_MODELS: Final = 200  # of one run


class _Logged(NamedTuple):
    """A model of a run: its name, when it was logged, and its id (MLflow 3) or its folder in the run (MLflow 2)."""

    name: str
    created: str
    model_id: str = ""
    folder: str = ""


@dataclass(kw_only=True, slots=True)
class MlflowRunsSource:
    """The models of some runs of a server. They have no numbers there, so they get the next ones here."""

    tracking: MlflowServer
    runs: Sequence[str]
    system: str = field(default="mlflow", init=False)
    purpose: str = field(default="", init=False)

    @property
    def address(self) -> str:
        """Where the runs lie."""
        return self.tracking.address

    @property
    def model(self) -> str:
        """What stands where a registered model has its name."""
        return f"run {self.runs[0]}" if len(self.runs) == 1 else numbers.count(len(self.runs), "run")

    def versions(self) -> list[FoundVersion]:
        """Return every model that the runs logged, in the order of the runs' start; raise `UsageError` for no id."""
        for run_id in self.runs:
            if not _ID.fullmatch(run_id):
                raise UsageError(f"--run {run_id}: is no id of a run; its page in MLflow shows it")
        told = [(run_id, *read_run(self.tracking, run_id)) for run_id in dict.fromkeys(self.runs)]
        ordered = sorted(told, key=lambda each: told_of_run(each[1]).get("started", ""))
        return [version for run_id, run, note in ordered for version in self._of_run(run_id, run, note)]

    def read(self, version: FoundVersion) -> bytes:
        """Return the model file of a version; raise `ImportRefused` where it is gone."""
        assert version.made is not None
        file = self._reader(version.extra["run_id"], version.extra.get("model_id", ""), version.extra.get("folder", ""))
        content = file(version.made.path, MOST_ARTIFACT)
        if content is None:
            raise ImportRefused(f"{version.made.path} is not there any more; log it again, or leave it out: --only")
        return content

    def _of_run(self, run_id: str, run: Mapping[str, Any], note: str) -> Iterator[FoundVersion]:
        logged = list(self._logged(run))
        if not logged:
            why_not = note or "it logged no model; mlflow.sklearn.log_model and its like do"
            yield FoundVersion(name=run_id, number="", made=None, why_not=why_not, extra={"version": run_id})
            return
        for each in logged:
            yield self._version(run_id, run, note, each, name=run_id if len(logged) == 1 else f"{run_id}/{each.name}")

    def _version(self, run_id: str, run: Mapping[str, Any], note: str, logged: _Logged, *, name: str) -> FoundVersion:
        made, why_not = read_made(self._reader(run_id, logged.model_id, logged.folder))
        extra: dict[str, Any] = {
            "model": text(logged.name),
            "version": logged.model_id or name,
            "created": logged.created or told_of_run(run).get("ended", ""),
            "run_id": run_id,
            "model_id": logged.model_id,
            "folder": logged.folder,
            "run": told_of_run(run),
        }
        return FoundVersion(
            name=name,
            number="",
            title=f"The model {text(logged.name)} of the run {run_id} in mlflow",
            made=made,
            why_not=why_not,
            created=extra["created"],
            metrics=metrics_of(run),
            extra={key: value for key, value in extra.items() if value not in ("", {}, [])},
            notes=(note,) if note else (),
        )

    def _logged(self, run: Mapping[str, Any]) -> Iterator[_Logged]:
        """Yield the models of a run: those that MLflow 3 links to it, else those of which it keeps the history."""
        outputs = run.get("outputs")
        entries = outputs.get("model_outputs") if isinstance(outputs, dict) else None
        ids = [entry.get("model_id") for entry in entries or () if isinstance(entry, dict)]
        known = [each for each in dict.fromkeys(map(str, ids)) if _ID.fullmatch(each)]
        for model_id in known[:_MOST_MODELS]:
            model = (self.tracking.ask(f"logged-models/{model_id}") or {}).get("model")
            info = model.get("info") if isinstance(model, dict) else None
            found = info if isinstance(info, dict) else {}
            yield _Logged(name=text(found.get("name") or model_id), model_id=model_id,
                          created=moment(found.get("creation_timestamp_ms")))  # fmt: skip
        if known:
            return
        for folder in _folders(pairs_in(data_of(run).get("tags")).get(HISTORY)):
            yield _Logged(name=folder, folder=folder, created="")

    def _reader(self, run_id: str, model_id: str, folder: str) -> Callable[[str, int], bytes | None]:
        if model_id:
            return lambda path, limit: self.tracking.logged_file(model_id, path, limit)
        return lambda path, limit: self.tracking.run_file(run_id, f"{folder}/{path}", limit)


def _folders(history: object) -> list[str]:
    """Return the folders in which MLflow 2 logged models of a run, by the tag that it keeps of them."""
    try:
        entries = json.loads(history) if isinstance(history, str) else None
    except (ValueError, RecursionError):
        return []
    told = (
        [entry.get("artifact_path") for entry in entries if isinstance(entry, dict)]
        if isinstance(entries, list)
        else []
    )
    return list(dict.fromkeys(filter(None, map(plain_path, told))))[:_MOST_MODELS]
