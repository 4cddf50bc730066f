"""Run a workflow under act on this machine, with doubles in place of the actions of the marketplace.

act runs jobs and steps as GitHub's runner does. It knows nothing of `on:` filters, concurrency, permissions,
environments, time limits of jobs, `workflow_run` and merge queues: tests/workflows/test_rules.py holds those.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
WORKFLOWS = ROOT / ".github" / "workflows"
REPOSITORY = "acme/models"
TOKEN = "ghs_WorkflowTokenThatNobodyMaySee0123456789"
_LONGEST = 600  # seconds; a run that takes longer hangs

# Setting up takes a quarter of a minute in every job. Where that is not what is tested, the tool is the one that runs
# the tests.
MAKEFILE = f"""\
.PHONY: setup
setup:
\t@ln -sfn {Path(sys.prefix)} .venv
"""

_COMPOSITE = """\
name: double
inputs: {{{inputs}}}
runs:
  using: composite
  steps:
    - shell: bash
      env: {{{env}}}
      run: |
{run}
"""
_NOTHING = ("", "")
# What each action takes and does. A step without a double fails, since its action is not to be had here.
_DOUBLES: Mapping[str, tuple[str, str]] = {
    "checkout": (
        "ref, fetch-depth, token",
        """\
git init --quiet .
git remote add origin "$GITHUB_SERVER_URL/$GITHUB_REPOSITORY"
depth=(); [ "${FETCH_DEPTH:-1}" = 0 ] || depth=(--depth 1)
git fetch --quiet --no-tags "${depth[@]}" origin '+refs/heads/*:refs/remotes/origin/*' "${REF:-$GITHUB_SHA}"
git checkout --quiet --detach FETCH_HEAD
if git rev-parse --verify --quiet "refs/remotes/origin/$REF" > /dev/null; then
  git checkout --quiet -B "$REF" "refs/remotes/origin/$REF"
elif [ -n "$REF" ]; then
  git checkout --quiet --detach "$REF"
fi
""",
    ),
    "upload-artifact": (
        "name, path, if-no-files-found",
        """\
if [ ! -e "$IN_PATH" ] && [ "$IF_NO_FILES_FOUND" = error ]; then echo "no files in $IN_PATH"; exit 1; fi
[ ! -e "$IN_PATH" ] || { mkdir -p "$DOUBLE_ARTIFACTS/$NAME"; cp -R "$IN_PATH/." "$DOUBLE_ARTIFACTS/$NAME"; }
""",
    ),
    "download-artifact": (
        "name, pattern, path",
        """\
