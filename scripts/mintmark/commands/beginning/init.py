"""`mintmark init`: begin a registry in a folder. Overwrites nothing, and asks nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mintmark.beginning.place import Place, find_place, tool_line
from mintmark.beginning.placing import Placing, plan, write
from mintmark.beginning.template import Wanted, render
from mintmark.beginning.written import WRITTEN, describe_written
from mintmark.changing.commits import read_author
from mintmark.changing.first_commit import commit_paths
from mintmark.registry.git import run_git

if TYPE_CHECKING:
    from pathlib import Path


def init(root: Path, *, name: str | None, workflows: bool, commit: bool, dry_run: bool) -> int:
    """Write what a registry consists of into a folder; make a Git repository where there is none."""
    place = find_place(root)
    tool = tool_line()
    wanted = Wanted(name=name or f"Models of {place.folder.name}", branch=place.branch, tool=tool, prefix=place.prefix,
                    is_new=place.is_new, workflows=workflows)  # fmt: skip
    files = render(wanted)
    placing = plan(place.folder, {WRITTEN: describe_written(files, wanted.answers), **files})
    _tell(place, placing, dry_run=dry_run)
    if dry_run:
        return 0
    if commit:
        read_author(place.top or place.folder.parent)
    if place.top is None:
        place.folder.mkdir(parents=True, exist_ok=True)
        run_git("init", "--quiet", f"--initial-branch={place.branch}", cwd=place.folder)
    write(place.folder, placing)
    if commit:
        made = commit_paths(place.folder, sorted(placing.writes), "Begin the registry")
        print(f"committed {made[:10]} on {place.branch}: Begin the registry")
    else:
        print('next: git add . && git commit -m "Begin the registry"')
    if workflows and not tool:
        print("mintmark.txt: write there where the workflows of GitHub install Mintmark from")
    print("next: mintmark add MODEL --data FILE --target COLUMN")
    return 0


def _tell(place: Place, placing: Placing, *, dry_run: bool) -> None:
    would = "would " if dry_run else ""
    if place.top is None:
        print(f"{would}make a Git repository in {place.folder}")
    elif place.prefix:
        print(f"the registry is the folder {place.prefix} of the repository {place.top}")
    if not dry_run:
        print(f"write {len(placing.new)} files")
    for path in placing.new if dry_run else ():
        print(f"would write {path}")
    for path in placing.longer:
        print(f"{would}add lines to {path}")
    for path in placing.stays:
        print(f"{path} stays as it is")
