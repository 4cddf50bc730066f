"""`mintmark compare --live LOG A B`: what callers got against what a shadow said of the same requests."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from mintmark.commands.comparing.sides import read_side
from mintmark.commands.measuring.brought_rows import truth_type
from mintmark.commands.measuring.compare_on import format_pair, pair_to_dict
from mintmark.commands.measuring.row_writer import open_writer
from mintmark.commands.monitoring.label_files import LabelColumns, read_label_table
from mintmark.commands.text_columns import format_table
from mintmark.core.judgement.agreement import agreement
from mintmark.core.judgement.answers import Answer
from mintmark.core.question import TRAINING_ROWS
from mintmark.core.signature.csv_form import recorded_form
from mintmark.core.words import numbers
from mintmark.errors import MintmarkError, UsageError
from mintmark.registry.logged.pairs import read_pairs, shown_rows
from mintmark.registry.logged.reading import PredictionLog
from mintmark.registry.reading import as_reference

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    import pandas as pd
    import pyarrow as pa

    from mintmark.core.judgement.agreement import Agreement
    from mintmark.core.model import LabelSource
    from mintmark.judging.trials.pairing import Pairing
    from mintmark.registry.clone import ClonedRegistry
    from mintmark.registry.logged.pairs import Pairs

_SHOWN: Final = 20


def compare_live(
    registry: ClonedRegistry,
    references: Sequence[str],
    log: str,
    *,
    labels: Path | None,
    output: Path | None,
    as_json: bool,
) -> int:
    """Print how a shadow compares with what was served: by the paired test of a review where there are labels.

    Without labels it is told how far the two agree, and `output` gets the rows of which they do not.
    """
    served, shadow = (as_reference(text) for text in references)
    if served.model != shadow.model:
        raise UsageError(f"{served} and {shadow} are two models; a shadow is of the same model")
    pairs = read_pairs(PredictionLog(log), served, shadow)
    notes = list(_notes(pairs))
    about = {"first": _name(pairs.first), "second": _name(pairs.second), "rows": len(pairs), "notes": notes}
    heading = f"{_name(pairs.second)} ({shadow}, the shadow) against {_name(pairs.first)} ({served}, served)"
    lines = [f"{heading}: {numbers.count(len(pairs), 'row')} that both answered, {_span(pairs)}.", *notes]
    if labels is not None:
        if output is not None:
            raise UsageError("-o writes the rows to label; it goes without --labels")
        labelled, pairing = _judge(registry, pairs, labels)
        document = {**about, "labelled": labelled, **pair_to_dict((_name(pairs.second), pairing))}
        lines.append(f"{labelled:,} of them have a label in {labels}.")
        lines.append(format_pair(_name(pairs.second), _name(pairs.first), pairing))
    else:
        found = _agree(pairs)
        document = {**about, "agreement": asdict(found)}
        lines += _told(found, pairs, output)
        if output is not None:
            with open_writer(output) as writer:
                writer.write(shown_rows(pairs, found.differing))
    print(json.dumps(document, indent=2, ensure_ascii=False, default=str) if as_json else "\n".join(lines))
    return 0


def _name(about: Any) -> str:
    return f"{about.model}@{about.version}"


def _span(pairs: Pairs) -> str:
    first, last = (f"{moment:%Y-%m-%d %H:%M}" for moment in (pairs.keys["time"].min(), pairs.keys["time"].max()))
    return f"from {first} to {last} (UTC)"


def _notes(pairs: Pairs) -> Iterator[str]:
    if pairs.first.version == pairs.second.version:
        yield "Both are one version, so nothing tells them apart."
    if pairs.unpaired:
        yield f"{numbers.count(pairs.unpaired, 'answer')} of one of the two have no counterpart and are left out."
    if pairs.twice:
        yield f"{numbers.count(pairs.twice, 'answer')} are of ids that several requests had, and are left out."
    if pairs.others:
        yield f"{numbers.count(pairs.others, 'pair')} are of versions or settings before these, and are left out."


# -- with labels -----------------------------------------------------------------------------------------------------


def _judge(registry: ClonedRegistry, pairs: Pairs, path: Path) -> tuple[int, Pairing]:
    """Return how many pairs have a label, and what the paired test says of these."""
    from mintmark.artifacts.digest import digest_file
    from mintmark.judging.trials.cases import Rules
    from mintmark.judging.trials.evidence import Rows
    from mintmark.judging.trials.pairing import Answered, pair_answers

    model = registry.model(pairs.first.model)
    rules = Rules.of(model, registry.settings.trusted_names)
    sides = [read_side(registry, _name(about)) for about in (pairs.first, pairs.second)]
    versions = [side.fetch(registry, (TRAINING_ROWS,)) for side in sides]
    for about, version in zip((pairs.first, pairs.second), versions, strict=True):
        if version.record.artifact.sha256 != about.artifact:
            raise MintmarkError(f"{version.name} is another model here than the one that answered (sha256)")
    question = rules.question
    source = model.monitoring.labels
    truth = _join(pairs, _read_labels(path, pairs, versions, question, source), question.target, source, str(path))
    places = np.flatnonzero(truth.notna())
    if not len(places):
        raise MintmarkError(f"{path}: has no label for any of these rows")
    table = pairs.inputs.iloc[places].reset_index(drop=True)
    if question.entity_column not in table.columns:
        question = replace(question, entity_column=None)
    kind = truth_type(versions[0].record, is_classification=question.is_classification)
    table[question.target] = _fit(truth.iloc[places], question.target, kind, path)
    answered = [
        Answered(version=version, answer=_some(answer, places), classes=version.classes)
        for version, answer in zip(versions, pairs.answers, strict=True)
    ]
    rows = Rows(sha256=digest_file(path).sha256, table=table)
    return len(places), pair_answers(answered[0], answered[1], rows, question, rules.gates)


def _join(pairs: Pairs, labels: pa.Table, target: str, source: LabelSource, where: str) -> pd.Series:
    """Return the label of each pair, missing where there is none, by the join that monitoring has."""
    import pandas as pd
    import pyarrow as pa

    from mintmark.monitoring.digests import digest_columns
    from mintmark.monitoring.labels import REQUEST, join_columns, join_kinds, know_labels, log_column

    join = join_columns(labels.column_names, pairs.first, target=target, declared=source.join, where=where)
    if join == ("id",) and pairs.keys["id"].duplicated().any():
        raise MintmarkError(f'{where}: some requests had several rows; add the column "row", which counts from 0')
    kinds = join_kinds(join, pairs.first)
    known = know_labels(labels, target, join, source.time, kinds, where=where)
    asked = {name: (pairs.keys if name in REQUEST else pairs.inputs)[name] for name in join}
    columns = [pa.array(column, type=kinds[log_column(name)], from_pandas=True) for name, column in asked.items()]
    found = known.index.find(digest_columns(columns))
    values = pd.Series(known.values.to_pylist(), dtype=object)
    return values.reindex(found).reset_index(drop=True)


def _fit(truth: pd.Series, target: str, kind: str, path: Path) -> Any:
    from mintmark.core.signature.inputs import InputFault, fit_inputs

    try:
        return fit_inputs(truth.reset_index(drop=True).infer_objects().to_frame(target), {target: kind})[target]
    except InputFault as fault:
        raise MintmarkError(f"{path}: {fault} (target in model.yaml)") from None


def _read_labels(path: Path, pairs: Pairs, versions: Sequence[Any], question: Any, source: LabelSource) -> pa.Table:
    truth = truth_type(versions[0].record, is_classification=question.is_classification)
    columns = LabelColumns(inputs=pairs.first.inputs, target=question.target, truth=truth, source=source)
    forms = [
        recorded_form(version.record.model, (stage.params for stage in version.record.stages.values()))
        for version in versions
    ]
    found = read_label_table(path, columns, forms)
    if found is None:
        raise MintmarkError(f"{path}: has no rows")
    return found


def _some(answer: Answer, places: Any) -> Answer:
    shares = answer.probabilities
    return Answer(
        prediction=[answer.prediction[place] for place in places],
        probabilities=None if shares is None else [shares[place] for place in places],
    )


# -- without labels --------------------------------------------------------------------------------------------------


def _agree(pairs: Pairs) -> Agreement:
    clusters = np.unique(pairs.keys["id"].to_numpy(dtype=str), return_inverse=True)[1]
    one, other = pairs.answers
    if pairs.first.classes != pairs.second.classes:
        one, other = Answer(prediction=one.prediction), Answer(prediction=other.prediction)
    return agreement(one, other, clusters, labels=bool(pairs.first.classes))


def _told(found: Agreement, pairs: Pairs, output: Path | None) -> Iterator[str]:
    share = found.share
    low, high = numbers.share(share.low), numbers.share(share.high)
    yield f"They say the same of {numbers.share(share.value)} of the rows (95% interval: {low} to {high})."
    if found.distance is not None:
        what = "Their probabilities" if pairs.first.classes else "They"
        yield f"{what} differ by {numbers.number(found.distance)} in the mean (absolute)."
    yield "Without labels nothing tells which one is right more often."
    if not found.differing:
        return
    rows = numbers.count(len(found.differing), "row")
    if output is not None:
        yield f"wrote {output}: {rows} of which they say something else. Label these, and give them with --labels."
        return
    yield f"{rows} of which they say something else are worth a label (-o OUT writes all of them):"
    shown = shown_rows(pairs, found.differing[:_SHOWN])
    cells = [tuple(map(str, row)) for row in shown[["id", "row", "served", "shadow"]].itertuples(index=False)]
    yield format_table(("id", "row", "served", "shadow"), cells)
