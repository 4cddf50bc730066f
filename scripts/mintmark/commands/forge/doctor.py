"""`mintmark doctor`: what the settings of a repository lack, and where each is set; or write CODEOWNERS."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from mintmark.core import layout
from mintmark.core.codeowners import CODEOWNERS, ELSEWHERE, write_block
from mintmark.core.finding import one_line
from mintmark.errors import MintmarkError
from mintmark.forge.checkup.clone import check_clone, read_owners, repository_tree, used_actions
from mintmark.registry.clone import ClonedRegistry
from mintmark.registry.files import read_text_file, write_atomically
from mintmark.registry.repository.git_settings import around
from mintmark.registry.repository.prefix import prefix_of, to_registry

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mintmark.forge.checkup.answers import Answer, State
    from mintmark.forge.forge import Forge

_WORDS: dict[State, str] = {"right": "right", "missing": "missing", "advice": "advice", "unknown": "not known"}
_MOST_OWNERS_BYTES = 3 * 1024**2  # GitHub does not read a larger file


def doctor(root: Path, *, write: bool, as_json: bool) -> int:
    """Print how the settings stand: 1 where something is missing, 42 where something is not known, else 0."""
    registry = ClonedRegistry(root)
    if write:
        return _write_codeowners(registry)
    from mintmark.forge.opening import open_forge

    forge = open_forge(registry.root)
    answers = [*(_ask_forge(forge, registry) if forge is not None else ()), *check_clone(registry)]
    print(_as_json(answers, forge) if as_json else _as_text(answers, forge))
    states = {answer.state for answer in answers}
    return 1 if "missing" in states else 42 if "unknown" in states else 0


def _ask_forge(forge: Forge, registry: ClonedRegistry) -> Iterator[Answer]:
    from mintmark.forge.checkup import actions, automation, branches, environments, tags
    from mintmark.forge.checkup.answers import Answer, Asking

    asking, settings = Asking(forge), registry.settings
    about = asking.repository
    if about.refusal or about.value is None:
        says = about.refusal or "the forge knows no such repository, or the token may not see it"
        yield Answer(topic="repository", state="unknown", says=says)
        return
    base = settings.base_branch
    yield from automation.check_repository(asking, settings)
    workflows = repository_tree(registry).names(automation.WORKFLOWS)
    yield from actions.check_actions(asking, used_actions(registry))
    yield from automation.check_workflows(asking, workflows, prefix_of(registry.root))
    yield from branches.check_base(asking, base)
    yield from branches.check_written(asking, "deploy")
    yield from tags.check_tags(asking)
    yield from tags.check_releases(asking)
    yield from environments.check_environments(asking, settings, registry.models())
    if automation.PAGES in workflows:
        yield from automation.check_pages(asking, settings)
    yield from automation.check_app(asking)
    yield from automation.check_log(asking, workflows)
    yield from automation.check_owners(asking, base, CODEOWNERS)


def _as_json(answers: Sequence[Answer], forge: Forge | None) -> str:
    document = {"forge": forge is not None, "answers": [asdict(answer) for answer in answers]}
    return json.dumps(document, indent=2, ensure_ascii=False)


def _as_text(answers: Sequence[Answer], forge: Forge | None) -> str:
    lines = []
    if forge is None:
        lines.append("The remote is no forge that Mintmark knows, so only the clone is checked.\n")
    for answer in answers:
        lines.append(one_line(f"{_WORDS[answer.state]:<9}  {answer.topic}: {answer.says}"))
        if answer.address:
            lines.append(f"{'':<9}  {answer.address}")
    counts = [f"{sum(answer.state == state for answer in answers)} {word}" for state, word in _WORDS.items()]
    return "\n".join([*lines, "", ", ".join(counts)])


def _write_codeowners(registry: ClonedRegistry) -> int:
    if not os.path.lexists(registry.root / layout.REGISTRY):
        raise MintmarkError(f"{layout.REGISTRY} is not there, so this is no Mintmark registry; cd into its folder")
    prefix = prefix_of(registry.root)
    top = Path(around(os.path.realpath(registry.root)))
    path = top / CODEOWNERS
    shown = to_registry(registry.root)(CODEOWNERS)
    elsewhere = [name for name in ELSEWHERE if (top / name).is_file()]
    present = os.path.lexists(path)
    if elsewhere and not present:
        message = f"{elsewhere[0]} is there, and {CODEOWNERS} would take its place"
        moved = to_registry(registry.root)(elsewhere[0])
        raise MintmarkError(f"{message}: git mv {moved} {shown}, then run this again")
    before = read_text_file(path, limit=_MOST_OWNERS_BYTES) if present else b""
    try:
        after = write_block(before.decode("utf-8", "surrogateescape"), read_owners(registry), prefix)
    except ValueError as error:
        raise MintmarkError(f"{CODEOWNERS}: {error}") from None
    content = after.encode("utf-8", "surrogateescape")
    if len(content) > _MOST_OWNERS_BYTES:
        raise MintmarkError(f"{CODEOWNERS} would be larger than 3 MB, and GitHub reads no larger one")
    if content == before:
        print(f"{CODEOWNERS} says already who owns each model")
        return 0
    write_atomically(path, content)
    print(f"wrote {shown}; next: git add {shown}, commit it, and open a pull request")
    return 0
