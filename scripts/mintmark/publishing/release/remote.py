"""A Git remote: what it has, and how derived things are added. It never moves a tag, and never forces a branch."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mintmark.errors import MintmarkError
from mintmark.registry import git

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

DEPLOY = "refs/heads/deploy"
MONITORING = "refs/heads/monitoring"
TAGS = "refs/tags/"
_PEELED = "^{}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Listing:
    """The refs of a remote as it told them in one answer: `refs` by name, and the commit behind each annotated tag."""

    refs: Mapping[str, str]
    peeled: Mapping[str, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Remote:
    """A remote of a clone; `environment` is what Git needs besides its own settings, such as a workflow's token."""

    root: Path
    name: str
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)

    def list(self) -> Listing:
        """Ask the remote for its branches and tags; raise `GitError` with Git's words where it does not answer."""
        listed = self._ask("ls-remote", "--quiet", self.name, "refs/heads/*", f"{TAGS}*")
        refs: dict[str, str] = {}
        peeled: dict[str, str] = {}
        for line in listed.decode("utf-8", "surrogateescape").splitlines():
            oid, _, ref = line.partition("\t")
            if ref.endswith(_PEELED):
                peeled[ref.removesuffix(_PEELED)] = oid
            else:
                refs[ref] = oid
        return Listing(refs=refs, peeled=peeled)

    def fetch(self, refs: Mapping[str, str]) -> None:
        """Bring those objects into the clone that it lacks; `refs` has the object that the remote listed for each."""
        asked = "".join(f"{oid}\n" for oid in refs.values()).encode()
        answer = git.run_git("cat-file", "--batch-check", cwd=self.root, data=asked).decode().splitlines()
        lacking = {line.partition(" ")[0] for line in answer if line.endswith(" missing")}
        wanted = [ref for ref, oid in refs.items() if oid in lacking]
        if wanted:
            given = "".join(f"{ref}\n" for ref in wanted).encode()
            options = ("--quiet", "--no-tags", "--no-prune", "--no-write-fetch-head", "--stdin")
            self._ask("fetch", *options, self.name, data=given)

    def add_tag(self, name: str, oid: str) -> bool:
        """Push one new tag; False where the remote has a tag of this name by now, which stays as it is."""
        try:
            self._ask("push", "--quiet", self.name, f"{oid}:{TAGS}{name}")
        except git.GitError as error:
            if f"{TAGS}{name}" in self.list().refs:
                return False
            raise MintmarkError(
                f"the tag {name} could not be pushed ({error}); what was pushed before it stays, "
                "and mintmark release goes on from there"
            ) from None
        return True

    def advance(self, ref: str, *, old: str | None, new: str, again: str) -> bool:
        """Push a branch from the commit that it was listed with; False where somebody else has moved it by now.

        `again` is the command that an error names.
        """
        lease = f"--force-with-lease={ref}:{old or ''}"  # a lease on a fast-forward: nothing is ever overwritten
        try:
            self._ask("push", "--quiet", lease, self.name, f"{new}:{ref}")
        except git.GitError as error:
            if self.list().refs.get(ref) != old:
                return False
            raise MintmarkError(
                f"{ref.removeprefix('refs/heads/')} could not be pushed ({error}); nothing of it was written, "
                f"and {again} tries again"
            ) from None
        return True

    def _ask(self, *arguments: str, data: bytes | None = None) -> bytes:
        return git.run_git(*arguments, cwd=self.root, data=data, environment=self.environment)


def find_remote(root: Path, *, environment: Mapping[str, str]) -> Remote:
    """Return the remote to push to: Git's own choice, else origin, else the only one."""
    name = git.push_remote(root)
    if name is not None:
        return Remote(root=root, name=name, environment=environment)
    names = git.git_text("remote", cwd=root).split()
    remedy = f"git config remote.pushDefault NAME ({', '.join(names)})" if names else "git remote add origin ADDRESS"
    raise MintmarkError(f"there is no remote to push to; {remedy}")
