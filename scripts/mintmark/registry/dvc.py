"""The one door to DVC: its command as a subprocess and its config as data. Never imports dvc."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mintmark.errors import MintmarkError
from mintmark.registry.repository.git_settings import without_repository

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_QUIET = {"DVC_NO_ANALYTICS": "1", "LC_ALL": "C.UTF-8", "NO_COLOR": "1"}
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_NAMED = re.compile(r'^\s*remote\s*"(.*)"\s*$')
_ADDRESS = re.compile(r"\w+://")
# The options that DVC takes for paths, relative to the folder of the config file (dvc.config.Config._map_dirs).
_PATHS = ("url", "gdrive_user_credentials_file", "gdrive_service_account_json_file_path", "credentialpath",
          "configpath", "keyfile", "cert_path", "key_path")  # fmt: skip


DVC_CONFIGS = (".dvc/config", ".dvc/config.local")  # of a repository; the second counts more


class DvcError(MintmarkError):
    """DVC refused; the message holds its own words."""


def run_dvc(
    *arguments: str, cwd: Path | str, timeout: float | None = None, environment: Mapping[str, str] | None = None
) -> str:
    """Run one DVC command with the interpreter that runs Mintmark and return its output.

    Raises `DvcError` with DVC's own words when it fails, and when it takes longer than `timeout` seconds. It has this
    process's variables, or those of `environment`.
    """
    # -P keeps a json.py or dvc.py in the registry itself from being imported instead of the real one.
    command = (sys.executable, "-P", "-m", "dvc", *arguments)
    try:
        result = subprocess.run(
            command,
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env={**without_repository(os.environ if environment is None else environment), **_QUIET},
            timeout=timeout,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise DvcError(f"dvc {arguments[0]}: did not finish in {timeout:.0f} seconds") from None
    if result.returncode != 0:
        words = _dvc_words(result.stderr.decode("utf-8", "replace"))
        raise DvcError(f"dvc {arguments[0]}: {words or f'failed with exit code {result.returncode}'}")
    return result.stdout.decode("utf-8", "replace")


def _dvc_words(text: str) -> str:
    """Return what DVC complains of in one sentence, without its colours and its address for help."""
    if "No module named dvc" in text:
        from mintmark.extras import install_line

        return f"is not installed for {sys.executable}; it comes with the extra `registry`: {install_line('registry')}"
    lines = [line.strip() for line in _COLOUR.sub("", text).splitlines()]
    errors = [line[7:].removeprefix("unexpected error - ") for line in lines if line.startswith("ERROR: ")]
    return " ".join(" ".join(errors or [line for line in lines if "dvc.org" not in line]).split())


@dataclass(frozen=True, kw_only=True, slots=True)
class Remote:
    """A DVC remote: `url` is an address, or the absolute path of a folder; `options` are as DVC's config has them."""

    name: str
    url: str
    options: Mapping[str, str] = field(default_factory=dict, repr=False)  # may hold a password

    @property
    def folder(self) -> Path | None:
        """The folder of a remote on this machine, None for any other."""
        if self.url.startswith("file://"):
            return Path(self.url.removeprefix("file://"))
        return None if _ADDRESS.match(self.url) else Path(self.url)

    def embedded_in(self, root: Path) -> str | None:
        """Return the path of the remote inside the repository, with forward slashes; None when it lies outside."""
        folder = self.folder
        if folder is None or not folder.is_relative_to(root):
            return None
        return folder.relative_to(root).as_posix()


@dataclass(frozen=True, kw_only=True, slots=True)
class DvcConfig:
    """What DVC's config files say together; `remotes` has the default one first, `cache` is DVC's local cache."""

    default: Remote | None
    remotes: tuple[Remote, ...]
    cache: Path

    @property
    def required_default(self) -> Remote:
        """The default remote; raises `MintmarkError` where there is none."""
        if self.default is None:
            raise MintmarkError(".dvc/config names no default remote; dvc remote add -d store ../.dvc/store names one")
        return self.default


