"""The versions of an artifact that GTO's tags name in a clone, each with its file. Changes nothing there."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from mintmark.artifacts.digest import digest_bytes
from mintmark.beginning.importing.found import (
    MOST_ARTIFACT,
    MOST_VERSIONS,
    FoundVersion,
    ImportRefused,
    Made,
    form_of,
    plain_path,
    text,
)
from mintmark.core.moment import format_moment
from mintmark.core.version import is_version, parse_version
from mintmark.errors import MintmarkError, UsageError
from mintmark.registry import git
from mintmark.registry.clone import find_root
from mintmark.registry.dvc import read_config
from mintmark.registry.files import read_text_file
from mintmark.registry.yaml.faults import YamlFault
from mintmark.registry.yaml.text import parse_yaml

if TYPE_CHECKING:
    from pathlib import Path

_FIELDS: Final = ("refname:strip=2", "objectname", "*objectname", "creatordate:unix", "creator", "contents:subject")
_FORMAT: Final = "%00".join(f"%({name})" for name in _FIELDS)
_LISTS: Final = ("artifacts.yaml", "dvc.yaml")  # which name artifacts, the first for GTO alone
_MOST_LIST: Final = 1 << 20


@dataclass(frozen=True, kw_only=True, slots=True)
class _Tag:
    """A tag of the artifact: what follows its name, the commit it is on, when and by whom it was made."""

    rest: str
    commit: str
    time: str
    creator: str
    subject: str


@dataclass(kw_only=True, slots=True)
class GtoSource:
    """One artifact of a repository, a clone of which lies in `folder`."""

    folder: Path
    model: str  # of an artifact in a subfolder `path/to:name`, which its tags call `path/to=name`
    system: str = field(default="gto", init=False)
    purpose: str = field(default="", init=False)

    @property
    def address(self) -> str:
        """The name of the folder: where it lies on this machine is nobody's business."""
        return self.folder.resolve().name

    def versions(self) -> list[FoundVersion]:
        """Return every version that is registered and not taken out, the lowest first."""
        root = find_root(self.folder)
        if not self.model.isprintable() or any(mark in self.model for mark in "@#*?[\\"):
            raise UsageError(f"{self.model}: is no name of an artifact of GTO")
        self.model = self.model.replace("=", ":")
        tags = self._tags(root)
        found = {name: tag for name, tag in _standing(tags, "@v").items() if is_version(name)}
        stages = {name: tag.commit for name, tag in _standing(tags, "#").items()}
        ordered = sorted(found, key=parse_version)[:MOST_VERSIONS]
        return [self._version(root, name, found[name], stages) for name in ordered]

    def read(self, version: FoundVersion) -> bytes:
        """Return the file of a version: from Git, or from DVC's cache."""
        assert version.made is not None
        root, commit, path = find_root(self.folder), str(version.extra["commit"]), version.made.path
        content = _blob(root, commit, path, MOST_ARTIFACT)
        if content is not None:
            return content
        place, md5 = _cached(root, commit, path)
        content = read_text_file(place, limit=MOST_ARTIFACT)
        if "files" in place.parts[-4:] and digest_bytes(content).md5 != md5:
            remedy = f"delete {place}, and run dvc fetch --all-tags there"
            raise ImportRefused(f"{path}: DVC's cache has other bytes than {commit[:10]} names; {remedy}")
        return content

    @property
    def _tagged(self) -> str:
        """What tags call the artifact."""
        return self.model.replace(":", "=")

    def _tags(self, root: Path) -> list[_Tag]:
        told = git.git_text("for-each-ref", f"--format={_FORMAT}", "--sort=creatordate", "refs/tags/", cwd=root)
        found, called = [], self._tagged
        for line in told.splitlines():
            fields = line.split("\0")
            if len(fields) == len(_FIELDS) and fields[0].startswith((f"{called}@", f"{called}#")):
                name, own, target, when, creator, subject = fields
                time = format_moment(int(when)) if when.isdecimal() else ""
                found.append(_Tag(rest=name[len(called) :], commit=target or own, time=time,
                                  creator="".join(creator.rpartition(">")[:2]), subject=subject))  # fmt: skip
        if not found:
            raise MintmarkError(f"{self.folder}: no tag of GTO names {self.model}; git fetch --tags there brings them")
        return found

    def _version(self, root: Path, name: str, tag: _Tag, stages: dict[str, str]) -> FoundVersion:
        aliases = tuple(sorted(stage for stage, commit in stages.items() if commit == tag.commit))
        made, why_not, described = None, "", ""
        try:
            path, described = _artifact(root, tag.commit, self.model)
            form = form_of(path)
            if not _is_in_git(root, tag.commit, path):
                _cached(root, tag.commit, path)
            made = Made(path=path, form=form)
        except ImportRefused as refused:
            why_not = str(refused)
        told = {
            "version": name,
            "created": tag.time,
            "commit": tag.commit,
            "tag": f"{self._tagged}{tag.rest}",
            "user": text(tag.creator),
            "aliases": list(aliases),
            "description": described,
            "message": text(tag.subject),
        }
        return FoundVersion(
            name=f"v{name}",
            number=name,
            made=made,
            why_not=why_not,
            created=tag.time,
            description=described,
            aliases=aliases,
            extra={key: value for key, value in told.items() if value not in ("", [])},
        )


