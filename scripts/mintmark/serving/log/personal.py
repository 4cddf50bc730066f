"""The key with which personal inputs are hashed in the log, and whether one is needed."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Final

from mintmark.errors import MintmarkError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from mintmark.core.model import Treatment
    from mintmark.serving.following.sources import Source

_LEAST: Final = 16


def read_key(path: Path) -> bytes:
    """Return the key in a file; raise `UsageError` where it holds none that is long enough."""
    try:
        key = path.read_bytes().strip()
    except OSError as error:
        raise UsageError(f"{path}: the key of the log cannot be read: {error.strerror}") from None
    if len(key) < _LEAST:
        raise UsageError(f"{path}: a key has {_LEAST} bytes or more; openssl rand -hex 32 makes one")
    return key


def check_needs_no_key(source: Source, models: Iterable[str]) -> None:
    """Raise `UsageError` where a model hashes an input; of a registry that cannot be read, nothing is known.

    What turns out to be hashed later is left out, as there is no key.
    """
    declared: dict[str, Mapping[str, Treatment]] = {}
    with suppress(MintmarkError):
        registry = source.read().registry
        for model in dict.fromkeys([*models] or registry.models()):
            declared[model] = registry.model(model).personal
    for model, personal in declared.items():
        _check(model, personal)


def _check(model: str, personal: Mapping[str, Treatment]) -> None:
    hashed = sorted(name for name, treatment in personal.items() if treatment == "hash")
    if hashed:
        raise UsageError(
            f'models/{model}/model.yaml: the log hashes "{hashed[0]}" (personal), and there is no key; '
            "give one with --log-key FILE (openssl rand -hex 32 makes one)"
        )