def read_config(root: Path, *, committed: bytes | None = None) -> DvcConfig:
    """Return what DVC would read from its system, global, repository and local config files, in that order.

    `committed` takes the place of the repository's own file: what .dvc/config says at some revision. Raises
    `MintmarkError` for a config that DVC could not read either. No `.dvc` folder gives a config without remotes.
    """
    merged: dict[str, dict[str, Any]] = {}
    own = root / ".dvc" / "config"
    if committed is None and not own.exists():
        committed = _off_disk(root)
    for path in _config_files(root):
        text = _text(path) if path != own or committed is None else committed.decode("utf-8", "replace")
        for section, values in _parse_sections(path, text):
            merged.setdefault(section, {}).update(values)
    remotes = {
        match[1]: _remote(match[1], merged) for section in merged if (match := _NAMED.match(section)) is not None
    }
    name = str(merged.get("core", {}).get("remote", "")).lower()
    if name and name not in remotes:
        raise MintmarkError(f".dvc/config: core.remote is {name}, and there is no remote of that name; dvc remote list")
    default = remotes.get(name)
    others = (remote for remote in remotes.values() if remote is not default)
    cache = merged.get("cache", {}).get("dir", str(root / ".dvc" / "cache"))
    return DvcConfig(default=default, remotes=(*([default] if default else []), *others), cache=Path(str(cache)))


def _off_disk(root: Path) -> bytes | None:
    from mintmark.registry.repository.skipped import read_off_disk

    return read_off_disk(root, ".dvc/config")


def config_values(content: bytes, path: str) -> dict[str, str]:
    """Return what one config file says: each option by its section, as `remote "store".url`, as it is written."""
    return {
        f"{section}.{option}": str(value)
        for section, options in _sections(path, content.decode("utf-8", "replace")).items()
        for option, value in options.items()
    }


def _config_files(root: Path) -> Iterator[Path]:
    system, user = os.environ.get("DVC_SYSTEM_CONFIG_DIR"), os.environ.get("DVC_GLOBAL_CONFIG_DIR")
    if sys.platform == "linux":  # what platformdirs answers, without the 20 ms that importing it takes
        shared = os.environ.get("XDG_CONFIG_DIRS", "").split(os.pathsep)[0] or "/etc/xdg"
        own = os.environ.get("XDG_CONFIG_HOME", "").strip() or os.path.expanduser("~/.config")
        system, user = system or f"{shared}/dvc", user or f"{own}/dvc"
    else:
        import platformdirs

        system = system or platformdirs.site_config_dir("dvc", "iterative")
        user = user or platformdirs.user_config_dir("dvc", "iterative")
    yield Path(system, "config")
    yield Path(user, "config")
    yield root / ".dvc" / "config"
    yield root / ".dvc" / "config.local"


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return ""
    except (OSError, UnicodeDecodeError) as error:
        raise MintmarkError(f"{path}: cannot be read: {error}") from None


def _parse_sections(path: Path, text: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the sections of one config file by lower-case name, paths made absolute."""
    folder = os.path.abspath(path.parent)
    for section, values in _sections(path, text).items():
        paths = _PATHS if _NAMED.match(section) else ("dir",) if section == "cache" else ()
        yield section, {k: _resolve(folder, v) if k in paths else v for k, v in values.items()}


def _sections(path: Path | str, text: str) -> dict[str, dict[str, Any]]:
    """Return the sections of one config file as it is written, names in lower case."""
    if not text.strip():
        return {}
    from configobj import ConfigObj, ConfigObjError  # type: ignore[import-untyped, unused-ignore]

    try:
        sections = ConfigObj(text.splitlines()).dict()
    except ConfigObjError as error:
        raise MintmarkError(f"{path}: is not a DVC config: {error}") from None
    return {
        section.lower(): {key.lower(): value for key, value in values.items()}
        for section, values in sections.items()
        if isinstance(values, dict)
    }


def _resolve(folder: str, value: Any) -> Any:
    if not isinstance(value, str) or _ADDRESS.match(value):
        return value
    return os.path.abspath(os.path.join(folder, os.path.expanduser(value)))


def _remote(name: str, sections: Mapping[str, Mapping[str, Any]]) -> Remote:
    """Build a remote; the address remote://NAME/FOLDER takes up the remote NAME, as in DVC."""
    options: dict[str, Any] = {}
    url, suffix, seen = f"remote://{name}", "", set[str]()
    while url.startswith("remote://"):
        base, _, rest = url.removeprefix("remote://").partition("/")
        values = sections.get(f'remote "{base}"', {})
        if base in seen or not isinstance(values.get("url"), str):
            raise MintmarkError(f".dvc/config: the remote {name} has no url; dvc remote modify {name} url ADDRESS")
        seen.add(base)
        options = {**values, **options}
        url, suffix = values["url"], "/".join(part for part in (rest, suffix) if part)
    url = f"{url.rstrip('/')}/{suffix}" if suffix else url
    return Remote(name=name, url=url, options={k: str(v) for k, v in options.items() if k != "url"})
