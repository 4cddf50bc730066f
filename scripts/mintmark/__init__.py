"""The public Python API of Mintmark: `load`, `pull` and `Registry`."""

from __future__ import annotations

from mintmark.about import __version__

TYPE_CHECKING = False  # as type checkers know it, without the 5 ms that importing typing takes
if TYPE_CHECKING:
    from collections.abc import Sequence
    from os import PathLike
    from pathlib import Path
    from typing import Any

    from mintmark.registry.opening import open_registry as Registry  # noqa: N812 - its public name
    from mintmark.registry.reading import Registry as _Registry

__all__ = ["Registry", "__version__", "load", "pull"]


def load(
    reference: str,
    *,
    path: str | PathLike[str] = ".",
    at: str | None = None,
    trusted_types: Sequence[str] = (),
) -> Any:
    """Return the model that a reference means, such as `breast-cancer@production`, after the safety checks.

    It is a `LoadedModel`: `predict` and `predict_proba` take columns by name and hold them against `signature`;
    `reference` names the version, and `estimator` is the bare one. For safetensors it is a dictionary of arrays.

    `path` is anywhere in a clone of the registry, or the address of its site; `at` is a revision or a date
    (`2026-06-01`) of a clone. The bytes are checked against the record, and nothing in them runs: types that neither
    Mintmark nor `trusted_types`, here or in the models/registry.yaml of a clone, knows are refused. What a site trusts
    is not taken from it. A yanked version loads with a `UserWarning`. Raises `mintmark.errors.MintmarkError`.
    """
    from mintmark.core.reference import CANDIDATE
    from mintmark.registry.reading import as_reference
    from mintmark.registry.stored.loading import load_model
    from mintmark.registry.stored.pulling import yanked_note

    registry, wanted = _open(path, at), as_reference(reference)
    if wanted.selector != CANDIDATE:
        version = registry.resolve_version(wanted)
        _warn(yanked_note(registry, wanted.model, str(version)))
    try:
        return load_model(registry, wanted, trusted_types=trusted_types)
    except ModuleNotFoundError as error:
        from mintmark.extras import explain_missing

        raise explain_missing(error, "mintmark.load", "load") from None


def pull(
    reference: str,
    output: str | PathLike[str] | None = None,
    *,
    path: str | PathLike[str] = ".",
    at: str | None = None,
    all_files: bool = False,
) -> Path:
    """Write the artifact of a version into a folder and return the folder (`./MODEL-VERSION` when `output` is None).

    With `all_files` the predictions, the evaluation data and the reference profile come too. Every file is checked
    against the record and written whole or not at all. A yanked version comes with a `UserWarning`. Raises
    `mintmark.errors.MintmarkError`.
    """
    from pathlib import Path

    from mintmark.registry.stored.pulling import pull_files

    folder = None if output is None else Path(output)
    pulled = pull_files(_open(path, at), reference, folder, all_files=all_files)
    _warn(pulled.yanked)
    return pulled.folder


def _open(path: str | PathLike[str], at: str | None) -> _Registry:
    from os import fspath

    from mintmark.registry.opening import open_registry

    return open_registry(fspath(path), at=at)


def _warn(note: str | None) -> None:
    if note is not None:
        import warnings

        warnings.warn(note, stacklevel=3)


def __getattr__(name: str) -> Any:
    # `import mintmark` must stay cheap: every command and every stage script pays for it.
    if name == "Registry":
        from mintmark.registry.opening import open_registry

        return open_registry
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
