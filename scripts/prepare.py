"""Stage 1 of 4: read a source, clean it, split it, write both tables and a data summary. `prepare.py MODEL`."""

from __future__ import annotations

from mintmark.training import arithmetic  # noqa: F401 - before NumPy: it settles how that computes

# isort: split

import json
import sys
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import pandas as pd

from mintmark.core.layout import candidate_path
from mintmark.core.provenance.training_rows import digest_training, filled_column
from mintmark.core.question import DIGEST, FILLED, ROW, TRAINING_ROWS, Question, RecipeFault, raise_faults
from mintmark.errors import MintmarkError
from mintmark.registry.files import format_json, write_atomically
from mintmark.training import cleaning, reading, splitting, summary, tables
from mintmark.training.recipe import Recipe, Source
from mintmark.training.recipes import read_question, read_recipe, recipe_faults

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    import pyarrow as pa


def prepare(model: str) -> None:
    """Write train.parquet, evaluation.parquet, training-rows.parquet and data.json of a model's candidate."""
    recipe, question = read_recipe(model), read_question(model)
    with recipe_faults(model):
        source, frame = read_source(recipe.source, question, recipe.preparation.types)
        train, evaluation, filled, notes = clean_and_split(frame, recipe, question)
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
        filled=filled,
        has_id=recipe.preparation.id is not None,
        entity=question.entity_column,
        key=described["train"]["hash"],
    )
    data = {
        "schema": 1,
        "source": source,
        **described,
        "lineage": summary.lineage(source, described["train"], described["evaluation"]),
        **notes,
        "columns": summary.summarise_columns(pd.concat([train, evaluation[train.columns]])),
    }
    for name, content in written.items():
        write_atomically(files[name], content)
    for line in split_notes(recipe, data):
        print(line)
    write_atomically(candidate_path(model, TRAINING_ROWS), tables.format_parquet(digests, ascending=[DIGEST]))
    write_atomically(candidate_path(model, "data.json"), format_json(data).encode())


def clean_and_split(
    frame: pd.DataFrame, recipe: Recipe, question: Question
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame, dict[str, Any]]:
    """Return the training table, the evaluation table, which cells of the first were filled, and what was done."""
    preparation = recipe.preparation
    read = len(frame)
    frame = cleaning.select_columns(frame, preparation, question.target)
    frame = cleaning.drop_duplicates(cleaning.apply_types(frame, preparation.types), preparation.duplicates)
    unique = len(frame)
    if question.entity_column is not None and question.entity_column not in frame.columns:
        raise RecipeFault(
            ("prepare",),
            f'after id: and drop: the data has no column "{question.entity_column}", which model.yaml names as '
            "entity_column; keep it, or write entity_column: null there",
        )
    frame = cleaning.drop_missing(frame, preparation)
    if frame.empty or frame[question.target].isna().any():
        raise RecipeFault(
            ("prepare", "missing"), f'rows without "{question.target}" cannot be used; write drop-row for it'
        )
    by = preparation.split.by if preparation.split.method in ("hash", "group", "time") else None
    aside = {*preparation.carry, by, question.entity_column} - {question.target}
    carried = [c for c in frame.columns if c in aside]
    inputs = [c for c in frame.columns if c not in {ROW, question.target, *carried}]
    raise_faults([*cleaning.input_faults(frame, inputs), *cleaning.target_faults(frame[question.target], question)])
    columns = splitting.Columns(
        target=question.target, inputs=inputs, entity=question.entity_column, has_id=preparation.id is not None
    )
    parts = splitting.split_rows(frame, preparation.split, columns, seed=recipe.seed)
    both, of = splitting.straddling(frame, question.entity_column, parts[1])
    train, evaluation = (frame.iloc[part].reset_index(drop=True) for part in parts)
    gaps = [name for name in inputs if frame[name].isna().any()]
    fills = cleaning.learn_fills(train, preparation, inputs, gaps=gaps)
    filled = {name: part[list(fills)].isna() for name, part in (("train", train), ("evaluation", evaluation))}
    train, evaluation = (cleaning.apply_fills(part, fills, preparation.types) for part in (train, evaluation))
    if fills:
        evaluation[FILLED] = filled_column(filled["evaluation"])
    dropped = {"duplicates_dropped": read - unique, "missing_dropped": unique - len(frame), "fills": fills}
    goes_by = by if preparation.split.method == "time" else splitting.unit_of(preparation.split, columns)
    divided: dict[str, Any] = {"method": preparation.split.method, "by": goes_by}
    if question.entity_column is not None:
        divided["entities"] = {"evaluation": of, "on_both_sides": both}
    notes = {"target": question.target, "inputs": inputs, "carried": carried, "split": divided, "cleaning": dropped}
    return train, evaluation, filled["train"], notes


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
    source: Source, question: Question, types: Mapping[str, Any] = MappingProxyType({})
) -> tuple[dict[str, Any], pd.DataFrame]:
    """Return where the data came from (path, hash, rows) and its rows, as they are."""
    if source.dataset:
        frame = load_bundled(source.dataset, question.target)
        path, digest = f"sklearn.datasets/{source.dataset}", tables.digest_frame(frame)
    else:
        files = find_files(source)
        contents = {file: file.read_bytes() for file in files}
        parts = {file.as_posix(): read_table(file, content, source) for file, content in contents.items()}
        frame = reading.join_typed(parts, source, types)
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


def read_table(file: Path, content: bytes, source: Source) -> pa.Table:
    """Return the rows of a CSV or Parquet file; every cell of a CSV file is text as yet."""
    if file.suffix not in (".csv", ".parquet"):
        raise RecipeFault(("source",), f"{file} is neither .csv nor .parquet")
    if file.suffix == ".csv":
        return reading.read_csv(file.as_posix(), content, source)
    return reading.read_parquet(file.as_posix(), content)


def digest_files(contents: Iterable[tuple[Path, bytes]]) -> str:
    """Return the digest of one file, or of the list of digests and names of several."""
    digests = [(file.as_posix(), tables.digest_bytes(content)) for file, content in contents]
    return digests[0][1] if len(digests) == 1 else tables.digest_bytes(json.dumps(digests).encode())


if __name__ == "__main__":
    try:
        prepare(sys.argv[1])
    except MintmarkError as error:
        sys.exit(str(error))