mkdir -p "$IN_PATH"
if [ -n "$NAME" ]; then cp -R "$DOUBLE_ARTIFACTS/$NAME/." "$IN_PATH"; exit; fi
for one in "$DOUBLE_ARTIFACTS"/*; do
  if [ -d "$one" ] && [[ "$(basename "$one")" == $PATTERN ]]; then cp -R "$one" "$IN_PATH"; fi
done
""",
    ),
    "upload-pages-artifact": (
        "path",
        'mkdir -p "$DOUBLE_ARTIFACTS/github-pages"; cp -R "$IN_PATH/." "$DOUBLE_ARTIFACTS/github-pages"\n',
    ),
    "attest": (
        "subject-checksums",
        'mkdir -p "$DOUBLE_ARTIFACTS/attested"; cp "$SUBJECT_CHECKSUMS" "$DOUBLE_ARTIFACTS/attested"\n',
    ),
    **dict.fromkeys(("configure-pages", "deploy-pages", "create-github-app-token"), _NOTHING),
}


@dataclass(frozen=True)
class WorkflowRun:
    """What became of a run: the result of each job by its name, and what the steps printed."""

    jobs: Mapping[str, str]
    events: tuple[Mapping[str, Any], ...]
    artifacts: Path
    seconds: float

    def log(self, job: str = "") -> str:
        """What the steps of a job printed, of all jobs where none is named."""
        lines = (e["msg"] for e in self.events if e.get("raw_output") and job in ("", _name(e)))
        return "".join(lines)

    def commands(self, kind: str) -> list[Mapping[str, Any]]:
        """The workflow commands of a kind that the runner obeyed: `error`, `warning`, `set-output`, `summary`."""
        return [e for e in self.events if e.get("command") == kind]

    @property
    def summary(self) -> str:
        """The summaries of all steps."""
        return "\n".join(e["content"] for e in self.commands("summary"))

    @property
    def text(self) -> str:
        """Everything, for a failed assertion."""
        return "\n".join(f"{_name(e)}: {e.get('msg', '').rstrip()}" for e in self.events)


def run_workflow(
    folder: Path,
    repository: Path,
    workflow: str,
    event: str,
    payload: Mapping[str, Any],
    *,
    commit: str,
    server: str | None = None,
    environment: Mapping[str, str] | None = None,
    token: str = TOKEN,
    jobs: str = "",
    variables: Mapping[str, str] | None = None,
) -> WorkflowRun:
    """Run a workflow of `commit` of a repository for an event, in a new folder below `folder`.

    The runner's checkout comes from `server` (`http://127.0.0.1:1234`, where `acme/models` is), else from a bare copy
    of the repository with all its refs. `environment` is what every step sees besides. `jobs` names one job.
    `variables` are those of the repository.
    """
    here = folder / f"run-{len(list(folder.glob('run-*')))}"
    home, clone, artifacts = here / "home", here / "clone", here / "artifacts"
    for new in (home, artifacts):
        new.mkdir(parents=True)
    server = server or f"file://{_serve(repository, here / 'server')}"
    _git("clone", "--quiet", "--no-checkout", f"file://{repository}", str(clone), cwd=here)
    _git("fetch", "--quiet", "origin", commit, cwd=clone)
    _git("checkout", "--quiet", "--detach", commit, cwd=clone)  # GITHUB_SHA is the HEAD of the clone
    for path in (clone / ".github/workflows").glob("*.yml"):  # act 0.2.89 does not know `deployment: false` yet
        path.write_text(re.sub(r"^ +deployment: false.*\n", "", path.read_text(), flags=re.MULTILINE))
    (here / "event.json").write_text(json.dumps(payload))
    seen = {
        "GITHUB_SERVER_URL": server, "GITHUB_REPOSITORY": REPOSITORY, "DOUBLE_ARTIFACTS": str(artifacts),
        "PYTHONDONTWRITEBYTECODE": "1", "DVC_NO_ANALYTICS": "1", **(environment or {}),
    }  # fmt: skip
    arguments = [
        str(Path(sys.executable).with_name("act")), event, "--workflows", f".github/workflows/{workflow}",
        "--eventpath", str(here / "event.json"), "--platform", "ubuntu-24.04=-self-hosted", "--no-cache-server", "--json",
        "--action-cache-path", str(here / "actions"), "--secret", f"GITHUB_TOKEN={token}", "--concurrent-jobs", "2",
        *(part for name, value in seen.items() for part in ("--env", f"{name}={value}")),
        *(part for name, value in (variables or {}).items() for part in ("--var", f"{name}={value}")),
        *(part for pair in _doubles(here / "doubles", clone, server) for part in ("--local-repository", pair)),
        *(("--job", jobs) if jobs else ()),
    ]  # fmt: skip
    clean = {"HOME": str(home), "PATH": f"{Path(sys.prefix) / 'bin'}:/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C.UTF-8"}
    clean |= {"TMPDIR": os.environ.get("TMPDIR", "/tmp"), "PAGER": "cat"}
    clean |= {name: os.environ[name] for name in ("SSL_CERT_FILE",) if name in os.environ}  # whom this machine trusts
    start = time.monotonic()
    done = subprocess.run(
        arguments, cwd=clone, env=clean, capture_output=True, text=True, timeout=_LONGEST, check=False
    )
    events = tuple(_events(done.stdout.splitlines()))
    assert any("jobResult" in e for e in events), f"act ran no job:\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
    return WorkflowRun(_results(events), events, artifacts, time.monotonic() - start)


def _serve(repository: Path, folder: Path) -> Path:
    """A bare copy of a repository with every ref, which gives any commit, as GitHub does."""
    bare = folder / REPOSITORY
    bare.parent.mkdir(parents=True)
    _git("clone", "--quiet", "--mirror", f"file://{repository}", str(bare), cwd=folder)
    _git("config", "uploadpack.allowAnySHA1InWant", "true", cwd=bare)
    return folder


def _git(*arguments: str, cwd: Path) -> None:
    subprocess.run(("git", *arguments), cwd=cwd, check=True, capture_output=True)


def _doubles(folder: Path, clone: Path, server: str) -> Iterator[str]:
    """Write a double for every action that the clone's workflows use, at the commit that they use."""
    for action, commit in sorted(used_actions(clone / ".github" / "workflows")):
        name = action.removeprefix("actions/")
        assert name in _DOUBLES, f"{action} has no double; add one to tests/scaffold/workflows.py"
        inputs, run = _DOUBLES[name]
        names = inputs.split(", ") if inputs else []
        place = folder / name
        place.mkdir(parents=True, exist_ok=True)
        env = ", ".join(f'{_variable(one)}: "${{{{ inputs.{one} }}}}"' for one in names)
        lines = "".join(f"        {line}\n" for line in (run or "true\n").splitlines())
        given = ", ".join(f'{one}: {{default: ""}}' for one in names)
        (place / "action.yml").write_text(_COMPOSITE.format(inputs=given, env=env, run=lines))
        yield f"{server}/{action}@{commit}={place}"


def _variable(name: str) -> str:
    return "IN_PATH" if name == "path" else name.upper().replace("-", "_")


def used_actions(folder: Path) -> set[tuple[str, str]]:
    """The actions that the workflows of a folder use, with their commits."""
    found = set()
    for path in folder.glob("*.yml"):
        for job in yaml.safe_load(path.read_text())["jobs"].values():
            for step in job.get("steps", []):
                if "uses" in step:
                    action, _, commit = step["uses"].partition("@")
                    found.add((action, commit))
    return found


def _events(lines: Iterable[str]) -> Iterator[Mapping[str, Any]]:
    for line in lines:
        if line.startswith("{"):
            yield json.loads(line)


def _name(event: Mapping[str, Any]) -> str:
    """The name of a job; those of a matrix are `review-1`, `review-2`, where there are several."""
    return str(event.get("job", "")).partition("/")[2].strip()


def _results(events: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    return {_name(e): e["jobResult"] for e in events if "jobResult" in e}
