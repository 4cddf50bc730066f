"""`mintmark add`: write the first draft of a model for a file of rows. Overwrites nothing, and trains nothing."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mintmark.beginning.asked import ask_of, margin_of
from mintmark.beginning.draft import Draft, draft
from mintmark.beginning.model_text import Said, add_section, format_identity, identity
from mintmark.beginning.roles import Roles, find_roles
from mintmark.beginning.rows import read_rows
from mintmark.changing.first_commit import commit_paths
from mintmark.core import layout
from mintmark.core.model import blanks_in
from mintmark.core.question import Question, Task
from mintmark.core.words import numbers
from mintmark.errors import InvalidRegistryError, MintmarkError, UsageError
from mintmark.registry import git
from mintmark.registry.clone import find_root
from mintmark.registry.files import read_text_file, unix_lines, write_atomically
from mintmark.registry.schemas import accepts, explain
from mintmark.registry.yaml.text import parse_yaml
from mintmark.training.recipes import PARAMS

if TYPE_CHECKING:
    import pandas as pd

_MOST_IN_GIT = 10_000_000  # bytes
_LEAST_EVALUATED = 50


def add(
    root: Path,
    model: str,
    *,
    data: Path,
    target: str,
    task: Task | None,
    entity: str | None,
    owners: list[str],
    purpose: str | None,
    licence: str | None,
    commit: bool,
    dry_run: bool,
) -> int:
    """Work out task, types, entity, split and a baseline from the rows, and write what the pipeline needs."""
    root = find_root(root)
    params = _params(root, model)
    content = _bytes_of(data)
    place = _place_of(root, data, content, commit=commit)
    rows = read_rows(str(data), content)
    odd = next((name for name in rows.frame.columns if not name.isprintable()), None)
    if odd is not None:
        raise MintmarkError(f"{data}: the name of the column {odd!r} holds a sign that cannot be shown; rename it")
    question = ask_of(rows.frame, target, task, entity, str(data))
    roles = find_roles(rows.frame, target, entity=entity)
    if not roles.inputs:
        raise MintmarkError(f"{data}: leaves no column for the model to see: {_left_out(roles)}")
    question = Question(task=question.task, target=target, metric=question.metric,
                        positive_class=question.positive_class, entity_column=roles.entity)  # fmt: skip
    made = draft(rows.frame, roles, question, {"path": place, **rows.declared}, model=model)
    said = Said(owners=tuple(owners) or _owner(root), purpose=purpose, licence=licence)
    document = identity(model, question, said, margin=margin_of(rows.frame[target], question.task))
    section = add_section(params, model, made.section)
    _require_valid(model, document, section)
    writes = {PARAMS: section.encode(), layout.model_path(model): format_identity(document).encode()}
    if not (root / place).exists():
        writes[place] = content
    _tell(model, rows.frame, question, roles, made, writes, dry_run=dry_run)
    if dry_run:
        return 0
    for path, text in writes.items():
        write_atomically(root / path, text)
    if commit:
        paths = [path for path in (*writes, place) if not (root / f"{path}.dvc").exists()]
        oid = commit_paths(root, sorted(set(paths)), f"Describe {model}")
        print(f"committed {oid[:10]}: Describe {model}")
    blank = [key for key, _ in blanks_in(document)]
    if blank:
        print(f"blank: {', '.join(blank)} in {layout.model_path(model)}; a version is proposed once they are written")
    print(f"next: dvc repro, and mintmark propose {model}")
    return 0


def _params(root: Path, model: str) -> str:
    """Return params.yaml; raise `MintmarkError` where the model is there, or no pipeline that it could go into."""
    if not (root / PARAMS).exists() or not (root / "dvc.yaml").exists():
        raise MintmarkError(f"{root}: has no dvc.yaml and params.yaml of Mintmark's; mintmark init writes them")
    text = unix_lines(read_text_file(root / PARAMS))
    known = parse_yaml(text, number_keys=True)
    if not isinstance(known, dict) or "schema" not in known:
        raise MintmarkError("params.yaml: belongs to a pipeline of your own; add the model to it by hand")
    path = layout.model_path(model)
    if os.path.lexists(root / path) or model in (known.get("models") or {}):
        where = path if os.path.lexists(root / path) else PARAMS
        raise MintmarkError(f'{where}: there is a model "{model}" already; choose another name, or edit it there')
    return text.decode()


def _bytes_of(data: Path) -> bytes:
    try:
        return data.read_bytes()
    except OSError as error:
        raise MintmarkError(f"{data}: {error.strerror or error}; --data names a .csv or .parquet file") from None


def _place_of(root: Path, data: Path, content: bytes, *, commit: bool) -> str:
    """Return where the rows lie, or will lie, in the registry: one outside it is copied to data/."""
    file = data.resolve()
    place = file.relative_to(root).as_posix() if file.is_relative_to(root) else f"data/{file.name}"
    if not place.isprintable():
        raise MintmarkError(f"{data}: has a name that cannot be shown; rename it")
    present = root / place
    if present.exists() and present.read_bytes() != content:
        raise MintmarkError(f"{place}: is in the way of a copy of {data}; move one of them")
    is_large = len(content) > _MOST_IN_GIT and not (root / f"{place}.dvc").exists()
    if commit and (is_large or _is_ignored(root, place)):
        why = f"has {len(content) / 1e6:,.0f} MB" if is_large else "is ignored by Git"
        raise UsageError(f"{place}: {why}, so dvc add keeps it, not --commit; leave --commit out")
    if is_large or _is_ignored(root, place):
        print(f"{place}: track it with dvc add {place}, so that others can make the model too")
    return place


def _is_ignored(root: Path, place: str) -> bool:
    return git.ask_git("check-ignore", "--quiet", "--no-index", "--", place, cwd=root) is not None


def _owner(root: Path) -> tuple[str, ...]:
    login = git.ask_git("config", "--get", "github.user", cwd=root)
    return (f"@{login.lstrip('@')}",) if login else ()


def _require_valid(model: str, document: dict[str, Any], params: str) -> None:
    """Raise `InvalidRegistryError` for what no schema takes: the name of the model, or of a column."""
    found = explain("model", document, layout.model_path(model), {}) if not accepts("model", document) else []
    known = parse_yaml(params.encode(), number_keys=True)
    found += explain("params", known, PARAMS, {}) if not accepts("params", known) else []
    if found:
        raise InvalidRegistryError(found)


def _left_out(roles: Roles) -> str:
    return "; ".join(f'"{name}": {why}' for name, why in roles.left_out.items()) or "there is only the target"


def _tell(
    model: str,
    frame: pd.DataFrame,
    question: Question,
    roles: Roles,
    made: Draft,
    writes: dict[str, bytes],
    *,
    dry_run: bool,
) -> None:
    of = f", {question.positive_class!r} is looked for" if question.positive_class is not None else ""
    print(f'{model}: {question.task} of "{question.target}"{of}; {len(frame):,} rows')
    print(f"  inputs: {numbers.count(len(roles.numbers), 'number')}, {numbers.count(len(roles.texts), 'text')}")
    if roles.id is not None:
        print(f'  "{roles.id}" identifies a row')
    if roles.entity is not None:
        print(f'  rows of one "{roles.entity}" stay on one side of the split')
    for name in roles.times:
        print(f'  "{name}" holds times: no input; a split by time would go by it')
    for name, why in roles.left_out.items():
        print(f'  "{name}" is left out: {why}')
    prepare = made.section["prepare"]
    split, gone = prepare["split"]["evaluation"], len(frame) - made.evaluation - made.training
    if gone:
        reasons = ["repeats of another row"] if "duplicates" in prepare else []
        reasons += [f'without "{question.target}"'] if frame[question.target].isna().any() else []
        print(f"  {numbers.count(gone, 'row')} left out: {' or '.join(reasons) or 'not usable'}")
    print(
        f"  {made.evaluation:,} rows are for evaluation (a share of {split}, by hash), {made.training:,} for training"
    )
    if made.evaluation < _LEAST_EVALUATED:
        print(f"  {made.evaluation} evaluation rows decide little: every interval will be wide")
    for path in writes:
        print(f"{'would write' if dry_run else 'write'} {path}")
