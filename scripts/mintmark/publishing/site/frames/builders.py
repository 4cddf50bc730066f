"""Run a site builder, MkDocs or Zensical, on a project that `project` wrote, and make its pages final."""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from typing import TYPE_CHECKING, Literal

from mintmark.errors import MintmarkError
from mintmark.extras import install_line
from mintmark.publishing.site.frames.frame_places import LOCATIONS
from mintmark.publishing.site.frames.previews import add_previews
from mintmark.publishing.site.frames.project import BUILT_FOLDER, CONFIG_FILE, SEARCH_SCRIPT, TEXTS_FILE
from mintmark.publishing.site.frames.security_policy import server_origin, write_policies

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

Builder = Literal["mkdocs", "zensical"]

_NAMES: dict[Builder, str] = {"mkdocs": "MkDocs", "zensical": "Zensical"}
_PACKAGES: dict[Builder, str] = {"mkdocs": "mkdocs-material", "zensical": "zensical"}
_ARGUMENTS: dict[Builder, tuple[str, ...]] = {
    # Without --quiet, which keeps warnings from --strict as well.
    "mkdocs": ("mkdocs", "build", "--strict", "--config-file", CONFIG_FILE),
    "zensical": ("zensical", "build", "--strict", "--config-file", CONFIG_FILE),
}
_QUIET = {"NO_MKDOCS_2_WARNING": "1", "NO_COLOR": "1"}
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_PROGRESS = re.compile(r"INFO |Build started|No issues found")
_EXCEPTION = re.compile(r"[A-Za-z_][\w.]*(:|\Z)")
_INNER_EXCEPTION = re.compile(r" +[A-Za-z_][\w.]*(Error|Exception|Exit)(:|\Z)")
_MOST_LINES = 40
_BASE = re.compile(r'href="([^"]*/)assets/registry\.css"')
_BUNDLE = re.compile(r'(<script src="[^"]*)assets/javascripts/bundle[^"]*"></script>')
_MISSING_TITLE = re.compile(r"<h1>404 - Not found</h1>")
_MISSING = """\
<h1>There is no such page</h1>
<p>A version that was withdrawn keeps its page. A number that was never registered has none.</p>
<ul>
<li><a href="BASE">All models</a></li>
<li><a href="BASEaudit/">The audit log</a>, which tells what became of a version</li>
</ul>"""
_PATIENCE = 600  # seconds; a page of nothing but brackets keeps a Markdown reader busy for ever


def build_project(
    folder: Path,
    output: Path,
    builder: Builder = "mkdocs",
    *,
    python: str = sys.executable,
    keep: Sequence[int] = (),
    server: str | None = None,
) -> None:
    """Build the project in `folder` and put the site into `output`; the same project gives the same bytes.

    Every page gets the texts of the registry and a Content-Security-Policy. Raises `MintmarkError` with the builder's
    own words when it refuses the pages, such as for a broken link in docs/, or when it is not installed. `keep` are
    open files that the builder inherits: with them, the lock on `folder`, should this process be killed. The page of a
    version may ask `server`.
    """
    # -P: the folder, which holds text of a repository, is no place to import from.
    try:
        done = subprocess.run(
            (os.path.abspath(python), "-P", "-m", *_ARGUMENTS[builder]),
            cwd=folder,
            env={**os.environ, **_QUIET},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            check=False,
            timeout=_PATIENCE,
            pass_fds=keep,
        )
    except subprocess.TimeoutExpired:
        raise MintmarkError(f"docs/: {_NAMES[builder]} did not finish in {_PATIENCE // 60} minutes") from None
    if done.returncode != 0 or not (folder / BUILT_FOLDER / "index.html").is_file():
        raise MintmarkError(_complaint(builder, done.stdout, folder))
    _write_texts(folder)
    built = folder / BUILT_FOLDER
    _fill_missing(built / "404.html")
    frames = {kind: built / location / "index.html" for kind, location in LOCATIONS.items()}
    write_policies(built, frames.values(), asking={frames["version"]: server_origin(server)})
    shutil.copytree(built, output, dirs_exist_ok=True)


def _fill_missing(path: Path) -> None:
    """Let the page for what is not there say where to go: at any depth, so its links begin where its styles do."""
    page = path.read_text(encoding="utf-8")
    base = _BASE.search(page)
    if base is not None:
        path.write_text(_MISSING_TITLE.sub(_MISSING.replace("BASE", base[1]), page, count=1), encoding="utf-8")


def _complaint(builder: Builder, words: str, folder: Path) -> str:
    """Return what the builder said, with the paths of docs/ as they are in the repository."""
    name, package = _NAMES[builder], _PACKAGES[builder]
    if re.search(rf"No module named '?{builder}\b|package .{package}. is not installed", words):
        how = install_line("site") if builder == "mkdocs" else f"pip install {package}"
        return f"{name} is not installed here; {how}"
    if builder == "mkdocs" and "Unrecognised theme name" in words:
        return f"the theme Material is not installed here; {install_line('site')}"
    if full := next((told for code in (errno.ENOSPC, errno.EDQUOT) if (told := os.strerror(code)) in words), None):
        return f"docs/: {name} could not write the pages: {full} ({tempfile.gettempdir()}; TMPDIR names another place)"
    said = list(_said(words, folder))
    if len(said) > _MOST_LINES:
        said = [*said[:_MOST_LINES], f"… and {len(said) - _MOST_LINES} lines more"]
    return "\n".join(
        (
            f"docs/: {name} does not build these pages; mend what it names (in docs/, and in nav of mkdocs.yml):",
            *(f"  {line}" for line in said),
        )
    )


def _said(words: str, folder: Path) -> Iterator[str]:
    """Yield the lines that tell what is at fault: no progress, and of a traceback only its end."""
    in_traceback = False
    for raw in words.splitlines():
        line = _COLOUR.sub("", raw).rstrip()
        if line.lstrip().startswith("Traceback "):
            in_traceback = True
        elif not line or _PROGRESS.match(line) or (in_traceback and not _ends_traceback(line)):
            continue
        else:
            in_traceback = False
            yield line.replace(f"{folder.resolve()}{os.sep}", "")


def _ends_traceback(line: str) -> bool:
    """Whether a line names the exception; a builder may show a traceback of its own, moved to the right."""
    return (_EXCEPTION if line[0] != " " else _INNER_EXCEPTION).match(line) is not None


def _write_texts(folder: Path) -> None:
    """Replace the markers of the registry's texts in every page; the builder never saw the texts themselves."""
    texts: dict[str, str] = json.loads((folder / TEXTS_FILE).read_bytes())
    markers = re.compile("|".join(sorted(map(re.escape, texts), reverse=True)))
    built = folder / BUILT_FOLDER
    for path in built.rglob("*.html"):
        if not path.is_file():
            continue
        page = path.read_bytes().decode("utf-8", errors="surrogateescape")
        page = add_previews(page, path.relative_to(built).as_posix())
        page = markers.sub(lambda match: texts[match[0]], page)
        page = _BUNDLE.sub(rf'\g<1>{SEARCH_SCRIPT}"></script>\n\g<0>', page, count=1)
        path.write_bytes(page.encode("utf-8", errors="surrogateescape"))
