"""Every fault in params.yaml that can be told without running the pipeline. Imports no scikit-learn."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mintmark.core.finding import Finding, format_place
from mintmark.core.layout import model_path
from mintmark.registry.schemas import accepts, explain
from mintmark.registry.yaml.text import Positions, YamlFault, parse_yaml
from mintmark.training.recipe import section_faults
from mintmark.training.recipes import PARAMS

if TYPE_CHECKING:
    from collections.abc import Callable


def check_params(content: bytes, has_identity: Callable[[str], bool]) -> list[Finding]:
    """Return a finding with line and remedy for each fault in the text of params.yaml.

    `has_identity` tells whether a model has a model.yaml. A file without the key `schema` belongs to a pipeline of the
    team's own, of which nothing is known but that it must be YAML.
    """
    positions: Positions = {}
    try:
        data = parse_yaml(content, positions=positions, number_keys=True)
    except YamlFault as fault:
        return [Finding(path=PARAMS, message=fault.message, line=fault.line, column=fault.column)]
    if not isinstance(data, dict) or "schema" not in data:
        return []
    findings = [] if accepts("params", data) else explain("params", data, PARAMS, positions)
    broken = {finding.where for finding in findings}
    sections = data.get("models")
    for model, section in sections.items() if isinstance(sections, dict) else ():
        place = ("models", model)
        if not has_identity(model):
            message = f"there is no {model_path(model)}; write one, or take this section away"
            findings.append(_finding(place, message, positions))
        if not any(where.startswith(format_place(place)) for where in broken):
            findings += [
                _finding((*place, *fault.place), fault.message, positions) for fault in section_faults(section)
            ]
    return findings


def _finding(place: tuple[str | int, ...], message: str, positions: Positions) -> Finding:
    known = next(place[:n] for n in range(len(place), -1, -1) if place[:n] in positions or n == 0)
    line, column = positions.get(known, (1, 1))
    return Finding(path=PARAMS, line=line, column=column, where=format_place(place), message=message)