def _standing(tags: list[_Tag], mark: str) -> dict[str, _Tag]:
    """Return what tags of one kind say last of each version (`@v`) or stage (`#`), but for what they take back.

    Their numbers count, such as the 3 of `#prod#3`; of tags without one, the newest does.
    """
    last: dict[str, tuple[int, _Tag, bool]] = {}
    for tag in tags:
        said, _, number = tag.rest.removeprefix(mark).partition("#")
        if not tag.rest.startswith(mark) or (number and not (number.isdecimal() and number.isascii())):
            continue
        name, place = said.rstrip("!"), int(number[:9] or 0)
        if name not in last or place >= last[name][0]:
            last[name] = (place, tag, said.endswith("!"))
    return {name: tag for name, (_, tag, is_gone) in last.items() if name and not is_gone}


def _blob(root: Path, commit: str, path: str, limit: int) -> bytes | None:
    """Return a file of a commit, None where there is none, or something else than a plain file."""
    entry = git.list_tree(root, commit, path).get(path)
    if entry is None or entry.mode in git.NO_FILES:
        return None
    content = next(iter(git.read_blobs(root, [entry.oid], limit=limit)))[1]
    if len(content) > limit:
        raise ImportRefused(f"{path}: is larger than {limit / 1e6:,.0f} MB")
    return content


def _is_in_git(root: Path, commit: str, path: str) -> bool:
    entry = git.list_tree(root, commit, path).get(path)
    return entry is not None and entry.mode not in git.NO_FILES


def _yaml(root: Path, commit: str, path: str) -> dict[str, Any]:
    content = _blob(root, commit, path, _MOST_LIST)
    try:
        data = parse_yaml(content, number_keys=True) if content is not None else None
    except YamlFault as fault:
        raise ImportRefused(f"{path}:{fault.line} at {commit[:10]}: {fault.message}") from None
    return data if isinstance(data, dict) else {}


def _artifact(root: Path, commit: str, model: str) -> tuple[str, str]:
    """Return the path and the description of an artifact, as the lists at a commit have it.

    The lists of an artifact in a subfolder lie there, and its path is told from there.
    """
    folder, _, own = model.rpartition(":")
    inside = f"{folder}/" if folder else ""
    if folder and plain_path(folder) != folder:
        raise ImportRefused(f"{folder} is no folder of a repository; name the artifact as its tags do, FOLDER=NAME")
    for name in _LISTS:
        listed = _yaml(root, commit, f"{inside}{name}")
        entries = listed if name == _LISTS[0] else listed.get("artifacts")
        entry = entries.get(own) if isinstance(entries, dict) else None
        if not isinstance(entry, dict):
            continue
        path = plain_path(entry.get("path"))
        if path is not None:
            return f"{inside}{path}", text(entry.get("desc") or entry.get("description") or "")
    lists = " nor ".join(f"{inside}{name}" for name in _LISTS)
    says = f"neither {lists} at {commit[:10]} says which file {own} is"
    raise ImportRefused(f"{says}; write its path there, and tag that commit")


def _cached(root: Path, commit: str, path: str) -> tuple[Path, str]:
    """Return where DVC's cache has a file of a commit, and its md5; raise `ImportRefused` where it has not."""
    md5 = _tracked(root, commit, path)
    if md5 is None:
        raise ImportRefused(f"{path} is neither in Git nor DVC's at {commit[:10]}; tag a commit that has it")
    for inside in _folders_above(path):
        folder = root / inside
        cache = read_config(folder).cache if (folder / ".dvc/config").is_file() else folder / ".dvc/cache"
        for place in (cache / "files/md5" / md5[:2] / md5[2:], cache / md5[:2] / md5[2:]):  # the latter is DVC 2's
            if place.is_file():
                return place, md5
    raise ImportRefused(f"{path}: DVC tracks it and has not fetched it; run dvc fetch --all-tags there")


def _tracked(root: Path, commit: str, path: str) -> str | None:
    """Return the md5 by which DVC tracks a file at a commit."""
    outs = list(_yaml(root, commit, f"{path}.dvc").get("outs") or [])
    found = [out.get("md5") for out in outs if isinstance(out, dict) and out.get("path") == path.rpartition("/")[2]]
    for inside in _folders_above(path):
        stages = _yaml(root, commit, f"{inside}dvc.lock").get("stages")
        for stage in stages.values() if isinstance(stages, dict) else ():
            entries = stage.get("outs") if isinstance(stage, dict) else None
            wanted = path.removeprefix(inside)
            found += [out.get("md5") for out in entries or () if isinstance(out, dict) and out.get("path") == wanted]
    return next((str(md5) for md5 in found if isinstance(md5, str) and len(md5) == 32 and md5.isalnum()), None)


def _folders_above(path: str) -> list[str]:
    """Return the folders that hold a file, the nearest first, each with a final slash; the root is empty."""
    parts = path.split("/")[:-1]
    return [*("/".join(parts[:depth]) + "/" for depth in range(len(parts), 0, -1)), ""]
