"""The files of a version as MLflow downloads them: a folder that it loads. Uploads nothing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from mlflow.entities import FileInfo
from mlflow.store.artifact.artifact_repo import ArtifactRepository

from mintmark.publishing.exchange.mlflow.address import parse_version_uri
from mintmark.publishing.exchange.mlflow.faults import raise_missing, refuse_write, told_to_mlflow
from mintmark.publishing.exchange.mlflow.model_folder import DATA, model_files, write_artifact
from mintmark.publishing.exchange.mlflow.numbered import base_commit
from mintmark.registry.opening import open_registry

if TYPE_CHECKING:
    from mintmark.core.records import VersionRecord
    from mintmark.registry.reading import Registry


class MintmarkArtifacts(ArtifactRepository):  # type: ignore[misc] # MLflow has an environment of its own
    """The files of one version, such as those of `mintmark:///srv/models/breast-cancer@1.2.0`."""

    def __init__(self, artifact_uri: str, *_: Any, **__: Any) -> None:
        super().__init__(artifact_uri)
        with told_to_mlflow():
            self._address, self._model, self._number = parse_version_uri(artifact_uri)

    def list_artifacts(self, path: str | None = None) -> list[FileInfo]:
        """See `ArtifactRepository`."""
        folder = f"{path.strip('/')}/" if path and path.strip("/") else ""
        sizes = self._sizes()
        found = {}
        for name, size in sorted(sizes.items()):
            if name.startswith(folder):
                child, _, below = name[len(folder) :].partition("/")
                found[child] = FileInfo(f"{folder}{child}", bool(below), None if below else size)
        return list(found.values())

    def _download_file(self, remote_file_path: str, local_path: str) -> None:
        """See `ArtifactRepository`: the artifact is checked against the record."""
        with told_to_mlflow():
            registry, record = self._open()
            name = remote_file_path.strip("/")
            if name == f"{DATA}/{record.artifact.name}":
                write_artifact(registry, record, Path(local_path))
                return
            texts = model_files(registry, record)
        if name not in texts:
            raise_missing(f"{self.artifact_uri} has no file {name}; it has {', '.join(sorted(self._sizes()))}")
        Path(local_path).write_bytes(texts[name])

    def _open(self) -> tuple[Registry, VersionRecord]:
        address = self._address
        at = None if address.is_site else address.at or base_commit(address.place)
        registry = open_registry(address.place, at=at)
        return registry, registry.record(self._model, self._number)

    def _sizes(self) -> dict[str, int]:
        with told_to_mlflow():
            registry, record = self._open()
            texts = model_files(registry, record)
        return {
            **{name: len(text) for name, text in texts.items()},
            f"{DATA}/{record.artifact.name}": record.artifact.size,
        }

    def log_artifact(self, *_: Any, **__: Any) -> NoReturn:
        """See `ArtifactRepository`: refused."""
        refuse_write(f"mintmark propose {self._model} --open")

    log_artifacts = delete_artifacts = log_artifact
