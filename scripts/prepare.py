"""Stage 1 of 4: read a source, clean it, split it, write both tables and a data summary. `prepare.py MODEL`."""

from __future__ import annotations

from mintmark.training import arithmetic  # noqa: F401 - before NumPy: it settles how that computes

# isort: split

import json
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from mintmark.core.layout import candidate_path
from mintmark.core.provenance.training_rows import digest_training, filled_column, seen
from mintmark.core.question import (
    DIGEST,
    FILLED,
    ROW,
    TRAINING_ROWS,
    Question,
    RecipeFault,
    RecipeFaults,
    raise_faults,
)
from mintmark.errors import MintmarkError
from mintmark.registry.files import format_json, write_atomically
from mintmark.training import cleaning, folds, missing, reading, splitting, summary, tables
from mintmark.training.estimator_check import estimator_faults
from mintmark.training.recipe import Preparation, Recipe, Source
from mintmark.training.recipes import read_both, recipe_faults

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    import pyarrow as pa


def prepare(model: str) -> None:
    """Write train.parquet, evaluation.parquet, training-rows.parquet and data.json of a model's candidate."""
    recipe, question = read_both(model)
    with recipe_faults(model):
        faults = estimator_faults(recipe, question)  # told with those of the data, so that nobody mends one a stage
        try:
            source, frame = read_source(recipe.source, question, recipe.preparation)
            train, evaluation, notes = clean_and_split(frame, recipe, question)
        except RecipeFault as fault:
            raise RecipeFaults([*faults, fault]) from None
        raise_faults([*faults, *fold_faults(train, recipe, question, notes)])
    files = {name: candidate_path(model, f"{name}.parquet") for name in ("train", "evaluation")}
    written = {"train": tables.format_parquet(train), "evaluation": tables.format_parquet(evaluation)}
    described = {
        name: summary.describe_table(files[name], tables.digest_bytes(written[name]), frame)
        for name, frame in (("train", train), ("evaluation", evaluation))
    }
    digests = digest_training(
        train,
        inputs=notes["inputs"],
        target=question.target,
        has_id=recipe.preparation.id is not None,
        entity=question.entity_column,
        key=described["train"]["hash"],
    )
    described["train"] |= summary.count_units(digests, train, question.entity_column)
    data = {
        "schema": 1,
        "source": source,
        **described,
        "lineage": summary.lineage(source, described["train"], described["evaluation"]),
        **notes,
        "columns": summary.summarise_columns(pd.concat([train, evaluation]).drop(columns=FILLED, errors="ignore")),
    }
    for name, content in written.items():
        write_atomically(files[name], content)
    for line in split_notes(recipe, data):
        print(line)
    own = seen(
        digests,
        evaluation,
        inputs=notes["inputs"],
        target=question.target,
        entity=question.entity_column,
        key=described["train"]["hash"],
    )
    if own.any() and question.entity_column is None:  # of entities, the notes above tell
        print(
            f"{model}: {int(own.sum()):,} of {len(own):,} evaluation rows are in the training too, so metrics.json "
            "will say more than is so; write duplicates: drop, or split by hash"
        )
    write_atomically(candidate_path(model, TRAINING_ROWS), tables.format_parquet(digests, ascending=[DIGEST]))
    write_atomically(candidate_path(model, "data.json"), format_json(data).encode())


