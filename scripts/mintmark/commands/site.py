"""`mintmark site`: build the pages and the API of a registry as static files, or show them on this machine."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from mintmark.core.layout import MODELS
from mintmark.core.words.numbers import count
from mintmark.errors import UsageError
from mintmark.publishing.site.api.registry_documents import Addresses
from mintmark.publishing.site.build import build_site
from mintmark.registry import git
from mintmark.registry.clone import ClonedRegistry
from mintmark.temporary import TemporaryFolder
from mintmark.terminal import unescaped

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator

    from mintmark.publishing.site.build import Built
    from mintmark.publishing.site.frames.builders import Builder

_SITE = Path("site")
_NOTES = "refs/notes/mintmark/*:refs/notes/mintmark/*"
_NO_BUTTONS = (
    "no address on GitHub is known, so the site links to no commit and has no button that asks for a change; write "
    "addresses.repository into models/registry.yaml, or give --repository https://github.com/OWNER/NAME"
)
_WATCHED = (MODELS, "docs", "mkdocs.yml")


def site(
    root: Path,
    action: str,
    *,
    output: Path | None,
    at: str | None,
    repository: str | None,
    site_url: str | None,
    builder: Builder,
    fetch: bool,
    port: int,
    monitoring: Path | None,
) -> int:
    """Build the site into a folder, or build and serve it; 1 when a file of the registry cannot be shown."""
    given = Addresses(repository=_address(repository), site=_address(site_url))
    if fetch:
        _fetch_notes(ClonedRegistry(root).root)

    def build(folder: Path) -> Built:
        with _progress() as on_model:
            return build_site(
                ClonedRegistry(root, at=at),
                folder,
                addresses=given,
                workflow=_workflow_addresses(),
                builder=builder,
                fetch=fetch,
                on_model=on_model,
                monitoring=monitoring,
            )

    if action == "serve":
        return _serve(ClonedRegistry(root, at=at).root, build, output, port)
    built = build(output or _SITE)
    _tell(built)
    if not built.writes:
        print(f"note: {_NO_BUTTONS}", file=sys.stderr)
    print(f"{output or _SITE}: the site of {count(built.models, 'model')} and {count(built.versions, 'version')}")
    return 1 if built.findings else 0


def _workflow_addresses() -> Addresses:
    """Return what the workflow that runs this knows of the repository, and of its site on GitHub Pages."""
    server, name = (os.environ.get(key, "").rstrip("/") for key in ("GITHUB_SERVER_URL", "GITHUB_REPOSITORY"))
    owner, _, project = name.partition("/")
    if not server or not project:
        return Addresses()
    pages = f"https://{owner.lower()}.github.io"
    if project.lower() != f"{owner}.github.io".lower():
        pages = f"{pages}/{project}"
    return Addresses(repository=f"{server}/{name}", site=pages if server == "https://github.com" else None)


def _fetch_notes(root: Path) -> None:
    """Fetch the notes of versions that were made again: a clone does not bring them."""
    from mintmark.forge.credentials import push_environment

    remote = git.push_remote(root)
    if remote is not None:
        options = ("--quiet", "--no-tags", "--no-prune")
        git.run_git("fetch", *options, remote, _NOTES, cwd=root, environment=push_environment())


def _address(text: str | None) -> str | None:
    """Return an address without the slash at its end; raise `UsageError` for anything but http(s)."""
    if text is None:
        return None
    if not text.startswith(("https://", "http://")) or any(c in text for c in "\"'<>\\ ") or not text.isprintable():
        raise UsageError(f'"{text}" is no web address; give one such as https://github.com/acme/models')
    return text.rstrip("/")


def _tell(built: Built) -> None:
    for note in built.notes:
        print(f"note: {note}", file=sys.stderr)
    for finding in built.findings:
        print(f"mintmark: {finding}", file=sys.stderr)


def _serve(root: Path, build: Callable[[Path], Built], output: Path | None, port: int) -> int:
    from mintmark.publishing.site.preview import Rebuild, open_server

    with TemporaryFolder("site") as scratch:
        folder = (output or Path(scratch, "site")).absolute()
        rebuild = Rebuild(lambda: _tell(build(folder)), partial(_state, root))
        server = open_server(folder, port, rebuild)  # before the build, which may take a while
        rebuild.when_changed()
        print(f"http://localhost:{server.server_port}/ shows this registry; Ctrl-C ends it", flush=True)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            print()
        finally:
            server.server_close()
    return 0


def _state(root: Path) -> Hashable:
    """Return what changes when the registry or its documentation does."""
    head = git.head_commit(root)
    changed = sorted(git.changed_paths(root, _WATCHED))
    times = tuple((path, _modified(root / path)) for path in changed)
    return head, times


def _modified(path: Path) -> int:
    try:
        return os.stat(path).st_mtime_ns
    except OSError:
        return 0


@contextmanager
def _progress() -> Iterator[Callable[[int, int], None] | None]:
    """Show on a terminal how many models are written."""
    if not sys.stderr.isatty():
        yield None
        return
    from tqdm import tqdm

    with tqdm(desc="frames and history", leave=False, file=unescaped(sys.stderr)) as bar:

        def on_model(done: int, of: int) -> None:
            bar.total = of
            bar.set_description("models", refresh=False)
            bar.update(done - bar.n)

        yield on_model
