"""Addresses of a registry and of a version as MLflow writes them. Opens nothing.

`mintmark:///srv/models` is a clone, `mintmark+https://acme.github.io/models` a site. `?at=` names a revision or a date
of a clone. A version's files have the address of the registry with a last part such as `breast-cancer@1.2.0`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qs, quote, unquote, urlsplit

from mintmark.core.reference import parse_reference
from mintmark.core.version import Version
from mintmark.errors import UsageError

_CLONE: Final = "mintmark"
_SITES: Final = {"mintmark+https": "https", "mintmark+http": "http"}
# MLflow shows the address of a version's files to everybody, so what a site asks for never stands in it.
_credentials: dict[str, str] = {}


@dataclass(frozen=True, slots=True)
class RegistryAddress:
    """What `mintmark.Registry` takes: a folder or the address of a site, and the revision or date of a clone."""

    place: str
    at: str | None = None

    @property
    def is_site(self) -> bool:
        """Whether it is the address of a site."""
        return self.place.startswith(("http://", "https://"))


def parse_store_uri(uri: str) -> RegistryAddress:
    """Return the registry that an MLflow registry URI names; raise `UsageError` for any other text."""
    parts = urlsplit(uri)
    if parts.scheme in _SITES and parts.hostname and not parts.query and not parts.fragment:
        return _remembered(_SITES[parts.scheme], parts.netloc, parts.path)
    at = parse_qs(parts.query, keep_blank_values=True)
    known = at.keys() <= {"at"} and len(at.get("at", [])) < 2
    if parts.scheme == _CLONE and not parts.netloc and parts.path.startswith("/") and known and not parts.fragment:
        return RegistryAddress(unquote(parts.path), *at.get("at", []))
    shown = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
    raise UsageError(
        f"{shown}: is no registry; give mintmark:///path/of/a/clone or mintmark+https://the.address/of/a/site"
    )


def format_version_uri(address: RegistryAddress, model: str, version: str) -> str:
    """Return where the files of a version are: never with a password, which stays in this process."""
    last = f"/{model}@{quote(version)}"
    if not address.is_site:
        at = f"?at={quote(address.at, safe='')}" if address.at is not None else ""
        return f"{_CLONE}://{quote(address.place.rstrip('/'))}{last}{at}"
    parts = urlsplit(address.place)
    return f"mintmark+{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path.rstrip('/')}{last}"


def parse_version_uri(uri: str) -> tuple[RegistryAddress, str, str]:
    """Return registry, model and version of the address of a version's files; raise `UsageError` for any other text."""
    parts = urlsplit(uri)
    path, _, last = parts.path.rpartition("/")
    try:
        reference = parse_reference(unquote(last))
    except ValueError as error:
        raise UsageError(f"{last}: names no version of a model: {error}") from None
    if not isinstance(reference.selector, Version):
        raise UsageError(f"{last}: names no version by its number; ask for it as models:/{reference.model}@ALIAS")
    address = parse_store_uri(parts._replace(path=path or "/").geturl())
    return address, reference.model, str(reference.selector)


def _remembered(scheme: str, netloc: str, path: str) -> RegistryAddress:
    user, _, host = netloc.rpartition("@")
    root = f"{host}{path.rstrip('/')}"
    if user:
        _credentials[root] = user
    known = _credentials.get(root)
    return RegistryAddress(f"{scheme}://{f'{known}@' if known else ''}{root}")