def clean_and_split(
    frame: pd.DataFrame, recipe: Recipe, question: Question
) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, Any]]:
    """Return the training table, the evaluation table, and what was done; both say which of their cells were filled."""
    preparation, target = recipe.preparation, question.target
    read = len(frame)
    frame = cleaning.select_columns(frame, preparation, target, entity=question.entity_column)
    frame, faults = typed(frame, preparation)
    if not faults:  # without the columns at fault, rows would look alike
        with gathered(faults):
            frame = cleaning.drop_duplicates(frame, preparation.duplicates)
    unique = len(frame)
    by = preparation.split.by if preparation.split.method in ("hash", "group", "time") else None
    aside = {*preparation.carry, by, question.entity_column} - {target}
    needed = {target: "the target", question.entity_column: "entity_column in model.yaml", by: "the split goes by it"}
    with gathered(faults):
        frame = missing.drop_missing(frame, preparation, needed=needed, carried=aside)
    known = [name for name in needed if name in frame.columns and not frame[name].isna().any()]
    whole = target in known and not frame.empty
    carried = [c for c in frame.columns if c in aside]
    inputs = [c for c in frame.columns if c not in {ROW, target, *carried}]
    faults += cleaning.input_faults(frame, inputs)
    faults += missing.fill_faults(frame, preparation, inputs)
    if whole:
        faults += cleaning.target_faults(frame[target], frame[ROW], question)
    columns = splitting.Columns(
        target=target, inputs=inputs, entity=question.entity_column, has_id=preparation.id is not None
    )
    if whole and {by, question.entity_column} - {None} <= set(known):
        with gathered(faults):
            parts = splitting.split_rows(frame, preparation.split, columns, seed=recipe.seed)
    raise_faults(faults)
    both, of = splitting.straddling(frame, question.entity_column, parts[1])
    train, evaluation = (frame.iloc[part].reset_index(drop=True) for part in parts)
    gaps = [name for name in inputs if frame[name].isna().any()]
    fills = missing.learn_fills(train, preparation, inputs, gaps=gaps)
    filled = [filled_column(part[list(fills)].isna()) for part in (train, evaluation)] if fills else []
    train, evaluation = (missing.apply_fills(part, fills, preparation.types) for part in (train, evaluation))
    for part, column in zip((train, evaluation), filled, strict=False):
        part[FILLED] = column
    dropped = {"duplicates_dropped": read - unique, "missing_dropped": unique - len(frame), "fills": fills}
    goes_by = by if preparation.split.method == "time" else splitting.unit_of(preparation.split, columns)
    divided: dict[str, Any] = {"method": preparation.split.method, "by": goes_by}
    if question.entity_column is not None:
        divided["entities"] = {"evaluation": of, "on_both_sides": both}
    for line in (*cleaning.row_number_notes(frame, inputs), *cleaning.text_notes(frame, inputs, preparation.types)):
        print(f"{recipe.model}: {line}")
    notes = {"target": question.target, "inputs": inputs, "carried": carried, "split": divided, "cleaning": dropped}
    return train, evaluation, notes


def typed(frame: pd.DataFrame, preparation: Preparation) -> tuple[pd.DataFrame, list[RecipeFault]]:
    """Return the table with its declared types, without the columns that are not of theirs, and a fault for each."""
    try:
        return cleaning.apply_types(frame, preparation.types), []
    except RecipeFault as fault:
        broken = {one.place[-1] for one in fault.faults}
        rest = {name: kind for name, kind in preparation.types.items() if name not in broken}
        return cleaning.apply_types(frame.drop(columns=list(broken)), rest), list(fault.faults)


@contextmanager
def gathered(faults: list[RecipeFault]) -> Iterator[None]:
    """Go on after a fault, and add it to the others."""
    try:
        yield
    except RecipeFault as fault:
        faults += fault.faults


def fold_faults(train: pd.DataFrame, recipe: Recipe, question: Question, notes: Mapping[str, Any]) -> list[RecipeFault]:
    """Return why the training rows could not be cut into the folds that `tune` will need."""
    faults: list[RecipeFault] = []
    with gathered(faults):
        folds.cut(
            train[notes["inputs"]],
            train[question.target],
            recipe.tuning.folds,
            is_classification=question.is_classification,
            seed=recipe.seed,
            kept=folds.kept_by(notes["split"], train, question),
        )
    return faults


