"""What a clone can say for itself: Git, history, the lock, the store and CODEOWNERS. Asks no forge."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from mintmark.core import layout
from mintmark.core.codeowners import CODEOWNERS, ELSEWHERE, lines_after_block, write_block
from mintmark.core.words import numbers
from mintmark.errors import InvalidRegistryError, MintmarkError
from mintmark.forge.checkup.answers import Answer, named
from mintmark.forge.checkup.automation import WORKFLOWS
from mintmark.registry import git
from mintmark.registry.repository.git_settings import around
from mintmark.registry.repository.prefix import prefix_of
from mintmark.registry.tree import WorkTree
from mintmark.registry.yaml.text import YamlFault, parse_yaml

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mintmark.core.finding import Finding
    from mintmark.core.records import VersionRecord
    from mintmark.registry.clone import ClonedRegistry
    from mintmark.registry.tree import Tree

_RELEASE = f"{WORKFLOWS}/release.yml"
_OLDEST_GIT = (2, 38)
_FORGE_FILE_LIMIT = 100 * 1024**2  # GitHub refuses a push with a larger file
_NEARLY_FULL = 0.8


def check_clone(registry: ClonedRegistry) -> Iterator[Answer]:
    """Yield what the machine and the clone lack."""
    yield _git(registry)
    yield _lock(registry)
    yield _remote(registry)
    yield from _store_limits(registry)
    yield from _codeowners(registry)
    yield from _release_branch(registry)


def repository_tree(registry: ClonedRegistry) -> Tree:
    """Return the files of the repository around a registry: what GitHub reads lies at its root."""
    if not prefix_of(registry.root):
        return registry.tree
    return WorkTree(Path(around(os.path.realpath(registry.root))))


def _git(registry: ClonedRegistry) -> Answer:
    words = git.git_text("--version", cwd=registry.root)
    match = re.search(r"(\d+)\.(\d+)", words)
    if match is None or (int(match[1]), int(match[2])) < _OLDEST_GIT:
        return Answer(topic="git", state="missing", says=f"is {words}: install 2.38 or newer")
    if git.is_shallow(registry.root):
        says = "this clone is shallow, and rules need its history: git fetch --unshallow"
        return Answer(topic="git", state="missing", says=says)
    return Answer(topic="git", state="right", says=f"{words}, with the whole history")


def _lock(registry: ClonedRegistry) -> Answer:
    from mintmark.changing.environment import describe_environment
    from mintmark.core.provenance.pins import LOCK

    _, findings = describe_environment(registry.root, "skops", registry.trusted_types)
    if findings:
        return Answer(topic=LOCK, state="missing", says=str(findings[0]).removeprefix(LOCK).lstrip(": "))
    return Answer(topic=LOCK, state="right", says="is what is installed here")


def _remote(registry: ClonedRegistry) -> Answer:
    remote = registry.dvc_config.default
    if remote is None:
        says = ".dvc/config names no default remote: dvc remote add -d store ../.dvc/store"
        return Answer(topic="store", state="missing", says=says)
    record = _some_record(registry)
    if record is None:
        return Answer(topic="store", state="unknown", says="there is no version yet whose bytes could be asked for")
    try:
        registry.store(record).check(record.artifact)
    except MintmarkError as error:
        return Answer(topic="store", state="missing", says=f"{record.model} {record.version}: {error}")
    says = f'the remote "{remote.name}" gives the bytes of {record.model} {record.version}'
    return Answer(topic="store", state="right", says=says)


def _some_record(registry: ClonedRegistry) -> VersionRecord | None:
    """Return the newest version of the first model that has one and can be read."""
    for model in registry.models():
        for version in reversed(registry.versions(model)):
            try:
                return registry.record(model, version)
            except InvalidRegistryError:
                continue
    return None


def _store_limits(registry: ClonedRegistry) -> Iterator[Answer]:
    remote, settings = registry.dvc_config.default, registry.settings
    folder = remote.embedded_in(registry.root) if remote is not None else None
    if folder is None:
        return
    topic = "size of the store"
    held = registry.root / folder
    total = sum(path.stat().st_size for path in held.rglob("*") if path.is_file() and not path.is_symlink())
    says = f"{folder} holds {numbers.size(total)} of {numbers.size(settings.store_limit)}"
    move = "docs/how-to/use-s3.md moves it to a bucket"
    if settings.file_limit > _FORGE_FILE_LIMIT:
        limit = numbers.size(_FORGE_FILE_LIMIT)
        says = f"limits.file in {layout.REGISTRY} is over {limit}, and GitHub takes no larger file; {move}"
        yield Answer(topic=topic, state="missing", says=says)
    elif total > settings.store_limit:
        yield Answer(topic=topic, state="missing", says=f"{says}; {move}")
    elif total > _NEARLY_FULL * settings.store_limit:
        yield Answer(topic=topic, state="advice", says=f"{says}; {move}")
    else:
        yield Answer(topic=topic, state="right", says=says)


def _codeowners(registry: ClonedRegistry) -> Iterator[Answer]:
    files, prefix = repository_tree(registry), prefix_of(registry.root)
    content = files.read(CODEOWNERS)
    elsewhere = [path for path in ELSEWHERE if files.read(path) is not None]
    write = "mintmark doctor --write writes it"
    if content is None:
        also = f"; {named(elsewhere)} is there: git mv it to {CODEOWNERS} first" if elsewhere else ""
        yield Answer(topic=CODEOWNERS, state="missing", says=f"is not there{also}; {write}")
        return
    text = content.decode("utf-8", "replace")
    try:
        wanted = write_block(text, read_owners(registry), prefix)
    except (InvalidRegistryError, ValueError) as error:
        yield Answer(topic=CODEOWNERS, state="missing", says=str(error))
        return
    after = lines_after_block(text, prefix)
    if wanted != text:
        says = f"does not say what model.yaml says of the owners; {write}"
        yield Answer(topic=CODEOWNERS, state="missing", says=says)
    elif after:
        says = f"{named(after, 2)} stands below the block, and the last match wins: move it above"
        yield Answer(topic=CODEOWNERS, state="advice", says=says)
    else:
        yield Answer(topic=CODEOWNERS, state="right", says="names the owners of every model")
    if elsewhere:
        says = f"GitHub leaves {named(elsewhere)} out, for it reads the first file that is there"
        yield Answer(topic=CODEOWNERS, state="advice", says=says)


def _release_branch(registry: ClonedRegistry) -> Iterator[Answer]:
    """Yield whether the release listens to the base branch, where there is one: the file names the branch itself."""
    content = repository_tree(registry).read(_RELEASE)
    if content is None:
        return
    try:
        on = parse_yaml(content)["on"]["push"]["branches"]
    except (YamlFault, LookupError, TypeError):
        on = None
    base = registry.settings.base_branch
    if on == [base]:
        yield Answer(topic=_RELEASE, state="right", says=f"runs on {base}")
    else:
        yield Answer(topic=_RELEASE, state="missing", says=f"does not run on {base} alone: write branches: [{base}]")


def read_owners(registry: ClonedRegistry) -> Mapping[str, tuple[str, ...]]:
    """Return the owners of every model; raises `InvalidRegistryError` with all that cannot be read."""
    owners: dict[str, tuple[str, ...]] = {}
    findings: list[Finding] = []
    for model in registry.models():
        try:
            owners[model] = registry.model(model).owners
        except InvalidRegistryError as error:
            findings += error.findings
    if findings:
        raise InvalidRegistryError(findings)
    return owners


def used_actions(registry: ClonedRegistry) -> list[str]:
    """Return the actions of others that the clone's workflows use, `owner/name@commit`, sorted.

    A workflow that cannot be read is left out: GitHub runs none of it.
    """
    files = repository_tree(registry)
    paths = [f"{WORKFLOWS}/{name}" for name in files.names(WORKFLOWS) if name.endswith((".yml", ".yaml"))]
    found: set[str] = set()
    for content in files.read_many(paths).values():
        try:
            jobs = parse_yaml(content)["jobs"].values()
            parts = [part for job in jobs for part in (job, *job.get("steps", ()))]
            found.update(part["uses"] for part in parts if isinstance(part.get("uses"), str))
        except (YamlFault, LookupError, TypeError, AttributeError):
            continue
    return sorted(name for name in found if not name.startswith(("./", "docker://")))
