"""`mintmark convert FILE`: make a pickle of an estimator skops or ONNX, and prove that both answer the same."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from mintmark.artifacts.confined.conversion import Conversion, convert_model
from mintmark.artifacts.digest import digest_bytes
from mintmark.beginning.rows import read_rows
from mintmark.core.conversion.probes import THRESHOLDS
from mintmark.core.words import numbers
from mintmark.errors import MintmarkError, UsageError
from mintmark.registry.clone import ClonedRegistry
from mintmark.registry.files import write_atomically

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pandas as pd

    from mintmark.core.conversion.agreement import Agreement, Kind

REFUSALS, AT_THRESHOLDS, TIES = "refusals", "thresholds", "ties"
_MOST_NAMED: Final = 5
_PAGE: Final = "docs/how-to/bring-a-model.md says what to do about each"
_SETTINGS: Final = "models/registry.yaml"


def convert(
    root: Path, file: Path, *, data: Path, target: str | None, to: str, output: Path | None, accept: list[str]
) -> int:
    """Write the model in a pickle as skops or ONNX where it answers as the pickle does, and say what was asked.

    Raises `MintmarkError`, with nothing written, where the pickle cannot be converted.
    """
    output = output or Path(f"{file.stem.partition('.')[0]}.{to}")
    if output.suffix != f".{to}":
        raise UsageError(f"{output}: is written as {to}; call it {output.stem}.{to}, or say another format with --to")
    conversion = convert_model(file, to, _rows(data, target), trusted=_trusted(root))
    taken = f", the best of a {conversion.taken_from}" if conversion.taken_from else ""
    print(f"{file}: {conversion.type_name}{taken}, with {numbers.count(len(conversion.columns), 'input')}")
    print("\n".join(proof_lines(conversion.agreement)))
    faults = list(conversion_faults(conversion, accept))
    if faults:
        otherwise = "without --to onnx it becomes skops, which keeps the numbers as they are" if to == "onnx" else _PAGE
        head = f"{file}: is not converted: it would not be the same model"
        raise MintmarkError("\n".join([head, *faults, otherwise]))
    write_atomically(output, conversion.content)
    size = numbers.size(len(conversion.content))
    print(f"wrote {output} ({size}, sha256 {digest_bytes(conversion.content).sha256[:12]})")
    return 0


def proof_lines(agreement: Agreement) -> Iterator[str]:
    """Yield the table of what both models were asked, and how their answers compare."""
    lines = [("asked about", "rows", "labels that differ", "largest difference", "refused by one | by both")]
    for kind in agreement.kinds:
        refused = f"{len(kind.refused)} | {kind.both_refuse}"
        lines.append(
            (kind.name, str(kind.rows), str(kind.flips + kind.ties), numbers.number(kind.difference, 3), refused)
        )
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for first, *others in lines:
        cells = (cell.rjust(width) for cell, width in zip(others, widths[1:], strict=True))
        yield "  ".join([first.ljust(widths[0]), *cells])


def conversion_faults(conversion: Conversion, accept: Sequence[str] = ()) -> Iterator[str]:
    """Yield where the converted model answers otherwise than the pickle, or refuses what that answers."""
    agreement = conversion.agreement
    for kind in agreement.kinds:
        if agreement.differs(kind) and not (kind.name == THRESHOLDS and AT_THRESHOLDS in accept and not kind.odd):
            yield from kind.odd[:_MOST_NAMED]
            yield from _differences(kind, agreement.tolerance)
    ties = sum(kind.ties for kind in agreement.kinds if not (kind.name == THRESHOLDS and AT_THRESHOLDS in accept))
    if ties and TIES not in accept:
        differ = f"{numbers.count(ties, 'label')} {'differs' if ties == 1 else 'differ'}"
        yield f"{differ} where both are equally likely: rounding decides, and --accept {TIES} writes it"
    for who in agreement.unsteady:
        yield f"{who} answers the same rows differently the second time; fix its seed, or leave out the step that draws"
    refused = [sentence for kind in agreement.kinds for sentence in kind.refused]
    if refused and REFUSALS not in accept:
        yield from refused[:_MOST_NAMED]
        if refused[_MOST_NAMED:]:
            yield f"and {len(refused) - _MOST_NAMED:,} more that one of the two refuses"
        yield f"--accept {REFUSALS} writes it all the same"


def _differences(kind: Kind, tolerance: float) -> Iterator[str]:
    ways = []
    if kind.flips:
        ways.append(
            f"{numbers.count(kind.flips, 'label')} of {kind.rows:,} {'is another' if kind.flips == 1 else 'are others'}"
        )
    if not kind.difference <= tolerance:
        ways.append(f"a number differs by {numbers.number(kind.difference, 3)}, and may by {tolerance:g}")
    if ways:
        more = f"; ONNX compares in 32 bits, and --accept {AT_THRESHOLDS} writes it" if kind.name == THRESHOLDS else ""
        yield f"{kind.name}: {', '.join(ways)}{more}"


def _rows(data: Path, target: str | None) -> pd.DataFrame:
    try:
        content = data.read_bytes()
    except OSError as error:
        raise MintmarkError(f"{data}: {error.strerror or error}; --data names a .csv or .parquet file") from None
    frame = read_rows(str(data), content).frame
    if target is None:
        return frame
    if target not in frame.columns:
        raise MintmarkError(f'{data}: has no column "{target}"; --target names the column with the truth')
    return frame.drop(columns=[target])


def _trusted(root: Path) -> tuple[str, ...]:
    """Return the types that the registry around a folder trusts; none outside one."""
    here = root.resolve()
    if not any((folder / _SETTINGS).exists() for folder in (here, *here.parents)):
        return ()
    return ClonedRegistry(root).trusted_names
