"""Open one object of a DVC remote for reading, wherever the remote is. Checks no digests and keeps nothing."""

from __future__ import annotations

import io
import re
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

from mintmark.core.finding import without_credentials
from mintmark.core.records import StoredFile, format_pointer
from mintmark.registry.dvc import DvcError, Remote, run_dvc
from mintmark.registry.stored.pacing import BLOCK, Paced, seconds_for, within
from mintmark.registry.stored.streams import (
    ObjectError,
    ObjectMissingError,
    RemoteError,
    UnreachableError,
    open_plain_file,
)
from mintmark.temporary import TemporaryFolder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_MD5 = re.compile(r"[0-9a-f]{32}\Z")
_ONLY_DVC = {"ssh", "hdfs", "webhdfs", "webdav", "webdavs", "gdrive", "oss"}
_NO_MATTER = {
    "jobs", "checksum_jobs", "verify", "type", "shared", "slow_link_warning", "protected", "no_traverse", "method",
    "sse", "sse_kms_key_id", "acl", "grant_read", "grant_read_acp", "grant_write_acp", "grant_full_control",
    "listobjects", "cache_regions", "worktree", "version_aware",
}  # fmt: skip
_HTTP_OPTIONS = {
    "auth",
    "user",
    "password",
    "custom_auth_header",
    "ssl_verify",
    "connect_timeout",
    "read_timeout",
}
_HTTP_TIMEOUT = 60.0  # DVC's own
_DVC_STARTS = 60.0  # seconds before DVC asks for anything, on a machine with much to do
# DVC's option -> where fsspec's file system takes it.
_FSSPEC_OPTIONS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "s3": {
        "endpointurl": ("endpoint_url",),
        "profile": ("profile",),
        "region": ("client_kwargs", "region_name"),
        "access_key_id": ("key",),
        "secret_access_key": ("secret",),
        "session_token": ("token",),
        "allow_anonymous_login": ("anon",),
        "use_ssl": ("use_ssl",),
    },
    "gs": {"projectname": ("project",), "credentialpath": ("token",), "endpointurl": ("endpoint_url",)},
    "azure": {
        name: (name,)
        for name in ("account_name", "account_key", "connection_string", "sas_token",
                     "tenant_id", "client_id", "client_secret")
    },
}  # fmt: skip
_SCHEMES = {"azure": "abfs", "gs": "gcs"}


def object_paths(md5: str) -> tuple[str, str]:
    """Return where DVC 3 and DVC 2 keep an object in a remote: `files/md5/ab/cdef…` and `ab/cdef…`."""
    if not _MD5.match(md5):
        kind = "the digest of a folder, and Mintmark stores single files" if md5.endswith(".dir") else "no md5"
        raise ObjectError(f'"{md5[:40]}" is {kind}')
    place = f"{md5[:2]}/{md5[2:]}"
    return f"files/md5/{place}", place


@contextmanager
def open_object(remote: Remote, file: StoredFile) -> Iterator[IO[bytes]]:
    """Open the object of a stored file in a remote.

    Raises `ObjectMissingError` where the remote does not have it, `RemoteError` where that cannot be told.
    """
    scheme = remote.url.partition("://")[0] if remote.folder is None else ""
    if remote.options.get("version_aware") == "true" or remote.options.get("worktree") == "true":
        raise RemoteError(
            f"the remote {remote.name} keeps files by name, not by content; Mintmark reads only the latter"
        )
    opened: IO[bytes] | None = None
    if remote.folder is not None:
        opened = _first_layout(remote, file, lambda path: open_plain_file(remote.folder / path))  # type: ignore[operator]
    elif scheme in ("http", "https") and _knows(remote, _HTTP_OPTIONS) and remote.options.get("auth") != "digest":
        opened = _first_layout(remote, file, lambda path: _open_http(remote, path))
    elif scheme not in _ONLY_DVC and "::" not in remote.url and _knows(remote, _FSSPEC_OPTIONS.get(scheme, ())):
        opened = _open_fsspec(remote, scheme, file)
    if opened is not None:
        with opened:
            yield opened
        return
    with _fetched_by_dvc(remote, file) as path, path.open("rb") as stream:
        yield stream


def _knows(remote: Remote, options: Any) -> bool:
    return all(name in options or name in _NO_MATTER for name in remote.options)


def _first_layout(remote: Remote, file: StoredFile, opener: Callable[[str], IO[bytes]]) -> IO[bytes]:
    paths = object_paths(file.md5)
    for path in paths:
        try:
            return opener(path)
        except FileNotFoundError:
            continue
        except OSError as error:
            raise RemoteError(f"{_shown(remote)}/{path} cannot be read: {error.strerror or error}") from None
    raise ObjectMissingError(f"the object {paths[0]} is not in the remote {remote.name} ({_shown(remote)})")


def _shown(remote: Remote) -> str:
    """Return the address of a remote without a password that somebody put into it."""
    return without_credentials(remote.url)


def _open_http(remote: Remote, path: str) -> IO[bytes]:
    from mintmark.registry.http_opening import GONE, HttpFault, open_address

    address = f"{_shown(remote).rstrip('/')}/{path}"
    timeout = float(remote.options.get("read_timeout") or remote.options.get("connect_timeout") or _HTTP_TIMEOUT)
    verify = remote.options.get("ssl_verify", "true")
    try:
        return open_address(address, headers=_http_headers(remote), timeout=timeout, verify=verify)
    except HttpFault as fault:
        if fault.code in GONE:
            raise FileNotFoundError(address) from None
        kind = RemoteError if fault.code else UnreachableError
        raise kind(f"the remote {remote.name} ({_shown(remote)}) {fault}") from None


