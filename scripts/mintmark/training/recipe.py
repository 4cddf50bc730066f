"""How a model is made: a section of params.yaml as values. Reads no files."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from mintmark.core.question import KeyPath, Label, RecipeFault, is_stable_split, raise_faults
from mintmark.core.signature.csv_form import CsvForm

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

DEFAULT_RESAMPLES = 2000
DEFAULT_REPEATS = 5
TRAINED = "model.skops"  # what `train` writes
UNNAMED = "Unnamed: "  # and a number: what a column is called that has no name in its file, as pandas has it
_COMPUTE = re.compile(r"(?P<kind>sequential|loky|dask)(?::(?P<jobs>\d+)|(?P<address>://.+))?\Z")


@dataclass(frozen=True, kw_only=True, slots=True)
class Source(CsvForm):
    """Where the rows come from: a file, a glob (`files`) below the folder `path`, or a bundled data set.

    `path` is always there: it is what DVC watches. For a bundled data set that is the lock which pins scikit-learn.
    """

    path: str
    files: str | None = None
    dataset: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class MissingRule:
    """What to do where a value is missing; `constant` is meant for the action `constant` only."""

    action: Literal["error", "drop-row", "median", "most-frequent", "keep", "constant"]
    constant: Label | None = None

    @classmethod
    def from_dict(cls, data: str | Mapping[str, Any]) -> MissingRule:
        """Build it from `median` or from `{constant: 0}`."""
        if isinstance(data, str):
            return cls(action=data)  # type: ignore[arg-type]
        return cls(action="constant", constant=data["constant"])


@dataclass(frozen=True, kw_only=True, slots=True)
class Split:
    """How rows are divided: `evaluation` is a share; `by` the column to stratify, group, hash or order by.

    A time split has either a share or `start`, from which on rows are for evaluation (`from` in params.yaml).
    """

    method: Literal["hash", "group", "time", "random", "stratified"]
    evaluation: float | None = None
    by: str | None = None
    start: str | float | None = None

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Split:
        """Build it from the section `split`."""
        known = {name: value for name, value in data.items() if name != "from"}
        return cls(**known, start=data.get("from"))

    @property
    def is_stable(self) -> bool:
        """Whether a row keeps its side when the data grows."""
        return is_stable_split(self.method, self.start)


@dataclass(frozen=True, kw_only=True, slots=True)
class Preparation:
    """What happens between the source and the two tables."""

    split: Split
    id: str | None
    types: Mapping[str, str | Mapping[str, str]]
    drop: tuple[str, ...]
    carry: tuple[str, ...]
    missing: MissingRule
    missing_by_column: Mapping[str, MissingRule]
    duplicates: Literal["keep", "drop", "error"]

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Preparation:
        """Build it from the section `prepare`."""
        missing = data.get("missing", {})
        return cls(
            split=Split.from_dict(data["split"]),
            id=data.get("id"),
            types=dict(data.get("types", {})),
            drop=tuple(data.get("drop", ())),
            carry=tuple(data.get("carry", ())),
            missing=MissingRule.from_dict(missing.get("default", "error")),
            missing_by_column={k: MissingRule.from_dict(v) for k, v in missing.get("columns", {}).items()},
            duplicates=data.get("duplicates", "error"),
        )

    def missing_rule(self, column: str) -> MissingRule:
        """Return the column's own rule, or the default one."""
        return self.missing_by_column.get(column, self.missing)


@dataclass(frozen=True, kw_only=True, slots=True)
class Tuning:
    """The search over parameters; `spaces` are tried one after the other, `metric` None means the primary metric."""

    search: Literal["grid", "random", "halving"]
    spaces: tuple[Mapping[str, Any], ...]
    folds: int
    trials: int | None = None
    factor: int = 3
    metric: str | None = None

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Tuning:
        """Build it from the section `tune`; raise `RecipeFault` where the space does not fit the search."""
        space = data["space"]
        spaces = tuple(space) if isinstance(space, list) else (space,)
        if data["search"] == "grid" or (data["search"] == "halving" and "trials" not in data):
            _refuse_ranges(space, data["search"])
        return cls(
            search=data["search"],
            spaces=spaces,
            folds=data["folds"],
            trials=data.get("trials"),
            factor=data.get("factor", 3),
            metric=data.get("metric"),
        )

    def place(self, index: int, name: str) -> KeyPath:
        """Return where the choices of a parameter are written in one of the spaces."""
        return ("tune", "space", index, name) if len(self.spaces) > 1 else ("tune", "space", name)

    def places(self) -> dict[str, KeyPath]:
        """Return where each parameter that the search sets is written: in the first space that has it."""
        spaces = reversed(list(enumerate(self.spaces)))
        return {name: self.place(index, name) for index, space in spaces for name in space}