def split_notes(recipe: Recipe, data: dict[str, Any]) -> Iterator[str]:
    """Yield what the split costs, in one line each."""
    split = recipe.preparation.split
    if not split.is_stable:
        what = "time split by a share" if split.method == "time" else f"{split.method} split"
        yield (
            f"{recipe.model}: a {what} moves rows to the other side when the data grows, and a review leaves out what "
            "both sides saw; hash, group, and time with from: do not (docs/reference/params.md)"
        )
    entities = data["split"].get("entities")
    if entities and entities["on_both_sides"]:
        yield (
            f"{recipe.model}: {entities['on_both_sides']:,} of {entities['evaluation']:,} entities of the evaluation "
            "are in the training too; a review does not judge on their rows"
        )


def read_source(
    source: Source, question: Question, preparation: Preparation | None = None
) -> tuple[dict[str, Any], pd.DataFrame]:
    """Return where the data came from (path, hash, rows) and its rows, as they are."""
    if source.dataset:
        frame = load_bundled(source.dataset, question.target)
        path, digest = f"sklearn.datasets/{source.dataset}", tables.digest_frame(frame)
    else:
        contents = {file: file.read_bytes() for file in find_files(source)}
        parts, faults = {}, list[RecipeFault]()
        for file, content in contents.items():
            with gathered(faults):
                parts[file.as_posix()] = read_table(file, content, source, preparation.drop if preparation else ())
        raise_faults(faults)
        frame = reading.join_typed(parts, source, preparation.types if preparation else {})
        path, digest = "/".join(filter(None, (source.path, source.files))), digest_files(contents.items())
    if frame.empty:
        raise RecipeFault(("source",), f"{path} holds no rows")
    return {"path": path, "hash": digest, "rows": len(frame)}, frame


def load_bundled(name: str, target: str) -> pd.DataFrame:
    """Return one of scikit-learn's data sets in its own units; its target column takes the name from model.yaml."""
    from sklearn import datasets

    options = {"scaled": False} if name == "diabetes" else {}
    bunch = getattr(datasets, f"load_{name}")(as_frame=True, **options)
    frame: pd.DataFrame = bunch.frame.rename(columns={"target": target})
    names = list(bunch.get("target_names", []))
    if names and all(isinstance(n, str) for n in names) and name != "diabetes":
        frame[target] = pd.Series([str(names[i]) for i in frame[target]], dtype="str")
    return frame


def find_files(source: Source) -> list[Path]:
    """Return the files of a source in the order of their names."""
    path = Path(source.path)
    if path.is_dir() and not source.files:
        raise RecipeFault(("source", "path"), f'"{source.path}" is a folder; add files: with a glob such as "*.csv"')
    found = sorted(path.glob(source.files)) if source.files else [path]
    files = [file for file in found if file.is_file()]
    if not files:
        raise RecipeFault(("source",), f'no file fits "{path.joinpath(source.files or "").as_posix()}"')
    return files


def read_table(file: Path, content: bytes, source: Source, dropped: Sequence[str]) -> pa.Table:
    """Return the rows of a CSV or Parquet file; every cell of a CSV file is text as yet."""
    suffix = file.suffix.lower()
    if suffix not in (".csv", ".parquet"):
        raise RecipeFault(("source",), f"{file} is neither .csv nor .parquet; write it again as one of them")
    if suffix == ".csv":
        return reading.read_csv(file.as_posix(), content, source)
    return reading.read_parquet(file.as_posix(), content, dropped=dropped)


def digest_files(contents: Iterable[tuple[Path, bytes]]) -> str:
    """Return the digest of one file, or of the list of digests and names of several."""
    digests = [(file.as_posix(), tables.digest_bytes(content)) for file, content in contents]
    return digests[0][1] if len(digests) == 1 else tables.digest_bytes(json.dumps(digests).encode())


if __name__ == "__main__":
    try:
        prepare(sys.argv[1])
    except MintmarkError as error:
        sys.exit(str(error))
