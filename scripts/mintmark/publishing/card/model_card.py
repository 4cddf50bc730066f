"""The model card of a version: Markdown with the Hugging Face Hub's front matter. Reads the registry, changes nothing.

Everything in it is from model.yaml, the record, metrics.json, and where the channels point. Texts of these files are
shown as they are: no Markdown or HTML of theirs gets through.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeGuard

from mintmark.core.cost import recorded_cost
from mintmark.core.layout import model_path, version_folder
from mintmark.core.provenance.said import said_by_author
from mintmark.core.provenance.training import ELSEWHERE_TOLD, is_trained_elsewhere
from mintmark.core.records import NOT_SAID
from mintmark.core.words.demands import value_in_words
from mintmark.core.words.numbers import better, interval_of, size
from mintmark.errors import InvalidRegistryError
from mintmark.publishing.card import annex_iv
from mintmark.publishing.card import demands as card_demands
from mintmark.publishing.card import evidence as card_evidence
from mintmark.publishing.card.blocks import block, code, literal, prose, unwritten
from mintmark.publishing.card.metadata import front_matter
from mintmark.publishing.markdown import details, table
from mintmark.registry.yaml.text import format_yaml

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mintmark.core.finding import Finding
    from mintmark.core.model import Model
    from mintmark.core.records import OutputType, StageRecord, Status, VersionRecord
    from mintmark.core.reference import Reference
    from mintmark.registry.clone import ClonedRegistry

_ADDRESS: Final = re.compile(r"\s*<[^<>\s]+@[^<>\s]+>\Z")  # cards are published, and nobody asked for that mail
_FIRST: Final = ("Purpose", "Intended use", "Out of scope", "Limitations", "Ethics")
_MANY_INPUTS: Final = 16
_WHAT_LOADS: Final = {
    "skops": "`model` is a scikit-learn estimator, and `rows` a pandas DataFrame with the inputs below, in this order.",
    "onnx": "`model` runs the ONNX file, and `rows` is a table with the inputs below, in this order.",
    "safetensors": "`arrays` is a dictionary of arrays by name.",
}
_CHECKED: Final = "The bytes are compared with the digest above first, and no code in the file runs."


@dataclass(frozen=True, kw_only=True, slots=True)
class CardSource:
    """What a card is made from. `measured` is metrics.json; `unread` says what of channels and status is broken.

    With None for its channels, the card does not tell where the version stands.
    """

    model: Model
    record: VersionRecord
    measured: Mapping[str, Any]
    channels: tuple[str, ...] | None = ()
    status: Status | None = None
    unread: tuple[Finding, ...] = ()


def read_card(registry: ClonedRegistry, reference: Reference | str) -> CardSource:
    """Read what the card of a version is made from; raise `MintmarkError` where identity or record cannot be read.

    A broken channel or status is no reason to have no card (R10): it is in `unread`, and the card says so.
    """
    record = registry.resolve(reference)
    version = str(record.version)
    status: Status | None = None
    channels: list[str] = []
    faults: list[Finding] = []
    with _noting(faults):
        status = registry.status(record.model, version)
    with _noting(faults):
        for rule in registry.settings.channels:
            with _noting(faults):
                if registry.channel(record.model, rule.name) == version:
                    channels.append(rule.name)
    return CardSource(
        model=registry.model(record.model),
        record=record,
        measured=registry.metrics(record.model, version),
        channels=tuple(channels),
        status=status,
        unread=tuple(faults),
    )


@contextmanager
def _noting(faults: list[Finding]) -> Iterator[None]:
    try:
        yield
    except InvalidRegistryError as error:
        faults += [finding for finding in error.findings if finding not in faults]


def format_card(source: CardSource) -> str:
    """Return the card; the same source gives the same text."""
    head = front_matter(source.model, source.record, source.measured)
    sections = [f"## {title}\n\n{text}" for title, text in _sections(source)]
    return "\n".join([head, "\n\n".join([*_opening(source), *sections]), ""])


def _opening(source: CardSource) -> Iterator[str]:
    model = source.model
    yield f"# {literal(model.title) if _is_written(model.title) else model.name}"
    yield from _warnings(source)
    version, *facts = _facts(source)
    yield table(version, facts)
    command = f"`mintmark card {source.record.reference}`"
    yield f"Made by {command} from `{model_path(model.name)}` and the record of the version."


def _warnings(source: CardSource) -> Iterator[str]:
    """Yield what a reader must know before anything else."""
    status = source.status
    if status is not None:
        use = f"Use `{source.model.name}@{status.replacement}` instead." if status.replacement else ""
        lines = ["**Warning: this version was yanked. Do not use it.**", literal(status.reason), use]
        yield "\n>\n".join(f"> {line}" for line in lines if line)
    if source.unread:
        files = ", ".join(sorted({code(finding.path) for finding in source.unread}))
        yield f"> **Warning: where this version stands is not fully known**, because of faults in {files}."


def _facts(source: CardSource) -> Iterator[tuple[str, str]]:
    model, record, artifact = source.model, source.record, source.record.artifact
    yield "version", f"`{record.reference}`, {f'after `{record.parent}`' if record.parent else 'the first'}"
    if source.channels is not None:
        yield "channels", ", ".join(f"`{name}`" for name in source.channels) or "none"
    yield "task", _task(model)
    yield "primary metric", _primary(model, source.measured)
    yield "owners", literal(" ".join(model.owners))
    yield "licence", literal(model.licence)
    yield "made", f"{record.created[:10]} by {literal(_ADDRESS.sub('', record.author) or record.author)}"
    yield "file", f"`{artifact.name}`, {record.format}, {size(artifact.size)}, sha256 `{artifact.sha256}`"


def _task(model: Model) -> str:
    about, positive = model.task.replace("-", " "), model.positive_class
    named = f" of {code(model.target)}" if model.target else ""
    return f"{about}{named}{'' if positive is None else f', positive class {value_in_words(positive, code)}'}"


def _primary(model: Model, measured: Mapping[str, Any]) -> str:
    found = measured["metrics"].get(model.metric.name)
    shown = f" {interval_of(found)}" if found else " (not measured)"
    return f"`{model.metric.name}`{shown}, {better(maximize=model.metric.maximize)}"


def _sections(source: CardSource) -> Iterator[tuple[str, str]]:
    """Yield the title and the text of each section, in the order of the card."""
    model, record, measured = source.model, source.record, source.measured
    cost = recorded_cost(record.artifact.size, record.cost, measured)
    texts = _texts(model)
    for title in _FIRST:
        yield title, _text(model, *texts[title])
    yield "Data", _data(model, record)
    yield "Metrics", card_evidence.metrics(model, measured)
    yield "Slices", card_evidence.slices(model, measured)
    yield "Behaviour tests", card_demands.behaviour(model)
    yield "Gates", card_demands.gates(model, measured, cost)
    yield "Explanation", card_evidence.explanation(model, measured)
    yield "Cost", card_evidence.cost(cost)
    yield "How to get it", _how_to_get_it(record)
    yield "Inputs and outputs", _signature(record)
    yield "How it was made", _lineage(record)
    yield "Environment", _environment(record)
    yield "Said by the author", _said(record, measured)
    yield "Monitoring", card_demands.monitoring(model)
    yield "Changes", _changes(record)
    yield annex_iv.TITLE, annex_iv.annex_table(set(_absent(model)))


def _texts(model: Model) -> dict[str, tuple[str, str | None]]:
    """Return the field of model.yaml that each section is, or begins with, and its text."""
    return {
        "Purpose": ("purpose", model.purpose),
        "Intended use": ("intended_use", model.intended_use),
        "Out of scope": ("out_of_scope", model.out_of_scope),
        "Limitations": ("limitations", model.limitations),
        "Ethics": ("ethics", model.ethics),
        "Data": ("training_data", model.training_data),
    }


def _absent(model: Model) -> Iterator[str]:
    """Yield the sections that model.yaml has nothing for."""
    yield from (title for title, (_, text) in _texts(model).items() if not _is_written(text))
    if not model.slices:
        yield "Slices"
    if not model.behaviour:
        yield "Behaviour tests"
    if not model.says_what_is_watched:
        yield "Monitoring"


def _is_written(text: str | None) -> TypeGuard[str]:
    return bool(text and text.strip())


def _text(model: Model, field: str, text: str | None) -> str:
    return prose(text) if _is_written(text) else unwritten(field, model.name)


def _data(model: Model, record: VersionRecord) -> str:
    rows = [(source.role, f"{source.rows:,}", f"{code(source.path)}<br>{code(source.hash)}") for source in record.data]
    blocks = [_text(model, *_texts(model)["Data"]), table(("role", "rows", "path and hash"), rows)]
    if is_trained_elsewhere(record.document):
        blocks.append(f"This version was {ELSEWHERE_TOLD}.")
    return "\n\n".join(blocks)


def _how_to_get_it(record: VersionRecord) -> str:
    blocks = ["In a clone of the registry:", block(f"mintmark pull {record.reference}", "sh")]
    if record.format in _WHAT_LOADS:
        name = "arrays" if record.format == "safetensors" else "model"
        use = "\npredictions = model.predict(rows)" if name == "model" else ""
        blocks.append(block(f'import mintmark\n\n{name} = mintmark.load("{record.reference}"){use}', "python"))
    return "\n\n".join([*blocks, f"{_WHAT_LOADS.get(record.format, '')} {_CHECKED}".strip()])


def _signature(record: VersionRecord) -> str:
    signature = record.signature
    inputs = table(("input", "type"), [(code(name), code(kind)) for name, kind in signature.inputs.items()])
    if len(signature.inputs) > _MANY_INPUTS:
        inputs = details(f"The {len(signature.inputs)} inputs, in order", inputs)
    outputs = [(code(name), code(output.type), _shape(output)) for name, output in signature.outputs.items()]
    blocks = [inputs, table(("output", "type", "shape"), outputs)]
    if classes := signature.classes:
        names = ", ".join(value_in_words(name, code) for name in classes)
        blocks.append(f"Classes, in the order of the probabilities: {names}.")
    return "\n\n".join(blocks)


def _shape(output: OutputType) -> str:
    """Return a shape; None stands for the number of rows."""
    return " × ".join("rows" if length is None else str(length) for length in output.shape) or "one value"


def _lineage(record: VersionRecord) -> str:
    stages = record.stages
    commands = [(code(name), "<br>".join(map(code, stage.commands))) for name, stage in stages.items()]
    blocks = [table(("stage", "command"), commands)]
    if parameters := record.parameters:
        blocks += ["Parameters:", block(format_yaml(parameters), "yaml")]
    if files := "\n\n".join(_files(stages)):
        blocks.append(details("Code and data of each stage, with hashes", files))
    if settings := {name: stage.params for name, stage in stages.items() if stage.params}:
        blocks.append(details("Parameters of each stage", block(format_yaml(settings), "yaml")))
    return "\n\n".join(blocks)


def _files(stages: Mapping[str, StageRecord]) -> Iterator[str]:
    """Yield the name and a table for each stage that read or wrote anything."""
    for name, stage in stages.items():
        rows = [
            (did, code(path), code(digest))
            for did, files in (("read", stage.deps), ("wrote", stage.outs))
            for path, digest in files.items()
        ]
        if rows:
            yield f"{code(name)}\n\n{table(('did', 'path', 'hash'), rows)}"


def _environment(record: VersionRecord) -> str:
    environment = record.environment
    packages = [(code(name), literal(version)) for name, version in environment.packages.items()]
    python = [("Python", literal(environment.python)), ("platform", literal(environment.platform))]
    lock = literal(environment.lock) if environment.lock == NOT_SAID else code(environment.lock)
    return table(("what", "version"), [*python, *packages, ("`requirements.lock`", lock)])


def _said(record: VersionRecord, measured: Mapping[str, Any]) -> str:
    rows = [(each.name, each.why) for each in said_by_author(record.document, measured)]
    return f"Review checks the record against what it was made from, but not this:\n\n{table(('what', 'why'), rows)}"


def _changes(record: VersionRecord) -> str:
    since = f"Since `{record.model}@{record.parent}`:" if record.parent else "This is the first version."
    folder = version_folder(record.model, str(record.version))
    past = (
        f"`git log -- {folder}` tells who proposed it and who merged it, `mintmark history {record.model}` when it "
        "was in which channel."
    )
    return "\n\n".join((since, prose(record.summary), past))