def _refuse_ranges(space: Any, search: str) -> None:
    remedy = (
        "write a list of values, or search: random" if search == "grid" else "write a list of values, or add trials:"
    )
    tables = enumerate(space) if isinstance(space, list) else [(None, space)]
    message = f"a {search} search cannot go through a range; {remedy}"
    raise_faults(
        [
            RecipeFault(("tune", "space", name) if index is None else ("tune", "space", index, name), message)
            for index, table in tables
            for name, choice in table.items()
            if isinstance(choice, dict)
        ]
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Compression:
    """How the trained model is made smaller: `ccp_alpha` is for prune, the student's `estimator` for distill."""

    method: Literal["prune", "distill", "int8"]
    ccp_alpha: float = 0.0
    estimator: Mapping[str, Any] | None = None

    @property
    def artifact(self) -> str:
        """The file that it becomes; of several files that are called `model.`, the first by name is the candidate."""
        return f"model.compressed.{'onnx' if self.method == 'int8' else 'skops'}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Compute:
    """Where the search runs: here, in `jobs` local processes, or on the Dask cluster at `address`."""

    kind: Literal["sequential", "loky", "dask"]
    jobs: int = 1
    address: str | None = None


def parse_compute(text: str) -> Compute:
    """Parse `sequential`, `loky:4` or `dask://host:8786`; raise `RecipeFault` for anything else."""
    match = _COMPUTE.match(text)
    fits = match and {"sequential": not match[2] and not match[3], "loky": match[2], "dask": match[3]}[match["kind"]]
    if not match or not fits:
        raise RecipeFault(("compute",), f'"{text}" is not sequential, loky:N or dask://host:port')
    if match["kind"] == "sequential":
        return Compute(kind="sequential")
    if match["kind"] == "loky":
        return Compute(kind="loky", jobs=int(match["jobs"]))
    return Compute(kind="dask", address="tcp" + match["address"])


def section_faults(section: Mapping[str, Any]) -> Iterator[RecipeFault]:
    """Yield what the schema cannot tell of a section that it accepts."""
    checks: list[Callable[[], object]] = [
        lambda: Tuning.from_dict(section["tune"]),
        lambda: parse_compute(section.get("compute", "sequential")),
    ]
    for check in checks:
        try:
            check()
        except RecipeFault as fault:
            yield from fault.faults
    yield from _contradictions(section["prepare"])
    yield from _artifact_faults(section)
    if section["evaluate"].get("explain") and section["evaluate"].get("importance_repeats") == 0:
        message = "goes by the importance of each input; write 1 or more for importance_repeats, or leave explain out"
        yield RecipeFault(("evaluate", "explain"), message)


def _artifact_faults(section: Mapping[str, Any]) -> Iterator[RecipeFault]:
    """Yield where `artifact`, which dvc.yaml goes by, is not what the section makes."""
    plan = section.get("compress")
    made = TRAINED if plan is None else Compression(**plan).artifact
    given = section.get("artifact", TRAINED)
    if given != made:
        how = "without compress" if plan is None else f"with compress: {{method: {plan['method']}}}"
        place: KeyPath = ("artifact",) if "artifact" in section else ("compress",)
        yield RecipeFault(place, f"the candidate of this model is {made} {how}; write artifact: {made}")


def _contradictions(prepare: Mapping[str, Any]) -> Iterator[RecipeFault]:
    """Yield the columns that are left out in one place and needed in another."""
    gone = dict.fromkeys(prepare.get("drop", ()), "drop")
    if prepare.get("id") is not None:
        gone.setdefault(prepare["id"], "id")
    split = prepare["split"]
    needed: list[tuple[KeyPath, Any]] = [(("prepare", "split", "by"), split.get("by"))]
    needed += [(("prepare", "types", name), name) for name in prepare.get("types", {})]
    needed += [(("prepare", "carry", i), name) for i, name in enumerate(prepare.get("carry", ()))]
    for place, name in needed:
        if name in gone:
            what = "is the row's id" if gone[name] == "id" else "is dropped"
            also = (
                "; a hash split goes by the id without by:" if place[-1] == "by" and split["method"] == "hash" else ""
            )
            yield RecipeFault(place, f'"{name}" {what} (prepare: {gone[name]}:); leave it out of one of the two{also}')
    if prepare.get("id") is not None and prepare["id"] in prepare.get("drop", ()):
        yield RecipeFault(("prepare", "id"), f'"{prepare["id"]}" is dropped too; leave it out of one of the two')


@dataclass(frozen=True, kw_only=True, slots=True)
class Recipe:
    """One model's section of params.yaml; `estimator` is the specification that `estimators.build` understands."""

    model: str
    seed: int
    source: Source
    preparation: Preparation
    estimator: Mapping[str, Any]
    tuning: Tuning
    resamples: int
    importance_repeats: int
    explain: bool
    artifact: str
    compression: Compression | None
    compute: Compute

    @classmethod
    def from_dict(cls, model: str, data: Mapping[str, Any]) -> Recipe:
        """Build it from a section that the schema of params.yaml accepts.

        Raises `RecipeFault` for what it cannot tell.
        """
        raise_faults(list(section_faults(data)))
        evaluation = data["evaluate"]
        return cls(
            model=model,
            seed=data["seed"],
            source=Source(**data["source"]),
            preparation=Preparation.from_dict(data["prepare"]),
            estimator=data["estimator"],
            tuning=Tuning.from_dict(data["tune"]),
            resamples=evaluation.get("resamples", DEFAULT_RESAMPLES),
            importance_repeats=evaluation.get("importance_repeats", DEFAULT_REPEATS),
            explain=evaluation.get("explain", False),
            artifact=data.get("artifact", TRAINED),
            compression=Compression(**data["compress"]) if "compress" in data else None,
            compute=parse_compute(data.get("compute", "sequential")),
        )

    @property
    def trusted(self) -> tuple[str, ...]:
        """The classes outside scikit-learn that the estimator may be made of."""
        return tuple(self.estimator.get("trusted", ()))
