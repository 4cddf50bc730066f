"""Bring one version of another registry as one commit. Plans nothing."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mintmark.artifacts.confined.conversion import convert_model
from mintmark.artifacts.digest import digest_bytes
from mintmark.beginning.importing.found import ImportRefused
from mintmark.beginning.importing.model_bytes import example_rows, require_stored
from mintmark.beginning.importing.said_record import imported, said_files, summary
from mintmark.changing.commits import commit_files, read_author
from mintmark.changing.lock import one_at_a_time
from mintmark.changing.model_state import read_standing, require_allowed
from mintmark.commands.bringing.convert import conversion_faults
from mintmark.core import layout
from mintmark.core.announcement import message
from mintmark.core.bump import parent_among
from mintmark.core.judgement.record_claims import dispute_texts
from mintmark.core.judgement.rules import check_change
from mintmark.core.moment import format_moment
from mintmark.core.records import VersionRecord
from mintmark.core.version import parse_version
from mintmark.errors import MintmarkError
from mintmark.registry.documents import blob_oid
from mintmark.registry.dvc import read_config
from mintmark.registry.stored.limits import check_limits
from mintmark.registry.stored.pushing import push
from mintmark.registry.stored.remotes import object_paths
from mintmark.registry.yaml.text import parse_yaml
from mintmark.temporary import TemporaryFolder

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from mintmark.artifacts.confined.conversion import Conversion
    from mintmark.beginning.importing.found import FoundVersion, Source
    from mintmark.changing.commits import NewCommit
    from mintmark.core.records import StoredFile
    from mintmark.registry.clone import ClonedRegistry


@dataclass(frozen=True, kw_only=True, slots=True)
class Kept:
    """A model as the registry keeps it, and what `extra` tells of the file that it was.

    `columns` are those that a pickle was fitted on, where that was asked.
    """

    content: bytes
    form: str
    told: dict[str, Any]
    columns: tuple[str, ...] | None = None


def read_artifact(registry: ClonedRegistry, source: Source, version: FoundVersion, rows: pd.DataFrame | None) -> Kept:
    """Return the model of a version as the registry keeps it; a pickle is proved on `rows`, else on those it has.

    Raises `ImportRefused` and `MintmarkError` where it cannot come.
    """
    made = version.made
    assert made is not None
    content = source.read(version)
    told = {"path": made.path, "sha256": digest_bytes(content).sha256, "size": len(content)}
    if made.form != "pickle":
        artifact, form = require_stored(content, made, registry.trusted_names)
        return Kept(content=artifact, form=form, told=told)
    asked = rows if rows is not None else example_rows(made)
    if asked is None:
        raise ImportRefused("it is a pickle, and there are no rows to prove on that it converts; --data FILE has some")
    converted = _converted(content, made.path, asked, registry.trusted_names)
    told["converted"] = "to skops"
    return Kept(content=converted.content, form="skops", told=told, columns=converted.columns)


def _converted(content: bytes, name: str, rows: pd.DataFrame, trusted: tuple[str, ...]) -> Conversion:
    """Have a pickle converted by a process apart, and hold both models against each other; `name` is its path there."""
    with TemporaryFolder("import") as folder:
        path = folder / "model.pkl"
        path.write_bytes(content)
        try:
            conversion = convert_model(path, "skops", rows, trusted=trusted)
        except MintmarkError as fault:
            raise ImportRefused(str(fault).replace(str(path), name)) from None
    faults = list(conversion_faults(conversion))
    if faults:
        raise ImportRefused(f"converted, it would not be the same model: {'; '.join(faults[:3])}")
    return conversion


def commit_said(
    registry: ClonedRegistry, source: Source, version: FoundVersion, model: str, *, branch: str | None
) -> NewCommit:
    """Commit a version with what was said of it: it has no evaluation rows, so nothing of it was measured here."""
    kept = read_artifact(registry, source, version, None)
    artifact = kept.content
    with one_at_a_time(registry.root, "import"):
        state = read_standing(registry, model)
        parent = parent_among(state.versions, state.yanked, parse_version(version.number))
        file, files = said_files(
            source, version, model, artifact,
            form=kept.form, task=registry.model(model).question.task, parent=str(parent) if parent else None,
            created=_now(), author=read_author(registry.root), extra=imported(source, version, file=kept.told),
        )  # fmt: skip
        record = VersionRecord.from_dict(parse_yaml(files[layout.version_path(model, version.number)]))
        require_allowed(list(dispute_texts(record)))
        check_limits(registry.root, [file], registry.settings)
        folder = layout.version_folder(model, version.number) + "/"
        digests = {path.removeprefix(folder): blob_oid(content) for path, content in files.items()}
        require_allowed(check_change(state, state.proposed(version.number, digests), registry.settings.channels))
        return commit_files(
            registry.root,
            writes={**files, **_objects(registry.root, file, artifact)},
            message=announce(source, version, model, "Its metrics are said there, and nobody measured it here."),
            branch=branch,
        )


def announce(source: Source, version: FoundVersion, model: str, how: str) -> str:
    """Return the message of the commit that brings a version."""
    return message(f"propose {model} {version.number}", summary(source, version), how)


def _objects(root: Path, file: StoredFile, content: bytes) -> dict[str, bytes]:
    """Return the object that the commit carries (the embedded store); to any other remote it is pushed now."""
    embedded = read_config(root).required_default.embedded_in(root)
    if embedded is not None:
        return {f"{embedded}/{object_paths(file.md5)[0]}": content}
    with TemporaryFolder("import") as folder:
        path = folder / file.name
        path.write_bytes(content)
        push(root, [(file, path)])
    return {}


def _now() -> str:
    """Return the time; SOURCE_DATE_EPOCH stands in for the clock where it is set."""
    fixed = os.environ.get("SOURCE_DATE_EPOCH", "")
    return format_moment(int(fixed) if fixed.isdigit() else int(time.time()))