def _http_headers(remote: Remote) -> dict[str, str]:
    from urllib.parse import unquote, urlsplit

    from mintmark.registry.http_opening import basic_credentials

    options, address = remote.options, urlsplit(remote.url)
    if options.get("auth") == "custom":
        return {options.get("custom_auth_header", "Authorization"): options.get("password", "")}
    if options.get("auth") == "basic" or address.username:
        user = options.get("user", unquote(address.username or ""))
        return basic_credentials(user, options.get("password", unquote(address.password or "")))
    return {}


def _open_fsspec(remote: Remote, scheme: str, file: StoredFile) -> IO[bytes] | None:
    """Open an object through fsspec; None where the library for that kind of address is not installed."""
    address = remote.url.replace(f"{scheme}://", f"{_SCHEMES.get(scheme, scheme)}://", 1)
    try:
        import fsspec

        options = _fsspec_options(remote.options, scheme)
        system, folder = within(seconds_for(BLOCK), lambda: fsspec.core.url_to_fs(address, **options))
    except (ImportError, ValueError):
        return None
    except Exception as error:
        raise _unreachable(remote, error) from error

    def open_at(path: str) -> IO[bytes]:
        try:
            place = f"{folder.rstrip('/')}/{path}"
            stream = within(seconds_for(BLOCK), lambda: system.open(place, "rb", block_size=BLOCK))
            return cast("IO[bytes]", io.BufferedReader(Paced(stream), BLOCK))
        except FileNotFoundError:
            raise
        except Exception as error:  # each cloud's library has errors of its own
            raise _unreachable(remote, error) from error

    return _first_layout(remote, file, open_at)


def _unreachable(remote: Remote, error: Exception) -> RemoteError:
    words = " ".join(str(error).split()) or type(error).__name__
    kind = UnreachableError if isinstance(error, TimeoutError) else RemoteError
    return kind(f"the remote {remote.name} ({_shown(remote)}) cannot be read: {words}")


def _fsspec_options(options: Mapping[str, str], scheme: str) -> dict[str, Any]:
    known: dict[str, Any] = {}
    for name, place in _FSSPEC_OPTIONS.get(scheme, {}).items():
        if name in options:
            value: Any = options[name]
            value = value.lower() == "true" if value.lower() in ("true", "false") else value
            inner = known.setdefault(place[0], {}) if len(place) > 1 else known
            inner[place[-1]] = value
    return known


@contextmanager
def _fetched_by_dvc(remote: Remote, file: StoredFile) -> Iterator[Path]:
    """Have DVC fetch an object into a project of its own, so that the pointer need not be in any work tree."""
    with dvc_project(remote) as project:
        (project / "object.dvc").write_text(format_pointer(_as_object(file)), "utf-8")
        try:
            run_dvc("fetch", "object.dvc", cwd=project, timeout=_DVC_STARTS + seconds_for(file.size))
        except DvcError as error:
            # Without the plugin for that kind of address, no other object would come either, nor from who is so slow.
            kind = UnreachableError if "but requires" in str(error) or "did not finish" in str(error) else RemoteError
            raise kind(f"the remote {remote.name}: {error}") from None
        for place in object_paths(file.md5):
            path = project / "cache" / place
            if path.is_file():
                yield path
                return
        # DVC says so as well, and exits with 0, when a server does not answer.
        raise ObjectMissingError(
            f"DVC finds no object {object_paths(file.md5)[0]} in the remote {remote.name} ({_shown(remote)})"
        )


def push_through_dvc(
    remote: Remote, files: Mapping[str, StoredFile], place: Callable[[StoredFile, Path], None]
) -> None:
    """Have DVC push objects to a remote; `place(file, path)` must put the bytes of a file at a path of DVC's cache."""
    with dvc_project(remote) as project:
        for number, file in enumerate(files.values()):
            place(file, project / "cache" / object_paths(file.md5)[0])
            (project / f"object-{number}.dvc").write_text(format_pointer(_as_object(file, number)), "utf-8")
        run_dvc("push", *(f"object-{number}.dvc" for number in range(len(files))), cwd=project)


def _as_object(file: StoredFile, number: int = 0) -> StoredFile:
    return StoredFile(name=f"object-{number}", md5=file.md5, sha256=file.sha256, size=file.size)


@contextmanager
def dvc_project(remote: Remote, place: Path | None = None) -> Iterator[Path]:
    """Make a DVC project for one command, with one remote and a cache of its own, and no Git."""
    from configobj import ConfigObj  # type: ignore[import-untyped, unused-ignore]

    with TemporaryFolder("dvc", inside=place) as folder:
        project = folder.resolve()
        config = ConfigObj(encoding="utf-8")
        config["core"] = {
            "remote": "remote", "no_scm": "true", "analytics": "false", "check_update": "false",
            "site_cache_dir": str(project / "site"),
        }  # fmt: skip
        config["cache"] = {"dir": str(project / "cache")}
        config['remote "remote"'] = {"url": remote.url, **remote.options}
        (project / ".dvc").mkdir()
        (project / ".dvc" / "config").write_bytes(b"\n".join(line.encode() for line in _lines(config)) + b"\n")
        (project / ".dvc" / "config").chmod(0o600)
        yield project


def _lines(config: Any) -> list[str]:
    return [line.decode() if isinstance(line, bytes) else line for line in config.write()]
