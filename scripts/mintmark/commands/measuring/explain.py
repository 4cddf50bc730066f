"""`mintmark explain`: what each input contributes to the answers of a registered model for rows of a file."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from mintmark.commands.measuring.deadline import within_deadline
from mintmark.commands.measuring.predict import load_asked, source_form
from mintmark.commands.measuring.row_files import check_suffix, read_batches
from mintmark.commands.opening import open_registry
from mintmark.commands.text_columns import format_table
from mintmark.core import layout
from mintmark.core.question import EVALUATION
from mintmark.core.reference import CANDIDATE
from mintmark.core.words.demands import as_it_is, value_in_words
from mintmark.core.words.explained import answered, contribution
from mintmark.core.words.numbers import count, number
from mintmark.errors import InputError, MintmarkError
from mintmark.registry.reading import as_reference

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from mintmark.artifacts.loaded_model import LoadedModel
    from mintmark.core.statistics.metrics import Floats
    from mintmark.registry.reading import Registry

MOST_ROWS: Final = 20
_SEED: Final = 1
_FASTER: Final = "make the model smaller or faster, or give it fewer inputs"


def explain(
    root: Path, reference: str, data: Path, *, at: str | None = None, site: str | None = None, as_json: bool = False
) -> int:
    """Print what leads to the answer for each row, from the mean answer over evaluation rows of the version."""
    check_suffix(data)
    registry = open_registry(root, site=site, at=at)
    model = load_asked(registry, reference)
    rows = _read(model, registry, reference, data)
    background = _background(registry, reference, model)
    explained = []
    for place in range(len(rows)):
        with within_deadline(f"{data}: {model.reference} did not answer all that explains row {place}", _FASTER):
            explained.append(_explain(model, rows.iloc[[place]], background))
    if as_json:
        print(json.dumps(explained, indent=2, ensure_ascii=False))
    else:
        print("\n\n".join(_in_words(model, rows.iloc[place], found, place) for place, found in enumerate(explained)))
    return 0


def _read(model: LoadedModel, registry: Registry, reference: str, data: Path) -> pd.DataFrame:
    form = source_form(registry, reference)
    batch = next(iter(read_batches(data, forms=[form], names=model.signature.inputs)), None)
    table = None if batch is None else batch.as_types(model.signature.inputs)
    if table is None or not len(table):
        raise MintmarkError(f"{data}: has no rows to explain")
    if len(table) > MOST_ROWS:
        message = f"has more than {MOST_ROWS} rows, and each is explained by itself; keep those that you ask about"
        raise MintmarkError(f"{data}: {message}")
    try:
        return model.fit_inputs(table)
    except InputError as error:
        raise InputError(f"{data}: {error}", error.columns) from None


def _background(registry: Registry, reference: str, model: LoadedModel) -> pd.DataFrame:
    """Return some of the rows that the version was evaluated on; raise `MintmarkError` where they are not to be had."""
    import pandas as pd

    from mintmark.training.explaining.explanation import draw_background

    wanted = as_reference(reference)
    if wanted.selector == CANDIDATE:
        from mintmark.registry.stored.candidate import candidate_files, locate_candidate

        locked = candidate_files(registry, wanted.model).get(EVALUATION)
        file = None if locked is None else locate_candidate(registry, locked)[1]
        table = None if file is None else pd.read_parquet(file)
    else:
        record = registry.resolve(wanted)
        stored = next((each for each in record.stored_files if each.name == EVALUATION), None)
        pointer = layout.pointer_path(record.model, str(record.version), EVALUATION)
        store = registry.store(record)  # it takes what it fetched along when it goes
        table = None if stored is None else pd.read_parquet(store.fetch(stored, pointer=pointer))
    if table is None:
        raise MintmarkError(f"{model.reference} keeps no {EVALUATION}, whose mean answer a contribution begins at")
    return draw_background(model.fit_inputs(table), seed=_SEED)


def _explain(model: LoadedModel, row: pd.DataFrame, background: pd.DataFrame) -> dict[str, Any]:
    """Return `by`, `class`, `answer`, `base`, and the contribution of each input, all of them by themselves."""
    import numpy as np

    from mintmark.training.explaining.contributions import contributions
    from mintmark.training.explaining.explanation import describe

    classes = list(model.signature.classes)
    by = "prediction" if not classes else "probability" if "probabilities" in model.signature.outputs else "share"

    def answers(rows: pd.DataFrame) -> Floats:
        if by == "probability":
            return np.asarray(model.predict_proba(rows), dtype=np.float64)
        given = np.asarray(model.predict(rows))
        told = given[:, None] == np.asarray(classes)[None, :] if classes else given.reshape(len(rows), -1)
        return told.astype(np.float64)

    players = [[str(name)] for name in background.columns]
    found = contributions(row.reset_index(drop=True), background, players, answers, seed=_SEED)
    output = int(found.answer.argmax())
    about: dict[str, Any] = {"by": by, **({"class": classes[output]} if classes else {})}
    told = describe(found, [name for (name,) in players], output, {})
    inputs = told.pop("inputs")
    return about | told | {"background": len(background), "inputs": inputs}


def _in_words(model: LoadedModel, row: pd.Series, found: dict[str, Any], place: int) -> str:
    told = answered(found["by"], found.get("class"), as_it_is)
    rows = f"{count(found['background'], 'evaluation row')} of {model.reference}"
    head = f"row {place}: the {told} is {number(found['answer'])}, and {number(found['base'])} on average over {rows}"
    order = sorted(found["inputs"], key=lambda name: (-abs(found["inputs"][name]["value"]), name))
    lines = [(str(name), _shown(row[name]), contribution(found["inputs"][name])) for name in order]
    return f"{head}\n{format_table(('input', 'value', 'contribution'), lines)}"


def _shown(value: Any) -> str:
    import pandas as pd

    if pd.isna(value):
        return "missing"
    plain = value.item() if hasattr(value, "item") else value
    return number(plain) if isinstance(plain, float) else value_in_words(plain)
